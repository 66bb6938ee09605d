//! What changed reaches the gateway through the change logs, and nothing else does. The shop is that of `tests/fixtures`, whose
//! logs a test writes itself; with the Luma fixture, Commerce's own triggers write them.

mod asked;
mod beside;
mod columns;
mod kit;
mod late;
mod luma;
mod recordings;
mod rolling;
mod scenarios;
mod tables;
mod watched;

use crate::support;

use std::time::Duration;

use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::{Following, SyncMode};
use kit::{FEEDS, Sent, Shop, of, partial, products};
use support::mariadb::{Server, TestDatabase};

const LOGS: &str = include_str!("../../fixtures/change_logs.sql");

/// Gives the own shop what its records lack, so that everything in it can be exported.
const WHOLE: &str = "
    INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (5, 0, 8, 'here');
    INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value)
      VALUES (61, 0, 208, 'Empty'), (61, 0, 209, 'Half');";

/// The own shop, in which everything can be exported, and its change logs.
fn logged_shop() -> TestDatabase {
    let shop = Server::shared().product_shop();
    shop.execute(WHOLE);
    shop.execute(LOGS);
    shop.watch_idly();
    shop
}

/// A shop that was compared in full, with its logs at their beginning.
async fn followed_shop() -> Shop {
    let shop = Shop::new(logged_shop(), &FEEDS).await;
    shop.run_well(SyncMode::Full).await;
    shop
}

/// The shop with one entry in the products' log that was read.
async fn shop_with_a_read_entry() -> Shop {
    let shop = followed_shop().await;
    shop.log(Feed::Products, 100);
    assert_eq!(shop.pass().await, Sent::new());
    shop
}

/// Gives product 101 a name, without a word in any log.
fn rename(shop: &Shop, id: u64, name: &str) {
    shop.database.execute(&format!(
        "UPDATE catalog_product_entity_varchar SET value = '{name}' \
         WHERE attribute_id = 61 AND store_id = 0 AND entity_id = {id}"
    ));
}

#[tokio::test]
async fn the_first_pass_compares_all_and_the_next_has_nothing_to_say() {
    let shop = Shop::new(logged_shop(), &FEEDS).await;
    let (sent, notes) = shop.pass_with_notes().await;
    assert!(sent.len() > 50 && sent.iter().all(|(_, _, deleted)| !deleted));
    assert_eq!(notes.len(), FEEDS.len());
    assert!(notes.iter().all(|note| note.contains("in full, because it was never compared in full")), "{notes:?}");
    let requests = shop.gateway.requests().await;
    assert_eq!(shop.pass().await, Sent::new());
    assert_eq!(shop.gateway.requests().await, requests);
}

#[tokio::test]
async fn only_what_the_log_names_is_read() {
    let shop = followed_shop().await;
    rename(&shop, 101, "Named");
    rename(&shop, 100, "Not named");
    shop.log(Feed::Products, 101);
    shop.log(Feed::Products, 101);
    shop.log(Feed::Products, 999_999);
    assert_eq!(shop.pass().await, products("A-2", &["default", "de"], false));
    assert_eq!(shop.pass().await, Sent::new(), "nothing changed since");
    shop.age(61);
    let ended = shop.run_well(partial()).await;
    assert_ne!(of(&ended, Feed::Products).source_read, 0, "it is compared once more");
    let ended = shop.run_well(partial()).await;
    assert_eq!(of(&ended, Feed::Products).source_read, 0);
    // What no log names is found by the next full sync.
    let before = shop.kept().await;
    shop.run_well(SyncMode::Full).await;
    let sent = shop.sent_since(&before).await;
    assert!(!sent.is_empty() && sent.is_superset(&products("A-1", &["default"], false)), "{sent:?}");
}

#[tokio::test]
async fn what_is_gone_is_deleted_and_nothing_else_is() {
    let shop = followed_shop().await;
    shop.database.execute(
        "DELETE FROM catalog_product_website WHERE product_id = 101; DELETE FROM catalog_product_entity WHERE entity_id = 101; \
         DELETE FROM catalog_product_website WHERE product_id = 200",
    );
    shop.log(Feed::Products, 101);
    assert_eq!(shop.pass().await, products("A-2", &["default", "de"], true), "200 is gone too, but nobody said so");
    assert_eq!(shop.pass().await, Sent::new(), "it is deleted once");
}

