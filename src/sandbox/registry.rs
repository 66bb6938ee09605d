//! The merchant registry: projects and their data spaces (protocol page §2).
//!
//! It keeps what was created in memory, one registry for each API key, and knows nothing of feeds.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Edition;

/// The longest project or data space name, in characters. Adobe does not publish one; this stands in.
const NAME_LIMIT: usize = 255;
/// Names of services that a project must not bear (protocol page §2).
const SERVICE_NAMES: [&str; 3] = ["live search", "product recommendations", "data connection"];

/// Everything one API key has registered, in order of creation.
#[derive(Debug, Default)]
pub(super) struct Registry {
    projects: Vec<Project>,
}

#[derive(Debug)]
struct Project {
    id: String,
    name: String,
    data_spaces: Vec<DataSpace>,
}

#[derive(Debug)]
struct DataSpace {
    id: String,
    name: String,
    kind: &'static str,
}

/// Why a name is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name is longer than {NAME_LIMIT} characters")]
    TooLong,
    #[error("the name contains {0:?}, which is the name of a service")]
    Service(&'static str),
}

/// Why a rename did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RenameError {
    /// There is nothing with this id.
    Unknown,
    /// The name is not taken.
    Name(NameError),
}

impl Registry {
    /// Every data space of every project, one flat row each.
    pub(super) fn rows(&self) -> Vec<Value> {
        self.projects.iter().flat_map(Project::rows).collect()
    }

    /// The rows of one project.
    pub(super) fn project(&self, id: &str) -> Option<Vec<Value>> {
        self.projects.iter().find(|project| project.id == id).map(Project::rows)
    }

    /// The row of one data space.
    pub(super) fn data_space(&self, id: &str) -> Option<Value> {
        self.projects.iter().find_map(|project| {
            let data_space = project.data_spaces.iter().find(|data_space| data_space.id == id)?;
            Some(project.row(data_space))
        })
    }

    /// Creates a project with as many data spaces as the edition gives, and returns its rows.
    ///
    /// # Errors
    /// [`NameError`] if the name is not taken.
    pub(super) fn create(&mut self, name: &str, edition: Edition) -> Result<Vec<Value>, NameError> {
        let name = project_name(name)?;
        let spaces: &[(&str, &'static str)] = match edition {
            Edition::Commerce => &[("Production", "Production"), ("Testing 1", "Testing"), ("Testing 2", "Testing")],
            Edition::OpenSource => &[("Production", "Production")],
        };
        let data_spaces = spaces
            .iter()
            .map(|&(name, kind)| DataSpace { id: Uuid::new_v4().to_string(), name: name.to_owned(), kind })
            .collect();
        let project = Project { id: Uuid::new_v4().to_string(), name, data_spaces };
        let rows = project.rows();
        self.projects.push(project);
        Ok(rows)
    }

    /// Renames a project and returns its rows.
    ///
    /// # Errors
    /// [`RenameError`] if there is no such project or the name is not taken.
    pub(super) fn rename_project(&mut self, id: &str, name: &str) -> Result<Vec<Value>, RenameError> {
        let project = self.projects.iter_mut().find(|project| project.id == id).ok_or(RenameError::Unknown)?;
        project.name = project_name(name).map_err(RenameError::Name)?;
        Ok(project.rows())
    }

    /// Renames a data space and returns its row.
    ///
    /// # Errors
    /// [`RenameError`] if there is no such data space or the name is not taken.
    pub(super) fn rename_data_space(&mut self, id: &str, name: &str) -> Result<Value, RenameError> {
        let data_space = self
            .projects
            .iter_mut()
            .flat_map(|project| &mut project.data_spaces)
            .find(|data_space| data_space.id == id)
            .ok_or(RenameError::Unknown)?;
        data_space.name = label(name).map_err(RenameError::Name)?;
        self.data_space(id).ok_or(RenameError::Unknown)
    }
}

impl Project {
    fn rows(&self) -> Vec<Value> {
        self.data_spaces.iter().map(|data_space| self.row(data_space)).collect()
    }

    fn row(&self, data_space: &DataSpace) -> Value {
        json!({
            "projectId": self.id,
            "projectName": self.name,
            "environmentId": data_space.id,
            "environmentName": data_space.name,
            "environmentType": data_space.kind,
        })
    }
}

/// A name that says something and fits.
fn label(name: &str) -> Result<String, NameError> {
    let name = name.trim();
    if name.is_empty() {
        Err(NameError::Empty)
    } else if name.chars().count() > NAME_LIMIT {
        Err(NameError::TooLong)
    } else {
        Ok(name.to_owned())
    }
}

/// A [`label`] that is not mistaken for a service.
fn project_name(name: &str) -> Result<String, NameError> {
    let name = label(name)?;
    let lower = name.to_lowercase();
    match SERVICE_NAMES.into_iter().find(|service| lower.contains(service)) {
        Some(service) => Err(NameError::Service(service)),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edition_decides_how_many_data_spaces_a_project_gets() {
        let mut registry = Registry::default();
        let rows = registry.create(" Shop ", Edition::Commerce).expect("a project");
        let kinds: Vec<_> = rows.iter().map(|row| row["environmentType"].as_str().expect("a type")).collect();
        assert_eq!(kinds, ["Production", "Testing", "Testing"]);
        assert_eq!(rows[0]["projectName"], "Shop");
        assert_eq!(registry.create("Other", Edition::OpenSource).expect("a project").len(), 1);
        assert_eq!(registry.rows().len(), 4);
    }

    #[test]
    fn bad_names_are_refused_and_nothing_is_made() {
        let mut registry = Registry::default();
        assert_eq!(registry.create("  ", Edition::Commerce), Err(NameError::Empty));
        assert_eq!(registry.create(&"ü".repeat(256), Edition::Commerce), Err(NameError::TooLong));
        assert_eq!(registry.create("My Live SEARCH", Edition::Commerce), Err(NameError::Service("live search")));
        assert!(registry.rows().is_empty());
        assert!(registry.create(&"ü".repeat(255), Edition::Commerce).is_ok());
    }

    #[test]
    fn renames_change_the_label_only() {
        let mut registry = Registry::default();
        let rows = registry.create("Shop", Edition::Commerce).expect("a project");
        let (project, space) = (rows[1]["projectId"].as_str(), rows[1]["environmentId"].as_str());
        let (project, space) = (project.expect("an id"), space.expect("an id"));
        registry.rename_project(project, "New").expect("a rename");
        let row = registry.rename_data_space(space, "Staging").expect("a rename");
        assert_eq!(row["environmentName"], "Staging");
        assert_eq!(row["projectName"], "New");
        assert_eq!(row["environmentId"], space);
        assert_eq!(registry.rename_data_space(project, "x"), Err(RenameError::Unknown));
        assert_eq!(registry.rename_project(project, " "), Err(RenameError::Name(NameError::Empty)));
    }
}
