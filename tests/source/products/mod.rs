//! The products feed against a real MariaDB: a product of each kind (`tests/fixtures/products.sql`).

// One item in full is one big `json!`.

mod mapped;
mod oddities;
mod reading;
mod texts;
mod views;

use crate::support;

use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::feeds::content::Content;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::Selection;
use serde_json::{Value, json};
use support::mariadb::Server;
use support::products::{collect, field, find, items, option};

/// A value of an option: with the fields of every kind of option.
fn value(own: &Value) -> Value {
    let all = [
        "colorHex",
        "customSwatchValue",
        "id",
        "imageUrl",
        "infoUrl",
        "isDefault",
        "label",
        "price",
        "priceType",
        "qty",
        "qtyMutability",
        "sku",
        "sortOrder",
    ];
    let value = |name: &str| (name.to_owned(), own.get(name).cloned().unwrap_or_default());
    Value::Object(all.into_iter().map(value).collect())
}

#[tokio::test]
async fn a_simple_product_in_full() {
    let all = items(&Server::shared().product_shop()).await;
    let image = |file: &str| format!("https://shop.example/media/catalog/product{file}");
    let expected = json!({
        "sku": "BAG", "productId": 200, "type": "simple",
        "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
        "createdAt": "2026-03-01 10:00:00", "updatedAt": "2026-03-02 11:12:13",
        "name": "Canvas bag",
        "description": "<p><img src=\"https://shop.example/media/wysiwyg/bag.jpg\"> </p>",
        "shortDescription": "https://shop.example/contact/",
        "metaTitle": "Bag", "metaKeyword": "bag, canvas", "metaDescription": "", "urlKey": "canvas-bag",
        "weight": 0.2, "weightUnit": "lbs", "currency": "USD", "taxClassId": "Taxable Goods",
        "status": "Enabled", "visibility": "Catalog, Search", "displayable": true, "buyable": true,
        "inStock": true, "lowStock": true,
        "image": {"url": image("/b/a/bag.jpg"), "label": "A bag"},
        "smallImage": {"url": image("/b/a/bag.jpg"), "label": null},
        "thumbnail": {"url": image("/b/a/side.jpg"), "label": null},
        "swatchImage": {"url": image("no_selection"), "label": null},
        "attributes": [
            {"attributeCode": "color", "value": ["Red"]},
            {"attributeCode": "is_gift", "value": ["yes"]},
            {"attributeCode": "fits", "value": ["Bikes", "Cars", "99"]},
            {"attributeCode": "news_from_date", "value": ["2026-05-01 00:00:00"]},
            {"attributeCode": "cost", "value": ["12.500000"]},
        ],
        "categoryData": [
            {"categoryId": "3", "categoryPath": "gear", "productPosition": -2},
            {"categoryId": "4", "categoryPath": "gear/bags", "productPosition": 7},
        ],
        "categories": ["gear", "gear/bags"],
        "images": [
            {"resource": {"url": image("/b/a/side.jpg"), "label": "", "roles": ["thumbnail"]}, "sortOrder": "2"},
            {"resource": {"url": image("/b/a/bag.jpg"), "label": "Front", "roles": ["image", "small_image"]}, "sortOrder": "1"},
        ],
        "videos": [{
            "preview": {"url": image("/b/a/film.jpg"), "label": "Film", "roles": null}, "sortOrder": "3",
            "video": {"videoUrl": "https://video.example/1", "videoTitle": "A film", "mediaType": "external-video",
                      "videoProvider": null, "videoDescription": null, "videoMetadata": null},
        }],
        "media_gallery": [
            // By sha1 of default-200-2-/b/a/side.jpg (87a0…), default-200-1-/b/a/bag.jpg (c9e6…), default-200-3-/b/a/film.jpg (f54c…).
            {"url": image("/b/a/side.jpg"), "label": "", "types": ["thumbnail"], "sort_order": 2},
            {"url": image("/b/a/bag.jpg"), "label": "Front", "types": ["image", "small_image"], "sort_order": 1},
            {"url": image("/b/a/film.jpg"), "label": "Film", "types": null, "sort_order": 3, "video_attributes": {
                "videoUrl": "https://video.example/1", "videoTitle": "A film", "mediaType": "external-video",
                "videoProvider": null, "videoDescription": null, "videoMetadata": null}},
        ],
        "links": [
            {"sku": "TEE", "type": "crosssell"}, {"sku": "SET", "type": "related"}, {"sku": "TEE-RED", "type": "upsell"},
        ],
        "parents": [
            {"sku": "KIT-FIXED", "productType": "bundle_fixed"}, {"sku": "KIT", "productType": "bundle"},
            {"sku": "SET", "productType": "grouped"},
        ],
        "url": "https://shop.example/bag.html",
        "urlRewrites": [
            {"url": "https://shop.example/old-bag.html", "parameters": [{"name": "id", "value": "200"}]},
            {"url": "https://shop.example/bag.html", "parameters": [{"name": "id", "value": "200"}]},
            {"url": "https://shop.example/gear/bag.html",
             "parameters": [{"name": "id", "value": "200"}, {"name": "category", "value": "3"}]},
            {"url": "https://shop.example/sack.html", "parameters": null},
        ],
        "optionsV2": [{
            "id": "21", "type": "custom_option", "renderType": "drop_down", "required": true, "label": "Strap", "sortOrder": 2,
            "values": [
                // base64 of custom-option/21/32 and custom-option/21/31
                value(&json!({"id": "Y3VzdG9tLW9wdGlvbi8yMS8zMg==", "label": "Short", "sortOrder": 1, "isDefault": false,
                             "price": 1.0, "priceType": "fixed"})),
                value(&json!({"id": "Y3VzdG9tLW9wdGlvbi8yMS8zMQ==", "label": "Long", "sortOrder": 2, "isDefault": false,
                             "sku": "LONG", "price": 5.0, "priceType": "percent"})),
            ],
        }],
        "shopperInputOptions": [
            // base64 of custom-option/22 and custom-option/23
            {"id": "Y3VzdG9tLW9wdGlvbi8yMg==", "label": "Initials", "required": false, "sortOrder": 1, "renderType": "field",
             "price": 2.5, "sku": "TEXT", "range": {"from": null, "to": 20.0}, "imageSizeX": 0, "imageSizeY": 0},
            {"id": "Y3VzdG9tLW9wdGlvbi8yMw==", "label": "Print", "required": false, "sortOrder": 3, "renderType": "file",
             "range": {"from": null, "to": null}, "fileExtension": "png, jpg", "imageSizeX": 640, "imageSizeY": 480},
        ],
        "samples": null, "variants": null,
    });
    assert_eq!(json!(find(&all, "BAG", "default")), expected);
}

