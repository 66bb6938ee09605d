//! What two data spaces show otherwise, in sentences and rows.

use super::{DataSpacesReport, SkuComparison};
use crate::connector::verify::confidence::CONFIDENCE;
use crate::domain::DataSpaceId;
use crate::format::{count, counted, rounded_down, rounded_up};
use crate::report::{Row, Tone};
use crate::untrusted::SafeText;

impl SkuComparison {
    /// How the SKU stands in both, behind a mark.
    pub fn row(&self) -> Row {
        let tone = if self.state.is_difference() { Tone::Danger } else { Tone::Good };
        Row::new(format!("{} in {}: {}", self.sku, self.store_view, self.state.words()), tone)
    }

    /// A line for each value that is not the same.
    pub fn difference_lines(&self) -> impl Iterator<Item = String> {
        self.differs.iter().map(|field| {
            let (a, b) = (field.a.as_str(), field.b.as_str());
            format!("{}: {a:?} in A, {b:?} in B", field.what)
        })
    }
}

impl DataSpacesReport {
    /// How many are in which state, and what that says of all.
    pub fn sentences(&self) -> Vec<String> {
        let states: Vec<_> =
            self.states.iter().map(|(state, number)| format!("{} {}", count(*number), state.words())).collect();
        let checked =
            format!("{} of {} in store views checked", count(self.checked()), counted(self.population, "SKU"));
        let mut sentences = vec![format!("{checked}: {}", states.join(", "))];
        if let Some(empty) = self.empty_side() {
            sentences
                .push(format!("{empty} shows none of them: it is asleep, not indexed, or was never sent anything."));
        }
        sentences.push(match (self.percent_equal(), self.at_most_different) {
            (None, _) => "Neither shows any of them.".to_owned(),
            (Some(percent), None) => format!("{} % of what is shown is the same.", rounded_down(percent)),
            (Some(percent), Some(most)) => {
                let sure = CONFIDENCE * 100.0;
                let share = rounded_up(100.0 * most as f64 / self.population as f64);
                let sample = format!("{} % of what is shown in the sample is the same;", rounded_down(percent));
                format!("{sample} at most {share} % of all differ, {sure:.0} % sure.")
            }
        });
        sentences
    }
}

/// `A is Staging (23292755-…), B is Rehearsal (dc51b2b2-…).`
pub fn which_is_which([(a, a_name), (b, b_name)]: &[(DataSpaceId, SafeText); 2]) -> String {
    format!("A is {a_name} ({a}), B is {b_name} ({b}).")
}
