//! What is known of one feed: this run, our ledger, its way through the installation, and Adobe's own feed table.

use std::fmt::Write as _;

use jiff::Zoned;
use ratatui::text::{Line, Span};

use crate::commerce::health::{FeedPath, IndexerStatus, Mode, Part};
use crate::connector::health::{AdobeItems, BACKLOG_LIMIT, FeedHealth, Health};
use crate::domain::Feed;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{FeedProgress, SENT_MEANS};
use crate::format::{bytes, count, counted};
use crate::report::{Row, Section, Tone};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::Load;
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::report;
use crate::tui::widgets::text::{fit, full_moment, moment, time, width};

/// The counters of the run that it is in.
fn of_run(progress: &FeedProgress) -> Section {
    let mut run = Section::new("This run");
    run.say("Phase", progress.phase.word());
    let numbers = [
        ("Records read", progress.source_read),
        ("Items", progress.collected),
        ("New", progress.new),
        ("Changed", progress.changed),
        ("Deleted", progress.gone),
        ("Unchanged", progress.unchanged),
        ("Requests", progress.requests),
    ];
    for (name, number) in numbers {
        run.say(name, count(number));
    }
    run.say("Sent", format!("{} compressed", bytes(progress.bytes)));
    run
}

/// What the ledger has of it.
fn of_ledger(summary: &FeedSummary, wall: Option<&Zoned>) -> Section {
    let mut ledger = Section::new("Sent from here");
    say_states(&mut ledger, [summary.submitted, summary.awaiting, summary.will_retry, summary.needs_attention]);
    ledger.say("Coverage", summary.coverage().share());
    ledger.say("Full sync", summary.last_sync.map_or("never".to_owned(), |at| full_moment(at, wall)));
    if let Some(at) = summary.last_partial {
        ledger.say("Partial sync", full_moment(at, wall));
    }
    ledger
}

fn say_states(section: &mut Section, numbers: [u64; 4]) {
    let names = ["Sent", "Not sent", "Will retry", "Needs a fix"];
    for (name, number) in names.into_iter().zip(numbers) {
        section.say(name, count(number));
    }
}

/// Its way through the installation.
fn in_commerce(path: &FeedPath) -> Section {
    let mut commerce = Section::new("In Commerce");
    let look_after = |is_wrong, tone| if is_wrong { tone } else { Tone::Plain };
    match &path.indexer {
        Part::Known(Some(status)) => {
            let is_invalid = *status == IndexerStatus::ReindexRequired;
            commerce.push("Indexer", status.words(), look_after(is_invalid, Tone::Danger));
        }
        Part::Known(None) => commerce.say("Indexer", "not installed"),
        missing => commerce.push("Indexer", missing.complaint().unwrap_or_default(), Tone::Warning),
    }
    if let Some(Some(view)) = path.view.known() {
        commerce.push("Mode", view.mode.words(), look_after(view.mode == Mode::OnSave, Tone::Warning));
    }
    if let Some((cursor, newest)) = path.stall() {
        let text = format!("▲ silent stall: {} > {}", count(cursor), count(newest));
        commerce.push("Change log", text, Tone::Danger);
    } else if let Some(backlog) = path.log.known().and_then(|log| log.backlog) {
        let is_long = backlog > BACKLOG_LIMIT;
        commerce.push("Backlog", counted(backlog, "record"), look_after(is_long, Tone::Warning));
    }
    commerce
}

/// Adobe's own feed table.
fn of_adobe(items: &Part<AdobeItems>, wall: Option<&Zoned>) -> Section {
    let mut adobe = Section::new("Adobe's own export");
    let Some(items) = items.known() else {
        adobe.push("Feed table", items.complaint().unwrap_or_default(), Tone::Warning);
        return adobe;
    };
    match items.by_state {
        Some(of) => say_states(&mut adobe, [of.submitted, of.awaiting, of.will_retry, of.needs_attention]),
        None => adobe.say("Rows", count(items.rows)),
    }
    adobe.say("Last change", items.last_modified.map_or("never".to_owned(), |at| full_moment(at, wall)));
    adobe
}

