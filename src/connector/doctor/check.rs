//! One check of the doctor and what came of it.

use crate::connector::finding::{Finding, Level};
use crate::report::{Row, Tone};
use crate::untrusted::SafeText;

/// What came of a check, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, but someone should look at it.
    Warning,
    /// It does not work.
    Wrong,
    /// It was not looked at, because it does not apply or something it needs is not there.
    Skipped,
}

impl Outcome {
    /// `ok`, `warning`, `wrong` or `skipped`.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Warning => "warning",
            Outcome::Wrong => "wrong",
            Outcome::Skipped => "skipped",
        }
    }
}

/// One check: a line on the screen, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked, such as `Database`.
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// In a few words.
    pub detail: SafeText,
    /// More of the same, one thing a line; a screen may leave it out.
    pub facts: Vec<SafeText>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

impl Check {
    /// Name and detail.
    #[must_use]
    pub fn row(&self) -> Row {
        let tone = match self.outcome {
            Outcome::Ok => Tone::Good,
            Outcome::Warning => Tone::Warning,
            Outcome::Wrong => Tone::Danger,
            Outcome::Skipped => Tone::Open,
        };
        Row::new(self.detail.clone(), tone).named(self.name)
    }

    /// As it should be.
    pub(super) fn ok(name: &'static str, detail: &str) -> Self {
        Self::new(name, detail, Vec::new())
    }

    /// With findings, which decide what came of it; none = ok.
    pub(super) fn new(name: &'static str, detail: &str, findings: Vec<Finding>) -> Self {
        let outcome = match findings.iter().map(|finding| finding.level).max() {
            None => Outcome::Ok,
            Some(Level::Warning) => Outcome::Warning,
            Some(Level::Wrong) => Outcome::Wrong,
        };
        Self { name, outcome, detail: SafeText::new(detail), facts: Vec::new(), findings }
    }

    /// One thing is wrong; the detail says it in short.
    pub(super) fn wrong(name: &'static str, detail: &str, finding: Finding) -> Self {
        Self::new(name, detail, vec![finding])
    }

    /// Not looked at: `needs: …`, or why it does not apply.
    pub(super) fn skipped(name: &'static str, why: &str) -> Self {
        Self { outcome: Outcome::Skipped, ..Self::ok(name, why) }
    }

    /// With one more finding, if there is one.
    pub(super) fn and(self, finding: Option<Finding>) -> Self {
        let Some(finding) = finding else { return self };
        let findings = self.findings.into_iter().chain([finding]).collect();
        Self { facts: self.facts, ..Self::new(self.name, self.detail.as_str(), findings) }
    }

    /// With more facts.
    pub(super) fn with_facts(self, facts: Vec<SafeText>) -> Self {
        Self { facts, ..self }
    }
}
