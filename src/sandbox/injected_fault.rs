//! Faults as they go over the wire: answers that stand in for the real one, and real ones that arrive spoiled.
//!
//! It must never decide when a fault happens: that is `faults`.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{Answer, Failure, by_index};
use super::faults::{Mangled, OddList, RetryAfter, What};

/// How many bytes of a packed answer are missing in the end: its check sum and its length, at least.
const MISSING_OF_GZIP: usize = 9;

/// What happens instead of storing anything.
pub(super) enum InjectedFault {
    Answer(Response),
    Reset,
    Silence,
}

/// What happens instead of storing anything; `None` = the items are looked at.
pub(super) fn instead(what: &What) -> Option<InjectedFault> {
    let answer = |response: Response| Some(InjectedFault::Answer(response));
    match what {
        What::Status { status, retry_after } => answer(with_status(*status, retry_after)),
        What::Redirect(location) => {
            let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
            set(&mut response, header::LOCATION, location);
            answer(response)
        }
        What::ExpiredKeys(ahead) => {
            let mut response = Failure::jwt_invalid("the fault script says so").into_response();
            if *ahead != 0 {
                set(&mut response, header::DATE, &http_date(*ahead));
            }
            answer(response)
        }
        What::Garbage => answer(
            Html("<!doctype html><html lang=\"en\"><title>Proxy</title><p>Something else answered.</p></html>")
                .into_response(),
        ),
        What::WrongType => answer("OK".into_response()),
        What::Reset => Some(InjectedFault::Reset),
        What::Silent => Some(InjectedFault::Silence),
        What::LostAnswer | What::Slow(_) | What::Mangled(_) | What::RefusedItems(_) | What::OddList(_) => None,
    }
}

fn with_status(status: u16, retry_after: &RetryAfter) -> Response {
    let mut response = match status {
        429 => Failure::too_many_requests(None).into_response(),
        413 => Failure::too_large().into_response(),
        _ => {
            let message = match status {
                400 | 422 => "The feed is invalid",
                401 | 403 => "Access is denied",
                404 | 405 => "There is nothing at this path",
                408 => "The request took too long",
                500..=599 => "The service is not available",
                _ => "The request is refused",
            };
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Failure::message(status, message).into_response()
        }
    };
    match retry_after {
        RetryAfter::None => {}
        RetryAfter::Text(text) => set(&mut response, header::RETRY_AFTER, text),
        RetryAfter::Date(seconds) => set(&mut response, header::RETRY_AFTER, &http_date(*seconds)),
    }
    response
}

/// The script was checked to hold plain text, so nothing is left out here.
fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn http_date(seconds_from_now: i64) -> String {
    let moment = Timestamp::now().saturating_add(SignedDuration::from_secs(seconds_from_now)).unwrap_or(Timestamp::MAX);
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// How the item at this place is refused; nothing = it is not.
pub(super) fn refusals(fault: Option<&What>, index: usize) -> Vec<Value> {
    const WORDS: &str = "refused by the fault script";
    match fault {
        Some(What::RefusedItems(refused)) if refused.hits(index) => {
            vec![if refused.by_field {
                json!({"field": format!("/{index}/sku"), "message": WORDS})
            } else {
                by_index(index, &refused.code, WORDS)
            }]
        }
        Some(What::OddList(OddList::Twice)) if index == 0 => {
            vec![by_index(0, "invalid_field_value", WORDS), by_index(0, "missing_field", "and once more")]
        }
        _ => Vec::new(),
    }
}

/// A refused item that nobody sent, or nobody can find.
pub(super) fn stranger(fault: Option<&What>, items: usize) -> Option<Value> {
    match fault {
        Some(What::OddList(OddList::Beyond)) => Some(by_index(items, "invalid_field_value", "refused, and not sent")),
        Some(What::OddList(OddList::NoIndex)) => {
            Some(json!({"code": "invalid_field_value", "message": "one of them is refused"}))
        }
        _ => None,
    }
}

/// A good answer as it arrives.
pub(super) fn mangled(answer: &Answer, how: Mangled) -> Response {
    let text = answer.body.to_string();
    let (body, coding) = match how {
        Mangled::Cut => (cut(&text), None),
        Mangled::Drip(pause) => (drip(text, pause), None),
        Mangled::BrokenGzip => (Body::from(broken_gzip(&text)), Some("gzip")),
        Mangled::Huge(mib) => (Body::from(" ".repeat(mib * 1024 * 1024) + &text), None),
    };
    let mut response = (answer.status, body).into_response();
    set(&mut response, header::CONTENT_TYPE, "application/json");
    if let Some(coding) = coding {
        set(&mut response, header::CONTENT_ENCODING, coding);
    }
    response
}

/// Half of it; then the connection ends.
fn cut(text: &str) -> Body {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    Body::from_stream(stream::iter([Ok(half), Err(io::Error::from(io::ErrorKind::ConnectionReset))]))
}

fn drip(text: String, pause: Duration) -> Body {
    let bytes = stream::unfold(text.into_bytes().into_iter(), move |mut left| async move {
        let byte = left.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(Bytes::copy_from_slice(&[byte])), left))
    });
    Body::from_stream(bytes)
}

fn broken_gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = gzip.write_all(text.as_bytes());
    let mut packed = gzip.finish().unwrap_or_default();
    packed.truncate(packed.len().saturating_sub(MISSING_OF_GZIP));
    packed
}
