//! `POST /graphql`: what Catalog Service and Live Search answer about what was received (protocol page §7).
//!
//! What it chooses where the contract is silent: arguments are variables by their own names, every field is answered whichever
//! were asked for, an unknown data space or store view is a GraphQL error, and a price of a composite product is not worked out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::faults::What;
use super::gateway::{Gateway, Tenant};
use super::injected_fault::{self, InjectedFault};
use super::listener::Cut;
use super::shared::lock;
use super::shown::{Catalog, Scope};

/// The most SKUs in one `products` query (protocol page §7).
const MAX_SKUS: usize = 100;
/// The most items on one page of `productSearch` (protocol page §7).
const MAX_PAGE: usize = 100;
/// How deep `productSearch` goes (protocol page §7).
const MAX_DEPTH: usize = 10_000;

/// The one route.
pub(super) fn routes() -> Router<Arc<Gateway>> {
    Router::new().route("/graphql", post(answer))
}

/// A GraphQL request.
#[derive(Deserialize)]
struct Request {
    query: String,
    #[serde(default)]
    variables: Variables,
}

#[derive(Default, Deserialize)]
struct Variables {
    #[serde(default)]
    skus: Vec<String>,
    #[serde(default)]
    phrase: String,
    #[serde(default)]
    filter: Vec<Filter>,
    page_size: Option<usize>,
    current_page: Option<usize>,
}

/// A clause of a filter; only `sku` is known here.
#[derive(Deserialize)]
struct Filter {
    attribute: String,
    #[serde(default, rename = "in")]
    values: Vec<String>,
}

async fn answer(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let tenant = match caller(&gateway, &headers) {
        Ok(tenant) => tenant,
        Err(failure) => return failure.into_response(),
    };
    let fault = lock(&gateway.faults).next_query(&body);
    match fault.as_ref().and_then(injected_fault::instead) {
        Some(InjectedFault::Answer(response)) => return response,
        Some(InjectedFault::Reset) => {
            cut.cut();
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Some(InjectedFault::Silence) => std::future::pending().await,
        None => {}
    }
    if let Some(What::Slow(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    match (judge(&gateway, &tenant, &headers, &body), fault) {
        (Ok(body), Some(What::Mangled(how))) => injected_fault::mangled(&Answer { status: StatusCode::OK, body }, how),
        (Ok(body), _) => Json(body).into_response(),
        (Err(failure), _) => failure.into_response(),
    }
}

/// Who asks: the public API key is enough here.
fn caller(gateway: &Gateway, headers: &HeaderMap) -> Result<Arc<Tenant>, Failure> {
    let api_key = text(headers, "x-api-key").ok_or_else(Failure::client_id_missing)?;
    let tenant = gateway.tenant(api_key).ok_or_else(Failure::not_registered)?;
    if lock(&gateway.faults).shown.has_no_service {
        return Err(Failure::not_registered());
    }
    Ok(Arc::clone(tenant))
}

fn judge(gateway: &Gateway, tenant: &Tenant, headers: &HeaderMap, body: &[u8]) -> Result<Value, Failure> {
    let content_type = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if !content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Failure::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    let required = |name: &str| {
        let missing = || Failure::message(StatusCode::BAD_REQUEST, format!("The header {name} is missing"));
        text(headers, name).map(str::to_owned).ok_or_else(missing)
    };
    let data_space = required("magento-environment-id")?;
    let scope = Scope {
        website: required("magento-website-code")?,
        store: required("magento-store-code")?,
        store_view: required("magento-store-view-code")?,
        customer_group: text(headers, "magento-customer-group").map(str::to_owned),
    };
    let request: Request = serde_json::from_slice(body)
        .map_err(|error| Failure::message(StatusCode::BAD_REQUEST, format!("Not a GraphQL request: {error}")))?;
    if lock(&tenant.registry).data_space(&data_space).is_none() {
        return Ok(failed(&format!("The environment {data_space} is not known")));
    }
    let (store, faults) = (lock(&gateway.store), lock(&gateway.faults));
    let catalog = Catalog {
        store: &store,
        faults: &faults.shown,
        data_space: &data_space,
        scope: &scope,
        now: Timestamp::now(),
        visible_after: gateway.visible_after,
    };
    if !catalog.has_scope() {
        return Ok(failed(&format!(
            "The store view {} of {}/{} is not known",
            scope.store_view, scope.website, scope.store
        )));
    }
    Ok(run(&catalog, &request))
}

fn run(catalog: &Catalog<'_>, request: &Request) -> Value {
    let Request { query, variables } = request;
    if query.contains("productSearch(") {
        return search(catalog, variables);
    }
    if !query.contains("products(") {
        return failed("Cannot query this field: products and productSearch are known here");
    }
    if variables.skus.len() > MAX_SKUS {
        return failed(&format!("At most {MAX_SKUS} SKUs can be asked for at once"));
    }
    let products: Vec<Value> = variables.skus.iter().filter_map(|sku| catalog.product_view(sku)).collect();
    json!({"data": {"products": products}})
}

fn search(catalog: &Catalog<'_>, variables: &Variables) -> Value {
    if catalog.faults.has_no_index {
        return failed("No index was found for this request");
    }
    let (size, page) = (variables.page_size.unwrap_or(20), variables.current_page.unwrap_or(1).max(1));
    if size > MAX_PAGE || size.saturating_mul(page) > MAX_DEPTH {
        return failed(&format!("page_size is at most {MAX_PAGE}, and results end after {MAX_DEPTH}"));
    }
    if !variables.phrase.is_empty() || variables.filter.iter().any(|clause| clause.attribute != "sku") {
        return failed("This sandbox searches by sku only");
    }
    let wanted = variables.filter.first().map(|clause| clause.values.as_slice());
    let found = catalog.searchable(wanted);
    let items: Vec<Value> = found
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|sku| json!({"productView": {"sku": sku}, "product": {"sku": sku}}))
        .collect();
    json!({"data": {"productSearch": {"total_count": found.len(), "items": items}}})
}

/// A failure as GraphQL puts it: HTTP 200, and `errors`.
fn failed(message: &str) -> Value {
    json!({"errors": [{"message": message}], "data": null})
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}
