//! A message posted to a URL, signed, and the ping: only over TLS, only to that host, and only for so long.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use reqwest::{Method, RequestBuilder, Url};
use sha2::Sha256;

use super::message::Message;
use super::{Channel, Failed, Webhook};
use crate::http::HttpError;
use crate::http::wire::{Broken, Wire, WireSettings};
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The most of an answer that is read, in bytes: only its status counts.
const ANSWER_LIMIT: usize = 64 * 1024;

/// How requests are made.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// Further certificate authorities, PEM.
    pub ca_file: Option<&'a PathBuf>,
    /// How long one may take.
    pub timeout: Duration,
}

/// Posts it as JSON.
pub async fn post(webhook: &Webhook, message: &Message, way: Way<'_>) -> Result<(), Failed> {
    let body = message.json().to_string();
    let signature = match &webhook.secret {
        None => None,
        // Whoever checks signatures would refuse it; and nobody should take an unsigned one for signed.
        Some(Err(problem)) => return Err(Failed::for_good(problem.what.as_str())),
        Some(Ok(secret)) => Some(format!("sha256={}", signature(secret, body.as_bytes()))),
    };
    send(&webhook.url, Channel::Webhook, way, Method::POST, |request| {
        let request = request
            .header("Content-Type", "application/json")
            .header("X-Commerce-Connector-Event", message.event.name())
            .header("X-Commerce-Connector-Id", message.id.to_string())
            .body(body);
        match signature {
            Some(signature) => request.header("X-Commerce-Connector-Signature", signature),
            None => request,
        }
    })
    .await
}

/// Fetches a URL, as a sign of life.
pub async fn ping(url: &Secret, way: Way<'_>) -> Result<(), Failed> {
    send(url, Channel::Ping, way, Method::GET, |request| request).await
}

/// The host of a URL, as it may be shown.
pub fn host(url: &Secret) -> SafeText {
    Url::parse(url.expose().trim()).ok().and_then(|url| url.host_str().map(SafeText::new)).unwrap_or_default()
}

async fn send(
    url: &Secret,
    channel: Channel,
    way: Way<'_>,
    method: Method,
    with: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Result<(), Failed> {
    let host = host(url);
    // Its own words could repeat the URL.
    let whole =
        Url::parse(url.expose().trim()).map_err(|_| Failed::for_good(format!("{} is not a URL", channel.key())))?;
    let mut origin = whole.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    let settings = WireSettings {
        setting: channel.key(),
        url: origin.to_string(),
        ca_file: way.ca_file.cloned(),
        connect_timeout: way.timeout,
        read_timeout: way.timeout,
        total_timeout: way.timeout,
    };
    let wire = Wire::new(&settings).map_err(|error| Failed::for_good(unusable(&error)))?.with_secret_paths();
    let request = with(wire.request(method, whole));
    match wire.send(request, ANSWER_LIMIT).await {
        Ok(reply) => judge(&host, reply.status, reply.redirect_host.as_ref()),
        Err(Broken::Unreadable { status, .. }) => judge(&host, status, None),
        Err(Broken::Connection { message, .. }) => Err(Failed::for_now(format!("{host}: {message}"))),
    }
}

fn unusable(error: &HttpError) -> SafeText {
    SafeText::from(error.to_string())
}

/// What a status means. Its body is not shown: it may repeat the URL.
fn judge(host: &SafeText, status: u16, redirect: Option<&SafeText>) -> Result<(), Failed> {
    match (status, redirect) {
        (200..=299, _) => Ok(()),
        (_, Some(elsewhere)) => {
            Err(Failed::for_good(format!("{host} redirects to {elsewhere} (status {status}), which is not followed")))
        }
        (408 | 429 | 500..=599, _) => Err(Failed::for_now(format!("{host} answered with status {status}"))),
        _ => Err(Failed::for_good(format!("{host} answered with status {status}"))),
    }
}

/// HMAC-SHA256 of the body, in lower-case hexadecimal digits.
fn signature(secret: &Secret, body: &[u8]) -> String {
    let mut digits = String::new();
    // A key of any length makes one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return digits };
    mac.update(body);
    for byte in mac.finalize().into_bytes() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231_and_of_another_hand() {
        assert_eq!(
            signature(&Secret::new("Jefe"), b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let (long, body) = ("k".repeat(200), b"{}");
        let theirs = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, long.as_bytes()), body);
        let theirs = theirs.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(signature(&Secret::new(long), body), theirs);
    }

    #[test]
    fn what_may_pass_is_tried_again_and_a_redirect_is_not_followed() {
        let host = SafeText::from("hooks.example");
        let failed = |status, redirect: Option<&str>| judge(&host, status, redirect.map(SafeText::from).as_ref()).err();
        assert_eq!([200, 204].map(|status| failed(status, None)), [None, None]);
        let temporary = [429, 503, 404, 401].map(|status| failed(status, None).expect("failed").is_temporary);
        assert_eq!(temporary, [true, true, false, false]);
        let redirected = failed(302, Some("evil.example")).expect("failed");
        assert_eq!(
            redirected.what.as_str(),
            "hooks.example redirects to evil.example (status 302), which is not followed"
        );
        assert!(!redirected.is_temporary);
    }
}
