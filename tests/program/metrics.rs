//! The figures as a monitoring system gets them: the rules of their formats, the endpoint, and what the dashboard and the alert rules name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::file_shop::{Shop, product};
use crate::support::home::stderr;

const PREFIX: &str = "commerce_connector_";

/// A shop with one product and figures at this address.
fn shop(listen: &str) -> Shop {
    let shop = Shop::new("");
    shop.products(&[product("A")]);
    shop.home.ok(&["config", "set", "metrics.listen", listen]);
    shop
}

/// A watch after its first pass, and what it said until then.
fn watch(shop: &Shop) -> (Child, Vec<String>) {
    let mut watch = shop.home.command(&["export", "watch", "--every", "3600", "--json"]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
    let lines = BufReader::new(watch.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let mut said = Vec::new();
    for line in lines {
        let is_over = line.contains("\"type\":\"watch_pass\"");
        said.push(line);
        if is_over {
            break;
        }
    }
    (watch, said)
}

fn end(mut watch: Child) {
    kill_process(Pid::from_raw(watch.id().cast_signed()).expect("a pid"), Signal::TERM).expect("it is there");
    assert_eq!(watch.wait().expect("it ends").code(), Some(0));
}

fn ask(mut stream: impl Read + Write, request: &str, accept: &str) -> String {
    write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n").expect("sent");
    std::io::read_to_string(stream).expect("an answer")
}

/// A free port, which another process could take before it is used; on a test machine none does.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").to_string()
}

/// Holds a text to the rules of its format: each family once, told what it is before its values, in one piece; names, labels and
/// values well formed; counters end in `_total`; a histogram's classes grow up to its count. The families with their kinds.
fn families(text: &str, is_openmetrics: bool) -> BTreeMap<String, String> {
    let body = if is_openmetrics { text.strip_suffix("# EOF\n").expect("the end") } else { text };
    let is_name = |name: &str| name.starts_with(PREFIX) && name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut helped: Option<String> = None;
    let mut family = String::new();
    let mut seen = BTreeSet::new();
    let mut class = 0.0;
    for line in body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a text");
            assert!(is_name(name) && text.ends_with(['.', '1', 't', 'n', 's']) && helped.is_none(), "{line}");
            helped = Some(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a kind");
            assert_eq!(helped.take().as_deref(), Some(name), "HELP comes before TYPE");
            assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
            assert_eq!(name.ends_with("_total"), kind == "counter" && !is_openmetrics, "{line}");
            (family, class) = (name.to_owned(), 0.0);
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let value: f64 = value.parse().expect("a number");
            assert!(value.is_finite() && value >= 0.0, "{line}");
            assert!(seen.insert(series.to_owned()), "{series} comes twice");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let rest = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} is not of {family}"));
            let expected: &[&str] = match (kinds[&family].as_str(), is_openmetrics) {
                ("histogram", _) => &["_bucket", "_sum", "_count"],
                ("counter", true) => &["_total"],
                _ => &[""],
            };
            assert!(is_name(name) && expected.contains(&rest), "{line}");
            if rest == "_bucket" || rest == "_count" {
                assert!(value >= class, "{line}");
                class = value;
            }
            let labels = labels.strip_suffix('}').expect("closed");
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (name, value) = label.split_once('=').expect("a value");
                assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{line}");
                assert!(value.len() >= 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
            }
        }
    }
    kinds
}

