//! What an export gives up: writing anywhere but where it must.

use std::fs;

use serde_json::Value;

use super::file_shop::{Shop, product};
use super::support::home::{stderr, stdout};

#[test]
fn an_export_is_confined_and_everything_it_has_to_write_is_written() {
    let shop = Shop::new("");
    let home = &shop.home;
    shop.products(&[product("A")]);
    let config = fs::read_to_string(home.config()).expect("there");
    fs::create_dir(home.path("metrics")).expect("made");
    let metrics = home.path("metrics/x.prom");
    let with = |more: &str| {
        home.write_config(&format!("{config}\n[metrics]\nfile = \"{}\"\n{more}\n", metrics.display()));
    };
    let log = || -> String {
        let files = fs::read_dir(home.path(".local/state/commerce-connector/logs")).expect("there");
        files.map(|file| fs::read_to_string(file.expect("an entry").path()).expect("text")).collect()
    };
    let doctor = || -> Value {
        let lines = stdout(&home.run(&["doctor", "--json"]));
        let line = lines.lines().find(|line| line.contains("State directory")).expect("its check").to_owned();
        serde_json::from_str::<Value>(&line).expect("JSON")["facts"][0].clone()
    };
    with("");
    let output = home.run(&["export", "run", "--quiet"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert!(metrics.exists(), "the metrics are written");
    let is_there = !log().contains("this kernel has no Landlock");
    assert_eq!(log().contains("can write only where it must (Landlock)"), is_there, "{}", log());
    let fact = doctor();
    assert_eq!(fact.as_str().is_some_and(|fact| fact.starts_with("exports can write only there")), is_there, "{fact}");

    with("[export]\nlandlock = false");
    home.ok(&["export", "run", "--quiet"]);
    assert!(log().contains("can write wherever its user can why=\"export.landlock is false\""), "{}", log());
    assert_eq!(doctor(), "exports can write wherever this user can: export.landlock is false");
}

#[test]
fn a_refused_export_leaves_no_state_behind() {
    let home = super::support::home::Home::new();
    home.write_config("[ui]\nread_only = true\n[source]\nkind = \"files\"\n");
    assert_eq!(home.run(&["export", "run"]).status.code(), Some(7));
    assert!(!home.path(".local").exists());
}
