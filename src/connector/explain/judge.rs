//! The causes, out of what is known. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Cause, Consequence, Evidence, Explanation, ViewExplanation};
use crate::client::storefront::VISITORS;
use crate::export::progress::ItemState;
use crate::feeds::source::commerce::{ProductFacts, ViewFacts};
use crate::format::counted;
use crate::untrusted::SafeText;

/// `visibility` of a product that has no page of its own.
const NOT_VISIBLE: i64 = 1;
/// `status` of an enabled product.
const ENABLED: i64 = 1;
/// The code of the item with the price of all customer groups.
const ALL_GROUPS: &str = "0";
/// Where status and visibility of products are.
const PRODUCT_VALUES: &str = "catalog_product_entity_int";

fn cause(consequence: Consequence, what: impl Into<SafeText>, from: impl Into<SafeText>, fix: &str) -> Cause {
    Cause { consequence, what: what.into(), from: from.into(), fix: fix.into() }
}

fn hidden(what: impl Into<SafeText>, from: impl Into<SafeText>, fix: &str) -> Cause {
    cause(Consequence::Hidden, what, from, fix)
}

fn limited(what: impl Into<SafeText>, from: impl Into<SafeText>, fix: &str) -> Cause {
    cause(Consequence::Limited, what, from, fix)
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name].as_str().unwrap_or_default()
}

/// What it comes to.
pub(super) fn of(evidence: Evidence) -> Explanation {
    let item_of = |view: &str| evidence.products.iter().find(|item| text(item, "storeViewCode") == view);
    let views = match &evidence.facts {
        Some(facts) => facts.views.iter().map(|view| in_view(facts, view, item_of(view.code.as_str()))).collect(),
        None => evidence.products.iter().map(without_facts).collect(),
    };
    Explanation {
        sku: SafeText::new(&evidence.sku),
        views,
        causes: general(&evidence),
        prices: evidence.prices.iter().map(price_line).collect(),
        facts: evidence.facts,
        sent: evidence.sent,
        shown: evidence.shown,
    }
}

fn explanation(view: &SafeText, website: &SafeText, item: Option<&Value>, causes: Vec<Cause>) -> ViewExplanation {
    let field = |name| SafeText::new(item.map_or("", |item| text(item, name)));
    let categories = item.and_then(|item| item["categoryData"].as_array()).into_iter().flatten();
    ViewExplanation {
        store_view: view.clone(),
        website: website.clone(),
        status: field("status"),
        visibility: field("visibility"),
        in_stock: item.and_then(|item| item["inStock"].as_bool()),
        url: field("url"),
        categories: categories.map(|category| SafeText::new(text(category, "categoryPath"))).collect(),
        causes,
    }
}

/// Of an item alone: its own fields are all that is known.
fn without_facts(item: &Value) -> ViewExplanation {
    let mut causes = Vec::new();
    if text(item, "status") == "Disabled" {
        causes.push(hidden("it is disabled", "the item's field status", "enable the product"));
    } else if item["displayable"] == Value::Bool(false) {
        causes.push(hidden(
            "it is not visible individually",
            "the item's fields visibility and displayable",
            "set another visibility, unless it is shown as part of another product",
        ));
    }
    causes.extend(out_of_stock(item));
    let code = |name| SafeText::new(text(item, name));
    explanation(&code("storeViewCode"), &code("websiteCode"), Some(item), causes)
}

fn out_of_stock(item: &Value) -> Option<Cause> {
    (item["inStock"] == Value::Bool(false)).then(|| {
        limited(
            "it is out of stock",
            "cataloginventory_stock_status, or inventory_stock_<id> of the website's stock",
            "add quantity to a source of the stock, or allow backorders; then `bin/magento indexer:reindex inventory \
             cataloginventory_stock`",
        )
    })
}

