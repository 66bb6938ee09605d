//! The newest notice, between pane and footer, until a key dismisses it.

use ratatui::text::{Line, Span};

use crate::tui::theme::Theme;
use crate::tui::widgets::notices::Notices;
use crate::tui::widgets::report::mark_of;
use crate::tui::widgets::text::{time, wrap};

/// The most rows that a notice may take.
const MOST_ROWS: usize = 4;

/// Its lines; none if there is nothing to say.
pub fn lines(notices: &Notices, theme: Theme, area_width: u16) -> Vec<Line<'static>> {
    let Some(notice) = notices.newest() else { return Vec::new() };
    let (mark, role) = mark_of(notice.tone);
    let more = match notices.count() {
        1 => "Esc: dismiss".to_owned(),
        count => format!("Esc: dismiss, {} more", count - 1),
    };
    let mut text = notice.text.clone();
    if let Some(hint) = &notice.hint {
        text.push_str(": ");
        text.push_str(hint);
    }
    let text = format!("{text} ({}; {more})", time(&notice.at));
    let room = usize::from(area_width).saturating_sub(4);
    let mut wrapped = wrap(&text, room);
    if wrapped.len() > MOST_ROWS {
        wrapped.truncate(MOST_ROWS);
        if let Some(last) = wrapped.last_mut() {
            *last = crate::tui::widgets::text::fit(&format!("{last} …"), room);
        }
    }
    let style = theme.style(role);
    wrapped
        .into_iter()
        .enumerate()
        .map(|(row, line)| {
            let begin = if row == 0 { format!(" {mark} ") } else { "   ".to_owned() };
            Line::from(vec![Span::styled(begin, style), Span::styled(line, style)])
        })
        .collect()
}
