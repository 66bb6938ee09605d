//! The table of feeds: a row per feed, exact numbers, and the totals.

use ratatui::text::{Line, Span};

use super::feed_words::{failed, of_total, state_of, submitted};
use super::look::{Look, Role};
use super::text::{fit, left, moment, right};
use crate::feeds::Feed;
use crate::tui::keymap::{Action, Place, key_of};
use crate::tui::state::export::ExportPane;
use crate::tui::state::run::RunState;
use crate::tui::state::{Load, State};
use crate::words::count;

/// Widths of the columns, in cells; the rest goes to the submitted items.
const FEED: usize = 20;
const RECORDS: usize = 9;
const FAILED: usize = 6;
const WORD: usize = 12;
const SYNCED: usize = 6;
/// The width of the submitted items, in cells: from `12,400/12,880+` to `1,000,000 of 1,000,000+`.
const LEAST_SUBMITTED: usize = 11;
const WANTED_SUBMITTED: usize = 14;
const MOST_SUBMITTED: usize = 26;

/// How the columns share the width. Where it is scarce, the last sync goes first, then the source records.
struct Columns {
    has_records: bool,
    submitted: usize,
    has_synced: bool,
}

/// What stands in one row, before it is brought to the widths of the columns.
struct Cells<'a> {
    feed: &'a str,
    records: &'a str,
    submitted: &'a str,
    failed: &'a str,
    word: &'a str,
    synced: &'a str,
}

/// The roles of the columns that may differ from the text of a row.
#[derive(Clone, Copy)]
struct Roles {
    text: Role,
    failed: Role,
    word: Role,
    synced: Role,
}

impl Roles {
    fn all(role: Role) -> Self {
        Self { text: role, failed: role, word: role, synced: role }
    }
}

impl Columns {
    fn of(room: usize) -> Self {
        let always = 2 + FEED + 1 + 1 + FAILED + 2 + WORD;
        let has_records = room >= always + 1 + RECORDS + LEAST_SUBMITTED;
        let taken = always + if has_records { 1 + RECORDS } else { 0 };
        let has_synced = room >= taken + 1 + SYNCED + WANTED_SUBMITTED;
        let taken = taken + if has_synced { 1 + SYNCED } else { 0 };
        Self { has_records, submitted: room.saturating_sub(taken).min(MOST_SUBMITTED), has_synced }
    }

    fn line(&self, cells: &Cells, roles: Roles, is_selected: bool, look: Look) -> Line<'static> {
        let span = |text: String, role| Span::styled(text, look.style(role));
        let mut spans = vec![
            span(if is_selected { "▸ " } else { "  " }.to_owned(), Role::Accent),
            span(left(cells.feed, FEED), roles.text),
        ];
        if self.has_records {
            spans.push(span(format!(" {}", right(cells.records, RECORDS)), roles.text));
        }
        spans.push(span(format!(" {}", right(cells.submitted, self.submitted)), roles.text));
        spans.push(span(format!(" {}", right(cells.failed, FAILED)), roles.failed));
        spans.push(span(format!("  {}", left(cells.word, WORD)), roles.word));
        if self.has_synced {
            spans.push(span(format!(" {}", right(cells.synced, SYNCED)), roles.synced));
        }
        super::selected(Line::from(spans), is_selected, look)
    }
}

/// Its lines: a heading, at most `rows` feeds, and the totals.
pub fn lines(feeds: &[Feed], rows: usize, state: &State, look: Look, room: usize) -> Vec<Line<'static>> {
    let pane = &state.export;
    let columns = Columns::of(room);
    let heading = Cells {
        feed: "Feed",
        records: "Records",
        submitted: "Submitted",
        failed: "Failed",
        word: "State",
        synced: "Synced",
    };
    let mut lines = vec![columns.line(&heading, Roles::all(Role::Dim), false, look)];
    if feeds.is_empty() {
        lines.push(nothing(&pane.counts_load, look, room));
    }
    let from = super::window(pane.selected.min(feeds.len()), feeds.len(), rows);
    for (number, feed) in feeds.iter().enumerate().skip(from).take(rows) {
        lines.push(feed_line(*feed, number == pane.selected, &columns, state, look));
    }
    lines.push(totals_line(feeds, &columns, pane, look));
    lines
}

/// Why there is no row.
fn nothing(load: &Load, look: Look, room: usize) -> Line<'static> {
    let (text, role) = match load {
        Load::Failed { problem } => (format!("  ✗ {}", problem.what), Role::Danger),
        Load::Done { .. } => ("  the source has no feed".to_owned(), Role::Warning),
        Load::Loading => ("  counting the source records …".to_owned(), Role::Dim),
        Load::NotAsked => {
            let refresh = key_of(Place::Export, Action::Refresh);
            (format!("  the source records are not counted: {refresh} counts them"), Role::Dim)
        }
    };
    Line::styled(fit(&text, room), look.style(role))
}

fn feed_line(feed: Feed, is_selected: bool, columns: &Columns, state: &State, look: Look) -> Line<'static> {
    let pane = &state.export;
    let records = match (pane.source_records_of(feed), &pane.counts_load) {
        (Some(records), _) => count(records),
        (None, Load::Loading) => "…".to_owned(),
        (None, _) => "-".to_owned(),
    };
    let failures = failed(pane, feed);
    let word = state_of(pane, feed);
    let last = pane.summary_of(feed).and_then(|summary| summary.last_sync);
    let cells = Cells {
        feed: feed.name(),
        records: &records,
        submitted: &submitted(pane, feed, columns.submitted),
        failed: &count(failures),
        word: word.text,
        synced: &last.map_or("-".to_owned(), |at| moment(at, state.wall.as_ref())),
    };
    let failed = if failures > 0 { Role::Danger } else { Role::Dim };
    columns.line(&cells, Roles { text: Role::Text, failed, word: word.role, synced: Role::Dim }, is_selected, look)
}

fn totals_line(feeds: &[Feed], columns: &Columns, pane: &ExportPane, look: Look) -> Line<'static> {
    let records: u64 = feeds.iter().filter_map(|feed| pane.source_records_of(*feed)).sum();
    let failures: u64 = feeds.iter().map(|feed| failed(pane, *feed)).sum();
    let totals = pane.totals();
    let submitted = match &pane.run {
        _ if pane.progress().is_some_and(|progress| progress.dry_run) => format!("{} to send", count(totals.to_send)),
        RunState::Active(_) => of_total(totals.submitted, totals.to_send, totals.is_collecting, columns.submitted),
        _ => count(pane.ledger.iter().map(|summary| summary.submitted).sum()),
    };
    let cells = Cells {
        feed: "Total",
        records: &count(records),
        submitted: &submitted,
        failed: &count(failures),
        word: "",
        synced: "",
    };
    columns.line(&cells, Roles::all(Role::Title), false, look)
}
