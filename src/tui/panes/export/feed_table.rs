//! The table of feeds: a row per feed, exact numbers, and the totals.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::domain::Feed;
use crate::export::total::{Items, percent};
use crate::format::{count, duration};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::cursor::FeedOrder;
use crate::tui::panes::export::feed_text::{adobe, awaiting, backlog, failed, of_total, state_of, submitted};
use crate::tui::panes::export::run::{ActiveRun, RunState};
use crate::tui::panes::export::totals::bar;
use crate::tui::panes::{Load, View};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit_with_end, left, moment, right};

/// The width of the names of feeds, in cells.
const FEED: usize = 20;
/// The width of the submitted items, in cells: from `12,400/12,880+` to `1,000,000 of 1,000,000+`.
const LEAST_SUBMITTED: usize = 11;
const WANTED_SUBMITTED: usize = 14;
const MOST_SUBMITTED: usize = 26;
/// The width of a feed's bar, in cells: the least, what is wide, and the most, as beyond it nothing is seen better.
const LEAST_BAR: usize = 8;
const WIDE_BAR: usize = 28;
const MOST_BAR: usize = 100;

/// A column beside the feed's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Records,
    /// How much of the feed is done, as a bar and in percent of its items.
    Bar,
    Percent,
    Submitted,
    Awaiting,
    /// Failed, by either state.
    Failed,
    Retry,
    Attention,
    State,
    Synced,
    /// The time left of the feed that runs.
    Left,
    Backlog,
    Adobe,
}

use Column::{
    Adobe, Attention, Awaiting, Backlog, Bar, Failed, Left, Percent, Records, Retry, State as Word, Submitted, Synced,
};

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

/// The same while a run is under way.
const LAYOUTS_OF_RUN: [&[Column]; 8] = [
    &[Bar, Percent, Submitted, Retry, Attention, Word, Left, Synced, Backlog, Adobe],
    &[Bar, Percent, Submitted, Failed, Word, Left, Synced, Backlog, Adobe],
    &[Bar, Percent, Submitted, Failed, Word, Left, Synced],
    &[Bar, Percent, Submitted, Failed, Word, Left],
    &[Bar, Percent, Submitted, Failed, Word],
    &[Bar, Submitted, Failed, Word],
    &[Percent, Submitted, Failed, Word],
    &[Submitted, Failed, Word],
];

impl Column {
    fn title(self) -> &'static str {
        match self {
            Records => "Records",
            Bar => "Progress",
            Percent => "%",
            Left => "Left",
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
            Submitted | Bar => 0,
            Percent => 4,
            Left => 12,
            Awaiting | Backlog => 8,
            Failed | Retry | Synced => 6,
            Word => 13,
        }
    }

    /// What stands between the column before and this one.
    fn gap(self) -> &'static str {
        if matches!(self, Word | Bar) { "  " } else { " " }
    }
}

/// The columns that fit, and their widths.
#[derive(Debug, Clone, Copy)]
struct Widths {
    layout: &'static [Column],
    submitted: usize,
    bar: usize,
}

impl Widths {
    fn of(is_run: bool, room: usize) -> Self {
        let taken = |layout: &[Column]| {
            2 + FEED + layout.iter().map(|column| column.gap().len() + column.width()).sum::<usize>()
        };
        let fits = |layout: &&&[Column]| {
            let wanted = if layout.contains(&Synced) { WANTED_SUBMITTED } else { LEAST_SUBMITTED };
            let bar = if layout.contains(&Bar) { LEAST_BAR } else { 0 };
            taken(layout) + wanted + bar <= room
        };
        let layouts: &[&[Column]] = if is_run { &LAYOUTS_OF_RUN } else { &LAYOUTS };
        let layout = layouts.iter().find(fits).copied().unwrap_or(&[Submitted, Failed, Word]);
        let left_over = room.saturating_sub(taken(layout));
        if !layout.contains(&Bar) {
            return Self { layout, submitted: left_over.min(MOST_SUBMITTED), bar: 0 };
        }
        // The bar comes first, then whole numbers, then a longer bar.
        let submitted = left_over.saturating_sub(LEAST_BAR).clamp(LEAST_SUBMITTED, MOST_SUBMITTED);
        let submitted = if left_over < WIDE_BAR + MOST_SUBMITTED { submitted.min(WANTED_SUBMITTED) } else { submitted };
        Self { layout, submitted, bar: left_over.saturating_sub(submitted).min(MOST_BAR) }
    }

    fn width(self, column: Column) -> usize {
        match column {
            Submitted => self.submitted,
            Bar => self.bar,
            other => other.width(),
        }
    }
}

/// A cell and its role.
type Cell = (String, Role);

