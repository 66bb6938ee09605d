//! Custom options: those to choose from (`optionsV2`) and those to fill in (`shopperInputOptions`).
//!
//! What a store view says of an option is laid over what the default says, as far as it says anything. An option, or a
//! value of one, that has no
//! default title does not exist for the exporter, so it does not here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::batch::{Batch, PerProduct};
use super::super::list_or_null;
use super::super::reader::Reader;
use super::{object, uid};
use crate::commerce::database::DatabaseError;
use crate::feeds::source::commerce::products::option_value::option_value;
use crate::feeds::source::commerce::products::scoped::{DEFAULT, Scoped};
use crate::feeds::source::commerce::products::view::View;

/// Types of options to choose from.
const CHOICES: [&str; 4] = ["drop_down", "radio", "checkbox", "multiple"];
/// Types of options to fill in.
const INPUTS: [&str; 6] = ["field", "area", "file", "date", "time", "date_time"];
/// What the ids of both begin with.
const UID: &str = "custom-option";

/// A custom option.
#[derive(Debug)]
struct CustomOption {
    id: u64,
    kind: String,
    is_required: bool,
    sku: Option<String>,
    max_characters: Option<f64>,
    file_extension: Option<String>,
    image_size_x: Option<i64>,
    image_size_y: Option<i64>,
    sort_order: i64,
}

/// As read: the product's link column, then the fields of [`CustomOption`].
type OptionRow =
    (u64, u64, Option<String>, i64, Option<String>, Option<f64>, Option<String>, Option<i64>, Option<i64>, i64);

/// A value of an option to choose from.
#[derive(Debug)]
struct Choice {
    id: u64,
    option: u64,
    sku: Option<String>,
    sort_order: i64,
}

/// What a store view, or the default, says of options, or of their values.
#[derive(Debug)]
struct Words {
    titles: Scoped<Option<String>>,
    prices: Scoped<Option<f64>>,
    price_types: Scoped<Option<String>>,
}

/// The custom options of a page of products.
#[derive(Debug)]
pub(super) struct CustomOptions {
    /// In the order in which the shop sorts them, then of their ids.
    options: PerProduct<CustomOption>,
    /// Of all products, in the same order.
    choices: Vec<Choice>,
    of_options: Words,
    of_choices: Words,
}

