//! `compare exporter`: our items against those of Adobe's exporter, and switching over from it.

use serde_json::json;

use super::output::{Output, can_ask, confirmed, table};
use super::report::Printer;
use super::{Invocation, compare_data_spaces};
use crate::cli::CompareCommand;
use crate::connector::Connector;
use crate::connector::compare::{AdoptionCounts, FeedAdoption, FeedComparison, Origin, command_to_make, exit};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::format::count;

/// Runs it. Exit code 3 if something differs.
pub async fn run(command: CompareCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    let (from, feed, adopt, yes) = match command {
        CompareCommand::Exporter { from, feed, adopt, yes } => (from, feed, adopt, yes),
        CompareCommand::DataSpaces(args) => return compare_data_spaces::run(args, &connector, output).await,
    };
    if adopt {
        return self::adopt(&connector, feed, yes, output).await;
    }
    let feeds = connector.compare_exporter(from.map_or(Origin::FeedTables, Origin::File), feed).await?;
    let printer = Printer::new(&connector.ui(), output);
    for feed in &feeds {
        output.record("comparison", json!(feed))?;
        print(feed, printer, output)?;
    }
    if let Some(skipped) = feeds.iter().find(|feed| feed.is_skipped()) {
        output.text(&format!("To compare what was not: {}", command_to_make(Some(skipped.feed))))?;
        output
            .text("It sends nothing, and writes the items into var/log/saas-export.log: name that file with --from.")?;
    }
    Ok(exit(&feeds))
}

/// Shows what would count as sent, asks, and keeps it.
async fn adopt(connector: &Connector, feed: Option<Feed>, is_sure: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let plan = connector.plan_adoption(feed).await?;
    let counts = &plan.counts;
    for feed in &counts.feeds {
        output.record("adoption", json!(feed))?;
    }
    output.text(&adoption_table(&counts.feeds))?;
    counts.sentences().iter().try_for_each(|sentence| output.text(sentence))?;
    if !is_sure {
        if !can_ask(output) {
            return Err(Problem::usage("the ledger was not changed: that must be confirmed").hint("add --yes").into());
        }
        if !confirmed("Count them as sent? [y/N] ".to_owned()).await? {
            output.text("Nothing changed.")?;
            return Ok(Exit::Done);
        }
    }
    let fields = json!({
        "sent": counts.sent(), "to_send": counts.to_send(), "gone": counts.gone(), "not_judged": counts.not_judged(),
        "unsaid": counts.unsaid,
    });
    let sent = tokio::task::block_in_place(|| plan.keep())?;
    output.say(&AdoptionCounts::kept_sentence(sent), "adopted", fields)?;
    Ok(Exit::Done)
}

fn adoption_table(feeds: &[FeedAdoption]) -> String {
    let head = ["FEED", "SENT", "DIFFERS", "NOT ACCEPTED", "ONLY OURS", "NOT JUDGED", "GONE"].map(str::to_owned);
    let row = |feed: &FeedAdoption| {
        let numbers =
            [feed.sent, feed.different, feed.not_accepted, feed.only_ours, feed.not_judged, feed.gone].map(count);
        std::iter::once(feed.feed.to_string()).chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(feeds.iter().map(row)).collect();
    table(&rows, &[1, 2, 3, 4, 5, 6])
}

/// The verdict of a feed behind its mark, then what differs.
fn print(of: &FeedComparison, printer: Printer, output: &mut Output) -> Result<(), Problem> {
    printer.row(&of.row(), output)?;
    let mut indented = |line: &String| output.text(&format!("  {}", printer.text(line)));
    of.field_lines().iter().try_for_each(&mut indented)?;
    if of.more_fields() > 0 {
        indented(&format!("{} more fields: --json has all", of.more_fields()))?;
    }
    of.example_lines().iter().try_for_each(indented)
}
