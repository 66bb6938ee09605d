//! The headless twins of Overview and Keys: `status`, `config source` and `keys rotate`.

use crate::support;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use support::home::{Home, stderr, stdout};
use support::process::Gateway;

fn state_of<'a>(lines: &'a [Value], step: &str) -> &'a str {
    let line = lines.iter().find(|line| line["type"] == "step" && line["step"] == step).expect("the step");
    line["state"].as_str().expect("a word")
}

fn status(home: &Home) -> (i32, Vec<Value>) {
    let output = home.run(&["status", "--json"]);
    let lines = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (output.status.code().expect("a code"), lines)
}

/// A pair as files, as a person would have it: the API key of one environment, the private key of another if asked.
fn pair_files(home: &Home, gateway: &Gateway, private_key_of: &str) -> [String; 2] {
    let api_key = home.path("api-key.txt");
    fs::write(&api_key, gateway.ready["sandbox"]["api_key"].as_str().expect("a key")).expect("written");
    let private_key = home.path("private.pem");
    fs::copy(gateway.private_key_file(private_key_of), &private_key).expect("copied");
    fs::set_permissions(&private_key, fs::Permissions::from_mode(0o600)).expect("chmod");
    [api_key.display().to_string(), private_key.display().to_string()]
}

fn keys(command: &'static str, files: &[String; 2]) -> Vec<String> {
    ["keys", command, "--environment", "sandbox", "--api-key-file", &files[0], "--private-key-file", &files[1]]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn status_leads_from_nothing_to_everything() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let (code, lines) = status(&home);
    assert_eq!(code, 3, "something is to be done");
    assert_eq!(state_of(&lines, "Shop"), "next");
    assert_eq!(state_of(&lines, "Credentials"), "later");
    assert_eq!((&lines[0]["config_exists"], &lines[0]["complete"]), (&Value::Bool(false), &Value::Bool(false)));

    home.write_config(&format!(
        "[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{}\"\nrequests_per_second = 0\n",
        gateway.url()
    ));
    let feeds = home.path("feed-files");
    fs::create_dir_all(&feeds).expect("made");
    let refused = home.run(&["config", "source", &feeds.display().to_string()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("not a Commerce installation, and has no feed files"), "{}", stderr(&refused));
    let scope = r#"{"websiteCode": "base", "stores": []}"#;
    fs::write(feeds.join("scopesWebsite.ndjson"), scope).expect("written");
    home.ok(&["config", "source", &feeds.display().to_string()]);
    assert_eq!(state_of(&status(&home).1, "Credentials"), "next");

    let files = pair_files(&home, &gateway, "sandbox");
    home.ok(&keys("set", &files).iter().map(String::as_str).collect::<Vec<_>>());
    let (_, lines) = status(&home);
    assert_eq!((state_of(&lines, "Credentials"), state_of(&lines, "SaaS configuration")), ("done", "next"));

    let project = &home.json(&["projects", "create", "Test shop"])[0];
    home.ok(&["data-spaces", "select", project["data_spaces"][1]["id"].as_str().expect("an id")]);
    let (code, lines) = status(&home);
    assert_eq!((code, state_of(&lines, "Data export")), (3, "next"));

    // The one record lacks what an item needs, so the ledger does not know it.
    assert_eq!(home.run(&["export", "run", "--quiet"]).status.code(), Some(3));
    let (_, lines) = status(&home);
    assert_eq!(state_of(&lines, "Data export"), "done", "{lines:?}");
    let text = stdout(&home.run(&["status"]));
    assert!(text.lines().count() <= 12, "one screenful: {text}");
}

#[test]
fn a_rotation_keeps_the_old_pair_until_the_gateway_accepts_the_new_one() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    home.write_config(&format!("[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{}\"\n", gateway.url()));
    let good = pair_files(&home, &gateway, "sandbox");
    home.ok(&keys("set", &good).iter().map(String::as_str).collect::<Vec<_>>());

    let bad = pair_files(&home, &gateway, "production");
    let refused = home.run(&keys("rotate", &bad).iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(refused.status.code(), Some(4));
    assert!(stderr(&refused).contains("the old pair is still in use"), "{}", stderr(&refused));
    home.ok(&["keys", "verify"]);

    let good = pair_files(&home, &gateway, "sandbox");
    let rotated = home.run(&keys("rotate", &good).iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(rotated.status.code(), Some(0), "{}", stderr(&rotated));
    assert!(stdout(&rotated).contains("The gateway accepts the new keys"), "{}", stdout(&rotated));
    assert!(stderr(&rotated).contains("Commerce Admin"), "{}", stderr(&rotated));
}
