//! What is compared before and after a switch, what is taken over from Adobe's exporter, and the support bundle.

use std::sync::Arc;

use commerce_connector::connector::compare::{AdoptionCounts, FeedAdoption};
use commerce_connector::connector::support_bundle::{Bundle, Part};
use commerce_connector::report::{Row, Tone};
use commerce_connector::tui::panes::export::clicked::Landmarks;
use commerce_connector::tui::widgets::click::Click;
use commerce_connector::tui::widgets::dialog::ReportKind;

use super::*;

fn reply(state: &mut State, reply: ExportReply) {
    state.update(Event::Reply(Reply::Export(reply)), &now());
}

/// Our items against those of Adobe's exporter.
pub fn exporter() -> State {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "=");
    let remark = |text: &str| Row::new(text, Tone::Remark);
    let rows = vec![
        Row::new("1 of 3 feeds with differences, 1 not compared", Tone::Danger),
        remark("& in Data export: count what is equal as sent, so that only the rest is sent"),
        Row::new("2 items equal", Tone::Good).named("scopesWebsite"),
        Row::new("not compared: 14 rows with the minimal payload only", Tone::Open).named("categories"),
        Row::new("28 equal, 1 differ, 1 only theirs", Tone::Danger).named("products"),
        remark("name in 1 item, such as A-1 · default"),
        remark("  theirs: \"Bag, old name\""),
        remark("  ours:   \"First\""),
        remark("only theirs: OLD-1 · eu_en"),
    ];
    reply(&mut state, ExportReply::Reported { kind: ReportKind::Exporter, result: Ok(rows) });
    state
}

/// The question whether what Adobe's exporter has sent counts as sent.
pub fn adoption() -> State {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "&");
    let feed = |feed, sent, different, gone| FeedAdoption {
        feed,
        sent,
        different,
        not_accepted: 0,
        only_ours: 1,
        not_judged: different / 2,
        gone,
    };
    let feeds = vec![feed(Feed::Categories, 79, 0, 0), feed(Feed::Products, 12_880, 2, 1)];
    let unsaid = vec![Feed::ScopesWebsite, Feed::ScopesCustomerGroup, Feed::ProductAttributes, Feed::Variants];
    reply(&mut state, ExportReply::AdoptionPlanned(Ok(AdoptionCounts { feeds, unsaid })));
    state
}

/// What goes into a support bundle, and where it is to be written.
pub fn bundle() -> State {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "T");
    reply(&mut state, ExportReply::BundleCollected(Ok(Arc::new(files()))));
    state
}

fn files() -> Bundle {
    let part = |(name, about, size): (&str, &str, usize)| Part {
        name: name.into(),
        about: about.into(),
        text: vec![b'x'; size],
    };
    let parts = [
        ("about.txt", "version, system, Adobe's packages", 2_210),
        ("whoami.txt", "shop, project, data space", 300),
        ("config.txt", "settings and their origin, secrets masked", 6_100),
        ("status.txt", "what is done, and the next step", 900),
        ("doctor.txt", "every check", 1_900),
        ("services.txt", "services and their modules", 1_200),
        ("feeds.txt", "feeds, records, routes", 1_000),
        ("health.txt", "ledger, Adobe's feed tables, indexers, cron", 2_100),
        ("runs.txt", "the last runs", 4_000),
        ("failures.txt", "failed items with request ids", 31_000),
        ("ledger.txt", "a check of the ledger", 80),
        ("exporter-errors.txt", "errors of Adobe's exporter, by code", 700),
        ("log.txt", "the end of this program's log", 210_000),
    ];
    Bundle { made_at: "2026-03-04T11:03:10Z".parse().unwrap(), parts: parts.map(part).to_vec() }
}

#[test]
fn our_items_and_those_of_adobes_exporter() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "=");
    snapshot("compare-exporter-reading", &state);
    snapshot("compare-exporter", &exporter());
    let none = Problem::usage("no Commerce database is configured, so there are no feed tables to read");
    reply(&mut state, ExportReply::Reported { kind: ReportKind::Exporter, result: Err(none) });
    let frame = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(frame.contains("no Commerce database is configured"), "{frame}");
}

