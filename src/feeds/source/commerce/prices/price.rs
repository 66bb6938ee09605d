//! A price with its discounts and tiers, and how they become fields.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::feeds::content::Fields;

/// A number of the database that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its {what} {text:?} is not a number")]
pub(super) struct NoNumber {
    /// What the number is for, such as `special price`.
    what: &'static str,
    text: String,
}

/// Reads a number that the database gave as text.
pub(super) fn number(what: &'static str, text: &str) -> Result<f64, NoNumber> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| NoNumber { what, text: text.to_owned() })
}

/// What a discount or a tier asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// Instead of the regular price, in the website's base currency.
    Price(f64),
    /// Off the regular price.
    Percentage(f64),
}

impl Amount {
    fn put(self, object: &mut Map<String, Value>) {
        let (name, number) = match self {
            Self::Price(number) => ("price", number),
            Self::Percentage(number) => ("percentage", number),
        };
        object.insert(name.to_owned(), json!(number));
    }
}

/// Where a discount comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The product's own special price.
    Special,
    /// A tier that begins with one piece: for all groups, or for one.
    Group,
    /// A catalogue rule, calculated for a day.
    CatalogRule,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Special => "special_price",
            Self::Group => "group",
            Self::CatalogRule => "catalog_rule",
        })
    }
}

/// What a product costs in a website, for everybody or for a customer group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Price {
    /// 0 for a product without a price, as in the exporter.
    regular: f64,
    /// In the order in which they were found; no code twice.
    discounts: Vec<(Code, Amount)>,
    /// From which quantity on; no quantity twice.
    tiers: Vec<(f64, Amount)>,
}

impl Price {
    /// A price without discounts and tiers.
    pub(super) fn of(regular: f64) -> Self {
        Self { regular, ..Self::default() }
    }

    /// A later discount of the same code replaces the earlier one, in its place.
    pub(super) fn add_discount(&mut self, code: Code, amount: Amount) {
        match self.discounts.iter_mut().find(|(of, _)| *of == code) {
            Some((_, known)) => *known = amount,
            None => self.discounts.push((code, amount)),
        }
    }

    /// A later tier of the same quantity replaces the earlier one.
    pub(super) fn add_tier(&mut self, quantity: f64, amount: Amount) {
        match self.tiers.iter_mut().find(|(of, _)| of.total_cmp(&quantity).is_eq()) {
            Some((_, known)) => *known = amount,
            None => self.tiers.push((quantity, amount)),
        }
    }

    /// `regular`, `discounts`, and `tierPrices` by quantity. Without discounts, these are `null`.
    pub(super) fn put(mut self, fields: &mut Fields) {
        self.tiers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let discounts = self.discounts.into_iter().map(|(code, amount)| entry("code", json!(code.to_string()), amount));
        let tiers = self.tiers.into_iter().map(|(quantity, amount)| entry("qty", json!(quantity), amount));
        fields.insert("regular".to_owned(), json!(self.regular));
        let discounts: Vec<Value> = discounts.collect();
        fields.insert("discounts".to_owned(), if discounts.is_empty() { Value::Null } else { json!(discounts) });
        put_list(fields, "tierPrices", tiers.collect());
    }
}

fn entry(name: &str, value: Value, amount: Amount) -> Value {
    let mut object = Map::new();
    object.insert(name.to_owned(), value);
    amount.put(&mut object);
    Value::Object(object)
}

/// Puts a list that is absent when there is nothing in it.
pub(super) fn put_list(fields: &mut Fields, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        fields.insert(name.to_owned(), Value::Array(list));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_replaces_what_is_equal_and_keeps_its_place() {
        let mut price = Price::of(34.0);
        price.add_tier(10.0, Amount::Price(20.5));
        price.add_tier(2.5, Amount::Percentage(5.0));
        price.add_tier(10.0, Amount::Percentage(50.0));
        price.add_discount(Code::Special, Amount::Price(30.0));
        price.add_discount(Code::Group, Amount::Percentage(10.0));
        price.add_discount(Code::Special, Amount::Percentage(3.0));
        let mut fields = Fields::new();
        price.put(&mut fields);
        let expected = json!({
            "regular": 34.0,
            "discounts": [{"code": "special_price", "percentage": 3.0}, {"code": "group", "percentage": 10.0}],
            "tierPrices": [{"qty": 2.5, "percentage": 5.0}, {"qty": 10.0, "percentage": 50.0}],
        });
        assert_eq!(Value::Object(fields), expected);
    }

    #[test]
    fn nothing_is_null_but_a_missing_price_is_zero() {
        let mut fields = Fields::new();
        Price::default().put(&mut fields);
        assert_eq!(Value::Object(fields).to_string(), r#"{"discounts":null,"regular":0.0}"#);
    }

    #[test]
    fn what_is_no_number_is_named() {
        assert_eq!(number("price", "34.000000"), Ok(34.0));
        for text in ["", "abc", "1e999", "NaN"] {
            let error = number("special price", text).expect_err("no number");
            assert_eq!(error.to_string(), format!("its special price {text:?} is not a number"));
        }
    }
}