#[tokio::test]
async fn a_store_view_has_its_own_values() {
    let all = items(&Server::shared().product_shop()).await;
    let get = |view: &str, name: &str| field(&all, "BAG", view, name);

    // A NULL of the store view hides the default; what it says nothing of, the default says.
    assert!(!find(&all, "BAG", "de").contains_key("name"));
    assert_eq!(get("de", "urlKey"), "canvas-bag");
    assert_eq!((get("eu_en", "name"), get("eu_en", "weight")), (json!("EU bag"), json!(34.0)));
    assert_eq!(
        (get("de", "status"), get("de", "displayable"), get("de", "buyable")),
        (json!("Disabled"), json!(false), json!(false))
    );
    assert_eq!(get("de", "visibility"), "Catalog, Search");
    assert_eq!(get("de", "attributes")[0], json!({"attributeCode": "color", "value": ["Rot"]}));
    assert_eq!(get("de", "attributes")[1], json!({"attributeCode": "is_gift"}));

    // What the shop configured for the website.
    assert_eq!((get("eu_en", "currency"), get("eu_en", "weightUnit")), (json!("EUR"), json!("kgs")));
    assert_eq!(get("eu_en", "image")["url"], "https://eu.shop.example/media/catalog/product/b/a/bag.jpg");

    // URLs: of the store view if there are any, else the plain path.
    assert_eq!(get("de", "url"), "https://shop.example/de/tasche.html");
    assert_eq!(get("de", "urlRewrites")[0]["url"], "https://shop.example/tasche.html", "without the store view's code");
    assert_eq!(get("eu_en", "url"), "https://eu.shop.example/catalog/product/view/id/200/s/canvas-bag/");
    assert_eq!(get("eu_en", "urlRewrites"), json!(null));

    // Categories: other URL keys, other index tables.
    assert_eq!(get("de", "categories"), json!(["ausruestung/bags"]));
    assert_eq!(
        get("eu_en", "categoryData"),
        json!([{"categoryId": "21", "categoryPath": "sizes", "productPosition": null}])
    );

    // Media: the label is the store view's, its NULL position lets the default through, and one file is hidden.
    let resource = |place: usize| get("de", "images")[place]["resource"].clone();
    let mut captions =
        [resource(0), resource(1)].map(|resource| (resource["label"].clone(), resource["roles"].clone()));
    captions.sort_by_key(|(label, _)| label.to_string());
    assert_eq!(captions[0], (json!(""), json!(["thumbnail", "hide_from_pdp"])));
    assert_eq!(captions[1], (json!("Vorne"), json!(["image", "small_image"])));
    assert_eq!(get("de", "videos")[0]["video"]["videoTitle"], "Ein Film");
    assert_eq!(get("de", "videos")[0]["video"]["videoUrl"], "https://video.example/1");

    // Links and parents count where both are sold.
    assert_eq!(get("eu_en", "links"), json!([{"sku": "TEE", "type": "crosssell"}, {"sku": "SET", "type": "related"}]));
    assert_eq!(get("eu_en", "parents"), json!([{"sku": "SET", "productType": "grouped"}]));

    // Custom options: laid over the default, as far as the store view says anything.
    let strap = option(&all, "BAG", "de", "custom_option");
    assert_eq!(strap["label"], "Gurt");
    assert_eq!((&strap["values"][0]["label"], &strap["values"][0]["price"]), (&json!("Kurz"), &json!(1.5)));
    assert_eq!((&strap["values"][1]["label"], &strap["values"][1]["price"]), (&json!("Long"), &json!(5.0)));
    // A price of the store view counts only beside a title of the store view.
    assert_eq!(get("de", "shopperInputOptions")[0]["price"], json!(2.5));
}

