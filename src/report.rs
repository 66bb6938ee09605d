//! What is reported of something, as sections of rows: made once from typed values, drawn by the screen, printed by commands.
//!
//! It must never know how a row is drawn. What helps is data ([`Hint`]), worded by who shows it.

use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// What a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// To read.
    Plain,
    /// A remark, or what a row is called.
    Remark,
    /// A heading.
    Title,
    /// News.
    Info,
    /// As it should be.
    Good,
    /// Under way.
    Busy,
    /// Not done, or not looked at.
    Open,
    /// To look after.
    Warning,
    /// It does not work.
    Danger,
    /// A value as it was, and is not any more.
    Old,
    /// A value as it is now, and was not.
    New,
}

/// One thing that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about; empty if the text says so itself.
    pub name: SafeText,
    /// What is known.
    pub text: SafeText,
    /// What it means.
    pub tone: Tone,
    /// What to do about it.
    pub hint: Option<Advice>,
}

/// Why a row matters, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// `why: …`.
    pub why: String,
    /// `fix: …`.
    pub fix: Hint,
}

/// Rows under a title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    /// What stands beside the title; may be empty.
    pub note: String,
    pub rows: Vec<Row>,
}

impl Row {
    /// A text that needs no name.
    #[must_use]
    pub fn new(text: impl Into<SafeText>, tone: Tone) -> Self {
        Self { name: SafeText::default(), text: text.into(), tone, hint: None }
    }

    /// The same with a name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: SafeText::new(name), ..self }
    }

    /// The same with why it matters and what to do.
    #[must_use]
    pub fn hinted(self, why: &str, fix: &Hint) -> Self {
        Self { hint: Some(Advice { why: format!("why: {why}"), fix: Hint::from("fix: ").and(fix.clone()) }), ..self }
    }

    /// Whether it is the title of what follows.
    pub fn is_title(&self) -> bool {
        self.tone == Tone::Title
    }

    /// One line of plain text: `- name: value`, with a sign only where a value changed.
    pub fn plain(&self) -> String {
        let sign = match self.tone {
            Tone::Old => "- ",
            Tone::New => "+ ",
            _ => "",
        };
        if self.name.is_empty() {
            format!("{sign}{}", self.text)
        } else {
            format!("{sign}{}: {}", self.name, self.text)
        }
    }
}

impl Section {
    /// Without rows.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds something to read.
    pub fn say(&mut self, name: &str, text: impl Into<SafeText>) {
        self.push(name, text, Tone::Plain);
    }

    /// Adds something that means more than to be read.
    pub fn push(&mut self, name: &str, text: impl Into<SafeText>, tone: Tone) {
        self.rows.push(Row::new(text, tone).named(name));
    }
}
