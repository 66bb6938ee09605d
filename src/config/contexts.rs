//! The list of contexts: several shops from one account, each with a configuration and a state directory of its own.
//!
//! It is a small TOML file beside the default configuration. Nothing here knows what a context is used for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml_edit::{DocumentMut, Item, Table, value};

use super::store::{ConfigError, explain_mistake};
use crate::domain::nearest;
use crate::error::{Exit, Explain};
use crate::private_file::{self, PrivateFileError, Secrecy};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// The name of the file, beside the default configuration.
pub const FILE_NAME: &str = "contexts.toml";

/// A name is part of paths and of the header; longer ones would fit in neither. In characters.
const LONGEST_NAME: usize = 40;

/// A shop by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub name: String,
    /// Its configuration file.
    pub config: PathBuf,
    /// Its state directory, unless its configuration says so.
    pub state_directory: Option<PathBuf>,
}

/// The list as its file has it.
#[derive(Debug)]
pub struct Contexts {
    path: PathBuf,
    document: DocumentMut,
    listed: Listed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Listed {
    current: Option<String>,
    contexts: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    config: PathBuf,
    state_directory: Option<PathBuf>,
}

/// Why a context cannot be used or saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The file of the list cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A mistake in it.
    #[error(transparent)]
    Mistake(ConfigError),
    #[error("context {name} not found")]
    Unknown {
        name: SafeText,
        /// What else there is: the nearest name, or all.
        instead: Option<String>,
    },
    #[error("context {name} already exists")]
    Exists { name: SafeText },
    #[error("{name:?} cannot be the name of a context")]
    Name { name: SafeText },
}

impl Explain for ContextError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            ContextError::File(error) => error.hint(),
            ContextError::Mistake(error) => error.hint(),
            ContextError::Unknown { instead, .. } => instead.as_deref().map(Hint::from),
            ContextError::Exists { .. } => Some("use another name, or remove that one first".into()),
            ContextError::Name { .. } => Some(
                format!(
                    "use letters, digits, `-`, `_` and `.`, at most {LONGEST_NAME}, beginning with a letter or digit"
                )
                .into(),
            ),
        }
    }
}

impl Contexts {
    /// Reads the list; one that does not exist is empty. Blocking.
    ///
    /// # Errors
    /// [`ContextError`] with file and line.
    pub fn load(path: PathBuf) -> Result<Self, ContextError> {
        let exists = path.symlink_metadata().is_ok();
        let text = if exists { private_file::read(&path, Secrecy::Open)? } else { String::new() };
        Self::parse(path, &text)
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self, ContextError> {
        // First into the types, for mistakes with a place.
        let listed: Listed =
            toml::from_str(text).map_err(|error| ContextError::Mistake(explain_mistake(&path, text, &error)))?;
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            let reason = SafeText::new(error.message());
            ContextError::Mistake(ConfigError::Mistake { place: private_file::safe(&path), reason, suggestion: None })
        })?;
        if let Some(name) = listed.contexts.keys().find(|name| !is_name(name)) {
            return Err(ContextError::Name { name: SafeText::new(name) });
        }
        Ok(Self { path, document, listed })
    }

    /// The file of the list, which may not exist yet.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the context that is used where nothing else says so.
    pub fn current(&self) -> Option<&str> {
        self.listed.current.as_deref().filter(|name| !name.is_empty())
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = Context> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        self.listed.contexts.iter().map(|(name, entry)| Context {
            name: name.clone(),
            config: directory.join(&entry.config),
            state_directory: entry.state_directory.as_ref().map(|path| directory.join(path)),
        })
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`ContextError::Unknown`] with the nearest name, or else all.
    pub fn find(&self, name: &str) -> Result<Context, ContextError> {
        self.all().find(|context| context.name == name).ok_or_else(|| {
            let names = || self.listed.contexts.keys().map(String::as_str);
            let instead = match nearest(name, names()) {
                Some(near) => Some(format!("did you mean {near}?")),
                None if self.listed.contexts.is_empty() => None,
                None => Some(format!("contexts: {}", names().collect::<Vec<_>>().join(", "))),
            };
            ContextError::Unknown { name: SafeText::new(name), instead }
        })
    }

    /// Adds one, and saves the list.
    ///
    /// # Errors
    /// [`ContextError`]; the file is then as before.
    pub fn add(&mut self, context: &Context) -> Result<(), ContextError> {
        let name = || SafeText::new(&context.name);
        if !is_name(&context.name) {
            return Err(ContextError::Name { name: name() });
        }
        if self.listed.contexts.contains_key(&context.name) {
            return Err(ContextError::Exists { name: name() });
        }
        let mut entry = Table::new();
        entry["config"] = value(context.config.display().to_string());
        if let Some(directory) = &context.state_directory {
            entry["state_directory"] = value(directory.display().to_string());
        }
        self.change(|document| {
            let contexts = document.entry("contexts").or_insert_with(|| {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            });
            if let Some(contexts) = contexts.as_table_like_mut() {
                contexts.insert(&context.name, Item::Table(entry));
            }
        })
    }

    /// Takes one off the list, and saves it. What the context had stays where it is.
    ///
    /// # Errors
    /// [`ContextError`]; the file is then as before.
    pub fn remove(&mut self, name: &str) -> Result<Context, ContextError> {
        let context = self.find(name)?;
        let is_current = self.current() == Some(name);
        self.change(|document| {
            if let Some(contexts) = document.get_mut("contexts").and_then(Item::as_table_like_mut) {
                contexts.remove(name);
            }
            if is_current {
                set_current(document, "");
            }
        })?;
        Ok(context)
    }

    /// Uses one where nothing else says so, or none, and saves that.
    ///
    /// # Errors
    /// [`ContextError`]; the file is then as before.
    pub fn make_current(&mut self, name: Option<&str>) -> Result<(), ContextError> {
        if let Some(name) = name {
            self.find(name)?;
        }
        self.change(|document| set_current(document, name.unwrap_or_default()))
    }

    fn change(&mut self, how: impl FnOnce(&mut DocumentMut)) -> Result<(), ContextError> {
        let mut document = self.document.clone();
        how(&mut document);
        let text = document.to_string();
        let changed = Self::parse(self.path.clone(), &text)?;
        private_file::write(&self.path, text.as_bytes())?;
        *self = changed;
        Ok(())
    }
}

