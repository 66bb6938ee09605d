//! The page of one feed: its run phase by phase, what limits it, how it is here and in Commerce, and what failed last.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::Feed;
use crate::format::{count, counted, duration};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::feed_text::state_of;
use crate::tui::panes::export::run::RunState;
use crate::tui::panes::export::{ExportPane, feed_about, feed_phases, run_view, trouble, view};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, width};

/// Below this height nothing but what matters most is shown, in rows.
const SHORT: usize = 16;
/// The width of the labels, in cells.
const LABEL: usize = 10;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, ExportPane>, theme: Theme) {
    let Some(feed) = view.pane.feed_of_page() else { return };
    let (main, side) = crate::tui::widgets::list::with_side(area);
    let (room, height) = (usize::from(main.width), usize::from(main.height));
    let is_short = height < SHORT;
    let mut lines = vec![title(feed, view, theme, room)];
    lines.extend(run_lines(feed, view, is_short, theme, room));
    // A wide page has all of this beside it.
    if side.is_none() {
        gap(&mut lines, is_short);
        lines.extend(health_lines(feed, view, theme, room));
    }
    gap(&mut lines, is_short);
    let next = next_keys(feed, view);
    let rows = height.saturating_sub(lines.len() + usize::from(!is_short));
    lines.extend(failure_lines(feed, view, rows, theme, room));
    if !is_short {
        lines.resize(height.saturating_sub(1).max(lines.len()), Line::default());
        lines.push(Line::styled(fit(&next, room), theme.style(Role::Dim)));
    }
    frame.render_widget(Paragraph::new(lines), main);
    if let Some(side) = side {
        frame.render_widget(Paragraph::new(feed_about::lines(feed, view, theme, usize::from(side.width))), side);
    }
}

fn gap(lines: &mut Vec<Line<'static>>, is_short: bool) {
    if !is_short {
        lines.push(Line::default());
    }
}

fn title(feed: Feed, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Line<'static> {
    let word = state_of(view.pane, feed);
    let mut rest = match &view.pane.run {
        RunState::Active(run) => format!("{}, {}", view.pane.request.words(), duration(run.elapsed())),
        RunState::Starting => "starting …".to_owned(),
        RunState::None | RunState::Ended(_) => {
            view.pane.source_records_of(feed).map_or(String::new(), |records| counted(records, "source record"))
        }
    };
    let taken = width(feed.name()) + 2 + width(word.text) + 2;
    rest = fit(&rest, room.saturating_sub(taken));
    Line::from(vec![
        Span::styled(format!("{feed}  "), theme.style(Role::Title)),
        Span::styled(format!("{}  ", word.text), theme.style(word.role)),
        Span::styled(rest, theme.style(Role::Dim)),
    ])
}

/// The run of this feed, and what holds it back.
fn run_lines(feed: Feed, view: View<'_, ExportPane>, is_short: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let pane = &view.pane;
    let mut lines = match pane.progress_of(feed) {
        Some(progress) => {
            feed_phases::lines(progress, pane.progress().is_some_and(|all| all.dry_run), is_short, theme, room)
        }
        None => Vec::new(),
    };
    match &pane.run {
        RunState::Active(run) => {
            let text = match pane.progress_of(feed) {
                _ if run.progress.stopping => "Stopping after in-flight batches; run again to resume".to_owned(),
                Some(progress) if progress.phase.is_active() => run_view::eta(run, room),
                Some(_) => format!("Running another feed: {}", run_view::eta(run, 0)),
                None => format!("This feed is not in the run: {}", run_view::eta(run, 0)),
            };
            lines.push(Line::styled(fit(&text, room), theme.style(Role::Accent)));
            if let (Some(remark), false) = (&pane.remark, is_short) {
                let remark = remark.words(run.clock, room.saturating_sub(2));
                lines.push(Line::styled(format!("◐ {remark}"), theme.style(Role::Warning)));
            }
        }
        RunState::Ended(ended) if pane.progress_of(feed).is_some() => {
            let text = format!("Run ended at {}; its numbers:", crate::tui::widgets::text::time(&ended.at));
            lines.push(Line::styled(fit(&text, room), theme.style(Role::Dim)));
        }
        RunState::None | RunState::Starting | RunState::Ended(_) => {}
    }
    if let (Some(run), false) = (pane.active(), is_short) {
        let rate = run_view::rate_spans(&run.rates.per_second(), room.saturating_sub(LABEL), theme);
        if !rate.is_empty() {
            lines.push(Line::from([vec![Span::styled("Rate    ", theme.style(Role::Dim))], rate].concat()));
        }
    }
    lines.push(run_view::limits(view, false, theme, room));
    lines
}

