//! `export runs`: the run history of the selected data space.

use serde_json::{Value, json};

use super::no_data_space;
use super::output::{Output, moment, table};
use crate::connector::Connector;
use crate::domain::DataSpaceId;
use crate::error::{Exit, Problem};
use crate::export::ledger::{PastRun, RunCounts};
use crate::format::{count, duration};

/// Lists the newest runs, newest first.
///
/// # Errors
/// A [`Problem`] if no data space is selected, or its ledger cannot be read.
pub fn list(limit: u16, connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    let Some((data_space, ..)) = connector.overview().data_space else { return Err(no_data_space()) };
    let runs = connector.runs(limit.into())?;
    for run in &runs {
        output.record("run", document(&data_space, run))?;
    }
    if runs.is_empty() {
        output.text("No runs yet: run `commerce-connector export run`.")?;
        return Ok(Exit::Done);
    }
    let header = ["STARTED", "RUN", "BY", "TIME", "SENT", "FAILED", "DELETED", "END"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(runs.iter().map(row)).collect();
    output.text(&table(&rows, &[3, 4, 5, 6]))?;
    Ok(Exit::Done)
}

/// A run as JSON.
pub fn document(data_space: &DataSpaceId, run: &PastRun) -> Value {
    json!({
        "data_space": data_space,
        "request": run.request,
        "feeds": run.feeds,
        "started_at": run.started_at.to_string(),
        "ended_at": run.ended_at.map(|at| at.to_string()),
        "seconds": run.duration().map(|time| time.as_secs_f64()),
        "user": run.owner.user,
        "host": run.owner.host,
        "pid": run.owner.pid,
        "sent": run.counts.map(|counts| counts.sent),
        "failed": run.counts.map(|counts| counts.failed),
        "deleted": run.counts.map(|counts| counts.deleted),
        "end": run.end.word(),
        "reason": run.end.reason(),
    })
}

fn row(run: &PastRun) -> Vec<String> {
    let number = |of: fn(&RunCounts) -> u64| run.counts.as_ref().map_or("-".to_owned(), |counts| count(of(counts)));
    let end = match run.end.reason() {
        Some(reason) => format!("{}: {reason}", run.end.word()),
        None => run.end.word().to_owned(),
    };
    vec![
        moment(run.started_at),
        run.request.to_string(),
        run.owner.address(),
        run.duration().map_or("-".to_owned(), duration),
        number(|counts| counts.sent),
        number(|counts| counts.failed),
        number(|counts| counts.deleted),
        end,
    ]
}
