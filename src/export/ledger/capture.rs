//! Captures what a commit changes, for the log that nodes share: the keys of changed rows are noted, and before the commit the rows
//! are read. So no statement of this room has to know that there is a log.
//!
//! Triggers of the connection take notes. Of items, which are most of what changes, a hook of SQLite does, which costs less; it
//! tells of rows with a number only, and not of one that `OR REPLACE` takes away for another, which nothing does to items.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::entry::{Cell, Entry, TableChanges};
use super::schema;

/// The tables that nodes share; entries name them by their place, which never changes. `identities` and `identified` follow from
/// `items`.
pub(super) const TABLES: [&str; 20] = [
    "items",
    "batches",
    "feeds",
    "logs",
    "gaps",
    "deletions",
    "held",
    "filled",
    "rounds",
    "signs",
    "rechecks",
    "recheck_keys",
    "shown",
    "meta",
    "attempts",
    "runs",
    "hours",
    "batch_sizes",
    "payloads",
    "bodies",
];

/// The table whose changes the hook notes.
const HOOKED: &str = TABLES[0];

/// A table and its columns.
#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: Vec<String>,
    /// Those of them that make its key.
    pub key: Vec<String>,
    /// Reads what is noted: the keys, and the rows where they are still there. Of items: one row by its number.
    select_changed: String,
}

impl Table {
    fn of(connection: &Connection, name: &'static str) -> rusqlite::Result<Self> {
        let mut columns = Vec::new();
        let mut key = Vec::new();
        let mut select = connection.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
        let mut rows = select.query([name])?;
        while let Some(row) = rows.next()? {
            let column: String = row.get(0)?;
            let place: i64 = row.get(1)?;
            if place > 0 {
                key.push((place, column.clone()));
            }
            columns.push(column);
        }
        key.sort_unstable();
        let key: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
        let on: Vec<String> = key.iter().map(|column| format!("t.{column} = c.{column}")).collect();
        let select_changed = if name == HOOKED {
            format!(
                "SELECT {}, {} FROM main.{name} t WHERE id = ?1",
                Self::list(&key, "t."),
                Self::list(&columns, "t.")
            )
        } else {
            let (keys, columns) = (Self::list(&key, "c."), Self::list(&columns, "t."));
            format!(
                "SELECT {keys}, {columns} FROM temp.changed_{name} c LEFT JOIN main.{name} t ON {}",
                on.join(" AND ")
            )
        };
        Ok(Self { name, columns, key, select_changed })
    }

    /// Its columns, each after this word.
    fn list(columns: &[String], before: &str) -> String {
        columns.iter().map(|column| format!("{before}{column}")).collect::<Vec<_>>().join(", ")
    }

    /// The statements that note which of its rows change.
    fn triggers(&self) -> String {
        let name = self.name;
        let key = Self::list(&self.key, "");
        let mut sql = format!("CREATE TEMP TABLE changed_{name} ({key}, PRIMARY KEY ({key})) WITHOUT ROWID;");
        for (event, row) in [("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")] {
            let values = Self::list(&self.key, &format!("{row}."));
            // The sign takes the type of the column away: with it, SQLite would not look into the key but read all that is noted.
            let same: Vec<String> = self.key.iter().map(|column| format!("{column} = +{row}.{column}")).collect();
            let same = same.join(" AND ");
            // Not OR IGNORE: how the statement that fires a trigger treats a conflict counts for the trigger as well.
            let _ = write!(
                sql,
                "CREATE TEMP TRIGGER {name}_{event} AFTER {event} ON main.{name}
                 WHEN NOT EXISTS (SELECT 1 FROM changed_{name} WHERE {same}) BEGIN
                     INSERT INTO changed_{name} VALUES ({values});
                 END;"
            );
        }
        sql
    }

    /// Forgets which of its rows were noted by a trigger.
    fn forget(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.name == HOOKED {
            return Ok(());
        }
        connection.prepare_cached(&format!("DELETE FROM temp.changed_{}", self.name))?.execute([]).map(drop)
    }

    /// Writes a row, whether or not it is there.
    pub fn put(&self) -> String {
        let values: Vec<String> = (1..=self.columns.len()).map(|place| format!("?{place}")).collect();
        format!(
            "INSERT OR REPLACE INTO main.{} ({}) VALUES ({})",
            self.name,
            Self::list(&self.columns, ""),
            values.join(", ")
        )
    }

    /// Deletes a row by its key.
    pub fn delete(&self) -> String {
        let key: Vec<String> = self.key.iter().zip(1..).map(|(column, place)| format!("{column} = ?{place}")).collect();
        format!("DELETE FROM main.{} WHERE {}", self.name, key.join(" AND "))
    }

    /// Reads all of its rows behind a key, in the order of the key.
    pub fn select_after(&self, has_key: bool) -> String {
        let key = Self::list(&self.key, "");
        let places: Vec<String> = (1..=self.key.len()).map(|place| format!("?{place}")).collect();
        let after = if has_key { format!("WHERE ({key}) > ({})", places.join(", ")) } else { String::new() };
        format!("SELECT {} FROM main.{} {after} ORDER BY {key}", Self::list(&self.columns, ""), self.name)
    }

