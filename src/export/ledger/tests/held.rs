//! Holding back: what is counted before the first deletion, how it adds up over a day, and who lets it go. And how long settled
//! deletions are remembered.

use jiff::SignedDuration;

use super::*;
use crate::domain::{MAX_DELETE, Most};
use crate::export::held::{Held, Limit, What};

const USUAL: Limit = Limit { usual: MAX_DELETE, now: None };

fn products(range: std::ops::Range<u64>) -> Vec<FeedItem> {
    range.map(|number| keyed(number, "a")).collect()
}

fn keyed(number: u64, name: &str) -> FeedItem {
    let Value::Object(fields) = json!({"sku": format!("P{number}"), "storeViewCode": "default", "name": name}) else {
        panic!("an object")
    };
    FeedItem::new(Feed::Products, Some(number), fields, now()).expect("an item")
}

fn hours(hours: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_hours(hours)).expect("a time")
}

impl Shop {
    fn count(&mut self, place: SweepScope) -> Measure {
        let mut measure = Measure::default();
        let mut next = Some(place);
        while let Some(place) = next {
            let (step, then) = self.store.count_gone(place).expect("counted");
            measure.add(step, 3);
            next = then;
        }
        measure
    }

    fn ask(&mut self, place: SweepScope, limit: Limit, at: Timestamp) -> Option<Held> {
        let measure = self.count(place);
        let is_whole = matches!(place, SweepScope::Feed(..));
        let ruling = Ruling { feed: self.feed, what: What::Deletions, limit, is_whole, now: at };
        self.store.rule(&ruling, measure).expect("ruled")
    }

    /// A full compare of what is there; what is gone is deleted unless that is held back.
    fn go_through(&mut self, there: &[FeedItem], limit: Limit, at: Timestamp) -> Result<usize, Held> {
        let compared = self.collect(there);
        self.answer(&compared.send, status::SUBMITTED);
        match self.ask(SweepScope::WHOLE, limit, at) {
            Some(held) => Err(held),
            None => Ok(self.delete(SweepScope::WHOLE, at)),
        }
    }

    fn delete(&mut self, place: SweepScope, at: Timestamp) -> usize {
        let (mut deleted, mut next) = (0, Some(place));
        while let Some(place) = next {
            let swept = self.store.sweep(place, at).expect("swept");
            self.answer(&swept.gone, status::SUBMITTED);
            deleted += swept.gone.len();
            next = swept.next;
        }
        deleted
    }
}

#[test]
fn too_many_deletions_are_counted_before_the_first_and_none_of_them_is_intended() {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    shop.deliver(&products(0..5_000));
    let held = shop.go_through(&products(0..4_499), USUAL, now()).expect_err("held back");
    assert_eq!((held.items, held.size, held.examples.len(), held.since), (501, 5_000, 3, None));
    assert!(held.sentence().contains("501 of 5,000 items"), "{}", held.sentence());
    assert_eq!(
        shop.store.connection.query_row("SELECT count(*) FROM items WHERE deleted = 1", [], |row| row.get(0)),
        Ok(0)
    );
    assert_eq!(shop.go_through(&products(0..4_500), USUAL, now()), Ok(500), "a tenth is no more than a tenth");
}

#[test]
fn what_comes_in_parts_adds_up_for_a_day() {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    shop.deliver(&products(0..5_000));
    assert_eq!(shop.go_through(&products(0..4_550), USUAL, hours(0)), Ok(450));
    let held = shop.go_through(&products(0..4_100), USUAL, hours(1)).expect_err("with those of before");
    assert_eq!((held.items, held.size), (900, 5_000));
    assert_eq!(shop.go_through(&products(0..4_100), USUAL, hours(25)), Ok(450), "a day later they are measured alone");
}

