//! What is said over the socket: one JSON object a line, each with `schema` and `type`.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{DataSpaceId, Feed};
use crate::error::Problem;
use crate::export::control::Command;
use crate::export::owner::Owner;
use crate::export::progress::{Progress, RunEvent, RunReport};
use crate::untrusted::SafeText;

/// The version of the lines. Changes only add; anything else makes it 2.
pub(super) const SCHEMA: &str = "commerce-connector-run/1";

/// Which run it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Who runs it.
    pub owner: Owner,
    /// What it was asked to do, in a few words.
    pub request: SafeText,
    /// The data space that receives.
    pub data_space: DataSpaceId,
    pub feeds: Vec<Feed>,
}

/// How a watch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchStatus {
    /// Who runs it.
    pub owner: Owner,
    /// The data space that receives.
    pub data_space: DataSpaceId,
    /// From the end of one pass to the start of the next.
    pub every: Duration,
    /// The last pass that ended; `None` before the first.
    pub last_pass: Option<PassEnd>,
    /// When the next pass begins; `None` while one is under way.
    pub next_pass: Option<Timestamp>,
    /// Why passes fail; `None` while they succeed.
    pub problem: Option<SafeText>,
}

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassEnd {
    pub at: Timestamp,
    /// Items that the gateway accepted, deletions included.
    pub sent: u64,
    /// Items that failed, for now or until they are fixed.
    pub failed: u64,
}

/// What the process that runs says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromServer {
    /// The first line.
    Run {
        about: About,
        /// How far it is.
        progress: Progress,
    },
    /// The first line of a process that was started for a run, if that did not begin.
    NotStarted {
        /// Why.
        problem: Problem,
    },
    /// How a watch stands: the first line of a watch, and again whenever it changes.
    Watch { watch: WatchStatus },
    /// Newer counters.
    Progress {
        /// The counters.
        progress: Progress,
    },
    /// A lifecycle change; those of before come first, as far as they are kept.
    Event {
        /// The change.
        event: RunEvent,
    },
    /// Changes came faster than they were read, or long before who looks came.
    Skipped {
        /// How many are missing here.
        events: u64,
    },
    /// The command is being carried out.
    Taken,
    /// The line before is not taken.
    Refused {
        /// Why.
        message: SafeText,
    },
    /// The last line.
    Ended { result: Result<Box<RunReport>, Problem> },
}

/// What who looks says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromGuest {
    /// Carry this out.
    Command {
        command: Command,
        /// Who wants it.
        by: SafeText,
    },
}

/// A line with its schema.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line<T> {
    schema: SafeText,
    #[serde(flatten)]
    message: T,
}

/// The line that says this, with its end.
pub(super) fn line<T: Serialize>(message: T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(&Line { schema: SCHEMA.into(), message }).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// What a line says.
///
/// # Errors
/// One sentence for who wrote it.
pub(super) fn read<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Version {
        schema: SafeText,
    }
    let is_ours = |version: &Version| version.schema.as_str() == SCHEMA;
    match serde_json::from_slice::<Version>(line) {
        Ok(version) if is_ours(&version) => {}
        Ok(Version { schema }) => {
            return Err(format!("this speaks {SCHEMA}, not {schema}: use the same version of the program"));
        }
        Err(error) => return Err(format!("a line must be a JSON object with schema and type: {error}")),
    }
    serde_json::from_slice(line).map(|Line { message, .. }| message).map_err(|error| format!("not understood: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use crate::export::control::Paused;
    use crate::export::progress::{FeedProgress, ItemFailure, ItemState, Limit, RunEnd};

    #[test]
    fn what_is_said_is_what_is_understood() {
        let limit = Limit::Waiting { remaining: Duration::from_millis(1_500), reason: "after a 429".into() };
        let progress = Progress {
            eta: Some(Duration::from_secs(9)),
            paused: Some(Paused { by: Some("ann".into()) }),
            items_per_second: 1.5,
            limit,
            ..Progress::new(vec![FeedProgress::new(Feed::Products)], false)
        };
        let failure = ItemFailure {
            feed: Feed::Prices,
            label: "SKU".into(),
            state: ItemState::NeedsAttention,
            message: "no".into(),
            code: "".into(),
            request_id: None,
        };
        let problem = Problem::new(Exit::TryAgain, "gone").hint("again");
        let end = RunEnd::Failed { problems: vec![(Feed::Products, problem.clone())] };
        let report = RunReport { progress: progress.clone(), end, unknown_ids: vec![], requests_per_second: Some(2.0) };
        for message in [
            FromServer::Progress { progress },
            FromServer::Event { event: RunEvent::ItemFailed(failure) },
            FromServer::Event { event: RunEvent::FirstSync { source_records: vec![(Feed::Products, None)] } },
            FromServer::Taken,
            FromServer::Ended { result: Ok(Box::new(report)) },
            FromServer::Ended { result: Err(problem) },
        ] {
            let said = line(message.clone());
            assert_eq!(said.split(|byte| *byte == b'\n').count(), 2, "one line, and nothing after it");
            let understood: FromServer = read(&said).expect("understood");
            assert_eq!(format!("{understood:?}"), format!("{message:?}"));
        }
        for command in [Command::Pause, Command::SetThreadCount(3), Command::SetBatchSize { feed: None, items: 5 }] {
            let message = FromGuest::Command { command, by: "ann".into() };
            assert_eq!(read::<FromGuest>(&line(message.clone())).expect("understood"), message);
        }
    }

    #[test]
    fn counters_of_an_older_program_are_understood() {
        let mut progress = Progress::new(vec![FeedProgress::new(Feed::Products)], false);
        progress.feeds[0].estimated = Some(5);
        progress.run_eta = Some(Duration::from_secs(9));
        let mut said = serde_json::to_value(Line { schema: SCHEMA.into(), message: FromServer::Progress { progress } })
            .expect("JSON");
        for name in ["requests", "reasons", "run_eta"] {
            assert!(said["progress"].as_object_mut().expect("counters").remove(name).is_some(), "{name}");
        }
        said["progress"]["feeds"][0].as_object_mut().expect("a feed").remove("estimated");
        let Ok(FromServer::Progress { progress }) = read(said.to_string().as_bytes()) else { panic!("not understood") };
        assert_eq!(progress, Progress::new(vec![FeedProgress::new(Feed::Products)], false));
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        for (text, words) in [
            ("", "must be a JSON object"),
            ("GET / HTTP/1.1", "must be a JSON object"),
            ("{}", "must be a JSON object"),
            ("{\"schema\":\"commerce-connector-run/2\"}", "not commerce-connector-run/2"),
            ("{\"schema\":\"\\u001b]0;x\\u0007\"}", "not \\x1b]0;x\\x07"),
            ("{\"schema\":\"commerce-connector-run/1\",\"type\":\"dance\"}", "not understood"),
            (
                "{\"schema\":\"commerce-connector-run/1\",\"type\":\"command\",\"command\":{\"set_thread_count\":-1},\"by\":\"\"}",
                "not understood",
            ),
        ] {
            let error = read::<FromGuest>(text.as_bytes()).expect_err("refused");
            assert!(error.contains(words) && !error.contains('\x1b'), "{text}: {error}");
        }
    }
}
