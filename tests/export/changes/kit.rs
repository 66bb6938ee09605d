//! A shop whose changes are logged, a gateway, and what each pass sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use commerce_connector::domain::Feed;
use commerce_connector::domain::Most;
use commerce_connector::error::Exit;
use commerce_connector::export::progress::{FeedProgress, RunEnd};
use commerce_connector::export::{Following, Plan, SyncMode};
use commerce_connector::feeds::source::Source;
use commerce_connector::feeds::source::commerce::Commerce;
use jiff::Timestamp;
use serde_json::json;

use super::support;
use super::support::gateway::{Ended, Gateway, Received};
use super::support::mariadb::TestDatabase;

/// The feeds whose logs the own shop has.
pub const FEEDS: [Feed; 5] =
    [Feed::ScopesWebsite, Feed::ScopesCustomerGroup, Feed::ProductAttributes, Feed::Categories, Feed::Products];

/// The feeds that a full compare can judge: orders are stamped anew each time.
pub const COMPARABLE: &[Feed] = support::FEEDS.split_at(8).0;

/// What the gateway was sent: feed, the gateway's key of the item, and whether it was a deletion.
pub type Sent = BTreeSet<(Feed, String, bool)>;

pub struct Shop {
    pub database: TestDatabase,
    pub gateway: Gateway,
    source: Commerce,
    feeds: Vec<Feed>,
    pace: Pace,
}

/// Who runs the partial syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A watch: all of them share a connection.
    Watch,
    /// Cron: each is a program of its own.
    Cron,
}

impl Shop {
    pub async fn new(database: TestDatabase, feeds: &[Feed]) -> Self {
        Self::with_faults(database, feeds, "").await
    }

    pub async fn with_faults(database: TestDatabase, feeds: &[Feed], faults: &str) -> Self {
        let gateway = Gateway::with_faults(faults).await;
        let source = Commerce::connect(&database.settings()).await.expect("a connection");
        Self { database, gateway, source, feeds: feeds.to_vec(), pace: Pace::Watch }
    }

    pub async fn at_pace(database: TestDatabase, feeds: &[Feed], pace: Pace) -> Self {
        Self { pace, ..Self::new(database, feeds).await }
    }

    /// The same, from now on read as if it were this moment.
    pub fn set_clock(&mut self, now: Timestamp) {
        self.pace = Pace::Watch;
        self.source = self.source.clone().at(now);
    }

    pub fn plan(&self, mode: SyncMode) -> Plan {
        let mut plans = Plan::feed_plans(&self.feeds, |_| None, &BTreeMap::new());
        // Small shops lose much of themselves at once.
        for plan in &mut plans {
            plan.max_delete.usual = Most::NoLimit;
        }
        // The own shop has one row of many kinds, and the tests take it away: an empty table is no accident here.
        Plan { mode, accept_empty: true, ..self.gateway.plan(plans) }
    }

    /// A run from the one source that all runs share, as in a watch.
    pub async fn run(&self, mode: SyncMode) -> Ended {
        self.look(&self.plan(mode)).await
    }

    /// A run by a plan of its own.
    pub async fn look(&self, plan: &Plan) -> Ended {
        let source = match self.pace {
            Pace::Watch => self.source.clone(),
            Pace::Cron => Commerce::connect(&self.database.settings()).await.expect("a connection"),
        };
        self.gateway.run(plan, Source::Commerce(source)).await
    }

    /// What a full compare would send, a line a feed; empty if nothing.
    pub async fn left(&self) -> Vec<String> {
        let compared = self.look(&Plan { dry_run: true, ..self.plan(SyncMode::Full) }).await;
        let report = compared.report();
        assert!(!matches!(report.end, RunEnd::Failed { .. }), "{report:?}");
        let left = report.progress.feeds.iter().filter(|feed| feed.to_send() > 0);
        left.map(|feed| format!("{} {} new {} changed {} gone", feed.feed, feed.new, feed.changed, feed.gone)).collect()
    }

