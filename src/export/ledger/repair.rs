//! A new ledger from what can be read of a damaged one, or of a backup.
//!
//! Nobody can tell whether what is still readable is the newest that was written. So only what does no harm if it is old is taken
//! over: which items the service may have, and how to delete them. None of them counts as sent: the next run sends every item
//! once more and deletes what is gone. The old files are kept aside.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, params, params_from_iter};

use super::{LedgerError, check, feed_of_code, identity_table, path_of, paths, schema};
use crate::domain::DataSpaceId;
use crate::private_file;
use crate::remedy::{Hint, Remedy};

/// The side files of a ledger: its log, and the index of the log.
const SIDES: [&str; 2] = ["-wal", "-shm"];

/// Between the name of a ledger and the time at which it was moved aside.
const ASIDE: &str = ".aside-";

/// The smallest row, in bytes: no page holds more rows than its size divided by this.
const SMALLEST_ROW: i64 = 48;

/// How many unreadable ranges are looked into before the rest is given up: a file in which each row is bad is not a ledger.
const BAD_RANGES: u64 = 200_000;

/// What a new ledger is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairFrom<'a> {
    /// The ledger that is there, if it is damaged.
    Damaged,
    /// The ledger that is there, even if nothing is wrong with it.
    Doubted,
    /// This file, a backup.
    Backup(&'a Path),
}

/// What a repair came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The ledger.
    pub path: PathBuf,
    /// Where the old one is now; `None` if there was none.
    pub aside: Option<PathBuf>,
    /// Items that were taken over.
    pub kept: u64,
    /// Items that could not be read; `None` if nobody can tell.
    pub lost: Option<u64>,
}

/// Makes a new ledger of a data space. `None` if nothing is wrong, so that nothing was done. Nobody else may use the ledger
/// meanwhile. Blocking.
///
/// # Errors
/// [`LedgerError`] if nothing can be read, or the new one cannot be written; the old one is then as it was.
pub(in crate::export) fn repair(
    state_dir: &Path,
    data_space: &DataSpaceId,
    from: RepairFrom<'_>,
) -> Result<Option<Repaired>, LedgerError> {
    let path = path_of(state_dir, data_space);
    let is_there = fs::symlink_metadata(&path).is_ok();
    let install = |kept, lost| {
        let aside = replace(&path).map_err(|error| LedgerError::of_io(&path, &error))?;
        Ok(Some(Repaired { path: path.clone(), aside, kept, lost }))
    };
    if !is_there && paths::repaired(&path).exists() {
        // Broken off between the two renames: the new one was whole before the first.
        let new = schema::open_read_only(&paths::repaired(&path), data_space)?;
        let kept = new.map(|new| new.query_row("SELECT count(*) FROM items", [], |row| row.get::<_, i64>(0)));
        let kept = kept.transpose().map_err(|error| LedgerError::of_sqlite(&path, &error))?;
        return install(kept.unwrap_or_default().unsigned_abs(), None);
    }
    let source = match from {
        RepairFrom::Backup(backup) => backup,
        RepairFrom::Doubted if is_there => &path,
        RepairFrom::Damaged if is_there => match check::check(state_dir, data_space)? {
            Some(checkup) if !checkup.flaws.is_empty() => &path,
            _ => return Ok(None),
        },
        RepairFrom::Damaged | RepairFrom::Doubted => return Ok(None),
    };
    let (kept, lost) = build(source, &path, data_space)?;
    install(kept, lost)
}

/// Writes the new file, whole and durable, and then gives it the name by which it is known to be that.
fn build(source: &Path, path: &Path, data_space: &DataSpaceId) -> Result<(u64, Option<u64>), LedgerError> {
    let half = paths::with_end(path, ".repairing");
    let io = |error: io::Error| LedgerError::of_io(&half, &error);
    let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(&half, &error);
    for end in ["", SIDES[0], SIDES[1]] {
        remove(&paths::with_end(&half, end)).map_err(io)?;
    }
    let old = open_old(source, data_space)?;
    let mut target = schema::open_writable(&half, data_space)?;
    let transaction = target.transaction().map_err(sqlite)?;
    let salvage = Salvage { old: &old, new: &transaction, kept: 0, bad: 0 };
    let salvaged = salvage.all().map_err(|failure| match failure {
        Failure::Old(error) if check::is_damage(&error) => nothing_left(source, &error),
        Failure::Old(error) => LedgerError::of_sqlite(source, &error),
        Failure::New(error) => sqlite(error),
    })?;
    transaction.commit().map_err(sqlite)?;
    // Closing folds the log in and removes it.
    target.close().map_err(|(_, error)| sqlite(error))?;
    File::open(&half).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(&half, paths::repaired(path)).map_err(io)?;
    Ok(salvaged)
}