/// An empty name is none. The line stays, with what is written above and behind it.
fn set_current(document: &mut DocumentMut, name: &str) {
    if let Some(Item::Value(old)) = document.get_mut("current") {
        let decor = old.decor().clone();
        *old = name.into();
        *old.decor_mut() = decor;
    } else if !name.is_empty() {
        document["current"] = value(name);
    }
}

fn is_name(name: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= LONGEST_NAME && name.chars().all(is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine\ncurrent = \"b2b\" # for now\n\n# the old shop\n[contexts.b2b]\nconfig = \"b2b.toml\"\n";

    fn in_file(text: &str) -> (tempfile::TempDir, Contexts) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(FILE_NAME);
        private_file::write(&path, text.as_bytes()).expect("written");
        let contexts = Contexts::load(path).expect("a list");
        (directory, contexts)
    }

    fn luma() -> Context {
        let state_directory = Some("/var/lib/luma".into());
        Context { name: "luma".to_owned(), config: "/etc/luma.toml".into(), state_directory }
    }

    #[test]
    fn a_list_is_changed_without_losing_a_comment() {
        let (directory, mut contexts) = in_file(TEXT);
        contexts.add(&luma()).expect("added");
        contexts.make_current(Some("luma")).expect("there");
        let text = std::fs::read_to_string(contexts.path()).expect("text");
        let added = "\n[contexts.luma]\nconfig = \"/etc/luma.toml\"\nstate_directory = \"/var/lib/luma\"\n";
        assert_eq!(text, TEXT.replace("= \"b2b\"", "= \"luma\"") + added);
        assert_eq!(contexts.find("luma"), Ok(luma()));
        let b2b = contexts.remove("b2b").expect("there");
        assert_eq!(b2b.config, directory.path().join("b2b.toml"), "relative to the list");
        assert_eq!(contexts.current(), Some("luma"));
        contexts.remove("luma").expect("there");
        assert_eq!((contexts.current(), contexts.all().count()), (None, 0), "what is gone is not current");
    }

    #[test]
    fn what_is_wrong_is_one_sentence_and_changes_nothing() {
        let (_directory, mut contexts) = in_file(TEXT);
        let unknown = contexts.find("b2c").expect_err("no such context");
        assert_eq!(unknown.hint().expect("a hint").command_line(), "did you mean b2b?");
        let unknown = contexts.make_current(Some("xyz")).expect_err("no such context");
        assert_eq!(unknown.hint().expect("a hint").command_line(), "contexts: b2b");
        contexts.remove("xyz").expect_err("no such context");
        contexts.add(&Context { name: "b2b".to_owned(), ..luma() }).expect_err("there already");
        for name in ["", "-x", "a b", "../x", "ä", &"x".repeat(LONGEST_NAME + 1)] {
            contexts.add(&Context { name: name.to_owned(), ..luma() }).expect_err(name);
        }
        assert_eq!(std::fs::read_to_string(contexts.path()).expect("text"), TEXT);

        let mistake = Contexts::parse("c.toml".into(), "[contexts.a]\nconfgi = \"x\"\n").expect_err("a mistake");
        assert!(mistake.to_string().contains("c.toml line 2") && mistake.hint().is_some(), "{mistake}");
    }
}
