//! The two experimental feeds, by hand. sha1('0') = b658…, sha1('1') = 356a…, sha1('2') = da4b….

use commerce_connector::domain::Feed;
use serde_json::{Value, json};

use super::support::mariadb::Server;
use super::{PERMISSIONS, connect, read};

const GUESTS: &str = "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c";
const MEMBERS: &str = "356a192b7913b04c54574d18c28d46e6395428ab";
const RESELLERS: &str = "da4b9237bacccdf19c0760cab7aec4a8359010b0";

fn item(named: Value, website: &str, group: &str, [browsing, prices, cart]: [bool; 3]) -> Value {
    let mut item = json!({"websiteCode": website, "customerGroupCode": group, "displayable": browsing,
                          "priceDisplayable": prices, "addToCartAllowed": cart});
    let Value::Object(named) = named else { panic!("an object") };
    item.as_object_mut().expect("an object").extend(named);
    item
}

fn overrides() -> Value {
    let first = || json!({"sku": "A-1", "productId": 100});
    json!([
        // One store view of the website is enough.
        item(first(), "base", GUESTS, [true, false, false]),
        // As configured: everybody may look, members see prices, nobody has a cart.
        item(first(), "base", MEMBERS, [true, true, false]),
        item(first(), "eu", RESELLERS, [false, false, false]),
        // Guests see no prices, and the cart is the website's own setting.
        item(json!({"sku": "300", "productId": 102}), "eu", GUESTS, [true, false, true]),
    ])
}

fn of_categories() -> Value {
    let gear = || json!({"categoryId": "3"});
    let eu = || json!({"categoryId": "21"});
    json!([
        item(gear(), "base", GUESTS, [true, false, false]),
        item(gear(), "base", MEMBERS, [true, true, false]),
        item(eu(), "eu", GUESTS, [true, false, true]),
        item(eu(), "eu", RESELLERS, [false, false, false]),
    ])
}

#[tokio::test]
async fn of_products_and_categories() {
    let shop = Server::shared().shop_with(&[PERMISSIONS]);
    assert_eq!(read(&shop, Feed::ProductOverrides).await.json(), overrides());
    assert_eq!(read(&shop, Feed::CategoryPermissions).await.json(), of_categories());

    // An index that is divided by customer group, for guests.
    shop.execute(
        "CREATE TABLE magento_catalogpermissions_index_product_0 AS SELECT * FROM magento_catalogpermissions_index_product \
         WHERE customer_group_id = 0; DELETE FROM magento_catalogpermissions_index_product WHERE customer_group_id = 0",
    );
    assert_eq!(read(&shop, Feed::ProductOverrides).await.json(), overrides());

    shop.execute("UPDATE catalog_product_entity SET sku = ' ' WHERE entity_id = 100");
    let broken = read(&shop, Feed::ProductOverrides).await;
    assert_eq!(
        (broken.items.len(), broken.complaints()),
        (1, vec!["product 100: it has no SKU, which permissions need; set one in the Admin, or delete it".to_owned()])
    );

    // Switched off, also for one website only.
    let off = "INSERT INTO core_config_data (scope, scope_id, path, value) \
               VALUES ('websites', 2, 'catalog/magento_catalogpermissions/enabled', '0')";
    shop.execute(off);
    let left = read(&shop, Feed::CategoryPermissions).await;
    assert_eq!(left.json(), json!([of_categories()[0], of_categories()[1]]));
    shop.execute("UPDATE core_config_data SET value = '0' WHERE path = 'catalog/magento_catalogpermissions/enabled'");
    assert_eq!(read(&shop, Feed::CategoryPermissions).await.items, []);
}

#[tokio::test]
async fn staging_and_a_table_prefix_give_the_same() {
    let shop = Server::shared().staged_shop_with(&[PERMISSIONS]);
    assert_eq!(read(&shop, Feed::ProductOverrides).await.json(), overrides());
    assert_eq!(read(&shop, Feed::CategoryPermissions).await.json(), of_categories());
    assert_eq!(connect(&shop).await.count(Feed::ProductOverrides).await.expect("a count"), Some(3), "products");
}
