//! A ledger of a million items: how long a page takes, and what keeping payloads costs.
//!
//! Ignored by default: it writes some hundreds of megabytes, and its times mean something only in a release build on a quiet
//! machine:
//!
//! ```sh
//! cargo test --release --lib ledger::tests::million -- --ignored --nocapture
//! ```
#![allow(clippy::print_stdout, reason = "a bench job: it prints figures")]

use std::time::{Duration, Instant};

use super::*;
use crate::feeds::content::Fields;

const ITEMS: u32 = 1_000_000;
const BATCH: u32 = 100;
/// How long a page may take that an index serves.
const PAGE: Duration = Duration::from_millis(50);
/// How long a page may take for which everything is looked at.
const SCAN: Duration = Duration::from_secs(5);

/// An item with about a kilobyte of payload.
fn item(number: u32) -> FeedItem {
    let value = json!({
        "sku": format!("SKU-{:07}", number.wrapping_mul(7_919) % ITEMS),
        "storeViewCode": if number.is_multiple_of(2) { "default" } else { "german" },
        "name": format!("Product {number}"),
        "description": format!("Number {number} of many. ").repeat(20),
        "price": number % 1_000,
        "attributes": {"colour": number % 7, "size": number % 11, "code": format!("{:x}", number.wrapping_mul(2_654_435_761))},
    });
    let fields: Fields = serde_json::from_value(value).expect("an object");
    FeedItem::new(Feed::Products, Some(u64::from(number)), fields, now()).expect("an item")
}

/// Sends a million items; returns how long writing took. Some fail, here and there and all at one place.
fn fill(store: &mut Store, keep: bool) -> Duration {
    let mut took = Duration::ZERO;
    store.begin_feed(Feed::Products, Resend::All).expect("begun");
    for batch in 0..ITEMS / BATCH {
        let items: Vec<FeedItem> = (batch * BATCH..(batch + 1) * BATCH).map(item).collect();
        let body = crate::export::encode(items.iter()).expect("to memory");
        let at = now() + jiff::Span::new().milliseconds(i64::from(batch));
        let begin = Instant::now();
        store.connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
        let sent = store.compare(items.into_iter().map(LedgerEntry::Whole).collect(), at).expect("compared").send;
        store.connection.execute_batch("COMMIT; BEGIN IMMEDIATE").expect("committed");
        let rows: Vec<i64> = sent.iter().map(|outgoing| outgoing.row).collect();
        let kept = if keep { Kept::Body(body) } else { Kept::Nothing };
        let attempt = Attempt { run: 1, feed: Feed::Products, rows: rows.clone(), bytes: 0, number: 1, kept };
        let entry = store.journal(&attempt, at).expect("journaled");
        store.connection.execute_batch("COMMIT; BEGIN IMMEDIATE").expect("committed");
        let verdicts = rows.into_iter().enumerate().map(|(place, row)| {
            let status = if row % 5_000 == 0 || batch == 7_000 { 400 } else { 200 };
            let error = if status == 400 { "name is too long" } else { "" };
            BatchOutcome { row, place, status, error: error.into(), code: SafeText::default() }
        });
        let answer = Answer { batch: entry, status: Some(200), request_id: None, verdicts: verdicts.collect() };
        store.record(&answer, at).expect("recorded");
        store.connection.execute_batch("COMMIT").expect("committed");
        took += begin.elapsed();
    }
    took
}

fn size(state: &Path) -> u64 {
    std::fs::metadata(path_of(state, &space())).expect("there").len() / (1 << 20)
}

#[test]
#[ignore = "minutes; see the head of this file"]
fn a_page_of_a_million_items_is_soon_there() {
    let state = tempfile::tempdir().expect("a directory");
    let mut store = Store::open(state.path(), &space()).expect("a new ledger");
    println!("written in {:.1?}, {} MiB", fill(&mut store, true), size(state.path()));
    println!("written again in {:.1?}, {} MiB", fill(&mut store, true), size(state.path()));
    let reader = LedgerReader::open(state.path(), &space()).expect("readable").expect("there");
    let states = [None, Some(ItemState::Submitted), Some(ItemState::NeedsAttention), Some(ItemState::Awaiting)];
    for (search, error, most) in [("", "", PAGE), ("", "too long", PAGE), ("0123", "", SCAN), ("nowhere", "", SCAN)] {
        for state in states {
            for order in ItemOrder::ALL {
                let query =
                    ItemQuery { feed: Feed::Products, search: search.into(), state, error: error.into(), order };
                let mut longest = Duration::ZERO;
                let begin = Instant::now();
                let count = reader.count_items(&query, &mut |_| true).expect("read").expect("not ended");
                let counted = begin.elapsed();
                let mut from = PageFrom::Start;
                for _ in 0..20 {
                    let begin = Instant::now();
                    let page = reader.page(&query, &from, 200, &mut |_| true).expect("read").expect("not ended");
                    longest = longest.max(begin.elapsed());
                    match page.rows.into_iter().last().filter(|_| page.has_after) {
                        Some(last) => from = PageFrom::After(last),
                        None => break,
                    }
                }
                let begin = Instant::now();
                reader.page(&query, &PageFrom::End, 200, &mut |_| true).expect("read").expect("not ended");
                longest = longest.max(begin.elapsed());
                println!(
                    "{search:8} {error:8} {state:?} {order:?}: {count} items in {counted:.1?}, a page in {longest:.1?}"
                );
                assert!(longest <= most, "{longest:?}");
            }
        }
    }
}

#[test]
#[ignore = "minutes; see the head of this file"]
fn what_keeping_payloads_costs() {
    for keep in [false, true] {
        let state = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(state.path(), &space()).expect("a new ledger");
        let first = fill(&mut store, keep);
        println!("keep_payloads = {keep}: written in {first:.1?}, {} MiB", size(state.path()));
    }
}
