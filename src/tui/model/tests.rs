//! The state, event by event: pure, so nothing here waits for anything.

mod contexts;
mod leaving;
mod lists;
mod notices;
mod panes;
mod paste;
mod read_only;
mod unsaved;

pub(in crate::tui) use crate::connector::Setup;
pub(in crate::tui) use crate::connector::checklist::{Stage, StepState};
pub(in crate::tui) use crate::tui::keymap::Action;
pub(in crate::tui) use crate::tui::panes::Work;
pub(in crate::tui) use crate::tui::panes::export::requests::{ExportReply, ExportWork};
pub(in crate::tui) use crate::tui::panes::keys::requests::KeysReply;
pub(in crate::tui) use crate::tui::panes::saas::requests::SaasReply;
pub(in crate::tui) use std::time::Duration;

pub(in crate::tui) use jiff::Zoned;
pub(in crate::tui) use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub(in crate::tui) use crate::attach::About;
pub(in crate::tui) use crate::connector::{ExportRequest, Overview};
pub(in crate::tui) use crate::connector::{Half, PairStatus, SettingsOverview, SourceFeeds};
pub(in crate::tui) use crate::domain::{DataSpace, DataSpaceKind, Environment, Feed, Project};
pub(in crate::tui) use crate::error::{Exit, Problem};
pub(in crate::tui) use crate::export::control::{Command, Paused};
pub(in crate::tui) use crate::export::owner::Owner;
pub(in crate::tui) use crate::export::progress::{
    FeedProgress, ItemFailure, ItemState, Limit, Progress, RunEnd, RunEvent, RunReport,
};
pub(in crate::tui) use crate::keys::PrivateKey;
pub(in crate::tui) use crate::secret::Secret;
pub(in crate::tui) use crate::settings::Saved;
pub(in crate::tui) use crate::tui::keymap::KeyContext;
pub(in crate::tui) use crate::tui::model::{Event, State};
pub(in crate::tui) use crate::tui::panes::export::ExportPage;
pub(in crate::tui) use crate::tui::panes::export::run::RunState;
pub(in crate::tui) use crate::tui::panes::keys::Check;
pub(in crate::tui) use crate::tui::panes::{Effect, Effects, Load, Now, Pane, Reply};
pub(in crate::tui) use crate::tui::widgets::dialog::{Dialog, LinePurpose, Preview, Question, Reading};
pub(in crate::tui) use crate::tui::widgets::notices::Tone;

pub(in crate::tui) const PEM: &str = include_str!("../../keys/fixtures/rsa-2048.pem");
pub(in crate::tui) const API_KEY: &str = "0123456789abcdef0123456789abcdef";

pub(in crate::tui) fn now() -> Now {
    let wall: Zoned = "2026-03-04T12:03:10+01:00[Europe/Berlin]".parse().unwrap();
    Now { wall, uptime: Duration::from_mins(1) }
}

pub(in crate::tui) fn overview(kind: Option<DataSpaceKind>) -> Overview {
    Overview {
        installation: "shop.example".into(),
        environment: Environment::Sandbox,
        gateway: "127.0.0.1:4433".into(),
        project: kind.map(|_| ("p-1".parse().unwrap(), "Luma".into())),
        data_space: kind.map(|kind| ("d-1".parse().unwrap(), "Main".into(), kind)),
        source: "sample catalogue".into(),
        organization: None,
        config_path: "/tmp/config.toml".into(),
        settings: Box::new(SettingsOverview { home: "/tmp/config.toml".into(), ..SettingsOverview::default() }),
        state_dir: "/tmp/state".into(),
    }
}

pub(in crate::tui) fn state(pane: Pane, kind: Option<DataSpaceKind>) -> State {
    let mut state = State::new(overview(kind), pane);
    state.begin(None, &now());
    let counts = vec![(Feed::Categories, Some(40)), (Feed::Products, Some(2000))];
    state.update(
        Event::Reply(Reply::Export(ExportReply::Counts(Ok(SourceFeeds { counts, ..SourceFeeds::default() })))),
        &now(),
    );
    state
}

pub(in crate::tui) fn testing() -> State {
    state(Pane::Export, Some(DataSpaceKind::Testing))
}

pub(in crate::tui) fn key(state: &mut State, code: KeyCode) -> Effects {
    state.update(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), &now())
}

pub(in crate::tui) fn press(state: &mut State, c: char) -> Effects {
    key(state, KeyCode::Char(c))
}

pub(in crate::tui) fn control(state: &mut State, c: char) -> Effects {
    state.update(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)), &now())
}

