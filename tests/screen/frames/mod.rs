//! How the screen looks: every pane and dialog at the sizes that people have, and no panic at any other.

mod day_after;
mod items;
mod keys;
mod looks;
mod organization;
mod pages;
mod panes;
mod run;
mod switching;
mod sync;

use std::time::Duration;

use commerce_connector::connector::{Half, Limits, Overview, PairStatus, SettingsOverview, SourceFeeds};
use commerce_connector::domain::{DataSpace, DataSpaceKind, Environment, Project};
use commerce_connector::domain::{Feed, ThreadCount};
use commerce_connector::error::{Exit, Problem};
use commerce_connector::export::ledger::FeedSummary;
use commerce_connector::export::progress::{
    FeedProgress, ItemFailure, ItemState, Limit, Phase, Progress, RunEnd, RunEvent, RunReport,
};
use commerce_connector::export::reasons::Reasons;
use commerce_connector::export::requests::{Latency, RequestOutcome, Requests};
use commerce_connector::secret::Secret;
use commerce_connector::settings::Saved;
use commerce_connector::tui::draw;
use commerce_connector::tui::model::Event;
use commerce_connector::tui::model::State;
use commerce_connector::tui::panes::Pane;
use commerce_connector::tui::panes::export::requests::ExportReply;
use commerce_connector::tui::panes::keys::requests::KeysReply;
use commerce_connector::tui::panes::saas::requests::SaasReply;
use commerce_connector::tui::panes::{Now, Reply};
use commerce_connector::tui::theme::{Colours, Theme};
use jiff::Zoned;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

const THEME: Theme = Theme { colours: Colours::Text, unicode: true };
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 15)];

fn now() -> Now {
    let wall: Zoned = "2026-03-04T12:03:10+01:00[Europe/Berlin]".parse().unwrap();
    Now { wall, uptime: Duration::from_mins(1) }
}

fn overview(kind: DataSpaceKind) -> Overview {
    let (id, name) = match kind {
        DataSpaceKind::Production => ("11111111-2222-4333-8444-555555555555", "Main"),
        DataSpaceKind::Testing => ("66666666-7777-4888-8999-aaaaaaaaaaaa", "Testing 1"),
    };
    Overview {
        installation: "shop.example".into(),
        environment: Environment::Sandbox,
        gateway: "commerce-beta.adobe.io".into(),
        project: Some(("01234567-89ab-4cde-8f01-23456789abcd".parse().unwrap(), "Luma Europe".into())),
        data_space: Some((id.parse().unwrap(), name.into(), kind)),
        source: "the database of /var/www/shop".into(),
        organization: None,
        config_path: "/etc/commerce-connector/config.toml".into(),
        settings: Box::new(SettingsOverview {
            home: "/etc/commerce-connector/config.toml".into(),
            limits: Limits {
                requests_per_second: Some(2.0),
                thread_count: ThreadCount::Fixed(1),
                batch_sizes: Feed::ALL.map(|feed| (feed, feed.batch_size())).to_vec(),
            },
            ..SettingsOverview::default()
        }),
        state_dir: "/var/lib/commerce-connector".into(),
    }
}

fn bare() -> State {
    let nothing = Overview { project: None, data_space: None, ..overview(DataSpaceKind::Testing) };
    let mut state = State::new(nothing, Pane::Keys);
    state.begin(None, &now());
    let missing = |environment| PairStatus { environment, api_key: Half::Missing, private_key: Half::Missing };
    state.update(Event::Reply(Reply::Keys(KeysReply::Pairs(Environment::ALL.map(missing)))), &now());
    state
}

