//! Transactions that commit late, or never: their entries stand below the cursor when they appear, and none may be missed, by the
//! passes of a watch or by cron's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use commerce_connector::domain::Feed;
use commerce_connector::export::SyncMode;

use super::kit::{Pace, Sent, Shop, products};
use super::scenarios::{PACES, costs_one_full_compare, followed, one, settle};
use super::support::mariadb::{Server, TestDatabase, on_this_server};
use super::{LOGS, WHOLE, logged_shop, rename};

/// A transaction of another connection.
struct Open {
    client: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Open {
    /// Begins one, and returns when its statements were carried out.
    fn begin(database: &TestDatabase, sql: &str) -> Self {
        let socket = format!("--socket={}", database.socket().display());
        let mut client = Command::new("mariadb")
            .args([
                "--no-defaults",
                "--user=root",
                "--batch",
                "--unbuffered",
                "--skip-column-names",
                &socket,
                &database.name,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mariadb client");
        let input = client.stdin.take().expect("its input");
        let output = BufReader::new(client.stdout.take().expect("its output"));
        let mut open = Self { client, input, output };
        open.run(&format!("START TRANSACTION; {sql}"));
        open
    }

    fn run(&mut self, sql: &str) {
        writeln!(self.input, "{}; SELECT 'done';", on_this_server(sql)).expect("its input");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("its output");
        assert_eq!(line.trim(), "done");
    }

    fn end(mut self, how: &str) {
        self.run(how);
        drop(self.input);
        assert!(self.client.wait().expect("its end").success());
    }
}

const LATE: &str = "INSERT INTO cde_products_feed_cl (entity_id) VALUES (101)";

#[tokio::test]
async fn a_late_commit_is_found_however_late() {
    for pace in PACES {
        let shop = followed(pace).await;
        let open = Open::begin(&shop.database, LATE);
        shop.log(Feed::Products, 200);
        for _ in 0..5 {
            assert_eq!(shop.pass().await, Sent::new());
            // Hours, by the database server's clock; also one that jumped.
            shop.age(5_000);
        }
        rename(&shop, 101, "Committed late");
        open.end("COMMIT");
        assert_eq!(shop.pass().await, one());
        settle(&shop).await;
    }
}

#[tokio::test]
async fn what_was_rolled_back_is_given_up_and_costs_nothing() {
    for pace in PACES {
        let shop = followed(pace).await;
        let open = Open::begin(&shop.database, LATE);
        shop.log(Feed::Products, 200);
        assert_eq!(shop.pass().await, Sent::new());
        assert_ne!(shop.gaps(), 0);
        open.end("ROLLBACK");
        settle(&shop).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_put_back_or_forward_loses_no_late_commit() {
    for pace in PACES {
        for seconds in [-400_000, 400_000] {
            let shop = followed(pace).await;
            let open = Open::begin(&shop.database, LATE);
            shop.log(Feed::Products, 200);
            for _ in 0..4 {
                assert_eq!(shop.pass().await, Sent::new());
                shop.age(seconds);
            }
            rename(&shop, 101, "Committed late");
            open.end("COMMIT");
            assert_eq!(shop.pass().await, one(), "{seconds}");
        }
    }
}

#[tokio::test]
async fn a_late_commit_of_15_000_rows_is_found_whole() {
    for pace in PACES {
        let shop = followed(pace).await;
        let rows = "INSERT INTO cde_products_feed_cl (entity_id) SELECT 101 FROM seq_1_to_15000";
        let open = Open::begin(&shop.database, &format!("{LATE}; {rows}"));
        shop.log(Feed::Products, 200);
        for _ in 0..4 {
            assert_eq!(shop.pass().await, Sent::new());
            shop.age(1_000);
        }
        rename(&shop, 101, "Committed late");
        open.end("COMMIT");
        assert_eq!(shop.pass().await, one());
    }
}

#[tokio::test]
async fn a_full_sync_in_between_loses_no_late_commit() {
    for pace in PACES {
        let shop = followed(pace).await;
        let open = Open::begin(&shop.database, LATE);
        shop.log(Feed::Products, 200);
        assert_eq!(shop.pass().await, Sent::new());
        let later = Open::begin(&shop.database, "INSERT INTO cde_products_feed_cl (entity_id) VALUES (102)");
        shop.log(Feed::Products, 200);
        shop.run_well(SyncMode::Full).await;
        rename(&shop, 101, "Known before");
        open.end("COMMIT");
        assert_eq!(shop.pass().await, one());
        rename(&shop, 102, "Found by the full sync");
        later.end("COMMIT");
        assert_eq!(shop.pass().await, products("300", &["eu_en"], false));
    }
}

#[tokio::test]
async fn a_transaction_that_is_open_during_the_first_sync_is_not_missed() {
    for pace in PACES {
        let shop = Shop::at_pace(logged_shop(), &[Feed::Products], pace).await;
        let open = Open::begin(&shop.database, LATE);
        shop.database.execute("INSERT INTO cde_products_feed_cl (entity_id) SELECT 200 FROM seq_1_to_12000");
        shop.run_well(SyncMode::Full).await;
        rename(&shop, 101, "Committed late");
        open.end("COMMIT");
        assert_eq!(shop.pass().await, one());
    }
}

/// A shop on a server of its own, whose settings are those of every connection.
async fn on_its_own_server(pace: Pace, variables: &str) -> Shop {
    let database = Server::own().product_shop();
    database.execute(WHOLE);
    database.execute(LOGS);
    database.watch_idly();
    database.execute(variables);
    let shop = Shop::at_pace(database, &[Feed::Products], pace).await;
    shop.run_well(SyncMode::Full).await;
    shop
}

#[tokio::test]
async fn versions_that_are_given_out_in_strides_hide_no_late_commit() {
    let shop = on_its_own_server(Pace::Cron, "SET GLOBAL auto_increment_increment = 3").await;
    shop.log(Feed::Products, 100);
    assert_eq!(shop.pass().await, Sent::new());
    let open = Open::begin(&shop.database, LATE);
    shop.database.execute("INSERT INTO cde_products_feed_cl (entity_id) SELECT 200 FROM seq_1_to_12000");
    for _ in 0..4 {
        assert_eq!(shop.pass().await, Sent::new());
        shop.age(61);
    }
    rename(&shop, 101, "Committed late");
    open.end("COMMIT");
    assert_eq!(shop.pass().await, one());
    settle(&shop).await;
}

#[tokio::test]
async fn a_server_that_hides_what_is_open_costs_one_full_compare_for_what_never_came() {
    let shop = on_its_own_server(Pace::Watch, "SET GLOBAL read_only = 1").await;
    shop.log(Feed::Products, 100);
    assert_eq!(shop.pass().await, Sent::new());
    let open = Open::begin(&shop.database, LATE);
    shop.log(Feed::Products, 200);
    for _ in 0..4 {
        assert_eq!(shop.pass().await, Sent::new());
        shop.age(200);
    }
    rename(&shop, 101, "Committed late");
    open.end("COMMIT");
    assert_eq!(shop.pass().await, one(), "it was waited for");
    let never = Open::begin(&shop.database, LATE);
    shop.log(Feed::Products, 200);
    assert_eq!(shop.pass().await, Sent::new());
    never.end("ROLLBACK");
    rename(&shop, 101, "Nobody knows");
    shop.age(1_000);
    costs_one_full_compare(&shop, "never appeared").await;
}
