//! The two scope feeds: websites with their stores and store views, and customer groups (feed map §8).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::super::Collected;
use super::context::Context;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::feeds::content::Fields;
use crate::feeds::item::Sha1Hash;

/// Which websites a customer group may not use; older versions of Commerce have no such table.
const EXCLUDED_WEBSITES: &str = "customer_group_excluded_website";

/// `scopesWebsite`: one item for each website. A website without stores, and a store without views, has `null` for them.
pub(super) async fn websites(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let ids = in_list(ids);
    let sql = format!(
        "SELECT website_id, code FROM {} WHERE website_id IN ({ids}) ORDER BY website_id",
        context.table("store_website")
    );
    let websites: Vec<(u64, Option<String>)> = snapshot.rows(&sql).await?;
    let sql = format!(
        "SELECT website_id, group_id, code FROM {} WHERE website_id IN ({ids}) ORDER BY group_id",
        context.table("store_group")
    );
    let groups: Vec<(u64, u64, Option<String>)> = snapshot.rows(&sql).await?;
    let sql = format!(
        "SELECT group_id, store_id, code FROM {} WHERE website_id IN ({ids}) ORDER BY store_id",
        context.table("store")
    );
    let views: Vec<(u64, u64, Option<String>)> = snapshot.rows(&sql).await?;

    let mut views_of: HashMap<u64, Vec<Value>> = HashMap::new();
    for (group, id, code) in views {
        let view = json!({"storeViewId": id.to_string(), "storeViewCode": code});
        views_of.entry(group).or_default().push(view);
    }
    let mut stores_of: HashMap<u64, Vec<Value>> = HashMap::new();
    for (website, id, code) in groups {
        let store_views = views_of.remove(&id);
        let store = json!({"storeId": id.to_string(), "storeCode": code, "storeViews": store_views});
        stores_of.entry(website).or_default().push(store);
    }
    let item = |(id, code): (u64, Option<String>)| {
        let stores = stores_of.remove(&id);
        let website = json!({"websiteId": id.to_string(), "websiteCode": code, "stores": stores});
        item(id, "website", website)
    };
    Ok(websites.into_iter().map(item).collect())
}

/// `scopesCustomerGroup`: one item for each customer group, with the websites it may use.
pub(super) async fn customer_groups(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let sql = format!(
        "SELECT website_id, code FROM {} WHERE website_id <> 0 ORDER BY website_id",
        context.table("store_website")
    );
    let websites: BTreeMap<u64, Option<String>> = snapshot.rows(&sql).await?.into_iter().collect();
    let excluded: HashSet<(u64, u64)> = if context.has_table(EXCLUDED_WEBSITES) {
        let sql = format!(
            "SELECT customer_group_id, website_id FROM {} WHERE customer_group_id IN ({})",
            context.table(EXCLUDED_WEBSITES),
            in_list(ids)
        );
        snapshot.rows(&sql).await?.into_iter().collect()
    } else {
        HashSet::new()
    };
    let item = |id: &u64| {
        let allowed = websites.iter().filter(|(website, _)| !excluded.contains(&(*id, **website)));
        let websites: Vec<Value> = allowed.map(|(_, code)| json!({"websiteCode": code})).collect();
        let group = json!({
            "customerGroupId": id.to_string(),
            "customerGroupCode": customer_group_code(*id),
            "websites": websites,
        });
        item(*id, "customerGroup", group)
    };
    Ok(ids.iter().map(item).collect())
}

/// How feeds name a customer group: the SHA-1 of its id, not its name.
pub(super) fn customer_group_code(id: u64) -> String {
    Sha1Hash(Sha1::digest(id.to_string()).into()).to_string()
}

fn item(source_id: u64, name: &str, value: Value) -> Collected {
    let fields: Fields = Map::from_iter([(name.to_owned(), value)]);
    Collected::Item { source_id: Some(source_id), content: fields.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_group_is_named_by_the_hash_of_its_id() {
        assert_eq!(customer_group_code(0), "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c");
        assert_eq!(customer_group_code(1), "356a192b7913b04c54574d18c28d46e6395428ab");
    }
}
