//! What arrived: for every data space and feed, each item in its last state.
//!
//! It counts deliveries, so that a test can tell "exactly once in effect" from "sent again". It never judges an item.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use sha1::{Digest, Sha1};

use crate::domain::Feed;

/// How much of each item is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// The item as it came, so that a person can look at it.
    #[default]
    Items,
    /// Only that it came, how often and whether it changed: for runs of a million items.
    Counts,
}

/// Everything that every data space received.
#[derive(Debug, Default)]
pub(super) struct Store {
    feeds: HashMap<(String, Feed), Received>,
    /// Feed requests by data space and by what became of them.
    requests: HashMap<String, BTreeMap<String, u64>>,
}

/// What one feed of one data space received.
#[derive(Debug, Default)]
pub(super) struct Received {
    items: BTreeMap<String, Kept>,
    live: u64,
    deliveries: u64,
}

/// An accepted item on its way into the store.
#[derive(Debug)]
pub(super) struct Delivery {
    /// Its wire identity.
    pub(super) key: String,
    /// Whether it is a deletion.
    pub(super) deleted: bool,
    /// sha1 of its content without timestamps.
    pub(super) hash: [u8; 20],
    /// The item as it came; `None` if only counts are kept.
    pub(super) json: Option<Box<RawValue>>,
}

/// One item in its last state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    deleted: bool,
    /// How often it was received.
    deliveries: u64,
    /// How often it was received with other content than the time before.
    changes: u64,
    /// When it was last received.
    #[serde(serialize_with = "as_text")]
    received_at: Timestamp,
    #[serde(skip)]
    hash: [u8; 20],
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Box<RawValue>>,
    /// When its content last became what it is.
    #[serde(skip)]
    changed_at: Timestamp,
    /// What it was before that; `None` if it was not there, or only counts are kept.
    #[serde(skip)]
    before: Option<Box<RawValue>>,
}

fn as_text<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// One feed of one data space in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Totals {
    /// Items that are there.
    pub(super) live: u64,
    /// Items that were deleted.
    pub(super) deleted: u64,
    /// Accepted deliveries, repeated ones included.
    pub(super) received: u64,
}

impl Store {
    /// Takes accepted items in; of two with the same key, the later wins.
    pub(super) fn receive(&mut self, data_space: &str, feed: Feed, items: Vec<Delivery>, now: Timestamp) {
        let received = self.feeds.entry((data_space.to_owned(), feed)).or_default();
        for item in items {
            received.take(item, now);
        }
    }

    /// Counts a feed request and what became of it: an HTTP status, or a word.
    pub(super) fn count_request(&mut self, data_space: &str, outcome: String) {
        let outcomes = self.requests.entry(data_space.to_owned()).or_default();
        *outcomes.entry(outcome).or_default() += 1;
    }

    /// Feed requests of a data space by what became of them.
    pub(super) fn requests(&self, data_space: &str) -> BTreeMap<String, u64> {
        self.requests.get(data_space).cloned().unwrap_or_default()
    }

    /// What a feed of a data space received; `None` if nothing ever arrived.
    pub(super) fn received(&self, data_space: &str, feed: Feed) -> Option<&Received> {
        self.feeds.get(&(data_space.to_owned(), feed))
    }
}

impl Received {
    fn take(&mut self, delivery: Delivery, now: Timestamp) {
        let Delivery { key, deleted, hash, json } = delivery;
        self.deliveries += 1;
        let known = self.items.remove(&key);
        let was_live = known.as_ref().is_some_and(|kept| !kept.deleted);
        self.live = self.live + u64::from(!deleted) - u64::from(was_live);
        let mut kept = Kept {
            deleted,
            deliveries: 1,
            changes: 0,
            received_at: now,
            hash,
            item: json,
            changed_at: now,
            before: None,
        };
        if let Some(known) = known {
            let is_changed = known.hash != hash || known.deleted != deleted;
            kept.deliveries = known.deliveries + 1;
            kept.changes = known.changes + u64::from(is_changed);
            (kept.changed_at, kept.before) = match (is_changed, known.deleted) {
                (false, _) => (known.changed_at, known.before),
                (true, false) => (now, known.item),
                (true, true) => (now, None),
            };
        }
        self.items.insert(key, kept);
    }

    /// The numbers.
    pub(super) fn totals(&self) -> Totals {
        let deleted = self.items.len() as u64 - self.live;
        Totals { live: self.live, deleted, received: self.deliveries }
    }

    /// The item with this key; deleted ones, too.
    pub(super) fn item(&self, key: &str) -> Option<&Kept> {
        self.items.get(key)
    }

