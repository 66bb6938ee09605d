//! The fault script: what goes wrong in a rehearsal, and when.
//!
//! A script is TOML. The first fault that fires on a feed request wins; the others then still count the request.
//!
//! ```toml
//! seed = 7                 # another seed, another draw for every `share`; the same seed, the same faults
//!
//! [[fault]]
//! kind = "status"          # answers with a status before anything is stored
//! status = 503             # 429, 500 or 503
//! share = 0.05             # of the requests, drawn by seed and request number …
//!
//! [[fault]]
//! kind = "status"
//! status = 429
//! retry_after = 3          # seconds in Retry-After; "none" leaves the header out; 1 if absent
//! on = [3, 4]              # … or on exactly these requests, counted from 1
//! feed = "products"        # only this feed, and only its requests are counted
//!
//! [[fault]]
//! kind = "reset"           # the connection is reset, and nothing is stored
//! on = [7]
//!
//! [[fault]]
//! kind = "lost-answer"     # the items are stored, and then the connection is reset
//! on = [9]
//!
//! [[fault]]
//! kind = "slow"            # the answer comes late, and is otherwise as it should be
//! seconds = 2
//! share = 0.1
//!
//! [[fault]]
//! kind = "garbage"         # 200 with a page of HTML; nothing is stored
//! on = [11]
//!
//! [[fault]]
//! kind = "refused-items"   # items are refused inside a 200 (all of them: a 400)
//! items = 0.1              # this share of the items; all of them if absent
//! code = "items_limit_exceeded"  # "invalid_field_value" if absent
//! share = 0.2
//!
//! [[fault]]
//! kind = "expired-keys"    # 403, as if the token had expired
//! on = [13]
//! ```
//!
//! Requests are counted after the keys and the rate limit were checked.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::SandboxError;
use crate::feeds::Feed;
use crate::untrusted::SafeText;

/// What `Retry-After` says if the script does not, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;
/// The longest delay that a script may ask for, in seconds; no client waits longer than this.
const MAX_DELAY_SECONDS: f64 = 3600.0;
/// The code of items that the script refuses, if it does not say another.
const REFUSED_CODE: &str = "invalid_field_value";

/// A script and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    seed: u64,
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Fault {
    what: What,
    when: When,
    feed: Option<Feed>,
    /// How many requests it has counted.
    seen: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    /// This share of the requests.
    Share(f64),
    /// These requests, from 1.
    On(Vec<u64>),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// 429 with or without `Retry-After` seconds.
    TooManyRequests(Option<u64>),
    /// 500 or 503.
    Status(u16),
    /// The connection is reset before anything is stored.
    Reset,
    /// The connection is reset after the items were stored.
    LostAnswer,
    /// The answer is late.
    Slow(Duration),
    /// 200 with HTML.
    Garbage,
    /// Items are refused.
    RefusedItems(RefusedItems),
    /// The token counts as expired.
    ExpiredKeys,
}

