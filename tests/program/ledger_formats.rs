//! Ledgers of every released format: each was written by the version that brought it, and this one uses it.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::home::{Home, stderr};

/// One of each: two products in two store views, one of them refused, and a price for both; from 9 on also a category.
const LEDGERS: [(i64, &[u8]); 3] = [
    (7, include_bytes!("../fixtures/ledger-7.sqlite3.gz")),
    (8, include_bytes!("../fixtures/ledger-8.sqlite3.gz")),
    (9, include_bytes!("../fixtures/ledger-9.sqlite3.gz")),
];
/// The data space that they are of.
const DATA_SPACE: &str = "7c1a2e34-b958-4763-9b03-95b7baa94523";

/// A home in which this is the ledger.
fn home_with(ledger: &[u8]) -> Home {
    let home = Home::new();
    home.write_config(&format!("[saas]\nenvironment_id = \"{DATA_SPACE}\"\n[source]\nkind = \"files\"\n"));
    let path = home.path(".local/state/commerce-connector/ledger").join(format!("{DATA_SPACE}.sqlite3"));
    for directory in [home.path(".local/state/commerce-connector"), path.parent().expect("a parent").to_owned()] {
        fs::create_dir_all(&directory).expect("made");
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("chmod");
    }
    fs::write(&path, ledger).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
    home
}

fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut ledger = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut ledger).expect("a ledger");
    ledger
}

#[test]
fn a_ledger_of_each_released_format_is_used_as_it_is() {
    for (format, gzip) in LEDGERS {
        let home = home_with(&unpacked(gzip));
        let said = &home.json(&["export", "ledger", "migrate", "--dry-run"])[0];
        assert_eq!((&said["format"], &said["dry_run"]), (&json!(format), &json!(true)));
        let said = &home.json(&["export", "ledger", "migrate"])[0];
        assert_eq!(said["changed"], json!(said["format"] != said["program_format"]));
        let said = &home.json(&["export", "ledger", "migrate"])[0];
        assert_eq!((&said["format"], &said["changed"]), (&said["program_format"], &json!(false)), "once is enough");
        assert!(home.ok(&["export", "ledger", "check"]).ends_with("Ledger OK.\n"));
        let output = home.run(&["export", "status", "--json"]);
        let status = String::from_utf8(output.stdout).expect("text");
        let products = status.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let products = products.into_iter().find(|record| record["feed"] == "products").expect("exported");
        assert_eq!((&products["submitted"], &products["needs_attention"]), (&json!(2), &json!(2)), "{status}");
        assert_eq!(home.json(&["export", "runs"]).len(), 1);
    }
}

#[test]
fn a_newer_format_and_one_before_the_first_are_refused_in_a_sentence() {
    for (format, who) in [(6_u8, "an older version"), (99, "a newer version")] {
        let mut ledger = unpacked(LEDGERS[0].1);
        // `PRAGMA user_version` stands here, most significant byte first (SQLite's file format, 1.3).
        ledger[60..64].copy_from_slice(&[0, 0, 0, format]);
        let home = home_with(&ledger);
        for args in
            [&["export", "ledger", "migrate"][..], &["export", "ledger", "migrate", "--dry-run"], &["export", "status"]]
        {
            let refused = home.run(args);
            let said = stderr(&refused);
            assert_ne!(refused.status.code(), Some(0));
            assert!(
                said.contains(&format!("it was written by {who} of this program (format {format}; this one uses ")),
                "{said}"
            );
        }
    }
}
