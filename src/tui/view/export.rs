//! The pane of feeds: a row per feed, the totals, the run, and the last errors.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::feed_words::{failed, limit, state_of, submitted};
use super::look::{Look, Role};
use super::text::{bytes, count, counted, duration, fit, full_moment, left, moment, paragraph, rate, right, time};
use crate::export::progress::{ItemFailure, ItemState, RunEnd};
use crate::feeds::Feed;
use crate::tui::keymap::{Action, Place, key_of};
use crate::tui::state::export::{ActiveRun, EndedRun, ExportPane, RunState, Totals};
use crate::tui::state::{Load, State};

/// Widths of the columns, in cells; the rest goes to the submitted items.
const FEED: usize = 20;
const SOURCE: usize = 9;
const FAILED: usize = 6;
const WORD: usize = 12;
const SYNC: usize = 6;
/// The width of the submitted items, in cells: from `12,400/12,880+` to `1,000,000 of 1,000,000+`.
const LEAST_SUBMITTED: usize = 14;
const MOST_SUBMITTED: usize = 26;
/// The least rows for errors: a heading and two of them.
const LEAST_ERRORS: usize = 3;
/// The width of the bar that goes with the numbers, in cells.
const BAR: usize = 20;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, look: &Look) {
    let (main, side) = super::with_side(area);
    let room = usize::from(main.width);
    let height = usize::from(main.height);
    let run = run_lines(state, look, room);
    let feeds = state.export.feeds();
    // Heading, totals and a blank line; then the run; then the errors.
    let taken = 3 + run.len();
    let table_room = height.saturating_sub(taken + LEAST_ERRORS.min(height / 4)).max(1);
    let table_rows = feeds.len().clamp(1, table_room);
    let [table, below, errors] = Layout::vertical([
        Constraint::Length(u16::try_from(table_rows + 2).unwrap_or(u16::MAX)),
        Constraint::Length(u16::try_from(run.len() + 1).unwrap_or(u16::MAX)),
        Constraint::Min(0),
    ])
    .areas(main);
    frame.render_widget(Paragraph::new(feed_table(&feeds, table_rows, state, look, room)), table);
    frame.render_widget(Paragraph::new(run), below);
    frame.render_widget(Paragraph::new(error_lines(state, look, room, usize::from(errors.height))), errors);
    if let (Some(side), Some(feed)) = (side, state.export.selected_feed()) {
        frame.render_widget(Paragraph::new(about(feed, state, look, usize::from(side.width))), side);
    }
}

/// How the columns share the width. The last sync gives way first.
struct Columns {
    submitted: usize,
    has_sync: bool,
}

impl Columns {
    fn of(room: usize) -> Self {
        let fixed = 2 + FEED + 1 + SOURCE + 1 + 1 + FAILED + 2 + WORD;
        let has_sync = room >= fixed + 1 + SYNC + LEAST_SUBMITTED;
        let submitted = room.saturating_sub(fixed + if has_sync { 1 + SYNC } else { 0 });
        Self { submitted: submitted.min(MOST_SUBMITTED), has_sync }
    }
}

fn feed_table(feeds: &[Feed], rows: usize, state: &State, look: &Look, room: usize) -> Vec<Line<'static>> {
    let pane = &state.export;
    let columns = Columns::of(room);
    let dim = look.style(Role::Dim);
    let title = |source: &str, submitted: &str, failed: &str, word: &str, sync: &str| {
        let mut text = format!(
            "  {} {} {} {}  {}",
            left("Feed", FEED),
            right(source, SOURCE),
            right(submitted, columns.submitted),
            right(failed, FAILED),
            left(word, WORD)
        );
        if columns.has_sync {
            text.push(' ');
            text.push_str(&right(sync, SYNC));
        }
        text
    };
    let mut lines = vec![Line::styled(title("Records", "Submitted", "Failed", "State", "Synced"), dim)];
    if feeds.is_empty() {
        lines.push(match &pane.counts_load {
            Load::Failed { problem } => {
                Line::styled(fit(&format!("  ✗ {}", problem.what), room), look.style(Role::Danger))
            }
            Load::Done { .. } => Line::styled("  the source has no feed", look.style(Role::Warning)),
            Load::Loading => Line::styled("  counting the source records …", dim),
            Load::NotAsked => {
                let refresh = key_of(Place::Export, Action::Refresh);
                Line::styled(format!("  the source records are not counted: {refresh} counts them"), dim)
            }
        });
    }
    let from = super::window(pane.selected.min(feeds.len()), feeds.len(), rows);
    for (number, feed) in feeds.iter().enumerate().skip(from).take(rows) {
        lines.push(feed_line(*feed, number == pane.selected, &columns, state, look));
    }
    lines.push(totals_line(feeds, &columns, pane, look));
    lines
}

