//! Taking over what Adobe's exporter has sent: asked with its numbers, refused during a run, and only a yes is one.

use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use crate::connector::compare::{AdoptionCounts, FeedAdoption};
use crate::tui::model::tests::*;
use crate::tui::panes::export::requests::{ExportReply, ExportWork};

/// Presses the key, and gives the worker's end of the question.
fn ask(state: &mut State) -> Receiver<()> {
    let mut effects = press(state, '&');
    match effects.pop() {
        Some(Effect::Work(Work::Export(ExportWork::Adopt(answer)))) if effects.is_empty() => answer,
        other => panic!("{other:?}"),
    }
}

fn planned(state: &mut State, result: Result<AdoptionCounts, Problem>) {
    state.update(Event::Reply(Reply::Export(ExportReply::AdoptionPlanned(result))), &now());
}

fn counts() -> AdoptionCounts {
    let (feed, sent) = (Feed::Products, 41);
    let feed = FeedAdoption { feed, sent, different: 0, not_accepted: 0, only_ours: 3, not_judged: 0, gone: 1 };
    AdoptionCounts { feeds: vec![feed], unsaid: vec![] }
}

#[test]
fn a_yes_is_sent_and_the_ledger_is_read_again() {
    let mut state = testing();
    let mut answer = ask(&mut state);
    planned(&mut state, Ok(counts()));
    assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
    assert!(press(&mut state, 'y').is_empty() && state.dialog.is_none());
    assert_eq!(answer.try_recv(), Ok(()));
    let effects = state.update(Event::Reply(Reply::Export(ExportReply::Adopted(Ok(41)))), &now());
    assert!(works(&effects).iter().any(|work| matches!(work, Work::Export(ExportWork::LoadLedger))));
    assert_eq!(state.notices.newest().unwrap().text, "41 items now count as sent.");
}

#[test]
fn whatever_else_closes_the_question_is_a_no() {
    for close in [KeyCode::Char('n'), KeyCode::Esc] {
        let mut state = testing();
        let mut answer = ask(&mut state);
        planned(&mut state, Ok(counts()));
        assert!(key(&mut state, close).is_empty() && state.dialog.is_none());
        assert_eq!(answer.try_recv(), Err(TryRecvError::Closed), "{close:?}");
    }
    let mut state = testing();
    let mut answer = ask(&mut state);
    drop(state);
    assert_eq!(answer.try_recv(), Err(TryRecvError::Closed), "the screen is gone");
}

#[test]
fn nothing_can_be_said_yes_to_before_it_is_known_nor_after_it_was_closed() {
    let mut state = testing();
    let mut answer = ask(&mut state);
    assert!(press(&mut state, 'y').is_empty() && state.dialog.is_some());
    assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
    key(&mut state, KeyCode::Esc);
    assert_eq!(answer.try_recv(), Err(TryRecvError::Closed));
    planned(&mut state, Ok(counts()));
    assert!(state.dialog.is_none(), "it is not opened again");
}

#[test]
fn a_worker_that_broke_leaves_no_question_waiting() {
    let mut state = testing();
    let _answer = ask(&mut state);
    state.update(Event::WorkerBroke, &now());
    assert!(state.dialog.is_none());
}

#[test]
fn it_is_refused_while_a_run_is_active_here_or_elsewhere() {
    let mut state = testing();
    run(&mut state);
    assert!(press(&mut state, '&').is_empty() && state.dialog.is_none());
    assert_eq!(state.notices.newest().unwrap().text, "an export is already running: stop it first, or wait");
    // One that this screen does not see holds its locks.
    let mut state = testing();
    let _answer = ask(&mut state);
    let locked = Problem::new(Exit::Locked, "products is being exported by root@vm, pid 812");
    planned(&mut state, Err(locked));
    assert!(state.dialog.is_none());
    assert!(state.notices.newest().unwrap().text.contains("root@vm"));
}
