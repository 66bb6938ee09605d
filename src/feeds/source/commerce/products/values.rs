//! The attribute values of a page of products, in every store view (feed map §0).
//!
//! **Row presence decides**: a row of the store view wins over the default row, even if its value is NULL and whatever
//! the
//! attribute's scope is. That is one of the two answers that Adobe's exporter can give; its own depends on row order.

use std::collections::BTreeSet;

use serde_json::Value;

use super::attributes;
use super::base::Base;
use super::batch::{Batch, PerProduct};
use super::labels::Labels;
use super::reader::{DEFAULT, Reader, filter};
use super::shop::{Kind, Shop};
use crate::commerce::database::DatabaseError;

/// The value tables, by what they store.
const BACKENDS: [&str; 5] = ["int", "decimal", "varchar", "text", "datetime"];

/// One row of a value table.
#[derive(Debug)]
struct Row {
    attribute: u32,
    store: u32,
    value: Option<String>,
}

/// The attribute values of a page of products.
#[derive(Debug)]
pub(super) struct Values {
    /// By attribute, then by store.
    rows: PerProduct<Row>,
}

impl Values {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Self, DatabaseError> {
        let wanted = reader.shop.roles.keys().chain(reader.shop.price_type.iter()).collect::<BTreeSet<_>>();
        let attributes = filter("attribute_id", wanted);
        let mut rows = Vec::new();
        for backend in BACKENDS {
            let sql = format!(
                "SELECT {link}, attribute_id, store_id, CAST(value AS CHAR) FROM {table} \
                 WHERE {link} IN ({links}) AND {attributes}",
                link = reader.link(),
                table = reader.table(&format!("catalog_product_entity_{backend}")),
                links = batch.links,
            );
            rows.extend(reader.rows::<(u64, u32, u32, Option<String>)>(&sql).await?);
        }
        let mut rows = batch.by_link(rows, |(link, attribute, store, value)| (link, Row { attribute, store, value }));
        rows.sort_by_key(|row| (row.attribute, row.store));
        Ok(Self { rows })
    }

    /// The base attributes of a product in a store view, and its `attributes`, in the order of attribute ids.
    pub(super) fn of_view<'a>(
        &'a self,
        shop: &Shop,
        labels: &Labels,
        index: usize,
        store: u32,
    ) -> (Base<'a>, Vec<Value>) {
        let mut base = Base::default();
        let mut listed = Vec::new();
        for rows in self.rows.of(index).chunk_by(|a, b| a.attribute == b.attribute) {
            let own = rows.iter().find(|row| row.store == store);
            let Some(row) = own.or_else(|| rows.first().filter(|row| row.store == DEFAULT)) else { continue };
            let Some(role) = shop.roles.get(&row.attribute) else { continue };
            let value = row.value.as_deref();
            if let Some(attribute) = role.base {
                base.set(attribute, value);
            }
            if let Some(attribute) = &role.listed {
                listed.push(attributes::entry(attribute, row.attribute, value, labels, store));
            }
        }
        (base, listed)
    }

    /// Whether a bundle's price is its own: its `price_type` is 1, in whichever row.
    pub(super) fn has_fixed_price(&self, shop: &Shop, index: usize) -> bool {
        let rows = self.rows.of(index).iter();
        rows.filter(|row| Some(row.attribute) == shop.price_type).any(|row| row.value.as_deref() == Some("1"))
    }

    /// Every option that a value of this page stands for.
    pub(super) fn option_ids(&self, shop: &Shop) -> BTreeSet<u64> {
        let is_option = |row: &&Row| {
            let listed = shop.roles.get(&row.attribute).and_then(|role| role.listed.as_ref());
            listed.is_some_and(|listed| listed.kind == Kind::Options)
        };
        let texts = self.rows.all().filter(is_option).filter_map(|row| row.value.as_deref());
        texts.flat_map(|text| text.split(',')).filter_map(|id| id.parse().ok()).collect()
    }
}
