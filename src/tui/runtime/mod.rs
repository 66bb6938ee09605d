//! What stands between the loop and the world: terminal, keyboard, signals, clipboard, and the workers.

pub mod burst;
pub mod clipboard;
pub mod frames;
pub mod input;
pub mod screen;
pub mod signals;
pub mod terminal;
pub mod worker;
