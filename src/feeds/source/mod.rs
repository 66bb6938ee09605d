//! Where items come from: a Commerce database, a directory of files, or the catalogue that `demo` makes up.
//!
//! A source streams pages over a bounded channel, so that a slow gateway slows the reading and memory does not grow with
//! the catalogue. It never compares, never sends, and knows nothing of a ledger.

pub mod changes;
pub mod commerce;
mod error;
pub mod files;
pub mod sample;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::content::Content;
use crate::domain::Feed;
use crate::untrusted::SafeText;
pub use error::SourceError;

use changes::{Before, ChangeLog, Details, LogEntry, Moment, Present, Shape, Shown, Sight, Span};

/// What a source found where an item should be.
#[derive(Debug, Clone, PartialEq)]
pub enum Collected {
    /// The fields of one item.
    Item {
        /// The key of the source record; absent for sources without one.
        source_id: Option<u64>,
        /// Its fields, without timestamp and `deleted`.
        content: Content,
    },
    /// A record that cannot become an item.
    Broken(Broken),
}

/// A record that cannot become an item, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The key of the source record.
    pub source_id: Option<u64>,
    /// Where it is: `products.ndjson line 12`, `product 12`.
    pub place: SafeText,
    /// What is wrong with it, in one sentence.
    pub reason: SafeText,
    /// What is known of it. If its identity is in here, the item of that identity is not mistaken for a deleted one.
    pub known: Option<Content>,
}

impl Collected {
    /// Bytes of its values.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Item { content, .. } => content.bytes(),
            Self::Broken(broken) => broken.known.as_ref().map_or(0, Content::bytes),
        }
    }
}

/// Something that an item lacks although it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The item: `product 12 (24-MB01), store view default`.
    pub place: SafeText,
    /// What it lacks, and why, in one sentence that many items may share.
    pub text: SafeText,
}

/// What one read of the source brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// How many source records (products, categories, lines …) this page covers; one record may give many items.
    pub source_records: u64,
    /// Items and broken records, in source order.
    pub collected: Vec<Collected>,
    /// What some of the items lack.
    pub remarks: Vec<Remark>,
}

/// Which records to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    All,
    /// Those with these source keys (for files: those whose first identity value is one of these).
    Ids(Vec<String>),
    /// Those with these source keys, as a change log or a ledger names them. A key that no record has gives nothing: the
    /// record is gone, and that is not a mistake of anybody. Sources without keys give nothing at all.
    Keys(Vec<u64>),
}

impl Selection {
    /// Both.
    fn and(self, other: Selection) -> Selection {
        match (self, other) {
            (Selection::Ids(ids), Selection::Ids(more)) => Selection::Ids([ids, more].concat()),
            (Selection::Keys(keys), Selection::Keys(more)) => {
                Selection::Keys(keys.into_iter().chain(more).collect::<BTreeSet<_>>().into_iter().collect())
            }
            // A source answers every time with the same of them.
            (one, _) => one,
        }
    }
}

/// What the words are by which a person names records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// A code, or a key if it is a number that no record has as its code.
    #[default]
    Either,
    /// Keys.
    Id,
    /// Codes: SKU, attribute code, website code, order number.
    Sku,
}

impl std::str::FromStr for IdKind {
    type Err = UnknownIdKind;

    fn from_str(word: &str) -> Result<Self, UnknownIdKind> {
        match word.trim() {
            "id" => Ok(Self::Id),
            "sku" => Ok(Self::Sku),
            _ => Err(UnknownIdKind),
        }
    }
}

/// A word that names no kind of id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kinds of ids are sku and id")]
pub struct UnknownIdKind;

/// What a person's words came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The records that the source has.
    pub selection: Selection,
    /// The words by which the source has no record.
    pub unknown: Vec<String>,
    /// The numbers that are the code of one record, which is meant, and the key of another.
    pub ambiguous: Vec<String>,
}

impl Resolved {
    /// What to know of the numbers that name two records, in one sentence.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        (!self.ambiguous.is_empty()).then(|| {
            format!(
                "taken as SKUs (or codes), although records with these ids exist: {}; to name those, use id type `id`",
                self.ambiguous.join(", ")
            )
        })
    }
}

/// A source of feed items.
#[derive(Debug, Clone)]
pub enum Source {
    /// A Commerce database.
    Commerce(commerce::Commerce),
    /// A directory of `<feed>.ndjson` or `<feed>.json` files.
    Files(files::Files),
    /// A sample catalogue.
    Sample(sample::Sample),
}

impl Source {
    /// The same for one run: every feed sees the same settings and the same moment.
    #[must_use]
    pub fn for_run(&self) -> Self {
        match self {
            Source::Commerce(source) => Source::Commerce(source.for_run()),
            Source::Files(_) | Source::Sample(_) => self.clone(),
        }
    }

