//! `services`: services and their feeds.

use serde_json::json;

use super::Invocation;
use super::output::{Output, table, talk};
use crate::connector::services::Module;
use crate::error::Exit;

/// Runs it.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let services = setting.connector().await?.services().await;
    let mut rows = vec![["SERVICE", "EDITION", "MODULE", "VERSION", "FEEDS"].map(str::to_owned).to_vec()];
    for status in &services.services {
        let edition = if status.service.in_open_source { "both" } else { "Adobe Commerce" };
        let module = status.module_in_words();
        let version = match &status.module {
            Module::Installed(version) => version.to_string(),
            Module::NotInstalled | Module::Unknown => String::new(),
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
                "module": module,
                "version": Some(&version).filter(|version| !version.is_empty()),
                "feeds": feeds,
            }),
        )?;
        rows.push(vec![
            status.service.name.to_owned(),
            edition.to_owned(),
            module.to_owned(),
            version,
            status.feeds_in_words(),
        ]);
    }
    output.text(&table(&rows, &[]))?;
    output.text("")?;
    output.text("Healthy means sent in full from here and accepted by the gateway; services may show it later.")?;
    output.text("Details: `commerce-connector feeds health`.")?;
    if services.services.iter().any(|status| status.module == Module::Unknown) {
        talk("Modules unknown: instance.root is not set or has no composer.lock.");
    }
    if let Some(problem) = &services.health_problem {
        talk(&format!("Feed health unknown: {problem}"));
    }
    Ok(Exit::Done)
}
