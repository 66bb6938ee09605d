//! `verify` against the sandbox: what was planted is found, and nothing else; each bad answer is one sentence.

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::file_shop::{Shop, VIEWS, product, sku};
use crate::support::home::{stderr, stdout};

const SKUS: usize = 600;

impl Shop {
    fn verify(&self, args: &[&str]) -> Output {
        self.home.run(&[["verify"].as_slice(), args].concat())
    }

    /// The JSON lines of a check, and how it ended.
    fn seen(&self, args: &[&str]) -> (Option<i32>, Vec<Value>) {
        let output = self.verify(&[args, &["--json"]].concat());
        let lines = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (output.status.code(), lines)
    }
}

/// SKU, store view and state of the lines that hold this.
fn those(lines: &[Value], holds: impl Fn(&Value) -> bool) -> BTreeSet<(String, String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    let lines = lines.iter().filter(|line| line["type"] == "visibility" && holds(line));
    lines.map(|line| (text(line, "sku"), text(line, "store_view"), text(line, "state"))).collect()
}

#[test]
fn everything_that_was_planted_is_named_and_nothing_else() {
    // 5 % are lost.
    let lost: Vec<String> = (0..SKUS).step_by(20).map(sku).collect();
    let (stale, ghosts) = ([sku(41), sku(301)], [sku(2), sku(599)]);
    let script = format!(
        "[[shown]]\nkind = 'lost'\nskus = {lost:?}\n[[shown]]\nkind = 'stale'\nskus = {stale:?}\n\
         [[shown]]\nkind = 'ghost'\nskus = {ghosts:?}\n\
         [[fault]]\nkind = 'garbage'\ngraphql = true\non = [11]\n"
    );
    let shop = Shop::new(&script);
    let mut products: Vec<Value> = (0..SKUS).map(|number| product(&sku(number))).collect();
    products[5]["status"] = json!("Disabled");
    products[6]["type"] = json!("configurable");
    shop.products(&products);
    shop.export();
    for stale in &stale {
        let product = products.iter_mut().find(|product| product["sku"] == stale.as_str()).expect("there");
        product["name"] = json!("Sack");
    }
    let gone = [ghosts[0].clone(), ghosts[1].clone(), sku(3)];
    products.retain(|product| gone.iter().all(|gone| product["sku"] != gone.as_str()));
    shop.products(&products);
    shop.export();

    // The first page is done when the eleventh request is answered by something else.
    let (code, lines) = shop.seen(&["--all", "--within", "0"]);
    assert_eq!((code, those(&lines, |_| true).len()), (Some(1), 1_000));
    let output = shop.verify(&["--all", "--within", "0", "--json"]);
    assert!(stderr(&output).contains("Resuming after 1,000 items"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(3));
    let lines: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let planted = |skus: &[String], state: &str| {
        let of = |sku: &String| VIEWS.map(|view| (sku.clone(), view.to_owned(), state.to_owned()));
        skus.iter().flat_map(of).collect::<Vec<_>>()
    };
    let expected: BTreeSet<_> =
        [planted(&lost, "missing"), planted(&stale, "older"), planted(&ghosts, "ghost")].concat().into_iter().collect();
    assert_eq!(those(&lines, |line| line["wrong"] == true), expected);
    let summary = lines.last().expect("a summary");
    assert_eq!((&summary["items"], &summary["checked"]), (&json!(1_200), &json!(1_200)), "{summary}");
    assert_eq!(summary["states"]["as-sent"], json!(1_200 - expected.len() - 6), "{summary}");
    let older = lines.iter().find(|line| line["state"] == "older").expect("a line");
    assert_eq!(older["differs"], json!([{"what": "name", "sent": "Sack", "shown": "Bag P041"}]));

    // A second look begins anew, and sees what is not expected: deleted, disabled, without an enabled child.
    let (_, lines) = shop.seen(&["--all", "--within", "0", "--store-view", "de"]);
    let unexpected = those(&lines, |line| line["state"] == "not-expected");
    let skus: Vec<&str> = unexpected.iter().map(|(sku, ..)| sku.as_str()).collect();
    assert_eq!(skus, ["P003", "P005", "P006"]);
    assert_eq!(lines.len(), SKUS + 1);

    // What was just sent need not be there yet.
    let (code, lines) = shop.seen(&["--ids", &format!("{},{}", lost[1], sku(7))]);
    assert_eq!(code, Some(0), "{lines:?}");
    assert_eq!(those(&lines, |line| line["state"] == "not-yet").len(), 2);
    assert_eq!(those(&lines, |line| line["state"] == "as-sent").len(), 2);

    // One page on a product says it, too.
    for (sku, state) in [(&lost[1], "not-yet"), (&stale[0], "older"), (&sku(7), "as-sent")] {
        let explained = shop.home.run(&["explain", sku, "--json"]);
        let page: Value = serde_json::from_slice(&explained.stdout).expect("JSON");
        let views = page["service"]["store_views"].as_array().expect("asked").iter();
        let states: Vec<_> = views.map(|view| (&view["store_view"], &view["state"])).collect();
        assert_eq!(states, [(&json!("de"), &json!(state)), (&json!("default"), &json!(state))], "{page}");
    }

    let output = shop.verify(&["--sample", "600", "--within", "0", "--live-search"]);
    assert_eq!(output.status.code(), Some(3));
    let text = stdout(&output);
    assert!(text.contains("95 % sure, of 1,200 (") && text.contains(" of 600 drawn at random are wrong)"), "{text}");
}

#[test]
fn the_doctor_sees_what_another_installation_sent() {
    let shop = Shop::new("");
    shop.products(&[product("A"), product("B"), product("C")]);
    shop.export();
    let visible = || {
        let told = shop.home.run(&["doctor", "--json"]);
        let lines = stdout(&told).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
        let check = lines.iter().find(|line| line["check"] == "Visible items").expect("the check").clone();
        let finding = lines.iter().find(|line| line["what"].to_string().contains("never sent from here"));
        (check, finding.map(|finding| finding["what"].as_str().expect("a text").to_owned()))
    };
    let (check, foreign) = visible();
    assert_eq!((&check["detail"], &check["outcome"]), (&json!("6 of a sample of 6 visible"), &json!("ok")), "{check}");
    assert_eq!(foreign, None);

    // Without its ledger it is as if somebody else had sent them.
    fs::remove_dir_all(shop.home.path(".local/state")).expect("removed");
    shop.products(&[product("A")]);
    shop.export();
    let (check, foreign) = visible();
    assert_eq!(check["outcome"], json!("warning"), "{check}");
    let expected = "2 of 3 products that Live Search shows were never sent from here, such as B";
    assert_eq!(foreign.as_deref(), Some(expected));
}

#[test]
fn each_bad_answer_is_one_sentence() {
    let fault = |kind: &str| format!("[[fault]]\ngraphql = true\n{kind}\n");
    let script = [
        fault("kind = 'status'\nstatus = 429\nretry_after = 0\non = [1]"),
        fault("kind = 'garbage'\non = [4]"),
        fault("kind = 'huge'\nmib = 65\non = [5]"),
        fault("kind = 'broken-gzip'\non = [6]"),
        fault("kind = 'wrong-type'\non = [7]"),
        "[[shown]]\nkind = 'no-index'\n".to_owned(),
    ];
    let shop = Shop::new(&script.concat());
    let refused = |args: &[&str], code: i32, words: &str| {
        let output = shop.verify(args);
        let said = stderr(&output);
        assert!(output.status.code() == Some(code) && said.contains(words), "{args:?}: {} {said}", output.status);
    };
    refused(&[], 2, "no product was ever sent into this data space");
    shop.products(&[product("A")]);
    shop.export();
    let (code, lines) = shop.seen(&["--ids", "A"]);
    assert_eq!((code, those(&lines, |_| true).len()), (Some(0), 2), "a 429 is waited for: {lines:?}");
    refused(&["--ids", "A"], 1, "store view de: unexpected response from 127.0.0.1");
    refused(&["--ids", "A"], 1, "response larger than 64 MiB");
    refused(&["--ids", "A"], 1, "cannot unpack its gzip");
    refused(&["--ids", "A"], 1, "unexpected response from 127.0.0.1");
    refused(&["--ids", "A,B"], 2, "SKU \"B\" was never sent into this data space");
    refused(&["--store-view", "fr"], 2, "no product was ever sent for the store view \"fr\"");
    refused(&["--feed", "orders"], 2, "orders cannot be verified");
    let output = shop.verify(&["--ids", "A", "--live-search"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("Live Search has no index"), "{}", stdout(&output));

    // Without what was stored, the source says what was sent: as long as it has not changed.
    let config = fs::read_to_string(shop.home.config()).expect("a configuration");
    shop.home.write_config(&format!("{config}\n[export]\nkeep_payloads = false\n"));
    let mut changed = product("A");
    changed["name"] = json!("Sack");
    shop.products(&[changed]);
    shop.export();
    let whys = || shop.seen(&["--ids", "A"]).1.iter().map(|line| line["why"].clone()).collect::<Vec<_>>();
    assert_eq!(whys()[..2], [json!(""), json!("")]);
    shop.products(&[product("A")]);
    assert_eq!(whys()[0], "values not compared: not stored, and changed in the shop since");
    shop.home.write_config(&config);

    // The service does not know a store view any more.
    shop.feed(
        "scopesWebsite",
        [json!({"website": {"websiteId": 1, "websiteCode": "base",
        "stores": [{"storeCode": "main", "storeViews": [{"storeViewCode": "default"}]}]}})],
    );
    shop.export();
    refused(&["--ids", "A"], 1, "store view de: 127.0.0.1");

    let url = format!("graphql_url = \"{}/graphql\"", shop.gateway.url());
    let with = |other: &str| shop.home.write_config(&config.replace(&url, other));
    with("graphql_url = \"http://catalog.example/graphql\"");
    refused(&["--ids", "A"], 2, "gateway.graphql_url must be an https:// URL");
    with("graphql_url = \"https://ann:pw@catalog.example/graphql\"");
    refused(&["--ids", "A"], 2, "contains a user or a password");
    let keyless: Vec<&str> = config.lines().filter(|line| !line.contains("api_key")).collect();
    shop.home.write_config(&keyless.join("\n"));
    refused(&["--ids", "A"], 2, "no sandbox API key");
}

#[test]
fn a_key_without_the_service_and_a_sleeping_data_space_are_told() {
    for (kind, code, words) in [
        ("no-service", 4, "does not accept this API key (403003): it is not registered for this service"),
        ("asleep", 3, "none of the first 80 products is visible: the data space is asleep, or not indexed"),
    ] {
        let shop = Shop::new(&format!("[[shown]]\nkind = '{kind}'\n"));
        shop.products(&(0..40).map(|number| product(&sku(number))).collect::<Vec<_>>());
        shop.export();
        let output = shop.verify(&["--all", "--within", "0"]);
        let said = stderr(&output);
        assert!(output.status.code() == Some(code) && said.contains(words), "{kind}: {} {said}", output.status);
    }
}
