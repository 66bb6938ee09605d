//! Compare: which of a page of items the service does not have as they are, and the intent to send those.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::held::Measure;
use super::replica::Replica;
use super::store::{Mode, Resend, Store};
use super::{feed_code, status};
use crate::feeds::item::{FeedItem, Sha1Hash};
use crate::untrusted::SafeText;

/// What a source record became.
#[derive(Debug, Clone)]
pub(in crate::export) enum LedgerEntry {
    /// An item that can be sent.
    Whole(FeedItem),
    /// A broken record whose identity is known: it is not sent, and not mistaken for a deleted one.
    Broken {
        /// What could be made of it; never sent.
        item: FeedItem,
        /// What is wrong with it.
        reason: SafeText,
    },
}

/// An item that has to be sent, and its row.
#[derive(Debug, Clone)]
pub(in crate::export) struct Outgoing {
    /// Its row in the ledger; 0 in a dry run, where nothing is sent.
    pub row: i64,
    pub item: FeedItem,
    /// What it is to the service.
    pub why: Why,
}

/// Why an item is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::export) enum Why {
    /// Its identity was never seen.
    New,
    /// Its content changed, or it is not known to be submitted, or somebody asked for it.
    Changed,
    /// The source does not have it any more.
    Gone,
}

/// What a page came to.
#[derive(Debug, Default)]
pub(in crate::export) struct Compared {
    /// What has to be sent; the intent is already kept.
    pub send: Vec<Outgoing>,
    /// Items that the service has as they are.
    pub unchanged: u64,
    /// Items that were refused before and did not change since, so that sending them again would change nothing.
    pub refused_before: u64,
    /// Items whose identity another item of this run has already; the first one wins.
    pub twins: Vec<SafeText>,
    /// Items whose identity belongs to an earlier record that was not chosen. If that record still has it, it is the first of
    /// two, as in a full compare; so it is read before these are compared.
    pub contested: Vec<Contested>,
}

/// An item whose identity another record had last.
#[derive(Debug, Clone)]
pub(in crate::export) struct Contested {
    /// The source key of that record.
    pub owner: u64,
    pub item: FeedItem,
}

/// What is read of a row that is compared, in this order.
const COLUMNS: &str = "id, source_id, feed_id, hash, deleted, status";

/// How many keys a range may hold for each record of a page before the records are read one by one.
const SPARSE: i64 = 16;

/// The rows of the source records of a page, by identity.
type KnownPage = HashMap<Sha1Hash, Known>;

#[derive(Debug, Clone, Copy)]
struct Known {
    row: i64,
    source_id: Option<i64>,
    hash: [u8; 20],
    deleted: bool,
    status: Option<i64>,
}

impl Known {
    fn read(row: &Row<'_>) -> rusqlite::Result<(Sha1Hash, Self)> {
        let known = Self {
            row: row.get(0)?,
            source_id: row.get(1)?,
            hash: row.get(3)?,
            deleted: row.get(4)?,
            status: row.get(5)?,
        };
        Ok((Sha1Hash(row.get(2)?), known))
    }

    /// Whether the service has this item, and in another form than this.
    fn is_sent_otherwise(&self, item: &FeedItem) -> bool {
        self.status == Some(status::SUBMITTED) && !self.deleted && (self.hash != item.hash.0 || item.deleted)
    }
}

impl Store {
    /// How many of these items the service has in another form. Nothing is written, and nothing counts as seen.
    pub fn count_changed(&mut self, items: &[FeedItem]) -> rusqlite::Result<Measure> {
        let mut measure = Measure::default();
        let page = self.known(items.iter())?;
        for item in items {
            if self.find(&page, item)?.is_some_and(|known| known.is_sent_otherwise(item)) {
                measure.items += 1;
                measure.examples.push(item.label.clone());
            }
        }
        Ok(measure)
    }

    /// From now on, what the service has in another form is left as it is.
    pub fn hold_changes(&mut self) {
        self.pass.holds_changes = true;
    }

