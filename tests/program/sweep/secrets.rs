//! Canaries: a secret is planted wherever one is kept, and then looked for wherever it must not be.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use super::support::home::Home;
use super::{files, sweep};

pub const KEY: &str = include_str!("../../../src/keys/fixtures/rsa-2048.pem");
pub const API_KEY: &str = "c0ffee00c0ffee01c0ffee02c0ffee03";
pub const PROXY_PASSWORD: &str = "canary-of-the-proxy";
pub const DATABASE_PASSWORD: &str = "canary-of-the-database";
pub const CRYPT_KEY: &str = "canaryofthecryptkey0123456789abc";
/// Of no use to anybody: who a user of the system is.
const NOBODY: u32 = 65_534;

/// Every canary, as it would be seen: a mask may show the last four characters, so no canary ends with what follows.
fn canaries() -> Vec<String> {
    let whole =
        [API_KEY, PROXY_PASSWORD, DATABASE_PASSWORD, CRYPT_KEY].map(|canary| canary[..canary.len() - 4].to_owned());
    let body = KEY.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    whole.into_iter().chain(body).collect()
}

pub fn is_silent(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in canaries() {
        assert!(!text.contains(&canary), "{what} tells {canary}: {text}");
    }
}

fn printed_is_silent(command: &str, output: &Output) {
    is_silent(command, &output.stdout);
    is_silent(command, &output.stderr);
}

/// Nothing below the home, but the files that are there to keep a secret; those are private.
fn kept_is_silent(home: &Home, secret: &[&str]) {
    for path in files(home.dir.path()) {
        let is_secret = secret.iter().any(|name| path.ends_with(name));
        if is_secret {
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        } else {
            is_silent(&path.display().to_string(), &fs::read(&path).expect("readable"));
        }
    }
}

pub fn write_private(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("chmod");
}

/// Keys in files, and a proxy with a password that takes no connection.
#[test]
fn keys_and_the_proxy_password_stay_where_they_are() {
    let home = Home::new();
    let proxy = format!("http://clerk:{PROXY_PASSWORD}@127.0.0.1:1");
    write_private(&home.path(".config/commerce-connector/production.pem"), KEY);
    home.write_config(&format!(
        "[gateway]\nproduction_url = \"https://gateway.example\"\nconnect_timeout_seconds = 1\n\n\
         [credentials.production]\napi_key = \"{API_KEY}\"\nprivate_key_file = \"production.pem\"\n\n\
         [saas]\nenvironment_id = \"11111111-2222-4333-8444-555555555555\"\n\n[source]\nkind = \"files\"\n"
    ));
    // The proxy is named to every command.
    let mut behind_proxy = 0;
    for command in super::COMMANDS {
        let output = home.command(command).env("HTTPS_PROXY", &proxy).output().expect("the program runs");
        printed_is_silent(&command.join(" "), &output);
        behind_proxy += usize::from(String::from_utf8_lossy(&output.stderr).contains("gateway.example"));
    }
    assert!(behind_proxy > 2, "the proxy was in the way of {behind_proxy} commands only");
    kept_is_silent(&home, &["config.toml", "production.pem"]);
}

/// What Commerce keeps: in env.php and in variables.
#[test]
fn what_commerce_keeps_is_not_told() {
    let home = Home::new();
    let root = home.path("shop");
    let env_php = format!(
        "<?php return ['crypt' => ['key' => '{CRYPT_KEY}'], 'db' => ['connection' => ['default' => [\n\
         'host' => '{}', 'dbname' => 'shop', 'username' => 'shop', 'password' => '{DATABASE_PASSWORD}']]]];",
        home.path("no.sock").display()
    );
    write_private(&root.join("app/etc/env.php"), &env_php);
    home.write_config(&format!("[instance]\nroot = \"{}\"\n", root.display()));
    let api_key = "CONFIG__DEFAULT__SERVICES_CONNECTOR__SERVICES_CONNECTOR_INTEGRATION__PRODUCTION_API_KEY";
    let private_key = "CONFIG__DEFAULT__SERVICES_CONNECTOR__SERVICES_CONNECTOR_INTEGRATION__PRODUCTION_PRIVATE_KEY";
    for command in super::COMMANDS {
        let output =
            home.command(command).env(api_key, API_KEY).env(private_key, KEY).output().expect("the program runs");
        printed_is_silent(&command.join(" "), &output);
    }
    // Cut anywhere: the error names a line, never what stands there.
    for length in (0..env_php.len()).step_by(7) {
        write_private(&root.join("app/etc/env.php"), &env_php[..length]);
        printed_is_silent("a truncated env.php", &home.run(&["config", "show"]));
    }
    kept_is_silent(&home, &["config.toml", "env.php"]);
}

