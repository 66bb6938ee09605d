//! Which installation sends into a data space from this server: kept in its ledger, so that a copy of a shop is noticed.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{LedgerError, LedgerReader, Store};

/// The row of `meta` that holds it, as JSON.
const NAME: &str = "installation";

/// An installation, as far as two of them have to be distinguished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Its base URL; empty if it is not known.
    pub base_url: String,
    /// Which root directory and database on this server: a hash, so that no path of one shop shows up in another.
    pub id: String,
}

impl Store {
    /// Writes down that this installation sends into the data space from now on.
    pub fn remember(&self, installation: &Installation) -> rusqlite::Result<()> {
        let text = serde_json::json!(installation).to_string();
        let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
        self.connection.execute(sql, params![NAME, text]).map(drop)
    }
}

impl LedgerReader {
    /// The installation that sent into this data space last; `None` if that was never written down. Blocking.
    pub fn installation(&self) -> Result<Option<Installation>, LedgerError> {
        let text: Option<String> = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [NAME], |row| row.get(0))
            .optional()
            .map_err(|error| LedgerError::of_sqlite(&self.path, &error))?;
        // What cannot be read was not written by this version: nothing is known then.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
