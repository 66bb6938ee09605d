//! Whom the client trusts, and which way it takes: certificate authorities, and what the environment says.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use commerce_connector::client::{Client, ClientError, ClientSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Gateway, answer, client, keys, settings};

fn tls_fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// An HTTPS server that answers every connection with one empty 200.
fn tls_server() -> SocketAddr {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let certificate = CertificateDer::from_pem_file(tls_fixture("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(tls_fixture("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut tls = rustls::StreamOwned::new(connection, stream);
            if tls.read(&mut [0; 4096]).is_ok() {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    address
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_only_when_it_is_configured() {
    let url = format!("https://localhost:{}", tls_server().port());
    let trusting = ClientSettings { ca_file: Some(tls_fixture("ca.pem")), ..settings(&url) };
    Client::new(trusting, keys()).expect("a client").ping().await.expect("accepted");

    // Another authority, so that this needs no system roots.
    let other = tls_fixture("server.pem");
    let other = ClientSettings { ca_file: Some(other), ..settings(&url) };
    let error = Client::new(other, keys()).expect("a client").ping().await.expect_err("not trusted");
    assert!(matches!(error, ClientError::Passing { .. }) && error.to_string().contains("certificate"), "{error}");

    let wrong_name = format!("https://127.0.0.2:{}", url.rsplit(':').next().expect("a port"));
    let wrong_name = ClientSettings { ca_file: Some(tls_fixture("ca.pem")), ..settings(&wrong_name) };
    assert!(Client::new(wrong_name, keys()).expect("a client").ping().await.is_err());
}

/// What the test below reads.
const CHILD_GATEWAY: &str = "CLIENT_TEST_GATEWAY";

/// The environment belongs to a whole process, so what depends on it runs in one of its own.
#[tokio::test]
#[ignore = "started by the tests below, with an environment"]
async fn child_pings() {
    let gateway = std::env::var(CHILD_GATEWAY).expect("started by a test below");
    client(&gateway).ping().await.expect("accepted");
}

/// Pings from a process with these variables only; whether it was accepted.
async fn is_accepted_with(gateway: &str, variables: &[(&str, &str)]) -> bool {
    tokio::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "client::trust::child_pings", "--ignored"])
        .env_clear()
        .env(CHILD_GATEWAY, gateway)
        .env("SSL_CERT_FILE", tls_fixture("ca.pem"))
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .expect("it runs")
        .success()
}

#[tokio::test]
async fn ssl_cert_file_chooses_the_systems_authorities() {
    let url = format!("https://localhost:{}", tls_server().port());
    assert!(is_accepted_with(&url, &[]).await);
    let other = tls_fixture("server.pem");
    assert!(!is_accepted_with(&url, &[("SSL_CERT_FILE", other.to_str().expect("UTF-8"))]).await);
}

#[tokio::test]
async fn the_environments_proxy_is_asked_for_the_gateway_but_not_for_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 1024];
        let length = stream.read(&mut request).await.expect("a request");
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await.expect("answered");
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let variables = [("HTTPS_PROXY", proxy.as_str()), ("HTTP_PROXY", proxy.as_str())];

    let local = Gateway::start([answer(200, "")]).await;
    assert!(is_accepted_with(&local.url, &variables).await);
    assert_eq!(local.seen().len(), 1);

    assert!(!is_accepted_with("https://gateway.invalid", &variables).await);
    let request = asked.await.expect("no panic");
    assert!(request.starts_with("CONNECT gateway.invalid:443 "), "{request}");
}
