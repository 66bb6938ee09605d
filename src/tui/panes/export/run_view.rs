//! The run: what it does, how far it is, what holds it back, and how it ended.

use ratatui::text::{Line, Span};

use crate::connector::ExportRequest;
use crate::connector::estimate::Forecast;
use crate::error::Exit;
use crate::export::progress::{Limit, Phase, RunEnd, RunReport};
use crate::export::total_text::silence_words;
use crate::format::{count, counted, duration, rate};
use crate::report::Tone;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::feed_text::limit;
use crate::tui::panes::export::run::{ActiveRun, EndedRun, Linted, RunState};
use crate::tui::panes::export::totals::Totals;
use crate::tui::remedy::words;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::report::mark_of;
use crate::tui::widgets::spark;
use crate::tui::widgets::text::{fit, paragraph, time, width};
use crate::untrusted::SafeText;

/// The most and the fewest bars of the rate: of five seconds each.
const BARS: usize = 36;
const LEAST_BARS: usize = 6;
/// The width of what stands beside them, in cells: two blanks and ` peak 10,000 items/s`.
const PEAK: usize = 22;
/// How many ids are named that nobody has.
const IDS_SHOWN: usize = 10;

/// What the run does, or what can be done. Begins with a blank line.
pub fn lines(view: View<'_, ExportPane>, is_short: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let pane = &view.pane;
    match &pane.run {
        RunState::None => {
            let text = if view.overview.data_space.is_none() {
                "No data space selected: choose one in pane 2, then export.".to_owned()
            } else if view.overview.settings.read_only {
                format!("Read-only: nothing is sent. {}: dry run.", key_of(KeyContext::Export, Action::DryRun))
            } else {
                format!(
                    "{} exports every feed, {} the selected one, {} only changes; {}: dry run.",
                    key_of(KeyContext::Export, Action::StartAll),
                    key_of(KeyContext::Export, Action::StartSelected),
                    key_of(KeyContext::Export, Action::Partial),
                    key_of(KeyContext::Export, Action::DryRun)
                )
            };
            let mut lines = vec![Line::default(), Line::styled(fit(&text, room), theme.style(Role::Dim))];
            if !is_short {
                lines.push(limits(view, true, theme, room));
            }
            lines
        }
        RunState::Starting => {
            vec![
                Line::default(),
                Line::styled("◌ Starting: opening keys, source and ledger …", theme.style(Role::Accent)),
            ]
        }
        // `run_page` draws it.
        RunState::Active(_) => Vec::new(),
        RunState::Ended(ended) => ended_lines(ended, &pane.request, pane.totals(), theme, room),
    }
}

/// The time left of the feed that runs, with its reason, and what is not in it.
pub fn eta(run: &ActiveRun, room: usize) -> String {
    let feeds = &run.progress.feeds;
    let limit = limit(run);
    if let Some(paused) = &run.progress.paused {
        let by = paused.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        return format!("paused{by}, nothing more is sent. {}: resume", key_of(KeyContext::Feed, Action::PauseResume));
    }
    if let Some(silence) = silence_words(&run.progress, run.age()) {
        return silence;
    }
    let waiting = u64::try_from(feeds.iter().filter(|feed| feed.phase == Phase::Waiting).count()).unwrap_or(u64::MAX);
    let text = match (run.eta(), feeds.iter().find(|feed| feed.phase.is_active())) {
        (Some(eta), Some(feed)) if run.progress.limit != Limit::Unknown => {
            format!("{}: about {} left, {limit}", feed.feed, duration(eta))
        }
        _ => limit,
    };
    // What they will send is known only once they are compared, so nobody can say how long they take.
    let whole = format!("{text}; {} left", counted(waiting, "feed"));
    if waiting > 0 && width(&whole) <= room { whole } else { text }
}

/// How fast the run may send, and, if that is wanted, how fast it was lately.
pub fn limits(view: View<'_, ExportPane>, with_rate: bool, theme: Theme, room: usize) -> Line<'static> {
    let words = view.pane.limits_in_force(&view.overview.settings.limits).words();
    let mut spans = vec![Span::styled(fit(&format!("Limits: {words}"), room), theme.style(Role::Dim))];
    let run = view.pane.active().filter(|_| with_rate);
    let values = run.map(|run| run.rates.per_second()).unwrap_or_default();
    let left_over = room.saturating_sub(width(&words) + width("Limits: "));
    spans.extend(rate_spans(&values, left_over, theme));
    Line::from(spans)
}

/// Items a second lately, as bars with what they mean; nothing where there is no room or nothing to show.
pub fn rate_spans(values: &[f64], room: usize, theme: Theme) -> Vec<Span<'static>> {
    let cells = room.saturating_sub(PEAK).min(BARS);
    if values.is_empty() || cells < LEAST_BARS {
        return Vec::new();
    }
    let shown = &values[values.len().saturating_sub(cells)..];
    let text = format!(" peak {} items/s", rate(shown.iter().copied().fold(0.0, f64::max)));
    vec![
        Span::styled(format!("  {}", spark::bars(shown)), theme.style(Role::Accent)),
        Span::styled(text, theme.style(Role::Dim)),
    ]
}

