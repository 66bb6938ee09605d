//! Stock status, orders and the two experimental feeds against a real MariaDB: the shops of `tests/fixtures`, and the Luma fixture
//! where it is there.
// One order in full is one big `json!`.

mod luma;
mod orders;
mod permissions;
mod program;
mod stock;

use crate::support;

use std::collections::BTreeMap;
use std::path::Path;

use commerce_connector::domain::Feed;
use commerce_connector::export::Plan;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::Source;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Broken, Collected, Selection};
use serde_json::Value;
use support::gateway::{Ended, Gateway};
use support::mariadb::{Server, TestDatabase};
use tokio::sync::mpsc;

const STOCK: &str = include_str!("../../fixtures/stock.sql");
const ORDERS: &str = include_str!("../../fixtures/orders.sql");
const PERMISSIONS: &str = include_str!("../../fixtures/permissions.sql");

/// What a feed gives: items with the key of their record, broken records, and the number of source records.
struct Read {
    items: Vec<(u64, Fields)>,
    broken: Vec<Broken>,
    records: u64,
}

impl Read {
    /// The items as one JSON list.
    fn json(&self) -> Value {
        self.items.iter().map(|(_, fields)| Value::Object(fields.clone())).collect()
    }

    /// What went wrong, as a person reads it.
    fn complaints(&self) -> Vec<String> {
        self.broken.iter().map(|record| format!("{}: {}", record.place, record.reason)).collect()
    }

    /// The one item of a source record.
    fn item(&self, id: u64) -> Value {
        let mut found = self.items.iter().filter(|(of, _)| *of == id).map(|(_, fields)| Value::Object(fields.clone()));
        let item = found.next().unwrap_or_else(|| panic!("no item of {id}"));
        assert_eq!(found.next(), None, "one item of {id}");
        item
    }
}

async fn connect(shop: &TestDatabase) -> Commerce {
    Commerce::connect(&shop.settings()).await.expect("a connection")
}

async fn read_from(commerce: &Commerce, feed: Feed, selection: Selection) -> Read {
    let (sender, mut pages) = mpsc::channel(1);
    let commerce = commerce.clone();
    let reader = tokio::spawn(async move { commerce.read(feed, &selection, sender).await });
    let mut read = Read { items: Vec::new(), broken: Vec::new(), records: 0 };
    while let Some(page) = pages.recv().await {
        read.records += page.source_records;
        for collected in page.collected {
            match collected {
                Collected::Item { source_id, content } => {
                    read.items.push((source_id.expect("a key"), content.to_fields()));
                }
                Collected::Broken(record) => read.broken.push(record),
            }
        }
    }
    reader.await.expect("a reader").expect("all pages");
    read
}

async fn read(shop: &TestDatabase, feed: Feed) -> Read {
    read_from(&connect(shop).await, feed, Selection::All).await
}

fn ids(ids: impl IntoIterator<Item = u64>) -> Selection {
    Selection::Ids(ids.into_iter().map(|id| id.to_string()).collect())
}

/// Sends feeds to a sandbox, which checks every item, and gives what happened and how many items of each feed it kept.
///
/// What the run keeps on disk holds no address of a customer.
async fn deliver(commerce: Commerce, feeds: &[Feed]) -> (Ended, BTreeMap<Feed, usize>) {
    let gateway = Gateway::with_faults("").await;
    let plan = gateway.plan(Plan::feed_plans(feeds, |_| None, &BTreeMap::new()));
    let ended = gateway.run(&plan, Source::Commerce(commerce)).await;
    let mut kept = BTreeMap::new();
    for feed in feeds {
        kept.insert(*feed, gateway.received(*feed).await.len());
    }
    let kept_on_disk = files_below(&gateway.directory.path().join("state"));
    assert!(kept_on_disk.iter().any(|file| !file.is_empty()));
    assert!(kept_on_disk.iter().all(|file| !String::from_utf8_lossy(file).contains("@example.com")));
    (ended, kept)
}

fn files_below(directory: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![std::fs::read(&path).expect("a file")] })
        .collect()
}

