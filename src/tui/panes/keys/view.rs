//! The pane of key pairs.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::connector::Half;
use crate::domain::Environment;
use crate::keys::ApiKey;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::keys::guide_text::WHERE_KEYS;
use crate::tui::panes::keys::{Check, Draft, KeysPane};
use crate::tui::remedy::hint_of;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{paragraph, time, width, wrap};

/// The width of a label, in cells.
const LABEL: usize = 14;
/// The height from which both pairs and what is between them fit, in rows.
const BOTH_PAIRS: u16 = 13;
/// The width from which the pairs stand side by side, in cells.
const SIDE_BY_SIDE: u16 = 96;
/// The space between them, in cells.
const GAP: u16 = 2;

/// Draws it: the pairs side by side where there is room, else one above the other, else only the selected one.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, KeysPane>, theme: Theme) {
    let used = if area.width >= SIDE_BY_SIDE {
        side_by_side(frame, area, view, theme)
    } else {
        stacked(frame, area, view, theme)
    };
    let [_, below] = Layout::vertical([Constraint::Length(used), Constraint::Min(0)]).areas(area);
    let room = usize::from(below.width);
    let lines = guide(view, theme, room);
    // Half a guide would be worse than none: its key is in the footer.
    if lines.len() <= usize::from(below.height) {
        frame.render_widget(Paragraph::new(lines), below);
    }
}

/// Returns how many rows it took.
fn side_by_side(frame: &mut Frame, area: Rect, view: View<'_, KeysPane>, theme: Theme) -> u16 {
    let [first, _, second] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(GAP), Constraint::Fill(1)]).areas(area);
    let mut used = 0;
    for (environment, column) in Environment::ALL.into_iter().zip([first, second]) {
        let lines = pair(environment, view, theme, usize::from(column.width));
        used = used.max(u16::try_from(lines.len()).unwrap_or(u16::MAX));
        frame.render_widget(Paragraph::new(lines), column);
    }
    used.min(area.height)
}

/// Returns how many rows it took.
fn stacked(frame: &mut Frame, area: Rect, view: View<'_, KeysPane>, theme: Theme) -> u16 {
    let mut lines = Vec::new();
    for environment in Environment::ALL {
        if area.height >= BOTH_PAIRS || environment == view.pane.selected {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.extend(pair(environment, view, theme, usize::from(area.width)));
        }
    }
    let used = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    frame.render_widget(Paragraph::new(lines), area);
    used
}

/// Where keys come from; in short for who has none and little room.
fn guide(view: View<'_, KeysPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    if room + 4 >= usize::from(crate::tui::widgets::list::WIDE) {
        lines.push(Line::styled("Where keys come from", theme.style(Role::Title)));
        for text in WHERE_KEYS {
            lines.extend(paragraph(text, room, theme.style(Role::Dim)));
        }
    } else if view.pane.is_bare() {
        let key = |action| key_of(KeyContext::Keys, action);
        let text = format!(
            "No keys yet. The license owner or a partner signer generates a pair in the API portal; {}: details. Select the pair ({}), then paste its API key ({}) and private key ({}).",
            key(Action::WhereKeys),
            "Up, Down",
            key(Action::PasteApiKey),
            key(Action::PastePrivateKey),
        );
        lines.extend(paragraph(&text, room, theme.style(Role::Text)));
    }
    lines
}