pub(in crate::tui) fn type_text(state: &mut State, text: &str) {
    for c in text.chars() {
        press(state, c);
    }
}

pub(in crate::tui) fn paste(state: &mut State, text: &str) {
    state.update(Event::Paste(Secret::new(text)), &now());
}

pub(in crate::tui) fn pair(environment: Environment, is_complete: bool) -> PairStatus {
    let half = || {
        if is_complete {
            Half::Present { shown: "••••3f9a".into(), origin: "config.toml".into(), locked: None }
        } else {
            Half::Missing
        }
    };
    PairStatus { environment, api_key: half(), private_key: half() }
}

pub(in crate::tui) fn saved(path: &str) -> Saved {
    Saved { where_to: "/tmp/config.toml".into(), private_key_file: Some(path.into()), note: None }
}

pub(in crate::tui) fn progress(submitted: u64, found: u64) -> Progress {
    let feed = FeedProgress {
        phase: crate::export::progress::Phase::Sending,
        new: found,
        submitted,
        requests: submitted / 100,
        ..FeedProgress::new(Feed::Products)
    };
    Progress {
        feeds: vec![feed],
        elapsed: Duration::from_secs(42),
        items_per_second: 200.0,
        eta: Some(Duration::from_secs(30)),
        limit: Limit::Gateway { requests_per_second: 2.0 },
        ..Progress::new(Vec::new(), false)
    }
}

pub(in crate::tui) fn failure(label: &str) -> ItemFailure {
    ItemFailure {
        feed: Feed::Products,
        label: label.into(),
        state: ItemState::NeedsAttention,
        message: "name is required".into(),
        code: "E1".into(),
        request_id: Some("req-1".into()),
    }
}

/// A run of ann's, as another process tells of it.
pub(in crate::tui) fn about(request: &str) -> Box<About> {
    Box::new(About {
        owner: Owner { user: "ann".into(), host: "shop1".into(), pid: 7, process_start: 1, since: 0 },
        request: request.into(),
        data_space: "space".parse().expect("an id"),
        feeds: vec![Feed::Products],
    })
}

/// The run that was asked for begins, in a process of its own.
pub(in crate::tui) fn begin(state: &mut State) -> Effects {
    let started = ExportReply::RunStarted(Ok(Some(about(&state.export.request.words()))));
    state.update(Event::Reply(Reply::Export(started)), &now())
}

pub(in crate::tui) fn run(state: &mut State) {
    press(state, 'a');
    begin(state);
    state.update(Event::Progress(progress(1200, 4000)), &now());
}

pub(in crate::tui) fn end(state: &mut State) -> Effects {
    let report = RunReport {
        progress: progress(4000, 4000),
        end: RunEnd::Complete,
        unknown_ids: vec![],
        requests_per_second: None,
    };
    state.update(Event::RunEnded(Ok(report)), &now())
}

pub(in crate::tui) fn works(effects: &Effects) -> Vec<&Work> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Work(work) => Some(work),
            _ => None,
        })
        .collect()
}

pub(in crate::tui) fn quits(effects: &Effects) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Quit))
}

pub(in crate::tui) fn stops(effects: &Effects) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Run(Command::Stop)))
}

// Panes and dialogs

pub(in crate::tui) fn projects() -> Vec<Project> {
    let space = |id: &str, name: &str, kind| DataSpace { id: id.parse().unwrap(), name: name.into(), kind };
    vec![Project {
        id: "p-1".parse().unwrap(),
        name: "Luma".into(),
        data_spaces: vec![space("d-1", "Main", DataSpaceKind::Production), space("d-2", "Try", DataSpaceKind::Testing)],
    }]
}

pub(in crate::tui) fn saas() -> State {
    let mut state = state(Pane::Saas, None);
    state.update(
        Event::Reply(Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Ok(projects()) })),
        &now(),
    );
    state
}

/// Nothing is configured, and it is known that nothing is.
pub(in crate::tui) fn new_here() -> State {
    let mut state = State::new(overview(None), Pane::Overview);
    state.overview.settings.setup = Setup { in_commerce: false, without_file: true, without_source: true };
    state.begin(None, &now());
    reply(&mut state, Reply::Keys(KeysReply::Pairs(Environment::ALL.map(|of| pair(of, false)))));
    state
}

