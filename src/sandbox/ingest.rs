//! The feed routes: what comes in is unpacked, checked item by item, kept and answered (protocol page §3).

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::answer::{Answer, Failure, by_index};
use super::auth::Caller;
use super::faults::What;
use super::gateway::{Gateway, Tenant};
use super::injected_fault::{self, InjectedFault};
use super::listener::Cut;
use super::rate::whole_seconds;
use super::schema::{self, Invalid};
use super::shared::lock;
use super::store::{Delivery, Keep, content_hash};
use crate::domain::Feed;

/// The largest body once unpacked, in bytes: a small gzip must not become all of the memory.
const MAX_UNPACKED: usize = 64 << 20;
/// The most items in one request. Adobe does not publish it; this is twice the largest default batch.
const MAX_ITEMS: usize = 1000;
/// The code of items beyond [`MAX_ITEMS`] (protocol page §3).
const TOO_MANY_ITEMS: &str = "items_limit_exceeded";

/// Every documented route, and for the last three feeds the ones that stand in.
pub(super) fn routes() -> Router<Arc<Gateway>> {
    let mut router = Router::new();
    let mut seen = Vec::new();
    for feed in Feed::ALL {
        let route = feed.route();
        if seen.contains(&route) {
            continue;
        }
        seen.push(route);
        let feeds: Arc<[Feed]> = Feed::ALL.into_iter().filter(|other| other.route() == route).collect();
        let handler = async move |gateway, caller, data_space, cut, headers, body| {
            receive(gateway, caller, data_space, cut, headers, body, feeds).await
        };
        router = router.route(&format!("/{route}/{{data_space}}"), post(handler));
    }
    router
}

/// What became of a request, for the summary and for the connection.
enum Outcome {
    Answer(Response),
    /// No answer reaches the client.
    Cut,
}

