//! Both stores over each other: the configuration wins, Commerce comes next, and one of them takes what is saved.

use super::{CommerceStore, Located, Origin, Saved, Setting, SettingStore};
use crate::commerce::{env_php, settings as installation};
use crate::config::store::{Origin as Layer, Store};
use crate::config::{Config, SettingsHome};
use crate::domain::{DataSpaceKind, Environment, Feed};
use crate::error::{Exit, Problem};
use crate::keys::PrivateKey;
use crate::secret::Secret;
use crate::untrusted::SafeText;
use std::sync::Arc;

/// Where Commerce has the routes of feeds, the newer place first (protocol page §3).
const ROUTE_PATHS: [&str; 2] = ["commerce_data_export/routes", "magento_saas/routes"];

/// Whether settings live in the Commerce installation. Looks for a file.
pub fn lives_in_commerce(store: &Store) -> bool {
    let instance = &store.config().instance;
    match (instance.settings, &instance.root) {
        (SettingsHome::File, _) | (_, None) => false,
        (SettingsHome::Commerce, Some(_)) => true,
        (SettingsHome::Auto, Some(root)) => store.resolve(root).join(env_php::PATH).is_file(),
    }
}

/// Where a feed's route came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteOrigin {
    /// The Commerce installation's own setting.
    Commerce {
        /// The setting's path.
        path: String,
        /// Where it was set.
        origin: installation::Origin,
    },
    /// `[export.routes]` of the configuration.
    Configuration,
    /// Adobe's documentation.
    Documented,
    /// Not public: a stand-in of this program.
    Inferred,
}

impl std::fmt::Display for RouteOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RouteOrigin::Commerce { path, origin } => write!(f, "{origin} ({path})"),
            RouteOrigin::Configuration => f.write_str("configuration"),
            RouteOrigin::Documented => f.write_str("Adobe's documentation"),
            RouteOrigin::Inferred => f.write_str("not public, so not part of `all`"),
        }
    }
}

/// Both stores.
#[derive(Debug, Clone)]
pub struct Layers {
    /// The configuration.
    pub file: Store,
    /// The installation, where settings live in it and it was looked at.
    pub commerce: Option<Arc<CommerceStore>>,
    /// The installation wherever settings live, as far as it was looked at: its routes count.
    pub installation: Option<Arc<CommerceStore>>,
}

impl Layers {
    /// The configuration with what Commerce adds to it: environment, project, data space and routes.
    pub fn effective(&self) -> Config {
        let mut config = self.file.config().clone();
        for feed in Feed::ALL {
            if let Some((route, _)) = self.commerce_route(feed) {
                config.export.routes.insert(feed, route);
            }
        }
        if self.commerce.is_none() {
            return config;
        }
        if let Some(environment) = self.plain(Setting::Environment).and_then(|text| text.to_lowercase().parse().ok()) {
            config.gateway.environment = environment;
        }
        let saas = &mut config.saas;
        saas.project_id = self.plain(Setting::ProjectId).and_then(|id| id.parse().ok());
        saas.project_name = self.label(Setting::ProjectName, Setting::ProjectId);
        saas.environment_id = self.plain(Setting::DataSpaceId).and_then(|id| id.parse().ok());
        saas.environment_name = self.label(Setting::DataSpaceName, Setting::DataSpaceId);
        saas.environment_type =
            self.label(Setting::DataSpaceType, Setting::DataSpaceId).and_then(|kind| kind_of(&kind));
        saas.ims_organization_id = self.plain(Setting::Organization);
        config
    }

    /// A setting that is not a secret.
    fn plain(&self, setting: Setting) -> Option<String> {
        self.text(setting).ok().flatten().map(|located| located.value.expose().to_owned())
    }

    /// A label of an id. One from another place belongs to another id: a wrong type could let a test into a live data space.
    fn label(&self, label: Setting, id: Setting) -> Option<String> {
        let id = self.text(id).ok().flatten()?;
        let label = self.text(label).ok().flatten()?;
        label.origin.is_beside(&id.origin).then(|| label.value.expose().to_owned())
    }

    /// The route of a feed, and where it came from.
    pub fn route(&self, feed: Feed) -> (String, RouteOrigin) {
        if let Some(found) = self.commerce_route(feed) {
            return found;
        }
        match self.file.config().export.routes.get(&feed) {
            Some(route) => (route.clone(), RouteOrigin::Configuration),
            None if feed.route_is_public() => (feed.route().to_owned(), RouteOrigin::Documented),
            None => (feed.route().to_owned(), RouteOrigin::Inferred),
        }
    }

    fn commerce_route(&self, feed: Feed) -> Option<(String, RouteOrigin)> {
        self.installed_route(feed).ok().flatten()
    }

    /// The route that the installation has for a feed.
    fn installed_route(&self, feed: Feed) -> Result<Option<(String, RouteOrigin)>, Problem> {
        let Some(installation) = &self.installation else { return Ok(None) };
        for place in ROUTE_PATHS {
            let path = format!("{place}/{feed}");
            let Some(found) = installation.get(&path)? else { continue };
            let route = found.text().trim().trim_matches('/').to_owned();
            if route.is_empty() {
                continue;
            }
            if !is_route(&route) {
                let what =
                    format!("{path}, the route of {feed}, is not a plain relative path (set in {})", found.origin);
                return Err(Problem::usage(what).hint(format!("correct it in {}", found.origin)));
            }
            return Ok(Some((route, RouteOrigin::Commerce { path, origin: found.origin })));
        }
        Ok(None)
    }

