//! Telling people how runs and passes end, as `[notify]` says. A run is over by then, and a pass does not wait for it.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::{Connector, explained, host_name};
use crate::config::Config;
use crate::error::{Exit, Problem};
use crate::export::SyncMode;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{RunEnd, RunReport};
use crate::format::counted;
use crate::notify::deliver::Delivery;
use crate::notify::message::{Facts, FeedFacts, Message};
use crate::notify::{Channel, Channels, Due, Event, Look, Mail, Memory, Outcome, PAUSES, Webhook, is_configured};
use crate::private_file;
use crate::remedy::Remedy;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// What a watch is called in a notification.
pub(super) const WATCH: &str = "watch";

/// What a run is called in a notification: failures and recoveries are told apart by it.
#[must_use]
pub fn work_of(mode: &SyncMode) -> &'static str {
    match mode {
        SyncMode::Full => "full export",
        SyncMode::Partial(_) => "partial sync",
        SyncMode::ByIds { .. } => "sync by id",
        SyncMode::Retry { .. } => "retry",
        SyncMode::Cleanup => "reset",
    }
}

/// How work ended that ended with this; `None` if nobody needs to be told.
#[must_use]
pub fn outcome_of_problem(problem: &Problem) -> Option<Outcome> {
    // Somebody else does the work, or a person stopped it.
    let is_news = !matches!(problem.exit, Exit::Done | Exit::Locked | Exit::Interrupted);
    is_news.then(|| Outcome::Failure(problem.clone()))
}

/// How a run ended that came to its end or was stopped; `None` if nobody needs to be told, or its problem says more.
#[must_use]
pub fn outcome_of_report(report: &RunReport) -> Option<Outcome> {
    if report.end != RunEnd::Complete {
        return None;
    }
    let problem = match report.exit() {
        Exit::TryAgain => {
            let items = report.progress.feeds.iter().map(|feed| feed.unanswered).sum();
            let what = format!("the gateway was down or busy: {} not sent yet", counted(items, "item"));
            Some(Problem::new(Exit::TryAgain, what).hint(Remedy::Doctor))
        }
        _ => report.held().next().map(|held| Problem::new(Exit::Guarded, held.sentence()).hint(held.remedy())),
    };
    Some(problem.map_or(Outcome::Success, Outcome::Failure))
}

/// What is to be told: made quickly, delivered afterwards.
#[derive(Debug)]
pub(super) struct Notices {
    connector: Connector,
    channels: Channels,
    messages: Vec<(Due, Message)>,
    pings: bool,
    /// What stood in the way.
    problem: Option<Problem>,
}

impl Connector {
    /// Tells what is due after this. Ends after three attempts of each channel, and gives a problem for each that failed.
    pub async fn notify(&self, work: &'static str, outcome: Option<Outcome>) -> Vec<Problem> {
        match self.notices(work, outcome).await {
            Some(notices) => notices.deliver().await,
            None => Vec::new(),
        }
    }

    /// What is due to be told after this; `None` if nothing is, or nobody wants to be told.
    pub(super) async fn notices(&self, work: &'static str, outcome: Option<Outcome>) -> Option<Notices> {
        let outcome = outcome?;
        let config = self.config();
        if !is_configured(&config.notify) {
            return None;
        }
        let this = self.clone();
        let made = tokio::task::spawn_blocking(move || this.make_notices(work, &outcome, &config)).await;
        made.unwrap_or_else(|error| {
            tracing::warn!(%error, "notifications were not made");
            None
        })
    }

