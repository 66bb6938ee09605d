//! What two data spaces show otherwise of one product.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::storefront::{Price, ShownProduct};
use crate::untrusted::SafeText;

/// By how much two prices may be apart, in the currency's unit: less than the smallest coin.
const PRICE_TOLERANCE: f64 = 0.005;
/// The most characters of a value that are kept.
const MOST_TEXT: usize = 200;

/// A value that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownOtherwise {
    /// The field or attribute.
    pub what: SafeText,
    pub a: SafeText,
    pub b: SafeText,
}

/// Where two views of a product differ. URLs are compared without their host, which is another for each shop.
pub(super) fn between(a: &ShownProduct, b: &ShownProduct) -> Vec<ShownOtherwise> {
    let mut found = Vec::new();
    let mut compare = |what: &str, a: Option<&str>, b: Option<&str>| {
        if a != b {
            let text =
                |value: Option<&str>| value.map_or_else(|| "none".into(), |value| SafeText::limited(value, MOST_TEXT));
            found.push(ShownOtherwise { what: SafeText::limited(what, MOST_TEXT), a: text(a), b: text(b) });
        }
    };
    compare("name", a.name.as_deref(), b.name.as_deref());
    compare("url", a.url.as_deref().map(without_host), b.url.as_deref().map(without_host));
    compare("urlKey", a.url_key.as_deref(), b.url_key.as_deref());
    let flag = |flag: Option<bool>| flag.map(|flag| if flag { "true" } else { "false" });
    compare("inStock", flag(a.in_stock), flag(b.in_stock));
    let (of_a, of_b) = (attributes(a), attributes(b));
    let only_b = of_b.keys().filter(|code| !of_a.contains_key(*code));
    for code in of_a.keys().chain(only_b) {
        compare(code, of_a.get(code).map(String::as_str), of_b.get(code).map(String::as_str));
    }
    for (what, a, b) in [("regular price", &a.regular, &b.regular), ("final price", &a.finally, &b.finally)] {
        if !is_same(a.as_ref(), b.as_ref()) {
            let text =
                |price: &Option<Price>| price.as_ref().map(|price| format!("{:.2} {}", price.value, price.currency));
            compare(what, text(a).as_deref(), text(b).as_deref());
        }
    }
    found
}

fn attributes(product: &ShownProduct) -> BTreeMap<&str, String> {
    product.attributes.iter().map(|(code, values)| (code.as_str(), values.join(", "))).collect()
}

fn is_same(a: Option<&Price>, b: Option<&Price>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.currency == b.currency && (a.value - b.value).abs() < PRICE_TOLERANCE,
        (None, None) => true,
        _ => false,
    }
}

/// `/bag.html` of `https://shop.example/bag.html`.
fn without_host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return url };
    rest.find('/').map_or("", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag() -> ShownProduct {
        let price = |value| Some(Price { value, currency: "EUR".to_owned() });
        ShownProduct {
            sku: "A".to_owned(),
            name: Some("Bag".to_owned()),
            url: Some("https://shop.example/bag.html".to_owned()),
            url_key: Some("bag".to_owned()),
            in_stock: Some(true),
            modified_at: Some("2026-11-27".to_owned()),
            attributes: vec![("color".to_owned(), vec!["blue".to_owned(), "red".to_owned()])],
            regular: price(20.0),
            finally: price(15.0),
        }
    }

    #[test]
    fn hosts_and_times_of_change_are_not_differences() {
        let other = ShownProduct {
            url: Some("https://staging.shop.example:8443/bag.html".to_owned()),
            modified_at: None,
            finally: Some(Price { value: 15.001, currency: "EUR".to_owned() }),
            ..bag()
        };
        assert_eq!(between(&bag(), &other), []);
    }

    #[test]
    fn every_field_that_differs_is_named_with_both_values() {
        let price = |value, currency: &str| Some(Price { value, currency: currency.to_owned() });
        let red = vec![("color".to_owned(), vec!["red".to_owned()])];
        for (changed, what, a, b) in [
            (ShownProduct { name: None, ..bag() }, "name", "Bag", "none"),
            (ShownProduct { url: Some("https://shop.example/b".to_owned()), ..bag() }, "url", "/bag.html", "/b"),
            (ShownProduct { url_key: Some("b".to_owned()), ..bag() }, "urlKey", "bag", "b"),
            (ShownProduct { in_stock: Some(false), ..bag() }, "inStock", "true", "false"),
            (ShownProduct { attributes: red, ..bag() }, "color", "blue, red", "red"),
            (ShownProduct { attributes: Vec::new(), ..bag() }, "color", "blue, red", "none"),
            (ShownProduct { regular: price(20.01, "EUR"), ..bag() }, "regular price", "20.00 EUR", "20.01 EUR"),
            (ShownProduct { finally: price(15.0, "USD"), ..bag() }, "final price", "15.00 EUR", "15.00 USD"),
            (ShownProduct { finally: None, ..bag() }, "final price", "15.00 EUR", "none"),
        ] {
            let expected = ShownOtherwise { what: what.into(), a: a.into(), b: b.into() };
            assert_eq!(between(&bag(), &changed), [expected]);
            let turned = ShownOtherwise { what: what.into(), a: b.into(), b: a.into() };
            assert_eq!(between(&changed, &bag()), [turned]);
        }
    }
}
