//! What the storefront services show: Catalog Service and Live Search over GraphQL, with the public API key alone (protocol
//! page §7).
//!
//! It must never know what was sent.

mod answers;
mod error;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

pub use self::answers::{Price, ShownProduct};
use self::answers::{checked, found_skus, shown_products};
pub use self::error::StorefrontError;
use super::pace::Pace;
use crate::domain::DataSpaceId;
use crate::http::wire::{Broken, Wire, WireSettings};
use crate::keys::ApiKey;
use crate::untrusted::SafeText;

/// The configuration key of the address.
const SETTING: &str = "gateway.graphql_url";
/// The most SKUs in one query, of either service.
pub const MAX_SKUS: usize = 100;
/// The largest answer, in bytes: 100 products with attributes of some hundred KiB each.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// How often a request is tried that failed for a passing reason.
const TRIES: u32 = 4;
/// The pause before the second try; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

const PRODUCTS: &str = "query Verify($skus: [String]) { products(skus: $skus) { __typename sku name url urlKey inStock \
    lastModifiedAt attributes(roles: []) { name value } ... on SimpleProductView { price { \
    final { amount { value currency } } regular { amount { value currency } } } } } }";
const SEARCH: &str = "query Verify($filter: [SearchClauseInput!], $page_size: Int) { productSearch(phrase: \"\", \
    filter: $filter, page_size: $page_size) { total_count items { productView { sku } } } }";
const SEARCH_ALL: &str = "query Skus($page_size: Int, $current_page: Int) { productSearch(phrase: \"\", \
    page_size: $page_size, current_page: $current_page) { total_count items { productView { sku } } } }";
/// The customer group of who is not logged in: the sha1 of its id, 0 (protocol page §7).
pub const VISITORS: &str = "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c";
/// How many products Live Search gives page by page, whatever there is (protocol page §7).
pub const MAX_FOUND: usize = 10_000;

/// What a way to the services is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct StorefrontSettings {
    /// The endpoint, such as `https://catalog-service.adobe.io/graphql`; `http` only to loopback.
    pub url: String,
    /// Further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the service may be silent.
    pub read_timeout: Duration,
    /// How long one request may take in all.
    pub total_timeout: Duration,
    /// The most requests a second; `None` = no limit.
    pub requests_per_second: Option<f64>,
    pub data_space: DataSpaceId,
}

/// For whom something is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreScope {
    pub website: String,
    pub store: String,
    pub store_view: String,
    /// The sha1 of the customer group's id, as Commerce sends it.
    pub customer_group: String,
}

/// The services of one data space.
#[derive(Debug)]
pub struct Storefront {
    wire: Wire,
    /// Marked as sensitive.
    api_key: HeaderValue,
    data_space: HeaderValue,
    pace: Pace,
}

impl Storefront {
    /// Nothing is sent yet. Reads the CA file and the system's roots: blocking for some milliseconds.
    ///
    /// # Errors
    /// [`StorefrontError::Setting`] if a setting cannot work.
    pub fn new(settings: &StorefrontSettings, api_key: &ApiKey) -> Result<Self, StorefrontError> {
        let wire = Wire::new(&WireSettings {
            setting: SETTING,
            url: settings.url.clone(),
            ca_file: settings.ca_file.clone(),
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            total_timeout: settings.total_timeout,
        })?;
        let mut api_key = header("api_key", api_key.expose())?;
        api_key.set_sensitive(true);
        let data_space = header("saas.environment_id", settings.data_space.as_str())?;
        let pace = Pace::new(settings.requests_per_second, fastrand::Rng::new());
        Ok(Self { wire, api_key, data_space, pace })
    }

    /// The service's host, for messages.
    pub fn host(&self) -> &SafeText {
        self.wire.host()
    }