async fn receive(
    State(gateway): State<Arc<Gateway>>,
    Caller(tenant): Caller,
    Path(data_space): Path<String>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    headers: HeaderMap,
    body: Bytes,
    feeds: Arc<[Feed]>,
) -> Response {
    if lock(&tenant.registry).data_space(&data_space).is_none() {
        let message = format!("There is no environment {data_space} for this API key");
        return Failure::message(StatusCode::NOT_FOUND, message).into_response();
    }
    let outcome = judge(&gateway, &tenant, &data_space, &headers, body, &feeds).await;
    let (word, response) = match outcome {
        Outcome::Answer(response) => (response.status().as_str().to_owned(), response),
        Outcome::Cut => {
            cut.cut();
            ("cut".to_owned(), StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
    };
    lock(&gateway.store).count_request(&data_space, word);
    response
}

async fn judge(
    gateway: &Gateway,
    tenant: &Tenant,
    data_space: &str,
    headers: &HeaderMap,
    body: Bytes,
    feeds: &[Feed],
) -> Outcome {
    if let Some(bucket) = &tenant.bucket
        && let Err(wait) = lock(bucket).take(Instant::now())
    {
        return Outcome::Answer(Failure::too_many_requests(Some(whole_seconds(wait))).into_response());
    }
    let unpacked = unpack(headers, &body);
    let fault = lock(&gateway.faults).next(feeds, unpacked.as_deref().unwrap_or_default());
    match fault.as_ref().and_then(injected_fault::instead) {
        Some(InjectedFault::Answer(response)) => return Outcome::Answer(response),
        Some(InjectedFault::Reset) => return Outcome::Cut,
        Some(InjectedFault::Silence) => std::future::pending().await,
        None => {}
    }
    if let Some(What::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    let stored = unpacked.and_then(|bytes| store(gateway, data_space, &bytes, feeds, fault.as_ref()));
    match (stored, fault) {
        (_, Some(What::LostAnswer)) => Outcome::Cut,
        (Ok(answer), Some(What::Mangled(how))) => Outcome::Answer(injected_fault::mangled(&answer, how)),
        (Ok(answer), _) => Outcome::Answer((answer.status, Json(answer.body)).into_response()),
        (Err(failure), _) => Outcome::Answer(failure.into_response()),
    }
}

/// The bytes of the body, unpacked.
fn unpack<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Failure> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let content_type = header(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if !content_type.eq_ignore_ascii_case("application/json") {
        return Err(Failure::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    let unpacked = match header(header::CONTENT_ENCODING).to_ascii_lowercase().as_str() {
        "" | "identity" => Cow::Borrowed(body),
        "gzip" => {
            let mut unpacked = Vec::with_capacity(body.len().saturating_mul(4));
            MultiGzDecoder::new(body)
                .take(MAX_UNPACKED as u64 + 1)
                .read_to_end(&mut unpacked)
                .map_err(|_| Failure::message(StatusCode::BAD_REQUEST, "The body is not gzip"))?;
            Cow::Owned(unpacked)
        }
        _ => {
            let message = "Content-Encoding must be gzip or not set";
            return Err(Failure::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    };
    if unpacked.len() > MAX_UNPACKED { Err(Failure::too_large()) } else { Ok(unpacked) }
}

/// Keeps what can be accepted of a body, and says what can not.
fn store(
    gateway: &Gateway,
    data_space: &str,
    bytes: &[u8],
    feeds: &[Feed],
    fault: Option<&What>,
) -> Result<Answer, Failure> {
    let items: Vec<&RawValue> = serde_json::from_slice(bytes)
        .map_err(|error| Failure::message(StatusCode::BAD_REQUEST, format!("The body is not a JSON array: {error}")))?;
    let mut ruling = sort_out(&items, feeds, gateway.keep, fault);
    if matches!(fault, Some(What::RefusedItems(refused)) if refused.refuses_all) && !ruling.invalid.is_empty() {
        ruling.accepted.clear();
    }
    let answer = ruling.answer(items.len());
    let mut store = lock(&gateway.store);
    for (feed, deliveries) in ruling.accepted {
        store.receive(data_space, feed, deliveries, Timestamp::now());
    }
    Ok(answer)
}

/// What became of the items of a request.
#[derive(Default)]
struct Ruling {
    accepted: Vec<(Feed, Vec<Delivery>)>,
    invalid: Vec<Value>,
}

fn sort_out(items: &[&RawValue], feeds: &[Feed], keep: Keep, fault: Option<&What>) -> Ruling {
    let mut ruling = Ruling::default();
    for (index, raw) in items.iter().enumerate() {
        let refusals = injected_fault::refusals(fault, index);
        if index >= MAX_ITEMS {
            ruling.invalid.push(by_index(index, TOO_MANY_ITEMS, &format!("more than {MAX_ITEMS} items")));
        } else if !refusals.is_empty() {
            ruling.invalid.extend(refusals);
        } else {
            match check(raw, feeds, keep) {
                Ok((feed, delivery)) => ruling.accept(feed, delivery),
                Err((feed, invalid)) => ruling.invalid.push(describe(index, feed, &invalid)),
            }
        }
    }
    ruling.invalid.extend(injected_fault::stranger(fault, items.len()));
    ruling
}

fn check(raw: &RawValue, feeds: &[Feed], keep: Keep) -> Result<(Feed, Delivery), (Option<Feed>, Invalid)> {
    let whole = |message: &str| Invalid { field: "", code: schema::WRONG, message: message.to_owned() };
    let Ok(item) = serde_json::from_str::<Map<String, Value>>(raw.get()) else {
        return Err((None, whole("the item is not an object")));
    };
    let feed = match feeds {
        [feed] => *feed,
        _ if item.contains_key("website") => Feed::ScopesWebsite,
        _ if item.contains_key("customerGroup") => Feed::ScopesCustomerGroup,
        _ => return Err((None, whole("the item has neither website nor customerGroup"))),
    };
    let accepted = schema::check(feed, &item).map_err(|invalid| (Some(feed), invalid))?;
    let json = match keep {
        Keep::Items => Some(raw.to_owned()),
        Keep::Counts => None,
    };
    Ok((feed, Delivery { key: accepted.key, deleted: accepted.deleted, hash: content_hash(&item), json }))
}

impl Ruling {
    fn accept(&mut self, feed: Feed, delivery: Delivery) {
        match self.accepted.iter_mut().find(|(other, _)| *other == feed) {
            Some((_, deliveries)) => deliveries.push(delivery),
            None => self.accepted.push((feed, vec![delivery])),
        }
    }

    /// 200, or 400 if there were items and none was accepted.
    fn answer(&self, item_count: usize) -> Answer {
        let accepted: usize = self.accepted.iter().map(|(_, deliveries)| deliveries.len()).sum();
        let status = if accepted == 0 && item_count > 0 { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        Answer { status, body: json!({"feedItemReceivedCount": accepted, "invalidFeedItems": self.invalid}) }
    }
}

/// Both documented forms: prices and scopes name a wrong value by its path, everything else goes by the index.
fn describe(index: usize, feed: Option<Feed>, invalid: &Invalid) -> Value {
    let names_paths = matches!(feed, Some(Feed::Prices | Feed::ScopesWebsite | Feed::ScopesCustomerGroup));
    if names_paths && invalid.code == schema::WRONG {
        json!({"field": format!("/{index}{}", invalid.field), "message": invalid.message})
    } else {
        by_index(index, invalid.code, &invalid.message)
    }
}
