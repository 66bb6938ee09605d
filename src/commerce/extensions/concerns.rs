//! Which feeds a class, a record or a query of Adobe's exporter is about. Where that is not known, rather too many than too few.

use crate::domain::Feed;

/// The feeds that a class shapes; none if it is not of the exporter.
pub(super) fn of_class(class: &str) -> Vec<Feed> {
    let mut parts = class.trim().trim_start_matches('\\').splitn(3, '\\');
    let (Some("Magento" | "AdobeCommerce"), Some(module)) = (parts.next(), parts.next()) else { return Vec::new() };
    let rest = parts.next().unwrap_or_default();
    match module {
        "CatalogDataExporter" => of_catalog(rest),
        "BundleProductDataExporter"
        | "CatalogInventoryDataExporter"
        | "CatalogUrlRewriteDataExporter"
        | "CategoryProductDataExporter"
        | "ConfigurableProductDataExporter"
        | "GroupedProductDataExporter"
        | "ParentProductDataExporter" => vec![Feed::Products],
        "ProductPriceDataExporter" | "SaaSPrice" => vec![Feed::Prices],
        "ConfigurableProductVariantDataExporter" | "ProductVariantDataExporter" | "SaaSProductVariant" => {
            vec![Feed::Variants]
        }
        "ProductOverrideDataExporter" | "SaaSProductOverride" => vec![Feed::ProductOverrides],
        "CategoryPermissionDataExporter" => vec![Feed::ProductOverrides, Feed::CategoryPermissions],
        "InventoryDataExporter" | "SaaSInventory" => vec![Feed::Products, Feed::InventoryStockStatus],
        "ScopesDataExporter" | "SaaSScopes" => vec![Feed::ScopesWebsite, Feed::ScopesCustomerGroup],
        "SalesOrdersDataExporter" | "SaaSSalesOrders" => vec![Feed::Orders],
        "SaaSCategory" => vec![Feed::Categories],
        // Feeds that this program does not send.
        "ConfigurationDataExporter" | "ProductReviewDataExporter" | "StoreDataExporter" => Vec::new(),
        other if other.ends_with("DataExporter") || other.starts_with("SaaS") || other == "QueryXml" => {
            Feed::ALL.to_vec()
        }
        _ => Vec::new(),
    }
}

/// The classes of the module that has products, attributes and categories.
fn of_catalog(rest: &str) -> Vec<Feed> {
    if rest.contains("ProductMetadata") {
        vec![Feed::ProductAttributes]
    } else if rest.contains("Product") {
        vec![Feed::Products]
    } else if rest.contains("UrlPath") {
        vec![Feed::Products, Feed::Categories]
    } else if rest.contains("Categor") {
        vec![Feed::Categories]
    } else {
        vec![Feed::Products, Feed::ProductAttributes, Feed::Categories]
    }
}

/// The feeds whose items have this record in them.
pub(super) fn of_record(record: &str) -> Vec<Feed> {
    match record {
        "ProductAttributeMetadata" => vec![Feed::ProductAttributes],
        "Breadcrumbs" | "Category" => vec![Feed::Categories],
        "DiscountPrice" | "ProductPriceParent" | "ProductPriceV2" => vec![Feed::Prices],
        "TierPrice" => vec![Feed::Products, Feed::Prices],
        "ProductVariant" | "VariantOption" => vec![Feed::Variants],
        "StockItemStatus" => vec![Feed::InventoryStockStatus],
        "StoreGroup" | "StoreView" | "Website" => vec![Feed::ScopesWebsite],
        "CustomerGroup" => vec![Feed::ScopesCustomerGroup],
        other if other.starts_with("ProductOverride") => vec![Feed::ProductOverrides],
        other if other.starts_with("CategoryPermission") => vec![Feed::CategoryPermissions],
        other if ["Order", "Invoice", "Shipment", "CreditMemo"].iter().any(|name| other.starts_with(name)) => {
            vec![Feed::Orders]
        }
        // Most records are parts of products.
        _ => vec![Feed::Products],
    }
}

/// The feeds that a query of this name reads for.
pub(super) fn of_query(name: &str) -> Vec<Feed> {
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["customergroup"]) {
        vec![Feed::ScopesCustomerGroup]
    } else if name.starts_with("scopes") {
        vec![Feed::ScopesWebsite]
    } else if has(&["order", "invoice", "shipment", "creditmemo", "transaction"]) {
        vec![Feed::Orders]
    } else if has(&["stock", "inventory", "reservation"]) {
        vec![Feed::Products, Feed::InventoryStockStatus]
    } else if has(&["variant"]) {
        vec![Feed::Variants]
    } else if has(&["price"]) {
        vec![Feed::Products, Feed::Prices]
    } else if has(&["override", "permission"]) {
        vec![Feed::ProductOverrides, Feed::CategoryPermissions]
    } else {
        vec![Feed::Products]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_the_exporter_are_about_feeds_and_others_are_not() {
        for (class, feeds) in [
            (r"Magento\CatalogDataExporter\Model\Provider\Product\Attributes", vec![Feed::Products]),
            (r"\Magento\CatalogDataExporter\Model\Provider\ProductMetadata", vec![Feed::ProductAttributes]),
            (r"Magento\CatalogDataExporter\Model\Provider\Categories", vec![Feed::Categories]),
            (r"Magento\ProductPriceDataExporter\Model\Provider\ProductPrice", vec![Feed::Prices]),
            (r"Magento\SaaSCommon\Model\DataFilter", Feed::ALL.to_vec()),
            (r"Magento\DataExporter\Export\Processor", Feed::ALL.to_vec()),
            (r"Magento\Catalog\Model\Product", vec![]),
            (r"Acme\DataExporter\Model\X", vec![]),
        ] {
            assert_eq!(of_class(class), feeds, "{class}");
        }
    }
}
