//! Items of a feed, page by page: what the ledger knows of each, without ever loading all.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::Feed;
use crate::export::progress::ItemState;
use crate::feeds::item::Sha1Hash;
use crate::untrusted::SafeText;

/// The number of an item in the ledger of a data space. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemNumber(pub i64);

/// In which order items are listed. Each is an index of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ItemOrder {
    /// By label (SKU and store view, or what stands for it).
    #[default]
    Label,
    /// By the id of their source record; those without one first.
    SourceId,
    /// By the request in which they were sent last, newest first; those that were never sent last.
    Newest,
}

impl ItemOrder {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Label, Self::SourceId, Self::Newest];

    /// Its name: `label`, `id`, `newest`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::SourceId => "id",
            Self::Newest => "newest",
        }
    }
}

/// Which items are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemQuery {
    pub feed: Feed,
    /// Whose label contains this, whatever the case, or whose source id is this; empty = all.
    pub search: String,
    /// In this state; `None` = in any. An accepted deletion is in none of them: the item is not there any more.
    pub state: Option<ItemState>,
    /// Whose error text or code contains this, whatever the case; empty = all.
    pub error: String,
    pub order: ItemOrder,
}

impl ItemQuery {
    /// All items of a feed.
    #[must_use]
    pub fn all(feed: Feed) -> Self {
        Self { feed, search: String::new(), state: None, error: String::new(), order: ItemOrder::default() }
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageFrom {
    /// The first items.
    Start,
    /// The last items.
    End,
    After(ItemRow),
    Before(ItemRow),
    /// This one, if it is still there, and those after it.
    At(ItemRow),
}

/// An item as a row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    pub number: ItemNumber,
    /// SKU and store view, or what stands for it.
    pub label: SafeText,
    /// The id of its source record.
    pub source_id: Option<i64>,
    /// Where it stands.
    pub state: ItemState,
    /// Whether it is gone from the source.
    pub is_deleted: bool,
    /// When that was recorded.
    pub modified_at: Timestamp,
    /// The server's own text; may be empty.
    pub error: SafeText,
    /// The server's code; may be empty.
    pub code: SafeText,
    /// The request id of the last answer.
    pub request_id: Option<SafeText>,
    /// The number of the request in which it was sent last; `None` if it never was. Later requests have higher numbers.
    pub request: Option<i64>,
}

/// Some items, in the order of the query, and whether there are more on each side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemPage {
    pub rows: Vec<ItemRow>,
    /// Whether there are items before the first.
    pub has_before: bool,
    /// Whether there are items after the last.
    pub has_after: bool,
}

/// One state that an item had: what came of an attempt to send it, or of reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAttempt {
    /// When it was recorded.
    pub at: Timestamp,
    /// What came of it.
    pub state: ItemState,
    /// The HTTP status, or a code of ours below 100.
    pub status: i64,
    /// The server's own text; may be empty.
    pub error: SafeText,
    /// The server's code; may be empty.
    pub code: SafeText,
    pub request_id: Option<SafeText>,
}

/// The request in which an item left last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRequest {
    /// When it left.
    pub sent_at: Timestamp,
    /// Which try of its batch it was, from 1.
    pub number: u32,
    /// How many items travelled in it.
    pub items: u64,
    /// Its HTTP status; `None` = no answer was recorded.
    pub status: Option<u16>,
    /// Whether its end was recorded, answered or not.
    pub is_over: bool,
}

/// Everything that the ledger knows of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemDetail {
    /// As in the list.
    pub row: ItemRow,
    pub feed: Feed,
    /// What it is compared by: sha1 of the identity values.
    pub id: Sha1Hash,
    /// The identifying fields, as they are sent.
    pub identity: Vec<(SafeText, SafeText)>,
    /// The states that are remembered, newest first; empty if it was never answered.
    pub attempts: Vec<ItemAttempt>,
    /// The request in which it left last; `None` if it never left, or long ago.
    pub request: Option<LastRequest>,
    /// What was sent last, and when; `None` if it is not kept.
    pub sent: Option<(Timestamp, Value)>,
}

/// What became of one field between what was sent last and what would be sent now.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldChange {
    Same(Value),
    /// It is only in what would be sent now.
    Added(Value),
    /// It is only in what was sent last.
    Removed(Value),
    /// It differs.
    Changed {
        /// As it was sent last.
        sent: Value,
        /// As it would be sent now.
        now: Value,
    },
}
