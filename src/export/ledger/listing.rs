//! Pages of items, and how many there are, over a ledger of any size.
//!
//! A page is found by the key of the row before it, along an index. Where a filter has no index, what passes is looked for in
//! short steps, between which the caller may end it; no step holds up a run that writes. Filters that few items pass are
//! answered by gathering those few: the caller then gets every order for the price of a sort.

mod order;

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::items::{ItemNumber, ItemOrder, ItemPage, ItemQuery, ItemRow, PageFrom};
use super::status::{self, OPEN, ranges_of, state_of_status};
use super::{LedgerError, LedgerReader, feed_code};
use crate::export::progress::ItemState;
use crate::untrusted::SafeText;
use order::{Leg, RowPosition, column_of, cut, in_order, legs};

/// How many index entries one step looks at: some milliseconds, even where each leads to a row.
const STEP: usize = 5_000;
/// How many items are gathered and sorted at most; beyond that so many pass that walking along the order finds a page soon.
const FEW: usize = 10_000;

/// What is read of a row, in this order.
const COLUMNS: &str = "id, label, source_id, status, deleted, modified_at, error, code, request_id, batch";

/// Told how many entries were looked at so far; says whether to continue.
pub type GoOn<'a> = &'a mut dyn FnMut(u64) -> bool;

impl LedgerReader {
    /// A page of at most `limit` items; `None` if `go_on` ended it. Blocking.
    pub fn page(
        &self,
        query: &ItemQuery,
        from: &PageFrom,
        limit: usize,
        go_on: GoOn<'_>,
    ) -> Result<Option<ItemPage>, LedgerError> {
        Listing::new(self, query, go_on).page(from, limit).map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    /// How many items a query has; `None` if `go_on` ended it. Blocking.
    pub fn count_items(&self, query: &ItemQuery, go_on: GoOn<'_>) -> Result<Option<u64>, LedgerError> {
        Listing::new(self, query, go_on).count().map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }
}

/// One question, and how far answering it has come.
struct Listing<'a> {
    reader: &'a LedgerReader,
    query: &'a ItemQuery,
    search: Needle,
    error: Needle,
    go_on: GoOn<'a>,
    looked: u64,
}

/// Ended by the caller.
struct Ended;

/// What a step found, or that it was the last.
type Found<T> = rusqlite::Result<Result<T, Ended>>;

impl<'a> Listing<'a> {
    fn new(reader: &'a LedgerReader, query: &'a ItemQuery, go_on: GoOn<'a>) -> Self {
        let (search, error) = (Needle::new(&query.search), Needle::new(&query.error));
        Self { reader, query, search, error, go_on, looked: 0 }
    }

    fn page(mut self, from: &PageFrom, limit: usize) -> rusqlite::Result<Option<ItemPage>> {
        let rows = match self.few()? {
            Err(Ended) => return Ok(None),
            Ok(Some(rows)) => return Ok(Some(cut(&rows, self.query.order, from, limit))),
            Ok(None) => self.walk(from, limit + 1)?,
        };
        let Ok(mut rows) = rows else { return Ok(None) };
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let is_backwards = matches!(from, PageFrom::End | PageFrom::Before(_));
        if is_backwards {
            rows.reverse();
        }
        // Whether there is something on the side that was not walked along.
        let has_behind = match (from, rows.first()) {
            (PageFrom::Start | PageFrom::End, _) => false,
            (PageFrom::After(_) | PageFrom::Before(_), _) | (PageFrom::At(_), None) => true,
            (PageFrom::At(_), Some(first)) => match self.walk(&PageFrom::Before(first.clone()), 1)? {
                Ok(before) => !before.is_empty(),
                Err(Ended) => return Ok(None),
            },
        };
        let (has_before, has_after) = if is_backwards { (has_more, has_behind) } else { (has_behind, has_more) };
        Ok(Some(ItemPage { rows, has_before, has_after }))
    }

