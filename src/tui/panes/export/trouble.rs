//! What could not be read, and since when what is shown is old.

use jiff::Zoned;
use ratatui::text::Line;

use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::{Load, View};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, time};

/// A line for each thing that could not be read: since when what is shown is old, why, and the key that tries again.
pub fn lines(view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let (pane, health) = (view.pane, &view.pane.reports.health);
    let counts = (!pane.counts.is_empty()).then_some((&pane.counts_load, &pane.counts_at, "source records"));
    let known = [
        counts,
        Some((&pane.ledger_load, &pane.ledger_at, "ledger")),
        Some((&health.load, &health.at, "Commerce's and Adobe's state")),
    ];
    let again = key_of(KeyContext::Export, Action::Refresh);
    let line = |(load, at, what): (&Load, &Option<Zoned>, &str)| {
        let Load::Failed { problem } = load else { return None };
        let since = at.as_ref().map_or("not available".to_owned(), |at| format!("of {}", time(at)));
        let text = format!("✗ {what} {since} ({again}: retry): {}", problem.what);
        Some(Line::styled(fit(&text, room), theme.style(Role::Danger)))
    };
    known.into_iter().flatten().filter_map(line).collect()
}
