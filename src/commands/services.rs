//! `services`: services and their feeds.

use serde_json::json;

use super::output::{Output, talk};
use super::{Invocation, report};
use crate::connector::services::Module;
use crate::error::Exit;
use crate::report::Tone;

/// Runs it.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let services = setting.connector().await?.services().await;
    for status in &services.services {
        let version = match &status.module {
            Module::Installed(version) => Some(version).filter(|version| !version.is_empty()),
            Module::NotInstalled | Module::Unknown => None,
        };
        let feeds: Vec<_> = status
            .feeds
            .iter()
            .map(|(feed, condition)| json!({"feed": feed, "condition": condition.words()}))
            .collect();
        output.record(
            "service",
            json!({
                "service": status.service.name,
                "package": status.service.package,
                "in_open_source": status.service.in_open_source,
                "available": status.is_available,
                "module": status.module_in_words(),
                "version": version,
                "feeds": feeds,
            }),
        )?;
    }
    let (of_all, of_each): (Vec<_>, Vec<_>) = services.report().into_iter().partition(|part| part.title.is_empty());
    report::sections(&of_each, output)?;
    output.text("")?;
    for note in of_all.iter().flat_map(|part| &part.rows) {
        match note.tone {
            Tone::Warning | Tone::Danger => talk(&note.plain()),
            _ => output.text(&note.plain())?,
        }
    }
    output.text("Details: `commerce-connector feeds health`.")?;
    Ok(Exit::Done)
}
