//! The footer: the keys that matter here, made from the key table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::keymap::{self, Action, Binding, KeyContext};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::width;

/// Between two keys, in cells.
const GAP: usize = 2;

/// Draws it. Where not all keys fit, those at the end of the table stay out, but never help, actions and quit. What would be
/// refused now stays out, too.
pub fn draw(
    frame: &mut Frame,
    area: Rect,
    place: KeyContext,
    is_of_use: &dyn Fn(Action) -> bool,
    is_paused: bool,
    theme: Theme,
) {
    let room = usize::from(area.width).saturating_sub(1);
    let is_offered = |binding: &&Binding| !binding.short.is_empty() && is_of_use(binding.action);
    let all: Vec<&Binding> = keymap::of_place(place).filter(is_offered).collect();
    let is_fixed = |binding: &Binding| matches!(binding.action, Action::Help | Action::Palette | Action::Quit);
    let short = |binding: &Binding| match binding.action {
        Action::PauseResume if is_paused => "resume",
        _ => binding.short,
    };
    let size = |binding: &Binding| key(binding).len() + 1 + width(short(binding)) + GAP;
    let mut left = room.saturating_sub(all.iter().filter(|binding| is_fixed(binding)).map(|b| size(b)).sum());
    let mut spans = vec![Span::raw(" ")];
    for binding in all {
        if !is_fixed(binding) {
            let Some(rest) = left.checked_sub(size(binding)) else {
                left = 0;
                continue;
            };
            left = rest;
        }
        spans.push(Span::styled(key(binding), theme.style(Role::Accent)));
        spans.push(Span::styled(format!(" {}{}", short(binding), " ".repeat(GAP)), theme.style(Role::Dim)));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn key(binding: &Binding) -> String {
    binding.keys.first().map(|key| key.name().into_owned()).unwrap_or_default()
}
