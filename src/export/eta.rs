//! How long a feed will still take, and what holds it back: arithmetic only, no clock and no channel.

use std::time::Duration;

use super::control::Paused;
use super::progress::Limit;
use crate::untrusted::SafeText;

/// Above this share of their time spent waiting for records, the senders are held back by the source.
const STARVED_SHARE: f64 = 0.5;

/// What is known of a running feed.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// How many source records there are, if known.
    pub source_records: Option<u64>,
    /// How many were read.
    pub source_read: u64,
    /// Whether records are still being read.
    pub is_collecting: bool,
    /// Items found that must be sent.
    pub to_send: u64,
    /// Those of them that have their state.
    pub sent: u64,
    pub items_per_request: f64,
    /// Items settled a second, lately.
    pub items_per_second: f64,
    /// Source records read a second, lately.
    pub records_per_second: f64,
    /// Requests a second that the pace allows; `None` = no limit.
    pub allowance: Option<f64>,
    /// That a person paused the run.
    pub paused: Option<Paused>,
    /// A pause that is under way, and why.
    pub waiting: Option<(Duration, SafeText)>,
    /// The share of the senders' time lately spent waiting for records; `None` before anything was measured.
    pub starved: Option<f64>,
    /// Answers a second that the senders can get, by how long answers took lately; `None` before the first.
    pub answers_per_second: Option<f64>,
}

impl Measured {
    /// Requests a second that can be sent: what is allowed, if answers are quick enough. `None` without an allowance.
    pub fn pace(&self) -> Option<f64> {
        self.allowance.map(|allowance| self.answers_per_second.map_or(allowance, |answers| allowance.min(answers)))
    }
}

/// What is known of the feeds whose turn comes after the running one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    /// Their items; `None` if a feed's are not known.
    pub items: Option<u64>,
    /// The requests that all of them would take.
    pub requests: f64,
    /// The share of items that had to be sent, of those compared so far in this run.
    pub share_to_send: f64,
    /// Requests a second that can be sent; `None` = nobody knows.
    pub requests_per_second: Option<f64>,
    /// Items read a second in this run, where that is what holds it back; `None` where it is not.
    pub items_read_per_second: Option<f64>,
}

/// The time left of a run whose current feed takes `current`; `None` while it cannot be known.
///
/// ```text
/// by gateway = requests × share to send ÷ requests a second
/// by source  = items ÷ items read a second
/// time left  = current + the longer of the two
/// ```
pub(super) fn run_eta(current: Duration, ahead: &Ahead) -> Option<Duration> {
    let items = ahead.items?;
    if items == 0 {
        return Some(current);
    }
    let by_gateway = seconds(ahead.requests * ahead.share_to_send, ahead.requests_per_second?)?;
    let by_source = ahead.items_read_per_second.map_or(Some(0.0), |rate| seconds(items as f64, rate))?;
    Duration::try_from_secs_f64(by_gateway.max(by_source)).ok()?.checked_add(current)
}

/// The time left of this feed, and what holds it back. The time is `None` while it cannot be known.
///
/// With `records left = source_records − source_read` (0 once all are read):
///
/// ```text
/// items left  = to_send − sent + records left × to_send ÷ source_read
/// by gateway  = items left ÷ (items_per_request × pace)   without an allowance: items left ÷ items_per_second
/// pace        = the smaller of allowance and answers_per_second
/// by source   = records left ÷ records_per_second
/// time left   = waiting + the longer of the two
/// ```
///
/// The share of records that must be sent is taken from the records read so far, which is the only honest guess.
pub(super) fn eta(measured: &Measured) -> (Option<Duration>, Limit) {
    (time_left(measured), limit(measured))
}

fn time_left(m: &Measured) -> Option<Duration> {
    if m.paused.is_some() {
        return None;
    }
    let records_left = if m.is_collecting { m.source_records?.saturating_sub(m.source_read) } else { 0 } as f64;
    let items_per_record = if m.source_read > 0 { m.to_send as f64 / m.source_read as f64 } else { 0.0 };
    if records_left > 0.0 && m.source_read == 0 {
        return None;
    }
    let items_left = m.to_send.saturating_sub(m.sent) as f64 + records_left * items_per_record;
    let items_per_second = m.pace().map_or(m.items_per_second, |pace| pace * m.items_per_request);
    let by_gateway = seconds(items_left, items_per_second)?;
    let by_source = seconds(records_left, m.records_per_second)?;
    let pause = m.waiting.as_ref().map_or(Duration::ZERO, |(pause, _)| *pause);
    Duration::try_from_secs_f64(by_gateway.max(by_source)).ok()?.checked_add(pause)
}

/// `None` where something is left and nothing moves.
fn seconds(left: f64, per_second: f64) -> Option<f64> {
    if left <= 0.0 {
        return Some(0.0);
    }
    (per_second > 0.0).then(|| left / per_second)
}

