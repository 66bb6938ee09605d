//! A watch under a service manager: what it says of itself over `NOTIFY_SOCKET`.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::file_shop::Shop;

#[test]
fn a_watch_says_that_it_has_begun_how_it_stands_and_that_it_is_alive() {
    let shop = Shop::new("");
    shop.products(&[json!({"sku": "A", "storeCode": "main", "websiteCode": "base", "type": "simple", "name": "A", "status": "Enabled"})]);
    let socket = shop.home.path("notify");
    let heard = UnixDatagram::bind(&socket).expect("a socket");
    heard.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    let mut watch = shop.home.command(&["export", "watch", "--every", "3600"]);
    watch.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "200000").stdout(Stdio::null()).stderr(Stdio::null());
    let mut watch = watch.spawn().expect("the program runs");
    let next = |what: &str| {
        let mut all = String::new();
        while !all.contains(what) {
            let mut message = [0; 1_024];
            let length = heard.recv(&mut message).unwrap_or_else(|error| panic!("no {what} ({error}) in {all}"));
            all.push_str(&String::from_utf8_lossy(&message[..length]));
        }
        all
    };
    let first = next("READY=1");
    assert!(first.starts_with("READY=1\nSTATUS=First pass\n"), "{first}");
    next("STATUS=Export finished: 4 sent");
    next("WATCHDOG=1");
    let pid = Pid::from_raw(watch.id().cast_signed()).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is there");
    next("STOPPING=1");
    assert_eq!(watch.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_watch_says_what_it_watches_and_reads_its_settings_again_at_a_hang_up() {
    let shop = Shop::new("");
    shop.products(&[json!({"sku": "A", "storeCode": "main", "websiteCode": "base", "type": "simple", "name": "A", "status": "Enabled"})]);
    let socket = shop.home.path("notify");
    let heard = UnixDatagram::bind(&socket).expect("a socket");
    heard.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    let mut watch = shop.home.command(&["export", "watch", "--every", "3600", "--feed", "products"]);
    let mut watch = watch
        .env("NOTIFY_SOCKET", &socket)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(watch.stderr.take().expect("piped")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let first = line();
    assert!(
        first.starts_with("Watching products for ") && first.contains("(Testing): a pass every 1 h 00 min, "),
        "{first}"
    );
    let next = |what: &str| {
        let mut message = [0; 1_024];
        loop {
            let length = heard.recv(&mut message).unwrap_or_else(|error| panic!("no {what}: {error}"));
            let text = String::from_utf8_lossy(&message[..length]).into_owned();
            if text.starts_with(what) {
                return text;
            }
        }
    };
    next("STATUS=Export finished");
    let pid = Pid::from_raw(watch.id().cast_signed()).expect("a pid");
    // What is told of the first pass is not what this is about.
    let mut until = |what: &str| {
        let mut all = Vec::new();
        while !all.last().is_some_and(|line: &String| line.contains(what)) {
            all.push(line());
        }
    };
    let config = std::fs::read_to_string(shop.home.config()).expect("there");
    for (text, says) in [
        (
            format!("{config}\n[export]\nthread_count = 2\n[metrics]\nfile = \"m.prom\"\n"),
            "Settings changed: export settings, metrics",
        ),
        (
            format!("{config}\n[export]\ndatabase_share = 0\n"),
            "export.database_share must be from 1 to 100; continuing with the settings in use",
        ),
        (config.clone(), "Settings changed: export settings, metrics"),
        (config.clone(), "Settings read again; nothing changed."),
    ] {
        shop.home.write_config(&text);
        kill_process(pid, Signal::HUP).expect("it is there");
        let reloading = next("RELOADING=1");
        let stamp = reloading.trim().strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("with the time");
        assert!(stamp.parse::<u64>().is_ok_and(|stamp| stamp > 0), "{reloading}");
        next("READY=1");
        until(says);
    }
    kill_process(pid, Signal::TERM).expect("it is there");
    assert_eq!(watch.wait().expect("it ends").code(), Some(0));
}
