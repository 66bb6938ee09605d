//! What kind of installation this is: the production shop, or a copy of it that must not touch production data.
//!
//! Adobe keeps no such setting, so it is concluded from what an installation says of itself. The conclusion always names its
//! reason, and `instance.kind` overrules it, but for what Adobe's cloud itself calls a copy. This file must never know what a data space is.

use crate::domain::InstallationKind;
use crate::untrusted::SafeText;

/// What an installation says of itself; each `None` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// `instance.kind` of this program's configuration.
    pub configured: Option<InstallationKind>,
    /// `MAGENTO_CLOUD_ENVIRONMENT_TYPE` (protocol page §5): `production`, `staging` or `development`.
    pub cloud_type: Option<String>,
    /// `MAGE_MODE`, from the environment or `env.php`: `developer`, `default` or `production`.
    pub mage_mode: Option<String>,
    /// `web/secure/base_url`, or `web/unsecure/base_url`.
    pub base_url: Option<String>,
}

/// A kind, and what it was concluded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    pub kind: InstallationKind,
    /// The sign that decided, such as `MAGE_MODE is developer`.
    pub because: SafeText,
}

/// Domains that are reserved for tests and private networks (RFC 2606, RFC 6761, RFC 6762, RFC 8375), and the one under
/// which Adobe's cloud runs integration environments.
const PRIVATE_DOMAINS: [&str; 8] =
    ["test", "local", "localhost", "localdomain", "invalid", "internal", "home.arpa", "magentosite.cloud"];
/// What development hosts are called, as a whole part of a host name between dots and hyphens.
const DEVELOPMENT_WORDS: [&str; 6] = ["dev", "develop", "development", "integration", "sandbox", "ddev"];
/// What staging hosts are called, likewise; `mcstaging` is the name that Adobe's cloud gives them.
const STAGING_WORDS: [&str; 11] =
    ["staging", "mcstaging", "stage", "stg", "uat", "qa", "preprod", "preproduction", "preview", "test", "demo"];

impl Hints {
    /// Concludes the kind: `instance.kind` and the cloud decide, where they differ for the copy; then the first sign that says
    /// something. `None` if none does, as with an unknown base URL.
    pub fn conclude(&self) -> Option<Inferred> {
        let inferred = |kind, because: String| Some(Inferred { kind, because: SafeText::new(&because) });
        let configured = self.configured.map(|kind| (kind, format!("instance.kind is {kind}")));
        let cloud = self.cloud_type.as_deref().filter(|cloud| !cloud.is_empty()).map(|cloud| {
            // Anything that is not called production is not, whatever Adobe adds to the list later.
            let kind = match cloud {
                "production" => InstallationKind::Production,
                "staging" => InstallationKind::Staging,
                _ => InstallationKind::Development,
            };
            (kind, format!("MAGENTO_CLOUD_ENVIRONMENT_TYPE is {cloud}"))
        });
        // A configuration travels with the copy of a shop, so it makes no production of what the cloud calls something else.
        let is_copy = |said: &(InstallationKind, String)| said.0 != InstallationKind::Production;
        let decided = [&configured, &cloud].into_iter().flatten().find(|said| is_copy(said)).or(configured.as_ref());
        if let Some((kind, because)) = decided.or(cloud.as_ref()) {
            return inferred(*kind, because.clone());
        }
        if self.mage_mode.as_deref() == Some("developer") {
            return inferred(InstallationKind::Development, "MAGE_MODE is developer".to_owned());
        }
        // Staging copies run in production mode too, so that mode proves nothing; the host name decides.
        let url = self.base_url.as_deref().filter(|url| !url.contains("{{"))?;
        let host = host(url);
        let (kind, why) = match kind_of_host(&host) {
            Some(kind) => (kind, "looks like one"),
            None => (InstallationKind::Production, "looks like a live shop"),
        };
        inferred(kind, format!("the base URL's host {host} {why}"))
    }
}

