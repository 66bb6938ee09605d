//! The Keys pane.

use crate::tui::model::tests::*;
use crate::tui::panes::keys::requests::{KeysReply, KeysWork};

#[test]
fn a_pasted_pair_is_saved_whole_and_only_whole() {
    let mut state = state(Pane::Keys, None);
    press(&mut state, 'a');
    paste(&mut state, "0123456789abcdef0123456789abcdef");
    key(&mut state, KeyCode::Enter);
    assert!(state.dialog.is_none());
    assert!(works(&press(&mut state, 's')).is_empty(), "half a pair is not saved");

    press(&mut state, 'p');
    let pem = PrivateKey::generate().unwrap().to_pem().unwrap();
    paste(&mut state, &pem.expose().replace('\n', "\r\n"));
    let Some(Dialog::PrivateKey(dialog)) = &state.dialog else { panic!("no key dialog") };
    assert!(matches!(dialog.preview, Preview::Usable(_)));
    key(&mut state, KeyCode::Enter);
    assert!(state.dialog.is_none());
    let effects = press(&mut state, 's');
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
    press(&mut state, 'f');
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
