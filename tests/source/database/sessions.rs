//! Sessions with the server: their limits, waits, killed connections, rights, and values that are not of their type.

use commerce_connector::commerce::database::{Database, DatabaseSettings};
use commerce_connector::domain::Feed;
use commerce_connector::error::Explain;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::Selection;
use commerce_connector::feeds::source::commerce::Commerce;
use serde_json::json;
use tokio::sync::mpsc;

use super::support::mariadb::{self, Server, TestDatabase};
use super::{collect, items, small_shop};

/// A user that everybody may be: its password is not asked for on the socket.
fn user(shop: &TestDatabase, name: &str, grants: &[&str]) -> DatabaseSettings {
    shop.execute(&format!("CREATE USER {name}@localhost"));
    for on in grants {
        shop.execute(&format!("GRANT SELECT ON {}.{on} TO {name}@localhost", shop.name));
    }
    DatabaseSettings { user: name.to_owned(), ..shop.settings() }
}

#[tokio::test]
async fn a_session_has_limits_whatever_the_server_has() {
    let shop = small_shop();
    let database = Database::connect(&shop.settings()).await.expect("a connection");
    let mut snapshot = database.snapshot().await.expect("a snapshot");
    let limits: Vec<(u64, u64, u64)> =
        snapshot.rows("SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout, @@wait_timeout").await.expect("rows");
    assert_eq!(limits, [(30, 30, 900)]);
    let is_mysql = mariadb::other().is_some_and(|name| name == "mysql");
    let statement = if is_mysql { "@@max_execution_time" } else { "CAST(@@max_statement_time * 1000 AS UNSIGNED)" };
    let limit: Vec<u64> = snapshot.rows(&format!("SELECT {statement}")).await.expect("rows");
    assert_eq!(limit, [300_000]);
}

/// The server waits for a lock on the table's definition; what it says of that is told.
#[tokio::test]
async fn a_table_that_is_locked_is_waited_for_and_told() {
    let shop = Server::shared().small_shop();
    let database = Database::connect(&shop.settings()).await.expect("a connection");
    let mut waits = commerce_connector::waiting::Listener::new();
    let lock = shop.lock("store_website");
    let mut snapshot = database.snapshot().await.expect("a snapshot");
    let read = tokio::spawn(async move { snapshot.rows::<String>("SELECT code FROM `store_website`").await });
    let words = waits.next().await.to_string();
    assert!(words.contains("store_website") && words.contains("etadata lock"), "{words}");
    drop(lock);
    assert!(read.await.expect("a reader").is_ok());
}

#[tokio::test]
async fn connections_that_are_killed_cost_nothing() {
    let shop = Server::shared().small_shop();
    let settings = user(&shop, "killed", &["*"]);
    let expected = items(&shop, Feed::Categories).await;
    let database = Database::connect(&settings).await.expect("a connection");
    let attempts = std::sync::atomic::AtomicU32::new(0);
    let kill = || {
        let ids = shop.query("SELECT id FROM information_schema.processlist WHERE user = 'killed'");
        for id in ids {
            shop.execute(&format!("KILL {}", id[0]));
        }
    };
    let read = || async {
        let mut snapshot = database.snapshot().await?;
        if attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
            kill();
        }
        let rows = snapshot.rows::<u64>("SELECT COUNT(*) FROM catalog_category_entity").await?;
        snapshot.end().await;
        Ok(rows)
    };
    assert_eq!(database.persist(read).await.expect("rows").len(), 1);
    assert_eq!(attempts.into_inner(), 3);
    kill();
    let commerce = Commerce::connect(&settings).await.expect("a connection");
    assert_eq!(commerce.count(Feed::Categories).await.expect("a count"), Some(9));
    kill();
    let (sender, mut receiver) = mpsc::channel(9);
    commerce.read(Feed::Categories, &Selection::All, sender).await.expect("all pages");
    let page = receiver.recv().await.expect("a page");
    assert_eq!(page.collected.len(), expected.len());
}

#[tokio::test]
async fn a_user_with_too_few_rights_is_told_the_table_and_the_grant() {
    let shop = Server::shared().small_shop();
    let settings = user(&shop, "poor", &["store", "store_group"]);
    let error = Database::connect(&settings).await.expect_err("refused");
    let hint = error.hint().unwrap_or_default().command_line();
    assert!(error.to_string().contains("store_website"), "{error}");
    let grant = format!("GRANT SELECT ON {}.store_website TO 'poor'@'localhost'", shop.name);
    assert!(hint.contains(&grant), "{hint}");
    let listed = shop.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()");
    let listed: Vec<&str> =
        listed.iter().map(|row| row[0].as_str()).filter(|name| *name != "customer_group_excluded_website").collect();
    let settings = user(&shop, "partly", &listed);
    let commerce = Commerce::connect(&settings).await.expect("enough to connect");
    let (sender, mut pages) = mpsc::channel(9);
    let error = commerce.read(Feed::ScopesCustomerGroup, &Selection::All, sender).await.expect_err("refused");
    assert!(error.to_string().contains("customer_group_excluded_website"), "{error}");
    assert!(
        error.hint().unwrap_or_default().command_line().contains(&format!("GRANT SELECT ON {}.*", shop.name)),
        "{:?}",
        error.hint()
    );
    assert!(pages.recv().await.is_none(), "nothing is sent on a guess");
}

#[tokio::test]
async fn a_value_that_cannot_be_decoded_costs_its_item_only_and_is_named() {
    let shop = Server::shared().small_shop();
    let before = items(&shop, Feed::Categories).await;
    shop.execute(
        "ALTER TABLE catalog_category_entity MODIFY position INT NULL; \
         UPDATE catalog_category_entity SET position = NULL WHERE entity_id = 4",
    );
    let (after, broken, records) = collect(&shop, Feed::Categories, Selection::All).await;
    let others = |items: &[Fields]| items.iter().filter(|item| item["categoryId"] != json!("4")).count();
    assert_eq!((others(&after), after.len(), records), (others(&before), others(&before), 9));
    let [record] = broken.as_slice() else { panic!("{broken:?}") };
    assert_eq!((record.place.as_str(), record.source_id), ("categories 4", Some(4)));
    assert!(
        record.reason.as_str().contains("catalog_category_entity.position")
            && record.reason.as_str().contains("entity_id 4"),
        "{record:?}"
    );
}
