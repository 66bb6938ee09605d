//! The ways to sync, and the guard.

use crate::export::SyncMode;
use crate::export::ledger::FeedSummary;
use crate::feeds::source::IdKind;
use crate::remedy::{Hint, Remedy};
use crate::report::Row;
use crate::tui::model::tests::*;
use crate::tui::panes::export::requests::{ExportReply, ExportWork};
use crate::tui::panes::export::run::{Linted, RunState};
use crate::tui::panes::items::requests::{ItemsReply, ItemsWork};

fn request(effects: &Effects) -> &ExportRequest {
    match works(effects)[..] {
        [Work::Export(ExportWork::StartExport(request))] => request,
        ref other => panic!("no run was started: {other:?}"),
    }
}

fn ledger(state: &mut State, failed: &[(Feed, u64)]) {
    let summary = |&(feed, will_retry): &(Feed, u64)| FeedSummary {
        feed,
        submitted: 10,
        awaiting: 0,
        will_retry,
        needs_attention: 0,
        last_sync: None,
        last_partial: None,
    };
    let summaries = failed.iter().map(summary).collect();
    state.update(Event::Reply(Reply::Export(ExportReply::Ledger(Ok((summaries, vec![]))))), &now());
}

fn refuse(state: &mut State, exit: Exit) {
    let refused = Err(Problem::new(exit, "this is a staging installation"));
    state.update(Event::Reply(Reply::Export(ExportReply::RunStarted(refused))), &now());
}

#[test]
fn a_partial_sync_is_of_every_feed() {
    let effects = press(&mut testing(), 'c');
    assert!(request(&effects).feeds.is_empty());
    assert!(matches!(request(&effects).mode, SyncMode::Partial(_)));
}

#[test]
fn a_retry_is_of_the_selected_feed_only_if_something_failed_there() {
    let mut state = testing();
    ledger(&mut state, &[(Feed::Categories, 0), (Feed::Products, 0)]);
    assert!(works(&press(&mut state, 't')).is_empty(), "nothing failed");
    assert!(state.notices.newest().unwrap().text.contains("nothing to retry"));
    ledger(&mut state, &[(Feed::Categories, 0), (Feed::Products, 2)]);
    let effects = press(&mut state, 't');
    assert_eq!((&request(&effects).mode, &request(&effects).feeds[..]), (&SyncMode::RETRY_ALL, &[][..]));
    end(&mut state);
    press(&mut state, 'j');
    let effects = press(&mut state, 't');
    assert_eq!(request(&effects).feeds, [Feed::Products]);
}

#[test]
fn ids_are_typed_with_commas_and_none_is_refused() {
    let mut state = testing();
    press(&mut state, 'j');
    press(&mut state, 'i');
    type_text(&mut state, " , ");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty());
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.error.is_some()));
    paste(&mut state, "24-MB01, 7 ,");
    let effects = key(&mut state, KeyCode::Enter);
    let words = vec!["24-MB01".to_owned(), "7".to_owned()];
    assert_eq!(request(&effects).mode, SyncMode::ByIds { words, kind: IdKind::Either });
    assert_eq!(request(&effects).feeds, [Feed::Products]);
    assert!(state.dialog.is_none());
}

#[test]
fn a_clean_up_wants_the_name_of_its_feed() {
    let mut state = testing();
    press(&mut state, 'z');
    type_text(&mut state, "products");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty(), "another feed is selected");
    for _ in 0.."products".len() {
        key(&mut state, KeyCode::Backspace);
    }
    type_text(&mut state, "categories");
    let effects = key(&mut state, KeyCode::Enter);
    assert_eq!(request(&effects).mode, SyncMode::Cleanup);
    assert_eq!(request(&effects).feeds, [Feed::Categories]);
}

#[test]
fn a_clean_up_into_production_wants_both_names() {
    let mut state = state(Pane::Export, Some(DataSpaceKind::Production));
    press(&mut state, 'z');
    type_text(&mut state, "categories");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty());
    type_text(&mut state, "Main");
    let effects = key(&mut state, KeyCode::Enter);
    assert_eq!(request(&effects).mode, SyncMode::Cleanup);
    assert_eq!(request(&effects).typed_name, None, "the guard has its own question");
}

#[test]
fn no_dialog_opens_while_a_run_is_active() {
    for letter in ['i', 'c', 'z', 't'] {
        let mut state = testing();
        run(&mut state);
        assert!(works(&press(&mut state, letter)).is_empty());
        assert!(state.dialog.is_none());
        assert_eq!(state.notices.newest().unwrap().tone, Tone::Warning);
    }
}

#[test]
fn what_the_guard_refused_begins_again_with_the_name_of_the_data_space() {
    let mut state = testing();
    press(&mut state, 'c');
    refuse(&mut state, Exit::Guarded);
    assert!(!state.export.is_busy());
    type_text(&mut state, "main");
    assert!(works(&key(&mut state, KeyCode::Enter)).is_empty(), "the name must be exact");
    for _ in 0..4 {
        key(&mut state, KeyCode::Backspace);
    }
    type_text(&mut state, "Main");
    let effects = key(&mut state, KeyCode::Enter);
    assert_eq!(request(&effects).typed_name.as_deref(), Some("Main"));
    assert!(matches!(request(&effects).mode, SyncMode::Partial(_)), "the same request");
}

