//! What a message says, and one to try the channels with.

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::Event;
use super::message::{Facts, FeedFacts, Message};
use crate::domain::{DataSpaceKind, Feed};
use crate::error::{Exit, Problem};
use crate::remedy::Remedy;

/// A failure at a shop with a name from outside.
pub fn failure() -> Message {
    let at = "2026-11-27T12:00:00Z".parse().expect("a time");
    Message {
        event: Event::Failure,
        id: Uuid::nil(),
        at,
        work: Some("watch"),
        problem: Some(Problem::new(Exit::TryAgain, "gateway down").hint(Remedy::Doctor)),
        failing: None,
        threshold: 1,
        facts: Facts {
            installation: "Shop".into(),
            host: "web1".into(),
            data_space: Some(("0d".parse().expect("an id"), "Main".into(), DataSpaceKind::Production)),
            feeds: vec![FeedFacts { feed: Feed::Products, sent: 12_400, not_sent: 0, will_retry: 3, needs_a_fix: 2 }],
            sent_last_day: 15_540,
            missing: None,
        },
    }
}

#[test]
fn a_person_reads_what_failed_what_helps_and_how_it_stands() {
    let text = failure().text(&TimeZone::UTC);
    assert_eq!(
        text,
        "Shop: watch failed: gateway down\n\n\
         failed:       gateway down\n\
         fix:          `commerce-connector doctor`\n\
         installation: Shop on web1\n\
         data space:   Main (Production, 0d)\n\
         time:         2026-11-27 12:00:00 UTC\n\n\
         feed                            sent    not sent  will retry  needs a fix\n\
         products                      12,400           0           3            2\n"
    );
}

#[test]
fn each_event_has_a_headline_of_its_own() {
    let headline = |event| Message { event, ..failure() }.headline().to_string();
    assert_eq!(headline(Event::NeedsFix), "Shop: 2 items need a fix");
    assert_eq!(headline(Event::Digest), "Shop: 15,540 sent in the last 24 hours, 3 will retry, 2 need a fix");
    assert_eq!(headline(Event::Recovery), "Shop: watch works again");
    assert!(headline(Event::Test).contains("nothing has happened"));
}

#[test]
fn what_comes_from_outside_is_safe_in_every_form() {
    let mut message = failure();
    message.problem = Some(Problem::new(Exit::Other, "no\r\nBcc: all\u{1b}[2J"));
    assert!(!message.headline().as_str().contains(['\r', '\n', '\u{1b}']), "{:?}", message.headline());
    let json = message.json();
    let said = json["problem"]["message"].as_str().expect("a message");
    assert_eq!(said, r"no\r\nBcc: all\x1b[2J");
}
