//! Signing in with an Adobe ID, and choosing the IMS organization.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::{Connector, Overview, explained};
use crate::config::TokenHome;
use crate::config::store::Store;
use crate::error::{Exit, Problem};
use crate::ims::models::{Organization, OrganizationId, PendingSignIn, SignIn, SignedIn};
use crate::ims::{Ims, ImsSettings, Keep, TokenStore, read_secret};
use crate::remedy::{Hint, Remedy};
use crate::secret::Secret;
use crate::settings::Setting;
use crate::untrusted::SafeText;

/// The client secret of a service: pasted, or where it is.
#[derive(Debug, Clone)]
pub enum ClientSecret {
    /// The secret itself.
    Pasted(Secret),
    /// In this file, 0600.
    InFile(PathBuf),
}

/// Where tokens are kept, by the configuration.
pub(super) fn token_store(store: &Store, state_dir: &Path) -> TokenStore {
    TokenStore::new(match store.config().ims.token_store {
        TokenHome::File => Keep::Files(state_dir.join("ims")),
        TokenHome::Memory => Keep::Memory,
    })
}

impl Connector {
    /// Where signing in stands. Renews a token that has expired, where it can be renewed.
    ///
    /// # Errors
    /// A [`Problem`] if tokens cannot be read, or IMS cannot be asked to renew them.
    pub async fn sign_in(&self) -> Result<SignIn, Problem> {
        let tokens = self.shared.tokens.lock().await;
        Ims::new(self.ims_settings(), &tokens).status(Timestamp::now()).await.map_err(explained)
    }

    /// Begins to sign in, or continues with what was begun.
    ///
    /// # Errors
    /// A [`Problem`] if a setting is missing or wrong.
    pub async fn begin_sign_in(&self) -> Result<PendingSignIn, Problem> {
        let tokens = self.shared.tokens.lock().await;
        Ims::new(self.ims_settings(), &tokens).begin(Timestamp::now()).map_err(explained)
    }

    /// Finishes with the address that the person was sent back to.
    pub async fn finish_sign_in(&self, pasted: &Secret) -> Result<SignedIn, Problem> {
        let tokens = self.shared.tokens.lock().await;
        Ims::new(self.ims_settings(), &tokens).finish(pasted, Timestamp::now()).await.map_err(explained)
    }

    /// Signs in as a service, by client credentials. What is not given comes from the configuration.
    ///
    /// # Errors
    /// A [`Problem`]; who was signed in before still is.
    pub async fn sign_in_as_service(
        &self,
        client_id: Option<&str>,
        secret: Option<ClientSecret>,
    ) -> Result<SignedIn, Problem> {
        let settings = self.ims_settings();
        let client_id = client_id.map(str::trim).filter(|id| !id.is_empty()).or(settings.client_id.as_deref());
        let client_id = client_id.ok_or_else(|| Problem::usage("the client id of the service is missing"))?.to_owned();
        let secret = match secret.or_else(|| settings.client_secret_file.clone().map(ClientSecret::InFile)) {
            Some(ClientSecret::Pasted(secret)) => Secret::new(secret.expose().trim()),
            Some(ClientSecret::InFile(path)) => read_secret(&path).map_err(explained)?,
            None => return Err(Problem::usage("the client secret of the service is missing")),
        };
        if secret.is_empty() {
            return Err(Problem::usage("the client secret of the service is empty"));
        }
        let tokens = self.shared.tokens.lock().await;
        Ims::new(settings, &tokens).sign_in_as_service(&client_id, secret, Timestamp::now()).await.map_err(explained)
    }

    /// Revokes and forgets the tokens, and forgets what was begun. Gives what could not be done, if so.
    ///
    /// # Errors
    /// A [`Problem`] if they cannot be taken away here.
    pub async fn sign_out(&self) -> Result<Option<SafeText>, Problem> {
        let tokens = self.shared.tokens.lock().await;
        let untold = Ims::new(self.ims_settings(), &tokens).sign_out().await.map_err(explained)?;
        Ok(untold.map(|error| {
            SafeText::new(&format!("the tokens are deleted but not revoked, and stay valid until they expire: {error}"))
        }))
    }

    /// The organizations of who is signed in, by name.
    ///
    /// # Errors
    /// A [`Problem`]: nobody is signed in, or IMS has no usable answer.
    pub async fn organizations(&self) -> Result<Vec<Organization>, Problem> {
        let tokens = self.shared.tokens.lock().await;
        Ims::new(self.ims_settings(), &tokens).organizations(Timestamp::now()).await.map_err(explained)
    }

    /// Chooses an organization: who is signed in must see it; then it is saved where settings live.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub async fn select_organization(&self, id: &OrganizationId) -> Result<Overview, Problem> {
        let organizations = self.organizations().await?;
        if !organizations.iter().any(|organization| organization.id == *id) {
            let what = format!("your account has no access to the organization {}", id.as_str());
            let hint = Hint::from(Remedy::ListOrganizations).and(" lists yours; another Adobe ID may have others");
            return Err(Problem::new(Exit::Usage, what).hint(hint));
        }
        self.save(&[(Setting::Organization, Secret::new(id.as_str()))]).await?;
        Ok(self.overview())
    }

    fn ims_settings(&self) -> ImsSettings {
        let store = self.store();
        let (ims, gateway) = (&store.config().ims, &store.config().gateway);
        ImsSettings {
            host: ims.host.clone(),
            client_id: ims.client_id.clone(),
            client_secret_file: ims.client_secret_file.as_deref().map(|path| store.resolve(path)),
            redirect_uri: ims.redirect_uri.clone(),
            scopes: ims.scopes.clone(),
            ca_file: gateway.ca_file.as_deref().map(|path| store.resolve(path)),
            connect_timeout: Duration::from_secs(gateway.connect_timeout_seconds),
            read_timeout: Duration::from_secs(gateway.read_timeout_seconds),
            total_timeout: Duration::from_secs(gateway.total_timeout_seconds),
        }
    }
}
