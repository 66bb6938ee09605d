//! Feed requests and what their answers come to (protocol page §3).
//!
//! It must never decide whether something is sent again: that is `retry`.

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header;
use serde_json::Value;

use super::Client;
use super::answer::{self, MESSAGE_LIMIT, text_of};
use super::models::{DataSpaceId, FeedAnswer, FeedOutcome, RETRYABLE_ITEM_CODE, RefusedItem};
use super::wire::{Broken, Reply};
use crate::untrusted::SafeText;

/// The largest answer to a batch, in bytes: some KiB for each of its items.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// The most characters of a refused item's code that are kept.
const CODE_LIMIT: usize = 200;

impl Client {
    /// Sends one gzipped JSON array to `route`/`data_space`, waiting for the pace first. One request, no retry.
    ///
    /// The pace is told how it went. Dropping the future while it waits takes nothing from the pace.
    pub async fn send_feed(&self, route: &str, data_space: &DataSpaceId, gzipped: Vec<u8>) -> FeedAnswer {
        let left = self.pace().acquire().await;
        let answer = self.post(route, data_space, gzipped).await;
        match &answer.outcome {
            FeedOutcome::SlowDown { retry_after } => self.pace().slow_down(left, *retry_after),
            FeedOutcome::Passing { .. } | FeedOutcome::NotUnderstood { .. } => {}
            FeedOutcome::Accepted { .. } | FeedOutcome::Refused { .. } | FeedOutcome::KeysRefused { .. } => {
                self.pace().speed_up(left);
            }
        }
        answer
    }

    async fn post(&self, route: &str, data_space: &DataSpaceId, gzipped: Vec<u8>) -> FeedAnswer {
        let failed = |outcome| FeedAnswer { outcome, request_id: None };
        let headers = match self.key_headers() {
            Ok(headers) => headers,
            // `Client::new` has signed once, so this is the system's randomness, which may come back.
            Err(error) => {
                return failed(FeedOutcome::Passing { status: None, message: SafeText::new(&error.to_string()) });
            }
        };
        let request = self
            .wire()
            .request(Method::POST, self.wire().url(&[route, data_space.as_str()]))
            .headers(headers)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_ENCODING, "gzip")
            .header("service-connector-metadata", self.metadata_header())
            .body(gzipped);
        match self.wire().send(request, ANSWER_LIMIT).await {
            Ok(reply) => {
                FeedAnswer { outcome: outcome(&reply, route, Timestamp::now()), request_id: reply.request_id() }
            }
            Err(Broken::Connection { message, .. }) => failed(FeedOutcome::Passing { status: None, message }),
            Err(Broken::TooLong { status, limit }) => failed(FeedOutcome::NotUnderstood {
                status,
                message: format!("an answer of more than {} MiB", limit / (1024 * 1024)).into(),
            }),
        }
    }
}

/// What an answer comes to; `now` is for a `Retry-After` that is a date.
fn outcome(reply: &Reply, route: &str, now: Timestamp) -> FeedOutcome {
    let status = reply.status;
    let words = || answer::words(&reply.body);
    match status {
        200..=299 => accepted(status, &reply.body),
        // A proxy's page is not the gateway's word on the items.
        400 if answer::is_html(&reply.body) => FeedOutcome::NotUnderstood { status, message: words() },
        401 | 403 => FeedOutcome::KeysRefused { status, message: words() },
        404 | 405 => FeedOutcome::Refused {
            status,
            refused: Vec::new(),
            message: SafeText::limited(&format!("the route {route} is not known there: {}", words()), MESSAGE_LIMIT),
        },
        429 => FeedOutcome::SlowDown { retry_after: reply.retry_after(now) },
        408 | 500..=599 => FeedOutcome::Passing {
            status: Some(status),
            message: SafeText::limited(&format!("HTTP status {status}: {}", words()), MESSAGE_LIMIT),
        },
        400..=499 => refused(status, &reply.body),
        _ => FeedOutcome::NotUnderstood { status, message: reply.redirect_words().unwrap_or_else(words) },
    }
}

