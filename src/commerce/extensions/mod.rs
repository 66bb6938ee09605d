//! What somebody changed in Adobe's exporter, as far as an installation's files say: plugins, preferences, arguments, added fields
//! and queries of modules that are switched on (protocol page §8).
//!
//! A module counts as Adobe's by where it lies: below `vendor/magento` or `vendor/adobe-commerce`. Its name would prove nothing.
//!
//! | file | for |
//! |---|---|
//! | `change` | what can be changed, and what was found |
//! | `concerns` | which feeds a class, a record or a query is about |
//! | `di` | `di.xml` |
//! | `schema` | `et_schema.xml` and `query.xml` |
//! | `packages` | packages of Adobe's that change items, by composer.lock |
//!
//! This room must never know what becomes of a feed that was changed.

mod change;
mod concerns;
mod di;
mod packages;
mod schema;

use std::fmt;
use std::path::Path;

use super::deployment::Deployment;
use super::env_php::EnvPhpError;
use super::modules::{Module, Modules, directories};
use super::xml::{Element, XmlError};
use crate::domain::Feed;
use crate::untrusted::SafeText;

pub use change::{Change, Extension};
pub use packages::OPTIMIZER_SETTINGS;

/// Who Adobe's packages are published by.
const ADOBE: [&str; 2] = ["magento/", "adobe-commerce/"];

/// What was found in the files of an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// In the order of modules, files and lines.
    pub found: Vec<Extension>,
    /// The files that could not be looked into, and why.
    pub unread: Vec<UnreadFile>,
}

/// A file that could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadFile {
    /// Below the installation's root.
    pub file: SafeText,
    pub line: Option<usize>,
    /// What is wrong, after "it".
    pub reason: SafeText,
}

impl fmt::Display for UnreadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(" line {line}")).unwrap_or_default();
        write!(f, "{}{line}: it {}", self.file, self.reason)
    }
}

/// What one file changes: the line, what, and the feeds that it concerns.
type Changes = Vec<(usize, Change, Vec<Feed>)>;

impl Extensions {
    /// Looks into the files of every module that is switched on. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`] if it cannot be known which modules are switched on.
    pub fn find(deployment: &Deployment) -> Result<Self, EnvPhpError> {
        let root = deployment.root();
        if root.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let enabled = deployment.enabled_modules()?;
        let is_on = |module: &Module| enabled.as_ref().is_none_or(|names| names.contains(&module.name));
        let modules = Modules::find(root);
        let mut extensions = Self::default();
        for (file, error) in modules.unread {
            extensions.unread(root, &file, error);
        }
        for module in modules.found.iter().filter(|module| is_on(module) && !is_adobes(module)) {
            extensions.look_into(root, module);
        }
        extensions.found.extend(packages::find(root, &modules.found, is_on));
        Ok(extensions)
    }

    fn look_into(&mut self, root: &Path, module: &Module) {
        let etc = module.directory.join("etc");
        self.read(root, module, &etc.join("di.xml"), di::changes);
        for area in directories(&etc) {
            self.read(root, module, &area.join("di.xml"), di::changes);
        }
        self.read(root, module, &etc.join("et_schema.xml"), schema::fields);
        self.read(root, module, &etc.join("query.xml"), schema::queries);
    }

    fn read(&mut self, root: &Path, module: &Module, file: &Path, changes: fn(&Element) -> Changes) {
        match Element::read(file) {
            Ok(Some(config)) => {
                let shown = below(root, file);
                self.found.extend(changes(&config).into_iter().map(|(line, change, feeds)| Extension {
                    module: SafeText::new(&module.name),
                    file: shown.clone(),
                    line: Some(line),
                    change,
                    feeds,
                }));
            }
            Ok(None) => {}
            Err(error) => self.unread(root, file, error),
        }
    }

    fn unread(&mut self, root: &Path, file: &Path, error: XmlError) {
        self.unread.push(UnreadFile { file: below(root, file), line: error.line, reason: error.reason });
    }
}

fn is_adobes(module: &Module) -> bool {
    module.package.as_deref().is_some_and(|package| ADOBE.iter().any(|vendor| package.starts_with(vendor)))
}

fn below(root: &Path, file: &Path) -> SafeText {
    SafeText::new(&file.strip_prefix(root).unwrap_or(file).to_string_lossy())
}

#[cfg(test)]
mod tests;
