//! What a look at the services comes to, in sentences and rows.

use jiff::tz::TimeZone;

use super::confidence::CONFIDENCE;
use super::{Bound, Sighting, VerifyReport};
use crate::format::{count, counted, rounded_up};
use crate::report::{Row, Tone};

impl Sighting {
    /// Where the product stands, behind a mark.
    pub fn row(&self, zone: &TimeZone) -> Row {
        Row::new(format!("{} in {}: {}", self.sku, self.store_view, self.told(zone)), self.tone())
    }

    /// Whether that is good.
    pub fn tone(&self) -> Tone {
        match self.is_different() {
            _ if self.wrong => Tone::Danger,
            true => Tone::Warning,
            false => Tone::Good,
        }
    }

    /// A line for each value that is shown otherwise than it was sent.
    pub fn difference_lines(&self) -> impl Iterator<Item = String> {
        self.differs.iter().map(|difference| {
            let (sent, shown) = (difference.sent.as_str(), difference.shown.as_str());
            format!("{}: sent {sent:?}, shown {shown:?}", difference.what)
        })
    }
}

impl VerifyReport {
    /// How many are in which state, and what that says of all.
    pub fn sentences(&self) -> Vec<String> {
        let Self { population, tally, bound, has_no_index } = self;
        let states: Vec<_> =
            tally.states.iter().map(|(state, number)| format!("{} {}", count(*number), state.words())).collect();
        let checked = format!("{} of {} checked", count(tally.checked()), counted(*population, "item"));
        let kinds: Vec<_> = tally.kinds.iter().map(|(kind, number)| format!("{} {kind}", count(*number))).collect();
        let mut sentences = vec![format!("{checked}: {}", states.join(", ")), format!("Kinds: {}", kinds.join(", "))];
        if *has_no_index {
            sentences
                .push("Live Search has no index for at least one store view; it was not checked further.".to_owned());
        }
        if tally.waiting() > 0 {
            let waiting = counted(tally.waiting(), "difference");
            sentences.push(format!("{waiting} not overdue yet, so not counted as wrong: verify again later."));
        }
        sentences.push(match bound {
            Some(bound) => statement(*bound, *population),
            None => format!("{} wrong.", count(tally.wrong)),
        });
        sentences
    }
}

/// What a sample says about everything.
fn statement(bound: Bound, population: u64) -> String {
    let Bound { drawn, wrong, at_most } = bound;
    let percent = rounded_up(100.0 * at_most as f64 / population.max(1) as f64);
    let (sure, population) = (CONFIDENCE * 100.0, count(population));
    let drawn = format!("{} of {} drawn at random are wrong", count(wrong), count(drawn));
    format!("At most {percent} % wrong, {sure:.0} % sure, of {population} ({drawn}).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_never_promises_more_than_it_knows() {
        let of = |at_most, wrong| statement(Bound { drawn: 985, wrong, at_most }, 40_000);
        assert_eq!(of(120, 0), "At most 0.3 % wrong, 95 % sure, of 40,000 (0 of 985 drawn at random are wrong).");
        assert_eq!(of(121, 0), "At most 0.4 % wrong, 95 % sure, of 40,000 (0 of 985 drawn at random are wrong).");
        assert_eq!(of(400, 4), "At most 1 % wrong, 95 % sure, of 40,000 (4 of 985 drawn at random are wrong).");
    }
}
