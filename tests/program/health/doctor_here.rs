//! The doctor and what is on this server: a healthy shop, files, database, cron, change logs.

use std::fs;

use serde_json::Value;

use super::kit::{Shop, Told, chmod, closed_port};
use super::support::home::{Home, stdout};
use super::support::mariadb::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_shop_fits_on_a_screen_and_ends_with_0() {
    let shop = Shop::healthy().await;
    let told = shop.doctor();
    assert_eq!((told.code, told.findings()), (0, vec![]), "{}", told.text);
    // Where this test's state is, in a temporary directory, is a warning of three lines and a blank one.
    let is_place = told.check("State directory").starts_with("! warning");
    assert_eq!(is_place, told.text.contains("may not last"));
    let of_place = ["! warning the state directory", "  why: if it is lost,", "  fix: move it"];
    let mut lines: Vec<&str> = told.text.lines().collect();
    lines.retain(|line| !of_place.iter().any(|begin| line.starts_with(begin)));
    lines.dedup();
    // One line is the shell's. What is piped is not cut, so nothing is said of its width.
    assert!(lines.len() < 24, "{}", told.text);
    assert!(told.text.is_ascii(), "no locale is set: {}", told.text);
    let skipped: Vec<&&str> = lines.iter().filter(|line| line.starts_with('-')).collect();
    // What happens at logout is the test machine's matter, and not every one says.
    assert!(skipped.iter().all(|line| line.contains("Logout")), "{skipped:?}");
    // Of the 21 checks, only these two depend on the machine that the test runs on.
    let conclusion = match (is_place, skipped.len()) {
        (false, 0) => "No problems, 21 ok, 0 warnings, 0 skipped.",
        (false, _) => "No problems, 20 ok, 0 warnings, 1 skipped.",
        (true, 0) => "No problems, 20 ok, 1 warning, 0 skipped.",
        (true, _) => "No problems, 19 ok, 1 warning, 1 skipped.",
    };
    assert_eq!(lines.last(), Some(&conclusion));
    for (name, words) in [
        ("Configuration", "mode 0600"),
        ("Installation", "Adobe Commerce 2.4.8"),
        ("Database", "entity_id, 9 of 9 feeds"),
        ("Cron", "0 stuck"),
        ("Indexers", "all 9 ready, Update by Schedule"),
        ("Change logs", "0 records waiting, no stall"),
        ("Production keys", "RSA 2048 bits, accepted"),
        ("Sandbox keys", "accepted"),
        ("DNS", "127.0.0.1 is an address"),
        ("TCP", "connected in"),
        ("HTTPS", "plain http to this machine"),
        ("Proxy", "none: the gateway is on this machine"),
        ("Clock", "in sync"),
        ("Registry", "1 project"),
        ("Data space", "(Production) of Shop"),
        ("Routes", "8 documented; inferred: inventoryStockStatus, "),
        ("Guard", "production installation, Production data space"),
        ("State directory", "created by the first run"),
        ("Ledger", "nothing sent"),
        ("Terminal", "none: output is not a terminal"),
    ] {
        // A test's state is in a temporary directory, which is a warning.
        let is_ok = told.check(name).starts_with("+ ok") || (is_place && name == "State directory");
        assert!(is_ok && told.check(name).contains(words), "{}", told.check(name));
    }

    let unicode = Told::by(shop.command(&["doctor"]).env("LANG", "C.UTF-8"));
    assert!(unicode.check("Database").starts_with("✓ ok"), "{}", unicode.text);

    let json = shop.home.json(&["doctor"]);
    let routes = json.iter().find(|line| line["check"] == "Routes").expect("a check");
    let facts: Vec<&str> = routes["facts"].as_array().expect("facts").iter().filter_map(Value::as_str).collect();
    assert!(facts.contains(&"prices: feeds/products/v1/prices (Adobe's documentation)"), "{facts:?}");
    let last = json.last().expect("a summary");
    assert_eq!(
        (last["type"].as_str(), last["wrong"].as_u64(), last["exit"].as_u64()),
        (Some("doctor"), Some(0), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_that_others_can_read() {
    let shop = Shop::without_database().await;
    shop.configure();
    chmod(&shop.private_key(), 0o644);
    let told = shop.doctor();
    let key = shop.private_key().display().to_string();
    told.assert_only(&["production private key", &key, "mode 0644"], &format!("`chmod 600 {key}`"), 3);
    assert!(told.check("Registry").starts_with("- skipped"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing() {
    let shop = Shop::healthy().await;
    shop.database().execute("DROP TABLE sales_order");
    let told = shop.doctor();
    told.assert_only(&["orders: its table sales_order is missing"], "`bin/magento setup:upgrade`", 3);
    assert!(told.check("Database").contains("8 of 9 feeds"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_of_commerce_skips_what_needs_it() {
    let shop = Shop::healthy().await;
    shop.database().execute("DROP TABLE store_website");
    let told = shop.doctor();
    told.assert_only(&["not a Commerce database", "store_website"], "table prefix", 3);
    for name in ["Cron", "Indexers", "Change logs"] {
        assert!(told.check(name).ends_with("no database"), "{}", told.check(name));
    }
    assert!(told.check("Registry").starts_with("+ ok"), "the gateway is checked all the same: {}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_job_that_is_stuck() {
    let shop = Shop::healthy().await;
    shop.database().execute(
        "INSERT INTO cron_schedule (job_code, status, executed_at) VALUES \
         ('indexer_update_all_views', 'running', UTC_TIMESTAMP() - INTERVAL 7230 SECOND)",
    );
    let words = ["cron is stuck: indexer_update_all_views is running for longer than 1 h 00 min, since 2 h 00 min ago"];
    shop.doctor().assert_only(&words, "`bin/magento cron:run`", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_that_does_not_run() {
    let shop = Shop::healthy().await;
    shop.database().execute(
        "UPDATE cron_schedule SET status = 'success', executed_at = UTC_TIMESTAMP() - INTERVAL 1 DAY, \
         finished_at = UTC_TIMESTAMP() - INTERVAL 1 DAY",
    );
    shop.doctor().assert_only(
        &["cron is not running: the last job was 24 h 00 min ago"],
        "`bin/magento cron:install`",
        3,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_silent_stall() {
    let shop = Shop::healthy().await;
    // Ten changes came, Commerce read them, and then the log was made anew.
    shop.database().execute(
        "UPDATE mview_state SET version_id = 10 WHERE view_id = 'cde_products_feed'; \
         INSERT INTO cde_products_feed_cl (entity_id) VALUES (1), (2), (3)",
    );
    let told = shop.doctor();
    let words = ["products: silent stall", "up to version 10, but the log ends at 3"];
    told.assert_only(&words, "`bin/magento indexer:reindex catalog_data_exporter_products`", 3);
    assert!(told.check("Change logs").contains("0 records waiting, 1 stalled"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_env_php_that_was_cut_off() {
    let shop = Shop::healthy().await;
    let path = shop.root().join("app/etc/env.php");
    let whole = fs::read_to_string(&path).expect("env.php");
    fs::write(&path, &whole[..whole.find("'username'").expect("a user")]).expect("written");
    let told = shop.doctor();
    let findings = told.findings();
    assert_eq!(told.code, 3, "{}", told.text);
    assert!(findings[0].0.contains("app/etc/env.php line 5"), "{}", findings[0].0);
    assert!(findings[0].1.contains("`php -l ") && findings[0].1.contains("app/etc/env.php`"), "{}", findings[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_in_the_wrong_place() {
    let shop = Shop::healthy().await;
    let inside = shop.root().join("state").display().to_string();
    let told = Told::by(&mut shop.command(&["doctor", "--state-dir", &inside]));
    told.assert_only(&["--state-dir", "inside the Commerce installation"], "`commerce-connector doctor` again", 3);
    // Below var/ is the one exception, with a word about what takes it away.
    let var = shop.root().join("var/commerce-connector").display().to_string();
    fs::create_dir_all(&var).expect("made");
    chmod(var.as_ref(), 0o700);
    let told = Told::by(&mut shop.command(&["doctor", "--state-dir", &var]));
    assert!(told.findings().is_empty(), "{}", told.text);
    assert!(told.text.contains("may not last"), "{}", told.text);
    let emptied = shop.root().join("var/cache/x").display().to_string();
    let told = Told::by(&mut shop.command(&["doctor", "--state-dir", &emptied]));
    told.assert_only(&["inside the Commerce installation"], "`commerce-connector doctor` again", 3);

    // The home of the user who owns the shop's files is often their directory.
    let config = shop.home.config().display().to_string();
    let told = Told::by(shop.command(&["doctor", "--config", &config]).env("HOME", shop.root()));
    told.assert_only(&["state directory", "inside the Commerce installation"], "--state-dir", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_shop_is_guarded() {
    let shop = Shop::without_database().await;
    let told = Told::by(shop.command(&["doctor"]).env("MAGENTO_CLOUD_ENVIRONMENT_TYPE", "staging"));
    told.assert_only(&["staging installation", "Live is a production data space"], "data-spaces list", 3);
}

#[test]
fn without_a_configuration_or_with_a_broken_one() {
    let home = Home::new();
    // A gateway that is down comes first, whatever else is wrong.
    let proxy = format!("http://127.0.0.1:{}", closed_port());
    let told = home.command(&["doctor"]).env("HTTPS_PROXY", proxy).output().expect("the program runs");
    let text = stdout(&told);
    assert_eq!(told.status.code(), Some(5), "{text}");
    assert!(text.contains("x wrong   Configuration") && text.contains("`commerce-connector config init`"), "{text}");
    home.write_config("[gateway]\nenvironmant = \"sandbox\"\n");
    let told = home.run(&["doctor"]);
    let text = stdout(&told);
    assert_eq!(told.status.code(), Some(3), "{text}");
    assert!(text.contains("config.toml") && text.contains("environmant") && text.contains("line 2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_without_adobes_export_is_not_wrong() {
    let shop = Shop::with(Server::shared().small_shop()).await;
    let told = shop.doctor();
    assert_eq!(told.code, 0, "{}", told.text);
    assert!(told.check("Indexers").contains("Adobe's own export is not installed"), "{}", told.text);
    assert!(told.findings().iter().all(|(what, _)| what.starts_with("! warning")), "{}", told.text);
}
