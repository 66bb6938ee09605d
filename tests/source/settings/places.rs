//! Where settings that shape items are set: every setting in every place and scope, and what reaches items, the connection and the
//! encryption.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use super::kit::{KEY_A, KEY_B, KEYS, Shop, decrypted};
use super::support::home::{stderr, stdout};
use super::support::mariadb::{Server, TestDatabase};

/// The places, the strongest first.
const PLACES: [&str; 5] = ["variable", "env.php", "config.php", "database", "module"];
/// The scopes: what Commerce calls them, the code in the fixture, and what the program says.
const SCOPES: [(&str, &str, &str); 3] =
    [("default", "", "default"), ("websites", "eu", "website eu"), ("stores", "eu_en", "store view eu_en")];
/// A time zone for each place and scope.
const ZONES: [[&str; 3]; 5] = [
    ["Europe/Berlin", "Europe/Paris", "Europe/Rome"],
    ["Asia/Tokyo", "Asia/Seoul", "Asia/Dubai"],
    ["America/Lima", "America/Bogota", "America/Denver"],
    ["Africa/Cairo", "Africa/Tunis", "Africa/Lagos"],
    ["Australia/Perth", "Australia/Sydney", "Australia/Darwin"],
];

/// The value that a place has of a setting in a scope.
fn value(path: &str, place: usize, scope: usize) -> String {
    if path == "general/locale/timezone" {
        return ZONES[place][scope].to_owned();
    }
    format!("{} of {} for {}", path.replace('/', "-"), PLACES[place], SCOPES[scope].2)
}

/// `config show --commerce`: value and origin by path and scope.
fn in_force(command: &mut Command) -> BTreeMap<(String, String), (Value, String)> {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = stdout(&output);
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    records
        .filter(|record| record["type"] == "commerce_setting" || record["path"].is_string())
        .map(|record| {
            ((text(&record["path"]), text(&record["scope"])), (record["value"].clone(), text(&record["origin"])))
        })
        .collect()
}

/// PHP's array of a scope's settings.
fn php(paths: &[String], place: usize, scope: usize) -> String {
    let mut text = String::new();
    for path in paths {
        let keys: Vec<String> = path.split('/').map(|key| format!("['{key}']")).collect();
        let (kind, code, _) = SCOPES[scope];
        let code = if code.is_empty() { String::new() } else { format!("['{}']", code.to_uppercase()) };
        let _ = writeln!(text, "$system['{kind}']{code}{} = '{}';", keys.concat(), value(path, place, scope));
    }
    text
}

fn write_php(shop: &Shop, file: &str, base: &str, system: &str) {
    let text = format!("<?php\n$system = [];\n{system}\nreturn [{base}\n'system' => $system,\n];\n");
    fs::write(shop.root().join(file), text).expect("written");
}

/// What env.php has besides the settings.
fn connection(shop: &Shop) -> String {
    let settings = shop.database.settings();
    format!(
        "'crypt' => ['key' => '{KEY_A}'], 'db' => ['connection' => ['default' => ['host' => '{}', 'dbname' => '{}', 'username' => 'root']]],",
        settings.address_text(),
        settings.database
    )
}

/// The same with a second connection, `orders`.
fn connections(shop: &Shop, orders: &TestDatabase) -> String {
    let settings = orders.settings();
    let second = format!(
        "'username' => 'root'], 'orders' => ['host' => '{}', 'dbname' => '{}', 'username' => 'root']]],",
        settings.address_text(),
        settings.database
    );
    connection(shop).replace("'username' => 'root']]],", &second)
}

fn module(shop: &Shop, name: &str, config: &str) {
    let directory = shop.root().join("vendor/acme").join(name.to_lowercase()).join("etc");
    fs::create_dir_all(&directory).expect("made");
    fs::write(directory.join("module.xml"), format!("<config><module name=\"Acme_{name}\"/></config>"))
        .expect("written");
    fs::write(directory.join("config.xml"), config).expect("written");
}

fn xml(paths: &[String], place: usize) -> String {
    let mut text = "<?xml version=\"1.0\"?><config>".to_owned();
    for (at, (kind, code, _)) in SCOPES.iter().enumerate() {
        let of_scope: Vec<&str> = [*kind, *code].into_iter().filter(|part| !part.is_empty()).collect();
        for path in paths {
            let parts: Vec<&str> = of_scope.iter().copied().chain(path.split('/')).collect();
            parts.iter().for_each(|part| text.push_str(&format!("<{part}>")));
            text.push_str(&value(path, place, at));
            parts.iter().rev().for_each(|part| text.push_str(&format!("</{part}>")));
        }
    }
    text + "</config>"
}