#[tokio::test]
async fn one_item_for_each_store_view_of_an_assigned_website() {
    let (all, broken) = collect(&Server::shared().product_shop(), Selection::All).await;
    let mut views: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for item in &all {
        views.entry(item["sku"].as_str().unwrap()).or_default().push(item["storeViewCode"].as_str().unwrap());
    }
    assert_eq!(views["BAG"], ["default", "de", "eu_en"]);
    assert_eq!(views["TEE-RED"], ["default", "de"]);
    assert_eq!(views["EU"], ["eu_en"]);
    // Without any value for the store view there is no item, and a person is told.
    assert_eq!(views["HALF"], ["de"]);
    assert!(!views.contains_key("EMPTY"));
    let places: Vec<&str> = broken.iter().map(|record| record.place.as_str()).collect();
    assert_eq!(places, ["product 208 (EMPTY), store view eu_en", "product 209 (HALF), store view default"]);
    let known = broken[0].known.as_ref().map(Content::to_fields).expect("its identity");
    assert_eq!(
        (&known["sku"], &known["storeViewCode"], broken[0].source_id),
        (&json!("EMPTY"), &json!("eu_en"), Some(208))
    );
}

#[tokio::test]
async fn what_no_row_says_has_an_answer() {
    let all = items(&Server::shared().product_shop()).await;
    let get = |sku: &str, name: &str| field(&all, sku, if sku == "EU" { "eu_en" } else { "de" }, name);
    assert_eq!(
        (get("HALF", "status"), get("HALF", "visibility")),
        (json!("Disabled"), json!("Not Visible Individually"))
    );
    assert_eq!((get("HALF", "taxClassId"), get("HALF", "weightUnit")), (json!("no"), json!(null)));
    assert_eq!(get("TEE-RED", "taxClassId"), "no", "a class that is gone");
    assert_eq!(
        (get("EU", "visibility"), get("EU", "displayable")),
        (json!(null), json!(false)),
        "an unknown visibility"
    );
    assert_eq!((get("EU", "priceView"), get("KIT", "priceView")), (json!(null), json!("price_range")));
    assert_eq!(get("HALF", "url"), "https://shop.example/de/catalog/product/view/id/209/s//");
    for list in [
        "attributes",
        "categoryData",
        "images",
        "videos",
        "media_gallery",
        "links",
        "parents",
        "urlRewrites",
        "variants",
    ] {
        assert_eq!(find(&all, "HALF", "de").get(list), Some(&Value::Null), "{list}");
    }
    for never in ["linksExist", "deletedAt", "inventory", "categoryIds"] {
        assert!(all.iter().all(|item| !item.contains_key(never)), "{never}");
    }
}

