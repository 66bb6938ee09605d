//! A server whose certificate names no host, as MySQL makes them for itself, over TCP: who is let in, and what is said to the rest.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use commerce_connector::commerce::database::{
    Address, ClientCertificate, Database, DatabaseError, DatabaseSettings, Tls,
};
use commerce_connector::domain::TlsVerify;
use commerce_connector::error::Explain as _;
use commerce_connector::secret::Secret;

use super::support::home::{Home, stderr};
use super::support::mariadb::{Server, TestDatabase};

const USER: &str = "over_tls";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls_database").join(name)
}

struct Shop {
    database: TestDatabase,
    port: u16,
}

impl Shop {
    /// A server that takes nobody without TLS, and a user who must also show a certificate if `by_certificate`.
    fn new(by_certificate: bool) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let option = |name: &str, value: &Path| format!("--{name}={}", value.display());
        let database = Server::with_options(&[
            "--skip-networking=0".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--port={port}"),
            option("ssl-ca", &file("ca.pem")),
            option("ssl-cert", &file("server.pem")),
            option("ssl-key", &file("server.key")),
            "--require-secure-transport=ON".to_owned(),
        ])
        .small_shop();
        let needed = if by_certificate { "REQUIRE X509" } else { "" };
        database.execute(&format!(
            "CREATE USER {USER}@'%' IDENTIFIED BY 'secret' {needed}; GRANT SELECT ON `{}`.* TO {USER}@'%'",
            database.name
        ));
        Self { database, port }
    }

    async fn connect(&self, tls: Option<Tls>) -> Result<Database, DatabaseError> {
        Database::connect(&DatabaseSettings {
            address: Address::Tcp { host: "127.0.0.1".to_owned(), port: self.port },
            user: USER.to_owned(),
            password: Secret::new("secret"),
            tls,
            ..self.database.settings()
        })
        .await
    }
}

fn tls(verify: TlsVerify) -> Tls {
    Tls { ca_file: Some(file("ca.pem")), client: None, verify }
}

/// What is said, with the hint.
fn said(refused: Result<Database, DatabaseError>) -> String {
    let error = refused.expect_err("not let in");
    format!("{error}; {}", error.hint().unwrap_or_default().command_line())
}

#[tokio::test]
async fn a_certificate_that_names_no_host_is_verified_by_its_authority_only_where_that_is_asked_for() {
    let shop = Shop::new(false);
    assert!(shop.connect(Some(tls(TlsVerify::Ca))).await.is_ok());

    let full = said(shop.connect(Some(tls(TlsVerify::Full))).await);
    assert!(full.contains("certificate") && full.contains("tls_verify = \"ca\""), "{full}");

    // Another authority does not become right because names are not looked at.
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/ca.pem");
    let foreign = said(shop.connect(Some(Tls { ca_file: Some(other), ..tls(TlsVerify::Ca) })).await);
    assert!(foreign.contains("certificate"), "{foreign}");

    let plain = said(shop.connect(None).await);
    assert!(plain.contains("TLS") && !plain.contains("firewall"), "{plain}");

    let missing = said(shop.connect(Some(Tls { ca_file: Some(file("no-such.pem")), ..tls(TlsVerify::Ca) })).await);
    assert!(missing.contains("no-such.pem"), "{missing}");
}

#[tokio::test]
async fn a_user_who_must_show_a_certificate_is_let_in_with_one() {
    let shop = Shop::new(true);
    let client = ClientCertificate { certificate: file("client.pem"), key: file("client.key") };
    let with = Tls { client: Some(client), ..tls(TlsVerify::Ca) };
    assert!(shop.connect(Some(with)).await.is_ok());
    let without = said(shop.connect(Some(tls(TlsVerify::Ca))).await);
    assert!(without.contains("Access denied") && !without.contains("firewall"), "{without}");
}

#[test]
fn the_numbers_of_env_php_reach_the_connection() {
    let shop = Shop::new(true);
    let home = Home::new();
    std::fs::create_dir_all(home.path("shop/app/etc")).expect("made");
    home.write_config(&format!("[instance]\nroot = \"{}\"\n", home.path("shop").display()));
    let websites = |options: &str| {
        let text = format!(
            "<?php return ['db' => ['connection' => ['default' => ['host' => '127.0.0.1:{}', 'dbname' => '{}', \
             'username' => '{USER}', 'password' => 'secret', 'driver_options' => [{options}]]]]];",
            shop.port, shop.database.name
        );
        std::fs::write(home.path("shop/app/etc/env.php"), text).expect("written");
        home.run(&["feeds", "items", "scopesWebsite"])
    };
    let option = |number: &str, name: &str| format!("{number} => '{}',", file(name).display());
    let ca = option("1009", "ca.pem");
    let client = option("\\PDO::MYSQL_ATTR_SSL_CERT", "client.pem") + &option("1007", "client.key");

    let let_in = websites(&format!("{ca}{client}1014 => false"));
    assert!(let_in.status.success(), "{}", stderr(&let_in));
    let by_name = stderr(&websites(&format!("{ca}{client}")));
    assert!(by_name.contains("certificate") && by_name.contains("tls_verify = \"ca\""), "{by_name}");
    let without = stderr(&websites(&format!("{ca}1014 => false")));
    assert!(without.contains("Access denied"), "{without}");
    let half = stderr(&websites(&format!("{ca}{}", option("1008", "client.pem"))));
    assert!(half.contains("1007"), "{half}");
}
