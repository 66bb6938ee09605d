//! The doctor and the way to the gateway: closed, slow, skewed, behind a proxy, and with the wrong keys.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use commerce_connector::keys::PrivateKey;
use commerce_connector::private_file;

use super::kit::{Shop, Told, closed_port};
use super::support::network::BlackHole;

/// A server that answers every connection the same after its first bytes came; with nothing, if `answer` is empty. Its address.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            if answer.is_empty() {
                kept.push(stream);
                continue;
            }
            if stream.read(&mut [0; 8192]).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    address
}

/// An HTTP answer whose clock is off by this many seconds.
fn dated(status: &str, body: &str, seconds: i64) -> String {
    let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    format!(
        "HTTP/1.1 {status}\r\ndate: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        date.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key() {
    let mut shop = Shop::without_database().await;
    let other = shop.home.path("other.pem");
    let pem = PrivateKey::generate().and_then(|key| key.to_pem()).expect("a key");
    private_file::write(&other, pem.expose().as_bytes()).expect("written");
    shop.changes.private_key = Some(other);
    let told = shop.doctor();
    told.assert_only(
        &["refused the production keys", "127.0.0.1"],
        "`commerce-connector keys set --environment production --api-key-file F --private-key-file F`",
        4,
    );
    assert!(told.check("Data space").ends_with("Production keys not verified"), "{}", told.text);
    assert!(told.check("Sandbox keys").contains("accepted"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_keys_at_all() {
    let mut shop = Shop::without_database().await;
    shop.changes.private_key = Some(PathBuf::from("/nowhere/key.pem"));
    let told = shop.doctor();
    assert_eq!((told.code, told.findings().len()), (3, 1), "{}", told.text);
    assert!(told.findings()[0].0.contains("/nowhere/key.pem"), "{}", told.text);
    assert!(told.check("HTTPS").ends_with("no key pair"), "{}", told.text);
    assert!(told.check("TCP").starts_with("+ ok"), "the way is checked all the same: {}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_ahead() {
    let mut shop = Shop::without_database().await;
    let refusal = dated("403 Forbidden", r#"{"error_code":"403053","message":"JWT is invalid"}"#, -3600);
    shop.changes.gateway_url = Some(format!("http://{}", server(refusal)));
    let told = shop.doctor();
    told.assert_only(&["clock is 1 h 00 min ahead of the gateway's"], "`timedatectl set-ntp true`", 3);
    assert!(told.check("Production keys").ends_with("clock is wrong"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_two_minutes_behind_is_a_warning() {
    let mut shop = Shop::without_database().await;
    shop.changes.gateway_url = Some(format!("http://{}", server(dated("200 OK", r#"{"results":[]}"#, 122))));
    let told = shop.doctor();
    let clock = told.findings().into_iter().find(|(what, _)| what.contains("clock")).expect("a finding");
    assert!(clock.0.starts_with("! warning this server's clock is 2 min 0"), "{}", clock.0);
    assert!(clock.0.ends_with("behind the gateway's"), "{}", clock.0);
    assert!(told.check("Production keys").contains("accepted"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_closed() {
    let mut shop = Shop::without_database().await;
    let port = closed_port();
    shop.changes.gateway_url = Some(format!("http://127.0.0.1:{port}"));
    let told = shop.doctor();
    let place = format!("cannot connect to 127.0.0.1:{port}");
    told.assert_only(&[&place, "refused"], &format!("port {port} in the firewall"), 5);
    assert!(told.check("HTTPS").ends_with("no TCP"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firewall_that_swallows_connections() {
    let mut shop = Shop::without_database().await;
    let hole = BlackHole::open().await;
    shop.changes.gateway_url = Some(format!("http://{}", hole.address));
    let told = shop.doctor();
    let place = format!("cannot connect to {}: no response within 4 s", hole.address);
    told.assert_only(&[&place], &format!("port {} in the firewall", hole.address.port()), 5);
    assert!(told.check("HTTPS").ends_with("no TCP"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_silent() {
    let mut shop = Shop::without_database().await;
    shop.changes.gateway_url = Some(format!("http://{}", server(String::new())));
    shop.changes.more_gateway = "read_timeout_seconds = 1".to_owned();
    let told = shop.doctor();
    told.assert_only(&["127.0.0.1 does not respond", "1 s (read time-out)"], "`commerce-connector doctor`", 5);
    assert!(told.check("TCP").starts_with("+ ok"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_exist() {
    let mut shop = Shop::without_database().await;
    shop.changes.gateway_url = Some("https://gateway.invalid".to_owned());
    shop.changes.more_gateway = ca_file();
    let told = shop.doctor();
    told.assert_only(&["the gateway's name gateway.invalid cannot be resolved"], "`getent hosts gateway.invalid`", 5);
    assert!(told.check("TCP").ends_with("no DNS"), "{}", told.text);
}

/// An authority of our own, so that no test needs those of the system.
fn ca_file() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/ca.pem");
    format!("ca_file = \"{}\"", path.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_asks_for_a_login() {
    let mut shop = Shop::without_database().await;
    shop.changes.gateway_url = Some("https://gateway.invalid".to_owned());
    shop.changes.more_gateway = ca_file();
    let proxy = server("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n".to_owned());
    let told = Told::by(shop.command(&["doctor"]).env("https_proxy", format!("http://clerk:secret-word@{proxy}")));
    told.assert_only(&[&format!("the proxy {proxy} of https_proxy requires a login"), "407"], "into https_proxy", 3);
    assert!(!told.text.contains("secret-word") && !told.text.contains("clerk"), "{}", told.text);
    assert!(told.check("HTTPS").ends_with("proxy failed"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses() {
    let mut shop = Shop::without_database().await;
    shop.changes.gateway_url = Some("https://gateway.invalid".to_owned());
    shop.changes.more_gateway = ca_file();
    let proxy = server("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned());
    let told = Told::by(shop.command(&["doctor"]).env("HTTPS_PROXY", format!("http://{proxy}")));
    told.assert_only(&[&format!("the proxy {proxy} of HTTPS_PROXY refuses the connection")], "correct HTTPS_PROXY", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
    let mut shop = Shop::without_database().await;
    shop.changes.gateway_url = Some("https://gateway.invalid".to_owned());
    for value in ["http://admin:secret@proxy.example:99999", "socks5://admin:secret@proxy.example"] {
        let told = Told::by(shop.command(&["doctor"]).env("HTTPS_PROXY", value));
        told.assert_only(&["@proxy.example", "is not a usable proxy address"], "correct HTTPS_PROXY", 3);
        assert!(!told.text.contains("secret"), "{}", told.text);
        let verify = shop.command(&["keys", "verify"]).env("HTTPS_PROXY", value).output().expect("it runs");
        let said = String::from_utf8_lossy(&verify.stderr).into_owned();
        assert_eq!(verify.status.code(), Some(2), "{said}");
        assert!(said.contains("@proxy.example") && !said.contains("secret"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_answers_with_another_certificate() {
    let mut shop = Shop::without_database().await;
    // Whoever speaks no TLS at all is not the gateway either.
    let place = server("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_owned());
    shop.changes.gateway_url = Some(format!("https://{place}"));
    shop.changes.more_gateway = ca_file();
    let told = shop.doctor();
    told.assert_only(&["no TLS with 127.0.0.1"], "gateway.ca_file", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_space_that_is_gone() {
    let mut shop = Shop::without_database().await;
    let gone = "00000000-0000-4000-8000-000000000000";
    shop.changes.data_space = Some(gone.to_owned());
    shop.doctor().assert_only(&["the data space Live", gone], "`commerce-connector data-spaces select ID`", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_space_of_another_kind() {
    let mut shop = Shop::without_database().await;
    let projects = shop.gateway.client.projects().await.expect("projects");
    let testing = &projects[0].data_spaces[1];
    shop.changes.data_space = Some(testing.id.to_string());
    let words = ["Live is Testing in the registry, but was saved as Production"];
    shop.doctor().assert_only(&words, &format!("`commerce-connector data-spaces select {}`", testing.id), 3);
}
