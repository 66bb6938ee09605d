//! Where a run or a watch must be able to write and to connect, so that it can give up everything else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::{Connector, database};
use crate::commerce::database::{Address, DatabaseSettings};
use crate::config::MetricsAddress;
use crate::config::store::Store;
use crate::hardening::{Connecting, InForce, Writing, connect_only_to, write_only_below};
use crate::http::proxy::{Route, route_to};
use crate::private_file;

/// Where programs keep what they need for a moment: SQLite sorts there. Devices: nothing of the system's is stored in them.
const SHARED: [&str; 4] = ["/tmp", "/var/tmp", "/dev", "/run/lock"];

/// Name servers answer there what is too long for UDP.
const DNS: u16 = 53;
/// Of Adobe's own services.
const HTTPS: u16 = 443;

/// The variables that name a proxy. One that counts only for some hosts is still one more port, not a wrong one.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/// Why nothing may be given up.
fn refusal(store: &Store, what: &str) -> Result<(), String> {
    let config = store.config();
    if !config.export.landlock {
        return Err("export.landlock is false".to_owned());
    }
    for (key, is_set) in [
        ("notify.command", config.notify.command.is_some()),
        ("notify.sendmail_to", config.notify.sendmail_to.is_some()),
    ] {
        // What it starts is bound as well, and nobody knows what that has to do.
        if is_set {
            return Err(format!("the program of {key} may {what} anywhere"));
        }
    }
    Ok(())
}

/// The TCP ports; or why the process has to connect to whomever it likes. `variable` reads the environment.
fn ports(store: &Store, variable: impl Fn(&str) -> Option<String>) -> Result<BTreeSet<u16>, String> {
    refusal(store, "connect")?;
    let config = store.config();
    // The gateways of both pairs: which one is used may be a setting in the shop's database, and change there.
    let urls = [
        Some(config.gateway.production_url.as_str()),
        Some(config.gateway.sandbox_url.as_str()),
        config.gateway.graphql_url.as_deref(),
        Some(config.ims.host.as_str()),
        config.notify.ping_url.as_deref(),
        config.notify.webhook_url.as_deref(),
    ];
    let of_url = |url: &str| Url::parse(url.trim()).ok()?.port_or_known_default();
    let mut ports: BTreeSet<u16> = urls.into_iter().flatten().filter_map(of_url).chain([DNS, HTTPS]).collect();
    ports.extend(PROXIES.iter().filter_map(|name| {
        let value = variable(name)?;
        match route_to("host.invalid", |asked| (asked == "HTTPS_PROXY").then(|| value.clone())) {
            Ok(Route::Through(proxy)) => Some(proxy.port),
            Ok(Route::Direct(_)) | Err(_) => None,
        }
    }));
    if config.source.commerce.names_a_database() || config.instance.root.is_some() {
        let unknown = |problem: crate::error::Problem| format!("the shop's database is not known: {problem}");
        let (shop, orders) = database::settings_with_orders(store).map_err(unknown)?;
        let main = database::main_settings(store).map_err(unknown)?;
        ports.extend([Some(&shop), orders.as_ref(), Some(&main)].into_iter().flatten().filter_map(port_of));
    }
    if let Some(url) = &config.state.database.url {
        let unknown = |error| format!("[state.database] is not known: {error}");
        ports.extend(port_of(&DatabaseSettings::from_url(url, "", None).map_err(unknown)?));
    }
    Ok(ports)
}

fn port_of(settings: &DatabaseSettings) -> Option<u16> {
    match &settings.address {
        Address::Tcp { port, .. } => Some(*port),
        Address::Socket(_) => None,
    }
}

/// The places; or why the process has to write wherever its user may.
fn places(store: &Store, state_dir: &Path) -> Result<Vec<PathBuf>, String> {
    refusal(store, "write")?;
    let config = store.config();
    let metrics = config.metrics.file.as_deref().map(|file| store.resolve(file));
    let socket = match &config.metrics.listen {
        Some(MetricsAddress::Socket(socket)) => Some(socket.clone()),
        Some(MetricsAddress::Tcp(_)) | None => None,
    };
    let [metrics, socket] = [metrics, socket].map(|file| file.as_deref().and_then(Path::parent).map(Path::to_owned));
    // Where who sends leaves a mark for another user of the shop.
    let var = config.instance.root.as_deref().map(|root| store.resolve(root).join("var"));
    let own = [Some(state_dir.to_owned()), Some(std::env::temp_dir()), metrics, socket, var];
    Ok(own.into_iter().flatten().chain(SHARED.map(PathBuf::from)).collect())
}

