//! Whether a product is in stock where it is sold: `inStock` and `lowStock`.

use std::collections::BTreeSet;

use super::batch::{Batch, PerProduct};
use super::reader::Reader;
use super::view::{StockOf, View};
use crate::commerce::database::DatabaseError;
use crate::feeds::content::Content;

/// A product in a stock.
#[derive(Debug)]
struct Level {
    stock: StockOf,
    is_salable: bool,
    /// NULL compares as 0, as in the exporter.
    quantity: Option<f64>,
}

/// The stock of a page of products.
#[derive(Debug)]
pub(super) struct Stocks {
    levels: PerProduct<Level>,
}

impl Stocks {
    /// One query for each stock of a website in which a product of the page is sold. `None` if no stock is kept at all.
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        if !reader.has_all(&["cataloginventory_stock_status"]) {
            return Ok(None);
        }
        let is_sold_here = |view: &&View| batch.is_sold_in(view.store.website_id);
        let stocks: BTreeSet<StockOf> = reader.shop.views.iter().filter(is_sold_here).map(|view| view.stock).collect();
        let mut levels = Vec::new();
        for stock in stocks {
            let sql = match stock {
                // A product has one row; where older versions left rows of other websites, that of all websites counts.
                StockOf::Default => format!(
                    "SELECT product_id, stock_status, qty FROM {} WHERE {} \
                     ORDER BY product_id, website_id, stock_id",
                    reader.table("cataloginventory_stock_status"),
                    batch.has_id("product_id")
                ),
                StockOf::Own(id) => format!(
                    "SELECT e.entity_id, i.is_salable, i.quantity FROM {entity} e JOIN {stock} i ON i.sku = e.sku \
                     WHERE {is_of_page}{is_current}",
                    entity = reader.table("catalog_product_entity"),
                    stock = reader.table(&format!("inventory_stock_{id}")),
                    is_of_page = batch.has_id("e.entity_id"),
                    is_current = reader.is_current("e"),
                ),
                StockOf::Nowhere => continue,
            };
            let rows: Vec<(u64, Option<i64>, Option<f64>)> = reader.rows(&sql).await?;
            levels.extend(rows.into_iter().map(|(id, salable, quantity)| {
                (id, Level { stock, is_salable: salable.is_some_and(|salable| salable != 0), quantity })
            }));
        }
        Ok(Some(Self { levels: batch.by_id(levels, |row| row) }))
    }

    /// Puts both fields, and says whether the product is in stock.
    pub(super) fn put(&self, fields: &mut Content, index: usize, view: &View) -> bool {
        let level = self.levels.of(index).iter().find(|level| level.stock == view.stock);
        let is_in_stock = level.is_some_and(|level| level.is_salable);
        let quantity = level.and_then(|level| level.quantity).unwrap_or_default();
        fields.put("inStock", is_in_stock);
        fields.put("lowStock", quantity < view.low_stock);
        is_in_stock
    }
}
