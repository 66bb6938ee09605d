//! `[feeds.<feed>]`: what a person decided about a feed that somebody changed in Adobe's exporter.

use serde::{Deserialize, Serialize};

use crate::domain::MappedAttribute;

/// What is to become of such a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenCustomised {
    /// It is not sent.
    #[default]
    Refuse,
    /// It is sent without what was changed.
    SendAnyway,
}

/// `[feeds.<feed>]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedDecision {
    /// Whether it is sent although it was changed.
    pub customised: WhenCustomised,
    /// `[[feeds.products.attributes]]`: what products have besides their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<MappedAttribute>,
}
