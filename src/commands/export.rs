//! `export run` and `export status`.

use jiff::tz::TimeZone;
use serde_json::json;

use super::Setting;
use super::linear::{self, Voice};
use super::output::{Output, table};
use crate::cli::{ExportCommand, FeedChoice};
use crate::connector::{Connector, ExportRequest};
use crate::error::{Exit, Problem};
use crate::feeds::Feed;
use crate::words::count;

/// How many failed items `export status` names.
const FAILURES_SHOWN: usize = 20;

/// Runs one of them.
///
/// # Errors
/// Whatever a person has to be told.
pub async fn run(command: ExportCommand, setting: &Setting, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    match command {
        ExportCommand::Run { feed, thread_count, batch_size, dry_run, quiet } => {
            let _log = crate::logging::start(&connector.overview().state_dir)?;
            let request = ExportRequest {
                feeds: chosen(&feed),
                thread_count: thread_count.map(usize::from),
                batch_size: batch_size.map(usize::from),
                dry_run,
            };
            let voice = if quiet { Voice::Quiet } else { Voice::Stderr };
            let run = connector.start_export(request).await?;
            linear::follow(run, voice, output).await
        }
        ExportCommand::Status => status(&connector, output),
    }
}

/// The named feeds; none = all of the source.
fn chosen(choices: &[FeedChoice]) -> Vec<Feed> {
    if choices.contains(&FeedChoice::All) {
        return Vec::new();
    }
    choices
        .iter()
        .filter_map(|choice| match choice {
            FeedChoice::All => None,
            FeedChoice::One(feed) => Some(*feed),
        })
        .collect()
}

fn status(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let overview = connector.overview();
    let Some((id, name, kind)) = overview.data_space else {
        return Err(Problem::usage("no data space is chosen, so there is nothing to show")
            .hint("run `commerce-connector data-spaces select ID`")
            .into());
    };
    let summary = connector.ledger_summary()?;
    let failures = connector.failures(None, FAILURES_SHOWN)?;
    let mut rows = vec![
        ["FEED", "SUBMITTED", "AWAITING", "WILL RETRY", "NEED ATTENTION", "LAST SYNC"].map(str::to_owned).to_vec(),
    ];
    for feed in &summary {
        output.record(
            "feed_status",
            json!({
                "data_space": id,
                "feed": feed.feed,
                "submitted": feed.submitted,
                "awaiting": feed.awaiting,
                "will_retry": feed.will_retry,
                "needs_attention": feed.needs_attention,
                "last_sync": feed.last_sync.map(|at| at.to_string()),
            }),
        )?;
        let last_sync = feed.last_sync.map_or("never in full".to_owned(), |at| {
            at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
        });
        let mut row = vec![feed.feed.to_string()];
        row.extend([feed.submitted, feed.awaiting, feed.will_retry, feed.needs_attention].map(count));
        row.push(last_sync);
        rows.push(row);
    }
    output.text(&format!("Data space {name} ({kind}, {id})"))?;
    if summary.is_empty() {
        output.text("Nothing was sent to it from here yet: run `commerce-connector export run`.")?;
    } else {
        output.text(&table(&rows, &[1, 2, 3, 4]))?;
        output.text(
            "Submitted to service means accepted by the gateway; when it is visible in the services is not known here.",
        )?;
    }
    for failure in &failures {
        output.say(&linear::failure_line(failure), "item_failed", linear::failure_record(failure))?;
    }
    let failed = summary.iter().any(|feed| feed.will_retry + feed.needs_attention > 0);
    Ok(if failed { Exit::Partial } else { Exit::Done })
}
