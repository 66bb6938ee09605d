//! The fault script: what goes wrong in a rehearsal, and when.
//!
//! A script is TOML; `docs/rehearsal.md` has an example of each fault, which a test reads. The first fault that fires on a feed
//! request wins; the others then still count the request. Each says *what* by its `kind`, and *when* by exactly one of `share`,
//! `on`, `holding` and `more_than`.
//!
//! A `[[fault]]` with `graphql = true` is for requests to `/graphql`, and counts these instead of feed requests; the kinds that are
//! about feed items do not go with it. What the services show in spite of what they received is not a matter of single requests:
//!
//! ```toml
//! [[shown]]
//! kind = "lost"            # items that were received and are not shown …
//! items = 0.05             # … this share of them, drawn by seed, SKU and store view …
//!
//! [[shown]]
//! kind = "stale"           # items that are still shown as they were before their last change
//! skus = ["24-MB01"]       # … or these, in every store view
//!
//! [[shown]]
//! kind = "ghost"           # items that were deleted and are still shown
//! items = 1.0
//!
//! [[shown]]
//! kind = "asleep"          # the data space shows nothing at all
//!
//! [[shown]]
//! kind = "no-index"        # Live Search has no index
//!
//! [[shown]]
//! kind = "no-service"      # the API key is not registered for the service: 403003
//! ```
//!
//! Requests are counted after the keys and the rate limit were checked. What happens on the way to a gateway (names that are
//! not resolved, proxies, TLS) is not its business, and not in here.

mod script;
mod shown;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use serde_json::value::RawValue;

use super::SandboxError;
use crate::domain::Feed;
use crate::untrusted::SafeText;
pub(super) use shown::{Oddity, ShownFaults};

/// A script and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    seed: u64,
    requests: Vec<Fault>,
    /// What the services show in spite of what they received.
    pub(super) shown: ShownFaults,
}

#[derive(Debug)]
struct Fault {
    what: What,
    when: When,
    feed: Option<Feed>,
    /// Whether it is for requests to `/graphql` instead of feed requests.
    is_graphql: bool,
    /// How many requests it has counted.
    seen: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    /// This share of the requests.
    Share(f64),
    /// These requests, from 1.
    On(Vec<u64>),
    /// Those whose body holds this.
    Holding(String),
    /// Those of more items than this.
    MoreThan(usize),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// A status, before anything is stored.
    Status {
        /// 400 to 599.
        status: u16,
        /// What `Retry-After` says.
        retry_after: RetryAfter,
    },
    /// 307 to this place.
    Redirect(String),
    /// The connection is reset before anything is stored.
    Reset,
    /// There is no answer, and nothing is stored.
    Silent,
    /// The connection is reset after the items were stored.
    LostAnswer,
    /// The answer is late.
    Slow(Duration),
    /// The answer is delivered strangely.
    Mangled(Mangled),
    /// 200 with HTML.
    Garbage,
    /// 200 with plain text.
    WrongType,
    RefusedItems(RefusedItems),
    /// The list of refused items is odd.
    OddList(OddList),
    /// The token counts as expired, by a clock that is so many seconds ahead of the right one.
    ExpiredKeys(i64),
}

/// What `Retry-After` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// Nothing.
    None,
    Text(String),
    /// The moment in so many seconds.
    Date(i64),
}

/// How a good answer is spoiled on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mangled {
    /// It ends in the middle, with the connection.
    Cut,
    /// It comes one byte at a time, with this between two.
    Drip(Duration),
    /// It is packed, without the end of the packing.
    BrokenGzip,
    /// So many MiB of blanks come before it.
    Huge(usize),
}

/// What is odd about a list of refused items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OddList {
    /// It names an item that is not in the batch.
    Beyond,
    /// It names the first item twice, for two reasons.
    Twice,
    /// It does not say which item it means.
    NoIndex,
}

/// Which items are refused, and how they are named.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RefusedItems {
    /// The share of the items.
    share: f64,
    pub(super) code: String,
    /// By their field, and not by their index.
    pub(super) by_field: bool,
    /// Whether the whole batch is refused with them.
    pub(super) refuses_all: bool,
    draw: u64,
}

impl RefusedItems {
    /// Whether the item at this place in the batch is one of them.
    pub(super) fn hits(&self, index: usize) -> bool {
        draw(self.draw, index as u64) < self.share
    }
}

impl Faults {
    /// Reads a script from a file.
    ///
    /// # Errors
    /// [`SandboxError::Faults`] with the file, the line and what is wrong there.
    pub(super) fn read(path: &Path) -> Result<Self, SandboxError> {
        let wrong = |line, reason: &str| SandboxError::Faults {
            path: SafeText::new(&path.display().to_string()),
            line,
            reason: SafeText::new(reason),
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(None, &error.to_string()))?;
        script::parse(&text).map_err(|(line, reason)| wrong(line, &reason))
    }

    /// Counts a request for one of `feeds`, with this unpacked body, and says what goes wrong with it.
    pub(super) fn next(&mut self, feeds: &[Feed], body: &[u8]) -> Option<What> {
        self.next_of(body, |fault| !fault.is_graphql && fault.feed.is_none_or(|feed| feeds.contains(&feed)))
    }

    /// Counts a request to `/graphql`, and says what goes wrong with it.
    pub(super) fn next_query(&mut self, body: &[u8]) -> Option<What> {
        self.next_of(body, |fault| fault.is_graphql)
    }

    fn next_of(&mut self, body: &[u8], is_for: impl Fn(&Fault) -> bool) -> Option<What> {
        let mut hit = None;
        for (index, fault) in self.requests.iter_mut().enumerate() {
            if !is_for(fault) {
                continue;
            }
            fault.seen += 1;
            let seed = self.seed.wrapping_add(index as u64);
            if hit.is_none() && fault.when.fires(seed, fault.seen, body) {
                let mut what = fault.what.clone();
                if let What::RefusedItems(refused) = &mut what {
                    refused.draw = seed.rotate_left(32) ^ fault.seen;
                }
                hit = Some(what);
            }
        }
        hit
    }
}

impl When {
    fn fires(&self, seed: u64, number: u64, body: &[u8]) -> bool {
        match self {
            When::Share(share) => draw(seed, number) < *share,
            When::On(numbers) => numbers.contains(&number),
            When::Holding(text) => body.windows(text.len()).any(|window| window == text.as_bytes()),
            When::MoreThan(most) => {
                serde_json::from_slice::<Vec<&RawValue>>(body).is_ok_and(|items| items.len() > *most)
            }
        }
    }
}

/// A number in 0 ‥ 1 that is always the same for the same two.
fn draw(seed: u64, number: u64) -> f64 {
    fastrand::Rng::with_seed(seed.rotate_left(32) ^ number).f64()
}
