//! The products of a page: their own rows and their websites.

use std::collections::BTreeSet;

use super::super::keys::Keys;
use super::reader::Reader;
use super::shop::Shop;
use super::view::View;
use crate::commerce::database::{DatabaseError, LinkColumn};
use crate::feeds::content::Content;

/// `type_id` of a bundle, and what the feed calls one whose price is its own rather than that of its parts.
pub(super) const BUNDLE: &str = "bundle";
/// `type_id` of a downloadable product.
pub(super) const DOWNLOADABLE: &str = "downloadable";
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

    pub(super) fn is_downloadable(&self) -> bool {
        self.type_id == DOWNLOADABLE
    }

    /// The fields of the product's own row, and the scope.
    pub(super) fn put(&self, fields: &mut Content, view: &View) {
        fields.put("sku", &self.sku);
        fields.put("productId", self.id);
        // Adobe's exporter sends the moment instead, and the product again with each sync.
        for (name, date) in [("createdAt", &self.created_at), ("updatedAt", &self.updated_at)] {
            if date != NO_DATE {
                fields.put(name, date);
            }
        }
        fields.extend(&view.codes);
    }
}

/// What the feed calls a product type.
pub(super) fn type_name(type_id: &str, is_fixed_price: bool) -> &str {
    if is_fixed_price && type_id == BUNDLE { FIXED_BUNDLE } else { type_id }
}

/// The products of a page.
#[derive(Debug)]
pub(super) struct Batch {
    /// In the order of their ids.
    pub products: Vec<Product>,
    by_id: Places,
    by_link: Places,
    ids: Keys,
    links: Keys,
}

impl Batch {
    pub(super) async fn load(reader: &mut Reader<'_>, ids: &Keys) -> Result<Self, DatabaseError> {
        let link = reader.link();
        let sql = format!(
            "SELECT e.entity_id, e.{link}, e.sku, e.type_id, CAST(e.created_at AS CHAR), CAST(e.updated_at AS CHAR) \
             FROM {entity} e WHERE {is_of_page}{is_current} ORDER BY e.entity_id",
            entity = reader.table("catalog_product_entity"),
            is_of_page = ids.filter("e.entity_id"),
            is_current = reader.is_current("e"),
        );
        let rows: Vec<(u64, u64, Option<String>, String, String, String)> = reader.rows(&sql).await?;
        let by_id = Places::of(rows.iter().map(|row| row.0));
        let by_link = Places::of(rows.iter().map(|row| row.1));
        // Versions of other products are between those of a page.
        let links = if link == LinkColumn::EntityId.name() { ids.clone() } else { Keys::List(by_link.keys()) };
        let product = |(id, _, sku, type_id, created_at, updated_at)| Product {
            id,
            sku,
            type_id,
            created_at,
            updated_at,
            websites: Vec::new(),
        };
        let products = rows.into_iter().map(product).collect();
        let mut batch = Self { products, by_id, by_link, ids: ids.clone(), links };
        batch.load_websites(reader).await?;
        Ok(batch)
    }

    async fn load_websites(&mut self, reader: &mut Reader<'_>) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT product_id, website_id FROM {} WHERE {}",
            reader.table("catalog_product_website"),
            self.has_id("product_id")
        );
        for (id, website) in reader.rows::<(u64, u32)>(&sql).await? {
            if let Some(index) = self.by_id.get(id) {
                self.products[index].websites.push(website);
            }
        }
        Ok(())
    }

    /// Whether any product of the page is assigned to this website.
    pub(super) fn is_sold_in(&self, website: u32) -> bool {
        self.products.iter().any(|product| product.websites.contains(&website))
    }

    /// That a column is the id of a product of this page: SQL.
    pub(super) fn has_id(&self, column: &str) -> String {
        self.ids.filter(column)
    }

    /// The link column's values of the products.
    pub(super) fn links(&self) -> &Keys {
        &self.links
    }

    /// That a column is the link column's value of a product of this page: SQL.
    pub(super) fn has_link(&self, column: &str) -> String {
        self.links.filter(column)
    }

    /// The link column's values of the products of one type.
    pub(super) fn links_of_type(&self, type_id: &str) -> BTreeSet<u64> {
        let is_of_type = |(_, index): &&(u64, usize)| self.products[*index].type_id == type_id;
        self.by_link.places.iter().filter(is_of_type).map(|(link, _)| *link).collect()
    }

    /// Rows that begin with a product's entity id, by product.
    pub(super) fn by_id<R, T>(&self, rows: Vec<R>, split: impl Fn(R) -> (u64, T)) -> PerProduct<T> {
        self.group(&self.by_id, rows, split)
    }

    /// Rows that begin with a product's link column, by product.
    pub(super) fn by_link<R, T>(&self, rows: Vec<R>, split: impl Fn(R) -> (u64, T)) -> PerProduct<T> {
        self.group(&self.by_link, rows, split)
    }

    fn group<R, T>(&self, places: &Places, rows: Vec<R>, split: impl Fn(R) -> (u64, T)) -> PerProduct<T> {
        let mut found = Vec::with_capacity(rows.len());
        // Rows of one product mostly come together.
        let mut last = None;
        for row in rows {
            let (key, value) = split(row);
            let index = match last {
                Some((of, index)) if of == key => index,
                _ => places.get(key),
            };
            last = Some((key, index));
            if let Some(index) = index {
                found.push((index, value));
            }
        }
        // Stable: the rows of a product stay in the order in which they came.
        found.sort_by_key(|(index, _)| *index);
        let mut ends = vec![0; self.products.len()];
        for (index, _) in &found {
            ends[*index] += 1;
        }
        let mut end = 0;
        for count in &mut ends {
            end += *count;
            *count = end;
        }
        PerProduct { rows: found.into_iter().map(|(_, value)| value).collect(), ends }
    }
}

/// The products' places in their [`Batch`], by a key of theirs.
#[derive(Debug)]
struct Places {
    /// In the order of the keys.
    places: Vec<(u64, usize)>,
}

impl Places {
    fn of(keys: impl Iterator<Item = u64>) -> Self {
        let mut places: Vec<(u64, usize)> = keys.enumerate().map(|(index, key)| (key, index)).collect();
        places.sort_unstable();
        Self { places }
    }

    fn get(&self, key: u64) -> Option<usize> {
        let place = self.places.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(self.places[place].1)
    }

    fn keys(&self) -> Vec<u64> {
        self.places.iter().map(|(key, _)| *key).collect()
    }
}

/// Rows by the product's place in its [`Batch`].
#[derive(Debug)]
pub(super) struct PerProduct<T> {
    /// Those of the first product, then those of the second, and so on.
    rows: Vec<T>,
    /// Where each product's rows end.
    ends: Vec<usize>,
}

impl<T> PerProduct<T> {
    /// The rows of one product.
    pub(super) fn of(&self, index: usize) -> &[T] {
        self.rows.get(self.range(index)).unwrap_or_default()
    }

    /// All rows.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.rows.iter()
    }

    /// Puts every product's rows in an order.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        for index in 0..self.ends.len() {
            let range = self.range(index);
            self.rows[range].sort_by_key(&key);
        }
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        let begin = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        begin..self.ends.get(index).copied().unwrap_or(begin)
    }
}

impl Shop {
    /// The last of the store views in which a product is sold.
    pub(super) fn last_view(&self, product: &Product) -> Option<&View> {
        self.views.iter().rev().find(|view| product.websites.contains(&view.store.website_id))
    }
}
