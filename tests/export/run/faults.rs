//! Every answer and failure of a gateway, what becomes of the items, and what a person is told: one table.
//!
//! The clock is paused, so back-off takes no time; the gateway is the sandbox, on a real connection.

use commerce_connector::commands::linear::conclude;
use commerce_connector::domain::{Feed, ThreadCount};
use commerce_connector::error::Exit;
use commerce_connector::export::report_text::event_line;

use super::shop::{BATCH, Shop, products};
use super::support::gateway::Ended;

/// Three batches.
const ITEMS: usize = 3 * BATCH;

/// A fault, and what it comes to.
struct Row {
    fault: &'static str,
    exit: Exit,
    /// Items that arrived and are recorded so.
    submitted: usize,
    /// What a person reads: while it runs, or in the end with the hint.
    says: &'static [&'static str],
}

const fn row(fault: &'static str, exit: Exit, submitted: usize, says: &'static [&'static str]) -> Row {
    Row { fault, exit, submitted, says }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // 200 with refused items, in both forms and in odd ones.
    row("kind='refused-items' items=0.3 on=[1]", Exit::Partial, 26, &["SKU-", "Failed, requires attention: refused by the fault script [invalid_field_value]", "(request "]),
    row("kind='refused-items' items=0.3 names='field' on=[1]", Exit::Partial, 26, &["[/", "/sku]"]),
    row("kind='refused-items' items=0.3 code='items_limit_exceeded' on=[1]", Exit::Done, ITEMS, &["some items were refused temporarily"]),
    row("kind='odd-list' list='beyond' on=[1]", Exit::Done, ITEMS, &["the answer refuses an item that is not in the batch"]),
    row("kind='odd-list' list='no-index' on=[1]", Exit::Done, ITEMS, &["a refused item without its index"]),
    row("kind='odd-list' list='twice' on=[1]", Exit::Partial, ITEMS - 1, &["refused by the fault script; and once more"]),
    // 400: the bad ones are named, or searched.
    row("kind='refused-items' status=400 items=0.3 on=[1]", Exit::Partial, 26, &["Failed, requires attention: refused by the fault script"]),
    row("kind='status' status=400 holding='SKU-0007'", Exit::Partial, ITEMS - 1, &["SKU-0007 · default: Failed, requires attention: The feed is invalid"]),
    row("kind='status' status=422 holding='SKU-0007'", Exit::Partial, ITEMS - 1, &["SKU-0007 · default: Failed, requires attention: The feed is invalid"]),
    row("kind='status' status=400 holding='SKU-000'", Exit::Partial, ITEMS - 9, &["SKU-0001", "SKU-0009", "The feed is invalid"]),
    // Keys, addresses, requests: nothing gets better by itself.
    row("kind='expired-keys' on=[2]", Exit::Done, ITEMS, &["trying a new token once: JWT is invalid (403053)"]),
    row("kind='status' status=401 on=[1,2]", Exit::Refused, 0, &["and a new token; export stopped: Access is denied", "run `commerce-connector keys verify`; then run again to resume"]),
    row("kind='status' status=403 share=1.0", Exit::Refused, 0, &["Access is denied", "keys verify"]),
    row("kind='expired-keys' seconds=-3600 share=1.0", Exit::Refused, 0, &["this server's clock is 1 h 00 min ahead of the gateway's", "timedatectl set-ntp true"]),
    row("kind='expired-keys' seconds=86400 share=1.0", Exit::Refused, 0, &["behind the gateway's", "timedatectl set-ntp true"]),
    row("kind='status' status=404 share=1.0", Exit::Other, 0, &["unknown route feeds/catalog/v2/products", "check `products` under [export.routes]"]),
    row("kind='status' status=405 share=1.0", Exit::Other, 0, &["unknown route feeds/catalog/v2/products", "[export.routes]"]),
    row("kind='redirect' location='https://evil.example/x' share=1.0", Exit::Other, 0, &["redirect to evil.example \
                                                                                          not followed; keys are sent \
                                                                                          to the configured gateway \
                                                                                          only", "under [gateway] in \
                                                                                                  the configuration"]),
    row("kind='status' status=402 share=1.0", Exit::Other, 0, &["the gateway refuses every request of products: The request is refused", "request ids"]),
    // Too large, too slow to arrive: smaller batches from then on.
    row("kind='status' status=413 more_than=3", Exit::Done, ITEMS, &["batch size reduced to"]),
    row("kind='status' status=408 more_than=3", Exit::Done, ITEMS, &["batch size reduced to"]),
    row("kind='status' status=413 holding='SKU-0007'", Exit::Partial, ITEMS - 1, &["SKU-0007 · default: Failed, requires attention: The body is too large"]),
    row("kind='status' status=408 on=[1,2,3,4,5]", Exit::Done, ITEMS, &["The request took too long"]),
    // Slow down.
    row("kind='status' status=429 on=[1,2,3]", Exit::Done, ITEMS, &["rate limit reached (429)"]),
    row("kind='status' status=429 retry_after='date' seconds=7 on=[1]", Exit::Done, ITEMS, &["(429)"]),
    row("kind='status' status=429 retry_after=999999999 on=[1]", Exit::Done, ITEMS, &["(429); Retry-After 277777 h 46 \
                                                                                       min, limited to 10 min 00 s"]),
    row("kind='status' status=429 retry_after='-7' on=[1]", Exit::Done, ITEMS, &["invalid Retry-After \"-7\""]),
    row("kind='status' status=429 retry_after='soon' on=[1]", Exit::Done, ITEMS, &["invalid Retry-After \"soon\""]),
    row("kind='status' status=429 retry_after='none' on=[1]", Exit::Done, ITEMS, &["(429)"]),
    row("kind='status' status=429 retry_after=0 share=1.0", Exit::TryAgain, 0, &["accepts no batches now: rate limit \
                                                                                  reached (429)", "run again later to \
                                                                                                   resume"]),
    // What passes by itself.
    row("kind='status' status=500 on=[1]", Exit::Done, ITEMS, &["HTTP status 500: The service is not available"]),
    row("kind='status' status=502 on=[1,2,3]", Exit::Done, ITEMS, &["HTTP status 502"]),
    row("kind='status' status=503 retry_after=60 on=[1]", Exit::Done, ITEMS, &["HTTP status 503"]),
    row("kind='status' status=503 share=1.0", Exit::TryAgain, 0, &["the gateway accepts no batches now: HTTP status 503", "run again later to resume"]),
    row("kind='reset' on=[1]", Exit::Done, ITEMS, &["connection lost: "]),
    row("kind='lost-answer' on=[1]", Exit::Done, ITEMS, &["connection lost: "]),
    row("kind='cut-answer' on=[1]", Exit::Done, ITEMS, &["connection lost: "]),
    row("kind='silent' on=[1]", Exit::Done, ITEMS, &["no response for 10 s (read time-out)"]),
    row("kind='drip' seconds=5 on=[1]", Exit::Done, ITEMS, &["no complete response within 20 s (total time-out)"]),
    row("kind='slow' seconds=5 on=[1]", Exit::Done, ITEMS, &[]),
    // What is not understood.
    row("kind='broken-gzip' on=[1]", Exit::Done, ITEMS, &["cannot unpack its gzip: "]),
    row("kind='huge' mib=5 on=[1]", Exit::Done, ITEMS, &["response larger than 4 MiB"]),
    row("kind='garbage' on=[1]", Exit::Done, ITEMS, &["an HTML page with the title \"Proxy\""]),
    row("kind='garbage' share=1.0", Exit::TryAgain, 0, &["the gateway accepts no batches now: an HTML page"]),
    row("kind='wrong-type' on=[1]", Exit::Done, ITEMS, &["response of type text/plain: OK"]),
];

#[tokio::test(start_paused = true)]
async fn every_fault_ends_in_sent_in_attention_or_in_a_reason() {
    for Row { fault, exit, submitted, says } in TABLE {
        let script = fault.replace("' ", "'\n").replace("] ", "]\n");
        let shop = Shop::with_faults(&format!("[[fault]]\n{}", keys_on_lines(&script))).await;
        shop.write(Feed::Products, &products(ITEMS));
        let ended = shop.run().await;
        let told = told(&ended);
        assert_eq!(ended.report().exit(), *exit, "{fault}\n{told}");
        for words in *says {
            assert!(told.contains(words), "{fault}: {words:?} is missing in:\n{told}");
        }
        let progress = &ended.report().progress.feeds[0];
        assert_eq!(progress.submitted, *submitted as u64, "{fault}\n{told}");
        assert_eq!(shop.ledger()[0].submitted, *submitted as u64, "{fault}");
        // Never a wrong "done": what is recorded as sent is there.
        assert!(shop.received(Feed::Products).await.len() >= *submitted, "{fault}");
        if *exit == Exit::Done {
            assert!(told.contains("Done") && *submitted == ITEMS, "{fault}");
        }
    }
}

/// TOML has one key on a line; the table above has them in one.
fn keys_on_lines(fault: &str) -> String {
    let mut lines = String::new();
    for part in fault.split_inclusive([' ', '\n']) {
        let is_key = part.contains('=');
        if is_key && !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        lines.push_str(part);
    }
    lines
}

/// What a person reads of a run.
fn told(ended: &Ended) -> String {
    let mut text = String::new();
    for event in &ended.events {
        text += &event_line(event);
        text.push('\n');
    }
    match conclude(ended.report()) {
        Ok(exit) => text + &format!("{exit:?}"),
        Err(problem) => text + &format!("{}\n{}", problem.what, problem.hint.unwrap_or_default().command_line()),
    }
}

#[tokio::test(start_paused = true)]
async fn no_worker_sends_another_request_while_the_keys_are_in_doubt() {
    let mut shop = Shop::with_faults("[[fault]]\nkind = \"expired-keys\"\nshare = 1.0").await;
    shop.plan.thread_count = ThreadCount::Fixed(4);
    shop.write(Feed::Products, &products(50 * BATCH));
    let ended = shop.run().await;
    assert_eq!(ended.report().exit(), Exit::Refused);
    // Those that were on the way, and one with a new token.
    assert!(shop.requests().await <= 5, "{}", shop.requests().await);
}

#[tokio::test(start_paused = true)]
async fn smaller_batches_are_remembered_for_the_rest_of_the_feed() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"status\"\nstatus = 413\nmore_than = 5").await;
    shop.write(Feed::Products, &products(20 * BATCH));
    let ended = shop.run().await;
    assert_eq!(ended.report().exit(), Exit::Done);
    let requests = ended.report().progress.feeds[0].requests;
    // Batches of 4 or 5, and the one that was too large; not one too large for each of 20.
    assert!((41..=60).contains(&requests), "{requests}");
    let too_large = shop.requests_answered("413").await;
    assert_eq!(too_large, 1);
    assert_eq!(ended.notes().len(), 1, "{:?}", ended.notes());
}