#[tokio::test]
async fn a_date_that_was_never_set_is_left_out() {
    let shop = Server::shared().product_shop();
    shop.execute(
        "SET sql_mode = ''; UPDATE catalog_product_entity SET created_at = '0000-00-00 00:00:00' WHERE entity_id = 200",
    );
    let all = items(&shop).await;
    let bag = find(&all, "BAG", "de");
    assert!(!bag.contains_key("createdAt") && bag.contains_key("updatedAt"), "{bag:?}");
}

#[tokio::test]
async fn stock_is_that_of_the_website() {
    let shop = Server::shared().product_shop();
    let all = items(&shop).await;
    let stock = |all: &[Fields], sku: &str, view: &str| {
        ["inStock", "lowStock", "buyable"].map(|name| field(all, sku, view, name).as_bool())
    };
    assert_eq!(stock(&all, "BAG", "default"), [Some(true), Some(true), Some(true)], "3 of at least 5");
    assert_eq!(stock(&all, "BAG", "eu_en"), [Some(false), Some(false), Some(false)], "50, but not salable");
    assert_eq!(stock(&all, "TEE-RED", "default"), [Some(true), Some(false), Some(true)], "exactly the threshold");
    assert_eq!(stock(&all, "TEE-BLUE", "default"), [Some(false), Some(true), Some(false)]);
    assert_eq!(stock(&all, "SET", "eu_en"), [Some(true), Some(true), Some(true)]);
    assert_eq!(stock(&all, "SET", "default"), [Some(false), Some(true), Some(false)], "no row counts as 0");

    shop.execute("DROP TABLE inventory_stock_2");
    let all = items(&shop).await;
    assert_eq!(stock(&all, "SET", "eu_en"), [Some(false), Some(true), Some(false)], "a stock that was never indexed");

    shop.execute("DROP TABLE inventory_stock_sales_channel");
    let all = items(&shop).await;
    assert_eq!(stock(&all, "BAG", "eu_en"), [Some(true), Some(true), Some(true)], "one stock for all");

    shop.execute("DROP TABLE cataloginventory_stock_status");
    let all = items(&shop).await;
    assert_eq!(stock(&all, "BAG", "eu_en"), [None, None, Some(true)]);
}

