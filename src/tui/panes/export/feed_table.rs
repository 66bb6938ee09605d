//! The table of feeds: a row per feed, exact numbers, and the totals.

use ratatui::text::{Line, Span};

use crate::domain::Feed;
use crate::format::count;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::cursor::FeedOrder;
use crate::tui::panes::export::feed_text::{adobe, awaiting, backlog, failed, of_total, state_of, submitted};
use crate::tui::panes::export::run::RunState;
use crate::tui::panes::{Load, View};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, moment, right};

/// The width of the names of feeds, in cells.
const FEED: usize = 20;
/// The width of the submitted items, in cells: from `12,400/12,880+` to `1,000,000 of 1,000,000+`.
const LEAST_SUBMITTED: usize = 11;
const WANTED_SUBMITTED: usize = 14;
const MOST_SUBMITTED: usize = 26;

/// A column beside the feed's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Records,
    Submitted,
    Awaiting,
    /// Failed, by either state.
    Failed,
    Retry,
    Attention,
    State,
    Synced,
    Backlog,
    Adobe,
}

use Column::{Adobe, Attention, Awaiting, Backlog, Failed, Records, Retry, State as Word, Submitted, Synced};

/// What fits, the most first: what Adobe's own export says goes first, the source records last.
const LAYOUTS: [&[Column]; 7] = [
    &[Records, Submitted, Awaiting, Retry, Attention, Word, Synced, Backlog, Adobe],
    &[Records, Submitted, Awaiting, Retry, Attention, Word, Synced, Backlog],
    &[Records, Submitted, Awaiting, Retry, Attention, Word, Synced],
    &[Records, Submitted, Awaiting, Failed, Word, Synced],
    &[Records, Submitted, Failed, Word, Synced],
    &[Records, Submitted, Failed, Word],
    &[Submitted, Failed, Word],
];

impl Column {
    fn title(self) -> &'static str {
        match self {
            Records => "Records",
            Submitted => "Sent",
            Awaiting => "Not sent",
            Failed => "Failed",
            Retry => "Retry",
            Attention => "Needs fix",
            Word => "State",
            Synced => "Synced",
            Backlog => "Backlog",
            Adobe => "Adobe's",
        }
    }

    /// Its width in cells, without the gap before it.
    fn width(self) -> usize {
        match self {
            Records | Attention | Adobe => 9,
            Submitted => 0,
            Awaiting | Backlog => 8,
            Failed | Retry | Synced => 6,
            Word => 13,
        }
    }

    /// What stands between the column before and this one.
    fn gap(self) -> &'static str {
        if self == Word { "  " } else { " " }
    }
}

/// The columns that fit, and the width that is left for the submitted items.
fn columns(room: usize) -> (&'static [Column], usize) {
    let taken =
        |layout: &[Column]| 2 + FEED + layout.iter().map(|column| column.gap().len() + column.width()).sum::<usize>();
    let fits = |layout: &&&[Column]| {
        let wanted = if layout.contains(&Synced) { WANTED_SUBMITTED } else { LEAST_SUBMITTED };
        taken(layout) + wanted <= room
    };
    let [.., least] = LAYOUTS;
    let layout = LAYOUTS.iter().find(fits).copied().unwrap_or(least);
    (layout, room.saturating_sub(taken(layout)).min(MOST_SUBMITTED))
}

/// A cell and its role.
type Cell = (String, Role);

/// A row: the cursor's place, a name, and a cell for each column.
fn row(
    name: (&str, Role),
    cell: impl Fn(Column, usize) -> Cell,
    is_selected: bool,
    theme: Theme,
    room: usize,
) -> Line<'static> {
    let (layout, submitted) = columns(room);
    let span = |text: String, role| Span::styled(text, theme.style(role));
    let mut spans =
        vec![span(if is_selected { "▸ " } else { "  " }.to_owned(), Role::Accent), span(left(name.0, FEED), name.1)];
    for column in layout {
        let width = if *column == Submitted { submitted } else { column.width() };
        let (text, role) = cell(*column, width);
        let text = if *column == Word { left(&text, width) } else { right(&text, width) };
        spans.push(span(format!("{}{text}", column.gap()), role));
    }
    crate::tui::widgets::list::selected(Line::from(spans), is_selected, theme)
}

