//! `orders`: one of each kind, by hand.

use std::collections::BTreeSet;

use commerce_connector::domain::Feed;
use commerce_connector::feeds::source::Selection;
use commerce_connector::feeds::source::changes::ChangeLog;
use commerce_connector::feeds::source::commerce::Commerce;
use serde_json::{Value, json};

use super::support::mariadb::{Server, TestDatabase};
use super::{ORDERS, Read, connect, ids, read, read_from};

/// The UUIDs of the fixture: its first part says of what.
fn uuid(kind: u8, id: u64) -> Value {
    json!({"id": format!("00000000-0000-0000-000{kind}-{id:012}")})
}

async fn orders(shop: &TestDatabase, wanted: impl IntoIterator<Item = u64>) -> Read {
    read_from(&connect(shop).await, Feed::Orders, ids(wanted)).await
}

/// A line that nobody shipped or invoiced, of a product without anything.
fn plain_line(id: u64, parent: &str, sku: &str, name: &str, (qty, whole): (f64, u8), weight: Option<f64>) -> Value {
    let mut line = json!({
        "itemId": uuid(2, id), "entityId": id.to_string(), "parentEntityId": parent, "isVirtual": false, "qtyInvoiced": 0.0,
        "qtyShipped": 0.0, "qtyOrdered": qty, "qtyRefunded": 0.0, "qtyCanceled": 0.0,
        "productType": "simple", "itemsShippedTogether": false, "sku": sku, "productSku": sku, "name": name,
        "qty": whole, "unitPrice": 0.0, "itemPrice": 0.0, "discountAmount": 0.0, "taxAmount": 0.0, "totalAmount": 0.0,
        "updatedAt": "2026-10-02T11:12:13+00:00", "additionalInformation": null,
    });
    if let Some(weight) = weight {
        line["weight"] = json!(weight);
    }
    line
}

