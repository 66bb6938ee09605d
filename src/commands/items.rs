//! `export items` and `export item`: items in the ledger, without the screen.

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::output::{Output, moment, table};
use super::{no_data_space, report};
use crate::cli::{ItemArgs, ItemsArgs, OrderChoice, StateChoice};
use crate::connector::items::{ItemView, document, row_document};
use crate::connector::{Connector, item_report};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::ledger::{ItemNumber, ItemOrder, ItemPage, ItemQuery, PageFrom};
use crate::export::progress::ItemState;
use crate::format::{count, counted};
use crate::private_file::safe;
use crate::untrusted::SafeText;

/// How many items are read at a time.
const PAGE: u64 = 1_000;
/// How many items of one record `export item` shows: more store views than shops have.
const MOST_SHOWN: usize = 100;

/// Lists items of one feed or of all, page by page, so that a million of them need no memory.
pub async fn list(args: &ItemsArgs, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    check_data_space(connector)?;
    let mut feeds = args.feed.map_or_else(|| Feed::ALL.to_vec(), |feed| vec![feed]);
    if let Some(path) = &args.csv {
        return save_csv(&feeds, args, path, connector, output).await;
    }
    let mut total = 0;
    for feed in &feeds {
        total += count_all(&query_of(*feed, args), connector).await?;
    }
    let mut from = PageFrom::Start;
    if let Some(number) = args.after {
        let (feed, row) = connector.item_row(ItemNumber(number)).await?;
        if args.feed.is_some_and(|asked| asked != feed) {
            return Err(Problem::usage(format!("--after {number} is an item of {feed}")).into());
        }
        feeds.drain(..feeds.iter().position(|listed| *listed == feed).unwrap_or_default());
        from = PageFrom::After(row);
    }
    let mut listed = Listed { has_feeds: args.feed.is_none(), ..Listed::default() };
    let mut feeds = feeds.into_iter();
    let mut feed = feeds.next();
    let mut has_more = false;
    while let Some(now) = feed {
        let left = args.limit - listed.shown;
        let page = page(&query_of(now, args), &from, left.clamp(1, PAGE), connector).await?;
        if left == 0 {
            // One more was asked for only to know whether there is one.
            has_more |= !page.rows.is_empty();
        } else {
            listed.add(now, &page, output)?;
        }
        has_more |= page.has_after && listed.shown == args.limit;
        if has_more {
            break;
        }
        if let Some(row) = page.rows.into_iter().last().filter(|_| page.has_after) {
            from = PageFrom::After(row);
        } else {
            (feed, from) = (feeds.next(), PageFrom::Start);
        }
    }
    listed.flush(output)?;
    let (shown, more) = (listed.shown, listed.last.filter(|_| has_more));
    output.record("items", json!({"feed": args.feed, "shown": shown, "total": total, "after": more}))?;
    output.text(&format!("{} of {} items", count(shown), count(total)))?;
    if let Some(number) = more {
        output.text(&format!("Next page: --after {number}"))?;
    }
    Ok(Exit::Done)
}

/// Writes every item of these feeds to a new CSV file.
async fn save_csv(
    feeds: &[Feed],
    args: &ItemsArgs,
    path: &Path,
    connector: &Connector,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let queries: Vec<ItemQuery> = feeds.iter().map(|feed| query_of(*feed, args)).collect();
    let (connector, file) = (connector.clone(), path.to_owned());
    let items = joined(tokio::task::spawn_blocking(move || connector.save_items_csv(&queries, &file)).await)?;
    let name = safe(path);
    output.say(
        &format!("{} written to {name}", counted(items, "item")),
        "items_csv",
        json!({"file": name, "items": items}),
    )?;
    Ok(Exit::Done)
}

/// What was listed so far.
#[derive(Default)]
struct Listed {
    /// Whether each row says its feed.
    has_feeds: bool,
    /// Rows that are not printed yet, so that those of several feeds stand in the same columns.
    rows: Vec<Vec<String>>,
    is_begun: bool,
    shown: u64,
    /// The number of the last item.
    last: Option<i64>,
}

