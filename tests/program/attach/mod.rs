//! A run outlives its screen, and is followed and told what to do from elsewhere: the real program, several at a time.

mod day_after;
mod group;
mod hang_up;
mod join;
mod kit;
mod ssh;
mod viewer;

use crate::support;