#[tokio::test]
async fn a_configurable_product_has_the_values_of_its_enabled_children() {
    let all = items(&Server::shared().product_shop()).await;
    let options = |view: &str| field(&all, "TEE", view, "optionsV2");
    // base64 of configurable/63/6, configurable/63/5 and configurable/93/9
    let blue = value(
        &json!({"id": "Y29uZmlndXJhYmxlLzYzLzY=", "label": "Blue", "sortOrder": 1, "customSwatchValue": "plain"}),
    );
    let red = value(&json!({"id": "Y29uZmlndXJhYmxlLzYzLzU=", "label": "Red", "sortOrder": 2, "colorHex": "#ff0000"}));
    let small = value(&json!({"id": "Y29uZmlndXJhYmxlLzkzLzk=", "label": "S", "sortOrder": 0}));
    let swatch = r#"{"swatch_input_type":"visual"}"#;
    assert_eq!(
        options("default"),
        json!([
            {"id": "color", "type": "configurable", "label": "Colour", "sortOrder": 0, "swatchType": swatch, "values": [blue, red]},
            {"id": "size", "type": "configurable", "label": "Size", "sortOrder": 1, "values": [small]},
        ])
    );
    // In the German view the blue one is disabled. The red one is blue there, but values are asked of the default only.
    let rot = value(&json!({"id": "Y29uZmlndXJhYmxlLzYzLzU=", "label": "Rot", "sortOrder": 2,
        "imageUrl": "https://shop.example/media/attribute/swatch/r/rot.png"}));
    assert_eq!(
        options("de")[0],
        json!({"id": "color", "type": "configurable", "label": "Farbe", "sortOrder": 0, "swatchType": swatch, "values": [rot]})
    );
    assert_eq!(field(&all, "TEE-RED", "default", "parents"), json!([{"sku": "TEE", "productType": "configurable"}]));
    assert_eq!(field(&all, "TEE", "default", "visibility"), "Catalog");
}

#[tokio::test]
async fn bundles_with_a_fixed_and_with_a_dynamic_price() {
    let all = items(&Server::shared().product_shop()).await;
    let get = |sku: &str, name: &str| field(&all, sku, "default", name);
    assert_eq!((get("KIT-FIXED", "type"), get("KIT", "type")), (json!("bundle_fixed"), json!("bundle")));
    assert_eq!((get("KIT-FIXED", "priceView"), get("KIT-FIXED", "weightType")), (json!("as_low_as"), json!("1")));
    // base64 of bundle/1/12/2 and bundle/1/11/1
    let expected = json!([
        {"id": "2", "type": "bundle", "renderType": "checkbox", "required": false, "label": "Bag", "sortOrder": 1,
         "values": null},
        {"id": "1", "type": "bundle", "renderType": "select", "required": true, "label": "Tee", "sortOrder": 2, "values": [
            value(&json!({"id": "YnVuZGxlLzEvMTIvMg==", "sku": "TEE-RED", "label": "Red tee", "qty": 2.5,
                         "priceType": "percent", "price": 10.0, "sortOrder": 1, "isDefault": true, "qtyMutability": true})),
            value(&json!({"id": "YnVuZGxlLzEvMTEvMQ==", "sku": "TEE-BLUE", "label": "Blue tee", "qty": 1.0,
                         "priceType": "fixed", "price": 4.5, "sortOrder": 2, "isDefault": false, "qtyMutability": false})),
        ]},
    ]);
    assert_eq!(get("KIT-FIXED", "optionsV2"), expected);
    let german = field(&all, "KIT-FIXED", "de", "optionsV2");
    assert_eq!((&german[0]["label"], &german[1]["label"]), (&json!("Bag"), &json!("Hemd")));
    assert_eq!(german[1]["values"][0]["label"], "Rotes Hemd");
    // Its part has no name in the German view, but this one field lets the default through.
    assert_eq!(field(&all, "KIT", "de", "optionsV2")[0]["values"][0]["label"], "Canvas bag");
    assert_eq!(field(&all, "KIT", "de", "optionsV2")[0]["values"][0]["qty"], json!(0.0));
}

