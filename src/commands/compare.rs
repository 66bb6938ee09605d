//! `compare exporter`: our items against those of Adobe's exporter, and switching over from it.

use serde_json::json;

use super::output::{Output, can_ask, confirmed, table};
use super::report::Printer;
use super::{Invocation, compare_data_spaces};
use crate::cli::CompareCommand;
use crate::connector::Connector;
use crate::connector::compare::{FeedAdoption, FeedComparison, Origin, command_to_make, exit};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::format::{count, counted};
use crate::report::{Row, Tone};

/// Fields of a feed that are printed; all are in `--json`.
const MOST_FIELDS: usize = 20;

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
    for feed in &plan.feeds {
        output.record("adoption", json!(feed))?;
    }
    output.text(&adoption_table(&plan.feeds))?;
    let sum = |items: fn(&FeedAdoption) -> u64| plan.feeds.iter().map(items).sum::<u64>();
    let (sent, to_send, gone) = (sum(|feed| feed.sent), sum(FeedAdoption::to_send), sum(|feed| feed.gone));
    let text = format!(
        "{} would count as sent; the next sync sends {} and deletes {}.",
        counted(sent, "item"),
        count(to_send),
        count(gone)
    );
    output.text(&text)?;
    let not_judged = sum(|feed| feed.not_judged);
    if not_judged > 0 {
        let text = format!("{} not judged: the feed table does not hold what was sent.", counted(not_judged, "item"));
        output.text(&text)?;
    }
    if !plan.unsaid.is_empty() {
        let feeds: Vec<&str> = plan.unsaid.iter().map(|feed| feed.name()).collect();
        output.text(&format!(
            "Adobe's tables do not say what was sent of {}: the next sync sends all.",
            feeds.join(", ")
        ))?;
    }
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
        "sent": sent, "to_send": to_send, "gone": gone, "not_judged": not_judged, "unsaid": plan.unsaid,
    });
    tokio::task::block_in_place(|| plan.keep())?;
    let text = format!("{} now count as sent.", counted(sent, "item"));
    output.say(&text, "adopted", fields)?;
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
    let not_compared = of.not_compared();
    if of.is_skipped() {
        let row = Row::new(format!("not compared: {not_compared}"), Tone::Open).named(of.feed.name());
        return printer.row(&row, output);
    }
    let rest = if not_compared.is_empty() { String::new() } else { format!("; not compared: {not_compared}") };
    if of.is_equal() {
        let tone = if rest.is_empty() { Tone::Good } else { Tone::Warning };
        let row = Row::new(format!("{} equal{rest}", counted(of.equal, "item")), tone).named(of.feed.name());
        return printer.row(&row, output);
    }
    let parts =
        [(of.equal, "equal"), (of.different, "differ"), (of.only_theirs, "only theirs"), (of.only_ours, "only ours")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(items, _)| *items > 0)
        .map(|(items, what)| format!("{} {what}", count(items)))
        .collect();
    printer.row(&Row::new(format!("{}{rest}", parts.join(", ")), Tone::Danger).named(of.feed.name()), output)?;
    for field in of.fields.iter().take(MOST_FIELDS) {
        output.text(&format!("  {} in {}, such as {}", field.path, counted(field.items, "item"), field.example))?;
        output.text(&format!("    theirs: {}", printer.text(field.theirs.as_str())))?;
        output.text(&format!("    ours:   {}", printer.text(field.ours.as_str())))?;
    }
    if of.fields.len() > MOST_FIELDS {
        output.text(&format!("  {} more fields: --json has all", of.fields.len() - MOST_FIELDS))?;
    }
    for (what, ids) in [("only theirs", &of.only_theirs_examples), ("only ours", &of.only_ours_examples)] {
        ids.iter().try_for_each(|id| output.text(&format!("  {what}: {id}")))?;
    }
    Ok(())
}
