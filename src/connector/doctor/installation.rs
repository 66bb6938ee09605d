//! Checks of the configuration and of the Commerce installation's own files.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::check::Check;
use crate::commerce::deployment::{Connection, Deployment};
use crate::commerce::edition::ComposerLock;
use crate::config::Config;
use crate::config::store::Store;
use crate::connector::Connector;
use crate::connector::finding::Finding;
use crate::domain::Edition;
use crate::private_file::safe;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

const CONFIGURATION: &str = "Configuration";
const INSTALLATION: &str = "Installation";
/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

pub(super) async fn checks(connector: &Connector) -> Vec<Check> {
    let store = connector.store().clone();
    tokio::task::spawn_blocking(move || vec![configuration(&store), installation(&store)]).await.unwrap_or_default()
}

fn configuration(store: &Store) -> Check {
    let path = safe(store.path());
    if !store.exists() {
        if *store.config() != Config::default() {
            return Check::ok(CONFIGURATION, "from the environment; no file");
        }
        let finding = Finding::wrong(
            format!("no configuration at {path}"),
            "shop, keys and data space are not set",
            Hint::from(Remedy::CreateConfig).and(" creates one with every key explained"),
        );
        return Check::wrong(CONFIGURATION, "not found", finding);
    }
    let mode = std::fs::metadata(store.path()).map(|meta| meta.mode() & 0o7777).unwrap_or_default();
    let detail = format!("mode {mode:04o}, {path}");
    if mode & OTHERS == 0 {
        return Check::ok(CONFIGURATION, &detail);
    }
    let finding = Finding::warning(
        format!("{path} is readable by other users (mode {mode:04o})"),
        "it may contain an API key and a database password",
        format!("`chmod 600 {path}`"),
    );
    Check::new(CONFIGURATION, &detail, vec![finding])
}

fn installation(store: &Store) -> Check {
    let instance = &store.config().instance;
    let Some(root) = instance.root.as_deref().map(|root| store.resolve(root)) else {
        return Check::skipped(INSTALLATION, "instance.root is not set");
    };
    if !root.is_dir() {
        let finding = Finding::wrong(
            format!("instance.root: {} is not a directory that can be opened", safe(&root)),
            "env.php and composer.lock are read from there",
            "set instance.root to the directory that contains app/etc/env.php, or remove it",
        );
        return Check::wrong(INSTALLATION, "directory not found", finding);
    }
    let files = Deployment::read(&root, store.environment().clone());
    let mode = match files.as_ref().map(Deployment::mage_mode) {
        Ok(Ok(Some(mode))) => format!("{mode} mode"),
        _ => "mode unknown".to_owned(),
    };
    // With a database of its own in the configuration, that of env.php is not used.
    let is_used = !store.config().source.commerce.names_a_database();
    let unset: Vec<Finding> = files.as_ref().map(unset_variables).unwrap_or_default();
    let unreadable = match files {
        Err(error) => {
            let next = format!("fix that line; `php -l {}` checks it", error.path);
            Some((error, next))
        }
        Ok(files) if is_used => files.database_settings(&Connection::Default).err().map(|error| {
            let next = "fix that line, or set its variable for this program as well (for cron, too)";
            (error, next.to_owned())
        }),
        Ok(_) => None,
    };
    let finding = unreadable.map(|(error, next)| {
        Finding::wrong(error.to_string(), "the database of the shop and its settings are read from this file", next)
    });
    let edition = edition(&root, instance.edition, instance.version.as_deref());
    Check::new(INSTALLATION, &format!("{edition}, {mode}, {}", safe(&root)), finding.into_iter().chain(unset).collect())
}

/// A finding for every environment variable that the files ask for in vain: the shop may well have it.
fn unset_variables(deployment: &Deployment) -> Vec<Finding> {
    let findings = deployment.missing_variables().into_iter().map(|(file, line, name)| {
        Finding::warning(
            format!("{file} line {line} needs the environment variable {}, which is not set", SafeText::new(name)),
            "settings that depend on it are unknown to this program, even if the shop has it",
            format!("set {} for this program, too (service or crontab)", SafeText::new(name)),
        )
    });
    findings.collect()
}

/// `Adobe Commerce 2.4.8`, as far as it is known; the configuration wins over composer.lock.
fn edition(root: &Path, edition: Option<Edition>, version: Option<&str>) -> String {
    let installed = ComposerLock::read(root).and_then(|lock| lock.installed());
    let name = match edition.or(installed.as_ref().map(|installed| installed.edition)) {
        Some(Edition::Ce) => "Magento Open Source",
        Some(Edition::Ee) => "Adobe Commerce",
        Some(Edition::B2b) => "Adobe Commerce B2B",
        None => return "edition unknown".to_owned(),
    };
    let version = version.map(str::to_owned).or(installed.map(|installed| installed.version)).unwrap_or_default();
    format!("{name} {version}").trim_end().to_owned()
}
