//! The hits of each rule: all of them counted and written to the CSV file, the first of them kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::csv::CsvFile;
use super::{Hit, RuleReport};
use crate::domain::LintRule;
use crate::error::Problem;
use crate::untrusted::SafeText;

/// Examples that are kept of a rule.
const EXAMPLES: usize = 5;
/// Characters of an example's text: SKUs and paths are shorter, broken values are not.
const MOST_TEXT: usize = 300;

/// The hits so far.
#[derive(Debug)]
pub(super) struct Hits {
    rules: BTreeMap<LintRule, (u64, Vec<Hit>)>,
    csv: Option<CsvFile>,
}

impl Hits {
    /// Of these rules, without any yet.
    ///
    /// # Errors
    /// A [`Problem`] if the CSV file cannot be created; one that exists is replaced.
    pub fn new(rules: BTreeSet<LintRule>, csv: Option<&Path>) -> Result<Self, Problem> {
        let rules = rules.into_iter().map(|rule| (rule, (0, Vec::new()))).collect();
        let mut hits = Self { rules, csv: None };
        if let Some(path) = csv {
            hits.csv = Some(CsvFile::replace(path)?);
            hits.line(&["rule", "severity", "place", "text"])?;
        }
        Ok(hits)
    }

    /// Whether a rule is to be checked.
    pub fn wants(&self, rule: LintRule) -> bool {
        self.rules.contains_key(&rule)
    }

    /// One more hit; of a rule that is not to be checked it is left out.
    pub fn add(&mut self, rule: LintRule, place: &str, text: &str) -> Result<(), Problem> {
        let Some((count, examples)) = self.rules.get_mut(&rule) else { return Ok(()) };
        *count += 1;
        let hit = Hit { place: SafeText::limited(place, MOST_TEXT), text: SafeText::limited(text, MOST_TEXT) };
        let severity = if rule.severity() == crate::domain::Severity::Error { "error" } else { "warning" };
        if examples.len() < EXAMPLES {
            examples.push(hit.clone());
        }
        self.line(&[rule.name(), severity, hit.place.as_str(), hit.text.as_str()])
    }

    /// What each rule found.
    pub fn conclude(mut self) -> Result<Vec<RuleReport>, Problem> {
        self.csv.take().map_or(Ok(()), CsvFile::finish)?;
        let report =
            |(rule, (count, examples)): (LintRule, _)| RuleReport { rule, severity: rule.severity(), count, examples };
        Ok(self.rules.into_iter().map(report).collect())
    }

    fn line(&mut self, cells: &[&str]) -> Result<(), Problem> {
        self.csv.as_mut().map_or(Ok(()), |file| file.line(cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hits_are_counted_and_the_first_are_kept() {
        let mut hits = Hits::new([LintRule::NoName].into(), None).expect("hits");
        for number in 0..20 {
            hits.add(LintRule::NoName, &format!("p{number}"), "").expect("added");
            hits.add(LintRule::NoImage, "other", "").expect("left out");
        }
        let rules = hits.conclude().expect("a report");
        assert_eq!((rules.len(), rules[0].count, rules[0].examples.len()), (1, 20, EXAMPLES));
        assert_eq!(rules[0].example_lines().last().map(String::as_str), Some("… and 15 more"));
    }
}
