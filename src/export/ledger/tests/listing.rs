//! Pages of items against the plain way: read everything, filter, sort, cut.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What a row is made of, by the test.
#[derive(Debug, Clone)]
struct Seed {
    label: String,
    source_id: Option<i64>,
    status: Option<i64>,
    is_deleted: bool,
    request: Option<i64>,
    error: Option<&'static str>,
}

const STATUSES: [Option<i64>; 12] = [
    None,
    Some(200),
    Some(200),
    Some(400),
    Some(0),
    Some(1),
    Some(2),
    Some(-2),
    Some(429),
    Some(503),
    Some(407),
    Some(600),
];

fn seed() -> impl Strategy<Value = Seed> {
    // Few different values, so that keys are equal often.
    let label =
        prop_oneof!["[ab]{0,2}", select(vec!["É-1".to_owned(), "é-2".to_owned(), "10".to_owned(), "%_".to_owned()])];
    let source_id = prop_oneof![Just(None), (0_i64..4).prop_map(Some), Just(Some(10))];
    let request = prop_oneof![Just(None), (1_i64..4).prop_map(Some)];
    let error = select(vec![None, Some("Bad SKU"), Some("no price"), Some("É")]);
    (label, source_id, select(STATUSES.to_vec()), any::<bool>(), request, error).prop_map(
        |(label, source_id, status, is_deleted, request, error)| Seed {
            label,
            source_id,
            status,
            is_deleted,
            request,
            error: error.filter(|_| status.is_some_and(|status| status != 200)),
        },
    )
}

fn query() -> impl Strategy<Value = ItemQuery> {
    let search = select(vec!["", "", "a", "AB", "é", "10", "%", "zz"]);
    let state = select(vec![
        None,
        None,
        Some(ItemState::Awaiting),
        Some(ItemState::Submitted),
        Some(ItemState::WillRetry),
        Some(ItemState::NeedsAttention),
    ]);
    let error = select(vec!["", "", "", "sku", "é"]);
    (search, state, error, select(ItemOrder::ALL.to_vec())).prop_map(|(search, state, error, order)| ItemQuery {
        feed: Feed::Products,
        search: search.to_owned(),
        state,
        error: error.to_owned(),
        order,
    })
}

fn ledger_with(seeds: &[Seed]) -> (TempDir, LedgerReader) {
    let state = tempfile::tempdir().expect("a directory");
    let store = Store::open(state.path(), &space()).expect("a new ledger");
    store.connection.execute_batch("BEGIN").expect("begun");
    for (number, seed) in seeds.iter().enumerate() {
        let sql =
            "INSERT INTO items (feed, feed_id, source_id, label, minimal, hash, deleted, status, error, modified_at, batch)
                   VALUES (?1, ?2, ?3, ?4, x'', x'', ?5, ?6, ?7, 0, ?8)";
        // Every seventh belongs to another feed.
        let feed = feed_code(if number % 7 == 6 { Feed::Prices } else { Feed::Products });
        let id = number.to_le_bytes();
        let Seed { label, source_id, status, is_deleted, request, error } = seed;
        let values = rusqlite::params![feed, id, source_id, label, is_deleted, status, error, request];
        store.connection.execute(sql, values).expect("inserted");
    }
    store.connection.execute_batch("COMMIT").expect("committed");
    let reader = LedgerReader::open(state.path(), &space()).expect("readable").expect("there");
    (state, reader)
}

/// The numbers of the rows of a query, in its order, by the plain way.
fn plainly(seeds: &[Seed], query: &ItemQuery) -> Vec<i64> {
    let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    let mut rows: Vec<(i64, &Seed)> = seeds
        .iter()
        .enumerate()
        .filter(|(number, seed)| {
            let is_searched =
                contains(&seed.label, &query.search) || seed.source_id.is_some_and(|id| id.to_string() == query.search);
            let is_gone = seed.status == Some(200) && seed.is_deleted;
            number % 7 != 6
                && is_searched
                && query.state.is_none_or(|state| state_of_status(seed.status) == state && !is_gone)
                && (query.error.is_empty() || contains(seed.error.unwrap_or_default(), &query.error))
        })
        .map(|(number, seed)| (i64::try_from(number + 1).expect("small"), seed))
        .collect();
    match query.order {
        ItemOrder::Label => rows.sort_by_key(|(number, seed)| (seed.label.clone(), *number)),
        ItemOrder::SourceId => rows.sort_by_key(|(number, seed)| (seed.source_id, *number)),
        ItemOrder::Newest => rows.sort_by_key(|(number, seed)| std::cmp::Reverse((seed.request, *number))),
    }
    rows.into_iter().map(|(number, _)| number).collect()
}

fn numbers(page: &ItemPage) -> Vec<i64> {
    page.rows.iter().map(|row| row.number.0).collect()
}

