//! How products are read: with how many queries, in which order, and from where in their tables.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Collected, Selection};
use serde_json::json;
use tokio::sync::mpsc;

use crate::support::mariadb::{Server, TestDatabase};
use crate::support::products::{collect, field, option};

/// The queries that a read of these products takes, all in all.
async fn queries(shop: &TestDatabase, ids: &[String]) -> Vec<Vec<String>> {
    shop.execute("TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
    let (items, _) = collect(shop, Selection::Ids(ids.to_vec())).await;
    shop.execute("SET GLOBAL general_log = OFF");
    assert!(items.len() >= ids.len());
    let tables =
        "SELECT LEFT(argument, 60) FROM mysql.general_log WHERE argument LIKE 'SELECT%FROM%' ORDER BY event_time";
    shop.query(tables)
}

#[tokio::test]
async fn a_page_of_ten_and_a_page_of_two_hundred_take_the_same_queries() {
    let shop = Server::own().product_shop();
    shop.execute(
        "INSERT INTO catalog_product_entity (entity_id, sku) SELECT 1000 + seq, CONCAT('S', seq) FROM seq_1_to_200;
         INSERT INTO catalog_product_website SELECT 1000 + seq, 1 FROM seq_1_to_200;
         INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value)
           SELECT 61, 0, 1000 + seq, CONCAT('Name ', seq) FROM seq_1_to_200;",
    );
    let ids: Vec<String> = (200..=207).chain(1001..=1192).map(|id| id.to_string()).collect();
    let few = queries(&shop, &ids[..10]).await;
    let many = queries(&shop, &ids).await;
    assert_eq!((ids.len(), few.len()), (200, many.len()), "{few:#?}\n{many:#?}");
    assert!((40..80).contains(&few.len()), "{} queries", few.len());
}

#[tokio::test]
async fn a_shop_of_several_portions_is_read_whole_and_in_order() {
    let shop = Server::shared().product_shop();
    // 2,500 more products, every second id left out, and one that is in no website.
    shop.execute(
        "INSERT INTO catalog_product_entity (entity_id, sku) SELECT 1000 + 2 * seq, CONCAT('S', seq) FROM seq_1_to_2500;
         INSERT INTO catalog_product_website SELECT 1000 + 2 * seq, 1 FROM seq_1_to_2500 WHERE seq <> 1200;
         INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value)
           SELECT 61, 0, 1000 + 2 * seq, CONCAT('Name ', seq) FROM seq_1_to_2500;",
    );
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let (sender, mut receiver) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(Feed::Products, &Selection::All, sender).await });
    let (mut records, mut read) = (Vec::new(), Vec::new());
    while let Some(page) = receiver.recv().await {
        records.push(page.source_records);
        for collected in page.collected {
            let Collected::Item { source_id, content } = collected else { continue };
            let fields = content.to_fields();
            if fields["sku"].as_str().is_some_and(|sku| sku.starts_with('S')) && fields["storeViewCode"] == "default" {
                read.push((source_id.expect("an id"), fields["name"].as_str().expect("a name").to_owned()));
            }
        }
    }
    reader.await.expect("a reader").expect("all pages");
    assert!(records.iter().all(|records| *records <= 200), "{records:?}");
    assert_eq!(records.iter().sum::<u64>(), shop.number("SELECT COUNT(*) FROM catalog_product_entity"));
    let read: Vec<_> = read.into_iter().filter(|(id, _)| *id > 1000).collect();
    let expected: Vec<_> =
        (1..=2500).filter(|seq| *seq != 1200).map(|seq| (1000 + 2 * seq, format!("Name {seq}"))).collect();
    assert_eq!(read, expected);
}

