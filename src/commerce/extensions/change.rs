//! What can be changed in Adobe's exporter, and what was found.

use std::fmt;

use crate::domain::Feed;
use crate::untrusted::SafeText;

/// The longest name out of a file that is shown, in characters.
const LONGEST: usize = 160;

/// One change, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Who changes something: a module or a composer package.
    pub module: SafeText,
    /// Where: a file below the installation's root, or a table.
    pub file: SafeText,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    pub change: Change,
    /// The feeds that it concerns.
    pub feeds: Vec<Feed>,
}

impl Extension {
    /// Gift cards in the catalogue: Adobe Commerce has a module for their attribute that is not public.
    pub fn gift_cards() -> Self {
        Self {
            module: "Magento_GiftCard".into(),
            file: "catalog_product_entity".into(),
            line: None,
            change: Change::GiftCards,
            feeds: vec![Feed::Products],
        }
    }

    /// A setting of the connector of Commerce Optimizer, and where it is set.
    pub fn optimizer_setting(path: &str, place: &str) -> Self {
        Self {
            module: SafeText::new(path),
            file: SafeText::new(place),
            line: None,
            change: Change::Optimizer,
            feeds: Feed::ALL.to_vec(),
        }
    }

    /// Where it is: `app/code/Acme/Feeds/etc/di.xml line 12`.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{} line {line}", self.file),
            None => self.file.to_string(),
        }
    }
}

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A system attribute is listed among a product's attributes.
    SystemAttribute(SafeText),
    /// Adobe's package adds its three attributes.
    ExtraAttributes,
    /// Gift cards have an attribute of their own.
    GiftCards,
    /// A plugin changes what a class does.
    Plugin { class: SafeText, plugin: SafeText },
    /// A plugin of Adobe's is switched off.
    PluginOff { class: SafeText, plugin: SafeText },
    /// A class takes the place of another.
    Preference { class: SafeText, by: SafeText },
    /// A class is given something else to work with.
    Argument { class: SafeText, argument: SafeText },
    /// A record of a feed has another field.
    Field { record: SafeText, field: SafeText },
    /// A query of the exporter is another, or a new one.
    Query(SafeText),
    /// The installation feeds Commerce Optimizer, with items of another shape.
    Optimizer,
}

impl Change {
    /// The codes of the attributes that it adds, where it says so: an item that has them from elsewhere is as Adobe's.
    pub fn codes(&self) -> Vec<&str> {
        match self {
            Self::SystemAttribute(code) => vec![code.as_str()],
            Self::ExtraAttributes => vec!["ac_tax_class", "ac_attribute_set", "ac_inventory"],
            Self::GiftCards => vec!["ac_giftcard"],
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SystemAttribute(code) => write!(f, "adds the attribute {code}"),
            Self::ExtraAttributes | Self::GiftCards => write!(f, "adds {}", self.codes().join(", ")),
            Self::Plugin { class, plugin } => write!(f, "plugin {plugin} on {class}"),
            Self::PluginOff { class, plugin } => write!(f, "switches off the plugin {plugin} of {class}"),
            Self::Preference { class, by } => write!(f, "{by} replaces {class}"),
            Self::Argument { class, argument } => write!(f, "sets {argument} of {class}"),
            Self::Field { record, field } => write!(f, "field {field} of {record}"),
            Self::Query(name) => write!(f, "query {name}"),
            Self::Optimizer => f.write_str("feeds Commerce Optimizer, whose items have another shape"),
        }
    }
}

/// A name out of a file.
pub(super) fn named(text: &str) -> SafeText {
    SafeText::limited(text.trim().trim_start_matches('\\'), LONGEST)
}
