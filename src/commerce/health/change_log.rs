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
    #[must_use]
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
        // Not information_schema: MySQL 8 answers from statistics there that may be a day old.
        let created = snapshot.rows::<(String, String)>(&format!("SHOW CREATE TABLE {table}")).await?;
        let newest = created.first().map_or(0, |(_, sql)| next_version(sql).saturating_sub(1));
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

/// The version that the next change gets: the table option `AUTO_INCREMENT`, which a server leaves out while it is 1.
fn next_version(create_table: &str) -> u64 {
    const OPTION: &str = "AUTO_INCREMENT=";
    // The options stand behind the columns, whose comments may say anything.
    let options = create_table.rsplit_once("\n)").map_or("", |(_, options)| options);
    let digits = options.split_once(OPTION).map_or("", |(_, rest)| rest);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::next_version;

    #[test]
    fn the_next_version_is_a_table_option() {
        let table = |options: &str| {
            format!("CREATE TABLE `x_cl` (\n  `version_id` int AUTO_INCREMENT COMMENT 'AUTO_INCREMENT=77',\n{options}")
        };
        assert_eq!(next_version(&table(") ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4")), 13);
        assert_eq!(next_version(&table(") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='x'")), 1);
        assert_eq!(next_version(""), 1);
    }
}
