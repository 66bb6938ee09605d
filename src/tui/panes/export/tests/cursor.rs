//! The filter, the order and the cursor of the table of feeds.

use crate::tui::model::tests::*;
use crate::tui::panes::export::requests::ExportReply;
use crate::tui::widgets::notices::Tone;

fn with_failures() -> State {
    let mut state = testing();
    let failures = vec![failure("24-MB01"), failure("24-WG02")];
    reply(&mut state, Reply::Export(ExportReply::Ledger(Ok((Vec::new(), failures)))));
    state
}

#[test]
fn a_filter_lists_feeds_by_name_or_state_and_errors_by_their_text() {
    let mut state = with_failures();
    press(&mut state, '/');
    type_text(&mut state, "categ");
    assert_eq!(state.export.shown_feeds(), [Feed::Categories]);
    assert_eq!(state.export.selected_feed(), Some(Feed::Categories));
    assert!(state.export.shown_reasons().is_empty());
    key(&mut state, KeyCode::Esc);
    press(&mut state, '/');
    type_text(&mut state, "never sent");
    assert_eq!(state.export.shown_feeds(), [Feed::Categories, Feed::Products]);
    key(&mut state, KeyCode::Esc);
    press(&mut state, '/');
    type_text(&mut state, "required");
    assert_eq!(state.export.shown_feeds().len(), 2, "no feed is called so: it is for the errors");
    assert_eq!(state.export.selected_reason(), Some(0));
    assert_eq!(state.export.shown_reasons().len(), 1);
}

#[test]
fn escape_clears_the_filter_before_it_dismisses_a_notice() {
    let mut state = with_failures();
    press(&mut state, '/');
    type_text(&mut state, "categ");
    key(&mut state, KeyCode::Enter);
    state.notices.add(Tone::Info, "news", &now().wall);
    key(&mut state, KeyCode::Esc);
    assert!(!state.export.filter.is_set() && state.notices.count() == 1);
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.notices.count(), 0);
}

#[test]
fn feeds_are_sorted_and_the_cursor_stays_on_its_feed() {
    let mut state = testing();
    run(&mut state);
    press(&mut state, 'g');
    assert_eq!(state.export.selected_feed(), Some(Feed::Categories));
    press(&mut state, '>');
    press(&mut state, '>');
    assert_eq!(state.export.shown_feeds(), [Feed::Products, Feed::Categories], "2,800 products have no answer yet");
    assert_eq!(state.export.selected_feed(), Some(Feed::Categories));
    press(&mut state, '>');
    assert_eq!(state.export.shown_feeds(), [Feed::Categories, Feed::Products]);
}

#[test]
fn the_cursor_follows_the_run_until_it_is_moved() {
    let mut state = testing();
    run(&mut state);
    assert_eq!(state.export.selected_feed(), Some(Feed::Products), "the feed that is sent");
    press(&mut state, 'k');
    state.update(Event::Progress(progress(1300, 4000)), &now());
    assert_eq!(state.export.selected_feed(), Some(Feed::Categories), "it stays where it was moved to");
}