    /// Items whose keys begin with this, in their order; deleted ones, too.
    pub(super) fn beginning_with<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = (&'a String, &'a Kept)> {
        let range = self.items.range::<str, _>((Bound::Included(begin), Bound::Unbounded));
        range.take_while(move |(key, _)| key.starts_with(begin))
    }

    /// Items after a key, in the order of their keys. `deleted` picks deleted ones or live ones.
    pub(super) fn after(&self, key: Option<&str>, deleted: bool) -> impl Iterator<Item = (&String, &Kept)> {
        let start = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.items.range::<str, _>((start, Bound::Unbounded)).filter(move |(_, kept)| kept.deleted == deleted)
    }
}

impl Kept {
    /// What a service that works as it should shows of it: what arrived, once it had so long to be taken in.
    pub(super) fn shown(&self, now: Timestamp, visible_after: SignedDuration) -> Option<&RawValue> {
        if now.duration_since(self.changed_at) < visible_after {
            return self.before.as_deref();
        }
        self.item.as_deref().filter(|_| !self.deleted)
    }

    /// What it was before it was changed or deleted; what it is, if it never was.
    pub(super) fn stale(&self) -> Option<&RawValue> {
        self.before.as_deref().or(self.item.as_deref().filter(|_| !self.deleted))
    }

    /// Whether it was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.deleted
    }
}

/// The hash of an item's content, without the fields that say when it was made.
pub(super) fn content_hash(item: &serde_json::Map<String, serde_json::Value>) -> [u8; 20] {
    let mut hash = Sha1::new();
    for (name, value) in item.iter().filter(|(name, _)| !matches!(name.as_str(), "modifiedAt" | "updatedAt")) {
        hash.update(name);
        hash.update(b"\0");
        hash.update(value.to_string());
        hash.update(b"\0");
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn delivery(key: &str, value: &Value) -> Delivery {
        let hash = content_hash(value.as_object().expect("an object"));
        Delivery { key: key.to_owned(), deleted: value["deleted"] == true, hash, json: None }
    }

    fn received(values: &[(&str, Value)]) -> Store {
        let mut store = Store::default();
        for (key, value) in values {
            store.receive("space", Feed::Products, vec![delivery(key, value)], Timestamp::UNIX_EPOCH);
        }
        store
    }

    #[test]
    fn repeated_deliveries_are_counted_and_only_the_last_state_is_kept() {
        let store = received(&[
            ("a", json!({"n": 1, "modifiedAt": "x"})),
            ("a", json!({"n": 1, "modifiedAt": "y"})),
            ("a", json!({"n": 2, "modifiedAt": "z"})),
            ("b", json!({"n": 1})),
        ]);
        let products = store.received("space", Feed::Products).expect("products");
        assert_eq!(products.totals(), Totals { live: 2, deleted: 0, received: 4 });
        let (_, kept) = products.after(None, false).next().expect("an item");
        assert_eq!((kept.deliveries, kept.changes), (3, 1));
    }

    #[test]
    fn a_deletion_takes_the_live_item_away_and_coming_back_brings_it() {
        let gone = json!({"n": 1, "deleted": true});
        let live = json!({"n": 1, "deleted": false});
        let store = received(&[("a", live.clone()), ("a", gone.clone()), ("never there", gone)]);
        let totals = store.received("space", Feed::Products).expect("products").totals();
        assert_eq!(totals, Totals { live: 0, deleted: 2, received: 3 });
        let store = received(&[("a", json!({"deleted": true})), ("a", live)]);
        let totals = store.received("space", Feed::Products).expect("products").totals();
        assert_eq!(totals, Totals { live: 1, deleted: 0, received: 2 });
    }

    #[test]
    fn pages_go_on_after_a_key() {
        let store = received(&[("b", json!({})), ("a", json!({})), ("c", json!({"deleted": true})), ("d", json!({}))]);
        let products = store.received("space", Feed::Products).expect("products");
        let keys = |after, deleted| products.after(after, deleted).map(|(key, _)| key.as_str()).collect::<Vec<_>>();
        assert_eq!(keys(None, false), ["a", "b", "d"]);
        assert_eq!(keys(Some("a"), false), ["b", "d"]);
        assert_eq!(keys(None, true), ["c"]);
    }

    #[test]
    fn data_spaces_and_feeds_are_apart() {
        let store = received(&[("a", json!({}))]);
        assert!(store.received("other", Feed::Products).is_none());
        assert!(store.received("space", Feed::Prices).is_none());
    }
}
