//! What `status` and `export status` say of the time after a run: coverage, the last run, and what was sent in each hour.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::output::{Output, moment};
use super::runs;
use crate::connector::Connector;
use crate::domain::DataSpaceId;
use crate::error::Problem;
use crate::export::ledger::{Coverage, FeedSummary};
use crate::export::progress::SENT_MEANS;
use crate::format::count;

/// The share of items whose newest state was sent.
pub fn coverage(data_space: &DataSpaceId, feeds: &[FeedSummary], output: &mut Output) -> Result<(), Problem> {
    let all: Coverage = feeds.iter().map(FeedSummary::coverage).sum();
    let fields = json!({"data_space": data_space, "sent": all.sent, "items": all.items, "percent": all.percent()});
    output.say(&format!("Coverage: {}. {SENT_MEANS}", all.words()), "coverage", fields)
}

/// What the gateway accepted in the last 24 hours, and in each of them.
pub fn sent_per_hour(data_space: &DataSpaceId, connector: &Connector, output: &mut Output) -> Result<(), Problem> {
    let sent = connector.history(1)?.sent_per_hour;
    let hours: Vec<Value> = sent.hours().map(|(at, items)| json!({"from": at.to_string(), "sent": items})).collect();
    let fields = json!({"data_space": data_space, "sent": sent.total(), "hours": hours});
    output.say(&format!("Sent in 24 h: {}", sent.words(&TimeZone::system())), "sent_per_hour", fields)
}

/// The newest run; nothing before the first.
pub fn last_run(data_space: &DataSpaceId, connector: &Connector, output: &mut Output) -> Result<(), Problem> {
    let Some(run) = connector.runs(1)?.into_iter().next() else { return Ok(()) };
    let counts = run.counts.unwrap_or_default();
    let (sent, failed) = (count(counts.sent), count(counts.failed));
    let text = format!(
        "Last run: {}, {}: {}, {sent} sent, {failed} failed",
        moment(run.started_at),
        run.request,
        run.end.word()
    );
    output.say(&text, "run", runs::document(data_space, &run))
}
