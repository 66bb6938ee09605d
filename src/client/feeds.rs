//! Feed requests and what their answers come to (protocol page §3).
//!
//! It must never decide whether something is sent again: that is `retry`.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header;
use serde_json::Value;

use super::models::{FeedAnswer, FeedOutcome, RefusedItem};
use super::pace::Departure;
use super::{Client, SKEW_WRONG};
use crate::domain::{DataSpaceId, KeysRemedy};
use crate::format::duration;
use crate::http::answer::{self, MESSAGE_LIMIT, text_of};
use crate::http::wire::{Broken, Reply};
use crate::untrusted::SafeText;

/// The largest answer to a batch, in bytes: some KiB for each of its items.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// The most characters of a refused item's code that are kept.
const CODE_LIMIT: usize = 200;

impl Client {
    /// Waits until the pace lets one more request leave. Dropping the future takes nothing from the pace.
    pub async fn depart(&self) -> Departure {
        self.pace().acquire().await
    }

    /// Sends one gzipped JSON array to `route`/`data_space`. One request, no retry. The pace learns how it went.
    pub async fn send_feed(
        &self,
        left: Departure,
        route: &str,
        data_space: &DataSpaceId,
        gzipped: Vec<u8>,
    ) -> FeedAnswer {
        let Posted { answer, pause } = self.post(route, data_space, gzipped).await;
        match &answer.outcome {
            FeedOutcome::SlowDown { retry_after, .. } => self.pace().slow_down(left, *retry_after),
            FeedOutcome::Passing { .. } => self.pace().hold(pause),
            FeedOutcome::NotUnderstood { .. } | FeedOutcome::WrongAddress { .. } | FeedOutcome::KeysRefused { .. } => {}
            FeedOutcome::Accepted { .. } | FeedOutcome::Refused { .. } => self.pace().speed_up(left),
        }
        answer
    }

    async fn post(&self, route: &str, data_space: &DataSpaceId, gzipped: Vec<u8>) -> Posted {
        let failed = |outcome| Posted {
            answer: FeedAnswer { outcome, request_id: None, received: None },
            pause: Duration::ZERO,
        };
        let headers = match self.key_headers() {
            Ok(headers) => headers,
            // `Client::new` has signed once, so this is the system's randomness, which may come back.
            Err(error) => {
                let message = SafeText::new(&error.to_string());
                return failed(FeedOutcome::Passing { status: None, message, failure: None });
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
                let now = Timestamp::now();
                let outcome = outcome(&reply, route, now);
                let answer = FeedAnswer { outcome, request_id: reply.request_id(), received: received(&reply) };
                Posted { answer, pause: reply.retry_after(now).wait().unwrap_or_default() }
            }
            Err(Broken::Connection { message, failure }) => {
                failed(FeedOutcome::Passing { status: None, message, failure: Some(failure) })
            }
            Err(Broken::Unreadable { status, message }) => failed(FeedOutcome::NotUnderstood { status, message }),
        }
    }
}

/// An answer, and how long its gateway asks everyone to wait.
struct Posted {
    answer: FeedAnswer,
    pause: Duration,
}

/// What an answer comes to; `now` is for a `Retry-After` that is a date, and for what the answer tells of the clock.
fn outcome(reply: &Reply, route: &str, now: Timestamp) -> FeedOutcome {
    let status = reply.status;
    let words = || answer::words(&reply.body);
    let limited = |text: &str| SafeText::limited(text, MESSAGE_LIMIT);
    match status {
        200..=299 => accepted(reply, now),
        // A proxy's page is not the gateway's word on the items.
        400 if answer::is_html(&reply.body) => FeedOutcome::NotUnderstood { status, message: words() },
        401 | 403 => keys_refused(status, &words(), reply, now),
        404 | 405 => {
            FeedOutcome::WrongAddress { status, message: limited(&format!("unknown route {route}: {}", words())) }
        }
        429 => {
            let retry_after = reply.retry_after(now);
            let message = limited(&format!("rate limit reached (429){}", retry_after.remark()));
            FeedOutcome::SlowDown { retry_after: retry_after.wait(), message }
        }
        500..=599 => FeedOutcome::Passing {
            status: Some(status),
            message: limited(&format!("HTTP status {status}: {}", words())),
            failure: None,
        },
        400..=499 => refused(status, &reply.body),
        _ => match reply.redirect_words() {
            Some(message) => FeedOutcome::WrongAddress { status, message },
            None => FeedOutcome::NotUnderstood { status, message: words() },
        },
    }
}

/// Refused keys. Where the answer tells the time, a clock that is wrong here is a case of its own: then the keys may be all right.
fn keys_refused(status: u16, words: &SafeText, reply: &Reply, now: Timestamp) -> FeedOutcome {
    let ahead = reply.date().map(|date| now.duration_since(date)).filter(|ahead| ahead.abs() > SKEW_WRONG);
    let Some(ahead) = ahead else {
        return FeedOutcome::KeysRefused { status, message: words.clone(), remedy: KeysRemedy::CheckKeys };
    };
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    let off = duration(ahead.unsigned_abs());
    let message = format!("{words}; this server's clock is {off} {direction} the gateway's");
    let message = SafeText::limited(&message, MESSAGE_LIMIT);
    FeedOutcome::KeysRefused { status, message, remedy: KeysRemedy::SetClock }
}

/// An accepted batch. The status accepts it; the body only names exceptions, so one that is empty names none.
fn accepted(reply: &Reply, now: Timestamp) -> FeedOutcome {
    let status = reply.status;
    let body = reply.body.as_slice();
    let not_understood = |message| FeedOutcome::NotUnderstood { status, message };
    if body.trim_ascii().is_empty() {
        return match reply.type_of_a_page() {
            Some(kind) => not_understood(format!("empty response of type {kind}").into()),
            None => FeedOutcome::Accepted { refused: Vec::new() },
        };
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        let words = answer::words(body);
        return not_understood(match reply.strange_type().filter(|_| !answer::is_html(body)) {
            Some(kind) => SafeText::limited(&format!("response of type {kind}: {words}"), MESSAGE_LIMIT),
            None => words,
        });
    };
    let value = Value::Object(fields);
    match refused_items(&value) {
        Ok(refused) if refused.as_ref().is_none_or(Vec::is_empty) && value["feedItemReceivedCount"] == 0 => {
            not_understood("the gateway received no item, but lists none as refused".into())
        }
        Ok(Some(refused)) => FeedOutcome::Accepted { refused },
        Ok(None) => match answer::failure(&value).filter(|_| value["feedItemReceivedCount"].is_null()) {
            None => FeedOutcome::Accepted { refused: Vec::new() },
            // A failure inside of a 200, without anything that a feed's answer has: nothing says that items arrived.
            Some(said) => match said.keys_status() {
                // The status of the code: with 200, the items would look as if they had been taken.
                Some(status) => keys_refused(status, &said.sentence(), reply, now),
                None => not_understood(said.sentence()),
            },
        },
        Err(reason) => not_understood(reason),
    }
}

/// How many items an answer says were taken; numbers may be text.
fn received(reply: &Reply) -> Option<u64> {
    let answer: Value = serde_json::from_slice(&reply.body).ok()?;
    text_of(&answer["feedItemReceivedCount"])?.parse().ok()
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
    if first.is_retryable() {
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
        | FeedOutcome::WrongAddress { message, .. }
        | FeedOutcome::SlowDown { message, .. }
        | FeedOutcome::Passing { message, .. }
        | FeedOutcome::NotUnderstood { message, .. } => vec![message.to_string()],
    }
}

#[cfg(test)]
mod tests;
