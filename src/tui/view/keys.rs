//! The pane of key pairs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::look::{Look, Role};
use super::text::{paragraph, time, width, wrap};
use crate::client::models::Environment;
use crate::connector::Half;
use crate::keys::ApiKey;
use crate::tui::keymap::{Action, Place, key_of};
use crate::tui::state::State;
use crate::tui::state::keys::{Check, Draft};

/// The width of a label, in cells.
const LABEL: usize = 14;
/// The height from which both pairs and what is between them fit, in rows.
const BOTH_PAIRS: u16 = 13;

/// Who may generate keys, and where.
pub const WHERE_KEYS: [&str; 3] = [
    "The owner of the Adobe Commerce license, or a signer of the solution partner, generates a key pair in the API portal of the Commerce account (account.magento.com): API Portal, then the menu of the environment (Production or Sandbox), a name, and Add New.",
    "The private key is shown and offered for download once. Nobody can show it again: if it is lost, a new pair must be generated.",
    "Paste the public API key and the private key here; both halves must be of one pair and of the same environment.",
];

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, look: Look) {
    let (main, side) = super::with_side(area);
    let room = usize::from(main.width);
    let mut lines = Vec::new();
    let both = main.height >= BOTH_PAIRS;
    for environment in Environment::ALL {
        if both || environment == state.keys.selected {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.extend(pair(environment, state, look, room));
        }
    }
    if state.keys.is_bare() && side.is_none() {
        lines.push(Line::default());
        let key = key_of(Place::Keys, Action::WhereKeys);
        let text = format!(
            "No keys yet. The license owner or a partner signer generates a pair in the API portal; {key} shows how. Then paste the API key ({}) and the private key ({}).",
            key_of(Place::Keys, Action::PasteApiKey),
            key_of(Place::Keys, Action::PastePrivateKey),
        );
        lines.extend(paragraph(&text, room, look.style(Role::Text)));
    }
    frame.render_widget(Paragraph::new(lines), main);
    if let Some(side) = side {
        let room = usize::from(side.width);
        let mut lines = vec![Line::styled("Where keys come from", look.style(Role::Title))];
        for text in WHERE_KEYS {
            lines.push(Line::default());
            lines.extend(paragraph(text, room, look.style(Role::Dim)));
        }
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), side);
    }
}

fn pair(environment: Environment, state: &State, look: Look, room: usize) -> Vec<Line<'static>> {
    let is_selected = environment == state.keys.selected;
    let name = match environment {
        Environment::Production => "Production pair",
        Environment::Sandbox => "Sandbox pair",
    };
    let style = look.style(Role::Title);
    let style = if is_selected { look.selected(style) } else { style };
    let mut title = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, look.style(Role::Accent)),
        Span::styled(format!(" {name} "), style),
    ];
    if environment == state.overview.environment {
        title.push(Span::styled("  ● in use", look.style(Role::Good)));
    }
    let draft = state.keys.draft(environment);
    if !draft.is_empty() {
        title.push(Span::styled("  ▲ not saved", look.style(Role::Warning)));
    }
    let mut lines = vec![Line::from(title)];
    let Some(status) = state.keys.status(environment) else {
        lines.push(Line::styled("   reading the configuration …", look.style(Role::Dim)));
        return lines;
    };
    let api_key = draft.api_key.as_ref().map(ApiKey::masked);
    let key_press = key_of(Place::Keys, Action::PasteApiKey);
    lines.extend(half("API key", api_key, &status.api_key, &format!("press {key_press} to paste it"), look, room));
    let private_key = draft.private_key.as_ref().map(|key| format!("RSA {} bits {}", key.bits(), key.fingerprint()));
    let paste = key_of(Place::Keys, Action::PastePrivateKey);
    let load = key_of(Place::Keys, Action::KeyFromFile);
    let help = format!("press {paste} to paste it, {load} to load it from a file");
    lines.extend(half("Private key", private_key, &status.private_key, &help, look, room));
    lines.extend(check(state.keys.check(environment), draft, state.keys.is_complete(environment), look, room));
    lines
}

/// One half: what was pasted goes before what is saved.
fn half(
    label: &'static str,
    pasted: Option<String>,
    saved: &Half,
    how: &str,
    look: Look,
    room: usize,
) -> Vec<Line<'static>> {
    match (pasted, saved) {
        (Some(shown), _) => field(label, &shown, Role::Text, "pasted, not saved yet", look, room),
        (None, Half::Present { shown, origin, locked }) => {
            let remark = match locked {
                Some(locked) => format!("▲ locked by {locked}"),
                None => format!("from {origin}"),
            };
            field(label, shown.as_str(), Role::Text, &remark, look, room)
        }
        (None, Half::Missing) => field(label, "○ missing", Role::Warning, how, look, room),
        (None, Half::Unusable { reason }) => {
            field(label, &format!("✗ unusable: {reason}"), Role::Danger, "", look, room)
        }
    }
}

fn check(check: &Check, draft: &Draft, is_complete: bool, look: Look, room: usize) -> Vec<Line<'static>> {
    let verify = key_of(Place::Keys, Action::Verify);
    match check {
        Check::NotAsked if is_complete || draft.pair().is_some() => {
            field("Gateway", "○ not asked yet", Role::Text, &format!("press {verify} to verify"), look, room)
        }
        Check::NotAsked => field("Gateway", "○ not asked", Role::Dim, "", look, room),
        Check::Asking => field("Gateway", "◐ verifying …", Role::Accent, "", look, room),
        Check::Accepted { at } => field("Gateway", &format!("● accepted at {}", time(at)), Role::Good, "", look, room),
        Check::Failed { at, problem } => {
            let text = format!("✗ {} ({})", problem.what, time(at));
            field("Gateway", &text, Role::Danger, problem.hint.as_deref().unwrap_or_default(), look, room)
        }
    }
}

/// A label, its value, and a remark: beside it where there is room, else below.
fn field(label: &'static str, value: &str, role: Role, remark: &str, look: Look, room: usize) -> Vec<Line<'static>> {
    let room = room.saturating_sub(LABEL + 3);
    let begin = |text: &'static str| Span::styled(format!("   {text:<LABEL$}"), look.style(Role::Dim));
    let mut lines = Vec::new();
    for (row, text) in wrap(value, room).into_iter().enumerate() {
        lines.push(Line::from(vec![begin(if row == 0 { label } else { "" }), Span::styled(text, look.style(role))]));
    }
    if !remark.is_empty() {
        let used = width(value);
        if lines.len() == 1 && used + 2 + width(remark) <= room {
            lines[0].push_span(Span::styled(format!("  {remark}"), look.style(Role::Dim)));
        } else {
            for text in wrap(remark, room) {
                lines.push(Line::from(vec![begin(""), Span::styled(text, look.style(Role::Dim))]));
            }
        }
    }
    lines
}
