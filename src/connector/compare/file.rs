//! Items in a file that a person made: NDJSON, a JSON array, or a log with JSON somewhere in its lines; as they are or in gzip.
//!
//! It is read once from front to end, one JSON object in memory at a time, so its size does not matter.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::rules::without_envelope;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::private_file::safe;

/// Bytes of one JSON object: a batch of the largest items is smaller. What is longer is not one.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How deep items may lie in an object of a log.
const MOST_DEPTH: usize = 8;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Hands every item of the file to `take`, with its feed.
///
/// # Errors
/// A [`Problem`]: the file cannot be read, or what `take` ended with.
pub(super) fn each_item(
    path: &Path,
    feed: Option<Feed>,
    take: &mut dyn FnMut(Feed, Value) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let unreadable = |error: std::io::Error| Problem::usage(format!("cannot read {}: {error}", safe(path)));
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let is_gzip = file.fill_buf().map_err(unreadable)?.starts_with(&GZIP);
    let reader: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut objects = Objects { reader: BufReader::new(reader), object: Vec::new() };
    while objects.next().map_err(unreadable)? {
        if let Ok(value) = serde_json::from_slice(&objects.object) {
            find(value, feed, 0, take)?;
        }
    }
    Ok(())
}

/// The items in a value: itself, or what is in it.
fn find(
    value: Value,
    feed: Option<Feed>,
    depth: usize,
    take: &mut dyn FnMut(Feed, Value) -> Result<(), Problem>,
) -> Result<(), Problem> {
    if depth > MOST_DEPTH {
        return Ok(());
    }
    match value {
        Value::Object(fields) => {
            let item = without_envelope(Value::Object(fields));
            match feed_of(&item).filter(|found| feed.is_none_or(|feed| feed == *found)) {
                Some(found) => take(found, item),
                None => match item {
                    Value::Object(fields) => {
                        fields.into_iter().try_for_each(|(_, value)| find(value, feed, depth + 1, take))
                    }
                    _ => Ok(()),
                },
            }
        }
        Value::Array(list) => list.into_iter().try_for_each(|value| find(value, feed, depth + 1, take)),
        // A log may hold its payload as text.
        Value::String(text) if text.starts_with(['{', '[']) => match serde_json::from_str(&text) {
            Ok(value) => find(value, feed, depth + 1, take),
            Err(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The feed of an item, by its identity fields.
fn feed_of(item: &Value) -> Option<Feed> {
    let has = |names: &[&str]| names.iter().all(|name| item.get(name).is_some_and(|value| !value.is_object()));
    let feeds: [(Feed, &[&str]); 11] = [
        (Feed::Variants, &["parentSku", "productSku"]),
        (Feed::InventoryStockStatus, &["stockId", "sku"]),
        (Feed::Prices, &["sku", "customerGroupCode", "websiteCode", "regular"]),
        (Feed::ProductOverrides, &["sku", "customerGroupCode", "websiteCode"]),
        (Feed::Products, &["sku", "storeViewCode"]),
        (Feed::ProductAttributes, &["attributeCode", "storeViewCode"]),
        (Feed::Categories, &["categoryId", "storeViewCode"]),
        (Feed::CategoryPermissions, &["categoryId", "customerGroupCode", "websiteCode"]),
        (Feed::Orders, &["commerceOrderId"]),
        (Feed::ScopesWebsite, &["websiteId", "websiteCode"]),
        (Feed::ScopesCustomerGroup, &["customerGroupId", "customerGroupCode"]),
    ];
    feeds.into_iter().find(|(_, names)| has(names)).map(|(feed, _)| feed)
}

/// The outermost JSON objects of a stream, whatever stands between them.
struct Objects<R> {
    reader: BufReader<R>,
    /// The object that was found last.
    object: Vec<u8>,
}

impl<R: Read> Objects<R> {
    /// Finds the next one. What looks like the begin of one and has no end is left out.
    fn next(&mut self) -> std::io::Result<bool> {
        self.object.clear();
        let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let mut used = 0;
            let mut is_whole = false;
            for byte in buffer {
                used += 1;
                if depth == 0 {
                    if *byte == b'{' {
                        depth = 1;
                        self.object.push(b'{');
                    }
                    continue;
                }
                // An object begins with a name: braces of a log's own words do not.
                let begins = self.object.len() == 1 && !byte.is_ascii_whitespace();
                if (begins && !matches!(byte, b'"' | b'}')) || self.object.len() >= MOST_BYTES {
                    (depth, is_text, is_escaped) = (usize::from(*byte == b'{'), false, false);
                    self.object.truncate(depth);
                    continue;
                }
                if self.object.len() > 1 || !byte.is_ascii_whitespace() {
                    self.object.push(*byte);
                }
                if is_text {
                    // A line never ends within a text of JSON: this was none.
                    if *byte == b'\n' {
                        (depth, is_text, is_escaped) = (0, false, false);
                        self.object.clear();
                        continue;
                    }
                    is_text = is_escaped || *byte != b'"';
                    is_escaped = !is_escaped && *byte == b'\\';
                    continue;
                }
                match byte {
                    b'"' => is_text = true,
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    is_whole = true;
                    break;
                }
            }
            self.reader.consume(used);
            if is_whole {
                return Ok(true);
            }
        }
    }
}

/// No item was found: how to make a file that has some.
pub(super) fn without_items(path: &Path, feed: Option<Feed>) -> Problem {
    let what = match feed {
        Some(feed) => format!("{} has no items of {feed}", safe(path)),
        None => format!("{} has no feed items; a log without payloads has none", safe(path)),
    };
    Problem::new(Exit::Usage, what).hint(format!("make one: {}", super::command_to_make(feed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Feed, String)> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, text).expect("written");
        let mut items = Vec::new();
        let mut take = |feed, item: Value| {
            items.push((feed, item["sku"].as_str().unwrap_or_default().to_owned()));
            Ok(())
        };
        each_item(&path, None, &mut take).expect("read");
        items
    }

    #[test]
    fn items_are_found_in_lines_in_a_list_and_in_a_log() {
        let a = r#"{"sku":"A","storeViewCode":"default","attributes":[{"attributeCode":"x","value":["}"]}]}"#;
        let b = r#"{"sku":"B \" {","stockId":"1","qty":1}"#;
        let products = (Feed::Products, "A".to_owned());
        let stock = (Feed::InventoryStockStatus, "B \" {".to_owned());
        let both = [products.clone(), stock.clone()];
        assert_eq!(found(&format!("{a}\n{b}\n")), both);
        assert_eq!(found(&format!("[\n  {a},\n  {b}\n]")), both);
        let log = format!(
            "[2026-11-25] report.INFO: {{closure}} started {{ not json \"open\n\
             [2026-11-25] report.INFO: sent {{\"feed\":\"products\",\"payload\":[{a}]}} []\n\
             [2026-11-25] report.INFO: sent {{\"payload\":{}}}\n",
            Value::from(format!("[{b}]"))
        );
        assert_eq!(found(&log), both);
        assert_eq!(found("[2026-11-25] report.INFO: {\"status\":200,\"items\":100} []\n"), []);
    }
}