    /// Compares items with what is known, and writes down which are about to be sent: their status is NULL from then on,
    /// which is to say *unknown*, until an answer is recorded.
    pub fn compare(&mut self, entries: Vec<LedgerEntry>, now: Timestamp) -> rusqlite::Result<Compared> {
        let mut compared = Compared::default();
        let page = self.known(entries.iter().map(|entry| match entry {
            LedgerEntry::Whole(item) | LedgerEntry::Broken { item, .. } => item,
        }))?;
        for entry in entries {
            match entry {
                LedgerEntry::Whole(item) => self.compare_item(&page, item, now, &mut compared)?,
                LedgerEntry::Broken { item, reason } => self.keep_broken(&page, &item, &reason, now)?,
            }
        }
        Ok(compared)
    }

    fn compare_item(
        &mut self,
        page: &KnownPage,
        item: FeedItem,
        now: Timestamp,
        compared: &mut Compared,
    ) -> rusqlite::Result<()> {
        let Some(known) = self.find(page, &item)? else {
            if self.pass.resend == Resend::OnlyFailed {
                // Never sent, so it did not fail.
                return Ok(());
            }
            match self.insert(&item, None, now)? {
                Some(row) => compared.send.push(Outgoing { row, item, why: Why::New }),
                None => compared.twins.push(item.label),
            }
            return Ok(());
        };
        if known.source_id < source_id(&item)
            && let Some(owner) = known.source_id.and_then(|owner| u64::try_from(owner).ok())
            && !self.pass.seen.contains(known.row)
            && self.is_only_chosen(source_id(&item), known.source_id)?
        {
            compared.contested.push(Contested { owner, item });
            return Ok(());
        }
        if !self.pass.seen.insert(known.row) {
            compared.twins.push(item.label);
            return Ok(());
        }
        let is_same = known.hash == item.hash.0 && known.deleted == item.deleted && status::is_final(known.status);
        if self.pass.holds_changes && known.is_sent_otherwise(&item) {
            return Ok(());
        }
        let is_wanted = match self.pass.resend {
            Resend::None => !is_same,
            Resend::All | Resend::AsNew => true,
            Resend::OnlyFailed => status::is_failed(known.status) && self.is_chosen_row(known.row)?,
        };
        if is_wanted {
            let why = if self.pass.resend == Resend::AsNew { Why::New } else { Why::Changed };
            self.intend(known.row, &item, now)?;
            if known.source_id != source_id(&item) {
                self.move_to_source(known.row, &item)?;
            }
            if !item.feed.wire_ids().is_empty() {
                self.relabel(known.row, &item)?;
            }
            compared.send.push(Outgoing { row: known.row, item, why });
            return Ok(());
        }
        if known.source_id != source_id(&item) {
            self.move_to_source(known.row, &item)?;
        }
        match known.status {
            Some(status::SUBMITTED) if is_same => compared.unchanged += 1,
            _ if is_same => compared.refused_before += 1,
            // It changed, but only what failed was asked for.
            _ => {}
        }
        Ok(())
    }

    /// An item that another record gives now: a sweep of the old record must not take it for gone.
    fn move_to_source(&mut self, row: i64, item: &FeedItem) -> rusqlite::Result<()> {
        if self.mode == Mode::Keep {
            let mut update = self.connection.prepare_cached("UPDATE items SET source_id = ?2 WHERE id = ?1")?;
            update.execute(params![row, source_id(item)])?;
        }
        Ok(())
    }

    /// An item that keeps its id and has another name now.
    fn relabel(&self, row: i64, item: &FeedItem) -> rusqlite::Result<()> {
        if self.mode == Mode::Keep {
            let mut update =
                self.connection.prepare_cached("UPDATE items SET label = ?2 WHERE id = ?1 AND label <> ?2")?;
            update.execute(params![row, item.label.as_str()])?;
        }
        Ok(())
    }

