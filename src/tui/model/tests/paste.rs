//! A paste into the wrong place: it asks or says so, and acts as no key.

use crate::tui::model::tests::*;

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\r\nMIIE\r\n-----END RSA PRIVATE KEY-----\r\n";

#[test]
fn a_private_key_pasted_elsewhere_is_taken_to_its_pane_after_a_yes() {
    for pane in [Pane::Overview, Pane::Saas, Pane::Organization, Pane::Export] {
        let mut state = state(pane, Some(DataSpaceKind::Testing));
        paste(&mut state, PEM);
        assert!(matches!(&state.dialog, Some(Dialog::Question(Question::PastedKey(_)))));
        press(&mut state, 'n');
        assert!(state.dialog.is_none());
        assert_eq!(state.pane, pane, "no leaves everything as it was");
        paste(&mut state, PEM);
        press(&mut state, 'y');
        assert_eq!(state.pane, Pane::Keys);
        let Some(Dialog::PrivateKey(dialog)) = &state.dialog else { panic!("{:?}", state.dialog) };
        assert!(dialog.editor.text().contains("MIIE"), "the key is in the editor");
    }
}

#[test]
fn a_private_key_is_never_put_into_a_line_that_shows_it() {
    let mut state = saas();
    press(&mut state, 'C');
    type_text(&mut state, "My shop");
    paste(&mut state, PEM);
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("{:?}", state.dialog) };
    assert_eq!(line.editor.text(), "My shop");
    assert!(line.error.as_ref().is_some_and(|error| error.contains("private key")));
    key(&mut state, KeyCode::Esc);
    press(&mut state, '/');
    paste(&mut state, PEM);
    assert_eq!(state.saas.filter.editor.text(), "");
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::PastedKey(_)))));
}

#[test]
fn several_lines_become_one_and_are_remarked_on() {
    let mut state = testing();
    press(&mut state, 'i');
    paste(&mut state, "24-MB01\n24-WG02\r\n\n17\n");
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("{:?}", state.dialog) };
    assert_eq!(line.editor.text(), "24-MB01, 24-WG02, 17");
    assert!(line.error.as_ref().is_some_and(|error| error.starts_with("3 pasted lines were joined")));
    press(&mut state, ' ');
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("{:?}", state.dialog) };
    assert_eq!(line.error, None, "the remark goes with the next key");
}

#[test]
fn text_that_nothing_takes_is_said_to_be_ignored_and_acts_as_no_key() {
    for pane in Pane::ALL {
        let mut state = state(pane, Some(DataSpaceKind::Testing));
        let effects = state.update(Event::Paste(Secret::new("qax?:")), &now());
        assert!(effects.is_empty() && state.dialog.is_none() && state.pane == pane);
        assert!(state.notices.newest().is_some_and(|notice| notice.text.contains("ignored")));
    }
}