fn pair(environment: Environment, view: View<'_, KeysPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let is_selected = environment == view.pane.selected;
    let name = match environment {
        Environment::Production => "Production pair",
        Environment::Sandbox => "Sandbox pair",
    };
    let style = theme.style(Role::Title);
    let style = if is_selected { theme.selected(style) } else { style };
    let mut title = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
        Span::styled(format!(" {name} "), style),
    ];
    if environment == view.overview.environment {
        title.push(Span::styled("  ● in use", theme.style(Role::Good)));
    }
    let draft = view.pane.draft(environment);
    if view.pane.rotating == Some(environment) {
        title.push(Span::styled("  ▲ being replaced", theme.style(Role::Warning)));
    } else if !draft.is_empty() {
        title.push(Span::styled("  ▲ not saved", theme.style(Role::Warning)));
    }
    let mut lines = vec![Line::from(title)];
    let Some(status) = view.pane.status(environment) else {
        lines.push(Line::styled("   reading the configuration …", theme.style(Role::Dim)));
        return lines;
    };
    let api_key = draft.api_key.as_ref().map(ApiKey::masked);
    let key_press = key_of(KeyContext::Keys, Action::PasteApiKey);
    lines.extend(half("API key", api_key, &status.api_key, &format!("{key_press}: paste"), theme, room));
    let private_key = draft.private_key.as_ref().map(|key| format!("RSA {} bits {}", key.bits(), key.fingerprint()));
    let paste = key_of(KeyContext::Keys, Action::PastePrivateKey);
    let load = key_of(KeyContext::Keys, Action::KeyFromFile);
    let help = format!("{paste}: paste, {load}: load from a file");
    lines.extend(half("Private key", private_key, &status.private_key, &help, theme, room));
    lines.extend(check(view.pane.check(environment), draft, view.pane.is_complete(environment), theme, room));
    lines
}

/// One half: what was pasted goes before what is saved.
fn half(
    label: &'static str,
    pasted: Option<String>,
    saved: &Half,
    how: &str,
    theme: Theme,
    room: usize,
) -> Vec<Line<'static>> {
    match (pasted, saved) {
        (Some(shown), _) => field(label, &shown, Role::Text, "pasted, unsaved", theme, room),
        (None, Half::Present { shown, origin, locked }) => {
            let remark = match locked {
                Some(locked) => format!("▲ locked by {locked}"),
                None => format!("from {origin}"),
            };
            field(label, shown.as_str(), Role::Text, &remark, theme, room)
        }
        (None, Half::Missing) => field(label, "○ missing", Role::Warning, how, theme, room),
        (None, Half::Unusable { reason }) => {
            field(label, &format!("✗ unusable: {reason}"), Role::Danger, "", theme, room)
        }
    }
}

fn check(check: &Check, draft: &Draft, is_complete: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let verify = key_of(KeyContext::Keys, Action::Verify);
    match check {
        Check::NotAsked if is_complete || draft.pair().is_some() => {
            field("Gateway", "○ not verified", Role::Text, &format!("{verify}: verify"), theme, room)
        }
        Check::NotAsked => field("Gateway", "○ not verified", Role::Dim, "", theme, room),
        Check::Asking => field("Gateway", "◌ verifying …", Role::Accent, "", theme, room),
        Check::Accepted { at } => field("Gateway", &format!("● accepted at {}", time(at)), Role::Good, "", theme, room),
        Check::Failed { at, problem } => {
            let text = format!("✗ {} ({})", problem.what, time(at));
            field("Gateway", &text, Role::Danger, &hint_of(problem), theme, room)
        }
    }
}

/// A label, its value, and a remark: beside it where there is room, else below.
fn field(label: &'static str, value: &str, role: Role, remark: &str, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let room = room.saturating_sub(LABEL + 3);
    let begin = |text: &'static str| Span::styled(format!("   {text:<LABEL$}"), theme.style(Role::Dim));
    let mut lines = Vec::new();
    for (row, text) in wrap(value, room).into_iter().enumerate() {
        lines.push(Line::from(vec![begin(if row == 0 { label } else { "" }), Span::styled(text, theme.style(role))]));
    }
    if !remark.is_empty() {
        let used = width(value);
        if lines.len() == 1 && used + 2 + width(remark) <= room {
            lines[0].push_span(Span::styled(format!("  {remark}"), theme.style(Role::Dim)));
        } else {
            for text in wrap(remark, room) {
                lines.push(Line::from(vec![begin(""), Span::styled(text, theme.style(Role::Dim))]));
            }
        }
    }
    lines
}