#[test]
fn every_setting_is_read_from_every_place_in_every_scope() {
    let shop = Shop::new();
    let show = || shop.command(&["config", "show", "--commerce", "--json"]);
    let shipped = in_force(&mut show());
    let is_item_setting = |origin: &str| matches!(origin, "built-in default" | "core_config_data");
    let mut paths: Vec<String> =
        shipped.iter().filter(|(_, (_, origin))| is_item_setting(origin)).map(|((path, _), _)| path.clone()).collect();
    paths.dedup();
    assert!(paths.len() >= 20, "{shipped:?}");

    let modules = "'modules' => ['Acme_Off' => 0, 'Acme_Shop' => 1],";
    let system = |place| (0..3).map(|scope| php(&paths, place, scope)).collect::<String>();
    let rows: String = paths
        .iter()
        .flat_map(|path| {
            [("default", 0), ("websites", 2), ("stores", 3)].iter().enumerate().map(move |(scope, (kind, id))| {
                format!("REPLACE INTO core_config_data (scope, scope_id, path, value) VALUES ('{kind}', {id}, '{path}', '{}');\n", value(path, 3, scope))
            })
        })
        .collect();
    shop.database.execute(&format!("DELETE FROM core_config_data;\n{rows}"));
    module(&shop, "Shop", &xml(&paths, 4));
    module(
        &shop,
        "Off",
        "<config><default><web><unsecure><base_url>off</base_url></unsecure></web></default></config>",
    );
    write_php(&shop, "app/etc/config.php", modules, &system(2));
    write_php(&shop, "app/etc/env.php", &connection(&shop), &system(1));

    // From the strongest place to the weakest: each is taken away once it was seen to win.
    for (place, name) in PLACES.iter().enumerate() {
        match *name {
            "config.php" => write_php(&shop, "app/etc/env.php", &connection(&shop), ""),
            "database" => write_php(&shop, "app/etc/config.php", modules, ""),
            "module" => shop.database.execute("DELETE FROM core_config_data;"),
            _ => {}
        }
        let mut command = show();
        if place == 0 {
            for (at, (kind, code, _)) in SCOPES.iter().enumerate() {
                for path in &paths {
                    let parts: Vec<&str> = [*kind, *code].into_iter().filter(|part| !part.is_empty()).collect();
                    let name = format!("CONFIG__{}__{}", parts.join("__"), path.replace('/', "__")).to_uppercase();
                    command.env(name, value(path, 0, at));
                }
            }
        }
        let found = in_force(&mut command);
        for path in &paths {
            for (at, (_, _, scope)) in SCOPES.iter().enumerate() {
                let (shown, origin) = &found[&(path.clone(), (*scope).to_owned())];
                assert_eq!(*shown, Value::from(value(path, place, at)), "{path} of {scope} in {name}");
                let expected = match *name {
                    "variable" => "CONFIG__",
                    "database" => "core_config_data",
                    "module" => "vendor/acme/shop/etc/config.xml",
                    file => &format!("app/etc/{file} line "),
                };
                assert!(origin.starts_with(expected), "{path} of {scope} in {name}: {origin}");
                assert_eq!(origin.ends_with("(locked)"), place < 3, "{origin}");
            }
        }
    }
}

#[test]
fn settings_of_files_variables_and_modules_reach_items() {
    let shop = Shop::new();
    shop.database.execute(include_str!("../../fixtures/products.sql"));
    module(
        &shop,
        "Shop",
        "<config><default><commerce_data_export><routes><orders>feeds/of/the/module</orders></routes></commerce_data_export>\
         </default></config>",
    );
    let system = "$system['websites']['EU']['currency']['options']['base'] = 'CHF';\n\
                  $system['stores']['de']['general']['locale']['weight_unit'] = 'stones';\n\
                  $system['default']['web']['unsecure']['base_url'] = getenv('SHOP_URL');";
    write_php(&shop, "app/etc/env.php", &connection(&shop), system);
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        shop.command(args).envs(variables.iter().copied()).output().expect("the program runs")
    };
    let variables = [
        ("SHOP_URL", "https://cloud.example/"),
        ("CONFIG__STORES__EU_EN__WEB__UNSECURE__BASE_MEDIA_URL", "https://cdn.example/m/"),
    ];
    let output = run(&["feeds", "items", "products"], &variables);
    // The fixture has products that cannot be sent as well.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
    let items: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("an item")).collect();
    let of_view = |view: &str| items.iter().filter(|item| item["storeViewCode"] == view).collect::<Vec<_>>();
    let (eu, de) = (of_view("eu_en"), of_view("de"));
    assert!(!eu.is_empty() && !de.is_empty(), "{items:?}");
    assert!(eu.iter().all(|item| item["currency"] == "CHF") && de.iter().all(|item| item["currency"] != "CHF"));
    assert!(de.iter().filter(|item| !item["weight"].is_null()).all(|item| item["weightUnit"] == "stones"));
    assert!(stdout(&output).contains("https://cdn.example/m/") && stdout(&output).contains("https://cloud.example/"));

    let output = run(&["feeds", "items", "products"], &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("app/etc/env.php line 5: the environment variable SHOP_URL is not set"), "{said}");
    let doctor = run(&["doctor"], &[]);
    let said = stdout(&doctor).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the environment variable SHOP_URL, which is not set"), "{said}");

    let list = run(&["feeds", "list", "--json"], &variables);
    assert!(stdout(&list).contains("feeds/of/the/module"), "{}", stdout(&list));
}

