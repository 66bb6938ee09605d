//! Batches: items of one feed that travel in one request, and the bytes they become.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::ledger::Outgoing;
use crate::feeds::item::FeedItem;

/// How hard bodies are compressed, 1–9. At the gateway's two requests a second the line is what is short: 5 makes catalogue JSON two fifths
/// smaller than 1. Level 6 makes it another 3 % smaller and takes an eighth longer, on a server that has other work.
const GZIP_LEVEL: u32 = 5;

/// Bytes of a body that are no items: the brackets.
const BRACKETS: usize = 2;
/// Bytes between two items: the comma.
const COMMA: usize = 1;

/// Items that travel together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    items: Vec<Outgoing>,
    bytes: usize,
}

impl Batch {
    fn new(items: Vec<Outgoing>) -> Self {
        let bytes = items.iter().map(cost).sum();
        Self { items, bytes }
    }

    /// The items, in sending order.
    pub fn items(&self) -> &[Outgoing] {
        &self.items
    }

    /// The rows of the items, in sending order.
    pub fn rows(&self) -> Vec<i64> {
        self.items.iter().map(|outgoing| outgoing.row).collect()
    }

    /// The size of its request's body before it is compressed.
    pub fn body_bytes(&self) -> usize {
        self.bytes + BRACKETS - COMMA
    }

    /// The body of its request. CPU work.
    pub fn encode(&self) -> std::io::Result<Vec<u8>> {
        encode(self.items.iter().map(|outgoing| &outgoing.item))
    }

    /// The same batch without the items at these places (ascending).
    #[must_use]
    pub fn without(self, places: &[usize]) -> Self {
        let kept = self.items.into_iter().enumerate().filter(|(place, _)| places.binary_search(place).is_err());
        Self::new(kept.map(|(_, outgoing)| outgoing).collect())
    }

    /// Two batches of half the items each.
    pub fn halves(mut self) -> [Self; 2] {
        let second = self.items.split_off(self.items.len() / 2);
        [Self::new(self.items), Self::new(second)]
    }
}

/// The body of a request: one JSON array of these items, gzipped. CPU work.
pub fn encode<'a>(items: impl IntoIterator<Item = &'a FeedItem>) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
    gzip.write_all(b"[")?;
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            gzip.write_all(b",")?;
        }
        gzip.write_all(&item.json)?;
    }
    gzip.write_all(b"]")?;
    gzip.finish()
}

fn cost(outgoing: &Outgoing) -> usize {
    outgoing.item.json.len() + COMMA
}

/// Gathers items into batches, by count and by bytes.
#[derive(Debug)]
pub(super) struct Batcher {
    max_items: usize,
    max_bytes: usize,
    open: Batch,
}

impl Batcher {
    /// At most `max_items` items and `max_bytes` uncompressed bytes in a batch. An item that alone is larger than that
    /// travels alone: only the gateway can say whether it is too large.
    pub fn new(max_items: usize, max_bytes: usize) -> Self {
        Self { max_items: max_items.max(1), max_bytes, open: Batch::default() }
    }

    /// Another limit of items from now on, also for the batch that is being gathered.
    pub fn set_max_items(&mut self, max_items: usize) {
        self.max_items = max_items.max(1);
    }

    /// From now on at most so many bytes.
    pub fn limit_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Adds an item; returns the batch before it if that is full, or has no room for it.
    pub fn push(&mut self, outgoing: Outgoing) -> Option<Batch> {
        let bytes = self.open.bytes + cost(&outgoing) + BRACKETS - COMMA;
        let is_full = self.open.items.len() >= self.max_items || bytes > self.max_bytes;
        let full = if is_full { self.take() } else { None };
        self.open.bytes += cost(&outgoing);
        self.open.items.push(outgoing);
        full
    }

    /// What is left.
    pub fn take(&mut self) -> Option<Batch> {
        let batch = std::mem::take(&mut self.open);
        (!batch.items.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::Feed;
    use crate::export::ledger::Why;

    fn outgoing(row: i64, padding: usize) -> Outgoing {
        let fields = json!({"sku": row.to_string(), "storeViewCode": "d", "name": "x".repeat(padding)});
        let Value::Object(fields) = fields else { panic!("an object") };
        let item = FeedItem::new(Feed::Products, None, fields, jiff::Timestamp::UNIX_EPOCH).expect("an item");
        Outgoing { row, item, why: Why::New }
    }

    fn batches(mut batcher: Batcher, items: impl IntoIterator<Item = Outgoing>) -> Vec<Vec<i64>> {
        let mut full: Vec<Batch> = items.into_iter().filter_map(|item| batcher.push(item)).collect();
        full.extend(batcher.take());
        full.iter().map(Batch::rows).collect()
    }

    #[test]
    fn batches_end_at_the_item_limit() {
        let items = (1..=5).map(|row| outgoing(row, 0));
        assert_eq!(batches(Batcher::new(2, 1 << 20), items), [vec![1, 2], vec![3, 4], vec![5]]);
        let items = (1..=2).map(|row| outgoing(row, 0));
        assert_eq!(batches(Batcher::new(1, 1), items), [vec![1], vec![2]]);
        assert!(batches(Batcher::new(2, 100), []).is_empty());
    }

    #[test]
    fn batches_end_at_the_byte_limit_and_a_giant_travels_alone() {
        let small = outgoing(1, 0).item.json.len();
        // Room for exactly two small ones: two items, two brackets, one comma.
        let limit = 2 * small + 3;
        let items = [outgoing(1, 0), outgoing(2, 0), outgoing(3, 0), outgoing(4, 10 * limit), outgoing(5, 0)];
        assert_eq!(batches(Batcher::new(100, limit), items), [vec![1, 2], vec![3], vec![4], vec![5]]);
        let items = [outgoing(1, 0), outgoing(2, 0)];
        assert_eq!(batches(Batcher::new(100, limit - 1), items), [vec![1], vec![2]]);
    }

    #[test]
    fn a_body_is_a_gzipped_array_of_the_items_and_not_larger_than_promised() {
        let batch = Batch::new(vec![outgoing(1, 3), outgoing(2, 4)]);
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(&batch.encode().expect("gzip")[..]).read_to_end(&mut body).expect("gzip");
        assert_eq!(body.len(), batch.body_bytes());
        let sent: Vec<Value> = serde_json::from_slice(&body).expect("an array");
        assert_eq!(sent[1]["sku"], "2");
        assert_eq!(sent.len(), 2);
    }

    #[test]
    fn a_batch_can_lose_items_and_be_halved() {
        let batch = Batch::new((1..=5).map(|row| outgoing(row, 0)).collect());
        let rest = batch.without(&[0, 3]);
        assert_eq!(rest.rows(), [2, 3, 5]);
        let [first, second] = rest.halves();
        assert_eq!((first.rows(), second.rows()), (vec![2], vec![3, 5]));
        assert_eq!(second.bytes, second.items.iter().map(cost).sum::<usize>());
    }
}
