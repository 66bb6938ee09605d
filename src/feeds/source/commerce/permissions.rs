//! Category permissions (Adobe Commerce only): what the two experimental feeds have in common.
//!
//! Known: an index row grants browsing, prices and the cart, each with -1 = allow, -2 = deny, 0 or NULL = as configured; the
//! configuration knows nobody (0), everybody (1) and chosen customer groups (2), for each store view; a shop whose index is
//! divided by customer group has a table for each, named after its id.
//!
//! Inferred, because the modules that export it are not public: a website grants what one of its store views grants (the
//! index itself lets an allowing category win over a denying one); a website where permissions are switched off has no
//! items; the three flags are `displayable`, `priceDisplayable` and `addToCartAllowed` in both feeds, as in the published
//! example of `productOverrides`, and none of them follows from another.
//!
//! It must never know which feed asks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::context::Context;
use super::effective::Settings;
use super::scope::StoreView;
use super::scopes::customer_group_code;
use super::setting::ShopSetting;
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::feeds::content::Fields;

/// The grants of an index row, in the order of [`FLAGS`].
pub(super) type Grants = [Option<i64>; 3];

/// The columns of [`Grants`].
pub(super) const GRANT_COLUMNS: &str = "grant_catalog_category_view, grant_catalog_product_price, grant_checkout_items";

const ALLOW: i64 = -1;
const DENY: i64 = -2;

/// What a customer group may do.
struct Flag {
    field: &'static str,
    configured: ShopSetting,
    groups: ShopSetting,
}

const FLAGS: [Flag; 3] = [
    Flag { field: "displayable", configured: ShopSetting::GrantBrowsing, groups: ShopSetting::BrowsingGroups },
    Flag { field: "priceDisplayable", configured: ShopSetting::GrantPrices, groups: ShopSetting::PricesGroups },
    Flag { field: "addToCartAllowed", configured: ShopSetting::GrantCart, groups: ShopSetting::CartGroups },
];

impl Flag {
    fn is_granted(&self, settings: &Settings, view: &StoreView, group: u64, grant: Option<i64>) -> bool {
        match grant {
            Some(ALLOW) => true,
            Some(DENY) => false,
            _ => match settings.get(self.configured, view) {
                "1" => true,
                "2" => settings.get(self.groups, view).split(',').any(|id| id.trim().parse() == Ok(group)),
                _ => false,
            },
        }
    }
}

/// Whose item it is: the product or category, the website, the customer group.
type Key = (u64, u32, u64);

/// What a page's rows come to, by product or category, website and customer group.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    flags: BTreeMap<Key, [bool; 3]>,
}

impl Permissions {
    /// Adds a row of a product or category, as it is for one store view.
    pub(super) fn add(&mut self, settings: &Settings, view: &StoreView, id: u64, group: u64, grants: Grants) {
        if !settings.is_on(ShopSetting::Permissions, view) {
            return;
        }
        let flags = self.flags.entry((id, view.website_id, group)).or_default();
        for ((flag, grant), is_granted) in FLAGS.iter().zip(grants).zip(flags) {
            *is_granted |= flag.is_granted(settings, view, group, grant);
        }
    }

    /// The fields of each item but those that name the product or category.
    pub(super) fn items(&self, context: &Context) -> impl Iterator<Item = (u64, Fields)> {
        self.flags.iter().filter_map(|((id, website, group), flags)| {
            let view = context.scopes.store_views.iter().find(|view| view.website_id == *website)?;
            let mut fields = Fields::new();
            fields.insert("websiteCode".to_owned(), json!(view.website_code));
            fields.insert("customerGroupCode".to_owned(), json!(customer_group_code(*group)));
            fields.extend(FLAGS.iter().zip(flags).map(|(flag, is_granted)| (flag.field.to_owned(), json!(is_granted))));
            Some((*id, fields))
        })
    }
}

/// The index and, where it is divided by customer group, its parts: quoted names.
pub(super) async fn index_tables(
    snapshot: &mut Snapshot,
    context: &Context,
    index: &str,
) -> Result<Vec<String>, DatabaseError> {
    let sql = format!("SELECT customer_group_id FROM {}", context.table("customer_group"));
    let groups: BTreeSet<u64> = snapshot.rows(&sql).await?.into_iter().collect();
    let parts = groups.into_iter().map(|group| format!("{index}_{group}")).filter(|name| context.has_table(name));
    Ok(std::iter::once(index.to_owned()).chain(parts).map(|name| context.table(&name)).collect())
}

/// One query over all parts of an index.
pub(super) fn union(tables: &[String], select: impl Fn(&str) -> String) -> String {
    tables.iter().map(|table| select(table)).collect::<Vec<_>>().join(" UNION ALL ")
}