fn ready(pane: Pane, kind: DataSpaceKind) -> State {
    let mut state = State::new(overview(kind), pane);
    state.begin(None, &now());
    let origin = "/etc/commerce-connector/config.toml";
    let sandbox = PairStatus {
        environment: Environment::Sandbox,
        api_key: Half::Present { shown: "••••3f9a".into(), origin: origin.into(), locked: None },
        private_key: Half::Present {
            shown: "RSA 2048 bits SHA256:4pN1xqVbJ0rTz7yKm2cEwU8sHdLg5aFiQoPvXn3RkYs".into(),
            origin: "/etc/commerce-connector/sandbox.pem".into(),
            locked: None,
        },
    };
    let production = PairStatus {
        environment: Environment::Production,
        api_key: Half::Missing,
        private_key: Half::Unusable { reason: "production.pem can be read by its group: chmod 600 it".into() },
    };
    let counts = [
        (Feed::ScopesWebsite, Some(1)),
        (Feed::ScopesCustomerGroup, Some(4)),
        (Feed::ProductAttributes, Some(120)),
        (Feed::Categories, Some(40)),
        (Feed::Products, Some(20_000)),
    ];
    let summary = |feed, submitted, needs_attention, last: &str| FeedSummary {
        feed,
        submitted,
        awaiting: 0,
        will_retry: 0,
        needs_attention,
        last_sync: Some(last.parse().unwrap()),
        last_partial: None,
    };
    let summaries = vec![
        summary(Feed::ScopesWebsite, 1, 0, "2026-03-04T08:12:00Z"),
        summary(Feed::ScopesCustomerGroup, 4, 0, "2026-03-04T08:12:00Z"),
        summary(Feed::ProductAttributes, 240, 0, "2026-03-03T21:12:00Z"),
        summary(Feed::Categories, 79, 1, "2026-03-04T08:12:00Z"),
    ];
    let replies = [
        Reply::Keys(KeysReply::Pairs([production, sandbox])),
        Reply::Export(ExportReply::Counts(Ok(SourceFeeds { counts: counts.to_vec(), ..SourceFeeds::default() }))),
        Reply::Export(ExportReply::Ledger(Ok((summaries, vec![failure("24-MB01 default")])))),
        Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Ok(projects()) }),
    ];
    for reply in replies {
        state.update(Event::Reply(reply), &now());
    }
    state
}

fn projects() -> Vec<Project> {
    let space = |id: &str, name: &str, kind| DataSpace { id: id.parse().unwrap(), name: name.into(), kind };
    vec![
        Project {
            id: "01234567-89ab-4cde-8f01-23456789abcd".parse().unwrap(),
            name: "Luma Europe".into(),
            data_spaces: vec![
                space("11111111-2222-4333-8444-555555555555", "Main", DataSpaceKind::Production),
                space("66666666-7777-4888-8999-aaaaaaaaaaaa", "Testing 1", DataSpaceKind::Testing),
                space("bbbbbbbb-cccc-4ddd-8eee-ffffffffffff", "Testing 2", DataSpaceKind::Testing),
            ],
        },
        Project {
            id: "fedcba98-7654-4321-8fed-cba987654321".parse().unwrap(),
            name: "東京ストア with a name that is longer than its column".into(),
            data_spaces: vec![space("99999999-8888-4777-8666-555555555555", "Main", DataSpaceKind::Production)],
        },
    ]
}

fn failure(label: &str) -> ItemFailure {
    ItemFailure {
        feed: Feed::Products,
        label: label.into(),
        state: ItemState::NeedsAttention,
        message: "attribute name is required and must not be empty".into(),
        code: "/2/name".into(),
        request_id: Some("7f3d2c1b".into()),
    }
}

fn progress(stopping: bool) -> Progress {
    let done = |feed, all| FeedProgress {
        phase: Phase::Done,
        source_records: Some(all),
        source_read: all,
        collected: all,
        new: all,
        submitted: all,
        requests: all.div_ceil(100),
        ..FeedProgress::new(feed)
    };
    let products = FeedProgress {
        phase: Phase::Collecting,
        source_records: Some(20_000),
        source_read: 6_500,
        collected: 13_000,
        unchanged: 120,
        new: 12_800,
        changed: 80,
        submitted: 12_400,
        needs_attention: 1,
        requests: 125,
        bytes: 1_234_567,
        ..FeedProgress::new(Feed::Products)
    };
    Progress {
        feeds: vec![
            done(Feed::ScopesWebsite, 1),
            done(Feed::ScopesCustomerGroup, 4),
            done(Feed::ProductAttributes, 240),
            done(Feed::Categories, 80),
            products,
        ],
        elapsed: Duration::from_secs(65),
        items_per_second: 198.4,
        eta: Some(Duration::from_secs(135)),
        limit: Limit::Gateway { requests_per_second: 2.0 },
        stopping,
        requests: requests(),
        reasons: reasons(),
        ..Progress::new(Vec::new(), false)
    }
}

fn requests() -> Requests {
    let recent = (0..129).map(|number| match number % 32 {
        9 => RequestOutcome::SlowedDown,
        20 => RequestOutcome::Failed,
        _ => RequestOutcome::Ok,
    });
    let ms = Duration::from_millis;
    Requests {
        ok: 121,
        slowed_down: 4,
        failed: 4,
        latency: Some(Latency { p50: ms(62), p90: ms(88), p99: ms(1_410) }),
        times_out: Some(Duration::from_mins(1)),
        recent: recent.collect(),
        ..Requests::default()
    }
}

