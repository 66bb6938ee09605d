//! `compare data-spaces` against the sandbox: what was planted into two data spaces is named exactly.

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::file_shop::{Shop, VIEWS, product, sku};
use crate::support::home::{stderr, stdout};

const SKUS: usize = 650;

/// Two data spaces of one project, each with a catalogue of its own: the first is the testing one that is selected.
struct Spaces {
    shop: Shop,
    other: String,
}

impl Spaces {
    fn new(script: &str) -> Self {
        let shop = Shop::new(script);
        let listed = shop.home.json(&["data-spaces", "list"]);
        let spaces = listed[0]["data_spaces"].as_array().expect("data spaces");
        let other = spaces[2]["id"].as_str().expect("an id").to_owned();
        assert_ne!(other, shop.data_space);
        Self { shop, other }
    }

    /// Sends these products into both data spaces: the first ones into A, the second into B.
    fn send(&self, a: &[Value], b: &[Value]) {
        for (space, products) in [(&self.other, b), (&self.shop.data_space, a)] {
            self.shop.home.ok(&["data-spaces", "select", space]);
            self.shop.products(products);
            self.shop.export();
        }
    }

    fn compare(&self, more: &[&str]) -> Output {
        self.shop.home.run(&[&["compare", "data-spaces", &self.shop.data_space, &self.other], more].concat())
    }

    /// Exit code, and the JSON lines.
    fn lines(&self, more: &[&str]) -> (Option<i32>, Vec<Value>) {
        let output = self.compare(&[more, &["--json"]].concat());
        let lines = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (output.status.code(), lines)
    }
}

/// SKU, store view and state of what does not stand so.
fn but(lines: &[Value], state: &str) -> BTreeSet<(String, String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    let lines = lines.iter().filter(|line| line["type"] == "sku_comparison" && line["state"] != state);
    lines.map(|line| (text(line, "sku"), text(line, "store_view"), text(line, "state"))).collect()
}

fn in_both_views(skus: &[&str], state: &str) -> Vec<(String, String, String)> {
    let of = |sku: &&str| VIEWS.map(|view| ((*sku).to_owned(), view.to_owned(), state.to_owned()));
    skus.iter().flat_map(of).collect()
}

