//! The categories in which a store view shows a product: `categoryData` and `categories`.

use serde::Serialize;

use super::batch::{Batch, PerProduct};
use super::list_or_null;
use super::reader::Reader;
use super::shop::Shop;
use super::view::View;
use crate::commerce::database::{Database, DatabaseError};
use crate::feeds::content::Content;

/// A product in a category, in a store view.
#[derive(Debug)]
struct CategoryEntry {
    store: u32,
    category: u64,
    position: Option<i64>,
}

/// An entry of `categoryData`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CategoryData<'a> {
    category_id: String,
    category_path: &'a str,
    product_position: Option<i64>,
}

/// The index of a store view.
fn index_table(store: u32) -> String {
    format!("catalog_category_product_index_store{store}")
}

/// The first of the indexes that are not there although their store views sell something.
pub(in super::super) async fn missing_index(database: &Database) -> Result<Option<String>, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let sql = format!(
        "SELECT s.store_id FROM {} s WHERE s.store_id <> 0 \
         AND EXISTS (SELECT 1 FROM {} w WHERE w.website_id = s.website_id) ORDER BY s.store_id",
        database.table("store"),
        database.table("catalog_product_website"),
    );
    let stores: Vec<u32> = snapshot.rows(&sql).await?;
    snapshot.end().await;
    Ok(stores.into_iter().map(index_table).find(|table| !database.has(table)))
}

/// The categories of a page of products, in the order of category ids.
#[derive(Debug)]
pub(super) struct Categories {
    entries: PerProduct<CategoryEntry>,
}

impl Categories {
    /// One query over the index tables of all store views. `None` if there are none.
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let stores = reader.shop.views.iter().map(|view| view.store.id);
        let tables = stores.map(|store| (store, index_table(store)));
        let selects: Vec<String> = tables
            .filter(|(_, table)| reader.has_all(&[table]))
            .map(|(store, table)| {
                let table = reader.table(&table);
                let is_of_page = batch.has_id("product_id");
                format!("SELECT product_id, {store}, category_id, position FROM {table} WHERE {is_of_page}")
            })
            .collect();
        if selects.is_empty() {
            return Ok(None);
        }
        let rows: Vec<(u64, u32, u64, Option<i64>)> = reader.rows(&selects.join(" UNION ALL ")).await?;
        let mut entries =
            batch.by_id(rows, |(id, store, category, position)| (id, CategoryEntry { store, category, position }));
        entries.sort_by_key(|entry| entry.category);
        Ok(Some(Self { entries }))
    }

    pub(super) fn put(&self, fields: &mut Content, shop: &Shop, index: usize, view: &View) {
        let mut data = Vec::new();
        let mut paths = Vec::new();
        for entry in self.entries.of(index).iter().filter(|entry| entry.store == view.store.id) {
            let Some(path) = shop.category_path(entry.category, view) else { continue };
            data.push(CategoryData {
                category_id: entry.category.to_string(),
                category_path: path,
                product_position: entry.position,
            });
            paths.push(path);
        }
        fields.put("categoryData", list_or_null(&data));
        if !paths.is_empty() {
            fields.put("categories", &paths);
        }
    }
}
