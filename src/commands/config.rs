//! `config init|source|show|path`; what edits the file is in `config_edit`.

use std::path::Path;

use serde_json::json;

use super::output::{Output, table, talk};
use super::{Invocation, config_edit};
use crate::cli::ConfigCommand;
use crate::config::changes;
use crate::config::keys::KEYS;
use crate::config::store::{self as configuration, Store};
use crate::connector::Connector;
use crate::connector::setup::write_config;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::private_file::safe;
use crate::settings::{Layers, RouteOrigin, Setting, SettingStore as _};
use crate::untrusted::SafeText;

/// Runs one of them.
pub async fn run(command: &ConfigCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Init => init(setting, output)?,
        ConfigCommand::Show { commerce: false } => show(setting.load()?, setting, output).await?,
        ConfigCommand::Show { commerce: true } => show_commerce(setting, output).await?,
        ConfigCommand::Source { place } => source(place, setting, output).await?,
        ConfigCommand::Edit => return Ok(config_edit::edit(setting, output)?),
        ConfigCommand::Set { key, value } => config_edit::set(key, value, setting, output)?,
        ConfigCommand::Validate { file } => config_edit::validate(file.as_deref(), setting, output)?,
        ConfigCommand::Path => {
            let path = safe(&setting.config_path());
            output.say(path.as_str(), "config_path", json!({"path": path}))?;
        }
    }
    Ok(Exit::Done)
}

fn init(setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    let path = setting.config_path();
    write_config(&path)?;
    output.say(
        &format!(
            "Wrote {} (mode 0600). Next: `commerce-connector config source DIR` (the shop), then `commerce-connector status`.",
            safe(&path)
        ),
        "config_path",
        json!({"path": safe(&path), "created": true}),
    )
}

async fn source(place: &Path, setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    let store = setting.load()?;
    let state_dir = setting.state_dir(&store);
    let overview = Connector::new(store, state_dir, None).set_source(place).await?;
    let path = safe(&overview.config_path);
    output.say(
        &format!("Source set to {}; saved in {path}.", overview.source),
        "source",
        json!({"source": overview.source, "saved_in": path, "settings_in": overview.settings.home}),
    )?;
    if let Some(problem) = &overview.settings.problem {
        talk(&format!("Commerce's settings: {problem}"));
    }
    Ok(())
}

async fn show(store: Store, setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    let connector = Connector::new(store, setting.default_state_dir(), None);
    connector.load().await;
    let layers = connector.settings();
    let store = &layers.file;
    if let Some(problem) = layers.commerce.as_ref().and_then(|commerce| commerce.problem()) {
        talk(&format!("Commerce's settings: {problem}"));
    }
    let values = toml::Value::try_from(store.config())
        .map_err(|error| Problem::new(Exit::Other, format!("the configuration cannot be shown: {error}")))?;
    let mut rows = vec![["KEY", "VALUE", "ORIGIN"].map(str::to_owned).to_vec()];
    for key in KEYS {
        let mut value = key.path.split('.').try_fold(&values, |at, part| at.get(part)).map(shown);
        let mut origin = store.origin(key.path).to_string();
        value = value.map(|value| changes::shown(key.path, &value).to_string());
        if key.path == "state.directory" && value.is_none() {
            value = Some(setting.state_dir(store).display().to_string());
        }
        let is_set_here = *store.origin(key.path) != configuration::Origin::Default;
        let of_commerce = Setting::ALL.iter().find(|placed| placed.key() == key.path).filter(|_| !is_set_here);
        if let Some((shown, from)) = of_commerce.and_then(|placed| in_commerce(&layers, *placed)) {
            (value, origin) = (Some(shown), from);
        }
        if value.is_none() {
            "not set".clone_into(&mut origin);
        }
        let value = value.map(|value| crate::untrusted::SafeText::new(&value));
        output.record("setting", json!({"key": key.path, "value": value, "origin": origin}))?;
        rows.push(vec![key.path.to_owned(), value.unwrap_or_default().to_string(), origin]);
    }
    output.text(&format!("{}{}", safe(store.path()), if store.exists() { "" } else { " (does not exist yet)" }))?;
    output.text(&table(&rows, &[]))
}

/// The shop's own settings: those that say what is sent where, then those that shape items.
async fn show_commerce(setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    let connector = Connector::new(setting.load()?, setting.default_state_dir(), None);
    connector.load().await;
    let mut rows = vec![["PATH", "SCOPE", "VALUE", "ORIGIN"].map(str::to_owned).to_vec()];
    let mut add = |path: &str, scope: &str, value: Option<String>, origin: &str| {
        let value = value.map(|value| SafeText::new(&value));
        output.record("commerce_setting", json!({"path": path, "scope": scope, "value": value, "origin": origin}))?;
        let shown = value.map_or_else(|| "(null)".to_owned(), |value| value.to_string());
        rows.push([path, scope, &shown, origin].map(str::to_owned).to_vec());
        Ok::<(), Problem>(())
    };
    let layers = connector.settings();
    if layers.commerce.is_some() {
        for placed in Setting::ALL {
            if let Some((value, origin)) = in_commerce(&layers, placed) {
                add(placed.path(), "default", Some(value), &origin)?;
            }
        }
    }
    for feed in Feed::ALL {
        if let (route, RouteOrigin::Commerce { path, origin }) = layers.route(feed) {
            add(&path, "default", Some(route), &origin.to_string())?;
        }
    }
    for found in connector.commerce_settings().await? {
        let origin = found.origin.map_or_else(
            || "built-in default".to_owned(),
            |origin| {
                let locked = if origin.is_locked() { " (locked)" } else { "" };
                format!("{origin}{locked}")
            },
        );
        add(found.path, found.scope.as_str(), found.value.map(|value| value.to_string()), &origin)?;
    }
    output.text(&table(&rows, &[]))
}

/// What Commerce has of a setting, secrets masked, and where it has it.
fn in_commerce(layers: &Layers, setting: Setting) -> Option<(String, String)> {
    let commerce = layers.commerce.as_ref()?;
    let path = setting.path();
    let origin = match commerce.get(path) {
        Ok(found) => found.map(|found| {
            let locked = if found.locked { " (locked)" } else { "" };
            format!("{}{locked}", found.origin)
        })?,
        Err(problem) => return Some((format!("unusable: {problem}"), "unknown".to_owned())),
    };
    let value = match setting {
        Setting::PrivateKey(environment) => commerce
            .private_key(environment)
            .map(|found| found.map(|key| format!("RSA {} bits {}", key.value.bits(), key.value.fingerprint()))),
        _ => commerce.text(setting).map(|found| {
            found.map(|text| if setting.is_secret() { text.value.masked() } else { text.value.expose().to_owned() })
        }),
    };
    match value {
        Ok(value) => value.map(|value| (value, origin)),
        Err(problem) => Some((format!("unusable: {problem}"), origin)),
    }
}

fn shown(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
