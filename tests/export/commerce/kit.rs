//! A shop in a real database and a gateway, and what is compared after each run: the items that the gateway kept.

use std::collections::BTreeMap;

use commerce_connector::domain::{Feed, Stamp};
use commerce_connector::error::Exit;
use commerce_connector::export::Plan;
use commerce_connector::export::progress::{Phase, RunEnd};
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::item::{FeedItem, identity};
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Collected, Selection, Source};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::support::gateway::{Ended, Gateway, Received, finish};
use super::support::mariadb::TestDatabase;

/// The feeds that are read from a database.
pub const FEEDS: [Feed; 5] =
    [Feed::ScopesWebsite, Feed::ScopesCustomerGroup, Feed::ProductAttributes, Feed::Categories, Feed::Products];
/// Products in one request: few, so that the own shop needs several requests.
pub const BATCH: usize = 25;

/// Everything that the gateway has: by feed, and by its own key there.
pub type Kept = BTreeMap<(Feed, String), Received>;

pub struct Shop {
    pub database: TestDatabase,
    pub gateway: Gateway,
    plan: Plan,
}

impl Shop {
    pub async fn new(database: TestDatabase) -> Self {
        Self::with_faults(database, "").await
    }

    /// A shop whose gateway follows this fault script.
    pub async fn with_faults(database: TestDatabase, faults: &str) -> Self {
        let gateway = Gateway::with_faults(faults).await;
        let batch_size = |feed| (feed == Feed::Products).then_some(BATCH);
        let plan = gateway.plan(Plan::feed_plans(&FEEDS, batch_size, &BTreeMap::new()));
        Self { database, gateway, plan }
    }

    async fn source(&self) -> Commerce {
        Commerce::connect(&self.database.settings()).await.expect("a connection")
    }

    pub async fn run(&self) -> Ended {
        self.gateway.run(&self.plan, Source::Commerce(self.source().await)).await
    }

    /// A run that comes to its end with nothing to complain about. Gives the number of requests it took.
    pub async fn run_well(&self) -> u64 {
        let before = self.gateway.requests().await;
        let ended = self.run().await;
        assert_eq!((&ended.report().end, ended.report().exit()), (&RunEnd::Complete, Exit::Done), "{ended:?}");
        // A product of the fixtures holds a widget, which is remarked whenever it is read.
        let notes: Vec<&str> =
            ended.notes().into_iter().filter(|note| !note.contains("left out of a description")).collect();
        assert_eq!((ended.failures(), notes), (vec![], vec![]));
        for feed in &ended.report().progress.feeds {
            assert_eq!((feed.phase, feed.will_retry, feed.needs_attention), (Phase::Done, 0, 0), "{}", feed.feed);
            assert_eq!(feed.submitted, feed.to_send(), "{}", feed.feed);
            assert_eq!(Some(feed.source_read), feed.source_records, "{}", feed.feed);
        }
        self.gateway.requests().await - before
    }

    /// A run that is told to stop once the gateway has taken a batch of products.
    pub async fn run_and_stop(&self) -> Ended {
        let run = self.gateway.start(&self.plan, Source::Commerce(self.source().await)).expect("a run");
        let (mut progress, control) = (run.progress.clone(), run.control.clone());
        let products = FEEDS.len() - 1;
        let stopping = async move {
            let begun = progress.wait_for(|progress| progress.feeds[products].submitted > 0).await.map(drop);
            control.stop();
            begun.expect("the run was not over before its first batch of products");
        };
        let ((), ended) = tokio::join!(stopping, finish(run));
        ended
    }

    pub async fn kept(&self) -> Kept {
        let mut kept = Kept::new();
        for feed in FEEDS {
            kept.extend(self.gateway.received(feed).await.into_iter().map(|(key, item)| ((feed, key), item)));
        }
        kept
    }

    /// What the gateway was sent by `run`: the items that arrived once more, and all of them just once.
    pub async fn sent_by(&self, before: &Kept) -> Kept {
        let mut sent = self.kept().await;
        sent.retain(|key, item| {
            let deliveries = before.get(key).map_or(0, |item| item.deliveries);
            assert!(item.deliveries <= deliveries + 1, "{key:?} was sent more than once");
            item.deliveries > deliveries
        });
        sent
    }

    /// The items that the source gives now, by identity, without the time at which they were made.
    async fn expected(&self, feed: Feed) -> BTreeMap<String, Value> {
        let (sender, mut pages) = mpsc::channel(1);
        let source = self.source().await;
        let reader = tokio::spawn(async move { source.read(feed, &Selection::All, sender).await });
        let mut items = BTreeMap::new();
        while let Some(page) = pages.recv().await {
            for collected in page.collected {
                let Collected::Item { source_id, content } = collected else { panic!("{collected:?}") };
                let item = FeedItem::new(feed, source_id, content, Timestamp::now()).expect("an identity");
                let label = item.label.to_string();
                let json = serde_json::from_slice(&item.json).expect("JSON");
                assert_eq!(items.insert(label, without_stamp(feed, json)), None, "one item for each identity");
            }
        }
        reader.await.expect("no panic").expect("all pages");
        items
    }

    /// Checks that the gateway has exactly the items that the source gives, and how often it got each at most.
    pub async fn assert_delivered(&self, kept: &Kept, deliveries: u64) {
        for feed in FEEDS {
            let of_feed: Vec<&Received> =
                kept.iter().filter(|((of, _), item)| *of == feed && !item.deleted).map(|(_, item)| item).collect();
            let mut expected = self.expected(feed).await;
            assert_eq!(of_feed.len(), expected.len(), "{feed}: the gateway's own keys and the source's items");
            assert!(!expected.is_empty(), "{feed}");
            for received in of_feed {
                assert!(received.deliveries <= deliveries, "{received:?}");
                let fields: &Fields = received.item.as_object().expect("an object");
                let (_, label) = identity(feed, &fields.clone().into()).expect("an identity");
                let wanted = expected.remove(label.as_str()).unwrap_or_else(|| panic!("{feed}: {label} is not there"));
                assert_eq!(without_stamp(feed, received.item.clone()), wanted, "{feed}: {label}");
            }
        }
    }
}

/// An item without the time at which it was made, which it must have if its feed has one.
pub fn without_stamp(feed: Feed, mut item: Value) -> Value {
    let name = match feed.stamp() {
        None => return item,
        Some(Stamp::ModifiedAt) => "modifiedAt",
        Some(Stamp::UpdatedAt) => "updatedAt",
    };
    let stamp = item.as_object_mut().expect("an object").remove(name);
    assert!(stamp.is_some_and(|stamp| stamp.is_string()), "{item}");
    item
}

/// The gateway's key of a product's item.
pub fn product(sku: &str, view: &str) -> (Feed, String) {
    (Feed::Products, json!([sku, view]).to_string())
}