#[test]
fn what_differs_between_two_data_spaces_is_named_exactly() {
    // A request of the second page is answered by something else.
    let spaces = Spaces::new("[[fault]]\nkind = 'garbage'\ngraphql = true\non = [25]\n");
    let all: Vec<Value> = (0..SKUS).map(|number| product(&sku(number))).collect();
    let without = |gone: &str| all.iter().filter(|product| product["sku"] != gone).cloned().collect::<Vec<_>>();
    let (mut a, mut b) = (without("P003"), without("P649"));
    let change = |products: &mut [Value], sku: &str, field: &str, value: Value| {
        products.iter_mut().find(|product| product["sku"] == sku).expect("there")[field] = value;
    };
    change(&mut a, "P010", "name", json!("Sack"));
    change(&mut b, "P011", "inStock", json!(false));
    change(&mut b, "P012", "attributes", json!([{"attributeCode": "color", "value": ["blue"]}]));
    change(&mut a, "P013", "url", json!("https://staging.example/bag.html"));
    change(&mut b, "P013", "url", json!("https://shop.example/bag.html"));
    for products in [&mut a, &mut b] {
        change(products, "P020", "status", json!("Disabled"));
    }
    spaces.send(&a, &b);
    // The source has all of them.
    spaces.shop.products(&all);

    let (code, lines) = spaces.lines(&["--all"]);
    assert_eq!(code, Some(1), "a broken answer: {:?}", lines.last());
    let output = spaces.compare(&["--all", "--json"]);
    assert!(stderr(&output).contains("Resuming after 1,000 SKUs"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(3));
    let lines: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let expected: BTreeSet<_> = [
        in_both_views(&["P003"], "only-b"),
        in_both_views(&["P649"], "only-a"),
        in_both_views(&["P010", "P011", "P012"], "differs"),
        in_both_views(&["P020"], "neither"),
    ]
    .concat()
    .into_iter()
    .collect();
    let found: BTreeSet<_> = but(&lines, "equal").into_iter().collect();
    // What is equal, or in neither, is not told once more after an interruption.
    let resumed: BTreeSet<_> = expected.iter().filter(|(.., state)| state != "neither").cloned().collect();
    assert!(found.is_superset(&resumed) && found.is_subset(&expected), "{found:?}");
    let of = |sku: &str| lines.iter().find(|line| line["sku"] == sku && line["store_view"] == "de").expect("a line");
    assert_eq!(of("P010")["differs"], json!([{"what": "name", "a": "Sack", "b": "Bag P010"}]));
    assert_eq!(of("P011")["differs"], json!([{"what": "inStock", "a": "true", "b": "false"}]));
    assert_eq!(of("P012")["differs"], json!([{"what": "color", "a": "red", "b": "blue"}]));
    let summary = lines.last().expect("a summary");
    assert_eq!((&summary["skus"], &summary["checked"]), (&json!(1_300), &json!(1_300)), "{summary}");
    let states = json!({"equal": 1_300 - 12, "differs": 6, "only-a": 2, "only-b": 2, "neither": 2});
    assert_eq!(summary["states"], states);
    assert_eq!(summary["a"]["id"], spaces.shop.data_space.as_str());

    // A second look begins anew, and names everything.
    let (code, lines) = spaces.lines(&["--all", "--store-view", "de"]);
    let of_view: BTreeSet<_> = expected.iter().filter(|(_, view, _)| view == "de").cloned().collect();
    assert_eq!((code, but(&lines, "equal")), (Some(3), of_view));

    let (code, lines) = spaces.lines(&["--ids", "P001,P003"]);
    assert_eq!((code, lines.len()), (Some(3), 5), "two SKUs in two store views, and the summary");
    assert_eq!(spaces.lines(&["--ids", "P001,P020"]).0, Some(0));

    // Live Search finds what either has, also without a source.
    let config = fs::read_to_string(spaces.shop.home.config()).expect("a configuration");
    spaces.shop.home.write_config(&config.replace(&spaces.shop.home.path("feeds").display().to_string(), "/nowhere"));
    let (code, lines) = spaces.lines(&["--search", "--all", "--store-view", "base/main/de"]);
    let of_view: BTreeSet<_> =
        expected.iter().filter(|(_, view, state)| view == "de" && state != "neither").cloned().collect();
    assert_eq!((code, but(&lines, "equal")), (Some(3), of_view));

    // The public key alone is enough.
    let config = fs::read_to_string(spaces.shop.home.config()).expect("a configuration");
    let public: Vec<&str> = config.lines().filter(|line| !line.contains("private_key_file")).collect();
    spaces.shop.home.write_config(&public.join("\n"));
    let (code, lines) = spaces.lines(&["--ids", "P003,P004", "--store-view", "base/main/de"]);
    let only_b = BTreeSet::from([("P003".to_owned(), "de".to_owned(), "only-b".to_owned())]);
    assert_eq!((code, but(&lines, "equal")), (Some(3), only_b));
}

#[test]
fn a_sample_states_its_share_and_bad_input_is_one_sentence() {
    let spaces = Spaces::new("");
    let products: Vec<Value> = (0..40).map(|number| product(&sku(number))).collect();
    spaces.shop.products(&products);
    spaces.shop.export();
    let said = stdout(&spaces.compare(&["--all"]));
    assert!(said.contains("80 only in A") && said.contains("shows none of them: it is asleep"), "{said}");

    spaces.send(&products, &products);
    let output = spaces.compare(&["--sample", "80"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(said.contains("80 of 80 SKUs in store views checked: 80 equal\n"), "{said}");
    assert!(
        said.ends_with("100 % of what is shown in the sample is the same; at most 0 % of all differ, 95 % sure.\n"),
        "{said}"
    );

    let refused = |args: &[&str], code: i32, words: &str| {
        let output = spaces.shop.home.run(&[&["compare", "data-spaces"], args].concat());
        let said = stderr(&output);
        assert!(output.status.code() == Some(code) && said.contains(words), "{args:?}: {} {said}", output.status);
    };
    let a = spaces.shop.data_space.as_str();
    refused(&[a, a], 2, "is one data space, compared with itself");
    refused(&[a, "nowhere at all"], 2, "no data space \"nowhere at all\"");
    refused(
        &[a, &spaces.other, "--ids", "P001", "--store-view", "fr"],
        2,
        "no store view \"fr\"; there are default, de",
    );
    refused(&[a, &spaces.other, "--store-view", "fr"], 2, "there are no SKUs to ask for");
    refused(&[a, &spaces.other, "--pair-a", "production"], 2, "no production API key");
}
