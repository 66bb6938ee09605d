//! The run history.

use jiff::SignedDuration;

use super::*;
use crate::error::{Exit, Problem};
use crate::export::ledger::repair::repair;
use crate::export::owner::Owner;
use crate::export::progress::{FeedProgress, Progress, RunEnd, RunReport};
use crate::report::Tone;

fn report(end: RunEnd) -> RunReport {
    let of = |feed, submitted, deleted, failed| FeedProgress {
        submitted,
        deleted,
        will_retry: failed,
        needs_attention: failed,
        ..FeedProgress::new(feed)
    };
    let feeds = vec![of(Feed::Products, 10, 3, 2), of(Feed::Prices, 5, 0, 0)];
    let progress = Progress::new(feeds, false);
    RunReport { progress, end, unknown_ids: Vec::new(), requests_per_second: None }
}

fn read(state: &TempDir) -> Vec<PastRun> {
    LedgerReader::open(state.path(), &space()).expect("opened").expect("there").runs(100).expect("read")
}

fn begin(store: &mut Store, at: Timestamp) -> i64 {
    store.begin_run(&"Export".into(), &[Feed::Products, Feed::Prices], at).expect("begun")
}

/// The last run was begun by another process.
fn owned_by(store: &Store, run: i64, owner: &Owner) {
    let owner = serde_json::to_string(owner).expect("JSON");
    store.connection.execute("UPDATE runs SET owner = ?2 WHERE id = ?1", (run, owner)).expect("changed");
}

#[test]
fn a_run_is_there_from_its_beginning_and_has_its_numbers_at_its_end() {
    let Shop { state, mut store, .. } = Shop::new(Feed::Products);
    let run = begin(&mut store, now());
    let [begun] = &read(&state)[..] else { panic!("one run") };
    assert_eq!((&begun.end, begun.counts, begun.duration()), (&PastEnd::Running, None, None));
    assert_eq!(begun.owner.pid, std::process::id());
    assert_eq!(begun.feeds, [Feed::Products, Feed::Prices]);
    store.end_run(run, &report(RunEnd::Complete), now() + SignedDuration::from_secs(27)).expect("ended");
    let [ended] = &read(&state)[..] else { panic!("one run") };
    assert_eq!(ended.counts, Some(RunCounts { sent: 12, failed: 4, deleted: 3 }));
    assert_eq!(ended.duration().expect("known").as_secs(), 27);
    assert_eq!((&ended.end, ended.tone()), (&PastEnd::Complete, Tone::Warning));
}

#[test]
fn a_run_without_an_end_died_if_its_process_is_gone_and_is_unknown_on_another_host() {
    let Shop { state, mut store, .. } = Shop::new(Feed::Products);
    let here = Owner::this_process();
    for owner in
        [Owner { pid: 4_194_304, ..here.clone() }, Owner { host: "another.example".into(), ..here.clone() }, here]
    {
        let run = begin(&mut store, now());
        owned_by(&store, run, &owner);
    }
    let ends: Vec<PastEnd> = read(&state).into_iter().map(|run| run.end).collect();
    assert_eq!(ends, [PastEnd::Running, PastEnd::Unknown, PastEnd::Died], "newest first");
}

#[test]
fn what_stopped_a_run_is_told_in_its_own_words() {
    let Shop { state, mut store, .. } = Shop::new(Feed::Products);
    let problems = vec![(Feed::Prices, Problem::new(Exit::TryAgain, "the gateway is down"))];
    for end in [RunEnd::Stopped, RunEnd::Failed { problems }] {
        let run = begin(&mut store, now());
        store.end_run(run, &report(end), now()).expect("ended");
    }
    let reasons: Vec<_> = read(&state).iter().map(|run| (run.end.word(), run.end.reason())).collect();
    assert_eq!(reasons, [("failed", Some("prices: the gateway is down".into())), ("stopped", None)]);
}

#[test]
fn runs_are_forgotten_after_90_days_and_when_they_had_nothing_to_do() {
    let Shop { state, mut store, .. } = Shop::new(Feed::Products);
    let days = |days: i64| now() - SignedDuration::from_hours(24 * days);
    for at in [days(91), days(89)] {
        begin(&mut store, at);
    }
    let idle = begin(&mut store, now());
    store.forget_run(idle).expect("forgotten");
    let begun: Vec<Timestamp> = read(&state).iter().map(|run| run.started_at).collect();
    assert_eq!(begun, [days(89)]);
}

#[test]
fn a_clock_that_was_set_back_makes_no_run_last_for_ages() {
    let Shop { state, mut store, .. } = Shop::new(Feed::Products);
    let run = begin(&mut store, now());
    store.end_run(run, &report(RunEnd::Complete), now() - SignedDuration::from_hours(9)).expect("ended");
    assert_eq!(read(&state)[0].duration(), Some(std::time::Duration::ZERO));
}

#[test]
fn a_rebuilt_ledger_keeps_the_history() {
    let Shop { state, mut store, .. } = Shop::new(Feed::Products);
    let run = begin(&mut store, now());
    store.end_run(run, &report(RunEnd::Complete), now()).expect("ended");
    drop(store);
    let before = read(&state);
    repair(state.path(), &space(), RepairFrom::Doubted).expect("repaired").expect("done");
    assert_eq!(read(&state), before);
}

#[test]
fn what_is_accepted_counts_in_its_hour_and_what_fails_does_not() {
    let mut shop = Shop::new(Feed::Products);
    let sent = |hour: i64, shop: &Shop| {
        let at = now() + SignedDuration::from_hours(hour);
        LedgerReader::open(shop.state.path(), &space())
            .expect("opened")
            .expect("there")
            .sent_per_hour(at)
            .expect("read")
    };
    assert_eq!(sent(0, &shop).total(), 0);
    let items = ["A", "B", "C"].map(|sku| product(sku, "a")).to_vec();
    let compared = shop.collect(&items);
    shop.answer(&compared.send[..2], 200);
    shop.answer(&compared.send[2..], 503);
    assert_eq!(sent(0, &shop).items.last(), Some(&2));
    let later = sent(23, &shop);
    assert_eq!((later.items.first(), later.total()), (Some(&2), 2), "the oldest hour that is shown");
    assert_eq!(sent(24, &shop).total(), 0);
    assert_eq!(sent(-1, &shop).total(), 0, "an hour ahead of the clock is not shown");
    let much_later = now() + SignedDuration::from_hours(91 * 24);
    begin(&mut shop.store, much_later);
    assert_eq!(sent(0, &shop).total(), 0, "forgotten with the runs of its time");
}
