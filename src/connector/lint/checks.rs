//! What each rule looks at in an item.

use std::collections::BTreeSet;

use serde_json::Value;

use super::RuleReport;
use super::hits::Hits;
use super::seen::Seen;
use crate::domain::{Feed, LintRule};
use crate::error::Problem;
use crate::feeds::content::Content;
use crate::feeds::source::Broken;
use crate::format::{bytes, count};

/// Bytes of one attribute value that services take (protocol page §7).
const MOST_VALUE_BYTES: usize = 1_000_000;
/// Customer groups that services take (protocol page §7).
const MOST_GROUPS: u64 = 1_000;
/// What services take of attributes: the field, what it is called, how many (protocol page §7).
const ATTRIBUTE_LIMITS: [(&str, &str, usize); 3] =
    [("searchable", "searchable", 200), ("filterableInSearch", "filterable", 200), ("sortable", "sortable", 50)];

/// The checks of one run.
#[derive(Debug)]
pub(super) struct Checks {
    hits: Hits,
    seen: Seen,
    items: u64,
    groups: u64,
    /// The codes of the attributes that each limit counts: a shop has some hundreds.
    attributes: [BTreeSet<String>; ATTRIBUTE_LIMITS.len()],
}

impl Checks {
    pub fn new(hits: Hits) -> Result<Self, Problem> {
        Ok(Self { hits, seen: Seen::new()?, items: 0, groups: 0, attributes: Default::default() })
    }

    /// Looks at a record that cannot become an item.
    pub fn broken(&mut self, record: &Broken) -> Result<(), Problem> {
        self.hits.add(LintRule::InvalidRecord, record.place.as_str(), record.reason.as_str())
    }

    /// Looks at an item.
    pub fn item(&mut self, feed: Feed, content: &Content) -> Result<(), Problem> {
        self.items += 1;
        match feed {
            Feed::Products => self.product(&Item::of(content)),
            Feed::Prices => self.price(&Item::of(content)),
            Feed::Variants => self.seen.parent(&Item::of(content).text("parentSku")),
            Feed::Categories => self.category(&Item::of(content)),
            Feed::ProductAttributes => {
                let item = Item::of(content);
                for ((field, _, _), codes) in ATTRIBUTE_LIMITS.iter().zip(&mut self.attributes) {
                    if item.is(field) {
                        codes.insert(item.text("attributeCode"));
                    }
                }
                Ok(())
            }
            Feed::ScopesCustomerGroup => {
                self.groups += 1;
                Ok(())
            }
            Feed::ScopesWebsite
            | Feed::ProductOverrides
            | Feed::InventoryStockStatus
            | Feed::CategoryPermissions
            | Feed::Orders => Ok(()),
        }
    }

    fn product(&mut self, item: &Item<'_>) -> Result<(), Problem> {
        let (sku, view) = (item.text("sku"), item.text("storeViewCode"));
        let place = format!("{sku}, store view {view}");
        let is_enabled = item.text("status") != "Disabled";
        let is_visible = is_enabled && item.value("displayable") != Some(Value::Bool(false));
        if self.seen.product(&sku, &item.text("type"), is_enabled)? && sku.trim() != sku {
            self.hits.add(LintRule::SkuBlanks, &format!("{sku:?}"), "")?;
        }
        if is_enabled && item.text("name").trim().is_empty() {
            self.hits.add(LintRule::NoName, &place, "")?;
        }
        if is_visible && !item.has_text("/image/url") {
            self.hits.add(LintRule::NoImage, &place, "")?;
        }
        let key = item.text("urlKey");
        if is_visible && !key.is_empty() && self.hits.wants(LintRule::DuplicateUrlKey) {
            self.seen.url(&view, &key, &sku)?;
        }
        if item.has_values("optionsV2", &["bundle", "grouped"]) {
            self.seen.parent(&sku)?;
        }
        for (name, size) in item.large_values() {
            self.hits.add(LintRule::ValueTooLarge, &place, &format!("{name} has {}", bytes(size as u64)))?;
        }
        Ok(())
    }

