//! The SaaS identifier pane.

use crate::connector::checklist::{Stage, StepState};
use crate::connector::estimate::Estimate;
use crate::connector::preview::RunPreview;
use crate::tui::model::tests::*;
use crate::tui::panes::keys::requests::KeysReply;
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
    press(&mut state, 'C');
    type_text(&mut state, "live search");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty());
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.error.is_some()));
}

#[test]
fn what_the_registry_refuses_is_said_in_the_dialog_that_waits() {
    let mut state = saas();
    press(&mut state, 'C');
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

#[test]
fn complete_keys_are_asked_about_once_and_the_list_of_projects_is_the_answer() {
    let mut state = State::new(overview(Some(DataSpaceKind::Testing)), Pane::Overview);
    state.begin(None, &now());
    let pairs = || Reply::Keys(KeysReply::Pairs(Environment::ALL.map(|of| pair(of, true))));
    let effects = reply(&mut state, pairs());
    assert!(works(&effects).iter().any(|work| matches!(work, Work::Saas(SaasWork::LoadProjects))));
    assert!(!works(&reply(&mut state, pairs())).iter().any(|work| matches!(work, Work::Saas(SaasWork::LoadProjects))));
    assert_eq!(state_of(&state, Stage::Credentials), StepState::Looking);
    listed(&mut state, projects());
    assert!(matches!(state.keys.check(Environment::Sandbox), Check::Accepted { .. }));
    assert_eq!(state_of(&state, Stage::Credentials), StepState::Done);
}

#[test]
fn projects_of_the_keys_that_were_used_before_are_not_shown() {
    let mut state = with_keys();
    let late = Reply::Saas(SaasReply::Projects { environment: Environment::Production, result: Ok(projects()) });
    reply(&mut state, late);
    assert!(state.saas.projects.is_empty());
}

#[test]
fn a_data_space_that_is_gone_is_said_so() {
    let mut state = with_keys();
    listed(&mut state, Vec::new());
    assert_eq!(state_of(&state, Stage::Configuration), StepState::Wrong);
    let gone = Problem::new(Exit::TryAgain, "timed out");
    reply(&mut state, Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Err(gone) }));
    assert_eq!(state.saas.as_of, Some(now().wall), "what was known stays, with its age");
}

#[test]
fn a_choice_does_not_wait_for_what_lies_ahead_of_it() {
    let mut state = with_keys();
    listed(&mut state, projects());
    state.pane = Pane::Saas;
    let is_free = |row: &crate::tui::panes::saas::SaasRow| matches!(row, crate::tui::panes::saas::SaasRow::Space(_, space) if space.kind == DataSpaceKind::Testing);
    state.saas.selected = state.saas.rows().iter().position(is_free).unwrap();
    let effects = key(&mut state, KeyCode::Enter);
    let [Work::Saas(SaasWork::Foresee(space))] = works(&effects)[..] else { panic!("not looked ahead") };
    let space = space.id.clone();
    let preview = RunPreview {
        estimate: Estimate { feeds: Vec::new(), requests_per_second: None },
        items_there: 0,
        refusal: None,
    };
    // The answer to a question that was asked before is about another data space.
    let other = "elsewhere".parse().unwrap();
    reply(&mut state, Reply::Saas(SaasReply::Foreseen { space: other, result: Ok(preview.clone()) }));
    assert!(state.saas.ahead.as_ref().unwrap().report.value.is_none());
    assert!(matches!(works(&press(&mut state, 'y'))[..], [Work::Saas(SaasWork::SelectDataSpace(..))]));
    reply(&mut state, Reply::Saas(SaasReply::Foreseen { space, result: Ok(preview) }));
    assert!(state.saas.ahead.unwrap().report.value.is_some());
}

#[test]
fn a_new_project_is_where_the_cursor_goes() {
    let mut state = with_keys();
    let mut all = projects();
    let created = Project { id: "p-9".parse().unwrap(), name: "New".into(), ..all[0].clone() };
    reply(&mut state, Reply::Saas(SaasReply::ProjectCreated(Ok(created.clone()))));
    all.push(created);
    listed(&mut state, all);
    assert!(
        matches!(state.saas.row(), Some(crate::tui::panes::saas::SaasRow::Space(project, _)) if project.id.as_str() == "p-9")
    );
}