fn reasons() -> Reasons {
    let mut reasons = Reasons::default();
    reasons.add(Feed::Categories, ItemState::WillRetry, "HTTP status 503: busy");
    for feed in [Feed::Categories, Feed::Products, Feed::Products] {
        reasons.add(feed, ItemState::NeedsAttention, "attribute name is required and must not be empty");
    }
    reasons
}

fn key(state: &mut State, code: KeyCode) {
    state.update(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), &now());
}

fn press(state: &mut State, keys: &str) {
    for c in keys.chars() {
        key(state, KeyCode::Char(c));
    }
}

fn running(stopping: bool) -> State {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "a");
    state.update(Event::Reply(run::begun(&state)), &now());
    let news = vec![RunEvent::ItemFailed(failure("24-MB01 default")), RunEvent::ItemFailed(failure("24-WG02 german"))];
    state.update(Event::Run { news, skipped: 0 }, &now());
    state.update(Event::Progress(progress(stopping)), &now());
    let later = Now { uptime: Duration::from_secs(62), ..now() };
    state.update(Event::Progress(progress(stopping)), &later);
    state
}

fn draw(state: &State, look: Theme, (width, height): (u16, u16)) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, state, look)).unwrap();
    terminal
}

#[track_caller]
fn snapshot(name: &str, state: &State) {
    for size in SIZES {
        let terminal = draw(state, THEME, size);
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), terminal.backend());
    }
}

#[test]
fn saas_list() {
    snapshot("saas-list", &ready(Pane::Saas, DataSpaceKind::Testing));
}

#[test]
fn saas_choosing_a_production_data_space() {
    let mut state = ready(Pane::Saas, DataSpaceKind::Testing);
    press(&mut state, "k");
    key(&mut state, KeyCode::Enter);
    press(&mut state, "Mian");
    key(&mut state, KeyCode::Enter);
    snapshot("saas-choose-production", &state);
}

#[test]
fn export_at_rest() {
    snapshot("export-at-rest", &ready(Pane::Export, DataSpaceKind::Testing));
}

#[test]
fn export_running() {
    snapshot("export-running", &running(false));
}

#[test]
fn export_asked_to_stop() {
    let mut state = running(false);
    press(&mut state, "x");
    snapshot("export-stop", &state);
}

#[test]
fn export_stopping() {
    snapshot("export-stopping", &running(true));
}

#[test]
fn export_ended_with_failures() {
    let mut state = running(false);
    let mut last = progress(false);
    for feed in &mut last.feeds {
        feed.phase = Phase::Done;
    }
    let report = RunReport { progress: last, end: RunEnd::Complete, unknown_ids: vec![], requests_per_second: None };
    state.update(Event::RunEnded(Ok(report)), &now());
    snapshot("export-ended", &state);
}

/// A dry run that is over.
pub fn counted() -> State {
    let mut state = running(false);
    let mut last = Progress { dry_run: true, ..progress(false) };
    for feed in &mut last.feeds {
        (feed.phase, feed.submitted, feed.requests) = (Phase::Done, 0, 0);
    }
    let report = RunReport { progress: last, end: RunEnd::Complete, unknown_ids: vec![], requests_per_second: None };
    state.update(Event::RunEnded(Ok(report)), &now());
    state
}

#[test]
fn export_counted_without_sending() {
    let state = counted();
    snapshot("export-counted", &state);
}

#[test]
fn export_into_production() {
    let mut state = ready(Pane::Export, DataSpaceKind::Production);
    press(&mut state, "a");
    snapshot("export-production", &state);
}

#[test]
fn one_refused_item_in_full() {
    let mut state = running(false);
    key(&mut state, KeyCode::Enter);
    key(&mut state, KeyCode::End);
    key(&mut state, KeyCode::Enter);
    snapshot("export-failure", &state);
}

/// Nothing may be changed: the header says so, and the keys that would are left out or marked.
fn read_only(keys: &str) -> State {
    let settings = SettingsOverview { read_only: true, ..*overview(DataSpaceKind::Testing).settings };
    let overview = Overview { settings: Box::new(settings), ..overview(DataSpaceKind::Testing) };
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    state.update(Event::Reply(Reply::Overview(overview)), &now());
    press(&mut state, keys);
    state
}

#[test]
fn read_only_says_so_and_offers_what_is_left() {
    snapshot("read-only", &read_only("a"));
    snapshot("read-only-help", &read_only("?"));
    snapshot("read-only-palette", &read_only(":export"));
}

