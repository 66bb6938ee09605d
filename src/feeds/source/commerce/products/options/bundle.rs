//! The options of a bundle: what to choose, and the products to choose from.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::batch::{Batch, PerProduct};
use super::super::list_or_null;
use super::super::reader::Reader;
use super::{object, uid};
use crate::commerce::database::{DatabaseError, in_list};
use crate::feeds::source::commerce::products::option_value::option_value;
use crate::feeds::source::commerce::products::scoped::Scoped;
use crate::feeds::source::commerce::products::view::View;

const TYPE: &str = "bundle";

/// An option of a bundle.
#[derive(Debug)]
struct BundleOption {
    id: u64,
    /// The bundle's link column.
    parent: u64,
    is_required: bool,
    position: i64,
    render_type: Option<String>,
}

/// A product to choose in an option.
#[derive(Debug)]
struct Selection {
    id: u64,
    position: i64,
    is_default: bool,
    is_percent: bool,
    price: f64,
    quantity: f64,
    can_change_quantity: bool,
    sku: Option<String>,
    /// The product's link column.
    product: u64,
}

/// As read: bundle and option, then the fields of [`Selection`].
type SelectionRow = (u64, u64, u64, i64, i64, i64, f64, Option<f64>, i64, Option<String>, u64);

/// The bundles of a page.
#[derive(Debug)]
pub(super) struct Bundles {
    /// In the order of their positions.
    options: PerProduct<BundleOption>,
    /// Titles by option and bundle.
    titles: Scoped<Option<String>, (u64, u64)>,
    /// By bundle and option, in the order of their positions.
    selections: HashMap<(u64, u64), Vec<Selection>>,
    /// Names of the selected products.
    names: Scoped<Option<String>>,
    /// Prices by selection and bundle, for each website.
    prices: Scoped<Option<f64>, (u64, u64)>,
}

impl Bundles {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let tables = [
            "catalog_product_bundle_option",
            "catalog_product_bundle_option_value",
            "catalog_product_bundle_selection",
            "catalog_product_bundle_selection_price",
        ];
        if !reader.has_all(&tables) {
            return Ok(None);
        }
        let [option, option_value, selection, selection_price] = tables.map(|table| reader.table(table));
        let is_of_page = batch.has_link("parent_id");
        let sql = format!("SELECT parent_id, option_id, required, position, type FROM {option} WHERE {is_of_page}");
        let rows: Vec<(u64, u64, i64, i64, Option<String>)> = reader.rows(&sql).await?;
        let option_ids = rows.iter().map(|row| row.1).collect();
        let mut options = batch.by_link(rows, |(parent, id, required, position, render_type)| {
            (parent, BundleOption { id, parent, is_required: required != 0, position, render_type })
        });
        options.sort_by_key(|option| (option.position, option.id));
        let select = format!("SELECT option_id, parent_product_id, store_id, title FROM {option_value}");
        let rows: Vec<(u64, u64, u32, Option<String>)> =
            reader.rows_about(&select, "option_id", &option_ids, "").await?;
        let titles = rows.into_iter().map(|(option, parent, store, title)| ((option, parent), store, title)).collect();
        let selections = selections(reader, &selection, &option_ids).await?;
        let select =
            format!("SELECT selection_id, parent_product_id, website_id, selection_price_value FROM {selection_price}");
        let selection_ids = selections.values().flatten().map(|selection| selection.id).collect();
        let rows: Vec<(u64, u64, u32, Option<f64>)> =
            reader.rows_about(&select, "selection_id", &selection_ids, "").await?;
        let prices = rows.into_iter().map(|(id, parent, website, price)| ((id, parent), website, price)).collect();
        let products = selections.values().flatten().map(|selection| selection.product).collect();
        let names = names(reader, &products).await?;
        Ok(Some(Self { options, titles, selections, names, prices }))
    }

    pub(super) fn options(&self, index: usize, view: &View) -> Vec<Value> {
        let option = |option: &BundleOption| {
            let key = (option.parent, option.id);
            let selections = self.selections.get(&key).map_or(&[][..], Vec::as_slice);
            let values: Vec<Value> = selections.iter().map(|selection| self.value(option, selection, view)).collect();
            object(json!({
                "id": option.id.to_string(),
                "type": TYPE,
                "renderType": option.render_type,
                "required": option.is_required,
                "label": self.titles.laid_over((option.id, option.parent), view.store.id),
                "sortOrder": option.position,
                "values": list_or_null(&values),
            }))
        };
        self.options.of(index).iter().map(option).collect()
    }

    fn value(&self, option: &BundleOption, selection: &Selection, view: &View) -> Value {
        let own_price = self.prices.own((selection.id, option.parent), view.store.website_id).copied().flatten();
        // Whole pieces, cut off rather than rounded.
        let pieces = selection.quantity.trunc();
        option_value(json!({
            "id": uid(&[&TYPE, &option.id, &selection.id, &pieces]),
            "sku": selection.sku,
            "label": self.names.laid_over(selection.product, view.store.id),
            "qty": selection.quantity,
            "priceType": if selection.is_percent { "percent" } else { "fixed" },
            "price": own_price.unwrap_or(selection.price),
            "sortOrder": selection.position,
            "isDefault": selection.is_default,
            "qtyMutability": selection.can_change_quantity,
        }))
    }
}

async fn selections(
    reader: &mut Reader<'_>,
    table: &str,
    option_ids: &BTreeSet<u64>,
) -> Result<HashMap<(u64, u64), Vec<Selection>>, DatabaseError> {
    let select = format!(
        "SELECT s.parent_product_id, s.option_id, s.selection_id, s.position, s.is_default, s.selection_price_type, \
         s.selection_price_value, s.selection_qty, s.selection_can_change_qty, e.sku, e.{link} \
         FROM {table} s JOIN {entity} e ON e.entity_id = s.product_id{is_current}",
        link = reader.link(),
        entity = reader.table("catalog_product_entity"),
        is_current = reader.is_current("e"),
    );
    let rows: Vec<SelectionRow> = reader.rows_about(&select, "s.option_id", option_ids, "").await?;
    let mut selections: HashMap<(u64, u64), Vec<Selection>> = HashMap::new();
    for (parent, option, id, position, is_default, price_type, price, quantity, can_change, sku, product) in rows {
        selections.entry((parent, option)).or_default().push(Selection {
            id,
            position,
            is_default: is_default != 0,
            is_percent: price_type != 0,
            price,
            quantity: quantity.unwrap_or_default(),
            can_change_quantity: can_change != 0,
            sku,
            product,
        });
    }
    for list in selections.values_mut() {
        list.sort_by_key(|selection| (selection.position, selection.id));
    }
    Ok(selections)
}

/// Names of products, by link column. A NULL in a store view lets the default through here, unlike elsewhere.
async fn names(reader: &mut Reader<'_>, products: &BTreeSet<u64>) -> Result<Scoped<Option<String>>, DatabaseError> {
    let link = reader.link();
    let select = format!("SELECT {link}, store_id, value FROM {}", reader.table("catalog_product_entity_varchar"));
    let is_name = format!(" AND attribute_id IN ({})", in_list(reader.shop.name));
    let rows: Vec<(u64, u32, Option<String>)> = reader.rows_about(&select, link, products, &is_name).await?;
    Ok(rows.into_iter().collect())
}
