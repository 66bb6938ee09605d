//! What a person asks for: by ids, a retry, a cleanup.

use commerce_connector::domain::Feed;
use commerce_connector::domain::Most;
use commerce_connector::error::Exit;
use commerce_connector::export::SyncMode;
use commerce_connector::export::held::Limit;
use commerce_connector::export::progress::RunEvent;
use commerce_connector::feeds::source::IdKind;
use commerce_connector::untrusted::SafeText;

use super::kit::{Sent, Shop, of, products};
use super::logged_shop;
use crate::support::gateway::Ended;

fn by_ids(words: &[&str], kind: IdKind) -> SyncMode {
    SyncMode::ByIds { words: words.iter().map(|word| (*word).to_owned()).collect(), kind }
}

#[tokio::test]
async fn named_records_are_sent_again_and_what_is_left_of_gone_ones_is_deleted() {
    let shop = Shop::new(logged_shop(), &[Feed::Products]).await;
    shop.run_well(SyncMode::Full).await;
    shop.database.execute(
        "DELETE FROM catalog_product_website WHERE product_id = 201; DELETE FROM catalog_product_entity WHERE entity_id = 201",
    );
    let before = shop.kept().await;
    let ended = shop.run(by_ids(&["101", "TEE-RED", "nowhere", "77777"], IdKind::Either)).await;
    let mut expected = products("A-2", &["default", "de"], false);
    expected.extend(products("TEE-RED", &["default", "de"], true));
    assert_eq!(shop.sent_since(&before).await, expected);
    let report = ended.report();
    assert_eq!(report.exit(), Exit::Partial);
    let unknown: Vec<&str> = report.unknown_ids.iter().map(SafeText::as_str).collect();
    assert_eq!(unknown, ["77777", "nowhere"]);
    // By the wrong kind they are unknown.
    let before = shop.kept().await;
    let ended = shop.run(by_ids(&["101"], IdKind::Sku)).await;
    assert_eq!((ended.report().exit(), ended.report().unknown_ids.len()), (Exit::Partial, 1));
    let ended = shop.run(by_ids(&["A-2"], IdKind::Id)).await;
    assert_eq!((ended.report().exit(), ended.report().unknown_ids.len()), (Exit::Partial, 1));
    assert_eq!(shop.sent_since(&before).await, Sent::new());
}

#[tokio::test]
async fn a_number_is_a_sku_first_and_one_that_is_both_is_said() {
    let shop = Shop::new(logged_shop(), &[Feed::Products]).await;
    shop.run_well(SyncMode::Full).await;
    shop.database.execute("UPDATE catalog_product_entity SET sku = '101' WHERE entity_id = 201");
    let notes = |ended: &Ended| {
        let note = |event: &RunEvent| match event {
            RunEvent::Note { text, .. } => Some(text.to_string()),
            _ => None,
        };
        ended.events.iter().filter_map(note).filter(|text| text.contains("taken as SKUs")).collect::<Vec<_>>()
    };
    let before = shop.kept().await;
    let ended = shop.run(by_ids(&["101"], IdKind::Either)).await;
    assert!(notes(&ended)[0].contains("exist: 101;"), "{ended:?}");
    let sent = shop.sent_since(&before).await;
    assert!(sent.is_superset(&products("101", &["default", "de"], false)), "{sent:?}");
    assert!(sent.is_disjoint(&products("A-2", &["default", "de"], false)), "{sent:?}");
    let before = shop.kept().await;
    let ended = shop.run_well(by_ids(&["101"], IdKind::Id)).await;
    assert_eq!(notes(&ended), Vec::<String>::new());
    assert_eq!(shop.sent_since(&before).await, products("A-2", &["default", "de"], false));
    // Blanks around a word are a part of it, if there is such a record; else they are not meant.
    shop.database.execute("UPDATE catalog_product_entity SET sku = ' 101' WHERE entity_id = 201");
    let before = shop.kept().await;
    shop.run(by_ids(&[" 101"], IdKind::Sku)).await;
    assert!(shop.sent_since(&before).await.is_superset(&products(" 101", &["default", "de"], false)));
    let before = shop.kept().await;
    shop.run_well(by_ids(&[" A-2 "], IdKind::Sku)).await;
    assert_eq!(shop.sent_since(&before).await, products("A-2", &["default", "de"], false));
}

#[tokio::test]
async fn an_id_that_one_of_the_feeds_has_is_not_unknown() {
    let shop = Shop::new(logged_shop(), &[Feed::ProductAttributes, Feed::Products]).await;
    shop.run_well(SyncMode::Full).await;
    let before = shop.kept().await;
    let ended = shop.run_well(by_ids(&["A-2", "color"], IdKind::Sku)).await;
    assert!(ended.report().unknown_ids.is_empty());
    let sent = shop.sent_since(&before).await;
    assert!(sent.is_superset(&products("A-2", &["default", "de"], false)));
    assert_eq!(
        sent.iter().filter(|(feed, key, _)| *feed == Feed::ProductAttributes && key.contains("color")).count(),
        3
    );
    assert_eq!(sent.len(), 5);
}

