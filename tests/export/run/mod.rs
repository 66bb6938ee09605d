//! The whole pipeline: feed files → ledger → client → sandbox gateway.

mod batches;
mod control;
mod faults;
mod held;
mod network;
mod properties;
mod shop;
mod turns;

use crate::support;

use commerce_connector::domain::{Feed, ThreadCount};
use commerce_connector::error::{Exit, Explain};
use commerce_connector::export::progress::{Phase, RunEnd, RunEvent};
use commerce_connector::export::{ExportError, SyncMode};
use commerce_connector::private_file;
use shop::{BATCH, Shop, category, ledger_path, product, products};
use support::gateway::finish;

#[tokio::test]
async fn the_first_run_delivers_all_and_the_second_sends_nothing() {
    let shop = Shop::new().await;
    shop.write(Feed::Products, &products(45));
    let first = shop.run().await;
    let progress = &first.report().progress.feeds[0];
    assert_eq!(first.report().exit(), Exit::Done);
    assert_eq!((progress.phase, progress.source_read, progress.collected), (Phase::Done, 45, 45));
    assert_eq!((progress.new, progress.submitted, progress.requests), (45, 45, 5));
    let received = shop.received(Feed::Products).await;
    assert_eq!(received.len(), 45);
    assert!(received.values().all(|item| item.deliveries == 1 && !item.deleted));

    let before = shop.requests().await;
    let second = shop.run().await;
    let progress = &second.report().progress.feeds[0];
    assert_eq!(second.report().exit(), Exit::Done);
    assert_eq!((progress.unchanged, progress.to_send(), progress.requests), (45, 0, 0));
    assert_eq!(shop.requests().await, before, "not one request");
    assert_eq!(shop.ledger()[0].submitted, 45);
    assert!(shop.ledger()[0].last_sync.is_some());
}

#[tokio::test]
async fn every_feed_of_a_catalogue_is_delivered_in_the_recommended_order_and_a_smaller_one_deletes_the_rest() {
    let mut shop = Shop::new().await;
    let ended = shop.run_generated(60).await;
    assert_eq!(ended.report().exit(), Exit::Done, "{ended:?}");
    let started: Vec<Feed> = ended
        .events
        .iter()
        .filter_map(|event| if let RunEvent::FeedStarted { feed, .. } = event { Some(*feed) } else { None })
        .collect();
    assert!(started.len() > 5 && started.is_sorted(), "{started:?}");
    for progress in &ended.report().progress.feeds {
        let received = shop.received(progress.feed).await;
        assert_eq!(received.len() as u64, progress.submitted, "{}", progress.feed);
        assert_eq!(Some(progress.source_read), progress.source_records, "{}", progress.feed);
        assert!(received.values().all(|item| item.deliveries == 1 && !item.deleted), "{}", progress.feed);
    }
    let again = shop.run_generated(60).await;
    assert!(again.report().progress.feeds.iter().all(|feed| feed.to_send() == 0), "{again:?}");
    let smaller = shop.run_generated(50).await;
    for progress in &smaller.report().progress.feeds {
        let deleted = shop.received(progress.feed).await.values().filter(|item| item.deleted).count() as u64;
        assert_eq!(deleted, progress.gone, "{}", progress.feed);
        assert!(progress.feed != Feed::Products || deleted > 0);
    }
}

#[tokio::test]
async fn a_change_sends_one_item_and_a_removal_one_deletion() {
    let shop = Shop::new().await;
    let mut lines = products(25);
    shop.write(Feed::Products, &lines);
    shop.run().await;
    lines[3] = product(4, "changed");
    shop.write(Feed::Products, &lines);
    let changed = shop.run().await;
    let progress = &changed.report().progress.feeds[0];
    assert_eq!((progress.changed, progress.new, progress.gone, progress.submitted), (1, 0, 0, 1));
    lines.remove(7);
    shop.write(Feed::Products, &lines);
    let removed = shop.run().await;
    let progress = &removed.report().progress.feeds[0];
    assert_eq!((progress.gone, progress.submitted, progress.requests), (1, 1, 1));
    let received = shop.received(Feed::Products).await;
    for (key, item) in &received {
        assert_eq!(item.deleted, key.contains("SKU-0008"), "{key}");
        let expected = if key.contains("SKU-0004") || key.contains("SKU-0008") { 2 } else { 1 };
        assert_eq!(item.deliveries, expected, "{key}");
    }
    assert_eq!(received.len(), 25);
    assert_eq!(shop.run().await.report().progress.feeds[0].to_send(), 0);
}

