//! The feeds, the run and what is read about them.

mod log;
mod reports;
mod sync;