/// Of the shop's tables and the item.
fn in_view(facts: &ProductFacts, view: &ViewFacts, item: Option<&Value>) -> ViewExplanation {
    let mut causes = Vec::new();
    if !view.is_assigned {
        causes.push(hidden(
            format!("it is not assigned to the website {}", view.website),
            "catalog_product_website",
            "Admin: Catalog > Products > Product in Websites",
        ));
        return explanation(&view.code, &view.website, None, causes);
    }
    if !view.is_active {
        causes.push(hidden("the store view is disabled", "store.is_active", "Admin: Stores > All Stores > Status"));
    }
    let origin = |attribute: &str, is_own: Option<bool>| match is_own {
        Some(true) => format!("{PRODUCT_VALUES}, attribute {attribute}, store view {}", view.code),
        Some(false) => format!("{PRODUCT_VALUES}, attribute {attribute}, all store views"),
        None => format!("{PRODUCT_VALUES} has no row of attribute {attribute}"),
    };
    let status = view.status;
    if status.is_none_or(|status| status.value != ENABLED) {
        let from = origin("status", status.map(|status| status.is_own));
        causes.push(hidden("it is disabled", from, "Admin: Enable Product, in the scope named before"));
    }
    let visibility = view.visibility;
    if visibility.is_none_or(|visibility| visibility.value == NOT_VISIBLE) {
        let from = origin("visibility", visibility.map(|visibility| visibility.is_own));
        let part_of = match facts.parents.as_slice() {
            [] => String::new(),
            [only] => format!(", only as part of {only}"),
            [first, more @ ..] => {
                format!(", only as part of {first} and {}", counted(more.len() as u64, "other product"))
            }
        };
        causes.push(hidden(
            format!("it has no page of its own: not visible individually{part_of}"),
            from,
            "Admin: Visibility: Catalog, Search; leave it as it is for a child",
        ));
    }
    causes.extend(childless(facts, view, item));
    causes.extend(item.and_then(out_of_stock));
    causes.extend(categories(facts, view));
    explanation(&view.code, &view.website, item, causes)
}

/// A composite product is shown only with an enabled child: a bundle with one in every required option.
fn childless(facts: &ProductFacts, view: &ViewFacts, item: Option<&Value>) -> Option<Cause> {
    let kind = facts.kind.as_str();
    if !matches!(kind, "configurable" | "bundle" | "grouped") {
        return None;
    }
    let fix =
        "enable a child in this store view, or assign one: Admin: Configurations, Bundle Items or Grouped Products";
    let enabled: BTreeSet<&str> = facts
        .children
        .iter()
        .filter(|child| child.enabled_in.contains(&view.code))
        .map(|child| child.sku.as_str())
        .collect();
    if enabled.is_empty() {
        let what = match facts.children.len() {
            0 => format!("this {kind} product has no children"),
            all => format!("none of the {} of this {kind} product is enabled", counted(all as u64, "child product")),
        };
        return Some(hidden(what, format!("catalog_product_relation; {PRODUCT_VALUES}, attribute status"), fix));
    }
    let options = item?["optionsV2"].as_array()?;
    let is_empty = |option: &&Value| {
        let values = option["values"].as_array().into_iter().flatten();
        option["type"] == "bundle"
            && option["required"] == Value::Bool(true)
            && !values.map(|value| text(value, "sku")).any(|sku| enabled.contains(sku))
    };
    let option = options.iter().find(is_empty)?;
    let what = format!("its required option {:?} has no enabled product", SafeText::new(text(option, "label")));
    Some(hidden(what, "catalog_product_bundle_option, catalog_product_bundle_selection", fix))
}

/// The categories of the store view's tree; each needs all of its path active.
fn categories(facts: &ProductFacts, view: &ViewFacts) -> Vec<Cause> {
    let in_tree: Vec<_> = facts.categories.iter().filter_map(|of| Some((of, of.inactive.get(&view.code)?))).collect();
    if in_tree.is_empty() {
        return vec![limited(
            "it is in no category of this store view: found by search and its URL only",
            "catalog_category_product",
            "Admin: assign a category below the store's root category",
        )];
    }
    let broken = in_tree.iter().filter_map(|(category, inactive)| Some((category, inactive.first()?)));
    broken
        .map(|(category, inactive)| {
            let what = if *inactive == category.id {
                format!("its category {} is not active", category.id)
            } else {
                format!("its category {} is below category {inactive}, which is not active", category.id)
            };
            let from = format!("catalog_category_entity_int, attribute is_active; path {}", category.path);
            limited(what, from, "Admin: Catalog > Categories > Enable Category")
        })
        .collect()
}

