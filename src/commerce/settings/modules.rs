//! What the installation's modules ship as defaults: their `etc/config.xml`, read as data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Scope;
use crate::commerce::deployment::Deployment;
use crate::commerce::env_php::EnvPhpError;
use crate::commerce::modules::Modules;
use crate::commerce::xml::{Element, XmlError};
use crate::untrusted::SafeText;

/// A default and the file that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    pub value: String,
    /// The file, below the installation's root.
    pub file: Arc<str>,
}

/// The defaults of all modules that are switched on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleDefaults {
    values: BTreeMap<(Scope, String), Shipped>,
}

impl ModuleDefaults {
    /// Reads the files of the modules that config.php has switched on, in its order: later ones win. Where it lists none, every
    /// module counts. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`] if a file cannot be read or is not XML.
    pub fn read(deployment: &Deployment) -> Result<Self, EnvPhpError> {
        let root = deployment.root();
        if root.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let enabled = deployment.enabled_modules()?;
        let mut files: Vec<(usize, PathBuf)> = Vec::new();
        for module in Modules::find(root).found {
            let place = match &enabled {
                Some(enabled) => enabled.iter().position(|name| *name == module.name),
                None => Some(usize::MAX),
            };
            files.extend(place.map(|place| (place, module.directory.join("etc/config.xml"))));
        }
        files.sort();
        let mut defaults = Self::default();
        for (_, file) in files {
            let fail = |error: XmlError| EnvPhpError {
                path: SafeText::new(&file.to_string_lossy()),
                line: error.line,
                reason: SafeText::from(format!("it {}", error.reason)),
            };
            if let Some(config) = Element::read(&file).map_err(fail)? {
                let shown = file.strip_prefix(root).unwrap_or(&file).to_string_lossy();
                defaults.add(config, &shown.into());
            }
        }
        Ok(defaults)
    }

    /// The default of a setting in one scope.
    pub fn get(&self, scope: &Scope, path: &str) -> Option<&Shipped> {
        self.values.get(&(scope.clone(), path.to_owned()))
    }

    fn add(&mut self, config: Element, file: &Arc<str>) {
        if config.name != "config" {
            return;
        }
        for scope in config.children {
            let of_code = |code: &Element| code.name.to_lowercase();
            match scope.name.as_str() {
                "default" => self.add_below(&Scope::Default, "", scope.children, file),
                "websites" => {
                    for code in scope.children {
                        self.add_below(&Scope::Website(of_code(&code)), "", code.children, file);
                    }
                }
                "stores" => {
                    for code in scope.children {
                        self.add_below(&Scope::Store(of_code(&code)), "", code.children, file);
                    }
                }
                _ => {}
            }
        }
    }

    /// A setting is an element without others in it; its path are the names of those that it is in.
    fn add_below(&mut self, scope: &Scope, path: &str, elements: Vec<Element>, file: &Arc<str>) {
        for element in elements {
            let path = if path.is_empty() { element.name } else { format!("{path}/{}", element.name) };
            if element.children.is_empty() {
                self.values.insert((scope.clone(), path), Shipped { value: element.text, file: Arc::clone(file) });
            } else {
                self.add_below(scope, &path, element.children, file);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(xml: &str) -> ModuleDefaults {
        let mut defaults = ModuleDefaults::default();
        defaults.add(Element::parse(xml).expect("XML"), &"vendor/a/b/etc/config.xml".into());
        defaults
    }

    #[test]
    fn defaults_of_every_scope_are_read_and_groups_are_none() {
        let found = defaults(
            "<?xml version=\"1.0\"?>\n<!-- c --><config xmlns:xsi=\"x\"><default>\n <web><unsecure><base_url>{{base_url}}</base_url>\
             <base_link_url/></unsecure></web><a><b><c> 1 &amp; &#50;<![CDATA[ < ]]></c></b></a></default>\
             <websites><Base><a><b><c>w</c></b></a></Base></websites><stores><de><a><b><c>s</c></b></a></de></stores></config>",
        );
        let value = |scope: Scope, path: &str| found.get(&scope, path).map(|found| found.value.clone());
        assert_eq!(value(Scope::Default, "web/unsecure/base_url").as_deref(), Some("{{base_url}}"));
        assert_eq!(value(Scope::Default, "web/unsecure/base_link_url").as_deref(), Some(""));
        assert_eq!(value(Scope::Default, "a/b/c").as_deref(), Some("1 & 2 <"));
        assert_eq!(value(Scope::Website("base".to_owned()), "a/b/c").as_deref(), Some("w"));
        assert_eq!(value(Scope::Store("de".to_owned()), "a/b/c").as_deref(), Some("s"));
        assert_eq!(value(Scope::Default, "a/b"), None);
        assert_eq!(found.values.len(), 5);
    }
}
