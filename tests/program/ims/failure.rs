//! IMS gone, silent, or answering nonsense; settings and files that cannot be used.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use crate::ims::kit::Kit;
use crate::support::browser::sent_back;
use crate::support::home::{Home, stderr};

/// A server that gives every request this answer, and ends with the test program.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 8192];
            // One read is enough: the requests are small, and nobody looks at them.
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ims_answers_it_becomes_one_sentence_without_secrets() {
    let kit = Kit::new().await;
    kit.sign_in().await;
    let gone = "http://127.0.0.1:9".to_owned();
    for (url, exit, words) in [
        (gone, 5, "no connection"),
        (server(answer("503 Gone Fishing", "<title>Maintenance</title>")), 5, "HTTP status 503: an HTML page"),
        (server(answer("429 Slow", "{}")), 5, "rate limit reached"),
        (server(answer("200 OK", "<html><title>Hotel Wi-Fi</title>")), 1, "Hotel Wi-Fi"),
        (server(answer("302 Found\r\nLocation: https://evil.example/", "")), 1, "redirect not followed"),
        (server(answer("200 OK", "{\"organizations\": 7}")), 1, "a list of organizations"),
        (server(answer("200 OK", "[{\"orgName\": \"x\"}]")), 1, "a list of organizations"),
        (server(answer("403 No", "{\"error\":\"insufficient_scope\"}")), 4, "insufficient_scope"),
        (server("nonsense\r\n\r\n".to_owned()), 5, "no usable response"),
    ] {
        kit.configure(&url, "");
        let output = kit.home.run(&["ims", "organizations"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(exit), "{words}: {told}");
        assert!(told.contains(words), "{words:?} is missing in: {told}");
    }
    for (body, words) in [
        ("{\"access_token\": \"s3cret\"}", "neither a token nor an OAuth error"),
        ("{\"error\": \"invalid_client\", \"error_description\": \"no\\u001b[2J\"}", "invalid_client: no\\x1b[2J"),
        ("s3cret", "neither a token nor an OAuth error"),
    ] {
        let status = if body.contains("invalid_client") { "401 No" } else { "200 OK" };
        kit.configure(&server(answer(status, body)), "");
        let args = ["ims", "login", "--client-credentials", "--client-secret-file", "-"];
        let output = kit.run(&args, "another-s3cret");
        let told = stderr(&output);
        assert!(told.contains(words) && !told.contains("s3cret"), "{words:?} is missing in: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_loses_a_sign_in_because_ims_is_away() {
    let kit = Kit::new().await;
    let back = sent_back(&kit.begin(), "allow").await;
    let host = kit.sandbox.ready.url.clone();
    kit.configure("http://127.0.0.1:9", "");
    let away = kit.run(&["ims", "login", "--url", "-"], &back);
    assert!(stderr(&away).contains("no sign-in pending"), "another IMS, another sign-in: {}", stderr(&away));
    kit.configure(&host, "");
    assert!(kit.run(&["ims", "login", "--url", "-"], &back).status.success(), "it still waited");

    kit.configure("http://127.0.0.1:9", "");
    let output = kit.home.run(&["ims", "logout", "--json"]);
    assert!(output.status.success(), "signing out works without IMS");
    assert!(stderr(&output).contains("not revoked"), "{}", stderr(&output));
    assert!(!kit.tokens_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_tokens_that_is_open_or_nonsense_is_refused_and_can_be_signed_out_of() {
    let kit = Kit::new().await;
    kit.sign_in().await;
    let file = kit.tokens_file();
    let chmod = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("chmod");
    chmod(0o640);
    assert!(stderr(&kit.home.run(&["ims", "status"])).contains("chmod 600"));
    chmod(0o600);
    std::fs::write(&file, "{\"tokens\": \"s3cret\"}").expect("written");
    let output = kit.home.run(&["ims", "status"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("tokens.json") && !stderr(&output).contains("s3cret"), "{}", stderr(&output));
    kit.home.ok(&["ims", "logout"]);
    assert!(!file.exists());
}

#[test]
fn settings_that_cannot_work_are_named() {
    let home = Home::new();
    for (text, words) in [
        ("", "ims.client_id is not set"),
        ("client_id = \"c\"\nredirect_uri = \"localhost\"\n", "ims.redirect_uri"),
        ("client_id = \"c\"\nhost = \"http://ims.example\"\n", "ims.host"),
        ("client_id = \"c\"\nclient_secret_file = \"absent\"\n", "absent"),
    ] {
        home.write_config(&format!("[ims]\n{text}[instance]\nname = \"x\"\n"));
        let output = home.run(&["ims", "login"]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(words), "{words:?} is missing in: {}", stderr(&output));
    }
}
