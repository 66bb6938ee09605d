//! The pane of signing in and of the IMS organization.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::look::Look;
use crate::tui::state::State;

/// Draws it.
pub fn draw(_frame: &mut Frame, _area: Rect, _state: &State, _look: Look) {}
