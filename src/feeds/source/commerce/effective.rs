//! The settings in force: what variables, files, the database and the modules have, merged as Commerce does it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::scope::StoreView;
use super::setting::ShopSetting;
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::commerce::env_php::EnvPhpError;
use crate::commerce::settings::{Found, Origin, Scope as Code, Sources, TABLE};
use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// The tables that settings are read from, once for a run.
pub(super) const SETTING_TABLES: [&str; 3] = [TABLE, "store_website", "store"];

/// What a value is set for, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    Default,
    Website(u32),
    Store(u32),
}

/// The settings in force, in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Every scope of the shop, with its code.
    scopes: Vec<(Scope, Code)>,
    values: BTreeMap<(ShopSetting, Scope), Found>,
    /// The time zone of every scope that has one of its own.
    zones: BTreeMap<Scope, TimeZone>,
}

/// What is set, not where.
impl Hash for Settings {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (place, found) in &self.values {
            (place, &found.value).hash(state);
        }
    }
}

/// Why the settings are not known. Nothing is sent on a guess.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file that sets one.
    #[error(transparent)]
    File(#[from] EnvPhpError),
    /// A time zone that is none.
    #[error("{path} of {scope} is {name:?}, set in {origin}; not in this server's time zone data", path = ShopSetting::TimeZone.path())]
    TimeZone {
        /// What it is set for, such as `store view de`.
        scope: SafeText,
        name: SafeText,
        /// Where it is set.
        origin: SafeText,
    },
    /// The reading was broken off.
    #[error("cannot read the settings: {reason}")]
    Interrupted {
        /// Why.
        reason: SafeText,
    },
}

impl Explain for SettingError {
    fn exit(&self) -> Exit {
        match self {
            SettingError::Database(error) => error.exit(),
            SettingError::File(_) | SettingError::TimeZone { .. } => Exit::Usage,
            SettingError::Interrupted { .. } => Exit::Other,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            SettingError::Database(error) => error.hint(),
            SettingError::File(_) => Some(
                "write the value into the file as plain text, or as a variable that is set for this program as well"
                    .into(),
            ),
            SettingError::TimeZone { .. } => Some(
                "correct it in the Admin (General, Locale Options, Timezone), or update the server's tzdata".into(),
            ),
            SettingError::Interrupted { .. } => None,
        }
    }
}

/// A setting as it is in force for one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Its path, such as `web/unsecure/base_url`.
    pub path: &'static str,
    /// What it is set for: `default`, `website eu`, `store view de`.
    pub scope: SafeText,
    /// The value; `None` where it is set to nothing.
    pub value: Option<SafeText>,
    /// Where it is set; `None` for what this program takes where nobody sets it.
    pub origin: Option<Origin>,
}

/// The scopes of a shop: each by its id, with its code.
async fn scopes(database: &Database, snapshot: &mut Snapshot) -> Result<Vec<(Scope, Code)>, DatabaseError> {
    let (website, store) = (database.table("store_website"), database.table("store"));
    let websites = format!("SELECT website_id, code FROM {website} WHERE website_id <> 0 ORDER BY website_id");
    let stores = format!("SELECT store_id, code FROM {store} WHERE store_id <> 0 ORDER BY store_id");
    let websites: Vec<(u32, Option<String>)> = snapshot.rows(&websites).await?;
    let stores: Vec<(u32, Option<String>)> = snapshot.rows(&stores).await?;
    let code = |code: Option<String>| code.unwrap_or_default();
    let websites = websites.into_iter().map(|(id, name)| (Scope::Website(id), Code::website(&code(name))));
    let stores = stores.into_iter().map(|(id, name)| (Scope::Store(id), Code::store(&code(name))));
    Ok(std::iter::once((Scope::Default, Code::Default)).chain(websites).chain(stores).collect())
}

