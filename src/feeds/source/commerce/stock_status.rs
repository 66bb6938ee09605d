//! `inventoryStockStatus`: one item for each product and stock that keeps it (feed map §7).
//!
//! The default stock has no index table of its own: Commerce shows it as the view `inventory_stock_1`, and a product is in it
//! only with a row of the source `default`. Every other stock has a table that its indexer fills.
//!
//! It must never know which stock a website sells from: that is the service's business.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::super::{Broken, Collected};
use super::context::Context;
use super::eav::Entity;
use super::effective::Settings;
use super::setting::ShopSetting;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::feeds::content::Fields;
use crate::untrusted::SafeText;

/// The stock that is a view over the older stock tables.
const DEFAULT_STOCK: u64 = 1;
/// The only source of the default stock.
const DEFAULT_SOURCE: &str = "default";
/// What was ordered and not yet taken from a source; a shop may have no such table.
const RESERVATIONS: &str = "inventory_reservation";

/// What does not change from page to page.
#[derive(Debug)]
pub(super) struct Stock {
    /// The stocks that can be read, in order.
    ids: Vec<u64>,
    rules: Rules,
}

impl Stock {
    /// Reads it once per feed, and warns of each stock that nobody has indexed.
    async fn load(snapshot: &mut Snapshot, context: &Context) -> Result<Self, DatabaseError> {
        let sql = format!("SELECT stock_id FROM {} ORDER BY stock_id", context.table("inventory_stock"));
        let mut ids: Vec<u64> = snapshot.rows(&sql).await?;
        ids.retain(|id| {
            let index = index_of(*id);
            let is_there = context.has_table(&index);
            if !is_there {
                tracing::warn!(stock = id, "the stock has no table {index}: run Commerce's inventory indexer");
            }
            is_there
        });
        Ok(Self { ids, rules: Rules::of(&context.settings) })
    }
}

/// The table or view with what a stock holds.
fn index_of(stock: u64) -> String {
    format!("inventory_stock_{stock}")
}

/// What the shop configured for products that do not say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rules {
    manages_stock: bool,
    allows_backorders: bool,
}

impl Rules {
    fn of(settings: &Settings) -> Self {
        Self {
            manages_stock: settings.is_on_everywhere(ShopSetting::ManageStock),
            allows_backorders: settings.is_on_everywhere(ShopSetting::Backorders),
        }
    }

    /// Whether a product never runs out: its stock is not managed, or it may be ordered back without a limit.
    ///
    /// Odd, and the exporter's: a product that is managed by its own word does not hear of configured backorders, and its own
    /// backorders count only beside a minimum of its own.
    fn never_runs_out(self, own: OwnRules) -> bool {
        let by_stock = match own.manages_stock {
            Some(manages_stock) => !manages_stock,
            None => !self.manages_stock || self.allows_backorders,
        };
        by_stock || (own.allows_backorders == Some(true) && own.minimum == Some(0.0))
    }
}

/// What a product says itself, from `cataloginventory_stock_item`; `None` where it leaves it to the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OwnRules {
    manages_stock: Option<bool>,
    allows_backorders: Option<bool>,
    /// The quantity at which it is out of stock.
    minimum: Option<f64>,
}

/// A product in a stock.
struct Level {
    product: u64,
    stock: u64,
    /// As inventory spells it, which may differ from the product's in case.
    sku: String,
    quantity: f64,
    is_salable: bool,
    own: OwnRules,
}

/// The same in the query's order, without the stock.
type LevelRow = (u64, String, f64, bool, Option<bool>, Option<bool>, Option<f64>);

/// Items of these products, by product and stock.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let stock = context.once.get_or_try_init(|| Stock::load(&mut *snapshot, context)).await?;
    let products = products(snapshot, context, ids).await?;
    let mut levels = Vec::new();
    for id in &stock.ids {
        levels.extend(read_levels(snapshot, context, *id, ids).await?);
    }
    // The sort is stable, and the stocks were read in order.
    levels.sort_by_key(|level| level.product);
    let reserved = reserved(snapshot, context, ids).await?;
    let (named, unnamed): (Vec<_>, Vec<_>) = products.into_iter().partition(|(_, sku)| !sku.trim().is_empty());
    let mut collected: Vec<Collected> = unnamed.into_iter().map(|(id, _)| without_sku(id)).collect();
    let named: HashSet<u64> = named.into_iter().map(|(id, _)| id).collect();
    for level in levels.iter().filter(|level| named.contains(&level.product)) {
        let reserved = reserved.get(&(level.product, level.stock)).copied().unwrap_or_default();
        collected.push(item(level, reserved, stock.rules));
    }
    Ok(collected)
}

