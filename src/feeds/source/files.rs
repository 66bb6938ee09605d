//! Items from a directory of `<feed>.ndjson` or `<feed>.json` files, each optionally `.gz`, streamed.
//!
//! Nothing of a file is ever in memory but the page that is being filled. A record that is not an item is reported with its
//! file and line; it has no identity, so whoever compares must not take anything for deleted.

mod records;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use serde_json::error::Category;
use tokio::sync::mpsc;

use super::{Broken, Collected, Page, Resolved, Selection, SourceError};
use crate::domain::Feed;
use crate::feeds::content::Content;
use crate::feeds::item::identity;
use crate::untrusted::SafeText;
use records::{Body, Layout, Record, Records};

/// The largest record that is read, in bytes. An item is a few kilobytes; what is larger than this is not an item, but a file
/// that lost its line ends.
const RECORD_LIMIT: usize = 16 * 1024 * 1024;

/// A page ends at so many records …
const PAGE_RECORDS: usize = 500;
/// … or at so many bytes of them, whichever comes first: with a few pages under way this bounds the memory.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Bytes that are asked of the file at once: few system calls, and still in the cache when they are cut into records.
const READ_BYTES: usize = 256 * 1024;

/// The endings of feed files, and what is in them.
const ENDINGS: [(&str, Layout, bool); 4] = [
    (".ndjson", Layout::Lines, false),
    (".ndjson.gz", Layout::Lines, true),
    (".json", Layout::Array, false),
    (".json.gz", Layout::Array, true),
];

/// A directory of feed files.
#[derive(Debug, Clone)]
pub struct Files {
    pub directory: PathBuf,
    /// The feeds that must have items.
    expected: BTreeSet<String>,
}

/// How much of a file is looked at for its first item: what stands before it is white space.
const LOOKED_AT: u64 = 64 * 1024;

/// A feed's file.
#[derive(Debug, Clone)]
struct FeedFile {
    path: PathBuf,
    /// Its name without the directory, for places such as `products.ndjson line 12`.
    name: String,
    layout: Layout,
    is_gzipped: bool,
}

impl FeedFile {
    fn open(&self) -> std::io::Result<Box<dyn Read>> {
        let file = File::open(&self.path)?;
        Ok(if self.is_gzipped { Box::new(MultiGzDecoder::new(BufReader::new(file))) } else { Box::new(file) })
    }
}

impl Files {
    /// A directory.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, expected: BTreeSet::new() }
    }

    /// The same directory, of which a feed is only read while these files have something in them.
    #[must_use]
    pub fn expecting(&self, filled: BTreeSet<String>) -> Self {
        Self { expected: filled, ..self.clone() }
    }

    /// Whether the feed has items if it should have.
    ///
    /// # Errors
    /// [`SourceError::Incomplete`] if it has none.
    pub fn check(&self, feed: Feed) -> Result<(), SourceError> {
        let name = feed.to_string();
        if !self.expected.contains(&name) || self.filled(feed).is_some_and(|filled| !filled.is_empty()) {
            return Ok(());
        }
        let is_missing = self.candidates(feed).is_empty();
        let file = SafeText::new(&self.directory.join(&name).to_string_lossy());
        Err(SourceError::Incomplete { feed, name: file, is_missing })
    }

    /// The feed's name if its file has an item.
    pub fn filled(&self, feed: Feed) -> Option<BTreeSet<String>> {
        let has_item = |file: &FeedFile| {
            let mut begin = Vec::new();
            let read = file.open().and_then(|bytes| bytes.take(LOOKED_AT).read_to_end(&mut begin));
            // What cannot be read is an error of its own, when it is read.
            read.is_err() || begin.contains(&b'{')
        };
        Some(self.candidates(feed).iter().filter(|file| has_item(file)).map(|_| feed.to_string()).collect())
    }

    /// The feeds that have a file.
    ///
    /// # Errors
    /// [`SourceError::File`] if the directory cannot be read.
    pub async fn feeds(&self) -> Result<Vec<Feed>, SourceError> {
        let files = self.clone();
        blocking(&self.directory, move || {
            std::fs::read_dir(&files.directory).map_err(|error| file_error(&files.directory, &error))?;
            Ok(Feed::ALL.into_iter().filter(|&feed| !files.candidates(feed).is_empty()).collect())
        })
        .await
    }

    /// Always unknown beforehand: counting would mean reading the whole file.
    ///
    /// # Errors
    /// [`SourceError::NoSuchFeed`] if there is no file for it, [`SourceError::File`] if there are several.
    pub async fn count(&self, feed: Feed) -> Result<Option<u64>, SourceError> {
        let files = self.clone();
        blocking(&self.directory, move || files.find(feed).map(|_| None)).await
    }

    /// Streams the items of a feed's file.
    ///
    /// # Errors
    /// [`SourceError::File`] if it cannot be read, ends in the middle, or there are several; [`SourceError::NoSuchFeed`]
    /// if there is none.
    pub async fn read(&self, feed: Feed, selection: &Selection, pages: mpsc::Sender<Page>) -> Result<(), SourceError> {
        let files = self.clone();
        let selection = selection.clone();
        blocking(&self.directory, move || {
            files.check(feed)?;
            let file = files.find(feed)?;
            let reader = Reader { file: &file, feed, selection: &selection, pages: &pages };
            reader.read()
        })
        .await
    }

    /// The items whose first identity value is one of these words. Reads the whole file.
    pub async fn resolve(&self, feed: Feed, words: &[String]) -> Result<Resolved, SourceError> {
        let selection = Selection::Ids(words.to_vec());
        let (sender, mut pages) = mpsc::channel::<Page>(1);
        let mut unknown = words.to_vec();
        let listen = async {
            while let Some(page) = pages.recv().await {
                for collected in page.collected {
                    if let Collected::Item { content, .. } = collected {
                        unknown.retain(|word| Some(word) != first_identity(feed, &content).as_ref());
                    }
                }
            }
        };
        let (read, ()) = tokio::join!(self.read(feed, &selection, sender), listen);
        read?;
        Ok(Resolved { selection, unknown, ambiguous: Vec::new() })
    }

    fn candidates(&self, feed: Feed) -> Vec<FeedFile> {
        let files = ENDINGS.into_iter().map(|(ending, layout, is_gzipped)| {
            let name = format!("{feed}{ending}");
            FeedFile { path: self.directory.join(&name), name, layout, is_gzipped }
        });
        files.filter(|file| file.path.is_file()).collect()
    }

    fn find(&self, feed: Feed) -> Result<FeedFile, SourceError> {
        let mut candidates = self.candidates(feed);
        let Some(file) = candidates.pop() else {
            return Err(SourceError::NoSuchFeed {
                feed,
                source_name: SafeText::new(&self.directory.to_string_lossy()),
                reason: SafeText::from(format!("no {feed}.ndjson or {feed}.json in it (nor with .gz)")),
            });
        };
        if let Some(other) = candidates.pop() {
            return Err(SourceError::File {
                path: SafeText::new(&self.directory.to_string_lossy()),
                reason: SafeText::from(format!("both {} and {} exist: keep the newer one", other.name, file.name)),
            });
        }
        Ok(file)
    }
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| file_error(path, &std::io::Error::other(error)))?
}