    fn count(mut self) -> rusqlite::Result<Option<u64>> {
        let feed = feed_code(self.query.feed);
        if !self.search.is_set() && !self.error.is_set() {
            let Some(state) = self.query.state else {
                let sql = "SELECT count(*) FROM items WHERE feed = ?1";
                return self.reader.connection.query_row(sql, [feed], |row| row.get(0)).map(number).map(Some);
            };
            let count = |sql: &str| self.reader.connection.query_row(sql, [feed], |row| row.get(0)).map(number);
            if state == ItemState::Submitted {
                // Of accepted items no index has the state: they are all but the others.
                let all = count("SELECT count(*) FROM items WHERE feed = ?1")?;
                let open =
                    count(&format!("SELECT count(*) FROM items INDEXED BY items_open WHERE feed = ?1 AND {OPEN}"))?;
                // What the service was asked to delete, and accepted, is not there any more.
                let gone = "SELECT count(*) FROM items INDEXED BY items_gone
                            WHERE feed = ?1 AND deleted = 1 AND status = 200";
                return Ok(Some(all.saturating_sub(open + count(gone)?)));
            }
            let mut sum = 0;
            for range in ranges_of(state) {
                sum += count(&format!("SELECT count(*) FROM items INDEXED BY items_open WHERE feed = ?1 AND {range}"))?;
            }
            return Ok(Some(sum));
        }
        match self.few()? {
            Err(Ended) => return Ok(None),
            Ok(Some(rows)) => return Ok(Some(rows.len() as u64)),
            Ok(None) => {}
        }
        // So many pass that all have to be looked at: along the table, which is the way the disk likes best.
        let sql = format!("SELECT {COLUMNS} FROM items NOT INDEXED WHERE id > ?1 AND feed = ?2 ORDER BY id LIMIT ?3");
        let mut select = self.reader.connection.prepare_cached(&sql)?;
        let (mut after, mut count) = (i64::MIN, 0);
        loop {
            let mut rows = select.query(params![after, feed, limit_of(STEP)])?;
            let mut met = 0;
            while let Some(row) = rows.next()? {
                met += 1;
                after = row.get(0)?;
                count += u64::from(self.passes(row)?);
            }
            if met < STEP {
                return Ok(Some(count));
            }
            if self.step(met).is_err() {
                return Ok(None);
            }
        }
    }

    /// Every item of the query, if a filter makes them few; `None` if they are many.
    fn few(&mut self) -> Found<Option<Vec<ItemRow>>> {
        let ids = match self.few_by_state()? {
            Some(ids) => ids,
            // Along labels a search finds its page by walking.
            None if self.search.is_set() && self.query.order != ItemOrder::Label => match self.few_by_search()? {
                Err(Ended) => return Ok(Err(Ended)),
                Ok(Some(ids)) => ids,
                Ok(None) => return Ok(Ok(None)),
            },
            None => return Ok(Ok(None)),
        };
        let mut rows = Vec::new();
        for ids in ids.chunks(STEP) {
            for id in ids {
                rows.extend(self.row(*id)?);
            }
            if self.step(ids.len()).is_err() {
                return Ok(Err(Ended));
            }
        }
        rows.sort_unstable_by(|a, b| in_order(self.query.order, a, b));
        Ok(Ok(Some(rows)))
    }

    /// The items in the states of the query, if they are few. Only what failed has an error.
    fn few_by_state(&self) -> rusqlite::Result<Option<Vec<i64>>> {
        let ranges = match self.query.state {
            Some(ItemState::Submitted) => return Ok(None),
            Some(state) => ranges_of(state),
            None if self.error.is_set() => vec![format!("{OPEN} AND status IS NOT NULL")],
            None => return Ok(None),
        };
        let mut ids = Vec::new();
        for range in ranges {
            let sql = format!("SELECT id FROM items INDEXED BY items_open WHERE feed = ?1 AND {range} LIMIT ?2");
            let mut select = self.reader.connection.prepare_cached(&sql)?;
            let found = select.query_map([feed_code(self.query.feed), limit_of(FEW + 1)], |row| row.get(0))?;
            for id in found {
                ids.push(id?);
            }
            if ids.len() > FEW {
                return Ok(None);
            }
        }
        Ok(Some(ids))
    }

    /// The items that a search finds, if they are few.
    fn few_by_search(&mut self) -> Found<Option<Vec<i64>>> {
        let mut ids: Vec<i64> = self.named_by_id()?.into_iter().collect();
        let mut from: Option<(String, i64)> = None;
        loop {
            let step = self.labels(from.as_ref(), false, STEP)?;
            ids.extend(step.iter().filter(|(_, label)| self.search.is_in(label)).map(|(id, _)| *id));
            ids.sort_unstable();
            ids.dedup();
            if ids.len() > FEW {
                return Ok(Ok(None));
            }
            if step.len() < STEP {
                return Ok(Ok(Some(ids)));
            }
            if self.step(step.len()).is_err() {
                return Ok(Err(Ended));
            }
            from = step.into_iter().last().map(|(id, label)| (label, id));
        }
    }

