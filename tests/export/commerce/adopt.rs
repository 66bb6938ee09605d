//! Switching over from Adobe's exporter, as a person does it: what its feed tables say was sent is not sent again, all else is.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::home::{Home, stderr, stdout};
use super::support::mariadb::TestDatabase;
use super::support::process::Gateway;
use super::support::terminal::{ORDINARY, Terminal, program_in};

const FEED_TABLES: &str = include_str!("../../fixtures/feed_tables.sql");
/// No step of a test takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// What a deletion of a product is made of, and all that Adobe's exporter keeps by default.
const MINIMAL: [&str; 6] = ["productId", "sku", "storeViewCode", "storeCode", "websiteCode", "modifiedAt"];

/// A shop whose items Adobe's exporter sent, and this program beside it, connected to a gateway that has nothing yet.
struct Shop {
    database: TestDatabase,
    home: Home,
    gateway: Gateway,
    data_space: String,
}

impl Shop {
    fn new(database: TestDatabase) -> Self {
        Self::with_faults(database, "")
    }

    /// With a gateway that follows this script of faults.
    fn with_faults(database: TestDatabase, faults: &str) -> Self {
        let home = Home::new();
        let script = home.path("faults.toml");
        fs::write(&script, faults).expect("written");
        let gateway = Gateway::start(&home, &["--faults", &script.display().to_string()]);
        home.write_config(&format!(
            "[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{}\"\nrequests_per_second = 0\n\
             [source.commerce]\nurl = \"{}\"\n",
            gateway.url(),
            database.url()
        ));
        let (api_key, private_key) = (home.path("api-key.txt"), home.path("private.pem"));
        fs::write(&api_key, gateway.ready["sandbox"]["api_key"].as_str().expect("a key")).expect("written");
        fs::copy(gateway.private_key_file("sandbox"), &private_key).expect("copied");
        fs::set_permissions(&private_key, fs::Permissions::from_mode(0o600)).expect("chmod");
        let [api_key, private_key] = [api_key, private_key].map(|path| path.display().to_string());
        let files = ["--api-key-file", &api_key, "--private-key-file", &private_key];
        home.ok(&[["keys", "set", "--environment", "sandbox"].as_slice(), &files].concat());
        let project = &home.json(&["projects", "create", "Test shop"])[0];
        let data_space = project["data_spaces"][1]["id"].as_str().expect("an id").to_owned();
        home.ok(&["data-spaces", "select", &data_space]);
        Self { database, home, gateway, data_space }
    }

    /// Lets Adobe's exporter send into a data space.
    fn adobe_sends_to(&self, data_space: &str) {
        self.database.execute(&format!(
            "REPLACE INTO core_config_data (scope, scope_id, path, value) \
             VALUES ('default', 0, 'services_connector/services_id/environment_id', '{data_space}')"
        ));
    }