    /// The products that Catalog Service has of these SKUs, at most [`MAX_SKUS`]; those that it does not have are left out.
    ///
    /// # Errors
    /// [`StorefrontError`], after passing failures were tried again.
    pub async fn products(&self, scope: &StoreScope, skus: &[String]) -> Result<Vec<ShownProduct>, StorefrontError> {
        let data = self.ask(scope, PRODUCTS, json!({"skus": skus})).await?;
        shown_products(&data).map_err(|reason| self.not_understood(reason))
    }

    /// Which of these SKUs, at most [`MAX_SKUS`], Live Search finds.
    ///
    /// # Errors
    /// [`StorefrontError`], after passing failures were tried again; [`StorefrontError::NoIndex`] if there is no index.
    pub async fn search(&self, scope: &StoreScope, skus: &[String]) -> Result<Vec<String>, StorefrontError> {
        let filter = json!([{"attribute": "sku", "in": skus}]);
        let data = self.ask(scope, SEARCH, json!({"filter": filter, "page_size": MAX_SKUS})).await?;
        found_skus(&data).map_err(|reason| self.not_understood(reason))
    }

    /// A page of all SKUs that Live Search finds, from 1 on: [`MAX_SKUS`], or fewer on the last one.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn skus(&self, scope: &StoreScope, page: usize) -> Result<Vec<String>, StorefrontError> {
        let data = self.ask(scope, SEARCH_ALL, json!({"page_size": MAX_SKUS, "current_page": page})).await?;
        found_skus(&data).map_err(|reason| self.not_understood(reason))
    }

    /// The `data` of an answer. Passing failures are tried again, in this pace's time.
    async fn ask(&self, scope: &StoreScope, query: &str, variables: Value) -> Result<Value, StorefrontError> {
        let headers = self.headers(scope)?;
        let body = json!({"query": query, "variables": variables});
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let departure = self.pace.acquire().await;
            let error = match self.ask_once(headers.clone(), &body).await {
                Ok(data) => {
                    self.pace.speed_up(departure);
                    return Ok(data);
                }
                Err(error) => error,
            };
            match &error {
                _ if attempt >= TRIES => return Err(error),
                StorefrontError::SlowDown { retry_after, .. } => self.pace.slow_down(departure, *retry_after),
                StorefrontError::Passing { .. } => self.pace.hold(pause),
                _ => return Err(error),
            }
            pause *= 2;
        }
        Err(self.not_understood("no response".into()))
    }

    async fn ask_once(&self, headers: HeaderMap, body: &Value) -> Result<Value, StorefrontError> {
        let request = self.wire.request(Method::POST, self.wire.url(&[])).headers(headers).json(body);
        let reply = self.wire.send(request, ANSWER_LIMIT).await.map_err(|broken| match broken {
            Broken::Connection { message, .. } => {
                StorefrontError::Passing { service: self.wire.host().clone(), message }
            }
            Broken::Unreadable { message, .. } => self.not_understood(message),
        })?;
        checked(&reply, self.wire.host())
    }

    fn headers(&self, scope: &StoreScope) -> Result<HeaderMap, StorefrontError> {
        let name = HeaderName::from_static;
        Ok(HeaderMap::from_iter([
            (name("x-api-key"), self.api_key.clone()),
            (name("magento-environment-id"), self.data_space.clone()),
            (name("magento-website-code"), header("website code", &scope.website)?),
            (name("magento-store-code"), header("store code", &scope.store)?),
            (name("magento-store-view-code"), header("store view code", &scope.store_view)?),
            (name("magento-customer-group"), header("customer group", &scope.customer_group)?),
        ]))
    }

    fn not_understood(&self, message: SafeText) -> StorefrontError {
        StorefrontError::NotUnderstood { service: self.wire.host().clone(), message }
    }
}

fn header(setting: &'static str, text: &str) -> Result<HeaderValue, StorefrontError> {
    HeaderValue::from_str(text)
        .map_err(|_| StorefrontError::Setting { setting, reason: SafeText::new("it does not fit into a header") })
}
