//! What is shown when nothing runs: coverage, the watch, and past runs.

use commerce_connector::attach::{PassEnd, WatchStatus};
use commerce_connector::export::ledger::{PastEnd, PastRun, RunCounts, RunHistory, SentPerHour};
use commerce_connector::export::owner::Owner;
use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn owner(user: &str, pid: u32) -> Owner {
    Owner { user: user.into(), host: "vm".into(), pid, process_start: 1, since: 1_772_600_000 }
}

fn past(start: &str, request: &str, seconds: i64, counts: RunCounts, end: PastEnd) -> PastRun {
    let started_at = at(start);
    let has_end = !matches!(end, PastEnd::Running | PastEnd::Died);
    PastRun {
        started_at,
        request: request.into(),
        owner: owner("ann", 4711),
        feeds: vec![Feed::Products],
        ended_at: has_end.then(|| started_at + SignedDuration::from_secs(seconds)),
        counts: has_end.then_some(counts),
        end,
    }
}

fn runs() -> Vec<PastRun> {
    let counts = |sent, failed, deleted| RunCounts { sent, failed, deleted };
    let what = "products: the gateway does not respond: 東京 \u{202e}503".into();
    vec![
        past("2026-03-04T11:00:00Z", "Watch pass", 1, counts(59, 1, 0), PastEnd::Complete),
        past("2026-03-04T10:15:00Z", "Clean-up of products", 83, counts(5_752, 0, 12), PastEnd::Complete),
        past("2026-03-04T10:12:00Z", "Export", 27, counts(3_105, 62, 0), PastEnd::Failed { what }),
        past("2026-03-03T08:00:00Z", "Export", 0, counts(0, 0, 0), PastEnd::Died),
        past("2026-03-02T08:00:00Z", "Export", 27, counts(1_234_567, 0, 0), PastEnd::Stopped),
    ]
}

fn history() -> RunHistory {
    let mut sent_per_hour = SentPerHour { newest: at("2026-03-04T11:00:00Z"), ..SentPerHour::default() };
    sent_per_hour.items.iter_mut().zip(0..).for_each(|(items, hour)| *items = 150 * (hour % 5) + 20 * hour);
    sent_per_hour.items[12] = 5_752;
    RunHistory { runs: runs(), sent_per_hour }
}

fn watch(problem: Option<&str>) -> WatchStatus {
    WatchStatus {
        owner: owner("root", 812),
        data_space: overview(DataSpaceKind::Testing).data_space.unwrap().0,
        every: Duration::from_mins(1),
        last_pass: Some(PassEnd { at: at("2026-03-04T11:02:09Z"), sent: 59, failed: 1 }),
        next_pass: Some(at("2026-03-04T11:03:09Z")),
        problem: problem.map(Into::into),
    }
}

fn told(state: &mut State, reply: ExportReply) {
    state.update(Event::Reply(Reply::Export(reply)), &now());
}

pub fn day_after() -> State {
    let mut state = ready(Pane::Overview, DataSpaceKind::Testing);
    told(&mut state, ExportReply::History(history()));
    told(&mut state, ExportReply::Watches { watches: vec![watch(None)], is_followed: true });
    state
}

#[test]
fn the_overview_of_the_day_after() {
    let mut state = day_after();
    snapshot("overview-day-after", &state);
    // A wide screen has room for what each feed, each service and each hour is.
    let health = sync::health();
    told(&mut state, ExportReply::Health(Ok(health)));
    told(&mut state, ExportReply::Services(sync::services()));
    for size in [(100, 30), (160, 50), (300, 100)] {
        insta::assert_snapshot!(format!("overview-wide-{}x{}", size.0, size.1), draw(&state, THEME, size).backend());
    }
}

#[test]
fn the_overview_while_a_watch_fails() {
    let mut state = day_after();
    told(&mut state, ExportReply::Watches { watches: vec![watch(Some("the gateway: 503"))], is_followed: true });
    assert!(draw(&state, THEME, (100, 30)).backend().to_string().contains("failing: the gateway: 503"));
}

#[test]
fn a_watch_on_another_data_space_is_not_shown() {
    let mut state = day_after();
    let other = WatchStatus { data_space: "elsewhere".parse().unwrap(), ..watch(None) };
    told(&mut state, ExportReply::Watches { watches: vec![other], is_followed: true });
    assert!(!draw(&state, THEME, (80, 24)).backend().to_string().contains("every 60 s"));
}

#[test]
fn past_runs_are_read_in_full() {
    let mut state = day_after();
    press(&mut state, "H");
    snapshot("past-runs", &state);
    let look = Theme { colours: Colours::None, unicode: false };
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "H");
    assert!(draw(&state, look, (80, 24)).backend().to_string().contains("No runs yet in this data space."));
}
