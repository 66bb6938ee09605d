//! A run that is told what to do while it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::control::Command;
use commerce_connector::export::progress::{Limit, RunEnd};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::shop::{BATCH, Shop, products};
use super::support::gateway::finish;

/// A gateway that takes every batch, but answers only as many as it is allowed to.
struct Holding {
    url: String,
    in_flight: watch::Receiver<usize>,
    allowed: Arc<Semaphore>,
    most_at_once: Arc<AtomicUsize>,
}

impl Holding {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let allowed = Arc::new(Semaphore::new(0));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let (count, in_flight) = watch::channel(0);
        let answer = {
            let (allowed, most_at_once) = (Arc::clone(&allowed), Arc::clone(&most_at_once));
            move || {
                let (allowed, most_at_once, count) = (Arc::clone(&allowed), Arc::clone(&most_at_once), count.clone());
                async move {
                    count.send_modify(|count| *count += 1);
                    most_at_once.fetch_max(*count.borrow(), Ordering::SeqCst);
                    allowed.acquire().await.expect("open").forget();
                    count.send_modify(|count| *count -= 1);
                    "{}"
                }
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { url, in_flight, allowed, most_at_once }
    }

    async fn wait_for(&mut self, in_flight: usize) {
        self.in_flight.wait_for(|count| *count == in_flight).await.expect("it serves");
    }
}

#[tokio::test]
async fn a_paused_run_sends_nothing_until_it_is_resumed_and_then_as_it_was_told_meanwhile() {
    let shop = Shop::new().await;
    shop.write(Feed::Products, &products(40 * BATCH));
    let mut run = shop.start().expect("a run");
    // Before the run's task has had its first turn.
    run.control.apply(&Command::Pause, Some("ann".into())).expect("always");
    let paused = Limit::Paused { by: Some("ann".into()) };
    // Until batches wait for senders, and senders for the pause to be over.
    run.progress.wait_for(|progress| progress.limit == paused && progress.feeds[0].collected > 0).await.expect("told");
    assert_eq!(shop.requests().await, 0);
    run.control
        .apply(&Command::SetBatchSize { feed: Some(Feed::Products), items: 4 * BATCH }, None)
        .expect("in bounds");
    run.control.apply(&Command::SetThreadCount(3), None).expect("in bounds");
    run.control.apply(&Command::Resume, None).expect("always");
    let ended = finish(run).await;
    let progress = &ended.report().progress;
    assert_eq!((ended.report().exit(), progress.feeds[0].submitted), (Exit::Done, 40 * BATCH as u64));
    assert_eq!((progress.thread_count, progress.feeds[0].batch_size, &progress.paused), (3, 4 * BATCH, &None));
    assert!((10..20).contains(&progress.feeds[0].requests), "{} requests", progress.feeds[0].requests);
}

#[tokio::test]
async fn a_paused_run_can_be_stopped() {
    let shop = Shop::new().await;
    shop.write(Feed::Products, &products(BATCH));
    let run = shop.start().expect("a run");
    run.control.apply(&Command::Pause, None).expect("always");
    run.control.apply(&Command::Stop, None).expect("always");
    assert_eq!(finish(run).await.report().end, RunEnd::Stopped);
    assert_eq!(shop.requests().await, 0);
    assert_eq!(shop.run().await.report().exit(), Exit::Done);
    assert_eq!(shop.received(Feed::Products).await.len(), BATCH);
}

#[tokio::test]
async fn more_threads_have_more_requests_in_flight_and_fewer_have_fewer() {
    let mut gateway = Holding::start().await;
    let shop = Shop::new().await.with_other_gateway(&gateway.url);
    shop.write(Feed::Products, &products(12 * BATCH));
    let mut run = shop.start().expect("a run");
    gateway.wait_for(1).await;
    run.control.apply(&Command::SetThreadCount(4), None).expect("in bounds");
    gateway.wait_for(4).await;
    run.control.apply(&Command::SetThreadCount(1), None).expect("in bounds");
    gateway.allowed.add_permits(4);
    run.progress.wait_for(|progress| progress.feeds[0].requests == 4).await.expect("all four are answered");
    gateway.wait_for(1).await;
    gateway.most_at_once.store(0, Ordering::SeqCst);
    gateway.allowed.add_permits(8);
    let ended = finish(run).await;
    assert_eq!(ended.report().progress.feeds[0].submitted, 12 * BATCH as u64);
    assert_eq!(gateway.most_at_once.load(Ordering::SeqCst), 1, "one of the four senders was left");
}
