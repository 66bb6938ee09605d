//! `services`: the services that the connector serves, seen from this installation.

use serde_json::json;

use super::Setting;
use super::output::{Output, table, talk};
use crate::connector::services::{FeedCondition, Module, ServiceStatus};
use crate::error::Exit;
use crate::feeds::Feed;

/// Runs it.
///
/// # Errors
/// Whatever a person has to be told.
pub async fn run(setting: &Setting, output: &mut Output) -> anyhow::Result<Exit> {
    let services = setting.connector().await?.services().await;
    let mut rows = vec![["SERVICE", "EDITION", "MODULE", "VERSION", "FEEDS"].map(str::to_owned).to_vec()];
    for status in &services.services {
        let edition = if status.service.in_open_source { "both" } else { "Adobe Commerce" };
        let (module, version) = match &status.module {
            Module::Installed(version) => ("installed", version.to_string()),
            Module::NotInstalled if status.is_available == Some(false) => ("not in this edition", String::new()),
            Module::NotInstalled => ("not installed", String::new()),
            Module::Unknown => ("unknown", String::new()),
        };
        let feeds: Vec<_> =
            status.feeds.iter().map(|(feed, condition)| json!({"feed": feed, "condition": word(*condition)})).collect();
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
            summary(status),
        ]);
    }
    output.text(&table(&rows, &[]))?;
    output.text("")?;
    output.text(
        "Healthy means sent in full from here and accepted: submitted to service. Whether it is visible in the",
    )?;
    output.text("service is not known here. `commerce-connector feeds health` says more about each feed.")?;
    if services.services.iter().any(|status| status.module == Module::Unknown) {
        talk("Modules are unknown: composer.lock is read from instance.root, which is not set or has none.");
    }
    if let Some(problem) = &services.health_problem {
        talk(&format!("The health of the feeds is unknown: {problem}"));
    }
    Ok(Exit::Done)
}

fn word(condition: FeedCondition) -> &'static str {
    match condition {
        FeedCondition::Healthy => "healthy",
        FeedCondition::NotSent => "not sent in full from here",
        FeedCondition::Failing => "something is wrong",
        FeedCondition::Unknown => "unknown",
    }
}

/// The worst first, each with its feeds: `something is wrong: prices; healthy: 6`.
fn summary(status: &ServiceStatus) -> String {
    if status.feeds.is_empty() {
        return "needs none".to_owned();
    }
    let of = |condition| {
        let feeds: Vec<Feed> = status.feeds.iter().filter(|(_, is)| *is == condition).map(|(feed, _)| *feed).collect();
        (!feeds.is_empty()).then_some((condition, feeds))
    };
    let conditions = [FeedCondition::Failing, FeedCondition::NotSent, FeedCondition::Unknown, FeedCondition::Healthy];
    let groups: Vec<(FeedCondition, Vec<Feed>)> = conditions.into_iter().filter_map(of).collect();
    if let [(condition, feeds)] = groups.as_slice() {
        return match feeds.as_slice() {
            [feed] => format!("{feed}: {}", word(*condition)),
            feeds => format!("all {}: {}", feeds.len(), word(*condition)),
        };
    }
    let group = |(condition, feeds): &(FeedCondition, Vec<Feed>)| match condition {
        FeedCondition::Healthy => format!("{}: {}", word(*condition), feeds.len()),
        _ => format!("{}: {}", word(*condition), feeds.iter().map(Feed::to_string).collect::<Vec<_>>().join(", ")),
    };
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}
