//! Where the source records of each feed are: the table, its key, and the tables without which a feed cannot be read.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::databases::Databases;
use super::keys::Run;
use crate::commerce::database::{Database, DatabaseError, Snapshot, in_list};
use crate::domain::Feed;

/// Where the source records of a feed are.
pub(super) struct SourceTable {
    pub(super) name: &'static str,
    /// The key column.
    pub(super) key: &'static str,
    /// Where a person's word for a record leads to its key.
    code: Option<Code>,
    /// Which rows are source records: SQL.
    pub(super) filter: String,
    /// Which of them belong to *all of them*: SQL. What a person names is read whatever this says.
    pub(super) window: String,
}

/// Where a person's word for a record leads to its key: `SELECT key FROM table WHERE column = …`.
struct Code {
    table: &'static str,
    key: &'static str,
    column: &'static str,
}

const SKU: Code = Code { table: "catalog_product_entity", key: "entity_id", column: "sku" };

/// What is true of every row.
const EVERY_ROW: &str = "TRUE";

impl SourceTable {
    /// `orders_since`: when an order must have changed at the latest to be one of *all of them*.
    pub(super) fn of(databases: &Databases, feed: Feed, orders_since: Option<Timestamp>) -> Self {
        let (name, key, code) = match feed {
            Feed::ScopesWebsite => ("store_website", "website_id", Some("code")),
            Feed::ScopesCustomerGroup => ("customer_group", "customer_group_id", Some("customer_group_code")),
            Feed::ProductAttributes => ("eav_attribute", "attribute_id", Some("attribute_code")),
            Feed::Categories | Feed::CategoryPermissions => ("catalog_category_entity", "entity_id", None),
            Feed::Products | Feed::Prices | Feed::InventoryStockStatus | Feed::ProductOverrides => {
                (SKU.table, SKU.key, Some(SKU.column))
            }
            Feed::Variants => {
                // The children of configurable products; a parent's key is not a source record of this feed.
                return Self {
                    name: "catalog_product_super_link",
                    key: "product_id",
                    code: Some(SKU),
                    filter: EVERY_ROW.to_owned(),
                    window: EVERY_ROW.to_owned(),
                };
            }
            Feed::Orders => ("sales_order", "entity_id", Some("increment_id")),
        };
        let filter = match feed {
            Feed::ScopesWebsite => "website_id <> 0".to_owned(),
            Feed::ProductAttributes => format!(
                "entity_type_id = (SELECT t.entity_type_id FROM {} t WHERE t.entity_type_code = 'catalog_product')",
                databases.table("eav_entity_type")
            ),
            Feed::Orders => exported_orders(databases),
            _ => EVERY_ROW.to_owned(),
        };
        let window = match orders_since {
            // A timestamp is compared in the session's time zone, and ours is UTC.
            Some(since) if feed == Feed::Orders => format!("updated_at >= FROM_UNIXTIME({})", since.as_second()),
            _ => EVERY_ROW.to_owned(),
        };
        Self { name, key, code: code.map(|column| Code { table: name, key, column }), filter, window }
    }