#[test]
fn a_private_key_pasted_into_the_export() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    let text = "-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----\n";
    state.update(Event::Paste(Secret::new(text)), &now());
    for size in SIZES {
        assert!(!draw(&state, THEME, size).backend().to_string().contains("secret"));
    }
    snapshot("pasted-key", &state);
}

#[test]
fn high_contrast_has_colours_as_backgrounds_only() {
    let look = Theme { colours: Colours::Backgrounds, unicode: true };
    let mut refused = ready(Pane::Export, DataSpaceKind::Production);
    let result = Err(Problem::new(Exit::Refused, "no"));
    refused
        .update(Event::Reply(Reply::Keys(KeysReply::Verified { environment: Environment::Sandbox, result })), &now());
    for state in [&running(false), &refused, &bare(), &read_only("?")] {
        let terminal = draw(state, look, (120, 40));
        for cell in &terminal.backend().buffer().content {
            assert_eq!(cell.fg == Color::Reset, cell.bg == Color::Reset, "{:?}", cell.symbol());
            assert!(!cell.modifier.contains(ratatui::style::Modifier::DIM), "{:?}", cell.symbol());
        }
    }
}

#[test]
fn help_of_the_export_pane() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "?");
    snapshot("help-export", &state);
}

#[test]
fn palette_while_typing() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, ":pair");
    snapshot("palette", &state);
}

#[test]
fn a_notice_above_the_footer() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    let saved = Saved {
        where_to: "/etc/commerce-connector/config.toml".into(),
        private_key_file: Some("/etc/commerce-connector/sandbox.pem".into()),
        note: None,
    };
    let saved = Reply::Keys(KeysReply::Saved { environment: Environment::Sandbox, result: Ok(saved) });
    state.update(Event::Reply(saved), &now());
    snapshot("notice", &state);
}

#[test]
fn only_ascii_where_nothing_else_can_be_shown() {
    let look = Theme { colours: Colours::None, unicode: false };
    for state in [running(false), ready(Pane::Saas, DataSpaceKind::Production), bare()] {
        let terminal = draw(&state, look, (80, 24));
        assert!(terminal.backend().to_string().is_ascii());
    }
    insta::assert_snapshot!("ascii-80x24", draw(&running(false), look, (80, 24)).backend());
}

#[test]
fn production_and_refused_keys_colour_the_frame() {
    let corner = |kind| {
        let terminal = draw(&ready(Pane::Export, kind), THEME, (80, 24));
        terminal.backend().buffer()[(0, 2)].fg
    };
    assert_eq!(corner(DataSpaceKind::Production), Color::Red);
    assert_ne!(corner(DataSpaceKind::Testing), Color::Red);
    let mut refused = ready(Pane::Export, DataSpaceKind::Testing);
    let result = Err(Problem::new(Exit::Refused, "no"));
    refused
        .update(Event::Reply(Reply::Keys(KeysReply::Verified { environment: Environment::Sandbox, result })), &now());
    assert_eq!(draw(&refused, THEME, (80, 24)).backend().buffer()[(0, 2)].fg, Color::Red);
}

#[test]
fn without_colours_no_cell_has_one() {
    let look = Theme { colours: Colours::None, unicode: true };
    let terminal = draw(&running(false), look, (120, 40));
    for cell in &terminal.backend().buffer().content {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
}

#[test]
fn every_size_draws_without_a_panic() {
    let mut asking = ready(Pane::Saas, DataSpaceKind::Production);
    press(&mut asking, "C");
    press(&mut asking, &"long ".repeat(60));
    let mut pasting = ready(Pane::Keys, DataSpaceKind::Testing);
    press(&mut pasting, "p");
    state_paste(&mut pasting);
    let mut helping = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut helping, "?");
    key(&mut helping, KeyCode::End);
    let mut palette = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut palette, ":");
    let mut states =
        vec![bare(), asking, pasting, helping, palette, running(false), ready(Pane::Saas, DataSpaceKind::Testing)];
    states.extend(sync::states());
    states.extend(organization::states());
    states.extend(pages::states());
    // Two of the states at every fourth width, another one at each height: all of them at all sizes would take minutes and
    // say no more. Any size at all is in tests/screen_properties.
    for height in 1..=45 {
        for width in (1 + height % 4..=130).step_by(4) {
            for step in 0..2 {
                let number = usize::from(width + height * 3) + step * 3;
                draw(&states[number % states.len()], THEME, (width, height));
            }
        }
    }
}

fn state_paste(state: &mut State) {
    state.update(Event::Paste(Secret::new("x".repeat(3000))), &now());
}