fn complete_order() -> Value {
    json!({
        "orderId": uuid(1, 2), "commerceOrderId": "2", "commerceOrderNumber": "000000002",
        "externalId": {"id": "2", "salesChannel": "magento"},
        "createdAt": "2026-10-01T08:09:10+00:00", "updatedAt": "2026-10-02T11:12:13+00:00",
        "state": 4, "status": "complete", "totalInvoiced": 98.25, "totalQtyOrdered": 4.0, "isVirtual": false,
        "subtotal": 100.0, "grandTotal": 98.25, "discountAmount": -10.0, "currency": "USD",
        "storeId": 2, "storeViewCode": "de", "storeCode": "main", "websiteCode": "base",
        "customerId": 7, "customerEmail": "ada@example.com", "customerNote": "Ring twice",
        "amountCapturedOnline": 98.25, "amountRefundedOnline": 0.0, "amountAuthorized": 98.25, "amountPaid": 98.25,
        "amountCanceled": 0.0,
        "payment": {
            "paymentMethodCode": "card", "paymentMethodName": "Credit Card", "totalAmount": 100.0, "taxAmount": 8.25, "currency": "USD",
            "billingAddress": {
                "phone": "555-0100", "region": "Ohio", "postcode": "43004", "street": "1 Main St\nFloor 2",
                "multiLineStreet": ["1 Main St", "Floor 2"], "city": "Columbus", "country": "US", "firstname": "Ada",
                "lastname": "Example",
            },
        },
        "shipping": {
            "shippingMethodCode": "flatrate_flatrate", "shippingMethodName": "Flat Rate - Fixed", "shippingAmount": 5.0,
            "shippingTax": 0.4,
            "shippingAddress": {
                "phone": "555-0100", "postcode": "10115", "street": "Weg 5", "multiLineStreet": ["Weg 5"],
                "city": "Köln", "country": "DE", "firstname": "Ada", "lastname": "Example",
            },
        },
        "items": [
            {
                "itemId": uuid(2, 20), "entityId": "20", "isVirtual": false, "qtyInvoiced": 2.0,
                "qtyShipped": 2.0, "qtyOrdered": 2.0, "qtyRefunded": 0.0, "qtyCanceled": 0.0,
                "productType": "configurable", "productOptions": "{\"simple_sku\":\"TEE-RED\"}", "itemsShippedTogether": true,
                "sku": "TEE-RED", "productSku": "TEE", "name": "Tee", "qty": 2, "unitPrice": 30.0, "itemPrice": 60.0,
                "discountAmount": 6.0, "taxAmount": 4.95, "totalAmount": 64.95, "weight": 0.2,
                "updatedAt": "2026-10-02T11:12:13+00:00",
                "additionalInformation": [{"name": "engraving", "value": "A"}, {"name": "lines", "value": "2"}],
            },
            plain_line(21, "20", "TEE-RED", "Red tee", (2.0, 2), Some(0.2)),
            {
                "itemId": uuid(2, 22), "entityId": "22", "isVirtual": false, "qtyInvoiced": 1.5,
                "qtyShipped": 1.5, "qtyOrdered": 1.5, "qtyRefunded": 0.0, "qtyCanceled": 0.0,
                "productType": "bundle", "productOptions": "{\"shipment_type\":\"0\"}", "itemsShippedTogether": true,
                "sku": "KIT-KIT-PART", "productSku": "KIT", "name": "Kit", "qty": 1, "unitPrice": 26.6667, "itemPrice": 40.0,
                "discountAmount": 4.0, "taxAmount": 3.3, "totalAmount": 43.3,
                "updatedAt": "2026-10-02T11:12:13+00:00", "additionalInformation": null,
            },
            plain_line(23, "22", "KIT-PART", "Part", (1.5, 1), None),
        ],
        "invoices": [{
            "entityId": "5", "grandTotal": 98.25, "createdAt": "2026-10-01T09:00:00+00:00",
            "commerceInvoiceNumber": "000000105",
            "invoiceItems": [{"orderItemId": uuid(2, 20), "qtyInvoiced": 2.0}, {"orderItemId": uuid(2, 22), "qtyInvoiced": 1.5}],
        }],
        "shipments": [{
            "shipmentId": uuid(3, 8), "createdAt": "2026-10-02T10:00:00+00:00", "updatedAt": "2026-10-02T11:00:00+00:00",
            "commerceShipmentNumber": "000000208",
            "items": [{"orderItemId": uuid(2, 20), "qtyShipped": 2.0}, {"orderItemId": uuid(2, 22), "qtyShipped": 1.5}],
            "trackingInfo": {"shippingCarrier": "dhl", "shippingMethod": "flatrate_flatrate", "trackingNumber": "TRACK-9",
                             "trackingUrl": "https://shop.example/shipping/tracking/popup?hash=dHJhY2tfaWQ6Mjo1ZWMyZTc%7E"},
        }],
        "additionalInformation": [{"name": "last4", "value": "4242"}, {"name": "method_title", "value": "Credit Card"}],
        "creditMemos": null,
        "transactions": [
            {"entityId": "11", "txnId": "auth-1", "type": "authorization", "createdAt": "2026-10-01T08:09:11+00:00"},
            {"entityId": "12", "txnId": "cap-1", "type": "capture", "createdAt": "2026-10-01T09:00:01+00:00"},
        ],
    })
}

