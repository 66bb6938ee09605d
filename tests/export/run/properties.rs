//! Properties of a run: whatever the gateway answers, whatever is edited, whenever it is stopped.

use std::collections::BTreeMap;

use commerce_connector::domain::{Feed, ThreadCount};
use commerce_connector::error::Exit;
use commerce_connector::export::SyncMode;
use commerce_connector::export::progress::{Phase, RunEnd, RunReport};
use proptest::prelude::*;

use super::shop::{Shop, product};
use super::support::gateway::{Ended, finish};

/// The faults that a script may draw, each on one request.
const FAULTS: &[&str] = &[
    "kind = 'status'\nstatus = 400",
    "kind = 'status'\nstatus = 402",
    "kind = 'status'\nstatus = 403",
    "kind = 'status'\nstatus = 404",
    "kind = 'status'\nstatus = 408",
    "kind = 'status'\nstatus = 413",
    "kind = 'status'\nstatus = 429",
    "kind = 'status'\nstatus = 429\nretry_after = 'none'",
    "kind = 'status'\nstatus = 500",
    "kind = 'status'\nstatus = 503\nretry_after = 9",
    "kind = 'redirect'\nlocation = 'https://elsewhere.example/'",
    "kind = 'reset'",
    "kind = 'lost-answer'",
    "kind = 'cut-answer'",
    "kind = 'broken-gzip'",
    "kind = 'garbage'",
    "kind = 'wrong-type'",
    "kind = 'refused-items'\nitems = 0.5",
    "kind = 'refused-items'\nitems = 0.5\nnames = 'field'",
    "kind = 'refused-items'\nitems = 0.5\nstatus = 400",
    "kind = 'refused-items'\nitems = 0.5\ncode = 'items_limit_exceeded'",
    "kind = 'odd-list'\nlist = 'beyond'",
    "kind = 'odd-list'\nlist = 'twice'",
    "kind = 'odd-list'\nlist = 'no-index'",
    "kind = 'expired-keys'",
];

/// Requests that a script may spoil; after so many the gateway is healthy.
const SPOILED: u64 = 30;

/// What is done between two runs, and how the next one goes.
#[derive(Debug, Clone)]
struct Step {
    /// Products whose name changes; those beyond the last are new.
    edits: Vec<usize>,
    /// Products that go away.
    deletions: Vec<usize>,
    /// Stopped after so many items were settled; `None` = not.
    stop_after: Option<u64>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let numbers = || prop::collection::vec(1_usize..24, 0..6);
    let step = (numbers(), numbers(), prop::option::weighted(0.3, 0_u64..20))
        .prop_map(|(edits, deletions, stop_after)| Step { edits, deletions, stop_after });
    prop::collection::vec(step, 1..4)
}

fn script() -> impl Strategy<Value = String> {
    let fault = (prop::sample::select(FAULTS), 1..=SPOILED);
    prop::collection::vec(fault, 0..20).prop_map(|faults| {
        let faults: Vec<String> =
            faults.iter().map(|(fault, number)| format!("[[fault]]\n{fault}\non = [{number}]\n")).collect();
        faults.concat()
    })
}

/// What the shop has: product number and name.
type Catalogue = BTreeMap<usize, String>;

fn write(shop: &Shop, catalogue: &Catalogue) {
    let lines: Vec<String> = catalogue.iter().map(|(number, name)| product(*number, name)).collect();
    shop.write(Feed::Products, &lines);
}

/// What holds after every run, however it ended.
async fn check(shop: &Shop, ended: &Ended, catalogue: &Catalogue) -> Result<(), TestCaseError> {
    let report: &RunReport = ended.report();
    let counted = &report.progress.feeds[0];
    // Nothing is counted twice: no item has more than one state in a run.
    prop_assert!(counted.settled() <= counted.collected - counted.unchanged + counted.gone, "{counted:?}");
    if report.end == RunEnd::Complete {
        prop_assert_eq!(counted.phase, Phase::Done);
        prop_assert_eq!(counted.settled(), counted.collected - counted.unchanged + counted.gone, "{:?}", counted);
    }
    // Every item is in exactly one state, and none was forgotten. A run that ended early has not seen all of them.
    // One that was stopped at once may have written nothing.
    let summary = shop.ledger();
    let (submitted, awaiting, failed) = summary
        .first()
        .map_or((0, 0, 0), |feed| (feed.submitted, feed.awaiting, feed.will_retry + feed.needs_attention));
    if report.end == RunEnd::Complete {
        prop_assert_eq!(awaiting, 0, "complete, with unsettled items");
        prop_assert!(submitted + failed >= catalogue.len() as u64, "{:?}", summary);
    }
    if report.exit() == Exit::Done {
        prop_assert_eq!(submitted, catalogue.len() as u64);
        prop_assert_eq!(&delivered(shop).await, catalogue, "done, and the service has something else");
    }
    Ok(())
}

/// What the service has, without what is deleted there.
async fn delivered(shop: &Shop) -> Catalogue {
    let received = shop.received(Feed::Products).await;
    let live = received.into_values().filter(|item| !item.deleted);
    live.map(|item| {
        let text = |name: &str| item.item[name].as_str().expect("text").to_owned();
        (text("productId").parse().expect("a number"), text("name"))
    })
    .collect()
}

async fn play(script: &str, steps: &[Step], batch: usize, threads: usize) -> Result<(), TestCaseError> {
    let mut shop = Shop::with_faults(script).await;
    shop.plan.feeds[0].batch_size = batch;
    shop.plan.thread_count = ThreadCount::Fixed(threads);
    let mut catalogue: Catalogue = (1..=12).map(|number| (number, "first".to_owned())).collect();
    for (round, step) in steps.iter().enumerate() {
        catalogue.retain(|number, _| !step.deletions.contains(number));
        catalogue.extend(step.edits.iter().map(|number| (*number, format!("edited in {round}"))));
        write(&shop, &catalogue);
        let mut run = shop.start().expect("a run");
        if let Some(most) = step.stop_after {
            // The run may end before it comes so far.
            let _ = run.progress.wait_for(|progress| progress.feeds[0].settled() >= most).await;
            run.control.stop();
        }
        check(&shop, &finish(run).await, &catalogue).await?;
    }
    // Each of these runs uses up some of the spoiled requests, or has nothing to send.
    for _ in 0..=2 * SPOILED {
        for mode in [SyncMode::Full, SyncMode::RETRY_ALL] {
            shop.plan.mode = mode;
            let ended = shop.run().await;
            if shop.plan.mode == SyncMode::Full {
                check(&shop, &ended, &catalogue).await?;
                if ended.report().exit() == Exit::Done {
                    prop_assert_eq!(&delivered(&shop).await, &catalogue);
                    return Ok(());
                }
            }
        }
    }
    Err(TestCaseError::fail(format!("a healthy gateway has not got everything: {:?}", shop.ledger())))
}

/// Few cases in the usual tests; `PROPTEST_CASES=1000` for a long look (docs/reliability.md).
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(32);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_every_item_has_one_state_and_a_healthy_gateway_gets_them_all(
        script in script(),
        steps in steps(),
        batch in 1_usize..8,
        threads in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(play(&script, &steps, batch, threads))?;
    }
}
