//! Overview: who is led where.

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