fn limit(m: &Measured) -> Limit {
    if let Some(Paused { by }) = &m.paused {
        return Limit::Paused { by: by.clone() };
    }
    if let Some((remaining, reason)) = &m.waiting {
        return Limit::Waiting { remaining: *remaining, reason: reason.clone() };
    }
    match (m.starved, m.allowance) {
        (Some(share), _) if share > STARVED_SHARE && m.is_collecting => Limit::Source,
        (Some(_), Some(requests_per_second)) => Limit::Gateway { requests_per_second },
        (None, _) | (Some(_), None) => Limit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_way() -> Measured {
        Measured {
            source_records: Some(2_000),
            source_read: 1_000,
            is_collecting: true,
            to_send: 2_000,
            sent: 1_600,
            items_per_request: 100.0,
            items_per_second: 150.0,
            records_per_second: 100.0,
            allowance: Some(2.0),
            paused: None,
            waiting: None,
            starved: Some(0.0),
            answers_per_second: None,
        }
    }

    fn ahead() -> Ahead {
        Ahead {
            items: Some(4_000),
            requests: 40.0,
            share_to_send: 1.0,
            requests_per_second: Some(2.0),
            items_read_per_second: None,
        }
    }

    #[test]
    fn slow_answers_bind_when_they_are_slower_than_the_allowance() {
        let (left, _) = eta(&Measured { answers_per_second: Some(1.0), ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(24)));
        let (left, _) = eta(&Measured { answers_per_second: Some(50.0), ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(12)));
    }

    #[test]
    fn a_run_takes_as_long_as_its_current_feed_and_those_that_wait() {
        let current = Duration::from_secs(12);
        assert_eq!(run_eta(current, &ahead()), Some(Duration::from_secs(32)));
        let quarter = Ahead { share_to_send: 0.25, ..ahead() };
        assert_eq!(run_eta(current, &quarter), Some(Duration::from_secs(17)));
        let read = Ahead { items_read_per_second: Some(40.0), ..quarter };
        assert_eq!(run_eta(current, &read), Some(Duration::from_secs(112)));
        let last = Ahead { items: Some(0), requests: 0.0, requests_per_second: None, ..ahead() };
        assert_eq!(run_eta(current, &last), Some(current));
    }

    #[test]
    fn of_a_run_nothing_is_promised_before_it_can_be_known() {
        for unknown in [
            Ahead { items: None, ..ahead() },
            Ahead { requests_per_second: None, ..ahead() },
            Ahead { items_read_per_second: Some(0.0), ..ahead() },
            Ahead { requests_per_second: Some(f64::MIN_POSITIVE), ..ahead() },
        ] {
            assert_eq!(run_eta(Duration::ZERO, &unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn the_gateway_binds_when_its_allowance_takes_longer() {
        // 400 found and 2,000 to come, 200 a second.
        let (left, limit) = eta(&half_way());
        assert_eq!(left, Some(Duration::from_secs(12)));
        assert_eq!(limit, Limit::Gateway { requests_per_second: 2.0 });
    }

    #[test]
    fn the_source_binds_when_reading_takes_longer() {
        let (left, limit) = eta(&Measured { records_per_second: 10.0, starved: Some(0.9), ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(100)));
        assert_eq!(limit, Limit::Source);
    }

    #[test]
    fn a_pause_is_added_and_is_the_reason() {
        let reason = SafeText::from("after a 429");
        let pause = Duration::from_secs(30);
        let (left, limit) = eta(&Measured { waiting: Some((pause, reason.clone())), ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(42)));
        assert_eq!(limit, Limit::Waiting { remaining: pause, reason });
    }

    #[test]
    fn a_paused_run_has_no_time_left_and_says_who_paused_it() {
        let (by, waiting) =
            (Some(SafeText::from("ann")), Some((Duration::from_secs(30), SafeText::from("after a 429"))));
        let paused = Measured { paused: Some(Paused { by: by.clone() }), waiting, ..half_way() };
        assert_eq!(eta(&paused), (None, Limit::Paused { by }));
    }

    #[test]
    fn without_an_allowance_the_measured_rate_counts() {
        let (left, limit) = eta(&Measured { allowance: None, ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(16)));
        assert_eq!(limit, Limit::Unknown);
    }

    #[test]
    fn unchanged_items_cost_reading_only() {
        let (left, _) = eta(&Measured { to_send: 0, sent: 0, ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(10)));
    }

    #[test]
    fn nothing_is_promised_before_it_can_be_known() {
        for unknown in [
            Measured { source_records: None, ..half_way() },
            Measured { source_read: 0, to_send: 0, sent: 0, ..half_way() },
            Measured { records_per_second: 0.0, ..half_way() },
            Measured { allowance: None, items_per_second: 0.0, ..half_way() },
            Measured { allowance: Some(f64::MIN_POSITIVE), ..half_way() },
        ] {
            assert_eq!(eta(&unknown).0, None, "{unknown:?}");
        }
        assert_eq!(eta(&Measured { starved: None, ..half_way() }).1, Limit::Unknown);
    }

    #[test]
    fn once_all_is_read_the_count_of_records_does_not_matter() {
        let (left, _) = eta(&Measured { is_collecting: false, source_records: None, ..half_way() });
        assert_eq!(left, Some(Duration::from_secs(2)));
    }
}
