//! The guardrail: a token bucket for every API key (protocol page §3, "about 2 requests a second").

use std::time::Duration;

use tokio::time::Instant;

/// How many requests a second are let through, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    /// Tokens that flow in each second; more than 0.
    pub(crate) per_second: f64,
    /// How many tokens there can be; at least 1.
    pub(crate) burst: u32,
}

/// The tokens of one API key.
#[derive(Debug)]
pub(crate) struct Bucket {
    limit: Limit,
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(limit: Limit, now: Instant) -> Self {
        Self { limit, tokens: f64::from(limit.burst), filled_at: now }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// How long it takes until the next one is there.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.limit.per_second).min(f64::from(self.limit.burst));
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / self.limit.per_second;
        Err(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// What `Retry-After` says: whole seconds, never too few.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::new(Limit { per_second: 2.0, burst: 4 }, Instant::now());
        for _ in 0..4 {
            assert_eq!(bucket.take(Instant::now()), Ok(()));
        }
        assert_eq!(bucket.take(Instant::now()), Err(Duration::from_millis(500)));
        tokio::time::advance(Duration::from_millis(499)).await;
        assert!(bucket.take(Instant::now()).is_err());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(bucket.take(Instant::now()), Ok(()));
        assert!(bucket.take(Instant::now()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_pause_saves_no_more_than_a_burst() {
        let mut bucket = Bucket::new(Limit { per_second: 2.0, burst: 2 }, Instant::now());
        tokio::time::advance(Duration::from_hours(1)).await;
        assert!(bucket.take(Instant::now()).is_ok());
        assert!(bucket.take(Instant::now()).is_ok());
        assert!(bucket.take(Instant::now()).is_err());
    }

    #[test]
    fn retry_after_is_rounded_up() {
        assert_eq!(whole_seconds(Duration::from_millis(500)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_millis(2001)), 3);
    }
}
