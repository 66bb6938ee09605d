//! Which feed of a run has its turn when, and what another run may do meanwhile.

use std::collections::BTreeMap;

use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::control::Command;
use commerce_connector::export::progress::RunEvent;
use commerce_connector::export::{ExportError, Plan};

use super::shop::{BATCH, Shop, category, product, products};
use super::support::gateway::{Ended, finish};

/// A shop of one category and some products.
async fn shop() -> Shop {
    let shop = Shop::new().await;
    shop.write(Feed::Categories, &[category(3, "a")]);
    shop.write(Feed::Products, &products(5 * BATCH));
    shop
}

fn set_feeds(shop: &mut Shop, feeds: &[Feed]) {
    shop.plan.feeds = Plan::feed_plans(feeds, |_| Some(BATCH), &BTreeMap::new());
}

fn started(ended: &Ended) -> Vec<Feed> {
    let started = |event: &RunEvent| match event {
        RunEvent::FeedStarted { feed, .. } => Some(*feed),
        _ => None,
    };
    ended.events.iter().filter_map(started).collect()
}

#[tokio::test]
async fn a_first_sync_waits_for_the_feeds_that_have_only_changes() {
    let mut shop = shop().await;
    set_feeds(&mut shop, &[Feed::Products]);
    assert_eq!(shop.run().await.report().exit(), Exit::Done);
    shop.write(Feed::Products, &[vec![product(1, "changed")], products(5 * BATCH).split_off(1)].concat());
    set_feeds(&mut shop, &[Feed::Categories, Feed::Products]);
    let ended = shop.run().await;
    assert_eq!(started(&ended), [Feed::Products, Feed::Categories]);
    let progress = &ended.report().progress.feeds;
    assert_eq!(
        progress.iter().map(|feed| (feed.feed, feed.submitted)).collect::<Vec<_>>(),
        [(Feed::Categories, 1), (Feed::Products, 1)]
    );
    assert_eq!(started(&shop.run().await), [Feed::Categories, Feed::Products], "both were compared in full by now");
}

#[tokio::test]
async fn a_feed_that_is_done_is_free_for_another_run_while_this_one_goes_on() {
    let mut shop = shop().await;
    set_feeds(&mut shop, &[Feed::Categories, Feed::Products]);
    let mut long = shop.start().expect("a run");
    let is_at_products = |event: &RunEvent| matches!(event, RunEvent::FeedStarted { feed: Feed::Products, .. });
    while !is_at_products(&long.events.recv().await.expect("the run goes on")) {}
    long.control.apply(&Command::Pause, None).expect("always");

    shop.write(Feed::Categories, &[category(3, "b")]);
    set_feeds(&mut shop, &[Feed::Categories]);
    let ended = shop.run().await;
    assert_eq!((ended.report().exit(), ended.report().progress.feeds[0].changed), (Exit::Done, 1));
    set_feeds(&mut shop, &[Feed::Products]);
    assert!(matches!(shop.start(), Err(ExportError::Locked { feed: Feed::Products, .. })));

    long.control.apply(&Command::Resume, None).expect("always");
    assert_eq!(finish(long).await.report().exit(), Exit::Done);
    assert_eq!(shop.received(Feed::Products).await.len(), 5 * BATCH);
    set_feeds(&mut shop, &[Feed::Categories, Feed::Products]);
    assert!(shop.run().await.report().progress.feeds.iter().all(|feed| feed.to_send() == 0), "nothing was forgotten");
}
