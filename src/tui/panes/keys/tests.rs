//! The Keys pane.

use crate::tui::model::tests::*;
use crate::tui::panes::keys::requests::{KeysReply, KeysWork};

#[test]
fn a_pasted_pair_is_saved_whole_and_only_whole() {
    let mut state = state(Pane::Keys, None);
    press(&mut state, 'A');
    paste(&mut state, "0123456789abcdef0123456789abcdef");
    key(&mut state, KeyCode::Enter);
    assert!(state.dialog.is_none());
    assert!(works(&press(&mut state, 'w')).is_empty(), "half a pair is not saved");

    press(&mut state, 'p');
    let pem = PrivateKey::generate().unwrap().to_pem().unwrap();
    paste(&mut state, &pem.expose().replace('\n', "\r\n"));
    let Some(Dialog::PrivateKey(dialog)) = &state.dialog else { panic!("no key dialog") };
    assert!(matches!(dialog.preview, Preview::Usable(_)));
    key(&mut state, KeyCode::Enter);
    assert!(state.dialog.is_none());
    let effects = press(&mut state, 'w');
    assert!(matches!(works(&effects)[..], [Work::Keys(KeysWork::SavePair(Environment::Sandbox, _))]));

    state.update(
        Event::Reply(Reply::Keys(KeysReply::Saved {
            environment: Environment::Sandbox,
            result: Ok(saved("/x/sandbox.pem")),
        })),
        &now(),
    );
    let notice = state.notices.newest().unwrap();
    assert!(notice.text.contains("/x/sandbox.pem") && notice.text.contains("0600"), "{}", notice.text);
    assert!(state.keys.draft(Environment::Sandbox).is_empty());
}

#[test]
fn a_text_that_is_no_private_key_is_not_accepted() {
    let mut state = state(Pane::Keys, None);
    press(&mut state, 'p');
    paste(&mut state, "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n");
    key(&mut state, KeyCode::Tab);
    key(&mut state, KeyCode::Enter);
    let Some(Dialog::PrivateKey(dialog)) = &state.dialog else { panic!("the dialog was closed") };
    assert!(matches!(dialog.preview, Preview::Unusable(_)));
}

#[test]
fn refused_keys_stay_on_the_pane_with_the_words_of_the_gateway() {
    let mut state = state(Pane::Keys, None);
    state.update(
        Event::Reply(Reply::Keys(KeysReply::Pairs([
            pair(Environment::Production, false),
            pair(Environment::Sandbox, true),
        ]))),
        &now(),
    );
    assert!(matches!(works(&press(&mut state, 'v'))[..], [Work::Keys(KeysWork::Verify(Environment::Sandbox))]));
    assert!(matches!(state.keys.check(Environment::Sandbox), Check::Asking));
    let problem = Problem::new(Exit::Refused, "the gateway refused: JWT is invalid (403053)");
    state.update(
        Event::Reply(Reply::Keys(KeysReply::Verified { environment: Environment::Sandbox, result: Err(problem) })),
        &now(),
    );
    assert!(
        matches!(state.keys.check(Environment::Sandbox), Check::Failed { problem, .. } if problem.what.contains("403053"))
    );
}

#[test]
fn a_key_file_that_is_read_after_the_dialog_was_cancelled_is_not_taken() {
    let mut state = state(Pane::Keys, None);
    press(&mut state, 'F');
    type_text(&mut state, "/x/key.pem");
    assert!(matches!(works(&key(&mut state, KeyCode::Enter))[..], [Work::Keys(KeysWork::ReadKey(..))]));
    key(&mut state, KeyCode::Esc);
    let read = PrivateKey::generate().map_err(|error| Problem::of(&error));
    state.update(
        Event::Reply(Reply::Keys(KeysReply::KeyRead { environment: Environment::Sandbox, result: read })),
        &now(),
    );
    assert!(state.keys.draft(Environment::Sandbox).is_empty());
}

// SaaS identifier

/// Goes through the dialogs of a rotation; gives the effects of the last.
fn rotate(state: &mut State) -> Effects {
    press(state, 'b');
    assert_eq!(state.dialog.as_ref().map(Dialog::place), Some(KeyContext::Question));
    press(state, 'y');
    paste(state, API_KEY);
    key(state, KeyCode::Enter);
    paste(state, PEM);
    key(state, KeyCode::Enter)
}

