//! The whole run in words: how much is done, when it ends, its requests, and why items failed.
//!
//! Pure: the clock is handed in.

use std::time::Duration;

use jiff::Zoned;

use super::item_state::ItemState;
use super::progress::Progress;
use super::reasons::Reason;
use super::report_text::{limit_words, short};
use super::requests::Requests;
use super::total::Total;
use crate::format::{count, counted, duration};

/// A finish within so many seconds is a time of day; a later one has its date.
const SAME_DAY: u64 = 12 * 60 * 60;

/// So many of so many: `about` while that is an estimate, `+` while feeds are missing in it.
pub fn items_words(total: &Total) -> String {
    let more = if total.is_part { "+" } else { "" };
    let about = if total.is_exact || total.is_part { "" } else { "about " };
    format!("{} of {about}{}{more}", count(total.done), count(total.items))
}

/// When something ends that takes so long; `None` if no clock reaches that far.
pub fn finish_words(left: Duration, now: &Zoned) -> Option<String> {
    let at = now.checked_add(left).ok()?;
    let format = if left.as_secs() < SAME_DAY { "%H:%M:%S %Z" } else { "%a %b %d %H:%M %Z" };
    Some(at.strftime(format).to_string())
}

/// That the gateway does not answer, for how long, and when that ends, `age` after this was counted; `None` while it does.
pub fn silence_words(progress: &Progress, age: Duration) -> Option<String> {
    let silence = duration(progress.silence(age)?);
    let requests = &progress.requests;
    Some(match (requests.times_out.map(duration), requests.waiting) {
        (Some(times_out), 0 | 1) => format!("no answer for {silence}, times out at {times_out}"),
        (Some(times_out), waiting) => {
            format!("no answer for {silence} ({} wait, each times out at {times_out})", counted(waiting, "request"))
        }
        (None, _) => format!("no answer for {silence}"),
    })
}

/// When the run ends and what limits it, or why nobody can say.
pub fn end_of_run_words(progress: &Progress, age: Duration, now: &Zoned) -> String {
    if let Some(silence) = silence_words(progress, age) {
        return silence;
    }
    let limit = limit_words(&progress.limit);
    match progress.time_left(age).filter(|_| progress.paused.is_none()) {
        Some(left) => {
            let finish = finish_words(left, now).map(|at| format!(", until {at}")).unwrap_or_default();
            format!("about {} left{finish}, {limit}", duration(left))
        }
        None => limit,
    }
}

/// The whole run in one line.
pub fn total_line(progress: &Progress, age: Duration, now: &Zoned) -> String {
    let total = progress.total();
    let done = if progress.dry_run { "compared" } else { "done" };
    format!(
        "In all: {}%, {} items {done}; {}",
        total.percent(),
        items_words(&total),
        end_of_run_words(progress, age, now)
    )
}

/// The requests by outcome, and how long answers take; `None` before the first.
pub fn requests_line(requests: &Requests) -> Option<String> {
    if requests.ok + requests.retried() + requests.refused + requests.waiting == 0 {
        return None;
    }
    let slowed_down = match requests.slowed_down {
        0 => String::new(),
        slowed_down => format!(" ({} after a 429)", count(slowed_down)),
    };
    let latency = latency_words(requests).map(|latency| format!("; {latency}")).unwrap_or_default();
    Some(format!(
        "Requests: {} ok, {} retried{slowed_down}, {} refused, {} waiting{latency}",
        count(requests.ok),
        count(requests.retried()),
        count(requests.refused),
        count(requests.waiting),
    ))
}

/// How long answers took lately: `p50 62 ms p90 88 ms p99 410 ms`; `None` before the first.
pub fn latency_words(requests: &Requests) -> Option<String> {
    let latency = requests.latency?;
    let [p50, p90, p99] = [latency.p50, latency.p90, latency.p99].map(brief);
    Some(format!("p50 {p50} p90 {p90} p99 {p99}"))
}

/// A short time: milliseconds below a second, tenths below a minute.
fn brief(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{} ms", time.as_millis()) } else { short(time) }
}

/// A reason in one line: how many items, what becomes of them, why, and of which feeds.
pub fn reason_line(reason: &Reason) -> String {
    let becomes = match reason.state {
        ItemState::NeedsAttention => "failed, needs a fix",
        ItemState::WillRetry => "failed, will retry",
        ItemState::Awaiting => "not sent",
        ItemState::Submitted => "sent",
    };
    let feeds: Vec<String> = reason.feeds.iter().map(|(feed, items)| format!("{feed} {}", count(*items))).collect();
    format!("{} {becomes}: {} ({})", counted(reason.items, "item"), reason.message, feeds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Feed;
    use crate::export::progress::{FeedProgress, Limit, Phase};
    use crate::export::requests::Latency;

    fn half_way() -> Progress {
        let feed = FeedProgress {
            phase: Phase::Sending,
            collected: 3_000,
            new: 3_000,
            submitted: 1_500,
            ..FeedProgress::new(Feed::Products)
        };
        let limit = Limit::Gateway { requests_per_second: 2.0 };
        Progress { run_eta: Some(Duration::from_secs(135)), limit, ..Progress::new(vec![feed], false) }
    }

    fn now() -> Zoned {
        "2026-03-04T12:03:10+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn a_run_says_how_far_it_is_and_when_it_ends() {
        assert_eq!(
            total_line(&half_way(), Duration::from_secs(15), &now()),
            "In all: 50%, 1,500 of 3,000 items done; about 2 min 00 s left, until 12:05:10 CET, limited by the gateway \
             (2 requests/s)"
        );
        let far = Duration::from_hours(30);
        assert_eq!(finish_words(far, &now()).as_deref(), Some("Thu Mar 05 18:03 CET"));
        assert_eq!(finish_words(Duration::MAX, &now()), None);
    }

    #[test]
    fn a_silent_gateway_is_said_instead_of_a_time_left() {
        let mut progress = half_way();
        progress.requests = Requests {
            waiting: 1,
            silent: Some(Duration::from_secs(30)),
            times_out: Some(Duration::from_mins(1)),
            ..Requests::default()
        };
        let line = total_line(&progress, Duration::from_secs(4), &now());
        assert!(line.ends_with("; no answer for 34 s, times out at 1 min 00 s"), "{line}");
        progress.requests.waiting = 4;
        let line = total_line(&progress, Duration::from_secs(4), &now());
        assert!(line.ends_with("; no answer for 34 s (4 requests wait, each times out at 1 min 00 s)"), "{line}");
    }

    #[test]
    fn requests_and_reasons_are_lines() {
        assert_eq!(requests_line(&Requests::default()), None);
        let ms = Duration::from_millis;
        let latency = Some(Latency { p50: ms(62), p90: ms(88), p99: ms(1_410) });
        let requests = Requests { ok: 41, slowed_down: 2, failed: 2, latency, ..Requests::default() };
        assert_eq!(
            requests_line(&requests).as_deref(),
            Some("Requests: 41 ok, 4 retried (2 after a 429), 0 refused, 0 waiting; p50 62 ms p90 88 ms p99 1.4 s")
        );
        let reason = Reason {
            state: ItemState::WillRetry,
            message: "invalid value".into(),
            items: 32,
            feeds: vec![(Feed::Products, 31), (Feed::Prices, 1)],
        };
        assert_eq!(reason_line(&reason), "32 items failed, will retry: invalid value (products 31, prices 1)");
    }
}
