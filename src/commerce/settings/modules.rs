//! What the installation's modules ship as defaults: their `etc/config.xml`, read as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::Scope;
use crate::commerce::deployment::Deployment;
use crate::commerce::env_php::EnvPhpError;
use crate::untrusted::SafeText;

/// No module's file is larger, in bytes.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;
/// Elements in elements: scope, code and path have five levels.
const DEPTH_LIMIT: usize = 32;

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
        for directory in ["vendor", "app/code"].iter().flat_map(|above| modules(&root.join(above))) {
            let file = directory.join("etc/config.xml");
            if !file.is_file() {
                continue;
            }
            let place = match (&enabled, name_of(&directory)) {
                (Some(enabled), Some(name)) => enabled.iter().position(|found| *found == name),
                // A package without a name of a module cannot be switched off.
                (_, None) | (None, _) => Some(usize::MAX),
            };
            files.extend(place.map(|place| (place, file)));
        }
        files.sort();
        let mut defaults = Self::default();
        for (_, file) in files {
            let shown: Arc<str> = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into();
            let fail = |reason: &str| EnvPhpError {
                path: SafeText::new(&file.to_string_lossy()),
                line: None,
                reason: SafeText::new(reason),
            };
            let text = read_limited(&file).map_err(|error| fail(&error.to_string()))?;
            defaults.add(&text, &shown).map_err(|reason| fail(&reason))?;
        }
        Ok(defaults)
    }

    /// The default of a setting in one scope.
    pub fn get(&self, scope: &Scope, path: &str) -> Option<&Shipped> {
        self.values.get(&(scope.clone(), path.to_owned()))
    }

    fn add(&mut self, text: &str, file: &Arc<str>) -> Result<(), String> {
        let not_xml = |error: &dyn std::fmt::Display| format!("it is not XML: {error}");
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut path: Vec<String> = Vec::new();
        let mut value = String::new();
        let mut has_children = false;
        loop {
            match reader.read_event().map_err(|error| not_xml(&error))? {
                Event::Start(element) => {
                    if path.len() == DEPTH_LIMIT {
                        return Err("its elements are nested too deeply".to_owned());
                    }
                    path.push(element.name().as_ref().to_owned());
                    value.clear();
                    has_children = false;
                }
                Event::End(_) => {
                    if !has_children && let Some((scope, setting)) = place(&path) {
                        let shipped = Shipped { value: value.trim().to_owned(), file: Arc::clone(file) };
                        self.values.insert((scope, setting), shipped);
                    }
                    path.pop();
                    value.clear();
                    has_children = true;
                }
                Event::Text(piece) => value.push_str(&piece),
                Event::CData(piece) => value.push_str(&piece),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|error| not_xml(&error))?;
                    match character
                        .map(String::from)
                        .or_else(|| quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned))
                    {
                        Some(text) => value.push_str(&text),
                        None => return Err("it has an unknown entity".to_owned()),
                    }
                }
                Event::Eof if path.is_empty() => return Ok(()),
                Event::Eof => return Err("it is not XML: an element is not closed".to_owned()),
                _ => {}
            }
        }
    }
}

/// The scope and the setting at a path of elements: `config`, `default`, `web`, `unsecure`, `base_url`.
fn place(elements: &[String]) -> Option<(Scope, String)> {
    let [config, scope, rest @ ..] = elements else { return None };
    if config != "config" {
        return None;
    }
    match (scope.as_str(), rest) {
        ("default", [_, ..]) => Some((Scope::Default, rest.join("/"))),
        ("websites", [code, path @ ..]) if !path.is_empty() => {
            Some((Scope::Website(code.to_lowercase()), path.join("/")))
        }
        ("stores", [code, path @ ..]) if !path.is_empty() => Some((Scope::Store(code.to_lowercase()), path.join("/"))),
        _ => None,
    }
}

/// The directories of a vendor's modules: two below `above`. A directory that is not there has none.
fn modules(above: &Path) -> Vec<PathBuf> {
    let below = |directory: &Path| {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    below(above).iter().flat_map(|vendor| below(vendor)).collect()
}

/// A module's name, from its `etc/module.xml`.
fn name_of(directory: &Path) -> Option<String> {
    let text = read_limited(&directory.join("etc/module.xml")).ok()?;
    let mut reader = Reader::from_str(&text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) if element.name().as_ref() == "module" => {
                let name = element.try_get_attribute("name").ok()??;
                return Some(name.value.into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(SIZE_LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(xml: &str) -> Result<ModuleDefaults, String> {
        let mut defaults = ModuleDefaults::default();
        defaults.add(xml, &"vendor/a/b/etc/config.xml".into()).map(|()| defaults)
    }

    #[test]
    fn defaults_of_every_scope_are_read_and_groups_are_none() {
        let found = defaults(
            "<?xml version=\"1.0\"?>\n<!-- c --><config xmlns:xsi=\"x\"><default>\n <web><unsecure><base_url>{{base_url}}</base_url>\
             <base_link_url/></unsecure></web><a><b><c> 1 &amp; &#50;<![CDATA[ < ]]></c></b></a></default>\
             <websites><Base><a><b><c>w</c></b></a></Base></websites><stores><de><a><b><c>s</c></b></a></de></stores></config>",
        )
        .expect("XML");
        let value = |scope: Scope, path: &str| found.get(&scope, path).map(|found| found.value.clone());
        assert_eq!(value(Scope::Default, "web/unsecure/base_url").as_deref(), Some("{{base_url}}"));
        assert_eq!(value(Scope::Default, "web/unsecure/base_link_url").as_deref(), Some(""));
        assert_eq!(value(Scope::Default, "a/b/c").as_deref(), Some("1 & 2 <"));
        assert_eq!(value(Scope::Website("base".to_owned()), "a/b/c").as_deref(), Some("w"));
        assert_eq!(value(Scope::Store("de".to_owned()), "a/b/c").as_deref(), Some("s"));
        assert_eq!(value(Scope::Default, "a/b"), None);
        assert_eq!(found.values.len(), 5);
    }

    #[test]
    fn what_is_no_xml_is_said() {
        for xml in ["<config><default></config>", "<config>", "<a>&nope;</a>"] {
            assert!(defaults(xml).is_err(), "{xml}");
        }
        assert!(defaults(&"<a>".repeat(100)).expect_err("deep").contains("nested"));
    }
}