    fn price(&mut self, item: &Item<'_>) -> Result<(), Problem> {
        let (sku, website) = (item.text("sku"), item.text("websiteCode"));
        let Some(regular) = item.value("regular").and_then(|value| value.as_f64()) else { return Ok(()) };
        self.seen.priced(&sku)?;
        let place = format!("{sku}, website {website}");
        // The price of these is made of those of their children.
        let is_made_of_others = matches!(item.text("type").as_str(), "BUNDLE_DYNAMIC" | "BUNDLE" | "GROUPED");
        if regular <= 0.0 && !is_made_of_others {
            // Once for all customer groups.
            if self.seen.is_first(LintRule::ZeroPrice.name(), &place)? {
                self.hits.add(LintRule::ZeroPrice, &place, "")?;
            }
            return Ok(());
        }
        let special = item.special_price().filter(|special| *special > regular && !is_made_of_others);
        if let Some(special) = special
            && self.seen.is_first(LintRule::SpecialPrice.name(), &place)?
        {
            let text = format!("the special price {special} is above the regular price {regular}");
            self.hits.add(LintRule::SpecialPrice, &place, &text)?;
        }
        Ok(())
    }

    fn category(&mut self, item: &Item<'_>) -> Result<(), Problem> {
        let (id, parent, view) = (item.text("categoryId"), item.text("parentId"), item.text("storeViewCode"));
        let place = format!("category {id}, store view {view}");
        self.seen.category(&view, &id, &parent)?;
        let path = item.text("path");
        let mut above = path.rsplit('/');
        if !path.is_empty() && (above.next() != Some(id.as_str()) || above.next().is_some_and(|last| last != parent)) {
            self.hits.add(
                LintRule::CategoryPath,
                &place,
                &format!("its path {path} does not end with {parent}/{id}"),
            )?;
        }
        // The tops of the trees have none.
        let is_below_top = item.value("level").and_then(|value| value.as_u64()).is_some_and(|level| level > 1);
        let url_path = item.text("urlPath");
        if is_below_top && (url_path.is_empty() || url_path.split('/').any(str::is_empty)) {
            self.hits.add(LintRule::CategoryPath, &place, &format!("its URL path {url_path:?} has an empty part"))?;
        }
        Ok(())
    }

    /// What the rules found, and in how many items; what is compared across items is looked at now.
    pub fn conclude(self) -> Result<(Vec<RuleReport>, u64), Problem> {
        let Self { mut hits, seen, items, groups, attributes } = self;
        if hits.wants(LintRule::SkuCase) {
            seen.same_skus(&mut |a, b| hits.add(LintRule::SkuCase, &format!("{a:?}"), &format!("also {b:?}")))?;
        }
        if hits.wants(LintRule::DuplicateUrlKey) {
            seen.same_urls(&mut |url, skus| hits.add(LintRule::DuplicateUrlKey, url, skus))?;
        }
        if hits.wants(LintRule::NoPrice) {
            seen.unpriced(&mut |sku, kind| hits.add(LintRule::NoPrice, sku, kind))?;
        }
        if hits.wants(LintRule::NoChildren) {
            seen.childless(&mut |sku, kind| hits.add(LintRule::NoChildren, sku, kind))?;
        }
        if hits.wants(LintRule::CategoryPath) {
            seen.orphans(&mut |category, parent| {
                let text = format!("its parent {parent} is missing");
                hits.add(LintRule::CategoryPath, &format!("category {category}"), &text)
            })?;
        }
        for ((_, name, most), codes) in ATTRIBUTE_LIMITS.iter().zip(&attributes) {
            if codes.len() > *most {
                let (found, most) = (count(codes.len() as u64), count(*most as u64));
                hits.add(LintRule::AttributeLimit, &format!("{found} {name} attributes"), &format!("at most {most}"))?;
            }
        }
        if groups > MOST_GROUPS {
            let text = format!("at most {}", count(MOST_GROUPS));
            hits.add(LintRule::GroupLimit, &format!("{} customer groups", count(groups)), &text)?;
        }
        Ok((hits.conclude()?, items))
    }
}

