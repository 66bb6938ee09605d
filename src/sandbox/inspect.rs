//! What arrived, for a person or a test to look at: `/sandbox/v1/data-spaces/{id}` and `…/{id}/{feed}`.
//!
//! These routes are the sandbox's own. They ask for no keys: the sandbox listens on loopback only.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::gateway::Gateway;
use super::shared::lock;
use super::store::{Kept, Received, Totals};
use crate::domain::Feed;

/// The version of these answers; they only ever get more fields.
const SCHEMA: u32 = 1;
/// Items in an answer, unless `limit` says otherwise.
const DEFAULT_LIMIT: usize = 100;
/// The most items in an answer.
const MAX_LIMIT: usize = 10_000;

/// The routes below `/sandbox/v1`.
pub(super) fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/sandbox/v1/data-spaces/{id}", get(data_space))
        .route("/sandbox/v1/data-spaces/{id}/{feed}", get(feed))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Deleted items instead of live ones.
    #[serde(default)]
    deleted: bool,
    /// No items, only numbers.
    #[serde(default)]
    summary: bool,
}

#[derive(Serialize)]
struct FeedPage<'a> {
    schema: u32,
    feed: Feed,
    #[serde(flatten)]
    totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<KeyedItem<'a>>>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

#[derive(Serialize)]
struct KeyedItem<'a> {
    key: &'a str,
    #[serde(flatten)]
    kept: &'a Kept,
}

async fn data_space(State(gateway): State<Arc<Gateway>>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    if !gateway.has_data_space(&id) {
        return Err(unknown(&id));
    }
    let store = lock(&gateway.store);
    let feeds: Map<String, Value> = Feed::ALL
        .into_iter()
        .filter_map(|feed| Some((feed.name().to_owned(), json!(store.received(&id, feed)?.totals()))))
        .collect();
    Ok(Json(json!({"schema": SCHEMA, "dataSpace": id, "feeds": feeds, "requests": store.requests(&id)})))
}

async fn feed(
    State(gateway): State<Arc<Gateway>>,
    Path((id, feed)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Result<Response, Failure> {
    if !gateway.has_data_space(&id) {
        return Err(unknown(&id));
    }
    let feed: Feed = feed.parse().map_err(|error| Failure::message(StatusCode::NOT_FOUND, format!("{error}")))?;
    let store = lock(&gateway.store);
    let received = store.received(&id, feed);
    let totals = received.map(Received::totals).unwrap_or_default();
    let mut page = FeedPage { schema: SCHEMA, feed, totals, items: None, next: None };
    if !query.summary {
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let mut rest = received.into_iter().flat_map(|received| received.after(query.after.as_deref(), query.deleted));
        let items: Vec<_> = rest.by_ref().take(limit).map(|(key, kept)| KeyedItem { key, kept }).collect();
        if rest.next().is_some() {
            page.next = items.last().map(|item| item.key);
        }
        page.items = Some(items);
    }
    Ok(Json(page).into_response())
}

fn unknown(id: &str) -> Failure {
    Failure::message(StatusCode::NOT_FOUND, format!("There is no environment {id}"))
}
