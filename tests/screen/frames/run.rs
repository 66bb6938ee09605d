//! A run at the sizes that people have: what is in sight at each, and that it is the truth.

use commerce_connector::attach::About;
use commerce_connector::export::control::Paused;
use commerce_connector::export::owner::Owner;
use proptest::prelude::*;

use super::*;

/// The run that was asked for has begun, in a process of its own.
pub fn begun(state: &State) -> Reply {
    let about = About {
        owner: Owner { user: "ann".into(), host: "shop1".into(), pid: 7, process_start: 1, since: 0 },
        request: state.export.request.words().into(),
        data_space: "space".parse().expect("an id"),
        feeds: state.export.request.feeds.clone(),
    };
    Reply::Export(ExportReply::RunStarted(Ok(Some(Box::new(about)))))
}

const MONO_ASCII: Theme = Theme { colours: Colours::None, unicode: false };
const MONO: Theme = Theme { colours: Colours::None, unicode: true };

fn sized(name: &str, state: &State, look: Theme, sizes: &[(u16, u16)]) {
    for size in sizes {
        let terminal = draw(state, look, *size);
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), terminal.backend());
    }
}

/// A feed whose turn comes.
fn waiting(feed: Feed, items: Option<u64>) -> FeedProgress {
    FeedProgress { estimated: items, ..FeedProgress::new(feed) }
}

/// Counters of a run of nine feeds, of which the fifth runs.
fn nine_feeds() -> Progress {
    let mut progress = progress(false);
    progress.feeds.extend([
        waiting(Feed::ProductOverrides, Some(3_858)),
        waiting(Feed::Variants, Some(1_847)),
        waiting(Feed::Prices, Some(23_412)),
        waiting(Feed::InventoryStockStatus, Some(2_040)),
    ]);
    progress.run_eta = Some(Duration::from_secs(320));
    progress
}

/// A run that has been going on for some minutes, at a pace that changes.
fn after(minutes: u64, last: Progress) -> State {
    let mut state = running(false);
    let mut counted = nine_feeds();
    let begun = 62;
    for step in 0..minutes * 12 {
        let at = Now { uptime: Duration::from_secs(begun + step * 5), ..now() };
        let running = counted.feeds.iter_mut().find(|feed| feed.phase.is_active()).unwrap();
        running.submitted += if step % 20 < 4 { 100 } else { 700 + 60 * (step % 7) };
        state.update(Event::Progress(counted.clone()), &at);
    }
    let at = Now { uptime: Duration::from_secs(begun + minutes * 60), ..now() };
    state.update(Event::Progress(last), &at);
    state
}

#[test]
fn a_run_uses_the_room_that_there_is() {
    let state = after(5, nine_feeds());
    sized("run", &state, THEME, &[(60, 15), (80, 24), (100, 30), (160, 50), (300, 100)]);
}

#[test]
fn a_run_in_ascii_and_without_colours() {
    let state = after(5, nine_feeds());
    let sizes = [(60, 15), (80, 24), (160, 50)];
    sized("run-ascii", &state, MONO_ASCII, &sizes);
    sized("run-mono", &state, MONO, &sizes);
    for size in sizes {
        assert!(draw(&state, MONO_ASCII, size).backend().to_string().is_ascii());
        let coloured = draw(&state, MONO, size);
        assert!(
            coloured.backend().buffer().content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
        );
    }
}

/// A request has been waiting for 34 seconds.
fn silent() -> Progress {
    let mut silent = nine_feeds();
    let since = Some(Duration::from_secs(34));
    silent.requests = Requests { waiting: 1, oldest: since, silent: since, ..requests() };
    silent
}

#[test]
fn a_gateway_that_does_not_answer_is_said_instead_of_a_time_left() {
    let mut state = after(1, silent());
    for size in [(60, 15), (80, 24), (160, 50)] {
        let shown = draw(&state, THEME, size).backend().to_string();
        assert!(shown.contains("no answer for 34 s, times out at 1 min"), "{shown}");
        assert!(!shown.contains(" left →"), "{shown}");
    }
    // Nothing comes in, and the time goes on.
    let later = Now { uptime: Duration::from_secs(62 + 60 + 6), ..now() };
    state.update(Event::Clock, &later);
    let shown = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(shown.contains("no answer for 40 s"), "{shown}");
    sized("run-silent", &state, THEME, &[(60, 15), (80, 24)]);
}