#[tokio::test]
async fn a_dry_run_counts_and_leaves_nothing_behind() {
    let mut shop = Shop::new().await;
    shop.write(Feed::Products, &products(12));
    shop.plan.dry_run = true;
    let dry = shop.run().await;
    assert_eq!((dry.report().exit(), dry.report().progress.feeds[0].new), (Exit::Done, 12));
    assert_eq!(shop.requests().await, 0);
    assert!(!shop.plan.state_dir.exists(), "no ledger, no lock");
    shop.plan.dry_run = false;
    shop.run().await;
    shop.plan.dry_run = true;
    shop.write(Feed::Products, &products(10));
    let dry = shop.run().await;
    let progress = &dry.report().progress.feeds[0];
    assert_eq!((progress.unchanged, progress.new, progress.gone), (10, 0, 2));
    assert_eq!(shop.received(Feed::Products).await.values().filter(|item| item.deleted).count(), 0);
}

#[tokio::test]
async fn a_run_that_was_stopped_half_way_is_completed_by_the_next() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"slow\"\nseconds = 0.2\nshare = 1.0").await;
    shop.write(Feed::Products, &products(10 * BATCH));
    let mut run = shop.start().expect("a run");
    run.progress.wait_for(|progress| progress.feeds[0].submitted >= 2 * BATCH as u64).await.expect("it goes on");
    run.control.stop();
    let stopped = finish(run).await;
    let progress = &stopped.report().progress;
    assert_eq!((stopped.report().exit(), &stopped.report().end), (Exit::Interrupted, &RunEnd::Stopped));
    assert_eq!(progress.feeds[0].phase, Phase::Stopped);
    assert!(progress.stopping);
    let delivered = progress.feeds[0].submitted;
    assert!((20..100).contains(&delivered), "{delivered}");
    assert_eq!(shop.received(Feed::Products).await.len() as u64, delivered, "what was in flight is recorded");

    let rest = shop.run().await;
    assert_eq!(rest.report().exit(), Exit::Done);
    assert_eq!(rest.report().progress.feeds[0].unchanged, delivered);
    let received = shop.received(Feed::Products).await;
    assert_eq!(received.len(), 100);
    assert!(received.values().all(|item| item.deliveries == 1), "nothing was sent twice");
}

#[tokio::test]
async fn whatever_the_gateway_does_every_item_arrives() {
    let faults = "
        [[fault]]\nkind = \"status\"\nstatus = 429\nretry_after = 0\non = [1]
        [[fault]]\nkind = \"status\"\nstatus = 500\non = [2]
        [[fault]]\nkind = \"reset\"\non = [4]
        [[fault]]\nkind = \"lost-answer\"\non = [6]
        [[fault]]\nkind = \"garbage\"\non = [8]
        [[fault]]\nkind = \"refused-items\"\ncode = \"items_limit_exceeded\"\nitems = 0.5\non = [10]";
    let mut shop = Shop::with_faults(faults).await;
    shop.plan.thread_count = ThreadCount::Fixed(2);
    shop.write(Feed::Products, &products(8 * BATCH));
    let ended = shop.run().await;
    assert_eq!(ended.report().exit(), Exit::Done, "{ended:?}");
    let received = shop.received(Feed::Products).await;
    assert_eq!(received.len(), 80);
    let twice = received.values().filter(|item| item.deliveries > 1).count();
    assert_eq!(twice, BATCH, "only the batch whose answer was lost came twice");
    let retries = ended.events.iter().filter(|event| matches!(event, RunEvent::Retrying { .. })).count();
    assert!(retries >= 5, "{retries}");
    assert_eq!(shop.ledger()[0].submitted, 80);
}

