//! The items of some queries as a CSV file, page by page, so that a million of them need no memory.

use std::path::Path;

use super::csv::CsvFile;
use super::{Connector, explained};
use crate::error::Problem;
use crate::export::ledger::{ItemQuery, PageFrom};

/// How many items are read at a time.
const PAGE: usize = 1_000;

/// The columns, as those of `row_document`.
const COLUMNS: [&str; 9] = ["number", "feed", "item", "source_id", "state", "since", "error", "code", "request_id"];

impl Connector {
    /// Writes every item of these queries to a new file; returns how many. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if the file is there already or cannot be written, or the ledger cannot be read.
    pub fn save_items_csv(&self, queries: &[ItemQuery], path: &Path) -> Result<u64, Problem> {
        let ledger = self.ledger()?;
        let mut file = CsvFile::create(path)?;
        file.line(&COLUMNS)?;
        let mut items = 0;
        for query in queries {
            let mut from = PageFrom::Start;
            while let Some(ledger) = &ledger {
                let page = ledger.page(query, &from, PAGE, &mut |_| true).map_err(explained)?.unwrap_or_default();
                for row in &page.rows {
                    let state = row.state.words();
                    file.line(&[
                        &row.number.0.to_string(),
                        query.feed.name(),
                        row.label.as_str(),
                        &row.source_id.map(|id| id.to_string()).unwrap_or_default(),
                        &if row.is_deleted { format!("{state}, deleted") } else { state.to_owned() },
                        &row.modified_at.to_string(),
                        row.error.as_str(),
                        row.code.as_str(),
                        row.request_id.as_ref().map(crate::untrusted::SafeText::as_str).unwrap_or_default(),
                    ])?;
                }
                items += page.rows.len() as u64;
                match page.rows.into_iter().last().filter(|_| page.has_after) {
                    Some(last) => from = PageFrom::After(last),
                    None => break,
                }
            }
        }
        file.finish()?;
        Ok(items)
    }
}
