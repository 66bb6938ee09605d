//! What there is to see when nothing runs: past runs, and a watch between two passes.

use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;

use super::kit::{PATIENCE, PRODUCTS, Shop, ended};
use super::support::home::stdout;

fn of_type(lines: Vec<Value>, kind: &str) -> Vec<Value> {
    lines.into_iter().filter(|line| line["type"] == kind).collect()
}

fn lines(shop: &Shop, args: &[&str]) -> Vec<Value> {
    stdout(&shop.home.run(args)).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn runs(shop: &Shop) -> Vec<Value> {
    of_type(lines(shop, &["export", "runs", "--json"]), "run")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_is_in_the_history_also_one_that_was_killed() {
    let shop = Shop::new().await;
    assert!(shop.home.ok(&["export", "runs"]).contains("No runs yet"));
    shop.home.ok(&["export", "run", "--dry-run"]);
    assert!(runs(&shop).is_empty(), "a dry run leaves nothing behind");

    let mut killed = shop.export();
    shop.wait_for_run("has begun", |_| true);
    assert_eq!(runs(&shop)[0]["end"], "running");
    killed.kill().expect("killed");
    killed.wait().expect("it ended");
    let died = &runs(&shop)[0];
    assert_eq!((&died["end"], died["pid"].as_u64()), (&Value::from("died"), Some(killed.id().into())));
    assert_eq!(died["sent"], Value::Null);

    let run = shop.export();
    shop.wait_for_run("has begun", |_| true);
    shop.hurry();
    assert_eq!(ended(run).0, Some(0));
    let all = runs(&shop);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!((&all[0]["end"], &all[0]["request"]), (&Value::from("complete"), &Value::from("Export")));
    assert!(all[0]["sent"].as_u64().is_some_and(|sent| sent > 0 && sent <= PRODUCTS as u64), "{all:?}");
    assert!(shop.home.ok(&["export", "runs", "--limit", "1"]).lines().count() == 2, "a header and a run");

    let status = lines(&shop, &["export", "status", "--json"]);
    let coverage = &of_type(status, "coverage")[0];
    assert_eq!((coverage["sent"].as_u64(), coverage["percent"].as_f64()), (Some(PRODUCTS as u64), Some(100.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_is_seen_and_stopped_between_two_passes() {
    let shop = Shop::new().await;
    let feed = ["--feed", "products"];
    let mut watch = shop.home.command(&[&["export", "watch", "--every", "86400"], &feed[..]].concat());
    let watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let watches = || of_type(lines(&shop, &["export", "status", "--json"]), "watch");
    let wait_for = |is_so: &dyn Fn(&Value) -> bool| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let [found] = &watches()[..]
                && is_so(found)
            {
                return found.clone();
            }
            assert!(Instant::now() < deadline, "no such watch: {:?}", watches());
        }
    };
    let begun = wait_for(&|_| true);
    assert_eq!((begun["pid"].as_u64(), begun["every_seconds"].as_u64()), (Some(watch.id().into()), Some(86_400)));
    shop.wait_for_run("is the first pass", |run| run["request"] == "Watch pass");
    shop.home.ok(&["export", "set", "--threads", "8", "--batch-size", "100"]);
    let waiting = wait_for(&|watch| watch["next_pass"].is_string());
    assert_eq!(waiting["last_pass"]["sent"].as_u64(), Some(PRODUCTS as u64), "{waiting}");
    assert_eq!(runs(&shop)[0]["request"], "Watch pass");
    assert!(stdout(&shop.home.run(&["status"])).contains("Watch every "));

    assert!(shop.home.ok(&["export", "stop"]).contains("Stopping the watch"));
    assert_eq!(ended(watch).0, Some(0));
    assert!(watches().is_empty());
}