impl Settings {
    /// Reads them all: the database here, and what the files had when `sources` were read.
    pub(super) async fn load(database: &Database, sources: &Sources) -> Result<Self, SettingError> {
        let read = || async {
            let mut snapshot = database.snapshot().await?;
            database.check_tables(&mut snapshot).await?;
            let scopes = scopes(database, &mut snapshot).await?;
            let rows = rows(database, &mut snapshot).await?;
            snapshot.end().await;
            Ok((scopes, rows))
        };
        let (scopes, mut rows) = database.persist(read).await?;
        let mut settings = Self { scopes, ..Self::default() };
        for (scope, code) in settings.scopes.clone() {
            for setting in ShopSetting::ALL {
                let row = rows.remove(&(setting.path(), scope));
                if let Some(found) = sources.merged(&code, setting.path(), row)? {
                    settings.values.insert((setting, scope), found);
                }
            }
            settings.add_zone(scope, &code)?;
        }
        Ok(settings)
    }

    /// Looks up the time zone that a scope has of its own.
    fn add_zone(&mut self, scope: Scope, code: &Code) -> Result<(), SettingError> {
        let Some(found) = self.values.get(&(ShopSetting::TimeZone, scope)) else { return Ok(()) };
        let zone = TimeZone::get(found.text()).map_err(|_| SettingError::TimeZone {
            scope: SafeText::new(&code.to_string()),
            name: SafeText::new(found.text()),
            origin: SafeText::new(&found.origin.to_string()),
        })?;
        self.zones.insert(scope, zone);
        Ok(())
    }

    /// The value for a store view: its own, else its website's, else the default, else the shipped one. Nothing is an empty text.
    pub(super) fn get(&self, setting: ShopSetting, view: &StoreView) -> &str {
        self.get_or_null(setting, view).unwrap_or_default()
    }

    /// The same; `None` where it is set to nothing.
    pub(super) fn get_or_null(&self, setting: ShopSetting, view: &StoreView) -> Option<&str> {
        let scopes = [Scope::Store(view.id), Scope::Website(view.website_id), Scope::Default];
        match scopes.into_iter().find_map(|scope| self.values.get(&(setting, scope))) {
            Some(found) => found.value.as_deref(),
            None => Some(setting.shipped()),
        }
    }

    /// Whether a yes/no setting is on for a store view.
    pub(super) fn is_on(&self, setting: ShopSetting, view: &StoreView) -> bool {
        is_yes(self.get(setting, view))
    }

    /// Whether a yes/no setting that has no scopes is on: the default, else the shipped value.
    pub(super) fn is_on_everywhere(&self, setting: ShopSetting) -> bool {
        is_yes(self.values.get(&(setting, Scope::Default)).map_or(setting.shipped(), Found::text))
    }

    /// The time zone of a store view, or of the whole shop.
    pub(super) fn time_zone(&self, view: Option<&StoreView>) -> TimeZone {
        let of_view = view.into_iter().flat_map(|view| [Scope::Store(view.id), Scope::Website(view.website_id)]);
        let zone = of_view.chain([Scope::Default]).find_map(|scope| self.zones.get(&scope));
        // What is shipped is UTC, in which Commerce itself calculates.
        zone.cloned().unwrap_or(TimeZone::UTC)
    }

    /// The base URL of the whole installation; `None` where nobody set one.
    pub(super) fn base_url(&self) -> Option<&str> {
        let places = [ShopSetting::SecureBaseUrl, ShopSetting::UnsecureBaseUrl];
        let mut found =
            places.iter().filter_map(|setting| self.values.get(&(*setting, Scope::Default)).map(Found::text));
        found.find(|url| !url.is_empty() && !url.starts_with("{{"))
    }

    /// A fingerprint of everything that shapes items: the same settings have the same one.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for ((setting, scope), found) in &self.values {
            let (kind, id) = match scope {
                Scope::Default => ("default", 0),
                Scope::Website(id) => ("website", *id),
                Scope::Store(id) => ("store", *id),
            };
            let value =
                found.value.as_deref().map_or_else(|| "null".to_owned(), |value| format!("{}:{value}", value.len()));
            hash.update(format!("{} {kind} {id} {value}\n", setting.path()));
        }
        hash.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Every setting in force, by path and scope.
    pub(super) fn in_force(&self) -> Vec<InForce> {
        let mut all = Vec::new();
        for setting in ShopSetting::ALL {
            for (scope, code) in &self.scopes {
                let line = |value: Option<&str>, origin| InForce {
                    path: setting.path(),
                    scope: SafeText::new(&code.to_string()),
                    value: value.map(SafeText::new),
                    origin,
                };
                match (self.values.get(&(setting, *scope)), scope) {
                    (Some(found), _) => all.push(line(found.value.as_deref(), Some(found.origin.clone()))),
                    (None, Scope::Default) => all.push(line(Some(setting.shipped()), None)),
                    (None, _) => {}
                }
            }
        }
        all.sort_by(|a, b| a.path.cmp(b.path));
        all
    }
}