/// Opens for reading, also what is damaged; refuses what belongs to another data space, as far as that can be read.
fn open_old(source: &Path, data_space: &DataSpaceId) -> Result<Connection, LedgerError> {
    if let Err(error) = fs::symlink_metadata(source) {
        return Err(LedgerError::new(source, &error.to_string(), "use a file created by `export ledger backup`"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let old = Connection::open_with_flags(source, flags).map_err(|error| LedgerError::of_sqlite(source, &error))?;
    // What is damaged may have no version to be read.
    schema::refuse_newer(schema::version(&old).unwrap_or_default(), source)?;
    match old.query_row("SELECT value FROM meta WHERE name = 'data_space'", [], |row| row.get::<_, String>(0)) {
        Ok(owner) if owner != data_space.as_str() => {
            let reason = format!("it belongs to another data space ({owner})");
            Err(LedgerError::new(source, &reason, "use the ledger or a backup of this data space"))
        }
        _ => Ok(old),
    }
}

fn nothing_left(source: &Path, error: &rusqlite::Error) -> LedgerError {
    let shown = private_file::safe(source);
    LedgerError::new(
        source,
        &format!("no part of it is readable: {error}"),
        Hint::from("use a backup: ").and(Remedy::RepairLedgerFrom).and(format!(
            ". Without one, move {shown} away and run again: every item is resent, but items deleted from the shop stay \
             in the service"
        )),
    )
}

/// Puts the new ledger in the place of the old one, which is kept. A power cut leaves the old one, the new one, or neither and
/// the new one beside: then nothing is begun again before a repair has finished this.
fn replace(path: &Path) -> io::Result<Option<PathBuf>> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    paths::sync_directory(directory)?;
    let aside = match fs::symlink_metadata(path) {
        Ok(_) => {
            let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
            let aside = paths::with_end(path, &format!("{ASIDE}{stamp}"));
            fs::rename(path, &aside)?;
            paths::sync_directory(directory)?;
            Some(aside)
        }
        Err(_) => newest_aside(path, directory)?,
    };
    for side in SIDES {
        let old = paths::with_end(path, side);
        match &aside {
            Some(aside) if old.exists() => fs::rename(&old, paths::with_end(aside, side))?,
            _ => remove(&old)?,
        }
    }
    paths::sync_directory(directory)?;
    fs::rename(paths::repaired(path), path)?;
    paths::sync_directory(directory)?;
    Ok(aside)
}

/// The ledger that was moved aside last.
fn newest_aside(path: &Path, directory: &Path) -> io::Result<Option<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut newest = None;
    for entry in fs::read_dir(directory)? {
        let entry = entry?.file_name();
        let stamp = entry
            .to_string_lossy()
            .strip_prefix(name.as_ref())
            .and_then(|end| end.strip_prefix(ASIDE).map(str::to_owned));
        newest = newest.max(stamp.filter(|stamp| !SIDES.iter().any(|side| stamp.ends_with(side))));
    }
    Ok(newest.map(|stamp| paths::with_end(path, &format!("{ASIDE}{stamp}"))))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Which of the two files a statement failed in.
enum Failure {
    Old(rusqlite::Error),
    New(rusqlite::Error),
}

/// Rows on their way from one file to the other.
struct Salvage<'a> {
    old: &'a Connection,
    new: &'a Connection,
    kept: u64,
    bad: u64,
}

impl Salvage<'_> {
    /// Takes over what can be read: how many items that is, and how many are lost.
    fn all(mut self) -> Result<(u64, Option<u64>), Failure> {
        // An error here means that not even the tables are known.
        self.old.prepare("SELECT id FROM items").map_err(Failure::Old)?;
        // The ranges that are still to be read, the next one last.
        let whole = 0..self.end().map_err(Failure::Old)?;
        let mut ranges = vec![whole];
        while let Some(range) = ranges.pop() {
            let Some(bad) = self.take(&range)? else { continue };
            self.bad += 1;
            // Halved until what cannot be read is alone.
            if range.end - bad > 1 && self.bad < BAD_RANGES {
                let middle = bad + (range.end - bad) / 2;
                ranges.extend([middle..range.end, bad..middle]);
            }
        }
        identity_table::index_all(self.new).map_err(Failure::New)?;
        self.take_installation()?;
        self.take_runs()?;
        let known = "SELECT count(*) FROM items INDEXED BY items_source";
        let known = self.old.query_row(known, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
        Ok((self.kept, known.ok().map(|known| known.saturating_sub(self.kept))))
    }

    /// A number above that of every row.
    fn end(&self) -> rusqlite::Result<i64> {
        if let Ok(newest) = self.old.query_row("SELECT max(id) FROM items", [], |row| row.get::<_, Option<i64>>(0)) {
            return Ok(newest.unwrap_or_default().saturating_add(1));
        }
        let pragma = |name| self.old.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok(pragma("page_count")?.saturating_mul(pragma("page_size")?) / SMALLEST_ROW)
    }

    /// Takes over a range of rows; returns the first that could not be read.
    fn take(&mut self, range: &Range<i64>) -> Result<Option<i64>, Failure> {
        let mut select = self
            .old
            .prepare_cached(
                "SELECT id, feed, feed_id, source_id, label, minimal, deleted FROM items NOT INDEXED
                 WHERE id >= ?1 AND id < ?2 ORDER BY id",
            )
            .map_err(Failure::Old)?;
        // No hash and no status: unknown. A request of a time before the journal: it may be there, so it can be deleted there.
        let mut insert = self
            .new
            .prepare_cached(
                "INSERT OR IGNORE INTO items (id, feed, feed_id, source_id, label, minimal, hash, deleted, batch, modified_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, zeroblob(20), ?7, 0, ?8)",
            )
            .map_err(Failure::New)?;
        let mut next = range.start;
        let mut rows = match select.query([range.start, range.end]) {
            Ok(rows) => rows,
            Err(error) => return unreadable(error, next),
        };
        let now = Timestamp::now().as_millisecond();
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(None),
                Err(error) => return unreadable(error, next),
            };
            let Ok(id) = row.get::<_, i64>(0) else { return Ok(Some(next)) };
            next = id.saturating_add(1);
            let Some(row) = RepairedRow::read(row) else { continue };
            let kept = insert
                .execute(params![id, row.feed, row.feed_id, row.source_id, row.label, row.minimal, row.deleted, now])
                .map_err(Failure::New)?;
            self.kept += kept as u64;
        }
    }

    /// Which installation sent last, so that the guard still knows it.
    fn take_installation(&self) -> Result<(), Failure> {
        let select = "SELECT value FROM meta WHERE name = 'installation'";
        let Ok(text) = self.old.query_row(select, [], |row| row.get::<_, String>(0)) else { return Ok(()) };
        let insert = "INSERT INTO meta (name, value) VALUES ('installation', ?1)";
        self.new.execute(insert, [text]).map(drop).map_err(Failure::New)
    }

    /// The run history, up to where it can be read: only people look at it.
    fn take_runs(&self) -> Result<(), Failure> {
        let columns = "id, started_at, request, owner, feeds, ended_at, sent, failed, deleted, outcome";
        let Ok(mut select) = self.old.prepare(&format!("SELECT {columns} FROM runs ORDER BY id")) else {
            return Ok(());
        };
        let insert = format!("INSERT INTO runs ({columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        let mut insert = self.new.prepare(&insert).map_err(Failure::New)?;
        let Ok(mut rows) = select.query([]) else { return Ok(()) };
        while let Ok(Some(row)) = rows.next() {
            let values: rusqlite::Result<Vec<Value>> = (0..10).map(|column| row.get(column)).collect();
            let Ok(values) = values else { break };
            // What is damaged may not fit into the table any more.
            if insert.execute(params_from_iter(values)).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Damage ends the reading of a range; anything else ends all of it.
fn unreadable(error: rusqlite::Error, at: i64) -> Result<Option<i64>, Failure> {
    let is_local = check::is_damage(&error) || error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
    if is_local { Ok(Some(at)) } else { Err(Failure::Old(error)) }
}

/// What of an item is taken over.
struct RepairedRow {
    feed: i64,
    feed_id: [u8; 20],
    source_id: Option<i64>,
    label: String,
    minimal: Vec<u8>,
    deleted: bool,
}

impl RepairedRow {
    /// The row, if it makes sense: what this program never writes cannot be deleted in the service either.
    fn read(row: &rusqlite::Row<'_>) -> Option<Self> {
        let minimal: Vec<u8> = row.get(5).ok()?;
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&minimal).ok()?;
        let feed = row.get(1).ok()?;
        feed_of_code(feed)?;
        Some(Self {
            feed,
            feed_id: row.get(2).ok()?,
            source_id: row.get(3).ok()?,
            label: row.get(4).ok()?,
            minimal,
            deleted: row.get(6).ok()?,
        })
    }
}
