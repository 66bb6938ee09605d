//! The feeds, the run and what is read about them.

mod adoption;
mod cursor;
mod log;
mod reports;
mod sync;
