//! Every command, swept for two things that must never come out of it: a character that a terminal obeys, planted in every text
//! from outside, and a secret, planted in every place where one is kept.

mod debug;
mod gateway;
mod secrets;

use crate::support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use support::home::Home;

/// What terminals obey: a title, the clipboard, a colour (as C0 and as C1), a cursor that goes home, bidi, zero width, tags.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}]52;c;cm0gLXJm\u{1b}\\\u{1b}[31m\u{9b}31m\u{1b}[H\u{8}\u{7f}\r\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}";

/// Every command that ends by itself, as far as its arguments do not matter.
const COMMANDS: &[&[&str]] = &[
    &["keys", "verify"],
    &["projects", "list"],
    &["data-spaces", "list"],
    &["data-spaces", "select", gateway::DATA_SPACE],
    &["feeds", "list"],
    &["feeds", "items", "products"],
    &["feeds", "items", "categories"],
    &["feeds", "health"],
    &["export", "estimate"],
    &["export", "run", "--dry-run"],
    &["export", "run"],
    &["export", "status"],
    &["export", "retry"],
    &["export", "items", "--feed", "products"],
    &["export", "run", "--feed", "products", "--by-ids", HOSTILE],
    &["export", "ledger", "check"],
    &["status"],
    &["whoami"],
    &["ims", "status"],
    &["ims", "organizations"],
    &["services"],
    &["lint"],
    &["explain", HOSTILE],
    &["compare", "exporter"],
    &["compare", "exporter", "--from", HOSTILE],
    &["compare", "data-spaces", gateway::DATA_SPACE, HOSTILE],
    &["doctor"],
    &["config", "show"],
    &["notify", "test"],
    &["support-bundle", "--print"],
];

/// Whatever a command prints, and how it ended.
fn sweep(home: &Home, mut look: impl FnMut(&str, &Output)) {
    for command in COMMANDS {
        for json in [false, true] {
            let words = if json { [command, &["--json"][..]].concat() } else { command.to_vec() };
            look(&words.join(" "), &home.command(&words).output().expect("the program runs"));
        }
    }
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut found = Vec::new();
    for path in entries.unwrap_or_else(|_| Vec::new()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn is_obeyed(c: char) -> bool {
    matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn is_inert(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what}: not UTF-8"));
    for line in text.lines() {
        assert!(!line.contains(is_obeyed), "{what}: {line:?}");
    }
}

/// In JSON, what is shown has visible escapes too; only a payload is what it is.
fn strings_are_inert(what: &str, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => assert!(!text.contains(is_obeyed), "{what}: {text:?}"),
        serde_json::Value::Array(list) => list.iter().for_each(|value| strings_are_inert(what, value)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| strings_are_inert(what, value)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_tells_a_terminal_anything_but_text() {
    let url = gateway::serve().await;
    let home = Home::new();
    let feeds = home.path("feeds\u{1b}[31m");
    fs::create_dir(&feeds).expect("made");
    let item = |number: u32| {
        serde_json::json!({"sku": format!("{number}{HOSTILE}"), "storeViewCode": format!("v{HOSTILE}"), "name": HOSTILE,
            "categoryId": format!("{number}{HOSTILE}"), "urlPath": HOSTILE})
        .to_string()
    };
    for feed in ["products", "categories"] {
        let broken = "{\"sku\": \"\u{202e}";
        fs::write(feeds.join(format!("{feed}.ndjson")), [&item(1), &item(2), broken].join("\n")).expect("written");
    }
    let key = home.path("k\u{1b}]0;x\u{7}.pem");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/keys/fixtures/rsa-2048.pem"), &key).expect("copied");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("chmod");
    home.write_config(&format!(
        "[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{url}\"\nrequests_per_second = 0\n\n\
         [credentials.sandbox]\napi_key = \"0123456789abcdef0123456789abcdef\"\nprivate_key_file = \"{key}\"\n\n\
         [saas]\nproject_name = \"P\\u001b[31m\"\n\n\
         [instance]\nname = \"I\\u001b]0;x\\u0007\\u202e\"\n\n\
         [source]\nkind = \"files\"\n\n[source.files]\ndirectory = \"{feeds}\"\n",
        key = key.display().to_string().replace('\u{1b}', "\\u001b").replace('\u{7}', "\\u0007"),
        feeds = feeds.display().to_string().replace('\u{1b}', "\\u001b"),
    ));
    let mut told = 0;
    sweep(&home, |command, output| {
        is_inert(command, &output.stdout);
        is_inert(command, &output.stderr);
        told += String::from_utf8_lossy(&output.stdout).matches("\\x1b").count();
        if command.ends_with("--json") && !command.starts_with("feeds items") {
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                strings_are_inert(command, &serde_json::from_str(line).unwrap_or_else(|_| panic!("{command}: {line}")));
            }
        }
    });
    assert!(told > 100, "the hostile text was shown {told} times only: it did not get anywhere");
    let logs: Vec<PathBuf> =
        files(home.dir.path()).into_iter().filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    assert!(!logs.is_empty());
    for log in logs {
        is_inert("the log", &fs::read(&log).expect("readable"));
    }
}