/// An accepted batch. The status accepts it; the body only names exceptions, so one that is empty names none.
fn accepted(status: u16, body: &[u8]) -> FeedOutcome {
    let not_understood = |message| FeedOutcome::NotUnderstood { status, message };
    if body.trim_ascii().is_empty() {
        return FeedOutcome::Accepted { refused: Vec::new() };
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return not_understood(answer::words(body)) };
    let value = Value::Object(fields);
    match refused_items(&value) {
        Ok(Some(refused)) => FeedOutcome::Accepted { refused },
        Ok(None) => match answer::failure(&value).filter(|_| value["feedItemReceivedCount"].is_null()) {
            None => FeedOutcome::Accepted { refused: Vec::new() },
            // A failure inside of a 200, without anything that a feed's answer has: nothing says that items arrived.
            Some(said) => match said.keys_status() {
                // The status of the code: with 200, the items would look as if they had been taken.
                Some(status) => FeedOutcome::KeysRefused { status, message: said.sentence() },
                None => not_understood(said.sentence()),
            },
        },
        Err(reason) => not_understood(reason),
    }
}

/// A refused batch. Its status refuses it, so a list that cannot be read only means that no item is named.
fn refused(status: u16, body: &[u8]) -> FeedOutcome {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let refused = refused_items(&value).ok().flatten().unwrap_or_default();
    let message = match (refused.first(), answer::failure(&value)) {
        (Some(item), None) => item.message.clone(),
        _ => answer::words(body),
    };
    FeedOutcome::Refused { status, refused, message }
}

/// The items of `invalidFeedItems`, one entry per item, ascending; `None` if there is no such list.
fn refused_items(answer: &Value) -> Result<Option<Vec<RefusedItem>>, SafeText> {
    let entries = match &answer["invalidFeedItems"] {
        Value::Null => return Ok(None),
        Value::Array(entries) => entries,
        _ => return Err("invalidFeedItems is not a list".into()),
    };
    let mut items = entries.iter().map(refused_item).collect::<Result<Vec<_>, _>>()?;
    items.sort_by_key(|item| item.index);
    items.dedup_by(|later, first| {
        let is_same = later.index == first.index;
        if is_same {
            merge(first, later);
        }
        is_same
    });
    Ok(Some(items))
}

/// Both shapes: `{itemIndex, code, message}` and `{field: "/2/updatedAt", message}`; numbers may be text.
fn refused_item(entry: &Value) -> Result<RefusedItem, SafeText> {
    let field = text_of(&entry["field"]);
    let index = text_of(&entry["itemIndex"])
        .or_else(|| field.as_deref()?.trim_start_matches('/').split('/').next().map(str::to_owned))
        .and_then(|index| index.parse().ok())
        .ok_or_else(|| SafeText::limited(&format!("a refused item without its index: {entry}"), MESSAGE_LIMIT))?;
    let code = text_of(&entry["code"]).or(field).unwrap_or_default();
    let message = text_of(&entry["message"]).unwrap_or_default();
    Ok(RefusedItem {
        index,
        code: SafeText::limited(&code, CODE_LIMIT),
        message: SafeText::limited(&message, MESSAGE_LIMIT),
    })
}

/// One item with several reasons keeps them all; it may be sent again only if each of them allows that.
fn merge(first: &mut RefusedItem, later: &RefusedItem) {
    if first.code.as_str() == RETRYABLE_ITEM_CODE {
        first.code = later.code.clone();
    }
    if first.message != later.message {
        first.message = SafeText::limited(&format!("{}; {}", first.message, later.message), MESSAGE_LIMIT);
    }
}

/// What a batch's answer with this status and these bytes would say: everything of it that is shown.
#[cfg(any(test, fuzzing))]
pub(crate) fn shown_of_answer(status: u16, retry_after: &[u8], body: &[u8]) -> Vec<String> {
    let mut headers = header::HeaderMap::new();
    if let Ok(value) = header::HeaderValue::from_bytes(retry_after) {
        headers.insert(header::RETRY_AFTER, value);
    }
    let reply = Reply { status, headers, body: body.to_vec(), redirect_host: None };
    let refused_words = |refused: Vec<RefusedItem>| {
        refused.into_iter().flat_map(|item| [item.code.to_string(), item.message.to_string()]).collect::<Vec<_>>()
    };
    match outcome(&reply, "feeds/v1", Timestamp::UNIX_EPOCH) {
        FeedOutcome::Accepted { refused } => refused_words(refused),
        FeedOutcome::Refused { refused, message, .. } => [vec![message.to_string()], refused_words(refused)].concat(),
        FeedOutcome::KeysRefused { message, .. }
        | FeedOutcome::Passing { message, .. }
        | FeedOutcome::NotUnderstood { message, .. } => vec![message.to_string()],
        FeedOutcome::SlowDown { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