fn credit_memos() -> Value {
    let tax = |kind: &str, amount: f64| json!({"taxName": "Rate 10%", "taxType": kind, "taxAmount": amount});
    let taxes = || json!([tax("product", 6.0), tax("shipping", 6.0)]);
    let first = json!({
            "creditMemoId": uuid(4, 3), "entityId": "3", "state": 2, "createdAt": "2026-10-05T00:00:00+00:00", "shippingAmount": 0.0,
            "shippingTaxAmount": 0.0, "adjustment": -1.5, "currency": "USD", "subtotal": 40.0, "productsTaxAmount": 4.0,
            "grandTotal": 42.5, "commerceCreditMemoNumber": "000000303", "creditMemoComments": ["First \"quoted\"", "Second"],
            "refundTaxes": taxes(),
            "refundItems": [
                {"orderItemId": null, "qtyRefunded": 2.0, "basePrice": 20.0, "baseRowTotal": 40.0,
                 "productTaxes": [tax("product", 8.0)]},
                {"orderItemId": null, "qtyRefunded": 3.0, "basePrice": 0.1, "baseRowTotal": 0.27,
                 "productTaxes": [tax("product", 8.0)]},
            ],
    });
    // Once for each of its comments, of which one has no text.
    json!([first, first, first,
        {
            "creditMemoId": null, "entityId": "4", "state": 1, "createdAt": "2026-10-05T01:00:00+00:00", "shippingAmount": 0.0,
            "shippingTaxAmount": 0.0, "adjustment": 2.0, "currency": "USD", "subtotal": 0.0, "productsTaxAmount": 0.0,
            "grandTotal": 2.0, "commerceCreditMemoNumber": "000000304", "creditMemoComments": null, "refundTaxes": taxes(),
            "refundItems": null,
        },
    ])
}

fn assert_kinds(read: &Read) {
    assert_eq!(read.item(2), complete_order());
    let closed = read.item(4);
    assert_eq!((&closed["state"], &closed["payment"]["paymentMethodName"]), (&json!(5), &Value::Null));
    assert_eq!((&closed["creditMemos"], &closed["invoices"][0]["isUsedForRefund"]), (&credit_memos(), &json!(true)));
    let line = &closed["items"][0];
    assert_eq!((&line["productSku"], &line["sku"]), (&json!("OLD-RED"), &json!("OLD-RED")), "its product is gone");
    assert_eq!((&line["itemId"], &line["additionalInformation"]), (&Value::Null, &Value::Null));
    // A configurable item without options, as the vendor's exporter has it.
    assert_eq!((&line["itemsShippedTogether"], &line["qtyRefunded"]), (&json!(false), &json!(2.0)));

    let guest = read.item(3);
    assert_eq!((&guest["customerId"], &guest["customerEmail"]), (&Value::Null, &json!("guest@example.com")));
    assert_eq!((&guest["isVirtual"], &guest["items"][0]["isVirtual"]), (&json!(true), &json!(true)));
    assert_eq!(
        (&guest["items"][0]["productType"], &guest["items"][0]["weight"]),
        (&json!("downloadable"), &Value::Null)
    );
    assert_eq!(guest["shipping"], json!({"shippingAddress": null}));
    assert_eq!(guest["payment"]["paymentMethodName"], "No Payment Information Required");
    assert_eq!(
        (&guest["payment"]["billingAddress"]["multiLineStreet"], &guest["websiteCode"]),
        (&Value::Null, &json!("eu"))
    );
    for list in ["invoices", "shipments", "creditMemos", "transactions"] {
        assert_eq!(guest[list], Value::Null, "{list}");
    }

    let states = [3, 5, 6, 7, 8, 9, 10].map(|id| read.item(id)["state"].clone());
    assert_eq!(json!(states), json!([1, 2, 3, 6, 7, 8, 0]));
    let odd = read.item(13);
    let known = [
        "state",
        "status",
        "createdAt",
        "storeViewCode",
        "storeCode",
        "websiteCode",
        "isVirtual",
        "items",
        "grandTotal",
    ];
    assert_eq!(json!(known.map(|name| odd[name].clone())), json!([0, null, null, null, null, null, null, null, null]));
    assert_eq!(odd["payment"]["billingAddress"], Value::Null);
}