#[tokio::test]
async fn a_gateway_in_trouble_is_not_asked_for_the_whole_catalogue() {
    let mut shop = Shop::with_faults("[[fault]]\nkind = \"status\"\nstatus = 503\nshare = 1.0").await;
    // So many senders use up the shared budget of retries with their first tries, so nobody waits for a back-off here.
    shop.plan.thread_count = ThreadCount::Fixed(30);
    shop.plan.feeds[0].batch_size = 1;
    shop.write(Feed::Products, &products(500));
    let ended = shop.run().await;
    let RunEnd::Failed { problems } = &ended.report().end else { panic!("{ended:?}") };
    assert_eq!((ended.report().exit(), problems.len()), (Exit::TryAgain, 1));
    assert!(problems[0].1.what.contains("503"), "{problems:?}");
    assert!(shop.requests().await < 100);
    let progress = &ended.report().progress.feeds[0];
    assert_eq!((progress.phase, progress.submitted), (Phase::Failed, 0));
    assert!(progress.will_retry > 0);
}

#[tokio::test]
async fn refused_items_are_kept_with_the_gateways_words_and_sent_again_when_they_may_be() {
    let faults = "[[fault]]\nkind = \"refused-items\"\nitems = 0.3\non = [1]";
    let mut shop = Shop::with_faults(faults).await;
    shop.write(Feed::Products, &products(BATCH));
    let ended = shop.run().await;
    let progress = &ended.report().progress.feeds[0];
    assert_eq!(ended.report().exit(), Exit::Partial);
    let refused = progress.needs_attention;
    assert!(refused > 0 && refused + progress.submitted == BATCH as u64, "{progress:?}");
    assert_eq!(ended.failures().len() as u64, refused);
    assert!(ended.failures().iter().all(|(label, words)| label.starts_with("SKU-") && !words.is_empty()));
    assert_eq!(shop.ledger()[0].needs_attention, refused);
    let again = shop.run().await;
    let progress = &again.report().progress.feeds[0];
    assert_eq!((again.report().exit(), progress.requests), (Exit::Partial, 0), "they are not sent again as they are");
    shop.plan.mode = SyncMode::RETRY_ALL;
    let retried = shop.run().await;
    assert_eq!(retried.report().exit(), Exit::Done, "unless somebody asks for it");
    assert!(shop.received(Feed::Products).await.values().all(|item| item.deliveries == 1));
}

#[tokio::test]
async fn an_item_that_the_gateway_refuses_for_good_does_not_hold_up_the_others() {
    let shop = Shop::new().await;
    let mut lines = products(BATCH);
    // The gateway asks every product for its type.
    let mut untyped: serde_json::Value = serde_json::from_str(&lines[4]).expect("JSON");
    untyped.as_object_mut().expect("an object").remove("type");
    lines[4] = untyped.to_string();
    shop.write(Feed::Products, &lines);
    let ended = shop.run().await;
    let progress = &ended.report().progress.feeds[0];
    assert_eq!(progress.submitted, BATCH as u64 - 1, "{ended:?}");
    assert_eq!(progress.will_retry + progress.needs_attention, 1);
    assert_eq!(ended.failures()[0].0, "SKU-0005 · default");
}

#[tokio::test]
async fn refused_keys_end_the_run_when_a_new_token_is_refused_as_well() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"expired-keys\"\nshare = 1.0").await;
    shop.write(Feed::Products, &products(5 * BATCH));
    let ended = shop.run().await;
    assert_eq!(ended.report().exit(), Exit::Refused);
    assert!(matches!(ended.report().end, RunEnd::KeysRefused { .. }));
    assert_eq!(ended.report().progress.feeds[0].requests, 2, "one try with a new token, and no more");
    assert!(ended.events.iter().any(|event| matches!(event, RunEvent::KeysRefused { .. })));
    assert_eq!(shop.ledger()[0].will_retry, BATCH as u64);
    assert_eq!(shop.received(Feed::Products).await.len(), 0);
}

