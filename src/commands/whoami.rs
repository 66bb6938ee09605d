//! `whoami`: which shop, project, data space and environment.

use serde_json::json;

use super::Invocation;
use super::output::{Output, table};
use crate::error::Exit;

/// Runs it. It needs no configuration: that there is none is what it says then.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let overview = setting.opened().await?.overview();
    let (project, data_space) = (overview.project.as_ref(), overview.data_space.as_ref());
    output.record(
        "whoami",
        json!({
            "context": setting.context.as_ref().map(|context| &context.name),
            "installation": overview.installation,
            "source": overview.source,
            "project_id": project.map(|(id, _)| id),
            "project_name": project.map(|(_, name)| name),
            "data_space_id": data_space.map(|(id, _, _)| id),
            "data_space_name": data_space.map(|(_, name, _)| name),
            "data_space_kind": data_space.map(|(_, _, kind)| kind),
            "environment": overview.environment,
            "gateway": overview.gateway,
            "ims_organization": overview.organization,
            "read_only": overview.settings.read_only,
        }),
    )?;
    let named = |id: &str, name: &str| format!("{name} ({id})");
    let none = || "none selected".to_owned();
    let rows = [
        ("Installation", overview.installation.to_string()),
        ("Shop", overview.source.to_string()),
        ("Project", project.map_or_else(none, |(id, name)| named(id.as_str(), name.as_str()))),
        (
            "Data space",
            data_space.map_or_else(none, |(id, name, kind)| format!("{}, {kind}", named(id.as_str(), name.as_str()))),
        ),
        ("Environment", format!("{}, {}", overview.environment, overview.gateway)),
    ];
    let context = setting.context.as_ref().map(|context| ("Context", context.name.clone()));
    let rows: Vec<_> = context.into_iter().chain(rows).map(|(name, value)| vec![name.to_owned(), value]).collect();
    output.text(&table(&rows, &[]))?;
    Ok(Exit::Done)
}
