//! Keys that are not saved: asked about before they are lost, and taken over from an earlier screen.

use jiff::Timestamp;

use crate::connector::unsaved::{HalfName, KeptKeys, UnsavedHalf};
use crate::tui::model::tests::*;

const PEM: &str = include_str!("../../../keys/fixtures/rsa-2048.pem");
const API_KEY: &str = "0123456789abcdef0123456789abcdef";

fn with_pasted_key() -> State {
    let mut state = state(Pane::Keys, Some(DataSpaceKind::Testing));
    paste(&mut state, PEM);
    key(&mut state, KeyCode::Enter);
    assert!(state.dialog.is_none() && state.has_unsaved());
    state
}

fn is_asked(state: &State) -> bool {
    matches!(&state.dialog, Some(Dialog::Unsaved(_)))
}

fn kept(text: &str) -> KeptKeys {
    let half = UnsavedHalf { environment: Environment::Sandbox, half: HalfName::PrivateKey, text: Secret::new(text) };
    KeptKeys { file: "/tmp/unsaved/1.json".into(), since: Timestamp::UNIX_EPOCH, halves: vec![half] }
}

#[test]
fn quitting_asks_and_each_answer_does_what_it_says() {
    let mut state = with_pasted_key();
    assert!(press(&mut state, 'q').is_empty() && is_asked(&state));
    assert!(key(&mut state, KeyCode::Esc).is_empty() && state.dialog.is_none());
    assert!(state.has_unsaved(), "nothing is lost by staying");
    press(&mut state, 'q');
    assert!(quits(&press(&mut state, 'k')));
    assert_eq!(state.unsaved_halves().len(), 1, "the loop keeps it");
    let mut state = with_pasted_key();
    press(&mut state, 'q');
    assert!(quits(&press(&mut state, 'x')));
    assert!(state.unsaved_halves().is_empty());
}

#[test]
fn control_c_in_an_editor_loses_nothing_either() {
    let mut state = state(Pane::Keys, Some(DataSpaceKind::Testing));
    press(&mut state, 'p');
    paste(&mut state, &PEM[..200]);
    assert!(control(&mut state, 'c').is_empty() && is_asked(&state));
    press(&mut state, 'n');
    assert!(matches!(&state.dialog, Some(Dialog::PrivateKey(dialog)) if dialog.editor.text().contains("BEGIN")));
    control(&mut state, 'c');
    assert!(quits(&control(&mut state, 'c')), "twice leaves, as everywhere");
    let [half] = &state.unsaved_halves()[..] else { panic!("what was in the editor is kept") };
    assert_eq!(half.half, HalfName::PrivateKey);
}

#[test]
fn a_signal_while_a_run_is_active_keeps_what_is_in_the_open_dialog() {
    let mut state = testing();
    press(&mut state, 'd');
    press(&mut state, '1');
    press(&mut state, 'A');
    paste(&mut state, API_KEY);
    assert!(!quits(&state.update(Event::Terminate, &now())), "the run stops first");
    assert!(state.dialog.is_none());
    let [half] = &state.unsaved_halves()[..] else { panic!("the API key") };
    assert_eq!(half.text.expose(), API_KEY);
}

#[test]
fn with_a_run_both_questions_are_asked() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, '1');
    paste(&mut state, PEM);
    key(&mut state, KeyCode::Enter);
    press(&mut state, 'q');
    assert!(is_asked(&state));
    assert!(press(&mut state, 'k').is_empty());
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::Quit))));
}

#[test]
fn escape_never_discards_a_key_without_a_question() {
    for (open, text) in [('p', PEM), ('A', API_KEY)] {
        let mut state = state(Pane::Keys, Some(DataSpaceKind::Testing));
        press(&mut state, open);
        key(&mut state, KeyCode::Esc);
        assert!(state.dialog.is_none(), "an empty one is closed at once");
        press(&mut state, open);
        paste(&mut state, text);
        key(&mut state, KeyCode::Esc);
        assert!(matches!(&state.dialog, Some(Dialog::Discard(_))));
        key(&mut state, KeyCode::Esc);
        assert!(state.has_unsaved() && matches!(&state.dialog, Some(Dialog::PrivateKey(_) | Dialog::Line(_))));
        key(&mut state, KeyCode::Esc);
        press(&mut state, 'y');
        assert!(state.dialog.is_none() && !state.has_unsaved());
    }
}

#[test]
fn keys_of_an_earlier_screen_are_taken_over_whole_or_in_their_editor() {
    let mut state = state(Pane::Overview, Some(DataSpaceKind::Testing));
    state.offer_kept(kept(PEM));
    press(&mut state, 'y');
    assert_eq!((state.pane, state.keys.selected), (Pane::Keys, Environment::Sandbox));
    assert!(state.keys.draft(Environment::Sandbox).private_key.is_some());
    assert!(state.unsaved.file.is_some() && state.has_unsaved(), "kept until it is saved");

    let mut state = self::state(Pane::Overview, Some(DataSpaceKind::Testing));
    state.offer_kept(kept(&PEM[..100]));
    press(&mut state, 'y');
    assert!(matches!(&state.dialog, Some(Dialog::PrivateKey(dialog)) if dialog.editor.text().contains("BEGIN")));

    for (answer, is_deleted) in [('x', true), ('n', false)] {
        let mut state = self::state(Pane::Overview, Some(DataSpaceKind::Testing));
        state.offer_kept(kept(PEM));
        press(&mut state, answer);
        assert!(state.dialog.is_none() && !state.has_unsaved());
        assert_eq!(state.unsaved.file.is_some(), is_deleted, "the loop deletes a file of which nothing is unsaved");
    }
}

#[test]
fn a_read_only_screen_neither_offers_nor_keeps() {
    let mut state = state(Pane::Overview, Some(DataSpaceKind::Testing));
    state.overview.settings.read_only = true;
    state.offer_kept(kept(PEM));
    assert!(state.dialog.is_none());
    assert!(!state.has_unsaved() && state.unsaved_halves().is_empty());
}

#[test]
fn nothing_of_the_state_prints_a_key() {
    let mut state = with_pasted_key();
    press(&mut state, 'A');
    paste(&mut state, API_KEY);
    control(&mut state, 'c');
    let printed = format!("{state:?} {:?} {:?}", kept(PEM), Event::Paste(Secret::new(PEM)));
    let line = PEM.lines().nth(3).expect("a line of the key");
    assert!(!printed.contains(line) && !printed.contains(API_KEY), "{printed}");
}
