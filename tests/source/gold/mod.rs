//! Every feed against the items that the vendor's own exporter made of the same shop, where they are there: of the Luma fixture,
//! and of copies of it with about a hundred odd rows. Both what a field says and how it is there: absent, null, empty, and of
//! which JSON type.

use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use commerce_connector::connector::compare::rules::{Finding, Rules, without_envelope};
use commerce_connector::domain::Feed;
use commerce_connector::feeds::item::{FeedItem, Sha1Hash};
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Collected, Selection};
use jiff::Timestamp;
use serde_json::Value;
use support::FEEDS;
use support::mariadb::{Server, TestDatabase};
use tokio::sync::mpsc;

/// The day on which the vendor's exporter was run.
const DAY: &str = "2026-11-25";
/// Records that were never given a date.
const NEVER_DATED: &str = "
    SET sql_mode = '';
    UPDATE catalog_product_entity SET created_at = 0, updated_at = 0 WHERE entity_id IN (1, 62);
    UPDATE catalog_category_entity SET created_at = 0, updated_at = 0 WHERE entity_id = 3;
    UPDATE sales_order SET created_at = 0 WHERE entity_id IN (2, 1001);";
/// Tables whose rows nothing points to by their own key.
const TURNED: [&str; 6] = [
    "catalog_product_entity_varchar",
    "catalog_product_entity_text",
    "catalog_product_entity_int",
    "catalog_product_entity_decimal",
    "catalog_product_entity_tier_price",
    "catalog_category_entity_varchar",
];
/// What the vendor's exporter made of a shop.
struct Gold {
    name: &'static str,
    directory: PathBuf,
    shop: TestDatabase,
}

impl Gold {
    /// Of a copy of the Luma fixture with the changes of this set; `None`, and a line that says so, where it is absent.
    fn of(name: &'static str) -> Option<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
        let directory = fixtures.join("gold").join(name);
        if !directory.is_dir() {
            println!("{} is absent: nothing was compared with the vendor's items of {name}", directory.display());
            return None;
        }
        let shop = Server::shared().luma()?;
        let text = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let noon = format!("SET timestamp = UNIX_TIMESTAMP('{DAY} 12:00:00');");
        shop.execute(&(noon.clone() + &text(fixtures.join("shift_rule_dates.sql"))));
        shop.execute_as_far_as_possible(&(noon + &text(directory.join("changes.sql"))));
        Some(Self { name, directory, shop })
    }

    /// The vendor's items of a feed, by identity. Of two with one identity the last counts.
    fn items(&self, rules: &Rules) -> BTreeMap<String, Value> {
        let path = self.directory.join(format!("{}.ndjson.gz", rules.feed));
        let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
        let items = lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON"));
        let known = self.uuids(rules.feed);
        let mut by_identity: BTreeMap<String, Value> = BTreeMap::new();
        for mut item in items.map(without_envelope) {
            let id = rules.identity(&item);
            forget_made_up_uuids(&mut item, &known);
            if let Some(torn) = by_identity.remove(&id) {
                item = rules.joined(torn, item);
            }
            by_identity.insert(id, item);
        }
        by_identity
    }

    /// The UUIDs that Commerce gave to orders and their parts.
    fn uuids(&self, feed: Feed) -> BTreeSet<String> {
        match feed {
            Feed::Orders => self.shop.query("SELECT uuid FROM data_exporter_uuid").concat().into_iter().collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Compares a feed; what differs, as a person reads it.
    async fn compare(&self, feed: Feed, is_subset: bool) -> Option<String> {
        // The sets' own statements changed rows at another time than here.
        let rules = Rules::of(feed, self.name == "luma");
        let (golden, ours) = (self.items(&rules), collect(&self.shop, &rules).await);
        let mut report = Report::default();
        for (id, golden) in &golden {
            match ours.get(id) {
                None => report.missing.push(id.clone()),
                Some(item) => report.add(id, rules.diff(golden, item)),
            }
        }
        let is_extra = |id: &&String| !golden.contains_key(*id) && !rules.is_forgotten(id);
        if !is_subset {
            report.extra.extend(ours.keys().filter(is_extra).cloned());
        }
        report.text(self.name, feed)
    }

    /// The hash of every item of a feed, read at a time of day.
    async fn hashes(&self, feed: Feed, time: &str) -> BTreeMap<String, Sha1Hash> {
        let items = read(&self.shop, feed, time).await;
        items.into_iter().map(|item| (item.label.to_string(), item.hash)).collect()
    }

    /// Fails if an item has another hash at another time of the same day, after these statements. What is in no row of the shop must
    /// be in no hash, or each full sync sends everything.
    async fn check_hashes(&self, feeds: &[Feed], between: &str) {
        self.shop.execute(NEVER_DATED);
        let mut before = BTreeMap::new();
        for feed in feeds {
            before.insert(*feed, self.hashes(*feed, "12:00:00").await);
        }
        self.shop.execute(between);
        for (feed, before) in before {
            let after = self.hashes(feed, "18:45:31").await;
            let changed =
                before.iter().filter(|(label, hash)| after.get(*label) != Some(*hash)).map(|(label, _)| label);
            assert_eq!(changed.collect::<Vec<_>>(), [] as [&String; 0], "{}, {feed}", self.name);
            assert_eq!(before.len(), after.len(), "{}, {feed}", self.name);
        }
    }

    /// Compares feeds, and fails if one differs.
    async fn check(&self, feeds: &[Feed], is_subset: bool) {
        let mut differing = String::new();
        for feed in feeds {
            if let Some(text) = self.compare(*feed, is_subset).await {
                differing.push_str(&text);
            }
        }
        assert!(differing.is_empty(), "{differing}");
    }
}

/// Gives the rows of a table new keys, in the opposite order.
fn turned_around(table: &str) -> String {
    format!(
        "SET foreign_key_checks = 0, @top = (SELECT MAX(value_id) + 1 FROM {table});
         UPDATE {table} SET value_id = value_id + 2 * @top;
         UPDATE {table} SET value_id = 3 * @top - value_id;"
    )
}

/// The vendor's exporter gives a UUID, at random, to an ordered line without one.
fn forget_made_up_uuids(value: &mut Value, known: &BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_made_up = |uuid: &Value| uuid.as_str().is_some_and(|uuid| !known.contains(uuid));
                if matches!(name.as_str(), "itemId" | "orderItemId") && value.get("id").is_some_and(is_made_up) {
                    *value = Value::Null;
                }
                forget_made_up_uuids(value, known);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| forget_made_up_uuids(value, known)),
        _ => {}
    }
}

