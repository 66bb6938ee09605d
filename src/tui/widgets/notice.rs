//! The newest notice in one line between pane and footer, and all of them to read.

use ratatui::text::{Line, Span};

use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::theme::Theme;
use crate::tui::widgets::notices::{Notice, Notices};
use crate::tui::widgets::report::mark_of;
use crate::tui::widgets::text::{fit, time, width, wrap};

/// Its line; none if there is nothing to say. Where not all fits, it says which key shows the rest.
pub fn lines(notices: &Notices, theme: Theme, area_width: u16) -> Vec<Line<'static>> {
    let Some(notice) = notices.newest() else { return Vec::new() };
    let (mark, role) = mark_of(notice.tone);
    let room = usize::from(area_width).saturating_sub(4);
    let key = |action| key_of(KeyContext::Overview, action);
    let read = key(Action::ShowNotices);
    let dismiss = format!(" ({}; {}: dismiss)", time(&notice.at), key(Action::Back));
    let end = match notices.count() {
        1 if width(&notice.in_full()) + width(&dismiss) <= room => dismiss,
        1 => format!(" ({read}: read)"),
        count => format!(" ({read}: all {count})"),
    };
    let text = in_short(notice, room.saturating_sub(width(&end)));
    vec![Line::styled(format!(" {mark} {text}{end}"), theme.style(role))]
}

/// In at most `room` columns: of both the beginning, and more of what to do than of what happened.
fn in_short(notice: &Notice, room: usize) -> String {
    let hint = notice.hint_part();
    let text = fit(&notice.text, room.saturating_sub(width(&hint).min(room * 3 / 5)));
    let hint = fit(&hint, room.saturating_sub(width(&text)));
    format!("{text}{hint}")
}

/// All of them in full, the newest first.
pub fn all(notices: &Notices, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for notice in notices.newest_first() {
        let (mark, role) = mark_of(notice.tone);
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        for (number, text) in
            wrap(&format!("{} {}", time(&notice.at), notice.in_full()), room.saturating_sub(2)).into_iter().enumerate()
        {
            let begin = if number == 0 { format!("{mark} ") } else { "  ".to_owned() };
            lines.push(Line::from(vec![Span::styled(begin, theme.style(role)), Span::raw(text)]));
        }
    }
    lines
}
