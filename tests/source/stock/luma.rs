//! The Luma fixture, where it is there, against queries that know nothing of the program, and some items by hand.

use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::domain::Feed;
use commerce_connector::feeds::source::Selection;
use serde_json::{Value, json};

use super::support::mariadb::{Server, TestDatabase};
use super::{Read, connect, deliver, ids, read, read_from};

/// Stock, SKU, quantity and quantity for sale with four digits, salable, infinite.
type Level = (String, String, String, String, bool, bool);

fn with_four_digits(value: &Value) -> String {
    format!("{:.4}", value.as_f64().expect("a number"))
}

#[tokio::test]
async fn stock_status() {
    let Some(shop) = Server::shared().luma() else { return };
    let all = read(&shop, Feed::InventoryStockStatus).await;
    assert_eq!((all.complaints(), all.records, all.items.len()), (vec![], 2046, 2044 + 1720));
    let found: BTreeSet<Level> = all
        .items
        .iter()
        .map(|(_, item)| {
            let text = |name: &str| item[name].as_str().expect("a text").to_owned();
            let is = |name: &str| item[name].as_bool().expect("yes or no");
            let (qty, for_sale) = (with_four_digits(&item["qty"]), with_four_digits(&item["qtyForSale"]));
            (text("stockId"), text("sku"), qty, for_sale, is("isSalable"), is("infiniteStock"))
        })
        .collect();
    // The shop manages its stock, and allows no backorders.
    let infinite = "IFNULL(IF(i.use_config_manage_stock, 0, NOT i.manage_stock) \
                    OR (NOT i.use_config_backorders AND NOT i.use_config_min_qty AND i.backorders AND i.min_qty = 0), 0)";
    let level = |stock: u8, quantity: &str, salable: &str, from: &str| {
        format!(
            "SELECT {stock}, p.sku, {quantity}, {quantity} + IFNULL((SELECT SUM(r.quantity) \
             FROM inventory_reservation r WHERE r.stock_id = {stock} AND r.sku = p.sku), 0), {salable}, {infinite} \
             FROM catalog_product_entity p LEFT JOIN cataloginventory_stock_item i ON i.product_id = p.entity_id {from}"
        )
    };
    let of_default = "JOIN cataloginventory_stock_status s ON s.product_id = p.entity_id \
                      WHERE EXISTS (SELECT 1 FROM inventory_source_item o WHERE o.source_code = 'default' AND o.sku = p.sku)";
    let mut rows = shop.query(&level(1, "s.qty", "s.stock_status", of_default));
    rows.extend(shop.query(&level(2, "s.quantity", "s.is_salable", "JOIN inventory_stock_2 s ON s.sku = p.sku")));
    let expected: BTreeSet<Level> = rows
        .into_iter()
        .map(|row| match <[String; 6]>::try_from(row).expect("six columns") {
            [stock, sku, quantity, for_sale, salable, infinite] => {
                (stock, sku, quantity, for_sale, salable == "1", infinite == "1")
            }
        })
        .collect();
    assert_eq!(found.len(), 3764);
    assert_eq!(found, expected);

    let item = |stock: &str, sku: &str| {
        let mut found = all.items.iter().filter(|(_, item)| item["stockId"] == stock && item["sku"] == sku);
        found.next().map(|(_, item)| Value::Object(item.clone()))
    };
    assert_eq!(
        item("2", "24-MB02"),
        Some(
            json!({"stockId": "2", "sku": "24-MB02", "productId": 6, "qty": 42.0, "qtyForSale": 37.0, "isSalable": true,
                    "infiniteStock": false})
        )
    );
    assert_eq!(item("1", "24-WB04").expect("an item")["infiniteStock"], true, "not managed");
    assert_eq!(item("1", "24-WB07").expect("an item")["infiniteStock"], false, "backorders, but a configured minimum");
    assert_eq!(
        item("1", "24-UG06").expect("an item")["infiniteStock"],
        false,
        "a minimum of its own, but no backorders"
    );
    assert_eq!((item("1", "24-WG080"), item("1", "24-WG085_Group")), (None, None), "no row of the default source");
}

