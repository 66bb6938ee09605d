//! One request and its answer: the `reqwest::Client`, its TLS, time-outs and limits, and what breaks on the way.
//!
//! It must never know what a request is about. Signing in with IMS goes over a wire of its own.

use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap};
use reqwest::{Certificate, RequestBuilder, Url, redirect};
use tokio::time::Instant;

use super::answer::MESSAGE_LIMIT;
use super::failure::Failure;
use super::{HttpError, proxy};
use crate::format::duration;
use crate::hardening;
use crate::untrusted::SafeText;
use crate::waiting;

/// The headers in which a request id may come, the first present wins. The protocol page (§6) does not know the gateway's
/// own, so these are the ones that Adobe's and other gateways are seen to use.
const REQUEST_ID_HEADERS: [&str; 5] =
    ["x-request-id", "request-id", "x-adobe-request-id", "x-correlation-id", "x-amzn-requestid"];

/// The most characters of a request id that are kept; usual ones are UUIDs.
const REQUEST_ID_LIMIT: usize = 128;

/// The longest wait that a `Retry-After` may ask for: with more, a mistake of the server would look like a hang here.
const RETRY_AFTER_CAP: Duration = Duration::from_mins(10);

/// The most characters of a strange `Retry-After` that are shown.
const RETRY_AFTER_WORDS: usize = 40;

/// The most characters of a content type that are shown.
const CONTENT_TYPE_LIMIT: usize = 80;

/// The largest file of certificate authorities, in bytes; the whole set of a distribution has 250 KiB.
const CA_FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// What a way to a server is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireSettings {
    /// The configuration key of the address, for messages.
    pub(crate) setting: &'static str,
    /// The server's address.
    pub(crate) url: String,
    /// Further certificate authorities, PEM.
    pub(crate) ca_file: Option<PathBuf>,
    /// To make a connection.
    pub(crate) connect_timeout: Duration,
    /// How long the server may be silent.
    pub(crate) read_timeout: Duration,
    /// One request in all.
    pub(crate) total_timeout: Duration,
}

/// The way to one server.
#[derive(Debug)]
pub(crate) struct Wire {
    http: reqwest::Client,
    base: Url,
    host: SafeText,
    connect_timeout: Duration,
    read_timeout: Duration,
    total_timeout: Duration,
    /// Whether paths are secrets, so that the log must not have them.
    has_secret_paths: bool,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Where a redirect leads to; redirects are not followed.
    pub(crate) redirect_host: Option<SafeText>,
}

/// Why there is no complete answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection could not be made, or broke.
    Connection {
        /// What happened, as a person can act on it.
        message: SafeText,
        /// Where on the way.
        failure: Failure,
    },
    /// There is an answer, but it is longer than it may be, or cannot be unpacked.
    Unreadable {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        message: SafeText,
    },
}

