//! A shop that editors change at random: each edit with the change log written as Commerce's triggers would, or without a word, as
//! what PHP, the database's own cascades and full reindexes leave no log of.

use std::fmt::Write as _;

use fastrand::Rng;

use super::super::support::mariadb::{Server, TestDatabase};

const CHANGE_LOGS: &str = include_str!("../../../fixtures/change_logs.sql");

/// The first of the products that come and go; those of the fixtures are below.
const FIRST: u64 = 10_000;
/// How many of them there are.
const PRODUCTS: u64 = 30;
/// Further keys for each: a product that is made again gets another one.
const LIVES: u64 = 4;
/// Categories that come and go, from this key on.
const FIRST_CATEGORY: u64 = 500;
const CATEGORIES: u64 = 6;

/// What triggers watch: table, column of the key, log. Everything else has no log at all, as half of the tables that feeds read.
const WATCHED: [(&str, &str, &str); 9] = [
    ("catalog_product_entity", "entity_id", "cde_products_feed_cl"),
    ("catalog_product_entity_varchar", "entity_id", "cde_products_feed_cl"),
    ("catalog_product_entity_int", "entity_id", "cde_products_feed_cl"),
    ("catalog_product_website", "product_id", "cde_products_feed_cl"),
    ("catalog_category_entity", "entity_id", "cde_categories_feed_cl"),
    ("catalog_category_entity_varchar", "entity_id", "cde_categories_feed_cl"),
    ("customer_group", "customer_group_id", "scopes_customergroup_data_exporter_cl"),
    ("eav_attribute", "attribute_id", "cde_product_attributes_feed_cl"),
    ("store_website", "website_id", "scopes_website_data_exporter_cl"),
];

/// The tables that hold rows of a product, with the column of its key.
const OF_PRODUCT: [(&str, &str); 8] = [
    ("catalog_product_website", "product_id"),
    ("catalog_product_entity_varchar", "entity_id"),
    ("catalog_product_entity_int", "entity_id"),
    ("catalog_product_entity_decimal", "entity_id"),
    ("catalog_product_entity_tier_price", "entity_id"),
    ("catalog_product_super_link", "product_id"),
    ("catalog_product_relation", "child_id"),
    ("catalog_product_entity", "entity_id"),
];

/// Tables that a full reindex fills beside and renames in.
const SWAPPED: [&str; 4] = [
    "catalog_category_product_index_store1",
    "url_rewrite",
    "cataloginventory_stock_status",
    "catalog_product_entity_tier_price",
];

pub struct StressedShop {
    pub database: TestDatabase,
}

impl StressedShop {
    pub fn new(server: &'static Server) -> Self {
        let database = server.price_shop();
        let mut sql = String::from(CHANGE_LOGS);
        // What has no name could not be sent, whatever happens.
        sql.push_str(
            "INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value)
                 SELECT 61, 0, e.entity_id, CONCAT('product ', e.entity_id) FROM catalog_product_entity e WHERE NOT EXISTS
                 (SELECT 1 FROM catalog_product_entity_varchar v WHERE v.entity_id = e.entity_id AND v.attribute_id = 61 AND v.store_id = 0);
             INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (5, 0, 8, 'here');",
        );
        let mut number = 0;
        for (table, key, log) in WATCHED {
            for (event, row) in [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")] {
                number += 1;
                let _ = writeln!(
                    sql,
                    "CREATE TRIGGER stress_{number} AFTER {event} ON {table} FOR EACH ROW
                     INSERT INTO {log} (entity_id) SELECT {row}.{key} FROM DUAL WHERE @unlogged IS NULL;"
                );
            }
        }
        for number in 0..PRODUCTS {
            sql.push_str(&appear(FIRST + number, number, "as it began"));
        }
        database.execute(&sql);
        Self { database }
    }

    /// Changes a few things in one transaction; half of the transactions leave no log. How many.
    pub fn edit(&self, random: &mut Rng) -> u64 {
        let edits = random.u64(1..=5);
        let mut sql = String::new();
        if random.bool() {
            sql.push_str("SET @unlogged = 1;\n");
        }
        sql.push_str("START TRANSACTION;\n");
        for _ in 0..edits {
            sql.push_str(&an_edit(random));
            sql.push('\n');
        }
        sql.push_str("COMMIT;\n");
        if random.u8(..8) == 0 {
            sql.push_str(&swap(random));
        }
        self.database.execute(&sql);
        edits
    }
}

