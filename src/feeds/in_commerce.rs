//! What a feed is called inside Commerce: its change log, its indexer, its feed table (feed map §1).

use crate::domain::Feed;

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
    pub fn change_log(&self) -> String {
        format!("{}_cl", self.view)
    }
}

/// An index of Commerce: its indexer and view have one name (`indexer_state.indexer_id`, `mview_state.view_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreIndex {
    pub name: &'static str,
    /// The tables that it fills and that items are read from: names, or beginnings that a number ends.
    pub tables: &'static [&'static str],
    /// What its own change log names.
    pub names: Named,
}

/// What the change log of an index names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    Products,
    Categories,
    /// Rows of `inventory_source_item`.
    SourceItems,
    /// Rules, of which nobody can tell which products they are for.
    Rules,
}

/// What a category shows, for each store view; two indexers fill it.
const CATEGORY_PRODUCT: CoreIndex = CoreIndex {
    name: "catalog_category_product",
    tables: &["catalog_category_product_index_store"],
    names: Named::Categories,
};
const PRODUCT_CATEGORY: CoreIndex = CoreIndex { name: "catalog_product_category", tables: &[], names: Named::Products };
/// Quantity and status in the default stock.
const STOCK: CoreIndex =
    CoreIndex { name: "cataloginventory_stock", tables: &["cataloginventory_stock_status"], names: Named::Products };
/// The same of every other stock.
const INVENTORY: CoreIndex = CoreIndex { name: "inventory", tables: &["inventory_stock_"], names: Named::SourceItems };
/// The prices of catalogue rules, day by day; two indexers fill them.
const RULE: CoreIndex =
    CoreIndex { name: "catalogrule_rule", tables: &["catalogrule_product_price"], names: Named::Rules };
const RULE_PRODUCT: CoreIndex = CoreIndex { name: "catalogrule_product", tables: &[], names: Named::Products };
/// Filled after the rules; no item is read from it, and it is rebuilt when something changed for all prices.
const PRICE: CoreIndex = CoreIndex { name: "catalog_product_price", tables: &[], names: Named::Products };

impl Feed {
    /// The indexes of Commerce that its items are made of. A log is written before them; they are filled by cron, along logs of
    /// their own, or rebuilt as a whole, which no log tells.
    pub fn core_indexes(self) -> &'static [CoreIndex] {
        match self {
            Feed::Products => &[CATEGORY_PRODUCT, PRODUCT_CATEGORY, STOCK, INVENTORY],
            Feed::Prices => &[RULE, RULE_PRODUCT, PRICE],
            Feed::InventoryStockStatus => &[STOCK, INVENTORY],
            _ => &[],
        }
    }

    /// The feeds whose change logs name its records, its own first. Stock is logged by SKU where sources are concerned; what
    /// a product's SKU and stock settings are told by the log of products only.
    pub fn logs(self) -> &'static [Feed] {
        match self {
            Feed::ScopesWebsite => &[Feed::ScopesWebsite],
            Feed::ScopesCustomerGroup => &[Feed::ScopesCustomerGroup],
            Feed::ProductAttributes => &[Feed::ProductAttributes],
            Feed::Categories => &[Feed::Categories],
            Feed::Products => &[Feed::Products],
            Feed::Prices => &[Feed::Prices],
            Feed::Variants => &[Feed::Variants],
            Feed::InventoryStockStatus => &[Feed::InventoryStockStatus, Feed::Products],
            Feed::Orders => &[Feed::Orders],
            Feed::ProductOverrides | Feed::CategoryPermissions => &[],
        }
    }

    /// The tables whose triggers write its change log (feed map §1): those that a shop has must have them. The replica of
    /// the rule prices is not among them: not every version of Commerce watches it.
    pub fn watched_tables(self) -> &'static [&'static str] {
        match self {
            Feed::ScopesWebsite => &["store", "store_group", "store_website"],
            Feed::ScopesCustomerGroup => &["customer_group"],
            Feed::ProductAttributes => &["catalog_eav_attribute", "eav_attribute"],
            Feed::Categories => &[
                "catalog_category_entity",
                "catalog_category_entity_datetime",
                "catalog_category_entity_decimal",
                "catalog_category_entity_int",
                "catalog_category_entity_text",
                "catalog_category_entity_varchar",
            ],
            Feed::Products => &[
                "catalog_category_product",
                "catalog_product_bundle_option",
                "catalog_product_bundle_option_value",
                "catalog_product_bundle_selection",
                "catalog_product_bundle_selection_price",
                "catalog_product_entity",
                "catalog_product_entity_datetime",
                "catalog_product_entity_decimal",
                "catalog_product_entity_gallery",
                "catalog_product_entity_int",
                "catalog_product_entity_media_gallery_value",
                "catalog_product_entity_text",
                "catalog_product_entity_varchar",
                "catalog_product_relation",
                "catalog_product_website",
                "cataloginventory_stock_item",
                "downloadable_link",
                "downloadable_sample",
            ],
            Feed::Prices => &[
                "catalog_product_entity",
                "catalog_product_entity_decimal",
                "catalog_product_entity_tier_price",
                "catalog_product_relation",
                "catalog_product_website",
                "catalogrule_product_price",
            ],
            Feed::Variants => &[
                "catalog_product_entity",
                "catalog_product_entity_int",
                "catalog_product_super_attribute",
                "catalog_product_super_link",
            ],
            Feed::InventoryStockStatus => &["inventory_reservation", "inventory_source_item"],
            Feed::Orders => {
                &["sales_creditmemo", "sales_invoice", "sales_order", "sales_payment_transaction", "sales_shipment"]
            }
            Feed::ProductOverrides | Feed::CategoryPermissions => &[],
        }
    }

    /// The tables that shape many of its items and have no trigger of its log: small ones, of which any change costs a full
    /// compare of the feed.
    pub fn shaping_tables(self) -> &'static [&'static str] {
        match self {
            Feed::ScopesCustomerGroup => &["customer_group_excluded_website", "store_website"],
            Feed::ProductAttributes => {
                &["store", "store_group", "store_website", "eav_entity_type", "eav_attribute_label"]
            }
            Feed::Prices => &["store", "store_group", "store_website"],
            // Descriptions hold blocks and custom variables by name.
            Feed::Categories => {
                &["store", "store_group", "store_website", "cms_block", "cms_block_store", "variable", "variable_value"]
            }
            Feed::Products => &[
                "store",
                "store_group",
                "store_website",
                "cms_block",
                "cms_block_store",
                "variable",
                "variable_value",
                "eav_entity_type",
                "eav_attribute",
                "catalog_eav_attribute",
                "eav_attribute_label",
                "tax_class",
                "inventory_stock_sales_channel",
                "catalog_product_link_attribute",
            ],
            Feed::InventoryStockStatus => &["inventory_stock"],
            // Its websites are in its log; variants are shaped by attributes and options, which are looked at one by one.
            Feed::ScopesWebsite
            | Feed::Variants
            | Feed::Orders
            | Feed::ProductOverrides
            | Feed::CategoryPermissions => &[],
        }
    }

    /// What the feed is called inside Commerce; `None` for the feeds of Adobe Commerce that are not public.
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
