//! The run history as text: in full to be read, and its newest runs in one line each.

use jiff::Zoned;
use ratatui::text::{Line, Span};

use crate::export::ledger::{PastEnd, PastRun};
use crate::format::{count, duration};
use crate::report::{Row, Section, Tone};
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::report::{facts, lines, mark_of};
use crate::tui::widgets::text::{fit, full_moment, left, moment, right, width};

/// Widths of what stands in every line of a run, in cells: when it started, and how many items it sent.
const STARTED: usize = 8;
const SENT: usize = 16;
/// What it was asked to do, where there is room and where there is not.
const REQUEST: [usize; 2] = [24, 13];
/// How long it took; left out where there is no room.
const TOOK: usize = 11;
/// Below this many cells there is no room.
const WIDE: usize = 72;

/// A run in one line: when, what, how long, its items, and how it ended unless that is well.
pub fn line(run: &PastRun, wall: Option<&Zoned>, theme: Theme, room: usize) -> Line<'static> {
    let (mark, role) = mark_of(run.tone());
    let is_wide = room >= WIDE;
    let mut text = left(&moment(run.started_at, wall), STARTED);
    text.push_str(&left(run.request.as_str(), REQUEST[usize::from(!is_wide)]));
    if is_wide {
        text.push_str(&right(&run.duration().map(duration).unwrap_or_default(), TOOK));
    }
    let sent = run.counts.map(|counts| format!("{} sent", count(counts.sent)));
    text.push_str(&right(&sent.unwrap_or_default(), SENT));
    let counts = run.counts.unwrap_or_default();
    let items = [(counts.failed, "failed"), (counts.deleted, "deleted")];
    let items =
        items.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{} {word}", count(*number)));
    let end = match &run.end {
        PastEnd::Complete => None,
        // Its items may have failed, too.
        PastEnd::Failed { .. } => Some("run failed"),
        end => Some(end.word()),
    };
    for word in end.map(str::to_owned).into_iter().chain(items) {
        text.push_str("  ");
        text.push_str(&word);
    }
    let mark = format!("{mark} ");
    let rest = room.saturating_sub(width(&mark));
    Line::from(vec![Span::styled(mark, theme.style(role)), Span::styled(fit(&text, rest), theme.style(Role::Text))])
}

/// Every run of the history that is known here, newest first.
pub fn all(view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let pane = view.pane;
    if pane.history.runs.is_empty() {
        return lines(&Row::new("No runs yet in this data space.", Tone::Remark), theme, room);
    }
    facts(&pane.history.runs.iter().map(|run| section(run, view.wall)).collect::<Vec<_>>(), theme, room)
}

fn section(run: &PastRun, wall: Option<&Zoned>) -> Section {
    let mut section = Section::new(run.request.as_str());
    section.note = full_moment(run.started_at, wall);
    section.say("By", run.owner.address());
    let took = run.duration().map(|time| format!(" after {}", duration(time))).unwrap_or_default();
    let reason = run.end.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    section.push("End", format!("{}{took}{reason}", run.end.word()), run.tone());
    if let Some(counts) = run.counts {
        let items = [(counts.sent, "sent"), (counts.failed, "failed"), (counts.deleted, "deleted")];
        section.say("Items", items.map(|(number, word)| format!("{} {word}", count(number))).join(", "));
    }
    section
}