impl Listed {
    fn add(&mut self, feed: Feed, page: &ItemPage, output: &mut Output) -> Result<(), Problem> {
        for row in &page.rows {
            output.record("item", Value::Object(row_document(feed, row)))?;
            let state =
                if row.is_deleted { format!("{}, deleted", row.state.words()) } else { row.state.words().into() };
            let mut cells = vec![
                row.number.0.to_string(),
                row.label.to_string(),
                row.source_id.map(|id| id.to_string()).unwrap_or_default(),
                state,
                moment(row.modified_at),
                row.error.to_string(),
            ];
            if self.has_feeds {
                cells.insert(1, feed.to_string());
            }
            self.rows.push(cells);
        }
        self.shown += page.rows.len() as u64;
        self.last = page.rows.last().map(|row| row.number.0).or(self.last);
        if self.rows.len() as u64 >= PAGE { self.flush(output) } else { Ok(()) }
    }

    fn flush(&mut self, output: &mut Output) -> Result<(), Problem> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.rows);
        if !std::mem::replace(&mut self.is_begun, true) {
            let mut header = ["NUMBER", "ITEM", "SOURCE ID", "STATE", "SINCE", "ERROR"].map(str::to_owned).to_vec();
            if self.has_feeds {
                header.insert(1, "FEED".to_owned());
            }
            rows.insert(0, header);
        }
        output.text(&table(&rows, &[0, if self.has_feeds { 3 } else { 2 }]))
    }
}

/// Shows one item, or those of all store views.
pub async fn show(args: &ItemArgs, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    check_data_space(connector)?;
    let views = connector.items_named(args.feed, &args.item, MOST_SHOWN).await?;
    if views.is_empty() {
        let what = format!("{} has no item {:?} in this data space", args.feed, SafeText::new(&args.item));
        return Err(Problem::usage(what)
            .hint(format!("search for it: commerce-connector export items --feed {} --search TEXT", args.feed))
            .into());
    }
    for (number, view) in views.iter().enumerate() {
        output.record("item_detail", document(view))?;
        if number > 0 {
            output.text("")?;
        }
        report::sections(&item_report::of(view, &TimeZone::system(), &again(view)), output)?;
    }
    Ok(Exit::Done)
}

/// The command that sends an item again. Only a number may stand in it: other ids are text from outside.
fn again(view: &ItemView) -> String {
    let id = view.detail.row.source_id.map_or("IDS".to_owned(), |id| id.to_string());
    format!("`commerce-connector export run --feed {} --by-ids {id}`", view.detail.feed)
}

/// The state that a choice on the command line stands for.
pub(super) fn state_of(choice: StateChoice) -> ItemState {
    match choice {
        StateChoice::Awaiting => ItemState::Awaiting,
        StateChoice::Submitted => ItemState::Submitted,
        StateChoice::WillRetry => ItemState::WillRetry,
        StateChoice::NeedsAttention => ItemState::NeedsAttention,
    }
}

fn query_of(feed: Feed, args: &ItemsArgs) -> ItemQuery {
    ItemQuery {
        feed,
        search: args.search.clone(),
        state: args.state.map(state_of),
        error: args.error.clone(),
        order: match args.order {
            OrderChoice::Item => ItemOrder::Label,
            OrderChoice::Id => ItemOrder::SourceId,
            OrderChoice::Newest => ItemOrder::Newest,
        },
    }
}

async fn page(query: &ItemQuery, from: &PageFrom, limit: u64, connector: &Connector) -> Result<ItemPage, Problem> {
    let (query, from, connector) = (query.clone(), from.clone(), connector.clone());
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let read = tokio::task::spawn_blocking(move || connector.items(&query, &from, limit, &mut |_| true));
    Ok(joined(read.await)?.unwrap_or_default())
}

async fn count_all(query: &ItemQuery, connector: &Connector) -> Result<u64, Problem> {
    let (query, connector) = (query.clone(), connector.clone());
    let read = tokio::task::spawn_blocking(move || connector.count_items(&query, &mut |_| true));
    Ok(joined(read.await)?.unwrap_or_default())
}

fn joined<T>(read: Result<Result<T, Problem>, tokio::task::JoinError>) -> Result<T, Problem> {
    read.map_err(|error| Problem::new(Exit::Other, format!("cannot read the ledger: {error}")))?
}

fn check_data_space(connector: &Connector) -> Result<(), Problem> {
    if connector.overview().data_space.is_some() { Ok(()) } else { Err(no_data_space()) }
}
