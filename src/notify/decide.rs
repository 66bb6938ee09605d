//! What is due to be told after a run or a pass: pure. The memory is changed as if it had been told; [`Memory::take_back`] undoes it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::memory::{Failing, FixMemory, Memory, WorkMemory};
use super::{Event, Outcome};
use crate::config::NotifySection;

/// When a message that no channel took is due again, at the earliest: the other end may be down for longer than the attempts take.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The least time between two pings: what watches them has steps of a minute.
const PING_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// What there is to see after a run or a pass.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub now: Timestamp,
    /// The zone of the digest's time.
    pub zone: &'a TimeZone,
    /// What was done: failures and recoveries are told apart by it.
    pub work: &'a str,
    pub outcome: &'a Outcome,
    /// The data space, whose items are counted.
    pub data_space: &'a str,
    /// Its items that need a fix; `None` if nobody could count them.
    pub needs_fix: Option<u64>,
}

/// Something to tell now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub event: Event,
    /// The failures that it is about.
    pub failing: Option<Failing>,
    /// What puts the memory back if no channel takes it.
    before: Before,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Before {
    Work(String, WorkMemory),
    Fix(FixMemory),
    Digest(Timestamp),
}

impl Memory {
    /// What is due, and whether a ping is.
    pub fn decide(&mut self, rules: &NotifySection, look: &Look<'_>) -> (Vec<Due>, bool) {
        let now = look.now;
        let repeat = rules.repeat_after.length().and_then(|length| length.try_into().ok());
        let repeat: SignedDuration = repeat.unwrap_or(SignedDuration::from_hours(1));
        let due =
            [self.work(rules, look, repeat), self.needs_fix(rules, look, repeat), self.digest(rules, now, look.zone)];
        let is_success = matches!(look.outcome, Outcome::Success);
        let pings =
            is_success && rules.ping_url.is_some() && is_over(self.pinged.map(|at| at + PING_EVERY), now, PING_EVERY);
        if pings {
            self.pinged = Some(now);
        }
        (due.into_iter().flatten().collect(), pings)
    }

    fn work(&mut self, rules: &NotifySection, look: &Look<'_>, repeat: SignedDuration) -> Option<Due> {
        let (now, longest) = (look.now, repeat.max(AGAIN_AFTER));
        let work = self.works.entry(look.work.to_owned()).or_default();
        let mut event = None;
        match look.outcome {
            Outcome::Failure(_) => {
                // Over and over again without its end having been told: still the same.
                let before = work.failing.or(work.recovered.take());
                let mut failing = before.unwrap_or(Failing { since: now, times: 0, told: false });
                failing.times += 1;
                work.failing = Some(failing);
                let is_enough = failing.times >= u64::from(rules.after_failures);
                if is_enough && is_over(work.failure_not_before, now, longest) {
                    event = rules.on_failure.then_some((Event::Failure, failing, *work));
                    work.failing = Some(Failing { told: true, ..failing });
                    work.failure_not_before = Some(now + repeat);
                }
            }
            Outcome::Success => {
                work.recovered = work.failing.take().filter(|failing| failing.told).or(work.recovered);
                if let Some(failing) = work.recovered.filter(|_| is_over(work.recovery_not_before, now, longest)) {
                    event = rules.on_recovery.then_some((Event::Recovery, failing, *work));
                    work.recovered = None;
                }
            }
        }
        let (event, failing, before) = event?;
        Some(Due { event, failing: Some(failing), before: Before::Work(look.work.to_owned(), before) })
    }

    fn needs_fix(&mut self, rules: &NotifySection, look: &Look<'_>, repeat: SignedDuration) -> Option<Due> {
        let fix = &mut self.fix;
        let items = look.needs_fix?;
        if fix.data_space != look.data_space {
            *fix = FixMemory { data_space: look.data_space.to_owned(), ..FixMemory::default() };
        }
        if rules.needs_fix == 0 || items < rules.needs_fix {
            fix.told = 0;
            return None;
        }
        if items <= fix.told || !is_over(fix.not_before, look.now, repeat.max(AGAIN_AFTER)) {
            return None;
        }
        let before = fix.clone();
        fix.told = items;
        fix.not_before = Some(look.now + repeat);
        Some(Due { event: Event::NeedsFix, failing: None, before: Before::Fix(before) })
    }

    fn digest(&mut self, rules: &NotifySection, now: Timestamp, zone: &TimeZone) -> Option<Due> {
        let time = rules.digest.time()?;
        let at_time =
            |day: jiff::civil::Date| day.to_datetime(time).to_zoned(zone.clone()).ok().map(|at| at.timestamp());
        let today = now.to_zoned(zone.clone()).date();
        let due = at_time(today).filter(|at| *at <= now).or_else(|| at_time(today.yesterday().ok()?))?;
        // The first one is due with the next time of day, not at once.
        let Some(told) = self.digest else {
            self.digest = Some(due);
            return None;
        };
        if told >= due || !is_over(self.digest_not_before, now, AGAIN_AFTER) {
            return None;
        }
        self.digest = Some(due);
        Some(Due { event: Event::Digest, failing: None, before: Before::Digest(told) })
    }