    /// The items whose source id is what is searched for.
    fn named_by_id(&self) -> rusqlite::Result<BTreeSet<i64>> {
        let Ok(source_id) = self.query.search.trim().parse::<i64>() else { return Ok(BTreeSet::new()) };
        let sql = "SELECT id FROM items WHERE feed = ?1 AND source_id = ?2";
        let mut select = self.reader.connection.prepare_cached(sql)?;
        let ids = select.query_map([feed_code(self.query.feed), source_id], |row| row.get(0))?;
        ids.collect()
    }

    /// The next items along the order that pass, at most `limit`; backwards from the end or a row.
    fn walk(&mut self, from: &PageFrom, limit: usize) -> Found<Vec<ItemRow>> {
        let mut found = Vec::new();
        let is_backwards = matches!(from, PageFrom::End | PageFrom::Before(_));
        let mut place = match from {
            PageFrom::Start | PageFrom::End => None,
            PageFrom::After(row) | PageFrom::Before(row) => Some(RowPosition::beyond(self.query.order, row)),
            PageFrom::At(row) => Some(RowPosition { including: true, ..RowPosition::beyond(self.query.order, row) }),
        };
        // Most filters let a page pass at once, so the first step is short.
        let mut wanted = limit;
        loop {
            let (met, last) = if self.query.order == ItemOrder::Label && self.search.is_set() {
                self.walk_labels(place.as_ref(), is_backwards, wanted, limit, &mut found)?
            } else {
                self.walk_rows(place.as_ref(), is_backwards, wanted, limit, &mut found)?
            };
            if found.len() >= limit || met < wanted {
                return Ok(Ok(found));
            }
            place = last;
            if self.step(met).is_err() {
                return Ok(Err(Ended));
            }
            wanted = STEP;
        }
    }

    /// One step along the rows of an order: how many were met, and the last of them.
    fn walk_rows(
        &self,
        place: Option<&RowPosition>,
        is_backwards: bool,
        wanted: usize,
        limit: usize,
        found: &mut Vec<ItemRow>,
    ) -> rusqlite::Result<(usize, Option<RowPosition>)> {
        let mut met = 0;
        let mut last = None;
        for leg in legs(self.query.order, place, is_backwards) {
            let (column, direction) = (column_of(self.query.order), leg.direction);
            let Leg { condition, values, .. } = leg;
            let sql = format!(
                "SELECT {COLUMNS} FROM items WHERE feed = ? {condition} ORDER BY {column} {direction}, id {direction} LIMIT ?"
            );
            let mut select = self.reader.connection.prepare_cached(&sql)?;
            let mut rows = select.query(params_from_iter(self.bound(values, wanted - met)))?;
            while let Some(row) = rows.next()? {
                met += 1;
                let passes = self.passes(row)?;
                if passes || met == wanted {
                    let row = item_row(row)?;
                    last = Some(RowPosition::beyond(self.query.order, &row));
                    if passes {
                        found.push(row);
                    }
                }
                if found.len() >= limit {
                    return Ok((met, last));
                }
            }
            if met >= wanted {
                break;
            }
        }
        Ok((met, last))
    }

    /// One step of a search along the labels: the index alone tells which rows are worth reading.
    fn walk_labels(
        &self,
        place: Option<&RowPosition>,
        is_backwards: bool,
        wanted: usize,
        limit: usize,
        found: &mut Vec<ItemRow>,
    ) -> rusqlite::Result<(usize, Option<RowPosition>)> {
        let named = self.named_by_id()?;
        let from = place.and_then(RowPosition::label);
        let mut met = 0;
        let mut last = None;
        let step = match (&from, place.is_some_and(|place| place.including)) {
            (Some((label, id)), true) => {
                let mut step = vec![(*id, label.clone())];
                step.extend(self.labels(from.as_ref(), is_backwards, wanted.saturating_sub(1))?);
                step
            }
            _ => self.labels(from.as_ref(), is_backwards, wanted)?,
        };
        for (id, label) in step {
            met += 1;
            if self.search.is_in(&label) || named.contains(&id) {
                found.extend(self.row(id)?);
            }
            last = Some(RowPosition { key: Value::Text(label), id, including: false });
            if found.len() >= limit {
                break;
            }
        }
        Ok((met, last))
    }

