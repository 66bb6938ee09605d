//! Checks of the way to the gateway, step by step, and of what it says of keys, clock, project and data space.

mod keys;
mod steps;

use tokio::time::{Instant, timeout_at};

use self::keys::Pair;
use self::steps::{HostPort, SKEW_WRONG};
use super::AREA_LIMIT;
use super::check::Check;
use crate::client::{Client, Probe, Unreached};
use crate::connector::finding::Finding;
use crate::connector::{Connector, Overview, gateway_url};
use crate::domain::{DataSpace, Environment, Project};
use crate::error::{Exit, Problem};
use crate::format::counted;
use crate::http::Failure;
use crate::http::proxy::Route;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// What came of a ping.
type Answer = Result<Probe, Unreached>;

const NAME: &str = "DNS";
const CONNECTION: &str = "TCP";
const HTTPS: &str = "HTTPS";
const PROXY: &str = "Proxy";
const CLOCK: &str = "Clock";
const REGISTRY: &str = "Registry";
const DATA_SPACE: &str = "Data space";

pub(super) async fn checks(connector: &Connector) -> Vec<Check> {
    let deadline = Instant::now() + AREA_LIMIT;
    let overview = connector.overview();
    let used = overview.environment;
    let url = gateway_url(&connector.config(), used).to_owned();
    let pairs = Environment::ALL.map(|environment| keys::pair(connector, environment, environment == used));
    let Some(gateway) = steps::place(&url) else {
        let finding = Finding::wrong(
            format!("gateway.{used}_url: {:?} is not a URL", SafeText::new(&url)),
            "no gateway to send to",
            "remove the key from the configuration to use Adobe's gateway",
        );
        let mut checks: Vec<Check> = pairs.map(|pair| pair.check("not verified")).into();
        checks.push(Check::wrong(NAME, "no usable URL", finding));
        checks.extend(skipped(&[CONNECTION, HTTPS, PROXY, CLOCK, REGISTRY, DATA_SPACE], "no DNS"));
        return checks;
    };
    let way = match steps::route(&gateway) {
        Ok(route) => route,
        Err(unusable) => {
            let next = format!("correct {}, or unset it", unusable.variable);
            let finding = Finding::wrong(unusable.to_string(), "the gateway cannot be reached from this server", next);
            let names = Environment::ALL.map(keys::name_of);
            let mut checks = skipped(&[names[0], names[1], NAME, CONNECTION, HTTPS], "no usable proxy");
            checks.push(Check::wrong(PROXY, "not usable", finding));
            checks.extend(skipped(&[CLOCK, REGISTRY, DATA_SPACE], "no usable proxy"));
            return checks;
        }
    };
    let (first_hop, whose) = match &way {
        Route::Through(proxy) => {
            (HostPort { host: proxy.host.clone(), port: proxy.port, is_https: false }, "the proxy's")
        }
        Route::Direct(_) => (gateway.clone(), "the gateway's"),
    };
    let (name, addresses) = steps::resolve(&first_hop, whose, &way).await;
    let (connection, is_connected) = steps::connect(&addresses, &first_hop, &way).await;
    let has_names = !addresses.is_empty();
    let probes = async {
        let [production, sandbox] = &pairs;
        // Without names, the other gateway is not found either, and looking for it would hold up the end of the program.
        let is_on_the_way = |pair: &Pair| if pair.environment == used { is_connected } else { has_names };
        tokio::join!(
            probe(production, is_on_the_way(production), deadline),
            probe(sandbox, is_on_the_way(sandbox), deadline)
        )
    };
    let (production, sandbox) = probes.await;
    let of_used = if used == Environment::Production { production.as_ref() } else { sandbox.as_ref() };
    let later = [steps::https(of_used, is_connected, &gateway), steps::proxy(of_used, &way), steps::clock(of_used)];
    let is_accepted = matches!(of_used, Some(Ok(Probe { keys: Ok(()), .. })));
    let client = pairs.iter().find(|pair| pair.environment == used).and_then(|pair| pair.client.as_ref().ok());
    let registry = match client {
        Some(client) if is_accepted => registry(client, &overview, deadline).await,
        _ => skipped(&[REGISTRY, DATA_SPACE], &format!("{} not verified", keys::name_of(used))),
    };
    let is_clock_right = steps::ahead(of_used).is_none_or(|ahead| ahead.abs() <= SKEW_WRONG);
    let [first, second] = pairs;
    let mut checks = vec![
        keys::judged(first, production, used, is_clock_right),
        keys::judged(second, sandbox, used, is_clock_right),
        name,
        connection,
    ];
    checks.extend(later);
    checks.extend(registry);
    checks
}

