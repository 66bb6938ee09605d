//! Read-only mode: whatever changes something is refused once, and nothing waits for it.

use crate::connector::ExportRequest;
use crate::tui::keymap::{self, KeyContext};
use crate::tui::model::tests::*;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::keys::requests::{KeysReply, KeysWork};
use crate::tui::panes::organization::requests::ImsWork;
use crate::tui::panes::saas::requests::SaasReply;

fn read_only(pane: Pane) -> State {
    let mut state = state(pane, Some(DataSpaceKind::Testing));
    state.overview.settings.read_only = true;
    state.update(Event::Reply(Reply::Keys(KeysReply::Pairs(Environment::ALL.map(|of| pair(of, true))))), &now());
    state
}

fn is_refused(state: &mut State) -> bool {
    let refused = state.notices.newest().is_some_and(|notice| notice.text.contains("read-only"));
    while state.notices.dismiss() {}
    refused
}

#[test]
fn every_key_that_changes_something_is_refused_with_a_sentence() {
    for (pane, place) in Pane::ALL.into_iter().map(|pane| (pane, pane.place())) {
        for binding in keymap::of_place(place).filter(|binding| binding.action.changes()) {
            let keymap::Key::Plain(code) = binding.keys[0] else { panic!("{} has no plain key", binding.long) };
            let mut state = read_only(pane);
            let effects = key(&mut state, code);
            assert!(effects.is_empty(), "{}: {effects:?}", binding.long);
            assert!(state.dialog.is_none(), "{}", binding.long);
            assert!(is_refused(&mut state), "{}", binding.long);
        }
    }
}

#[test]
fn what_enter_leads_to_is_refused_too() {
    let mut state = read_only(Pane::Saas);
    state.update(
        Event::Reply(Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Ok(projects()) })),
        &now(),
    );
    for row in 0..state.saas.rows().len() {
        state.saas.selected = row;
        let effects = key(&mut state, KeyCode::Enter);
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::Work(work) if work.changes())));
        assert!(state.dialog.is_none());
    }
    assert!(is_refused(&mut state));
}

#[test]
fn an_export_that_the_command_line_asks_for_does_not_begin_and_is_not_waited_for() {
    let mut state = State::new(overview(Some(DataSpaceKind::Testing)), Pane::Export);
    state.overview.settings.read_only = true;
    let effects = state.begin(Some(ExportRequest::default()), &now());
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Work(Work::Export(ExportWork::StartExport(_))))));
    assert!(!state.export.is_busy());
    assert!(is_refused(&mut state));
}

#[test]
fn looking_and_counting_go_on() {
    let mut state = read_only(Pane::Export);
    let effects = press(&mut state, 'd');
    assert!(
        matches!(effects.as_slice(), [Effect::Work(Work::Export(ExportWork::StartExport(request)))] if request.dry_run)
    );
    let mut state = read_only(Pane::Keys);
    assert!(matches!(press(&mut state, 'v').as_slice(), [Effect::Work(Work::Keys(KeysWork::Verify(_)))]));
    assert!(!is_refused(&mut state));
    assert!(!Work::Ims(ImsWork::LoadOrganizations).changes());
}

#[test]
fn the_palette_refuses_as_the_key_does() {
    let mut state = read_only(Pane::Overview);
    press(&mut state, ':');
    type_text(&mut state, "create saas");
    assert!(
        key(&mut state, KeyCode::Enter).iter().all(|effect| !matches!(effect, Effect::Work(work) if work.changes()))
    );
    assert!(is_refused(&mut state));
    assert_eq!(state.place(), KeyContext::Saas, "the pane of the action is in front, without its dialog");
}