/// Fills a shop with 600 products whose values lie as they do in shops: attribute by attribute, product by product, and some
/// far from all others. The last product varies by size in 300 of the others.
fn fill(shop: &TestDatabase, link: &str, above: u32) {
    let sql = "
        INSERT INTO #catalog_product_entity (LINKS, sku) SELECT IDS, CONCAT('S', seq) FROM seq_1_to_600;
        INSERT INTO #catalog_product_website SELECT 9000 + seq, 1 FROM seq_1_to_600;
        INSERT INTO #catalog_product_entity_varchar (attribute_id, store_id, LINK, value)
          SELECT 61, 0, ROW, CONCAT('Name ', seq) FROM seq_1_to_600;
        INSERT INTO #catalog_product_entity_varchar (attribute_id, store_id, LINK, value)
          SELECT 77, 0, ROW, CONCAT('key-', seq) FROM seq_1_to_600;
        INSERT INTO #catalog_product_entity_varchar (value_id, attribute_id, store_id, LINK, value)
          SELECT 1000000 + 300 * seq, 61, 2, ROW, CONCAT('Artikel ', seq) FROM seq_1_to_600 WHERE seq % 7 = 0;
        INSERT INTO #catalog_product_entity_int (attribute_id, store_id, LINK, value)
          SELECT a.id, 0, ROW, a.value FROM seq_1_to_600, (SELECT 70 AS id, 1 AS value UNION SELECT 71, 4) a ORDER BY seq, a.id;
        INSERT INTO #catalog_product_entity_int (value_id, attribute_id, store_id, LINK, value)
          SELECT 1000000 + 300 * seq, 93, 0, ROW, 9 + seq % 2 FROM seq_1_to_600 WHERE seq <= 300;
        INSERT INTO #catalog_product_entity_text (attribute_id, store_id, LINK, value)
          SELECT 78, 0, ROW, CONCAT('About ', seq) FROM seq_1_to_600;
        UPDATE #catalog_product_entity SET type_id = 'configurable' WHERE sku = 'S600';
        INSERT INTO #catalog_product_super_attribute (product_super_attribute_id, product_id, attribute_id, position)
          VALUES (10, OF_LAST, 93, 0);
        INSERT INTO #catalog_product_super_link (product_id, parent_id)
          SELECT 9000 + seq, OF_LAST FROM seq_1_to_300;";
    let ids = if above == 0 { "9000 + seq".to_owned() } else { format!("9000 + seq, {} + seq", 9000 + above) };
    let links = if above == 0 { "entity_id".to_owned() } else { format!("entity_id, {link}") };
    let sql = [
        ("#", shop.table_prefix.as_str()),
        ("LINKS", &links),
        ("LINK", link),
        ("IDS", &ids),
        ("ROW", &format!("{} + seq", 9000 + above)),
        ("OF_LAST", &(9600 + above).to_string()),
    ]
    .iter()
    .fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value));
    shop.execute(&sql);
}

#[tokio::test]
async fn values_are_found_wherever_they_lie() {
    let server = Server::own();
    let (plain, staged) = (server.product_shop(), server.staged_product_shop());
    fill(&plain, "entity_id", 0);
    fill(&staged, "row_id", 1000);
    let one_by_one = collect(&plain, Selection::Ids((9001..=9600).map(|id: u32| id.to_string()).collect())).await;
    for shop in [&plain, &staged] {
        shop.execute("TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
        let (items, _) = collect(shop, Selection::All).await;
        shop.execute("SET GLOBAL general_log = OFF");
        let asked = |what: &str| {
            shop.number(&format!(
                "SELECT COUNT(*) FROM mysql.general_log WHERE command_type = 'Execute' AND argument LIKE '%{what}%'"
            ))
        };
        assert!(asked("FORCE INDEX (PRIMARY)") >= 3, "what lies close was read");
        assert!(asked("AND NOT (value_id") >= 2, "what lies elsewhere was fetched");
        let items: Vec<Fields> = items.into_iter().filter(|item| item["productId"].as_u64() > Some(9000)).collect();
        assert_eq!(items.len(), 1200);
        assert_eq!(items, one_by_one.0);
        assert_eq!(
            ["default", "de"].map(|view| field(&items, "S14", view, "name")),
            [json!("Name 14"), json!("Artikel 14")]
        );
        let sizes = &option(&items, "S600", "default", "configurable")["values"];
        assert_eq!(sizes.as_array().map(Vec::len), Some(2), "{sizes}");
    }
}
