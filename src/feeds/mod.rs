//! The catalogue of feeds: name, route, identity, minimal payload, what a content hash leaves out, batch size.
//!
//! This room knows what a feed item is and where items come from. It must never know that there is a ledger, a
//! gateway or a screen.

pub mod content;
pub mod in_commerce;
pub mod item;
pub mod source;