fn feed_line(feed: Feed, is_selected: bool, columns: &Columns, state: &State, look: &Look) -> Line<'static> {
    let pane = &state.export;
    let records = match (pane.source_records_of(feed), &pane.counts_load) {
        (Some(records), _) => count(records),
        (None, Load::Loading) => "…".to_owned(),
        (None, _) => "-".to_owned(),
    };
    let failures = failed(pane, feed);
    let failed_role = if failures > 0 { Role::Danger } else { Role::Dim };
    let word = state_of(pane, feed);
    let mut spans = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, look.style(Role::Accent)),
        Span::styled(left(feed.name(), FEED), look.style(Role::Text)),
        Span::raw(format!(" {}", right(&records, SOURCE))),
        Span::raw(format!(" {}", right(&submitted(pane, feed, columns.submitted), columns.submitted))),
        Span::styled(format!(" {}", right(&count(failures), FAILED)), look.style(failed_role)),
        Span::styled(format!("  {}", left(word.text, WORD)), look.style(word.role)),
    ];
    if columns.has_sync {
        let last = pane.summary_of(feed).and_then(|summary| summary.last_sync);
        let sync = last.map_or("-".to_owned(), |at| moment(at, state.wall.as_ref()));
        spans.push(Span::styled(format!(" {}", right(&sync, SYNC)), look.style(Role::Dim)));
    }
    super::selected(Line::from(spans), is_selected, look)
}

fn totals_line(feeds: &[Feed], columns: &Columns, pane: &ExportPane, look: &Look) -> Line<'static> {
    let records: u64 = feeds.iter().filter_map(|feed| pane.source_records_of(*feed)).sum();
    let failures: u64 = feeds.iter().map(|feed| failed(pane, *feed)).sum();
    let sent = match &pane.run {
        RunState::Active(run) => {
            let totals = Totals::of(&run.progress);
            let more = if totals.is_collecting { "+" } else { "" };
            if run.progress.dry_run {
                format!("{}{more} to send", count(totals.to_send))
            } else {
                format!("{} of {}{more}", count(totals.submitted), count(totals.to_send))
            }
        }
        _ => count(pane.ledger.iter().map(|summary| summary.submitted).sum()),
    };
    let text = format!(
        "  {} {} {} {}",
        left("Total", FEED),
        right(&count(records), SOURCE),
        right(&sent, columns.submitted),
        right(&count(failures), FAILED)
    );
    Line::styled(text, look.style(Role::Title))
}

/// What the run does, or what can be done.
fn run_lines(state: &State, look: &Look, room: usize) -> Vec<Line<'static>> {
    let pane = &state.export;
    match &pane.run {
        RunState::None => {
            let text = if state.overview.data_space.is_some() {
                format!(
                    "{} exports every feed, {} only the selected one, {} counts without sending.",
                    key_of(Place::Export, Action::StartAll),
                    key_of(Place::Export, Action::StartSelected),
                    key_of(Place::Export, Action::DryRun)
                )
            } else {
                "No data space is chosen: choose one in pane 2, then export.".to_owned()
            };
            vec![Line::default(), Line::styled(fit(&text, room), look.style(Role::Dim))]
        }
        RunState::Starting => {
            vec![
                Line::default(),
                Line::styled("◐ Starting: opening keys, source and ledger …", look.style(Role::Accent)),
            ]
        }
        RunState::Active(run) => active_lines(run, pane.remark.as_deref(), state.leaving, look, room),
        RunState::Ended(ended) => ended_lines(ended, look, room),
    }
}

