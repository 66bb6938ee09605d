//! What an export gives up: writing and connecting anywhere but where it must.

use std::fs;

use serde_json::{Value, json};

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
        serde_json::from_str::<Value>(&line).expect("JSON")["facts"].clone()
    };
    with("");
    let output = home.run(&["export", "run", "--quiet"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert!(metrics.exists(), "the metrics are written");
    let is_there = !log().contains("this kernel has no Landlock");
    assert_eq!(log().contains("can write only where it must (Landlock)"), is_there, "{}", log());
    let facts = doctor();
    let begins = |at: usize, with: &str| facts[at].as_str().is_some_and(|fact| fact.starts_with(with));
    assert_eq!(begins(0, "exports can write only there"), is_there, "{facts}");
    let binds_connections = !log().contains("Landlock binds connections from") && is_there;
    let logged = log().lines().any(|line| line.contains("can connect only to ports of its settings (Landlock)"));
    assert_eq!(logged, binds_connections, "{}", log());
    assert_eq!(begins(1, "exports can connect only to these TCP ports: 53, "), binds_connections, "{facts}");

    with("[export]\nlandlock = false");
    home.ok(&["export", "run", "--quiet"]);
    assert!(log().contains("can write wherever its user can why=\"export.landlock is false\""), "{}", log());
    assert!(log().contains("can connect to any port why=\"export.landlock is false\""), "{}", log());
    assert_eq!(
        doctor(),
        json!([
            "exports can write wherever this user can: export.landlock is false",
            "exports can connect to any port: export.landlock is false"
        ])
    );
}

#[test]
fn a_refused_export_leaves_no_state_behind() {
    let home = super::support::home::Home::new();
    home.write_config("[ui]\nread_only = true\n[source]\nkind = \"files\"\n");
    assert_eq!(home.run(&["export", "run"]).status.code(), Some(7));
    assert!(!home.path(".local").exists());
}
