//! A throw-away MariaDB: one server for each test program, on a socket in a directory that is gone afterwards.
//!
//! A shell stands between the test program and the server. It waits for the end of its standard input, which comes when the
//! test program is gone, however it went; then it kills the server and removes the directory. So a static server needs no
//! destructor, and nothing is left behind.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_connector::commerce::database::{Address, DatabaseSettings};
use commerce_connector::domain::Feed;
use commerce_connector::secret::Secret;

/// Copies a data directory, starts the server on it, and cleans up when standard input ends.
///
/// Installing one takes seconds, and every test program needs one: the first to come installs it for all.
const KEEPER: &str = r#"
trap '' INT TERM HUP
directory=$1
template=$2
other=$3
shift 3
PATH=$PATH:/usr/local/sbin:/usr/sbin
# A server clears the temporary tables that it finds when it starts: in a directory that it shares, those of others as well.
mkdir "$directory/tmp"
export TMPDIR="$directory/tmp"
# Another server is unpacked with all it needs, and run by the loader that came with it.
root=${DATABASE_SERVERS:-$HOME/.cache/other-database-servers}/$other/root
unpacked() {
  exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path \
    "$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu/mysql/private" "$root/usr/sbin/$@"
}
mysql() {
  unpacked mysqld --no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql" \
    --plugin-dir="$root/usr/lib/mysql/plugin" --mysqlx=OFF --skip-log-bin --secure-file-priv= \
    --cte-max-recursion-depth=100000 --user="$(id -un)" "$@"
}
newer_mariadb() {
  unpacked mariadbd --no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mariadb" \
    --plugin-dir="$root/usr/lib/mysql/plugin" --skip-log-bin --user="$(id -un)" "$@"
}
install() {
  case $other in
  mysql) (mysql --datadir="$1" --initialize-insecure) ;;
  mariadb)
    mkdir -p "$1" && share=$root/usr/share/mariadb
    { printf 'create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n'
      cat "$share"/mariadb_system_tables.sql "$share"/mariadb_performance_tables.sql "$share"/mariadb_system_tables_data.sql
    } | (newer_mariadb --datadir="$1" --bootstrap --skip-grant-tables) ;;
  *)
    mariadb-install-db --no-defaults --datadir="$1" --auth-root-authentication-method=normal \
      --skip-test-db --innodb-log-file-size=8M --user="$(id -un)" ;;
  esac
}
for program in mariadb-install-db mariadbd mariadb flock; do
  if ! command -v "$program" >/dev/null; then echo "missing: $program" >&2; rm -rf "$directory"; exit 1; fi
done
(
  flock 9
  [ -d "$template" ] && exit 0
  rm -rf "$template.new"
  install "$template.new" >"$directory/install.log" 2>&1 && mv "$template.new" "$template"
) 9>"$template.lock" || { cat "$directory/install.log" >&2; exit 1; }
cp -a "$template" "$directory/data"
set -- --datadir="$directory/data" --socket="$directory/s.sock" --pid-file="$directory/pid" \
  --skip-networking --skip-name-resolve --performance-schema=OFF --log-output=TABLE \
  --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --innodb-buffer-pool-size=128M \
  --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci "$@"
case $other in
mysql) mysql "$@" >&2 </dev/null & ;;
mariadb) newer_mariadb "$@" --innodb-log-file-size=48M >&2 </dev/null & ;;
*) mariadbd --no-defaults --user="$(id -un)" --skip-log-bin --sync-frm=0 --innodb-log-file-size=48M "$@" >&2 </dev/null & ;;
esac
server=$!
# Only the server holds the log from here on, so that it ends when the server does; and nobody reads it in the end, when a word
# in it would end this shell before its work is done.
exec 2>/dev/null
cat >/dev/null
kill -9 "$server"
wait "$server"
rm -rf "$directory"
"#;

/// A running server.
pub struct Server {
    directory: PathBuf,
    /// Holds the pipe whose end ends the server.
    _keeper: Child,
}

