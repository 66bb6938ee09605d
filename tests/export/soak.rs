//! A soak: `export watch` for an hour over a shop that is edited at random all the while. Its memory and its file descriptors stay
//! flat, and in the end the gateway has what the shop has.
//!
//! Ignored by default, for it takes its time on purpose. How long, in minutes, is `COMMERCE_CONNECTOR_SOAK_MINUTES` (60):
//!
//! ```sh
//! cargo test --test export soak -- --ignored --nocapture
//! ```

use crate::support;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use commerce_connector::domain::Feed;
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::edited::EditedShop;
use support::gateway::Gateway;
use support::home::Home;
use support::mariadb::Server;
use tokio::time::{Instant, interval, sleep_until, timeout};

const PRODUCTS: u64 = 2_000;
/// How often memory and file descriptors are looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// The longest pause between two edits.
const LONGEST_PAUSE_MS: u64 = 800;
/// How much the mean resident memory of the last quarter may be above that of the second: the first one warms up.
const GROWTH: f64 = 1.05;
/// The last edits arrive within this.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the process holds at one time.
#[derive(Debug, Clone, Copy)]
struct Sample {
    rss_kib: u64,
    descriptors: u64,
    threads: u64,
}

impl Sample {
    fn of(child: &Child) -> Self {
        let directory = format!("/proc/{}", child.id());
        let status = fs::read_to_string(format!("{directory}/status")).expect("it is alive");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of /proc/PID/status");
            line.split_whitespace().next().expect("a value").parse().expect("a number")
        };
        let descriptors = fs::read_dir(format!("{directory}/fd"))
            .expect("its descriptors can be counted: the program hides them from all but root, so run this as root")
            .count() as u64;
        Self { rss_kib: number("VmRSS:"), descriptors, threads: number("Threads:") }
    }
}

/// What the watch says that it did.
#[derive(Default)]
struct Told {
    passes: AtomicU64,
    submitted: AtomicU64,
    failures: AtomicU64,
}

impl Told {
    /// Reads its JSON lines to their end.
    fn listen(&self, lines: impl std::io::Read) {
        for line in BufReader::new(lines).lines().map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).expect("a JSON line");
            match line["type"].as_str() {
                Some("watch_pass") => {
                    self.passes.fetch_add(1, Ordering::Relaxed);
                    let feeds = line["feeds"].as_array().expect("feeds");
                    let submitted: u64 = feeds.iter().filter_map(|feed| feed["submitted"].as_u64()).sum();
                    self.submitted.fetch_add(submitted, Ordering::Relaxed);
                }
                Some("item_failed" | "watch_failing") => {
                    println!("told: {line}");
                    self.failures.fetch_add(1, Ordering::Relaxed);
                }
                _ => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour"]
async fn a_watch_of_an_hour_holds_no_more_at_its_end() {
    let minutes = std::env::var("COMMERCE_CONNECTOR_SOAK_MINUTES").map_or(60.0, |text| text.parse().expect("minutes"));
    let time = Duration::from_secs_f64(60.0 * minutes);
    let shop = Arc::new(EditedShop::new(Server::own(), PRODUCTS));
    let gateway = Gateway::new().await;
    let home = Home::new();
    // In an hour half of the shop goes, which a run without a person would take for a mistake.
    let settings = format!("[export]\nmax_delete = \"none\"\n[source.commerce]\nurl = \"{}\"", shop.database.url());
    home.write_config(&gateway.config(&settings));
    let mut command = home.command(&["export", "watch", "--feed", "products", "--every", "1", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
    let told = Arc::new(Told::default());
    let listener = std::thread::spawn({
        let (told, lines) = (Arc::clone(&told), child.stdout.take().expect("its output"));
        move || told.listen(lines)
    });

    let end = Instant::now() + time;
    let editing = tokio::spawn(edit_until(end, Arc::clone(&shop)));
    let samples = watch_process(&child, end, time, &told).await;
    let edits = editing.await.expect("no panic");
    let arrived = timeout(PATIENCE, arrive(&gateway, &shop)).await.expect("the last edits arrive");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is told to stop");
    let status = tokio::task::spawn_blocking(move || child.wait()).await.expect("no panic").expect("it ends");
    listener.join().expect("no panic");
    println!(
        "{minutes} minutes: {edits} edits, {} passes that sent something, {} items sent, {} failures told; {arrived} items at the end",
        told.passes.load(Ordering::Relaxed),
        told.submitted.load(Ordering::Relaxed),
        told.failures.load(Ordering::Relaxed),
    );
    assert_eq!(status.code(), Some(0), "on SIGTERM a watch ends well");
    assert_flat(&samples);
}

async fn edit_until(end: Instant, shop: Arc<EditedShop>) -> usize {
    let mut random = Rng::with_seed(7);
    let mut edits = 0;
    while Instant::now() < end {
        let (shop, mut fork) = (Arc::clone(&shop), random.fork());
        edits += tokio::task::spawn_blocking(move || shop.edit(&mut fork)).await.expect("no panic");
        sleep_until(end.min(Instant::now() + Duration::from_millis(random.u64(..LONGEST_PAUSE_MS)))).await;
    }
    edits
}

/// Looks at the process until the end, and prints a line twelve times.
async fn watch_process(child: &Child, end: Instant, time: Duration, told: &Told) -> Vec<Sample> {
    println!("minute  RSS KiB  descriptors  threads  passes  items sent");
    let begin = Instant::now();
    let mut samples = Vec::new();
    let mut clock = interval(SAMPLE_EVERY.min(time / 40));
    let mut next_line = begin;
    while Instant::now() < end {
        clock.tick().await;
        let sample = Sample::of(child);
        samples.push(sample);
        if Instant::now() >= next_line {
            next_line += time / 12;
            println!(
                "{:6.1}  {:7}  {:11}  {:7}  {:6}  {:10}",
                begin.elapsed().as_secs_f64() / 60.0,
                sample.rss_kib,
                sample.descriptors,
                sample.threads,
                told.passes.load(Ordering::Relaxed),
                told.submitted.load(Ordering::Relaxed)
            );
        }
    }
    samples
}

/// Waits until the gateway has what the shop has, and says how many items that is.
async fn arrive(gateway: &Gateway, shop: &Arc<EditedShop>) -> usize {
    let mut clock = interval(Duration::from_secs(1));
    let expected = shop.state();
    loop {
        clock.tick().await;
        if live_names(gateway).await == expected {
            return expected.len();
        }
    }
}

async fn live_names(gateway: &Gateway) -> BTreeMap<String, String> {
    let received = gateway.received(Feed::Products).await;
    let live = received.into_iter().filter(|(_, item)| !item.deleted);
    live.map(|(key, item)| (key, item.item["name"].as_str().unwrap_or_default().to_owned())).collect()
}

fn assert_flat(samples: &[Sample]) {
    let quarter = samples.len() / 4;
    let (second, last) = (&samples[quarter..2 * quarter], &samples[3 * quarter..]);
    let mean = |part: &[Sample]| part.iter().map(|sample| sample.rss_kib).sum::<u64>() as f64 / part.len() as f64;
    let most = |part: &[Sample]| part.iter().map(|sample| sample.descriptors).max().unwrap_or_default();
    println!(
        "resident memory: mean of the second quarter {:.0} KiB, of the last {:.0} KiB; descriptors: at most {} and {}",
        mean(second),
        mean(last),
        most(second),
        most(last)
    );
    assert!(mean(last) <= mean(second) * GROWTH, "memory grows");
    assert!(most(last) <= most(second), "descriptors grow");
}
