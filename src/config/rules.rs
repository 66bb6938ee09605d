//! What types cannot say: bounds, addresses without TLS, places that a deployment deletes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::store::{ConfigError, Store};
use super::{SettingsHome, mailboxes, redact};
use crate::bounds::{
    BATCH_BYTES, BATCH_SIZES, LEASE_SECONDS, NOTIFY_FAILURES, NOTIFY_REPEAT_SECONDS, NOTIFY_SECONDS, WAITING_SECONDS,
    is_rate,
};
use crate::domain::Feed;

impl Store {
    /// What types cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let config = self.config();
        let inside = |path: &Option<PathBuf>| {
            let (Some(state), Some(root)) = (path, &config.instance.root) else { return false };
            let (state, root) = (self.resolve(state), self.resolve(root));
            // `var/` is the only place that a shop on Adobe's cloud may write to and that deployments keep; what else takes it
            // away, the doctor says. What Commerce itself empties is not a place.
            state.starts_with(&root) && !is_kept_in_var(&state, &root.join("var"))
        };
        let (instance, gateway) = (&config.instance, &config.gateway);
        let waiting = "must be from 1 to 86400";
        let rates = "must be from 0.01 to 10000, or 0 for no limit";
        let rules: [(&str, bool, &str); 11] = [
            (
                "state.database.lease_seconds",
                LEASE_SECONDS.contains(&config.state.database.lease_seconds),
                "must be from 3 to 600",
            ),
            ("gateway.requests_per_second", is_rate(gateway.requests_per_second), rates),
            ("gateway.graphql_requests_per_second", is_rate(gateway.graphql_requests_per_second), rates),
            ("gateway.connect_timeout_seconds", WAITING_SECONDS.contains(&gateway.connect_timeout_seconds), waiting),
            ("gateway.read_timeout_seconds", WAITING_SECONDS.contains(&gateway.read_timeout_seconds), waiting),
            ("gateway.total_timeout_seconds", WAITING_SECONDS.contains(&gateway.total_timeout_seconds), waiting),
            ("gateway.registry_path", gateway.registry_path.starts_with('/'), "must begin with /"),
            ("export.database_share", (1..=100).contains(&config.export.database_share), "must be from 1 to 100"),
            (
                "export.max_batch_bytes",
                BATCH_BYTES.contains(&config.export.max_batch_bytes),
                "must be from 1024 to 104857600",
            ),
            (
                "instance.settings",
                instance.settings != SettingsHome::Commerce || instance.root.is_some(),
                "is \"commerce\", so instance.root must be set",
            ),
            (
                "state.directory",
                !inside(&config.state.directory),
                "is inside the Commerce installation, where a deployment would delete it; set another path, or one \
                 below var/",
            ),
        ];
        for (key, holds, rule) in rules {
            if !holds {
                return Err(self.mistake(key, rule));
            }
        }
        let urls = [
            ("gateway.production_url", Some(config.gateway.production_url.as_str())),
            ("gateway.sandbox_url", Some(config.gateway.sandbox_url.as_str())),
            ("gateway.graphql_url", config.gateway.graphql_url.as_deref()),
            ("ims.host", Some(config.ims.host.as_str())),
            ("ims.redirect_uri", Some(config.ims.redirect_uri.as_str())),
            ("notify.ping_url", config.notify.ping_url.as_deref()),
            ("notify.webhook_url", config.notify.webhook_url.as_deref()),
        ];
        for (key, url) in urls.into_iter().filter_map(|(key, url)| Some((key, url?))) {
            if redact::has_login(url) {
                return Err(self.mistake(key, "contains a user or a password (hidden); remove them"));
            }
            if key != "ims.redirect_uri" && !is_safe_url(url) {
                return Err(self.mistake(key, "must be an https:// URL (http:// only to this machine)"));
            }
        }
        self.check_notify()?;
        for (feed, route) in &config.export.routes {
            if route.contains(['@', ':']) {
                let key = format!("export.routes.{feed}");
                return Err(self.mistake(&key, "must be a path of the gateway, without scheme, user and host"));
            }
        }
        for (feed, decision) in &config.feeds {
            let key = format!("feeds.{feed}.attributes");
            if *feed != Feed::Products && !decision.attributes.is_empty() {
                return Err(self.mistake(&key, "has no effect: only products have attributes"));
            }
            let codes: BTreeSet<&str> = decision.attributes.iter().map(|mapped| mapped.code.as_str()).collect();
            if codes.len() < decision.attributes.len() {
                return Err(self.mistake(&key, "names an attribute twice"));
            }
        }
        for (feed, section) in &config.export.feeds {
            if section.batch_size.is_some_and(|size| !BATCH_SIZES.contains(&size)) {
                return Err(self.mistake(&format!("export.feeds.{feed}.batch_size"), "must be from 1 to 10000"));
            }
        }
        Ok(())
    }
}

impl Store {
    /// What types cannot say of `[notify]`.
    fn check_notify(&self) -> Result<(), ConfigError> {
        let notify = &self.config().notify;
        let repeat = notify.repeat_after.length().map(|length| length.as_secs());
        let are_mailboxes = |text: &Option<String>| text.as_deref().is_none_or(|text| mailboxes(text).is_some());
        let rules = [
            ("notify.after_failures", NOTIFY_FAILURES.contains(&notify.after_failures), "must be from 1 to 1000"),
            ("notify.timeout_seconds", NOTIFY_SECONDS.contains(&notify.timeout_seconds), "must be from 1 to 60"),
            (
                "notify.repeat_after",
                repeat.is_some_and(|seconds| seconds >= NOTIFY_REPEAT_SECONDS),
                "must be a time of at least 1m",
            ),
            (
                "notify.webhook_secret_file",
                notify.webhook_secret_file.is_none() || notify.webhook_url.is_some(),
                "signs nothing without notify.webhook_url",
            ),
            ("notify.sendmail_to", are_mailboxes(&notify.sendmail_to), "must be mail addresses, comma-separated"),
            (
                "notify.sendmail_from",
                are_mailboxes(&notify.sendmail_from)
                    && notify.sendmail_from.as_deref().is_none_or(|text| !text.contains(',')),
                "must be one mail address",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, rule)) => Err(self.mistake(key, rule)),
            None => Ok(()),
        }
    }
}

/// Whether keys may be sent there: https, or http to this machine. Whoever connects checks it again, and the rest of it.
fn is_safe_url(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url.trim()) else { return false };
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) | ("http", Some("localhost")) => true,
        ("http", Some(host)) => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse();
            address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        _ => false,
    }
}

/// Whether a place is below `var/`, and in none of its directories that Commerce empties.
fn is_kept_in_var(state: &Path, var: &Path) -> bool {
    const EMPTIED: [&str; 9] =
        ["cache", "page_cache", "view_preprocessed", "generation", "di", "tmp", "session", "report", "log"];
    let Ok(below) = state.strip_prefix(var) else { return false };
    let mut parts = below.components();
    match parts.next() {
        Some(std::path::Component::Normal(first)) => {
            EMPTIED.iter().all(|name| first != *name) && parts.all(|part| part != std::path::Component::ParentDir)
        }
        _ => false,
    }
}
