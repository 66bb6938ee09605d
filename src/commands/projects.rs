//! `projects list|create|rename`, and how projects are printed.

use serde_json::{Value, json};

use super::Invocation;
use super::output::{Output, table};
use crate::cli::ProjectsCommand;
use crate::domain::{DataSpaceId, Project};
use crate::error::{Exit, Problem};

/// Runs one of them.
pub async fn run(command: ProjectsCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    match command {
        ProjectsCommand::List => {
            let projects = connector.projects().await?;
            let in_use = connector.overview().data_space.map(|(id, _, _)| id);
            print(&projects, in_use.as_ref(), output)?;
        }
        ProjectsCommand::Create { name } => {
            let project = connector.create_project(&name).await?;
            print(&[project], None, output)?;
        }
        ProjectsCommand::Rename { project, name } => {
            let id = connector.project_of(&project).await?;
            let project = connector.rename_project(&id, &name).await?;
            output.say(
                &format!("Renamed project {} to {} (a label only).", project.id, project.name),
                "project",
                record(&project, None),
            )?;
        }
    }
    Ok(Exit::Done)
}

/// Prints projects with their data spaces.
pub fn print(projects: &[Project], in_use: Option<&DataSpaceId>, output: &mut Output) -> Result<(), Problem> {
    for project in projects {
        output.record("project", record(project, in_use))?;
    }
    if projects.is_empty() {
        return output.text("No projects visible to these keys: run `commerce-connector projects create NAME`.");
    }
    let mut rows = vec![
        ["#", "PROJECT", "PROJECT ID", "#", "DATA SPACE", "TYPE", "DATA SPACE ID", ""].map(str::to_owned).to_vec(),
    ];
    for (place, project) in projects.iter().enumerate() {
        for data_space in &project.data_spaces {
            let number = rows.len();
            rows.push(vec![
                (place + 1).to_string(),
                project.name.to_string(),
                project.id.to_string(),
                number.to_string(),
                data_space.name.to_string(),
                data_space.kind.to_string(),
                data_space.id.to_string(),
                if in_use == Some(&data_space.id) { "in use".to_owned() } else { String::new() },
            ]);
        }
    }
    output.text(&table(&rows, &[]))
}

fn record(project: &Project, in_use: Option<&DataSpaceId>) -> Value {
    let data_spaces: Vec<Value> = project
        .data_spaces
        .iter()
        .map(|data_space| {
            json!({
                "id": data_space.id,
                "name": data_space.name,
                "kind": data_space.kind,
                "in_use": in_use == Some(&data_space.id),
            })
        })
        .collect();
    json!({"id": project.id, "name": project.name, "data_spaces": data_spaces})
}
