//! The log of a run, and the page of one feed.

use crate::export::SyncMode;
use crate::tui::model::tests::*;
use crate::tui::panes::export::log::LINES_KEPT;
use crate::tui::panes::export::requests::ExportWork;

/// Refused items that are reported so many seconds after the run began.
fn tell(state: &mut State, seconds: u64, labels: impl IntoIterator<Item = String>) {
    let news = labels.into_iter().map(|label| RunEvent::ItemFailed(failure(&label))).collect();
    state.update(Event::Run { news, skipped: 0 }, &at(seconds));
    state.update(Event::Clock, &at(seconds + 4));
}

fn at(seconds: u64) -> Now {
    Now { uptime: now().uptime + Duration::from_secs(seconds), ..now() }
}

fn selected(state: &State) -> String {
    let log = &state.export.log;
    log.shown().get(log.selected()).map(|line| line.text.clone()).unwrap_or_default()
}

#[test]
fn the_newest_line_is_followed_until_another_is_selected() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, 'n');
    assert_eq!(state.place(), KeyContext::Log);
    tell(&mut state, 10, ["a".to_owned(), "b".to_owned()]);
    assert!(state.export.log.is_following() && selected(&state).contains(" b:"));
    press(&mut state, 'k');
    tell(&mut state, 20, ["c".to_owned()]);
    assert!(!state.export.log.is_following() && selected(&state).contains(" a:"), "{}", selected(&state));
    key(&mut state, KeyCode::End);
    tell(&mut state, 30, ["d".to_owned()]);
    assert!(state.export.log.is_following() && selected(&state).contains(" d:"));
}

#[test]
fn the_log_is_bounded_and_a_selected_line_stays_selected_while_older_ones_go() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, 'n');
    tell(&mut state, 40, (0..LINES_KEPT).map(|number| format!("sku-{number}")));
    (0..500).for_each(|_| {
        press(&mut state, 'k');
    });
    let before = selected(&state);
    tell(&mut state, 50, (0..100).map(|number| format!("late-{number}")));
    let (kept, dropped) = state.export.log.size();
    assert_eq!(kept, LINES_KEPT);
    assert!(dropped >= 100);
    assert_eq!(selected(&state), before);
    tell(&mut state, 60, (0..LINES_KEPT).map(|number| format!("later-{number}")));
    assert!(selected(&state).contains("later-0:"), "its place goes to the oldest that is kept");
}

#[test]
fn a_filter_and_enter_find_one_line() {
    let mut state = testing();
    run(&mut state);
    tell(&mut state, 70, ["24-MB01".to_owned(), "24-WG02".to_owned()]);
    state.update(
        Event::Run { news: vec![RunEvent::Note { feed: Feed::Products, text: "left out".into() }], skipped: 0 },
        &now(),
    );
    press(&mut state, 'n');
    press(&mut state, '/');
    type_text(&mut state, "mb01");
    key(&mut state, KeyCode::Enter);
    assert_eq!(state.export.log.shown().len(), 1);
    key(&mut state, KeyCode::Enter);
    assert!(
        matches!(&state.dialog, Some(Dialog::Reading { what: Reading::Failure(failure), .. }) if failure.label.as_str() == "24-MB01")
    );
    // The dialog, the notice of the remark, the filter.
    (0..3).for_each(|_| {
        key(&mut state, KeyCode::Esc);
    });
    key(&mut state, KeyCode::End);
    key(&mut state, KeyCode::Enter);
    assert!(
        matches!(&state.dialog, Some(Dialog::Reading { what: Reading::Reported(line), .. }) if line.text == "products: left out")
    );
}

#[test]
fn a_new_run_begins_a_new_log() {
    let mut state = testing();
    run(&mut state);
    tell(&mut state, 80, ["old".to_owned()]);
    end(&mut state);
    let lines: Vec<String> = state.export.log.shown().iter().map(|line| line.text.clone()).collect();
    assert!(lines.first().is_some_and(|line| line == "Export: starting"), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line == "Run complete, after 42 s"), "{lines:?}");
    press(&mut state, 'a');
    assert_eq!(state.export.log.size(), (1, 0));
}

#[test]
fn what_is_done_on_the_page_of_a_feed_is_done_to_that_feed() {
    for (letter, mode, dry_run) in
        [('s', SyncMode::Full, false), ('d', SyncMode::Full, true), ('t', SyncMode::RETRY_ALL, false)]
    {
        let mut state = testing();
        key(&mut state, KeyCode::Down);
        key(&mut state, KeyCode::Enter);
        let effects = press(&mut state, letter);
        let [Work::Export(ExportWork::StartExport(request))] = works(&effects)[..] else {
            panic!("{letter} started nothing")
        };
        assert_eq!((&request.feeds[..], &request.mode, request.dry_run), (&[Feed::Products][..], &mode, dry_run));
    }
    let mut state = testing();
    key(&mut state, KeyCode::Enter);
    let effects = press(&mut state, 'c');
    assert!(
        matches!(works(&effects)[..], [Work::Export(ExportWork::StartExport(request))] if request.feeds == [Feed::Categories])
    );
}

#[test]
fn back_leads_to_where_a_page_was_opened_from() {
    let mut state = testing();
    key(&mut state, KeyCode::Enter);
    press(&mut state, 'n');
    assert_eq!(state.place(), KeyContext::Log);
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.place(), KeyContext::Feed);
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.place(), KeyContext::Export);
    press(&mut state, 'n');
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.place(), KeyContext::Export);
}

#[test]
fn a_flood_of_lines_comes_into_sight_in_steps_and_at_once_for_a_key() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, 'n');
    let mut repaints = 0;
    for tenth in 0..100 {
        let before = state.export.log.shown().len();
        let now = Now { uptime: now().uptime + Duration::from_millis(10_000 + tenth * 100), ..now() };
        let news = vec![RunEvent::ItemFailed(failure("flood"))];
        state.update(Event::Run { news, skipped: 0 }, &now);
        repaints += u32::from(state.export.log.shown().len() != before);
    }
    assert!((3..=4).contains(&repaints), "{repaints} in ten seconds");
    assert!(state.export.log.shown().len() < state.export.log.size().0);
    key(&mut state, KeyCode::End);
    assert_eq!(state.export.log.shown().len(), state.export.log.size().0);
    tell(&mut state, 30, ["last".to_owned()]);
    end(&mut state);
    assert_eq!(state.export.log.shown().len(), state.export.log.size().0, "the end is in sight at once");
}