    /// The feeds that this source can give.
    pub async fn feeds(&self) -> Result<Vec<Feed>, SourceError> {
        match self {
            Source::Commerce(source) => source.feeds().await,
            Source::Files(source) => source.feeds().await,
            Source::Sample(source) => Ok(source.feeds()),
        }
    }

    /// The feeds that this source cannot give because something is missing, and why: one sentence each. A feed that a source
    /// was never meant to give is not among them.
    pub fn absent(&self) -> Vec<(Feed, SafeText)> {
        match self {
            Source::Commerce(source) => source.absent(),
            Source::Files(_) | Source::Sample(_) => Vec::new(),
        }
    }

    /// How many source records a feed has, without reading them; `None` if that cannot be known beforehand.
    pub async fn count(&self, feed: Feed) -> Result<Option<u64>, SourceError> {
        match self {
            Source::Commerce(source) => source.count(feed).await,
            Source::Files(source) => source.count(feed).await,
            Source::Sample(source) => Ok(source.count(feed)),
        }
    }

    /// How many items a feed has, without reading them; `None` if that cannot be known beforehand.
    pub async fn estimate(&self, feed: Feed) -> Result<Option<u64>, SourceError> {
        match self {
            Source::Commerce(source) => source.estimate(feed).await.map(Some),
            Source::Files(source) => source.count(feed).await,
            Source::Sample(source) => Ok(source.estimate(feed)),
        }
    }

    /// What looks like a mistake in what a feed is made of, and is sent all the same: one sentence each.
    pub async fn warnings(&self, feed: Feed) -> Result<Vec<SafeText>, SourceError> {
        match self {
            Source::Commerce(source) => source.warnings(feed).await,
            Source::Files(_) | Source::Sample(_) => Ok(Vec::new()),
        }
    }

    /// The records that a person's words stand for. A word with blanks around it is one as it is, else without them.
    pub async fn resolve(&self, feed: Feed, words: &[String], kind: IdKind) -> Result<Resolved, SourceError> {
        let resolved = self.resolve_as_is(feed, words, kind).await?;
        let is_padded = |word: &String| word.trim().len() < word.len();
        let (padded, unknown): (Vec<String>, Vec<String>) = resolved.unknown.into_iter().partition(is_padded);
        if padded.is_empty() {
            return Ok(Resolved { unknown, ..resolved });
        }
        let trimmed: Vec<String> = padded.iter().map(|word| word.trim().to_owned()).collect();
        let more = self.resolve_as_is(feed, &trimmed, kind).await?;
        Ok(Resolved {
            selection: resolved.selection.and(more.selection),
            unknown: [unknown, more.unknown].concat(),
            ambiguous: [resolved.ambiguous, more.ambiguous].concat(),
        })
    }