#[tokio::test]
async fn every_kind_of_order() {
    let shop = Server::shared().shop_with(&[ORDERS]);
    let by_id = orders(&shop, 1..=13).await;
    assert_kinds(&by_id);
    let found: BTreeSet<u64> = by_id.items.iter().map(|(id, _)| *id).collect();
    assert_eq!(found, BTreeSet::from([2, 3, 4, 5, 6, 7, 8, 9, 10, 13]));
    let unknown = "not in the database, or it has no UUID from Commerce, which exports need";
    assert_eq!(
        by_id.complaints(),
        [
            format!("orders 1: {unknown}"),
            format!("orders 12: {unknown}"),
            "order with entity_id 11: it has no number: increment_id in sales_order is empty".to_owned(),
        ]
    );
    assert!(!format!("{:?}", by_id.broken).contains("example.com"), "nothing personal in what is told of it");

    let by_number = read_from(&connect(&shop).await, Feed::Orders, Selection::Ids(vec!["000000007".into()])).await;
    assert_eq!(by_number.item(7)["commerceOrderNumber"], "000000007");

    // An order that changes after it was sent; its own time of change is sent, and is no change by itself.
    shop.execute("UPDATE sales_order SET customer_note = NULL, updated_at = '2026-11-01 00:00:00' WHERE entity_id = 2");
    assert_eq!(orders(&shop, [2]).await.item(2)["updatedAt"], "2026-11-01T00:00:00+00:00");
}

#[tokio::test]
async fn a_full_sync_takes_the_newest_only() {
    let shop = Server::shared().shop_with(&[ORDERS]);
    let commerce = connect(&shop).await;
    let found = |read: &Read| read.items.iter().map(|(id, _)| *id).collect::<Vec<u64>>();
    for (days, wanted, count) in [
        (None, vec![5, 6], 3),
        (Some(7), vec![5, 6], 3),
        (Some(1), vec![5], 1),
        (Some(9), vec![5, 6, 7], 4),
        (Some(0), vec![2, 3, 4, 5, 6, 7, 8, 9, 10, 13], 11),
    ] {
        let commerce = days.map_or(commerce.clone(), |days| commerce.clone().with_order_days(days));
        let all = read_from(&commerce, Feed::Orders, Selection::All).await;
        // Order 11 is counted, too: it is broken.
        assert_eq!((found(&all), all.records), (wanted, count), "{days:?}");
        assert_eq!(commerce.count(Feed::Orders).await.expect("a count"), Some(count), "{days:?}");
        let old = read_from(&commerce, Feed::Orders, ids([8])).await;
        assert_eq!(found(&old), [8], "what is named is read, however old");
    }
}

#[tokio::test]
async fn staging_and_a_table_prefix_give_the_same() {
    let shop = Server::shared().staged_shop_with(&[ORDERS]);
    // A version to come of the configurable product, under another SKU.
    shop.execute(
        "UPDATE shop_catalog_product_entity SET updated_in = 2147480000, updated_at = updated_at WHERE entity_id = 600; \
         INSERT INTO shop_catalog_product_entity (row_id, entity_id, type_id, sku, created_in) \
         VALUES (5600, 600, 'configurable', 'TEE-NEXT', 2147480000)",
    );
    assert_kinds(&orders(&shop, 1..=13).await);
}

/// The shop with its orders in a database of their own.
async fn split(shop: &TestDatabase) -> (TestDatabase, Commerce) {
    let orders = shop.split_orders();
    let commerce = connect(shop).await.with_orders_in(&orders.settings()).await.expect("a connection");
    (orders, commerce)
}