#[tokio::test]
async fn a_grouped_product_says_how_many_of_what() {
    let all = items(&Server::shared().product_shop()).await;
    let bag = value(&json!({"id": "200", "sku": "BAG", "qty": 2.5, "sortOrder": 1, "qtyMutability": true}));
    let tee = value(&json!({"id": "201", "sku": "TEE-RED", "qty": 0.0, "sortOrder": 2, "qtyMutability": true}));
    assert_eq!(
        field(&all, "SET", "default", "optionsV2"),
        json!([{"id": "206", "type": "grouped", "values": [bag, tee]}])
    );
    assert_eq!(field(&all, "SET", "eu_en", "optionsV2"), json!([{"id": "206", "type": "grouped", "values": [bag]}]));
    assert_eq!(field(&all, "SET", "default", "links"), json!(null), "its parts are no links");
}

#[tokio::test]
async fn a_downloadable_product_says_it_twice() {
    let all = items(&Server::shared().product_shop()).await;
    let get = |view: &str, name: &str| field(&all, "FILM", view, name);
    let sample = "https://shop.example/downloadable/download/linkSample/link_id/42";
    // base64 of downloadable/42 and downloadable/41
    let expected = json!([{"id": "link:207", "label": "Parts", "type": "downloadable", "values": [
        value(&json!({"id": "ZG93bmxvYWRhYmxlLzQy", "label": "Part one", "sortOrder": 1, "infoUrl": sample, "price": 7.0,
                     "qty": 3.0})),
        value(&json!({"id": "ZG93bmxvYWRhYmxlLzQx", "sortOrder": 2, "price": 0.0, "qty": 0.0})),
    ]}]);
    assert_eq!(get("default", "optionsV2"), expected);
    let trailer = "https://shop.example/downloadable/download/sample/sample_id/51";
    assert_eq!(
        get("default", "samples"),
        json!([{"resource": {"url": trailer, "label": "Trailer", "roles": null}, "sortOrder": "1"}])
    );
    assert_eq!(
        (get("default", "linksPurchasedSeparately"), get("eu_en", "linksPurchasedSeparately")),
        (json!(true), json!(false))
    );

    let attribute = &get("default", "attributes")[0];
    assert_eq!(attribute["attributeCode"], "ac_downloadable");
    let content: Value = serde_json::from_str(attribute["value"][0].as_str().expect("text")).expect("JSON");
    assert_eq!(
        content,
        json!({
            "purchase_separately": true,
            "samples": [{"label": "Trailer", "url": trailer}],
            "links": [
                {"uid": "ZG93bmxvYWRhYmxlLzQy", "label": "Part one", "price": 7.0, "number_of_downloads": 3, "sample_url": sample},
                {"uid": "ZG93bmxvYWRhYmxlLzQx", "label": "Link 1", "price": 0.0, "number_of_downloads": 0, "sample_url": null},
            ],
        })
    );
    assert_eq!(option(&all, "FILM", "de", "downloadable")["values"][0]["label"], "Teil eins");
    assert_eq!(option(&all, "FILM", "eu_en", "downloadable")["values"][0]["price"], json!(8.5));
    assert_eq!(field(&all, "BAG", "default", "samples"), json!(null));
}

#[tokio::test]
async fn staging_and_a_prefix_change_no_item() {
    let plain = collect(&Server::shared().product_shop(), Selection::All).await;
    let staged = Server::shared().staged_product_shop();
    assert!(
        staged.number("SELECT COUNT(*) FROM shop_catalog_product_entity WHERE entity_id = 201") == 2,
        "two versions"
    );
    assert_eq!(collect(&staged, Selection::All).await, plain);
}

#[tokio::test]
async fn tables_of_modules_that_are_not_there_leave_their_fields_out() {
    let shop = Server::shared().small_shop();
    let all = items(&shop).await;
    let first = find(&all, "A-1", "default");
    let expected = BTreeSet::from([
        "attributes",
        "buyable",
        "createdAt",
        "currency",
        "displayable",
        "name",
        "optionsV2",
        "productId",
        "sku",
        "status",
        "storeCode",
        "storeViewCode",
        "taxClassId",
        "type",
        "updatedAt",
        "categoryData",
        "url",
        "variants",
        "visibility",
        "websiteCode",
        "weightUnit",
    ]);
    assert_eq!(first.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
}
