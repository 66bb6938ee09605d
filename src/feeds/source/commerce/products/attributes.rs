//! One entry of a product's `attributes`.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::labels::Labels;
use super::shop::{AttributeKind, Listed};

/// An entry of `attributes`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum AttributeEntry<'a> {
    /// One that the shop stores.
    Stored(Stored<'a>),
    /// One that the configuration adds.
    Mapped(Listing<'a>),
    /// One that the feed makes up.
    Made(Value),
}

/// `{attributeCode, value}`; the value is a list of texts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing<'a> {
    pub attribute_code: &'a str,
    pub value: Vec<&'a str>,
}

impl AttributeEntry<'_> {
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Stored(stored) => stored.attribute_code,
            Self::Mapped(mapped) => mapped.attribute_code,
            Self::Made(made) => made["attributeCode"].as_str().unwrap_or_default(),
        }
    }
}

/// `{attributeCode, value}`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stored<'a> {
    attribute_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Texts<'a>>,
}

/// A list of texts, in the words of a store view.
#[derive(Debug)]
struct Texts<'a> {
    stored: &'a str,
    kind: AttributeKind,
    attribute: u32,
    labels: &'a Labels,
    store: u32,
}

impl<'a> Stored<'a> {
    /// The value is a list of texts, absent if it is stored as NULL.
    pub(super) fn new(
        listed: &'a Listed,
        attribute: u32,
        value: Option<&'a str>,
        labels: &'a Labels,
        store: u32,
    ) -> Self {
        let texts = |stored| Texts { stored, kind: listed.kind, attribute, labels, store };
        Self { attribute_code: &listed.code, value: value.map(texts) }
    }
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind {
            AttributeKind::Plain => [self.stored].serialize(serializer),
            AttributeKind::YesNo => serializer.collect_seq(self.stored.split(',').map(yes_or_no)),
            // An option that was deleted, or that belongs to another attribute, has only its id left.
            AttributeKind::Options => {
                serializer.collect_seq(self.stored.split(',').map(|option| self.label(option).unwrap_or(option)))
            }
        }
    }
}

impl Texts<'_> {
    fn label(&self, option: &str) -> Option<&str> {
        self.labels.of_attribute(option.parse().ok()?, self.attribute)?.label(self.store)
    }
}

fn yes_or_no(text: &str) -> &str {
    match text {
        "0" => "no",
        "1" => "yes",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    fn entry(kind: AttributeKind, value: Option<&str>) -> Value {
        let listed = Listed { code: "fabric".to_owned(), kind };
        to_value(AttributeEntry::Stored(Stored::new(&listed, 9, value, &Labels::default(), 1))).expect("JSON")
    }

    #[test]
    fn yes_and_no_are_words_and_other_values_stay() {
        let entry = |text| entry(AttributeKind::YesNo, Some(text));
        assert_eq!(entry("1"), json!({"attributeCode": "fabric", "value": ["yes"]}));
        assert_eq!(entry("0"), json!({"attributeCode": "fabric", "value": ["no"]}));
        assert_eq!(entry("2"), json!({"attributeCode": "fabric", "value": ["2"]}));
    }

    #[test]
    fn plain_text_is_not_split_and_null_has_no_value() {
        let entry = |value| entry(AttributeKind::Plain, value);
        assert_eq!(entry(Some("wool, silk")), json!({"attributeCode": "fabric", "value": ["wool, silk"]}));
        assert_eq!(entry(None), json!({"attributeCode": "fabric"}));
    }

    #[test]
    fn an_option_without_a_label_is_its_id() {
        let entry = entry(AttributeKind::Options, Some("5,6"));
        assert_eq!(entry, json!({"attributeCode": "fabric", "value": ["5", "6"]}));
    }
}