fn active_lines(run: &ActiveRun, remark: Option<&str>, leaving: bool, look: &Look, room: usize) -> Vec<Line<'static>> {
    let totals = Totals::of(&run.progress);
    let more = if totals.is_collecting { "+" } else { "" };
    let elapsed = duration(run.elapsed());
    let mut lines = vec![Line::default()];
    if run.progress.dry_run {
        let text =
            format!("▶ Dry run, {elapsed}: {}{more} to send so far, nothing is sent", counted(totals.to_send, "item"));
        lines.push(Line::styled(fit(&text, room), look.style(Role::Accent)));
        return lines;
    }
    let what = match (run.progress.stopping, leaving) {
        (true, true) => "■ Stopping, then leaving",
        (true, false) => "■ Stopping",
        (false, _) => "▶ Exporting",
    };
    let numbers = format!(
        "{what}, {elapsed}: {} of {}{more} items submitted to service",
        count(totals.submitted),
        count(totals.to_send)
    );
    let role = if run.progress.stopping { Role::Warning } else { Role::Accent };
    lines.push(Line::styled(fit(&numbers, room), look.style(role)));
    let requests = run.requests_per_second().map_or("-".to_owned(), rate);
    let pace = format!("{} items/s, {requests} requests/s", rate(run.progress.items_per_second));
    let eta = match run.eta() {
        _ if run.progress.stopping => "finishing the batches in flight; a re-run goes on".to_owned(),
        Some(eta) => format!("about {} left, {}", duration(eta), limit(run)),
        None => limit(run),
    };
    lines.push(Line::from(vec![
        Span::styled(bar(totals.settled, totals.to_send, BAR), look.style(role)),
        Span::raw(fit(&format!("  {pace}"), room.saturating_sub(BAR))),
    ]));
    lines.push(Line::styled(fit(&eta, room), look.style(Role::Dim)));
    if let Some(remark) = remark {
        lines.push(Line::styled(fit(&format!("◐ {remark}"), room), look.style(Role::Warning)));
    }
    lines
}

/// A bar that is full only when all is settled.
fn bar(done: u64, all: u64, cells: usize) -> String {
    let filled = if all == 0 { 0 } else { usize::try_from(done.min(all) * cells as u64 / all).unwrap_or(cells) };
    "█".repeat(filled) + &"░".repeat(cells - filled)
}

fn ended_lines(ended: &EndedRun, look: &Look, room: usize) -> Vec<Line<'static>> {
    let at = time(&ended.at);
    let (text, role) = match &ended.result {
        Err(problem) => (format!("✗ The run broke at {at}: {}", problem.what), Role::Danger),
        Ok(report) => {
            let totals = Totals::of(&report.progress);
            let failures = totals.will_retry + totals.needs_attention;
            let took = duration(report.progress.elapsed);
            let numbers = format!(
                "{} submitted to service, {} unchanged, {} failed",
                count(totals.submitted),
                count(totals.unchanged),
                count(failures)
            );
            match &report.end {
                RunEnd::Complete if report.progress.dry_run => (
                    format!(
                        "◇ Dry run of {at}: {} would be sent ({} new, {} changed, {} deleted), {} unchanged; nothing was sent",
                        counted(totals.to_send, "item"),
                        count(totals.new),
                        count(totals.changed),
                        count(totals.gone),
                        count(totals.unchanged)
                    ),
                    Role::Text,
                ),
                RunEnd::Complete if failures > 0 => {
                    (format!("▲ Complete at {at} after {took}: {numbers}"), Role::Warning)
                }
                RunEnd::Complete => (format!("● Complete at {at} after {took}: {numbers}"), Role::Good),
                RunEnd::Stopped => {
                    (format!("■ Stopped at {at} after {took}: {numbers}; a re-run goes on"), Role::Warning)
                }
                RunEnd::Failed { problems } => {
                    let feeds = problems.iter().map(|(feed, _)| feed.name()).collect::<Vec<_>>().join(", ");
                    (format!("✗ Not whole at {at}: {feeds} failed; {numbers}; a re-run goes on"), Role::Danger)
                }
                RunEnd::KeysRefused { message } => {
                    (format!("✗ Stopped at {at}: the gateway refused the keys ({message}); {numbers}"), Role::Danger)
                }
            }
        }
    };
    let mut lines = vec![Line::default()];
    lines.extend(paragraph(&text, room, look.style(role)));
    lines
}