fn second_order() -> Value {
    let address = json!({
        "phone": "(555) 229-3326", "region": "Michigan", "postcode": "49628-7978", "street": "6146 Honey Bluff Parkway",
        "multiLineStreet": ["6146 Honey Bluff Parkway"], "city": "Calder", "country": "US", "firstname": "Veronica",
        "lastname": "Costello",
    });
    let line = json!({"id": "becef397-a77b-4ddc-8d73-4b079a89e8ea"});
    let tax = json!([{"taxName": "US-MI-*-Rate 1", "taxType": "product", "taxAmount": 2.64}]);
    json!({
        "orderId": {"id": "18899d7d-59a5-4b5a-80df-f9fca8604ece"}, "commerceOrderId": "2", "commerceOrderNumber": "000000002",
        "externalId": {"id": "2", "salesChannel": "magento"}, "createdAt": "2023-07-14T17:15:27+00:00",
        "updatedAt": "2024-06-01T00:00:00+00:00", "state": 5, "status": "closed", "totalInvoiced": 39.64, "totalQtyOrdered": 1.0,
        "isVirtual": false, "subtotal": 32.0, "grandTotal": 39.64, "discountAmount": 0.0, "currency": "USD", "storeId": 1,
        "storeViewCode": "default", "storeCode": "main_website_store", "websiteCode": "base", "customerId": 1,
        "customerEmail": "roni_cost@example.com",
        "amountPaid": 39.64, "amountRefunded": 39.64,
        "additionalInformation": [{"name": "method_title", "value": "Check / Money order"}],
        "payment": {"paymentMethodCode": "checkmo", "paymentMethodName": "Check / Money order", "totalAmount": 32.0, "taxAmount": 2.64,
                    "currency": "USD", "billingAddress": address},
        "shipping": {"shippingMethodCode": "flatrate_flatrate", "shippingMethodName": "Flat Rate - Fixed", "shippingAmount": 5.0,
                     "shippingTax": 0.0, "shippingAddress": address},
        "invoices": [{
            "entityId": "2", "grandTotal": 39.64, "createdAt": "2023-07-14T17:15:27+00:00",
            "commerceInvoiceNumber": "000000002", "invoiceItems": [{"orderItemId": line, "qtyInvoiced": 1.0}],
        }],
        "shipments": [{
            "shipmentId": {"id": "c00b4c28-45a1-417a-8bb2-3348abfddd76"}, "createdAt": "2023-07-14T17:15:27+00:00",
            "updatedAt": "2023-07-14T17:15:27+00:00", "commerceShipmentNumber": "000000002", "trackingInfo": null,
            "items": [{"orderItemId": line, "qtyShipped": 1.0}],
        }],
        "creditMemos": [{
            "creditMemoId": {"id": "UUID"}, "entityId": "1", "state": 2, "createdAt": "2023-07-14T17:15:28+00:00",
            "creditMemoComments": null, "shippingAmount": 5.0, "shippingTaxAmount": 0.0, "adjustment": 0.0, "currency": "USD",
            "refundTaxes": tax, "subtotal": 32.0, "productsTaxAmount": 2.64, "grandTotal": 39.64,
            "commerceCreditMemoNumber": "000000001",
            // The fixture's tax items name no ordered line.
            "refundItems": [{"orderItemId": line, "qtyRefunded": 1.0, "basePrice": 32.0, "baseRowTotal": 32.0, "productTaxes": null}],
        }],
        "transactions": null,
    })
}

/// How long a list is in all orders together.
fn total(read: &Read, list: &str) -> usize {
    read.items.iter().map(|(_, order)| order[list].as_array().map_or(0, Vec::len)).sum()
}

fn assert_agrees(shop: &TestDatabase, all: &Read) {
    let rows = shop.query(
        "SELECT o.entity_id, o.increment_id, o.state, ROUND(o.base_grand_total * 100), o.customer_is_guest, \
         (SELECT COUNT(*) FROM sales_order_item i WHERE i.order_id = o.entity_id), \
         (SELECT ROUND(SUM(i.base_row_total) * 100) FROM sales_order_item i WHERE i.order_id = o.entity_id) \
         FROM sales_order o WHERE o.entity_id <> 1 ORDER BY o.entity_id",
    );
    let states =
        BTreeMap::from([("new", 1), ("processing", 3), ("complete", 4), ("closed", 5), ("canceled", 6), ("holded", 7)]);
    assert_eq!(rows.len(), all.items.len());
    for (row, (id, order)) in rows.iter().zip(&all.items) {
        let cents = |value: &Value| (value.as_f64().expect("a number") * 100.0).round().to_string();
        let lines = order["items"].as_array().expect("lines");
        let sum: f64 = lines.iter().map(|line| line["itemPrice"].as_f64().expect("a number")).sum();
        let told = [
            id.to_string(),
            order["commerceOrderNumber"].as_str().expect("a number").to_owned(),
            cents(&order["grandTotal"]),
            u8::from(!order.contains_key("customerId")).to_string(),
            lines.len().to_string(),
            cents(&json!(sum)),
        ];
        assert_eq!(told, [&row[0], &row[1], &row[3], &row[4], &row[5], &row[6]].map(String::clone));
        assert_eq!(order["state"], json!(states[row[2].as_str()]), "{id}");
    }
}

