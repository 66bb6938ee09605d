//! What the shop configured: `core_config_data` with its fallback.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::scope::StoreView;
use crate::commerce::database::{Database, DatabaseError, Snapshot};

/// A setting that a feed needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    const ALL: [Setting; 45] = [
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

    /// Its path in `core_config_data`, and what Commerce ships when nobody set it.
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
            // A shop may have switched permissions on in a file, which nobody sees here; who has an index wants it used.
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

/// Where a value was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scope {
    Default,
    Website(u32),
    Store(u32),
}

/// What the shop configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings {
    values: HashMap<(Setting, Scope), String>,
}

impl Settings {
    pub(super) async fn load(database: &Database, snapshot: &mut Snapshot) -> Result<Self, DatabaseError> {
        let paths = Setting::ALL.map(|setting| format!("'{}'", setting.path_and_shipped().0)).join(",");
        let sql = format!(
            "SELECT path, scope, scope_id, value FROM {} WHERE path IN ({paths})",
            database.table("core_config_data")
        );
        let rows: Vec<(String, String, i64, Option<String>)> = snapshot.rows(&sql).await?;
        let mut values = HashMap::new();
        for (path, scope, scope_id, value) in rows {
            let setting = Setting::ALL.into_iter().find(|setting| setting.path_and_shipped().0 == path);
            let id = u32::try_from(scope_id).unwrap_or_default();
            let scope = match scope.as_str() {
                "stores" => Scope::Store(id),
                "websites" => Scope::Website(id),
                _ => Scope::Default,
            };
            if let Some(setting) = setting {
                // A row without a value is a value: it hides what is set above it.
                values.insert((setting, scope), value.unwrap_or_default());
            }
        }
        Ok(Self { values })
    }

    /// The value for a store view: its own, else its website's, else the default, else the shipped one.
    pub(super) fn get(&self, setting: Setting, view: &StoreView) -> &str {
        self.first_of(setting, [Scope::Store(view.id), Scope::Website(view.website_id), Scope::Default])
    }

    fn first_of<const SCOPES: usize>(&self, setting: Setting, scopes: [Scope; SCOPES]) -> &str {
        scopes
            .into_iter()
            .find_map(|scope| self.values.get(&(setting, scope)))
            .map_or(setting.path_and_shipped().1, String::as_str)
    }

    /// Whether a yes/no setting is on for a store view.
    pub(super) fn is_on(&self, setting: Setting, view: &StoreView) -> bool {
        is_yes(self.get(setting, view))
    }

    /// Whether a yes/no setting that has no scopes is on: the default, else the shipped value.
    pub(super) fn is_on_everywhere(&self, setting: Setting) -> bool {
        is_yes(self.values.get(&(setting, Scope::Default)).map_or(setting.path_and_shipped().1, String::as_str))
    }

    /// The time zone of a store view, or of the whole shop; UTC, in which Commerce itself calculates, where the name stands
    /// for none.
    pub(super) fn time_zone(&self, view: Option<&StoreView>) -> TimeZone {
        let name = match view {
            Some(view) => self.get(Setting::TimeZone, view),
            None => self.first_of(Setting::TimeZone, [Scope::Default]),
        };
        TimeZone::get(name).unwrap_or(TimeZone::UTC)
    }
}

fn is_yes(value: &str) -> bool {
    !matches!(value, "" | "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> StoreView {
        StoreView {
            id: 3,
            code: "de".to_owned(),
            group_id: 1,
            group_code: "g".to_owned(),
            root_category_id: 2,
            website_id: 2,
            website_code: "w".to_owned(),
        }
    }

    fn settings(values: &[(Setting, Scope, &str)]) -> Settings {
        Settings {
            values: values.iter().map(|(setting, scope, value)| ((*setting, *scope), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn the_nearest_scope_wins_and_the_shipped_value_comes_last() {
        let set = settings(&[
            (Setting::WeightUnit, Scope::Default, "lbs"),
            (Setting::WeightUnit, Scope::Website(2), "kgs"),
            (Setting::WeightUnit, Scope::Website(1), "stones"),
            (Setting::BaseCurrency, Scope::Website(2), "EUR"),
            (Setting::BaseCurrency, Scope::Store(3), ""),
        ]);
        assert_eq!(set.get(Setting::WeightUnit, &view()), "kgs");
        assert_eq!(set.get(Setting::BaseCurrency, &view()), "", "an empty value hides what is above it");
        assert_eq!(set.get(Setting::DefaultSortBy, &view()), "position");
    }
}