impl Wire {
    pub(crate) fn new(settings: &WireSettings) -> Result<Self, HttpError> {
        let base = base_url(settings)?;
        let is_local = is_loopback(&base);
        // Fails only if a provider is installed already, which is then used: by this client before, or by the database.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("commerce-connector/", env!("CARGO_PKG_VERSION")))
            // The keys and the signature must go to the configured gateway and nowhere else.
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.total_timeout);
        if is_local {
            // A proxy's loopback is not ours.
            builder = builder.no_proxy();
        } else {
            // The library would ignore a proxy that it cannot use, and connect past it.
            proxy::route_to(base.host_str().unwrap_or_default(), |name| std::env::var(name).ok())?;
        }
        builder = if base.scheme() == "https" {
            builder.https_only(true).tls_certs_merge(extra_authorities(settings)?)
        } else {
            // No TLS will happen, so a server without system roots can run the sandbox, too.
            builder.tls_certs_only([])
        };
        let http = builder.build().map_err(|error| HttpError::Setting {
            setting: if settings.ca_file.is_some() { "gateway.ca_file" } else { "TLS" },
            reason: root_cause(&error),
        })?;
        let host = match (base.host_str(), base.port()) {
            (Some(host), Some(port)) => SafeText::new(&format!("{host}:{port}")),
            (host, _) => SafeText::new(host.unwrap_or_default()),
        };
        Ok(Self {
            http,
            base,
            host,
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            total_timeout: settings.total_timeout,
            has_secret_paths: false,
        })
    }

    /// The same, for URLs whose path is a secret: log and errors have only their host.
    pub(crate) fn with_secret_paths(mut self) -> Self {
        self.has_secret_paths = true;
        self
    }

    /// The server's host, with its port where that is not the usual one.
    pub(crate) fn host(&self) -> &SafeText {
        &self.host
    }

    /// A URL below the server's. Every part may hold several segments; what is not plain in them is escaped, so no part can
    /// lead to another host, a query or a parent.
    pub(crate) fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only a URL that cannot be a base has no segments; `base_url` lets none of these in.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(parts.iter().flat_map(|part| part.split('/')).filter(|part| !part.is_empty()));
        }
        url
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: reqwest::Method, url: Url) -> RequestBuilder {
        self.http.request(method, url).header(header::ACCEPT, "application/json")
    }

    /// Sends it, and reads the answer up to `limit` bytes.
    pub(crate) async fn send(&self, request: RequestBuilder, limit: usize) -> Result<Reply, Broken> {
        let start = Instant::now();
        let broken = |error: reqwest::Error| {
            let error = if self.has_secret_paths { error.without_url() } else { error };
            Broken::Connection { message: self.describe(&error, start.elapsed()), failure: Failure::of(&error) }
        };
        let mut response = waiting::announced(async { self.waited_for() }, request.send()).await.map_err(broken)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > limit {
                return Err(too_long(status, limit));
            }
            body.extend_from_slice(&chunk);
        }
        if response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| !coding.is_empty()) {
            body = unpacked(response.headers(), &body, status, limit)?;
        }
        let path = if self.has_secret_paths { self.host.as_str() } else { response.url().path() };
        tracing::debug!(path, status, bytes = body.len(), took = ?start.elapsed(), "answer");
        let redirect_host = response
            .headers()
            .get(header::LOCATION)
            .filter(|_| response.status().is_redirection())
            .map(|location| redirect_host(&self.base, location));
        Ok(Reply { status, headers: std::mem::take(response.headers_mut()), body, redirect_host })
    }

    /// After how long without an answer a request is given up.
    pub(crate) fn answer_timeout(&self) -> Duration {
        self.read_timeout.min(self.total_timeout)
    }

    /// What is waited for while the server is silent.
    fn waited_for(&self) -> SafeText {
        let silent = waiting::PATIENCE.as_secs();
        let most = self.answer_timeout().as_secs();
        SafeText::from(format!("waiting for {}, no response for {silent} s, times out at {most} s", self.host))
    }

    /// What broke, as a person can act on it: which of the time-outs, or the deepest cause.
    fn describe(&self, error: &reqwest::Error, elapsed: Duration) -> SafeText {
        let cause = root_cause(error);
        let text = if error.is_timeout() && error.is_connect() {
            format!("no connection within {} s (connect time-out)", self.connect_timeout.as_secs_f64())
        } else if error.is_timeout() && elapsed >= self.total_timeout {
            format!("no complete response within {} s (total time-out)", self.total_timeout.as_secs_f64())
        } else if error.is_timeout() {
            format!("no response for {} s (read time-out)", self.read_timeout.as_secs_f64())
        } else if Failure::of(error) == Failure::ProxyLogin {
            "the proxy requires a login (HTTP status 407)".to_owned()
        } else if Failure::of(error) == Failure::Proxy {
            format!("the proxy refuses: {cause}")
        } else if Failure::of(error) == Failure::Tls {
            format!("TLS failed: {cause}")
        } else if error.is_dns() {
            format!("cannot resolve its name: {cause}")
        } else if error.is_connect() {
            let port = self.base.port_or_known_default().unwrap_or_default();
            match io_cause(error).and_then(|io| hardening::gave_up(io, port)) {
                Some(why) => format!("no connection: {why}"),
                None => format!("no connection: {cause}"),
            }
        } else {
            format!("connection lost: {cause}")
        };
        SafeText::limited(&text, MESSAGE_LIMIT)
    }
}