fn file_error(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::File { path: SafeText::new(&path.to_string_lossy()), reason: SafeText::from(error.to_string()) }
}

/// One reading of one file.
struct Reader<'a> {
    file: &'a FeedFile,
    feed: Feed,
    selection: &'a Selection,
    pages: &'a mpsc::Sender<Page>,
}

impl Reader<'_> {
    fn read(&self) -> Result<(), SourceError> {
        let path = &self.file.path;
        let bytes = self.file.open().map_err(|error| file_error(path, &error))?;
        let mut records = Records::new(BufReader::with_capacity(READ_BYTES, bytes), self.file.layout, RECORD_LIMIT);
        let mut page = Page::default();
        let mut page_bytes = 0;
        let ended = loop {
            let record = match records.next() {
                Ok(Some(record)) => record,
                Ok(None) => break Ok(()),
                Err(error) => break Err(file_error(path, &error)),
            };
            page.source_records += 1;
            page_bytes += record.size();
            page.collected.extend(self.collected(&record));
            if page.collected.len() >= PAGE_RECORDS || page_bytes >= PAGE_BYTES {
                page_bytes = 0;
                if self.pages.blocking_send(std::mem::take(&mut page)).is_err() {
                    return Ok(());
                }
            }
        };
        // Also before an error: what was read is whole. Nobody listening any more is not an error.
        if page.source_records > 0 {
            let _ = self.pages.blocking_send(page);
        }
        ended
    }

    /// What a record is; `None` if it was not selected.
    fn collected(&self, record: &Record) -> Option<Collected> {
        match self.content(record) {
            Ok(content) if self.is_selected(&content) => Some(Collected::Item { source_id: None, content }),
            Ok(_) => None,
            Err(reason) => Some(Collected::Broken(Broken {
                source_id: None,
                place: SafeText::from(format!("{} {} {}", self.file.name, self.file.layout.unit(), record.number)),
                reason,
                known: None,
            })),
        }
    }

    fn content(&self, record: &Record) -> Result<Content, SafeText> {
        let bytes = match &record.body {
            Body::Bytes(bytes) => bytes,
            Body::TooLong => {
                return Err(SafeText::from(format!("it is larger than {} MiB", RECORD_LIMIT / (1024 * 1024))));
            }
        };
        let content = Content::parse(bytes).map_err(|error| match error.classify() {
            Category::Data => SafeText::from("not a JSON object"),
            _ => SafeText::from(format!("invalid JSON: {error}")),
        })?;
        identity(self.feed, &content).map_err(|error| SafeText::from(error.to_string()))?;
        Ok(content)
    }

    fn is_selected(&self, content: &Content) -> bool {
        match self.selection {
            Selection::All => true,
            Selection::Ids(ids) => first_identity(self.feed, content).is_some_and(|value| ids.contains(&value)),
            Selection::Keys(_) => false,
        }
    }
}

/// The first value that identifies an item, as text.
fn first_identity(feed: Feed, content: &Content) -> Option<String> {
    match content.lookup(feed.identity().first()?)? {
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// What would be said of the records in these bytes, in either layout: no more records than bytes, and each an item or a reason.
#[cfg(any(test, fuzzing))]
pub(crate) fn shown_of_records(bytes: &[u8], limit: usize) -> Vec<String> {
    let mut shown = Vec::new();
    for layout in [Layout::Lines, Layout::Array] {
        let file = FeedFile { path: PathBuf::new(), name: "products".to_owned(), layout, is_gzipped: false };
        let (pages, _nobody) = mpsc::channel(1);
        let reader = Reader { file: &file, feed: Feed::Products, selection: &Selection::All, pages: &pages };
        let mut records = Records::new(bytes, layout, limit);
        let mut left = bytes.len() + 1;
        let ended = loop {
            match records.next() {
                Ok(Some(record)) => {
                    assert!(record.size() <= limit, "a record of {} bytes", record.size());
                    assert!(left > 0, "more records than bytes");
                    left -= 1;
                    if let Some(Collected::Broken(broken)) = reader.collected(&record) {
                        shown.extend([broken.place.to_string(), broken.reason.to_string()]);
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        shown.extend(ended.map(|error| file_error(&file.path, &error).to_string()));
    }
    shown
}

#[cfg(test)]
mod tests;
