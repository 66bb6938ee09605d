//! What a comparison with Adobe's exporter comes to, in sentences and rows.

use super::adopt::AdoptionCounts;
use super::{FeedAdoption, FeedComparison, FieldDifference};
use crate::format::{count, counted};
use crate::report::{Row, Tone};

/// Fields of a feed that are listed; all are in JSON.
const MOST_FIELDS: usize = 20;

impl FieldDifference {
    /// `name in 1 item, such as A-1 · default`, then their value and ours.
    fn lines(&self) -> [String; 3] {
        [
            format!("{} in {}, such as {}", self.path, counted(self.items, "item"), self.example),
            format!("  theirs: {}", self.theirs),
            format!("  ours:   {}", self.ours),
        ]
    }
}

impl FeedComparison {
    /// How many items are equal and how many differ, behind a mark and the feed's name.
    pub fn row(&self) -> Row {
        let not_compared = self.not_compared();
        let named = |text: String, tone| Row::new(text, tone).named(self.feed.name());
        if self.is_skipped() {
            return named(format!("not compared: {not_compared}"), Tone::Open);
        }
        let rest = if not_compared.is_empty() { String::new() } else { format!("; not compared: {not_compared}") };
        if self.is_equal() {
            let tone = if rest.is_empty() { Tone::Good } else { Tone::Warning };
            return named(format!("{} equal{rest}", counted(self.equal, "item")), tone);
        }
        let parts = [
            (self.equal, "equal"),
            (self.different, "differ"),
            (self.only_theirs, "only theirs"),
            (self.only_ours, "only ours"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(items, _)| *items > 0)
            .map(|(items, what)| format!("{} {what}", count(items)))
            .collect();
        named(format!("{}{rest}", parts.join(", ")), Tone::Danger)
    }

    /// The fields that differ, with an example each; the most frequent, a few lines for each.
    pub fn field_lines(&self) -> Vec<String> {
        self.fields.iter().take(MOST_FIELDS).flat_map(FieldDifference::lines).collect()
    }

    /// How many fields [`Self::field_lines`] leaves out.
    pub fn more_fields(&self) -> usize {
        self.fields.len().saturating_sub(MOST_FIELDS)
    }

    /// The first items that only one side has.
    pub fn example_lines(&self) -> Vec<String> {
        let of_one_side = [("only theirs", &self.only_theirs_examples), ("only ours", &self.only_ours_examples)];
        let lines =
            |(what, ids): (&str, &Vec<_>)| -> Vec<String> { ids.iter().map(|id| format!("{what}: {id}")).collect() };
        of_one_side.into_iter().flat_map(lines).collect()
    }
}

/// How many feeds differ, of how many; behind a mark.
pub fn summary(feeds: &[FeedComparison]) -> Row {
    let number = |is_it: fn(&FeedComparison) -> bool| feeds.iter().filter(|feed| is_it(feed)).count() as u64;
    let (different, skipped) = (number(|feed| !feed.is_equal()), number(FeedComparison::is_skipped));
    let not_compared = if skipped > 0 { format!(", {} not compared", count(skipped)) } else { String::new() };
    let all = counted(feeds.len() as u64, "feed");
    if different > 0 {
        return Row::new(format!("{} of {all} with differences{not_compared}", count(different)), Tone::Danger);
    }
    let tone = if feeds.iter().all(FeedComparison::is_proven) { Tone::Good } else { Tone::Warning };
    Row::new(format!("no differences in {all}{not_compared}"), tone)
}

impl AdoptionCounts {
    fn sum(&self, items: fn(&FeedAdoption) -> u64) -> u64 {
        self.feeds.iter().map(items).sum()
    }

    /// Items that count as sent then.
    pub fn sent(&self) -> u64 {
        self.sum(|feed| feed.sent)
    }

    /// Items that the next sync sends, deletions left out.
    pub fn to_send(&self) -> u64 {
        self.sum(FeedAdoption::to_send)
    }

    /// Items that the next sync deletes.
    pub fn gone(&self) -> u64 {
        self.sum(|feed| feed.gone)
    }

    /// Items that the next sync sends because nobody knows what was sent.
    pub fn not_judged(&self) -> u64 {
        self.sum(|feed| feed.not_judged)
    }

    /// What becomes of all items, before the person is asked.
    pub fn sentences(&self) -> Vec<String> {
        let (sent, to_send, gone) = (counted(self.sent(), "item"), count(self.to_send()), count(self.gone()));
        let mut sentences =
            vec![format!("{sent} would count as sent; the next sync sends {to_send} and deletes {gone}.")];
        if self.not_judged() > 0 {
            let items = counted(self.not_judged(), "item");
            sentences.push(format!("{items} not judged: the feed table does not hold what was sent."));
        }
        if !self.unsaid.is_empty() {
            let feeds: Vec<&str> = self.unsaid.iter().map(|feed| feed.name()).collect();
            sentences.push(format!(
                "Adobe's tables do not say what was sent of {}: the next sync sends all.",
                feeds.join(", ")
            ));
        }
        sentences
    }

    /// What became of it: `41 items now count as sent.`
    pub fn kept_sentence(sent: u64) -> String {
        format!("{} now count as sent.", counted(sent, "item"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::compare::TheirFeed;
    use crate::domain::Feed;

    fn compared(feed: Feed, equal: u64, different: u64, only_minimal: u64) -> FeedComparison {
        let theirs = TheirFeed { whole: 0, only_minimal, other_shape: 0 };
        FeedComparison { equal, different, ..FeedComparison::new(feed, theirs) }
    }

    #[test]
    fn the_sum_is_good_only_if_everything_was_compared_and_is_equal() {
        let equal = compared(Feed::Products, 3, 0, 0);
        let skipped = compared(Feed::Categories, 0, 0, 2);
        let different = compared(Feed::Prices, 3, 1, 0);
        let row = |text: &str, tone| Row::new(text, tone);
        assert_eq!(summary(std::slice::from_ref(&equal)), row("no differences in 1 feed", Tone::Good));
        let of_some = summary(&[equal.clone(), skipped.clone()]);
        assert_eq!(of_some, row("no differences in 2 feeds, 1 not compared", Tone::Warning));
        let of_all = summary(&[equal, skipped, different]);
        assert_eq!(of_all, row("1 of 3 feeds with differences, 1 not compared", Tone::Danger));
    }
}