#[test]
fn what_adobes_exporter_has_sent_counts_as_sent() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "&");
    snapshot("adopt-comparing", &state);
    snapshot("adopt", &adoption());
    let locked = Problem::new(Exit::Locked, "products is exported by root@vm, pid 812");
    reply(&mut state, ExportReply::AdoptionPlanned(Err(locked)));
    let frame = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(frame.contains("products is exported by root@vm") && !frame.contains("Count as sent"), "{frame}");
}

#[test]
fn two_data_spaces_are_compared() {
    let mut state = ready(Pane::Saas, DataSpaceKind::Testing);
    press(&mut state, "j=");
    snapshot("compare-spaces-asked", &state);
    key(&mut state, KeyCode::Enter);
    let remark = |text: &str| Row::new(text, Tone::Remark);
    let danger = |text: &str| Row::new(text, Tone::Danger);
    let rows = vec![
        Row::new(
            "A is Testing 1 (66666666-7777-4888-8999-aaaaaaaaaaaa), B is Main (11111111-2222-4333-8444-555555555555).",
            Tone::Plain,
        ),
        danger("823 of 4,000 SKUs in store views checked: 820 equal, 1 different, 2 only in A"),
        danger("99.6 % of what is shown in the sample is the same; at most 0.9 % of all differ, 95 % sure."),
        danger("BAG-0007 in de: different"),
        remark("name: \"Bag 7\" in A, \"Satchel 7\" in B"),
        danger("BAG-0011 in de: only in A"),
        danger("BAG-0011 in default: only in A"),
    ];
    reply(&mut state, ExportReply::Reported { kind: ReportKind::DataSpaces, result: Ok(rows) });
    snapshot("compare-spaces", &state);
}

#[test]
fn a_support_bundle_says_what_is_in_it_before_it_is_written() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "T");
    snapshot("bundle-collecting", &state);
    let mut state = bundle();
    snapshot("bundle", &state);
    key(&mut state, KeyCode::Enter);
    let path = "/root/commerce-connector-support-20260304T110310Z.tar.gz";
    let exists = Problem::usage(format!("{path} exists already")).hint("choose the path of a new file");
    reply(&mut state, ExportReply::BundleWritten { path: path.into(), result: Err(exists) });
    snapshot("bundle-exists", &state);
}

#[test]
fn a_dry_run_ends_with_what_lint_says() {
    let mut state = counted();
    reply(&mut state, ExportReply::DryRunLinted(Row::new("Lint: 1 error, 2 warnings in 3,604 items", Tone::Danger)));
    snapshot("export-counted-linted", &state);
}

/// Clicks on the row that contains this text, as it is drawn.
fn click(state: &mut State, text: &str, size: (u16, u16), look: Theme) {
    let terminal = draw(state, look, size);
    let frame = terminal.backend().to_string();
    let row = frame.lines().position(|line| line.contains(text)).expect(text);
    let row = u16::try_from(row).unwrap();
    let listed = Landmarks::of(terminal.backend().buffer()).at(10, row);
    let click = Click { column: 10, row, width: size.0, cursor_row: None, listed };
    state.update(Event::Click(click), &now());
}

#[test]
fn a_click_leads_from_the_feeds_to_the_reasons_and_back() {
    let ascii = Theme { colours: Colours::None, unicode: false };
    for (size, look) in [((80, 24), THEME), ((120, 40), THEME), ((160, 50), THEME), ((80, 24), ascii)] {
        let mut state = running(false);
        if size.0 == 80 {
            // A heading and rows only where no run takes the room.
            let report = RunReport {
                progress: progress(false),
                end: RunEnd::Stopped,
                unknown_ids: vec![],
                requests_per_second: None,
            };
            state.update(Event::RunEnded(Ok(report)), &now());
        }
        click(&mut state, "needs a fix attribute name", size, look);
        assert_eq!(state.export.selected_reason(), Some(0), "{size:?}");
        click(&mut state, " categories ", size, look);
        assert_eq!(state.export.selected_feed(), Some(Feed::Categories), "{size:?}");
    }
}
