//! Parts that every pane is drawn with, and the state of those that have one: dialogs, editors, notices.

pub mod adopting;
pub mod click;
pub mod content;
pub mod copyable;
pub mod dialog;
pub mod editor;
pub mod filter;
pub mod footer;
pub mod header;
pub mod help;
pub mod list;
pub mod matching;
pub mod notice;
pub mod notices;
pub mod panel;
pub mod qr;
pub mod reading;
pub mod report;
pub mod spark;
pub mod text;
