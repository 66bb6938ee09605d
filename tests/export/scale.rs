//! The feeds of 100,000 products: the numbers of their items, the queries and the time that collecting them takes.
//!
//! Ignored by default: it multiplies the Luma fixture in a MariaDB of its own, which takes minutes, and its time means something
//! only in a release build on a quiet machine:
//!
//! ```sh
//! cargo test --release --test export scale -- --ignored --nocapture
//! ```

use crate::support;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use commerce_connector::domain::Feed;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Collected, Selection};
use futures_util::StreamExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder, Row};
use support::mariadb::{Server, TestDatabase};
use tokio::sync::mpsc;

/// Simple products to add; with their configurable parents and Luma's own products they are a little over 100,000.
const ADDED: &str = "94100";
/// The most that collecting all products may take, in times of reading the same value tables raw.
const TIMES_RAW: f64 = 4.0;
/// How often both are measured; the best of each counts, for whatever else runs on the machine only ever makes them slower.
const ROUNDS: usize = 10;
/// What the server may keep in memory: both sides read from there, as on a server that has been running for a while.
const BUFFER_POOL: u64 = 512 << 20;
/// The value tables of products.
const VALUE_TABLES: [&str; 5] = ["datetime", "decimal", "int", "text", "varchar"];

/// Luma with 100,000 products that are all sold in one website of two store views; `None` where the fixture is absent.
fn large_shop() -> Option<TestDatabase> {
    let server = Server::own();
    let shop = server.luma()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/scale.py");
    let scaled = Command::new("python3")
        .arg(script)
        .arg("--socket")
        .arg(server.socket())
        .args(["--db", &shop.name, "--user", "root", "--n", ADDED, "--configurable"])
        .status()
        .expect("python3 runs");
    assert!(scaled.success(), "the fixture was not multiplied");
    shop.execute("DELETE FROM catalog_product_website WHERE website_id <> 1");
    shop.execute(&format!("SET GLOBAL innodb_buffer_pool_size = {BUFFER_POOL}"));
    Some(shop)
}

/// What collecting a feed came to.
struct Collection {
    items: u64,
    broken: u64,
    time: Duration,
}

async fn collect(source: &Commerce, feed: Feed) -> Collection {
    let (sender, mut pages) = mpsc::channel(2);
    let begin = Instant::now();
    let reading = tokio::spawn({
        let source = source.clone();
        async move { source.read(feed, &Selection::All, sender).await }
    });
    let (mut items, mut broken) = (0, 0);
    while let Some(page) = pages.recv().await {
        for collected in page.collected {
            match collected {
                Collected::Item { .. } => items += 1,
                Collected::Broken(_) => broken += 1,
            }
        }
    }
    reading.await.expect("no panic").expect("the feed is read");
    Collection { items, broken, time: begin.elapsed() }
}

/// How long it takes to read every row of the product value tables, and to do nothing with it.
async fn read_raw(shop: &TestDatabase) -> Duration {
    let socket = shop.url().split_once("socket=").expect("a socket").1.to_owned();
    let options = OptsBuilder::default().user(Some("root")).db_name(Some(shop.name.clone())).socket(Some(socket));
    let mut connection = Conn::new(options).await.expect("a connection");
    let begin = Instant::now();
    let mut rows = 0_u64;
    for table in VALUE_TABLES {
        let sql = format!("SELECT * FROM catalog_product_entity_{table}");
        let mut result = connection.query_iter(sql).await.expect("rows");
        let mut stream = result.stream::<Row>().await.expect("a stream").expect("a result");
        while let Some(row) = stream.next().await {
            row.expect("a row");
            rows += 1;
        }
    }
    println!("raw: {rows} rows of {} value tables in {:.1?}", VALUE_TABLES.len(), begin.elapsed());
    begin.elapsed()
}

/// The CPU time that this process and the server have taken so far.
fn cpu(shop: &TestDatabase) -> [Duration; 2] {
    let pid_file = &shop.query("SELECT @@pid_file")[0][0];
    let server = std::fs::read_to_string(pid_file).expect("the server's process");
    ["self", server.trim()].map(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
        // Behind the name, which may hold anything: the state is the third field; user and system time are the 14th and 15th,
        // in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        Duration::from_millis(fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("ticks") * 10).sum())
    })
}

fn selects(shop: &TestDatabase) -> u64 {
    shop.query("SHOW GLOBAL STATUS LIKE 'Com_select'")[0][1].parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes; see the head of this file"]
async fn a_hundred_thousand_products() {
    let Some(shop) = large_shop() else { return };
    let products = shop.number("SELECT COUNT(*) FROM catalog_product_entity");
    assert!(products >= 100_000, "{products} products");
    let source = Commerce::connect(&shop.settings()).await.expect("a connection");
    // Once before, so that no feed pays for a cold server, or for what it still has to tidy up.
    collect(&source, Feed::Products).await;
    for feed in source.feeds().await.expect("feeds") {
        let (before, cpu_before) = (selects(&shop), cpu(&shop));
        let Collection { items, broken, time } = collect(&source, feed).await;
        let queries = selects(&shop) - before;
        let cpu_after = cpu(&shop);
        let [ours, theirs] = [0, 1].map(|of| cpu_after[of].saturating_sub(cpu_before[of]));
        println!(
            "{feed}: {items} items, {broken} broken, {queries} queries, {time:.1?} (CPU: {ours:.1?} here, {theirs:.1?} in the server)"
        );
        let estimate = source.estimate(feed).await.expect("an estimate");
        assert_eq!(items + broken, estimate, "{feed}: what was read and what was counted");
        if feed == Feed::Products {
            assert_eq!(items, 2 * shop.number("SELECT COUNT(*) FROM catalog_product_website"));
        }
    }
    let (mut raw, mut whole) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        raw = raw.min(read_raw(&shop).await);
        whole = whole.min(collect(&source, Feed::Products).await.time);
        println!("products: {whole:.2?} at best, raw {raw:.2?} at best");
    }
    let times = whole.as_secs_f64() / raw.as_secs_f64();
    println!("products: {times:.2} times the raw read");
    assert!(times <= TIMES_RAW, "collecting products took {times:.2} times the raw read of {raw:.1?}");
}