fn page(reader: &LedgerReader, query: &ItemQuery, from: &PageFrom, limit: usize) -> ItemPage {
    reader.page(query, from, limit, &mut |_| true).expect("read").expect("not ended")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_what_the_plain_way_gives(
        seeds in prop::collection::vec(seed(), 0..60), query in query(), limit in 1_usize..9,
    ) {
        let (_state, reader) = ledger_with(&seeds);
        let expected = plainly(&seeds, &query);
        prop_assert_eq!(reader.count_items(&query, &mut |_| true).unwrap(), Some(expected.len() as u64));
        // Forwards.
        let (mut from, mut met) = (PageFrom::Start, Vec::new());
        loop {
            let page = page(&reader, &query, &from, limit);
            prop_assert_eq!(page.has_before, !met.is_empty());
            met.extend(numbers(&page));
            prop_assert_eq!(page.has_after, met.len() < expected.len());
            match page.rows.into_iter().last().filter(|_| page.has_after) {
                Some(last) => from = PageFrom::After(last),
                None => break,
            }
        }
        prop_assert_eq!(&met, &expected);
        // Backwards, and each page again from its first row.
        let (mut from, mut met) = (PageFrom::End, Vec::new());
        loop {
            let page = page(&reader, &query, &from, limit);
            let Some(first) = page.rows.first().cloned() else { break };
            let again = self::page(&reader, &query, &PageFrom::At(first.clone()), page.rows.len());
            prop_assert_eq!((numbers(&again), again.has_before), (numbers(&page), page.has_before));
            met.splice(0..0, numbers(&page));
            prop_assert_eq!(page.has_before, met.len() < expected.len());
            if !page.has_before {
                break;
            }
            from = PageFrom::Before(first);
        }
        prop_assert_eq!(met, expected);
    }
}

#[test]
fn the_ranges_of_a_state_are_the_codes_of_that_state() {
    let seeds: Vec<Seed> = (-10..=700)
        .map(|code| Seed {
            label: code.to_string(),
            source_id: None,
            status: Some(code),
            is_deleted: false,
            request: None,
            error: None,
        })
        .collect();
    let (_state, reader) = ledger_with(&seeds);
    for state in [ItemState::Awaiting, ItemState::Submitted, ItemState::WillRetry, ItemState::NeedsAttention] {
        let query = ItemQuery { state: Some(state), ..ItemQuery::all(Feed::Products) };
        let expected = plainly(&seeds, &query).len() as u64;
        assert_eq!(reader.count_items(&query, &mut |_| true).expect("read"), Some(expected), "{state:?}");
    }
}

#[test]
fn a_search_that_is_not_wanted_any_more_ends_at_its_next_step() {
    let seed = Seed {
        label: "a".to_owned(),
        source_id: Some(1),
        status: Some(200),
        is_deleted: false,
        request: None,
        error: None,
    };
    let (_state, reader) = ledger_with(&vec![seed; 12_000]);
    let query = ItemQuery { search: "nowhere".to_owned(), ..ItemQuery::all(Feed::Products) };
    for order in ItemOrder::ALL {
        let query = ItemQuery { order, ..query.clone() };
        let mut reported = Vec::new();
        let mut once = |looked| {
            reported.push(looked);
            false
        };
        assert_eq!(reader.page(&query, &PageFrom::Start, 10, &mut once).expect("read"), None, "{order:?}");
        assert_eq!(reported.len(), 1, "{order:?}");
        assert_eq!(reader.count_items(&query, &mut |_| false).expect("read"), None, "{order:?}");
        let mut looked = 0;
        let page = reader.page(&query, &PageFrom::Start, 10, &mut |so_far| {
            looked = so_far;
            true
        });
        assert_eq!(page.expect("read"), Some(ItemPage::default()), "{order:?}");
        assert!(looked >= 10_000, "{order:?}: {looked}");
    }
}

#[test]
fn an_item_is_told_with_its_history_and_what_was_sent_of_it() {
    let mut shop = Shop::new(Feed::Products);
    let items = [product("A", "a"), product("B", "b")];
    let sent = shop.collect(&items).send;
    let body = crate::export::encode(items.iter()).expect("to memory");
    shop.answer_and_keep(&sent, 503, Kept::Body(body.clone()));
    let sent = shop.collect(&items).send;
    shop.answer_and_keep(&sent, status::SUBMITTED, Kept::Body(body));
    let detail = shop.reader().detail(ItemNumber(2)).expect("read").expect("there");
    assert_eq!(detail.row.label.as_str(), "B · default");
    let identity: Vec<(&str, &str)> =
        detail.identity.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(identity, [("sku", "B"), ("storeViewCode", "default")]);
    let states: Vec<ItemState> = detail.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [ItemState::Submitted, ItemState::WillRetry]);
    assert_eq!(detail.attempts[1].request_id.as_ref().map(SafeText::as_str), Some("req-1"));
    let request = detail.request.expect("in the journal");
    assert_eq!((request.number, request.items, request.status), (1, 2, Some(200)));
    let (at, payload) = detail.sent.expect("kept");
    assert_eq!((at, &payload["sku"], &payload["name"]), (now(), &json!("B"), &json!("b")));
    assert!(shop.reader().detail(ItemNumber(3)).expect("read").is_none());
}
