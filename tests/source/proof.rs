//! `lint`, `explain` and `compare`, as a script runs them over the Luma shop: what it is known to have, and what is planted into it.

use std::collections::BTreeMap;
use std::path::Path;

use commerce_connector::domain::Feed;
use serde_json::Value;

use super::planted::gold;
use super::support::FEEDS;
use super::support::home::{Home, stderr, stdout};
use super::support::mariadb::{Server, TestDatabase};

fn home_of(url: &str) -> Home {
    let home = Home::new();
    home.write_config(&format!("[source.commerce]\nurl = \"{url}\"\n"));
    home
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The exit code of `lint`, and what each rule found: how often, and the first places.
fn lint(home: &Home, more: &[&str]) -> (Option<i32>, BTreeMap<String, (u64, String)>) {
    let output = home.run(&[&["lint", "--json"], more].concat());
    let rules = json_lines(&stdout(&output)).into_iter().filter(|line| line["type"] == "lint_rule");
    let text = |rule: &Value| (rule["count"].as_u64().expect("a number"), rule["examples"].to_string());
    let found = rules.map(|rule| (rule["rule"].as_str().expect("a name").to_owned(), text(&rule))).collect();
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    (output.status.code(), found)
}

#[test]
fn lint_finds_what_is_planted_and_nothing_else() {
    let Some(shop) = Server::shared().luma() else { return };
    let home = home_of(&shop.url());
    let (_, before) = lint(&home, &[]);
    let counts = |found: &BTreeMap<String, (u64, String)>| -> BTreeMap<String, u64> {
        found.iter().map(|(rule, (count, _))| (rule.clone(), *count)).collect()
    };
    assert_eq!(before.len(), 14, "every rule says what it found: {before:?}");
    let known = counts(&before);
    for clean in
        ["invalid-record", "sku-blanks", "sku-case", "no-name", "group-limit", "value-too-large", "category-path"]
    {
        assert_eq!(known[clean], 0, "{clean}: {}", before[clean].1);
    }

    shop.execute(
        "SET @name = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'name' AND entity_type_id = 4),
             @url = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'url_key' AND entity_type_id = 4);
         UPDATE catalog_product_entity SET sku = ' 24-MB03' WHERE sku = '24-MB03';
         UPDATE catalog_product_entity_varchar SET value = '' WHERE attribute_id = @name AND entity_id = 4;
         UPDATE catalog_product_entity_varchar SET value = 'joust-duffle-bag' WHERE attribute_id = @url AND entity_id = 2;
         DELETE FROM catalog_product_super_link WHERE parent_id = 62;
         UPDATE catalog_category_entity SET parent_id = 777 WHERE entity_id = 5;",
    );
    let (exit, after) = lint(&home, &[]);
    assert_eq!(exit, Some(3));
    let planted = counts(&after);
    for (rule, place) in [
        ("sku-blanks", "24-MB03"),
        ("no-name", "24-MB05, store view default"),
        ("duplicate-url-key", "24-MB01 and 24-MB04"),
        ("no-children", "MH01"),
        ("category-path", "category 5, store view default"),
    ] {
        assert!(planted[rule] > known[rule], "{rule}: {after:?}");
        assert!(after[rule].1.contains(place), "{rule}: {}", after[rule].1);
    }

    // Fewer rules read fewer feeds, and only errors end with 3.
    let csv = home.path("hits.csv");
    let (exit, some) = lint(&home, &["--rule", "sku-blanks,special-price", "--csv", csv.to_str().expect("a path")]);
    assert_eq!((exit, some.len()), (Some(0), 2));
    let lines = std::fs::read_to_string(csv).expect("a file");
    let hits: u64 = some.values().map(|(count, _)| count).sum();
    assert_eq!(lines.lines().count() as u64, hits + 1, "{lines}");
    assert!(lines.contains("\"sku-blanks\",\"warning\",\"\"\" 24-MB03\"\"\",\"\""), "{lines}");

    let refused = home.run(&["lint", "--rule", "sku-blank"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("no such rule; the rules are invalid-record, "), "{}", stderr(&refused));
    let (_, apart) = lint(&home, &["--feed", "products"]);
    assert!(apart.contains_key("no-name") && !apart.contains_key("no-price"), "{apart:?}");
}

/// The causes that hide or limit a product in a store view, and the exit code.
fn explain(home: &Home, sku: &str, view: &str) -> (Option<i32>, Vec<(String, String)>) {
    let output = home.run(&["explain", sku, "--json"]);
    let document = json_lines(&stdout(&output)).remove(0);
    let views = document["store_views"].as_array().expect("store views");
    let of_view = views.iter().find(|of| of["store_view"] == view).expect("the store view");
    let causes = of_view["causes"].as_array().expect("causes");
    let text = |cause: &Value, name: &str| cause[name].as_str().expect("text").to_owned();
    (output.status.code(), causes.iter().map(|cause| (text(cause, "what"), text(cause, "from"))).collect())
}

#[test]
fn explain_names_each_planted_cause_and_its_table() {
    let Some(shop) = Server::shared().luma() else { return };
    let home = home_of(&shop.url());
    let clean: Vec<(String, String)> = Vec::new();
    assert_eq!(explain(&home, "24-MB01", "default").1, clean);
    assert_eq!(explain(&home, "24-mb01", "default").1, clean, "as the database compares SKUs");
    let whats_of = |sku: &str| explain(&home, sku, "default").1.into_iter().map(|(what, _)| what).collect::<Vec<_>>();
    let inactive = "its category 36 is below category 7, which is not active";
    assert_eq!(whats_of("MH01"), [inactive], "its children are enabled; the category is the shop's own");
    let (exit, child) = explain(&home, "MH01-XS-Black", "default");
    assert_eq!(exit, Some(3));
    assert!(child[0].0.ends_with("only as part of MH01"), "{child:?}");

    shop.execute(
        "SET @status = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'status' AND entity_type_id = 4),
             @active = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'is_active' AND entity_type_id = 3),
             @de = (SELECT store_id FROM store WHERE code = 'de');
         INSERT INTO catalog_product_entity_int (attribute_id, store_id, entity_id, value) VALUES (@status, @de, 1, 2)
             ON DUPLICATE KEY UPDATE value = 2;
         UPDATE catalog_product_entity_int v JOIN catalog_product_relation r ON r.child_id = v.entity_id
             SET v.value = 2 WHERE v.attribute_id = @status AND r.parent_id = 62;
         UPDATE catalog_category_entity_int SET value = 0 WHERE attribute_id = @active AND entity_id = 3;
         DELETE FROM catalog_product_website WHERE product_id = 2;",
    );
    let whats = |sku: &str, view: &str| explain(&home, sku, view).1;
    let disabled =
        ("it is disabled".to_owned(), "catalog_product_entity_int, attribute status, store view de".to_owned());
    assert!(whats("24-MB01", "de").contains(&disabled), "{:?}", whats("24-MB01", "de"));
    let default = whats("24-MB01", "default");
    assert!(!default.iter().any(|(what, _)| what == "it is disabled"), "{default:?}");
    let below = "its category 4 is below category 3, which is not active";
    assert!(default.iter().any(|(what, from)| what == below && from.ends_with("path 1/2/3/4")), "{default:?}");
    let (what, from) = whats("MH01", "default").remove(0);
    assert!(what.starts_with("none of the ") && from.starts_with("catalog_product_relation"), "{what} {from}");
    let (what, from) = whats("24-MB04", "default").remove(0);
    assert_eq!((what.as_str(), from.as_str()), ("it is not assigned to the website base", "catalog_product_website"));

    let text = stdout(&home.run(&["explain", "24-MB04"]));
    assert!(
        text.contains("Hidden: it is not assigned to the website base\n    from: catalog_product_website\n"),
        "{text}"
    );
    let unknown = home.run(&["explain", "no-such"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("neither the shop nor the ledger has a product \"no-such\""));
}

#[test]
fn lint_of_files_says_which_rules_were_not_checked() {
    let home = Home::new();
    let feeds = home.path(".config/commerce-connector/feeds");
    std::fs::create_dir_all(&feeds).expect("made");
    let product =
        r#"{"sku":"A ","storeViewCode":"default","name":"","type":"simple","status":"Enabled","displayable":false}"#;
    std::fs::write(feeds.join("products.ndjson"), product).expect("written");
    home.write_config("[source]\nkind = \"files\"\n");
    let output = home.run(&["lint"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}{}", stderr(&output));
    assert!(text.contains("no-name"), "{text}");
    assert!(text.ends_with("Lint: 1 error, 1 warning in 1 item; 7 rules not checked\n"), "{text}");
}

/// What `compare exporter` says of each feed, and its exit code.
fn compare(home: &Home, from: &str, more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = home.run(&[&["compare", "exporter", "--json", "--from", from], more].concat());
    (output.status.code(), json_lines(&stdout(&output)))
}

/// The Luma shop on the day of the vendor's items, as far as rows say the day, and a home that reads all its orders.
fn luma_of_gold() -> Option<(TestDatabase, Home)> {
    gold(Feed::Products)?;
    let shop = Server::shared().luma()?;
    let shift = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/shift_rule_dates.sql");
    shop.execute(&std::fs::read_to_string(shift).expect("beside the fixture"));
    let home = Home::new();
    home.write_config(&format!("[source.commerce]\nurl = \"{}\"\norder_days = 0\n", shop.url()));
    Some((shop, home))
}

#[test]
fn luma_the_items_of_adobes_exporter_are_equal_and_each_changed_field_is_found() {
    let Some((_shop, home)) = luma_of_gold() else { return };
    let all: String = FEEDS.into_iter().filter_map(gold).collect();
    let file = home.path("all.ndjson");
    std::fs::write(&file, &all).expect("written");
    let file = file.to_str().expect("a path");
    let (exit, feeds) = compare(&home, file, &[]);
    assert_eq!((exit, feeds.len()), (Some(0), 9), "{feeds:#?}");
    assert!(feeds.iter().all(|feed| feed["equal"].as_u64() > Some(0)), "{feeds:#?}");

    // A log of a command, with one field changed, one item more and one missing.
    let changed = all.replacen(r#""name":"Joust Duffle Bag""#, r#""name":"Joust Bag""#, 1);
    let mut lines: Vec<&str> = changed.lines().filter(|line| line.contains(r#""displayable""#)).collect();
    lines.pop();
    let more = lines[0].replace(r#""sku":"24-MB01""#, r#""sku":"24-MB99""#);
    lines.push(&more);
    let log = format!("[2026-11-25] report.INFO: sent {{\"payload\":[{}]}} []\n", lines.join(","));
    std::fs::write(home.path("export.log"), log).expect("written");
    let log = home.path("export.log");
    let (exit, feeds) = compare(&home, log.to_str().expect("a path"), &[]);
    let [products] = feeds.as_slice() else { panic!("{feeds:#?}") };
    assert_eq!(exit, Some(3));
    for (name, count) in [("different", 1), ("only_theirs", 1), ("only_ours", 1)] {
        assert_eq!(products[name], count, "{products:#}");
    }
    let field = &products["fields"][0];
    assert_eq!(
        (&field["path"], &field["items"], &field["theirs"]),
        (&"name".into(), &1.into(), &"\"Joust Bag\"".into())
    );
    assert_eq!(products["only_theirs_examples"][0], "24-MB99 · default");

    let products = home.path("export.log");
    let products = products.to_str().expect("a path");
    let refused = home.run(&["compare", "exporter", "--from", products, "--feed", "orders"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("has no items of orders"), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("saas:resync --feed orders --dry-run"), "{}", stderr(&refused));
}

#[test]
fn luma_feed_tables_that_hold_the_items_whole_are_equal_and_taken_over_but_for_a_torn_price() {
    let Some((shop, home)) = luma_of_gold() else { return };
    for feed in FEEDS {
        let names = feed.in_commerce().expect("a feed of Commerce");
        let text = gold(feed).expect("there");
        let rows: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(at, line)| {
                let (id, data) = (at + 1, line.replace('\\', "\\\\").replace('\'', "''"));
                if names.is_immediate {
                    format!("({id}, {id}, '{id}', 200, '{data}', '')")
                } else {
                    format!("({id}, '{data}')")
                }
            })
            .collect();
        let columns = if names.is_immediate {
            "id, source_entity_id, feed_id, status, feed_data, feed_hash"
        } else {
            "id, feed_data"
        };
        for some in rows.chunks(500) {
            shop.execute(&format!("INSERT INTO {} ({columns}) VALUES {}", names.feed_table, some.join(",")));
        }
    }
    let output = home.run(&["compare", "exporter", "--json"]);
    let feeds = json_lines(&stdout(&output));
    assert_eq!((output.status.code(), feeds.len()), (Some(3), 9), "{feeds:#?}{}", stderr(&output));
    let differing: Vec<&Value> = feeds.iter().flat_map(|feed| feed["fields"].as_array().expect("fields")).collect();
    // A page of the vendor's exporter ended in the middle of a customer group: its second half is what the table has.
    let [torn] = differing.as_slice() else { panic!("{differing:#?}") };
    assert_eq!((&torn["path"], &torn["items"]), (&"discounts[extra]".into(), &1.into()), "{torn}");
    let only = |side: &str| feeds.iter().map(|feed| feed[side].as_u64().expect("a number")).sum::<u64>();
    assert_eq!((only("only_theirs"), only("only_ours")), (0, 0), "{feeds:#?}");

    // Switching over counts all of it as sent but for that price, and says what Adobe's tables do not tell.
    let config = std::fs::read_to_string(home.config()).expect("a configuration");
    home.write_config(&format!("{config}[saas]\nenvironment_id = \"space-1\"\n"));
    shop.execute(
        "REPLACE INTO core_config_data (scope, scope_id, path, value) \
         VALUES ('default', 0, 'services_connector/services_id/environment_id', 'space-1')",
    );
    let adopted = json_lines(&home.ok(&["compare", "exporter", "--adopt", "--yes", "--json"]));
    let summary = adopted.last().expect("a summary");
    let with_status =
        |feed: &&Value| feed["feed"] != "orders" && !feed["feed"].as_str().expect("a name").starts_with("scopes");
    let equal: u64 = feeds.iter().filter(with_status).map(|feed| feed["equal"].as_u64().expect("a number")).sum();
    assert_eq!(
        (&summary["sent"], &summary["to_send"], &summary["gone"], &summary["not_judged"]),
        (&equal.into(), &1.into(), &0.into(), &0.into()),
        "{adopted:#?}"
    );
    assert_eq!(summary["unsaid"], serde_json::json!(["scopesWebsite", "scopesCustomerGroup", "orders"]));
}
