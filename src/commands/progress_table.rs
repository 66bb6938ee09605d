//! The table of `export status --watch` on a terminal: redrawn in place, a row per feed, the total, requests and failures.

use std::io::{self, Write as _};
use std::time::Duration;

use jiff::Zoned;
use ratatui::crossterm::terminal::{Clear, ClearType};
use ratatui::crossterm::{cursor, queue, terminal};
use tokio::time::Instant;

use crate::domain::Feed;
use crate::export::progress::{FeedProgress, Progress};
use crate::export::total::{Items, percent};
use crate::export::total_text::{reason_line, requests_line, total_line};
use crate::format::count;
use crate::tui::widgets::text::{fit, left, right};

/// The least time between two drawings: a table that flickers is not read.
const DRAW_EVERY: Duration = Duration::from_millis(500);
/// The width of a bar, in cells.
const BAR: usize = 20;
/// How many reasons of failures are shown; the screen and the end of the run have more.
const REASONS: usize = 3;

/// The table, and how much of it stands above the cursor.
#[derive(Debug, Default)]
pub struct ProgressTable {
    drawn_rows: u16,
    drawn_at: Option<Instant>,
}

impl ProgressTable {
    /// Draws it in place of the last drawing, unless that was a moment ago. Who cannot be written to is not told.
    pub fn draw(&mut self, progress: &Progress, age: Duration) {
        if self.drawn_at.is_some_and(|at| at.elapsed() < DRAW_EVERY) {
            return;
        }
        let (width, height) = terminal::size().unwrap_or((80, 24));
        let rows = usize::from(height.saturating_sub(1));
        let shown = lines(progress, age, &Zoned::now(), usize::from(width.saturating_sub(1)), rows);
        self.erase();
        let mut out = io::stdout().lock();
        for line in &shown {
            let _ = writeln!(out, "{line}");
        }
        let _ = out.flush();
        self.drawn_rows = u16::try_from(shown.len()).unwrap_or(u16::MAX);
        self.drawn_at = Some(Instant::now());
    }

    /// Takes it off, for what comes in its place.
    pub fn erase(&mut self) {
        let rows = std::mem::take(&mut self.drawn_rows);
        if rows == 0 {
            return;
        }
        let mut out = io::stdout().lock();
        let _ = queue!(out, cursor::MoveToPreviousLine(rows), Clear(ClearType::FromCursorDown));
        let _ = out.flush();
    }
}

/// The lines, each at most `width` cells wide, and at most `rows`: the total and the feed that runs come first.
fn lines(progress: &Progress, age: Duration, now: &Zoned, width: usize, rows: usize) -> Vec<String> {
    let mut below = vec![total_line(progress, age, now)];
    below.extend(requests_line(&progress.requests));
    below.extend(progress.reasons.sorted().into_iter().take(REASONS).map(reason_line));
    below.truncate(rows.saturating_sub(2).max(1));
    let room = rows.saturating_sub(below.len() + 1);
    let running = progress.feeds.iter().position(|feed| feed.phase.is_active()).unwrap_or_default();
    let from = running.saturating_sub(room / 2).min(progress.feeds.len().saturating_sub(room));
    let names = progress.feeds.iter().map(|feed| feed.feed.name().len()).max().unwrap_or(0).max("FEED".len());
    let heading = row("FEED", names, "PROGRESS", "", "SENT", "FAILED", "STATE");
    let feeds = progress.feeds.iter().skip(from).take(room).map(|feed| row_of(feed, names, progress.dry_run));
    let all = std::iter::once(heading).chain(feeds).chain(below);
    all.take(rows).map(|line| fit(line.trim_end(), width)).collect()
}

fn row(name: &str, names: usize, bar: &str, percent: &str, sent: &str, failed: &str, state: &str) -> String {
    format!(
        "{}  {}  {}  {}  {}  {state}",
        left(name, names),
        left(bar, BAR),
        right(percent, 4),
        right(sent, 19),
        right(failed, 7)
    )
}

fn row_of(feed: &FeedProgress, names: usize, dry_run: bool) -> String {
    let name: Feed = feed.feed;
    let done = feed.done(dry_run);
    let share = match feed.items() {
        Items { number: Some(0), is_exact: true } => Some((1, 1)),
        Items { number, .. } => number.map(|number| (done.min(number), number)),
    };
    let (done, all) = share.unwrap_or((0, 1));
    let filled = usize::try_from(u128::from(done) * BAR as u128 / u128::from(all.max(1))).unwrap_or(BAR).min(BAR);
    let bar = "#".repeat(filled) + &".".repeat(BAR - filled);
    let number = share.map_or("-".to_owned(), |(done, all)| format!("{}%", percent(done, all)));
    let sent = if dry_run {
        format!("{} to send", count(feed.to_send()))
    } else {
        format!("{} of {}", count(feed.submitted), count(feed.to_send()))
    };
    row(name.name(), names, &bar, &number, &sent, &count(feed.will_retry + feed.needs_attention), feed.phase.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::item_state::ItemState;
    use crate::export::progress::Phase;

    fn progress() -> Progress {
        let feed = |feed, phase, submitted| FeedProgress {
            phase,
            collected: 2_000,
            new: 2_000,
            submitted,
            ..FeedProgress::new(feed)
        };
        let mut progress = Progress::new(
            vec![
                feed(Feed::Categories, Phase::Done, 2_000),
                feed(Feed::Products, Phase::Sending, 500),
                FeedProgress { estimated: Some(4_000), ..FeedProgress::new(Feed::Prices) },
            ],
            false,
        );
        progress.requests.ok = 25;
        progress.reasons.add(Feed::Products, ItemState::WillRetry, "busy");
        progress
    }

    fn shown(width: usize, rows: usize) -> Vec<String> {
        let now = "2026-03-04T12:03:10+01:00[Europe/Berlin]".parse().unwrap();
        lines(&progress(), Duration::ZERO, &now, width, rows)
    }

    #[test]
    fn each_feed_has_a_row_and_the_total_is_below() {
        let expected = [
            "FEED        PROGRESS                                   SENT   FAILED  STATE",
            "categories  ####################  100%       2,000 of 2,000        0  done",
            "products    #####...............   25%         500 of 2,000        0  sending",
            "prices      ....................    0%               0 of 0        0  waiting",
            "In all: 31%, 2,500 of about 8,000 items done; measuring",
            "Requests: 25 ok, 0 retried, 0 refused, 0 waiting",
            "1 item failed, will retry: busy (products 1)",
        ];
        assert_eq!(shown(200, 40), expected);
    }

    #[test]
    fn in_a_small_window_the_running_feed_and_the_total_are_left() {
        for (width, rows) in [(60, 5), (20, 4), (40, 3)] {
            let shown = shown(width, rows);
            assert!(shown.len() <= rows && shown.iter().all(|line| line.chars().count() <= width), "{shown:?}");
            assert!(shown.iter().any(|line| line.starts_with("In all: 31%")), "{shown:?}");
        }
        assert!(shown(60, 6).iter().any(|line| line.starts_with("products")));
    }
}
