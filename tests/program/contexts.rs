//! Several shops from one account: `contexts …`, `--context` and what wins over it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::home::{Home, stderr};

/// Two contexts, each with a name for its installation.
fn two() -> Home {
    let home = Home::new();
    for name in ["luma", "b2b"] {
        home.ok(&["contexts", "add", name]);
        home.ok(&["--context", name, "config", "init"]);
        home.ok(&["--context", name, "config", "set", "instance.name", name]);
    }
    home
}

fn installation(home: &Home, args: &[&str]) -> String {
    home.json(&[&["whoami"], args].concat())[0]["installation"].as_str().expect("a name").to_owned()
}

#[test]
fn flag_wins_over_variable_and_variable_over_the_current_one() {
    let home = two();
    home.write_config("[instance]\nname = \"default\"\n");
    assert_eq!(installation(&home, &[]), "default", "nothing is used that nobody asked for");
    home.ok(&["contexts", "use", "luma"]);
    assert_eq!(installation(&home, &[]), "luma");
    assert_eq!(installation(&home, &["--context", "b2b"]), "b2b");
    assert_eq!(installation(&home, &["--context="]), "default", "an empty name is none");
    let config = home.config().display().to_string();
    assert_eq!(installation(&home, &["--context", "b2b", "--config", &config]), "default");

    let with_variable = |args: &[&str]| {
        let output = home.command(args).env("COMMERCE_CONNECTOR_CONTEXT", "b2b").output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(with_variable(&["whoami"]).starts_with("Context       b2b\n"), "{}", with_variable(&["whoami"]));
    assert!(with_variable(&["whoami", "--context", "luma"]).starts_with("Context       luma\n"));
    home.ok(&["contexts", "use", "--none"]);
    assert_eq!(installation(&home, &[]), "default");
}

#[test]
fn each_has_a_configuration_and_a_state_of_its_own() {
    let home = two();
    let listed = home.json(&["contexts", "list", "--context", "b2b"]);
    let of = |name: &str| listed.iter().find(|record| record["name"] == name).expect("listed").clone();
    let config = home.path(".config/commerce-connector/contexts/luma/config.toml").display().to_string();
    let state = home.path(".local/state/commerce-connector/contexts/luma").display().to_string();
    assert_eq!((&of("luma")["config"], &of("luma")["state_directory"]), (&json!(config), &json!(state)));
    assert_eq!((&of("luma")["in_use"], &of("b2b")["in_use"]), (&json!(false), &json!(true)));
    let shown = home.json(&["config", "show", "--context", "luma"]);
    let directory = shown.iter().find(|record| record["key"] == "state.directory").expect("shown");
    assert_eq!((&directory["value"], &directory["origin"]), (&json!(state), &json!("--context")));
    let elsewhere = home.path("elsewhere").display().to_string();
    let shown = home.json(&["config", "show", "--context", "luma", "--state-dir", &elsewhere]);
    let directory = shown.iter().find(|record| record["key"] == "state.directory").expect("shown");
    assert_eq!(directory["value"], json!(elsewhere), "--state-dir wins");

    let list = home.path(".config/commerce-connector/contexts.toml");
    assert_eq!(fs::metadata(&list).expect("there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_configuration_that_is_there_keeps_its_state() {
    let home = Home::new();
    home.write_config("");
    let config = home.config().display().to_string();
    let text = home.ok(&["contexts", "add", "main", "--config", &config]);
    let state = home.path(".local/state/commerce-connector").display().to_string();
    assert!(text.contains(&format!("\nState: {state}\n")), "{text}");
    let text = home.ok(&["contexts", "add", "second", "--config", &config, "--state-dir", "own"]);
    assert!(text.contains("/own\n"), "{text}");
}

#[test]
fn what_is_not_there_is_one_sentence_and_removing_deletes_nothing() {
    let home = two();
    let refused = home.run(&["whoami", "--context", "lmua"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(stderr(&refused), "error: context lmua not found\n  fix: did you mean luma?\n");
    assert_eq!(home.run(&["contexts", "add", "luma"]).status.code(), Some(2));
    assert_eq!(home.run(&["contexts", "use"]).status.code(), Some(2));

    let text = home.ok(&["contexts", "remove", "luma"]);
    let config = home.path(".config/commerce-connector/contexts/luma/config.toml");
    assert!(config.exists() && text.contains(&config.display().to_string()), "{text}");

    let list = home.path(".config/commerce-connector/contexts.toml");
    fs::write(&list, "current = \"gone\"\n").expect("written");
    assert!(stderr(&home.run(&["status"])).starts_with("error: context gone not found"));
    home.ok(&["contexts", "use", "--none"]);
    home.ok(&["whoami"]);
    assert_eq!(home.run(&["contexts", "add", "x", "--read-only"]).status.code(), Some(7));
}
