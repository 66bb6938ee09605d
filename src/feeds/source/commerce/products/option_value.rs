//! The value of an option, which has the fields of every kind of option.

use serde_json::{Map, Value};

/// The fields that a value of an option has, whatever the option's kind.
pub(super) const VALUE_FIELDS: [&str; 13] = [
    "colorHex",
    "customSwatchValue",
    "id",
    "imageUrl",
    "infoUrl",
    "isDefault",
    "label",
    "price",
    "priceType",
    "qty",
    "qtyMutability",
    "sku",
    "sortOrder",
];

/// The value of an option as the exporter has it: with the fields of every kind of option, `null` in those of other kinds.
pub(super) fn option_value(value: Value) -> Value {
    let mut all: Map<String, Value> = VALUE_FIELDS.map(|name| (name.to_owned(), Value::Null)).into_iter().collect();
    if let Value::Object(own) = value {
        all.extend(own);
    }
    Value::Object(all)
}
