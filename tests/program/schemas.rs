//! What commands print for scripts: JSON by the schemas in `docs/schema`, and lists as CSV.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::file_shop::{Shop, product};
use crate::support::home::{stderr, stdout};

/// The schemas by the types that they are of.
fn schemas() -> BTreeMap<String, Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let files = fs::read_dir(directory).expect("schemas").map(|entry| entry.expect("an entry").path());
    let schemas = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    schemas
        .map(|path| {
            let schema: Value = serde_json::from_str(&fs::read_to_string(&path).expect("text")).expect("JSON");
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            assert_eq!(schema["properties"]["type"]["const"], json!(name));
            (name, schema)
        })
        .collect()
}

/// Holds every line to the schema of its type, which must name each of its fields; the types.
fn hold(text: &str, schemas: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("a JSON line");
        let name = record["type"].as_str().expect("a type");
        let schema = schemas.get(name).unwrap_or_else(|| panic!("no schema for {line}"));
        let validator = jsonschema::draft202012::new(schema).expect("a schema");
        let errors: Vec<String> =
            validator.iter_errors(&record).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
        let named = schema["properties"].as_object().expect("properties");
        let unnamed: Vec<_> =
            record.as_object().expect("an object").keys().filter(|key| !named.contains_key(*key)).collect();
        assert!(unnamed.is_empty(), "{name} does not name {unnamed:?}");
        types.insert(name.to_owned());
    }
    types
}

/// A shop of which one item was refused.
fn shop() -> Shop {
    let shop = Shop::new("[[fault]]\nkind = \"status\"\nstatus = 400\nholding = \"BAD\"\nfeed = \"products\"\n");
    shop.products(&[product("A"), product("BAD")]);
    shop.home.run(&["export", "run", "--quiet"]);
    shop
}

#[test]
fn what_commands_print_is_what_the_schemas_say() {
    let schemas = schemas();
    let shop = shop();
    shop.home.ok(&["contexts", "add", "luma"]);
    let mut types = BTreeSet::new();
    for args in [
        &["status"][..],
        &["export", "status"],
        &["export", "items"],
        &["export", "items", "--feed", "products", "--limit", "1"],
        &["export", "runs"],
        &["feeds", "list"],
        &["doctor"],
        &["projects", "list"],
        &["contexts", "list"],
        &["--version"],
        &["whoami", "--context", "lmua"],
    ] {
        types.extend(hold(&stdout(&shop.home.run(&[args, &["--output", "json"]].concat())), &schemas));
    }
    // Only a shop with a database has one.
    types.insert("rolling_compare".to_owned());
    let unseen: Vec<_> = schemas.keys().filter(|name| !types.contains(*name)).collect();
    assert!(unseen.is_empty(), "nothing printed {unseen:?}");
}

#[test]
fn a_list_is_csv_with_a_header_and_what_is_none_refuses_it() {
    let shop = shop();
    let csv = |args: &[&str]| {
        let output = shop.home.run(&[args, &["--output", "csv"]].concat());
        let text = stdout(&output);
        assert!(text.ends_with("\r\n") && !text.contains("\n\n"), "{args:?}: {text}{}", stderr(&output));
        let cells = |line: &str| {
            let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).expect("each cell is in quotes");
            line.split("\",\"").map(str::to_owned).collect()
        };
        text.lines().map(cells).collect::<Vec<Vec<String>>>()
    };
    let items = csv(&["export", "items", "--feed", "products"]);
    assert_eq!(
        items[0],
        ["number", "feed", "item", "source_id", "state", "deleted", "at", "message", "code", "request_id"]
    );
    assert_eq!(items.len(), 5, "two products in two store views");
    let state = |sku: &str| items.iter().find(|row| row[2].starts_with(sku)).expect("listed")[4].clone();
    assert_eq!(
        (state("A"), state("BAD")),
        ("Submitted to service".to_owned(), "Failed, requires attention".to_owned())
    );
    let status = csv(&["export", "status"]);
    let products = status.iter().find(|row| row[1] == "products").expect("listed");
    assert_eq!(products[2..6], ["2", "0", "0", "2"]);
    let spaces = csv(&["data-spaces", "list"]);
    let in_use: Vec<&str> = spaces.iter().filter(|row| row[5] == "true").map(|row| row[2].as_str()).collect();
    assert_eq!(in_use, [shop.data_space.as_str()]);
    assert_eq!(
        csv(&["contexts", "list"]),
        [["name", "in_use", "config", "state_directory"]],
        "an empty list has a header"
    );
    for args in
        [&["export", "runs"][..], &["feeds", "list"], &["doctor"], &["status"], &["config", "show"], &["services"]]
    {
        let rows = csv(args);
        assert!(rows.len() > 1 && rows.iter().all(|row| row.len() == rows[0].len()), "{args:?}: {rows:?}");
    }

    let refused = shop.home.run(&["whoami", "--output", "csv"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(stderr(&refused), "error: CSV is for lists, and this command prints none\n  fix: use --output json\n");
    assert_eq!(shop.home.run(&["whoami", "--output", "csv", "--json"]).status.code(), Some(2), "one form");
}
