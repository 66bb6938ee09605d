//! What a feed is called inside Commerce: its change log, its indexer, its feed table (feed map §1).

use super::Feed;

/// The names of a feed inside Commerce; tables without the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InCommerce {
    /// `mview_state.view_id`.
    pub view: &'static str,
    /// `indexer_state.indexer_id`.
    pub indexer: &'static str,
    /// Adobe's own table of the feed's items.
    pub feed_table: &'static str,
    /// Whether that table has a row per item with `status`, `errors` and `metadata` (immediate export); the legacy ones do not.
    pub is_immediate: bool,
    /// What the change log's `entity_id` holds.
    pub log_key: LogKey,
}

/// What a change log names its records by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKey {
    /// The key of the source record.
    Id,
    /// The SKU (feed map §1: the exception of the stock status feed).
    Sku,
}

impl InCommerce {
    /// The change log's table.
    #[must_use]
    pub fn change_log(&self) -> String {
        format!("{}_cl", self.view)
    }
}

impl Feed {
    /// What the feed is called inside Commerce; `None` for the feeds of Adobe Commerce that are not public.
    #[must_use]
    pub fn in_commerce(self) -> Option<InCommerce> {
        let immediate =
            |view, indexer| InCommerce { view, indexer, feed_table: view, is_immediate: true, log_key: LogKey::Id };
        let legacy =
            |view, feed_table| InCommerce { view, indexer: view, feed_table, is_immediate: false, log_key: LogKey::Id };
        Some(match self {
            Feed::ScopesWebsite => legacy("scopes_website_data_exporter", "scopes_website_data_exporter"),
            Feed::ScopesCustomerGroup => {
                legacy("scopes_customergroup_data_exporter", "scopes_customergroup_data_exporter")
            }
            Feed::ProductAttributes => {
                immediate("cde_product_attributes_feed", "catalog_data_exporter_product_attributes")
            }
            Feed::Categories => immediate("cde_categories_feed", "catalog_data_exporter_categories"),
            Feed::Products => immediate("cde_products_feed", "catalog_data_exporter_products"),
            Feed::Prices => immediate("cde_product_prices_feed", "catalog_data_exporter_product_prices"),
            Feed::Variants => immediate("cde_product_variants_feed", "catalog_data_exporter_product_variants"),
            Feed::InventoryStockStatus => InCommerce {
                log_key: LogKey::Sku,
                ..immediate("inventory_data_exporter_stock_status_feed", "inventory_data_exporter_stock_status")
            },
            Feed::Orders => legacy("sales_order_data_exporter_v2", "sales_data_exporter_orders_v2"),
            Feed::ProductOverrides | Feed::CategoryPermissions => return None,
        })
    }
}
