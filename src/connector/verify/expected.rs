//! What a store view should show of a product, by what was sent of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Difference;
use crate::client::storefront::{Price, ShownProduct};

/// By how much two prices may be apart, in the currency's unit: services round, and a discount in percent has more digits.
const PRICE_TOLERANCE: f64 = 0.01;

/// What was sent of a product, as far as a service can show it. What was not sent is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// `simple`, `configurable`, ….
    pub kind: String,
    /// Whether the product is enabled.
    pub is_enabled: bool,
    /// Whether it is for sale on its own; Live Search finds only these.
    pub is_displayable: bool,
    name: Option<String>,
    url: Option<String>,
    url_key: Option<String>,
    in_stock: Option<bool>,
    currency: Option<String>,
    attributes: BTreeMap<String, Vec<String>>,
    /// Regular and final.
    price: Option<(f64, f64)>,
}

impl Expected {
    /// Of the payload of a product, and that of its price if it is known.
    #[must_use]
    pub fn of(product: &Value, price: Option<&Value>) -> Self {
        let text = |name: &str| product[name].as_str().map(str::to_owned);
        let kind = text("type").unwrap_or_default();
        let attributes = product["attributes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let attribute = |attribute: &Value| {
            let mut values: Vec<String> = attribute["value"].as_array()?.iter().map(plain).collect();
            values.sort();
            Some((attribute["attributeCode"].as_str()?.to_owned(), values))
        };
        Self {
            is_enabled: product["status"] != "Disabled",
            is_displayable: product["displayable"] == true,
            name: text("name"),
            url: text("url"),
            url_key: text("urlKey"),
            in_stock: product["inStock"].as_bool(),
            currency: text("currency"),
            attributes: attributes.iter().filter_map(attribute).collect(),
            price: price.filter(|_| !is_composite(&kind)).and_then(amounts),
            kind,
        }
    }

    /// Whether it is shown only while one of its parts is enabled.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        is_composite(&self.kind)
    }

    /// What is shown otherwise than it was sent. What the service does not tell is not compared: it leaves out attributes that
    /// are not for the storefront, and prices of products that are made of others.
    #[must_use]
    pub fn differences(&self, shown: &ShownProduct) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare = |what: &str, sent: Option<String>, shown: Option<String>| {
            if let (Some(sent), Some(shown)) = (sent, shown)
                && sent.trim() != shown.trim()
            {
                found.push(Difference::new(what, &sent, &shown));
            }
        };
        compare("name", self.name.clone(), Some(shown.name.clone().unwrap_or_default()));
        compare("url", self.url.clone(), shown.url.clone());
        compare("urlKey", self.url_key.clone(), shown.url_key.clone());
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
        compare("inStock", flag(self.in_stock), flag(shown.in_stock));
        for (code, values) in &shown.attributes {
            let sent = self.attributes.get(code).map(|sent| sent.join(", "));
            compare(code, sent, Some(values.join(", ")));
        }
        let currency = |price: &Price| (!price.currency.is_empty()).then(|| price.currency.clone());
        compare("currency", self.currency.clone(), shown.finally.as_ref().and_then(currency));
        if let Some((regular, finally)) = self.price {
            for (what, sent, shown) in [("regular", regular, &shown.regular), ("final", finally, &shown.finally)] {
                let shown = shown.as_ref().map(|price| price.value);
                if shown.is_none_or(|shown| (shown - sent).abs() > PRICE_TOLERANCE) {
                    let shown = shown.map_or_else(|| "no price".to_owned(), |shown| format!("{shown:.2}"));
                    found.push(Difference::new(&format!("{what} price"), &format!("{sent:.2}"), &shown));
                }
            }
        }
        found
    }
}

fn is_composite(kind: &str) -> bool {
    matches!(kind, "configurable" | "bundle" | "grouped")
}

/// Regular and final price of an item of the feed: the lowest that any of its discounts leaves.
fn amounts(item: &Value) -> Option<(f64, f64)> {
    let regular = item["regular"].as_f64()?;
    let discounts = item["discounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reduced = discounts.iter().filter_map(|discount| {
        let by_share = || discount["percentage"].as_f64().map(|percent| regular * (1.0 - percent / 100.0));
        discount["price"].as_f64().or_else(by_share)
    });
    Some((regular, reduced.fold(regular, f64::min)))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown() -> ShownProduct {
        let price = |value| Some(Price { value, currency: "EUR".to_owned() });
        ShownProduct {
            sku: "A".to_owned(),
            name: Some("Bag".to_owned()),
            url: Some("https://shop.example/bag.html".to_owned()),
            url_key: Some("bag".to_owned()),
            in_stock: Some(true),
            modified_at: None,
            attributes: vec![("color".to_owned(), vec!["blue".to_owned(), "red".to_owned()])],
            regular: price(20.0),
            finally: price(15.0),
        }
    }

    fn expected() -> Expected {
        let product = json!({"type": "simple", "name": "Bag", "url": "https://shop.example/bag.html", "urlKey": "bag",
            "inStock": true, "currency": "EUR", "displayable": true, "status": "Enabled",
            "attributes": [{"attributeCode": "color", "value": ["red", "blue"]},
                           {"attributeCode": "secret", "value": ["x"]}]});
        let price = json!({"regular": 20, "discounts": [{"code": "special_price", "price": 18},
                                                        {"code": "group", "percentage": 25}]});
        Expected::of(&product, Some(&price))
    }

    #[test]
    fn what_is_shown_as_sent_differs_in_nothing() {
        assert_eq!(expected().differences(&shown()), []);
        let silent = ShownProduct { url: None, in_stock: None, attributes: Vec::new(), ..shown() };
        assert_eq!(expected().differences(&silent), [], "what is not told is not compared");
        let rounded = ShownProduct { finally: Some(Price { value: 15.004, currency: String::new() }), ..shown() };
        assert_eq!(expected().differences(&rounded), []);
    }

    #[test]
    fn every_field_that_differs_is_named_with_both_values() {
        let price = |value, currency: &str| Some(Price { value, currency: currency.to_owned() });
        for (changed, what, sent, now) in [
            (ShownProduct { name: Some("Sack".to_owned()), ..shown() }, "name", "Bag", "Sack"),
            (ShownProduct { name: None, ..shown() }, "name", "Bag", ""),
            (ShownProduct { url: Some("/x".to_owned()), ..shown() }, "url", "https://shop.example/bag.html", "/x"),
            (ShownProduct { url_key: Some("x".to_owned()), ..shown() }, "urlKey", "bag", "x"),
            (ShownProduct { in_stock: Some(false), ..shown() }, "inStock", "true", "false"),
            (
                ShownProduct { attributes: vec![("color".to_owned(), vec!["red".to_owned()])], ..shown() },
                "color",
                "blue, red",
                "red",
            ),
            (ShownProduct { regular: price(21.0, "EUR"), ..shown() }, "regular price", "20.00", "21.00"),
            (ShownProduct { finally: price(15.0, "USD"), ..shown() }, "currency", "EUR", "USD"),
            (ShownProduct { finally: None, ..shown() }, "final price", "15.00", "no price"),
        ] {
            assert_eq!(expected().differences(&changed), [Difference::new(what, sent, now)]);
        }
    }

    #[test]
    fn prices_of_composite_products_are_not_compared() {
        let product = json!({"type": "configurable", "name": "Bag"});
        let expected = Expected::of(&product, Some(&json!({"regular": 20})));
        assert!(expected.is_composite() && expected.is_enabled);
        assert_eq!(expected.differences(&ShownProduct { regular: None, finally: None, ..shown() }), []);
    }
}
