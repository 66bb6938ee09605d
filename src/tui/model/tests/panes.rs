//! Overview, Keys and SaaS identifier: who is led where, what replaces a pair, and what a choice is said to mean.

use crate::connector::Setup;
use crate::connector::checklist::{Stage, StepState};
use crate::connector::estimate::Estimate;
use crate::connector::preview::RunPreview;
use crate::tui::model::tests::*;
use crate::tui::panes::keys::requests::{KeysReply, KeysWork};
use crate::tui::panes::overview::requests::{OverviewReply, OverviewWork};
use crate::tui::panes::saas::requests::{SaasReply, SaasWork};

const PEM: &str = include_str!("../../../keys/fixtures/rsa-2048.pem");
const API_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Nothing is configured, and it is known that nothing is.
fn new_here() -> State {
    let mut state = State::new(overview(None), Pane::Overview);
    state.overview.settings.setup = Setup { in_commerce: false, without_file: true, without_source: true };
    state.begin(None, &now());
    reply(&mut state, Reply::Keys(KeysReply::Pairs(Environment::ALL.map(|of| pair(of, false)))));
    state
}

/// The pane of keys with a complete sandbox pair, which is in use.
fn with_keys() -> State {
    let mut state = state(Pane::Keys, Some(DataSpaceKind::Testing));
    reply(
        &mut state,
        Reply::Keys(KeysReply::Pairs([pair(Environment::Production, false), pair(Environment::Sandbox, true)])),
    );
    state
}

fn reply(state: &mut State, reply: Reply) -> Effects {
    state.update(Event::Reply(reply), &now())
}

fn listed(state: &mut State, projects: Vec<Project>) -> Effects {
    reply(state, Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Ok(projects) }))
}

fn state_of(screen: &State, stage: Stage) -> StepState {
    screen.steps().into_iter().find(|step| step.stage == stage).unwrap().state
}

fn newest(state: &State) -> &str {
    state.notices.newest().map_or("", |notice| notice.text.as_str())
}

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
    press(&mut state, 'i');
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.editor.text() == "/var/www/shop"));
}

#[test]
fn a_configuration_is_made_once() {
    let mut state = new_here();
    assert!(matches!(works(&press(&mut state, 'c'))[..], [Work::Overview(OverviewWork::MakeConfig)]));
    state.overview.settings.setup.without_file = false;
    assert!(works(&press(&mut state, 'c')).is_empty());
    assert!(newest(&state).contains("already exists"));
}

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

/// Goes through the dialogs of a rotation; gives the effects of the last.
fn rotate(state: &mut State) -> Effects {
    press(state, 'o');
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
        press(&mut state, 'o');
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
    press(&mut state, 'a');
    paste(&mut state, API_KEY);
    key(&mut state, KeyCode::Enter);
    press(&mut state, 'p');
    paste(&mut state, PEM);
    key(&mut state, KeyCode::Enter);
    assert!(matches!(works(&press(&mut state, 's'))[..], [Work::Keys(KeysWork::RotatePair(..))]));
}

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
fn keys_that_were_saved_for_the_other_environment_offer_to_be_used() {
    let mut state = new_here();
    state.overview.environment = Environment::Production;
    let environment = Environment::Sandbox;
    reply(&mut state, Reply::Keys(KeysReply::Saved { environment, result: Ok(saved("/tmp/sandbox.pem")) }));
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::Environment(of))) if *of == environment));
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

#[test]
fn keys_pressed_before_anything_arrived_do_nothing_bad() {
    for pane in [Pane::Overview, Pane::Keys, Pane::Saas] {
        for c in ('a'..='z').chain(" /+-[]".chars()).filter(|c| *c != 'q') {
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