/// Gives up writing and connecting anywhere else, in this thread and all that it starts: before the first one.
#[must_use]
pub fn confine(store: &Store, state_dir: &Path) -> InForce {
    let writing = match places(store, state_dir) {
        Err(why) => Writing::Anywhere(why),
        // What is not there can be given no right; and whoever cannot make it says so when the log begins.
        Ok(places) => match private_file::create_dir(state_dir) {
            Ok(()) => write_only_below(&places),
            Err(error) => Writing::Anywhere(error.to_string()),
        },
    };
    InForce { writing, connecting: confine_connecting(store) }
}

fn confine_connecting(store: &Store) -> Connecting {
    match ports(store, |name| std::env::var(name).ok()) {
        Ok(ports) => connect_only_to(ports),
        Err(why) => Connecting::Anywhere(why),
    }
}

impl Connector {
    /// What a run or a watch with these settings gives up. A thread tries it, and ends.
    pub(super) fn confinement_of_exports(&self) -> InForce {
        let (store, state_dir) = (self.store(), self.shared.state_dir.clone());
        let tried = std::thread::spawn(move || {
            let writing = match places(&store, &state_dir) {
                Ok(places) => write_only_below(&places),
                Err(why) => Writing::Anywhere(why),
            };
            InForce { writing, connecting: confine_connecting(&store) }
        });
        tried.join().unwrap_or_else(|_| {
            let why = || "it could not be tried".to_owned();
            InForce { writing: Writing::Anywhere(why()), connecting: Connecting::Anywhere(why()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_written_follows_the_configuration_and_what_nobody_knows_ends_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config.toml");
        let of = |text: &str| {
            private_file::write(&path, text.as_bytes()).expect("written");
            let store = Store::load(path.clone(), true, [], Vec::new()).expect("loads");
            places(&store, Path::new("/srv/state"))
        };
        let found =
            of("[metrics]\nfile = \"/srv/metrics/x.prom\"\n[instance]\nroot = \"/srv/shop\"\n").expect("places");
        for place in ["/srv/state", "/srv/metrics", "/srv/shop/var", "/tmp"] {
            assert!(found.contains(&PathBuf::from(place)), "{place}: {found:?}");
        }
        assert!(!found.contains(&PathBuf::from("/srv/shop")));
        assert_eq!(of("[export]\nlandlock = false\n"), Err("export.landlock is false".to_owned()));
        assert!(of("[notify]\ncommand = \"/bin/true\"\n").is_err_and(|why| why.contains("notify.command")));
        assert!(of("[notify]\nsendmail_to = \"root\"\n").is_err_and(|why| why.contains("notify.sendmail_to")));
    }

    #[test]
    fn the_ports_are_those_of_all_settings_and_of_a_proxy() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config.toml");
        let of = |text: &str, proxy: &[(&str, &str)]| {
            private_file::write(&path, text.as_bytes()).expect("written");
            let store = Store::load(path.clone(), true, [], Vec::new()).expect("loads");
            ports(&store, |name| proxy.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of("", &[]), Ok(BTreeSet::from([53, 443])));
        let all = "[gateway]\nproduction_url = \"https://a.example:1001\"\nsandbox_url = \"http://127.0.0.1:1002\"\n\
                   graphql_url = \"https://a.example:1003/graphql\"\n[ims]\nhost = \"https://a.example:1004\"\n\
                   [notify]\nping_url = \"https://a.example:1005/x\"\nwebhook_url = \"http://localhost/\"\n\
                   [source.commerce]\nurl = \"mysql://u@db:1006/shop\"\n\
                   [state]\nledger = \"database\"\n[state.database]\nurl = \"mysql://u@db/state\"\n";
        let proxies = [("https_proxy", "http://u:p@proxy.example:1007"), ("HTTP_PROXY", "http://proxy.example:1008")];
        let expected = BTreeSet::from([53, 80, 443, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 3306]);
        assert_eq!(of(all, &proxies), Ok(expected));
        let socket = "[source.commerce]\nsocket = \"/run/x.sock\"\nuser = \"u\"\ndatabase = \"shop\"\n";
        assert_eq!(of(socket, &[]), Ok(BTreeSet::from([53, 443])));
        assert_eq!(of("[export]\nlandlock = false\n", &[]), Err("export.landlock is false".to_owned()));
        assert!(of("[notify]\ncommand = \"/bin/true\"\n", &[]).is_err_and(|why| why.contains("notify.command")));
        let nowhere = of("[instance]\nroot = \"/nowhere\"\n", &[]);
        assert!(nowhere.is_err_and(|why| why.starts_with("the shop's database is not known: ")));
    }
}
