//! Directives in descriptions of products and categories.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::source::Collected;
use serde_json::{Value, json};

use crate::products::oddities::{items_of, pages, set};
use crate::support::mariadb::{Server, TestDatabase};

/// Blocks, variables and themes.
const SITE: &str = r#"
CREATE TABLE cms_block (block_id INT UNSIGNED PRIMARY KEY, identifier VARCHAR(255), content MEDIUMTEXT, is_active SMALLINT);
CREATE TABLE cms_block_store (block_id INT UNSIGNED, store_id SMALLINT UNSIGNED);
INSERT INTO cms_block VALUES (1, 'sizes', 'all sizes', 1), (2, 'sizes', 'Größen {{block id="note"}}', 1),
  (3, 'note', '({{customVar code=phone}})', 1), (4, 'off', 'off', 0), (5, 'self', '[{{block id="self"}}]', 1);
INSERT INTO cms_block_store VALUES (1, 0), (2, 2), (3, 0), (4, 0), (5, 0);
CREATE TABLE variable (variable_id INT UNSIGNED PRIMARY KEY, code VARCHAR(255));
CREATE TABLE variable_value (value_id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, variable_id INT UNSIGNED, store_id SMALLINT UNSIGNED,
  plain_value TEXT, html_value TEXT);
INSERT INTO variable VALUES (1, 'phone'), (2, 'only_de');
INSERT INTO variable_value (variable_id, store_id, plain_value, html_value) VALUES
  (1, 0, '<1>', ''), (1, 2, 'x', '<b>2</b>'), (2, 2, 'x', 'x');
CREATE TABLE theme (theme_id INT UNSIGNED PRIMARY KEY, theme_path VARCHAR(255), area VARCHAR(255));
INSERT INTO theme VALUES (3, 'Clay/pot', 'frontend');
INSERT INTO core_config_data (scope, scope_id, path, value) VALUES ('default', 0, 'design/theme/theme_id', '3'),
  ('stores', 2, 'general/locale/code', 'de_DE'), ('default', 0, 'general/store_information/phone', '555'),
  ('default', 0, 'general/store_information/country_id', 'AT');
"#;

fn shop() -> TestDatabase {
    let shop = Server::shared().product_shop();
    shop.execute(SITE);
    shop
}

/// A text as SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', "''"))
}

/// What becomes of a text as the description of a product in each of the first two store views, and what is told of it.
async fn rendered(shop: &TestDatabase, text: &str) -> ([Value; 2], Vec<String>) {
    set(shop, "product", "description", "text", 200, 0, &quoted(text));
    let (pages, end) = pages(shop, Feed::Products).await;
    end.expect("all pages");
    let remarks =
        pages.iter().flat_map(|page| &page.remarks).map(|remark| format!("{}: {}", remark.place, remark.text));
    let remarks = remarks.collect();
    let collected = pages.iter().flat_map(|page| &page.collected);
    let items = collected.filter_map(|collected| match collected {
        Collected::Item { content, .. } => Some(content.to_fields()),
        Collected::Broken(_) => None,
    });
    let items: Vec<_> = items.filter(|item| item["sku"] == "BAG").collect();
    let of = |view| {
        let item = items.iter().find(|item| item["storeViewCode"] == view).expect("an item");
        item.get("description").cloned().unwrap_or_default()
    };
    (["default", "de"].map(of), remarks)
}

