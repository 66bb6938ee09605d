//! `export items` and `export item`: items in the ledger, without the screen.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::output::{Output, moment, table};
use super::{no_data_space, report};
use crate::cli::{ItemArgs, ItemsArgs, OrderChoice, StateChoice};
use crate::connector::items::{ItemView, document, row_document};
use crate::connector::{Connector, item_report};
use crate::error::{Exit, Problem};
use crate::export::ledger::{ItemNumber, ItemOrder, ItemPage, ItemQuery, PageFrom};
use crate::export::progress::ItemState;
use crate::format::count;
use crate::untrusted::SafeText;

/// How many items are read at a time.
const PAGE: u64 = 1_000;
/// How many items of one record `export item` shows: more store views than shops have.
const MOST_SHOWN: usize = 100;

/// Lists items, page by page, so that a million of them need no memory.
pub async fn list(args: &ItemsArgs, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    check_data_space(connector)?;
    let query = query_of(args);
    let mut from = match args.after {
        None => PageFrom::Start,
        Some(number) => PageFrom::After(connector.item_row(ItemNumber(number)).await?),
    };
    let total = count_all(&query, connector).await?;
    let (mut left, mut shown, mut last) = (args.limit, 0, None);
    loop {
        let page = page(&query, &from, left.min(PAGE), connector).await?;
        let mut rows = Vec::with_capacity(page.rows.len() + 1);
        if shown == 0 {
            rows.push(["NUMBER", "ITEM", "SOURCE ID", "STATE", "SINCE", "ERROR"].map(str::to_owned).to_vec());
        }
        for row in &page.rows {
            output.record("item", Value::Object(row_document(query.feed, row)))?;
            let state =
                if row.is_deleted { format!("{}, deleted", row.state.words()) } else { row.state.words().into() };
            rows.push(vec![
                row.number.0.to_string(),
                row.label.to_string(),
                row.source_id.map(|id| id.to_string()).unwrap_or_default(),
                state,
                moment(row.modified_at),
                row.error.to_string(),
            ]);
        }
        if rows.len() > 1 || !page.rows.is_empty() {
            output.text(&table(&rows, &[0, 2]))?;
        }
        let read = page.rows.len() as u64;
        shown += read;
        left = left.saturating_sub(read);
        last = page.rows.last().map(|row| row.number.0).or(last);
        if let Some(row) = page.rows.into_iter().last().filter(|_| page.has_after && left > 0) {
            from = PageFrom::After(row);
            continue;
        }
        let more = page.has_after.then_some(last).flatten();
        output.record("items", json!({"feed": query.feed, "shown": shown, "total": total, "after": more}))?;
        output.text(&format!("{} of {} items", count(shown), count(total)))?;
        if let Some(number) = more {
            output.text(&format!("Next page: --after {number}"))?;
        }
        return Ok(Exit::Done);
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

fn query_of(args: &ItemsArgs) -> ItemQuery {
    ItemQuery {
        feed: args.feed,
        search: args.search.clone(),
        state: args.state.map(|state| match state {
            StateChoice::Awaiting => ItemState::Awaiting,
            StateChoice::Submitted => ItemState::Submitted,
            StateChoice::WillRetry => ItemState::WillRetry,
            StateChoice::NeedsAttention => ItemState::NeedsAttention,
        }),
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
