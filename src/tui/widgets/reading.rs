//! A line of the log that can be read in full in a dialog.

use jiff::Zoned;

use crate::export::progress::ItemFailure;
use crate::tui::widgets::notices::Tone;

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
