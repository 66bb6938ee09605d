//! The settings that feeds need: their paths, and what Commerce ships.

/// A setting that a feed needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ShopSetting {
    /// `web/unsecure/base_url`
    UnsecureBaseUrl,
    /// `web/unsecure/base_link_url`
    UnsecureLinkUrl,
    /// `web/unsecure/base_media_url`
    UnsecureMediaUrl,
    /// `web/secure/base_url`
    SecureBaseUrl,
    /// `web/seo/use_rewrites`: without it, every link goes through `index.php/`.
    UseRewrites,
    /// `web/url/use_store`: every link holds the store view's code.
    StoreCodeInUrls,
    /// `currency/options/base`
    BaseCurrency,
    /// `catalog/price/scope`: whether each website has prices of its own.
    PricesOfWebsites,
    /// `general/locale/weight_unit`
    WeightUnit,
    /// `cataloginventory/options/stock_threshold_qty`
    StockThreshold,
    /// `catalog/frontend/default_sort_by`
    DefaultSortBy,
    /// `general/locale/timezone`: an IANA name.
    TimeZone,
    /// `cataloginventory/item_options/manage_stock`
    ManageStock,
    /// `cataloginventory/item_options/backorders`: 0 = none.
    Backorders,
    /// `catalog/magento_catalogpermissions/enabled` (Adobe Commerce).
    Permissions,
    /// `catalog/magento_catalogpermissions/grant_catalog_category_view`: 0 nobody, 1 everybody, 2 the groups of the next.
    GrantBrowsing,
    /// `catalog/magento_catalogpermissions/grant_catalog_category_view_groups`: customer group ids, comma-separated.
    BrowsingGroups,
    /// `catalog/magento_catalogpermissions/grant_catalog_product_price`
    GrantPrices,
    /// `catalog/magento_catalogpermissions/grant_catalog_product_price_groups`
    PricesGroups,
    /// `catalog/magento_catalogpermissions/grant_checkout_items`
    GrantCart,
    /// `catalog/magento_catalogpermissions/grant_checkout_items_groups`
    CartGroups,
    /// `web/unsecure/base_static_url`
    UnsecureStaticUrl,
    /// `general/single_store_mode/enabled`: links name no store view then.
    SingleStoreMode,
    /// `general/locale/code`
    Locale,
    /// `design/theme/theme_id`: an id, or the path of a theme.
    Theme,
    /// `trans_email/ident_general/name`
    GeneralContactName,
    /// `trans_email/ident_general/email`
    GeneralContactEmail,
    /// `trans_email/ident_sales/name`
    SalesContactName,
    /// `trans_email/ident_sales/email`
    SalesContactEmail,
    /// `trans_email/ident_support/name`
    SupportContactName,
    /// `trans_email/ident_support/email`
    SupportContactEmail,
    /// `trans_email/ident_custom1/name`
    FirstContactName,
    /// `trans_email/ident_custom1/email`
    FirstContactEmail,
    /// `trans_email/ident_custom2/name`
    SecondContactName,
    /// `trans_email/ident_custom2/email`
    SecondContactEmail,
    /// `general/store_information/name`
    StoreName,
    /// `general/store_information/phone`
    StorePhone,
    /// `general/store_information/hours`
    StoreHours,
    /// `general/store_information/country_id`
    StoreCountry,
    /// `general/store_information/region_id`
    StoreRegion,
    /// `general/store_information/postcode`
    StorePostcode,
    /// `general/store_information/city`
    StoreCity,
    /// `general/store_information/street_line1`
    StoreStreet,
    /// `general/store_information/street_line2`
    StoreSecondStreet,
    /// `general/store_information/merchant_vat_number`
    StoreVatNumber,
}

impl ShopSetting {
    pub(super) const ALL: [ShopSetting; 45] = [
        ShopSetting::UnsecureBaseUrl,
        ShopSetting::UnsecureLinkUrl,
        ShopSetting::UnsecureMediaUrl,
        ShopSetting::SecureBaseUrl,
        ShopSetting::UseRewrites,
        ShopSetting::StoreCodeInUrls,
        ShopSetting::BaseCurrency,
        ShopSetting::PricesOfWebsites,
        ShopSetting::WeightUnit,
        ShopSetting::StockThreshold,
        ShopSetting::DefaultSortBy,
        ShopSetting::TimeZone,
        ShopSetting::ManageStock,
        ShopSetting::Backorders,
        ShopSetting::Permissions,
        ShopSetting::GrantBrowsing,
        ShopSetting::BrowsingGroups,
        ShopSetting::GrantPrices,
        ShopSetting::PricesGroups,
        ShopSetting::GrantCart,
        ShopSetting::CartGroups,
        ShopSetting::UnsecureStaticUrl,
        ShopSetting::SingleStoreMode,
        ShopSetting::Locale,
        ShopSetting::Theme,
        ShopSetting::GeneralContactName,
        ShopSetting::GeneralContactEmail,
        ShopSetting::SalesContactName,
        ShopSetting::SalesContactEmail,
        ShopSetting::SupportContactName,
        ShopSetting::SupportContactEmail,
        ShopSetting::FirstContactName,
        ShopSetting::FirstContactEmail,
        ShopSetting::SecondContactName,
        ShopSetting::SecondContactEmail,
        ShopSetting::StoreName,
        ShopSetting::StorePhone,
        ShopSetting::StoreHours,
        ShopSetting::StoreCountry,
        ShopSetting::StoreRegion,
        ShopSetting::StorePostcode,
        ShopSetting::StoreCity,
        ShopSetting::StoreStreet,
        ShopSetting::StoreSecondStreet,
        ShopSetting::StoreVatNumber,
    ];