fn appear(key: u64, number: u64, name: &str) -> String {
    format!(
        "INSERT IGNORE INTO catalog_product_entity (entity_id, sku) SELECT {key}, 'STRESS-{number}' FROM DUAL
             WHERE NOT EXISTS (SELECT 1 FROM (SELECT sku FROM catalog_product_entity) e WHERE sku = 'STRESS-{number}');
         INSERT IGNORE INTO catalog_product_website SELECT entity_id, 2 FROM catalog_product_entity WHERE sku = 'STRESS-{number}';
         INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value)
             SELECT 61, 0, e.entity_id, '{name}' FROM catalog_product_entity e WHERE e.sku = 'STRESS-{number}' AND NOT EXISTS
             (SELECT 1 FROM catalog_product_entity_varchar v WHERE v.entity_id = e.entity_id AND v.attribute_id = 61 AND v.store_id = 0);
         INSERT INTO catalog_product_entity_decimal (attribute_id, store_id, entity_id, value)
             SELECT 62, 0, e.entity_id, 5 FROM catalog_product_entity e WHERE e.sku = 'STRESS-{number}' AND NOT EXISTS
             (SELECT 1 FROM catalog_product_entity_decimal v WHERE v.entity_id = e.entity_id AND v.attribute_id = 62);"
    )
}

/// Takes a record with these keys away, as a cascade does.
fn vanish(keys: &str) -> String {
    OF_PRODUCT.iter().fold(String::new(), |mut sql, (table, column)| {
        let _ = writeln!(sql, "DELETE FROM {table} WHERE {column} IN ({keys});");
        sql
    })
}

