//! The bounds and defaults of what a person sets, for the configuration file, the command line and the screen.

use std::ops::RangeInclusive;

/// The most requests in flight at a time. Past 32, a gateway that answers within seconds has long been the limit.
pub const MOST_THREADS: u8 = 32;

/// The most items in one request. Adobe's largest is 500; more than 10,000 is past every body limit anyway.
pub const MOST_ITEMS: u16 = 10_000;

/// Requests in flight at a time.
pub const THREAD_COUNTS: RangeInclusive<usize> = 1..=MOST_THREADS as usize;

/// Items in one request.
pub const BATCH_SIZES: RangeInclusive<usize> = 1..=MOST_ITEMS as usize;

/// Requests a second where there is a limit: from one in 100 seconds to more than any gateway allows.
pub const REQUEST_RATES: RangeInclusive<f64> = 0.01..=10_000.0;

/// Seconds to wait for a gateway: up to a day.
pub const WAITING_SECONDS: RangeInclusive<u64> = 1..=86_400;

/// Seconds for one attempt to deliver a notification: a run waits for them at its end.
pub const NOTIFY_SECONDS: RangeInclusive<u64> = 1..=60;

/// How many failures in a row may pass before a notification.
pub const NOTIFY_FAILURES: RangeInclusive<u32> = 1..=1_000;

/// The least seconds between two notifications about the same.
pub const NOTIFY_REPEAT_SECONDS: u64 = 60;

/// Bytes of an uncompressed request: at most the 100 MiB past which no gateway takes a body.
pub const BATCH_BYTES: RangeInclusive<usize> = 1_024..=104_857_600;

/// Whether a rate is one of [`REQUEST_RATES`], or 0 for no limit.
pub fn is_rate(requests_per_second: f64) -> bool {
    requests_per_second == 0.0 || REQUEST_RATES.contains(&requests_per_second)
}

/// Bytes of an uncompressed request unless configured otherwise.
pub const DEFAULT_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How many days ago an order may have changed to be part of a full sync: 604,800 s, as in Commerce (feed map §9).
pub const DEFAULT_ORDER_DAYS: u32 = 7;

/// Seconds after which another node takes over from one that is silent: from longer than a pause of a busy server.
pub const LEASE_SECONDS: RangeInclusive<u16> = 3..=600;

/// The same unless configured otherwise: longer than a database server takes to restart, or a cluster to agree on who is left.
pub const DEFAULT_LEASE_SECONDS: u16 = 30;