#[tokio::test]
async fn directives_are_rendered_as_the_store_view_shows_them() {
    let shop = shop();
    let cases: [(&str, [&str; 2]); 16] = [
        ("{{media url=\"a.jpg\"}}", ["https://shop.example/media/a.jpg"; 2]),
        ("{{MEDIA url=&quot;a.jpg&quot;}}", ["https://shop.example/media/a.jpg"; 2]),
        ("{{store url=\"contact\"}}", ["https://shop.example/contact/", "https://shop.example/de/contact/"]),
        (
            "{{store direct_url=\"a.html\" _query_b=\"1\"}}",
            ["https://shop.example/a.html?b=1", "https://shop.example/de/a.html?b=1"],
        ),
        (
            "{{view url=\"Magento_Theme::a.svg\"}}",
            [
                "https://shop.example/static/frontend/Clay/pot/en_US/Magento_Theme/a.svg",
                "https://shop.example/static/frontend/Clay/pot/de_DE/Magento_Theme/a.svg",
            ],
        ),
        ("{{config path=\"general/store_information/phone\"}}", ["555"; 2]),
        ("{{config path=\"web/unsecure/base_url\"}}", ["https://shop.example/"; 2]),
        ("a{{config path=\"payment/key\"}}b", ["ab"; 2]),
        ("{{protocol}} {{protocol url=\"x.test\"}}", ["http http://x.test"; 2]),
        ("{{trans \"Hello %name\" name=\"Ada\"}}", ["Hello Ada"; 2]),
        ("{{customVar code=PHONE}}{{customvar code=only_de}}", ["&lt;1&gt;", "<b>2</b>"]),
        ("{{block id=\"sizes\"}}", ["all sizes", "Größen (<b>2</b>)"]),
        (r#"{{block class="Magento\Cms\Block\Block" block_id="3"}}"#, ["(&lt;1&gt;)", "(<b>2</b>)"]),
        ("a{{block id=\"off\"}}b{{block id=\"none\"}}c", ["abc"; 2]),
        ("{{block id=\"self\"}}", ["[]"; 2]),
        (
            r#"{{widget type="Magento\Cms\Block\Widget\Block" template="widget/static_block/default.phtml" block_id="1"}}"#,
            ["<div class=\"widget block block-static-block\">\n    all sizes</div>\n"; 2],
        ),
    ];
    for (text, expected) in cases {
        let (found, remarks) = rendered(&shop, text).await;
        assert_eq!(found, expected.map(Value::from), "{text}");
        assert_eq!(remarks, Vec::<String>::new(), "{text}");
    }
}

#[tokio::test]
async fn what_commerce_leaves_stays_and_what_only_it_can_render_is_left_out_and_told() {
    let shop = shop();
    for text in
        ["{{var name}}", "{{if x}}{{media url=1}}{{/if}}", "{{nothing a=1}}", "{{ media url=1}}", "{{media}}", "a {{ b"]
    {
        let (found, remarks) = rendered(&shop, text).await;
        assert_eq!(found, [Value::from(text), Value::from(text)]);
        assert_eq!(remarks, Vec::<String>::new());
    }
    for (text, told) in [
        (r#"{{widget type="Clay\Pot" x="1"}}"#, r#"{{widget type="Clay\Pot"}}"#),
        (r#"{{block class="Clay\Pot"}}"#, r#"{{block class="Clay\Pot"}}"#),
        (r#"{{layout handle="x"}}"#, "{{layout}}"),
        (
            r#"{{config path="general/store_information/country_id"}}"#,
            r#"{{config path="general/store_information/country_id"}}"#,
        ),
    ] {
        let (found, remarks) = rendered(&shop, &format!("a{text}b{text}")).await;
        assert_eq!(found, [Value::from("ab"), Value::from("ab")], "{text}");
        let remark = |view| {
            format!("product 200 (BAG), store view {view}: {told} needs Commerce's own code; left out of a description")
        };
        assert_eq!(remarks, ["default", "de", "eu_en"].map(remark), "once for each item: {text}");
    }
}

#[tokio::test]
async fn descriptions_of_categories_too() {
    let shop = shop();
    set(&shop, "category", "description", "text", 3, 0, &quoted("<p>{{block id=\"sizes\"}}</p>"));
    let all = items_of(&shop, Feed::Categories).await;
    let of = |view: &str| {
        let item = all.iter().find(|item| item["categoryId"] == "3" && item["storeViewCode"] == view).expect("an item");
        item["description"].clone()
    };
    assert_eq!((of("default"), of("de")), (json!("<p>all sizes</p>"), json!("<p>Größen (<b>2</b>)</p>")));
}
