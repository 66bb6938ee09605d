//! Items that failed, by their reason: as CSV, and retried.

use std::fs;

use serde_json::Value;

use crate::cli::{connected, feeds_dir, product, write_products};
use crate::support::home::{Home, stderr};
use crate::support::process::Gateway;

#[test]
fn items_that_failed_for_a_reason_are_written_as_csv_and_retried_alone() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let data_space = connected(&home, &gateway);
    let without = |sku: &str, field: &str| {
        let mut product = product(sku, sku);
        product.as_object_mut().expect("an object").remove(field);
        product
    };
    write_products(&feeds_dir(&home), &[product("A", "a"), without("B", "type"), without("C", "websiteCode")]);
    assert_eq!(home.run(&["export", "run"]).status.code(), Some(3));
    let errors: Vec<Value> = home.json(&["export", "items", "--state", "needs-attention"]);
    let error_of = |sku: &str| {
        let item = errors.iter().find(|item| item["item"].as_str().is_some_and(|item| item.starts_with(sku)));
        item.and_then(|item| item["message"].as_str())
            .unwrap_or_else(|| panic!("{sku} did not fail: {errors:?}"))
            .to_owned()
    };
    let (of_b, of_c) = (error_of("B"), error_of("C"));
    assert!(!of_c.contains(&of_b), "{of_b} / {of_c}");

    let csv = home.path("failed.csv").display().to_string();
    let save = ["export", "items", "--error", &of_b, "--csv", &csv];
    assert!(home.ok(&save).contains("1 item written to"));
    let text = fs::read_to_string(&csv).expect("the file");
    assert!(text.starts_with("\"number\",\"feed\",\"item\""), "{text}");
    assert!(text.lines().count() == 2 && text.contains("\"products\",\"B"), "{text}");
    let again = home.run(&save);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("already exists; nothing was written"), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(&csv).expect("the file"), text);

    // Both are whole now, and only one of them is retried.
    write_products(&feeds_dir(&home), &[product("A", "a"), product("B", "b"), product("C", "c")]);
    home.ok(&["export", "retry", "--error", &of_b.to_uppercase()]);
    assert_eq!(gateway.received(&data_space, "products")["live"], 2);
    assert_eq!(home.run(&["export", "status"]).status.code(), Some(3), "the other one is still failed");
}