fn ended_lines(
    ended: &EndedRun,
    request: &ExportRequest,
    totals: Totals,
    theme: Theme,
    room: usize,
) -> Vec<Line<'static>> {
    let at = time(&ended.at);
    let what = request.words();
    let (text, role) = match &ended.result {
        Err(problem) => (format!("✗ Export failed at {at}: {}", problem.what), Role::Danger),
        Ok(report) => {
            let failures = totals.will_retry + totals.needs_attention;
            let took = duration(report.progress.elapsed);
            let numbers = format!(
                "{} sent, {} unchanged, {} failed",
                counted(totals.submitted, "item"),
                count(totals.unchanged),
                count(failures)
            );
            let unsettled: u64 = report.progress.feeds.iter().map(|feed| feed.unsettled).sum();
            let numbers = match unsettled {
                0 => numbers,
                _ if failures > 0 => numbers,
                _ => format!("{numbers}, {} not confirmed", count(unsettled)),
            };
            match &report.end {
                RunEnd::Complete if report.progress.dry_run => (
                    format!(
                        "◇ Dry run at {at}: {} to send ({} new, {} changed, {} deleted), {} unchanged; nothing sent",
                        counted(totals.to_send, "item"),
                        count(totals.new),
                        count(totals.changed),
                        count(totals.gone),
                        count(totals.unchanged)
                    ),
                    Role::Text,
                ),
                RunEnd::Complete if report.held().next().is_some() => {
                    let held: Vec<String> =
                        report.held().map(|held| format!("{}; {}", held.sentence(), words(&held.remedy()))).collect();
                    (format!("▲ {what} incomplete at {at} after {took}: {numbers}; {}", held.join("; ")), Role::Danger)
                }
                RunEnd::Complete if report.exit() != Exit::Done => {
                    (format!("▲ {what} done at {at} after {took}: {numbers}"), Role::Warning)
                }
                RunEnd::Complete => (format!("● {what} done at {at} after {took}: {numbers}"), Role::Good),
                RunEnd::Stopped => {
                    (format!("■ {what} stopped at {at} after {took}: {numbers}; run again to resume"), Role::Warning)
                }
                RunEnd::Failed { problems } => {
                    let feeds = problems.iter().map(|(feed, _)| feed.name()).collect::<Vec<_>>().join(", ");
                    (format!("✗ Incomplete at {at}: {feeds} failed; {numbers}; run again to resume"), Role::Danger)
                }
                RunEnd::KeysRefused { message, remedy } => {
                    let what = format!("✗ Stopped at {at}: the gateway refused the keys ({message}); {numbers}");
                    (format!("{what}; {}, then run again", words(&remedy.hint())), Role::Danger)
                }
            }
        }
    };
    let mut lines = vec![Line::default()];
    lines.extend(paragraph(&text, room, theme.style(role)));
    if let Ok(report) = &ended.result {
        let start = key_of(KeyContext::Export, Action::StartAll);
        let words = || format!("{} Press {start} to export every feed.", Forecast::of(report).words());
        let forecast = report.progress.dry_run.then(words);
        lines.extend(paragraph_of(forecast, Role::Dim, theme, room));
        lines.extend(lint_lines(&ended.lint, theme, room));
        lines.extend(paragraph_of(unknown_ids(report), Role::Warning, theme, room));
    }
    lines
}

/// What lint says of what a dry run would send, with the key that opens what it found.
fn lint_lines(lint: &Linted, theme: Theme, room: usize) -> Vec<Line<'static>> {
    match lint {
        Linted::No => Vec::new(),
        Linted::Reading => vec![Line::styled("◌ Lint: reading the catalogue …", theme.style(Role::Accent))],
        Linted::Done(row) => {
            let (mark, role) = mark_of(row.tone);
            let key = match row.tone {
                Tone::Good => String::new(),
                _ => format!("; {}: mistakes", key_of(KeyContext::Export, Action::Lint)),
            };
            paragraph(&format!("{mark} {}{key}", row.text), room, theme.style(role))
        }
    }
}

fn paragraph_of(text: Option<String>, role: Role, theme: Theme, room: usize) -> Vec<Line<'static>> {
    text.map(|text| paragraph(&text, room, theme.style(role))).unwrap_or_default()
}

/// The ids that nobody has; of a long list the beginning.
fn unknown_ids(report: &RunReport) -> Option<String> {
    let ids: Vec<&str> = report.unknown_ids.iter().take(IDS_SHOWN).map(SafeText::as_str).collect();
    if ids.is_empty() {
        return None;
    }
    let more = match report.unknown_ids.len().saturating_sub(ids.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("▲ Not found in the source or the ledger: {}{more}", ids.join(", ")))
}
