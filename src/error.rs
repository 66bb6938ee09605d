//! Errors as a person meets them: what happened, the hint, the exit code.
//!
//! Every room has its own typed error; each implements [`Explain`]. Only `main` and the screen turn one into words.
//! This file must never know how a problem is drawn.

use std::fmt;
use std::process::ExitCode;

use serde::{Deserialize, Deserializer, Serialize};

use crate::remedy::{Hint, HintParts};
use crate::untrusted::SafeText;

/// How the program ends, as its documentation promises to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for is done.
    Done = 0,
    /// Something failed that no other code names.
    Other = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Done in part: some items need attention.
    Partial = 3,
    /// The gateway refused the keys or the sign-in.
    Refused = 4,
    /// A passing failure: the same command may succeed later.
    TryAgain = 5,
    /// Another run holds the lock.
    Locked = 6,
    /// A guard refused to continue.
    Guarded = 7,
    /// Interrupted by the person or by a signal.
    Interrupted = 130,
}

impl Exit {
    /// All of them, ascending.
    pub const ALL: [Exit; 9] = [
        Exit::Done,
        Exit::Other,
        Exit::Usage,
        Exit::Partial,
        Exit::Refused,
        Exit::TryAgain,
        Exit::Locked,
        Exit::Guarded,
        Exit::Interrupted,
    ];

    /// What it means, as the documentation says it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Other => "another failure",
            Exit::Usage => "usage or configuration",
            Exit::Partial => "done, but some items failed or have no answer yet, or some ids are unknown",
            Exit::Refused => "keys or sign-in refused",
            Exit::TryAgain => "gateway or database down or busy, whatever else was found",
            Exit::Locked => "another run holds the lock",
            Exit::Guarded => "refused by a guard or by read-only mode, or deletions were held back",
            Exit::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// What every error in this program can say of itself, besides its message.
pub trait Explain: std::error::Error {
    /// The exit code of a command that ends with this error.
    fn exit(&self) -> Exit;

    /// What the person can do about it, as one sentence; `None` where the message says it all.
    fn hint(&self) -> Option<Hint> {
        None
    }
}

/// An error in its final form: one clear sentence, perhaps a hint, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ProblemOutside", into = "ProblemOutside")]
pub struct Problem {
    /// What happened, where.
    pub what: String,
    /// What to do about it.
    pub hint: Option<Hint>,
    /// The exit code of a command that ends with it.
    pub exit: Exit,
}

/// A problem as one process tells it to another: its text comes from outside.
#[derive(Serialize, Deserialize)]
struct ProblemOutside {
    what: SafeText,
    /// As text, which every version understands.
    hint: Option<SafeText>,
    /// As data, where both are of the same version.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "understood")]
    hint_parts: Option<HintParts>,
    exit: Exit,
}

/// The parts of a hint; `None` if they have a remedy that this version does not know.
fn understood<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HintParts>, D::Error> {
    let parts = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(parts).ok())
}

impl From<ProblemOutside> for Problem {
    fn from(outside: ProblemOutside) -> Self {
        let ProblemOutside { what, hint, hint_parts, exit } = outside;
        let hint = hint_parts.map(Hint::from).or_else(|| hint.map(|hint| hint.as_str().into()));
        Self { what: what.to_string(), hint, exit }
    }
}

impl From<Problem> for ProblemOutside {
    fn from(problem: Problem) -> Self {
        let Problem { what, hint, exit } = problem;
        Self {
            what: what.into(),
            hint: hint.as_ref().map(|hint| hint.command_line().into()),
            hint_parts: hint.map(HintParts::from),
            exit,
        }
    }
}

impl Problem {
    /// A problem without a hint.
    #[must_use]
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, exit }
    }

    /// A mistake in the command line or the configuration.
    #[must_use]
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What failed and what to do about it, as one sentence.
    #[must_use]
    pub fn in_full(&self) -> Hint {
        let what = Hint::from(self.what.as_str());
        match &self.hint {
            Some(hint) => what.and(": ").and(hint.clone()),
            None => what,
        }
    }

    /// Any typed error, in its final form.
    #[must_use]
    pub fn of(error: &dyn Explain) -> Self {
        Self { what: chain(error), hint: error.hint(), exit: error.exit() }
    }
}

/// The message of an error and of everything that caused it, as one sentence.
fn chain(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Problem {}

impl Explain for Problem {
    fn exit(&self) -> Exit {
        self.exit
    }

    fn hint(&self) -> Option<Hint> {
        self.hint.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::Remedy;

    #[test]
    fn another_process_reads_a_hint_as_data_and_another_version_as_text_with_its_command_line() {
        let problem = Problem::new(Exit::Refused, "no").hint(Hint::from(Remedy::VerifyKeys).and(" first"));
        let line = serde_json::to_string(&problem).expect("JSON");
        assert_eq!(serde_json::from_str::<Problem>(&line).expect("a problem"), problem);
        let as_text = Problem::new(Exit::Refused, "no").hint("run `commerce-connector keys verify` first");
        for line in [
            line.replace("verify_keys", "sing_a_song"),
            r#"{"what":"no","hint":"run `commerce-connector keys verify` first","exit":"refused"}"#.to_owned(),
        ] {
            assert_eq!(serde_json::from_str::<Problem>(&line).expect("a problem"), as_text, "{line}");
        }
    }
}