    /// The key within a row.
    pub fn key_of(&self, row: &[Cell]) -> Vec<Cell> {
        let place = |column: &String| self.columns.iter().position(|other| other == column);
        self.key.iter().filter_map(place).filter_map(|place| row.get(place).cloned()).collect()
    }
}

/// What this connection changes, until it is taken.
#[derive(Debug)]
pub(super) struct Capture {
    pub tables: Vec<Table>,
    /// Whether anything is noted.
    takes_notes: bool,
    /// The numbers of items that were written or deleted, some more than once.
    items: Arc<Mutex<Vec<i64>>>,
}

impl Capture {
    /// Notes from now on what changes, unless this connection only follows what others have changed.
    pub fn begin(connection: &mut Connection, takes_notes: bool) -> rusqlite::Result<Self> {
        let tables =
            TABLES.into_iter().map(|name| Table::of(connection, name)).collect::<rusqlite::Result<Vec<_>>>()?;
        let items = Arc::default();
        if takes_notes {
            let mut others = tables.iter().filter(|table| table.name != HOOKED);
            others.try_for_each(|table| connection.execute_batch(&table.triggers()))?;
            let notes = Arc::clone(&items);
            connection.update_hook(Some(move |_, database: &str, table: &str, row| {
                if table == HOOKED && database == "main" {
                    locked(&notes).push(row);
                }
            }))?;
        }
        Ok(Self { tables, takes_notes, items })
    }

    /// Takes what was noted: what has changed since it was last taken or forgotten.
    pub fn take(&self, connection: &Connection) -> rusqlite::Result<Entry> {
        let mut entry = Entry { format: schema::VERSION, tables: Vec::new() };
        for (place, table) in self.tables.iter().enumerate() {
            let mut changes = TableChanges { table: place, ..TableChanges::default() };
            let mut select = connection.prepare_cached(&table.select_changed)?;
            let keys = table.key.len();
            if table.name == HOOKED {
                let mut items = std::mem::take(&mut *locked(&self.items));
                items.sort_unstable();
                items.dedup();
                for item in items {
                    let whole =
                        select.query_row([item], |row| cells(row, keys, keys + table.columns.len())).optional()?;
                    match whole {
                        Some(whole) => changes.rows.push(whole),
                        None => changes.gone.push(vec![Cell::Integer(item)]),
                    }
                }
            } else {
                let mut rows = select.query([])?;
                while let Some(row) = rows.next()? {
                    let whole = cells(row, keys, keys + table.columns.len())?;
                    if table.key_of(&whole).contains(&Cell::Null) {
                        changes.gone.push(cells(row, 0, keys)?);
                    } else {
                        changes.rows.push(whole);
                    }
                }
            }
            if !changes.rows.is_empty() || !changes.gone.is_empty() {
                table.forget(connection)?;
                entry.tables.push(changes);
            }
        }
        Ok(entry)
    }

    /// Forgets which items were noted: they are another node's, and may be millions.
    pub fn forget_items(&self) {
        locked(&self.items).clear();
    }

    /// Forgets what was noted.
    pub fn forget(&self, connection: &Connection) -> rusqlite::Result<()> {
        if !self.takes_notes {
            return Ok(());
        }
        self.forget_items();
        self.tables.iter().try_for_each(|table| table.forget(connection))
    }
}

fn locked(items: &Mutex<Vec<i64>>) -> MutexGuard<'_, Vec<i64>> {
    // Numbers only: a panic elsewhere leaves nothing half done.
    items.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The values of a row from this column to before that one.
pub(super) fn cells(row: &Row<'_>, from: usize, to: usize) -> rusqlite::Result<Vec<Cell>> {
    (from..to).map(|column| row.get_ref(column).map(Cell::of)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn what_is_noted_is_looked_up_and_not_read_through() {
        let data_space = "space".parse().expect("an id");
        let mut connection = schema::open_nowhere(Path::new("nowhere"), &data_space).expect("a ledger");
        let capture = Capture::begin(&mut connection, true).expect("begun");
        for sql in [
            "INSERT INTO hours (hour, feed, sent) VALUES (?1, 1, 1)",
            "INSERT INTO payloads (id, feed, sent_at, items) VALUES (?1, 1, 1, 1)",
            "UPDATE payloads SET items = 2 WHERE id = ?1",
        ] {
            let mut statement = connection.prepare(sql).expect("prepared");
            for number in 0..50 {
                statement.execute([number]).expect("done");
            }
            assert_eq!(statement.get_status(StatementStatus::FullscanStep), 0, "{sql}");
        }
        let changed: usize = capture.take(&connection).expect("read").tables.iter().map(|table| table.rows.len()).sum();
        assert_eq!(changed, 100);
        assert!(capture.take(&connection).expect("read").is_empty(), "what was taken is forgotten");
    }
}
