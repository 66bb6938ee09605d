//! What a full export would take, before anything of it is read: counts, and arithmetic that is shown with its formula.

use std::time::Duration;

use super::sending::configured_batch_size;
use super::{Connector, explained};
use crate::domain::Feed;
use crate::error::Problem;
use crate::format::{counted, duration};

/// What a full export of one feed would take if every item had to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEstimate {
    /// The feed.
    pub feed: Feed,
    /// Source records; `None` where they cannot be counted.
    pub source_records: Option<u64>,
    /// Items; `None` where they cannot be counted.
    pub items: Option<u64>,
    /// Items in a request.
    pub batch_size: usize,
    /// Requests: items ÷ batch size, rounded up.
    pub requests: Option<u64>,
    /// Compressed bytes, where this data space has received this feed before: items × bytes an item took then.
    pub bytes: Option<u64>,
}

/// What a full export would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// One for each feed, in the order in which they are sent.
    pub feeds: Vec<FeedEstimate>,
    /// Requests a second that are allowed; `None` = no limit.
    pub requests_per_second: Option<f64>,
}

impl Estimate {
    /// All requests; `None` if a feed's items cannot be counted.
    pub fn requests(&self) -> Option<u64> {
        self.feeds.iter().map(|feed| feed.requests).sum()
    }

    /// The time that the gateway's allowance makes it take; `None` without an allowance, or if a feed cannot be counted.
    pub fn time(&self) -> Option<Duration> {
        time(self.requests()?, self.requests_per_second?)
    }

    /// The formula with its numbers: `412 requests ÷ 2 requests/s = 3 min 26 s`.
    pub fn formula(&self) -> Option<String> {
        formula(self.requests()?, self.requests_per_second?)
    }
}

/// How long requests take at an allowance, if there is one.
pub fn time(requests: u64, requests_per_second: f64) -> Option<Duration> {
    Duration::try_from_secs_f64((requests as f64 / requests_per_second).ceil()).ok()
}

/// The same with its numbers.
pub fn formula(requests: u64, requests_per_second: f64) -> Option<String> {
    let time = duration(time(requests, requests_per_second)?);
    Some(format!("{} ÷ {requests_per_second} requests/s = {time}", counted(requests, "request")))
}

impl Connector {
    /// Estimates a full export of these feeds; none = all that `export run` sends. Count queries only.
    pub async fn estimate(&self, feeds: &[Feed]) -> Result<Estimate, Problem> {
        let source = self.source().await?;
        let feeds = self.planned_feeds(&source, feeds).await?;
        let config = self.config();
        let sizes = tokio::task::block_in_place(|| self.ledger())?;
        let mut estimates = Vec::with_capacity(feeds.len());
        for feed in feeds {
            let source_records = source.count(feed).await.map_err(explained)?;
            let items = source.estimate(feed).await.map_err(explained)?;
            let batch_size = configured_batch_size(&config, feed).unwrap_or_else(|| feed.batch_size());
            let (items_then, bytes_then) = match &sizes {
                Some(ledger) => tokio::task::block_in_place(|| ledger.travelled(feed)).map_err(explained)?,
                None => (0, 0),
            };
            estimates.push(FeedEstimate {
                feed,
                source_records,
                items,
                batch_size,
                requests: items.map(|items| items.div_ceil(batch_size as u64)),
                bytes: items.and_then(|items| items.checked_mul(bytes_then)?.checked_div(items_then)),
            });
        }
        let allowance = config.gateway.requests_per_second;
        Ok(Estimate { feeds: estimates, requests_per_second: (allowance > 0.0).then_some(allowance) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(items: Option<u64>) -> FeedEstimate {
        FeedEstimate {
            feed: Feed::Products,
            source_records: items,
            items,
            batch_size: 100,
            requests: items.map(|items| items.div_ceil(100)),
            bytes: None,
        }
    }

    #[test]
    fn requests_and_time_follow_from_the_items() {
        let estimate = Estimate { feeds: vec![feed(Some(41_101)), feed(Some(100))], requests_per_second: Some(2.0) };
        assert_eq!(estimate.requests(), Some(413));
        assert_eq!(estimate.time(), Some(Duration::from_secs(207)));
        assert_eq!(estimate.formula().as_deref(), Some("413 requests ÷ 2 requests/s = 3 min 27 s"));
    }

    #[test]
    fn what_cannot_be_counted_is_not_guessed() {
        let estimate = Estimate { feeds: vec![feed(Some(100)), feed(None)], requests_per_second: Some(2.0) };
        assert_eq!((estimate.requests(), estimate.time()), (None, None));
        let unlimited = Estimate { feeds: vec![feed(Some(100))], requests_per_second: None };
        assert_eq!((unlimited.requests(), unlimited.time()), (Some(1), None));
    }
}
