//! A shop in a database whose products are edited at random, with a change log that triggers write, as Commerce's do; and what a
//! gateway must have of it in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fastrand::Rng;
use serde_json::json;

use super::mariadb::{Server, TestDatabase};

const CHANGE_LOGS: &str = include_str!("../fixtures/change_logs.sql");

/// The first product that edits touch; below it are those of the fixtures.
const FIRST: u64 = 10_000;

/// Triggers on what the edits change: the product, its website, its values.
const TRIGGERS: &str = "
CREATE TRIGGER edited_i AFTER INSERT ON catalog_product_entity FOR EACH ROW
  INSERT INTO cde_products_feed_cl (entity_id) VALUES (NEW.entity_id);
CREATE TRIGGER edited_d AFTER DELETE ON catalog_product_entity FOR EACH ROW
  INSERT INTO cde_products_feed_cl (entity_id) VALUES (OLD.entity_id);
CREATE TRIGGER edited_wi AFTER INSERT ON catalog_product_website FOR EACH ROW
  INSERT INTO cde_products_feed_cl (entity_id) VALUES (NEW.product_id);
CREATE TRIGGER edited_wd AFTER DELETE ON catalog_product_website FOR EACH ROW
  INSERT INTO cde_products_feed_cl (entity_id) VALUES (OLD.product_id);
CREATE TRIGGER edited_vi AFTER INSERT ON catalog_product_entity_varchar FOR EACH ROW
  INSERT INTO cde_products_feed_cl (entity_id) VALUES (NEW.entity_id);
CREATE TRIGGER edited_vu AFTER UPDATE ON catalog_product_entity_varchar FOR EACH ROW
  INSERT INTO cde_products_feed_cl (entity_id) VALUES (NEW.entity_id);
";

/// The shop. Every edited product is in the second website, which has one store view: a product is one item.
pub struct EditedShop {
    pub database: TestDatabase,
    products: u64,
}

impl EditedShop {
    /// A shop with so many products, none of which was edited yet.
    pub fn new(server: &'static Server, products: u64) -> Self {
        let shop = Self { database: server.product_shop(), products };
        let mut sql = String::from(CHANGE_LOGS);
        // The fixture's own products are of every kind; here only the edited ones count.
        sql.push_str("DELETE FROM catalog_product_website; DELETE FROM catalog_product_entity;");
        sql.push_str(TRIGGERS);
        for number in 0..products {
            sql.push_str(&Self::appear(number, "as it began"));
        }
        shop.database.execute(&sql);
        shop.database.watch_idly();
        shop
    }

    /// Changes, removes and adds a few products, in one transaction.
    pub fn edit(&self, random: &mut Rng) -> usize {
        let edits = random.usize(1..=10);
        let mut sql = String::from("START TRANSACTION;");
        for _ in 0..edits {
            let number = random.u64(..self.products);
            // Few names: an edit often brings back what was there before, which a wrong ledger would take for nothing to do.
            let name = format!("name {}", random.u8(..4));
            match random.u8(..10) {
                0 => sql.push_str(&Self::vanish(number)),
                1 => sql.push_str(&(Self::vanish(number) + &Self::appear(number, &name))),
                _ => {
                    let _ = write!(
                        sql,
                        "UPDATE catalog_product_entity_varchar SET value = '{name}' WHERE attribute_id = 61 AND entity_id = {};",
                        FIRST + number
                    );
                }
            }
        }
        sql.push_str("COMMIT");
        self.database.execute(&sql);
        edits
    }

    /// What is there: the gateway's key of each item, and its name.
    pub fn state(&self) -> BTreeMap<String, String> {
        let rows = self.database.query(
            "SELECT e.sku, v.value FROM catalog_product_entity e JOIN catalog_product_entity_varchar v \
             ON v.entity_id = e.entity_id AND v.attribute_id = 61 AND v.store_id = 0",
        );
        rows.into_iter().map(|row| (json!([row[0], "eu_en"]).to_string(), row[1].clone())).collect()
    }

    fn appear(number: u64, name: &str) -> String {
        let id = FIRST + number;
        format!(
            "INSERT INTO catalog_product_entity (entity_id, sku) VALUES ({id}, 'EDITED-{number}');
             INSERT INTO catalog_product_website VALUES ({id}, 2);
             INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (61, 0, {id}, '{name}');"
        )
    }

    fn vanish(number: u64) -> String {
        let id = FIRST + number;
        format!(
            "DELETE FROM catalog_product_website WHERE product_id = {id};
             DELETE FROM catalog_product_entity_varchar WHERE entity_id = {id};
             DELETE FROM catalog_product_entity WHERE entity_id = {id};"
        )
    }
}