/// A row: the cursor's place, a name, and a cell for each column.
fn row(
    name: (&str, Role),
    cell: impl Fn(Column, usize) -> Cell,
    is_selected: bool,
    theme: Theme,
    widths: Widths,
) -> Line<'static> {
    let span = |text: String, role| Span::styled(text, theme.style(role));
    let mut spans =
        vec![span(if is_selected { "▸ " } else { "  " }.to_owned(), Role::Accent), span(left(name.0, FEED), name.1)];
    for column in widths.layout {
        let width = widths.width(*column);
        let (text, role) = cell(*column, width);
        let text = if matches!(column, Word | Bar) { left(&text, width) } else { right(&text, width) };
        spans.push(span(format!("{}{text}", column.gap()), role));
    }
    // The selected row keeps the colours of its states.
    let line = Line::from(spans);
    if is_selected { line.style(Modifier::BOLD) } else { line }
}

/// Which of the feeds are in sight: those around the cursor, and always the one that runs.
pub fn in_sight(feeds: &[Feed], rows: usize, pane: &ExportPane) -> Vec<usize> {
    let from = crate::tui::widgets::list::window(pane.selected.min(feeds.len()), feeds.len(), rows);
    let mut shown: Vec<usize> = (from..feeds.len()).take(rows).collect();
    let running = pane.running_feed().and_then(|running| feeds.iter().position(|feed| *feed == running));
    if let Some(running) = running.filter(|running| !shown.contains(running)) {
        // The cursor may be at either end, and what it is on stays in sight as well.
        let place = if running < from { shown.first_mut() } else { shown.last_mut() };
        let is_alone = rows == 1 && pane.selected < feeds.len();
        if let Some(place) = place.filter(|_| !is_alone || !pane.follows) {
            *place = running;
        }
    }
    shown
}

/// Its lines: a heading, at most `rows` feeds, and, outside of a run, the totals.
pub fn lines(feeds: &[Feed], rows: usize, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let pane = &view.pane;
    let is_run = pane.active().is_some();
    let widths = Widths::of(is_run, room);
    let is_sorted = |column: Column| match pane.order {
        FeedOrder::Export => false,
        FeedOrder::Failed => matches!(column, Column::Failed | Column::Attention),
        FeedOrder::NotSent => column == Column::Awaiting,
    };
    let title =
        |column: Column, _| (column.title().to_owned(), if is_sorted(column) { Role::Title } else { Role::Dim });
    let mut lines = vec![row(("Feed", Role::Dim), title, false, theme, widths)];
    if feeds.is_empty() {
        lines.push(nothing(&pane.counts_load, theme, room));
    }
    for number in in_sight(feeds, rows, pane) {
        let Some(feed) = feeds.get(number) else { continue };
        let cell = |column, width| cell_of(*feed, column, width, view);
        lines.push(row((feed.name(), Role::Text), cell, number == pane.selected, theme, widths));
    }
    if !is_run {
        let total = |column, width| (total_of(feeds, column, width, view), Role::Title);
        lines.push(row(("Total", Role::Title), total, false, theme, widths));
    }
    lines
}

/// Why there is no row.
fn nothing(load: &Load, theme: Theme, room: usize) -> Line<'static> {
    let refresh = key_of(KeyContext::Export, Action::Refresh);
    let (text, end, role) = match load {
        Load::Failed { problem } => (format!("  ✗ {}", problem.what), format!("; {refresh}: retry"), Role::Danger),
        Load::Done { .. } => ("  the source has no feeds".to_owned(), String::new(), Role::Warning),
        Load::Loading => ("  counting source records …".to_owned(), String::new(), Role::Dim),
        Load::NotAsked => ("  source records not counted".to_owned(), format!("; {refresh}: count"), Role::Dim),
    };
    Line::styled(fit_with_end(&text, &end, room), theme.style(role))
}

/// The items of a feed that need nothing more in the run, and all of them; `None` if it is not in the run, or nobody can say.
fn done_of(pane: &ExportPane, feed: Feed) -> Option<(u64, u64)> {
    let progress = pane.progress_of(feed)?;
    let done = progress.done(pane.progress().is_some_and(|all| all.dry_run));
    match progress.items() {
        // Nothing to do is done.
        Items { number: Some(0), is_exact: true } => Some((1, 1)),
        Items { number, .. } => Some((done, number?)),
    }
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
        Bar => {
            let (done, items) = done_of(pane, feed).unwrap_or_default();
            (bar(done, items, width), state_of(pane, feed).role)
        }
        Percent => {
            let percent = done_of(pane, feed).map(|(done, items)| percent(done, items));
            (percent.map_or("-".to_owned(), |percent| format!("{percent}%")), Role::Dim)
        }
        Left => {
            let run = pane.active().filter(|_| pane.running_feed() == Some(feed));
            (run.and_then(ActiveRun::eta).map_or("-".to_owned(), duration), Role::Dim)
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
            let last = pane.last_synced(feed);
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
        Word | Bar | Percent | Left | Synced | Backlog | Adobe => String::new(),
    }
}