/// Our items of a feed, by identity, as they would be sent.
async fn collect(shop: &TestDatabase, rules: &Rules) -> BTreeMap<String, Value> {
    let mut items = BTreeMap::new();
    for item in read(shop, rules.feed, "12:00:00").await {
        let item = without_envelope(serde_json::from_slice(&item.json).expect("JSON"));
        let id = rules.identity(&item);
        assert!(items.insert(id.clone(), item).is_none(), "{} has {id} twice", rules.feed);
    }
    items
}

/// Our items of a feed, read at a time of day.
async fn read(shop: &TestDatabase, feed: Feed, time: &str) -> Vec<FeedItem> {
    let now: Timestamp = format!("{DAY}T{time}Z").parse().expect("a moment");
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection").at(now).with_order_days(0);
    let (sender, mut pages) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(feed, &Selection::All, sender).await });
    let mut items = Vec::new();
    while let Some(page) = pages.recv().await {
        for collected in page.collected {
            match collected {
                Collected::Item { source_id, content } => {
                    items.push(FeedItem::new(feed, source_id, content, now).expect("an identity"));
                }
                Collected::Broken(record) => println!("{feed}: {}: {}", record.place, record.reason),
            }
        }
    }
    reader.await.expect("a reader").expect("all pages");
    items
}

/// What differs in a feed.
#[derive(Default)]
struct Report {
    missing: Vec<String>,
    extra: Vec<String>,
    /// By path: how many items, and the first.
    differing: BTreeMap<String, (usize, String)>,
}

impl Report {
    fn add(&mut self, id: &str, findings: Vec<Finding>) {
        let mut counted = BTreeSet::new();
        for finding in findings {
            if counted.insert(finding.path.clone()) {
                let (count, _) = self
                    .differing
                    .entry(finding.path)
                    .or_insert_with(|| (0, format!("{id}: {} | {}", finding.theirs, finding.ours)));
                *count += 1;
            }
        }
    }

    fn text(&self, set: &str, feed: Feed) -> Option<String> {
        if self.missing.is_empty() && self.extra.is_empty() && self.differing.is_empty() {
            return None;
        }
        let mut text = format!("\n{set}, {feed}: {} missing, {} extra\n", self.missing.len(), self.extra.len());
        for (name, ids) in [("missing", &self.missing), ("extra", &self.extra)] {
            for id in ids.iter().take(5) {
                let _ = writeln!(text, "  {name}: {id}");
            }
        }
        for (path, (count, example)) in &self.differing {
            let _ = writeln!(text, "  {count:6}  {path}\n          {example}");
        }
        Some(text)
    }
}

#[tokio::test]
async fn the_fixture_as_it_is() {
    let Some(gold) = Gold::of("luma") else { return };
    gold.check(&FEEDS, false).await;
    gold.check_hashes(&FEEDS, "").await;
}

#[tokio::test]
async fn odd_values_options_and_prices() {
    let Some(gold) = Gold::of("edge-a") else { return };
    gold.check(&FEEDS[..8], false).await;
    gold.check_hashes(&FEEDS[..8], &TURNED.map(turned_around).concat()).await;
}

#[tokio::test]
async fn odd_websites_and_stores() {
    let Some(gold) = Gold::of("edge-c3") else { return };
    gold.check(&FEEDS[..8], false).await;
    gold.check_hashes(&FEEDS[..8], "").await;
}

#[tokio::test]
async fn odd_stock_settings() {
    let Some(gold) = Gold::of("edge-c5") else { return };
    gold.check(&FEEDS[..8], false).await;
    gold.check_hashes(&FEEDS[..8], "").await;
}

#[tokio::test]
async fn odd_orders() {
    let Some(gold) = Gold::of("edge-d") else { return };
    gold.check(&[Feed::Orders], true).await;
    gold.check_hashes(&[Feed::Orders], "").await;
}
