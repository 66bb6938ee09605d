//! The SaaS identifier pane.

use crate::tui::model::tests::*;
use crate::tui::panes::saas::requests::{SaasReply, SaasWork};

#[test]
fn a_testing_data_space_asks_and_a_production_one_wants_its_name() {
    let mut state = saas();
    key(&mut state, KeyCode::Home);
    press(&mut state, 'j');
    press(&mut state, 'j');
    key(&mut state, KeyCode::Enter);
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::Choose(space))) if space.id.as_str() == "d-2"));
    assert!(
        matches!(works(&press(&mut state, 'y'))[..], [Work::Saas(SaasWork::SelectDataSpace(id, None))] if id.as_str() == "d-2")
    );

    press(&mut state, 'k');
    key(&mut state, KeyCode::Enter);
    type_text(&mut state, "main");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty(), "the name must be exact");
    for _ in 0..4 {
        key(&mut state, KeyCode::Backspace);
    }
    type_text(&mut state, "Main");
    assert!(
        matches!(works(&key(&mut state, KeyCode::Enter))[..], [Work::Saas(SaasWork::SelectDataSpace(id, Some(_)))] if id.as_str() == "d-1")
    );
}

#[test]
fn the_name_of_a_service_is_refused_before_the_registry_is_asked() {
    let mut state = saas();
    press(&mut state, 'c');
    type_text(&mut state, "live search");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty());
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.error.is_some()));
}

#[test]
fn what_the_registry_refuses_is_said_in_the_dialog_that_waits() {
    let mut state = saas();
    press(&mut state, 'c');
    type_text(&mut state, "Luma EU");
    key(&mut state, KeyCode::Enter);
    let problem = Problem::new(Exit::Other, "the gateway refused: limit reached");
    state.update(Event::Reply(Reply::Saas(SaasReply::ProjectCreated(Err(problem)))), &now());
    assert!(
        matches!(&state.dialog, Some(Dialog::Line(line)) if !line.busy && line.error.as_deref().unwrap().contains("limit reached"))
    );
}

#[test]
fn a_filter_keeps_the_project_of_a_data_space_that_passes() {
    let mut state = saas();
    press(&mut state, '/');
    type_text(&mut state, "TRY");
    assert_eq!(state.saas.rows().len(), 2);
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.saas.rows().len(), 3);
}

// Data export
