//! The way of a feed through a run: collect, compare, send, record, delete, each with its exact numbers.

use ratatui::text::{Line, Span};

use crate::export::progress::{FeedProgress, Phase};
use crate::format::{bytes, count, counted};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, width};

/// The width of the names of steps, in cells.
const STEP: usize = 9;
/// What stands before them, in cells.
const INDENT: usize = 4;

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Its turn has not come.
    Open,
    /// It is under way.
    Active,
    Done,
    /// The feed ended before it was done.
    Broken,
}

impl Step {
    fn mark(self) -> (&'static str, Role) {
        match self {
            Step::Open => ("○", Role::Dim),
            Step::Active => ("▶", Role::Accent),
            Step::Done => ("●", Role::Good),
            Step::Broken => ("■", Role::Warning),
        }
    }
}

/// A line for each step; only those with the numbers that matter most where it `is_short`.
pub fn lines(feed: &FeedProgress, dry_run: bool, is_short: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let [collecting, sending, deleting] = steps(feed);
    let read = match feed.source_records {
        Some(records) => format!("{} of {} read", count(feed.source_read), counted(records, "source record")),
        None => format!("{} read", counted(feed.source_read, "source record")),
    };
    let compared = format!(
        "{}: {} new, {} changed, {} unchanged",
        counted(feed.collected, "item"),
        count(feed.new),
        count(feed.changed),
        count(feed.unchanged)
    );
    let deleted = format!("{} deleted in the source", counted(feed.gone, "item"));
    let (sent, recorded) = if dry_run {
        let requests = counted(feed.planned_requests, "request");
        let sent = format!("would take {requests}, {} uncompressed; nothing sent", bytes(feed.planned_bytes));
        (sent, "nothing recorded".to_owned())
    } else {
        let more = if collecting == Step::Active || deleting == Step::Active { "+" } else { "" };
        let sent = format!(
            "{} of {}{more} items done, {}, {}",
            count(feed.settled()),
            count(feed.to_send()),
            counted(feed.requests, "request"),
            bytes(feed.bytes)
        );
        let failed = format!("{} will retry, {} need a fix", count(feed.will_retry), count(feed.needs_attention));
        let submitted = count(feed.submitted);
        let whole = format!("{submitted} items sent, {failed}");
        let short = format!("{submitted} sent, {failed}");
        let recorded = if width(&whole) + INDENT + STEP <= room { whole } else { short };
        (sent, recorded)
    };
    let all = [
        ("Collect", collecting, read, false),
        ("Compare", collecting, compared, true),
        ("Send", sending, sent, false),
        ("Record", sending, recorded, false),
        ("Delete", deleting, deleted, true),
    ];
    all.into_iter()
        .filter(|(_, _, _, can_miss)| !(is_short && *can_miss))
        .map(|(name, step, text, _)| {
            let (mark, role) = step.mark();
            Line::from(vec![
                Span::styled(format!("  {mark} "), theme.style(role)),
                Span::styled(left(name, STEP), theme.style(role)),
                Span::styled(fit(&text, room.saturating_sub(INDENT + STEP)), theme.style(Role::Text)),
            ])
        })
        .collect()
}

/// Where collecting (and comparing), sending (and recording) and deleting are.
fn steps(feed: &FeedProgress) -> [Step; 3] {
    use Step::{Active, Broken, Done, Open};
    let is_all_read = feed.source_records.is_some_and(|records| feed.source_read >= records);
    match feed.phase {
        Phase::Waiting => [Open, Open, Open],
        Phase::Collecting => [Active, if feed.to_send() > 0 { Active } else { Open }, Open],
        Phase::Sending => [Done, Active, Open],
        Phase::Deleting => [Done, Active, Active],
        Phase::Done => [Done, Done, Done],
        // How far it came is in the numbers; that it is whole nobody may think.
        Phase::Stopped | Phase::Failed => [if is_all_read { Done } else { Broken }, Broken, Broken],
    }
}
