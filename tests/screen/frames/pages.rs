//! The pages of the export pane: one feed, the log, and what is said when something could not be read.

use commerce_connector::export::control::Paused;
use commerce_connector::tui::panes::export::requests::ExportReply;

use super::sync::healthy;
use super::*;

/// The page of the feed in this row.
fn open(mut state: State, row: usize) -> State {
    key(&mut state, KeyCode::Home);
    (0..row).for_each(|_| key(&mut state, KeyCode::Down));
    key(&mut state, KeyCode::Enter);
    state
}

/// A run that has gone on for two minutes, with a rate that changed.
fn long_run() -> State {
    let mut state = running(false);
    let mut counters = progress(false);
    counters.feeds[4].submitted = 100;
    counters.feeds[4].requests = 1;
    for second in 0..120 {
        counters.feeds[4].submitted += if (40..55).contains(&second) { 0 } else { 60 + second };
        counters.feeds[4].requests += 2;
        counters.elapsed += Duration::from_secs(1);
        let later = Now { uptime: Duration::from_secs(62 + second), ..now() };
        state.update(Event::Progress(counters.clone()), &later);
    }
    state
}

/// What a run tells in its course.
fn told() -> State {
    let mut state = running(false);
    let categories = progress(false).feeds[3].clone();
    let news = vec![
        RunEvent::FeedStarted { feed: Feed::Categories, source_records: Some(40) },
        RunEvent::FeedFinished(categories),
        RunEvent::FeedStarted { feed: Feed::Products, source_records: Some(20_000) },
        RunEvent::Retrying {
            feed: Feed::Products,
            attempt: 1,
            after: Duration::from_millis(2_400),
            reason: "503 Service Unavailable".into(),
        },
        RunEvent::Note {
            feed: Feed::Products,
            text: "deletions were not looked for, because 2 records could not be identified: repair them and run again"
                .into(),
        },
        RunEvent::ItemFailed(failure("24-UG01 default")),
    ];
    state.update(Event::Run { news, skipped: 0 }, &now());
    press(&mut state, "n");
    state
}

/// Some of these states, to be drawn at every size.
pub fn states() -> [State; 3] {
    [open(long_run(), 4), open(healthy(DataSpaceKind::Testing), 3), told()]
}

#[test]
fn a_feed_while_it_runs() {
    let mut state = open(long_run(), 4);
    snapshot("feed-running", &state);
    let look = Theme { colours: Colours::None, unicode: false };
    let ascii = draw(&state, look, (80, 24));
    assert!(ascii.backend().to_string().is_ascii());
    insta::assert_snapshot!("feed-running-ascii-80x24", ascii.backend());
    key(&mut state, KeyCode::Esc);
    snapshot("export-rate", &state);
}

#[test]
fn a_paused_run_says_so_and_which_key_goes_on() {
    let mut state = long_run();
    let held = Progress {
        paused: Some(Paused { by: None }),
        limit: Limit::Paused { by: None },
        eta: None,
        thread_count: 4,
        ..progress(false)
    };
    state.update(Event::Progress(held), &now());
    snapshot("export-paused", &state);
    snapshot("feed-paused", &open(state, 4));
}

#[test]
fn a_feed_at_rest_with_failures_and_health() {
    snapshot("feed-at-rest", &open(healthy(DataSpaceKind::Testing), 3));
    let silent = draw(&open(healthy(DataSpaceKind::Testing), 4), THEME, (80, 24)).backend().to_string();
    assert!(silent.contains("▲ silent stall"), "{silent}");
}

#[test]
fn a_feed_that_ended_is_not_finished_when_it_was_stopped() {
    let mut state = running(true);
    let mut last = progress(true);
    last.feeds[4].phase = Phase::Stopped;
    let report = RunReport { progress: last, end: RunEnd::Stopped, unknown_ids: vec![], requests_per_second: None };
    state.update(Event::RunEnded(Ok(report)), &now());
    snapshot("feed-stopped", &open(state, 4));
}

#[test]
fn what_could_not_be_read_says_since_when_and_which_key_tries_again() {
    let mut state = healthy(DataSpaceKind::Testing);
    let problem = || Problem::new(Exit::TryAgain, "the database shop at 10.0.0.7 does not answer").hint("check it");
    let mut late = now();
    late.wall = late.wall.checked_add(Duration::from_mins(7)).unwrap();
    for failed in [
        Reply::Export(ExportReply::Counts(Err(problem()))),
        Reply::Export(ExportReply::Ledger(Err(Problem::new(Exit::Other, "the ledger cannot be read: disk I/O error")))),
        Reply::Export(ExportReply::Health(Err(problem()))),
    ] {
        state.update(Event::Reply(failed), &late);
    }
    snapshot("export-trouble", &state);
    let shown = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(shown.contains("20,000"), "the last known data stay");
    assert!(shown.contains("source records of 12:03:10 CET (r: retry)"), "{shown}");
}

#[test]
fn the_log_of_a_run() {
    let mut state = told();
    snapshot("log", &state);
    press(&mut state, "/503");
    key(&mut state, KeyCode::Enter);
    snapshot("log-filtered", &state);
    key(&mut state, KeyCode::Enter);
    snapshot("log-line", &state);
}

#[test]
fn a_log_without_a_run_says_how_to_begin() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "n");
    assert!(draw(&state, THEME, (80, 24)).backend().to_string().contains("No run started from this screen yet"));
}
