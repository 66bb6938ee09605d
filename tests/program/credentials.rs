//! Keys and passwords that systemd hands over as files (`LoadCredential`).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use super::file_shop::{Shop, product};
use super::support::home::{stderr, stdout};

/// As systemd makes them: read-only, and an access list shows as bits of the group.
fn credential(directory: &Path, name: &str, text: &str, mode: u32) {
    let path = directory.join(name);
    // Read-only, but not for root.
    let _ = fs::remove_file(&path);
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
}

#[test]
fn keys_come_from_credentials_and_it_is_said() {
    let shop = Shop::new("");
    let home = &shop.home;
    shop.products(&[product("A")]);
    let config = fs::read_to_string(home.config()).expect("there");
    let key_file =
        config.lines().find_map(|line| line.strip_prefix("private_key_file = ")).expect("a key file").trim_matches('"');
    let private_key = fs::read_to_string(home.config().with_file_name(key_file)).expect("a key");
    let api_key = shop.gateway.ready["sandbox"]["api_key"].as_str().expect("a key");
    let without: Vec<&str> =
        config.lines().filter(|line| !line.starts_with("api_key") && !line.starts_with("private_key_file")).collect();
    home.write_config(&without.join("\n"));
    let directory = home.path("credentials");
    fs::create_dir(&directory).expect("made");
    let run = |args: &[&str]| -> Output {
        home.command(args).env("CREDENTIALS_DIRECTORY", &directory).output().expect("the program runs")
    };
    assert_eq!(run(&["keys", "verify"]).status.code(), Some(2), "no keys");

    credential(&directory, "sandbox-api-key", &format!("{api_key}\n"), 0o440);
    credential(&directory, "sandbox-private-key", &private_key, 0o440);
    let output = run(&["export", "run", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&run(&["config", "show"]));
    for (key, name) in [("sandbox.api_key", "sandbox-api-key"), ("sandbox.private_key_file", "sandbox-private-key")] {
        let line = shown.lines().find(|line| line.contains(key)).expect("its line");
        assert!(line.ends_with(&format!("credential {name}")), "{line}");
    }
    assert!(!shown.contains(api_key), "{shown}");
    let doctor = stdout(&run(&["doctor", "--json"]));
    let keys = doctor.lines().find(|line| line.contains("Sandbox keys")).expect("its line");
    assert!(
        keys.contains("private key: credential sandbox-private-key") && keys.contains(r#""outcome":"ok""#),
        "{keys}"
    );

    let (api_file, key_file) = (home.path("api-key.txt"), home.path("private.pem"));
    let files = [api_file, key_file].map(|path| path.display().to_string());
    let set = ["keys", "set", "--environment", "sandbox", "--api-key-file", &files[0], "--private-key-file", &files[1]];
    // The same pair is no change; another one would have no effect.
    fs::write(&files[0], "0123456789abcdef0123456789abcdef").expect("written");
    let locked = run(&set);
    assert_eq!(locked.status.code(), Some(2));
    assert!(stderr(&locked).contains("remove credential sandbox-api-key first"), "{}", stderr(&locked));

    // A variable wins over a credential, and a credential that others may read is refused.
    let other = "COMMERCE_CONNECTOR_CREDENTIALS_SANDBOX_API_KEY";
    let mut command = home.command(&["config", "show"]);
    let shown =
        stdout(&command.env("CREDENTIALS_DIRECTORY", &directory).env(other, api_key).output().expect("it runs"));
    assert!(shown.lines().any(|line| line.contains("sandbox.api_key") && line.ends_with(other)), "{shown}");
    credential(&directory, "sandbox-api-key", api_key, 0o444);
    let open = run(&["config", "show"]);
    assert_eq!(open.status.code(), Some(2));
    assert!(stderr(&open).contains("sandbox-api-key is readable by other users"), "{}", stderr(&open));
}
