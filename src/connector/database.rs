//! Where the Commerce database is: `[source.commerce]`, or `app/etc/env.php` under `instance.root` when that is absent.

use std::path::PathBuf;

use super::explained;
use crate::commerce::database::{Address, ClientCertificate, DEFAULT_PORT, DatabaseSettings, SettingsError, Tls};
use crate::commerce::deployment::{Connection, Deployment};
use crate::commerce::env_php::EnvPhpError;
use crate::config::store::Store;
use crate::config::{CommerceConnection, CommerceSection};
use crate::error::Problem;
use crate::private_file;
use crate::remedy::{Hint, Remedy};
use crate::secret::Secret;

/// What the connection is made of that is read.
///
/// # Errors
/// A usage [`Problem`] that names the key.
pub fn settings(store: &Store) -> Result<DatabaseSettings, Problem> {
    of_connection(store, read_connection(store))
}

/// The same, and what the connection is made of that has the orders' tables, where env.php gives them one of their own (a split
/// database).
///
/// # Errors
/// A usage [`Problem`] that names the key, or the line of env.php.
pub fn settings_with_orders(store: &Store) -> Result<(DatabaseSettings, Option<DatabaseSettings>), Problem> {
    if store.config().source.commerce.names_a_database() {
        return Ok((settings(store)?, None));
    }
    let deployment = deployment(store)?;
    let main = deployment.database_settings(read_connection(store)).map_err(|error| in_env_php(&error))?;
    let orders = deployment
        .connection_of("sales")
        .and_then(|connection| connection.map(|connection| deployment.database_settings(&connection)).transpose());
    // Naming a database in the configuration would not help: the orders are in another.
    let orders = orders.map_err(|error| Problem::usage(error.to_string()).hint("check instance.root"))?;
    Ok((main, orders))
}

/// What the connection is made of that settings are saved by, and read again after that: never a copy of the database.
///
/// # Errors
/// A usage [`Problem`] that names the key.
pub fn main_settings(store: &Store) -> Result<DatabaseSettings, Problem> {
    of_connection(store, &Connection::Default)
}

fn read_connection(store: &Store) -> &'static Connection {
    match store.config().source.commerce.connection {
        CommerceConnection::Default => &Connection::Default,
        CommerceConnection::Slave => &Connection::Slave,
    }
}

/// The installation's files, for where the configuration names no database.
fn deployment(store: &Store) -> Result<Deployment, Problem> {
    let root = store.config().instance.root.as_deref().ok_or_else(|| {
        let text = "set [source.commerce] url, or instance.root to read app/etc/env.php; or try ";
        Problem::usage("no Commerce database is configured").hint(Hint::from(text).and(Remedy::Demo))
    })?;
    Deployment::read(&store.resolve(root), store.environment().clone()).map_err(|error| in_env_php(&error))
}

fn in_env_php(error: &EnvPhpError) -> Problem {
    Problem::usage(error.to_string()).hint("check instance.root, or set the database in [source.commerce]")
}

fn of_connection(store: &Store, connection: &Connection) -> Result<DatabaseSettings, Problem> {
    let section = &store.config().source.commerce;
    if !section.names_a_database() {
        return deployment(store)?.database_settings(connection).map_err(|error| in_env_php(&error));
    }
    let mut settings = match &section.url {
        Some(url) => from_url(url, section, store)?,
        None => from_parts(section, store)?,
    };
    if let Some(file) = &section.password_file {
        let text = private_file::read(&store.resolve(file), store.secrecy_of("source.commerce.password_file"))
            .map_err(explained)?;
        settings.password = Secret::new(text.trim_end_matches(['\r', '\n']));
    }
    Ok(settings)
}

fn from_url(url: &str, section: &CommerceSection, store: &Store) -> Result<DatabaseSettings, Problem> {
    let also = [
        ("host", section.host.is_some()),
        ("port", section.port.is_some()),
        ("socket", section.socket.is_some()),
        ("user", section.user.is_some()),
        ("database", section.database.is_some()),
    ];
    if let Some((part, _)) = also.iter().find(|(_, is_set)| *is_set) {
        return Err(Problem::usage(format!(
            "source.commerce.url and source.commerce.{part} are both set, and may conflict"
        ))
        .hint("remove one of them"));
    }
    let tls = tls(section, store)?;
    DatabaseSettings::from_url(url, section.table_prefix.as_deref().unwrap_or_default(), tls)
        .map_err(|error| in_section(&error))
}

fn from_parts(section: &CommerceSection, store: &Store) -> Result<DatabaseSettings, Problem> {
    let missing = |key: &str| {
        Problem::usage(format!("source.commerce.{key} is missing")).hint("set it, or source.commerce.url instead")
    };
    let address = match (&section.socket, &section.host) {
        (Some(socket), _) => Address::Socket(store.resolve(socket)),
        (None, Some(host)) => Address::Tcp { host: host.clone(), port: section.port.unwrap_or(DEFAULT_PORT) },
        (None, None) => return Err(missing("host")),
    };
    let settings = DatabaseSettings {
        address,
        user: section.user.clone().ok_or_else(|| missing("user"))?,
        password: Secret::new(""),
        database: section.database.clone().ok_or_else(|| missing("database"))?,
        table_prefix: section.table_prefix.clone().unwrap_or_default(),
        tls: tls(section, store)?,
    };
    settings.check().map_err(|error| in_section(&error))?;
    Ok(settings)
}

/// TLS is used as soon as one of its keys is set.
fn tls(section: &CommerceSection, store: &Store) -> Result<Option<Tls>, Problem> {
    let resolved = |path: &Option<PathBuf>| path.as_deref().map(|path| store.resolve(path));
    let ca_file = resolved(&section.tls_ca_file);
    let client = match (resolved(&section.tls_cert_file), resolved(&section.tls_key_file)) {
        (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
        (None, None) => None,
        _ => {
            return Err(Problem::usage("source.commerce.tls_cert_file and source.commerce.tls_key_file go together")
                .hint("set both, or none"));
        }
    };
    if ca_file.is_none() && client.is_none() && section.tls_verify.is_none() {
        return Ok(None);
    }
    Ok(Some(Tls { ca_file, client, verify: section.tls_verify.unwrap_or_default() }))
}

fn in_section(error: &SettingsError) -> Problem {
    Problem::usage(format!("[source.commerce]: {error}"))
}
