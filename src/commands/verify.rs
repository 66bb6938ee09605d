//! `verify`: what was sent beside what the storefront services show.

use std::time::Duration;

use serde_json::{Map, json};

use super::Invocation;
use super::output::{Output, moment, talk};
use super::report::Printer;
use crate::cli::VerifyArgs;
use crate::connector::verify::confidence::CONFIDENCE;
use crate::connector::verify::{Bound, Choice, Sighting, VerifyNews, VerifyReport, VerifyRequest, Visibility};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::format::{count, counted, rounded_up};
use crate::report::{Row, Tone};

/// Runs it.
pub async fn run(args: VerifyArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    if args.feed != Feed::Products {
        let what = format!("{} cannot be verified: the services show products, with their prices", args.feed);
        return Err(Problem::usage(what).into());
    }
    let connector = setting.connector().await?;
    let printer = Printer::new(&connector.ui());
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
    let is_as_expected = matches!(sighting.state, Visibility::AsSent | Visibility::NotExpected);
    if output.is_json() || (is_as_expected && !names_all) {
        return Ok(());
    }
    let tone = match sighting {
        Sighting { wrong: true, .. } => Tone::Danger,
        _ if is_as_expected => Tone::Good,
        _ => Tone::Warning,
    };
    let why = if sighting.why.is_empty() { String::new() } else { format!(", {}", sighting.why) };
    let by = sighting.expected_by.filter(|_| !sighting.wrong);
    let by = by.map(|at| format!(", expected by {}", moment(at))).unwrap_or_default();
    let text = format!("{} in {}: {}{why}{by}", sighting.sku, sighting.store_view, sighting.state.words());
    printer.row(&Row::new(text, tone), output)?;
    for difference in &sighting.differs {
        let (sent, shown) = (difference.sent.as_str(), difference.shown.as_str());
        output.text(&printer.text(&format!("  {}: sent {sent:?}, shown {shown:?}", difference.what)))?;
    }
    Ok(())
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
    let states: Vec<_> =
        tally.states.iter().map(|(state, number)| format!("{} {}", count(*number), state.words())).collect();
    let checked = format!("{} of {} checked", count(tally.checked()), counted(*population, "item"));
    output.text(&format!("{checked}: {}", states.join(", ")))?;
    let kinds: Vec<_> = tally.kinds.iter().map(|(kind, number)| format!("{} {kind}", count(*number))).collect();
    output.text(&format!("Kinds: {}", kinds.join(", ")))?;
    if *has_no_index {
        output.text("Live Search has no index for at least one store view; it was not checked further.")?;
    }
    if tally.waiting() > 0 {
        let waiting = counted(tally.waiting(), "difference");
        output.text(&format!("{waiting} not overdue yet, so not counted as wrong: verify again later."))?;
    }
    match bound {
        Some(bound) => output.text(&statement(*bound, *population)),
        None => output.text(&format!("{} wrong.", count(tally.wrong))),
    }
}

/// What a sample says about everything.
fn statement(bound: Bound, population: u64) -> String {
    let Bound { drawn, wrong, at_most } = bound;
    let percent = rounded_up(100.0 * at_most as f64 / population.max(1) as f64);
    let (sure, population) = (CONFIDENCE * 100.0, count(population));
    let drawn = format!("{} of {} drawn at random are wrong", count(wrong), count(drawn));
    format!("At most {percent} % wrong, {sure:.0} % sure, of {population} ({drawn}).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_never_promises_more_than_it_knows() {
        let of = |at_most, wrong| statement(Bound { drawn: 985, wrong, at_most }, 40_000);
        assert_eq!(of(120, 0), "At most 0.3 % wrong, 95 % sure, of 40,000 (0 of 985 drawn at random are wrong).");
        assert_eq!(of(121, 0), "At most 0.4 % wrong, 95 % sure, of 40,000 (0 of 985 drawn at random are wrong).");
        assert_eq!(of(400, 4), "At most 1 % wrong, 95 % sure, of 40,000 (4 of 985 drawn at random are wrong).");
    }
}