    /// Ids and labels along the labels, beyond one of them. Reads the index alone.
    fn labels(
        &self,
        from: Option<&(String, i64)>,
        is_backwards: bool,
        limit: usize,
    ) -> rusqlite::Result<Vec<(i64, String)>> {
        let place = from.map(|(label, id)| RowPosition { key: Value::Text(label.clone()), id: *id, including: false });
        let mut found = Vec::new();
        for Leg { condition, values, direction } in legs(ItemOrder::Label, place.as_ref(), is_backwards) {
            let sql = format!(
                "SELECT id, label FROM items INDEXED BY items_label
                 WHERE feed = ? {condition} ORDER BY label {direction}, id {direction} LIMIT ?"
            );
            let mut select = self.reader.connection.prepare_cached(&sql)?;
            let values = self.bound(values, limit - found.len());
            let rows = select.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }

    /// What a statement along a leg is bound to: the feed, the leg's own values, and how many rows are wanted.
    fn bound(&self, values: Vec<Value>, rows: usize) -> impl Iterator<Item = Value> + use<> {
        let feed = Value::from(feed_code(self.query.feed));
        [feed].into_iter().chain(values).chain([Value::from(limit_of(rows))])
    }

    /// A row by its number, if it passes.
    fn row(&self, id: i64) -> rusqlite::Result<Option<ItemRow>> {
        let mut select =
            self.reader.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM items WHERE id = ?1"))?;
        let mut rows = select.query([id])?;
        match rows.next()? {
            Some(row) if self.passes(row)? => item_row(row).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether a row of [`COLUMNS`] belongs to the query.
    fn passes(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        let text = |column: usize| row.get_ref(column).map(|value| value.as_str().unwrap_or_default());
        if let Some(state) = self.query.state {
            let code: Option<i64> = row.get(3)?;
            let is_gone = code == Some(status::SUBMITTED) && row.get(4)?;
            if is_gone || state_of_status(code) != state {
                return Ok(false);
            }
        }
        if self.error.is_set() && !self.error.is_in(text(6)?) && !self.error.is_in(text(7)?) {
            return Ok(false);
        }
        if !self.search.is_set() || self.search.is_in(text(1)?) {
            return Ok(true);
        }
        let source_id: Option<i64> = row.get(2)?;
        Ok(source_id.is_some_and(|id| id.to_string() == self.query.search.trim()))
    }

    /// Counts what was looked at, and asks whether to continue.
    fn step(&mut self, looked: usize) -> Result<(), Ended> {
        self.looked += looked as u64;
        if (self.go_on)(self.looked) { Ok(()) } else { Err(Ended) }
    }
}

/// A text that is looked for, whatever the case.
pub(super) struct Needle {
    folded: String,
}

impl Needle {
    pub fn new(text: &str) -> Self {
        Self { folded: text.trim().to_lowercase() }
    }

    pub fn is_set(&self) -> bool {
        !self.folded.is_empty()
    }

    pub fn is_in(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return text.to_lowercase().contains(&self.folded);
        }
        let needle = self.folded.as_bytes();
        text.as_bytes().windows(needle.len().max(1)).any(|part| part.eq_ignore_ascii_case(needle))
    }
}

fn item_row(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
    let text = |text: Option<String>| text.map(SafeText::from);
    Ok(ItemRow {
        number: ItemNumber(row.get(0)?),
        label: SafeText::from(row.get::<_, String>(1)?),
        source_id: row.get(2)?,
        state: state_of_status(row.get(3)?),
        is_deleted: row.get(4)?,
        modified_at: Timestamp::from_millisecond(row.get(5)?).unwrap_or_default(),
        error: text(row.get(6)?).unwrap_or_default(),
        code: text(row.get(7)?).unwrap_or_default(),
        request_id: text(row.get(8)?),
        request: row.get(9)?,
    })
}

/// Reads one item's row, whatever passes.
pub(super) fn row_of(reader: &LedgerReader, number: ItemNumber) -> rusqlite::Result<Option<ItemRow>> {
    let sql = format!("SELECT {COLUMNS} FROM items WHERE id = ?1");
    let mut select = reader.connection.prepare_cached(&sql)?;
    let mut rows = select.query([number.0])?;
    rows.next()?.map(item_row).transpose()
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