    /// What was sent before stays as it was; only the state says that someone has to look.
    fn keep_broken(
        &mut self,
        page: &KnownPage,
        item: &FeedItem,
        reason: &SafeText,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let Some(known) = self.find(page, item)? else {
            return self.insert(item, Some(reason), now).map(drop);
        };
        if !self.pass.seen.insert(known.row) || self.mode == Mode::Look {
            return Ok(());
        }
        if known.status != Some(status::BROKEN) {
            self.remember_attempt(known.row)?;
        }
        // As long as it is broken in the same way, it is so since it was first found.
        let mut update = self.connection.prepare_cached(
            "UPDATE items SET status = ?2, error = ?3, code = NULL, request_id = NULL, modified_at = ?4
             WHERE id = ?1 AND (status IS NOT ?2 OR error IS NOT ?3)",
        )?;
        update.execute(params![known.row, status::BROKEN, reason.as_str(), now.as_millisecond()])?;
        Ok(())
    }

    /// The rows of the source records of a page. A source is read in the order of its keys, so that this is one range of an index
    /// whose rows lie next to each other.
    fn known<'a>(&mut self, items: impl Iterator<Item = &'a FeedItem>) -> rusqlite::Result<KnownPage> {
        let mut items = items.peekable();
        let Some(feed) = items.peek().map(|item| item.feed) else { return Ok(KnownPage::new()) };
        let mut keys: Vec<i64> = items.filter_map(source_id).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut page = KnownPage::new();
        let (Some(&first), Some(&last)) = (keys.first(), keys.last()) else { return Ok(page) };
        let is_dense = last.saturating_sub(first) / SPARSE < i64::try_from(keys.len()).unwrap_or(i64::MAX);
        let ranges = if is_dense { vec![[first, last]] } else { keys.into_iter().map(|key| [key, key]).collect() };
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM items INDEXED BY items_source WHERE feed = ?1 AND source_id BETWEEN ?2 AND ?3"
        ))?;
        for [first, last] in ranges {
            let mut rows = select.query([feed_code(feed), first, last])?;
            while let Some(row) = rows.next()? {
                let (id, known) = Known::read(row)?;
                page.insert(id, known);
            }
        }
        Ok(page)
    }

    /// What is known of an item. One that is not known by its source record may be known by another one's.
    fn find(&self, page: &KnownPage, item: &FeedItem) -> rusqlite::Result<Option<Known>> {
        if let Some(known) = page.get(&item.id) {
            return Ok(Some(*known));
        }
        let Some(row) = self.row_of(item)? else { return Ok(None) };
        let mut select = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM items WHERE id = ?1"))?;
        select.query_row([row], |row| Known::read(row).map(|(_, known)| known)).map(Some)
    }

    /// Writes a new identity down and marks it as seen; `None` if this (dry) run has met it already.
    fn insert(&mut self, item: &FeedItem, broken: Option<&SafeText>, now: Timestamp) -> rusqlite::Result<Option<i64>> {
        if self.mode == Mode::Look {
            return Ok(self.pass.unknown.insert(item.id).then_some(0));
        }
        let number = Replica::number(&mut self.replica);
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO items (feed, feed_id, source_id, label, minimal, hash, deleted, status, error, modified_at, id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let row = insert.insert(params![
            feed_code(item.feed),
            item.id.0,
            source_id(item),
            item.label.as_str(),
            item.minimal,
            item.hash.0,
            item.deleted,
            broken.map(|_| status::BROKEN),
            broken.map(SafeText::as_str),
            now.as_millisecond(),
            number,
        ])?;
        drop(insert);
        self.pass.seen.insert(row);
        self.add_identity(item, row)?;
        Ok(Some(row))
    }

    /// Writes down that this row is about to be sent as `item`. Columns that stay as they are (the label, mostly) are left out, because SQLite would write their indexes again.
    pub(super) fn intend(&self, row: i64, item: &FeedItem, now: Timestamp) -> rusqlite::Result<()> {
        if self.mode == Mode::Look {
            return Ok(());
        }
        self.remember_attempt(row)?;
        let mut update = self.connection.prepare_cached(
            "UPDATE items SET minimal = ?2, hash = ?3, deleted = ?4, status = NULL, error = NULL, code = NULL,
                 request_id = NULL, modified_at = ?5
             WHERE id = ?1",
        )?;
        update.execute(params![row, item.minimal, item.hash.0, item.deleted, now.as_millisecond()])?;
        Ok(())
    }
}

fn source_id(item: &FeedItem) -> Option<i64> {
    item.source_id.and_then(|id| i64::try_from(id).ok())
}