#[test]
fn a_feed_stays_held_for_parts_until_a_full_compare_finds_few_or_a_person_allows() {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    shop.deliver(&products(0..2_000));
    shop.go_through(&products(0..1_000), USUAL, hours(0)).expect_err("held back");
    // A part of it, such as a partial sync looks at: one item.
    let part = |shop: &mut Shop, limit| {
        shop.store.begin_feed(Feed::Products, Resend::None).expect("begun");
        shop.store.choose_keys(&[1_500]).expect("chosen");
        shop.ask(SweepScope::Key(i64::MIN), limit, hours(48))
    };
    let held = part(&mut shop, USUAL).expect("still held");
    assert_eq!((held.items, held.since), (1_000, Some(hours(0))));
    let allowed = Limit { now: Some(Most::Items(5)), ..USUAL };
    assert_eq!(part(&mut shop, allowed), None, "who names items and a number is obeyed");
    assert_eq!(shop.delete(SweepScope::Key(i64::MIN), hours(48)), 1);
    part(&mut shop, USUAL).expect("held for all others");
    // A number that is too small, then the right one; after that the day begins again.
    let small = Limit { now: Some(Most::Items(998)), ..USUAL };
    assert_eq!(
        shop.go_through(&products(0..1_000), small, hours(49)).expect_err("one too many").most,
        Most::Items(998)
    );
    let right = Limit { now: Some(Most::Items(1_000)), ..USUAL };
    assert_eq!(shop.go_through(&products(0..1_000), right, hours(49)), Ok(999));
    assert_eq!(shop.go_through(&products(0..900), USUAL, hours(50)), Ok(100), "what was allowed does not count");
    // Held, and the shop was mended: a full compare lets go.
    shop.go_through(&products(0..100), USUAL, hours(51)).expect_err("held back");
    assert_eq!(shop.go_through(&products(0..900), USUAL, hours(52)), Ok(0));
    assert_eq!(part(&mut shop, USUAL), None);
}

#[test]
fn a_deletion_that_failed_is_not_counted_twice() {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    shop.deliver(&products(0..1_000));
    shop.collect(&products(0..900));
    assert_eq!(shop.ask(SweepScope::WHOLE, USUAL, now()), None);
    let gone = shop.sweep().gone;
    shop.answer(&gone, 503);
    shop.collect(&products(0..900));
    assert_eq!(shop.count(SweepScope::WHOLE).items, 0);
    assert_eq!(shop.ask(SweepScope::WHOLE, USUAL, now()), None);
    assert_eq!(shop.sweep().gone.len(), 100, "it is sent again");
}

#[test]
fn changes_are_counted_without_a_trace_and_held_ones_stay_as_they_are() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&products(0..4));
    let there: Vec<FeedItem> = (1..6).map(|number| keyed(number, "b")).collect();
    shop.store.begin_feed(Feed::Products, Resend::None).expect("begun");
    let measure = shop.store.count_changed(&there).expect("counted");
    assert_eq!((measure.items, measure.examples.len()), (3, 3));
    shop.store.hold_changes();
    let compared =
        shop.store.compare(there.iter().cloned().map(LedgerEntry::Whole).collect(), now()).expect("compared");
    assert_eq!(labels(&compared.send), [("P4 · default", Why::New), ("P5 · default", Why::New)]);
    assert_eq!(labels(&shop.sweep().gone), [("P0 · default", Why::Gone)], "what is held is there");
    assert_eq!(shop.collect(&there).send.len(), 5);
}

#[test]
fn settled_deletions_are_dropped_when_they_are_old_and_nothing_else_is() {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    shop.deliver(&products(0..2_600));
    let there = products(0..100);
    shop.collect(&there);
    assert_eq!(shop.delete(SweepScope::WHOLE, now()), 2_500);
    // Another, whose deletion fails.
    shop.collect(&products(1..100));
    let mut next = Some(SweepScope::WHOLE);
    while let Some(place) = next {
        let swept = shop.store.sweep(place, now()).expect("swept");
        shop.answer(&swept.gone, 503);
        next = swept.next;
    }
    let mut drop_before = |at| {
        let mut steps = 1;
        while !shop.store.drop_deletions(Feed::Products, at).expect("dropped") {
            steps += 1;
        }
        steps
    };
    assert_eq!(drop_before(now()), 1, "they are not older than that");
    assert_eq!(drop_before(hours(1)), 3, "in steps");
    let number = |sql: &str| shop.store.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("counted");
    assert_eq!(number("SELECT count(*) FROM items"), 100);
    assert_eq!(number("SELECT count(*) FROM items WHERE deleted = 1"), 1, "what failed is still to be deleted");
    assert_eq!(number("SELECT count(*) FROM attempts WHERE item NOT IN (SELECT id FROM items)"), 0);
    assert_eq!(shop.collect(&products(1..101)).send[0].why, Why::New, "one that comes back is new");
}