/// How it is here, in Adobe's own export, and on its way through Commerce: one line each.
fn health_lines(feed: Feed, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line> = feed_about::in_short(feed, view)
        .into_iter()
        .map(|(label, text, role)| {
            Line::from(vec![
                Span::styled(left(label, LABEL), theme.style(Role::Dim)),
                Span::styled(fit(&text, room.saturating_sub(LABEL)), theme.style(role)),
            ])
        })
        .collect();
    lines.extend(trouble::lines(view, theme, room).into_iter().take(1));
    lines
}

/// The last errors of this feed, with as many rows as there is room for.
fn failure_lines(feed: Feed, view: View<'_, ExportPane>, rows: usize, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let failures: Vec<_> = view.pane.failures_of(feed).collect();
    if failures.is_empty() {
        let (will_retry, needs_attention) = crate::tui::panes::export::feed_text::failed(view.pane, feed);
        let text = match will_retry + needs_attention {
            0 => "No errors".to_owned(),
            failed => {
                let items = key_of(KeyContext::Feed, Action::ShowItems);
                format!("{} failed earlier; {items}: list", counted(failed, "item"))
            }
        };
        return vec![Line::styled(fit(&text, room), theme.style(Role::Dim))];
    }
    let number = u64::try_from(failures.len()).unwrap_or(u64::MAX);
    let items = key_of(KeyContext::Feed, Action::ShowItems);
    let text = format!("Last errors of {feed} ({}), newest first; {items}: all items", count(number));
    let mut lines = vec![Line::styled(fit(&text, room), theme.style(Role::Title))];
    let rows = rows.min(view::most_errors(view.pane)).saturating_sub(1);
    let selected = view.pane.feed_selected.min(failures.len().saturating_sub(1));
    let from = crate::tui::widgets::list::window(selected, failures.len(), rows);
    let label_room = view::label_room(&failures, room);
    for (number, failure) in failures.into_iter().enumerate().skip(from).take(rows) {
        lines.push(view::failure_line(failure, label_room, number == selected, theme, room));
    }
    lines
}

/// The keys to use next.
fn next_keys(feed: Feed, view: View<'_, ExportPane>) -> String {
    let key = |action| key_of(KeyContext::Feed, action);
    let (will_retry, needs_attention) = crate::tui::panes::export::feed_text::failed(view.pane, feed);
    if view.pane.is_busy() {
        let is_paused = view.pane.active().is_some_and(|run| run.progress.paused.is_some());
        return format!(
            "{}: {}, {} {} threads, {} {} batch size, {}: stop, {}: log",
            key(Action::PauseResume),
            if is_paused { "resume" } else { "pause" },
            key(Action::FewerThreads),
            key(Action::MoreThreads),
            key(Action::SmallerBatches),
            key(Action::LargerBatches),
            key(Action::Stop),
            key(Action::ShowLog)
        );
    }
    let retry = key(Action::Retry);
    match (will_retry, needs_attention) {
        (0, 0) => format!(
            "{}: send changes, {}: from change logs, {}: dry run, {}: reset",
            key(Action::StartSelected),
            key(Action::Partial),
            key(Action::DryRun),
            key(Action::CleanUp)
        ),
        (will_retry, 0) => format!("{retry}: retry {}", counted(will_retry, "failed item")),
        (_, needs_attention) => {
            format!("Fix {} in Commerce first, then {retry}: retry failed items", counted(needs_attention, "item"))
        }
    }
}