#[test]
fn a_watch_serves_all_figures_by_the_rules_of_both_formats_and_nothing_else() {
    let address = free_address();
    let shop = shop(&address);
    let (watch, _) = watch(&shop);
    let get = |request: &str, accept: &str| ask(TcpStream::connect(&address).expect("it listens"), request, accept);
    let plain = get("GET /metrics", "*/*");
    assert!(plain.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{plain}");
    let open = get("GET /metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    assert!(open.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{open}");
    for (request, status) in
        [("GET /", "404"), ("GET /metrics/x", "404"), ("POST /metrics", "405"), ("DELETE /metrics", "405")]
    {
        let answer = get(request, "*/*");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
    let plain = plain.split_once("\r\n\r\n").expect("a body").1;
    let open = open.split_once("\r\n\r\n").expect("a body").1;
    let kinds = families(plain, false);
    assert_eq!(kinds.len(), families(open, true).len());
    for (line, number) in [
        ("items{feed=\"products\",state=\"sent\"}", "2"),
        ("run_state{state=\"idle\"}", "1"),
        ("oldest_pending_change_seconds{feed=\"products\"}", "0"),
        ("requests_total{outcome=\"failed\"}", "0"),
    ] {
        assert!(plain.contains(&format!("{PREFIX}{line} {number}\n")), "{line} in {plain}");
    }
    let count = |name: &str| {
        let line = plain.lines().find_map(|line| line.strip_prefix(&format!("{PREFIX}{name} "))).expect("a line");
        line.parse::<u64>().expect("a number")
    };
    assert!(count("request_duration_seconds_count") >= 2, "products and prices");
    assert_eq!(count("request_duration_seconds_count"), count("requests_total{outcome=\"ok\"}"));
    end(watch);
    what_the_pages_name_is_told(plain);
}

/// The allowance is known only where there is a limit, and a time of a partial sync after the second pass; this shop has neither.
fn what_the_pages_name_is_told(text: &str) {
    let told: BTreeSet<&str> =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['{', ' ']).next()).collect();
    let elsewhere =
        ["allowance_used_ratio", "last_partial_sync_timestamp_seconds"].map(|name| format!("{PREFIX}{name}"));
    let told: BTreeSet<String> = told.into_iter().map(str::to_owned).chain(elsewhere).collect();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/monitoring");
    let mut named = BTreeSet::new();
    for page in ["dashboard.json", "alerts.yml", "../monitoring.md"] {
        let page = fs::read_to_string(docs.join(page)).expect("a page");
        for (at, _) in page.match_indices(PREFIX) {
            let name: String = page[at..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            named.insert(name);
        }
        if page.starts_with('{') {
            serde_json::from_str::<serde_json::Value>(&page).expect("JSON");
        }
    }
    // What a page says of a histogram, it says by its name.
    named.remove(&format!("{PREFIX}request_duration_seconds"));
    let unknown: Vec<_> = named.difference(&told).collect();
    assert!(unknown.is_empty(), "nothing tells {unknown:?}");
    let bare = |name: &&String| !name.ends_with("_sum") && !name.ends_with("_count");
    let silent: Vec<_> = told.difference(&named).filter(bare).collect();
    assert!(silent.is_empty(), "no page names {silent:?}");
}

#[test]
fn a_socket_is_private_taken_over_from_the_dead_and_taken_away_at_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("metrics.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("left over"));
    let shop = shop(&socket.display().to_string());
    let (watch, _) = watch(&shop);
    let answer = ask(UnixStream::connect(&socket).expect("it listens"), "GET /metrics", "*/*");
    assert!(answer.contains("\ncommerce_connector_run_state{state=\"idle\"} 1\n"), "{answer}");
    assert_eq!(fs::metadata(&socket).expect("there").permissions().mode() & 0o777, 0o660);
    end(watch);
    assert!(!socket.exists());
}

#[test]
fn an_address_that_is_taken_is_one_sentence_and_the_export_goes_on() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let shop = shop(&address);
    let expected = format!("no metrics at {address}: it is in use by another process");
    let (watch, said) = watch(&shop);
    assert_eq!(
        said.iter().filter(|line| line.contains("\"type\":\"warning\"") && line.contains(&expected)).count(),
        1,
        "{said:?}"
    );
    end(watch);
    let output = shop.home.run(&["export", "run", "--quiet"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), format!("warning: {expected}\n")));
    for bad in ["0.0.0.0:9464", "metrics.sock"] {
        let refused = shop.home.run(&["config", "set", "metrics.listen", bad]);
        assert!(stderr(&refused).contains("expected a loopback address with a port"), "{}", stderr(&refused));
    }
}