#[tokio::test]
async fn a_key_that_the_gateway_does_not_know_ends_the_run_with_its_words() {
    let shop = Shop::new().await.with_wrong_keys();
    shop.write(Feed::Products, &products(1));
    let ended = shop.run().await;
    let RunEnd::KeysRefused { message, .. } = &ended.report().end else { panic!("{ended:?}") };
    assert!(!message.is_empty());
}

#[tokio::test]
async fn an_unknown_route_ends_the_feed_with_the_setting_to_check() {
    let mut shop = Shop::new().await;
    shop.write(Feed::Products, &products(5 * BATCH));
    shop.plan.feeds[0].route = "feeds/nowhere".to_owned();
    let ended = shop.run().await;
    let RunEnd::Failed { problems } = &ended.report().end else { panic!("{ended:?}") };
    assert!(
        problems[0].1.hint.as_ref().is_some_and(|hint| hint.command_line().contains("[export.routes]")),
        "{problems:?}"
    );
    assert_eq!(ended.report().progress.feeds[0].requests, 1);
}

#[tokio::test]
async fn a_damaged_ledger_stops_the_run_before_it_begins() {
    let shop = Shop::new().await;
    shop.write(Feed::Products, &products(3));
    let path = ledger_path(&shop.plan.state_dir, &shop.space);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    private_file::write(&path, "rubbish ".repeat(1000).as_bytes()).expect("written");
    let error = shop.start().map(|_| ()).expect_err("no run");
    assert!(matches!(error, ExportError::Ledger(_)));
    assert!(error.to_string().contains("is not a database"), "{error}");
    assert!(error.hint().expect("what to do").command_line().contains("export ledger repair"));
    assert_eq!(shop.requests().await, 0);
}

#[tokio::test]
async fn a_ledger_that_breaks_under_a_run_stops_it_before_anything_unrecorded_is_sent() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"slow\"\nseconds = 0.3\nshare = 1.0").await;
    shop.write(Feed::Products, &products(10 * BATCH));
    let mut run = shop.start().expect("a run");
    run.progress.wait_for(|progress| progress.feeds[0].submitted > 0).await.expect("it goes on");
    let spoil = rusqlite::Connection::open(ledger_path(&shop.plan.state_dir, &shop.space)).expect("opened");
    spoil.busy_timeout(std::time::Duration::from_secs(5)).expect("set");
    spoil.execute_batch("DROP TABLE batches").expect("dropped");
    let ended = finish(run).await;
    let error = ended.report.as_ref().expect_err("the run cannot go on");
    assert!(matches!(error, ExportError::Ledger(_)), "{error}");
    assert_eq!(error.exit(), Exit::Other);
    let received = shop.received(Feed::Products).await.len();
    assert!(received < 10 * BATCH, "{received} of 100 items arrived, though they could not be recorded");
}

#[tokio::test]
async fn two_runs_of_one_feed_do_not_meet() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"slow\"\nseconds = 0.2\nshare = 1.0").await;
    shop.write(Feed::Products, &products(BATCH));
    let first = shop.start().expect("a run");
    let error = shop.start().map(|_| ()).expect_err("locked");
    assert_eq!(error.exit(), Exit::Locked);
    assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
    assert_eq!(finish(first).await.report().exit(), Exit::Done);
    assert_eq!(shop.run().await.report().exit(), Exit::Done, "the lock is free again");
}