impl Reply {
    /// The gateway's id of the request.
    pub(crate) fn request_id(&self) -> Option<SafeText> {
        let value = REQUEST_ID_HEADERS.iter().find_map(|name| self.headers.get(*name))?;
        Some(SafeText::limited(&String::from_utf8_lossy(value.as_bytes()), REQUEST_ID_LIMIT))
    }

    /// How long the gateway asks to wait: seconds, or an HTTP date. A date is seen from the gateway's own clock where the
    /// answer tells it, and otherwise from `now`: the clocks may differ.
    pub(crate) fn retry_after(&self, now: Timestamp) -> RetryAfter {
        let Some(value) = self.headers.get(header::RETRY_AFTER) else { return RetryAfter::Missing };
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = text.trim();
        let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // Only digits: what does not fit is longer than any cap.
            Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
        } else {
            http_date(text).and_then(|date| Duration::try_from(date.duration_since(self.date().unwrap_or(now))).ok())
        };
        match wait {
            None => RetryAfter::Strange(SafeText::limited(text, RETRY_AFTER_WORDS)),
            Some(asked) if asked > RETRY_AFTER_CAP => RetryAfter::Capped { asked },
            Some(wait) => RetryAfter::Wait(wait),
        }
    }

    /// Its content type, if that is not JSON: then somebody else than the gateway may have answered.
    pub(crate) fn strange_type(&self) -> Option<SafeText> {
        let value = self.headers.get(header::CONTENT_TYPE)?;
        let text = String::from_utf8_lossy(value.as_bytes());
        let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        (!kind.ends_with("json")).then(|| SafeText::limited(&kind, CONTENT_TYPE_LIMIT))
    }

    /// The same, if it is that of a page for people.
    pub(crate) fn type_of_a_page(&self) -> Option<SafeText> {
        self.strange_type().filter(|kind| kind.as_str().contains("html"))
    }

    /// What the gateway's clock says.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        http_date(self.headers.get(header::DATE)?.to_str().ok()?.trim())
    }

    /// What a redirect is reported as.
    pub(crate) fn redirect_words(&self) -> Option<SafeText> {
        let host = self.redirect_host.as_ref()?;
        Some(SafeText::limited(
            &format!("redirect to {host} not followed; keys are sent to the configured gateway only"),
            MESSAGE_LIMIT,
        ))
    }
}

/// What `Retry-After` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// Nothing: it is not there.
    Missing,
    /// This long.
    Wait(Duration),
    /// So long that [`RETRY_AFTER_CAP`] takes its place.
    Capped { asked: Duration },
    /// Something in no known form, or a moment that has passed.
    Strange(SafeText),
}

impl RetryAfter {
    /// How long to wait, if it says so.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            RetryAfter::Wait(wait) => Some(*wait),
            RetryAfter::Capped { .. } => Some(RETRY_AFTER_CAP),
            RetryAfter::Missing | RetryAfter::Strange(_) => None,
        }
    }

    /// What a person should know about it; empty if it is as usual.
    pub(crate) fn remark(&self) -> String {
        match self {
            RetryAfter::Missing | RetryAfter::Wait(_) => String::new(),
            RetryAfter::Capped { asked } => {
                format!("; Retry-After {}, limited to {}", duration(*asked), duration(RETRY_AFTER_CAP))
            }
            RetryAfter::Strange(text) => format!("; invalid Retry-After {text:?}"),
        }
    }
}

