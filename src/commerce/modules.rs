//! The modules of an installation, found where Commerce finds them: in `app/code`, and in the packages of `vendor`.
//!
//! Commerce runs each module's registration.php, which only PHP can do; what it registers is the directory that has an
//! `etc/module.xml`. A package may have it in a folder of its own, such as `src/`, or have several modules.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::xml::{Element, XmlError};

/// How many directories below a package its modules may lie.
const DEPTH: usize = 3;
/// Directories of packages without modules for a shop, and many files.
const PASSED_OVER: [&str; 5] = ["node_modules", "Test", "Tests", "test", "tests"];

/// A module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Such as `Acme_Feeds`.
    pub name: String,
    pub directory: PathBuf,
    /// The composer package that it came in, such as `acme/module-feeds`; `None` in `app/code`.
    pub package: Option<String>,
}

/// Every module of an installation, switched on or not.
#[derive(Debug, Default)]
pub struct Modules {
    /// In the order of their directories.
    pub found: Vec<Module>,
    /// The `etc/module.xml` that cannot be read, so that nobody knows which module it is of.
    pub unread: Vec<(PathBuf, XmlError)>,
    /// Device and number of every directory that was looked at: a link may lead to one of them.
    seen: BTreeSet<(u64, u64)>,
}

impl Modules {
    /// Looks for them. Blocking.
    pub fn find(root: &Path) -> Self {
        let mut modules = Self::default();
        for vendor in entries(&root.join("app/code")) {
            for directory in entries(&vendor) {
                modules.look(&directory, None, 0);
            }
        }
        for vendor in entries(&root.join("vendor")) {
            for directory in entries(&vendor) {
                let package = format!("{}/{}", name_of(&vendor), name_of(&directory));
                modules.look(&directory, Some(&package), DEPTH);
            }
        }
        modules
    }

    fn look(&mut self, directory: &Path, package: Option<&str>, deeper: usize) {
        let Ok(metadata) = std::fs::metadata(directory) else { return };
        if !self.seen.insert((metadata.dev(), metadata.ino())) {
            return;
        }
        let file = directory.join("etc/module.xml");
        match Element::read(&file) {
            Ok(Some(config)) => {
                let name = config.named("module").map(|module| module.attribute("name").to_owned()).next();
                let package = package.map(str::to_owned);
                let module = name.map(|name| Module { name, directory: directory.to_owned(), package });
                self.found.extend(module);
            }
            Ok(None) if deeper > 0 => {
                for below in directories(directory) {
                    let name = name_of(&below);
                    if !name.starts_with('.') && !PASSED_OVER.contains(&name.as_str()) {
                        self.look(&below, package, deeper - 1);
                    }
                }
            }
            Ok(None) => {}
            Err(error) => self.unread.push((file, error)),
        }
    }
}

/// What is in a directory, in order. One that is not there has nothing. Vendors and packages may be links.
fn entries(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// The directories in a directory, in order. Links are not followed: they can lead in circles.
pub(super) fn directories(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).into_iter().flatten().flatten();
    let is_directory = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut found: Vec<PathBuf> = entries.filter(is_directory).map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn name_of(directory: &Path) -> String {
    directory.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(root: &Path, directory: &str, xml: &str) {
        let etc = root.join(directory).join("etc");
        std::fs::create_dir_all(&etc).expect("made");
        std::fs::write(etc.join("module.xml"), xml).expect("written");
    }

    #[test]
    fn modules_of_code_of_packages_and_of_folders_in_packages_are_found_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        for (directory, name) in [
            ("app/code/Acme/Code", "Acme_Code"),
            ("vendor/acme/one", "Acme_One"),
            ("vendor/acme/many/src/A", "Acme_A"),
            ("vendor/acme/many/src/B", "Acme_B"),
            ("vendor/acme/many/tests/C", "Acme_OfTests"),
            ("vendor/acme/deep/1/2/3/4", "Acme_TooDeep"),
        ] {
            module(root, directory, &format!("<config><module name=\"{name}\"/></config>"));
        }
        module(root, "vendor/acme/broken", "<config><module");
        std::os::unix::fs::symlink(root.join("vendor"), root.join("vendor/acme/many/loop")).expect("a link");
        std::os::unix::fs::symlink(root.join("nowhere"), root.join("vendor/acme/dead")).expect("a link");
        let modules = Modules::find(root);
        let found: Vec<(&str, Option<&str>)> =
            modules.found.iter().map(|module| (module.name.as_str(), module.package.as_deref())).collect();
        let expected = [
            ("Acme_Code", None),
            ("Acme_A", Some("acme/many")),
            ("Acme_B", Some("acme/many")),
            ("Acme_One", Some("acme/one")),
        ];
        assert_eq!(found, expected);
        let unread: Vec<&Path> = modules.unread.iter().map(|(file, _)| file.as_path()).collect();
        assert_eq!(unread, [root.join("vendor/acme/broken/etc/module.xml")]);
    }
}
