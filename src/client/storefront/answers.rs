//! What the services answer, as types.

use serde_json::Value;

use super::StorefrontError;
use crate::http::answer::{self, MESSAGE_LIMIT, text_of};
use crate::http::wire::Reply;
use crate::untrusted::SafeText;

/// The code of an API key that is not registered for a service (protocol page §1).
const NOT_REGISTERED: &str = "403003";
/// How a missing search index is told (protocol page §7).
const NO_INDEX: &str = "No index was found";

/// A product as Catalog Service shows it. What it leaves out is `None`; numbers may have come as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShownProduct {
    pub sku: String,
    pub name: Option<String>,
    pub url: Option<String>,
    pub url_key: Option<String>,
    pub in_stock: Option<bool>,
    /// When the service says that it was changed last.
    pub modified_at: Option<String>,
    /// Attribute codes with their values, sorted each.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Of products without parts only.
    pub regular: Option<Price>,
    /// Of products without parts only.
    pub finally: Option<Price>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    pub value: f64,
    /// Such as `EUR`; may be empty.
    pub currency: String,
}

/// The `data` of a good answer. GraphQL tells its failures with HTTP 200.
pub(super) fn checked(reply: &Reply, service: &SafeText) -> Result<Value, StorefrontError> {
    let service = service.clone();
    let words = || answer::words(&reply.body);
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    match reply.status {
        401 | 403 if words().as_str().contains(NOT_REGISTERED) => return Err(StorefrontError::NoService { service }),
        401 | 403 => return Err(StorefrontError::KeyRefused { service, message: words() }),
        429 => {
            let retry_after = reply.retry_after(jiff::Timestamp::now()).wait();
            return Err(StorefrontError::SlowDown { service, retry_after });
        }
        408 | 500..=599 => {
            let message = SafeText::limited(&format!("HTTP status {}: {}", reply.status, words()), MESSAGE_LIMIT);
            return Err(StorefrontError::Passing { service, message });
        }
        _ => {}
    }
    let said =
        body.as_ref().and_then(|body| graphql_error(body).or_else(|| answer::failure(body).map(|s| s.sentence())));
    match (said, body) {
        (Some(said), _) if said.as_str().contains(NOT_REGISTERED) => Err(StorefrontError::NoService { service }),
        (Some(said), _) if said.as_str().contains(NO_INDEX) => Err(StorefrontError::NoIndex),
        (Some(message), _) => Err(StorefrontError::Refused { service, message }),
        (None, _) if (400..=499).contains(&reply.status) => Err(StorefrontError::Refused { service, message: words() }),
        (None, Some(mut body)) if reply.status == 200 && body["data"].is_object() => Ok(body["data"].take()),
        (None, _) => {
            let message = reply.redirect_words().unwrap_or_else(words);
            Err(StorefrontError::NotUnderstood { service, message })
        }
    }
}

/// The first of `errors`, with the code that may stand beside it.
fn graphql_error(body: &Value) -> Option<SafeText> {
    let errors = body["errors"].as_array().filter(|errors| !errors.is_empty())?;
    let error = errors.first()?;
    let message = text_of(&error["message"]).unwrap_or_else(|| "an error without a message".to_owned());
    let code = text_of(&error["extensions"]["code"]).filter(|code| !message.contains(code.as_str()));
    Some(SafeText::limited(&code.map_or(message.clone(), |code| format!("{message} ({code})")), MESSAGE_LIMIT))
}

/// The error says what is wrong with the answer.
pub(super) fn shown_products(data: &Value) -> Result<Vec<ShownProduct>, SafeText> {
    let products = data["products"].as_array().ok_or("it has no list of products")?;
    // An entry of null stands for a SKU that is not there.
    products.iter().filter(|product| !product.is_null()).map(shown_product).collect()
}

fn shown_product(product: &Value) -> Result<ShownProduct, SafeText> {
    let text = |name: &str| text_of(&product[name]);
    let attributes = product["attributes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let price = &product["price"];
    Ok(ShownProduct {
        sku: text("sku").ok_or("a product without a SKU")?,
        name: text("name"),
        url: text("url"),
        url_key: text("urlKey"),
        in_stock: flag(&product["inStock"]),
        modified_at: text("lastModifiedAt"),
        attributes: attributes
            .iter()
            .filter_map(|attribute| Some((text_of(&attribute["name"])?, values(&attribute["value"]))))
            .collect(),
        regular: amount(&price["regular"]["amount"]),
        finally: amount(&price["final"]["amount"]),
    })
}

/// The error says what is wrong with the answer.
pub(super) fn found_skus(data: &Value) -> Result<Vec<String>, SafeText> {
    let items = data["productSearch"]["items"].as_array().ok_or("it has no list of items")?;
    let sku = |item: &Value| text_of(&item["productView"]["sku"]).or_else(|| text_of(&item["product"]["sku"]));
    Ok(items.iter().filter_map(sku).collect())
}

/// The values of an attribute as texts, sorted: one or a list, texts, numbers or flags.
fn values(value: &Value) -> Vec<String> {
    let text = |value: &Value| text_of(value).or_else(|| value.as_bool().map(|flag| flag.to_string()));
    let mut values: Vec<String> = match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    };
    values.sort();
    values
}

fn amount(amount: &Value) -> Option<Price> {
    let value: f64 = text_of(&amount["value"])?.parse().ok()?;
    value.is_finite().then(|| Price { value, currency: text_of(&amount["currency"]).unwrap_or_default() })
}

fn flag(value: &Value) -> Option<bool> {
    match text_of(value).as_deref() {
        Some("1" | "true") => Some(true),
        Some("0" | "false") => Some(false),
        _ => value.as_bool(),
    }
}