fn skipped(names: &[&'static str], why: &str) -> Vec<Check> {
    names.iter().map(|name| Check::skipped(name, why)).collect()
}

/// What a ping tells, if there are keys to ping with.
async fn probe(pair: &Pair, is_on_the_way: bool, deadline: Instant) -> Option<Answer> {
    let client = pair.client.as_ref().ok().filter(|_| is_on_the_way)?;
    let timed_out = || Unreached { failure: Failure::Time, message: "timed out".into() };
    Some(timeout_at(deadline, client.probe()).await.unwrap_or_else(|_| Err(timed_out())))
}

async fn registry(client: &Client, overview: &Overview, deadline: Instant) -> Vec<Check> {
    let problem = match timeout_at(deadline, client.projects()).await {
        Ok(Ok(projects)) => {
            let projects_seen = counted(projects.len() as u64, "project");
            return vec![Check::ok(REGISTRY, &projects_seen), data_space(&projects, overview)];
        }
        Ok(Err(error)) => Problem::of(&error),
        Err(_) => Problem::new(Exit::TryAgain, "the registry timed out").hint("try again"),
    };
    let finding = Finding::of_problem(&problem, "projects and data spaces cannot be listed or checked");
    vec![
        Check::wrong(REGISTRY, "no usable response", finding),
        Check::skipped(
            DATA_SPACE,
            "no registry \
                                                                                            response",
        ),
    ]
}

/// Whether the chosen data space is still there, as it was saved.
fn data_space(projects: &[Project], overview: &Overview) -> Check {
    let Some((id, name, kind)) = &overview.data_space else {
        let finding = Finding::wrong("no data space is selected", "exports need one", Remedy::ChangeDataSpace);
        return Check::wrong(DATA_SPACE, "not selected", finding);
    };
    let found: Option<(&Project, &DataSpace)> = projects.iter().find_map(|project| {
        project.data_spaces.iter().find(|data_space| data_space.id == *id).map(|data_space| (project, data_space))
    });
    let Some((project, data_space)) = found else {
        let finding = Finding::wrong(
            format!("these keys have no access to the data space {name} ({id})"),
            "it was deleted, or the keys belong to another organization; exports into it are refused",
            Remedy::ChangeDataSpace,
        );
        return Check::wrong(DATA_SPACE, &format!("{name} not found"), finding);
    };
    let select = Hint::from(Remedy::SelectDataSpace { id: id.to_string().into() }).and(" updates it");
    let mut findings = Vec::new();
    if data_space.kind != *kind {
        findings.push(Finding::wrong(
            format!("the data space {name} is {} in the registry, but was saved as {kind}", data_space.kind),
            "production data is protected by the saved type",
            select.clone(),
        ));
    }
    if overview.project.as_ref().is_some_and(|(saved, _)| *saved != project.id) {
        findings.push(Finding::warning(
            format!("the data space {name} belongs to the project {}, but was saved under another one", project.name),
            "items go to the right data space; only the shown project is wrong",
            select,
        ));
    }
    Check::new(DATA_SPACE, &format!("{} ({}) of {}", data_space.name, data_space.kind, project.name), findings)
}
