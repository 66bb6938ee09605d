//! The screen: one event in, effects out, state read-only while drawing.
//!
//! It calls [`crate::connector::Connector`] from worker tasks only, and must never do I/O while updating or drawing.