fn item(level: &Level, reserved: f64, rules: Rules) -> Collected {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("stockId", json!(level.stock.to_string()));
    put("sku", json!(level.sku));
    put("productId", json!(level.product));
    put("qty", json!(level.quantity));
    put("qtyForSale", json!(in_ten_thousandths(level.quantity + reserved)));
    put("isSalable", json!(level.is_salable));
    put("infiniteStock", json!(rules.never_runs_out(level.own)));
    Collected::Item { source_id: Some(level.product), content: fields.into() }
}

/// Quantities have four digits after the point; a sum of two floating-point numbers may have more, and would look changed.
fn in_ten_thousandths(quantity: f64) -> f64 {
    (quantity * 10_000.0).round() / 10_000.0
}

fn without_sku(product: u64) -> Collected {
    Collected::Broken(Broken {
        source_id: Some(product),
        place: SafeText::new(&format!("product {product}")),
        reason: SafeText::new("it has no SKU, which stock is stored by; set one in the Admin, or delete it"),
        known: None,
    })
}

/// The products with their SKUs, by id.
async fn products(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<(u64, String)>, DatabaseError> {
    let sql = format!(
        "SELECT e.entity_id, COALESCE(e.sku, '') FROM {} e WHERE e.entity_id IN ({}){} ORDER BY e.entity_id",
        context.table(Entity::Product.table()),
        in_list(ids),
        context.is_current(Entity::Product, "e"),
    );
    snapshot.rows(&sql).await
}

/// What a stock holds of these products: one row each.
async fn read_levels(
    snapshot: &mut Snapshot,
    context: &Context,
    stock: u64,
    ids: &[u64],
) -> Result<Vec<Level>, DatabaseError> {
    let index = index_of(stock);
    let ids = in_list(ids);
    let (joins, order) = if stock == DEFAULT_STOCK {
        // Said twice of the ids: the view is computed as a whole unless it is asked for which products are asked for. It has a row
        // of each website that older versions left, of which the first, that of all websites, counts; and of each staged version.
        let joins = format!(
            "JOIN {view} i ON i.product_id = e.entity_id AND i.sku = e.sku AND i.product_id IN ({ids}) \
             JOIN {item} s ON s.product_id = e.entity_id \
             JOIN {source} o ON o.sku = e.sku AND o.source_code = '{DEFAULT_SOURCE}'",
            view = context.table(&index),
            item = context.table("cataloginventory_stock_item"),
            source = context.table("inventory_source_item"),
        );
        (joins, "i.website_id, s.item_id")
    } else {
        let joins = format!(
            "JOIN {index} i ON i.sku = e.sku LEFT JOIN {item} s ON s.product_id = e.entity_id",
            index = context.table(&index),
            item = context.table("cataloginventory_stock_item"),
        );
        (joins, "s.item_id")
    };
    let sql = format!(
        "SELECT e.entity_id, i.sku, COALESCE(i.quantity, 0), COALESCE(i.is_salable, 0) <> 0, \
         IF(s.use_config_manage_stock = 0, s.manage_stock <> 0, NULL), \
         IF(s.use_config_backorders = 0, s.backorders <> 0, NULL), IF(s.use_config_min_qty = 0, s.min_qty, NULL) \
         FROM {entity} e {joins} WHERE e.entity_id IN ({ids}){is_current} ORDER BY e.entity_id, {order}",
        entity = context.table(Entity::Product.table()),
        is_current = context.is_current(Entity::Product, "e"),
    );
    let mut rows: Vec<LevelRow> = snapshot.rows(&sql).await.map_err(|error| unreadable(&index, error))?;
    rows.dedup_by_key(|row| row.0);
    Ok(rows.into_iter().map(|row| level(stock, row)).collect())
}

fn level(stock: u64, row: LevelRow) -> Level {
    let (product, sku, quantity, is_salable, manages_stock, allows_backorders, minimum) = row;
    let own = OwnRules { manages_stock, allows_backorders, minimum };
    Level { product, stock, sku, quantity, is_salable, own }
}

/// A stock that cannot be read ends the feed, and with it the search for deletions: its items are not gone. Above all a view
/// that came with a dump from another server, where its definer lived, is of no use here.
fn unreadable(index: &str, error: DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::Query { reason } => DatabaseError::Query {
            reason: SafeText::new(&format!(
                "{index} cannot be read: {reason}; if it is a view, recreate it with an existing definer"
            )),
        },
        other => other,
    }
}

