//! What every connection is set to before its first query, whatever the server's own settings are.

use std::time::Duration;

use mysql_async::{Conn, Error, Opts, OptsBuilder};

use super::settings::{Address, DatabaseSettings};

/// How long one statement may take on the server. A page takes far less than a second; counting a large shop some seconds.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_mins(5);
/// How long we wait for the end of a statement: the server should have ended it before.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5 * 60 + 30);
/// How long a statement waits for a lock, also one on the table's definition: the servers' own limit for those is a day or a year.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
/// After how much silence the server ends a connection: one that we lost is not kept for hours.
const IDLE_TIMEOUT: Duration = Duration::from_mins(15);
/// How long the server waits for us to take the rows of an answer: this program may be suspended for a moment.
const NETWORK_TIMEOUT: Duration = Duration::from_mins(5);
/// How often a TCP connection proves that the other end is still there: less than what firewalls allow.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// The isolation between snapshots. A snapshot asks for its own.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// The first statement of a connection. The limit of a statement has another name and unit on each kind of server: MariaDB
/// passes over the first kind of comment, MySQL over the second. SQL mode and time zone are as Commerce sets them (protocol
/// page §5).
fn session() -> String {
    format!(
        "SET SESSION sql_mode='', time_zone='+00:00', lock_wait_timeout={lock}, innodb_lock_wait_timeout={lock}, \
         wait_timeout={idle}, net_read_timeout={network}, net_write_timeout={network} \
         /*!50708 , max_execution_time={milliseconds} */ /*M!100101 , max_statement_time={seconds} */",
        lock = LOCK_TIMEOUT.as_secs(),
        idle = IDLE_TIMEOUT.as_secs(),
        network = NETWORK_TIMEOUT.as_secs(),
        milliseconds = STATEMENT_TIMEOUT.as_millis(),
        seconds = STATEMENT_TIMEOUT.as_secs(),
    )
}

/// Connects for what is not read from a shop, with the database chosen or without one.
///
/// # Errors
/// The driver's, if nobody lets us in.
pub async fn connect_plain(settings: &DatabaseSettings, with_database: bool) -> Result<Conn, Error> {
    let options = options(settings);
    let options = if with_database { options } else { OptsBuilder::from_opts(options).db_name(None::<String>).into() };
    Conn::new(options).await
}

/// What the driver needs to connect.
pub(super) fn options(settings: &DatabaseSettings) -> Opts {
    let options = OptsBuilder::default()
        .user(Some(settings.user.clone()))
        .pass(Some(settings.password.expose().to_owned()))
        .db_name(Some(settings.database.clone()))
        // The driver would otherwise leave the configured address for the server's socket on loopback.
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        .wait_timeout(usize::try_from(IDLE_TIMEOUT.as_secs()).ok())
        .setup(vec![ISOLATION.to_owned(), session()]);
    let options = match &settings.address {
        Address::Tcp { host, port } => options
            .ip_or_hostname(host.clone())
            .tcp_port(*port)
            .ssl_opts(settings.tls.as_ref().map(super::Tls::options)),
        Address::Socket(path) => options.socket(Some(path.to_string_lossy().into_owned())),
    };
    options.into()
}