    /// Everything that says what is sent where must be known: nothing is sent on a guess.
    ///
    /// # Errors
    /// A [`Problem`] that names the setting's place.
    pub fn check(&self) -> Result<(), Problem> {
        for setting in Setting::ALL.into_iter().filter(|setting| !setting.is_secret()) {
            self.text(setting)?;
        }
        for feed in Feed::ALL {
            self.installed_route(feed)?;
        }
        Ok(())
    }

    /// Where a setting is set such that saving it would change nothing; `None` if it can be saved.
    pub fn lock(&self, setting: Setting) -> Option<Origin> {
        if let Some(origin) = self.file.lock(setting) {
            return Some(origin);
        }
        let commerce = self.commerce.as_ref()?;
        // What the config file says would win over what is saved in Commerce.
        if *self.file.origin(setting.key()) == Layer::File {
            return Some(Origin::Configuration { layer: Layer::File, file: self.file.path().to_owned() });
        }
        commerce.lock(setting)
    }

    /// The same as a person reads it: `app/etc/env.php line 12`.
    pub fn locked_by(&self, setting: Setting) -> Option<SafeText> {
        self.lock(setting).map(|origin| SafeText::new(&origin.to_string()))
    }

    /// Whether a setting is already this.
    fn is_already(&self, setting: Setting, value: &Secret) -> bool {
        self.text(setting).ok().flatten().is_some_and(|located| located.value.expose().trim() == value.expose().trim())
    }

    fn refusal(&self, setting: Setting, origin: &Origin) -> Problem {
        let (name, hint) = match origin {
            Origin::Configuration { layer: Layer::File, .. } => (
                setting.key(),
                "remove it from that file, or set instance.settings = \"file\" to keep settings there".to_owned(),
            ),
            Origin::Configuration { .. } => (setting.key(), format!("remove {origin} first")),
            Origin::Commerce(_) => (setting.path(), format!("change it in {origin}, or remove it from there first")),
        };
        let home = if self.commerce.is_some() { "in Commerce's database" } else { "in the configuration file" };
        Problem::new(Exit::Usage, format!("{name} is locked: it is set by {origin}, so a value {home} has no effect"))
            .hint(hint)
    }
}

impl SettingStore for Layers {
    fn text(&self, setting: Setting) -> Result<Option<Located<Secret>>, Problem> {
        match (self.file.text(setting)?, &self.commerce) {
            (None, Some(commerce)) => commerce.text(setting),
            (found, _) => Ok(found),
        }
    }

    fn private_key(&self, environment: Environment) -> Result<Option<Located<PrivateKey>>, Problem> {
        match (self.file.private_key(environment)?, &self.commerce) {
            (None, Some(commerce)) => commerce.private_key(environment),
            (found, _) => Ok(found),
        }
    }

    fn lock(&self, setting: Setting) -> Option<Origin> {
        Self::lock(self, setting)
    }

    async fn save(&mut self, changes: &[(Setting, Secret)]) -> Result<Saved, Problem> {
        let mut wanted = Vec::with_capacity(changes.len());
        for (setting, value) in changes {
            match self.lock(*setting) {
                None => wanted.push((*setting, value.clone())),
                Some(_) if self.is_already(*setting, value) => {}
                Some(origin) => return Err(self.refusal(*setting, &origin)),
            }
        }
        if let ([], Some(origin)) = (wanted.as_slice(), changes.first().and_then(|(setting, _)| self.lock(*setting))) {
            // Everything is already as it should be, where it is locked.
            return Ok(Saved { where_to: SafeText::new(&origin.to_string()), private_key_file: None, note: None });
        }
        match &mut self.commerce {
            Some(commerce) => {
                let saved = Arc::make_mut(commerce).save(&wanted).await;
                self.installation = Some(Arc::clone(commerce));
                saved
            }
            None => SettingStore::save(&mut self.file, &wanted).await,
        }
    }
}

/// `Production` or `Testing`, in any case.
fn kind_of(text: &str) -> Option<DataSpaceKind> {
    [DataSpaceKind::Production, DataSpaceKind::Testing]
        .into_iter()
        .find(|kind| kind.to_string().eq_ignore_ascii_case(text))
}

/// Whether this is a relative path of plain segments: it becomes part of an address that keys are sent to.
fn is_route(route: &str) -> bool {
    route.split('/').all(|segment| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_plain_relative_path() {
        assert!(is_route("feeds/catalog/v2/products"));
        for wrong in ["https://evil.example/x", "feeds/../x", "feeds//x", "feeds/x?y", "feeds/x y", "feeds/x#y", "."] {
            assert!(!is_route(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_type_is_read_in_any_case_and_nothing_else_is() {
        assert_eq!(kind_of("production"), Some(DataSpaceKind::Production));
        assert_eq!(kind_of("Testing"), Some(DataSpaceKind::Testing));
        assert_eq!(kind_of("staging"), None);
    }
}
