//! What is different between two configurations, key by key, with secrets masked.

use std::collections::BTreeMap;

use super::Config;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// A key with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its dotted path.
    pub key: SafeText,
    /// The value before; `None` if there was none.
    pub before: Option<SafeText>,
    /// The value now; `None` if there is none.
    pub after: Option<SafeText>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = |value: &Option<SafeText>| value.as_ref().map_or("not set".to_owned(), ToString::to_string);
        write!(f, "{}: {} (was {})", self.key, value(&self.after), value(&self.before))
    }
}

/// The keys whose value in `after` is another than in `before`, by path.
#[must_use]
pub fn between(before: &Config, after: &Config) -> Vec<Change> {
    let (before, after) = (values(before), values(after));
    let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    let mut changes: Vec<Change> = keys
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| {
            let value = |of: &BTreeMap<String, String>| of.get(key).map(|value| shown(key, value));
            Change { key: SafeText::new(key), before: value(&before), after: value(&after) }
        })
        .collect();
    changes.sort_by(|a, b| a.key.as_str().cmp(b.key.as_str()));
    changes
}

/// URLs that are a secret beyond their host: whoever knows them can post there.
pub(super) const SECRET_URLS: [&str; 2] = ["notify.ping_url", "notify.webhook_url"];

/// URLs that may hold a password.
pub(super) const DATABASE_URLS: [&str; 2] = ["source.commerce.url", "state.database.url"];

/// A value as it may be read by anybody.
#[must_use]
pub fn shown(key: &str, value: &str) -> SafeText {
    if key.ends_with(".api_key") {
        return SafeText::from(Secret::new(value).masked());
    }
    if DATABASE_URLS.contains(&key) {
        return SafeText::from(without_password(value));
    }
    if SECRET_URLS.contains(&key) {
        return SafeText::from(only_host(value));
    }
    SafeText::new(value)
}

/// `mysql://user:secret@host/db` without the secret.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, place)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:••••@{place}"),
        None => url.to_owned(),
    }
}

/// `https://host/path?token=…` without what follows the host.
fn only_host(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "••••".to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://••••@{host}/••••"),
        None if path.is_empty() || path == "/" => url.to_owned(),
        None => format!("{scheme}://{host}/••••"),
    }
}

/// Every value by its path.
fn values(config: &Config) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(table) = toml::Value::try_from(config) {
        collect("", &table, &mut found);
    }
    found
}

fn collect(path: &str, value: &toml::Value, found: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, value, found);
            }
        }
        value => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.insert(path.to_owned(), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ThreadCount;

    #[test]
    fn what_changed_is_said_by_key_and_without_secrets() {
        let before = Config::default();
        let mut after = Config::default();
        after.export.thread_count = ThreadCount::Fixed(4);
        after.instance.name = Some("Main\u{202e}".to_owned());
        after.source.commerce.url = Some("mysql://ann:canary@db/shop".to_owned());
        let lines: Vec<String> = between(&before, &after).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(lines[0], "export.thread_count: 4 (was auto)");
        assert!(lines[1].starts_with("instance.name: Main") && !lines[1].contains('\u{202e}'), "{lines:?}");
        assert_eq!(lines[2], "source.commerce.url: mysql://ann:••••@db/shop (was not set)");
        assert_eq!(between(&after, &after), []);
    }

    #[test]
    fn of_a_secret_url_only_the_host_is_shown() {
        let shown = |url| shown("notify.webhook_url", url).to_string();
        assert_eq!(shown("https://hooks.example:8443/T0/canary?x=canary"), "https://hooks.example:8443/••••");
        assert_eq!(shown("https://hooks.example?canary"), "https://hooks.example/••••");
        assert_eq!(shown("https://ann:canary@hooks.example/x"), "https://••••@hooks.example/••••");
        assert_eq!(shown("https://hooks.example/"), "https://hooks.example/");
        assert_eq!(shown("canary"), "••••");
    }

    #[test]
    fn a_password_in_the_url_is_not_shown() {
        assert_eq!(without_password("mysql://u:p@ss@h:3306/d"), "mysql://u:••••@h:3306/d");
        assert_eq!(without_password("mysql://u@h/d"), "mysql://u@h/d");
        assert_eq!(without_password("not a url"), "not a url");
    }
}
