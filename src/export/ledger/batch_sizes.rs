//! How large the batches of each feed may be, as earlier runs have learned it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::feed_code;
use super::store::{Mode, Store};
use crate::domain::Feed;
use crate::export::batch_size::LearnedSize;

impl Store {
    /// What was learned of a feed; `None` if nothing was.
    pub fn learned_size(&self, feed: Feed) -> rusqlite::Result<Option<LearnedSize>> {
        let sql = "SELECT items, refused, refused_at FROM batch_sizes WHERE feed = ?1";
        let mut select = self.connection.prepare_cached(sql)?;
        let size = select.query_row([feed_code(feed)], |row| {
            let number = |number: i64| usize::try_from(number).unwrap_or_default();
            let refused = row.get::<_, Option<i64>>(1)?.map(number);
            let at = row.get::<_, Option<i64>>(2)?.and_then(|at| Timestamp::from_millisecond(at).ok());
            Ok(LearnedSize { items: number(row.get(0)?), refused: refused.zip(at) })
        });
        size.optional()
    }

    /// Keeps what was learned of a feed.
    pub fn keep_learned_size(&mut self, feed: Feed, size: LearnedSize) -> rusqlite::Result<()> {
        if self.mode == Mode::Look {
            return Ok(());
        }
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let (refused, at) = size.refused.map(|(items, at)| (number(items), at.as_millisecond())).unzip();
        let mut insert =
            self.connection.prepare_cached("INSERT OR REPLACE INTO batch_sizes VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute(params![feed_code(feed), number(size.items), refused, at]).map(drop)
    }
}
