//! What a `di.xml` changes: preferences for the exporter's classes, plugins on them, and what they are given to work with.

use super::Changes;
use super::change::{Change, named};
use super::concerns::of_class;
use crate::commerce::xml::Element;
use crate::domain::Feed;

/// The argument that lists system attributes among a product's attributes.
const SYSTEM_ATTRIBUTES: &str = "systemAttributes";

pub(super) fn changes(config: &Element) -> Changes {
    let mut changes = Changes::new();
    for element in &config.children {
        match element.name.as_str() {
            "preference" => {
                let (class, by) = (named(element.attribute("for")), named(element.attribute("type")));
                let feeds = of_class(class.as_str());
                changes.push((element.line, Change::Preference { class, by }, feeds));
            }
            "type" | "virtualType" => changes.extend(of_type(element)),
            _ => {}
        }
    }
    changes.retain(|(_, _, feeds)| !feeds.is_empty());
    changes
}

fn of_type(element: &Element) -> Changes {
    let class = named(element.attribute("name"));
    let feeds = of_class(class.as_str());
    let mut changes = Changes::new();
    for plugin in element.named("plugin") {
        let (name, by) = (named(plugin.attribute("name")), named(plugin.attribute("type")));
        let change = match (matches!(plugin.attribute("disabled"), "true" | "1"), by.is_empty()) {
            (true, true) => Change::PluginOff { class: class.clone(), plugin: name },
            // Its own, which does nothing.
            (true, false) => continue,
            (false, true) => Change::Plugin { class: class.clone(), plugin: name },
            (false, false) => Change::Plugin { class: class.clone(), plugin: by },
        };
        changes.push((plugin.line, change, feeds.clone()));
    }
    for argument in element.named("arguments").flat_map(|arguments| arguments.named("argument")) {
        let name = named(argument.attribute("name"));
        if name.as_str() == SYSTEM_ATTRIBUTES {
            // Also of a virtual type, whose name says nothing.
            let code = |item: &Element| named(if item.text.is_empty() { item.attribute("name") } else { &item.text });
            let of_item = |item: &Element| (item.line, Change::SystemAttribute(code(item)), vec![Feed::Products]);
            changes.extend(argument.named("item").map(of_item));
        } else {
            changes.push((argument.line, Change::Argument { class: class.clone(), argument: name }, feeds.clone()));
        }
    }
    changes
}
