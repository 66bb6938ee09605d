//! What is not as it should be: what was found, what it means, and the next command. Shared by health and doctor.
//!
//! It must never know how a finding is drawn.

use serde::Serialize;

use crate::domain::Feed;
use crate::error::{Exit, Explain, Problem};
use crate::format::counted;
use crate::remedy::{Hint, Remedy};
use crate::report::{Row, Tone};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It works, but someone should look at it; no exit code changes.
    Warning,
    /// Something does not work.
    Wrong,
}

/// What kind of trouble something wrong is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Something on this server or in this shop, to be mended by a person.
    Here,
    /// The gateway refuses keys.
    Keys,
    /// Trouble that may pass by itself, such as a gateway that does not answer.
    Passing,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What kind of trouble it is.
    pub cause: Cause,
    /// The feed that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<Feed>,
    /// What was found, where; text from outside in it is made safe.
    pub what: String,
    /// What follows from it.
    pub means: String,
    /// What to do.
    pub next: Hint,
}

impl Finding {
    /// Something that does not work.
    #[must_use]
    pub fn wrong(what: impl Into<String>, means: impl Into<String>, next: impl Into<Hint>) -> Self {
        Self {
            level: Level::Wrong,
            cause: Cause::Here,
            feed: None,
            what: what.into(),
            means: means.into(),
            next: next.into(),
        }
    }

    /// Something to look at.
    #[must_use]
    pub fn warning(what: impl Into<String>, means: impl Into<String>, next: impl Into<Hint>) -> Self {
        Self { level: Level::Warning, ..Self::wrong(what, means, next) }
    }

    /// An error as a finding: its hint is the next step.
    #[must_use]
    pub fn of(error: &dyn Explain, means: impl Into<String>) -> Self {
        Self::of_problem(&Problem::of(error), means)
    }

    /// The same for an error in its final form.
    #[must_use]
    pub fn of_problem(problem: &Problem, means: impl Into<String>) -> Self {
        let next = problem.hint.clone().unwrap_or_else(|| Hint::from("fix it, then ").and(Remedy::DoctorAgain));
        let cause = match problem.exit {
            Exit::Refused => Cause::Keys,
            Exit::TryAgain => Cause::Passing,
            _ => Cause::Here,
        };
        Self { cause, ..Self::wrong(problem.what.clone(), means, next) }
    }

    /// It, why it matters and how to fix it.
    #[must_use]
    pub fn row(&self) -> Row {
        let tone = match self.level {
            Level::Warning => Tone::Warning,
            Level::Wrong => Tone::Danger,
        };
        Row::new(self.what.as_str(), tone).hinted(&self.means, &self.next)
    }

    /// The same finding about one feed.
    #[must_use]
    pub fn about(self, feed: Feed) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// The same finding with another cause.
    #[must_use]
    pub fn because(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }
}

/// How many things are wrong: `No problems`, `1 problem`.
pub fn problems(wrong: usize) -> String {
    if wrong == 0 { "No problems".to_owned() } else { counted(wrong as u64, "problem") }
}

/// How a command ends that found these: 0 if nothing is wrong (warnings are not), 5 if anything is that may pass, such as a
/// gateway or a database that is down, 4 if nothing but keys is wrong, else 3.
pub fn exit<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Exit {
    let wrong = findings.into_iter().filter(|finding| finding.level == Level::Wrong);
    let causes: Vec<Cause> = wrong.map(|finding| finding.cause).collect();
    if causes.is_empty() {
        Exit::Done
    } else if causes.contains(&Cause::Passing) {
        Exit::TryAgain
    } else if causes.iter().all(|cause| *cause == Cause::Keys) {
        Exit::Refused
    } else {
        Exit::Partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_changes_the_exit_code() {
        let wrong = |cause| Finding::wrong("w", "m", "n").because(cause);
        let (here, keys, passing) = (wrong(Cause::Here), wrong(Cause::Keys), wrong(Cause::Passing));
        let warning = Finding::warning("w", "m", "n");
        assert_eq!(exit([]), Exit::Done);
        assert_eq!(exit([&warning]), Exit::Done);
        assert_eq!(exit([&warning, &keys, &keys]), Exit::Refused);
        assert_eq!(exit([&passing, &warning]), Exit::TryAgain);
        assert_eq!(exit([&keys, &passing]), Exit::TryAgain);
        assert_eq!(exit([&passing, &here]), Exit::TryAgain);
    }
}