#[test]
fn a_connection_of_the_orders_that_leads_nowhere_is_named() {
    let shop = Shop::new();
    let split = "'resource' => ['sales' => ['connection' => 'orders']],";
    write_php(&shop, "app/etc/env.php", &(connection(&shop) + split), "");
    let output = shop.run(&["feeds", "items", "orders"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'db' has no connection named 'orders'"), "{said}");

    let empty = Server::shared().empty("no_orders");
    write_php(&shop, "app/etc/env.php", &(connections(&shop, &empty) + split), "");
    let output = shop.run(&["feeds", "items", "orders"]);
    let said = stderr(&output);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(&format!("the database \"{}\"", empty.settings().database)), "{said}");
    assert!(said.contains("it has no tables that this user may see"), "{said}");
}

#[test]
fn orders_of_a_split_database_are_read_over_their_own_connection() {
    let shop = Shop::new();
    shop.database.execute(include_str!("../../fixtures/orders.sql"));
    shop.database.execute("DELETE FROM sales_order WHERE entity_id = 11");
    let orders = shop.database.split_orders();
    let split = connections(&shop, &orders) + "'resource' => ['sales' => ['connection' => 'orders']],";
    write_php(&shop, "app/etc/env.php", &split, "");
    shop.configure("[source.commerce]\norder_days = 0\n");
    let items = stdout(&shop.ok(&["feeds", "items", "orders", "--json"]));
    assert!(items.contains("\"commerceOrderNumber\":\"000000002\""), "{items}");
    assert!(items.contains("\"productSku\":\"TEE\""), "{items}");
    let list = stdout(&shop.ok(&["feeds", "list"]));
    assert!(!list.contains("orders is not in this source"), "{list}");
}

#[test]
fn a_time_zone_that_is_none_stops_every_feed_and_is_named() {
    let shop = Shop::new();
    shop.database.execute(
        "REPLACE INTO core_config_data (scope, scope_id, path, value) VALUES ('stores', 2, 'general/locale/timezone', 'Moon/Crater');",
    );
    let output = shop.run(&["feeds", "items", "scopesWebsite"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("general/locale/timezone of store view de is \"Moon/Crater\", set in core_config_data"),
        "{said}"
    );
    assert!(said.contains("tzdata"), "{said}");
}

#[test]
fn variables_reach_the_connection_and_the_encryption() {
    let shop = Shop::new();
    let settings = shop.database.settings();
    let place = settings.address_text().to_string();
    let env = |key: &str| {
        format!(
            "<?php return ['crypt' => ['key' => '{key}'], 'db' => ['connection' => ['default' => ['host' => '#env(SHOP_DB_HOST, \"nowhere.invalid\")', \
             'dbname' => '{}', 'username' => 'root']]]];",
            settings.database
        )
    };
    fs::write(shop.home.path("api-key.txt"), "sandbox-api-key-0007").expect("written");
    fs::write(shop.home.path("private.pem"), super::kit::PRIVATE_KEY).expect("written");
    fs::set_permissions(shop.home.path("private.pem"), fs::Permissions::from_mode(0o600)).expect("chmod");
    let files = [shop.home.path("api-key.txt"), shop.home.path("private.pem")].map(|path| path.display().to_string());
    let args =
        ["keys", "set", "--environment", "sandbox", "--api-key-file", &files[0], "--private-key-file", &files[1]];
    let by_dc = [("MAGENTO_DC_DB__CONNECTION__DEFAULT__HOST", place.as_str()), ("MAGENTO_DC_CRYPT__KEY", KEY_B)];
    let by_placeholder = [("SHOP_DB_HOST", place.as_str()), ("SHOP_CRYPT_KEY", KEY_B)];
    for (key, variables) in [(KEY_A, by_dc), ("#env(SHOP_CRYPT_KEY)", by_placeholder)] {
        shop.database.execute("DELETE FROM core_config_data WHERE path LIKE 'services_connector/%';");
        fs::write(shop.root().join("app/etc/env.php"), env(key)).expect("written");
        let output = shop.command(&args).envs(variables).output().expect("the program runs");
        assert!(output.status.success(), "{}", stderr(&output));
        let saved = shop.row(&format!("{KEYS}/sandbox_api_key")).expect("saved");
        assert_eq!(decrypted(&saved, KEY_B).as_deref(), Some("sandbox-api-key-0007"), "Commerce's key decrypts it");
        assert_eq!(decrypted(&saved, KEY_A), None);
    }
    // Without the variable, nothing is saved with a key that Commerce does not have.
    let output = shop.command(&args).env("SHOP_DB_HOST", &place).output().expect("the program runs");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the environment variable SHOP_CRYPT_KEY is not set"), "{said}");
}
