//! Every pane and page at the smallest, the usual and a wide size, without colours and in ASCII.

use super::*;

const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (160, 50)];
const MONO: Theme = Theme { colours: Colours::None, unicode: true };
const MONO_ASCII: Theme = Theme { colours: Colours::None, unicode: false };

/// Each pane and page with something in it.
fn states() -> Vec<(&'static str, State)> {
    let [feed, feed_at_rest, mut log] = pages::states();
    press(&mut log, "n");
    let mut saas = ready(Pane::Saas, DataSpaceKind::Testing);
    let mut listed = projects();
    listed.truncate(1);
    let reply = SaasReply::Projects { environment: Environment::Sandbox, result: Ok(listed) };
    saas.update(Event::Reply(Reply::Saas(reply)), &now());
    vec![
        ("overview", day_after::day_after()),
        ("keys", ready(Pane::Keys, DataSpaceKind::Testing)),
        ("saas", saas),
        ("ims", organization::signed_in()),
        ("export", sync::healthy(DataSpaceKind::Testing)),
        ("feed", feed),
        ("feed-at-rest", feed_at_rest),
        ("log", log),
        ("items", items::failed()),
        ("item", items::with_changes()),
        ("compare-exporter", switching::exporter()),
        ("adopt", switching::adoption()),
        ("bundle", switching::bundle()),
    ]
}

#[test]
fn every_pane_at_every_size() {
    for (name, state) in states() {
        for size in SIZES {
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), draw(&state, MONO, size).backend());
        }
    }
}

#[test]
fn every_pane_in_ascii() {
    for (name, state) in states() {
        for size in SIZES {
            let shown = draw(&state, MONO_ASCII, size).backend().to_string();
            assert!(shown.is_ascii(), "{name}\n{shown}");
            let known = draw(&state, MONO, size).backend().to_string();
            let marks = |text: &str| text.matches('?').count();
            // Names of organizations may be of any script.
            let is_known = name == "ims" || marks(&shown) == marks(&known);
            assert!(is_known, "{name} has a character without an ASCII form\n{shown}");
            insta::assert_snapshot!(format!("{name}-ascii-{}x{}", size.0, size.1), shown);
        }
    }
}

#[test]
fn without_colours_no_pane_has_one() {
    for (name, state) in states() {
        for size in SIZES {
            let terminal = draw(&state, MONO, size);
            let cells = &terminal.backend().buffer().content;
            assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "{name}");
        }
    }
}

#[test]
fn one_line_says_where_one_is_on_every_pane() {
    for (name, state) in states() {
        for size in SIZES {
            let shown = draw(&state, THEME, size).backend().to_string();
            let first = shown.lines().next().unwrap_or_default();
            assert!(first.contains("Testing 1 (testing)") && first.contains("sandbox"), "{name} at {size:?}: {first}");
        }
    }
}
