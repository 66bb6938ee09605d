//! Exports of one data space in several processes at once: together they send as fast as one may, and no faster.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cli::{connected, feeds_dir};
use super::support::home::Home;
use super::support::mariadb::Server;
use super::support::process::Gateway;

/// Requests a second that the gateway allows.
const RATE: u32 = 10;
/// Items of each feed; each travels alone.
const ITEMS: u32 = 40;
/// What a process needs before its first request and after its last one.
const AROUND: Duration = Duration::from_secs(2);

fn write(home: &Home, feed: &str, items: impl Iterator<Item = Value>) {
    let lines: Vec<String> = items.map(|item| item.to_string()).collect();
    fs::write(feeds_dir(home).join(format!("{feed}.ndjson")), lines.join("\n")).expect("written");
}

#[test]
fn two_processes_share_the_allowance_and_use_all_of_it() {
    let home = Home::new();
    export_at_once(&home, "", &[home.path("state"), home.path("state")]);
}

#[test]
fn two_nodes_share_the_allowance_and_use_all_of_it() {
    let home = Home::new();
    let database = Server::shared().empty("rate");
    let state = format!("[state]\nledger = \"database\"\n[state.database]\nurl = \"{}\"\n", database.url());
    export_at_once(&home, &state, &[home.path("one"), home.path("two")]);
}

/// Two exports of two feeds with these state directories, and what the gateway makes of them.
fn export_at_once(home: &Home, state: &str, state_dirs: &[PathBuf; 2]) {
    let faults = home.path("faults.toml");
    // As far away as a real one, so that each process needs several requests in flight.
    fs::write(&faults, "[[fault]]\nkind = \"slow\"\nseconds = 0.3\nshare = 1.0\n").expect("written");
    let rate = RATE.to_string();
    let more = ["--requests-per-second", &rate, "--burst", "4", "--faults", &faults.display().to_string()];
    let gateway = Gateway::start(home, &more);
    let data_space = connected(home, &gateway);
    let config = fs::read_to_string(home.config()).expect("the configuration");
    let config = config.replace("requests_per_second = 0", &format!("requests_per_second = {rate}"));
    home.write_config(&format!("{config}\n{state}"));
    let scope = json!({"storeViewCode": "default", "storeCode": "main", "websiteCode": "base"});
    let with_scope = |mut item: Value| {
        item.as_object_mut().expect("an object").extend(scope.as_object().expect("an object").clone());
        item
    };
    write(
        home,
        "products",
        (0..ITEMS).map(|number| {
            with_scope(json!({
                "sku": format!("SKU-{number}"), "productId": number.to_string(), "name": "plain", "type": "simple",
                "status": "Enabled", "visibility": "Catalog, Search", "createdAt": "2026-01-01 00:00:00",
                "updatedAt": "2026-01-01 00:00:00",
            }))
        }),
    );
    write(home, "categories", (3..ITEMS + 3).map(|number| {
        with_scope(json!({
            "categoryId": number.to_string(), "name": "plain", "path": format!("1/2/{number}"), "urlPath": format!("c{number}"),
            "urlKey": format!("c{number}"), "isActive": 1, "level": 2, "position": 1, "parentId": "2",
        }))
    }));

    let begun = Instant::now();
    let exports = [("products", &state_dirs[0]), ("categories", &state_dirs[1])].map(|(feed, state_dir)| {
        let mut command = home.command(&["export", "run", "--feed", feed, "--batch-size", "1", "--json"]);
        command.arg("--state-dir").arg(state_dir).stdout(Stdio::null()).spawn().expect("it starts")
    });
    for mut export in exports {
        assert!(export.wait().expect("it ends").success());
    }
    let took = begun.elapsed();
    let requests = gateway.requests(&data_space);
    assert_eq!(requests.get("200"), Some(&u64::from(2 * ITEMS)), "{requests:?}");
    let refused = requests.get("429").copied().unwrap_or_default();
    // A machine that is busy with other tests may wake a sender late, and then the next ones leave close together.
    assert!(refused * 100 <= 2 * u64::from(2 * ITEMS), "{requests:?}");
    let least = Duration::from_secs_f64(f64::from(2 * ITEMS) / f64::from(RATE));
    assert!(took <= least.div_f64(0.95) + AROUND, "{took:?} for {least:?}");
}