/// Where the installed data directory is kept from which all others are copied: beside what else the tests' builds leave, and
/// one for each version of the server.
fn template() -> PathBuf {
    let version = Command::new("mariadb").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let version: String = String::from_utf8_lossy(&version).chars().filter(char::is_ascii_alphanumeric).collect();
    let name = other().map_or_else(|| format!("mariadb-{version}"), |other| format!("other-{other}"));
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Which other server than the system's the tests run on: `mysql` or `mariadb`, as `scripts/database-servers` brings them.
pub fn other() -> Option<String> {
    std::env::var("COMMERCE_CONNECTOR_TEST_SERVER").ok().filter(|name| !name.is_empty())
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// The server of this test program; the first call starts it.
    ///
    /// # Panics
    /// If MariaDB is not installed or does not start.
    pub fn shared() -> &'static Self {
        SERVER.get_or_init(|| Self::start(&[]))
    }

    /// A server that no other test asks anything, for a test that counts what is asked. It stays as long as the test program.
    ///
    /// # Panics
    /// If MariaDB is not installed or does not start.
    pub fn own() -> &'static Self {
        Self::with_options(&[])
    }

    /// A server of its own with these options besides the usual ones. It stays as long as the test program.
    ///
    /// # Panics
    /// If MariaDB is not installed or does not start.
    pub fn with_options(options: &[String]) -> &'static Self {
        Box::leak(Box::new(Self::start(options)))
    }

    fn start(options: &[String]) -> Self {
        let directory = tempfile::Builder::new().prefix("cc-mariadb-").tempdir().expect("a directory").keep();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&directory)
            .arg(template())
            .arg(other().unwrap_or_default())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut log = BufReader::new(keeper.stderr.take().expect("the log"));
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if log.read_line(&mut line).expect("the log") == 0 {
                assert!(
                    !said.contains("missing: "),
                    "MariaDB is not installed ({}): run scripts/test, which installs what the tests need",
                    said.trim()
                );
                panic!("MariaDB does not start:\n{said}");
            }
            // MySQL says the same of an interface of its own, which it ends at port 0.
            if line.contains("ready for connections") && !line.contains("X Plugin") {
                break;
            }
            said.push_str(&line);
        }
        // The server would stop at a full pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { directory, _keeper: keeper }
    }

    /// A data directory as it is installed, to be copied. The first call starts the shared server.
    pub fn installed() -> PathBuf {
        Self::shared();
        template()
    }

    /// The server's socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("s.sock")
    }

    /// An empty database with a name of its own.
    pub fn empty(&'static self, name: &str) -> TestDatabase {
        let name = format!("{name}_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.feed("", format!("CREATE DATABASE {name} CHARACTER SET utf8mb4").as_bytes());
        TestDatabase { server: self, name, table_prefix: String::new() }
    }

    /// The very small shop of `tests/fixtures/commerce.sql`.
    pub fn small_shop(&'static self) -> TestDatabase {
        let shop = self.empty("small");
        shop.execute(SMALL_SHOP);
        shop
    }

    /// The same shop with staging (`row_id`) and a table prefix.
    pub fn staged_shop(&'static self) -> TestDatabase {
        let mut shop = self.empty("staged");
        "shop_".clone_into(&mut shop.table_prefix);
        shop.execute(&prefixed(SMALL_SHOP, &shop.table_prefix));
        shop.execute(&prefixed(STAGING, &shop.table_prefix));
        shop
    }

    /// The very small shop with a product of each kind (`tests/fixtures/products.sql`).
    pub fn product_shop(&'static self) -> TestDatabase {
        let shop = self.small_shop();
        shop.execute(PRODUCTS);
        shop
    }

    /// The same shop with staging and a table prefix.
    pub fn staged_product_shop(&'static self) -> TestDatabase {
        let mut shop = self.empty("staged_products");
        "shop_".clone_into(&mut shop.table_prefix);
        for sql in [SMALL_SHOP, PRODUCTS, STAGING, PRODUCTS_STAGING] {
            shop.execute(&prefixed(sql, &shop.table_prefix));
        }
        shop
    }

    /// The shop with a product of each kind, with prices and variants (`tests/fixtures/prices.sql`).
    pub fn price_shop(&'static self) -> TestDatabase {
        let shop = self.product_shop();
        shop.execute(PRICES);
        shop
    }

    /// The same shop with staging and a table prefix.
    pub fn staged_price_shop(&'static self) -> TestDatabase {
        let mut shop = self.empty("staged_prices");
        "shop_".clone_into(&mut shop.table_prefix);
        for sql in [SMALL_SHOP, PRODUCTS, PRICES, STAGING, PRODUCTS_STAGING, PRICES_STAGING] {
            shop.execute(&prefixed(sql, &shop.table_prefix));
        }
        shop
    }

    /// The very small shop with more fixtures (`tests/fixtures`), in this order.
    pub fn shop_with(&'static self, fixtures: &[&str]) -> TestDatabase {
        let shop = self.small_shop();
        for sql in fixtures {
            shop.execute(sql);
        }
        shop
    }

    /// The same with staging and a table prefix.
    pub fn staged_shop_with(&'static self, fixtures: &[&str]) -> TestDatabase {
        let mut shop = self.empty("staged_with");
        "shop_".clone_into(&mut shop.table_prefix);
        for sql in [SMALL_SHOP].iter().chain(fixtures).chain(&[STAGING]) {
            shop.execute(&prefixed(sql, &shop.table_prefix));
        }
        shop
    }

    /// A fresh copy of the Luma fixture; `None`, and a line that says so, where it is absent.
    pub fn luma(&'static self) -> Option<TestDatabase> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/luma.sql.gz");
        let Ok(file) = std::fs::File::open(&path) else {
            println!("Luma fixture absent, this test is skipped: {}", path.display());
            return None;
        };
        let mut sql = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut sql).expect("a gzip file");
        let shop = self.empty("luma");
        self.feed(&shop.name, &sql);
        Some(shop)
    }

    /// The same, changed by these statements, with empty change logs and Commerce's own triggers, which begin to write them.
    pub fn luma_with_triggers(&'static self, changes: &str) -> Option<TestDatabase> {
        let shop = self.luma()?;
        let triggers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/triggers.sql");
        shop.execute(changes);
        let logs = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE '%\\_cl'";
        let empty: Vec<String> = shop.query(logs).iter().map(|log| format!("TRUNCATE `{}`;", log[0])).collect();
        shop.execute(&empty.concat());
        shop.execute(&std::fs::read_to_string(triggers).expect("the triggers beside the fixture"));
        Some(shop)
    }

    fn client(&self, database: &str) -> Command {
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "--user=root", "--batch", "--raw", "--skip-column-names"]);
        // Fixtures hold zero dates, as old shops do; MySQL refuses them by default.
        let session = "--init-command=SET time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION'";
        client.args(["--default-character-set=utf8mb4", session]);
        client.arg(format!("--socket={}", self.socket().display())).arg(database);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        client
    }

    /// Runs SQL by MariaDB's own client, and gives what it prints.
    fn feed(&self, database: &str, sql: &[u8]) -> String {
        let mut client = self.client(database).spawn().expect("the mariadb client");
        let mut input = client.stdin.take().expect("its input");
        let sql = sql.to_vec();
        // From a thread, so that neither side waits for the other with a full pipe.
        let writer = std::thread::spawn(move || input.write_all(&sql));
        let output = client.wait_with_output().expect("its output");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        writer.join().expect("a writer").expect("its input");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

const SMALL_SHOP: &str = include_str!("../fixtures/commerce.sql");
const STAGING: &str = include_str!("../fixtures/commerce_staging.sql");
const PRODUCTS: &str = include_str!("../fixtures/products.sql");
const PRODUCTS_STAGING: &str = include_str!("../fixtures/products_staging.sql");
const PRICES: &str = include_str!("../fixtures/prices.sql");
const PRICES_STAGING: &str = include_str!("../fixtures/prices_staging.sql");

/// SQL as the server takes it that the tests run on: MySQL has no sequence tables (`FROM seq_1_to_150`).
pub fn on_this_server(sql: &str) -> String {
    const FROM: &str = "FROM seq_1_to_";
    if other().as_deref() != Some("mysql") {
        return sql.to_owned();
    }
    let mut parts = sql.split(FROM);
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (last, rest) = part.split_at(end);
        let _ = write!(
            made,
            "FROM (WITH RECURSIVE numbers AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM numbers WHERE seq < {last}) \
             SELECT seq FROM numbers) AS numbers_to_{last}{rest}"
        );
    }
    made
}

