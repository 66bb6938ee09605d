//! The figures as text: the format of Prometheus 0.0.4, which textfile collectors read, and `OpenMetrics` 1.0. They differ in the
//! name of a counter above its values, and in the end.
//!
//! Names end with their unit; times are Unix seconds. What is not known has no line, so that an alert on absence can see it.

use std::fmt::{Display, Write as _};

use jiff::Timestamp;

use crate::domain::{DataSpaceId, Environment, Feed};
use crate::export::ledger::FeedSummary;
use crate::export::requests::{Durations, Requests};

/// How the text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Prometheus,
    OpenMetrics,
}

impl Format {
    /// What the other side says that it takes (`Accept`) decides.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Format::OpenMetrics } else { Format::Prometheus }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What is told.
#[derive(Debug)]
pub(super) struct Figures {
    pub environment: Environment,
    pub data_space: Option<DataSpaceId>,
    pub ledger_bytes: Option<u64>,
    pub runs: usize,
    pub state: RunState,
    pub feeds: Vec<FeedSummary>,
    /// Since when the oldest pending change of a feed waits.
    pub pending: Vec<(Feed, Timestamp)>,
    /// `None` where this process has not run anything.
    pub requests: Option<Requests>,
    /// Which share of the requests that are allowed a second was used.
    pub allowance: Option<f64>,
}

/// What the running export does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunState {
    Idle,
    Running,
    Paused,
    Stopping,
}

impl RunState {
    const ALL: [(RunState, &str); 4] = [
        (RunState::Idle, "idle"),
        (RunState::Running, "running"),
        (RunState::Paused, "paused"),
        (RunState::Stopping, "stopping"),
    ];
}

/// All figures in this format.
pub(super) fn write(figures: &Figures, format: Format) -> String {
    let mut page = Page { text: String::new(), format };
    let id = figures.data_space.as_ref().map_or("", DataSpaceId::as_str);
    let info = format!(
        "version=\"{}\",environment=\"{}\",data_space=\"{}\"",
        env!("CARGO_PKG_VERSION"),
        figures.environment,
        label(id)
    );
    page.gauge("info", "Version, environment and data space in use; always 1.", [(info, 1)]);
    page.gauge("running_exports", "Exports that are running now.", [(String::new(), figures.runs)]);
    let states = RunState::ALL.map(|(state, name)| (format!("state=\"{name}\""), u8::from(state == figures.state)));
    page.gauge("run_state", "What the oldest running export does: 1 for the state it is in.", states);
    page.gauge("ledger_bytes", "Size of the ledger on disk.", figures.ledger_bytes.map(|size| (String::new(), size)));
    page.gauge("items", "Items of a feed by state.", figures.feeds.iter().flat_map(by_state));
    let help = "Age of the oldest change of a feed that is not sent yet; 0 if there is none.";
    let now = Timestamp::now();
    let age = |feed: Feed| {
        let since = figures.pending.iter().find(|(pending, _)| *pending == feed);
        since.map_or(0, |(_, since)| now.duration_since(*since).as_secs().max(0))
    };
    let ages = figures.feeds.iter().map(|summary| (of_feed(summary.feed), age(summary.feed)));
    page.gauge("oldest_pending_change_seconds", help, ages);
    let full = figures.feeds.iter().filter_map(|feed| Some((of_feed(feed.feed), feed.last_sync?.as_second())));
    page.gauge("last_full_sync_timestamp_seconds", "When a feed was last compared and sent in full.", full);
    let partial = figures.feeds.iter().filter_map(|feed| Some((of_feed(feed.feed), feed.last_partial?.as_second())));
    page.gauge("last_partial_sync_timestamp_seconds", "When a partial sync of a feed last succeeded.", partial);
    if let Some(requests) = &figures.requests {
        page.requests(requests);
    }
    let help = "Share of the allowed requests a second that was used in the last minute.";
    page.gauge("allowance_used_ratio", help, figures.allowance.map(|share| (String::new(), share)));
    page.end()
}

fn by_state(feed: &FeedSummary) -> [(String, u64); 4] {
    [
        ("sent", feed.submitted),
        ("not_sent", feed.awaiting),
        ("will_retry", feed.will_retry),
        ("needs_a_fix", feed.needs_attention),
    ]
    .map(|(state, number)| (format!("{},state=\"{state}\"", of_feed(feed.feed)), number))
}

fn of_feed(feed: Feed) -> String {
    format!("feed=\"{}\"", feed.name())
}

/// A text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Page {
    text: String,
    format: Format,
}

impl Page {
    /// A gauge with the values that are known, each with its labels.
    fn gauge<V: Display>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (String, V)>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_some() {
            self.head(name, "gauge", help);
        }
        for (labels, value) in values {
            self.line(name, &labels, value);
        }
    }

    fn requests(&mut self, requests: &Requests) {
        let outcomes = [
            ("ok", requests.ok),
            ("slowed_down", requests.slowed_down),
            ("failed", requests.failed),
            ("refused", requests.refused),
        ];
        let name = if self.format == Format::OpenMetrics { "requests" } else { "requests_total" };
        self.head(name, "counter", "Requests of this process by outcome.");
        for (outcome, number) in outcomes {
            self.line("requests_total", &format!("outcome=\"{outcome}\""), number);
        }
        let Durations { classes, sum } = &requests.durations;
        self.head("request_duration_seconds", "histogram", "How long answers took, of the requests of this process.");
        let mut all = 0;
        let ends = Durations::ENDS.map(|end| format!("{:?}", end.as_secs_f64()));
        for (end, number) in ends.into_iter().chain(["+Inf".to_owned()]).zip(classes) {
            all += number;
            self.line("request_duration_seconds_bucket", &format!("le=\"{end}\""), all);
        }
        self.line("request_duration_seconds_sum", "", sum.as_secs_f64());
        self.line("request_duration_seconds_count", "", all);
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // A string takes everything.
        let _ = writeln!(self.text, "# HELP commerce_connector_{name} {help}\n# TYPE commerce_connector_{name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = match labels {
            "" => writeln!(self.text, "commerce_connector_{name} {value}"),
            labels => writeln!(self.text, "commerce_connector_{name}{{{labels}}} {value}"),
        };
    }

    fn end(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}
