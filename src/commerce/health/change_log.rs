//! Materialized views and their change logs: the mode, how far Commerce has read, and what waits.

use std::collections::BTreeMap;

use super::{Part, read_part};
use crate::commerce::database::{Database, DatabaseError, Snapshot};

/// When an indexer works (`mview_state.mode`, protocol page §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `enabled`: *Update by Schedule*; triggers write the change log.
    BySchedule,
    /// Anything else: *Update on Save*; nothing writes the change log.
    OnSave,
}

impl Mode {
    /// As Adobe's status page words it.
    pub fn words(self) -> &'static str {
        match self {
            Mode::BySchedule => "Update by Schedule",
            Mode::OnSave => "Update on Save",
        }
    }
}

/// A materialized view (`mview_state`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// When its indexer works.
    pub mode: Mode,
    /// The newest version of the change log that Commerce has read.
    pub cursor: u64,
}

/// A change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLog {
    /// The newest version that the log has handed out, whether that row is still there or not; 0 = none.
    pub newest: u64,
    /// Records that Commerce has yet to look at: distinct `entity_id` above its cursor. `None` without a view.
    pub backlog: Option<u64>,
}

/// Every view of the installation.
pub(super) async fn views(database: &Database, snapshot: &mut Snapshot) -> Part<BTreeMap<String, View>> {
    let table = database.table("mview_state");
    let rows = async {
        // Should a view have two rows, the older one is the one that Commerce reads.
        let sql = format!("SELECT view_id, mode, version_id FROM {table} ORDER BY state_id DESC");
        snapshot.rows::<(Option<String>, Option<String>, Option<u64>)>(&sql).await
    };
    read_part(database, "mview_state", rows).await.map(|rows| {
        let view = |mode: Option<&str>, version: Option<u64>| View {
            mode: if mode == Some("enabled") { Mode::BySchedule } else { Mode::OnSave },
            cursor: version.unwrap_or_default(),
        };
        rows.iter().filter_map(|(id, mode, version)| Some((id.clone()?, view(mode.as_deref(), *version)))).collect()
    })
}

/// The change log of a view that Commerce has read up to `cursor`.
pub(super) async fn read(
    database: &Database,
    snapshot: &mut Snapshot,
    view: &str,
    cursor: Option<u64>,
) -> Part<ChangeLog> {
    let name = format!("{view}_cl");
    let table = database.table(&name);
    let log = async {
        let newest = snapshot.next_auto_increment(&table).await?.saturating_sub(1);
        let backlog = match cursor {
            None => None,
            Some(cursor) => {
                let sql = format!("SELECT COUNT(DISTINCT entity_id) FROM {table} WHERE version_id > {cursor}");
                snapshot.rows::<u64>(&sql).await?.first().copied()
            }
        };
        Ok::<_, DatabaseError>(ChangeLog { newest, backlog })
    };
    read_part(database, &name, log).await
}
