//! Notices: short news that stays on the screen until a key dismisses it.

use jiff::Zoned;

use crate::error::Problem;
pub use crate::report::Tone;
use crate::tui::remedy::words;

/// How many are kept; older ones are dropped, since a wall of old news hides the new.
const NOTICES_KEPT: usize = 9;
/// The least width of a line of text in a dialog, in cells.
const LEAST_LINE: usize = 40;

/// One piece of news.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What it means.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// When, in local time.
    pub at: Zoned,
    /// Whether it leads on from one step to the next: then it is old as soon as that is taken.
    leads_on: bool,
    /// Whether it says that the gateway refused the keys: then it is old as soon as they are accepted.
    refuses_keys: bool,
}

impl Notice {
    /// What happened and what to do about it.
    pub fn in_full(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}: {hint}", self.text),
            None => self.text.clone(),
        }
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
        self.push(Notice { tone, text: text.into(), hint: None, at: at.clone(), leads_on: false, refuses_keys: false });
    }

    /// Adds one that leads on to a next step, in place of the one that led here.
    pub fn lead_on(&mut self, tone: Tone, text: impl Into<String>, at: &Zoned) {
        self.forget_way();
        self.push(Notice { tone, text: text.into(), hint: None, at: at.clone(), leads_on: true, refuses_keys: false });
    }

    /// The next step was taken: what led to it needs no reader any more.
    pub fn forget_way(&mut self) {
        self.list.retain(|notice| !notice.leads_on);
    }

    /// Adds what went wrong, with what to do about it.
    pub fn problem(&mut self, problem: &Problem, at: &Zoned) {
        let hint = problem.hint.as_ref().map(words);
        self.push(Notice {
            tone: Tone::Danger,
            text: problem.what.clone(),
            hint,
            at: at.clone(),
            leads_on: false,
            refuses_keys: false,
        });
    }

    /// Adds that the gateway refused the keys, with what to do about it.
    pub fn refused_keys(&mut self, problem: &Problem, at: &Zoned) {
        let (text, hint) = (problem.what.clone(), problem.hint.as_ref().map(words));
        self.push(Notice { tone: Tone::Danger, text, hint, at: at.clone(), leads_on: false, refuses_keys: true });
    }

    fn push(&mut self, notice: Notice) {
        self.list.retain(|old| old.text != notice.text);
        if self.list.len() == NOTICES_KEPT {
            self.list.remove(0);
        }
        self.list.push(notice);
    }

    /// The gateway accepts the keys: what it refused before is over.
    pub fn forget_refused_keys(&mut self) {
        self.list.retain(|notice| !notice.refuses_keys);
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