    /// No channel took it: it is due again with the next run or pass, in five minutes at the earliest.
    pub fn take_back(&mut self, due: &Due, now: Timestamp) {
        let again = Some(now + AGAIN_AFTER);
        match (&due.before, due.event) {
            (Before::Work(name, before), event) => {
                let work = self.works.entry(name.clone()).or_default();
                if event == Event::Recovery {
                    // Meanwhile it may fail again; then that is told instead.
                    work.recovered = before.recovered.filter(|_| work.failing.is_none());
                    work.recovery_not_before = again;
                } else {
                    work.failing = work.failing.map(|failing| Failing { told: before.was_told(), ..failing });
                    work.failure_not_before = again;
                }
            }
            (Before::Fix(before), _) => self.fix = FixMemory { not_before: again, ..before.clone() },
            (Before::Digest(before), _) => {
                self.digest = Some(*before);
                self.digest_not_before = again;
            }
        }
    }
}

/// Whether a wait of at most `longest` is over; one that lasts longer was set by a clock that was ahead.
fn is_over(not_before: Option<Timestamp>, now: Timestamp, longest: SignedDuration) -> bool {
    not_before.is_none_or(|at| now >= at || at.duration_since(now) > longest)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::error::{Exit, Problem};

    /// A day at noon, UTC.
    fn noon() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().expect("a time")
    }

    fn failed() -> Outcome {
        Outcome::Failure(Problem::new(Exit::TryAgain, "gateway down"))
    }

    /// A memory that is asked minute by minute.
    struct Days {
        memory: Memory,
        rules: NotifySection,
    }

    impl Days {
        fn new(change: impl FnOnce(&mut NotifySection)) -> Self {
            let mut rules = NotifySection::default();
            change(&mut rules);
            Self { memory: Memory::default(), rules }
        }

        fn due(&mut self, minute: i64, outcome: &Outcome, needs_fix: u64) -> Vec<Due> {
            self.decide(minute, "watch", outcome, needs_fix).0
        }

        fn decide(&mut self, minute: i64, work: &str, outcome: &Outcome, needs_fix: u64) -> (Vec<Due>, bool) {
            let now = noon() + minute.minutes();
            let look =
                Look { now, zone: &TimeZone::UTC, work, outcome, data_space: "space", needs_fix: Some(needs_fix) };
            self.memory.decide(&self.rules, &look)
        }

        fn events(&mut self, minute: i64, outcome: &Outcome, needs_fix: u64) -> Vec<Event> {
            self.due(minute, outcome, needs_fix).iter().map(|due| due.event).collect()
        }
    }

    #[test]
    fn a_failure_is_told_at_once_then_each_hour_and_its_end_once() {
        let mut days = Days::new(|_| {});
        let told: Vec<i64> = (0..130).filter(|minute| !days.events(*minute, &failed(), 0).is_empty()).collect();
        assert_eq!(told, [0, 60, 120]);
        let due = days.due(130, &Outcome::Success, 0);
        assert_eq!(due.iter().map(|due| due.event).collect::<Vec<_>>(), [Event::Recovery]);
        let failing = due[0].failing.expect("what is over");
        assert_eq!((failing.since, failing.times), (noon(), 130));
        assert_eq!(days.events(131, &Outcome::Success, 0), []);
    }

    #[test]
    fn what_comes_and_goes_is_told_once_an_hour_and_no_end_of_what_was_not_told() {
        let mut days = Days::new(|_| {});
        let told: Vec<(i64, Event)> = (0..70)
            .flat_map(|minute| {
                let outcome = if minute % 2 == 0 { failed() } else { Outcome::Success };
                days.events(minute, &outcome, 0).into_iter().map(move |event| (minute, event)).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(told, [(0, Event::Failure), (1, Event::Recovery), (60, Event::Failure), (61, Event::Recovery)]);
    }

    #[test]
    fn a_single_failure_of_many_passes_is_not_told_where_more_are_asked_for() {
        let mut days = Days::new(|rules| rules.after_failures = 3);
        assert_eq!(days.events(0, &failed(), 0), []);
        assert_eq!(days.events(1, &Outcome::Success, 0), []);
        assert_eq!((2..5).map(|minute| days.events(minute, &failed(), 0).len()).collect::<Vec<_>>(), [0, 0, 1]);
        assert_eq!(days.events(5, &Outcome::Success, 0), [Event::Recovery]);
    }

    #[test]
    fn the_success_of_one_work_is_not_the_end_of_another_ones_failure() {
        let mut days = Days::new(|_| {});
        assert_eq!(days.decide(0, "full export", &failed(), 0).0.len(), 1);
        assert_eq!(days.decide(1, "watch", &Outcome::Success, 0).0, []);
        assert_eq!(days.decide(2, "full export", &Outcome::Success, 0).0[0].event, Event::Recovery);
    }

    #[test]
    fn what_is_off_is_not_told_and_the_end_is_still_known() {
        let mut days = Days::new(|rules| rules.on_failure = false);
        assert_eq!(days.events(0, &failed(), 0), []);
        assert_eq!(days.events(1, &Outcome::Success, 0), [Event::Recovery]);
        let mut days = Days::new(|rules| rules.on_recovery = false);
        assert_eq!(days.events(0, &failed(), 0), [Event::Failure]);
        assert_eq!(days.events(1, &Outcome::Success, 0), []);
        assert_eq!(days.events(70, &Outcome::Success, 0), []);
    }

    #[test]
    fn items_that_need_a_fix_are_told_from_the_threshold_and_when_they_become_more() {
        let mut days = Days::new(|rules| rules.needs_fix = 5);
        let mut told = |minute, items| days.events(minute, &Outcome::Success, items).len();
        assert_eq!([told(0, 4), told(1, 5), told(2, 9), told(61, 9), told(62, 9), told(200, 7)], [0, 1, 0, 1, 0, 0]);
        assert_eq!([told(201, 0), told(300, 5)], [0, 1], "they were fixed, so the next ones are news");
        let mut days = Days::new(|rules| rules.needs_fix = 0);
        assert_eq!(days.events(0, &Outcome::Success, 1_000), []);
    }

    #[test]
    fn the_digest_comes_once_a_day_with_the_first_pass_after_its_time() {
        let mut days = Days::new(|rules| rules.digest = "12:30".parse().expect("a time"));
        let told: Vec<i64> = (0..3 * 24 * 60)
            .step_by(7)
            .filter(|minute| !days.events(*minute, &Outcome::Success, 0).is_empty())
            .collect();
        assert_eq!(told, [35, 24 * 60 + 30, 2 * 24 * 60 + 32]);
        assert_eq!(
            days.events(10 * 24 * 60, &failed(), 0),
            [Event::Failure, Event::Digest],
            "one for all that were missed"
        );
    }

    #[test]
    fn a_ping_follows_a_success_and_at_most_one_a_minute() {
        let mut days = Days::new(|rules| rules.ping_url = Some("https://ping.example/x".into()));
        let mut pings = |minute, outcome: &Outcome| days.decide(minute, "watch", outcome, 0).1;
        let success = Outcome::Success;
        assert_eq!(
            [pings(0, &success), pings(0, &success), pings(1, &failed()), pings(2, &success)],
            [true, false, false, true]
        );
    }

    #[test]
    fn what_no_channel_took_is_due_again_after_five_minutes() {
        let mut days = Days::new(|rules| rules.digest = "12:30".parse().expect("a time"));
        days.events(0, &Outcome::Success, 0);
        let all = days.due(30, &failed(), 3);
        assert_eq!(
            all.iter().map(|due| due.event).collect::<Vec<_>>(),
            [Event::Failure, Event::NeedsFix, Event::Digest]
        );
        for due in &all {
            days.memory.take_back(due, noon() + 30.minutes());
        }
        assert_eq!(days.events(34, &failed(), 3), []);
        let again = days.due(35, &failed(), 3);
        assert_eq!(
            again.iter().map(|due| due.event).collect::<Vec<_>>(),
            [Event::Failure, Event::NeedsFix, Event::Digest]
        );
        assert_eq!(again[0].failing.map(|failing| failing.times), Some(3));
        let recovery = days.due(40, &Outcome::Success, 3);
        days.memory.take_back(&recovery[0], noon() + 40.minutes());
        assert_eq!(days.events(41, &Outcome::Success, 3), []);
        assert_eq!(days.events(45, &Outcome::Success, 3), [Event::Recovery]);
    }

    #[test]
    fn a_failure_that_nobody_was_told_of_has_no_recovery() {
        let mut days = Days::new(|_| {});
        let due = days.due(0, &failed(), 0);
        days.memory.take_back(&due[0], noon());
        assert_eq!(days.events(1, &Outcome::Success, 0), []);
    }

    #[test]
    fn a_clock_that_was_ahead_silences_nothing() {
        let mut days = Days::new(|_| {});
        assert_eq!(days.events(100_000, &failed(), 0), [Event::Failure]);
        assert_eq!(days.events(0, &failed(), 0), [Event::Failure]);
    }
}
