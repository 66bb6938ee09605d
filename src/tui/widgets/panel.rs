//! Boxes beside each other, for what there is room to show.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::fit;

/// A box with a title.
pub fn block(title: &str, theme: Theme) -> Block<'static> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.style(Role::Dim))
        .title(Span::styled(format!(" {title} "), theme.style(Role::Title)))
}

/// Draws text in a box. A box without room for a line is left out.
pub fn text_panel(
    frame: &mut Frame,
    area: Rect,
    title: &str,
    theme: Theme,
    lines: impl FnOnce(usize, usize) -> Vec<Line<'static>>,
) {
    if area.height < 3 || area.width < 10 {
        return;
    }
    let title = fit(title, usize::from(area.width.saturating_sub(6)));
    let block = block(&title, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let room = usize::from(inner.width.saturating_sub(2));
    let lines = lines(room, usize::from(inner.height));
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    frame.render_widget(Paragraph::new(lines), inner);
}
