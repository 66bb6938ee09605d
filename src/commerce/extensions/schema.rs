//! What an `et_schema.xml` adds to the records of feeds, and a `query.xml` to the exporter's queries.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use super::Changes;
use super::change::{Change, named};
use super::concerns::{of_query, of_record};
use crate::commerce::xml::Element;
use crate::domain::Feed;

/// The record whose fields are the feeds.
const FEEDS: &str = "Export";

/// The fields that an `et_schema.xml` adds. A feed of the module's own is none of ours, and so is its record.
pub(super) fn fields(config: &Element) -> Changes {
    let feed_of = |field: &Element| Feed::from_str(field.attribute("name")).ok();
    let feeds = || config.named("record").filter(|record| record.attribute("name") == FEEDS);
    let own: BTreeSet<&str> = feeds()
        .flat_map(|record| record.named("field"))
        .filter(|field| feed_of(field).is_none())
        .map(|field| field.attribute("type"))
        .collect();
    let mut changes = Changes::new();
    for record in config.named("record") {
        let name = record.attribute("name");
        if own.contains(name) {
            continue;
        }
        for field in record.named("field") {
            let feeds = if name == FEEDS { feed_of(field).into_iter().collect() } else { of_record(name) };
            if !feeds.is_empty() {
                let change = Change::Field { record: named(name), field: named(field.attribute("name")) };
                changes.push((field.line, change, feeds));
            }
        }
    }
    changes
}

/// The queries of a `query.xml`.
pub(super) fn queries(config: &Element) -> Changes {
    let change = |query: &Element| {
        let name = query.attribute("name");
        (query.line, Change::Query(named(name)), of_query(name))
    };
    config.named("query").map(change).collect()
}
