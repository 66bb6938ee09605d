//! The page of a feed's items.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::look::Look;
use crate::tui::state::State;

/// Draws it.
pub fn draw(_frame: &mut Frame, _area: Rect, _state: &State, _look: Look) {}
