//! Two users of one server in one group, and one state for both.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::kit::{PATIENCE, Shop, ended};
use super::support::home::{Home, stderr, stdout};

/// Nobody on any system, but that does not matter.
const CRON: u32 = 12_345;
const ADMIN: u32 = 12_346;
const STRANGER: u32 = 12_347;
const GROUP: u32 = 23_456;

struct User {
    home: Home,
    id: u32,
    group: u32,
}

impl User {
    /// A user of the shop, with the configuration in a home of its own.
    fn of(shop: &Shop, feeds: &Path, id: u32, group: u32) -> Self {
        let home = Home::new();
        let config = fs::read_to_string(shop.home.config()).expect("a configuration");
        let (_, key) = config.split_once("private_key_file = \"").expect("a key");
        let (key, _) = key.split_once('"').expect("a path");
        fs::copy(key, home.path("key.pem")).expect("copied");
        let config = config.replace(key, &home.path("key.pem").display().to_string());
        let files = format!("kind = \"files\"\nfiles.directory = \"{}\"", feeds.display());
        home.write_config(&config.replace("kind = \"files\"", &files));
        give(home.dir.path(), id, group);
        Self { home, id, group }
    }

    fn command(&self, state: &Path, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("COMMERCE_CONNECTOR_STATE_DIR", state).uid(self.id).gid(self.group);
        command
    }

    fn run(&self, state: &Path, args: &[&str]) -> Output {
        self.command(state, args).output().expect("the program runs")
    }

    fn ok(&self, state: &Path, args: &[&str]) -> String {
        let output = self.run(state, args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    }
}

fn give(path: &Path, id: u32, group: u32) {
    chown(path, Some(id), Some(group)).expect("chown");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a directory") {
            give(&entry.expect("an entry").path(), id, group);
        }
    }
}

/// What is in a directory, directories too.
fn all_in(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = paths.collect();
    for path in found.clone() {
        if path.is_dir() {
            found.extend(all_in(&path));
        }
    }
    found
}

/// The run that goes on, as this user sees it.
fn live_run(user: &User, state: &Path, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = user.run(state, &["export", "status", "--json"]);
        let lines = stdout(&status);
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        if let Some(run) = lines.into_iter().find(|line| line["type"] == "live_run" && is_so(line)) {
            return run;
        }
        assert!(Instant::now() < deadline, "no such run: {}", stderr(&status));
    }
}

/// Each sees, steers and continues what the other does; whoever is not in the group gets nothing.
#[tokio::test(flavor = "multi_thread")]
async fn users_in_the_group_of_the_state_see_and_use_one_state() {
    if !rustix::process::geteuid().is_root() {
        // Only root can run programs as others.
        return;
    }
    let shop = Shop::new().await;
    let place = tempfile::tempdir().expect("a directory");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    let feeds = shop.home.path(".config/commerce-connector/feeds/products.ndjson");
    fs::copy(feeds, place.path().join("products.ndjson")).expect("copied");
    let [cron, admin, stranger] = [(CRON, GROUP), (ADMIN, GROUP), (STRANGER, STRANGER)]
        .map(|(id, group)| User::of(&shop, place.path(), id, group));
    let state = place.path().join("state");
    fs::create_dir(&state).expect("made");
    chown(&state, Some(CRON), Some(GROUP)).expect("chown");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o2770)).expect("chmod");

    let mut run = cron.command(&state, &["export", "run"]);
    let run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let live = live_run(&admin, &state, |_| true);
    assert_eq!(live["pid"].as_u64(), Some(run.id().into()), "{live}");
    admin.ok(&state, &["export", "pause"]);
    live_run(&cron, &state, |run| run["paused"] == true);
    let second = admin.run(&state, &["export", "run"]);
    assert_eq!(second.status.code(), Some(6), "{}", stderr(&second));
    assert!(stderr(&second).contains(&format!("pid {}", run.id())), "{}", stderr(&second));
    admin.ok(&state, &["export", "set", "--threads", "8", "--batch-size", "100"]);
    admin.ok(&state, &["export", "resume"]);
    let (code, told) = ended(run);
    assert_eq!(code, Some(0), "{told}");

    // What one sent, the other does not send again; and what the other finds, the first knows.
    let again = admin.ok(&state, &["export", "run", "--json"]);
    assert!(!again.contains("\"type\":\"problem\""), "{again}");
    cron.ok(&state, &["export", "run"]);
    admin.ok(&state, &["export", "ledger", "backup"]);
    assert!(cron.ok(&state, &["logs"]).contains("products"), "one log");
    shop.assert_all_arrived_once().await;

    for path in all_in(&state) {
        let meta = fs::symlink_metadata(&path).expect("there");
        let mode = meta.mode() & 0o777;
        assert_eq!((meta.gid(), mode & 0o067), (GROUP, 0o060), "{} has mode {mode:o}", path.display());
    }
    let checked = stdout(&admin.run(&state, &["doctor"]));
    assert!(checked.contains("shared with group 23456"), "{checked}");
    assert!(!checked.contains("belongs to") && !checked.contains("is not open to"), "{checked}");

    let refused = stranger.run(&state, &["export", "run"]);
    assert!(!refused.status.success());
    assert!(stderr(&refused).contains("belongs to another user"), "{}", stderr(&refused));
    shop.assert_all_arrived_once().await;
}

/// A directory that a group may write, but that does not give its group on, is as suspicious as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_a_group_may_only_write_is_refused_with_what_to_do() {
    let shop = Shop::new().await;
    let state = shop.home.path("state");
    fs::create_dir(&state).expect("made");
    for mode in [0o770, 0o2775, 0o2777] {
        fs::set_permissions(&state, fs::Permissions::from_mode(mode)).expect("chmod");
        let mut command = shop.home.command(&["export", "run"]);
        let refused = command.env("COMMERCE_CONNECTOR_STATE_DIR", &state).output().expect("the program runs");
        let told = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("is writable by other users (mode {mode:04o})")), "{told}");
        assert_eq!(told.contains("chmod 2770"), mode == 0o770, "{told}");
    }
}