/// As it is put together of what the nodes of a shared export say.
#[test]
fn several_nodes_at_one_export_are_named_and_the_feeds_of_all_of_them_move() {
    let mut shared = nine_feeds();
    shared.thread_count = 3;
    (shared.eta, shared.run_eta) = (None, None);
    for (feed, submitted) in [(Feed::Prices, 4_200), (Feed::InventoryStockStatus, 900)] {
        let at = shared.feeds.iter_mut().find(|of| of.feed == feed).unwrap();
        (at.phase, at.submitted, at.source_read, at.collected) =
            (Phase::Sending, submitted, submitted, submitted + 200);
    }
    let mut state = after(1, shared);
    let addresses = ["root@web-1, pid 812", "root@web-2, pid 4410", "root@web-3, pid 97"];
    let text = format!("3 nodes share this export: {}", addresses.join("; "));
    let news = vec![RunEvent::Note { feed: Feed::Products, text: text.into() }];
    let at = Now { uptime: Duration::from_secs(200), ..now() };
    state.update(Event::Run { news, skipped: 0 }, &at);
    for size in [(80, 24), (160, 50)] {
        let shown = draw(&state, THEME, size).backend().to_string();
        assert!(shown.contains("3 nodes share this export"), "{shown}");
        assert_eq!((shown.matches("▶ sending").count(), shown.matches("▶ collecting").count()), (2, 1), "{shown}");
    }
    sized("run-nodes", &state, THEME, &[(60, 15), (80, 24), (160, 50)]);
}

#[test]
fn a_429_is_over_with_the_next_success() {
    let mut state = after(1, nine_feeds());
    let at = |second: u64| Now { uptime: Duration::from_secs(200 + second), ..now() };
    let reason = "rate limit reached (429)".into();
    let news = RunEvent::Retrying { feed: Feed::Products, attempt: 2, after: Duration::from_secs(12), reason };
    state.update(Event::Run { news: vec![news], skipped: 0 }, &at(0));
    let shown = |state: &State| draw(state, THEME, (80, 24)).backend().to_string();
    state.update(Event::Progress(nine_feeds()), &at(2));
    assert!(shown(&state).contains("(429)); retrying in 10.0 s"), "{}", shown(&state));
    let mut later = nine_feeds();
    later.requests.ok += 1;
    state.update(Event::Progress(later), &at(13));
    assert!(!shown(&state).contains("429)"), "{}", shown(&state));
}

#[test]
fn the_cursor_follows_the_running_feed_until_a_person_moves_it() {
    let mut state = after(1, nine_feeds());
    let marked = |state: &State, feed: &str| {
        let shown = draw(state, THEME, (80, 24)).backend().to_string();
        shown.lines().any(|line| line.contains(&format!("▸ {feed} ")))
    };
    assert!(marked(&state, "products"));
    let mut next = nine_feeds();
    next.feeds[4].phase = Phase::Done;
    next.feeds[5].phase = Phase::Collecting;
    state.update(Event::Progress(next.clone()), &now());
    assert!(marked(&state, "productOverrides"));
    key(&mut state, KeyCode::Up);
    next.feeds[5].phase = Phase::Done;
    next.feeds[6].phase = Phase::Collecting;
    state.update(Event::Progress(next), &now());
    assert!(marked(&state, "variants"), "the row above, and no other");
}

#[test]
fn nothing_is_finished_while_a_run_goes_on() {
    let mut state = after(1, nine_feeds());
    let summaries = Feed::ALL.map(|feed| FeedSummary {
        feed,
        submitted: 1,
        awaiting: 0,
        will_retry: 0,
        needs_attention: 0,
        last_sync: Some("2026-03-04T08:12:00Z".parse().unwrap()),
        last_partial: None,
    });
    state.update(Event::Reply(Reply::Export(ExportReply::Ledger(Ok((summaries.to_vec(), Vec::new()))))), &now());
    state.pane = Pane::Overview;
    let shown = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(shown.contains("Export running; nothing needs attention"), "{shown}");
}

#[test]
fn enter_lists_the_items_of_a_reason() {
    let mut state = after(1, nine_feeds());
    key(&mut state, KeyCode::End);
    key(&mut state, KeyCode::Up);
    key(&mut state, KeyCode::Enter);
    let shown = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(shown.contains("Items of products"), "most of them are products\n{shown}");
    assert!(shown.contains("error contains \"attribute name is"), "{shown}");
}

/// What a run may look like, and what may stand beside it.
#[derive(Debug, Clone)]
struct Situation {
    phases: Vec<usize>,
    numbers: [u64; 4],
    limit: usize,
    flags: [bool; 6],
    moves: usize,
    notices: usize,
    failures: usize,
    size: (u16, u16),
}