/// What is reserved of these products, by product and stock: a negative number.
async fn reserved(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<HashMap<(u64, u64), f64>, DatabaseError> {
    if !context.has_table(RESERVATIONS) {
        return Ok(HashMap::new());
    }
    // By way of the stocks, because the index of reservations begins with them.
    let sql = format!(
        "SELECT e.entity_id, k.stock_id, SUM(r.quantity) FROM {entity} e JOIN {stock} k \
         JOIN {reservation} r ON r.stock_id = k.stock_id AND r.sku = e.sku \
         WHERE e.entity_id IN ({ids}){is_current} GROUP BY e.entity_id, k.stock_id",
        entity = context.table(Entity::Product.table()),
        stock = context.table("inventory_stock"),
        reservation = context.table(RESERVATIONS),
        ids = in_list(ids),
        is_current = context.is_current(Entity::Product, "e"),
    );
    let rows: Vec<(u64, u64, f64)> = snapshot.rows(&sql).await?;
    Ok(rows.into_iter().map(|(product, stock, quantity)| ((product, stock), quantity)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A product that leaves everything to the configuration.
    const CONFIGURED: OwnRules = OwnRules { manages_stock: None, allows_backorders: None, minimum: None };
    const MANAGED: Rules = Rules { manages_stock: true, allows_backorders: false };

    #[test]
    fn the_configuration_decides_where_a_product_leaves_it_to() {
        assert!(!MANAGED.never_runs_out(CONFIGURED));
        assert!(Rules { manages_stock: false, ..MANAGED }.never_runs_out(CONFIGURED));
        assert!(Rules { allows_backorders: true, ..MANAGED }.never_runs_out(CONFIGURED));
    }

    #[test]
    fn a_product_that_is_not_managed_never_runs_out() {
        assert!(MANAGED.never_runs_out(OwnRules { manages_stock: Some(false), ..CONFIGURED }));
        let managed = OwnRules { manages_stock: Some(true), ..CONFIGURED };
        assert!(!MANAGED.never_runs_out(managed));
        assert!(!Rules { allows_backorders: true, ..MANAGED }.never_runs_out(managed));
        assert!(!Rules { manages_stock: false, ..MANAGED }.never_runs_out(managed));
    }

    #[test]
    fn own_backorders_count_only_beside_a_minimum_of_nothing() {
        let backordered = OwnRules { allows_backorders: Some(true), minimum: Some(0.0), ..CONFIGURED };
        assert!(MANAGED.never_runs_out(backordered));
        assert!(MANAGED.never_runs_out(OwnRules { manages_stock: Some(true), ..backordered }));
        assert!(!MANAGED.never_runs_out(OwnRules { minimum: Some(5.0), ..backordered }));
        assert!(!MANAGED.never_runs_out(OwnRules { minimum: Some(-1.0), ..backordered }));
        assert!(!MANAGED.never_runs_out(OwnRules { minimum: None, ..backordered }));
        assert!(!MANAGED.never_runs_out(OwnRules { allows_backorders: None, ..backordered }));
        assert!(!MANAGED.never_runs_out(OwnRules { allows_backorders: Some(false), ..backordered }));
    }

    #[test]
    fn a_sum_keeps_four_digits() {
        assert_eq!(in_ten_thousandths(0.1 + 0.2).to_string(), "0.3");
        assert_eq!(in_ten_thousandths(7.0 - 9.5).to_string(), "-2.5");
    }
}
