//! How the screen looks: read-only over the state, no I/O, no clock, any size.

mod choice_text;
mod dialogs;
mod unsaved;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::domain::DataSpaceKind;
use crate::tui::model::State;
use crate::tui::panes::export::ExportPage;
use crate::tui::panes::{Pane, export, items, keys, organization, overview, saas, tabs};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::{footer, header, notice, text};

/// The least width and height at which a pane can be read, in cells.
const LEAST: (u16, u16) = (60, 15);

/// Draws everything.
pub fn draw(frame: &mut Frame, state: &State, theme: Theme) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(frame, theme);
    } else {
        let notice = notice::lines(&state.notices, theme, area.width);
        let notice_height = u16::try_from(notice.len()).unwrap_or(u16::MAX);
        let [header, body, news, footer] = Layout::vertical([
            Constraint::Length(header::HEIGHT),
            Constraint::Min(1),
            Constraint::Length(notice_height),
            Constraint::Length(1),
        ])
        .areas(area);
        header::draw(frame, header, &state.overview, state.contexts.current.as_deref(), theme);
        pane(frame, body, state, theme);
        frame.render_widget(Paragraph::new(notice), news);
        let is_offered = |action| state.refusal(action).is_none();
        let is_paused = state.export.active().is_some_and(|run| run.progress.paused.is_some());
        footer::draw(frame, footer, state.place(), &is_offered, is_paused, theme);
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
    for (pane, title) in tabs::titles(area.width) {
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
        Pane::Overview => {
            let export = state.view(&state.export);
            let home = state.view(&state.home);
            overview::view::draw(frame, inner, home, export, &state.steps(), state.is_new_here(), theme);
        }
        Pane::Keys => keys::view::draw(frame, inner, state.view(&state.keys), theme),
        Pane::Saas => saas::view::draw(frame, inner, state.view(&state.saas), theme),
        Pane::Organization => organization::view::draw(frame, inner, state.view(&state.organization), theme),
        Pane::Export => {
            let view = state.view(&state.export);
            match &state.export.page {
                ExportPage::Summary => export::view::draw(frame, inner, view, theme),
                ExportPage::Feed(_) => export::feed_view::draw(frame, inner, view, theme),
                ExportPage::Items(items) => items::view::draw(frame, inner, state.view(&**items), theme),
                ExportPage::Item { item, .. } => items::item_view::draw(frame, inner, state.view(&**item), theme),
                ExportPage::Log => export::log_view::draw(frame, inner, view, theme),
            }
        }
    }
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