fn situations() -> impl Strategy<Value = Situation> {
    let number = prop_oneof![0..2_u64, 0..100_000_u64, Just(1_000_000_000_u64), Just(u64::from(u32::MAX))];
    (
        prop::collection::vec(0..7_usize, 9),
        prop::array::uniform4(number),
        0..5_usize,
        prop::array::uniform6(any::<bool>()),
        0..14_usize,
        0..9_usize,
        0..20_usize,
        (80..=200_u16, 24..=60_u16),
    )
        .prop_map(|(phases, numbers, limit, flags, moves, notices, failures, size)| Situation {
            phases,
            numbers,
            limit,
            flags,
            moves,
            notices,
            failures,
            size,
        })
}

fn progress_of(situation: &Situation) -> Progress {
    let [dry_run, paused, stopping, silent, is_known, _] = situation.flags;
    let [records, read, submitted, failed] = situation.numbers;
    let phases = [
        Phase::Waiting,
        Phase::Collecting,
        Phase::Sending,
        Phase::Deleting,
        Phase::Done,
        Phase::Stopped,
        Phase::Failed,
    ];
    let mut progress = nine_feeds();
    for (feed, phase) in progress.feeds.iter_mut().zip(&situation.phases) {
        feed.phase = phases[*phase];
        (feed.source_records, feed.source_read) = (is_known.then_some(records), read);
        (feed.collected, feed.new, feed.submitted, feed.will_retry) =
            (submitted + failed, submitted, submitted, failed);
    }
    progress.limit = match situation.limit {
        0 => Limit::Unknown,
        1 => Limit::Gateway { requests_per_second: records as f64 },
        2 => Limit::Source,
        3 => Limit::Waiting { remaining: Duration::from_secs(read), reason: "after a 429".into() },
        _ => Limit::Paused { by: Some("a name that is much longer than anybody's".into()) },
    };
    progress.dry_run = dry_run;
    progress.paused = paused.then_some(Paused { by: None });
    progress.stopping = stopping;
    progress.run_eta = is_known.then(|| Duration::from_secs(records));
    progress.elapsed = Duration::from_secs(submitted);
    let since = silent.then(|| Duration::from_secs(read));
    progress.requests = Requests { waiting: u64::from(silent), oldest: since, silent: since, ..requests() };
    for number in 0..situation.failures {
        let letters = "abcdefghijklmnopqrst".get(number..=number).unwrap();
        progress.reasons.add(Feed::Prices, ItemState::NeedsAttention, &letters.repeat(200));
    }
    progress
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_running_feed_and_the_total_are_always_in_sight(situation in situations()) {
        let mut state = after(1, nine_feeds());
        if situation.flags[5] {
            let problem = Problem::new(Exit::TryAgain, "the database does not answer");
            state.update(Event::Reply(Reply::Export(ExportReply::Ledger(Err(problem.clone())))), &now());
            state.update(Event::Reply(Reply::Export(ExportReply::Counts(Err(problem)))), &now());
        }
        for number in 0..situation.notices {
            let text = format!("a remark that is long enough for more than one line of eighty columns, number {number}");
            let news = RunEvent::Note { feed: Feed::Products, text: text.into() };
            state.update(Event::Run { news: vec![news], skipped: 0 }, &now());
        }
        for _ in 0..situation.moves {
            key(&mut state, KeyCode::Down);
        }
        let progress = progress_of(&situation);
        let running = progress.feeds.iter().find(|feed| feed.phase.is_active()).map(|feed| feed.feed);
        state.update(Event::Progress(progress), &now());
        for (size, look) in [((80, 24), THEME), ((60, 15), THEME), ((80, 24), MONO_ASCII), (situation.size, THEME)] {
            let shown = draw(&state, look, size).backend().to_string();
            let total = shown.lines().find(|line| line.contains("%  ") && line.contains(" of "));
            prop_assert!(total.is_some(), "no total at {size:?}\n{shown}");
            if let Some(running) = running {
                let row = format!("  {} ", running.name());
                let marked = format!("▸ {} ", running.name());
                let ascii = format!("> {} ", running.name());
                let has_row = shown.lines().any(|line| [&row, &marked, &ascii].iter().any(|row| line.contains(*row)));
                prop_assert!(has_row, "no row of {} at {size:?}\n{shown}", running.name());
            }
        }
    }
}

#[test]
fn leaving_while_a_run_goes_on_says_what_becomes_of_it() {
    let mut state = running(false);
    press(&mut state, "q");
    snapshot("quit-running", &state);
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "dq");
    snapshot("quit-dry-run", &state);
}