    /// Why a record that somebody named is not there, in one sentence.
    pub fn why_unknown(&self, feed: Feed) -> &'static str {
        match self {
            Source::Commerce(_) => commerce::why_unknown(feed),
            Source::Files(_) | Source::Sample(_) => "not in the source",
        }
    }

    async fn resolve_as_is(&self, feed: Feed, words: &[String], kind: IdKind) -> Result<Resolved, SourceError> {
        match self {
            Source::Commerce(source) => source.resolve(feed, words, kind).await,
            Source::Files(source) => source.resolve(feed, words).await,
            Source::Sample(source) => Ok(source.resolve(feed, words)),
        }
    }

    /// These keys, and those of the feed's records that show something of the records with these keys.
    pub async fn with_dependents(&self, feed: Feed, keys: Vec<u64>) -> Result<Vec<u64>, SourceError> {
        match self {
            Source::Commerce(source) => source.with_dependents(feed, keys).await,
            Source::Files(_) | Source::Sample(_) => Ok(keys),
        }
    }

    /// Where everything stands that tells of changes of a feed.
    pub async fn moment(&self, feed: Feed) -> Result<Moment, SourceError> {
        let reason = match self {
            Source::Commerce(source) => return source.moment(feed).await,
            Source::Files(_) => "files have no change log",
            Source::Sample(_) => "the sample catalogue has no change log",
        };
        let log = ChangeLog::NotKept { reason: reason.into() };
        Ok(Moment { logs: vec![(feed, log)], ..Moment::default() })
    }

    /// What is kept of a shape, to find later which records another state of it reaches.
    pub async fn details(&self, feed: Feed, shape: Shape) -> Result<Details, SourceError> {
        match self {
            Source::Commerce(source) => source.details(feed, shape).await,
            Source::Files(_) | Source::Sample(_) => Ok(Details::new()),
        }
    }

    /// The records of a feed that another state of a shape reaches.
    pub async fn reached(
        &self,
        feed: Feed,
        shape: Shape,
        before: &Before,
        now: &Before,
    ) -> Result<Vec<u64>, SourceError> {
        match self {
            Source::Commerce(source) => source.reached(feed, shape, before, now).await,
            Source::Files(_) | Source::Sample(_) => Ok(Vec::new()),
        }
    }

    /// Entries of a feed's change log, in the order of their versions; at most `limit`.
    pub async fn changes(&self, feed: Feed, span: Span, limit: usize) -> Result<Vec<LogEntry>, SourceError> {
        match self {
            Source::Commerce(source) => source.changes(feed, span, limit).await,
            Source::Files(_) | Source::Sample(_) => Ok(Vec::new()),
        }
    }

    /// The entries of a feed's change log that have these versions.
    pub async fn changes_at(&self, feed: Feed, versions: &[u64]) -> Result<Vec<LogEntry>, SourceError> {
        match self {
            Source::Commerce(source) => source.changes_at(feed, versions).await,
            Source::Files(_) | Source::Sample(_) => Ok(Vec::new()),
        }
    }

    /// How many entries a stretch of a feed's change log has, and whether more are under way.
    pub async fn present(&self, feed: Feed, span: Span, sight: Sight) -> Result<Present, SourceError> {
        match self {
            Source::Commerce(source) => source.present(feed, span, sight).await,
            Source::Files(_) | Source::Sample(_) => Ok(Present::default()),
        }
    }

    /// Which records of a feed show these, and which they show.
    pub async fn shown(&self, feed: Feed, keys: &[u64]) -> Result<Vec<Shown>, SourceError> {
        match self {
            Source::Commerce(source) => source.shown(feed, keys).await,
            Source::Files(_) | Source::Sample(_) => Ok(Vec::new()),
        }
    }

    /// The same of the next records above `after`, and which is the last of them; `None` if there are none.
    pub async fn next_shown(&self, feed: Feed, after: Option<u64>) -> Result<Option<(Vec<Shown>, u64)>, SourceError> {
        match self {
            Source::Commerce(source) => source.next_shown(feed, after).await,
            Source::Files(_) | Source::Sample(_) => Ok(None),
        }
    }

    /// The same source, of which a feed is only read while these tables (or files) have something in them: at the last compare
    /// they had.
    #[must_use]
    pub fn expecting(&self, filled: BTreeSet<String>) -> Self {
        match self {
            Source::Commerce(source) => Source::Commerce(source.expecting(filled)),
            Source::Files(source) => Source::Files(source.expecting(filled)),
            Source::Sample(source) => Source::Sample(*source),
        }
    }

    /// Whether all that is expected is there.
    ///
    /// # Errors
    /// [`SourceError::Reading`] or [`SourceError::Incomplete`] if it is not.
    pub async fn check(&self, feed: Feed) -> Result<(), SourceError> {
        match self {
            Source::Commerce(source) => source.check_tables(feed).await,
            Source::Files(source) => source.check(feed),
            Source::Sample(_) => Ok(()),
        }
    }

    /// The tables (or files) from which the feed was read since this source was made, as far as they have something in them;
    /// `None` if nothing was read.
    pub async fn filled(&self, feed: Feed) -> Result<Option<BTreeSet<String>>, SourceError> {
        match self {
            Source::Commerce(source) => source.filled(feed).await,
            Source::Files(source) => Ok(source.filled(feed)),
            Source::Sample(_) => Ok(None),
        }
    }

    /// The next source keys of a feed above `after`, in order; fewer than `limit` if there are no more. `None` for a source
    /// whose records have no keys.
    pub async fn keys_after(
        &self,
        feed: Feed,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, SourceError> {
        match self {
            Source::Commerce(source) => source.keys_after(feed, after, limit).await.map(Some),
            Source::Files(_) | Source::Sample(_) => Ok(None),
        }
    }

    /// Whether records have keys, so that a range of them can be read.
    pub fn has_keys(&self) -> bool {
        matches!(self, Source::Commerce(_))
    }

    /// How long a database took for all queries of this program so far; nothing for sources without one.
    pub fn query_time(&self) -> Duration {
        match self {
            Source::Commerce(source) => source.query_time(),
            Source::Files(_) | Source::Sample(_) => Duration::ZERO,
        }
    }

    /// Streams the records of a feed into `pages`, and returns when all were handed over or nobody listens any more.
    pub async fn read(&self, feed: Feed, selection: &Selection, pages: mpsc::Sender<Page>) -> Result<(), SourceError> {
        match self {
            // Boxed: what waits for a database nests deep.
            Source::Commerce(source) => Box::pin(source.read(feed, selection, pages)).await,
            Source::Files(source) => source.read(feed, selection, pages).await,
            Source::Sample(source) => source.read(feed, selection, pages).await,
        }
    }
}
