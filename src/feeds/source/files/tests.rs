//! The files source over real files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::error::Explain;

struct Read {
    pages: Vec<Page>,
    ended: Result<(), SourceError>,
}

impl Read {
    fn skus(&self) -> Vec<String> {
        let collected = self.pages.iter().flat_map(|page| &page.collected);
        let sku = |collected: &Collected| match collected {
            Collected::Item { content, .. } => {
                content.lookup("/sku").expect("a sku").as_str().expect("a text").to_owned()
            }
            Collected::Broken(broken) => format!("{}: {}", broken.place, broken.reason),
        };
        collected.map(sku).collect()
    }
}

async fn read(files: &[(&str, Vec<u8>)], selection: Selection) -> Read {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, bytes) in files {
        std::fs::write(directory.path().join(name), bytes).expect("written");
    }
    let source = Files::new(directory.path().to_owned());
    let (sender, mut receiver) = mpsc::channel(1);
    let reading = source.read(Feed::Products, &selection, sender);
    let gathering = async {
        let mut pages = Vec::new();
        while let Some(page) = receiver.recv().await {
            pages.push(page);
        }
        pages
    };
    let (ended, pages) = tokio::join!(reading, gathering);
    Read { pages, ended }
}

fn product(sku: &str) -> String {
    format!("{{\"sku\":\"{sku}\",\"storeViewCode\":\"default\"}}")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).expect("to memory");
    gzip.finish().expect("to memory")
}

#[tokio::test]
async fn every_kind_of_file_gives_the_same_items() {
    let lines = format!("{}\n{}\n", product("A"), product("B"));
    let array = format!("[{},{}]", product("A"), product("B"));
    let files = [
        ("products.ndjson", lines.clone().into_bytes()),
        ("products.json", array.clone().into_bytes()),
        ("products.ndjson.gz", gzip(&lines)),
        ("products.json.gz", gzip(&array)),
    ];
    for (name, bytes) in files {
        let read = read(&[(name, bytes)], Selection::All).await;
        read.ended.as_ref().expect(name);
        assert_eq!(read.skus(), ["A", "B"], "{name}");
    }
}

#[tokio::test]
async fn broken_records_are_told_with_their_place_and_the_rest_is_read() {
    let text = format!("{}\n{{\"sku\":\n[1]\n{{\"sku\":\"X\"}}\n{}\n", product("A"), product("B"));
    let read = read(&[("products.ndjson", text.into_bytes())], Selection::All).await;
    read.ended.as_ref().expect("read to its end");
    let reported = read.skus();
    assert_eq!((reported[0].as_str(), reported[4].as_str()), ("A", "B"));
    assert!(reported[1].starts_with("products.ndjson line 2: invalid JSON"), "{reported:?}");
    assert_eq!(reported[2], "products.ndjson line 3: not a JSON object");
    assert!(
        reported[3].starts_with("products.ndjson line 4:") && reported[3].contains("storeViewCode missing"),
        "{reported:?}"
    );
    assert_eq!(read.pages[0].source_records, 5);
}

#[tokio::test]
async fn pages_are_bounded_by_records() {
    let lines: Vec<String> = (0..=PAGE_RECORDS).map(|sku| product(&sku.to_string())).collect();
    let read = read(&[("products.ndjson", lines.join("\n").into_bytes())], Selection::All).await;
    let sizes: Vec<usize> = read.pages.iter().map(|page| page.collected.len()).collect();
    assert_eq!(sizes, [PAGE_RECORDS, 1]);
}

#[tokio::test]
async fn a_cut_off_file_gives_what_it_has_and_then_an_error() {
    let array = format!("[{},{}", product("A"), &product("B")[..9]);
    let mut zipped = gzip(&format!("{}\n{}\n", product("A"), product("B").repeat(50)));
    zipped.truncate(zipped.len() - 10);
    for (name, bytes) in [("products.json", array.into_bytes()), ("products.ndjson.gz", zipped)] {
        let read = read(&[(name, bytes)], Selection::All).await;
        let error = read.ended.as_ref().expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(read.skus(), ["A"], "{name}");
    }
}

#[tokio::test]
async fn two_files_of_one_feed_are_an_error_that_names_both() {
    let files = [("products.ndjson", b"{}".to_vec()), ("products.json", b"[]".to_vec())];
    let error = read(&files, Selection::All).await.ended.expect_err("two files");
    assert!(error.to_string().contains("products.ndjson and products.json"), "{error}");
}

#[tokio::test]
async fn a_feed_without_a_file_is_not_there() {
    let read = read(&[("prices.json", b"[]".to_vec())], Selection::All).await;
    let error = read.ended.expect_err("no such feed");
    assert_eq!(error.exit(), crate::error::Exit::Usage);
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("prices.json.gz"), gzip("[]")).expect("written");
    let source = Files::new(directory.path().to_owned());
    assert_eq!(source.feeds().await.expect("readable"), [Feed::Prices]);
    assert_eq!(source.count(Feed::Prices).await.expect("there"), None);
    let nowhere = Files::new(directory.path().join("nowhere"));
    let error = nowhere.feeds().await.expect_err("not there");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn a_selection_is_by_the_first_identity_value() {
    let lines = format!("{}\n{}\n", product("A"), product("B"));
    let read = read(&[("products.ndjson", lines.into_bytes())], Selection::Ids(vec!["B".to_owned()])).await;
    assert_eq!(read.skus(), ["B"]);
}

#[tokio::test]
async fn a_file_that_had_items_and_has_none_or_is_gone_is_no_reason_to_delete() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("variants.json");
    std::fs::write(&file, "[{\"id\": \"1\"}]").expect("a file");
    let source = Files::new(directory.path().to_owned());
    let filled = source.filled(Feed::Variants).expect("known");
    let expecting = source.expecting(filled);
    assert!(expecting.check(Feed::Variants).is_ok());
    std::fs::write(&file, "[ ]").expect("a file");
    let (sender, _pages) = tokio::sync::mpsc::channel(1);
    let error = expecting.read(Feed::Variants, &Selection::All, sender).await.expect_err("incomplete");
    assert!(matches!(error, SourceError::Incomplete { is_missing: false, .. }), "{error}");
    std::fs::remove_file(&file).expect("removed");
    let error = expecting.check(Feed::Variants).expect_err("incomplete");
    assert!(error.to_string().contains("is missing"), "{error}");
    assert!(source.check(Feed::Variants).is_ok(), "nothing is expected of a first run");
}
