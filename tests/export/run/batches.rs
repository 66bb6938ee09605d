//! How large the batches of a run become.

use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::progress::FeedProgress;

use super::shop::{BATCH, Shop, product, products};
use super::support::gateway::Ended;

/// Products of these tests: sixty batches of the first size.
const PRODUCTS: usize = 60 * BATCH;

/// A shop whose batches may grow to twice their first size.
async fn shop(faults: &str) -> Shop {
    let mut shop = Shop::with_faults(faults).await;
    shop.plan.feeds[0].learns_up_to = Some(2 * BATCH);
    shop.write(Feed::Products, &products(PRODUCTS));
    shop
}

/// The counters of the feed of a run that sent everything.
fn sent(ended: &Ended) -> FeedProgress {
    let progress = ended.report().progress.feeds[0].clone();
    assert_eq!((ended.report().exit(), progress.submitted), (Exit::Done, PRODUCTS as u64), "{progress:?}");
    progress
}

fn rename(shop: &Shop, name: &str) {
    let lines: Vec<String> = (1..=PRODUCTS).map(|number| product(number, name)).collect();
    shop.write(Feed::Products, &lines);
}

#[tokio::test]
async fn full_batches_grow_while_they_are_taken_and_the_next_run_begins_where_this_one_ended() {
    let shop = shop("").await;
    let first = sent(&shop.run().await);
    assert_eq!(first.batch_size, 2 * BATCH);
    assert!((30..=40).contains(&first.requests), "{} requests", first.requests);
    rename(&shop, "other");
    assert_eq!(sent(&shop.run().await).requests, 30, "from the first batch on");
}

#[tokio::test]
async fn a_batch_with_too_many_items_makes_smaller_ones_and_the_next_run_knows() {
    // The third request has 12 items.
    let too_many = "[[fault]]\nkind = 'refused-items'\nitems = 0.5\ncode = 'items_limit_exceeded'\non = [3]";
    let shop = shop(too_many).await;
    let ended = shop.run().await;
    let first = sent(&ended);
    assert!(first.batch_size < 12, "{first:?}");
    assert!(ended.events.iter().any(|event| format!("{event:?}").contains("batch size reduced to ")), "{ended:?}");
    rename(&shop, "other");
    let next = sent(&shop.run().await);
    assert!(next.batch_size < 12 && next.requests > 50, "{next:?}");
}

#[tokio::test]
async fn a_size_that_a_person_set_stays() {
    let mut shop = shop("").await;
    shop.plan.feeds[0].learns_up_to = None;
    let progress = sent(&shop.run().await);
    assert_eq!((progress.batch_size, progress.requests), (BATCH, 60));
}
