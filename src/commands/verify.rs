//! `verify`: what was sent beside what the storefront services show.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Map, json};

use super::Invocation;
use super::output::{Output, talk};
use super::report::Printer;
use crate::cli::VerifyArgs;
use crate::connector::verify::confidence::CONFIDENCE;
use crate::connector::verify::{Choice, Sighting, VerifyNews, VerifyReport, VerifyRequest};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::format::{count, counted};

/// Runs it.
pub async fn run(args: VerifyArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    if args.feed != Feed::Products {
        let what = format!("{} cannot be verified: the services show products, with their prices", args.feed);
        return Err(Problem::usage(what).into());
    }
    let connector = setting.connector().await?;
    let printer = Printer::new(&connector.ui(), output);
    let names_all = !args.ids.is_empty();
    let choice = if args.all {
        Choice::All
    } else if names_all {
        Choice::Skus(args.ids)
    } else {
        Choice::Sample(args.sample)
    };
    let request = VerifyRequest {
        choice,
        store_view: args.store_view,
        group: args.group,
        live_search: args.live_search,
        patience: Duration::from_secs(60 * u64::from(args.within)),
        seed: fastrand::u64(..),
    };
    let mut tell = |news: VerifyNews<'_>| match news {
        VerifyNews::Seen(sighting) => seen(sighting, names_all, printer, output),
        VerifyNews::Resumed(checked) => {
            talk(&format!("Resuming after {}", counted(checked, "item")));
            Ok(())
        }
        VerifyNews::Checked(checked, all) => {
            talk(&format!("{} of {} checked", count(checked), counted(all, "item")));
            Ok(())
        }
    };
    let report = Box::pin(connector.verify_items(&request, &mut tell)).await?;
    summary(&report, output)?;
    Ok(if report.tally.wrong > 0 { Exit::Partial } else { Exit::Done })
}

/// A JSON line each; as text those that differ, or all if they were asked for by name.
fn seen(sighting: &Sighting, names_all: bool, printer: Printer, output: &mut Output) -> Result<(), Problem> {
    output.record("visibility", json!(sighting))?;
    let is_as_expected = !sighting.is_different();
    if output.is_data() || (is_as_expected && !names_all) {
        return Ok(());
    }
    printer.row(&sighting.row(&TimeZone::system()), output)?;
    sighting.difference_lines().try_for_each(|line| output.text(&printer.text(&format!("  {line}"))))
}

fn summary(report: &VerifyReport, output: &mut Output) -> Result<(), Problem> {
    let VerifyReport { population, tally, bound, has_no_index } = report;
    let states: Map<_, _> =
        tally.states.iter().map(|(state, number)| (state.name().to_owned(), json!(number))).collect();
    let kinds: Map<_, _> = tally.kinds.iter().map(|(kind, number)| (kind.to_string(), json!(number))).collect();
    output.record(
        "verify",
        json!({
            "items": population,
            "checked": tally.checked(),
            "wrong": tally.wrong,
            "not_overdue": tally.waiting(),
            "states": states,
            "kinds": kinds,
            "drawn": bound.map(|bound| bound.drawn),
            "drawn_wrong": bound.map(|bound| bound.wrong),
            "at_most_wrong": bound.map(|bound| bound.at_most),
            "confidence": bound.map(|_| CONFIDENCE),
            "live_search_has_no_index": has_no_index,
        }),
    )?;
    report.sentences().iter().try_for_each(|sentence| output.text(sentence))
}
