//! Which edition and version of Commerce this is, from `composer.lock` (protocol page §5).

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::domain::Edition;

/// What composer.lock says of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub edition: Edition,
    /// The version of its product package.
    pub version: String,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
}

/// What composer.lock names: every package with its version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposerLock {
    versions: BTreeMap<String, String>,
}

impl ComposerLock {
    /// Reads `composer.lock` under `root`; `None` if it is absent or unreadable. Blocking.
    pub fn read(root: &Path) -> Option<Self> {
        let file = std::fs::File::open(root.join("composer.lock")).ok()?;
        let lock: Lock = serde_json::from_reader(std::io::BufReader::new(file)).ok()?;
        let version = |package: Package| (package.name, package.version.trim_start_matches('v').to_owned());
        Some(Self { versions: lock.packages.into_iter().map(version).collect() })
    }

    /// The version of a package, such as `2.4.8`; `None` if it is not installed.
    pub fn version(&self, package: &str) -> Option<&str> {
        self.versions.get(package).map(String::as_str)
    }

    /// Every package with its version, by name.
    pub fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.versions.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }

    /// The edition and its version; `None` for a fork with other package names, which is not an error: the metadata header
    /// then says the least.
    pub fn installed(&self) -> Option<Installed> {
        let enterprise = self
            .version("magento/product-enterprise-edition")
            .or_else(|| self.version("magento/magento-cloud-metapackage"));
        let installed = |edition, version: &str| Installed { edition, version: version.to_owned() };
        match (enterprise, self.version("magento/extension-b2b")) {
            (Some(version), Some(_)) => Some(installed(Edition::B2b, version)),
            (Some(version), None) => Some(installed(Edition::Ee, version)),
            (None, _) => {
                self.version("magento/product-community-edition").map(|version| installed(Edition::Ce, version))
            }
        }
    }
}

/// What [`ComposerLock::installed`] says of the lock under `root`. Blocking.
pub fn installed(root: &Path) -> Option<Installed> {
    ComposerLock::read(root)?.installed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &str) -> Option<Installed> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("composer.lock"), format!(r#"{{"packages":[{packages}]}}"#)).expect("written");
        installed(dir.path())
    }

    #[test]
    fn the_product_package_decides_and_b2b_counts_only_on_adobe_commerce() {
        let ce = r#"{"name":"magento/product-community-edition","version":"2.4.8"}"#;
        let ee = r#"{"name":"magento/product-enterprise-edition","version":"2.4.7-p1"}"#;
        let b2b = r#"{"name":"magento/extension-b2b","version":"1.5.0"}"#;
        assert_eq!(lock(ce), Some(Installed { edition: Edition::Ce, version: "2.4.8".into() }));
        assert_eq!(lock(&format!("{ce},{ee}")), Some(Installed { edition: Edition::Ee, version: "2.4.7-p1".into() }));
        assert_eq!(lock(&format!("{ee},{b2b}")).map(|found| found.edition), Some(Edition::B2b));
        assert_eq!(lock(&format!("{ce},{b2b}")).map(|found| found.edition), Some(Edition::Ce));
        assert_eq!(lock(r#"{"name":"mage-os/product-community-edition","version":"1.0.0"}"#), None);
    }
}
