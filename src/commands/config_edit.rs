//! `config edit|set|validate`: nothing replaces the configuration that would not load.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::Invocation;
use super::output::{Output, ask, talk};
use crate::config::changes::{self, Change};
use crate::config::keys::{KEYS, nearest};
use crate::config::store::Store;
use crate::connector::setup::EXAMPLE;
use crate::error::{Exit, Problem};
use crate::private_file::{self, Secrecy, safe};
use crate::untrusted::SafeText;

/// The editor where no variable names one: POSIX has it on every system.
const EDITOR: &str = "vi";
/// What is appended to the name of the configuration for the copy that is edited.
const COPY: &str = ".edit";

/// Has a person edit a copy, until it would load; then the copy replaces the file.
pub fn edit(setting: &Invocation, output: &mut Output) -> Result<Exit, Problem> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Problem::usage("config edit needs a terminal")
            .hint("use `commerce-connector config set KEY VALUE`, or edit the file and run `commerce-connector config validate`"));
    }
    // A file that does not load is what one wants to mend.
    let path = setting.config_path();
    let before = match path.symlink_metadata() {
        Ok(_) => private_file::read(&path, Secrecy::Open).map_err(|error| Problem::of(&error))?,
        Err(_) => EXAMPLE.to_owned(),
    };
    let was_there = path.symlink_metadata().is_ok();
    let in_force = setting.load().ok();
    let copy = copy_of(&path);
    private_file::write(&copy, before.as_bytes()).map_err(|error| Problem::of(&error))?;
    loop {
        tokio::task::block_in_place(|| open_editor(setting, &copy))?;
        let text = private_file::read(&copy, Secrecy::Open).map_err(|error| Problem::of(&error))?;
        if text == before && was_there {
            forget(&copy);
            output.say("Nothing changed.", "config", json!({"path": safe(&path), "changed": []}))?;
            return Ok(Exit::Done);
        }
        let problem = match Store::load(copy.clone(), true, [], Vec::new()) {
            Ok(_) => break,
            Err(error) => Problem::of(&error),
        };
        let hint = problem.hint.as_ref().map(|hint| format!("\n  fix: {}", hint.command_line())).unwrap_or_default();
        talk(&format!("error: {problem}{hint}"));
        let answer = tokio::task::block_in_place(|| ask("Edit again? [Y/n] "))?;
        // The end of input ends it, too.
        if answer.is_empty() || answer.trim().to_lowercase().starts_with('n') {
            return Err(Problem { what: format!("not saved; your text is in {}", safe(&copy)), hint: None, ..problem });
        }
    }
    let now = path.symlink_metadata().is_ok().then(|| private_file::read(&path, Secrecy::Open));
    let now = now.transpose().map_err(|error| Problem::of(&error))?;
    if now.as_ref().is_some_and(|now| *now != before) {
        return Err(Problem::new(Exit::Other, format!("{} was changed meanwhile; not saved", safe(&path)))
            .hint(format!("your text is in {}", safe(&copy))));
    }
    let text = private_file::read(&copy, Secrecy::Open).map_err(|error| Problem::of(&error))?;
    private_file::write(&path, text.as_bytes()).map_err(|error| Problem::of(&error))?;
    forget(&copy);
    let after = setting.load()?;
    let found = in_force.map(|before| changes::between(before.config(), after.config())).unwrap_or_default();
    tell(&path, &found, output)?;
    Ok(Exit::Done)
}

/// Sets one key in the file.
pub fn set(key: &str, value: &str, setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    if !is_known(key) {
        let problem = Problem::usage(format!("unknown key {:?}", SafeText::new(key).as_str()));
        return Err(match nearest(key, KEYS.iter().map(|key| key.path)) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint("`commerce-connector config show` lists every key"),
        });
    }
    let holds_secret = key.ends_with(".api_key") || changes::shown(key, value).as_str() != value;
    if holds_secret {
        return Err(Problem::usage(format!("{key}: other users of this server see the arguments of a command"))
            .hint("use `commerce-connector config edit`, or for keys `commerce-connector keys set`"));
    }
    let mut store = setting.load()?;
    let before = store.config().clone();
    store.save(&[(key, Some(value.to_owned()))]).map_err(|error| Problem::of(&error))?;
    tell(store.path(), &changes::between(&before, store.config()), output)
}

/// Checks a file as it would be loaded, without the environment and flags of this call.
pub fn validate(file: Option<&Path>, setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    let path = file.map_or_else(|| setting.config_path(), Path::to_owned);
    Store::load(path.clone(), true, [], Vec::new()).map_err(|error| Problem::of(&error))?;
    output.say(&format!("{} OK.", safe(&path)), "config_valid", json!({"path": safe(&path), "valid": true}))
}

fn is_known(key: &str) -> bool {
    let open = ["export.feeds.", "export.routes.", "feeds.", "gateway.jwt_claims."];
    KEYS.iter().any(|known| known.path == key) || open.iter().any(|prefix| key.starts_with(prefix))
}

fn tell(path: &Path, found: &[Change], output: &mut Output) -> Result<(), Problem> {
    let list: Vec<_> =
        found.iter().map(|change| json!({"key": change.key, "before": change.before, "after": change.after})).collect();
    output.record("config", json!({"path": safe(path), "changed": list}))?;
    for change in found {
        output.text(&change.to_string())?;
    }
    output.text(&format!("Saved in {}.", safe(path)))
}

fn copy_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(COPY);
    PathBuf::from(name)
}

/// What was edited is in its place, so the copy is only in the way.
fn forget(copy: &Path) {
    let _ = std::fs::remove_file(copy);
}

/// Runs the editor on a file. The variable may hold arguments, as in `code --wait`, so a shell reads it.
fn open_editor(setting: &Invocation, file: &Path) -> Result<(), Problem> {
    let value = |name: &str| {
        setting.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    };
    let editor = value("VISUAL").or_else(|| value("EDITOR")).unwrap_or(EDITOR);
    let failed = |reason: String| {
        Problem::new(Exit::Other, format!("the editor {editor:?} {reason}")).hint("set VISUAL or EDITOR to your editor")
    };
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file)
        .status()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    if status.success() { Ok(()) } else { Err(failed(format!("ended with {status}"))) }
}
