//! Websites, stores and store views, and the scope triple of an item (feed map §1).

use serde_json::Value;

use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::feeds::content::Fields;

/// A store view, with the codes of everything above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreView {
    /// `store.store_id`
    pub id: u32,
    /// `store.code`: the item's `storeViewCode`.
    pub code: String,
    /// `store.group_id`
    pub group_id: u32,
    /// `store_group.code`: the item's `storeCode`.
    pub group_code: String,
    /// `store_group.root_category_id`
    pub root_category_id: u64,
    /// `store.website_id`
    pub website_id: u32,
    /// `store_website.code`: the item's `websiteCode`.
    pub website_code: String,
}

/// The same in the query's order.
type StoreViewRow = (u32, Option<String>, u32, Option<String>, u64, u32, Option<String>);

impl StoreView {
    /// Puts the scope triple on an item. A code that the shop left NULL stays null, so that an item which lacks it is
    /// reported, not sent.
    pub(super) fn put_codes(&self, fields: &mut Fields) {
        let codes =
            [("storeViewCode", &self.code), ("storeCode", &self.group_code), ("websiteCode", &self.website_code)];
        for (name, code) in codes {
            let value = if code.is_empty() { Value::Null } else { Value::from(code.as_str()) };
            fields.insert(name.to_owned(), value);
        }
    }
}

/// Every store view but the admin's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scopes {
    /// By id.
    pub store_views: Vec<StoreView>,
}

impl Scopes {
    pub(super) async fn load(database: &Database, snapshot: &mut Snapshot) -> Result<Self, DatabaseError> {
        let sql = format!(
            "SELECT s.store_id, s.code, g.group_id, g.code, g.root_category_id, w.website_id, w.code \
             FROM {store} s JOIN {group} g ON g.group_id = s.group_id JOIN {website} w ON w.website_id = s.website_id \
             WHERE s.store_id <> 0 ORDER BY s.store_id",
            store = database.table("store"),
            group = database.table("store_group"),
            website = database.table("store_website"),
        );
        let rows: Vec<StoreViewRow> = snapshot.rows(&sql).await?;
        let store_views = rows
            .into_iter()
            .map(|(id, code, group_id, group_code, root_category_id, website_id, website_code)| StoreView {
                id,
                code: code.unwrap_or_default(),
                group_id,
                group_code: group_code.unwrap_or_default(),
                root_category_id,
                website_id,
                website_code: website_code.unwrap_or_default(),
            })
            .collect();
        Ok(Self { store_views })
    }
}