    /// Our items of a feed, as Adobe's exporter would have kept them whole.
    fn items(&self, feed: &str) -> Vec<Value> {
        let text = self.home.ok(&["feeds", "items", feed, "--limit", "100000"]);
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Puts a row into a feed table of Adobe's.
    fn keep(&self, table: &str, item: &Value, status: i64, is_deleted: bool) {
        let data = item.to_string().replace('\\', "\\\\").replace('\'', "''");
        self.database.execute(&format!(
            "INSERT INTO {table} (source_entity_id, feed_id, is_deleted, status, feed_data, feed_hash) \
             VALUES (0, SHA1('{data}'), {}, {status}, '{data}', '')",
            u8::from(is_deleted)
        ));
    }

    /// The screen, with Data export in front.
    fn screen(&self) -> Terminal {
        let mut screen = Terminal::start(program_in(self.home.dir.path(), &[]), ORDINARY);
        screen.wait_for("0 Overview");
        screen.press("4");
        screen.wait_for("Failed  State");
        screen
    }

    fn adopt(&self, more: &[&str]) -> Output {
        self.home.run(&[&["compare", "exporter", "--adopt"], more].concat())
    }

    /// What is refused leaves the ledger as it is.
    fn refused(&self, more: &[&str], code: i32, words: &str) {
        let output = self.adopt(more);
        let said = stderr(&output);
        assert!(output.status.code() == Some(code) && said.contains(words), "{more:?}: {} {said}", output.status);
    }

    /// What the gateway has got of products, by SKU and store view, and whether it was told to delete it.
    fn received(&self) -> BTreeSet<(String, String, bool)> {
        let mut received = BTreeSet::new();
        for (of, is_deleted) in [("products", false), ("products?deleted=true", true)] {
            let answer = self.gateway.received(&self.data_space, of);
            received
                .extend(answer["items"].as_array().expect("items").iter().map(|kept| key(&kept["item"], is_deleted)));
        }
        received
    }
}

fn minimal(item: &Value) -> Value {
    let mut item = item.clone();
    item.as_object_mut().expect("an object").retain(|name, _| MINIMAL.contains(&name.as_str()));
    item
}

fn key(item: &Value, is_deleted: bool) -> (String, String, bool) {
    let text = |name: &str| item[name].as_str().expect("a text").to_owned();
    (text("sku"), text("storeViewCode"), is_deleted)
}

#[test]
fn a_sync_after_adopting_sends_exactly_what_differs() {
    let database = super::own_shop();
    database.execute(FEED_TABLES);
    let shop = Shop::new(database);
    let items = shop.items("products");
    assert!(items.len() > 12, "{}", items.len());

    // Equal, but for the first ones: changed, refused, waiting for a retry, minimal, deleted before it came back, not there at all.
    let mut changed = items[0].clone();
    changed["name"] = json!("Another name");
    shop.keep("cde_products_feed", &changed, 200, false);
    shop.keep("cde_products_feed", &items[1], 400, false);
    shop.keep("cde_products_feed", &items[2], 2, false);
    shop.keep("cde_products_feed", &minimal(&items[3]), 200, false);
    shop.keep("cde_products_feed", &minimal(&items[4]), 200, true);
    for equal in &items[6..] {
        shop.keep("cde_products_feed", equal, 200, false);
    }
    // Gone from the shop: still there, its deletion refused, its deletion accepted; and what is no item of ours.
    let gone = |sku: &str| {
        let mut item = items[6].clone();
        item["sku"] = json!(sku);
        item
    };
    shop.keep("cde_products_feed", &gone("GONE-1"), 200, false);
    shop.keep("cde_products_feed", &minimal(&gone("GONE-2")), 2, true);
    shop.keep("cde_products_feed", &minimal(&gone("GONE-3")), 200, true);
    shop.keep("cde_products_feed", &json!({"sku": "A", "source": {"locale": "en"}, "name": "Bag"}), 200, false);

    shop.refused(&["--yes"], 7, "Adobe's exporter has no data space");
    shop.adobe_sends_to("c0ffee00-0000-4000-8000-000000000000");
    shop.refused(&["--yes"], 7, "Adobe's exporter sends to data space c0ffee00-0000-4000-8000-000000000000");
    shop.adobe_sends_to(&shop.data_space);
    shop.refused(&[], 2, "the ledger was not changed");
    shop.refused(&["--yes", "--read-only"], 7, "read-only");
    let status = |home: &Home| home.json(&["export", "status"]);
    let ledger = status(&shop.home);

    let shown = shop.adopt(&["--json"]);
    let shown: Value = serde_json::from_str(stdout(&shown).lines().next().expect("a line")).expect("JSON");
    let expected =
        json!({"sent": items.len() - 6, "different": 1, "not_accepted": 2, "only_ours": 2, "not_judged": 1, "gone": 2});
    for (name, number) in expected.as_object().expect("an object") {
        assert_eq!(&shown[name], number, "{name}: {shown}");
    }
    assert_eq!(status(&shop.home), ledger, "nothing was kept yet");

    let output = shop.adopt(&["--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains(&format!("{} items now count as sent.", items.len() - 6)), "{said}");
    assert!(said.contains("1 item not judged: the feed table does not hold what was sent."), "{said}");
    assert!(said.contains("do not say what was sent of scopesWebsite, "), "{said}");
    // Once more changes nothing.
    assert_eq!(shop.adopt(&["--yes"]).status.code(), Some(0));

    let run = || shop.home.run(&["export", "run", "--feed", "products", "--quiet"]);
    run();
    let mut sent: BTreeSet<_> = items[..6].iter().map(|item| key(item, false)).collect();
    sent.extend(["GONE-1", "GONE-2"].map(|sku| key(&gone(sku), true)));
    assert_eq!(shop.received(), sent);

    // Now the ledger knows more than Adobe's tables.
    shop.refused(&["--yes"], 7, "the ledger already has 8 items of products that this program sent otherwise");
    run();
    assert_eq!(shop.received(), sent, "a second run sends nothing");
}

#[test]
fn tables_without_whole_items_take_over_nothing_and_say_so() {
    let database = super::own_shop();
    database.execute(FEED_TABLES);
    let shop = Shop::new(database);
    shop.adobe_sends_to(&shop.data_space);
    shop.refused(&["--yes"], 2, "Adobe's feed tables have no items");
    let compare = |more: &[&str]| shop.home.run(&[&["compare", "exporter"], more].concat());
    let refused = |words: &str| {
        let output = compare(&[]);
        assert!(output.status.code() == Some(2) && stderr(&output).contains(words), "{}", stderr(&output));
        assert!(stderr(&output).contains("EXPORTER_EXTENDED_LOG=1 bin/magento saas:resync"), "{}", stderr(&output));
    };
    refused("Adobe's feed tables have no rows");

    let items = shop.items("products");
    for item in &items {
        shop.keep("cde_products_feed", &minimal(item), 200, false);
    }
    refused(&format!("nothing that can be compared: {} rows with the minimal payload only", items.len()));
    shop.keep("cde_categories_feed", &json!({"slug": "a", "source": {"locale": "en"}}), 200, false);
    refused("1 row of another shape, such as Commerce Optimizer's");

    // The legacy tables always hold all of it.
    for website in shop.items("scopesWebsite") {
        let website = &website["website"];
        let (id, data) = (website["websiteId"].as_str().expect("an id"), website.to_string());
        shop.database
            .execute(&format!("INSERT INTO scopes_website_data_exporter (id, feed_data) VALUES ({id}, '{data}')"));
    }
    let output = compare(&[]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "what is not compared is not proven: {said}");
    assert!(said.contains("scopesWebsite") && said.contains("2 items equal"), "{said}");
    assert!(said.contains(&format!("not compared: {} rows with the minimal payload only", items.len())), "{said}");
    assert_eq!(compare(&["--feed", "scopesWebsite"]).status.code(), Some(0));

    let output = shop.adopt(&["--yes", "--json", "--feed", "products"]);
    let adopted: Value = serde_json::from_str(stdout(&output).lines().last().expect("a line")).expect("JSON");
    assert_eq!((&adopted["sent"], &adopted["not_judged"]), (&json!(0), &json!(items.len())), "{adopted}");
    shop.home.run(&["export", "run", "--feed", "products", "--quiet"]);
    assert_eq!(shop.received(), items.iter().map(|item| key(item, false)).collect());
}

/// A run that is going on, and is killed at the end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("it ends");
    }
}

#[test]
fn nothing_is_adopted_while_a_run_is_active() {
    let database = super::own_shop();
    database.execute(FEED_TABLES);
    let slow = "[[fault]]\nkind = \"slow\"\nseconds = 600\nfeed = \"products\"\non = [1]";
    let shop = Shop::with_faults(database, slow);
    shop.adobe_sends_to(&shop.data_space);
    for item in shop.items("products") {
        shop.keep("cde_products_feed", &item, 200, false);
    }
    let mut command = shop.home.command(&["export", "run", "--feed", "products", "--quiet"]);
    let running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    let running = Running(running);
    let is_live = || shop.home.json(&["export", "status"]).iter().any(|line| line["type"] == "live_run");
    let deadline = Instant::now() + PATIENCE;
    while !is_live() {
        assert!(Instant::now() < deadline, "no run");
    }
    for more in [["--yes", "--feed", "products"], ["--yes", "--feed", "categories"]] {
        shop.refused(&more, 6, "products");
    }
    // The screen follows the run, and says why not.
    let mut screen = shop.screen();
    screen.wait_for("▶ Export");
    screen.press("&");
    screen.wait_for("an export is already running");
    assert!(!screen.text().contains("Count as sent"), "{}", screen.text());
    screen.press("q");
    assert_eq!(screen.ends_restored(), 0);
    drop(running);
    // It was the run that stood in the way.
    let output = shop.adopt(&["--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn on_the_screen_nothing_changes_until_the_numbers_are_answered_with_yes() {
    let database = super::own_shop();
    database.execute(FEED_TABLES);
    let shop = Shop::new(database);
    shop.adobe_sends_to(&shop.data_space);
    let items = shop.items("products");
    for item in &items {
        shop.keep("cde_products_feed", item, 200, false);
    }
    let mut screen = shop.screen();
    screen.press("=");
    screen.wait_for(&format!("{} items equal", items.len()));
    screen.escape_from("items equal");
    let question = format!("{} items would count as sent", items.len());
    let sent =
        || shop.home.json(&["export", "status"]).iter().filter_map(|line| line["submitted"].as_u64()).sum::<u64>();
    for (answer, after) in [("n", 0), ("y", items.len() as u64)] {
        screen.press("&");
        screen.wait_for(&question);
        assert_eq!(sent(), 0, "nothing was kept yet");
        // Its locks are what keeps a run out.
        assert_eq!(shop.home.run(&["export", "run", "--quiet"]).status.code(), Some(6));
        screen.press(answer);
        screen.wait_gone(&question);
        if after > 0 {
            screen.wait_for("now count as sent");
        }
        assert_eq!(sent(), after);
    }
    screen.press("q");
    assert_eq!(screen.ends_restored(), 0);
    shop.home.run(&["export", "run", "--feed", "products", "--quiet"]);
    assert_eq!(shop.received(), BTreeSet::new());
}
