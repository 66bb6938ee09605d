//! A message as JSON, and as text for people. It has no secret, and no item of the shop: only counts and what failed.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Event;
use super::memory::Failing;
use crate::domain::{DataSpaceId, DataSpaceKind, Feed};
use crate::error::Problem;
use crate::format::{count, counted, duration, full_moment};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// The version of the JSON. Changes only add fields; anything else makes it 2.
const SCHEMA: &str = "commerce-connector-notification/1";

/// The most characters of a subject: more is cut by most mail programs.
const SUBJECT_LIMIT: usize = 150;

/// Which installation a message is from, and how it stands.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the installation is called.
    pub installation: SafeText,
    /// The host that tells it.
    pub host: SafeText,
    /// The data space, its name and kind.
    pub data_space: Option<(DataSpaceId, SafeText, DataSpaceKind)>,
    /// Its items by feed and state.
    pub feeds: Vec<FeedFacts>,
    /// Items that the gateway accepted in the last 24 hours.
    pub sent_last_day: u64,
    /// Where that was read only in part: why.
    pub missing: Option<SafeText>,
}

/// Items of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedFacts {
    pub feed: Feed,
    pub sent: u64,
    pub not_sent: u64,
    pub will_retry: u64,
    pub needs_a_fix: u64,
}

impl Facts {
    /// Items in all feeds that need a fix.
    pub fn needs_a_fix(&self) -> u64 {
        self.sum(|feed| feed.needs_a_fix)
    }

    fn sum(&self, of: fn(&FeedFacts) -> u64) -> u64 {
        self.feeds.iter().map(of).sum()
    }
}

/// A message, for every channel.
#[derive(Debug, Clone)]
pub struct Message {
    pub event: Event,
    /// The same in every attempt.
    pub id: Uuid,
    pub at: Timestamp,
    /// What was done, such as `watch`.
    pub work: Option<&'static str>,
    /// What failed.
    pub problem: Option<Problem>,
    /// The failures that it is about.
    pub failing: Option<Failing>,
    /// From how many items that need a fix they are told.
    pub threshold: u64,
    pub facts: Facts,
}

impl Message {
    /// What it says, in one line.
    pub fn headline(&self) -> SafeText {
        let work = self.work.unwrap_or_default();
        let text = match self.event {
            Event::Failure => {
                let what = self.problem.as_ref().map(|problem| problem.what.as_str()).unwrap_or_default();
                match self.failing.filter(|failing| failing.times > 1) {
                    Some(failing) => format!("{work} failed {}: {what}", counted(failing.times, "time")),
                    None => format!("{work} failed: {what}"),
                }
            }
            Event::Recovery => match self.failing {
                Some(failing) => {
                    let lasted = Duration::try_from(self.at.duration_since(failing.since)).unwrap_or_default();
                    format!("{work} works again, after {} in {}", counted(failing.times, "failure"), duration(lasted))
                }
                None => format!("{work} works again"),
            },
            Event::NeedsFix => {
                let items = self.facts.needs_a_fix();
                format!("{} {} a fix", counted(items, "item"), if items == 1 { "needs" } else { "need" })
            }
            Event::Digest => {
                let facts = &self.facts;
                format!(
                    "{} sent in the last 24 hours, {} will retry, {} need a fix",
                    count(facts.sent_last_day),
                    count(facts.sum(|feed| feed.will_retry)),
                    count(facts.needs_a_fix())
                )
            }
            Event::Test => "test notification: nothing has happened".to_owned(),
        };
        SafeText::limited(&format!("{}: {text}", self.facts.installation), SUBJECT_LIMIT)
    }

    /// The whole of it as lines of text. Times are in `zone`.
    pub fn text(&self, zone: &TimeZone) -> String {
        let facts = &self.facts;
        let mut text = format!("{}\n\n", self.headline());
        let mut line = |name: &str, value: &str| {
            // A string takes everything.
            let _ = writeln!(text, "{:13} {value}", format!("{name}:"));
        };
        if let Some(problem) = &self.problem {
            line("failed", &problem.what);
            if let Some(hint) = &problem.hint {
                line("fix", &hint.command_line());
            }
        }
        if self.event == Event::NeedsFix {
            line("fix", &Self::next_step().command_line());
        }
        if let Some(failing) = self.failing {
            line("since", &full_moment(failing.since, zone));
        }
        line("installation", &format!("{} on {}", facts.installation, facts.host));
        if let Some((id, name, kind)) = &facts.data_space {
            line("data space", &format!("{name} ({kind}, {id})"));
        }
        line("time", &full_moment(self.at, zone));
        if let Some(missing) = &facts.missing {
            line("not known", missing.as_str());
        }
        if !facts.feeds.is_empty() {
            let _ = writeln!(
                text,
                "\n{:24}{:>12}{:>12}{:>12}{:>13}",
                "feed", "sent", "not sent", "will retry", "needs a fix"
            );
        }
        for feed in &facts.feeds {
            let numbers = [feed.sent, feed.not_sent, feed.will_retry].map(|number| format!("{:>12}", count(number)));
            let _ = writeln!(text, "{:24}{}{:>13}", feed.feed.name(), numbers.concat(), count(feed.needs_a_fix));
        }
        text
    }

    /// The whole of it as one JSON object.
    pub fn json(&self) -> Value {
        let facts = &self.facts;
        let problem = self.problem.as_ref().map(
            |problem| json!({"message": SafeText::new(&problem.what), "fix": problem.hint, "exit": problem.exit as u8}),
        );
        let feeds: Vec<Value> = facts.feeds.iter().map(feed_json).collect();
        json!({
            "schema": SCHEMA,
            "id": self.id.to_string(),
            "event": self.event,
            "at": self.at.to_string(),
            "text": self.headline(),
            "installation": facts.installation,
            "host": facts.host,
            "version": env!("CARGO_PKG_VERSION"),
            "data_space": facts.data_space.as_ref().map(|(id, name, kind)| json!({"id": id, "name": name, "type": kind})),
            "work": self.work,
            "problem": problem,
            "failing_since": self.failing.map(|failing| failing.since.to_string()),
            "failures": self.failing.map(|failing| failing.times),
            "needs_a_fix": facts.needs_a_fix(),
            "needs_a_fix_threshold": self.threshold,
            "sent_last_day": facts.sent_last_day,
            "feeds": feeds,
        })
    }

    fn next_step() -> Hint {
        Hint::from(Remedy::Status).and(" lists them with the reason")
    }
}

fn feed_json(feed: &FeedFacts) -> Value {
    json!({
        "feed": feed.feed,
        "sent": feed.sent,
        "not_sent": feed.not_sent,
        "will_retry": feed.will_retry,
        "needs_a_fix": feed.needs_a_fix,
    })
}