#[tokio::test]
async fn orders() {
    let Some(shop) = Server::shared().luma() else { return };
    let commerce = connect(&shop).await;
    assert_eq!(read(&shop, Feed::Orders).await.items, [], "they are of 2024");
    assert_eq!(commerce.count(Feed::Orders).await.expect("a count"), Some(0));

    let every = commerce.clone().with_order_days(0);
    let all = read_from(&every, Feed::Orders, Selection::All).await;
    assert_eq!((all.complaints(), all.records, all.items.len()), (vec![], 301, 301));
    assert_eq!(every.count(Feed::Orders).await.expect("a count"), Some(301));
    let lists = ["items", "invoices", "shipments", "creditMemos", "transactions"].map(|list| total(&all, list));
    assert_eq!(lists, [901, 211, 151, 31, 100]);
    assert_agrees(&shop, &all);
    let guests = all.items.iter().filter(|(_, order)| !order.contains_key("customerId")).count();
    let tracked = all.items.iter().filter(|(_, order)| order["shipments"][0]["trackingInfo"].is_object()).count();
    assert_eq!((guests, tracked), (27, 150));
    let memos = all.items.iter().filter(|(_, order)| order["creditMemos"].is_array());
    assert!(memos.into_iter().all(|(_, order)| order["creditMemos"][0]["creditMemoId"]["id"].is_string()));

    let named = read_from(&commerce, Feed::Orders, ids([1, 2])).await;
    assert_eq!(named.complaints().len(), 1, "order 1 has no UUID: {:?}", named.complaints());
    let mut second = named.item(2);
    let mut lines = second["items"].take();
    let memo = second["creditMemos"][0]["creditMemoId"]["id"].take();
    let known = shop.query("SELECT uuid FROM data_exporter_uuid WHERE type = 'credit_memo' AND entity_id = 1");
    assert_eq!(memo, json!(known[0][0]));
    second["creditMemos"][0]["creditMemoId"]["id"] = json!("UUID");
    second.as_object_mut().expect("an object").remove("items");
    assert_eq!(second, second_order());
    let options = lines[0]["productOptions"].take();
    assert!(options.as_str().is_some_and(|text| text.contains("\"simple_sku\":\"WS08-XS-Blue\"")), "{options}");
    assert_eq!(
        lines,
        json!([{
            "itemId": {"id": "becef397-a77b-4ddc-8d73-4b079a89e8ea"}, "entityId": "2",
            "qtyInvoiced": 1.0, "qtyShipped": 1.0, "qtyOrdered": 1.0, "qtyRefunded": 1.0, "qtyCanceled": 0.0,
            "productType": "configurable", "productOptions": null, "itemsShippedTogether": true, "sku": "WS08-XS-Blue",
            "productSku": "WS08", "name": "Minerva LumaTech&trade; V-Tee", "qty": 1, "unitPrice": 32.0, "itemPrice": 32.0,
            "discountAmount": 0.0, "taxAmount": 2.64, "totalAmount": 34.64, "weight": 1.0,
            "updatedAt": "2023-07-14T17:15:28+00:00", "additionalInformation": null,
        }])
    );
}

#[tokio::test]
async fn the_sandbox_takes_all_of_them() {
    let Some(shop) = Server::shared().luma() else { return };
    let commerce = connect(&shop).await;
    let absent: Vec<Feed> = commerce.absent().into_iter().map(|(feed, _)| feed).collect();
    assert_eq!(absent, [Feed::ProductOverrides, Feed::CategoryPermissions], "it is no Adobe Commerce");
    let feeds = [Feed::InventoryStockStatus, Feed::Orders];
    let (ended, kept) = deliver(commerce.with_order_days(0), &feeds).await;
    assert_eq!((ended.failures(), ended.notes()), (vec![], vec![]));
    assert_eq!(kept, BTreeMap::from([(feeds[0], 3764), (feeds[1], 301)]));
}
