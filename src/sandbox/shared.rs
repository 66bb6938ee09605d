//! What all routes need.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// Takes a lock; what a panicking request left behind is still good enough for a sandbox.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
pub(super) fn seconds_now() -> f64 {
    Timestamp::now().as_duration().as_secs_f64()
}
