//! Database connections as the installation's files and variables name them (protocol page §5).

use std::path::PathBuf;

use super::{Deployed, Deployment};
use crate::commerce::database::{Address, ClientCertificate, DatabaseSettings, Tls};
use crate::commerce::env_php::{EnvPhpError, PhpFile};
use crate::domain::TlsVerify;
use crate::secret::Secret;

/// PDO's numbers for the options that name the client's key and certificate (`MYSQL_ATTR_SSL_KEY`, `MYSQL_ATTR_SSL_CERT`) and the
/// CA file (`MYSQL_ATTR_SSL_CA`).
const OPTION_KEY: &str = "driver_options/1007";
const OPTION_CERT: &str = "driver_options/1008";
const OPTION_CA: &str = "driver_options/1009";
/// PDO's number for the option that turns verification off (`MYSQL_ATTR_SSL_VERIFY_SERVER_CERT`).
const OPTION_VERIFY: &str = "driver_options/1014";
/// Adobe's cloud: what the environment is connected to, base64 of JSON.
const RELATIONSHIPS: &str = "MAGENTO_CLOUD_RELATIONSHIPS";

/// A connection of env.php.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// `db/connection/default`
    Default,
    /// `db/slave_connection/default`: a copy of the database for reading.
    Slave,
    /// `db/connection/<name>`, such as `sales` in a split database.
    Named(String),
}

impl Connection {
    fn path(&self) -> String {
        match self {
            Connection::Default => "db/connection/default".to_owned(),
            Connection::Slave => "db/slave_connection/default".to_owned(),
            Connection::Named(name) => format!("db/connection/{name}"),
        }
    }

    /// What Adobe's cloud calls it.
    fn relationship(&self) -> &str {
        match self {
            Connection::Default => "database",
            Connection::Slave => "database-slave",
            Connection::Named(name) if name == "checkout" => "database-quote",
            Connection::Named(name) if name == "sales" => "database-sales",
            Connection::Named(name) => name,
        }
    }
}

/// What a connection is made of.
pub(super) fn settings(deployment: &Deployment, connection: &Connection) -> Result<DatabaseSettings, EnvPhpError> {
    let path = connection.path();
    let table_prefix = deployment.value("db/table_prefix")?.map(|prefix| prefix.text).unwrap_or_default();
    if !deployment.has(&path)? {
        return match of_cloud(deployment, connection, &table_prefix)? {
            Some(settings) => Ok(settings),
            None => Err(deployment.lacks(&missing(deployment, &path)?)),
        };
    }
    let value = |key: &str| deployment.value(&format!("{path}/{key}"));
    let needed = |key: &str| {
        value(key)?
            .filter(|found| !found.text.is_empty())
            .ok_or_else(|| deployment.lacks(&format!("the connection {path} has no '{key}'")))
    };
    let host = value("host")?.filter(|host| !host.text.is_empty());
    let address = match (value("unix_socket")?.filter(|path| !path.text.is_empty()), host) {
        (Some(socket), _) => Address::Socket(PathBuf::from(socket.text)),
        (None, Some(host)) => {
            address(&host, value("port")?.as_ref()).map_err(|reason| deployment.mistake(&host, &reason))?
        }
        (None, None) => address(&Deployed { text: "localhost".to_owned(), place: path.clone(), line: None }, None)
            .map_err(|reason| deployment.lacks(&reason))?,
    };
    let database = needed("dbname")?;
    let settings = DatabaseSettings {
        address,
        user: needed("username")?.text,
        password: Secret::new(value("password")?.map(|password| password.text).unwrap_or_default()),
        database: database.text.clone(),
        table_prefix,
        tls: tls(deployment, &path)?,
    };
    settings.check().map_err(|error| deployment.mistake(&database, &error.to_string()))?;
    Ok(settings)
}

fn address(host: &Deployed, port: Option<&Deployed>) -> Result<Address, String> {
    let address = Address::from_host(&host.text).map_err(|error| error.to_string())?;
    match (address, port.map(|port| port.text.trim()).filter(|port| !port.is_empty())) {
        (Address::Tcp { host: name, .. }, Some(port)) if !host.text.ends_with(&format!(":{port}")) => {
            let port = port.parse().map_err(|_| "'port' is not a number from 1 to 65535".to_owned())?;
            Ok(Address::Tcp { host: name, port })
        }
        (address, _) => Ok(address),
    }
}

/// Why there is no such connection, in one sentence.
fn missing(deployment: &Deployment, path: &str) -> Result<String, EnvPhpError> {
    if !deployment.has("db")? {
        return Ok("it has no 'db' section".to_owned());
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    Ok(if path.starts_with("db/slave_connection") {
        "'db' has no 'slave_connection' named 'default'".to_owned()
    } else {
        format!("'db' has no connection named '{name}'")
    })
}

/// An encrypted connection, if a file of it is named. Where the shop does not verify the server, its certificate must still be
/// signed by the CA: this program has no unverified connection.
fn tls(deployment: &Deployment, path: &str) -> Result<Option<Tls>, EnvPhpError> {
    let value = |option: &str| deployment.value(&format!("{path}/{option}"));
    let file = |option: &str| Ok(value(option)?.filter(|file| !file.text.is_empty()));
    let ca_file = file(OPTION_CA)?.map(|file| PathBuf::from(file.text));
    let client = match (file(OPTION_CERT)?, file(OPTION_KEY)?) {
        (Some(certificate), Some(key)) => {
            Some(ClientCertificate { certificate: certificate.text.into(), key: key.text.into() })
        }
        (None, None) => None,
        (Some(half), None) | (None, Some(half)) => {
            return Err(deployment.mistake(&half, "client certificate (1008) and client key (1007) go together"));
        }
    };
    let is_off = value(OPTION_VERIFY)?.is_some_and(|verify| matches!(verify.text.as_str(), "" | "0"));
    let verify = if is_off { TlsVerify::Ca } else { TlsVerify::Full };
    Ok((ca_file.is_some() || client.is_some()).then_some(Tls { ca_file, client, verify }))
}

/// The database that Adobe's cloud connects an environment to, for an env.php that does not name one yet.
fn of_cloud(
    deployment: &Deployment,
    connection: &Connection,
    table_prefix: &str,
) -> Result<Option<DatabaseSettings>, EnvPhpError> {
    let Some(encoded) = deployment.environment().get(RELATIONSHIPS).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let relationships = PhpFile::of_base64_json(RELATIONSHIPS, encoded, deployment.environment())?;
    let name = connection.relationship();
    let value = |key: &str| {
        let plain = relationships.plain([name, "0", key])?;
        Ok::<_, EnvPhpError>(plain.and_then(|plain| plain.text).filter(|text| !text.is_empty()))
    };
    let Some(host) = value("host")? else { return Ok(None) };
    let place = |text: String| Deployed { text, place: RELATIONSHIPS.to_owned(), line: None };
    let host = place(host);
    let port = value("port")?.map(place);
    let needed = |key: &str| value(key)?.ok_or_else(|| relationships.fail(None, &format!("{name} has no \"{key}\"")));
    let settings = DatabaseSettings {
        address: address(&host, port.as_ref()).map_err(|reason| relationships.fail(None, &reason))?,
        user: needed("username")?,
        password: Secret::new(value("password")?.unwrap_or_default()),
        database: needed("path")?,
        table_prefix: table_prefix.to_owned(),
        tls: None,
    };
    settings.check().map_err(|error| relationships.fail(None, &error.to_string()))?;
    Ok(Some(settings))
}
