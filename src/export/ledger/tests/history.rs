//! Earlier states, and the payloads that are kept.

use super::*;
use crate::export::ledger::history::KEPT_ATTEMPTS;

impl Shop {
    fn number(&self, sql: &str) -> i64 {
        self.store.connection.query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    /// Sends what changed of these items, and keeps `body` of it.
    fn send(&mut self, items: &[FeedItem], body: &[u8]) -> Vec<Outgoing> {
        let sent = self.collect(items).send;
        self.answer_and_keep(&sent, status::SUBMITTED, Kept::Body(body.to_vec()));
        sent
    }

    fn bodies(&self) -> Vec<(i64, Vec<u8>)> {
        let sql = "SELECT items, gzip FROM payloads JOIN bodies ON payload = id ORDER BY id";
        let mut select = self.store.connection.prepare(sql).expect(sql);
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("read");
        rows.map(|row| row.expect("a body")).collect()
    }
}

#[test]
fn a_payload_is_kept_as_long_as_it_is_the_last_of_an_item() {
    let mut shop = Shop::new(Feed::Products);
    shop.send(&[product("A", "1"), product("B", "1"), product("C", "1")], b"first");
    assert_eq!(shop.bodies(), [(3, b"first".to_vec())]);
    shop.send(&[product("A", "2"), product("B", "1"), product("C", "1")], b"second");
    assert_eq!(shop.bodies(), [(2, b"first".to_vec()), (1, b"second".to_vec())]);
    shop.send(&[product("A", "2"), product("B", "3"), product("C", "3")], b"third");
    assert_eq!(shop.bodies(), [(1, b"second".to_vec()), (2, b"third".to_vec())], "nobody points to the first");
    assert_eq!(shop.number("SELECT place FROM items WHERE label LIKE 'C%'"), 1, "its place in the newest");
}

#[test]
fn a_try_again_points_to_the_same_payload_and_a_run_that_keeps_nothing_to_none() {
    let mut shop = Shop::new(Feed::Products);
    let sent = shop.collect(&[product("A", "1"), product("B", "1")]).send;
    let entry = shop.answer_and_keep(&sent, status::SUBMITTED, Kept::Body(b"first".to_vec()));
    shop.answer_and_keep(&sent, status::SUBMITTED, Kept::AsBefore(entry));
    assert_eq!(shop.bodies(), [(2, b"first".to_vec())]);
    shop.answer_and_keep(&sent[..1], status::SUBMITTED, Kept::Nothing);
    assert_eq!(shop.bodies(), [(1, b"first".to_vec())], "what is shown as sent last is never older than that");
    assert_eq!(shop.number("SELECT payload IS NULL AND place IS NULL FROM items WHERE label LIKE 'A%'"), 1);
    shop.store.drop_payloads(Feed::Products).expect("dropped");
    assert_eq!(shop.bodies(), []);
    shop.send(&[product("A", "2"), product("B", "1")], b"second");
    assert_eq!(shop.number("SELECT count(*) FROM items JOIN bodies USING (payload)"), 1, "no number is given twice");
}

#[test]
fn what_is_forgotten_takes_its_history_along() {
    let mut shop = Shop::new(Feed::Categories);
    shop.send(&[category("3", "old")], b"old");
    shop.send(&[category("3", "new")], b"new");
    assert_eq!(shop.bodies(), [(1, b"new".to_vec())], "a moved category stays one row");
    let again = shop_again(&mut shop);
    shop.answer(&again, status::REFUSED);
    shop.store.forget_feed(Feed::Categories).expect("forgotten");
    assert_eq!(shop.bodies(), []);
    assert_eq!(shop.number("SELECT count(*) FROM attempts"), 0);
}

fn shop_again(shop: &mut Shop) -> Vec<Outgoing> {
    shop.store.begin_feed(Feed::Categories, Resend::All).expect("begun");
    shop.store.compare(vec![LedgerEntry::Whole(category("3", "new"))], now()).expect("compared").send
}

#[test]
fn each_item_of_a_request_has_its_own_answer_and_what_had_none_is_as_before() {
    let mut shop = Shop::new(Feed::Products);
    let sent = shop.collect(&["A", "B", "C", "D", "E", "F", "G", "H"].map(|sku| product(sku, "1"))).send;
    let (submitted, refused) = ((status::SUBMITTED, ""), (status::REFUSED, "no name"));
    // D travels elsewhere, and C gets no answer; B and F are refused, and G comes before E.
    let places = [(0, Some(submitted)), (1, Some(refused)), (2, None), (5, Some(refused)), (6, Some(submitted))];
    let places = [&places[..], &[(4, Some(submitted)), (7, Some(submitted))]].concat();
    let rows: Vec<i64> = places.iter().map(|(item, _)| sent[*item].row).collect();
    let kept = Kept::Body(b"body".to_vec());
    let attempt = Attempt { run: 1, feed: Feed::Products, rows: rows.clone(), bytes: 9, number: 1, kept };
    let batch = shop.store.journal(&attempt, now()).expect("journaled");
    let verdicts = places.iter().enumerate().filter_map(|(place, (_, outcome))| {
        let (status, error) = (*outcome)?;
        Some(BatchOutcome { row: rows[place], place, status, error: error.into(), code: SafeText::default() })
    });
    let answer = Answer { batch, status: Some(200), request_id: None, verdicts: verdicts.collect() };
    shop.store.record(&answer, now()).expect("recorded");
    let sql =
        "SELECT substr(label, 1, 1) || ' ' || coalesce(status || ' ' || coalesce(error, '') || ' ' || place, 'none')
               FROM items ORDER BY id";
    let mut select = shop.store.connection.prepare(sql).expect(sql);
    let found: rusqlite::Result<Vec<String>> = select.query_map([], |row| row.get(0)).expect(sql).collect();
    let refused = |item: &str, place: u8| format!("{item} {} no name {place}", status::REFUSED);
    let submitted = |item: &str, place: u8| format!("{item} 200  {place}");
    let expected = [submitted("A", 0), refused("B", 1), "C none".to_owned(), "D none".to_owned()];
    let expected =
        [&expected[..], &[submitted("E", 5), refused("F", 3), submitted("G", 4), submitted("H", 6)]].concat();
    assert_eq!(found.expect(sql), expected);
    drop(select);
    assert_eq!(shop.bodies(), [(6, b"body".to_vec())]);
}

#[test]
fn the_newest_states_of_an_item_are_remembered() {
    let mut shop = Shop::new(Feed::Products);
    let tries = i64::try_from(KEPT_ATTEMPTS).expect("small") + 5;
    for second in 0..tries {
        let at = now() + jiff::Span::new().seconds(second);
        shop.store.begin_feed(Feed::Products, Resend::All).expect("begun");
        let sent = shop.store.compare(vec![LedgerEntry::Whole(product("A", "a"))], at).expect("compared").send;
        let row = sent[0].row;
        let kept = Kept::Nothing;
        let attempt = Attempt { run: 1, feed: Feed::Products, rows: vec![row], bytes: 9, number: 1, kept };
        let batch = shop.store.journal(&attempt, at).expect("journaled");
        let error = "why".into();
        let outcome = BatchOutcome { row, place: 0, status: second, error, code: SafeText::default() };
        let answer = Answer { batch, status: Some(200), request_id: None, verdicts: vec![outcome] };
        shop.store.record(&answer, at).expect("recorded");
    }
    let kept = i64::try_from(KEPT_ATTEMPTS).expect("small") - 1;
    assert_eq!(shop.number("SELECT count(*) FROM attempts"), kept, "and the present one is in its row");
    assert_eq!(shop.number("SELECT max(status) FROM attempts"), tries - 2);
    assert_eq!(shop.number("SELECT min(status) FROM attempts"), tries - 1 - kept);
}

#[test]
fn a_record_that_stays_broken_is_one_state() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a")]);
    for (second, reason) in [(1, "no status"), (2, "no status"), (3, "no name")] {
        let at = now() + jiff::Span::new().seconds(second);
        shop.store.begin_feed(Feed::Products, Resend::None).expect("begun");
        let broken = LedgerEntry::Broken { item: product("A", "?"), reason: reason.into() };
        shop.store.compare(vec![broken], at).expect("compared");
    }
    assert_eq!(shop.number("SELECT count(*) FROM attempts WHERE status = 200"), 1);
    assert_eq!(shop.number("SELECT count(*) FROM attempts"), 1);
    let since = (now() + jiff::Span::new().seconds(3)).as_millisecond();
    assert_eq!(shop.number("SELECT modified_at FROM items WHERE error = 'no name'"), since);
}