    pub async fn run_well(&self, mode: SyncMode) -> Ended {
        let ended = self.run(mode).await;
        assert_eq!((ended.report().exit(), ended.failures()), (Exit::Done, vec![]), "{ended:?}");
        ended
    }

    /// A partial pass that has nothing to remark. What the gateway was sent by it.
    pub async fn pass(&self) -> Sent {
        let (sent, notes) = self.pass_with_notes().await;
        assert_eq!(notes, [""; 0]);
        sent
    }

    /// A partial pass: what the gateway was sent by it, and what was remarked on how changes were found.
    pub async fn pass_with_notes(&self) -> (Sent, Vec<String>) {
        let before = self.kept().await;
        let ended = self.run_well(partial()).await;
        // A product of the fixtures holds a widget, which is remarked whenever it is read.
        let notes = ended.notes().into_iter().filter(|note| !note.contains("left out of a description"));
        (self.sent_since(&before).await, notes.map(str::to_owned).collect())
    }

    /// The same of a pass that compares a feed without a log once a day.
    pub async fn daily_pass(&self) -> (Sent, Vec<String>) {
        let daily = Following { full_every: Duration::from_hours(24), ..Following::default() };
        let before = self.kept().await;
        let ended = self.run_well(SyncMode::Partial(daily)).await;
        (self.sent_since(&before).await, ended.notes().into_iter().map(str::to_owned).collect())
    }

    pub async fn kept(&self) -> BTreeMap<(Feed, String), Received> {
        let mut kept = BTreeMap::new();
        for feed in &self.feeds {
            kept.extend(self.gateway.received(*feed).await.into_iter().map(|(key, item)| ((*feed, key), item)));
        }
        kept
    }

    /// What arrived once more since then; nothing may have arrived twice.
    pub async fn sent_since(&self, before: &BTreeMap<(Feed, String), Received>) -> Sent {
        let mut sent = Sent::new();
        for (key, item) in self.kept().await {
            let deliveries = item.deliveries - before.get(&key).map_or(0, |item| item.deliveries);
            assert!(deliveries <= 1, "{key:?} was sent {deliveries} times");
            if deliveries == 1 {
                sent.insert((key.0, key.1, item.deleted));
            }
        }
        sent
    }

    /// Writes an entry into a log, as a trigger would.
    pub fn log(&self, feed: Feed, id: u64) {
        let log = feed.in_commerce().expect("a log").change_log();
        self.database.execute(&format!("INSERT INTO {log} (entity_id) VALUES ({id})"));
    }

    /// As if the database server's clock had gone on by so many seconds since the last pass.
    pub fn age(&self, seconds: i64) {
        let ledger = self.ledger();
        for table in ["rechecks", "gaps"] {
            ledger.execute(&format!("UPDATE {table} SET since = since - ?1"), [seconds]).expect("aged");
        }
    }

    /// How many stretches of logs are looked at because something may still appear in them.
    pub fn gaps(&self) -> i64 {
        self.ledger().query_row("SELECT count(*) FROM gaps", [], |row| row.get(0)).expect("read")
    }

    /// Returns when the server's clock shows another second: it dates tables by the second.
    pub fn a_second_passes(&self) {
        let now = || self.database.number("SELECT UNIX_TIMESTAMP()");
        let begun = now();
        while now() == begun {}
    }

    pub fn ledger(&self) -> rusqlite::Connection {
        let path = format!("state/ledger/{}.sqlite3", self.gateway.space);
        rusqlite::Connection::open(self.gateway.directory.path().join(path)).expect("the ledger")
    }
}

pub fn partial() -> SyncMode {
    SyncMode::Partial(Following::default())
}

/// The items of a product in these store views.
pub fn products(sku: &str, views: &[&str], deleted: bool) -> Sent {
    views.iter().map(|view| (Feed::Products, json!([sku, view]).to_string(), deleted)).collect()
}

pub fn of(ended: &Ended, feed: Feed) -> FeedProgress {
    ended.report().progress.feeds.iter().find(|progress| progress.feed == feed).expect("planned").clone()
}