/// Everything that is known of a feed, in lines of at most `room` cells, below its name.
pub fn lines(feed: Feed, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let kind = if feed.is_experimental() { " (experimental)" } else { "" };
    let wall = view.wall;
    let health = view.pane.reports.health_of(feed);
    let mut sections = vec![Section::new(format!("{feed}{kind}"))];
    sections.extend(view.pane.progress_of(feed).map(of_run));
    sections.extend(view.pane.summary_of(feed).map(|summary| of_ledger(summary, wall)));
    sections.extend(health.and_then(|health| health.path.as_ref()).map(in_commerce));
    sections.extend(health.and_then(|health| health.adobe.as_ref()).map(|items| of_adobe(items, wall)));
    let mut lines = report::facts(&sections, theme, room);
    let mut notes = Vec::new();
    match (&view.pane.reports.health.load, &view.pane.reports.health.value) {
        (Load::Failed { problem }, value) => {
            let known = match (&view.pane.reports.health.at, value) {
                (Some(at), Some(_)) => format!("last read at {}", time(at)),
                _ => "not available".to_owned(),
            };
            let again = key_of(KeyContext::Export, Action::Refresh);
            let text = format!("Health in Commerce {known}: {}; {again}: retry", problem.what);
            notes.extend([Row::new("", Tone::Plain), Row::new(text, Tone::Danger)]);
        }
        (Load::Loading, None) => {
            notes.extend([Row::new("", Tone::Plain), Row::new("Reading health …", Tone::Remark)]);
        }
        _ => {}
    }
    notes.push(Row::new("", Tone::Plain));
    if feed.is_experimental() {
        let text = "Experimental: how Adobe builds it is not public, so it is sent only when selected by itself.";
        notes.push(Row::new(text, Tone::Warning));
    }
    notes.push(Row::new(SENT_MEANS, Tone::Remark));
    lines.extend(notes.iter().flat_map(|note| report::lines(note, theme, room)));
    lines
}

/// The same in one line each, with label and role: here, in Adobe's own export, on its way through Commerce.
pub fn in_short(feed: Feed, view: View<'_, ExportPane>) -> Vec<(&'static str, String, Role)> {
    let now = view.wall;
    let ours = match view.pane.summary_of(feed) {
        Some(of) => {
            let synced =
                of.last_sync.map_or("no full sync yet".to_owned(), |at| format!("last full sync {}", moment(at, now)));
            let role = by_failures(of.will_retry, of.needs_attention);
            (states([of.submitted, of.awaiting, of.will_retry, of.needs_attention]) + "; " + &synced, role)
        }
        None if view.pane.is_busy() => ("nothing sent from here before this run".to_owned(), Role::Dim),
        None => ("nothing sent from here yet".to_owned(), Role::Dim),
    };
    let health = view.pane.reports.health_of(feed);
    let not_known = || {
        let health = &view.pane.reports.health;
        let text = match (&health.load, &health.value) {
            (Load::Loading, None) => "reading …",
            (_, Some(Health { installation: None, .. })) => "no Commerce database is configured",
            (_, Some(Health { installation: Some(installation), .. })) if !installation.has_adobe_export => {
                "Adobe's export is not installed"
            }
            _ => "not available",
        };
        (text.to_owned(), Role::Dim)
    };
    let adobe = match health.and_then(|health| health.adobe.as_ref()) {
        Some(Part::Known(AdobeItems { by_state: Some(of), .. })) => (
            format!("sent {}", states([of.submitted, of.awaiting, of.will_retry, of.needs_attention])),
            by_failures(of.will_retry, of.needs_attention),
        ),
        Some(Part::Known(items)) => (counted(items.rows, "row"), Role::Text),
        Some(part) => (part.complaint().unwrap_or_default(), Role::Warning),
        None => not_known(),
    };
    let commerce = health.and_then(|health| health.path.as_ref()).map_or_else(not_known, |path| {
        let view = path.view.known().and_then(Option::as_ref);
        let mode = view.map(|view| format!(", {}", view.mode.words())).unwrap_or_default();
        let indexer = match &path.indexer {
            Part::Known(Some(status)) => status.words().to_owned(),
            Part::Known(None) => "no indexer".to_owned(),
            missing => missing.complaint().unwrap_or_default(),
        };
        let backlog = path.log.known().and_then(|log| log.backlog).filter(|_| path.stall().is_none());
        let backlog = backlog.map(|backlog| format!(", backlog {}", count(backlog))).unwrap_or_default();
        match health.and_then(failure) {
            Some((words, role)) => (format!("▲ {words}: {indexer}{mode}{backlog}"), role),
            None => (format!("{indexer}{mode}{backlog}"), Role::Text),
        }
    });
    vec![("Sent", ours.0, ours.1), ("Adobe's", adobe.0, adobe.1), ("Indexer", commerce.0, commerce.1)]
}

