//! `feeds health`: Adobe's feed tables beside ours, indexers, change logs, cron, locks.

use commerce_connector::commerce::database::Database;
use serde_json::{Value, json};

use super::kit::{Shop, Told};
use super::support::home::{Home, stdout};
use super::support::mariadb::Server;

/// Everything that `feeds health --json` says, by type.
fn lines(shop: &Shop) -> (i32, Vec<Value>) {
    let output = shop.command(&["feeds", "health", "--json"]).output().expect("the program runs");
    let lines = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (output.status.code().expect("a code"), lines)
}

fn feed<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    let is_it = |line: &&Value| line["type"] == "feed_health" && line["feed"] == name;
    lines.iter().find(is_it).unwrap_or_else(|| panic!("no feed {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_shop() {
    let shop = Shop::healthy().await;
    let told = shop.feeds_health();
    assert_eq!((told.code, told.findings()), (0, vec![]), "{}", told.text);
    assert!(told.text.lines().all(|line| line.len() <= 110), "{}", told.text);
    assert!(told.text.contains("No problems; 0 warnings."), "{}", told.text);
    let (code, lines) = lines(&shop);
    assert_eq!(code, 0);
    assert_eq!(lines.iter().filter(|line| line["type"] == "feed_health").count(), 9);
    let orders = feed(&lines, "orders");
    assert_eq!(
        (&orders["indexer"], &orders["mode"], &orders["backlog"], &orders["stalled"], &orders["ours"]),
        (&json!("Ready"), &json!("Update by Schedule"), &json!(0), &json!(false), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn adobes_items_by_state_with_errors_and_request_ids() {
    let shop = Shop::healthy().await;
    shop.database().execute(
        r#"INSERT INTO cde_product_prices_feed
             (source_entity_id, feed_id, modified_at, is_deleted, status, feed_data, feed_hash, errors, metadata) VALUES
           (1, 'a', '2026-01-01 10:00:00', 0, 200, '{}', '', '', NULL),
           (2, 'b', '2026-01-01 10:00:01', 0, 200, '{}', '', NULL, NULL),
           (3, 'c', '2026-01-01 10:00:05', 0, 400, '{}', '', '{"message":"sku \\u001b[2J is too long"}', '{"request_id":"r-3"}'),
           (4, 'd', '2026-01-01 10:00:04', 0, 503, '{}', '', 'down for a moment', NULL),
           (5, 'e', '2026-01-01 10:00:03', 0, 0, '{}', '', '', NULL),
           (6, 'f', '2026-01-01 10:00:02', 1, 200, '{}', '', '', NULL);
           INSERT INTO scopes_website_data_exporter VALUES (1, '{}', '2026-01-02 03:04:05'), (2, '{}', '2026-01-02 03:04:06');"#,
    );
    let (code, lines) = lines(&shop);
    assert_eq!(code, 3);
    let adobe = &feed(&lines, "prices")["adobe"];
    let counts =
        ["submitted", "awaiting", "will_retry", "needs_attention", "deleted", "rows"].map(|name| adobe[name].as_u64());
    assert_eq!(counts, [2, 0, 2, 1, 1, 5].map(Some));
    assert_eq!(adobe["last_modified"], "2026-01-01T10:00:05Z");
    assert_eq!(
        adobe["errors"],
        json!([
            {"source_id": 3, "status": 400, "at": "2026-01-01T10:00:05Z", "message": "sku \\x1b[2J is too long", "request_id": "r-3"},
            {"source_id": 4, "status": 503, "at": "2026-01-01T10:00:04Z", "message": "down for a moment", "request_id": null},
        ])
    );
    let scopes = &feed(&lines, "scopesWebsite")["adobe"];
    assert_eq!((&scopes["rows"], &scopes["submitted"]), (&json!(2), &Value::Null), "a legacy table has no status");
    assert_eq!(scopes["last_modified"], "2026-01-02T03:04:06Z");

    let told = shop.feeds_health();
    let findings = told.findings();
    assert_eq!(findings.len(), 2, "{}", told.text);
    assert_eq!(
        findings[0].0,
        "x wrong   prices: 1 item of Adobe's own export failed and require attention; the newest, source record 3: \
         sku \\x1b[2J is too long, request id r-3"
    );
    assert!(findings[0].1.contains("`bin/magento saas:resync --feed prices`"), "{}", findings[0].1);
    assert_eq!(findings[1].0, "! warning prices: Adobe's own export will retry 2 items");
}

#[tokio::test(flavor = "multi_thread")]
async fn indexers_modes_and_backlogs() {
    let shop = Shop::healthy().await;
    shop.database().execute(
        "UPDATE indexer_state SET status = 'invalid' WHERE indexer_id = 'catalog_data_exporter_products'; \
         UPDATE indexer_state SET status = 'working' WHERE indexer_id = 'catalog_data_exporter_categories'; \
         UPDATE indexer_state SET status = 'suspended' WHERE indexer_id = 'catalog_data_exporter_product_prices'; \
         UPDATE mview_state SET mode = 'disabled' WHERE view_id = 'scopes_website_data_exporter'; \
         UPDATE mview_state SET version_id = 2 WHERE view_id = 'cde_product_variants_feed'; \
         INSERT INTO cde_product_variants_feed_cl (entity_id) SELECT seq DIV 2 FROM seq_1_to_2004; \
         INSERT INTO cde_categories_feed_cl (entity_id) SELECT seq FROM seq_1_to_1000;",
    );
    let (code, lines) = lines(&shop);
    assert_eq!(code, 3);
    let states = ["products", "categories", "prices", "variants"].map(|name| feed(&lines, name)["indexer"].clone());
    assert_eq!(json!(states), json!(["Reindex required", "Processing", "Suspended", "Ready"]));
    // Versions 3 to 2004 hold 1, 2, 2, 3, 3 … 1001, 1001, 1002: numbers that come twice count once.
    let variants = shop
        .database()
        .number("SELECT COUNT(DISTINCT entity_id) FROM cde_product_variants_feed_cl WHERE version_id > 2");
    assert_eq!((variants, feed(&lines, "variants")["backlog"].as_u64()), (1002, Some(1002)));
    assert_eq!(feed(&lines, "categories")["backlog"], 1000);
    let told = shop.feeds_health();
    let findings: Vec<(&str, &str)> = told.findings();
    assert_eq!(
        findings,
        [
            (
                "! warning scopesWebsite: the indexer scopes_website_data_exporter is set to Update on Save",
                "`bin/magento indexer:set-mode schedule scopes_website_data_exporter`"
            ),
            (
                "x wrong   products: Reindex required (catalog_data_exporter_products)",
                "`bin/magento indexer:reindex catalog_data_exporter_products`"
            ),
            (
                "! warning prices: the indexer catalog_data_exporter_product_prices is Suspended",
                "`bin/magento indexer:status` shows what it waits for"
            ),
            (
                "! warning variants: 1,002 records wait in the change log cde_product_variants_feed_cl",
                "`bin/magento cron:run --group index`"
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_missing_are_told_in_one_line_each_and_harm_nothing_else() {
    let shop = Shop::healthy().await;
    shop.database().execute("DROP TABLE cron_schedule, flag, indexer_state, cde_products_feed, cde_categories_feed_cl");
    let told = shop.feeds_health();
    let whats: Vec<&str> = told.findings().into_iter().map(|(what, _)| what).collect();
    assert_eq!(
        whats,
        [
            "! warning the table indexer_state is missing",
            "x wrong   categories: the change log cde_categories_feed_cl is missing, but catalog_data_exporter_categories \
             is set to Update by Schedule",
            "! warning products: the table cde_products_feed is missing",
            "! warning the table cron_schedule is missing",
            "! warning the table flag is missing",
        ]
    );
    assert_eq!(told.code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read() {
    let shop = Shop::healthy().await;
    // A view over a table that is gone: it is listed, and every query on it fails.
    shop.database().execute(
        "RENAME TABLE cron_schedule TO cron_kept; CREATE VIEW cron_schedule AS SELECT * FROM cron_kept; DROP TABLE cron_kept",
    );
    let told = shop.feeds_health();
    let findings = told.findings();
    assert_eq!(findings.len(), 1, "{}", told.text);
    assert!(findings[0].0.starts_with("! warning the table cron_schedule cannot be read: "), "{}", findings[0].0);
    assert_eq!(told.code, 0, "a warning: {}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_adobes_export_is_told_while_it_is_held() {
    let shop = Shop::healthy().await;
    shop.database().execute(
        "INSERT INTO flag (flag_code, flag_data, last_update) VALUES \
         ('feed_metadata_products', '{\"lockedBy\":\"full sync(4711)\"}', UTC_TIMESTAMP() - INTERVAL 26 HOUR), \
         ('feed_metadata_prices', '{\"lockedBy\":\"partial sync(4712)\"}', UTC_TIMESTAMP())",
    );
    let database = Database::connect(&shop.database().settings()).await.expect("a connection");
    let mut holder = database.snapshot().await.expect("a snapshot");
    let lock = format!("{}|feed_sync_products", shop.database().name);
    let taken = holder.rows_with::<u64>("SELECT GET_LOCK(?, 0)", (lock.clone(),)).await.expect("an answer");
    assert_eq!(taken, [1]);
    let told = shop.feeds_health();
    assert!(
        told.text.contains("Lock: Adobe's export is processing products (full sync(4711), for 26 h 00 min)"),
        "{}",
        told.text
    );
    assert!(!told.text.contains("partial sync"), "that lock was let go: {}", told.text);
    assert_eq!(told.findings().len(), 1, "{}", told.text);
    assert!(told.findings()[0].0.contains("has held the lock of products for 26 h 00 min"), "{}", told.text);
    holder.rows_with::<u64>("SELECT RELEASE_LOCK(?)", (lock,)).await.expect("an answer");
    assert!(!shop.feeds_health().text.contains("Lock:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_stand_beside_adobes() {
    let shop = Shop::healthy().await;
    let run =
        shop.command(&["export", "run", "--feed", "scopesWebsite,scopesCustomerGroup"]).output().expect("it runs");
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let (code, lines) = lines(&shop);
    assert_eq!((code, &feed(&lines, "scopesWebsite")["ours"]["submitted"]), (0, &json!(2)));
    assert_eq!(feed(&lines, "scopesCustomerGroup")["ours"]["submitted"], 3);
    assert!(feed(&lines, "scopesWebsite")["ours"]["last_sync"].is_string());
}

#[test]
fn without_a_database_ours_are_all_there_is() {
    let home = Home::new();
    home.write_config("[source]\nkind = \"files\"\n");
    let told = Told::by(&mut home.command(&["feeds", "health"]));
    assert_eq!(told.code, 0, "{}", told.text);
    assert!(told.text.contains("No Commerce database is configured"), "{}", told.text);
}

/// The change logs of the Luma fixture have rows above the cursors; its `cron_schedule` is empty.
#[tokio::test(flavor = "multi_thread")]
async fn the_luma_fixture() {
    let Some(luma) = Server::shared().luma() else { return };
    let triggers = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/triggers.sql");
    luma.execute(&std::fs::read_to_string(triggers).expect("the triggers beside the fixture"));
    let shop = Shop::with(luma).await;
    let (code, lines) = lines(&shop);
    for (name, backlog) in [
        ("scopesWebsite", 0),
        ("scopesCustomerGroup", 0),
        ("productAttributes", 0),
        ("categories", 2),
        ("products", 6),
        ("prices", 4),
        ("variants", 0),
        ("inventoryStockStatus", 3),
        ("orders", 2),
    ] {
        let line = feed(&lines, name);
        assert_eq!((line["backlog"].as_u64(), &line["stalled"]), (Some(backlog), &json!(false)), "{name}");
        assert_eq!((&line["indexer"], &line["mode"]), (&json!("Ready"), &json!("Update by Schedule")), "{name}");
        assert_eq!(line["adobe"]["rows"], 0, "{name}");
    }
    let findings: Vec<&Value> = lines.iter().filter(|line| line["type"] == "finding").collect();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["what"], "cron is not running: no job in cron_schedule ever ran");
    assert_eq!(code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_that_are_missing_under_an_enabled_view() {
    let shop = Shop::healthy().await;
    let trigger = shop.database().query(
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
         AND event_object_table = 'store_group' AND event_manipulation = 'DELETE'",
    );
    shop.database().execute(&format!("DROP TRIGGER {}", trigger[0][0]));
    let told = shop.feeds_health();
    told.assert_only(
        &["x wrong   scopesWebsite: triggers are missing on store_group, but scopes_website_data_exporter is set to"],
        "`bin/magento indexer:set-mode realtime scopes_website_data_exporter`",
        3,
    );
    assert!(shop.doctor().text.contains("triggers are missing on store_group"));
}
