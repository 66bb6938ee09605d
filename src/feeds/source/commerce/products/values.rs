//! The attribute values of a page of products, in every store view (feed map §0).
//!
//! **Row presence decides**: a row of the store view wins over the default row, even if its value is NULL and whatever
//! the
//! attribute's scope is. That is one of the two answers that Adobe's exporter can give; its own depends on row order.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};
use std::ops::Range;

use super::super::eav::Backend;
use super::attributes::{AttributeEntry, Stored};
use super::base::Base;
use super::base_attribute::BaseAttribute;
use super::batch::{Batch, PerProduct};
use super::labels::Labels;
use super::reader::{Reader, filter};
use super::scoped::DEFAULT;
use super::shop::{AttributeKind, Shop};
use super::value_table::Question;
use crate::commerce::database::DatabaseError;

/// One row of a value table.
#[derive(Debug)]
struct ValueRow {
    /// The place of the attribute's role among the shop's.
    role: usize,
    store: u32,
    /// Where the value's text is; `None` = NULL.
    text: Option<Range<usize>>,
}

/// What is read so far.
struct Read<'a> {
    shop: &'a Shop,
    /// With the link column's value of the product.
    rows: Vec<(u64, ValueRow)>,
    texts: String,
}

impl Read<'_> {
    /// Takes a row: the product, the attribute, the store and the value.
    fn take(&mut self, (link, attribute, store, value): (u64, u32, u32, Option<impl Display>)) {
        let Some(role) = self.shop.role_of(attribute) else { return };
        let begin = self.texts.len();
        let text = value.map(|value| {
            // A text takes whatever is written.
            let _ = write!(self.texts, "{value}");
            begin..self.texts.len()
        });
        self.rows.push((link, ValueRow { role, store, text }));
    }
}

/// The attribute values of a page of products.
#[derive(Debug)]
pub(super) struct Values {
    /// In the order of attribute ids, then of stores.
    rows: PerProduct<ValueRow>,
    /// The texts of all values, one after the other: a portion has tens of thousands.
    texts: String,
}

impl Values {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Self, DatabaseError> {
        let mut read = Read { shop: reader.shop, rows: Vec::new(), texts: String::new() };
        for (backend, attributes) in &reader.shop.attributes_by_table {
            let Some(suffix) = backend.suffix() else { continue };
            // Dates alone are no text in the answer.
            let value = if *backend == Backend::Datetime { "CAST(value AS CHAR)" } else { "value" };
            let question = Question {
                columns: &format!("{}, attribute_id, store_id, {value}", reader.link()),
                table: &reader.table(&format!("catalog_product_entity_{suffix}")),
                links: batch.links(),
                and: &filter("attribute_id", attributes),
            };
            if *backend == Backend::Int {
                let take = |row: (u64, u32, u32, Option<i64>)| read.take(row);
                question.ask(reader, take).await?;
            } else {
                let take = |row: (u64, u32, u32, Option<String>)| read.take(row);
                question.ask(reader, take).await?;
            }
        }
        let Read { rows, texts, .. } = read;
        let mut rows = batch.by_link(rows, |row| row);
        rows.sort_by_key(|row| (row.role, row.store));
        Ok(Self { rows, texts })
    }

    /// The base attributes of a product in a store view, and its `attributes`, in the order of attribute ids.
    pub(super) fn of_view<'a>(
        &'a self,
        shop: &'a Shop,
        labels: &'a Labels,
        index: usize,
        store: u32,
    ) -> (Base<'a>, Vec<AttributeEntry<'a>>) {
        let mut base = Base::default();
        let mut listed = Vec::new();
        for rows in self.rows.of(index).chunk_by(|a, b| a.role == b.role) {
            let own = rows.iter().find(|row| row.store == store);
            let Some(row) = own.or_else(|| rows.first().filter(|row| row.store == DEFAULT)) else { continue };
            let role = &shop.roles[row.role];
            let value = self.text(row);
            if let Some(attribute) = role.base {
                base.set(attribute, value);
            }
            if let Some(attribute) = &role.listed {
                listed.push(AttributeEntry::Stored(Stored::new(attribute, role.attribute, value, labels, store)));
            }
        }
        (base, listed)
    }

    /// One base attribute of a product in a store view.
    pub(super) fn base_text(&self, shop: &Shop, index: usize, store: u32, attribute: BaseAttribute) -> Option<&str> {
        let role = shop.roles.iter().position(|role| role.base == Some(attribute))?;
        let of = |scope| self.rows.of(index).iter().find(|row| (row.role, row.store) == (role, scope));
        self.text(of(store).or_else(|| of(DEFAULT))?)
    }

    /// Whether a bundle's price is its own: its `price_type` is 1, in whichever row.
    pub(super) fn has_fixed_price(&self, shop: &Shop, index: usize) -> bool {
        let Some(price_type) = shop.price_type.and_then(|attribute| shop.role_of(attribute)) else { return false };
        self.rows.of(index).iter().any(|row| row.role == price_type && self.text(row) == Some("1"))
    }

    /// A value; `None` if it is NULL.
    fn text(&self, row: &ValueRow) -> Option<&str> {
        self.texts.get(row.text.clone()?)
    }

    /// Every option that a value of this page stands for.
    pub(super) fn option_ids(&self, shop: &Shop) -> BTreeSet<u64> {
        let is_option = |row: &&ValueRow| {
            let listed = shop.roles[row.role].listed.as_ref();
            listed.is_some_and(|listed| listed.kind == AttributeKind::Options)
        };
        let texts = self.rows.all().filter(is_option).filter_map(|row| self.text(row));
        texts.flat_map(|text| text.split(',')).filter_map(|id| id.parse().ok()).collect()
    }
}
