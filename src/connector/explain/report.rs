//! The explanation as sections, and as JSON.

use serde_json::{Value, json};

use super::{Cause, Consequence, Explanation, Shown, ViewExplanation};
use crate::connector::items::row_document;
use crate::connector::verify::Sighting;
use crate::format::{counted, full_moment};
use crate::report::{Section, Tone};
use jiff::tz::TimeZone;

/// Prices and ledger entries that are listed; all of them are in the JSON.
const MOST_LINES: usize = 12;

/// One page: what it comes to first, then each store view, prices, and what was sent.
pub fn sections(explanation: &Explanation, zone: &TimeZone) -> Vec<Section> {
    let mut sections = vec![about(explanation)];
    sections.extend(explanation.views.iter().map(view));
    if !explanation.prices.is_empty() {
        let mut prices = Section::new("Prices");
        for (place, amounts) in explanation.prices.iter().take(MOST_LINES) {
            prices.say(place.as_str(), amounts.clone());
        }
        more(&mut prices, explanation.prices.len());
        sections.push(prices);
    }
    let mut sent = Section::new("Sent");
    for item in explanation.sent.iter().take(MOST_LINES) {
        let state = if item.row.is_deleted { "deleted" } else { item.row.state.words() };
        let name = format!("{} {}", item.feed, item.row.label);
        let since = full_moment(item.row.modified_at, zone);
        sent.push(&name, format!("{state}, since {since}"), item.row.state.tone());
        super::super::item_report::answer(&mut sent, &item.row.error, &item.row.code, item.row.request_id.as_ref());
    }
    if explanation.sent.is_empty() {
        sent.push("Ledger", "never sent to this data space", Tone::Open);
    }
    more(&mut sent, explanation.sent.len());
    sections.push(sent);
    sections.push(service(&explanation.shown, zone));
    sections
}

/// What Catalog Service shows, by store view.
fn service(shown: &Shown, zone: &TimeZone) -> Section {
    let mut section = Section::new("Catalog Service");
    match shown {
        Shown::Unknown(why) => section.push("Shown", why.clone(), Tone::Open),
        Shown::Seen(seen) => seen.iter().for_each(|sighting| tell_sighting(&mut section, sighting, zone)),
    }
    section
}

fn tell_sighting(section: &mut Section, sighting: &Sighting, zone: &TimeZone) {
    section.push(sighting.store_view.as_str(), sighting.told(zone), sighting.tone());
    sighting.difference_lines().for_each(|line| section.say("", line));
}

fn more(section: &mut Section, all: usize) {
    if all > MOST_LINES {
        section.push("", format!("{} more: --json has all", all - MOST_LINES), Tone::Remark);
    }
}

fn about(explanation: &Explanation) -> Section {
    let mut about = Section::new(format!("Product {}", explanation.sku));
    let shown = explanation.views.iter().filter(|view| view.is_shown()).count();
    let all = counted(explanation.views.len() as u64, "store view");
    let is_held = explanation.causes.iter().any(|cause| cause.consequence == Consequence::Hidden);
    match (is_held, shown) {
        (false, shown) if explanation.is_shown() => {
            about.push("Result", format!("nothing hides it in {shown} of {all}"), Tone::Good);
        }
        (false, shown) => {
            about.push("Result", format!("nothing hides it in {shown} of {all}; see below"), Tone::Warning);
        }
        (true, _) => about.push("Result", "not on the storefront, or out of date", Tone::Danger),
    }
    if let Some(facts) = &explanation.facts {
        about.say("Source id", facts.id.to_string());
        about.say("Type", facts.kind.clone());
        if !facts.children.is_empty() {
            let enabled = facts.children.iter().filter(|child| !child.enabled_in.is_empty()).count();
            about.say("Children", format!("{enabled} of {} enabled in a store view", facts.children.len()));
        }
    }
    explanation.causes.iter().for_each(|cause| tell(&mut about, cause));
    about
}

fn view(view: &ViewExplanation) -> Section {
    let mut section = Section::new(format!("Store view {}", view.store_view));
    section.note = format!("website {}", view.website);
    if view.is_shown() {
        section.push("Result", "nothing in the shop hides it here", Tone::Good);
    } else {
        section.push("Result", "not on the storefront", Tone::Danger);
    }
    let fields = [("Status", &view.status), ("Visibility", &view.visibility), ("URL", &view.url)];
    for (name, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
        section.say(name, text.clone());
    }
    if let Some(in_stock) = view.in_stock {
        section.say("Stock", if in_stock { "in stock" } else { "out of stock" });
    }
    if !view.categories.is_empty() {
        let paths: Vec<&str> = view.categories.iter().map(crate::untrusted::SafeText::as_str).collect();
        section.say("Categories", paths.join(", "));
    }
    view.causes.iter().for_each(|cause| tell(&mut section, cause));
    section
}

fn tell(section: &mut Section, cause: &Cause) {
    let (name, tone) = match cause.consequence {
        Consequence::Hidden => ("Hidden", Tone::Danger),
        Consequence::Limited => ("Limited", Tone::Warning),
    };
    section.push(name, cause.what.clone(), tone);
    section.say("  from", cause.from.clone());
    section.say("  fix", cause.fix.clone());
}

/// The whole explanation as one JSON object.
pub fn document(explanation: &Explanation) -> Value {
    let facts = explanation.facts.as_ref();
    let children = |of: &crate::feeds::source::commerce::ProductFacts| -> Vec<Value> {
        of.children.iter().map(|child| json!({"sku": child.sku, "enabled_in": child.enabled_in})).collect()
    };
    let prices = explanation.prices.iter().map(|(place, amounts)| json!({"place": place, "amounts": amounts}));
    let sent = explanation.sent.iter().map(|item| Value::Object(row_document(item.feed, &item.row)));
    let view = |view: &ViewExplanation| {
        let mut fields = json!(view);
        fields["shown"] = view.is_shown().into();
        fields
    };
    json!({
        "sku": explanation.sku,
        "shown": explanation.is_shown(),
        "source_id": facts.map(|facts| facts.id),
        "product_type": facts.map(|facts| &facts.kind),
        "children": facts.map(children),
        "parents": facts.map(|facts| &facts.parents),
        "causes": explanation.causes,
        "store_views": explanation.views.iter().map(view).collect::<Vec<_>>(),
        "prices": prices.collect::<Vec<_>>(),
        "sent": sent.collect::<Vec<_>>(),
        "service": match &explanation.shown {
            Shown::Unknown(why) => json!({"unknown": why}),
            Shown::Seen(seen) => json!({"store_views": seen}),
        },
    })
}