#[tokio::test]
async fn a_category_takes_those_below_it_along() {
    let shop = followed_shop().await;
    shop.database.execute(
        "UPDATE catalog_category_entity_varchar SET value = 'moved' WHERE attribute_id = 5 AND entity_id = 5 AND store_id = 0",
    );
    shop.log(Feed::Categories, 5);
    let sent = shop.pass().await;
    let of_feed = |wanted| sent.iter().filter(|(feed, _, _)| *feed == wanted).count();
    assert_eq!((of_feed(Feed::Categories), of_feed(Feed::Products)), (4, 1), "{sent:?}");
    let before = shop.kept().await;
    shop.run_well(SyncMode::Full).await;
    assert_eq!(shop.sent_since(&before).await, Sent::new(), "a full sync finds nothing left");
}

#[tokio::test]
async fn a_log_that_was_cut_or_restarted_costs_one_full_compare() {
    for (spoil, reason) in [
        (
            "INSERT INTO cde_products_feed_cl VALUES (9, 100); DELETE FROM cde_products_feed_cl WHERE version_id < 9",
            "cut",
        ),
        ("INSERT INTO cde_products_feed_cl VALUES (9, 100); DELETE FROM cde_products_feed_cl", "cut"),
        ("TRUNCATE cde_products_feed_cl", "restarted"),
    ] {
        let shop = shop_with_a_read_entry().await;
        shop.database.execute(spoil);
        rename(&shop, 101, "Lost in the log");
        let (sent, notes) = shop.pass_with_notes().await;
        assert_eq!(sent, products("A-2", &["default", "de"], false), "{spoil}");
        assert!(notes.len() == 1 && notes[0].contains("compared in full") && notes[0].contains(reason), "{notes:?}");
        rename(&shop, 101, "Back in the log");
        shop.log(Feed::Products, 101);
        assert_eq!(shop.pass().await, products("A-2", &["default", "de"], false), "{spoil}");
    }
}

#[tokio::test]
async fn a_log_that_nobody_writes_means_a_full_compare_at_its_own_pace() {
    for (spoil, reason) in [
        ("DROP TABLE cde_products_feed_cl", "cde_products_feed_cl is missing"),
        (
            "UPDATE mview_state SET mode = 'disabled' WHERE view_id = 'cde_products_feed'",
            "not set to Update by \
                                                                                          Schedule",
        ),
        ("DELETE FROM mview_state WHERE view_id = 'cde_products_feed'", "does not know the view"),
    ] {
        let shop = shop_with_a_read_entry().await;
        shop.database.execute(spoil);
        rename(&shop, 101, "No log");
        let (sent, notes) = shop.pass_with_notes().await;
        assert_eq!(sent, products("A-2", &["default", "de"], false), "{spoil}");
        assert!(notes.len() == 1 && notes[0].contains(reason), "{notes:?}");
        // A watch does not do that each time.
        rename(&shop, 101, "Still no log");
        let daily = Following { full_every: Duration::from_hours(24), ..Following::default() };
        let before = shop.kept().await;
        let ended = shop.run_well(SyncMode::Partial(daily)).await;
        assert_eq!(shop.sent_since(&before).await, Sent::new(), "{spoil}");
        assert!(ended.notes().len() == 1 && ended.notes()[0].contains("every 24 h 00 min"), "{:?}", ended.notes());
    }
}

