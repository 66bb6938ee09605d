//! What a buyer can choose or enter: `optionsV2` and `shopperInputOptions`, and the `samples` of a downloadable
//! product.
//!
//! One file for each kind of option. Their order in an item is that of [`Options::put`].

mod bundle;
mod configurable;
mod custom;
mod downloadable;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::base::Base;
use super::batch::{Batch, Product};
use super::labels::Labels;
use super::links::Links;
use super::list_or_null;
use super::reader::Reader;
use super::shop::Shop;
use crate::commerce::database::DatabaseError;
use crate::feeds::content::Content;
use crate::feeds::source::commerce::products::view::View;

/// The options of a page of products, by kind.
#[derive(Debug)]
pub(super) struct Options {
    configurable: Option<configurable::Configurables>,
    bundle: Option<bundle::Bundles>,
    custom: Option<custom::CustomOptions>,
    links: Option<downloadable::Downloads>,
    samples: Option<downloadable::Samples>,
}

/// What options are made of, besides their own rows.
pub(super) struct MadeOf<'a> {
    pub shop: &'a Shop,
    pub labels: &'a Labels,
    pub links: Option<&'a Links>,
    pub base: &'a Base<'a>,
    /// What a downloadable product calls its links.
    pub links_title: Option<&'a str>,
}

/// An entry of `optionsV2`.
#[derive(Serialize)]
#[serde(untagged)]
enum ProductOption<'a> {
    /// Most options of most shops are of this kind.
    Varying(configurable::Varying<'a>),
    /// Of any other kind.
    Made(Value),
}

impl Options {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Self, DatabaseError> {
        Ok(Self {
            configurable: configurable::Configurables::load(reader, batch).await?,
            bundle: bundle::Bundles::load(reader, batch).await?,
            custom: custom::CustomOptions::load(reader, batch).await?,
            links: downloadable::Downloads::load(reader, batch).await?,
            samples: downloadable::Samples::load(reader, batch).await?,
        })
    }

    /// The attribute options whose labels are needed.
    pub(super) fn option_ids(&self) -> BTreeSet<u64> {
        self.configurable.as_ref().map(configurable::Configurables::option_ids).unwrap_or_default()
    }

    /// Puts the options, and gives the attribute by which a downloadable product says what it consists of.
    pub(super) fn put(
        &self,
        fields: &mut Content,
        of: &MadeOf<'_>,
        product: &Product,
        index: usize,
        view: &View,
    ) -> Option<Value> {
        let mut options = Vec::new();
        if let Some(configurable) = &self.configurable {
            options.extend(configurable.options(of, index, view).into_iter().map(ProductOption::Varying));
        }
        let mut made = Vec::new();
        if let Some(bundle) = &self.bundle {
            made.extend(bundle.options(index, view));
        }
        if let Some(custom) = &self.custom {
            made.extend(custom.options(index, view));
            fields.put("shopperInputOptions", list_or_null(&custom.inputs(index, view)));
        }
        let downloads = self.links.as_ref().filter(|_| product.is_downloadable());
        let links = downloads.map(|downloads| downloads.values(index, view));
        if let Some(links) = &links {
            made.push(downloadable::option(product, of.links_title, links));
        }
        made.extend(grouped(of.links, product, index, view));
        options.extend(made.into_iter().map(ProductOption::Made));
        fields.put("optionsV2", list_or_null(&options));
        let samples = self.samples.as_ref().map(|samples| samples.of_view(index, view));
        let attribute = links.map(|links| downloadable::attribute(of.base, samples.as_deref().unwrap_or(&[]), &links));
        if let Some(samples) = samples {
            let samples: Vec<Value> = samples.iter().map(downloadable::Sample::value).collect();
            fields.put("samples", list_or_null(&samples));
        }
        attribute
    }
}

/// The one option of a grouped product: how many of each of its parts.
fn grouped(links: Option<&Links>, product: &Product, index: usize, view: &View) -> Option<Value> {
    let values = links?.grouped(index, view);
    let id = product.id.to_string();
    (!values.is_empty()).then(|| json!({ "id": id, "type": "grouped", "values": values }))
}

/// The id of an option's value: base64 of words and numbers joined by slashes.
fn uid(parts: &[&dyn std::fmt::Display]) -> String {
    let joined = parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("/");
    STANDARD.encode(joined)
}

/// An option as the exporter has it: without what is `null`, but for its values.
fn object(option: Value) -> Value {
    match option {
        Value::Object(map) => {
            let is_there = |(name, value): &(String, Value)| !value.is_null() || name == "values";
            Value::Object(map.into_iter().filter(is_there).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::option_value::{VALUE_FIELDS, option_value};
    use super::*;

    #[test]
    fn a_value_has_the_fields_of_every_kind_and_an_option_only_its_own() {
        let value = option_value(json!({"id": "1", "price": 2.5}));
        assert_eq!((value["price"].as_f64(), value["colorHex"].is_null()), (Some(2.5), true));
        assert_eq!(value.as_object().map(Map::len), Some(VALUE_FIELDS.len()));
        assert_eq!(object(json!({"id": "1", "label": null, "values": null})), json!({"id": "1", "values": null}));
    }

    #[test]
    fn a_uid_is_base64_of_its_parts() {
        // The configurable product of the published specification.
        assert_eq!(uid(&[&"configurable", &279, &42]), "Y29uZmlndXJhYmxlLzI3OS80Mg==");
    }
}