    fn make_notices(&self, work: &'static str, outcome: &Outcome, config: &Config) -> Option<Notices> {
        let now = Timestamp::now();
        let summary = self.ledger_summary();
        let needs_fix = summary.as_ref().ok().map(|feeds| feeds.iter().map(|feed| feed.needs_attention).sum());
        let data_space = config.saas.environment_id.as_ref().map(ToString::to_string).unwrap_or_default();
        let zone = TimeZone::system();
        let look = Look { now, zone: &zone, work, outcome, data_space: &data_space, needs_fix };
        let decided = Memory::change(&self.shared.state_dir, |memory| memory.decide(&config.notify, &look));
        let ((due, pings), problem) = match decided {
            Ok(decided) => (decided, None),
            Err(problem) => (Default::default(), Some(problem)),
        };
        if due.is_empty() && !pings && problem.is_none() {
            return None;
        }
        let facts = self.facts(summary);
        let message = |due: Due| {
            let failed = match outcome {
                Outcome::Failure(failed) if due.event == Event::Failure => Some(failed.clone()),
                _ => None,
            };
            let about = |event| matches!(event, Event::Failure | Event::Recovery).then_some(work);
            let message = Message {
                event: due.event,
                id: Uuid::new_v4(),
                at: now,
                work: about(due.event),
                problem: failed,
                failing: due.failing,
                threshold: config.notify.needs_fix,
                facts: facts.clone(),
            };
            (due, message)
        };
        let messages = due.into_iter().map(message).collect();
        Some(Notices { connector: self.clone(), channels: self.channels(config), messages, pings, problem })
    }

    /// Tries the channels, or one of them, with a message that says so.
    ///
    /// # Errors
    /// A usage [`Problem`] if none is configured, or not this one.
    pub async fn test_notifications(&self, channel: Option<Channel>) -> Result<Vec<Delivery>, Problem> {
        let config = self.config();
        let channels = self.channels(&config);
        let chosen: Vec<Channel> =
            channels.configured().filter(|configured| channel.is_none_or(|channel| channel == *configured)).collect();
        if chosen.is_empty() {
            return Err(match channel {
                Some(channel) => Problem::usage(format!("no {} is configured", channel.name()))
                    .hint(format!("set {}", channel.key())),
                None => Problem::usage("no notifications are configured")
                    .hint(format!("set one of {}", Channel::ALL.map(Channel::key).join(", "))),
            });
        }
        let this = self.clone();
        let facts = tokio::task::spawn_blocking(move || this.facts(this.ledger_summary()))
            .await
            .map_err(|error| Problem::new(Exit::Other, format!("the ledger could not be read: {error}")))?;
        let message = Message {
            event: Event::Test,
            id: Uuid::new_v4(),
            at: Timestamp::now(),
            work: None,
            problem: None,
            failing: None,
            threshold: config.notify.needs_fix,
            facts,
        };
        Ok(channels.deliver(&message, &chosen).await)
    }

    fn channels(&self, config: &Config) -> Channels {
        let (store, section) = (self.store(), &config.notify);
        let secret = section.webhook_secret_file.as_deref().map(|file| {
            let secrecy = store.secrecy_of("notify.webhook_secret_file");
            let read = private_file::read(&store.resolve(file), secrecy).map_err(explained);
            let secret = read.map(|text| Secret::new(text.trim()))?;
            if secret.is_empty() { Err(Problem::usage("notify.webhook_secret_file is empty")) } else { Ok(secret) }
        });
        let url = |url: &crate::config::Hidden| Secret::new(url.to_string());
        let to = section.sendmail_to.as_deref().and_then(crate::config::mailboxes).unwrap_or_default();
        Channels {
            command: section.command.as_deref().map(|path| store.resolve(path)),
            webhook: section.webhook_url.as_ref().map(|address| Webhook { url: url(address), secret }),
            mail: (!to.is_empty()).then(|| Mail {
                program: store.resolve(&section.sendmail_program),
                to: to.into_iter().map(str::to_owned).collect(),
                from: section.sendmail_from.clone(),
            }),
            ping: section.ping_url.as_ref().map(url),
            ca_file: config.gateway.ca_file.as_deref().map(|path| store.resolve(path)),
            timeout: Duration::from_secs(section.timeout_seconds),
            pauses: PAUSES,
        }
    }

