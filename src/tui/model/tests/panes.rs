//! What several panes take part in.

use crate::tui::model::tests::*;
use crate::tui::panes::keys::requests::KeysWork;

#[test]
fn a_key_pasted_outside_of_an_editor_is_asked_about() {
    let mut state = with_keys();
    paste(&mut state, PEM);
    assert!(matches!(&state.dialog, Some(Dialog::PrivateKey(dialog)) if dialog.unasked && dialog.on_button));
    assert!(state.keys.draft(Environment::Sandbox).is_empty(), "nothing is taken yet");
    key(&mut state, KeyCode::Esc);
    press(&mut state, 'y');
    paste(&mut state, API_KEY);
    assert!(
        matches!(&state.dialog, Some(Dialog::Line(line)) if line.purpose == LinePurpose::ApiKey(Environment::Sandbox))
    );
    key(&mut state, KeyCode::Esc);
    press(&mut state, 'y');
    paste(&mut state, "quit it all");
    assert!(state.dialog.is_none());
    assert!(newest(&state).contains("no text field is open"));
}

#[test]
fn a_path_pasted_for_a_private_key_is_read_as_a_file() {
    let mut state = with_keys();
    press(&mut state, 'p');
    paste(&mut state, "~/keys/sandbox.pem");
    let effects = key(&mut state, KeyCode::Enter);
    assert!(matches!(works(&effects)[..], [Work::Keys(KeysWork::ReadKey(Environment::Sandbox, _))]));
}

#[test]
fn copying_gives_a_fingerprint_or_an_id_and_never_a_key() {
    let mut state = with_keys();
    assert!(press(&mut state, 'y').is_empty(), "there is no fingerprint in this status");
    paste(&mut state, PEM);
    key(&mut state, KeyCode::Enter);
    let [Effect::Copy(copied)] = &press(&mut state, 'y')[..] else { panic!("nothing is copied") };
    assert!(copied.joined("\n").starts_with("SHA256:"));
    listed(&mut state, projects());
    state.pane = Pane::Saas;
    let id = match state.saas.row().unwrap() {
        crate::tui::panes::saas::SaasRow::Space(_, space) => space.id.to_string(),
        crate::tui::panes::saas::SaasRow::Project(project) => project.id.to_string(),
    };
    let [Effect::Copy(copied)] = &press(&mut state, 'y')[..] else { panic!("nothing is copied") };
    assert_eq!(copied.joined("\n"), id);
}

#[test]
fn keys_pressed_before_anything_arrived_do_nothing_bad() {
    for pane in [Pane::Overview, Pane::Keys, Pane::Saas] {
        for c in ('a'..='z').chain('A'..='Z').chain(" /+-[]>}".chars()).filter(|c| *c != 'q') {
            let mut state = State::new(overview(None), pane);
            state.begin(None, &now());
            let effects = press(&mut state, c);
            assert!(effects.iter().all(|effect| !matches!(effect, Effect::Quit)), "{pane:?} {c}");
            let changes = effects.iter().any(|effect| matches!(effect, Effect::Work(work) if work.changes()));
            assert!(!changes, "{pane:?} {c}: {effects:?}");
            key(&mut state, KeyCode::Enter);
        }
    }
}
