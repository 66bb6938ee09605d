//! Where a setting is set besides the database, for the whole installation, a website or a store view.
//!
//! Commerce merges the places scope by scope: variables over env.php over config.php over the database over the modules' own
//! defaults. A store view then takes its own value, else its website's, else the default one.

use std::collections::BTreeMap;
use std::path::Path;

use super::modules::ModuleDefaults;
use super::{Found, Origin};
use crate::commerce::deployment::Deployment;
use crate::commerce::env_php::EnvPhpError;
use crate::variables::Variables;

/// What the variables begin with that set a value.
const VARIABLE_PREFIX: &str = "CONFIG__";

/// What a value is set for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole installation.
    Default,
    /// The website with this code, in lower case: Commerce does not tell codes apart by their case.
    Website(String),
    /// The store view with this code, likewise.
    Store(String),
}

impl Scope {
    /// A website by its code.
    #[must_use]
    pub fn website(code: &str) -> Self {
        Scope::Website(code.to_lowercase())
    }

    /// A store view by its code.
    #[must_use]
    pub fn store(code: &str) -> Self {
        Scope::Store(code.to_lowercase())
    }

    /// Where Commerce keeps such values, and the code.
    fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Scope::Default => ("default", None),
            Scope::Website(code) => ("websites", Some(code)),
            Scope::Store(code) => ("stores", Some(code)),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scope::Default => f.write_str("default"),
            Scope::Website(code) => write!(f, "website {code}"),
            Scope::Store(code) => write!(f, "store view {code}"),
        }
    }
}

/// Everything that sets a setting besides the database.
#[derive(Debug, Clone)]
pub struct Sources {
    deployment: Deployment,
    /// The variables that set something: the name in lower case without prefix, and as it is.
    variables: BTreeMap<String, String>,
    modules: ModuleDefaults,
    /// How the files spell the codes that they have settings for, by scope.
    spelt: BTreeMap<Scope, Vec<String>>,
}

impl Sources {
    /// Reads the files of the installation at `root`, which must have an env.php. Blocking.
    pub fn read(root: &Path, environment: Variables) -> Result<Self, EnvPhpError> {
        Self::of(Deployment::read(root, environment)?)
    }

    /// The same where env.php need not be there, or no installation is known at all. Blocking.
    pub fn read_if_there(root: Option<&Path>, environment: Variables) -> Result<Self, EnvPhpError> {
        match root {
            Some(root) => Self::of(Deployment::read_if_there(root, environment)?),
            None => Self::of(Deployment::of_variables(environment)),
        }
    }

    pub(crate) fn of(deployment: Deployment) -> Result<Self, EnvPhpError> {
        let modules = ModuleDefaults::read(&deployment)?;
        let variables = deployment
            .environment()
            .beginning_with(VARIABLE_PREFIX)
            .map(|(rest, _)| (rest.to_lowercase(), format!("{VARIABLE_PREFIX}{rest}")))
            .collect();
        let mut spelt: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
        for code in deployment.system_codes("websites")? {
            spelt.entry(Scope::website(&code)).or_default().push(code);
        }
        for code in deployment.system_codes("stores")? {
            spelt.entry(Scope::store(&code)).or_default().push(code);
        }
        Ok(Self { deployment, variables, modules, spelt })
    }

    /// The files and variables that the installation was deployed with.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// What a variable or a file sets: the database is not asked.
    ///
    /// # Errors
    /// [`EnvPhpError`] if it is set and cannot be known.
    pub fn locked(&self, scope: &Scope, path: &str) -> Result<Option<Found>, EnvPhpError> {
        let (kind, code) = scope.parts();
        let name = std::iter::once(kind).chain(code).chain(path.split('/')).collect::<Vec<_>>().join("__");
        if let Some(variable) = self.variables.get(&name.to_lowercase())
            && let Some(value) = self.deployment.environment().get(variable)
        {
            return Ok(Some(Found::new(Some(value.to_owned()), Origin::Variable(variable.clone()))));
        }
        let in_files =
            |code: Option<&str>| {
                let keys: Vec<&str> = std::iter::once(kind).chain(code).chain(path.split('/')).collect();
                let found = self.deployment.system(&keys)?;
                Ok::<_, EnvPhpError>(found.map(|(plain, file)| {
                    Found::new(plain.text, Origin::File { path: file.to_owned(), line: plain.line })
                }))
            };
        if code.is_none() {
            return in_files(None);
        }
        for spelt in self.spelt.get(scope).into_iter().flatten() {
            if let Some(found) = in_files(Some(spelt))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The paths of the settings below a path that a variable or a file sets for the whole installation.
    pub(super) fn paths_below(&self, path: &str) -> Vec<String> {
        let prefix = format!("default__{}__", path.replace('/', "__"));
        let of_variables = self.variables.keys().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned);
        // A file that cannot be understood says so to whoever asks for a setting.
        let of_files = self.deployment.system_keys(path).unwrap_or_default();
        of_variables.chain(of_files).map(|name| format!("{path}/{name}")).collect()
    }

    /// What the installation's modules ship: the database wins over it.
    pub fn shipped(&self, scope: &Scope, path: &str) -> Option<Found> {
        let shipped = self.modules.get(scope, path)?;
        Some(Found::new(Some(shipped.value.clone()), Origin::Module(shipped.file.to_string())))
    }

    /// The value of one scope, given the database's row of it: `Some(None)` is a row without a value, which is a value.
    ///
    /// # Errors
    /// [`EnvPhpError`] if a file sets it and it cannot be known.
    pub fn merged(&self, scope: &Scope, path: &str, row: Option<Option<String>>) -> Result<Option<Found>, EnvPhpError> {
        if let Some(found) = self.locked(scope, path)? {
            return Ok(Some(found));
        }
        Ok(row.map(|value| Found::new(value, Origin::Database)).or_else(|| self.shipped(scope, path)))
    }
}
