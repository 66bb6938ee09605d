//! Commerce's own triggers, on a part of the Luma fixture: an insert, an update and a delete in every table that they watch.

use commerce_connector::domain::Feed;
use commerce_connector::export::SyncMode;
use commerce_connector::export::progress::FeedProgress;
use serde_json::json;

use super::kit::{Sent, Shop};
use super::support::mariadb::{Server, TestDatabase};

/// The products that stay, with one that is downloadable: some of every kind, few enough to be compared again and again.
const KEPT_PRODUCTS: u64 = 80;

/// What changes, and the items that must be sent for it: those of these products, of these categories, and so on.
struct Case {
    sql: String,
    items: Items,
}

/// Items by where they come from, as a query of their own finds them.
enum Items {
    None,
    /// Every store view of these products.
    Products(&'static [u64]),
    /// Every store view of these categories.
    Categories(&'static [u64]),
    /// Every store view of this attribute.
    Attribute(&'static str),
    Websites(&'static [&'static str]),
    /// By id.
    Group(u64),
}

pub fn small_luma() -> Option<TestDatabase> {
    small_luma_on(Server::shared())
}

pub fn small_luma_on(server: &'static Server) -> Option<TestDatabase> {
    server.luma_with_triggers(&format!(
        "DELETE FROM catalog_product_entity WHERE entity_id > {KEPT_PRODUCTS} AND entity_id <> 2041; \
         DELETE FROM sales_order; UPDATE mview_state SET version_id = 0"
    ))
}

fn expected(database: &TestDatabase, items: &Items, deleted: bool) -> Sent {
    let named = |feed: Feed, sql: String| -> Sent {
        database.query(&sql).iter().map(|row| (feed, json!(row).to_string(), deleted)).collect()
    };
    let list = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    match items {
        Items::None => Sent::new(),
        Items::Products(ids) => named(
            Feed::Products,
            format!(
                "SELECT e.sku, s.code FROM catalog_product_entity e JOIN catalog_product_website w ON w.product_id = e.entity_id \
                 JOIN store s ON s.website_id = w.website_id AND s.store_id > 0 WHERE e.entity_id IN ({})",
                list(ids)
            ),
        ),
        Items::Categories(ids) => named(
            Feed::Categories,
            format!(
                "SELECT c.entity_id, s.code FROM catalog_category_entity c JOIN store s ON s.store_id > 0 \
                 JOIN store_group g USING (group_id) WHERE FIND_IN_SET(g.root_category_id, REPLACE(c.path, '/', ',')) \
                 AND c.entity_id IN ({})",
                list(ids)
            ),
        ),
        Items::Attribute(code) => {
            named(Feed::ProductAttributes, format!("SELECT '{code}', code FROM store WHERE store_id > 0"))
        }
        Items::Websites(codes) => {
            codes.iter().map(|code| (Feed::ScopesWebsite, json!([code]).to_string(), deleted)).collect()
        }
        Items::Group(id) => named(Feed::ScopesCustomerGroup, format!("SELECT '{id}'")),
    }
}

/// Each case, one after another: a pass sends what it must, and the next pass nothing.
async fn play(shop: &Shop, cases: Vec<Case>) {
    for Case { sql, items } in cases {
        shop.database.execute(&sql);
        let wanted = expected(&shop.database, &items, false);
        assert_eq!(shop.pass().await, wanted, "{sql}");
    }
    assert_eq!(shop.pass().await, Sent::new());
    // Nothing was missed: a full compare finds nothing that the logs did not tell.
    let ended = shop.run_well(SyncMode::Full).await;
    let left: u64 = ended.report().progress.feeds.iter().map(FeedProgress::to_send).sum();
    assert_eq!(left, 0, "{ended:?}");
}

fn case(sql: impl Into<String>, items: Items) -> Case {
    Case { sql: sql.into(), items }
}

/// A value table of products, an attribute that is kept there, and two values of it.
const VALUES: [(&str, &str, [&str; 2]); 5] = [
    ("catalog_product_entity_varchar", "meta_title", ["'One'", "'Two'"]),
    ("catalog_product_entity_text", "meta_keyword", ["'One'", "'Two'"]),
    ("catalog_product_entity_datetime", "news_from_date", ["'2026-01-02'", "'2026-01-03'"]),
    ("catalog_product_entity_decimal", "weight", ["11", "12"]),
    ("catalog_product_entity_int", "status", ["2", "1"]),
];

/// Product 1's rows of an attribute: SQL.
fn which(code: &str) -> String {
    format!("attribute_id = {} AND entity_id = 1", attribute(code, 4))
}

fn attribute(code: &str, entity_type: u64) -> String {
    format!(
        "(SELECT attribute_id FROM eav_attribute WHERE attribute_code = '{code}' AND entity_type_id = {entity_type})"
    )
}

/// One attribute of each type of value of product 1, which is part of nothing; there must be none of them.
fn value_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (table, code, values) in VALUES {
        let which = which(code);
        let insert = format!(
            "INSERT INTO {table} (attribute_id, store_id, entity_id, value) VALUES ({}, 0, 1, {})",
            attribute(code, 4),
            values[0]
        );
        // Without a status a product is disabled; value 2 says the same.
        let is_seen = code != "status";
        cases.push(case(insert, if is_seen { Items::Products(&[1]) } else { Items::None }));
        cases.push(case(format!("UPDATE {table} SET value = {} WHERE {which}", values[1]), Items::Products(&[1])));
        cases.push(case(format!("UPDATE {table} SET value = {} WHERE {which}", values[1]), Items::None));
        cases.push(case(format!("DELETE FROM {table} WHERE {which}"), Items::Products(&[1])));
    }
    cases
}

/// A product that comes, and what belongs to it.
fn product_cases() -> Vec<Case> {
    vec![
        case("INSERT INTO catalog_product_entity (entity_id, sku) VALUES (9001, 'NEW')", Items::None),
        case(
            "INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value) \
              SELECT attribute_id, 0, 9001, 'New' FROM eav_attribute WHERE attribute_code = 'name' AND entity_type_id = 4",
            Items::None,
        ),
        case("INSERT INTO catalog_product_website VALUES (9001, 1)", Items::Products(&[9001])),
        case("UPDATE catalog_product_entity SET type_id = 'virtual' WHERE entity_id = 9001", Items::Products(&[9001])),
        case("INSERT INTO catalog_product_relation (parent_id, child_id) VALUES (9001, 1)", Items::Products(&[1])),
        case("DELETE FROM catalog_product_relation WHERE parent_id = 9001", Items::Products(&[1])),
    ]
}

/// Every statement that the products' cases play.
pub fn statements() -> impl Iterator<Item = String> {
    value_cases().into_iter().chain(product_cases()).map(|case| case.sql)
}

#[tokio::test]
async fn what_happens_to_products_reaches_the_gateway() {
    let Some(database) = small_luma() else { return };
    let shop = Shop::new(database, &[Feed::Products]).await;
    shop.run_well(SyncMode::Full).await;
    for (table, code, _) in VALUES {
        shop.database.execute(&format!("DELETE FROM {table} WHERE {}", which(code)));
        shop.pass().await;
    }
    play(&shop, value_cases()).await;
    play(&shop, product_cases()).await;
    let before = expected(&shop.database, &Items::Products(&[9001]), true);
    assert!(!before.is_empty());
    shop.database.execute("DELETE FROM catalog_product_website WHERE product_id = 9001");
    assert_eq!(shop.pass().await, before);
    shop.database.execute("DELETE FROM catalog_product_entity WHERE entity_id = 9001");
    assert_eq!(shop.pass().await, Sent::new(), "its items are gone already");
}

#[tokio::test]
async fn what_happens_to_categories_attributes_and_scopes_reaches_the_gateway() {
    let Some(database) = small_luma() else { return };
    let feeds = [Feed::ScopesWebsite, Feed::ScopesCustomerGroup, Feed::ProductAttributes, Feed::Categories];
    let shop = Shop::new(database, &feeds).await;
    shop.run_well(SyncMode::Full).await;
    let value = |table: &str, code: &str, value: &str| {
        let attribute = attribute(code, 3);
        let table = format!("catalog_category_entity_{table}");
        shop.database.execute(&format!("DELETE FROM {table} WHERE attribute_id = {attribute} AND entity_id = 3"));
        let insert = format!(
            "INSERT INTO {table} (attribute_id, store_id, entity_id, value) VALUES ({attribute}, 0, 3, {value})"
        );
        let delete = format!("DELETE FROM {table} WHERE attribute_id = {attribute} AND entity_id = 3");
        [case(insert, Items::Categories(&[3])), case(delete, Items::Categories(&[3]))]
    };
    let mut cases = Vec::new();
    cases.extend(value("varchar", "meta_title", "'One'"));
    cases.extend(value("text", "description", "'One'"));
    shop.pass().await;
    cases.extend([
        // The parent shows its children in this order.
        case("UPDATE catalog_category_entity SET position = 77 WHERE entity_id = 3", Items::Categories(&[2, 3])),
        case("UPDATE catalog_category_entity SET updated_at = '2020-01-01' WHERE entity_id = 3", Items::None),
        case("UPDATE eav_attribute SET is_required = 1 WHERE attribute_code = 'color'", Items::Attribute("color")),
        case("UPDATE catalog_eav_attribute SET search_weight = 9 WHERE attribute_id = (SELECT attribute_id FROM eav_attribute \
              WHERE attribute_code = 'color')", Items::Attribute("color")),
        case("INSERT INTO customer_group (customer_group_id, customer_group_code, tax_class_id) VALUES (99, 'New', 3)",
             Items::Group(99)),
        case("UPDATE customer_group SET tax_class_id = 2 WHERE customer_group_id = 99", Items::None),
    ]);
    for Case { sql, items } in cases {
        shop.database.execute(&sql);
        let wanted = expected(&shop.database, &items, false);
        let sent = shop.pass().await;
        assert_eq!(sent, wanted, "{sql}");
    }
    let gone = expected(&shop.database, &Items::Group(99), true);
    shop.database.execute("DELETE FROM customer_group WHERE customer_group_id = 99");
    assert_eq!(shop.pass().await, gone);
    // The code of a store is in its website's item, which the log names, and in every item of its store views.
    shop.database.execute("UPDATE store_group SET code = 'renamed' WHERE website_id = 1");
    let website = expected(&shop.database, &Items::Websites(&["1"]), false);
    let (sent, notes) = shop.pass_with_notes().await;
    assert!(website.is_subset(&sent) && sent.len() > website.len(), "{sent:?}");
    assert_eq!(notes, ["compared in full, because store_group changed, which affects many items"; 2]);
    assert_eq!(shop.pass().await, Sent::new());
}
