use std::collections::HashSet;

use jiff::Timestamp;

use super::*;
use crate::feeds::item::FeedItem;

async fn read(products: u64, feed: Feed, selection: Selection) -> Vec<Page> {
    let (sender, mut receiver) = mpsc::channel(2);
    let reading = tokio::spawn(async move { Sample { products }.read(feed, &selection, sender).await });
    let mut pages = Vec::new();
    while let Some(page) = receiver.recv().await {
        pages.push(page);
    }
    reading.await.expect("no panic").expect("a feed that is made up");
    pages
}

fn items(feed: Feed, pages: &[Page]) -> Vec<FeedItem> {
    let collected = pages.iter().flat_map(|page| &page.collected);
    collected
        .map(|collected| match collected {
            Collected::Item { source_id, content } => {
                FeedItem::new(feed, *source_id, content.clone(), Timestamp::UNIX_EPOCH).expect("an identity")
            }
            Collected::Broken(broken) => panic!("{feed}: {}", broken.reason),
        })
        .collect()
}

#[tokio::test]
async fn every_feed_has_as_many_records_as_it_says_and_no_item_twice() {
    let catalogue = Sample { products: 1234 };
    let feeds = catalogue.feeds();
    assert_eq!(feeds.len(), 8);
    for feed in feeds {
        let pages = read(1234, feed, Selection::All).await;
        let records: u64 = pages.iter().map(|page| page.source_records).sum();
        assert_eq!(Some(records), catalogue.count(feed), "{feed}");
        assert!(pages.iter().all(|page| page.source_records <= PAGE_RECORDS as u64), "{feed}");
        let items = items(feed, &pages);
        let ids: HashSet<_> = items.iter().map(|item| item.id).collect();
        assert_eq!(ids.len(), items.len(), "{feed}: an identity occurs twice");
        assert!(!items.is_empty(), "{feed}");
    }
}

#[tokio::test]
async fn the_same_catalogue_comes_again() {
    for feed in (Sample { products: 57 }).feeds() {
        assert_eq!(read(57, feed, Selection::All).await, read(57, feed, Selection::All).await, "{feed}");
    }
}

#[tokio::test]
async fn names_are_in_the_language_of_the_store_view() {
    let pages = read(10, Feed::Products, Selection::All).await;
    let name = |at: usize| match &pages[0].collected[at] {
        Collected::Item { content, .. } => {
            let of = |name| content.lookup(name).expect("a value");
            (of("/storeViewCode"), of("/name"))
        }
        Collected::Broken(broken) => panic!("{}", broken.reason),
    };
    let ((english_view, english), (german_view, german)) = (name(0), name(1));
    assert_eq!((english_view, german_view), (Value::from("default"), Value::from("de")));
    assert!(english.as_str().is_some_and(|name| name.contains(" in ")), "{english}");
    assert!(german.as_str().is_some_and(|name| name.contains(" aus ")), "{german}");
}

#[tokio::test]
async fn selected_records_are_those_of_the_whole_catalogue() {
    let some = Selection::Ids(["7", " 10 ", "7", "9999", "none", "0"].map(str::to_owned).to_vec());
    for feed in [Feed::Products, Feed::Prices, Feed::InventoryStockStatus, Feed::Variants, Feed::Categories] {
        let selected = items(feed, &read(100, feed, some.clone()).await);
        let expected: Vec<_> = items(feed, &read(100, feed, Selection::All).await)
            .into_iter()
            .filter(|item| matches!(item.source_id, Some(7 | 10)))
            .collect();
        assert_eq!(selected, expected, "{feed}");
        assert!(!selected.is_empty(), "{feed}");
    }
}

#[tokio::test]
async fn variants_name_products_that_exist() {
    let skus: HashSet<String> =
        items(Feed::InventoryStockStatus, &read(45, Feed::InventoryStockStatus, Selection::All).await)
            .iter()
            .map(|item| serde_json::from_slice::<Value>(&item.json).expect("JSON")["sku"].to_string())
            .collect();
    let variants = items(Feed::Variants, &read(45, Feed::Variants, Selection::All).await);
    assert_eq!(variants.len(), 12);
    for variant in variants {
        let json: Value = serde_json::from_slice(&variant.json).expect("JSON");
        assert!(skus.contains(&json["parentSku"].to_string()) && skus.contains(&json["productSku"].to_string()));
    }
}

#[tokio::test]
async fn tiny_catalogues_are_whole() {
    for products in [0, 1, 9, 10] {
        let catalogue = Sample { products };
        for feed in catalogue.feeds() {
            let pages = read(products, feed, Selection::All).await;
            assert_eq!(Some(pages.iter().map(|page| page.source_records).sum()), catalogue.count(feed), "{feed}");
            items(feed, &pages);
        }
    }
}

#[tokio::test]
async fn a_feed_that_is_not_made_up_says_so() {
    let (sender, _receiver) = mpsc::channel(1);
    let error = Sample { products: 1 }.read(Feed::Orders, &Selection::All, sender).await.expect_err("no orders");
    assert!(matches!(error, SourceError::NoSuchFeed { feed: Feed::Orders, .. }));
}

#[tokio::test]
async fn reading_stops_when_nobody_listens() {
    let (sender, mut receiver) = mpsc::channel(1);
    let reading =
        tokio::spawn(async move { Sample { products: u64::MAX }.read(Feed::Products, &Selection::All, sender).await });
    assert!(receiver.recv().await.is_some());
    drop(receiver);
    assert!(reading.await.expect("no panic").is_ok());
}