/// The body without its compression. The client asks for none, but a gateway, or what stands before it, may compress anyway.
fn unpacked(headers: &HeaderMap, body: &[u8], status: u16, limit: usize) -> Result<Vec<u8>, Broken> {
    let coding = headers.get(header::CONTENT_ENCODING).map(|coding| String::from_utf8_lossy(coding.as_bytes()));
    let coding = coding.unwrap_or_default().trim().to_ascii_lowercase();
    let unreadable =
        |message: String| Broken::Unreadable { status, message: SafeText::limited(&message, MESSAGE_LIMIT) };
    match coding.as_str() {
        "identity" => Ok(body.to_vec()),
        "gzip" | "x-gzip" => {
            let mut plain = Vec::new();
            let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
            MultiGzDecoder::new(body)
                .take(most)
                .read_to_end(&mut plain)
                .map_err(|error| unreadable(format!("cannot unpack its gzip: {error}")))?;
            if plain.len() > limit { Err(too_long(status, limit)) } else { Ok(plain) }
        }
        other => Err(unreadable(format!("unexpected response encoding {other:?}"))),
    }
}

fn too_long(status: u16, limit: usize) -> Broken {
    Broken::Unreadable { status, message: format!("response larger than {} MiB", limit / (1024 * 1024)).into() }
}

/// The moment that an HTTP date names.
fn http_date(text: &str) -> Option<Timestamp> {
    // The weekday says nothing new, so a wrong one does not matter.
    jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()
}

fn redirect_host(base: &Url, location: &header::HeaderValue) -> SafeText {
    let text = String::from_utf8_lossy(location.as_bytes());
    match base.join(&text) {
        Ok(url) => SafeText::limited(url.host_str().unwrap_or(&text), MESSAGE_LIMIT),
        Err(_) => SafeText::limited(&text, MESSAGE_LIMIT),
    }
}

/// The server's URL: https, or http to this machine, and nothing but a host and perhaps a path.
fn base_url(settings: &WireSettings) -> Result<Url, HttpError> {
    let setting = settings.setting;
    let refused = |reason: String| HttpError::Setting { setting, reason: SafeText::limited(&reason, MESSAGE_LIMIT) };
    let given = settings.url.trim();
    let url = Url::parse(given).map_err(|error| refused(format!("{given:?} is not a URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it must not contain a user or a password".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused(format!("{given:?} must end before `?` and `#`")));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(refused(format!("{given:?}: plain http is allowed for this machine only; use https"))),
        other => Err(refused(format!("{given:?}: {other} is not https"))),
    }
}

/// Whether the host is this machine: `127.0.0.0/8`, `::1` or `localhost`.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The authorities of `gateway.ca_file`. They are added to those of the system, which `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// choose (rustls-platform-verifier reads both).
fn extra_authorities(settings: &WireSettings) -> Result<Vec<Certificate>, HttpError> {
    let Some(path) = &settings.ca_file else { return Ok(Vec::new()) };
    let refused = |reason: &dyn std::fmt::Display| HttpError::Setting {
        setting: "gateway.ca_file",
        reason: SafeText::limited(&format!("{}: {reason}", path.display()), MESSAGE_LIMIT),
    };
    let length = std::fs::metadata(path).map_err(|error| refused(&error))?.len();
    if length > CA_FILE_LIMIT {
        return Err(refused(&format!("it is larger than {} MiB", CA_FILE_LIMIT / (1024 * 1024))));
    }
    let pem = std::fs::read(path).map_err(|error| refused(&error))?;
    let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| refused(&root_cause(&error)))?;
    if authorities.is_empty() {
        return Err(refused(&"it has no certificate (-----BEGIN CERTIFICATE-----)"));
    }
    Ok(authorities)
}

/// The deepest cause: the others only say that something failed.
fn root_cause(error: &dyn std::error::Error) -> SafeText {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    SafeText::limited(&deepest.to_string(), MESSAGE_LIMIT)
}

/// The system's own error, where one is the cause.
fn io_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut cause = Some(error);
    let mut found = None;
    while let Some(error) = cause {
        found = error.downcast_ref().or(found);
        cause = error.source();
    }
    found
}
