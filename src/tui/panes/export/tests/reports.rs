//! What is looked up to be read.

use crate::connector::doctor::{Check, Outcome};
use crate::connector::estimate::Estimate;
use crate::connector::health::Health;
use crate::tui::model::tests::*;
use crate::tui::panes::export::requests::{ExportReply, ExportWork};

fn check(name: &'static str) -> Check {
    Check { name, outcome: Outcome::Ok, detail: "fine".into(), facts: vec![], findings: vec![] }
}

#[test]
fn health_is_read_with_the_counts_and_after_each_run() {
    let mut state = State::new(overview(Some(DataSpaceKind::Testing)), Pane::Export);
    let effects = state.begin(None, &now());
    assert!(works(&effects).iter().any(|work| matches!(work, Work::Export(ExportWork::LoadHealth))));
    let effects = press(&mut state, 'r');
    assert!(
        !works(&effects).iter().any(|work| matches!(work, Work::Export(ExportWork::LoadHealth))),
        "it is being read already"
    );
    let health = Health { feeds: vec![], installation: None, findings: vec![] };
    state.update(Event::Reply(Reply::Export(ExportReply::Health(Ok(health)))), &now());
    run(&mut state);
    assert!(works(&end(&mut state)).iter().any(|work| matches!(work, Work::Export(ExportWork::LoadHealth))));
    let failed = Err(Problem::new(Exit::Other, "no database"));
    state.update(Event::Reply(Reply::Export(ExportReply::Health(failed))), &now());
    assert!(state.export.reports.health.value.is_some(), "what was known stays");
}

#[test]
fn the_doctor_tells_each_check_and_is_asked_once_at_a_time() {
    let mut state = testing();
    assert!(matches!(works(&press(&mut state, 'D'))[..], [Work::Export(ExportWork::Diagnose)]));
    state.update(Event::Reply(Reply::Export(ExportReply::Checked(check("Database")))), &now());
    key(&mut state, KeyCode::Esc);
    assert!(works(&press(&mut state, 'D')).is_empty(), "it goes on");
    state.update(Event::Reply(Reply::Export(ExportReply::Checked(check("Clock")))), &now());
    state.update(Event::Reply(Reply::Export(ExportReply::Diagnosed)), &now());
    let names: Vec<_> =
        state.export.reports.diagnosis.value.as_ref().unwrap().checks.iter().map(|check| check.name).collect();
    assert_eq!(names, ["Database", "Clock"]);
    key(&mut state, KeyCode::Esc);
    assert!(matches!(works(&press(&mut state, 'D'))[..], [Work::Export(ExportWork::Diagnose)]));
    assert!(state.export.reports.diagnosis.value.as_ref().unwrap().checks.is_empty(), "it begins anew");
}

#[test]
fn reports_are_looked_up_by_their_keys_and_a_worker_that_broke_leaves_none_waiting() {
    let mut state = testing();
    assert!(matches!(works(&press(&mut state, 'e'))[..], [Work::Export(ExportWork::Estimate)]));
    let estimate = Estimate { feeds: vec![], requests_per_second: None };
    state.update(Event::Reply(Reply::Export(ExportReply::Estimate(Ok(estimate)))), &now());
    assert!(matches!(state.export.reports.estimate.load, Load::Done { .. }));
    key(&mut state, KeyCode::Esc);
    assert!(matches!(works(&press(&mut state, 'V'))[..], [Work::Export(ExportWork::LoadServices)]));
    state.update(Event::WorkerBroke, &now());
    assert!(matches!(state.export.reports.services.load, Load::NotAsked));
}

#[test]
fn feed_health_is_of_the_feed_that_the_cursor_is_about() {
    let mut state = testing();
    run(&mut state);
    state.update(Event::Run { news: vec![RunEvent::ItemFailed(failure("x"))], skipped: 0 }, &now());
    key(&mut state, KeyCode::End);
    press(&mut state, 'I');
    let of = |state: &State| match &state.dialog {
        Some(Dialog::Reading { what: Reading::Feed(feed), .. }) => Some(*feed),
        _ => None,
    };
    assert_eq!(of(&state), Some(Feed::Products));
}
