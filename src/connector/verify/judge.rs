//! Where a product stands: what was sent and how it was answered, beside what is shown.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::expected::Expected;
use super::{Difference, Visibility};
use crate::client::storefront::ShownProduct;
use crate::export::ledger::SentItem;
use crate::export::progress::ItemState;
use crate::format::duration;
use crate::untrusted::SafeText;

/// Within this time a change is usually visible (protocol page §7).
const USUALLY: SignedDuration = SignedDuration::from_mins(15);

/// What is known of a product in one store view.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub item: &'a SentItem,
    /// By what was sent; `None` if that is not kept.
    pub expected: Option<&'a Expected>,
    /// When its price was accepted, if that was later.
    pub price_at: Option<Timestamp>,
    /// As Catalog Service shows it.
    pub shown: Option<&'a ShownProduct>,
    /// Whether Live Search finds it; `None` if it was not asked.
    pub is_found: Option<bool>,
    pub now: Timestamp,
    /// After this time what was accepted should be visible.
    pub patience: SignedDuration,
}

/// What a case comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub state: Visibility,
    /// Whether it should not be so.
    pub is_wrong: bool,
    /// Why, in a few words; empty for what is as it was sent.
    pub why: SafeText,
    pub differs: Vec<Difference>,
    /// When it should be visible as it was sent, if it is not.
    pub expected_by: Option<Timestamp>,
}

/// Judges a case.
pub fn judge(case: &Case<'_>) -> Outcome {
    let Case { item, expected, shown, .. } = *case;
    let differs = expected.zip(shown).map(|(expected, shown)| expected.differences(shown)).unwrap_or_default();
    let accepted = case.price_at.map_or(item.at, |price_at| price_at.max(item.at));
    let due = accepted.saturating_add(case.patience).unwrap_or(Timestamp::MAX);
    let is_due = case.now >= due;
    let ago = format!("{} ago", duration(Duration::try_from(case.now.duration_since(accepted)).unwrap_or_default()));
    let outcome = |state, is_wrong, why: String| Outcome {
        state,
        is_wrong,
        why: why.into(),
        differs: Vec::new(),
        expected_by: None,
    };
    let waiting = |state, what: &str| Outcome {
        expected_by: Some(due),
        ..outcome(state, is_due, format!("{what} {ago}{}", if is_due { "" } else { usually(case) }))
    };
    let is_refused = item.state == ItemState::NeedsAttention;
    let not_accepted = match item.state {
        ItemState::NeedsAttention if item.error.is_empty() => "not accepted".to_owned(),
        ItemState::NeedsAttention => format!("not accepted: {}", item.error),
        _ => "not accepted yet".to_owned(),
    };
    match (shown, item.is_deleted, item.state) {
        (None, true, _) => outcome(Visibility::NotExpected, false, "deleted".to_owned()),
        (Some(_), true, ItemState::Submitted) if is_due => waiting(Visibility::Ghost, "deleted"),
        (Some(_), true, ItemState::Submitted) => waiting(Visibility::Older, "deleted"),
        (Some(_), true, _) => outcome(Visibility::Older, is_refused, format!("deletion {not_accepted}")),
        (None, false, ItemState::Submitted) => match expected {
            Some(expected) if !expected.is_enabled => outcome(Visibility::NotExpected, false, "disabled".to_owned()),
            Some(expected) if !expected.is_displayable => {
                outcome(Visibility::NotExpected, false, "not displayable".to_owned())
            }
            _ if is_due => waiting(Visibility::Missing, "accepted"),
            _ => waiting(Visibility::NotYet, "sent"),
        },
        (None, false, _) if is_refused => outcome(Visibility::Missing, true, not_accepted),
        (None, false, _) => outcome(Visibility::NotYet, false, not_accepted),
        (Some(_), false, ItemState::Submitted) if differs.is_empty() => {
            let is_searchable = expected.is_some_and(|expected| expected.is_enabled && expected.is_displayable);
            match case.is_found {
                Some(false) if is_searchable && is_due => waiting(Visibility::Missing, "not in Live Search, accepted"),
                Some(false) if is_searchable => waiting(Visibility::NotYet, "not in Live Search, sent"),
                _ if expected.is_none() => outcome(
                    Visibility::AsSent,
                    false,
                    "values not compared: not stored, and changed in the shop since".to_owned(),
                ),
                _ => outcome(Visibility::AsSent, false, String::new()),
            }
        }
        (Some(shown), false, ItemState::Submitted) => {
            let since = shown.modified_at.as_deref().map(|at| format!("shown as of {at}; ")).unwrap_or_default();
            Outcome { differs, ..waiting(Visibility::Older, &format!("{since}accepted")) }
        }
        (Some(_), false, _) => Outcome { differs, ..outcome(Visibility::Older, is_refused, not_accepted) },
    }
}

