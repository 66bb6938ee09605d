//! Notices: short news that stays on the screen until it is read, or over by itself.

use jiff::Zoned;

use crate::error::Problem;
pub use crate::report::Tone;
use crate::tui::remedy::words;

/// How many are kept; older ones are dropped, since a wall of old news hides the new.
const NOTICES_KEPT: usize = 9;
/// The least width of a line of text in a dialog, in cells.
const LEAST_LINE: usize = 40;

/// What a notice is about that may be over by itself: then nobody needs to read it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// It leads on to a next step: over when that, or any other, is taken.
    NextStep,
    /// The gateway refused the keys: over when it accepts them.
    Keys,
    /// The gateway could not be asked: over when it answers.
    Gateway,
    /// Something about the last run: over when another starts.
    Run,
    /// The configuration file could not be read: over when it is.
    Config,
    /// Commerce's settings could not be read: over when they are.
    Settings,
    /// Adobe IMS could not be asked: over when it answers.
    Ims,
}

/// One piece of news.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What it means.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// What to do about it, or next.
    pub hint: Option<String>,
    /// When, in local time.
    pub at: Zoned,
    /// Until when it is of use; `None` = until it is read.
    about: Option<Subject>,
}

impl Notice {
    /// What happened and what to do about it.
    pub fn in_full(&self) -> String {
        format!("{}{}", self.text, self.hint_part())
    }

    /// What stands after what happened; empty without a hint.
    pub fn hint_part(&self) -> String {
        let gap = if self.about == Some(Subject::NextStep) { "; " } else { ": " };
        self.hint.as_ref().map(|hint| format!("{gap}{hint}")).unwrap_or_default()
    }
}

/// The news, oldest first.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
}

impl Notices {
    /// Adds one. The same text again only gets its new time.
    pub fn add(&mut self, tone: Tone, text: impl Into<String>, at: &Zoned) {
        self.push(Notice { tone, text: text.into(), hint: None, at: at.clone(), about: None });
    }

    /// Adds one that leads on to a next step, in place of the one that led here.
    pub fn lead_on(&mut self, tone: Tone, text: impl Into<String>, next: Option<String>, at: &Zoned) {
        self.over(Subject::NextStep);
        let about = Some(Subject::NextStep);
        self.push(Notice { tone, text: text.into(), hint: next, at: at.clone(), about });
    }

    /// Adds what went wrong, with what to do about it.
    pub fn problem(&mut self, problem: &Problem, at: &Zoned) {
        self.push(Self::of_problem(problem, None, at));
    }

    /// The same about something that may be over by itself.
    pub fn problem_about(&mut self, subject: Subject, problem: &Problem, at: &Zoned) {
        self.push(Self::of_problem(problem, Some(subject), at));
    }

    /// Adds one about something that may be over by itself.
    pub fn add_about(&mut self, subject: Subject, tone: Tone, text: impl Into<String>, at: &Zoned) {
        self.push(Notice { tone, text: text.into(), hint: None, at: at.clone(), about: Some(subject) });
    }

    fn of_problem(problem: &Problem, about: Option<Subject>, at: &Zoned) -> Notice {
        let hint = problem.hint.as_ref().map(words);
        Notice { tone: Tone::Danger, text: problem.what.clone(), hint, at: at.clone(), about }
    }

    /// Takes off what is over: it succeeded, or something newer is to be read.
    pub fn over(&mut self, subject: Subject) {
        self.list.retain(|notice| notice.about != Some(subject));
    }

    fn push(&mut self, notice: Notice) {
        self.list.retain(|old| old.text != notice.text);
        if self.list.len() == NOTICES_KEPT {
            self.list.remove(0);
        }
        self.list.push(notice);
    }

    /// Takes one off by its text, because newer news replaces it.
    pub fn forget(&mut self, text: &str) {
        self.list.retain(|notice| notice.text != text);
    }

    /// The newest.
    pub fn newest(&self) -> Option<&Notice> {
        self.list.last()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// All of them, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Notice> {
        self.list.iter().rev()
    }

    /// Takes all of them off: they were read.
    pub fn forget_all(&mut self) {
        self.list.clear();
    }

    /// At least as many lines as they take in full, so that scrolling ends.
    pub fn most_lines(&self) -> usize {
        self.list.iter().map(|notice| 2 + notice.in_full().len().div_ceil(LEAST_LINE)).sum()
    }

    /// Takes the newest off; `false` if there was none.
    pub fn dismiss(&mut self) -> bool {
        self.list.pop().is_some()
    }
}
