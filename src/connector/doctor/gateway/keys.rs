//! Both key pairs: present, private, usable, accepted.

use std::os::unix::fs::MetadataExt as _;

use super::super::check::Check;
use super::Answer;
use crate::client::{Client, Probe};
use crate::connector::finding::{Cause, Finding, Level};
use crate::connector::{Connector, Half};
use crate::domain::Environment;
use crate::error::Problem;
use crate::private_file::{Secrecy, safe};
use crate::remedy::{Hint, Remedy};
use crate::settings::Setting;
use crate::untrusted::SafeText;

/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The check's name.
pub(super) fn name_of(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "Production keys",
        Environment::Sandbox => "Sandbox keys",
    }
}

/// A pair, as far as it is known without the gateway.
pub(super) struct Pair {
    pub(super) environment: Environment,
    /// `API key ••••3f9a, RSA 2048 bits`.
    shown: String,
    /// Where both halves come from.
    origins: Vec<SafeText>,
    /// The client over it, or what came of the check.
    pub(super) client: Result<Client, Check>,
}

impl Pair {
    /// The check without an answer of the gateway.
    pub(super) fn check(self, remark: &str) -> Check {
        match self.client {
            Ok(_) => Check::skipped(name_of(self.environment), &format!("{}; {remark}", self.shown)),
            Err(check) => check,
        }
        .with_facts(self.origins)
    }
}

/// Reads what is configured of a pair.
pub(super) fn pair(connector: &Connector, environment: Environment, is_used: bool) -> Pair {
    let name = name_of(environment);
    let [production, sandbox] = tokio::task::block_in_place(|| connector.pairs());
    let status = if environment == Environment::Production { production } else { sandbox };
    if let Some(check) = exposed(connector, environment) {
        return Pair { environment, shown: String::new(), origins: Vec::new(), client: Err(check) };
    }
    if !is_used && status.api_key == Half::Missing && status.private_key == Half::Missing {
        let check = Check::skipped(name, "not set up, not in use");
        return Pair { environment, shown: String::new(), origins: Vec::new(), client: Err(check) };
    }
    let shown = |half: &Half| match half {
        Half::Present { shown, .. } => {
            // The fingerprint is for comparing keys, which is not done here.
            shown.as_str().split(" SHA256:").next().unwrap_or_default().to_owned()
        }
        Half::Missing => "missing".to_owned(),
        Half::Unusable { .. } => "not usable".to_owned(),
    };
    let shown = match (&status.api_key, &status.private_key) {
        (api_key, key @ Half::Present { .. }) => format!("API key {}, {}", shown(api_key), shown(key)),
        (api_key, key) => format!("API key {}, private key {}", shown(api_key), shown(key)),
    };
    let made = tokio::task::block_in_place(|| connector.make_client(environment, connector.read_pair(environment)?));
    let client = made.map_err(|problem: Problem| {
        let means = if is_used {
            "nothing can be sent without them"
        } else {
            "this pair cannot be used; the other one is in use"
        };
        let mut finding = Finding::of_problem(&problem, means);
        if !is_used {
            finding.level = Level::Warning;
        }
        Check::wrong(name, &shown, finding)
    });
    let origin = |what: &str, half: &Half| match half {
        Half::Present { origin, .. } => Some(SafeText::from(format!("{what}: {origin}"))),
        Half::Missing | Half::Unusable { .. } => None,
    };
    let origins = [origin("API key", &status.api_key), origin("private key", &status.private_key)];
    Pair { environment, shown, origins: origins.into_iter().flatten().collect(), client }
}

/// A private key that others can read, which is worse than one that is missing.
fn exposed(connector: &Connector, environment: Environment) -> Option<Check> {
    let store = connector.store();
    let path = store.resolve(store.config().credentials.pair(environment).private_key_file.as_deref()?);
    let mode = std::fs::metadata(&path).ok()?.mode() & 0o7777;
    // An access list of the service manager shows as bits of the group.
    let is_credential = store.secrecy_of(Setting::PrivateKey(environment).key()) == Secrecy::Credential;
    if is_credential || mode & OTHERS == 0 {
        return None;
    }
    let shown = safe(&path);
    let finding = Finding::wrong(
        format!("the {environment} private key {shown} is readable by other users (mode {mode:04o})"),
        "anyone who reads it can send to your data space as you; the key is not used until this is fixed",
        format!("`chmod 600 {shown}`; if others may have read it, generate a new pair in Adobe's API portal"),
    );
    Some(Check::wrong(name_of(environment), "private key readable by others", finding))
}

/// What came of a pair's check.
pub(super) fn judged(pair: Pair, probe: Option<Answer>, used: Environment, is_clock_right: bool) -> Check {
    let name = name_of(pair.environment);
    let shown = pair.shown.clone();
    if pair.client.is_err() {
        return pair.check("");
    }
    let (environment, origins) = (pair.environment, pair.origins);
    let refused = match probe {
        None => return Check::skipped(name, &format!("{shown}; no TCP")).with_facts(origins),
        Some(Err(_)) => return Check::skipped(name, &format!("{shown}; no response")).with_facts(origins),
        Some(Ok(Probe { keys: Ok(()), .. })) => {
            return Check::ok(name, &format!("{shown}, accepted")).with_facts(origins);
        }
        Some(Ok(_)) if !is_clock_right => {
            return Check::skipped(name, &format!("{shown}; clock is wrong")).with_facts(origins);
        }
        Some(Ok(Probe { keys: Err(error), .. })) => error,
    };
    let is_used = environment == used;
    let means =
        if is_used { "nothing can be sent until the gateway accepts a pair" } else { "this pair is not in use now" };
    let mut finding = Finding::of(&refused, means);
    let is_refused = finding.cause == Cause::Keys;
    if is_refused {
        finding.next = Hint::from(Remedy::SetKeys { environment: environment.name().into() })
            .and(" with a pair from Adobe's API portal; ")
            .and(finding.next);
    }
    if !is_used {
        finding.level = Level::Warning;
    }
    let ruling = if is_refused { "refused" } else { "not verified" };
    Check::wrong(name, &format!("{shown}, {ruling}"), finding).with_facts(origins)
}
