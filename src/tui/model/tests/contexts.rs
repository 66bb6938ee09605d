//! `:context NAME`: asked for in the palette, and refused while something would be lost.

use super::*;
use crate::tui::ScreenContexts;

fn with_contexts() -> State {
    let mut state = testing();
    let names = ["b2b", "luma"].map(str::to_owned).to_vec();
    state.contexts = ScreenContexts { current: Some("b2b".to_owned()), names, ..ScreenContexts::default() };
    state
}

fn ask(state: &mut State, words: &str) -> Effects {
    press(state, ':');
    type_text(state, words);
    key(state, KeyCode::Enter)
}

fn answer(state: &mut State, result: Result<String, Problem>) -> Effects {
    state.update(Event::Reply(Reply::Context(result)), &now())
}

#[test]
fn a_context_is_looked_up_and_then_switched_to() {
    let mut state = with_contexts();
    let effects = ask(&mut state, "context luma");
    assert!(matches!(&effects[..], [Effect::Work(Work::CheckContext(name))] if name == "luma"), "{effects:?}");
    let effects = answer(&mut state, Ok("luma".to_owned()));
    assert!(matches!(&effects[..], [Effect::SwitchContext(name)] if name == "luma"), "{effects:?}");

    assert!(ask(&mut state, "context b2b").is_empty());
    assert!(newest(&state).contains("in use already"), "{}", newest(&state));
    assert!(answer(&mut state, Err(Problem::usage("context x not found"))).is_empty());
    assert!(newest(&state).contains("context x not found"), "{}", newest(&state));
}

#[test]
fn a_screen_with_a_run_or_unsaved_keys_stays_in_its_context() {
    let mut busy = with_contexts();
    busy.export.run = RunState::Starting;
    assert!(ask(&mut busy, "context luma").is_empty());
    assert!(newest(&busy).contains("an export of this screen is running"), "{}", newest(&busy));
    assert!(answer(&mut busy, Ok("luma".to_owned())).is_empty(), "it began meanwhile");

    let mut state = state(Pane::Keys, Some(DataSpaceKind::Testing));
    paste(&mut state, PEM);
    key(&mut state, KeyCode::Enter);
    assert!(state.has_unsaved() && state.dialog.is_none());
    assert!(ask(&mut state, "context luma").is_empty());
    assert!(newest(&state).contains("keys are not saved"), "{}", newest(&state));
}