#[tokio::test(start_paused = true)]
async fn innocent_items_are_never_marked_for_attention_however_many_bad_ones_there_are() {
    // Every item whose number ends in 3 or 7, and nobody says so.
    let bad = |ending| format!("[[fault]]\nkind = 'status'\nstatus = 400\nholding = '{ending}\",\"status\"'\n");
    let faults = bad(3) + &bad(7);
    let mut shop = Shop::with_faults(&faults).await;
    shop.plan.feeds[0].batch_size = 100;
    shop.write(Feed::Products, &products(100));
    let ended = shop.run().await;
    let progress = &ended.report().progress.feeds[0];
    assert_eq!((progress.submitted, progress.needs_attention, progress.will_retry), (80, 20, 0), "{ended:?}");
    assert_eq!(ended.report().exit(), Exit::Partial);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_refuses_whatever_is_sent_ends_the_feed_and_not_the_catalogue_item_by_item() {
    let mut shop = Shop::with_faults("[[fault]]\nkind = \"status\"\nstatus = 400\nshare = 1.0").await;
    shop.plan.feeds[0].batch_size = 100;
    shop.write(Feed::Products, &products(1_000));
    let ended = shop.run().await;
    assert_eq!(ended.report().exit(), Exit::Other);
    let told = told(&ended);
    assert!(told.contains("refuses entire batches of products without naming an item: The feed is invalid"), "{told}");
    assert!(shop.requests().await < 200, "{}", shop.requests().await);
    let progress = &ended.report().progress.feeds[0];
    assert!(progress.needs_attention < 70 && progress.will_retry > 100, "{progress:?}");
}
