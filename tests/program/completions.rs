//! What shells, `man` and tickets learn of the program, and its log.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory as _;
use commerce_connector::cli::Cli;
use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::file_shop::{Shop, product};
use crate::support::home::{Home, stderr, stdout};
use crate::support::terminal::{ORDINARY, Terminal};

#[test]
fn every_shell_completes_every_command() {
    let home = Home::new();
    for shell in ["bash", "fish", "zsh"] {
        let output = home.run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = stdout(&output);
        for command in Cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell} does not know {}", command.get_name());
        }
    }
    let asks = |shell: &str, times: usize| {
        let script = stdout(&home.run(&["completions", shell]));
        assert!(
            script.matches("commerce-connector_values ").count() + script.matches(" complete-values ").count() >= times,
            "{script}"
        );
    };
    asks("zsh", 8);
    asks("fish", 4);
    assert_eq!(home.run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn bash_completes_a_command_a_flag_and_a_value() {
    let home = Home::new();
    let script = home.path("completions.bash");
    fs::write(&script, stdout(&home.run(&["completions", "bash"]))).expect("written");
    for name in ["b2b", "luma"] {
        home.ok(&["contexts", "add", name]);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_commerce-connector"));
    let completed = |words: &str| {
        let line = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             PATH=\"{}:$PATH\" _commerce_connector_values commerce-connector \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            program.parent().expect("a directory").display(),
        );
        let output =
            Command::new("bash").args(["--norc", "-c", &line]).env("HOME", home.dir.path()).output().expect("bash");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    assert_eq!(completed("commerce-connector dem"), "demo");
    assert_eq!(completed("commerce-connector export run --dry"), "--dry-run");
    assert_eq!(completed("commerce-connector --theme mo"), "mono");
    assert_eq!(completed("commerce-connector export run --feed pri"), "prices");
    assert_eq!(completed("commerce-connector export run --feed products,pri"), "products,prices");
    assert_eq!(completed("commerce-connector --context ''"), "b2b luma");
    assert_eq!(completed("commerce-connector contexts use l"), "luma");
    assert_eq!(completed("commerce-connector data-spaces select 6"), "", "no gateway is no error");
}

/// A home whose `PATH` has the program, with its script for a shell.
fn home_with_script(shell: &str, file: &str) -> (Home, String) {
    let home = Home::new();
    fs::write(home.path(file), stdout(&home.run(&["completions", shell]))).expect("written");
    home.ok(&["contexts", "add", "luma"]);
    let program = Path::new(env!("CARGO_BIN_EXE_commerce-connector")).parent().expect("a directory");
    (home, format!("{}:{}", program.display(), std::env::var("PATH").expect("a path")))
}

#[test]
fn fish_completes_a_command_a_flag_and_a_value() {
    let (home, path) = home_with_script("fish", "completions.fish");
    let completed = |line: &str| {
        let ask = format!("source completions.fish; complete -C '{line}'");
        let mut fish = Command::new("fish");
        let fish = fish.args(["--no-config", "-c", &ask]).env("HOME", home.dir.path()).env("PATH", &path);
        String::from_utf8(fish.current_dir(home.dir.path()).output().expect("fish").stdout).expect("text")
    };
    assert!(completed("commerce-connector dem").starts_with("demo"));
    assert!(completed("commerce-connector export run --dry").starts_with("--dry-run"));
    assert_eq!(completed("commerce-connector export run --feed pri").trim(), "prices");
    assert_eq!(completed("commerce-connector contexts use l").trim(), "luma");
}

#[test]
fn zsh_completes_a_command_a_flag_and_a_value() {
    let (home, path) = home_with_script("zsh", "_commerce-connector");
    for (line, completed) in [
        ("commerce-connector dem", "commerce-connector demo"),
        ("commerce-connector export run --dry", "export run --dry-run"),
        ("commerce-connector export run --feed pri", "--feed prices"),
        ("commerce-connector export run --feed products,pri", "--feed products,prices"),
        ("commerce-connector contexts use l", "contexts use luma"),
        ("commerce-connector --context l", "--context luma"),
    ] {
        let mut zsh = CommandBuilder::new("zsh");
        zsh.args(["-f", "-i"]);
        zsh.env_clear();
        for (name, value) in [("PATH", path.as_str()), ("TERM", "xterm"), ("PS1", "ready> ")] {
            zsh.env(name, value);
        }
        zsh.env("HOME", home.dir.path());
        zsh.cwd(home.dir.path());
        let mut terminal = Terminal::start(zsh, ORDINARY);
        terminal.wait_for("ready>");
        terminal.press("fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -d $HOME/dump; clear; PS1='set> '\r");
        terminal.wait_for("set>");
        terminal.press(&format!("{line}\t"));
        terminal.wait_for(completed);
    }
}

#[test]
fn every_command_has_a_man_page() {
    let home = Home::new();
    let directory = home.path("man");
    home.ok(&["man", &directory.display().to_string()]);
    let page = |name: &str| fs::read_to_string(directory.join(format!("{name}.1"))).expect("a page");
    assert!(page("commerce-connector").contains("Exit codes"));
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        assert!(page(&format!("commerce-connector-{}", command.get_name())).contains(".SH NAME"));
    }
    let file = home.path("file");
    fs::write(&file, "").expect("written");
    let refused = home.run(&["man", &file.display().to_string()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("the man pages cannot be written to"), "{}", stderr(&refused));
}

#[test]
fn the_version_says_what_a_ticket_needs() {
    let home = Home::new();
    let text = stdout(&home.run(&["--version"]));
    assert!(text.starts_with(concat!("commerce-connector ", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.contains("SQLite: 3.") && text.contains("target: "), "{text}");
    let record: Value = serde_json::from_str(&stdout(&home.run(&["--version", "--json"]))).expect("JSON");
    assert_eq!(record["version"], env!("CARGO_PKG_VERSION"));
    assert!(record["tls"].as_str().is_some_and(|tls| tls.starts_with("rustls 0.")), "{record}");
    assert!(record["target"].as_str().is_some_and(|target| target.split('-').count() > 2), "{record}");
}

#[test]
fn topics_are_explained_and_typing_mistakes_answered() {
    let home = Home::new();
    assert!(home.ok(&["help", "states"]).contains("needs-attention"));
    assert!(home.ok(&["help", "exit-codes"]).contains("130  interrupted"));
    let feeds = home.ok(&["help", "feeds"]);
    assert!(feeds.contains("scopesWebsite") && feeds.contains("health"), "{feeds}");
    assert!(home.ok(&["help", "export"]).contains("watch"), "a command is still explained");
    let output = home.run(&["export", "run", "--feed", "produkts"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean products?"), "{}", stderr(&output));
    let output = home.run(&["export", "items", "--state", "will-rety"]);
    assert!(stderr(&output).contains("will-retry"), "{}", stderr(&output));
}

#[test]
fn more_is_logged_where_that_is_asked_for_and_shown_with_v() {
    let shop = Shop::new("");
    shop.products(&[product("A")]);
    let log = || -> String {
        let files = fs::read_dir(shop.home.path(".local/state/commerce-connector/logs")).expect("there");
        files.map(|file| fs::read_to_string(file.expect("an entry").path()).expect("text")).collect()
    };
    let run = |args: &[&str]| {
        let output = shop.home.run(&[&["export", "run", "--quiet"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    assert_eq!(run(&[]), "");
    assert!(!log().contains("DEBUG"));
    assert_eq!(run(&["--log-level", "debug"]), "");
    assert!(log().contains("DEBUG commerce_connector::http::wire: answer"), "{}", log());
    let shown = run(&["-v"]);
    assert!(shown.contains("DEBUG commerce_connector::http::wire: answer"), "{shown}");
    let shown = stderr(&shop.home.run(&["keys", "verify", "-vv"]));
    assert!(shown.contains("DEBUG commerce_connector::http::wire: answer"), "also where no log is written: {shown}");
    let api_key = shop.gateway.ready["sandbox"]["api_key"].as_str().expect("a key");
    assert!(!shown.contains(api_key) && !shown.contains("Bearer"), "{shown}");
    assert_eq!(shop.home.run(&["status", "--log-level", "loud"]).status.code(), Some(2));
}

const BEGIN: &str =
    "<!-- The table is made by a test: UPDATE_README=1 cargo nextest run --test program -E 'test(readme)' -->\n";

#[test]
fn the_table_of_commands_in_the_readme_is_made_from_the_command_line() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let mut table = "\n| command | what it does |\n|---|---|\n".to_owned();
    for command in Cli::command().get_subcommands() {
        add_rows(command.get_name(), command, &mut table);
    }
    let (before, rest) = readme.split_once(BEGIN).expect("the line above the table");
    let (shown, after) = rest.split_at(rest.find("\n\n").expect("the end of the table") + 1);
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{after}")).expect("written");
    } else {
        let fix = "run UPDATE_README=1 cargo nextest run --test program -E 'test(readme)'";
        assert_eq!(shown, table, "{fix}");
    }
}

/// A row for a command, or for those of a group; groups within it have rows of their own.
fn add_rows(name: &str, command: &clap::Command, table: &mut String) {
    let shown = || command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help");
    let leaves: Vec<&str> = shown().filter(|inner| !inner.has_subcommands()).map(clap::Command::get_name).collect();
    let names = match leaves.split_first() {
        None => format!("`{name}`"),
        Some((first, more)) => {
            let more = more.iter().map(|leaf| format!("`{leaf}`"));
            std::iter::once(format!("`{name} {first}`")).chain(more).collect::<Vec<_>>().join(", ")
        }
    };
    let about = command.get_about().map(ToString::to_string).expect("each command says what it does");
    if !command.is_hide_set() && (leaves.is_empty() != command.has_subcommands()) {
        writeln!(table, "| {names} | {about} |").expect("a string takes everything");
    }
    for group in shown().filter(|inner| inner.has_subcommands()) {
        add_rows(&format!("{name} {}", group.get_name()), group, table);
    }
}

#[test]
fn the_newest_lines_of_the_log_are_printed_over_all_days() {
    let home = Home::new();
    let none = home.run(&["logs"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).contains("no log yet"), "{}", stderr(&none));
    let logs = home.path(".local/state/commerce-connector/logs");
    fs::create_dir_all(&logs).expect("made");
    fs::write(logs.join("commerce-connector.2026-03-01.log"), "one\ntwo\n").expect("written");
    fs::write(logs.join("commerce-connector.2026-03-02.log"), "three\n\u{1b}[31mfour\n").expect("written");
    let shown = stdout(&home.run(&["logs", "-n", "3"]));
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(&lines[..2], ["two", "three"]);
    assert!(lines[2].ends_with("four") && !lines[2].contains('\u{1b}'), "{shown:?}");
}