/// Puts a prefix before every table name: the names in backquotes, and only they.
fn prefixed(sql: &str, prefix: &str) -> String {
    sql.split('`').enumerate().fold(String::new(), |mut text, (at, part)| {
        let prefix = if at % 2 == 1 { prefix } else { "" };
        let quote = if at == 0 { "" } else { "`" };
        let _ = write!(text, "{quote}{prefix}{part}");
        text
    })
}

/// A database of one test. It stays until the server goes.
pub struct TestDatabase {
    server: &'static Server,
    /// Its name.
    pub name: String,
    /// The prefix of its tables.
    pub table_prefix: String,
}

impl TestDatabase {
    /// How the program connects to it: as root, by the socket.
    pub fn settings(&self) -> DatabaseSettings {
        DatabaseSettings {
            address: Address::Socket(self.server.socket()),
            user: "root".to_owned(),
            password: Secret::new(""),
            database: self.name.clone(),
            table_prefix: self.table_prefix.clone(),
            tls: None,
        }
    }

    /// The server's socket.
    pub fn socket(&self) -> PathBuf {
        self.server.socket()
    }

    /// The same as a URL, for configuration files.
    pub fn url(&self) -> String {
        format!("mysql://root@localhost/{}?socket={}", self.name, self.server.socket().display())
    }