#[test]
fn what_a_setting_must_say_is_not_asked_for_by_name() {
    let mut state = testing();
    press(&mut state, 'a');
    let hint = Hint::from("set it: ").and(Remedy::SendAnyway { feed: "products".into() });
    let refused = Err(Problem::new(Exit::Guarded, "products was changed").hint(hint));
    state.update(Event::Reply(Reply::Export(ExportReply::RunStarted(refused))), &now());
    assert!(state.dialog.is_none() && !state.export.is_busy());
    let hint = state.notices.newest().expect("a notice").hint.clone().expect("a hint");
    assert!(hint.contains("feeds.products.customised send-anyway"), "{hint}");
}

#[test]
fn other_refusals_and_leaving_ask_nothing() {
    let mut state = testing();
    press(&mut state, 'a');
    refuse(&mut state, Exit::Locked);
    assert!(state.dialog.is_none() && state.notices.newest().is_some());
    press(&mut state, 'a');
    press(&mut state, 'q');
    press(&mut state, 'x');
    let refused = Err(Problem::new(Exit::Guarded, "this is a staging installation"));
    assert!(quits(&state.update(Event::Reply(Reply::Export(ExportReply::RunStarted(refused))), &now())));
    assert!(state.dialog.is_none());
}

#[test]
fn a_remark_about_many_feeds_is_one_notice() {
    let mut state = testing();
    run(&mut state);
    let note = |feed, text: &str| RunEvent::Note { feed, text: text.into() };
    let same = "compared in full, because it was never compared in full from here";
    let news = vec![
        note(Feed::Products, same),
        note(Feed::Prices, same),
        note(Feed::Prices, "left out"),
        note(Feed::Variants, same),
        note(Feed::Orders, same),
        note(Feed::Orders, same),
    ];
    state.update(Event::Run { news, skipped: 0 }, &now());
    assert_eq!(state.notices.count(), 2);
    assert_eq!(state.notices.newest().unwrap().text, format!("products, prices and 2 more feeds: {same}"));
}

/// A state whose cursor is on the only reason of failures, which two feeds have.
fn on_a_reason() -> State {
    let mut state = testing();
    let failure = |feed, number| ItemFailure {
        feed,
        label: format!("sku-{number}").into(),
        state: ItemState::WillRetry,
        message: format!("invalid value \"{number}\" for type").into(),
        code: "".into(),
        request_id: None,
    };
    let failures = vec![failure(Feed::Products, 1), failure(Feed::Products, 2), failure(Feed::Prices, 3)];
    state.update(Event::Reply(Reply::Export(ExportReply::Ledger(Ok((Vec::new(), failures))))), &now());
    press(&mut state, 'G');
    state
}

#[test]
fn the_items_of_a_reason_are_retried_in_all_their_feeds() {
    let effects = press(&mut on_a_reason(), 't');
    let request = request(&effects);
    assert_eq!(request.mode, SyncMode::Retry { error: "invalid value".to_owned() });
    assert_eq!(request.feeds, [Feed::Products, Feed::Prices]);
}

#[test]
fn the_items_of_a_reason_are_written_to_a_file_that_is_asked_for() {
    let mut state = on_a_reason();
    assert!(press(&mut state, 'w').is_empty(), "asked first");
    let effects = key(&mut state, KeyCode::Enter);
    let Some(Effect::Work(Work::Items(ItemsWork::SaveCsv { queries, path }))) = effects.first() else {
        panic!("{effects:?}")
    };
    assert_eq!(path.to_str(), Some("failed.csv"));
    let asked: Vec<_> = queries.iter().map(|query| (query.feed, query.state, query.error.as_str())).collect();
    let of = |feed| (feed, Some(ItemState::WillRetry), "invalid value");
    assert_eq!(asked, [of(Feed::Products), of(Feed::Prices)]);
    let saved = |result| Event::Reply(Reply::Items(ItemsReply::CsvSaved { path: "failed.csv".into(), result }));
    state.update(saved(Err(Problem::usage("failed.csv already exists"))), &now());
    assert!(matches!(&state.dialog, Some(Dialog::Line(line)) if line.error.is_some()), "another name can be typed");
    state.update(saved(Ok(3)), &now());
    assert!(state.dialog.is_none());
    assert_eq!(state.notices.newest().unwrap().text, "3 items written to failed.csv");
}

#[test]
fn a_dry_run_of_everything_ends_with_lint_and_another_does_not() {
    let ended = |request: ExportRequest, end: RunEnd| {
        let mut state = testing();
        press(&mut state, 'd');
        begin(&mut state);
        state.export.request = request;
        let progress = Progress { dry_run: true, ..progress(1200, 4000) };
        let report = RunReport { progress, end, unknown_ids: vec![], requests_per_second: None };
        let effects = state.update(Event::RunEnded(Ok(report)), &now());
        let asked = works(&effects).iter().find_map(|work| match work {
            Work::Export(ExportWork::LintDryRun(feeds)) => Some(feeds.clone()),
            _ => None,
        });
        (state, asked)
    };
    let whole = || ExportRequest { dry_run: true, feeds: vec![Feed::Products], ..ExportRequest::default() };
    let (mut state, asked) = ended(whole(), RunEnd::Complete);
    assert_eq!(asked, Some(vec![Feed::Products]));
    let row = Row::new("Lint: no problems in 3 items", crate::report::Tone::Good);
    state.update(Event::Reply(Reply::Export(ExportReply::DryRunLinted(row.clone()))), &now());
    let RunState::Ended(run) = &state.export.run else { panic!("not ended") };
    assert!(matches!(&run.lint, Linted::Done(shown) if *shown == row));
    assert_eq!(ended(whole(), RunEnd::Stopped).1, None);
    let partial = ExportRequest { mode: SyncMode::RETRY_ALL, ..whole() };
    assert_eq!(ended(partial, RunEnd::Complete).1, None);
}
