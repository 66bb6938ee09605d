//! What is looked up to be read.

use std::sync::Arc;

use crate::connector::doctor::{Check, Outcome};
use crate::connector::estimate::Estimate;
use crate::connector::health::Health;
use crate::connector::support_bundle::{Bundle, Part};
use crate::report::Row;
use crate::tui::model::tests::*;
use crate::tui::panes::export::report_rows::ReportRequest;
use crate::tui::panes::export::requests::{ExportReply, ExportWork};
use crate::tui::widgets::dialog::ReportKind;

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

#[test]
fn a_comparison_is_made_anew_for_each_look_and_shown_in_its_own_dialog() {
    let mut state = testing();
    let effects = press(&mut state, '=');
    assert!(matches!(works(&effects)[..], [Work::Export(ExportWork::Report(ReportRequest::Exporter))]));
    let kind = ReportKind::Exporter;
    let rows = vec![Row::new("no differences in 9 feeds", crate::report::Tone::Good)];
    state.update(Event::Reply(Reply::Export(ExportReply::Reported { kind, result: Ok(rows) })), &now());
    key(&mut state, KeyCode::Esc);
    assert_eq!(works(&press(&mut state, '=')).len(), 1);
    assert!(state.export.reports.exporter.value.is_none());
}

#[test]
fn the_data_space_in_use_is_compared_with_the_one_that_is_typed() {
    let mut state = testing();
    press(&mut state, '2');
    press(&mut state, '=');
    let ours = state.overview.data_space.clone().unwrap().0;
    key(&mut state, KeyCode::Enter);
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.error.is_some()), "nothing was typed");
    type_text(&mut state, "Main");
    let effects = key(&mut state, KeyCode::Enter);
    let [Work::Export(ExportWork::Report(request))] = works(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(*request, ReportRequest::DataSpaces { ours, other: "Main".to_owned() });
    assert!(matches!(&state.dialog, Some(Dialog::Reading { what: Reading::Report(ReportKind::DataSpaces), .. })));
}

#[test]
fn nothing_is_compared_without_a_data_space_in_use() {
    let mut state = state(Pane::Saas, None);
    assert!(press(&mut state, '=').is_empty() && state.dialog.is_none());
    assert!(state.notices.newest().unwrap().text.contains("no data space selected"));
}

#[test]
fn a_bundle_is_written_once_its_files_are_there_to_the_path_that_was_typed() {
    let mut state = testing();
    assert!(matches!(works(&press(&mut state, 'T'))[..], [Work::Export(ExportWork::CollectBundle)]));
    type_text(&mut state, "x.tar.gz");
    assert!(key(&mut state, KeyCode::Enter).is_empty());
    let error = |state: &State| match &state.dialog {
        Some(Dialog::Line(line)) => line.error.clone(),
        _ => None,
    };
    assert_eq!(error(&state).as_deref(), Some("the files are still being collected: wait a moment"));
    let parts = vec![Part { name: "a.txt".into(), about: "it".into(), text: vec![] }];
    let bundle = Arc::new(Bundle { made_at: "2026-03-04T11:03:10Z".parse().unwrap(), parts });
    state.update(Event::Reply(Reply::Export(ExportReply::BundleCollected(Ok(bundle.clone())))), &now());
    let effects = key(&mut state, KeyCode::Enter);
    let [Work::Export(ExportWork::WriteBundle { bundle: written, path })] = works(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((written, path.to_str()), (&bundle, Some("x.tar.gz")), "what was typed stays");
    let reply = |result| Event::Reply(Reply::Export(ExportReply::BundleWritten { path: "/x.tar.gz".into(), result }));
    state.update(reply(Err(Problem::usage("/x.tar.gz exists already"))), &now());
    assert_eq!(error(&state).as_deref(), Some("/x.tar.gz exists already"));
    state.update(reply(Ok(2048)), &now());
    assert!(state.dialog.is_none());
    assert_eq!(state.notices.newest().unwrap().text, "wrote /x.tar.gz (2.0 KiB)");
    // From Overview as well, with a name that is proposed.
    press(&mut state, '0');
    press(&mut state, 'T');
    state.update(Event::Reply(Reply::Export(ExportReply::BundleCollected(Ok(bundle)))), &now());
    let proposed = "commerce-connector-support-20260304T110310Z.tar.gz";
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.editor.text() == proposed));
}

#[test]
fn read_only_writes_a_bundle_and_compares_but_adopts_nothing() {
    let mut state = testing();
    state.overview.settings.read_only = true;
    assert!(press(&mut state, '&').is_empty() && state.dialog.is_none());
    assert!(state.notices.newest().unwrap().text.contains("read-only"));
    assert_eq!(press(&mut state, '=').len(), 1);
    key(&mut state, KeyCode::Esc);
    assert_eq!(press(&mut state, 'T').len(), 1);
    assert!(state.dialog.is_some());
}
