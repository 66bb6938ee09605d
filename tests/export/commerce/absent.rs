//! Absence is not deletion: each table that any feed reads is renamed away, emptied and forbidden in turn.
//!
//! The tables are those that the server's own log names while a feed is read, so that a new query is covered by itself.

use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::commerce::database::DatabaseSettings;
use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::Plan;
use commerce_connector::export::progress::RunEnd;
use commerce_connector::feeds::source::Source;
use commerce_connector::feeds::source::commerce::Commerce;

use super::support::FEEDS;
use super::support::gateway::{Ended, Gateway};
use super::support::mariadb::{Server, TestDatabase};

/// Who reads.
const READER: &str = "absent_reader";

struct Shop {
    database: TestDatabase,
    gateway: Gateway,
    source: Commerce,
}

impl Shop {
    /// The shop, read by a user who has rights on each table by itself.
    async fn new(database: TestDatabase) -> Self {
        database.execute(&format!("CREATE USER {READER}@localhost"));
        for table in tables(&database) {
            database.execute(&format!("GRANT SELECT ON `{}`.`{table}` TO {READER}@localhost", database.name));
        }
        let settings = DatabaseSettings { user: READER.to_owned(), ..database.settings() };
        let source = Commerce::connect(&settings).await.expect("a connection").with_order_days(0);
        Self { database, gateway: Gateway::new().await, source }
    }

    async fn run(&self, feeds: &[Feed], accept_empty: bool) -> Ended {
        let plan = self.gateway.plan(Plan::feed_plans(feeds, |_| None, &BTreeMap::new()));
        self.gateway.run(&Plan { accept_empty, ..plan }, Source::Commerce(self.source.clone())).await
    }

    /// Exports a feed, and gives the tables that it was read from.
    async fn export(&self, feed: Feed) -> BTreeSet<String> {
        self.database.execute("SET GLOBAL general_log = OFF; TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
        let ended = self.run(&[feed], false).await;
        assert_eq!(ended.report().exit(), Exit::Done, "{feed}: {ended:?}");
        let statements = self.database.query(&format!(
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log \
             WHERE command_type IN ('Query', 'Execute') AND user_host LIKE '{READER}[%'"
        ));
        self.database.execute("SET GLOBAL general_log = OFF");
        let all = tables(&self.database);
        let sql: Vec<String> = statements.into_iter().map(|row| row.join("\t")).collect();
        let names = sql.iter().flat_map(|sql| sql.split('`').skip(1).step_by(2));
        names.filter(|name| all.contains(*name)).map(str::to_owned).collect()
    }

    /// Runs the feeds, which must send nothing, and complain if `must_complain`.
    async fn nothing_is_sent(&self, feeds: &[Feed], what: &str, must_complain: bool) {
        let before = self.gateway.requests().await;
        let ended = self.run(feeds, false).await;
        assert_eq!(self.gateway.requests().await, before, "{what}: {ended:?}");
        if must_complain {
            assert!(matches!(ended.report().end, RunEnd::Failed { .. }), "{what}: {ended:?}");
            assert_ne!(ended.report().exit(), Exit::Done, "{what}");
        }
    }
}

fn tables(database: &TestDatabase) -> BTreeSet<String> {
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()";
    database.query(sql).into_iter().map(|mut row| row.remove(0)).collect()
}

#[tokio::test]
async fn luma_what_is_missing_empty_or_forbidden_deletes_and_changes_nothing() {
    let Some(database) = Server::shared().luma() else { return };
    let shop = Shop::new(database).await;
    let mut readers: BTreeMap<String, Vec<Feed>> = BTreeMap::new();
    for feed in FEEDS {
        for table in shop.export(feed).await {
            readers.entry(table).or_default().push(feed);
        }
    }
    assert!(readers.len() > 50, "{:?}", readers.keys());
    let full = |table: &str| shop.database.number(&format!("SELECT EXISTS (SELECT 1 FROM `{table}`)")) == 1;
    // No item is made of change logs; what happens to them is tested with partial syncs.
    readers.retain(|table, _| !table.ends_with("_cl") && !["mview_state", "indexer_state"].contains(&table.as_str()));
    for (table, feeds) in &readers {
        // Commerce empties these itself: reservations that add up to nothing, prices of rules that ended.
        let is_no_sign = ["inventory_reservation", "catalogrule_product_price"].contains(&table.as_str());
        let must_complain = full(table) && !is_no_sign;
        let sql = |sql: &str| shop.database.execute(&sql.replace("TABLE_NAME", table));
        sql(&format!("REVOKE SELECT ON TABLE_NAME FROM {READER}@localhost"));
        shop.nothing_is_sent(feeds, &format!("{table} is forbidden"), must_complain).await;
        sql(&format!("GRANT SELECT ON TABLE_NAME TO {READER}@localhost"));

        sql("RENAME TABLE `TABLE_NAME` TO `TABLE_NAME_away`");
        shop.nothing_is_sent(feeds, &format!("{table} is missing"), must_complain).await;

        sql("CREATE TABLE `TABLE_NAME` AS SELECT * FROM `TABLE_NAME_away` LIMIT 0");
        shop.nothing_is_sent(feeds, &format!("{table} is empty"), must_complain).await;

        sql("DROP TABLE `TABLE_NAME`; RENAME TABLE `TABLE_NAME_away` TO `TABLE_NAME`");
    }
    let before = shop.gateway.requests().await;
    let ended = shop.run(&FEEDS, false).await;
    assert_eq!((ended.report().exit(), shop.gateway.requests().await), (Exit::Done, before), "all is as it was");

    shop.database.execute("DELETE FROM catalog_product_entity_tier_price");
    shop.nothing_is_sent(&[Feed::Prices], "no tier prices", true).await;
    let ended = shop.run(&[Feed::Prices], true).await;
    assert_eq!(ended.report().exit(), Exit::Done, "accepted: {ended:?}");
    assert!(shop.gateway.requests().await > before);
    let ended = shop.run(&[Feed::Prices], false).await;
    assert_eq!(ended.report().exit(), Exit::Done, "and known from then on: {ended:?}");
}
