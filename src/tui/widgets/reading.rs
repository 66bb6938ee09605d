//! Lines that can be read in full in a dialog: of an item's page, and of the log.

use jiff::Zoned;

use crate::export::progress::{ItemFailure, ItemState};
use crate::tui::widgets::notices::Tone;
use crate::untrusted::SafeText;

/// A line of the page: a name and what there is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemLine {
    /// What it is about; empty = a heading.
    pub name: SafeText,
    /// What there is to say.
    pub text: SafeText,
    /// What it means.
    pub mark: Mark,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The heading of those that follow.
    Heading,
    /// To read.
    Plain,
    /// A state that an item has or had.
    State(ItemState),
    /// A field as it was sent last, and is not any more.
    Old,
    /// A field as it would be sent now, and was not.
    New,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was reported, in local time.
    pub at: Zoned,
    /// What it means.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// The refused item that it is about.
    pub failure: Option<Box<ItemFailure>>,
}
