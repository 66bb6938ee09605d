//! A change of one field in an item of Adobe's exporter, planted in every field of every feed: each is found. What is exempt is what
//! `docs/differences.md` names, and what says when an item was made.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use commerce_connector::connector::compare::rules::{Rules, without_envelope};
use commerce_connector::domain::Feed;
use serde_json::Value;

use super::support::FEEDS;

/// Fields that may change unseen, by feed, with all that is in them.
const EXEMPT: &[(Feed, &str)] = &[
    (Feed::Prices, "updatedAt"),
    (Feed::InventoryStockStatus, "updatedAt"),
    (Feed::Categories, "children"),
    (Feed::Orders, "creditMemos[].creditMemoComments"),
    (Feed::Orders, "creditMemos[].createdAt"),
    (Feed::Orders, "creditMemos[].refundTaxes"),
    (Feed::Orders, "invoices[].createdAt"),
    (Feed::Orders, "payment.paymentMethodName"),
    (Feed::Orders, "items[].updatedAt"),
];

/// The vendor's items of a feed of the Luma fixture, as text; `None` where they are absent.
pub fn gold(feed: Feed) -> Option<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/gold/luma");
    let Ok(file) = std::fs::File::open(directory.join(format!("{feed}.ndjson.gz"))) else {
        println!("{} is absent: nothing was compared", directory.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    Some(text)
}

/// Where a value is: names, and places in lists.
type Place = Vec<String>;

/// Every place in a value, itself left out.
fn places(value: &Value, at: &Place, found: &mut Vec<Place>) {
    let mut below = |name: String, value: &Value| {
        let place: Place = at.iter().cloned().chain([name]).collect();
        found.push(place.clone());
        places(value, &place, found);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name.clone(), value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| below(at.to_string(), value)),
        _ => {}
    }
}

/// `categoryData[].productPosition`
fn path_of(place: &Place) -> String {
    let mut path = String::new();
    for part in place {
        if part.parse::<usize>().is_ok() {
            path.push_str("[]");
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(part);
        }
    }
    path
}

fn at<'a>(item: &'a mut Value, place: &[String]) -> &'a mut Value {
    place.iter().fold(item, |value, part| match part.parse::<usize>() {
        Ok(number) if value.is_array() => &mut value[number],
        _ => &mut value[part.as_str()],
    })
}

/// Another value of the same kind; `None` for a list or an object, whose parts are changed.
fn another(value: &Value) -> Option<Value> {
    match value {
        Value::Null => Some("something".into()),
        Value::Bool(flag) => Some((!flag).into()),
        Value::Number(number) => Some((number.as_f64()? + 1.0).into()),
        Value::String(text) => Some(format!("{text}x").into()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_exempt(feed: Feed, path: &str) -> bool {
    let is_of =
        |exempt: &str| path.strip_prefix(exempt).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']));
    matches!(path, "modifiedAt" | "deleted") || EXEMPT.iter().any(|(of, exempt)| *of == feed && is_of(exempt))
}

#[test]
fn luma_a_change_of_any_field_is_found_under_its_name() {
    for feed in FEEDS {
        let Some(text) = gold(feed) else { return };
        let rules = Rules::of(feed, true).with_random_uuids();
        let mut planted = BTreeSet::new();
        for line in text.lines() {
            let ours = without_envelope(serde_json::from_str(line).expect("JSON"));
            let mut everywhere = Vec::new();
            places(&ours, &Vec::new(), &mut everywhere);
            for place in everywhere {
                let path = path_of(&place);
                if is_exempt(feed, &path) || !planted.insert(path.clone()) {
                    continue;
                }
                let (name, above) = place.split_last().expect("a name");
                let found = |what: &str, theirs: &Value| {
                    let findings = rules.diff(theirs, &ours);
                    let is_named = |found: &str| path.starts_with(found.split(['(', ' ']).next().unwrap_or_default());
                    let base = |found: &str| found.replace("[missing]", "").replace("[extra]", "");
                    assert!(
                        findings.iter().any(|finding| is_named(&base(&finding.path))),
                        "{feed}: {path} {what} is not found: {findings:?}"
                    );
                };
                let mut theirs = ours.clone();
                if let Some(other) = another(at(&mut theirs, &place)) {
                    *at(&mut theirs, &place) = other;
                    found("changed", &theirs);
                }
                let mut theirs = ours.clone();
                match at(&mut theirs, above) {
                    Value::Object(fields) => drop(fields.remove(name)),
                    Value::Array(list) => drop(list.remove(name.parse().expect("a place"))),
                    other => panic!("{other}"),
                }
                found("absent", &theirs);
            }
        }
        assert!(planted.len() >= 3, "{feed}: {planted:?}");
        println!("{feed}: {} fields", planted.len());
    }
}
