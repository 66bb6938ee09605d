//! What an export would take: by counts, before anything is read, and by a dry run; and arithmetic that is shown with its formula.

use std::time::Duration;

use super::sending::configured_batch_size;
use super::{Connector, explained};
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::progress::RunReport;
use crate::export::requests_of;
use crate::format::{bytes, count, counted, duration};
use crate::report::{Row, Tone};

/// What a full export of one feed would take if every item had to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEstimate {
    pub feed: Feed,
    /// Source records; `None` where they cannot be counted.
    pub source_records: Option<u64>,
    /// Items; `None` where they cannot be counted.
    pub items: Option<u64>,
    /// Items in a request, once batches have grown.
    pub batch_size: usize,
    /// Requests that all items take, as batches grow.
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

    /// All items; `None` if a feed's items cannot be counted.
    pub fn items(&self) -> Option<u64> {
        self.feeds.iter().map(|feed| feed.items).sum()
    }

    /// The time that the gateway's allowance makes it take; `None` without an allowance, or if a feed cannot be counted.
    pub fn time(&self) -> Option<Duration> {
        let seconds = self.requests()? as f64 / self.requests_per_second?;
        Duration::try_from_secs_f64(seconds.ceil()).ok()
    }

    /// As a table: a heading, each feed, and the total.
    pub fn table(&self) -> Vec<[String; 6]> {
        let known = |number: Option<u64>| number.map_or_else(|| "unknown".to_owned(), count);
        let mut rows = vec![["Feed", "Records", "Items", "Batch", "Requests", "Bytes"].map(str::to_owned)];
        rows.extend(self.feeds.iter().map(|of| {
            let size = of.bytes.map_or_else(|| known(None), bytes);
            let [records, items, requests] = [of.source_records, of.items, of.requests].map(known);
            [of.feed.to_string(), records, items, count(of.batch_size as u64), requests, size]
        }));
        rows.push([
            "Total".to_owned(),
            String::new(),
            known(self.items()),
            String::new(),
            known(self.requests()),
            String::new(),
        ]);
        rows
    }

    /// How long it takes, and how all of it is counted.
    pub fn notes(&self) -> [Row; 2] {
        let time = match (self.formula(), self.requests_per_second) {
            (Some(formula), _) => format!("At the rate limit: {formula}"),
            (None, None) => "No rate limit set: the time depends on the database and the gateway.".to_owned(),
            (None, Some(_)) => "No time estimate: a feed of this source cannot be counted.".to_owned(),
        };
        let mut how =
            "Items are counted, not read; requests are those of sending every item, in batches that grow to this size."
                .to_owned();
        if self.feeds.iter().any(|feed| feed.bytes.is_none()) {
            how.push_str(" Bytes are shown once this data space has received a feed from here.");
        }
        [Row::new(time, Tone::Title), Row::new(how, Tone::Remark)]
    }

    /// The formula with its numbers: `412 requests ÷ 2 requests/s = 3 min 26 s`.
    fn formula(&self) -> Option<String> {
        let (requests, rate) = (counted(self.requests()?, "request"), self.requests_per_second?);
        Some(format!("{requests} ÷ {rate} requests/s = {}", duration(self.time()?)))
    }
}

/// What sending would take, by what a dry run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub requests: u64,
    /// Bytes of JSON, before they are compressed.
    pub json_bytes: u64,
    /// Requests a second that are allowed; `None` = no limit.
    pub requests_per_second: Option<f64>,
}

impl Forecast {
    /// By the report of a dry run.
    #[must_use]
    pub fn of(report: &RunReport) -> Self {
        let feeds = &report.progress.feeds;
        Self {
            requests: feeds.iter().map(|feed| feed.planned_requests).sum(),
            json_bytes: feeds.iter().map(|feed| feed.planned_bytes).sum(),
            requests_per_second: report.requests_per_second,
        }
    }

    /// Without a limit nobody knows how fast the gateway is.
    pub fn time(&self) -> Option<Duration> {
        let seconds = self.requests as f64 / self.requests_per_second?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// How long it takes, with its numbers.
    pub fn formula(&self) -> String {
        let requests = counted(self.requests, "request");
        match (self.requests_per_second, self.time()) {
            (Some(rate), Some(time)) => format!("{requests} ÷ {rate:.1} requests/s = {}", duration(time)),
            _ => format!("{requests}, as fast as the gateway accepts them"),
        }
    }

    /// In a sentence.
    pub fn words(&self) -> String {
        let time = self.time().map_or_else(
            || "as fast as the gateway accepts them".to_owned(),
            |time| format!("about {}", duration(time)),
        );
        format!("Would send {}, {} uncompressed, {time}.", counted(self.requests, "request"), bytes(self.json_bytes))
    }
}

impl Connector {
    /// Estimates a full export of these feeds; none = all that `export run` sends. Count queries only.
    pub async fn estimate(&self, feeds: &[Feed]) -> Result<Estimate, Problem> {
        let source = self.source().await?;
        let feeds = self.planned_feeds(&source, feeds).await?;
        let config = self.config();
        let ledger = tokio::task::block_in_place(|| self.ledger())?;
        let mut estimates = Vec::with_capacity(feeds.len());
        for feed in feeds {
            let source_records = source.count(feed).await.map_err(explained)?;
            let items = source.estimate(feed).await.map_err(explained)?;
            let sizes = configured_batch_size(&config, feed)
                .map_or((feed.batch_size(), feed.largest_batch()), |size| (size, size));
            let planned = items.map(|items| requests_of(items, sizes.0, sizes.1));
            let (items_then, bytes_then) = match &ledger {
                Some(ledger) => tokio::task::block_in_place(|| ledger.travelled(feed)).map_err(explained)?,
                None => (0, 0),
            };
            estimates.push(FeedEstimate {
                feed,
                source_records,
                items,
                batch_size: planned.map_or(sizes.0, |(_, batch_size)| batch_size),
                requests: planned.map(|(requests, _)| requests),
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

    #[test]
    fn a_forecast_shows_how_its_time_came_about() {
        let forecast = Forecast { requests: 412, json_bytes: 35_200_000, requests_per_second: Some(2.0) };
        assert_eq!(forecast.words(), "Would send 412 requests, 33.6 MiB uncompressed, about 3 min 26 s.");
        assert_eq!(forecast.formula(), "412 requests ÷ 2.0 requests/s = 3 min 26 s");
        let unlimited = Forecast { requests_per_second: None, ..forecast };
        assert!(unlimited.words().ends_with("33.6 MiB uncompressed, as fast as the gateway accepts them."));
        assert_eq!(unlimited.time(), None);
    }
}