/// The database's rows of all settings. A row without a value is a value: it hides what is set above it.
async fn rows(
    database: &Database,
    snapshot: &mut Snapshot,
) -> Result<HashMap<(&'static str, Scope), Option<String>>, DatabaseError> {
    let paths = ShopSetting::ALL.map(|setting| format!("'{}'", setting.path())).join(",");
    let sql = format!("SELECT path, scope, scope_id, value FROM {} WHERE path IN ({paths})", database.table(TABLE));
    let rows: Vec<(String, String, i64, Option<String>)> = snapshot.rows(&sql).await?;
    let mut values = HashMap::new();
    for (path, scope, scope_id, value) in rows {
        let setting = ShopSetting::ALL.into_iter().find(|setting| setting.path() == path);
        let id = u32::try_from(scope_id).unwrap_or_default();
        let scope = match scope.as_str() {
            "stores" => Scope::Store(id),
            "websites" => Scope::Website(id),
            _ => Scope::Default,
        };
        if let Some(setting) = setting {
            values.insert((setting.path(), scope), value);
        }
    }
    Ok(values)
}

fn is_yes(value: &str) -> bool {
    !matches!(value, "" | "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> StoreView {
        StoreView {
            id: 3,
            code: "de".to_owned(),
            group_id: 1,
            group_code: "g".to_owned(),
            root_category_id: 2,
            website_id: 2,
            website_code: "w".to_owned(),
        }
    }

    fn settings(values: &[(ShopSetting, Scope, &str)]) -> Settings {
        let found = |value: &str| Found { value: Some(value.to_owned()), origin: Origin::Database, locked: false };
        let values = values.iter().map(|(setting, scope, value)| ((*setting, *scope), found(value))).collect();
        Settings { values, ..Settings::default() }
    }

    #[test]
    fn the_nearest_scope_wins_and_the_shipped_value_comes_last() {
        let set = settings(&[
            (ShopSetting::WeightUnit, Scope::Default, "lbs"),
            (ShopSetting::WeightUnit, Scope::Website(2), "kgs"),
            (ShopSetting::WeightUnit, Scope::Website(1), "stones"),
            (ShopSetting::BaseCurrency, Scope::Website(2), "EUR"),
            (ShopSetting::BaseCurrency, Scope::Store(3), ""),
        ]);
        assert_eq!(set.get(ShopSetting::WeightUnit, &view()), "kgs");
        assert_eq!(set.get(ShopSetting::BaseCurrency, &view()), "", "an empty value hides what is above it");
        assert_eq!(set.get(ShopSetting::DefaultSortBy, &view()), "position");
    }

    #[test]
    fn a_time_zone_that_is_none_is_an_error_that_names_it() {
        let mut set = settings(&[
            (ShopSetting::TimeZone, Scope::Store(3), "Europe/Berlin"),
            (ShopSetting::TimeZone, Scope::Default, "Moon/Crater"),
        ]);
        assert_eq!(set.add_zone(Scope::Store(3), &Code::store("de")), Ok(()));
        assert_eq!(set.time_zone(Some(&view())).iana_name(), Some("Europe/Berlin"));
        let error = set.add_zone(Scope::Default, &Code::Default).expect_err("no zone").to_string();
        assert_eq!(
            error,
            "general/locale/timezone of default is \"Moon/Crater\", set in core_config_data; not in this \
             server's time zone data"
        );
    }

    #[test]
    fn the_same_settings_have_the_same_fingerprint_and_others_another() {
        let set = |value| {
            settings(&[
                (ShopSetting::WeightUnit, Scope::Default, value),
                (ShopSetting::Backorders, Scope::Store(1), "1"),
            ])
        };
        assert_eq!(set("kgs").fingerprint(), set("kgs").fingerprint());
        assert_ne!(set("kgs").fingerprint(), set("lbs").fingerprint());
    }
}