/// The pane of keys with a complete sandbox pair, which is in use.
pub(in crate::tui) fn with_keys() -> State {
    let mut state = state(Pane::Keys, Some(DataSpaceKind::Testing));
    reply(
        &mut state,
        Reply::Keys(KeysReply::Pairs([pair(Environment::Production, false), pair(Environment::Sandbox, true)])),
    );
    state
}

pub(in crate::tui) fn reply(state: &mut State, reply: Reply) -> Effects {
    state.update(Event::Reply(reply), &now())
}

pub(in crate::tui) fn listed(state: &mut State, projects: Vec<Project>) -> Effects {
    reply(state, Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Ok(projects) }))
}

pub(in crate::tui) fn state_of(screen: &State, stage: Stage) -> StepState {
    screen.steps().into_iter().find(|step| step.stage == stage).unwrap().state
}

pub(in crate::tui) fn newest(state: &State) -> &str {
    state.notices.newest().map_or("", |notice| notice.text.as_str())
}

#[test]
fn digits_tab_and_letters_choose_the_pane() {
    let mut state = testing();
    for (digit, pane) in ('0'..='4').zip(Pane::ALL) {
        press(&mut state, digit);
        assert_eq!(state.pane, pane);
    }
    press(&mut state, '5');
    assert_eq!(state.pane, Pane::Export, "there is no fifth pane");
    key(&mut state, KeyCode::Tab);
    assert_eq!(state.pane, Pane::Overview);
    key(&mut state, KeyCode::BackTab);
    assert_eq!(state.pane, Pane::Export);
}

#[test]
fn pasting_outside_of_an_editor_does_nothing() {
    let mut state = testing();
    let before = format!("{:?} {:?}", state.pane, state.dialog);
    paste(&mut state, "aq1x");
    assert_eq!(format!("{:?} {:?}", state.pane, state.dialog), before);
}

#[test]
fn the_palette_finds_an_action_and_does_it_in_its_pane() {
    let mut state = testing();
    press(&mut state, ':');
    type_text(&mut state, "project create");
    key(&mut state, KeyCode::Enter);
    assert_eq!(state.pane, Pane::Saas);
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.purpose == LinePurpose::CreateProject));
}

#[test]
fn the_palette_goes_to_the_page_of_an_action_or_says_the_way_to_it() {
    let choose = |state: &mut State, words: &str| {
        press(state, ':');
        type_text(state, words);
        key(state, KeyCode::Enter)
    };
    let mut state = testing();
    state.export.page = ExportPage::Log;
    choose(&mut state, "estimate requests");
    assert!(matches!(&state.dialog, Some(Dialog::Reading { what: Reading::Estimate, .. })), "{:?}", state.dialog);
    let mut state = testing();
    assert!(choose(&mut state, "clear marks").is_empty());
    let text = &state.notices.newest().unwrap().text;
    assert!(text.contains("“Clear marks”") && text.contains("a feed's items page"), "{text}");
}

#[test]
fn notices_stay_until_a_key_dismisses_them() {
    let mut state = testing();
    press(&mut state, 'x');
    assert!(state.notices.newest().is_some());
    press(&mut state, 'j');
    assert!(state.notices.newest().is_some());
    key(&mut state, KeyCode::Esc);
    assert!(state.notices.newest().is_none());
}

// Keys

#[test]
fn an_export_into_a_production_data_space_wants_its_name() {
    let mut state = state(Pane::Export, Some(DataSpaceKind::Production));
    assert!(works(&press(&mut state, 'a')).is_empty());
    type_text(&mut state, "Main");
    let effects = key(&mut state, KeyCode::Enter);
    assert!(matches!(works(&effects)[..], [Work::Export(ExportWork::StartExport(_))]));
    assert!(matches!(state.export.run, RunState::Starting));
}

#[test]
fn a_dry_run_into_production_asks_nothing() {
    let mut state = state(Pane::Export, Some(DataSpaceKind::Production));
    assert!(
        matches!(works(&press(&mut state, 'd'))[..], [Work::Export(ExportWork::StartExport(request))] if request.dry_run)
    );
}

#[test]
fn enter_opens_the_selected_feed_and_there_the_selected_error() {
    let mut state = testing();
    press(&mut state, 'j');
    key(&mut state, KeyCode::Enter);
    assert_eq!(state.place(), KeyContext::Feed);
    let effects = press(&mut state, 's');
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.place(), KeyContext::Export);
    assert!(
        matches!(works(&effects)[..], [Work::Export(ExportWork::StartExport(request))] if request.feeds == [Feed::Products])
    );
    begin(&mut state);
    let news = vec![RunEvent::ItemFailed(failure("old")), RunEvent::ItemFailed(failure("new"))];
    state.update(Event::Run { news, skipped: 3 }, &now());
    key(&mut state, KeyCode::Char('k'));
    key(&mut state, KeyCode::Char('j'));
    key(&mut state, KeyCode::Enter);
    key(&mut state, KeyCode::Enter);
    assert!(
        matches!(&state.dialog, Some(Dialog::Reading { what: Reading::Failure(failure), .. }) if failure.label.as_str() == "new")
    );
    assert_eq!(state.export.failures_skipped, 3);
}