#[tokio::test]
async fn a_silent_stall_of_commerce_is_named_and_does_not_stall_us() {
    let shop = shop_with_a_read_entry().await;
    shop.database.execute("UPDATE mview_state SET version_id = 500 WHERE view_id = 'cde_products_feed'");
    rename(&shop, 101, "Skipped by Commerce");
    shop.log(Feed::Products, 101);
    let (sent, notes) = shop.pass_with_notes().await;
    assert_eq!(sent, products("A-2", &["default", "de"], false));
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("skips the next 498 changes"), "{notes:?}");
    assert!(notes[0].contains("SET version_id = 2 WHERE view_id = 'cde_products_feed'"), "{notes:?}");
    let cursor = shop.database.number("SELECT version_id FROM mview_state WHERE view_id = 'cde_products_feed'");
    assert_eq!(cursor, 500, "Commerce's cursor is Commerce's");
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_missed() {
    let shop = shop_with_a_read_entry().await;
    // Version 2 was given out, and is not committed yet; 3 is.
    shop.database.execute("INSERT INTO cde_products_feed_cl VALUES (3, 200)");
    assert_eq!(shop.pass().await, Sent::new());
    rename(&shop, 101, "Committed late");
    shop.database.execute("INSERT INTO cde_products_feed_cl VALUES (2, 101)");
    assert_eq!(shop.pass().await, products("A-2", &["default", "de"], false));
    assert_eq!(shop.pass().await, Sent::new());
}

#[tokio::test]
async fn a_transaction_that_is_open_during_a_full_sync_is_not_missed_either() {
    let shop = Shop::new(logged_shop(), &FEEDS).await;
    shop.database.execute("INSERT INTO cde_products_feed_cl VALUES (7, 100)");
    shop.run_well(SyncMode::Full).await;
    rename(&shop, 101, "Committed late");
    shop.database.execute("INSERT INTO cde_products_feed_cl VALUES (6, 101)");
    assert_eq!(shop.pass().await, products("A-2", &["default", "de"], false));
}

#[tokio::test]
async fn what_was_compared_and_not_sent_is_sent_by_the_next_pass() {
    let shop = followed_shop().await;
    // As after a kill between comparing and sending: the intent is kept, the cursor has passed the change.
    rename(&shop, 101, "Killed");
    shop.log(Feed::Products, 101);
    shop.pass().await;
    let label = "A-2 · default";
    let changed = shop.ledger().execute("UPDATE items SET status = NULL WHERE label = ?1", [label]).expect("written");
    assert_eq!(changed, 1);
    assert_eq!(shop.pass().await, products("A-2", &["default"], false));
}

#[tokio::test]
async fn a_gateway_that_takes_nothing_moves_no_cursor() {
    // Once for the token that is in use, and once for a new one.
    let faults = "[[fault]]\nkind = \"expired-keys\"\nfeed = \"products\"\non = [2, 3]";
    let shop = Shop::with_faults(logged_shop(), &[Feed::Products], faults).await;
    shop.run_well(SyncMode::Full).await;
    rename(&shop, 101, "During the outage");
    shop.log(Feed::Products, 101);
    let before = shop.kept().await;
    let cursor = || shop.ledger().query_row("SELECT cursor FROM logs", [], |row| row.get::<_, i64>(0)).expect("read");
    let ended = shop.run(partial()).await;
    assert_eq!(ended.report().exit(), Exit::Refused, "{ended:?}");
    assert_eq!((shop.sent_since(&before).await, cursor()), (Sent::new(), 0));
    assert_eq!(shop.pass().await, products("A-2", &["default", "de"], false));
    assert_eq!(cursor(), 1);
}

#[tokio::test]
async fn a_dry_run_of_a_partial_sync_counts_and_moves_nothing() {
    let shop = followed_shop().await;
    rename(&shop, 101, "Dry");
    shop.database.execute(
        "DELETE FROM catalog_product_website WHERE product_id = 102; DELETE FROM catalog_product_entity WHERE entity_id = 102",
    );
    shop.log(Feed::Products, 101);
    shop.log(Feed::Products, 102);
    let mut plan = shop.plan(partial());
    plan.dry_run = true;
    let ended = shop.look(&plan).await;
    let progress = of(&ended, Feed::Products);
    assert_eq!((progress.changed, progress.new, progress.gone), (2, 0, 1), "{ended:?}");
    assert_eq!(progress.planned_requests, 2, "one for what changed, one for what is gone");
    assert!(progress.planned_bytes > 0);
    let mut expected = products("A-2", &["default", "de"], false);
    expected.extend(products("300", &["eu_en"], true));
    assert_eq!(shop.pass().await, expected);
}
