//! Signing in by paste-back in a real terminal: the address is read off the screen, and what it leads to is pasted.

use support::browser::sent_back;
use support::terminal::Terminal;

use crate::support;

/// The address on the screen: its lines have the frame of the pane around them, and nothing else on them.
fn address(screen: &str) -> String {
    let rows = screen.lines().map(|row| row.trim().trim_matches('│').trim());
    let lines: Vec<&str> =
        rows.skip_while(|row| !row.starts_with("http")).take_while(|row| !row.contains(' ')).collect();
    lines.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_pasting_back_and_chooses_an_organization() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(30, dir.path());
    // While it is active, leaving would ask.
    terminal.wait_for("Export done at");
    terminal.press("3");
    terminal.wait_for("Not signed in");
    terminal.press("S");
    terminal.wait_for("Open this URL anywhere");
    terminal.press("Q");
    terminal.wait_for("The QR code needs a terminal of");
    terminal.press("Q");
    terminal.wait_for("Open this URL anywhere");
    let address = address(&terminal.text());
    let back = sent_back(&address, "deny").await;
    terminal.press("p");
    terminal.wait_for("Paste the redirect URL");
    terminal.paste(&back);
    terminal.press("\r");
    terminal.wait_for("access was denied");
    terminal.escape_from("Paste the redirect URL");
    let back = sent_back(&address, "allow").await;
    // Into the pane itself, broken over lines.
    let (first, second) = back.split_at(50);
    terminal.paste(&format!("{first}\n{second}\n"));
    terminal.wait_for("Paste the redirect URL");
    assert!(!terminal.text().contains("code="), "the code is not shown");
    terminal.press("\r");
    terminal.wait_for("Signed in as Alex Harbour");
    terminal.wait_for("2 organizations");
    terminal.press("j\r");
    terminal.wait_for("7F31B2C45D6E8A90B1C2D3E4@AdobeOrg is now the IMS organization");
    terminal.wait_for("● in use");
    terminal.press("o");
    terminal.wait_for("Sign out of IMS");
    terminal.press("y");
    terminal.wait_for("Not signed in");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}
