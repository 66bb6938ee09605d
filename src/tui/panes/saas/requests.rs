//! What the pane asks of the connector about projects and data spaces, and what comes back.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::connector::preview::RunPreview;
use crate::connector::{Connector, Overview};
use crate::domain::{DataSpace, DataSpaceId, Environment, Project, ProjectId};
use crate::error::Problem;
use crate::tui::panes::blocking;

/// What can be asked: each is one call of the connector.
#[derive(Debug)]
pub enum SaasWork {
    /// List the projects.
    LoadProjects,
    CreateProject(String),
    RenameProject(ProjectId, String),
    RenameDataSpace(DataSpaceId, String),
    /// Look when each data space last received anything from here.
    LoadLastReceived,
    /// Look ahead to exports into this data space.
    Foresee(DataSpace),
    /// Choose a data space; with its name, if that was typed.
    SelectDataSpace(DataSpaceId, Option<String>),
}

/// What comes back.
#[derive(Debug)]
pub enum SaasReply {
    /// The projects that the keys see.
    Projects {
        /// Whose keys.
        environment: Environment,
        result: Result<Vec<Project>, Problem>,
    },
    /// When each data space last received anything from here.
    LastReceived(Result<BTreeMap<DataSpaceId, Timestamp>, Problem>),
    /// What exports into a data space would be.
    Foreseen {
        space: DataSpaceId,
        /// What lies ahead.
        result: Result<RunPreview, Problem>,
    },
    ProjectCreated(Result<Project, Problem>),
    /// A project or data space has a new name.
    Renamed(Result<Overview, Problem>),
    /// A data space was chosen.
    Selected(Result<Overview, Problem>),
}

/// Does it, and says what came of it.
pub async fn perform(connector: Connector, work: SaasWork) -> SaasReply {
    match work {
        SaasWork::LoadProjects => {
            let environment = connector.overview().environment;
            SaasReply::Projects { environment, result: connector.projects().await }
        }
        SaasWork::LoadLastReceived => SaasReply::LastReceived(blocking(move || connector.last_received()).await),
        SaasWork::Foresee(space) => SaasReply::Foreseen { result: connector.foresee(&space).await, space: space.id },
        SaasWork::CreateProject(name) => SaasReply::ProjectCreated(connector.create_project(&name).await),
        SaasWork::RenameProject(id, name) => {
            SaasReply::Renamed(connector.rename_project(&id, &name).await.map(|_| connector.overview()))
        }
        SaasWork::RenameDataSpace(id, name) => {
            SaasReply::Renamed(connector.rename_data_space(&id, &name).await.map(|_| connector.overview()))
        }
        SaasWork::SelectDataSpace(id, typed) => {
            SaasReply::Selected(connector.select_data_space(&id, typed.as_deref()).await)
        }
    }
}
