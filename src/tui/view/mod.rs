//! How the screen looks: read-only over the state, no I/O, no clock, any size.

mod choice_text;
mod content;
mod dialogs;
mod export;
mod feed;
mod feed_about;
mod feed_phases;
mod feed_table;
mod feed_text;
mod footer;
mod guide_text;
mod header;
mod help;
mod item;
mod items;
mod key_dialog;
mod keys;
mod log;
mod notice;
mod organization;
mod overview;
mod qr;
mod reading_text;
mod report;
mod reports;
mod run;
mod saas;
mod spark;
pub mod text;
pub mod theme;
mod unsaved;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use super::state::export::ExportPage;
use super::state::{Pane, State};
use crate::domain::DataSpaceKind;
use theme::{Role, Theme};

/// The least width and height at which a pane can be read, in cells.
const LEAST: (u16, u16) = (60, 15);
/// The width from which there is room for more about the selected row beside the list, in cells.
const WIDE: u16 = 110;
/// The width from which the titles of all panes fit in full, in cells.
const WIDE_TITLES: u16 = 84;
/// The width of that side, in cells.
const SIDE: u16 = 36;

/// Draws everything.
pub fn draw(frame: &mut Frame, state: &State, theme: Theme) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(frame, theme);
    } else {
        let notice = notice::lines(state, theme, area.width);
        let notice_height = u16::try_from(notice.len()).unwrap_or(u16::MAX);
        let [header, body, news, footer] = Layout::vertical([
            Constraint::Length(header::HEIGHT),
            Constraint::Min(1),
            Constraint::Length(notice_height),
            Constraint::Length(1),
        ])
        .areas(area);
        header::draw(frame, header, state, theme);
        pane(frame, body, state, theme);
        frame.render_widget(Paragraph::new(notice), news);
        footer::draw(frame, footer, state, theme);
        if let Some(dialog) = &state.dialog {
            dialogs::draw(frame, body, dialog, state, theme);
        }
    }
    theme.fold(frame.buffer_mut());
}

/// Draws the pane in front, in a frame that carries the names of all.
fn pane(frame: &mut Frame, area: Rect, state: &State, theme: Theme) {
    let production = matches!(state.overview.data_space, Some((_, _, DataSpaceKind::Production)));
    let keys_refused = state.keys.is_refused(state.overview.environment);
    let border = theme.style(if production || keys_refused { Role::Danger } else { Role::Dim });
    let mut titles = vec![Span::styled("─", border)];
    let names = Pane::ALL.map(|pane| if area.width < WIDE_TITLES { pane.short_title() } else { pane.title() });
    for (number, (pane, name)) in Pane::ALL.into_iter().zip(names).enumerate() {
        let title = format!(" {number} {name} ");
        let style = if pane == state.pane { theme.selected(theme.style(Role::Title)) } else { theme.style(Role::Text) };
        // Without a colour of its own a title would take that of the border.
        titles.push(Span::styled(title, style.fg(Color::Reset).bg(Color::Reset)));
        titles.push(Span::styled("─", border));
    }
    let mut block =
        Block::bordered().border_type(BorderType::Rounded).border_style(border).title_top(Line::from(titles));
    let warning = match (production, keys_refused) {
        (true, true) => Some(" ▲ Production data space, keys not accepted "),
        (true, false) => Some(" ▲ Production data space "),
        (false, true) => Some(" ▲ Keys not accepted "),
        (false, false) => None,
    };
    if let Some(warning) = warning {
        let warning = Span::styled(warning, theme.style(Role::Danger));
        block = block.title_bottom(Line::from(vec![warning, Span::styled("─", border)]).right_aligned());
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let inner = inner.inner(ratatui::layout::Margin::new(1, 0));
    match state.pane {
        Pane::Overview => overview::draw(frame, inner, state, theme),
        Pane::Keys => keys::draw(frame, inner, state, theme),
        Pane::Saas => saas::draw(frame, inner, state, theme),
        Pane::Organization => organization::draw(frame, inner, state, theme),
        Pane::Export => match state.export.page {
            ExportPage::Summary => export::draw(frame, inner, state, theme),
            ExportPage::Feed(_) => feed::draw(frame, inner, state, theme),
            ExportPage::Items(_) => items::draw(frame, inner, state, theme),
            ExportPage::Item { .. } => item::draw(frame, inner, state, theme),
            ExportPage::Log => log::draw(frame, inner, state, theme),
        },
    }
}

/// A wide pane gives its right side to what is known of the selected row.
fn with_side(area: Rect) -> (Rect, Option<Rect>) {
    if area.width + 4 < WIDE {
        return (area, None);
    }
    let [main, _, side] =
        Layout::horizontal([Constraint::Min(1), Constraint::Length(2), Constraint::Length(SIDE)]).areas(area);
    (main, Some(side))
}

/// Which part of a list is shown, so that the selected row is in it.
fn window(selected: usize, rows: usize, room: usize) -> usize {
    selected.saturating_sub(room / 2).min(rows.saturating_sub(room))
}

/// A row with the look of the selected one, if it is.
fn selected(mut line: Line<'static>, is_selected: bool, theme: Theme) -> Line<'static> {
    if !is_selected {
        return line;
    }
    line.spans.iter_mut().for_each(|span| span.style = theme.selected(span.style));
    line
}

fn too_small(frame: &mut Frame, theme: Theme) {
    let area = frame.area();
    let room = usize::from(area.width);
    let (width, height) = LEAST;
    let text = format!(
        "The screen needs {width}x{height}; this terminal has {}x{}. Enlarge it, or use commands: commerce-connector export status, commerce-connector --help.",
        area.width, area.height
    );
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text::paragraph(&text, room, theme.style(Role::Text))), area);
}