    /// Its path, such as `web/unsecure/base_url`.
    pub(super) fn path(self) -> &'static str {
        self.path_and_shipped().0
    }

    /// What Commerce ships, for where no module's own file says it.
    pub(super) fn shipped(self) -> &'static str {
        self.path_and_shipped().1
    }

    /// Its path, and what Commerce ships when nobody set it.
    fn path_and_shipped(self) -> (&'static str, &'static str) {
        match self {
            ShopSetting::UnsecureBaseUrl => ("web/unsecure/base_url", "{{base_url}}"),
            ShopSetting::UnsecureLinkUrl => ("web/unsecure/base_link_url", "{{unsecure_base_url}}"),
            ShopSetting::UnsecureMediaUrl => ("web/unsecure/base_media_url", ""),
            ShopSetting::SecureBaseUrl => ("web/secure/base_url", "{{unsecure_base_url}}"),
            ShopSetting::UseRewrites => ("web/seo/use_rewrites", "0"),
            ShopSetting::StoreCodeInUrls => ("web/url/use_store", "0"),
            ShopSetting::BaseCurrency => ("currency/options/base", "USD"),
            ShopSetting::PricesOfWebsites => ("catalog/price/scope", "0"),
            ShopSetting::WeightUnit => ("general/locale/weight_unit", "lbs"),
            ShopSetting::StockThreshold => ("cataloginventory/options/stock_threshold_qty", "0"),
            ShopSetting::DefaultSortBy => ("catalog/frontend/default_sort_by", "position"),
            // Every installation sets it; the shipped one is never seen.
            ShopSetting::TimeZone => ("general/locale/timezone", "UTC"),
            ShopSetting::ManageStock => ("cataloginventory/item_options/manage_stock", "1"),
            ShopSetting::Backorders => ("cataloginventory/item_options/backorders", "0"),
            // Who has an index wants it used, where the module's own default is not seen.
            ShopSetting::Permissions => ("catalog/magento_catalogpermissions/enabled", "1"),
            ShopSetting::GrantBrowsing => ("catalog/magento_catalogpermissions/grant_catalog_category_view", "1"),
            ShopSetting::BrowsingGroups => {
                ("catalog/magento_catalogpermissions/grant_catalog_category_view_groups", "")
            }
            ShopSetting::GrantPrices => ("catalog/magento_catalogpermissions/grant_catalog_product_price", "1"),
            ShopSetting::PricesGroups => ("catalog/magento_catalogpermissions/grant_catalog_product_price_groups", ""),
            ShopSetting::GrantCart => ("catalog/magento_catalogpermissions/grant_checkout_items", "1"),
            ShopSetting::CartGroups => ("catalog/magento_catalogpermissions/grant_checkout_items_groups", ""),
            ShopSetting::UnsecureStaticUrl => ("web/unsecure/base_static_url", ""),
            ShopSetting::SingleStoreMode => ("general/single_store_mode/enabled", "0"),
            ShopSetting::Locale => ("general/locale/code", "en_US"),
            ShopSetting::Theme => ("design/theme/theme_id", "Magento/luma"),
            ShopSetting::GeneralContactName => ("trans_email/ident_general/name", "Owner"),
            ShopSetting::GeneralContactEmail => ("trans_email/ident_general/email", "owner@example.com"),
            ShopSetting::SalesContactName => ("trans_email/ident_sales/name", "Sales"),
            ShopSetting::SalesContactEmail => ("trans_email/ident_sales/email", "sales@example.com"),
            ShopSetting::SupportContactName => ("trans_email/ident_support/name", "CustomerSupport"),
            ShopSetting::SupportContactEmail => ("trans_email/ident_support/email", "support@example.com"),
            ShopSetting::FirstContactName => ("trans_email/ident_custom1/name", "Custom 1"),
            ShopSetting::FirstContactEmail => ("trans_email/ident_custom1/email", "custom1@example.com"),
            ShopSetting::SecondContactName => ("trans_email/ident_custom2/name", "Custom 2"),
            ShopSetting::SecondContactEmail => ("trans_email/ident_custom2/email", "custom2@example.com"),
            ShopSetting::StoreName => ("general/store_information/name", ""),
            ShopSetting::StorePhone => ("general/store_information/phone", ""),
            ShopSetting::StoreHours => ("general/store_information/hours", ""),
            ShopSetting::StoreCountry => ("general/store_information/country_id", ""),
            ShopSetting::StoreRegion => ("general/store_information/region_id", ""),
            ShopSetting::StorePostcode => ("general/store_information/postcode", ""),
            ShopSetting::StoreCity => ("general/store_information/city", ""),
            ShopSetting::StoreStreet => ("general/store_information/street_line1", ""),
            ShopSetting::StoreSecondStreet => ("general/store_information/street_line2", ""),
            ShopSetting::StoreVatNumber => ("general/store_information/merchant_vat_number", ""),
        }
    }
}
