//! The tables of the shared database, and whether this program may use them.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::connect::connect;
use super::error::ClusterError;
use crate::commerce::database::DatabaseSettings;

/// The version of the tables below, in `meta`.
const FORMAT: u64 = 1;

/// There is no such database (`ER_BAD_DB_ERROR`).
const UNKNOWN_DATABASE: u16 = 1049;

/// The oldest servers: fractions of a second, and rows that are locked one by one.
const OLDEST_MYSQL: (u16, u16) = (5, 7);
const OLDEST_MARIADB: (u16, u16) = (10, 2);

/// `ledgers.seq` is the newest entry of a ledger's log, `base` the entry up to which a snapshot has everything; `place` is set while
/// the ledger is in a file of one node. Entries and snapshots come in parts, since a server takes packets of a limited size.
/// `log.number` counts the entries of a worker: an entry whose commit had no answer is found by it. `workers.until` is the lease, `heard` when it was
/// renewed last;
/// `ended` is set by the worker itself, or by whoever found its lease run out. `wanted` is what somebody asks of it, `seen` what it has
/// seen of that, `progress` how far it is, and `report` how it ended, all JSON. `claims` says which worker has a feed, or the watch. `exports` are the parts of full syncs that several
/// nodes share; an export has the number of the worker that began it, and `workers.export` says who is at work on it. `allowance.free_at` is when the next request may leave.
const TABLES: [&str; 8] = [
    "CREATE TABLE IF NOT EXISTS meta (name VARCHAR(64) NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS ledgers (
        data_space VARCHAR(64) NOT NULL PRIMARY KEY, seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
        base BIGINT UNSIGNED NOT NULL DEFAULT 0, log_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
        snapshot_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0, place VARCHAR(255) NULL)",
    "CREATE TABLE IF NOT EXISTS log (
        data_space VARCHAR(64) NOT NULL, seq BIGINT UNSIGNED NOT NULL, part INT UNSIGNED NOT NULL,
        worker BIGINT UNSIGNED NOT NULL, number BIGINT UNSIGNED NOT NULL, entry LONGBLOB NOT NULL,
        PRIMARY KEY (data_space, seq, part), KEY log_worker (worker, number))",
    "CREATE TABLE IF NOT EXISTS snapshots (
        data_space VARCHAR(64) NOT NULL, seq BIGINT UNSIGNED NOT NULL, part INT UNSIGNED NOT NULL,
        entry LONGBLOB NOT NULL, PRIMARY KEY (data_space, seq, part))",
    "CREATE TABLE IF NOT EXISTS workers (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, data_space VARCHAR(64) NOT NULL,
        kind VARCHAR(16) NOT NULL, owner TEXT NOT NULL, request VARCHAR(255) NOT NULL,
        since DATETIME(6) NOT NULL,
        heard DATETIME(6) NOT NULL, until DATETIME(6) NOT NULL, ended DATETIME(6) NULL,
        export BIGINT UNSIGNED NULL,
        wanted TEXT NULL, seen TEXT NULL, progress MEDIUMTEXT NULL, report MEDIUMTEXT NULL, KEY workers_space (data_space, ended))",
    "CREATE TABLE IF NOT EXISTS claims (
        data_space VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL, worker BIGINT UNSIGNED NOT NULL,
        is_pass TINYINT NOT NULL, PRIMARY KEY (data_space, name), KEY claims_worker (worker))",
    "CREATE TABLE IF NOT EXISTS exports (
        export BIGINT UNSIGNED NOT NULL, place INT UNSIGNED NOT NULL, data_space VARCHAR(64) NOT NULL,
        request VARCHAR(255) NOT NULL, part VARCHAR(64) NOT NULL, worker BIGINT UNSIGNED NULL, state TINYINT NOT NULL,
        PRIMARY KEY (export, place), KEY exports_space (data_space))",
    "CREATE TABLE IF NOT EXISTS allowance (
        name VARCHAR(128) NOT NULL PRIMARY KEY, free_at DATETIME(6) NOT NULL)",
];

/// Connects, makes what is missing, and says which database this is; the inner error is a refusal that no further try would change.
pub(super) async fn prepare(settings: &DatabaseSettings) -> Result<Result<(Conn, String), ClusterError>, Error> {
    let mut connection = match connect(settings, true).await {
        Err(Error::Server(server)) if server.code == UNKNOWN_DATABASE => {
            let mut connection = connect(settings, false).await?;
            let name = settings.database.replace('`', "``");
            let create = format!("CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
            connection.query_drop(create).await?;
            connection.disconnect().await?;
            connect(settings, true).await?
        }
        connected => connected?,
    };
    if let Err(refused) = check_server(settings, &mut connection).await? {
        return Ok(Err(refused));
    }
    let format = format_of(&mut connection).await?;
    match format {
        Some(format) if format > FORMAT => {
            let reason =
                format!("it was written by a newer version of this program (format {format}; this one uses {FORMAT})");
            return Ok(Err(ClusterError::new(settings, &reason, "use that version on every node")));
        }
        Some(_) => {}
        None => create(&mut connection).await?,
    }
    let id: Option<String> = connection.query_first("SELECT value FROM meta WHERE name = 'id'").await?;
    if let Some(id) = id {
        return Ok(Ok((connection, id)));
    }
    let hint = "set [state.database] url to a database of its own";
    Ok(Err(ClusterError::new(settings, "its table meta is not this program's", hint)))
}

/// The format of the tables; `None` if there are none.
async fn format_of(connection: &mut Conn) -> Result<Option<u64>, Error> {
    let is_there: Option<u8> = connection
        .query_first("SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'meta'")
        .await?;
    if is_there.is_none() {
        return Ok(None);
    }
    let format: Option<String> = connection.query_first("SELECT value FROM meta WHERE name = 'format'").await?;
    Ok(format.and_then(|format| format.parse().ok()))
}

async fn create(connection: &mut Conn) -> Result<(), Error> {
    for table in TABLES {
        let sql = format!("{table} ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
        connection.query_drop(sql).await?;
    }
    // Whoever comes first names it.
    let id = format!("{:032x}", fastrand::u128(..));
    let insert = "INSERT IGNORE INTO meta VALUES ('id', ?), ('format', ?)";
    connection.exec_drop(insert, (id, FORMAT.to_string())).await
}

/// Refuses a server that is too old.
async fn check_server(settings: &DatabaseSettings, connection: &mut Conn) -> Result<Result<(), ClusterError>, Error> {
    let version: String = connection.query_first("SELECT VERSION()").await?.unwrap_or_default();
    let is_mariadb = version.contains("MariaDB");
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (name, oldest) = if is_mariadb { ("MariaDB", OLDEST_MARIADB) } else { ("MySQL", OLDEST_MYSQL) };
    if found >= oldest {
        return Ok(Ok(()));
    }
    let reason = format!("{name} {version} is too old; {name} {}.{} or newer is needed", oldest.0, oldest.1);
    Ok(Err(ClusterError::new(settings, &reason, "upgrade it, or set state.ledger = \"file\"")))
}