#[tokio::test]
async fn a_retry_sends_what_failed_and_nothing_else() {
    let faults = "[[fault]]\nkind = \"refused-items\"\nfeed = \"products\"\non = [1]";
    let shop = Shop::with_faults(logged_shop(), &[Feed::Products], faults).await;
    let ended = shop.run(SyncMode::Full).await;
    let failed = of(&ended, Feed::Products).needs_attention;
    assert!(failed > 0, "{ended:?}");
    let before = shop.kept().await;
    let ended = shop.run_well(SyncMode::RETRY_ALL).await;
    assert_eq!(of(&ended, Feed::Products).submitted, failed);
    assert_eq!(shop.sent_since(&before).await.len() as u64, failed);
    let ended = shop.run_well(SyncMode::RETRY_ALL).await;
    assert_eq!((of(&ended, Feed::Products).source_read, of(&ended, Feed::Products).requests), (0, 0));
}

#[tokio::test]
async fn a_cleanup_says_what_it_costs_and_then_sends_everything_but_deletions() {
    let shop = Shop::new(logged_shop(), &[Feed::Products]).await;
    let first = shop.run_well(SyncMode::Full).await;
    let all = of(&first, Feed::Products).submitted;
    shop.database.execute(
        "DELETE FROM catalog_product_website WHERE product_id = 101; DELETE FROM catalog_product_entity WHERE entity_id = 101",
    );
    let mut plan = shop.plan(SyncMode::Cleanup);
    plan.dry_run = true;
    let before = shop.kept().await;
    let dry = of(&shop.look(&plan).await, Feed::Products);
    assert_eq!((dry.forgotten, dry.new, dry.gone, dry.changed), (all, all - 2, 2, 0));
    assert_eq!(dry.planned_requests, 1);
    assert_eq!(shop.sent_since(&before).await, Sent::new());
    let real = of(&shop.run_well(SyncMode::Cleanup).await, Feed::Products);
    assert_eq!((real.forgotten, real.submitted, real.gone), (all, all - 2, 0));
    assert!(shop.sent_since(&before).await.iter().all(|(_, _, deleted)| !deleted));
    let after = of(&shop.run_well(SyncMode::Full).await, Feed::Products);
    assert_eq!((after.unchanged, after.to_send()), (all - 2, 0));
}

#[tokio::test]
async fn a_partial_sync_holds_deletions_back_and_one_that_is_allowed_finds_them_again() {
    let shop = Shop::new(logged_shop(), &[Feed::Products]).await;
    shop.run_well(SyncMode::Full).await;
    let mut plan = shop.plan(super::kit::partial());
    plan.feeds[0].max_delete = Limit { usual: Most::Items(1), now: None };
    shop.database.execute(
        "DELETE FROM catalog_product_website WHERE product_id = 201; DELETE FROM catalog_product_entity WHERE entity_id = 201",
    );
    shop.log(Feed::Products, 201);
    let before = shop.kept().await;
    let ended = shop.look(&plan).await;
    let held: Vec<_> = ended.report().held().map(|held| (held.items, held.since.is_some())).collect();
    assert_eq!((ended.report().exit(), held), (Exit::Guarded, vec![(2, false)]));
    // The next one has nothing of it in the log, and says that it is still held.
    super::rename(&shop, 101, "Another");
    shop.log(Feed::Products, 101);
    let ended = shop.look(&plan).await;
    let held: Vec<_> = ended.report().held().map(|held| (held.items, held.since.is_some())).collect();
    assert_eq!((ended.report().exit(), held), (Exit::Guarded, vec![(2, true)]));
    let sent = shop.sent_since(&before).await;
    assert!(!sent.is_empty() && sent.iter().all(|(_, _, deleted)| !deleted), "what changed was sent: {sent:?}");
    // Whoever allows it need not know that it takes a full compare.
    let before = shop.kept().await;
    plan.feeds[0].max_delete.now = Some(Most::Items(2));
    let ended = shop.look(&plan).await;
    assert_eq!(ended.report().exit(), Exit::Done);
    let deleted: Sent = shop.sent_since(&before).await.into_iter().filter(|(_, _, deleted)| *deleted).collect();
    assert_eq!(deleted, products("TEE-RED", &["default", "de"], true));
    plan.feeds[0].max_delete.now = None;
    assert_eq!(shop.look(&plan).await.report().exit(), Exit::Done, "nothing is held any more");
}
