//! Packages of Adobe's that change items, by composer.lock.

use std::path::Path;

use super::change::{Change, Extension};
use crate::commerce::edition::ComposerLock;
use crate::commerce::modules::Module;
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// Adds tax class, attribute set and stock to the attributes of products.
const EXTRA_ATTRIBUTES: &str = "adobe-commerce/module-extra-product-attributes";
/// Feeds Commerce Optimizer.
const OPTIMIZER: &str = "adobe-commerce/commerce-data-export-aco-adapter";
/// Where the settings of the latter are.
pub const OPTIMIZER_SETTINGS: &str = "aco_exporter/general";

const LOCK: &str = "composer.lock";

/// Those that are installed, and of which a module is switched on. One whose modules are nowhere to be seen counts.
pub(super) fn find(root: &Path, modules: &[Module], is_on: impl Fn(&Module) -> bool) -> Vec<Extension> {
    let Some(lock) = ComposerLock::read(root) else { return Vec::new() };
    let is_installed = |package: &str| {
        let mut of_package = modules.iter().filter(|module| module.package.as_deref() == Some(package)).peekable();
        lock.version(package).is_some() && (of_package.peek().is_none() || of_package.any(&is_on))
    };
    let known = [
        (EXTRA_ATTRIBUTES, Change::ExtraAttributes, vec![Feed::Products]),
        (OPTIMIZER, Change::Optimizer, Feed::ALL.to_vec()),
    ];
    let found = known.into_iter().filter(|(package, ..)| is_installed(package)).map(|(package, change, feeds)| {
        let (module, file) = (SafeText::new(package), SafeText::new(LOCK));
        Extension { module, file, line: line_of(root, package), change, feeds }
    });
    found.collect()
}

/// The line that names the package.
fn line_of(root: &Path, package: &str) -> Option<usize> {
    let text = std::fs::read_to_string(root.join(LOCK)).ok()?;
    let named = format!("\"{package}\"");
    let is_name = |line: &str| line.trim_start().starts_with("\"name\"") && line.contains(&named);
    text.lines().position(is_name).map(|place| place + 1)
}
