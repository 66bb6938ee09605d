//! The way to the storefront services of a data space: endpoint, public key and pace.

use std::time::Duration;

use super::{Connector, explained, gateway_url};
use crate::client::storefront::{Storefront, StorefrontSettings};
use crate::config::Config;
use crate::domain::{DataSpaceId, Environment};
use crate::error::Problem;
use crate::keys::ApiKey;
use crate::remedy::Remedy;
use crate::settings::{Setting, SettingStore as _};

impl Connector {
    /// Whether the services' address goes with the gateway in use: Adobe's services show what was sent to Adobe's gateway.
    pub(super) fn knows_storefront(&self) -> bool {
        let (config, adobes) = (self.config(), Config::default());
        let environment = config.gateway.environment;
        config.gateway.graphql_url.is_some() || gateway_url(&config, environment) == gateway_url(&adobes, environment)
    }

    /// The services of a data space, asked with the API key of this pair.
    ///
    /// # Errors
    /// A [`Problem`] if there is no such key, the endpoint is not known, or a setting cannot work.
    pub(super) fn storefront(&self, data_space: &DataSpaceId, environment: Environment) -> Result<Storefront, Problem> {
        let config = self.config();
        let gateway = &config.gateway;
        if !self.knows_storefront() {
            let what =
                "the storefront services that belong to this gateway are not known: gateway.graphql_url is not set";
            return Err(Problem::usage(what).hint("set it to their GraphQL endpoint, such as https://HOST/graphql"));
        }
        let missing = || {
            Problem::usage(format!("no {environment} API key; the services are asked with it"))
                .hint(Remedy::AddKeys { environment: environment.name().into() })
        };
        let api_key = self.public_key(environment)?.ok_or_else(missing)?;
        let settings = StorefrontSettings {
            url: gateway.graphql_url.clone().unwrap_or_else(|| default_url(environment).to_owned()),
            ca_file: gateway.ca_file.as_deref().map(|path| self.store().resolve(path)),
            connect_timeout: Duration::from_secs(gateway.connect_timeout_seconds),
            read_timeout: Duration::from_secs(gateway.read_timeout_seconds),
            total_timeout: Duration::from_secs(gateway.total_timeout_seconds),
            requests_per_second: Some(gateway.graphql_requests_per_second).filter(|rate| *rate > 0.0),
            data_space: data_space.clone(),
        };
        Storefront::new(&settings, &api_key).map_err(explained)
    }

    /// The API key of a pair; `None` if it is not set.
    ///
    /// # Errors
    /// A [`Problem`] if it cannot be read, or is none.
    pub(super) fn public_key(&self, environment: Environment) -> Result<Option<ApiKey>, Problem> {
        let text = self.layers().text(Setting::ApiKey(environment))?;
        text.map(|text| ApiKey::parse(text.value.expose()).map_err(explained)).transpose()
    }
}

/// Adobe's endpoint for a pair (protocol page §7).
fn default_url(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "https://catalog-service.adobe.io/graphql",
        Environment::Sandbox => "https://catalog-service-sandbox.adobe.io/graphql",
    }
}