#[test]
fn a_new_pair_replaces_the_old_one_only_when_the_gateway_accepts_it() {
    let mut state = with_keys();
    let effects = rotate(&mut state);
    assert!(matches!(works(&effects)[..], [Work::Keys(KeysWork::RotatePair(Environment::Sandbox, _, None))]));
    let refused = Problem::new(Exit::Refused, "JWT is invalid; the old pair is still in use");
    let environment = Environment::Sandbox;
    reply(&mut state, Reply::Keys(KeysReply::Rotated { environment, result: Err(refused) }));
    assert!(!state.keys.is_refused(environment), "the pair in use was not refused");
    assert_eq!(state.keys.rotating, Some(environment));
    let effects = rotate(&mut state);
    assert!(matches!(works(&effects)[..], [Work::Keys(KeysWork::RotatePair(..))]));
    reply(&mut state, Reply::Keys(KeysReply::Rotated { environment, result: Ok(saved("/tmp/sandbox.pem")) }));
    assert_eq!(state.keys.rotating, None);
    assert!(state.keys.draft(environment).is_empty());
    assert!(newest(&state).contains("has replaced the old one"));
    state.notices.dismiss();
    assert!(newest(&state).contains("Commerce Admin"), "what is still to be done stays until it is read");
}

#[test]
fn a_rotation_that_is_cancelled_changes_nothing() {
    for steps in 0..2 {
        let mut state = with_keys();
        press(&mut state, 'b');
        press(&mut state, 'y');
        if steps == 1 {
            paste(&mut state, API_KEY);
            key(&mut state, KeyCode::Enter);
        }
        key(&mut state, KeyCode::Esc);
        if steps == 1 {
            press(&mut state, 'y');
        }
        assert!(state.keys.draft(Environment::Sandbox).is_empty());
        assert_eq!(state.keys.rotating, None);
        assert!(newest(&state).contains("the old sandbox pair stays"));
    }
}

#[test]
fn keys_that_lose_sight_of_the_data_space_replace_the_old_ones_by_its_name_only() {
    let environment = Environment::Sandbox;
    let guarded = || Problem::new(Exit::Guarded, "the new sandbox keys have no access to the data space in use");
    let mut state = with_keys();
    rotate(&mut state);
    reply(&mut state, Reply::Keys(KeysReply::Rotated { environment, result: Err(guarded()) }));
    let name = state.overview.data_space.as_ref().expect("a data space").1.to_string();
    type_text(&mut state, "no");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty());
    press(&mut state, 'x');
    (0..3).for_each(|_| drop(key(&mut state, KeyCode::Backspace)));
    type_text(&mut state, &name);
    let effects = key(&mut state, KeyCode::Enter);
    assert!(matches!(works(&effects)[..], [Work::Keys(KeysWork::RotatePair(_, _, Some(typed)))] if *typed == name));
    // Cancelled, the new private key is not lost without a question.
    reply(&mut state, Reply::Keys(KeysReply::Rotated { environment, result: Err(guarded()) }));
    key(&mut state, KeyCode::Esc);
    assert!(matches!(&state.dialog, Some(Dialog::Discard(_))));
    press(&mut state, 'y');
    assert!(state.keys.draft(environment).is_empty() && state.keys.rotating.is_none());
}

#[test]
fn a_saved_pair_is_never_overwritten_unverified() {
    let mut state = with_keys();
    press(&mut state, 'A');
    paste(&mut state, API_KEY);
    key(&mut state, KeyCode::Enter);
    press(&mut state, 'p');
    paste(&mut state, PEM);
    key(&mut state, KeyCode::Enter);
    assert!(matches!(works(&press(&mut state, 'w'))[..], [Work::Keys(KeysWork::RotatePair(..))]));
}

#[test]
fn keys_that_were_saved_for_the_other_environment_offer_to_be_used() {
    let mut state = new_here();
    state.overview.environment = Environment::Production;
    let environment = Environment::Sandbox;
    reply(&mut state, Reply::Keys(KeysReply::Saved { environment, result: Ok(saved("/tmp/sandbox.pem")) }));
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::Environment(of))) if *of == environment));
}
