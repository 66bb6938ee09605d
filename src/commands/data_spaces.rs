//! `data-spaces list|select|rename`.

use serde_json::json;

use super::output::{Output, ask, can_ask, talk};
use super::{Invocation, projects};
use crate::cli::DataSpacesCommand;
use crate::error::Exit;

/// Runs one of them.
pub async fn run(command: DataSpacesCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    match command {
        DataSpacesCommand::List => {
            let in_use = connector.overview().data_space.map(|(id, _, _)| id);
            projects::print(&connector.projects().await?, in_use.as_ref(), output)?;
        }
        DataSpacesCommand::Select { data_space, i_know } => {
            let id = connector.data_space_of(&data_space).await?;
            let overview = match connector.select_data_space(&id, i_know.as_deref()).await {
                Err(problem) if problem.exit == Exit::Guarded && i_know.is_none() && can_ask(output) => {
                    talk(&format!("{}.", problem.what));
                    let typed = tokio::task::spawn_blocking(|| ask("Type its name to select it: ")).await??;
                    connector.select_data_space(&id, Some(typed.trim())).await?
                }
                result => result?,
            };
            if let Some(note) = &overview.settings.note {
                talk(note.as_str());
            }
            if let (Some((project_id, project)), Some((id, name, kind))) = (overview.project, overview.data_space) {
                output.say(
                    &format!(
                        "Now exporting to {name} ({kind}, {id}) of project {project}. The previous data space keeps its data."
                    ),
                    "data_space",
                    json!({"id": id, "name": name, "kind": kind, "project_id": project_id, "project_name": project, "in_use": true}),
                )?;
            }
        }
        DataSpacesCommand::Rename { data_space, name } => {
            let id = connector.data_space_of(&data_space).await?;
            let data_space = connector.rename_data_space(&id, &name).await?;
            output.say(
                &format!("Renamed data space {} to {} (a label only).", data_space.id, data_space.name),
                "data_space",
                json!({"id": data_space.id, "name": data_space.name, "kind": data_space.kind}),
            )?;
        }
    }
    Ok(Exit::Done)
}
