//! A watch under a service manager: what it says of itself over `NOTIFY_SOCKET`.

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
