//! A database that cannot be used: the sentence and the hint that a person is told.

use commerce_connector::commerce::database::{Address, Database, DatabaseError, DatabaseSettings};
use commerce_connector::error::Explain;
use commerce_connector::secret::Secret;

use super::support::mariadb::Server;

/// What a person is told: the sentence and the hint.
async fn refusal(settings: &DatabaseSettings) -> (String, String) {
    let error = Database::connect(settings).await.expect_err("refused");
    (error.to_string(), error.hint().unwrap_or_default().command_line())
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let shop = Server::shared().small_shop();
    shop.execute("CREATE USER clerk@localhost IDENTIFIED BY 'right'");
    let settings =
        DatabaseSettings { user: "clerk".to_owned(), password: Secret::new("not-this-one"), ..shop.settings() };
    let (what, hint) = refusal(&settings).await;
    assert!(what.contains("s.sock") && what.contains("\"clerk\"") && what.contains("Access denied"), "{what}");
    assert!(hint.contains("password") && !what.contains("not-this-one"), "{what} {hint}");
    let settings = DatabaseSettings { password: Secret::new("right"), ..settings };
    let (what, hint) = refusal(&settings).await;
    assert!(
        what.contains("Access denied") && hint.contains("GRANT SELECT ON"),
        "no right on the database: {what} {hint}"
    );
}

#[tokio::test]
async fn a_wrong_database_is_told() {
    let shop = Server::shared().empty("blank");
    let settings = DatabaseSettings { database: "nowhere".to_owned(), ..shop.settings() };
    let (what, hint) = refusal(&settings).await;
    assert!(what.contains("Unknown database 'nowhere'") && hint.contains("database name"), "{what} {hint}");
    let (what, hint) = refusal(&shop.settings()).await;
    assert!(what.contains("not a Commerce database") && what.contains("no tables"), "{what}");
    assert!(hint.contains("prefix"), "{hint}");
}

#[tokio::test]
async fn a_wrong_prefix_is_told_with_the_right_one() {
    let shop = Server::shared().staged_shop();
    let settings = DatabaseSettings { table_prefix: String::new(), ..shop.settings() };
    let error = Database::connect(&settings).await.expect_err("refused");
    assert!(matches!(error, DatabaseError::NotCommerce { .. }));
    assert!(error.to_string().contains("store_website") && error.to_string().contains("\"shop_\""), "{error}");
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_told() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let settings =
        DatabaseSettings::from_url(&format!("mysql://shop@127.0.0.1:{nobody}/shop"), "", None).expect("settings");
    let (what, hint) = refusal(&settings).await;
    assert!(what.contains(&format!("127.0.0.1:{nobody}")) && what.contains("refused"), "{what}");
    assert!(hint.contains("port"), "{hint}");
    let settings = DatabaseSettings { address: Address::Socket("/nowhere/s.sock".into()), ..settings };
    let (what, hint) = refusal(&settings).await;
    assert!(what.contains("/nowhere/s.sock") && what.contains("No such file"), "{what}");
    assert!(hint.contains("socket"), "{hint}");
}

/// The clock is paused: it jumps to the time-out, for nothing else is left to happen.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let settings =
        DatabaseSettings::from_url(&format!("mysql://shop@127.0.0.1:{port}/shop"), "", None).expect("settings");
    let before = tokio::time::Instant::now();
    let (what, _) = refusal(&settings).await;
    assert!(what.contains("no response within"), "{what}");
    assert!(before.elapsed() <= std::time::Duration::from_secs(10));
}