#[tokio::test]
async fn a_split_database_gives_the_same() {
    for shop in [Server::shared().shop_with(&[ORDERS]), Server::shared().staged_shop_with(&[ORDERS])] {
        let before = connect(&shop).await.with_order_days(0);
        let before = read_from(&before, Feed::Orders, Selection::All).await;
        let (_orders, commerce) = split(&shop).await;
        let is_absent = |shop: &Commerce| shop.absent().iter().any(|(feed, _)| *feed == Feed::Orders);
        assert!(is_absent(&connect(&shop).await) && !is_absent(&commerce), "not from the first database");
        assert_kinds(&read_from(&commerce, Feed::Orders, ids(1..=13)).await);
        let all = read_from(&commerce.clone().with_order_days(0), Feed::Orders, Selection::All).await;
        assert_eq!((all.json(), all.complaints()), (before.json(), before.complaints()));
        let newest = read_from(&commerce, Feed::Orders, Selection::All).await;
        assert_eq!(newest.items.iter().map(|(id, _)| *id).collect::<Vec<u64>>(), [5, 6]);
        let moment = commerce.moment(Feed::Orders).await.expect("a moment");
        let ChangeLog::NotKept { reason } = &moment.logs[0].1 else { panic!("{:?}", moment.logs) };
        assert!(reason.as_str().contains("(split) database"), "{reason}");
    }
}

#[tokio::test]
async fn a_table_of_a_split_database_that_was_emptied_withholds_orders() {
    let shop = Server::shared().shop_with(&[ORDERS]);
    let (orders, commerce) = split(&shop).await;
    read_from(&commerce.clone().with_order_days(0), Feed::Orders, Selection::All).await;
    let filled = commerce.filled(Feed::Orders).await.expect("an answer").expect("tables");
    for table in ["sales_order", "sales_order_item", "sales_invoice", "data_exporter_uuid", "store"] {
        assert!(filled.contains(table), "{table} is not in {filled:?}");
    }
    let expecting = commerce.expecting(filled);
    expecting.check_tables(Feed::Orders).await.expect("as it was");
    for (database, table) in [(&orders, "sales_invoice"), (&shop, "data_exporter_uuid")] {
        database.execute(&format!("CREATE TABLE kept AS SELECT * FROM {table}; DELETE FROM {table}"));
        let error = expecting.check_tables(Feed::Orders).await.expect_err("an emptied table");
        assert!(error.to_string().contains(table), "{error}");
        database.execute(&format!("INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"));
        expecting.check_tables(Feed::Orders).await.expect("as it was");
    }
}

#[tokio::test]
async fn tables_of_modules_that_are_not_there_are_no_data() {
    let shop = Server::shared().shop_with(&[ORDERS]);
    shop.execute(
        "DROP TABLE sales_order_address, sales_invoice_item, sales_shipment_track, sales_shipment_item, sales_creditmemo_comment, \
         sales_creditmemo_item, sales_order_tax_item, sales_payment_transaction",
    );
    let read_now = orders(&shop, [2, 4]).await;
    let complete = read_now.item(2);
    assert_eq!(complete["shipments"][0]["shipmentId"], uuid(3, 8));
    let parts = [
        &complete["payment"]["billingAddress"],
        &complete["shipping"]["shippingAddress"],
        &complete["invoices"][0]["invoiceItems"],
        &complete["shipments"][0]["items"],
        &complete["shipments"][0]["trackingInfo"],
        &complete["transactions"],
    ];
    assert!(parts.iter().all(|part| part.is_null()), "{complete}");
    let memo = &read_now.item(4)["creditMemos"][0];
    assert_eq!(
        (&memo["grandTotal"], &memo["refundItems"], &memo["refundTaxes"]),
        (&json!(42.5), &Value::Null, &Value::Null)
    );

    shop.execute("DROP TABLE sales_order_tax, sales_invoice, sales_shipment, sales_creditmemo");
    let bare = orders(&shop, [2]).await.item(2);
    assert!(["invoices", "shipments", "creditMemos"].iter().all(|list| bare[*list].is_null()));
    assert_eq!(bare["items"].as_array().map(Vec::len), Some(4));

    shop.execute("DROP TABLE data_exporter_uuid");
    let absent = connect(&shop).await.absent();
    let reason = &absent.iter().find(|(feed, _)| *feed == Feed::Orders).expect("absent").1;
    assert_eq!(reason.as_str(), "its table data_exporter_uuid is missing");
    assert_eq!(read(&shop, Feed::ScopesWebsite).await.items.len(), 2, "the other feeds go on");
}
