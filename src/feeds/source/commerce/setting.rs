//! The settings that feeds need: their paths, and what Commerce ships.

/// A setting that a feed needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Setting {
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

impl Setting {
    pub(super) const ALL: [Setting; 45] = [
        Setting::UnsecureBaseUrl,
        Setting::UnsecureLinkUrl,
        Setting::UnsecureMediaUrl,
        Setting::SecureBaseUrl,
        Setting::UseRewrites,
        Setting::StoreCodeInUrls,
        Setting::BaseCurrency,
        Setting::PricesOfWebsites,
        Setting::WeightUnit,
        Setting::StockThreshold,
        Setting::DefaultSortBy,
        Setting::TimeZone,
        Setting::ManageStock,
        Setting::Backorders,
        Setting::Permissions,
        Setting::GrantBrowsing,
        Setting::BrowsingGroups,
        Setting::GrantPrices,
        Setting::PricesGroups,
        Setting::GrantCart,
        Setting::CartGroups,
        Setting::UnsecureStaticUrl,
        Setting::SingleStoreMode,
        Setting::Locale,
        Setting::Theme,
        Setting::GeneralContactName,
        Setting::GeneralContactEmail,
        Setting::SalesContactName,
        Setting::SalesContactEmail,
        Setting::SupportContactName,
        Setting::SupportContactEmail,
        Setting::FirstContactName,
        Setting::FirstContactEmail,
        Setting::SecondContactName,
        Setting::SecondContactEmail,
        Setting::StoreName,
        Setting::StorePhone,
        Setting::StoreHours,
        Setting::StoreCountry,
        Setting::StoreRegion,
        Setting::StorePostcode,
        Setting::StoreCity,
        Setting::StoreStreet,
        Setting::StoreSecondStreet,
        Setting::StoreVatNumber,
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
            Setting::UnsecureBaseUrl => ("web/unsecure/base_url", "{{base_url}}"),
            Setting::UnsecureLinkUrl => ("web/unsecure/base_link_url", "{{unsecure_base_url}}"),
            Setting::UnsecureMediaUrl => ("web/unsecure/base_media_url", ""),
            Setting::SecureBaseUrl => ("web/secure/base_url", "{{unsecure_base_url}}"),
            Setting::UseRewrites => ("web/seo/use_rewrites", "0"),
            Setting::StoreCodeInUrls => ("web/url/use_store", "0"),
            Setting::BaseCurrency => ("currency/options/base", "USD"),
            Setting::PricesOfWebsites => ("catalog/price/scope", "0"),
            Setting::WeightUnit => ("general/locale/weight_unit", "lbs"),
            Setting::StockThreshold => ("cataloginventory/options/stock_threshold_qty", "0"),
            Setting::DefaultSortBy => ("catalog/frontend/default_sort_by", "position"),
            // Every installation sets it; the shipped one is never seen.
            Setting::TimeZone => ("general/locale/timezone", "UTC"),
            Setting::ManageStock => ("cataloginventory/item_options/manage_stock", "1"),
            Setting::Backorders => ("cataloginventory/item_options/backorders", "0"),
            // Who has an index wants it used, where the module's own default is not seen.
            Setting::Permissions => ("catalog/magento_catalogpermissions/enabled", "1"),
            Setting::GrantBrowsing => ("catalog/magento_catalogpermissions/grant_catalog_category_view", "1"),
            Setting::BrowsingGroups => ("catalog/magento_catalogpermissions/grant_catalog_category_view_groups", ""),
            Setting::GrantPrices => ("catalog/magento_catalogpermissions/grant_catalog_product_price", "1"),
            Setting::PricesGroups => ("catalog/magento_catalogpermissions/grant_catalog_product_price_groups", ""),
            Setting::GrantCart => ("catalog/magento_catalogpermissions/grant_checkout_items", "1"),
            Setting::CartGroups => ("catalog/magento_catalogpermissions/grant_checkout_items_groups", ""),
            Setting::UnsecureStaticUrl => ("web/unsecure/base_static_url", ""),
            Setting::SingleStoreMode => ("general/single_store_mode/enabled", "0"),
            Setting::Locale => ("general/locale/code", "en_US"),
            Setting::Theme => ("design/theme/theme_id", "Magento/luma"),
            Setting::GeneralContactName => ("trans_email/ident_general/name", "Owner"),
            Setting::GeneralContactEmail => ("trans_email/ident_general/email", "owner@example.com"),
            Setting::SalesContactName => ("trans_email/ident_sales/name", "Sales"),
            Setting::SalesContactEmail => ("trans_email/ident_sales/email", "sales@example.com"),
            Setting::SupportContactName => ("trans_email/ident_support/name", "CustomerSupport"),
            Setting::SupportContactEmail => ("trans_email/ident_support/email", "support@example.com"),
            Setting::FirstContactName => ("trans_email/ident_custom1/name", "Custom 1"),
            Setting::FirstContactEmail => ("trans_email/ident_custom1/email", "custom1@example.com"),
            Setting::SecondContactName => ("trans_email/ident_custom2/name", "Custom 2"),
            Setting::SecondContactEmail => ("trans_email/ident_custom2/email", "custom2@example.com"),
            Setting::StoreName => ("general/store_information/name", ""),
            Setting::StorePhone => ("general/store_information/phone", ""),
            Setting::StoreHours => ("general/store_information/hours", ""),
            Setting::StoreCountry => ("general/store_information/country_id", ""),
            Setting::StoreRegion => ("general/store_information/region_id", ""),
            Setting::StorePostcode => ("general/store_information/postcode", ""),
            Setting::StoreCity => ("general/store_information/city", ""),
            Setting::StoreStreet => ("general/store_information/street_line1", ""),
            Setting::StoreSecondStreet => ("general/store_information/street_line2", ""),
            Setting::StoreVatNumber => ("general/store_information/merchant_vat_number", ""),
        }
    }
}