/// The queries that a read takes, all in all. Nobody else may ask this server anything.
async fn queries(shop: &TestDatabase, feed: Feed, selection: Selection) -> Vec<Vec<String>> {
    let commerce = connect(shop).await;
    shop.execute("TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
    let read = read_from(&commerce, feed, selection).await;
    shop.execute("SET GLOBAL general_log = OFF");
    assert!(!read.items.is_empty());
    shop.query(
        "SELECT LEFT(argument, 70) FROM mysql.general_log WHERE argument LIKE 'SELECT%FROM%' ORDER BY event_time",
    )
}

#[tokio::test]
async fn a_page_of_ten_and_a_page_of_two_hundred_take_the_same_queries() {
    let shop = Server::own().shop_with(&[STOCK, ORDERS, PERMISSIONS]);
    shop.execute(
        "INSERT INTO catalog_product_entity (entity_id, sku) SELECT 1000 + seq, CONCAT('S', seq) FROM seq_1_to_200; \
         INSERT INTO inventory_stock_2 SELECT CONCAT('S', seq), seq, 1 FROM seq_1_to_200; \
         INSERT INTO magento_catalogpermissions_index_product SELECT 1000 + seq, 1, 0, -1, -1, -1 FROM seq_1_to_200; \
         INSERT INTO catalog_category_entity SELECT 1000 + seq, 2, NOW(), NOW(), CONCAT('1/2/', 1000 + seq), 1, 2 FROM seq_1_to_200; \
         INSERT INTO magento_catalogpermissions_index SELECT 1000 + seq, 1, 0, -1, -1, -1 FROM seq_1_to_200; \
         INSERT INTO sales_order (entity_id, increment_id) SELECT 1000 + seq, seq FROM seq_1_to_200; \
         INSERT INTO sales_order_payment (entity_id, parent_id) SELECT 1000 + seq, 1000 + seq FROM seq_1_to_200; \
         INSERT INTO data_exporter_uuid SELECT CONCAT('u-', seq), 1000 + seq, 'order' FROM seq_1_to_200; \
         INSERT INTO sales_invoice (entity_id, order_id) SELECT 1000 + seq, 1000 + seq FROM seq_1_to_200; \
         INSERT INTO sales_creditmemo (entity_id, order_id) SELECT 1000 + seq, 1000 + seq FROM seq_1_to_200; \
         INSERT INTO sales_creditmemo_item (entity_id, parent_id) SELECT 1000 + seq, 1000 + seq FROM seq_1_to_200;",
    );
    // Measured, and it should not grow unnoticed: with the context's own, which is read once per feed.
    for (feed, most) in [
        (Feed::InventoryStockStatus, 18),
        (Feed::Orders, 31),
        (Feed::ProductOverrides, 18),
        (Feed::CategoryPermissions, 18),
    ] {
        let few = queries(&shop, feed, ids(1001..=1010)).await;
        let many = queries(&shop, feed, ids(1001..=1200)).await;
        assert_eq!(few.len(), many.len(), "{feed}: {few:#?}\n{many:#?}");
        assert!((6..=most).contains(&few.len()), "{feed}: {} queries: {few:#?}", few.len());
    }
}

#[tokio::test]
async fn the_sandbox_takes_every_item() {
    let shop = Server::shared().shop_with(&[STOCK, ORDERS, PERMISSIONS]);
    let feeds = [Feed::ProductOverrides, Feed::InventoryStockStatus, Feed::CategoryPermissions, Feed::Orders];
    let (ended, kept) = deliver(connect(&shop).await.with_order_days(0), &feeds).await;
    assert_eq!(kept, BTreeMap::from([(feeds[0], 4), (feeds[1], 10), (feeds[2], 4), (feeds[3], 10)]));
    let mut failures = ended.failures();
    failures.sort_unstable();
    assert_eq!(failures.len(), 2, "the product without a SKU, and the order without a number: {failures:?}");
    assert_eq!((failures[0].0, failures[1].0), ("order with entity_id 11", "product 506"));
    assert_eq!(ended.notes(), [""; 0], "only items of the broken records themselves could be theirs");
}
