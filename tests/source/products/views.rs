//! A shop with many store views: what waits in memory does not grow with them.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Collected, Page, Selection};
use tokio::sync::mpsc;

use crate::support::mariadb::{Server, TestDatabase};

const VIEWS: u64 = 700;

async fn pages(shop: &TestDatabase, feed: Feed) -> Vec<Page> {
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let (sender, mut receiver) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(feed, &Selection::All, sender).await });
    let mut pages = Vec::new();
    while let Some(page) = receiver.recv().await {
        pages.push(page);
    }
    reader.await.expect("a reader").expect("all pages");
    pages
}

fn bytes(page: &Page) -> usize {
    page.collected.iter().map(Collected::bytes).sum()
}

#[tokio::test]
async fn pages_do_not_grow_with_store_views() {
    let shop = Server::shared().product_shop();
    shop.execute(&format!(
        "INSERT INTO store SELECT 100 + seq, CONCAT('view_', seq), 1, 1 FROM seq_1_to_{};
         INSERT INTO catalog_product_entity (entity_id, sku) SELECT 1000 + seq, CONCAT('S', seq) FROM seq_1_to_3;
         INSERT INTO catalog_product_website SELECT 1000 + seq, 1 FROM seq_1_to_3;
         INSERT INTO catalog_product_entity_text (attribute_id, store_id, entity_id, value)
           SELECT (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'description' AND entity_type_id = 4), 0, 1003, REPEAT('long ', 20000);",
        VIEWS - shop.number("SELECT COUNT(*) FROM store WHERE store_id <> 0")
    ));
    let indexes: Vec<String> = shop
        .query("SELECT store_id FROM store WHERE store_id > 100")
        .iter()
        .map(|row| {
            format!(
                "CREATE TABLE catalog_category_product_index_store{} LIKE catalog_category_product_index_store1",
                row[0]
            )
        })
        .collect();
    shop.execute(&indexes.join(";"));
    let products = shop.number("SELECT COUNT(*) FROM catalog_product_entity");
    for feed in [Feed::Products, Feed::Categories, Feed::ProductAttributes] {
        let pages = pages(&shop, feed).await;
        let most = pages.iter().map(|page| page.collected.len() as u64).max().expect("a page");
        // A category or an attribute is in one page, a product is not.
        let limit = if feed == Feed::Products { 600 } else { VIEWS };
        assert!(most <= limit, "{feed}: {most} items in a page");
        let largest = pages.iter().map(bytes).max().expect("a page");
        assert!(largest < 3_300_000, "{feed}: {largest} bytes in a page");
        if feed == Feed::Products {
            // One product has 100 kB in 700 store views: 70 MB, in pages of 3 MB, and every item once.
            assert_eq!(pages.iter().map(|page| page.source_records).sum::<u64>(), products);
            let is_long = |collected: &&Collected| matches!(collected, Collected::Item { source_id: Some(1003), .. });
            let long = pages.iter().flat_map(|page| &page.collected).filter(is_long).count() as u64;
            assert_eq!(long, shop.number("SELECT COUNT(*) FROM store WHERE website_id = 1"));
        }
    }
}
