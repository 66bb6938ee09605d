//! The attribute options that a page of products uses: their labels, places and swatches.

use std::collections::{BTreeSet, HashMap};

use super::reader::Reader;
use super::scoped::Scoped;
use crate::commerce::database::DatabaseError;

/// An attribute option.
#[derive(Debug)]
pub(super) struct AttributeOption<'a> {
    id: u64,
    /// Its place among the options of its attribute.
    pub sort_order: i64,
    labels: &'a Labels,
}

/// A swatch: what stands for an option besides its label.
#[derive(Debug)]
pub(super) struct Swatch {
    /// 0 text, 1 colour, 2 image, 3 empty.
    pub kind: u32,
    pub value: String,
}

/// The attribute options that a page of products uses.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// The attribute and the place of each option.
    options: HashMap<u64, (u32, i64)>,
    texts: Scoped<Option<String>>,
    swatches: Scoped<Option<Swatch>>,
}

impl Labels {
    pub(super) async fn load(reader: &mut Reader<'_>, ids: &BTreeSet<u64>) -> Result<Self, DatabaseError> {
        if !reader.has_all(&["eav_attribute_option", "eav_attribute_option_value"]) {
            return Ok(Self::default());
        }
        let select =
            format!("SELECT option_id, attribute_id, sort_order FROM {}", reader.table("eav_attribute_option"));
        let options: Vec<(u64, u32, i64)> = reader.rows_about(&select, "option_id", ids, "").await?;
        let select = format!("SELECT option_id, store_id, value FROM {}", reader.table("eav_attribute_option_value"));
        let texts: Vec<(u64, u32, Option<String>)> = reader.rows_about(&select, "option_id", ids, "").await?;
        Ok(Self {
            options: options.into_iter().map(|(id, attribute, sort_order)| (id, (attribute, sort_order))).collect(),
            texts: texts.into_iter().collect(),
            swatches: swatches(reader, ids).await?,
        })
    }

    /// An option, if it belongs to this attribute.
    pub(super) fn of_attribute(&self, id: u64, attribute: u32) -> Option<AttributeOption<'_>> {
        let (of, sort_order) = *self.options.get(&id)?;
        (of == attribute).then_some(AttributeOption { id, sort_order, labels: self })
    }
}

impl<'a> AttributeOption<'a> {
    /// Its label in the store view, else the admin's.
    pub(super) fn label(&self, store: u32) -> Option<&'a str> {
        self.labels.texts.laid_over(self.id, store).map(String::as_str)
    }

    /// Its swatch in the store view, else the admin's.
    pub(super) fn swatch(&self, store: u32) -> Option<&'a Swatch> {
        self.labels.swatches.laid_over(self.id, store)
    }
}

async fn swatches(reader: &mut Reader<'_>, ids: &BTreeSet<u64>) -> Result<Scoped<Option<Swatch>>, DatabaseError> {
    if !reader.has_all(&["eav_attribute_option_swatch"]) {
        return Ok(Scoped::default());
    }
    let select =
        format!("SELECT option_id, store_id, type, value FROM {}", reader.table("eav_attribute_option_swatch"));
    let rows: Vec<(u64, u32, u32, Option<String>)> = reader.rows_about(&select, "option_id", ids, "").await?;
    let swatch = |kind, value: Option<String>| value.map(|value| Swatch { kind, value });
    Ok(rows.into_iter().map(|(id, store, kind, value)| (id, store, swatch(kind, value))).collect())
}
