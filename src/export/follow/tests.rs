use jiff::Timestamp;

use super::super::ledger::Followed;
use super::*;

fn log(oldest: Option<u64>, newest: Option<u64>, next: u64) -> LogState {
    LogState { name: "a_cl".to_owned(), oldest, newest, next, commerce_cursor: 0, view: "a", indexer: "a_indexer" }
}

fn moment(log: ChangeLog) -> Moment {
    Moment { logs: vec![(Feed::Products, log)], ..Moment::default() }
}

fn followed(cursor: u64) -> Followed {
    let log = FollowedLog { name: "a_cl".to_owned(), cursor, tail: Vec::new() };
    Followed {
        last_full: Timestamp::UNIX_EPOCH,
        logs: BTreeMap::from([(Feed::Products, log)]),
        fingerprints: BTreeMap::new(),
    }
}

fn course_of(followed: Option<Followed>, moment: Moment) -> FollowPlan {
    follow_plan(&FollowState { followed, moment })
}

#[test]
fn a_log_is_followed_from_where_it_was_left() {
    for (oldest, newest, next, cursor) in [
        (Some(1), Some(9), 10, 0),
        (Some(1), Some(9), 10, 9),
        // Commerce cleans below its own cursor: what was read before may go.
        (Some(6), Some(9), 10, 5),
        (None, None, 10, 9),
        (None, None, 1, 0),
    ] {
        let log = ChangeLog::Kept(log(oldest, newest, next));
        assert_eq!(course_of(Some(followed(cursor)), moment(log)), FollowPlan::Follow);
    }
}

#[test]
fn a_log_that_was_cut_restarted_exchanged_or_never_followed_costs_one_full_compare() {
    let kept = |oldest, newest, next| moment(ChangeLog::Kept(log(oldest, newest, next)));
    let once = |followed: Option<Followed>, moment| match course_of(followed, moment) {
        FollowPlan::Once { reason } => reason,
        other => panic!("{other:?}"),
    };
    assert!(once(Some(followed(5)), kept(Some(7), Some(9), 10)).contains("cut"));
    assert!(once(Some(followed(5)), kept(None, None, 10)).contains("cut"));
    assert!(once(Some(followed(5)), kept(Some(1), Some(4), 5)).contains("restarted"));
    assert!(once(Some(followed(5)), kept(None, None, 1)).contains("restarted"));
    assert!(once(None, kept(None, None, 1)).contains("never compared"));
    let unfollowed = Followed { logs: BTreeMap::new(), ..followed(5) };
    assert!(once(Some(unfollowed), kept(None, None, 1)).contains("not followed before"));
    let mut other = followed(5);
    other.logs.entry(Feed::Products).and_modify(|log| log.name = "b_cl".to_owned());
    assert!(once(Some(other), kept(Some(1), Some(9), 10)).contains("b_cl"));
    let none = ChangeLog::NotKept { reason: "it is missing".into() };
    let always = FollowPlan::Always { reason: "it is missing".to_owned() };
    assert_eq!(course_of(Some(followed(5)), moment(none)), always);
}

#[test]
fn a_sign_that_differs_costs_a_full_compare_unless_it_reaches_some_records_only() {
    let fingerprint = |value: &str, reach| Fingerprint {
        name: "settings".to_owned(),
        value: value.to_owned(),
        reason: "a setting changed".to_owned(),
        reach,
    };
    let seen = |value: &str, reach| {
        let mut moment = moment(ChangeLog::Kept(log(None, None, 1)));
        moment.fingerprints = vec![fingerprint(value, reach)];
        moment
    };
    let mut known = followed(0);
    let once = FollowPlan::Once { reason: "a setting changed".to_owned() };
    assert_eq!(course_of(Some(known.clone()), seen("old", Reach::Feed)), once, "nobody looked at it before");
    known.fingerprints.insert("settings".to_owned(), Before { value: "old".to_owned(), ..Before::default() });
    assert_eq!(course_of(Some(known.clone()), seen("old", Reach::Feed)), FollowPlan::Follow);
    assert_eq!(course_of(Some(known.clone()), seen("new", Reach::Feed)), once);
    let some = Reach::Records(crate::feeds::source::changes::Shape::Options);
    assert_eq!(course_of(Some(known), seen("new", some)), FollowPlan::Follow);
}

#[test]
fn a_stall_is_named_with_its_fix_and_only_a_stall() {
    let mut log = log(Some(1), Some(11), 12);
    for commerce_cursor in [0, 11] {
        log.commerce_cursor = commerce_cursor;
        assert_eq!(stall(&log), None);
    }
    log.commerce_cursor = 900;
    let words = stall(&log).expect("a stall");
    assert!(words.contains("skips the next 889 changes"), "{words}");
    assert!(words.contains("SET version_id = 11 WHERE view_id = 'a'"), "{words}");
    assert!(words.contains("indexer:reindex a_indexer"), "{words}");
}