/// When something that was accepted so lately can be expected.
fn usually(case: &Case<'_>) -> &'static str {
    if case.now.duration_since(case.item.at) < USUALLY {
        "; usually visible within 15 min"
    } else {
        "; a first index or a resync takes up to an hour"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::export::ledger::ItemNumber;
    use crate::feeds::item::Sha1Hash;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn item(state: ItemState, is_deleted: bool) -> SentItem {
        SentItem {
            number: ItemNumber(1),
            id: Sha1Hash([0; 20]),
            hash: Sha1Hash([0; 20]),
            source_id: Some(1),
            state,
            is_deleted,
            at: Timestamp::UNIX_EPOCH,
            error: "bad".into(),
            minimal: Value::Null,
            payload: None,
        }
    }

    fn product(more: &Value) -> Expected {
        let mut product = json!({"type": "simple", "name": "Bag", "displayable": true});
        product.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        Expected::of(&product, None)
    }

    fn shown(name: &str) -> ShownProduct {
        ShownProduct { sku: "A".to_owned(), name: Some(name.to_owned()), ..ShownProduct::default() }
    }

    /// State, whether it is wrong, and why.
    fn judged(case: Case<'_>, minutes: i64) -> (Visibility, bool, String) {
        let now = case.now + SignedDuration::from_mins(minutes);
        let outcome = judge(&Case { now, ..case });
        (outcome.state, outcome.is_wrong, outcome.why.to_string())
    }

    #[test]
    fn every_state_is_told_from_the_others() {
        use ItemState::{Awaiting, NeedsAttention, Submitted, WillRetry};
        let (good, disabled, hidden) =
            (product(&json!({})), product(&json!({"status": "Disabled"})), product(&json!({"displayable": false})));
        let (same, old) = (shown("Bag"), shown("Sack"));
        for (state, is_deleted, expected, shown, minutes, found, is_wrong, why) in [
            (Submitted, false, &good, Some(&same), 0, Visibility::AsSent, false, ""),
            (
                Submitted,
                false,
                &good,
                Some(&old),
                4,
                Visibility::Older,
                false,
                "accepted 4 min 00 s ago; usually visible within 15 min",
            ),
            (Submitted, false, &good, Some(&old), 60, Visibility::Older, true, "accepted 1 h 00 min ago"),
            (
                Submitted,
                false,
                &good,
                None,
                4,
                Visibility::NotYet,
                false,
                "sent 4 min 00 s ago; usually visible within 15 min",
            ),
            (
                Submitted,
                false,
                &good,
                None,
                20,
                Visibility::NotYet,
                false,
                "sent 20 min 00 s ago; a first index or a resync takes up to an hour",
            ),
            (Submitted, false, &good, None, 90, Visibility::Missing, true, "accepted 1 h 30 min ago"),
            (Submitted, false, &disabled, None, 90, Visibility::NotExpected, false, "disabled"),
            (Submitted, false, &hidden, None, 90, Visibility::NotExpected, false, "not displayable"),
            (Submitted, false, &hidden, Some(&same), 90, Visibility::AsSent, false, ""),
            (Submitted, true, &good, None, 90, Visibility::NotExpected, false, "deleted"),
            (
                Submitted,
                true,
                &good,
                Some(&same),
                4,
                Visibility::Older,
                false,
                "deleted 4 min 00 s ago; usually visible within 15 min",
            ),
            (Submitted, true, &good, Some(&same), 90, Visibility::Ghost, true, "deleted 1 h 30 min ago"),
            (WillRetry, true, &good, Some(&same), 90, Visibility::Older, false, "deletion not accepted yet"),
            (Awaiting, false, &good, None, 90, Visibility::NotYet, false, "not accepted yet"),
            (NeedsAttention, false, &good, None, 0, Visibility::Missing, true, "not accepted: bad"),
            (NeedsAttention, false, &good, Some(&old), 0, Visibility::Older, true, "not accepted: bad"),
            (WillRetry, false, &good, Some(&old), 90, Visibility::Older, false, "not accepted yet"),
        ] {
            let item = item(state, is_deleted);
            let case = Case {
                item: &item,
                expected: Some(expected),
                price_at: None,
                shown,
                is_found: None,
                now: Timestamp::UNIX_EPOCH,
                patience: HOUR,
            };
            assert_eq!(judged(case, minutes), (found, is_wrong, why.to_owned()), "{state:?} {is_deleted} {minutes}");
        }
    }

    #[test]
    fn a_later_price_and_live_search_count_too() {
        let (item, good, same) = (item(ItemState::Submitted, false), product(&json!({})), shown("Bag"));
        let case = Case {
            item: &item,
            expected: Some(&good),
            price_at: Some(Timestamp::UNIX_EPOCH + HOUR),
            shown: None,
            is_found: None,
            now: Timestamp::UNIX_EPOCH,
            patience: HOUR,
        };
        assert_eq!(judged(case, 90).0, Visibility::NotYet);
        let case = Case { price_at: None, shown: Some(&same), is_found: Some(false), ..case };
        assert_eq!(judged(case, 90), (Visibility::Missing, true, "not in Live Search, accepted 1 h 30 min ago".into()));
        assert_eq!(judged(Case { is_found: Some(true), ..case }, 90).0, Visibility::AsSent);
        let hidden = product(&json!({"displayable": false}));
        assert_eq!(
            judged(Case { expected: Some(&hidden), ..case }, 90).0,
            Visibility::AsSent,
            "nobody searches for it"
        );
        let unknown = judged(Case { expected: None, is_found: None, ..case }, 90);
        assert_eq!(
            unknown,
            (Visibility::AsSent, false, "values not compared: not stored, and changed in the shop since".into())
        );
    }
}
