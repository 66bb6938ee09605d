//! One entry of a product's `attributes`.

use serde_json::Value;

use super::labels::Labels;
use super::object;
use super::shop::{Kind, Listed};

/// `{attributeCode, value}`: the value is a list of texts, or `null` if it is stored as NULL.
pub(super) fn entry(attribute: &Listed, id: u32, value: Option<&str>, labels: &Labels, store: u32) -> Value {
    let list = |texts: &mut dyn Iterator<Item = &str>| Value::Array(texts.map(Value::from).collect());
    let texts = value.map(|text| match attribute.kind {
        Kind::Plain => list(&mut std::iter::once(text)),
        Kind::YesNo => list(&mut text.split(',').map(yes_or_no)),
        // An option that was deleted, or that belongs to another attribute, has only its id left.
        Kind::Options => list(&mut text.split(',').map(|option| label(labels, option, id, store).unwrap_or(option))),
    });
    object([("attributeCode", attribute.code.as_str().into()), ("value", texts.into())])
}

fn yes_or_no(text: &str) -> &str {
    match text {
        "0" => "no",
        "1" => "yes",
        other => other,
    }
}

fn label<'a>(labels: &'a Labels, option: &str, attribute: u32, store: u32) -> Option<&'a str> {
    labels.of_attribute(option.parse().ok()?, attribute)?.label(store)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(kind: Kind) -> Listed {
        Listed { code: "fabric".to_owned(), kind }
    }

    #[test]
    fn yes_and_no_are_words_and_other_values_stay() {
        let entry = |text| entry(&listed(Kind::YesNo), 9, Some(text), &Labels::default(), 1);
        assert_eq!(entry("1"), json!({"attributeCode": "fabric", "value": ["yes"]}));
        assert_eq!(entry("0"), json!({"attributeCode": "fabric", "value": ["no"]}));
        assert_eq!(entry("2"), json!({"attributeCode": "fabric", "value": ["2"]}));
    }

    #[test]
    fn plain_text_is_not_split_and_null_stays_null() {
        let entry = |value| entry(&listed(Kind::Plain), 9, value, &Labels::default(), 1);
        assert_eq!(entry(Some("wool, silk")), json!({"attributeCode": "fabric", "value": ["wool, silk"]}));
        assert_eq!(entry(None), json!({"attributeCode": "fabric", "value": null}));
    }

    #[test]
    fn an_option_without_a_label_is_its_id() {
        let entry = entry(&listed(Kind::Options), 9, Some("5,6"), &Labels::default(), 1);
        assert_eq!(entry, json!({"attributeCode": "fabric", "value": ["5", "6"]}));
    }
}
