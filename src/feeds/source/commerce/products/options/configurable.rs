//! The options of a configurable product: the attributes by which it varies, and the values that its children have.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::super::super::keys::Keys;
use super::super::batch::{Batch, PerProduct};
use super::super::labels::Labels;
use super::super::reader::{Reader, filter};
use super::super::shop::SuperAttribute;
use super::super::value_table::Question;
use super::{MadeOf, uid};
use crate::commerce::database::{DatabaseError, LinkColumn};
use crate::feeds::source::commerce::products::scoped::{DEFAULT, Scoped};
use crate::feeds::source::commerce::products::view::View;

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

/// The option of an attribute by which a product varies.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Varying<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    sort_order: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    swatch_type: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    values: Option<Vec<VaryingValue<'a>>>,
}

/// A value of such an option; `()` in the fields of other kinds of options, which are `null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VaryingValue<'a> {
    color_hex: Option<&'a str>,
    custom_swatch_value: Option<&'a str>,
    id: String,
    image_url: Option<String>,
    info_url: (),
    is_default: (),
    label: Option<&'a str>,
    price: (),
    price_type: (),
    qty: (),
    qty_mutability: (),
    sku: (),
    sort_order: i64,
}

/// The configurable products of a page.
#[derive(Debug)]
pub(super) struct Configurables {
    /// In the order of their positions.
    axes: PerProduct<Axis>,
    /// Their children, by link column.
    children: PerProduct<u64>,
    /// The children's values, by child and attribute, in the default scope: the exporter asks no other.
    values: Scoped<u64, (u64, u32)>,
    /// Whether the children are enabled.
    status: Scoped<bool>,
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
        let super_link = reader.table("catalog_product_super_link");
        let select = if link == LinkColumn::EntityId.name() {
            format!("SELECT l.parent_id, l.product_id FROM {super_link} l")
        } else {
            let (entity, is_current) = (reader.table("catalog_product_entity"), reader.is_current("e"));
            format!(
                "SELECT l.parent_id, e.{link} FROM {super_link} l JOIN {entity} e ON e.entity_id = l.product_id{is_current}"
            )
        };
        let rows: Vec<(u64, u64)> = reader.rows_about(&select, "l.parent_id", &parents, "").await?;
        let child_links: BTreeSet<u64> = rows.iter().map(|(_, child)| *child).collect();
        let children = batch.by_link(rows, |row| row);
        let (mut values, mut status) = (Vec::new(), Vec::new());
        if !child_links.is_empty() {
            let question = Question {
                columns: &format!("{link}, attribute_id, store_id, value"),
                table: &reader.table("catalog_product_entity_int"),
                links: &Keys::List(child_links.into_iter().collect()),
                and: &filter("attribute_id", attributes),
            };
            let status_attribute = reader.shop.status;
            // Every child has a few of them: the most rows of all options.
            let take = |(child, attribute, store, value): (u64, u32, u32, Option<i64>)| {
                if Some(attribute) == status_attribute {
                    status.push((child, store, value.is_some_and(|status| status != DISABLED)));
                }
                if let Some(option) = value.filter(|_| store == DEFAULT).and_then(|value| value.try_into().ok()) {
                    values.push(((child, attribute), DEFAULT, option));
                }
            };
            question.ask(reader, take).await?;
        }
        Ok(Some(Self { axes, children, values: Scoped::from_iter(values), status: Scoped::from_iter(status) }))
    }

    /// The attribute options that children have.
    pub(super) fn option_ids(&self) -> BTreeSet<u64> {
        self.values.all().copied().collect()
    }

    pub(super) fn options<'a>(&self, of: &MadeOf<'a>, index: usize, view: &View) -> Vec<Varying<'a>> {
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
        *self.status.own(child, view.store.id).unwrap_or(default)
    }

    /// `None` if the attribute is gone.
    fn option<'a>(&self, of: &MadeOf<'a>, axis: &Axis, children: &[u64], view: &View) -> Option<Varying<'a>> {
        let attribute: &SuperAttribute = of.shop.super_attributes.get(&axis.attribute)?;
        let label = of.shop.attribute_labels.own(axis.attribute.into(), view.store.id).and_then(Option::as_ref);
        let used: HashSet<u64> =
            children.iter().filter_map(|child| self.values.own((*child, axis.attribute), DEFAULT).copied()).collect();
        let values = values(of.labels, axis.attribute, used, view);
        Some(Varying {
            id: &attribute.code,
            label: label.or(attribute.frontend_label.as_ref()).map(String::as_str),
            sort_order: axis.position.unwrap_or_default(),
            swatch_type: attribute.additional_data.as_deref(),
            kind: TYPE,
            values: (!values.is_empty()).then_some(values),
        })
    }
}

/// The values of an option, in the order in which the attribute has them, then of their ids.
fn values<'a>(labels: &'a Labels, attribute: u32, used: HashSet<u64>, view: &View) -> Vec<VaryingValue<'a>> {
    let store = view.store.id;
    let options = used.into_iter().filter_map(|id| Some((id, labels.of_attribute(id, attribute)?)));
    let mut options: Vec<_> = options.collect();
    options.sort_by_key(|(id, option)| (option.sort_order, *id));
    let value = options.into_iter().map(|(id, option)| {
        let swatch = option.swatch(store);
        let of = |is_of: &dyn Fn(u32) -> bool| {
            swatch.filter(|swatch| is_of(swatch.kind)).map(|swatch| swatch.value.as_str())
        };
        VaryingValue {
            color_hex: of(&|kind| kind == COLOUR),
            custom_swatch_value: of(&|kind| !matches!(kind, TEXT | COLOUR | IMAGE)),
            id: uid(&[&TYPE, &attribute, &id]),
            image_url: of(&|kind| kind == IMAGE).map(|path| format!("{}attribute/swatch{path}", view.urls.media)),
            info_url: (),
            is_default: (),
            label: option.label(store),
            price: (),
            price_type: (),
            qty: (),
            qty_mutability: (),
            sku: (),
            sort_order: option.sort_order,
        }
    });
    value.collect()
}