/// A secret in the wrong place is not repeated by the sentence that says so.
#[test]
fn what_is_pasted_into_the_wrong_place_is_not_repeated() {
    let home = Home::new();
    let file = |name: &str, text: &str| {
        write_private(&home.path(name), text);
        home.path(name).display().to_string()
    };
    let halved = &KEY[..KEY.len() / 2];
    let (pem, key) = (file("key.pem", KEY), file("key.txt", API_KEY));
    let (half, joined) = (file("half.pem", halved), file("joined.txt", &format!("{API_KEY} {API_KEY}")));
    for (api_key, private_key) in [(&pem, &pem), (&key, &key), (&key, &half), (&joined, &pem), (&half, &half)] {
        let args =
            ["keys", "set", "--environment", "sandbox", "--api-key-file", api_key, "--private-key-file", private_key];
        let output = home.run(&args);
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        printed_is_silent("keys set", &output);
    }
    for words in [["keys", API_KEY], ["config", DATABASE_PASSWORD]] {
        // What somebody types as an argument is in the shell's history; at least the log does not have it as well.
        assert_eq!(home.run(&words).status.code(), Some(2));
    }
    kept_is_silent(&home, &["key.pem", "key.txt", "half.pem", "joined.txt"]);
    sweep(&home, printed_is_silent);
}

/// A login in an address is refused, and neither that sentence nor any other repeats it, wherever it was put.
#[test]
fn a_login_in_the_wrong_place_is_refused_and_not_repeated() {
    let home = Home::new();
    let with_login = format!("https://ann:{DATABASE_PASSWORD}@gateway.example");
    let database = format!("shop:{DATABASE_PASSWORD}@db:3306");
    for (key, value) in [
        ("gateway.production_url", &with_login),
        ("gateway.sandbox_url", &with_login),
        ("gateway.environment", &with_login),
        ("gateway.connect_timeout_seconds", &database),
        ("ims.host", &with_login),
        ("export.routes.products", &with_login),
        ("ims.redirect_uri", &with_login),
        ("source.commerce.port", &database),
        ("source.kind", &database),
        ("instance.kind", &database),
        ("export.thread_count", &database),
    ] {
        let (section, name) = key.rsplit_once('.').expect("a section");
        home.write_config(&format!("[{section}]\n{name} = \"{value}\"\n"));
        let output = home.run(&["config", "show"]);
        assert_eq!(output.status.code(), Some(2), "{key}");
        printed_is_silent(key, &output);
        home.write_config("");
        let variable = format!("COMMERCE_CONNECTOR_{}", key.replace('.', "_").to_uppercase());
        let output = home.command(&["config", "show"]).env(&variable, value).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{variable}");
        printed_is_silent(&variable, &output);
    }
}

/// A user that is neither root nor the one who runs the program.
const SOMEBODY: u32 = 12_345;

/// What belongs to another user is neither written nor believed.
#[test]
fn logs_and_state_of_another_user_are_refused_and_found() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give files away.
        return;
    }
    let home = Home::new();
    home.write_config("[source]\nkind = \"files\"\n");
    let logs = home.path(".local/state/commerce-connector/logs");
    fs::create_dir_all(&logs).expect("made");
    for path in [
        ".",
        ".config",
        ".config/commerce-connector",
        ".config/commerce-connector/config.toml",
        ".local",
        ".local/state",
        ".local/state/commerce-connector",
    ] {
        chown(home.path(path), Some(NOBODY), Some(NOBODY)).expect("chown");
    }
    let as_nobody = |args: &[&str]| home.command(args).uid(NOBODY).gid(NOBODY).output().expect("the program runs");
    chown(&logs, Some(SOMEBODY), None).expect("chown");
    let output = as_nobody(&["export", "run"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("belongs to another user (uid 12345)"), "{text}");
    // A port on which nobody listens: with the gateway down the code is 5, whatever else is found, with or without internet.
    let mut doctor = home.command(&["doctor"]);
    doctor.uid(NOBODY).gid(NOBODY).env("HTTPS_PROXY", "http://127.0.0.1:1");
    let output = doctor.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("belongs to user 12345"), "{text}");
}

/// Other users see the arguments of a process, and nothing else of it: no environment, no memory, no core.
#[test]
fn the_process_is_closed_to_others() {
    let home = Home::new();
    let mut command = home.command(&["sandbox", "--json"]);
    command.env("CANARY", PROXY_PASSWORD).stdout(Stdio::piped());
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        // Files of a process of root belong to root in any case.
        chown(home.dir.path(), Some(NOBODY), Some(NOBODY)).expect("chown");
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command.spawn().expect("the sandbox starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line when it is ready");
    let process = Path::new("/proc").join(child.id().to_string());
    let owner = fs::metadata(process.join("environ")).expect("there").uid();
    let limits = fs::read_to_string(process.join("limits")).expect("readable");
    let arguments = fs::read(process.join("cmdline")).expect("readable");
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(owner, 0, "its environment and its memory can be read by whoever runs as the same user");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    is_silent("its arguments", &arguments);
}
