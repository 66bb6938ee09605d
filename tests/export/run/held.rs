//! What is held back because it is more than a run may delete, or change: in numbers, before the first of it is sent.

use commerce_connector::domain::Feed;
use commerce_connector::domain::Most;
use commerce_connector::error::Exit;
use commerce_connector::export::SyncMode;
use commerce_connector::export::held::{Held, Limit, What};
use commerce_connector::export::progress::RunEvent;
use commerce_connector::feeds::source::IdKind;

use super::shop::{Shop, product, products};
use super::support::gateway::Ended;

/// Products of the shops of these tests.
const ALL: usize = 1_200;

fn held(ended: &Ended) -> Vec<&Held> {
    let held: Vec<&Held> = ended.report().held().collect();
    let told = ended.events.iter().filter(|event| matches!(event, RunEvent::Held(_))).count();
    assert_eq!(held.len(), told, "each is told once");
    held
}

async fn deleted(shop: &Shop) -> usize {
    shop.received(Feed::Products).await.values().filter(|item| item.deleted).count()
}

/// A shop that has delivered all of its products, in large batches.
async fn delivered() -> Shop {
    let mut shop = Shop::new().await;
    shop.plan.feeds[0].batch_size = 600;
    shop.write(Feed::Products, &products(ALL));
    assert_eq!(shop.run().await.report().exit(), Exit::Done);
    shop
}

#[tokio::test]
async fn a_feed_that_lost_half_of_its_items_sends_what_is_new_and_changed_and_deletes_nothing_until_it_is_allowed() {
    let mut shop = delivered().await;
    let mut left = products(ALL / 2);
    left[0] = product(1, "changed");
    left.push(product(9_000, "new"));
    shop.write(Feed::Products, &left);

    shop.plan.dry_run = true;
    let looked = shop.run().await;
    assert_eq!((looked.report().exit(), held(&looked)[0].items), (Exit::Guarded, 600), "a dry run says so beforehand");
    shop.plan.dry_run = false;

    for _ in 0..2 {
        let ended = shop.run().await;
        assert_eq!(ended.report().exit(), Exit::Guarded);
        let held = held(&ended);
        assert_eq!((held[0].what, held[0].items, held[0].size), (What::Deletions, 600, 1_201));
        assert_eq!((held[0].examples.len(), held[0].since), (3, None));
        assert_eq!(deleted(&shop).await, 0);
    }
    let received = shop.received(Feed::Products).await;
    assert_eq!(received.len(), ALL + 1, "what is new was sent");
    assert!(received.values().any(|item| item.item["name"] == "changed"));

    shop.plan.feeds[0].max_delete.now = Some(Most::Items(600));
    let ended = shop.run().await;
    assert_eq!((ended.report().exit(), held(&ended).len()), (Exit::Done, 0));
    assert_eq!(deleted(&shop).await, 600);
}

#[tokio::test]
async fn a_run_of_ids_holds_back_as_a_full_one_does() {
    let mut shop = delivered().await;
    shop.write(Feed::Products, &products(ALL / 2));
    let words = (601..=ALL).map(|number| format!("SKU-{number:04}")).collect();
    shop.plan.mode = SyncMode::ByIds { words, kind: IdKind::Sku };
    let ended = shop.run().await;
    assert_eq!((ended.report().exit(), held(&ended)[0].items, deleted(&shop).await), (Exit::Guarded, 600, 0));
    // One of them, while the feed is held.
    shop.plan.mode = SyncMode::ByIds { words: vec!["SKU-1000".to_owned()], kind: IdKind::Sku };
    let ended = shop.run().await;
    assert!(held(&ended)[0].since.is_some(), "held since the run before");
    assert_eq!((ended.report().exit(), deleted(&shop).await), (Exit::Guarded, 0));
    shop.plan.feeds[0].max_delete.now = Some(Most::Items(1));
    assert_eq!((shop.run().await.report().exit(), deleted(&shop).await), (Exit::Done, 1));
}

#[tokio::test]
async fn changes_are_held_back_where_that_is_asked_for() {
    let mut shop = delivered().await;
    let mut lines: Vec<String> = (1..=ALL).map(|number| product(number, "other")).collect();
    lines.push(product(9_000, "new"));
    lines.remove(0);
    shop.write(Feed::Products, &lines);
    shop.plan.feeds[0].max_change = Limit { usual: Most::Percent(50), now: None };
    let ended = shop.run().await;
    let told = held(&ended);
    assert_eq!((told.len(), told[0].what, told[0].items, told[0].size), (1, What::Changes, 1_199, 1_200));
    assert_eq!(ended.report().exit(), Exit::Guarded);
    let received = shop.received(Feed::Products).await;
    assert!(received.values().all(|item| item.item["name"] != "other"), "no change was sent");
    assert_eq!((received.len(), deleted(&shop).await), (ALL + 1, 1), "what is new or gone was");
    shop.plan.feeds[0].max_change.now = Some(Most::NoLimit);
    let ended = shop.run().await;
    assert_eq!((ended.report().exit(), ended.report().progress.feeds[0].changed), (Exit::Done, 1_199));
}