fn an_edit(random: &mut Rng) -> String {
    let number = random.u64(..PRODUCTS);
    // Few values: an edit often takes another one back, which a wrong ledger would take for nothing to do.
    let value = random.u8(..4);
    let sku = format!("STRESS-{number}");
    let key = FIRST + PRODUCTS * random.u64(..LIVES) + number;
    let lives: Vec<String> = (0..LIVES).map(|life| (FIRST + PRODUCTS * life + number).to_string()).collect();
    let of = format!(
        "(SELECT e.entity_id FROM (SELECT entity_id, sku FROM catalog_product_entity) e WHERE e.sku = '{sku}')"
    );
    let category = FIRST_CATEGORY + random.u64(..CATEGORIES);
    let fixture_category = [3, 4, 5, 6, 8][random.usize(..5)];
    match random.u8(..27) {
        0..4 => format!(
            "UPDATE catalog_product_entity_varchar SET value = 'name {value}' WHERE attribute_id = 61 AND store_id = 0 AND entity_id IN {of};"
        ),
        4 => vanish(&lives.join(",")),
        5 => appear(key, number, &format!("name {value}")),
        // Made again under another key.
        6 => vanish(&lives.join(",")) + &appear(key, number, &format!("name {value}")),
        // Two records swap what they are called.
        7 => {
            let other = random.u64(..PRODUCTS);
            format!(
                "UPDATE catalog_product_entity SET sku = 'swapping' WHERE sku = '{sku}';
                 UPDATE catalog_product_entity SET sku = '{sku}' WHERE sku = 'STRESS-{other}';
                 UPDATE catalog_product_entity SET sku = 'STRESS-{other}' WHERE sku = 'swapping';"
            )
        }
        8 => format!("DELETE FROM catalog_product_website WHERE website_id = {} AND product_id IN {of};", 1 + value % 2),
        9 => format!("INSERT IGNORE INTO catalog_product_website SELECT entity_id, {} FROM catalog_product_entity WHERE sku = '{sku}';", 1 + value % 2),
        10 => format!("UPDATE catalog_product_entity_decimal SET value = {value} WHERE attribute_id = 62 AND entity_id IN {of};"),
        11 => format!(
            "DELETE FROM catalog_product_entity_tier_price WHERE entity_id IN {of};
             INSERT INTO catalog_product_entity_tier_price (entity_id, all_groups, customer_group_id, qty, value, website_id)
             SELECT entity_id, 0, {}, 5, {value}, 0 FROM catalog_product_entity WHERE sku = '{sku}';",
            value % 3
        ),
        12 => format!(
            "INSERT INTO catalog_product_entity_int (attribute_id, store_id, entity_id, value)
             SELECT 63, 0, entity_id, {} FROM catalog_product_entity WHERE sku = '{sku}';",
            5 + value % 2
        ),
        13 => format!(
            "UPDATE catalog_category_entity_varchar SET value = 'category {value}' WHERE attribute_id = 1 AND entity_id = {fixture_category};"
        ),
        // Moves a category and all below it; never two to one path.
        14 => format!(
            "UPDATE catalog_category_entity_varchar SET value = 'path-{fixture_category}-{value}'
             WHERE attribute_id = 5 AND store_id = 0 AND entity_id = {fixture_category};"
        ),
        15 => format!(
            "INSERT IGNORE INTO catalog_category_entity VALUES
                 ({category}, 3, '2026-01-01', '2026-01-01', '1/2/3/{category}', 9, 3);
             DELETE FROM catalog_category_entity_varchar WHERE entity_id = {category};
             INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value)
             VALUES (1, 0, {category}, 'made {value}'), (5, 0, {category}, 'made-{category}-{}');",
            value % 2
        ),
        16 => format!(
            "DELETE FROM catalog_category_entity_varchar WHERE entity_id = {category};
             DELETE FROM catalog_category_product_index_store1 WHERE category_id = {category};
             DELETE FROM catalog_category_entity WHERE entity_id = {category};"
        ),
        17 => format!(
            "DELETE FROM catalog_category_product_index_store1 WHERE product_id IN {of};
             INSERT INTO catalog_category_product_index_store1 SELECT {fixture_category}, entity_id, {value} FROM catalog_product_entity WHERE sku = '{sku}';"
        ),
        18 => format!("UPDATE eav_attribute_option_value SET value = 'option {value}' WHERE option_id = {} AND store_id = 0;", 5 + value % 2),
        19 => format!("UPDATE eav_attribute SET frontend_label = 'Label {value}' WHERE attribute_id = {};", 61 + value % 3),
        20 => format!("UPDATE customer_group SET customer_group_code = 'Group {value}' WHERE customer_group_id = 2;"),
        21 if value.is_multiple_of(2) => "INSERT IGNORE INTO customer_group (customer_group_id, customer_group_code) VALUES (7, 'Seventh');".to_owned(),
        21 => "DELETE FROM customer_group WHERE customer_group_id = 7;".to_owned(),
        22 => format!(
            "UPDATE core_config_data SET value = 'https://eu-{value}.example/' WHERE scope = 'websites' AND path = 'web/unsecure/base_url';"
        ),
        23 => format!("UPDATE tax_class SET class_name = 'Class {value}' WHERE class_id = 2;"),
        24 => format!("UPDATE url_rewrite SET request_path = 'bag-{value}.html' WHERE url_rewrite_id = 2;"),
        // A child comes to a parent, or leaves it.
        25 if value.is_multiple_of(2) => format!(
            "INSERT INTO catalog_product_super_link SELECT entity_id, 203 FROM catalog_product_entity e WHERE sku = '{sku}'
                 AND NOT EXISTS (SELECT 1 FROM catalog_product_super_link l WHERE l.product_id = e.entity_id);
             INSERT INTO catalog_product_relation SELECT 203, entity_id FROM catalog_product_entity e WHERE sku = '{sku}'
                 AND NOT EXISTS (SELECT 1 FROM catalog_product_relation l WHERE l.child_id = e.entity_id);"
        ),
        25 => format!(
            "DELETE FROM catalog_product_super_link WHERE product_id IN {of}; DELETE FROM catalog_product_relation WHERE child_id IN {of};"
        ),
        _ => format!("UPDATE store SET code = 'view_{value}' WHERE store_id = 4;"),
    }
}

/// What a full reindex does: a table is filled beside, changed, and renamed in; its triggers, if it had any, are gone.
fn swap(random: &mut Rng) -> String {
    let table = SWAPPED[random.usize(..SWAPPED.len())];
    let change = match table {
        "url_rewrite" => {
            format!("UPDATE beside SET request_path = 'swapped-{}.html' WHERE url_rewrite_id = 1", random.u8(..4))
        }
        "cataloginventory_stock_status" => format!("UPDATE beside SET qty = {} WHERE product_id = 200", random.u8(..9)),
        "catalog_product_entity_tier_price" => {
            format!("UPDATE beside SET value = {} WHERE entity_id = 200", random.u8(1..9))
        }
        _ => format!("UPDATE beside SET position = {}", random.u8(..4)),
    };
    format!(
        "DROP TABLE IF EXISTS beside, old_one; CREATE TABLE beside LIKE {table}; INSERT INTO beside SELECT * FROM {table}; {change};
         RENAME TABLE {table} TO old_one, beside TO {table}; DROP TABLE old_one;"
    )
}
