//! Where output goes: pipes that close, terminals and files of any width, colours.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::home::{Home, stderr, stdout};

/// The commands that print something in an empty home.
const PRINTING: [&[&str]; 7] = [
    &["doctor"],
    &["config", "show"],
    &["config", "path"],
    &["config", "validate"],
    &["feeds", "list"],
    &["services"],
    &["status"],
];

/// A home with feed files as the source.
fn home() -> Home {
    let home = Home::new();
    home.write_config("[source]\nkind = \"files\"\n");
    std::fs::create_dir_all(home.path(".config/commerce-connector/feeds")).expect("made");
    home
}

#[test]
fn a_closed_pipe_ends_every_command_quietly_with_0() {
    let home = home();
    for args in PRINTING {
        for json in [&[][..], &["--json"]] {
            let args = [args, json].concat();
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            let output = home.command(&args).stdout(writer).stderr(Stdio::piped()).output().expect("it runs");
            assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
            assert!(!stderr(&output).contains("error"), "{args:?}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_command_that_changes_something_finishes_it_although_nobody_reads() {
    let home = home();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = home.command(&["config", "set", "export.thread_count", "3"]).stdout(writer).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(std::fs::read_to_string(home.config()).expect("a file").contains("thread_count = 3"));
}

#[test]
fn output_that_is_wrong_for_another_reason_is_still_an_error() {
    let home = home();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = home.command(&["config", "show"]).stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("standard output: No space left"), "{}", stderr(&output));
}

#[test]
fn what_goes_into_a_pipe_is_never_cut_and_has_colours_only_if_asked() {
    let home = home();
    let long = home.path(&"x".repeat(120));
    std::fs::create_dir(&long).expect("made");
    let state = long.display().to_string();
    let run = |more: &[&str]| stdout(&home.run(&[&["doctor", "--state-dir", &state], more].concat()));
    let plain = run(&[]);
    assert!(plain.lines().any(|line| line.chars().count() > 120 && line.contains(&state)), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(run(&["--color", "always"]).contains("\u{1b}[3"), "colours");
    assert!(!run(&["--color", "never"]).contains('\u{1b}'));
}

#[test]
fn help_and_usage_errors_have_colours_only_if_asked() {
    let home = Home::new();
    for args in [&["--help"][..], &["export", "run", "--help"], &["export", "rnu"], &["--no-such-flag"]] {
        let run = |more: &[&str]| {
            let output = home.run(&[more, args].concat());
            stdout(&output) + &stderr(&output)
        };
        assert!(!run(&[]).contains('\u{1b}'), "{args:?}: into a pipe");
        assert!(!run(&["--color", "never"]).contains('\u{1b}'), "{args:?}");
        assert!(run(&["--color", "always"]).contains('\u{1b}'), "{args:?}");
        assert!(run(&["--color=always"]).contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn utf8_is_used_without_a_locale_if_a_setting_says_so() {
    let home = home();
    assert!(stdout(&home.run(&["doctor"])).is_ascii(), "no locale");
    home.write_config("[source]\nkind = \"files\"\n[ui]\nascii = false\n");
    assert!(stdout(&home.run(&["doctor"])).contains('✓'));
    home.write_config("[source]\nkind = \"files\"\n[ui]\nascii = \"auto\"\n");
    let mut command = home.command(&["doctor"]);
    assert!(stdout(&command.env("LANG", "C.UTF-8").output().expect("it runs")).contains('✓'));
    let mut command = home.command(&["doctor"]);
    let output = command.env("LANG", "C.UTF-8").env("COMMERCE_CONNECTOR_UI_ASCII", "true").output().expect("it runs");
    assert!(stdout(&output).is_ascii());
    home.write_config("[ui]\nascii = 7\n");
    let output = home.run(&["config", "show"]);
    assert!(stderr(&output).contains("expected \"auto\", true or false"), "{}", stderr(&output));
}

#[test]
fn the_ready_file_of_the_sandbox_has_absolute_paths() {
    let home = Home::new();
    let mut command = home.command(&["sandbox", "--keys-dir", "keys", "--ready-file", "ready.json"]);
    let mut child = command.current_dir(home.dir.path()).stdout(Stdio::piped()).spawn().expect("the sandbox starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line when it is ready");
    child.kill().and_then(|()| child.wait()).expect("it ends");
    let text = std::fs::read_to_string(home.path("ready.json")).expect("the ready file");
    let ready: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for file in ["private_key_file", "client_secret_file"] {
        let path = ready["sandbox"][file].as_str().expect("a path");
        assert!(path.starts_with('/') && std::path::Path::new(path).is_file(), "{path}");
    }
}
