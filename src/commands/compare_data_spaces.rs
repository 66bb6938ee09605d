//! `compare data-spaces`: what two data spaces show, SKU by SKU.

use serde_json::{Map, json};

use super::output::{Output, talk};
use super::report::Printer;
use crate::cli::DataSpacesArgs;
use crate::connector::Connector;
use crate::connector::data_spaces::{
    DataSpacesNews, DataSpacesReport, DataSpacesRequest, HowMany, SkuComparison, SkuOrigin, which_is_which,
};
use crate::connector::verify::confidence::CONFIDENCE;
use crate::error::{Exit, Problem};
use crate::format::{count, counted};

/// Runs it. Exit code 3 if anything differs.
pub async fn run(args: DataSpacesArgs, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let names_all = !args.ids.is_empty();
    let request = DataSpacesRequest {
        spaces: [args.a, args.b],
        pairs: [args.pair_a, args.pair_b],
        skus: match (args.search, names_all) {
            (_, true) => SkuOrigin::Ids(args.ids),
            (true, false) => SkuOrigin::Search,
            (false, false) => SkuOrigin::Source,
        },
        how_many: if args.all { HowMany::All } else { HowMany::Sample(args.sample) },
        store_view: args.store_view,
        seed: fastrand::u64(..),
    };
    let printer = Printer::new(&connector.ui(), output);
    let mut tell = |news: DataSpacesNews<'_>| match news {
        DataSpacesNews::Begun(spaces) => output.text(&which_is_which(spaces)),
        DataSpacesNews::Seen(found) => seen(found, names_all, printer, output),
        DataSpacesNews::Resumed(checked) => {
            talk(&format!("Resuming after {}", counted(checked, "SKU")));
            Ok(())
        }
        DataSpacesNews::Checked(checked, all) => {
            talk(&format!("{} of {} checked", count(checked), counted(all, "SKU")));
            Ok(())
        }
    };
    let report = Box::pin(connector.compare_data_spaces(&request, &mut tell)).await?;
    summary(&report, output)?;
    Ok(report.exit())
}

/// A JSON line each; as text those that differ, or all if they were asked for by name.
fn seen(found: &SkuComparison, names_all: bool, printer: Printer, output: &mut Output) -> Result<(), Problem> {
    output.record("sku_comparison", json!(found))?;
    if output.is_data() || (!found.state.is_difference() && !names_all) {
        return Ok(());
    }
    printer.row(&found.row(), output)?;
    found.difference_lines().try_for_each(|line| output.text(&format!("  {}", printer.text(&line))))
}

fn summary(report: &DataSpacesReport, output: &mut Output) -> Result<(), Problem> {
    let [(a, a_name), (b, b_name)] = &report.spaces;
    let states: Map<_, _> =
        report.states.iter().map(|(state, number)| (state.name().to_owned(), json!(number))).collect();
    output.record(
        "data_spaces",
        json!({
            "a": {"id": a, "name": a_name},
            "b": {"id": b, "name": b_name},
            "skus": report.population,
            "checked": report.checked(),
            "states": states,
            "different": report.different(),
            "percent_equal": report.percent_equal(),
            "at_most_different": report.at_most_different,
            "confidence": report.at_most_different.map(|_| CONFIDENCE),
        }),
    )?;
    report.sentences().iter().try_for_each(|sentence| output.text(sentence))
}
