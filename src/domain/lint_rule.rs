//! The rules of `lint`: what is wrong with a catalogue before anything of it is sent.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Feed;

/// How bad a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Shoppers see something odd; no exit code changes.
    Warning,
    /// Something is refused, hidden, or mixed up with something else.
    Error,
}

/// One thing that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LintRule {
    /// A source record that cannot become an item.
    InvalidRecord,
    SkuBlanks,
    SkuCase,
    DuplicateUrlKey,
    NoName,
    NoImage,
    NoPrice,
    ZeroPrice,
    SpecialPrice,
    /// Without them, a configurable, bundle or grouped product is not shown.
    NoChildren,
    /// Searchable, filterable or sortable ones.
    AttributeLimit,
    ValueTooLarge,
    GroupLimit,
    /// The path, the parent, or the URL path.
    CategoryPath,
}

/// A word that names no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such rule; the rules are {}", LintRule::ALL.map(LintRule::name).join(", "))]
pub struct UnknownLintRule;

impl LintRule {
    /// Every rule, in the order in which they are reported.
    pub const ALL: [LintRule; 14] = [
        LintRule::InvalidRecord,
        LintRule::SkuBlanks,
        LintRule::SkuCase,
        LintRule::DuplicateUrlKey,
        LintRule::NoName,
        LintRule::NoImage,
        LintRule::NoPrice,
        LintRule::ZeroPrice,
        LintRule::SpecialPrice,
        LintRule::NoChildren,
        LintRule::AttributeLimit,
        LintRule::ValueTooLarge,
        LintRule::GroupLimit,
        LintRule::CategoryPath,
    ];

    /// Its name on the command line: `duplicate-url-key`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRecord => "invalid-record",
            Self::SkuBlanks => "sku-blanks",
            Self::SkuCase => "sku-case",
            Self::DuplicateUrlKey => "duplicate-url-key",
            Self::NoName => "no-name",
            Self::NoImage => "no-image",
            Self::NoPrice => "no-price",
            Self::ZeroPrice => "zero-price",
            Self::SpecialPrice => "special-price",
            Self::NoChildren => "no-children",
            Self::AttributeLimit => "attribute-limit",
            Self::ValueTooLarge => "value-too-large",
            Self::GroupLimit => "group-limit",
            Self::CategoryPath => "category-path",
        }
    }

    /// What it finds.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InvalidRecord => "records that cannot be sent",
            Self::SkuBlanks => "SKUs with blanks before or after",
            Self::SkuCase => "SKUs that differ only in case or blanks",
            Self::DuplicateUrlKey => "URL keys of several visible products",
            Self::NoName => "enabled products without a name",
            Self::NoImage => "visible products without an image",
            Self::NoPrice => "enabled products without a price",
            Self::ZeroPrice => "prices of zero",
            Self::SpecialPrice => "special prices above the regular price",
            Self::NoChildren => "composite products without children",
            Self::AttributeLimit => "more attributes than the services take",
            Self::ValueTooLarge => "values over 1 MB",
            Self::GroupLimit => "more than 1,000 customer groups",
            Self::CategoryPath => "categories with a broken path",
        }
    }

    /// How bad a hit is.
    pub fn severity(self) -> Severity {
        match self {
            Self::SkuBlanks | Self::NoImage | Self::ZeroPrice | Self::SpecialPrice => Severity::Warning,
            Self::InvalidRecord
            | Self::SkuCase
            | Self::DuplicateUrlKey
            | Self::NoName
            | Self::NoPrice
            | Self::NoChildren
            | Self::AttributeLimit
            | Self::ValueTooLarge
            | Self::GroupLimit
            | Self::CategoryPath => Severity::Error,
        }
    }

    /// The feeds that must be read for it; none = whichever are read.
    pub fn feeds(self) -> &'static [Feed] {
        match self {
            Self::InvalidRecord => &[],
            Self::SkuBlanks
            | Self::SkuCase
            | Self::DuplicateUrlKey
            | Self::NoName
            | Self::NoImage
            | Self::ValueTooLarge => &[Feed::Products],
            Self::NoPrice => &[Feed::Products, Feed::Prices],
            Self::ZeroPrice | Self::SpecialPrice => &[Feed::Prices],
            Self::NoChildren => &[Feed::Products, Feed::Variants],
            Self::AttributeLimit => &[Feed::ProductAttributes],
            Self::GroupLimit => &[Feed::ScopesCustomerGroup],
            Self::CategoryPath => &[Feed::Categories],
        }
    }
}

impl fmt::Display for LintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for LintRule {
    type Err = UnknownLintRule;

    fn from_str(word: &str) -> Result<Self, UnknownLintRule> {
        Self::ALL.into_iter().find(|rule| rule.name() == word.trim()).ok_or(UnknownLintRule)
    }
}