    /// The keys above `after`, in order. Staged versions repeat a key, hence `DISTINCT`.
    pub(super) async fn next(
        &self,
        database: &Database,
        snapshot: &mut Snapshot,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, DatabaseError> {
        snapshot.rows(&self.next_sql(database, after, limit)).await
    }

    /// The same as a run; `None` if there are none.
    pub(super) async fn next_run(
        &self,
        database: &Database,
        snapshot: &mut Snapshot,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Option<Run>, DatabaseError> {
        let keys = self.next_sql(database, after, limit);
        let sql = format!("SELECT MIN({key}), MAX({key}), COUNT(*) FROM ({keys}) AS next_keys", key = self.key);
        let rows: Vec<(Option<u64>, Option<u64>, usize)> = snapshot.rows(&sql).await?;
        Ok(rows.first().and_then(|(first, last, len)| Some(Run { first: (*first)?, last: (*last)?, len: *len })))
    }

    fn next_sql(&self, database: &Database, after: Option<u64>, limit: usize) -> String {
        let Self { name, key, filter, window, .. } = self;
        let after = after.map(|id| format!(" AND {key} > {id}")).unwrap_or_default();
        let table = database.table(name);
        format!("SELECT DISTINCT {key} FROM {table} WHERE {filter} AND {window}{after} ORDER BY {key} LIMIT {limit}")
    }

    /// Which of these keys are there.
    pub(super) async fn existing(
        &self,
        database: &Database,
        snapshot: &mut Snapshot,
        keys: &[u64],
    ) -> Result<BTreeSet<u64>, DatabaseError> {
        let Self { name, key, filter, .. } = self;
        let table = database.table(name);
        let sql = format!("SELECT DISTINCT {key} FROM {table} WHERE {filter} AND {key} IN ({})", in_list(keys));
        Ok(snapshot.rows(&sql).await?.into_iter().collect())
    }

    /// The keys of the records with these codes, each with the code as the table has it.
    pub(super) async fn named_all(
        &self,
        database: &Database,
        snapshot: &mut Snapshot,
        words: &[&String],
    ) -> Result<Vec<(u64, String)>, DatabaseError> {
        let Some(Code { table, key, column }) = &self.code else { return Ok(Vec::new()) };
        let filter = if *table == self.name { self.filter.as_str() } else { EVERY_ROW };
        let marks = vec!["?"; words.len()].join(",");
        let table = database.table(table);
        let sql = format!("SELECT DISTINCT {key}, {column} FROM {table} WHERE {filter} AND {column} IN ({marks})");
        let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
        snapshot.rows_with(&sql, words).await
    }

    /// The keys of the record that a person named by its code.
    pub(super) async fn named(
        &self,
        database: &Database,
        snapshot: &mut Snapshot,
        word: &str,
    ) -> Result<Vec<u64>, DatabaseError> {
        let Some(Code { table, key, column }) = &self.code else { return Ok(Vec::new()) };
        let filter = if *table == self.name { self.filter.as_str() } else { EVERY_ROW };
        let sql = format!("SELECT DISTINCT {key} FROM {} WHERE {filter} AND {column} = ?", database.table(table));
        snapshot.rows_with(&sql, (word,)).await
    }
}

/// Orders that Commerce gave a UUID and a payment: no others are exported (feed map §9).
///
/// Counted row by row, not joined: the walk needs the next few orders by their key, and a join would sort all of them. In a split
/// database the UUIDs are in the other one, so that an order without one is noticed when its page is read.
fn exported_orders(databases: &Databases) -> String {
    let order = databases.table("sales_order");
    let paid = format!(
        "(SELECT COUNT(*) FROM {payment} p WHERE p.parent_id = {order}.entity_id) > 0",
        payment = databases.table("sales_order_payment"),
    );
    if databases.is_apart(Feed::Orders) {
        return paid;
    }
    let uuid = databases.table("data_exporter_uuid");
    format!("(SELECT COUNT(*) FROM {uuid} u WHERE u.entity_id = {order}.entity_id AND u.type = 'order') > 0 AND {paid}")
}

/// The tables without which a feed cannot be read.
pub(super) fn tables(feed: Feed) -> &'static [&'static str] {
    match feed {
        Feed::ScopesWebsite => &["store", "store_group", "store_website"],
        Feed::ScopesCustomerGroup => &["customer_group", "store_website"],
        Feed::ProductAttributes => {
            &["eav_attribute", "eav_attribute_label", "eav_entity_type", "catalog_eav_attribute"]
        }
        Feed::Categories => &["catalog_category_entity", "eav_attribute", "catalog_eav_attribute"],
        Feed::Products => &["catalog_product_entity", "catalog_product_website", "eav_attribute"],
        Feed::Prices => &["catalog_product_entity", "catalog_product_website", "catalog_product_entity_tier_price"],
        Feed::Variants => &["catalog_product_entity", "catalog_product_super_link", "catalog_product_super_attribute"],
        Feed::InventoryStockStatus => {
            &["catalog_product_entity", "inventory_stock", "inventory_source_item", "cataloginventory_stock_item"]
        }
        Feed::Orders => &["sales_order", "sales_order_item", "sales_order_payment", "data_exporter_uuid"],
        Feed::ProductOverrides => {
            &["catalog_product_entity", "customer_group", "magento_catalogpermissions_index_product"]
        }
        Feed::CategoryPermissions => &["catalog_category_entity", "customer_group", "magento_catalogpermissions_index"],
    }
}