/// The fields of an item, each parsed when it is looked at: most never are.
struct Item<'a>(&'a Content);

impl<'a> Item<'a> {
    fn of(content: &'a Content) -> Self {
        Self(content)
    }

    fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_slice(self.0.get(name)?).ok()
    }

    /// A field as text; empty if it is absent or null. Ids are numbers in some sources.
    fn text(&self, name: &str) -> String {
        match self.value(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        }
    }

    /// Whether there is a text at a JSON pointer, and it is not empty.
    fn has_text(&self, pointer: &str) -> bool {
        self.0.lookup(pointer).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    }

    fn is(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Bool(true))
    }

    fn list(&self, name: &str) -> Vec<Value> {
        match self.value(name) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        }
    }

    /// Whether one of a list's elements of these types has values.
    fn has_values(&self, name: &str, types: &[&str]) -> bool {
        let has = |element: &Value| {
            element["type"].as_str().is_some_and(|kind| types.contains(&kind))
                && element["values"].as_array().is_some_and(|values| !values.is_empty())
        };
        self.list(name).iter().any(has)
    }

    fn special_price(&self) -> Option<f64> {
        self.list("discounts").iter().find(|discount| discount["code"] == "special_price")?["price"].as_f64()
    }

    /// The values that services do not take: the name and the bytes of each.
    fn large_values(&self) -> Vec<(String, usize)> {
        if self.0.bytes() <= MOST_VALUE_BYTES {
            return Vec::new();
        }
        let own = self.0.to_fields().into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.len())));
        let attributes = self.list("attributes").into_iter().map(|attribute| {
            let values = attribute["value"].as_array().into_iter().flatten().filter_map(Value::as_str);
            (
                attribute["attributeCode"].as_str().unwrap_or_default().to_owned(),
                values.map(str::len).max().unwrap_or(0),
            )
        });
        own.chain(attributes).filter(|(_, size)| *size > MOST_VALUE_BYTES).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::content::Fields;
    use serde_json::json;

    fn found(items: &[(Feed, Value)]) -> Vec<(LintRule, Vec<String>)> {
        let hits = Hits::new(LintRule::ALL.into(), None).expect("hits");
        let mut checks = Checks::new(hits).expect("checks");
        for (feed, value) in items {
            let Value::Object(fields) = value.clone() else { panic!("an object") };
            checks.item(*feed, &Content::from(Fields::from(fields))).expect("looked at");
        }
        let (rules, read) = checks.conclude().expect("a report");
        assert_eq!(read, items.len() as u64);
        let hit = rules.into_iter().filter(|rule| rule.count > 0);
        let lines = |rule: &RuleReport| -> Vec<String> {
            rule.examples.iter().map(|hit| format!("{}: {}", hit.place, hit.text)).collect()
        };
        hit.map(|rule| (rule.rule, lines(&rule))).collect()
    }

    fn product(sku: &str, change: Value) -> (Feed, Value) {
        let mut item = json!({
            "sku": sku, "storeViewCode": "default", "name": "N", "type": "simple", "status": "Enabled", "displayable": true,
            "urlKey": sku.to_lowercase(), "image": {"url": "https://shop.example/a.jpg"},
        });
        let Value::Object(change) = change else { panic!("an object") };
        item.as_object_mut().expect("an object").extend(change);
        (Feed::Products, item)
    }

    fn price(sku: &str, regular: f64, special: Option<f64>) -> (Feed, Value) {
        let discounts: Vec<Value> =
            special.iter().map(|price| json!({"code": "special_price", "price": price})).collect();
        let item = json!({"sku": sku, "websiteCode": "base", "customerGroupCode": "0", "type": "SIMPLE",
                          "regular": regular, "discounts": discounts});
        (Feed::Prices, item)
    }

    #[test]
    fn a_sound_catalogue_has_no_hit() {
        let category = |id: &str, parent: &str, level: u64, path: &str, url: &str| {
            (
                Feed::Categories,
                json!({"categoryId": id, "parentId": parent, "storeViewCode": "default", "level": level, "path": path,
                       "urlPath": url}),
            )
        };
        let sound = [
            category("2", "1", 1, "1/2", ""),
            category("3", "2", 2, "1/2/3", "gear"),
            product("A", json!({})),
            product("B", json!({"type": "configurable"})),
            product("C", json!({"type": "bundle", "optionsV2": [{"type": "bundle", "values": [{}]}]})),
            product(
                "D",
                json!({"status": "Disabled", "displayable": false, "name": null, "urlKey": "a", "image": null}),
            ),
            price("A", 10.0, Some(9.0)),
            price("C", 1.0, None),
            (Feed::Variants, json!({"parentSku": "B", "productSku": "A"})),
        ];
        assert_eq!(found(&sound), []);
    }

    #[test]
    fn each_rule_of_products_finds_what_it_is_for() {
        let items = [
            product(" A", json!({})),
            product("a", json!({"urlKey": "same"})),
            product("B", json!({"urlKey": "same", "name": " "})),
            product("C", json!({"image": {"url": null}, "type": "grouped", "optionsV2": []})),
            product("D", json!({"attributes": [{"attributeCode": "manual", "value": ["x".repeat(1_000_001)]}]})),
            price("a", 10.0, None),
            price(" A", 10.0, None),
            price("B", 0.0, None),
            price("B", 0.0, None),
            price("D", 10.0, Some(12.5)),
        ];
        let text = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let expected = [
            (LintRule::SkuBlanks, text(&["\" A\": "])),
            (LintRule::SkuCase, text(&["\" A\": also \"a\""])),
            (LintRule::DuplicateUrlKey, text(&["same, store view default: B and a"])),
            (LintRule::NoName, text(&["B, store view default: "])),
            (LintRule::NoImage, text(&["C, store view default: "])),
            (LintRule::NoPrice, text(&["C: grouped"])),
            (LintRule::ZeroPrice, text(&["B, website base: "])),
            (LintRule::SpecialPrice, text(&["D, website base: the special price 12.5 is above the regular price 10"])),
            (LintRule::NoChildren, text(&["C: grouped"])),
            (LintRule::ValueTooLarge, text(&["D, store view default: manual has 976.6 KiB"])),
        ];
        assert_eq!(found(&items), expected);
    }

    #[test]
    fn limits_of_services_and_broken_categories_are_found() {
        let attribute = |number: usize| {
            let code = format!("a{number}");
            (Feed::ProductAttributes, json!({"attributeCode": code, "storeViewCode": "default", "sortable": true}))
        };
        let mut items: Vec<_> = (0..51).map(attribute).collect();
        // Another store view's are the same attributes.
        items.extend((0..51).map(attribute));
        items.extend(
            (0..1_001).map(|id| (Feed::ScopesCustomerGroup, json!({"customerGroup": {"customerGroupId": id}}))),
        );
        let category = |id: &str, parent: &str, path: &str, url: &str| {
            let item = json!({"categoryId": id, "parentId": parent, "storeViewCode": "de", "level": 2, "path": path,
                              "urlPath": url});
            (Feed::Categories, item)
        };
        items.extend([category("7", "5", "1/2/7", "a"), category("8", "7", "1/2/7/8", "a/")]);
        let text = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let expected = [
            (LintRule::AttributeLimit, text(&["51 sortable attributes: at most 50"])),
            (LintRule::GroupLimit, text(&["1,001 customer groups: at most 1,000"])),
            (
                LintRule::CategoryPath,
                text(&[
                    "category 7, store view de: its path 1/2/7 does not end with 5/7",
                    "category 8, store view de: its URL path \"a/\" has an empty part",
                    "category 7, store view de: its parent 5 is missing",
                ]),
            ),
        ];
        assert_eq!(found(&items), expected);
    }
}
