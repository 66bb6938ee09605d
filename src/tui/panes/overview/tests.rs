//! Overview: who is led where.

use jiff::Timestamp;

use crate::attach::{PassEnd, WatchStatus};
use crate::connector::Setup;
use crate::connector::checklist::{Stage, StepState};
use crate::connector::completion::Completion;
use crate::tui::model::tests::*;
use crate::tui::panes::overview::requests::{OverviewReply, OverviewWork};

#[test]
fn who_is_new_is_led_step_by_step() {
    let mut state = new_here();
    assert!(state.is_new_here());
    assert_eq!(state_of(&state, Stage::Shop), StepState::Next);
    assert_eq!(state_of(&state, Stage::Credentials), StepState::Later, "one step at a time");
    key(&mut state, KeyCode::Enter);
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.purpose == LinePurpose::Source));
    paste(&mut state, "/var/www/shop");
    let effects = key(&mut state, KeyCode::Enter);
    assert!(matches!(works(&effects)[..], [Work::Overview(OverviewWork::SetSource(_))]));
    let mut found = overview(None);
    found.settings.setup = Setup { without_file: false, without_source: false, in_commerce: true };
    reply(&mut state, Reply::Home(OverviewReply::SourceSet(Ok(found))));
    assert!(state.dialog.is_none());
    let steps = state.steps();
    assert_eq!(steps[state.home.selected_step(&steps)].stage, Stage::Credentials, "the cursor goes on by itself");
    key(&mut state, KeyCode::Enter);
    assert_eq!(state.pane, Pane::Keys);
}

#[test]
fn the_shop_that_the_program_was_started_in_is_proposed() {
    let mut state = new_here();
    state.home.shop_here = Some("/var/www/shop".into());
    press(&mut state, 'L');
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.editor.text() == "/var/www/shop"));
}

#[test]
fn a_configuration_is_made_once() {
    let mut state = new_here();
    assert!(matches!(works(&press(&mut state, 'C'))[..], [Work::Overview(OverviewWork::MakeConfig)]));
    state.overview.settings.setup.without_file = false;
    assert!(works(&press(&mut state, 'C')).is_empty());
    assert!(newest(&state).contains("already exists"));
}

#[test]
fn a_watch_is_followed_once_and_what_its_pass_sent_is_read() {
    let mut state = state(Pane::Overview, Some(DataSpaceKind::Testing));
    let is_follow = |work: &&Work| matches!(work, Work::Export(ExportWork::FollowWatches));
    let again = press(&mut state, 'r');
    assert_eq!(works(&again).into_iter().filter(is_follow).count(), 0, "it is looked for since the beginning");
    let watch = |sent: i64| WatchStatus {
        owner: Owner::this_process(),
        data_space: "d-1".parse().expect("an id"),
        every: Duration::from_mins(1),
        last_pass: Some(PassEnd {
            at: Timestamp::from_second(1_000 + sent).expect("a time"),
            sent: sent.unsigned_abs(),
            failed: 0,
        }),
        next_pass: None,
        problem: None,
    };
    let mut told = |sent, is_followed| {
        let watches = vec![watch(sent)];
        let effects = reply(&mut state, Reply::Export(ExportReply::Watches { watches, is_followed }));
        works(&effects).iter().any(|work| matches!(work, Work::Export(ExportWork::LoadLedger)))
    };
    assert!(!told(3, true), "what it did before is read already");
    assert!(told(5, true));
    assert!(!told(5, true));
    assert!(!told(0, false), "a pass that sent nothing changed nothing");
    assert_eq!(works(&press(&mut state, 'r')).into_iter().filter(is_follow).count(), 1, "it ended: another may run");
}

#[test]
fn tab_completes_a_path_by_a_worker_and_only_what_was_typed() {
    let mut state = new_here();
    press(&mut state, 'L');
    type_text(&mut state, "/var/w");
    let effects = key(&mut state, KeyCode::Tab);
    assert!(matches!(&works(&effects)[..], [Work::Overview(OverviewWork::CompletePath(typed))] if typed == "/var/w"));
    let text = |state: &State| match &state.dialog {
        Some(Dialog::Line(line)) => line.editor.text().to_owned(),
        other => panic!("{other:?}"),
    };
    let completed = || {
        let completion = Completion { path: "/var/www/".to_owned(), note: None };
        Reply::Home(OverviewReply::PathCompleted { typed: "/var/w".to_owned(), completion })
    };
    press(&mut state, 'x');
    reply(&mut state, completed());
    assert_eq!(text(&state), "/var/wx", "it was typed on meanwhile");
    key(&mut state, KeyCode::Backspace);
    reply(&mut state, completed());
    assert_eq!(text(&state), "/var/www/");
}