#[tokio::test]
async fn a_category_with_a_new_path_is_not_deleted() {
    let mut shop = Shop::new().await;
    shop.plan.feeds[0] =
        commerce_connector::export::Plan::feed_plans(&[Feed::Categories], |_| None, &std::collections::BTreeMap::new())
            .remove(0);
    shop.write(Feed::Categories, &[category(3, "old"), category(4, "other")]);
    let first = shop.run().await;
    assert_eq!(first.report().exit(), Exit::Done, "{first:?}");
    shop.write(Feed::Categories, &[category(3, "new")]);
    let moved = shop.run().await;
    let progress = &moved.report().progress.feeds[0];
    assert_eq!((progress.changed, progress.gone), (1, 1), "the moved one has changed, and only the other is gone");
    let received = shop.received(Feed::Categories).await;
    let live: Vec<_> = received.values().filter(|item| !item.deleted).collect();
    assert_eq!(live.len(), 1, "{received:?}");
    assert_eq!(live[0].item["urlPath"], "new");
}

#[tokio::test]
async fn two_items_with_one_identity_are_told_and_one_is_sent() {
    let shop = Shop::new().await;
    shop.write(Feed::Products, &[product(1, "first"), product(1, "second")]);
    for sent in [1, 0] {
        let ended = shop.run().await;
        assert_eq!(ended.report().exit(), Exit::Partial);
        assert_eq!(ended.report().progress.feeds[0].to_send(), sent);
        let failures = ended.failures();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].0, "SKU-0001 · default");
        assert!(failures[0].1.contains("same identity"), "{failures:?}");
    }
}

#[tokio::test]
async fn a_broken_line_is_told_the_rest_is_sent_and_nothing_is_deleted() {
    let shop = Shop::new().await;
    let mut lines = products(5);
    shop.write(Feed::Products, &lines);
    shop.run().await;
    lines[1] = "{\"sku\": ".to_owned();
    lines[2] = product(3, "changed");
    shop.write(Feed::Products, &lines);
    let ended = shop.run().await;
    let progress = &ended.report().progress.feeds[0];
    assert_eq!(ended.report().exit(), Exit::Partial);
    assert_eq!((progress.changed, progress.gone, progress.needs_attention), (1, 0, 1));
    assert_eq!(ended.failures()[0].0, "products.ndjson line 2");
    assert!(ended.notes()[0].contains("deletions skipped"), "{:?}", ended.notes());
    let received = shop.received(Feed::Products).await;
    assert!(received.values().all(|item| !item.deleted));
    assert_eq!(received.len(), 5);
}

#[tokio::test]
async fn a_feed_whose_file_is_cut_off_fails_and_the_next_feed_is_exported() {
    let mut shop = Shop::new().await;
    shop.plan.feeds = commerce_connector::export::Plan::feed_plans(
        &[Feed::Products, Feed::Categories],
        |_| None,
        &std::collections::BTreeMap::new(),
    );
    let cut = format!("[{},{}", product(1, "whole"), "{\"sku\":");
    std::fs::write(shop.directory.path().join("feeds/categories.json"), cut).expect("written");
    shop.write(Feed::Products, &products(2));
    let ended = shop.run().await;
    let RunEnd::Failed { problems } = &ended.report().end else { panic!("{ended:?}") };
    assert_eq!(problems.len(), 1);
    assert!(problems[0].1.what.contains("categories.json") && problems[0].1.what.contains("cut off"), "{problems:?}");
    let phases: Vec<Phase> = ended.report().progress.feeds.iter().map(|feed| feed.phase).collect();
    assert_eq!(phases, [Phase::Failed, Phase::Done]);
    assert_eq!(shop.received(Feed::Products).await.len(), 2);
}

#[tokio::test]
async fn a_run_whose_events_nobody_wants_comes_to_its_end() {
    let shop = Shop::new().await;
    let broken: Vec<String> = (0..1_000).map(|_| "{".to_owned()).collect();
    shop.write(Feed::Products, &broken);
    let run = shop.start().expect("a run");
    drop(run.events);
    let report = run.report.await.expect("no panic").expect("a report");
    assert_eq!(report.progress.feeds[0].needs_attention, 1_000);
    let run = shop.start().expect("a run");
    run.control.stop();
    let report = run.report.await.expect("no panic").expect("a report");
    assert_eq!(report.end, RunEnd::Stopped, "a stopped run does not wait for its reader");
}
