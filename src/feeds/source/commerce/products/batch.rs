//! The products of a page: their own rows and their websites.

use std::collections::HashMap;

use super::super::super::super::item::Fields;
use super::put;
use super::reader::Reader;
use super::shop::View;
use crate::commerce::database::{DatabaseError, in_list};

/// `type_id` of a bundle, and what the feed calls one whose price is its own rather than that of its parts.
const BUNDLE: &str = "bundle";
const FIXED_BUNDLE: &str = "bundle_fixed";
/// What a server without strict mode keeps where it was given no date.
const NO_DATE: &str = "0000-00-00 00:00:00";

/// A product's own row, in its current version.
#[derive(Debug)]
pub(super) struct Product {
    pub id: u64,
    /// Absent only in schemas that are older than any supported one; such an item is reported, never sent.
    pub sku: Option<String>,
    /// `type_id` as stored.
    pub type_id: String,
    created_at: String,
    updated_at: String,
    /// Ids of the websites that it is assigned to.
    pub websites: Vec<u32>,
}

impl Product {
    pub(super) fn is_bundle(&self) -> bool {
        self.type_id == BUNDLE
    }

    /// The fields of the product's own row, and the scope.
    pub(super) fn put(&self, fields: &mut Fields, view: &View) {
        put(fields, "sku", self.sku.clone());
        put(fields, "productId", self.id);
        put(fields, "createdAt", date(&self.created_at, view));
        put(fields, "updatedAt", date(&self.updated_at, view));
        view.store.put_codes(fields);
    }
}

/// What the feed calls a product type.
pub(super) fn type_name(type_id: &str, is_fixed_price: bool) -> &str {
    if is_fixed_price && type_id == BUNDLE { FIXED_BUNDLE } else { type_id }
}

/// Dates stay as they are stored, in UTC; one that was never set becomes now, in the store view's time zone, as Adobe's
/// exporter has it.
fn date(stored: &str, view: &View) -> String {
    if stored == NO_DATE { view.local_now() } else { stored.to_owned() }
}

/// The products of a page.
#[derive(Debug)]
pub(super) struct Batch {
    /// In the order of their ids.
    pub products: Vec<Product>,
    by_id: HashMap<u64, usize>,
    by_link: HashMap<u64, usize>,
    /// Their ids, for an `IN` list.
    pub ids: String,
    /// Their link column's values, for an `IN` list.
    pub links: String,
}

impl Batch {
    pub(super) async fn load(reader: &mut Reader<'_>, ids: &[u64]) -> Result<Self, DatabaseError> {
        let sql = format!(
            "SELECT e.entity_id, e.{link}, e.sku, e.type_id, CAST(e.created_at AS CHAR), CAST(e.updated_at AS CHAR) \
             FROM {entity} e WHERE e.entity_id IN ({ids}){is_current} ORDER BY e.entity_id",
            link = reader.link(),
            entity = reader.table("catalog_product_entity"),
            ids = in_list(ids),
            is_current = reader.is_current("e"),
        );
        let rows: Vec<(u64, u64, Option<String>, String, String, String)> = reader.rows(&sql).await?;
        let mut products = Vec::with_capacity(rows.len());
        let mut by_id = HashMap::with_capacity(rows.len());
        let mut by_link = HashMap::with_capacity(rows.len());
        let ids = in_list(rows.iter().map(|row| row.0));
        let links = in_list(rows.iter().map(|row| row.1));
        for (id, link, sku, type_id, created_at, updated_at) in rows {
            by_id.insert(id, products.len());
            by_link.insert(link, products.len());
            products.push(Product { id, sku, type_id, created_at, updated_at, websites: Vec::new() });
        }
        let mut batch = Self { products, by_id, by_link, ids, links };
        batch.load_websites(reader).await?;
        Ok(batch)
    }

    async fn load_websites(&mut self, reader: &mut Reader<'_>) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT product_id, website_id FROM {} WHERE product_id IN ({})",
            reader.table("catalog_product_website"),
            self.ids
        );
        for (id, website) in reader.rows::<(u64, u32)>(&sql).await? {
            if let Some(index) = self.by_id.get(&id) {
                self.products[*index].websites.push(website);
            }
        }
        Ok(())
    }

    /// The link column's values of the products of one type.
    pub(super) fn links_of_type(&self, type_id: &str) -> impl Iterator<Item = u64> {
        let is_of_type = move |index: &usize| self.products[*index].type_id == type_id;
        self.by_link.iter().filter(move |(_, index)| is_of_type(index)).map(|(link, _)| *link)
    }

    /// Rows that begin with a product's entity id, by product.
    pub(super) fn by_id<R, T>(&self, rows: Vec<R>, split: impl Fn(R) -> (u64, T)) -> PerProduct<T> {
        self.group(&self.by_id, rows, split)
    }

    /// Rows that begin with a product's link column, by product.
    pub(super) fn by_link<R, T>(&self, rows: Vec<R>, split: impl Fn(R) -> (u64, T)) -> PerProduct<T> {
        self.group(&self.by_link, rows, split)
    }

    fn group<R, T>(&self, keys: &HashMap<u64, usize>, rows: Vec<R>, split: impl Fn(R) -> (u64, T)) -> PerProduct<T> {
        let mut lists: Vec<Vec<T>> = std::iter::repeat_with(Vec::new).take(self.products.len()).collect();
        for row in rows {
            let (key, value) = split(row);
            if let Some(index) = keys.get(&key) {
                lists[*index].push(value);
            }
        }
        PerProduct { lists }
    }
}

/// Rows by the product's place in its [`Batch`].
#[derive(Debug)]
pub(super) struct PerProduct<T> {
    lists: Vec<Vec<T>>,
}

impl<T> Default for PerProduct<T> {
    fn default() -> Self {
        Self { lists: Vec::new() }
    }
}

impl<T> PerProduct<T> {
    /// The rows of one product.
    pub(super) fn of(&self, index: usize) -> &[T] {
        self.lists.get(index).map_or(&[], Vec::as_slice)
    }

    /// All rows.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.lists.iter().flatten()
    }

    /// Puts every product's rows in an order.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        for list in &mut self.lists {
            list.sort_by_key(&key);
        }
    }
}