/// Its lines: a heading, at most `rows` feeds, and the totals.
pub fn lines(feeds: &[Feed], rows: usize, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let pane = &view.pane;
    let is_sorted = |column: Column| match pane.order {
        FeedOrder::Export => false,
        FeedOrder::Failed => matches!(column, Failed | Attention),
        FeedOrder::NotSent => column == Awaiting,
    };
    let title =
        |column: Column, _| (column.title().to_owned(), if is_sorted(column) { Role::Title } else { Role::Dim });
    let mut lines = vec![row(("Feed", Role::Dim), title, false, theme, room)];
    if feeds.is_empty() {
        lines.push(nothing(&pane.counts_load, theme, room));
    }
    let from = crate::tui::widgets::list::window(pane.selected.min(feeds.len()), feeds.len(), rows);
    for (number, feed) in feeds.iter().enumerate().skip(from).take(rows) {
        let cell = |column, width| cell_of(*feed, column, width, view);
        lines.push(row((feed.name(), Role::Text), cell, number == pane.selected, theme, room));
    }
    let total = |column, width| (total_of(feeds, column, width, view), Role::Title);
    lines.push(row(("Total", Role::Title), total, false, theme, room));
    lines
}

/// Why there is no row.
fn nothing(load: &Load, theme: Theme, room: usize) -> Line<'static> {
    let refresh = key_of(KeyContext::Export, Action::Refresh);
    let (text, role) = match load {
        Load::Failed { problem } => (format!("  ✗ {}; {refresh}: retry", problem.what), Role::Danger),
        Load::Done { .. } => ("  the source has no feeds".to_owned(), Role::Warning),
        Load::Loading => ("  counting source records …".to_owned(), Role::Dim),
        Load::NotAsked => (format!("  source records not counted; {refresh}: count"), Role::Dim),
    };
    Line::styled(fit(&text, room), theme.style(role))
}

fn cell_of(feed: Feed, column: Column, width: usize, view: View<'_, ExportPane>) -> Cell {
    let pane = &view.pane;
    let failures = |number: u64| (count(number), if number > 0 { Role::Danger } else { Role::Dim });
    let (will_retry, needs_attention) = failed(pane, feed);
    match column {
        Records => {
            let text = match (pane.source_records_of(feed), &pane.counts_load) {
                (Some(records), _) => count(records),
                (None, Load::Loading) => "…".to_owned(),
                (None, _) => "-".to_owned(),
            };
            (text, Role::Text)
        }
        Submitted => (submitted(pane, feed, width), Role::Text),
        Awaiting => {
            let number = awaiting(pane, feed);
            (count(number), if number > 0 { Role::Warning } else { Role::Dim })
        }
        Failed => failures(will_retry + needs_attention),
        Retry => (count(will_retry), if will_retry > 0 { Role::Warning } else { Role::Dim }),
        Attention => failures(needs_attention),
        Word => {
            let word = state_of(pane, feed);
            (word.text.to_owned(), word.role)
        }
        Synced => {
            let last = pane.summary_of(feed).and_then(|summary| summary.last_sync);
            (last.map_or("-".to_owned(), |at| moment(at, view.wall)), Role::Dim)
        }
        Backlog => backlog(view.pane.reports.health_of(feed)),
        Adobe => adobe(view.pane.reports.health_of(feed)),
    }
}

fn total_of(feeds: &[Feed], column: Column, width: usize, view: View<'_, ExportPane>) -> String {
    let pane = &view.pane;
    let sum = |of: &dyn Fn(Feed) -> u64| count(feeds.iter().map(|feed| of(*feed)).sum());
    match column {
        Records => sum(&|feed| pane.source_records_of(feed).unwrap_or(0)),
        Submitted => {
            let totals = pane.totals();
            match &pane.run {
                _ if pane.progress().is_some_and(|progress| progress.dry_run) => {
                    format!("{} to send", count(totals.to_send))
                }
                RunState::Active(_) => of_total(totals.submitted, totals.to_send, totals.is_collecting, width),
                _ => count(pane.ledger.iter().map(|summary| summary.submitted).sum()),
            }
        }
        Awaiting => sum(&|feed| awaiting(pane, feed)),
        Failed => sum(&|feed| {
            let (will_retry, needs_attention) = failed(pane, feed);
            will_retry + needs_attention
        }),
        Retry => sum(&|feed| failed(pane, feed).0),
        Attention => sum(&|feed| failed(pane, feed).1),
        Word | Synced | Backlog | Adobe => String::new(),
    }
}
