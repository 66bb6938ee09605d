//! `feeds list` and `feeds items`.

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;

use super::Invocation;
use super::output::{Output, table, talk};
use crate::cli::FeedsCommand;
use crate::connector::{Connector, SourceFeeds};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::feeds::item::FeedItem;
use crate::feeds::source::{Collected, IdKind, Page, Selection};
use crate::format::count;
use crate::untrusted::SafeText;

/// Pages that may wait between the source and the printing.
const PAGES_AHEAD: usize = 2;

/// Runs one of them.
pub async fn run(command: FeedsCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    match command {
        FeedsCommand::List => list(&connector, output).await,
        FeedsCommand::Health => super::health::run(&connector, output).await,
        FeedsCommand::Items { feed, ids, id_type, limit } => {
            let named = (!ids.is_empty()).then(|| (ids, id_type.unwrap_or_default()));
            items(&connector, feed, named, limit.unwrap_or(u64::MAX), output).await
        }
    }
}

async fn list(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let SourceFeeds { counts, absent, .. } = connector.source_feeds().await?;
    let mut rows = vec![["FEED", "SOURCE RECORDS", "BATCH SIZE", "ROUTE", "ROUTE FROM"].map(str::to_owned).to_vec()];
    for feed in Feed::ALL {
        let counted = counts.iter().find(|(in_source, _)| *in_source == feed);
        let absence = absent.iter().find(|(of, _)| *of == feed).map(|(_, reason)| reason);
        let (route, route_from) = connector.route(feed);
        let route_from = SafeText::new(&route_from.to_string());
        let records = match counted {
            Some((_, Some(records))) => count(*records),
            Some((_, None)) => "unknown".to_owned(),
            None => "not in this source".to_owned(),
        };
        let batch_size = connector.batch_size(feed);
        output.record(
            "feed",
            json!({
                "feed": feed,
                "in_source": counted.is_some(),
                "not_in_source_because": absence,
                "experimental": feed.is_experimental(),
                "source_records": counted.and_then(|(_, records)| *records),
                "batch_size": batch_size,
                "route": route,
                "route_from": route_from,
            }),
        )?;
        let mark = if feed.is_experimental() { " *" } else { "" };
        rows.push(vec![format!("{feed}{mark}"), records, batch_size.to_string(), route, route_from.to_string()]);
    }
    output.text(&table(&rows, &[1, 2]))?;
    output.text("* experimental: its tables are not public; exported only if named, not part of `all`")?;
    for (feed, reason) in &absent {
        output.text(&format!("{feed} is not in this source: {reason}"))?;
    }
    Ok(Exit::Done)
}

/// Prints exactly what would be sent, one item a line; problems go to stderr.
async fn items(
    connector: &Connector,
    feed: Feed,
    named: Option<(Vec<String>, IdKind)>,
    limit: u64,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let source = connector.source().await?;
    let mut selection = Selection::All;
    let mut broken = 0_u64;
    if let Some((words, kind)) = named {
        let resolved = source.resolve(feed, &words, kind).await.map_err(|error| Problem::of(&error))?;
        if let Some(remark) = resolved.remark() {
            talk(SafeText::new(&remark).as_str());
        }
        for word in &resolved.unknown {
            broken += 1;
            talk(SafeText::new(&format!("not sent: {feed} {word}: {}", source.why_unknown(feed))).as_str());
        }
        selection = resolved.selection;
    }
    let (sender, mut pages) = mpsc::channel::<Page>(PAGES_AHEAD);
    let reading = tokio::spawn(async move { source.read(feed, &selection, sender).await });
    let now = Timestamp::now();
    let mut left = limit;
    'pages: while let Some(page) = pages.recv().await {
        for collected in page.collected {
            if left == 0 {
                break 'pages;
            }
            let place_and_reason = match collected {
                Collected::Item { source_id, content } => match FeedItem::new(feed, source_id, content, now) {
                    Ok(item) => {
                        output.buffered(&item.json)?;
                        left -= 1;
                        continue;
                    }
                    Err(error) => {
                        format!("source record {}: {error}", source_id.map_or("?".into(), |id| id.to_string()))
                    }
                },
                Collected::Broken(record) => format!("{}: {}", record.place, record.reason),
            };
            broken += 1;
            talk(&format!("not sent: {}", SafeText::new(&place_and_reason)));
        }
        for remark in page.remarks {
            talk(&format!("{}: {}", remark.place, remark.text));
        }
        output.flush()?;
    }
    output.flush()?;
    // Nobody listens any more: a source that has more to say stops.
    drop(pages);
    reading
        .await
        .map_err(|error| Problem::new(Exit::Other, format!("reading {feed} ended early: {error}")))?
        .map_err(|error| Problem::of(&error))?;
    Ok(if broken == 0 { Exit::Done } else { Exit::Partial })
}
