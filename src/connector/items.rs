//! The items of the ledger: listed page by page, looked at one by one, and what would be sent of one now.

use serde_json::Value;

use crate::export::ledger::{FieldChange, ItemDetail};
use crate::untrusted::SafeText;

/// One item: what is known of it, and what the source would give for it now.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView {
    /// What the ledger knows.
    pub detail: ItemDetail,
    /// What would be sent now.
    pub now: NowSent,
    /// The difference of both, field by field in the order of what would be sent now; empty unless both are known.
    pub changes: Vec<(SafeText, FieldChange)>,
}

/// What the source would give for an item now.
#[derive(Debug, Clone, PartialEq)]
pub enum NowSent {
    /// This payload.
    Payload(Value),
    /// Nothing: it is gone from the source.
    Gone,
    /// The source cannot be asked; why, in one sentence.
    Unknown(SafeText),
}
