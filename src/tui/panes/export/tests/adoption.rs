//! Taking over what Adobe's exporter has sent: asked with its numbers, refused during a run, undone by closing the question.

use crate::connector::compare::{AdoptionCounts, FeedAdoption, PlannedAdoption};
use crate::domain::DataSpaceId;
use crate::export::Adoption;
use crate::tui::model::tests::*;
use crate::tui::panes::export::requests::{ExportReply, ExportWork};

fn space() -> DataSpaceId {
    "66666666-7777-4888-8999-aaaaaaaaaaaa".parse().unwrap()
}

/// A plan that holds the locks of a state directory.
fn plan(dir: &tempfile::TempDir) -> Box<PlannedAdoption> {
    let (sent, only_ours) = (41, 3);
    let feed =
        FeedAdoption { feed: Feed::Products, sent, different: 0, not_accepted: 0, only_ours, not_judged: 0, gone: 1 };
    let begun = Adoption::begin(dir.path(), &space()).unwrap();
    Box::new(PlannedAdoption::new(begun, AdoptionCounts { feeds: vec![feed], unsaid: vec![] }))
}

/// The question, with what it holds the locks of.
fn asked(state: &mut State) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(works(&press(state, '&'))[..], [Work::Export(ExportWork::PlanAdoption(_))]));
    state.update(Event::Reply(Reply::Export(ExportReply::AdoptionPlanned(Ok(plan(&dir))))), &now());
    assert!(Adoption::begin(dir.path(), &space()).is_err(), "nothing else can begin");
    dir
}

#[test]
fn a_yes_keeps_it_and_says_how_many_count_as_sent() {
    let mut state = testing();
    let _dir = asked(&mut state);
    let effects = press(&mut state, 'y');
    assert!(matches!(works(&effects)[..], [Work::Export(ExportWork::KeepAdoption(_))]) && state.dialog.is_none());
    let effects = state.update(Event::Reply(Reply::Export(ExportReply::Adopted(Ok(41)))), &now());
    assert!(works(&effects).iter().any(|work| matches!(work, Work::Export(ExportWork::LoadLedger))));
    assert_eq!(state.notices.newest().unwrap().text, "41 items now count as sent.");
}

#[test]
fn whatever_closes_the_question_lets_go_of_the_locks() {
    for close in [KeyCode::Char('n'), KeyCode::Esc] {
        let mut state = testing();
        let dir = asked(&mut state);
        assert!(key(&mut state, close).is_empty() && state.dialog.is_none());
        assert!(Adoption::begin(dir.path(), &space()).is_ok(), "{close:?}");
    }
}

#[test]
fn what_is_not_waited_for_any_more_is_cancelled_and_opens_nothing() {
    let mut state = testing();
    let effects = press(&mut state, '&');
    let [Work::Export(ExportWork::PlanAdoption(stop))] = works(&effects)[..] else { panic!("{effects:?}") };
    assert!(press(&mut state, 'y').is_empty() && state.dialog.is_some(), "there is nothing to say yes to");
    assert!(!stop.is_cancelled());
    key(&mut state, KeyCode::Esc);
    assert!(stop.is_cancelled() && state.dialog.is_none());
    let dir = tempfile::tempdir().unwrap();
    state.update(Event::Reply(Reply::Export(ExportReply::AdoptionPlanned(Ok(plan(&dir))))), &now());
    assert!(state.dialog.is_none());
    assert!(Adoption::begin(dir.path(), &space()).is_ok(), "it was let go of");
}

#[test]
fn it_is_refused_while_a_run_is_active_here_or_elsewhere() {
    let mut state = testing();
    run(&mut state);
    assert!(press(&mut state, '&').is_empty() && state.dialog.is_none());
    assert_eq!(state.notices.newest().unwrap().text, "an export is already running: stop it first, or wait");
    // One that this screen does not see holds its locks.
    let mut state = testing();
    press(&mut state, '&');
    let locked = Problem::new(Exit::Locked, "products is being exported by root@vm, pid 812");
    state.update(Event::Reply(Reply::Export(ExportReply::AdoptionPlanned(Err(locked)))), &now());
    assert!(state.dialog.is_none());
    assert!(state.notices.newest().unwrap().text.contains("root@vm"));
}