/// Which items are refused, and with which code.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RefusedItems {
    /// The share of the items.
    share: f64,
    /// The code.
    pub(super) code: String,
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
        Self::parse(&text).map_err(|(line, reason)| wrong(line, &reason))
    }

    fn parse(text: &str) -> Result<Self, (Option<usize>, String)> {
        let line_of = |offset: usize| text[..offset.min(text.len())].lines().count().max(1);
        let script: Script = toml::from_str(text)
            .map_err(|error| (error.span().map(|span| line_of(span.start + 1)), error.message().to_owned()))?;
        let mut faults = Vec::with_capacity(script.fault.len());
        for entry in script.fault {
            let line = line_of(entry.span().start + 1);
            faults.push(entry.into_inner().checked().map_err(|reason| (Some(line), reason))?);
        }
        Ok(Self { seed: script.seed, faults })
    }

    /// Counts a request for one of `feeds` and says what goes wrong with it.
    pub(super) fn next(&mut self, feeds: &[Feed]) -> Option<What> {
        let mut hit = None;
        for (index, fault) in self.faults.iter_mut().enumerate() {
            if fault.feed.is_some_and(|feed| !feeds.contains(&feed)) {
                continue;
            }
            fault.seen += 1;
            let seed = self.seed.wrapping_add(index as u64);
            let fires = match &fault.when {
                When::Share(share) => draw(seed, fault.seen) < *share,
                When::On(numbers) => numbers.contains(&fault.seen),
            };
            if fires && hit.is_none() {
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

/// A number in 0 ‥ 1 that is always the same for the same two.
fn draw(seed: u64, number: u64) -> f64 {
    fastrand::Rng::with_seed(seed.rotate_left(32) ^ number).f64()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    fault: Vec<Spanned<Entry>>,
}

/// One `[[fault]]` as it is written; which keys go with which kind is checked afterwards, for clearer sentences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: Kind,
    status: Option<u16>,
    share: Option<f64>,
    on: Option<Vec<u64>>,
    feed: Option<String>,
    seconds: Option<f64>,
    retry_after: Option<RetryAfter>,
    items: Option<f64>,
    code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Status,
    Reset,
    Slow,
    LostAnswer,
    Garbage,
    RefusedItems,
    ExpiredKeys,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "retry_after is a whole number of seconds or \"none\"")]
enum RetryAfter {
    Seconds(u64),
    Word(NoneWord),
}

#[derive(Debug, Deserialize)]
enum NoneWord {
    #[serde(rename = "none")]
    None,
}

impl Entry {
    fn checked(self) -> Result<Fault, String> {
        self.no_stray_keys()?;
        let when = match (self.share, self.on) {
            (Some(share), None) if (0.0..=1.0).contains(&share) => When::Share(share),
            (Some(share), None) => return Err(format!("share = {share} is not between 0 and 1")),
            (None, Some(numbers)) if !numbers.is_empty() && !numbers.contains(&0) => When::On(numbers),
            (None, Some(_)) => return Err("on lists request numbers, which start at 1".to_owned()),
            (None, None) => return Err("say when: share = 0.05, or on = [3, 4]".to_owned()),
            (Some(_), Some(_)) => return Err("share and on exclude each other".to_owned()),
        };
        let feed = self.feed.map(|name| name.parse::<Feed>().map_err(|error| error.to_string())).transpose()?;
        let what = match self.kind {
            Kind::Status => match self.status {
                Some(429) => What::TooManyRequests(match self.retry_after {
                    None => Some(RETRY_AFTER_SECONDS),
                    Some(RetryAfter::Seconds(seconds)) => Some(seconds),
                    Some(RetryAfter::Word(NoneWord::None)) => None,
                }),
                Some(status @ (500 | 503)) => What::Status(status),
                Some(status) => return Err(format!("status = {status} is not 429, 500 or 503")),
                None => return Err("kind = \"status\" needs status = 429, 500 or 503".to_owned()),
            },
            Kind::Reset => What::Reset,
            Kind::LostAnswer => What::LostAnswer,
            Kind::Garbage => What::Garbage,
            Kind::ExpiredKeys => What::ExpiredKeys,
            Kind::Slow => match self.seconds {
                Some(seconds) if (0.0..=MAX_DELAY_SECONDS).contains(&seconds) => {
                    What::Slow(Duration::from_secs_f64(seconds))
                }
                Some(seconds) => return Err(format!("seconds = {seconds} is not between 0 and {MAX_DELAY_SECONDS}")),
                None => return Err("kind = \"slow\" needs seconds".to_owned()),
            },
            Kind::RefusedItems => match self.items.unwrap_or(1.0) {
                share if (0.0..=1.0).contains(&share) => What::RefusedItems(RefusedItems {
                    share,
                    code: self.code.unwrap_or_else(|| REFUSED_CODE.to_owned()),
                    draw: 0,
                }),
                share => return Err(format!("items = {share} is not between 0 and 1")),
            },
        };
        Ok(Fault { what, when, feed, seen: 0 })
    }

    /// A key of another kind is a mistake that would otherwise pass unseen.
    fn no_stray_keys(&self) -> Result<(), String> {
        let keys = [
            ("status", self.status.is_some(), self.kind == Kind::Status),
            ("retry_after", self.retry_after.is_some(), self.kind == Kind::Status && self.status == Some(429)),
            ("seconds", self.seconds.is_some(), self.kind == Kind::Slow),
            ("items", self.items.is_some(), self.kind == Kind::RefusedItems),
            ("code", self.code.is_some(), self.kind == Kind::RefusedItems),
        ];
        match keys.into_iter().find(|(_, is_given, belongs)| *is_given && !belongs) {
            Some(("retry_after", ..)) => Err("retry_after goes with status = 429 only".to_owned()),
            Some((key, ..)) => Err(format!("{key} does not go with this kind")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(script: &str, requests: &[Feed]) -> Vec<Option<What>> {
        let mut faults = Faults::parse(script).expect("a script");
        requests.iter().map(|feed| faults.next(&[*feed])).collect()
    }

    #[test]
    fn numbered_faults_fire_on_their_requests_only() {
        let script = "[[fault]]\nkind = 'reset'\non = [2]\n[[fault]]\nkind = 'status'\nstatus = 503\non = [2, 3]";
        let hits = fired(script, &[Feed::Products; 4]);
        assert_eq!(hits, [None, Some(What::Reset), Some(What::Status(503)), None]);
    }

    #[test]
    fn a_feed_is_counted_by_itself() {
        let script = "[[fault]]\nkind = 'garbage'\non = [2]\nfeed = 'prices'";
        let hits = fired(script, &[Feed::Prices, Feed::Products, Feed::Products, Feed::Prices]);
        assert_eq!(hits, [None, None, None, Some(What::Garbage)]);
    }

    #[test]
    fn a_share_is_about_that_share_and_the_same_again_with_the_same_seed() {
        let script = |seed| format!("seed = {seed}\n[[fault]]\nkind = 'lost-answer'\nshare = 0.2");
        let first = fired(&script(7), &[Feed::Products; 1000]);
        assert_eq!(first, fired(&script(7), &[Feed::Products; 1000]));
        assert_ne!(first, fired(&script(8), &[Feed::Products; 1000]));
        let hits = first.iter().flatten().count();
        assert!((150..250).contains(&hits), "{hits}");
    }

    #[test]
    fn every_kind_of_the_documentation_is_read() {
        let script = include_str!("../../tests/fixtures/faults.toml");
        let faults = Faults::parse(script).expect("a script");
        assert_eq!(faults.seed, 7);
        let whats: Vec<&What> = faults.faults.iter().map(|fault| &fault.what).collect();
        assert!(matches!(
            whats[..],
            [
                What::Status(503),
                What::TooManyRequests(Some(3)),
                What::TooManyRequests(None),
                What::Reset,
                What::LostAnswer,
                What::Slow(_),
                What::Garbage,
                What::RefusedItems(_),
                What::ExpiredKeys
            ]
        ));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (script, line, words) in [
            ("seed = 7\n\n[[fault]]\nkind = 'rest'\non = [1]", 4, "unknown variant `rest`"),
            ("[[fault]]\nkind = 'reset'\non = [1]\ncolour = 1", 4, "unknown field `colour`"),
            ("\n[[fault]]\nkind = 'reset'", 2, "say when"),
            ("[[fault]]\nkind = 'reset'\nshare = 5", 1, "not between 0 and 1"),
            ("[[fault]]\nkind = 'reset'\nshare = nan", 1, "not between 0 and 1"),
            ("[[fault]]\nkind = 'reset'\non = [0]", 1, "start at 1"),
            ("[[fault]]\nkind = 'reset'\non = [1]\nshare = 0.1", 1, "exclude each other"),
            ("[[fault]]\nkind = 'reset'\non = [1]\nseconds = 1", 1, "seconds does not go with this kind"),
            ("[[fault]]\nkind = 'status'\nstatus = 404\non = [1]", 1, "404 is not 429, 500 or 503"),
            ("[[fault]]\nkind = 'status'\nstatus = 500\nretry_after = 3\non = [1]", 1, "status = 429 only"),
            ("[[fault]]\nkind = 'slow'\nseconds = -1\non = [1]", 1, "not between 0 and 3600"),
            ("[[fault]]\nkind = 'reset'\non = [1]\nfeed = 'product'", 1, "there is no feed"),
            ("[[fault]]\nkind = 'status'\nstatus = 429\nretry_after = 'soon'\non = [1]", 4, "retry_after is"),
            ("seed = 'ü", 1, "invalid"),
        ] {
            let (found, reason) = Faults::parse(script).expect_err(script);
            assert!(reason.contains(words), "{script:?}: {reason}");
            assert_eq!(found, Some(line), "{script:?}: {reason}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Faults::read(Path::new("/nowhere/faults.toml")).expect_err("no file");
        assert!(error.to_string().starts_with("/nowhere/faults.toml: "), "{error}");
    }
}