/// Items by state, without a word for what is not there.
fn states([submitted, awaiting, will_retry, needs_attention]: [u64; 4]) -> String {
    let others = [(awaiting, "not sent"), (will_retry, "will retry"), (needs_attention, "need a fix")];
    let mut text = count(submitted);
    for (number, word) in others.into_iter().filter(|(number, _)| *number > 0) {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {} {word}", count(number));
    }
    text
}

fn by_failures(will_retry: u64, needs_attention: u64) -> Role {
    match (will_retry, needs_attention) {
        (0, 0) => Role::Text,
        (_, 0) => Role::Warning,
        _ => Role::Danger,
    }
}

/// What is wrong with a feed's way through the installation, in a few words; the worst first.
fn failure(health: &FeedHealth) -> Option<(String, Role)> {
    let path = health.path.as_ref()?;
    let mode = path.view.known().and_then(Option::as_ref).map(|view| view.mode);
    if path.stall().is_some() {
        return Some(("silent stall".to_owned(), Role::Danger));
    }
    if path.indexer.known().and_then(Option::as_ref) == Some(&IndexerStatus::ReindexRequired) {
        return Some(("Reindex required".to_owned(), Role::Danger));
    }
    if mode == Some(Mode::BySchedule) && matches!(path.log, Part::Missing { .. }) {
        return Some(("change log missing".to_owned(), Role::Danger));
    }
    if mode == Some(Mode::OnSave) {
        return Some(("Update on Save".to_owned(), Role::Warning));
    }
    let backlog = path.log.known().and_then(|log| log.backlog).filter(|backlog| *backlog > BACKLOG_LIMIT)?;
    Some((format!("backlog {}", count(backlog)), Role::Warning))
}

/// The line below the table: what is wrong with the selected feed in Commerce, and how many feeds are not in the table.
pub fn below_table(view: View<'_, ExportPane>, theme: Theme, room: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut left_over = room;
    let failure = view.pane.feed_of_cursor().and_then(|feed| {
        let (words, role) = failure(view.pane.reports.health_of(feed)?)?;
        Some((format!("▲ {feed}: {words}"), role))
    });
    if let Some((text, role)) = failure {
        let text = fit(&text, room);
        left_over = room.saturating_sub(width(&text) + 2);
        spans.push(Span::styled(text, theme.style(role)));
    }
    let has_commerce = view.pane.reports.health.value.as_ref().is_some_and(|health| health.installation.is_some());
    let at = view.pane.reports.health.at.as_ref().filter(|_| has_commerce);
    let read = at.map(|at| format!("Commerce read at {}", time(at)));
    let absent = u64::try_from(view.pane.absent.len()).unwrap_or(u64::MAX);
    let short = format!("{} not available", counted(absent, "feed"));
    let texts = [format!("{short}: see `commerce-connector feeds list`"), short];
    if absent > 0
        && let Some(text) = texts.into_iter().find(|text| width(text) <= left_over)
    {
        let gap = if spans.is_empty() { 0 } else { 2 };
        left_over = left_over.saturating_sub(width(&text) + 2);
        spans.push(Span::styled(" ".repeat(gap) + &text, theme.style(Role::Dim)));
    }
    if let Some(text) = read.filter(|text| width(text) <= left_over) {
        spans.push(Span::styled(" ".repeat(left_over - width(&text)) + &text, theme.style(Role::Dim)));
    }
    Line::from(spans)
}