#[test]
fn only_one_export_at_a_time() {
    let mut state = testing();
    run(&mut state);
    assert!(works(&press(&mut state, 'a')).is_empty());
    assert_eq!(state.notices.newest().unwrap().tone, Tone::Warning);
}

#[test]
fn stop_asks_first_and_a_no_changes_nothing() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, 'x');
    assert!(!stops(&press(&mut state, 'n')));
    press(&mut state, 'x');
    assert!(stops(&press(&mut state, 'y')));
    assert!(!state.leaving);
}

#[test]
fn a_run_that_ends_by_itself_takes_its_question_along() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, 'x');
    end(&mut state);
    assert!(state.dialog.is_none());
    assert!(matches!(&state.export.run, RunState::Ended(_)));
}

#[test]
fn refused_items_are_kept_up_to_a_limit() {
    let mut state = testing();
    run(&mut state);
    let news = (0..300).map(|number| RunEvent::ItemFailed(failure(&format!("sku-{number}")))).collect();
    state.update(Event::Run { news, skipped: 0 }, &now());
    assert_eq!(state.export.failures.len(), crate::tui::panes::export::FAILURES_KEPT);
    assert_eq!(state.export.failures.front().unwrap().label.as_str(), "sku-299");
}

#[test]
fn keys_that_are_refused_while_a_run_is_active_are_not_accepted_any_more() {
    let mut state = testing();
    run(&mut state);
    let news = vec![RunEvent::KeysRefused {
        message: "JWT is invalid (403053)".into(),
        remedy: crate::domain::KeysRemedy::CheckKeys,
        request_id: Some("r-1".into()),
    }];
    state.update(Event::Run { news, skipped: 0 }, &now());
    assert!(state.notices.newest().unwrap().text.contains("r-1"));
    assert!(matches!(state.keys.check(Environment::Sandbox), Check::Failed { .. }));
}

#[test]
fn clocks_move_between_counters() {
    let mut state = testing();
    run(&mut state);
    let later = Now { uptime: Duration::from_secs(63), ..now() };
    state.update(Event::Clock, &later);
    let run = state.export.active().unwrap();
    assert_eq!(run.elapsed(), Duration::from_secs(45));
    assert_eq!(run.eta(), Some(Duration::from_secs(27)));
}

#[test]
fn a_worker_that_broke_leaves_nothing_waiting() {
    let mut state = testing();
    press(&mut state, 'a');
    state.update(Event::WorkerBroke, &now());
    assert!(!state.export.is_busy());
    assert_eq!(state.notices.newest().unwrap().tone, Tone::Danger);
}

#[test]
fn keys_tell_the_run_what_to_do_and_say_when_they_cannot() {
    let mut state = state(Pane::Export, Some(DataSpaceKind::Testing));
    let reported = |effects: &Effects| match effects.as_slice() {
        [Effect::Run(command)] => Some(command.clone()),
        _ => None,
    };
    assert_eq!(reported(&press(&mut state, ' ')), None, "there is no run");
    run(&mut state);
    assert_eq!(reported(&press(&mut state, ' ')), Some(Command::Pause));
    assert_eq!(reported(&press(&mut state, '+')), Some(Command::SetThreadCount(2)));
    assert_eq!(reported(&press(&mut state, '-')), None, "one is the least");
    let sized = |items| Some(Command::SetBatchSize { feed: Some(Feed::Products), items });
    assert_eq!(reported(&press(&mut state, ']')), sized(200));
    assert_eq!(reported(&press(&mut state, '[')), sized(50));
    let paused = Progress { paused: Some(Paused { by: None }), thread_count: 32, ..progress(1200, 4000) };
    state.update(Event::Progress(paused), &now());
    assert_eq!(reported(&press(&mut state, ' ')), Some(Command::Resume));
    assert_eq!(reported(&press(&mut state, '+')), None, "32 are the most");
    assert!(state.notices.newest().is_some_and(|notice| notice.text.contains("already 32, the maximum")));
}