    /// Runs statements.
    pub fn execute(&self, sql: &str) {
        self.server.feed(&self.name, on_this_server(sql).as_bytes());
    }

    /// Moves the orders' tables into a database of their own, as a split database has them.
    pub fn split_orders(&self) -> TestDatabase {
        let orders = TestDatabase { table_prefix: self.table_prefix.clone(), ..self.server.empty("orders") };
        let tables = self.query(&format!("SHOW TABLES LIKE '{}sales\\_%'", self.table_prefix));
        let moves: Vec<String> =
            tables.iter().map(|row| format!("{table} TO {}.{table}", orders.name, table = row[0])).collect();
        self.execute(&format!("RENAME TABLE {}", moves.join(", ")));
        orders
    }

    /// Runs statements, and goes on after one that fails.
    pub fn execute_as_far_as_possible(&self, sql: &str) {
        let mut client = self.server.client(&self.name);
        client.arg("--force").stderr(Stdio::null());
        let mut client = client.spawn().expect("the mariadb client");
        client.stdin.take().expect("its input").write_all(sql.as_bytes()).expect("its input");
        client.wait().expect("its end");
    }

    /// Triggers as a view on schedule has them, made anew, which write nothing: the test itself writes the entries that it means.
    pub fn watch_idly(&self) {
        let tables: Vec<String> = self.query("SHOW TABLES").into_iter().map(|mut row| row.remove(0)).collect();
        let prefixed = |table: &str| format!("{}{table}", self.table_prefix);
        let has = |table: &String| tables.contains(table);
        let triggers = self.query("SHOW TRIGGERS").into_iter().map(|mut row| row.remove(0));
        let mut sql = String::new();
        for name in triggers.filter(|name| name.starts_with("idle_")) {
            let _ = writeln!(sql, "DROP TRIGGER {name};");
        }
        for feed in Feed::ALL {
            let log = feed.in_commerce().map(|names| prefixed(&names.change_log()));
            let Some(log) = log.filter(has) else { continue };
            for table in feed.watched_tables().iter().map(|table| prefixed(table)).filter(has) {
                for event in ["INSERT", "UPDATE", "DELETE"] {
                    let number = sql.lines().count();
                    let _ = writeln!(
                        sql,
                        "CREATE TRIGGER idle_{number} AFTER {event} ON {table} FOR EACH ROW SET @idle = '{log}';"
                    );
                }
            }
        }
        self.execute(&sql);
    }

    /// The rows of a query, by MariaDB's own client: an answer that is independent of the program. NULL is `NULL`.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let text = self.server.feed(&self.name, on_this_server(sql).as_bytes());
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    /// Locks a table for writing until the lock is dropped.
    pub fn lock(&self, table: &str) -> Lock {
        let mut client = self.server.client(&self.name).arg("--unbuffered").spawn().expect("the mariadb client");
        let mut input = client.stdin.take().expect("its input");
        writeln!(input, "LOCK TABLES {table} WRITE; SELECT 'locked';").expect("its input");
        let mut answer = String::new();
        let output = client.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut answer).expect("an answer");
        assert_eq!(answer.trim(), "locked");
        Lock { input: Some(input), client }
    }

    /// The one number that a query gives.
    pub fn number(&self, sql: &str) -> u64 {
        self.query(sql)[0][0].parse().expect("a number")
    }
}

/// A table that is locked: the client that holds the lock ends with it.
pub struct Lock {
    input: Option<ChildStdin>,
    client: Child,
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.client.wait();
    }
}
