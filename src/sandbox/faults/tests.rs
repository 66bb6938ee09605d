//! The script: what fires, and which mistakes are named.

use super::*;

fn status(status: u16) -> What {
    What::Status { status, retry_after: RetryAfter::None }
}

fn fired(script: &str, requests: &[Feed]) -> Vec<Option<What>> {
    let mut faults = script::parse(script).expect("a script");
    requests.iter().map(|feed| faults.next(&[*feed], b"[]")).collect()
}

#[test]
fn numbered_faults_fire_on_their_requests_only() {
    let script = "[[fault]]\nkind = 'reset'\non = [2]\n[[fault]]\nkind = 'status'\nstatus = 503\non = [2, 3]";
    let hits = fired(script, &[Feed::Products; 4]);
    assert_eq!(hits, [None, Some(What::Reset), Some(status(503)), None]);
}

#[test]
fn a_feed_is_counted_by_itself() {
    let script = "[[fault]]\nkind = 'garbage'\non = [2]\nfeed = 'prices'";
    let hits = fired(script, &[Feed::Prices, Feed::Products, Feed::Products, Feed::Prices]);
    assert_eq!(hits, [None, None, None, Some(What::Garbage)]);
}

#[test]
fn a_share_is_about_that_share_and_the_same_again_with_the_same_seed() {
    let script = |seed| format!("seed = {seed}\n[[fault]]\nkind = 'lost-answer'\nshare = 0.2");
    let first = fired(&script(7), &[Feed::Products; 1000]);
    assert_eq!(first, fired(&script(7), &[Feed::Products; 1000]));
    assert_ne!(first, fired(&script(8), &[Feed::Products; 1000]));
    let hits = first.iter().flatten().count();
    assert!((150..250).contains(&hits), "{hits}");
}