/// What holds in every store view.
fn general(evidence: &Evidence) -> Vec<Cause> {
    let mut causes: Vec<Cause> = evidence
        .broken
        .iter()
        .map(|reason| hidden(format!("a record of it cannot be sent: {reason}"), "the source", "fix the record"))
        .collect();
    if !evidence.is_in_source {
        causes.push(hidden(
            "the shop has no such product any more",
            "catalog_product_entity",
            "create it again, or leave it: the next full export deletes it from the service",
        ));
        return causes;
    }
    let is_made_of_others = evidence.facts.as_ref().is_some_and(|facts| facts.kind.as_str() == "configurable")
        || evidence.products.iter().any(|item| text(item, "type") == "configurable");
    if evidence.prices.is_empty() && !is_made_of_others {
        causes.push(limited("it has no price", "catalog_product_entity_decimal, attribute price", "Admin: Price"));
    }
    let refused = evidence.overrides.iter().filter(|item| item["displayable"] == Value::Bool(false));
    causes.extend(refused.map(|item| {
        let (website, group) = (text(item, "websiteCode"), group_name(text(item, "customerGroupCode")));
        limited(
            format!("category permissions hide it from {group} in the website {website}"),
            "magento_catalogpermissions_index_product",
            "Admin: Catalog > Categories > Category Permissions",
        )
    }));
    causes.extend(in_ledger(evidence));
    causes
}

/// What was sent, as far as it keeps the product from the service.
fn in_ledger(evidence: &Evidence) -> Vec<Cause> {
    const LEDGER: &str = "the ledger of this data space";
    if !evidence.has_data_space {
        return vec![hidden(
            "nothing was sent: no data space is selected",
            "saas.environment_id",
            "select a data space",
        )];
    }
    if !evidence.sent.iter().any(|item| item.feed == crate::domain::Feed::Products) {
        return vec![hidden("it was never sent to this data space", LEDGER, "run an export")];
    }
    let kept_back = evidence.sent.iter().filter(|item| item.row.state != ItemState::Submitted || item.row.is_deleted);
    kept_back
        .map(|item| {
            let answer = [item.row.error.as_str(), item.row.code.as_str()];
            let answer: Vec<&str> = answer.into_iter().filter(|said| !said.is_empty()).collect();
            let said = if answer.is_empty() { String::new() } else { format!(": {}", answer.join(" · ")) };
            let (state, fix) = match item.row.state {
                ItemState::NeedsAttention => ("needs a fix", "fix what the service names, then send the item again"),
                ItemState::WillRetry => ("will retry", "wait for the next export, or retry failed items"),
                ItemState::Awaiting => ("was not answered", "run an export"),
                ItemState::Submitted => ("was deleted in the service", "run an export"),
            };
            hidden(format!("{} {} {state}{said}", item.feed, item.row.label), LEDGER, fix)
        })
        .collect()
}

fn group_name(code: &str) -> String {
    match code {
        ALL_GROUPS => "all groups".to_owned(),
        VISITORS => "not logged in".to_owned(),
        other => format!("group {}", other.get(..8).unwrap_or(other)),
    }
}

