//! The run: what it does, how far it is, what holds it back, and how it ended.

use ratatui::text::{Line, Span};

use super::feed_words::limit;
use super::look::{Look, Role};
use super::text::{fit, paragraph, rate, time};
use crate::export::progress::{Limit, RunEnd};
use crate::tui::keymap::{Action, Place, key_of};
use crate::tui::state::State;
use crate::tui::state::export::{ActiveRun, EndedRun, RunState};
use crate::tui::state::totals::Totals;
use crate::words::{count, counted, duration};

/// The width of the bar that goes with the numbers, in cells.
const BAR: usize = 16;

/// What the run does, or what can be done. Begins with a blank line.
pub fn lines(state: &State, is_short: bool, look: Look, room: usize) -> Vec<Line<'static>> {
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
        RunState::Active(run) => active_lines(run, state, is_short, look, room),
        RunState::Ended(ended) => ended_lines(ended, pane.totals(), look, room),
    }
}

fn active_lines(run: &ActiveRun, state: &State, is_short: bool, look: Look, room: usize) -> Vec<Line<'static>> {
    let totals = state.export.totals();
    let more = if totals.is_collecting { "+" } else { "" };
    let elapsed = duration(run.elapsed());
    let mut lines = vec![Line::default()];
    if run.progress.dry_run {
        let text =
            format!("▶ Dry run, {elapsed}: {}{more} to send so far, nothing is sent", counted(totals.to_send, "item"));
        lines.push(Line::styled(fit(&text, room), look.style(Role::Accent)));
        return lines;
    }
    let what = match (run.progress.stopping, state.leaving) {
        (true, true) => "■ Stopping, then leaving",
        (true, false) => "■ Stopping",
        (false, _) => "▶ Exporting",
    };
    let begin = if is_short { what.chars().take(1).collect() } else { format!("{what},") };
    let noun = if is_short { "" } else { " items" };
    let numbers = format!(
        "{begin} {elapsed}: {} of {}{more}{noun} submitted to service",
        count(totals.submitted),
        count(totals.to_send)
    );
    let role = if run.progress.stopping { Role::Warning } else { Role::Accent };
    lines.push(Line::styled(fit(&numbers, room), look.style(role)));
    let requests = run.requests_per_second().map_or("-".to_owned(), rate);
    // Source records, not items: how many items there are is only known when the last record is read.
    let percent = totals.records_done * 100 / totals.records.max(1);
    let pace = format!(
        "{percent} % of {}, {} items/s, {requests} requests/s",
        counted(totals.records, "record"),
        rate(run.progress.items_per_second)
    );
    let eta = match run.eta() {
        _ if run.progress.stopping => "finishing the batches in flight; a re-run goes on".to_owned(),
        Some(eta) if run.progress.limit != Limit::Unknown => {
            let feed = run.progress.feeds.iter().find(|feed| feed.phase.is_active());
            let feed = feed.map_or(String::new(), |feed| format!("{}: ", feed.feed));
            format!("{feed}about {} left, {}", duration(eta), limit(run))
        }
        Some(_) | None => limit(run),
    };
    if !is_short {
        lines.push(Line::from(vec![
            Span::styled(bar(totals.records_done, totals.records, BAR), look.style(role)),
            Span::raw(fit(&format!("  {pace}"), room.saturating_sub(BAR))),
        ]));
    }
    lines.push(Line::styled(fit(&eta, room), look.style(Role::Dim)));
    if let Some(remark) = &state.export.remark {
        lines.push(Line::styled(fit(&format!("◐ {remark}"), room), look.style(Role::Warning)));
    }
    lines
}

/// A bar that is full only when all is done.
fn bar(done: u64, all: u64, cells: usize) -> String {
    let filled =
        (done.min(all) * cells as u64).checked_div(all).map_or(0, |filled| usize::try_from(filled).unwrap_or(cells));
    "█".repeat(filled) + &"░".repeat(cells - filled)
}

fn ended_lines(ended: &EndedRun, totals: Totals, look: Look, room: usize) -> Vec<Line<'static>> {
    let at = time(&ended.at);
    let (text, role) = match &ended.result {
        Err(problem) => (format!("✗ The run broke at {at}: {}", problem.what), Role::Danger),
        Ok(report) => {
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
                    (format!("▲ Export done at {at} after {took}: {numbers}"), Role::Warning)
                }
                RunEnd::Complete => (format!("● Export done at {at} after {took}: {numbers}"), Role::Good),
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