/// The host of a URL, without user, port and brackets, in lower case.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// What a host name gives away; `None` if nothing.
fn kind_of_host(host: &str) -> Option<InstallationKind> {
    // Customers do not shop at a bare address, private or not.
    if host.parse::<std::net::IpAddr>().is_ok() {
        return Some(InstallationKind::Development);
    }
    if PRIVATE_DOMAINS.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}"))) {
        return Some(InstallationKind::Development);
    }
    // The registered domain itself says nothing: a shop may be called test-shop.com; what stands before it does.
    let labels: Vec<&str> = host.split('.').collect();
    let before = labels.len().saturating_sub(2);
    let words = || labels.iter().take(before).flat_map(|label| label.split('-'));
    let is_one_of =
        |list: &[&str]| words().any(|word| list.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())));
    if is_one_of(&DEVELOPMENT_WORDS) {
        return Some(InstallationKind::Development);
    }
    is_one_of(&STAGING_WORDS).then_some(InstallationKind::Staging)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_url(url: &str) -> Option<InstallationKind> {
        Hints { base_url: Some(url.to_owned()), ..Hints::default() }.conclude().map(|inferred| inferred.kind)
    }

    #[test]
    fn the_host_name_gives_copies_away_and_nothing_else() {
        use InstallationKind::{Development, Production, Staging};
        for (url, kind) in [
            ("https://shop.example.com/", Production),
            ("https://www.test-shop.com/", Production),
            ("https://latest.example.com/", Production),
            ("https://testing-grounds.co.uk/", Production),
            ("https://staging.example.com/", Staging),
            ("https://mcstaging2.example.com/", Staging),
            ("https://shop-stage2.example.com/", Staging),
            ("https://user@QA.example.com:8443/de/", Staging),
            ("http://shop.test/", Development),
            ("https://eu.luma.example.test/", Development),
            ("http://localhost:8080/", Development),
            ("http://192.168.0.5/", Development),
            ("http://[::1]:8080/", Development),
            ("https://dev.example.com", Development),
            ("https://pr-7-abc.eu-3.magentosite.cloud/", Development),
        ] {
            assert_eq!(of_url(url), Some(kind), "{url}");
        }
        assert_eq!(of_url("{{base_url}}"), None, "a placeholder says nothing");
    }

    #[test]
    fn the_stronger_sign_decides_and_is_named() {
        let mut hints = Hints {
            configured: None,
            cloud_type: None,
            mage_mode: Some("developer".to_owned()),
            base_url: Some("https://shop.example.com/".to_owned()),
        };
        let inferred = hints.conclude().expect("a kind");
        assert_eq!(
            (inferred.kind, inferred.because.as_str()),
            (InstallationKind::Development, "MAGE_MODE is developer")
        );
        hints.cloud_type = Some("staging".to_owned());
        assert_eq!(hints.conclude().expect("a kind").kind, InstallationKind::Staging);
        hints.cloud_type = Some("something new".to_owned());
        assert_eq!(hints.conclude().expect("a kind").kind, InstallationKind::Development);
        hints.configured = Some(InstallationKind::Production);
        assert_eq!(
            hints.conclude().expect("a kind").because.as_str(),
            "MAGENTO_CLOUD_ENVIRONMENT_TYPE is something new",
            "a configuration that was copied along makes no production of it"
        );
        hints.cloud_type = Some("production".to_owned());
        assert_eq!(hints.conclude().expect("a kind").because.as_str(), "instance.kind is production");
        hints.configured = Some(InstallationKind::Staging);
        assert_eq!(hints.conclude().expect("a kind").because.as_str(), "instance.kind is staging");
        hints = Hints { configured: Some(InstallationKind::Production), cloud_type: None, ..hints };
        assert_eq!(hints.conclude().expect("a kind").because.as_str(), "instance.kind is production");
        assert_eq!(Hints { mage_mode: Some("production".to_owned()), ..Hints::default() }.conclude(), None);
    }
}
