//! The habits of the screen in a real terminal, whatever it is used for.
#![allow(clippy::expect_used, reason = "a test fails by panicking, also where a helper notices")]

mod support;

use support::terminal::{ORDINARY, Terminal, program_in};

#[test]
fn read_only_and_theme_are_remembered_until_they_are_lifted() {
    let home = tempfile::tempdir().expect("a directory");
    let open = |args: &[&str]| {
        let mut terminal = Terminal::start(program_in(home.path(), args), ORDINARY);
        terminal.wait_for("q quit");
        let is_read_only = terminal.text().contains("READ-ONLY");
        terminal.press("q");
        assert_eq!(terminal.ends_restored(), 0);
        is_read_only
    };
    assert!(!open(&[]));
    assert!(open(&["--read-only", "--theme", "mono"]));
    assert!(open(&[]), "it is remembered");
    let config = home.path().join(".config/commerce-connector/config.toml");
    let text = std::fs::read_to_string(&config).expect("the configuration");
    assert!(text.contains("read_only = true") && text.contains("theme = \"mono\""), "{text}");
    assert!(!open(&["--read-only=false"]));
    assert!(!open(&[]), "it is lifted");
}
