//! How fast requests may leave: one pace for all workers, additive increase, multiplicative decrease.

use std::time::Duration;

/// What a pace allows right now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceReading {
    /// Requests a second allowed now; `None` = unlimited.
    pub requests_per_second: Option<f64>,
    /// Still to wait after a 429 or a `Retry-After`; `None` = not waiting.
    pub waiting: Option<Duration>,
}

/// The shared pace.
#[derive(Debug)]
pub struct Pace {}

impl Pace {
    /// What is allowed now.
    #[must_use]
    pub fn reading(&self) -> PaceReading {
        unimplemented!()
    }
}
