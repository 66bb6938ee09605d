//! The options of a configurable product: the attributes by which it varies, and the values that its children have.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::super::batch::{Batch, PerProduct};
use super::super::labels::Labels;
use super::super::list_or_null;
use super::super::reader::{DEFAULT, Reader, Scoped, filter};
use super::super::shop::{SuperAttribute, View};
use super::{MadeOf, object, uid};
use crate::commerce::database::{DatabaseError, in_list};

const TYPE: &str = "configurable";
/// `status` of a product that is disabled.
const DISABLED: i64 = 2;
/// Kinds of swatches.
const TEXT: u32 = 0;
const COLOUR: u32 = 1;
const IMAGE: u32 = 2;

/// An attribute by which a product varies.
#[derive(Debug)]
struct Axis {
    attribute: u32,
    position: Option<i64>,
}

/// The configurable products of a page.
#[derive(Debug)]
pub(super) struct Configurables {
    /// In the order of their positions.
    axes: PerProduct<Axis>,
    /// Their children, by link column.
    children: PerProduct<u64>,
    /// The children's values, by child and attribute, in the default scope: the exporter asks no other.
    values: HashMap<(u64, u32), u64>,
    /// The children's status.
    status: Scoped<Option<i64>>,
}

impl Configurables {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        if !reader.has_all(&["catalog_product_super_attribute", "catalog_product_super_link"]) {
            return Ok(None);
        }
        let link = reader.link();
        let parents = batch.links_of_type(TYPE);
        let select = format!(
            "SELECT product_id, attribute_id, position FROM {}",
            reader.table("catalog_product_super_attribute")
        );
        let rows: Vec<(u64, u32, Option<i64>)> = reader.rows_about(&select, "product_id", &parents, "").await?;
        let attributes: BTreeSet<u32> = rows.iter().map(|row| row.1).chain(reader.shop.status).collect();
        let mut axes = batch.by_link(rows, |(of, attribute, position)| (of, Axis { attribute, position }));
        axes.sort_by_key(|axis| (axis.position, axis.attribute));
        let select = format!(
            "SELECT l.parent_id, e.{link} FROM {super_link} l JOIN {entity} e ON e.entity_id = l.product_id{is_current}",
            super_link = reader.table("catalog_product_super_link"),
            entity = reader.table("catalog_product_entity"),
            is_current = reader.is_current("e"),
        );
        let rows: Vec<(u64, u64)> = reader.rows_about(&select, "l.parent_id", &parents, "").await?;
        let child_links: BTreeSet<u64> = rows.iter().map(|(_, child)| *child).collect();
        let children = batch.by_link(rows, |row| row);
        let rows: Vec<(u64, u32, u32, Option<i64>)> = if child_links.is_empty() {
            Vec::new()
        } else {
            let sql = format!(
                "SELECT {link}, attribute_id, store_id, value FROM {} WHERE {link} IN ({}) AND {}",
                reader.table("catalog_product_entity_int"),
                in_list(&child_links),
                filter("attribute_id", attributes)
            );
            // Every child has a few of them: the most rows of all options.
            reader.many_rows(&sql).await?
        };
        let of_status = rows.iter().filter(|row| Some(row.1) == reader.shop.status);
        let status = of_status.map(|&(child, _, store, value)| (child, store, value)).collect();
        let defaults = rows.iter().filter(|row| row.2 == DEFAULT);
        let values =
            defaults.filter_map(|&(child, attribute, _, value)| Some(((child, attribute), value?.try_into().ok()?)));
        Ok(Some(Self { axes, children, values: values.collect(), status }))
    }

    /// The attribute options that children have.
    pub(super) fn option_ids(&self) -> BTreeSet<u64> {
        self.values.values().copied().collect()
    }

    pub(super) fn options(&self, of: &MadeOf<'_>, index: usize, view: &View) -> Vec<Value> {
        let axes = self.axes.of(index);
        if axes.is_empty() {
            return Vec::new();
        }
        let children: Vec<u64> =
            self.children.of(index).iter().copied().filter(|child| self.is_enabled(*child, view)).collect();
        axes.iter().filter_map(|axis| self.option(of, axis, &children, view)).collect()
    }

    /// Row presence decides. A child without a default status does not count, whatever the store view says.
    fn is_enabled(&self, child: u64, view: &View) -> bool {
        let Some(default) = self.status.own(child, DEFAULT) else { return false };
        let status = self.status.own(child, view.store.id).unwrap_or(default);
        status.is_some_and(|status| status != DISABLED)
    }

    /// `None` if the attribute is gone.
    fn option(&self, of: &MadeOf<'_>, axis: &Axis, children: &[u64], view: &View) -> Option<Value> {
        let attribute: &SuperAttribute = of.shop.super_attributes.get(&axis.attribute)?;
        let label = of.shop.attribute_labels.own(axis.attribute.into(), view.store.id).and_then(Option::as_ref);
        let used: HashSet<u64> =
            children.iter().filter_map(|child| self.values.get(&(*child, axis.attribute)).copied()).collect();
        Some(object(json!({
            "id": attribute.code,
            "type": TYPE,
            "label": label.or(attribute.frontend_label.as_ref()),
            "sortOrder": axis.position.unwrap_or_default(),
            "swatchType": attribute.additional_data,
            "values": list_or_null(values(of.labels, axis.attribute, used, view)),
        })))
    }
}

/// The values of an option, in the order in which the attribute has them, then of their ids.
fn values(labels: &Labels, attribute: u32, used: HashSet<u64>, view: &View) -> Vec<Value> {
    let store = view.store.id;
    let options = used.into_iter().filter_map(|id| Some((id, labels.of_attribute(id, attribute)?)));
    let mut options: Vec<_> = options.collect();
    options.sort_by_key(|(id, option)| (option.sort_order, *id));
    let value = options.into_iter().map(|(id, option)| {
        let swatch = option.swatch(store);
        let of_kind = |kind| swatch.filter(|swatch| swatch.kind == kind).map(|swatch| &swatch.value);
        let other = swatch.filter(|swatch| !matches!(swatch.kind, TEXT | COLOUR | IMAGE)).map(|swatch| &swatch.value);
        object(json!({
            "id": uid(&[&TYPE, &attribute, &id]),
            "label": option.label(store),
            "sortOrder": option.sort_order,
            "colorHex": of_kind(COLOUR),
            "imageUrl": of_kind(IMAGE).map(|path| format!("{}attribute/swatch{path}", view.urls.media)),
            "customSwatchValue": other,
        }))
    });
    value.collect()
}