impl CustomOptions {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let tables = [
            "catalog_product_option",
            "catalog_product_option_title",
            "catalog_product_option_price",
            "catalog_product_option_type_value",
            "catalog_product_option_type_title",
            "catalog_product_option_type_price",
        ];
        if !reader.has_all(&tables) {
            return Ok(None);
        }
        let [option, title, price, value, value_title, value_price] = tables.map(|table| reader.table(table));
        let sql = format!(
            "SELECT product_id, option_id, type, is_require, sku, max_characters, file_extension, image_size_x, \
             image_size_y, sort_order FROM {option} WHERE {}",
            batch.has_link("product_id")
        );
        let rows: Vec<OptionRow> = reader.rows(&sql).await?;
        let option_ids = rows.iter().map(|row| row.1).collect();
        let mut options = batch.by_link(rows, |(of, id, kind, required, sku, max, extension, x, y, sort_order)| {
            let kind = kind.unwrap_or_default();
            let option = CustomOption {
                id,
                kind,
                is_required: required != 0,
                sku,
                max_characters: max,
                file_extension: extension,
                image_size_x: x,
                image_size_y: y,
                sort_order,
            };
            (of, option)
        });
        options.sort_by_key(|option| (option.sort_order, option.id));
        let select = format!("SELECT option_type_id, option_id, sku, sort_order FROM {value}");
        let order = " ORDER BY option_id, sort_order, option_type_id";
        let rows: Vec<(u64, u64, Option<String>, i64)> =
            reader.rows_about(&select, "option_id", &option_ids, order).await?;
        let choices: Vec<Choice> =
            rows.into_iter().map(|(id, option, sku, sort_order)| Choice { id, option, sku, sort_order }).collect();
        let choice_ids = choices.iter().map(|choice| choice.id).collect();
        let of_options = Words::load(reader, "option_id", &title, &price, &option_ids).await?;
        let of_choices = Words::load(reader, "option_type_id", &value_title, &value_price, &choice_ids).await?;
        Ok(Some(Self { options, choices, of_options, of_choices }))
    }

    /// Options to choose from.
    pub(super) fn options(&self, index: usize, view: &View) -> Vec<Value> {
        let option = |option: &CustomOption| {
            let from = self.choices.partition_point(|choice| choice.option < option.id);
            let choices = self.choices[from..].iter().take_while(|choice| choice.option == option.id);
            let values: Vec<Value> = choices.filter_map(|choice| self.value(choice, view)).collect();
            let title = self.of_options.title(option.id, view)?;
            Some(object(json!({
                "id": option.id.to_string(),
                "type": "custom_option",
                "renderType": option.kind,
                "required": option.is_required,
                "label": title,
                "sortOrder": option.sort_order,
                "values": list_or_null(&values),
            })))
        };
        self.of_kinds(index, &CHOICES).filter_map(option).collect()
    }

    fn value(&self, choice: &Choice, view: &View) -> Option<Value> {
        let words = &self.of_choices;
        let (price, price_type) = words.price(choice.id, view);
        Some(option_value(json!({
            "id": uid(&[&UID, &choice.option, &choice.id]),
            "label": words.title(choice.id, view)?,
            "sortOrder": choice.sort_order,
            "isDefault": false,
            "sku": choice.sku,
            "price": price,
            "priceType": price_type,
        })))
    }

    /// Options to fill in.
    pub(super) fn inputs(&self, index: usize, view: &View) -> Vec<Value> {
        let input = |option: &CustomOption| {
            let title = self.of_options.title(option.id, view)?;
            Some(object(json!({
                "id": uid(&[&UID, &option.id]),
                "label": title,
                "required": option.is_required,
                "sortOrder": option.sort_order,
                "renderType": option.kind,
                "price": self.of_options.price(option.id, view).0,
                "sku": option.sku,
                "fileExtension": option.file_extension,
                "range": { "from": null, "to": option.max_characters },
                "imageSizeX": option.image_size_x,
                "imageSizeY": option.image_size_y,
            })))
        };
        self.of_kinds(index, &INPUTS).filter_map(input).collect()
    }

    fn of_kinds(&self, index: usize, kinds: &[&str]) -> impl Iterator<Item = &CustomOption> {
        self.options.of(index).iter().filter(|option| kinds.contains(&option.kind.as_str()))
    }
}

impl Words {
    async fn load(
        reader: &mut Reader<'_>,
        key: &str,
        title: &str,
        price: &str,
        ids: &BTreeSet<u64>,
    ) -> Result<Self, DatabaseError> {
        let select = format!("SELECT {key}, store_id, title FROM {title}");
        let titles: Vec<(u64, u32, Option<String>)> = reader.rows_about(&select, key, ids, "").await?;
        let titles = titles.into_iter().collect();
        let select = format!("SELECT {key}, store_id, price, price_type FROM {price}");
        let rows: Vec<(u64, u32, Option<f64>, Option<String>)> = reader.rows_about(&select, key, ids, "").await?;
        let prices = rows.iter().map(|(id, store, price, _)| (*id, *store, *price)).collect();
        let price_types = rows.into_iter().map(|(id, store, _, price_type)| (id, store, price_type)).collect();
        Ok(Self { titles, prices, price_types })
    }

    /// Price and its type. A store view has its own only where it has a title of its own, be that NULL: the exporter reads
    /// the two together.
    fn price(&self, id: u64, view: &View) -> (Option<&f64>, Option<&String>) {
        let scope = if self.titles.own(id, view.store.id).is_some() { view.store.id } else { DEFAULT };
        (self.prices.laid_over(id, scope), self.price_types.laid_over(id, scope))
    }

    /// `None` without a row of the default; a row without text is text of no length.
    fn title(&self, id: u64, view: &View) -> Option<&str> {
        self.titles.own(id, DEFAULT)?;
        Some(self.titles.laid_over(id, view.store.id).map_or("", String::as_str))
    }
}
