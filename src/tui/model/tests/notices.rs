//! Notices go by themselves when what they are about is over, and what a person typed is asked about.

use super::*;
use crate::tui::widgets::notices::Subject;

fn verified(state: &mut State, result: Result<(), Problem>) {
    let reply = KeysReply::Verified { environment: Environment::Sandbox, result };
    state.update(Event::Reply(Reply::Keys(reply)), &now());
}

fn silent() -> Problem {
    Problem::new(Exit::TryAgain, "the gateway does not answer")
}

#[test]
fn a_gateway_that_did_not_answer_is_no_news_once_it_does() {
    let mut state = testing();
    verified(&mut state, Err(silent()));
    assert_eq!(state.notices.newest().unwrap().text, "the gateway does not answer");
    verified(&mut state, Ok(()));
    assert_eq!(state.notices.count(), 0);
}

#[test]
fn an_answer_to_a_run_is_one_as_well_and_counters_without_one_are_not() {
    let mut state = testing();
    state.update(Event::Reply(Reply::Export(ExportReply::RunStarted(Ok(None)))), &now());
    verified(&mut state, Err(silent()));
    let mut progress = Progress::new(Vec::new(), false);
    state.update(Event::Progress(progress.clone()), &now());
    assert_eq!(state.notices.count(), 1, "nothing was taken");
    progress.requests.ok = 1;
    state.update(Event::Progress(progress), &now());
    assert_eq!(state.notices.count(), 0);
}

#[test]
fn what_a_run_said_is_old_when_another_starts_and_the_rest_stays() {
    let mut state = testing();
    let wall = now().wall;
    state.notices.add_about(Subject::Run, Tone::Warning, "products: waiting for the database", &wall);
    state.notices.add(Tone::Good, "saved", &wall);
    press(&mut state, 'a');
    assert_eq!(state.notices.count(), 1);
    assert_eq!(state.notices.newest().unwrap().text, "saved");
}

#[test]
fn quitting_asks_about_half_typed_text_and_not_about_a_name_that_confirms() {
    let mut state = testing();
    press(&mut state, 'j');
    press(&mut state, 'i');
    type_text(&mut state, "24-MB01, 24-MB02");
    assert!(control(&mut state, 'c').is_empty());
    assert!(matches!(state.dialog, Some(Dialog::Discard(_))), "asked");
    press(&mut state, 'n');
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("the text is still there") };
    assert_eq!(line.editor.text(), "24-MB01, 24-MB02");
    control(&mut state, 'c');
    press(&mut state, 'y');
    assert!(matches!(press(&mut state, 'q')[..], [Effect::Quit]));

    let mut state = testing();
    press(&mut state, 'z');
    type_text(&mut state, "prod");
    assert!(matches!(control(&mut state, 'c')[..], [Effect::Quit]), "a name that is typed again is no text");
}
