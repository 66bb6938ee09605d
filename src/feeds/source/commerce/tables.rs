//! Where the source records of each feed are: the table, its key, and the tables without which a feed cannot be read.

use std::collections::BTreeSet;

use crate::commerce::database::{Database, DatabaseError, Snapshot, in_list};
use crate::feeds::Feed;

/// Where the source records of a feed are.
pub(super) struct SourceTable {
    pub(super) name: &'static str,
    /// The key column.
    pub(super) key: &'static str,
    /// Where a person's word for a record leads to its key.
    code: Option<Code>,
    /// Which rows are source records: SQL.
    pub(super) filter: String,
}

/// Where a person's word for a record leads to its key: `SELECT key FROM table WHERE word = …`.
struct Code {
    table: &'static str,
    key: &'static str,
    word: &'static str,
}

const SKU: Code = Code { table: "catalog_product_entity", key: "entity_id", word: "sku" };

impl SourceTable {
    pub(super) fn of(database: &Database, feed: Feed) -> Self {
        let (name, key, code) = match feed {
            Feed::ScopesWebsite => ("store_website", "website_id", Some("code")),
            Feed::ScopesCustomerGroup => ("customer_group", "customer_group_id", Some("customer_group_code")),
            Feed::ProductAttributes => ("eav_attribute", "attribute_id", Some("attribute_code")),
            Feed::Categories | Feed::CategoryPermissions => ("catalog_category_entity", "entity_id", None),
            Feed::Products | Feed::Prices | Feed::InventoryStockStatus | Feed::ProductOverrides => {
                (SKU.table, SKU.key, Some(SKU.word))
            }
            Feed::Variants => {
                // The children of configurable products; a parent's key is not a source record of this feed.
                return Self {
                    name: "catalog_product_super_link",
                    key: "product_id",
                    code: Some(SKU),
                    filter: "TRUE".to_owned(),
                };
            }
            Feed::Orders => ("sales_order", "entity_id", Some("increment_id")),
        };
        let filter = match feed {
            Feed::ScopesWebsite => "website_id <> 0".to_owned(),
            Feed::ProductAttributes => format!(
                "entity_type_id = (SELECT t.entity_type_id FROM {} t WHERE t.entity_type_code = 'catalog_product')",
                database.table("eav_entity_type")
            ),
            _ => "TRUE".to_owned(),
        };
        Self { name, key, code: code.map(|word| Code { table: name, key, word }), filter }
    }

    /// The keys above `after`, in order. Staged versions repeat a key, hence `DISTINCT`.
    pub(super) async fn next(
        &self,
        database: &Database,
        snapshot: &mut Snapshot,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, DatabaseError> {
        let Self { name, key, filter, .. } = self;
        let after = after.map(|id| format!(" AND {key} > {id}")).unwrap_or_default();
        let table = database.table(name);
        let sql = format!("SELECT DISTINCT {key} FROM {table} WHERE {filter}{after} ORDER BY {key} LIMIT {limit}");
        snapshot.rows(&sql).await
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
        let Some(Code { table, key, word: code }) = &self.code else { return Ok(Vec::new()) };
        let filter = if *table == self.name { self.filter.as_str() } else { "TRUE" };
        let marks = vec!["?"; words.len()].join(",");
        let table = database.table(table);
        let sql = format!("SELECT DISTINCT {key}, {code} FROM {table} WHERE {filter} AND {code} IN ({marks})");
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
        let Some(Code { table, key, word: code }) = &self.code else { return Ok(Vec::new()) };
        let filter = if *table == self.name { self.filter.as_str() } else { "TRUE" };
        let sql = format!("SELECT DISTINCT {key} FROM {} WHERE {filter} AND {code} = ?", database.table(table));
        snapshot.rows_with(&sql, (word,)).await
    }
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
        Feed::InventoryStockStatus => &["catalog_product_entity", "inventory_stock", "cataloginventory_stock_item"],
        Feed::Orders => &["sales_order", "sales_order_item", "sales_order_payment", "data_exporter_uuid"],
        Feed::ProductOverrides => &["catalog_product_entity", "magento_catalogpermissions_index_product"],
        Feed::CategoryPermissions => &["catalog_category_entity", "magento_catalogpermissions_index"],
    }
}