/// `base, all groups` and `34 (special_price 32)`.
fn price_line(item: &Value) -> (SafeText, SafeText) {
    let place = format!("{}, {}", text(item, "websiteCode"), group_name(text(item, "customerGroupCode")));
    let discounts = item["discounts"].as_array().into_iter().flatten();
    let discounts: Vec<String> = discounts
        .map(|discount| {
            let amount = if discount["price"].is_null() {
                format!("{} %", discount["percentage"])
            } else {
                discount["price"].to_string()
            };
            format!("{} {amount}", text(discount, "code"))
        })
        .collect();
    let discounts = if discounts.is_empty() { String::new() } else { format!(" ({})", discounts.join(", ")) };
    (SafeText::new(&place), SafeText::new(&format!("{}{discounts}", item["regular"])))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::feeds::source::commerce::{CategoryFacts, ChildFacts, Scoped};

    fn facts(kind: &str) -> ProductFacts {
        let value = |value| Some(Scoped { value, is_own: false });
        ProductFacts {
            id: 7,
            sku: "A".into(),
            kind: kind.into(),
            views: vec![ViewFacts {
                code: "de".into(),
                website: "base".into(),
                is_active: true,
                is_assigned: true,
                status: value(1),
                visibility: value(4),
            }],
            children: Vec::new(),
            parents: Vec::new(),
            categories: vec![CategoryFacts {
                id: 5,
                path: "1/2/5".into(),
                inactive: BTreeMap::from([("de".into(), Vec::new())]),
            }],
        }
    }

    fn causes(facts: ProductFacts, item: Value) -> Vec<(Consequence, String)> {
        let evidence = Evidence {
            sku: "A".into(),
            facts: Some(facts),
            is_in_source: true,
            products: vec![item],
            ..Evidence::default()
        };
        let explanation = of(evidence);
        explanation.views[0].causes.iter().map(|cause| (cause.consequence, cause.what.to_string())).collect()
    }

    fn item() -> Value {
        json!({"sku": "A", "storeViewCode": "de", "inStock": true})
    }

    #[test]
    fn a_product_that_nothing_hides_has_no_cause() {
        assert_eq!(causes(facts("simple"), item()), []);
    }

    #[test]
    fn each_cause_is_named_with_where_it_comes_from() {
        let mut shop = facts("simple");
        shop.views[0].status = Some(Scoped { value: 2, is_own: true });
        shop.views[0].visibility = Some(Scoped { value: 1, is_own: false });
        shop.parents = vec!["P".into()];
        shop.categories[0].inactive = BTreeMap::from([("de".into(), vec![2])]);
        let evidence = Evidence {
            sku: "A".into(),
            facts: Some(shop),
            is_in_source: true,
            products: vec![json!({"storeViewCode": "de", "inStock": false})],
            ..Evidence::default()
        };
        let explanation = of(evidence);
        let view = &explanation.views[0];
        let lines: Vec<String> = view.causes.iter().map(|cause| format!("{} [{}]", cause.what, cause.from)).collect();
        assert_eq!(
            lines,
            [
                "it is disabled [catalog_product_entity_int, attribute status, store view de]",
                "it has no page of its own: not visible individually, only as part of P \
                 [catalog_product_entity_int, attribute visibility, all store views]",
                "it is out of stock [cataloginventory_stock_status, or inventory_stock_<id> of the website's stock]",
                "its category 5 is below category 2, which is not active \
                 [catalog_category_entity_int, attribute is_active; path 1/2/5]",
            ]
        );
        assert!(!view.is_shown() && !explanation.is_shown());
        assert_eq!(explanation.causes[0].what.as_str(), "it has no price");
    }

    #[test]
    fn a_composite_product_needs_an_enabled_child_and_a_bundle_one_in_each_required_option() {
        let child = |sku: &str, views: &[&str]| ChildFacts {
            sku: sku.into(),
            enabled_in: views.iter().map(|view| SafeText::from(*view)).collect(),
        };
        let none = "this configurable product has no children".to_owned();
        assert_eq!(causes(facts("configurable"), item()), [(Consequence::Hidden, none)]);
        let mut disabled = facts("grouped");
        disabled.children = vec![child("B", &["en"]), child("C", &[])];
        let off = "none of the 2 child products of this grouped product is enabled".to_owned();
        assert_eq!(causes(disabled, item()), [(Consequence::Hidden, off)]);

        let bundle = |required: bool| {
            let option = |label: &str, sku: &str| {
                json!({"type": "bundle", "required": required, "label": label,
                                                         "values": [{"sku": sku}]})
            };
            json!({"storeViewCode": "de", "inStock": true, "optionsV2": [option("one", "B"), option("two", "C")]})
        };
        let mut shop = facts("bundle");
        shop.children = vec![child("B", &["de"]), child("C", &[])];
        let empty = "its required option \"two\" has no enabled product".to_owned();
        assert_eq!(causes(shop.clone(), bundle(true)), [(Consequence::Hidden, empty)]);
        assert_eq!(causes(shop, bundle(false)), []);
    }

    #[test]
    fn a_price_is_a_line_with_its_discounts() {
        let item = json!({"websiteCode": "base", "customerGroupCode": VISITORS, "regular": 34.0,
                          "discounts": [{"code": "special_price", "price": 32.0}, {"code": "group", "percentage": 10}]});
        let (place, amounts) = price_line(&item);
        assert_eq!(
            (place.as_str(), amounts.as_str()),
            ("base, not logged in", "34.0 (special_price 32.0, group 10 %)")
        );
    }
}
