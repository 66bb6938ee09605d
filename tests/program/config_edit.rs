//! `config set` and `config validate`; `config edit` in a pseudo-terminal, with a script as the editor.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::home::{Home, stderr};
use crate::support::terminal::{ORDINARY, Terminal, program_in};

const CONFIG: &str = "# kept\n[export]\nthread_count = 1 # why\n";

#[test]
fn a_key_is_set_in_place_and_what_changed_is_said() {
    let home = Home::new();
    home.write_config(CONFIG);
    let text = home.ok(&["config", "set", "export.thread_count", "4"]);
    assert!(text.starts_with("export.thread_count: 4 (was 1)\nSaved in "), "{text}");
    assert_eq!(fs::read_to_string(home.config()).expect("a file"), CONFIG.replace("= 1", "= 4"));
    for (key, value) in [
        ("gateway.requests_per_second", "1.5"),
        ("ui.read_only", "false"),
        ("export.feeds.products.batch_size", "50"),
        ("export.max_delete", "20%"),
        ("instance.name", "-x"),
    ] {
        home.ok(&["config", "set", key, value]);
    }
    home.ok(&["config", "validate"]);
}

#[test]
fn what_would_not_load_is_never_saved() {
    let home = Home::new();
    home.write_config(CONFIG);
    for (key, value, sentence) in [
        ("export.thread_cont", "4", "did you mean export.thread_count?"),
        ("export.thread_count", "four", "must be from 1 to 32, or auto"),
        ("export.thread_count", "99", "must be from 1 to 32"),
        ("gateway.production_url", "http://example.com", "gateway.production_url must be an https:// URL"),
        ("gateway.production_url", "example.com", "gateway.production_url must be an https:// URL"),
        ("credentials.production.api_key", "canary-canary", "keys set"),
        ("source.commerce.url", "mysql://ann:canary@db/shop", "config edit"),
    ] {
        let output = home.run(&["config", "set", key, value]);
        assert_eq!(output.status.code(), Some(2), "{key}: {}", stderr(&output));
        assert!(stderr(&output).contains(sentence), "{key}: {}", stderr(&output));
        assert!(!stderr(&output).contains("canary"), "{}", stderr(&output));
        assert_eq!(fs::read_to_string(home.config()).expect("a file"), CONFIG);
    }
}

#[test]
fn an_address_without_tls_is_refused_at_load_and_one_of_this_machine_is_not() {
    let home = Home::new();
    for (url, is_good) in [
        ("http://example.com", false),
        ("http://127.0.0.1.example.com", false),
        ("ftp://commerce.adobe.io", false),
        ("https://commerce.adobe.io", true),
        ("http://127.0.0.1:8080", true),
        ("http://[::1]:8080", true),
        ("http://localhost", true),
    ] {
        home.write_config(&format!("[gateway]\nproduction_url = \"{url}\"\n"));
        let output = home.run(&["config", "show"]);
        assert_eq!(output.status.code(), Some(if is_good { 0 } else { 2 }), "{url}: {}", stderr(&output));
    }
}

#[test]
fn any_file_can_be_checked() {
    let home = Home::new();
    let file = home.path("other.toml");
    let path = file.display().to_string();
    fs::write(&file, "[export]\nthread_count = 0\n").expect("written");
    let output = home.run(&["config", "validate", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("other.toml line 2: thread_count: must be from 1 to 32, or auto"),
        "{}",
        stderr(&output)
    );
    fs::write(&file, CONFIG).expect("written");
    assert_eq!(home.json(&["config", "validate", &path])[0]["valid"], true);
    assert_eq!(home.run(&["config", "validate"]).status.code(), Some(2), "there is no other file");
}

/// An editor that writes each of these texts in turn.
fn editor(home: &Home, texts: &[&str]) -> String {
    for (number, text) in texts.iter().enumerate() {
        fs::write(home.path(&format!("text{number}")), text).expect("written");
    }
    let script = home.path("editor");
    let dir = home.dir.path().display();
    let body = format!(
        "#!/bin/sh\nn=$(cat {dir}/turn 2>/dev/null || echo 0)\ncat {dir}/text$n > \"$2\"\necho $((n + 1)) > {dir}/turn\n"
    );
    fs::write(&script, body).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).expect("chmod");
    format!("{} --wait", script.display())
}

fn edit(home: &Home, editor: &str) -> Terminal {
    let mut command = program_in(home.dir.path(), &["config", "edit"]);
    command.env("TERM", "xterm");
    command.env("PATH", std::env::var("PATH").unwrap_or_default());
    command.env("EDITOR", editor);
    Terminal::start(command, ORDINARY)
}

fn copy_is_gone(config: &Path) -> bool {
    !Path::new(&format!("{}.edit", config.display())).exists()
}

#[test]
fn an_edit_with_a_mistake_is_asked_about_and_only_a_good_one_replaces_the_file() {
    let home = Home::new();
    home.write_config(CONFIG);
    let good = CONFIG.replace("= 1", "= 8");
    let mut terminal = edit(&home, &editor(&home, &["[export]\nthread_cont = 2\n", &good]));
    terminal.wait_for("unknown key");
    terminal.wait_for("Edit again? [Y/n]");
    assert_eq!(fs::read_to_string(home.config()).expect("a file"), CONFIG);
    terminal.press("\r");
    terminal.wait_for("export.thread_count: 8 (was 1)");
    assert_eq!(terminal.ends_restored(), 0);
    assert_eq!(fs::read_to_string(home.config()).expect("a file"), good);
    assert!(copy_is_gone(&home.config()));
}

#[test]
fn who_gives_up_keeps_the_file_and_the_text() {
    let home = Home::new();
    home.write_config(CONFIG);
    let mut terminal = edit(&home, &editor(&home, &["nonsense"]));
    terminal.wait_for("Edit again? [Y/n]");
    terminal.press("n\r");
    terminal.wait_for("not saved; your text is in");
    assert_eq!(terminal.ends_restored(), 2);
    assert_eq!(fs::read_to_string(home.config()).expect("a file"), CONFIG);
    assert!(!copy_is_gone(&home.config()));
}

#[test]
fn an_edit_needs_a_terminal() {
    let home = Home::new();
    let output = home.run(&["config", "edit"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("config set KEY VALUE"), "{}", stderr(&output));
}