#[test]
fn every_example_of_the_documentation_is_a_script_and_every_kind_has_one() {
    let page = include_str!("../../../docs/rehearsal.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(code, _)| code).collect();
    for example in &examples {
        let faults = script::parse(example).unwrap_or_else(|error| panic!("{error:?} in\n{example}"));
        assert!(!faults.requests.is_empty() || example.contains("[[shown]]"), "{example}");
    }
    // The sentence about a kind that is none names them all.
    let (_, sentence) = script::parse("[[fault]]\nkind = 'none'\non = [1]").map(drop).expect_err("no such kind");
    let kinds: Vec<&str> = sentence.split('`').skip(3).step_by(2).collect();
    assert!(kinds.len() > 10, "{sentence}");
    for kind in kinds {
        assert!(examples.iter().any(|example| example.contains(&format!("kind = \"{kind}\""))), "{kind}");
    }
}

#[test]
fn every_kind_of_the_fixture_is_read() {
    let script = include_str!("../../../tests/fixtures/faults.toml");
    let faults = script::parse(script).expect("a script");
    assert_eq!(faults.seed, 7);
    let whats: Vec<&What> = faults.requests.iter().map(|fault| &fault.what).collect();
    assert!(
        matches!(
            whats[..],
            [
                What::Status { status: 503, retry_after: RetryAfter::None },
                What::Status { status: 429, retry_after: RetryAfter::Text(_) },
                What::Status { status: 429, retry_after: RetryAfter::None },
                What::Status { status: 429, retry_after: RetryAfter::Date(3) },
                What::Status { status: 400, .. },
                What::Status { status: 413, .. },
                What::Redirect(_),
                What::Reset,
                What::Silent,
                What::LostAnswer,
                What::Mangled(Mangled::Cut),
                What::Slow(_),
                What::Mangled(Mangled::Drip(_)),
                What::Mangled(Mangled::BrokenGzip),
                What::Mangled(Mangled::Huge(5)),
                What::Garbage,
                What::WrongType,
                What::RefusedItems(RefusedItems { by_field: false, refuses_all: false, .. }),
                What::RefusedItems(RefusedItems { by_field: true, refuses_all: true, .. }),
                What::OddList(OddList::NoIndex),
                What::ExpiredKeys(-3600)
            ]
        ),
        "{whats:#?}"
    );
}

#[test]
fn a_fault_can_follow_what_a_request_holds() {
    let script = "[[fault]]\nkind = 'reset'\nholding = 'SKU-5'\n[[fault]]\nkind = 'silent'\nmore_than = 2";
    let mut faults = script::parse(script).expect("a script");
    let mut next = |body: &str| faults.next(&[Feed::Products], body.as_bytes());
    assert_eq!(next(r#"[{"sku":"SKU-4"}]"#), None);
    assert_eq!(next(r#"[{"sku":"SKU-4"},{"sku":"SKU-5"}]"#), Some(What::Reset));
    assert_eq!(next("[1,2,3]"), Some(What::Silent));
    assert_eq!(next("not JSON"), None);
}

#[test]
fn queries_and_feed_requests_are_counted_apart() {
    let script = "[[fault]]\nkind = 'reset'\non = [1]\ngraphql = true\n[[fault]]\nkind = 'silent'\non = [2]";
    let mut faults = script::parse(script).expect("a script");
    assert_eq!(faults.next(&[Feed::Products], b"[]"), None);
    assert_eq!(faults.next_query(b"{}"), Some(What::Reset));
    assert_eq!(faults.next(&[Feed::Products], b"[]"), Some(What::Silent));
    assert_eq!(faults.next_query(b"{}"), None);
}

#[test]
fn a_share_of_the_items_is_odd_and_the_same_again_with_the_same_seed() {
    let lost = |seed: u64| {
        let script = format!("seed = {seed}\n[[shown]]\nkind = 'lost'\nitems = 0.05");
        let shown = script::parse(&script).expect("a script").shown;
        (0..2_000)
            .filter(move |number| shown.of("", &format!("[\"{number}\",\"de\"]"), false).is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(lost(7), lost(7));
    assert_ne!(lost(7), lost(8));
    assert!((60..140).contains(&lost(7).len()), "{}", lost(7).len());
}

#[test]
fn ghosts_are_deleted_and_everything_else_is_not() {
    let script = "[[shown]]\nkind = 'ghost'\nskus = ['A']\n[[shown]]\nkind = 'stale'\nskus = ['A', 'B']";
    let shown = script::parse(script).expect("a script").shown;
    assert_eq!(shown.of("A", "", true), Some(Oddity::Ghost));
    assert_eq!(shown.of("A", "", false), Some(Oddity::Stale));
    assert_eq!((shown.of("B", "", true), shown.of("C", "", false)), (None, None));
}

#[test]
fn mistakes_are_named_with_their_line() {
    for (script, line, words) in [
        ("seed = 7\n\n[[fault]]\nkind = 'rest'\non = [1]", 4, "unknown variant `rest`"),
        ("[[fault]]\nkind = 'reset'\non = [1]\ncolour = 1", 4, "unknown field `colour`"),
        ("\n[[fault]]\nkind = 'reset'", 2, "say when"),
        ("[[fault]]\nkind = 'reset'\nshare = 5", 1, "not between 0 and 1"),
        ("[[fault]]\nkind = 'reset'\nshare = nan", 1, "not between 0 and 1"),
        ("[[fault]]\nkind = 'reset'\non = [0]", 1, "start at 1"),
        ("[[fault]]\nkind = 'reset'\non = [1]\nshare = 0.1", 1, "exclude each other"),
        ("[[fault]]\nkind = 'reset'\non = [1]\nseconds = 1", 1, "seconds does not go with this kind"),
        ("[[fault]]\nkind = 'status'\nstatus = 304\non = [1]", 1, "304 is not between 400 and 599"),
        ("[[fault]]\nkind = 'status'\nstatus = 500\nretry_after = 3\non = [1]", 1, "status = 429 and 503 only"),
        ("[[fault]]\nkind = 'slow'\nseconds = -1\non = [1]", 1, "not between 0 and 3600"),
        ("[[fault]]\nkind = 'reset'\non = [1]\nfeed = 'product'", 1, "unknown feed"),
        ("[[fault]]\nkind = 'status'\nstatus = 429\nretry_after = true\non = [1]", 4, "retry_after is"),
        ("[[fault]]\nkind = 'huge'\non = [1]", 1, "needs mib between 1 and 256"),
        ("[[fault]]\nkind = 'reset'\nholding = ''", 1, "needs a text"),
        ("[[fault]]\nkind = 'redirect'\non = [1]", 1, "needs location"),
        ("[[fault]]\nkind = 'refused-items'\nstatus = 500\non = [1]", 1, "it is 200 or 400"),
        ("[[fault]]\nkind = 'odd-list'\nlist = 'twice'\non = [1]\ngraphql = true", 1, "about feed items"),
        ("[[fault]]\nkind = 'reset'\non = [1]\nfeed = 'prices'\ngraphql = true", 1, "about feed items"),
        ("[[shown]]\nkind = 'lots'", 2, "unknown variant `lots`"),
        ("\n[[shown]]\nkind = 'lost'", 2, "say which"),
        ("[[shown]]\nkind = 'lost'\nitems = 5", 1, "not between 0 and 1"),
        ("[[shown]]\nkind = 'ghost'\nskus = []", 1, "say which"),
        ("[[shown]]\nkind = 'asleep'\nitems = 0.5", 1, "do not go with this kind"),
        ("seed = 'ü", 1, "invalid"),
    ] {
        let (found, reason) = script::parse(script).expect_err(script);
        assert!(reason.contains(words), "{script:?}: {reason}");
        assert_eq!(found, Some(line), "{script:?}: {reason}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Faults::read(Path::new("/nowhere/faults.toml")).expect_err("no file");
    assert!(error.to_string().starts_with("/nowhere/faults.toml: "), "{error}");
}