fn error_lines(state: &State, look: &Look, room: usize, height: usize) -> Vec<Line<'static>> {
    let pane = &state.export;
    if height == 0 {
        return Vec::new();
    }
    let filter = &pane.filter;
    let shown: Vec<&ItemFailure> = pane.shown_failures().collect();
    let heading = if filter.editing || filter.is_set() {
        super::dialogs::filter_line(filter, look, room)
    } else if let Load::Failed { problem } = &pane.ledger_load {
        Line::styled(fit(&format!("✗ {}", problem.what), room), look.style(Role::Danger))
    } else if pane.failures.is_empty() {
        Line::styled("No errors", look.style(Role::Dim))
    } else {
        let all = u64::try_from(pane.failures.len()).unwrap_or(u64::MAX);
        let older = if pane.failures_skipped > 0 {
            format!("; {} more are only in the ledger", count(pane.failures_skipped))
        } else {
            String::new()
        };
        Line::styled(fit(&format!("Last errors ({}{older}), newest first", count(all)), room), look.style(Role::Title))
    };
    let mut lines = vec![heading];
    let room_for_rows = height.saturating_sub(1);
    let selected = pane.selected_failure();
    let from = super::window(selected.unwrap_or(0), shown.len(), room_for_rows);
    for (number, failure) in shown.iter().enumerate().skip(from).take(room_for_rows) {
        lines.push(failure_line(failure, selected == Some(number), look, room));
    }
    lines
}

fn failure_line(failure: &ItemFailure, is_selected: bool, look: &Look, room: usize) -> Line<'static> {
    let (mark, role) = match failure.state {
        ItemState::NeedsAttention => ("▲", Role::Danger),
        ItemState::WillRetry => ("◐", Role::Warning),
        ItemState::Awaiting => ("○", Role::Dim),
        ItemState::Submitted => ("●", Role::Good),
    };
    let label_room = (room / 3).min(36);
    let code = if failure.code.is_empty() { String::new() } else { format!(" [{}]", failure.code) };
    let request = failure.request_id.as_ref().map(|id| format!(" request {id}")).unwrap_or_default();
    let rest = room.saturating_sub(4 + label_room + 1);
    let text = fit(&format!("{}{code}{request}", failure.message), rest);
    let line = Line::from(vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, look.style(Role::Accent)),
        Span::styled(format!("{mark} "), look.style(role)),
        Span::styled(left(&format!("{} {}", failure.feed, failure.label), label_room), look.style(Role::Text)),
        Span::styled(format!(" {}", left(&text, rest)), look.style(Role::Dim)),
    ]);
    super::selected(line, is_selected, look)
}

/// What is known of the selected feed.
fn about(feed: Feed, state: &State, look: &Look, room: usize) -> Vec<Line<'static>> {
    let pane = &state.export;
    let mut lines = vec![Line::styled(feed.name(), look.style(Role::Title)), Line::default()];
    let mut say = |label: &str, value: String| {
        lines.push(Line::from(vec![
            Span::styled(left(label, 14), look.style(Role::Dim)),
            Span::raw(fit(&value, room.saturating_sub(14))),
        ]));
    };
    if let Some(progress) = pane.progress_of(feed) {
        say("This run", progress.phase.word().to_owned());
        say("Records read", count(progress.source_read));
        say("Items", count(progress.collected));
        say("New", count(progress.new));
        say("Changed", count(progress.changed));
        say("Gone", count(progress.gone));
        say("Unchanged", count(progress.unchanged));
        say("Requests", count(progress.requests));
        say("Sent", format!("{} compressed", bytes(progress.bytes)));
        say("", String::new());
    }
    if let Some(summary) = pane.summary_of(feed) {
        say("In the service", String::new());
        say("Submitted", count(summary.submitted));
        say("Awaiting", count(summary.awaiting));
        say("Will retry", count(summary.will_retry));
        say("Attention", count(summary.needs_attention));
        let last = summary.last_sync.map_or("never whole".to_owned(), |at| full_moment(at, state.wall.as_ref()));
        say("Full sync", last);
        say("", String::new());
    }
    lines.extend(paragraph(
        "Submitted to service means that the gateway accepted the item. When it is visible in a service is not known here.",
        room,
        look.style(Role::Dim),
    ));
    lines
}