    /// No channel took these: they are due again later.
    async fn take_back(&self, lost: Vec<Due>) -> Result<(), Problem> {
        let this = self.clone();
        let taken = tokio::task::spawn_blocking(move || {
            Memory::change(&this.shared.state_dir, |memory| {
                for due in &lost {
                    memory.take_back(due, Timestamp::now());
                }
            })
        });
        taken
            .await
            .map_err(|error| Problem::new(Exit::Other, format!("what was told cannot be remembered: {error}")))?
    }

    /// How this installation stands. Blocking.
    fn facts(&self, summary: Result<Vec<FeedSummary>, Problem>) -> Facts {
        let overview = self.overview();
        let (feeds, missing) = match summary {
            Ok(feeds) => (feeds, None),
            Err(problem) => (Vec::new(), Some(SafeText::new(&problem.what))),
        };
        let feed = |feed: &FeedSummary| FeedFacts {
            feed: feed.feed,
            sent: feed.submitted,
            not_sent: feed.awaiting,
            will_retry: feed.will_retry,
            needs_a_fix: feed.needs_attention,
        };
        Facts {
            installation: overview.installation,
            host: SafeText::new(&host_name()),
            data_space: overview.data_space,
            feeds: feeds.iter().map(feed).collect(),
            sent_last_day: self.history(1).map(|history| history.sent_per_hour.total()).unwrap_or_default(),
            missing,
        }
    }
}

impl Notices {
    /// Delivers all of it at once, and gives a problem for each channel that failed.
    pub async fn deliver(self) -> Vec<Problem> {
        let Self { connector, channels, messages, pings, problem } = self;
        let told = [Channel::Command, Channel::Webhook, Channel::Sendmail];
        let deliveries = join_all(messages.iter().map(|(_, message)| channels.deliver(message, &told)));
        let ping = async { if pings { Some(channels.ping().await) } else { None } };
        let (deliveries, ping) = futures_util::future::join(deliveries, ping).await;
        let is_lost = |deliveries: &Vec<Delivery>| {
            !deliveries.is_empty() && deliveries.iter().all(|delivery| delivery.failed.is_some())
        };
        let lost: Vec<Due> = messages
            .iter()
            .zip(&deliveries)
            .filter(|(_, deliveries)| is_lost(deliveries))
            .map(|((due, _), _)| due.clone())
            .collect();
        let mut problems: Vec<Problem> = problem.into_iter().collect();
        problems.extend(deliveries.iter().flatten().chain(&ping).filter_map(Delivery::problem));
        // The same channel fails for the same reason, however many messages there were.
        problems.dedup();
        if !lost.is_empty() {
            problems.extend(connector.take_back(lost).await.err());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::progress::report;

    #[test]
    fn a_gateway_that_is_down_is_a_failure_and_single_items_are_not() {
        assert_eq!(outcome_of_report(&report(RunEnd::Complete, |_| {})), Some(Outcome::Success));
        assert_eq!(
            outcome_of_report(&report(RunEnd::Complete, |feed| feed.needs_attention = 3)),
            Some(Outcome::Success)
        );
        let down = outcome_of_report(&report(RunEnd::Complete, |feed| feed.unanswered = 2));
        let Some(Outcome::Failure(problem)) = down else { panic!("{down:?}") };
        assert_eq!(
            (problem.what.as_str(), problem.exit),
            ("the gateway was down or busy: 2 items not sent yet", Exit::TryAgain)
        );
        assert_eq!(outcome_of_report(&report(RunEnd::Stopped, |_| {})), None);
    }

    #[test]
    fn who_was_stopped_or_came_second_has_nothing_to_tell() {
        for exit in [Exit::Locked, Exit::Interrupted] {
            assert_eq!(outcome_of_problem(&Problem::new(exit, "?")), None);
        }
        let guarded = Problem::new(Exit::Guarded, "?");
        assert_eq!(outcome_of_problem(&guarded), Some(Outcome::Failure(guarded)));
    }
}
