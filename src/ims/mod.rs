//! Adobe IMS: signing in with an Adobe ID on a server without a browser, and the organizations of that person.
//!
//! OAuth 2.0 (protocol page §4): the person opens an address anywhere, signs in, and pastes back the address that IMS sent them
//! to. It knows OAuth and where tokens are kept, and must never know the gateway, the ledger or a screen.

mod account;
mod error;
pub mod models;
mod oauth;
mod pasted;
mod store;
mod tokens;

use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use self::error::ImsError;
use self::models::{Organization, PendingSignIn, SignIn, SignedIn, SignedInAs};
use self::oauth::Oauth;
pub use self::pasted::PasteError;
pub use self::store::{Keep, TokenStore};
use self::store::{Pending, Session};
use self::tokens::{Credentials, Tokens};
use crate::http::wire::{Wire, WireSettings};
use crate::private_file::{self, Secrecy};
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// How long before its end a token is renewed: a request that is under way must not lose it.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_secs(60);

/// What signing in is made of.
#[derive(Debug, Clone)]
pub struct ImsSettings {
    /// Where IMS is, such as `https://ims-na1.adobelogin.com`.
    pub host: String,
    /// The client id of the OAuth credential.
    pub client_id: Option<String>,
    /// The file of its secret, 0600; only a Web App and a service have one.
    pub client_secret_file: Option<PathBuf>,
    /// Where IMS sends the person afterwards; nothing needs to listen there.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: String,
    /// Further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// To make a connection.
    pub connect_timeout: Duration,
    /// How long IMS may be silent.
    pub read_timeout: Duration,
    /// One request in all.
    pub total_timeout: Duration,
}

/// Signing in, over the tokens that are kept.
#[derive(Debug)]
pub struct Ims<'a> {
    settings: ImsSettings,
    store: &'a TokenStore,
}

impl<'a> Ims<'a> {
    /// Puts both together; nothing happens yet.
    #[must_use]
    pub fn new(settings: ImsSettings, store: &'a TokenStore) -> Self {
        Self { settings, store }
    }

    /// Where signing in stands. Renews a token that has expired, where it can be renewed.
    ///
    /// # Errors
    /// [`ImsError`] if tokens cannot be read, or IMS cannot be asked to renew them.
    pub async fn status(&self, now: Timestamp) -> Result<SignIn, ImsError> {
        let session = match self.store.session()? {
            Some(session) => self.in_force(session, now).await?,
            None => None,
        };
        if let Some(session) = session {
            return Ok(SignIn::In(self.shown(&session)));
        }
        if let Some(pending) = self.pending()? {
            return Ok(SignIn::Pending(self.pending_shown(&pending)));
        }
        Ok(match self.store.session()? {
            Some(session) => SignIn::Expired { name: session.name, at: session.tokens.until },
            None => SignIn::Out,
        })
    }

    /// Begins to sign in, or continues with what was begun.
    ///
    /// # Errors
    /// [`ImsError`] if a setting is missing or wrong, or it cannot be remembered.
    pub fn begin(&self, now: Timestamp) -> Result<PendingSignIn, ImsError> {
        if let Some(pending) = self.pending()? {
            return Ok(self.pending_shown(&pending));
        }
        let wire = self.wire()?;
        let credentials = self.credentials()?;
        let begun = Oauth::new(&wire, &credentials, &self.settings)?.begin(&self.settings.scopes);
        let pending = Pending {
            url: begun.url,
            state: begun.state,
            verifier: begun.verifier,
            since: now,
            host: self.settings.host.clone(),
            client_id: credentials.client_id,
            redirect_uri: self.settings.redirect_uri.clone(),
        };
        self.store.remember(&pending)?;
        Ok(self.pending_shown(&pending))
    }

    /// Finishes with the address that the person was sent back to.
    ///
    /// # Errors
    /// [`ImsError`]; what was begun then still waits, so that another address can be pasted.
    pub async fn finish(&self, pasted: &Secret, now: Timestamp) -> Result<SignedIn, ImsError> {
        let pending = self.pending()?.ok_or(ImsError::NothingPending)?;
        let code = pasted::code(pasted.expose(), &pending.redirect_uri, &pending.host, &pending.state)?;
        let wire = self.wire()?;
        let credentials = self.credentials()?;
        let tokens = Oauth::new(&wire, &credentials, &self.settings)?.exchange(&code, &pending.verifier, now).await?;
        let mut session = Session {
            kind: SignedInAs::Person,
            client_id: credentials.client_id,
            name: "an Adobe ID".into(),
            email: None,
            tokens,
        };
        // The code is used up, so the tokens are kept before anything else can go wrong.
        self.store.keep(&session)?;
        self.store.forget_pending()?;
        match account::user(&wire, &session.tokens.access).await {
            Ok(user) => {
                (session.name, session.email) = (user.name, user.email);
                self.store.keep(&session)?;
            }
            // Signed in is signed in: only the name is missing.
            Err(error) => tracing::warn!(%error, "IMS did not report who signed in"),
        }
        Ok(self.shown(&session))
    }

    /// Signs in as a service, by client credentials.
    ///
    /// # Errors
    /// [`ImsError`]; who was signed in before still is.
    pub async fn sign_in_as_service(
        &self,
        client_id: &str,
        secret: Secret,
        now: Timestamp,
    ) -> Result<SignedIn, ImsError> {
        let credentials = Credentials { client_id: client_id.to_owned(), secret: Some(secret) };
        let wire = self.wire()?;
        let tokens = Oauth::new(&wire, &credentials, &self.settings)?.as_service(&self.settings.scopes, now).await?;
        let session = Session {
            kind: SignedInAs::Service,
            name: SafeText::new(client_id),
            client_id: credentials.client_id,
            email: None,
            tokens,
        };
        self.store.keep(&session)?;
        self.store.forget_pending()?;
        Ok(self.shown(&session))
    }

    /// Revokes and forgets the tokens, and forgets what was begun. Gives why IMS could not be reached, if so.
    ///
    /// # Errors
    /// [`ImsError`] if they cannot be taken away here.
    pub async fn sign_out(&self) -> Result<Option<ImsError>, ImsError> {
        // A file that holds nonsense is taken away like any other.
        let session = self.store.session().ok().flatten();
        self.store.forget()?;
        let Some(session) = session else { return Ok(None) };
        let revoked = match self.wire() {
            Ok(wire) => self.revoke(&wire, &session).await,
            Err(error) => Err(error),
        };
        Ok(revoked.err())
    }

    async fn revoke(&self, wire: &Wire, session: &Session) -> Result<(), ImsError> {
        let credentials = Credentials { client_id: session.client_id.clone(), secret: self.secret_of(session)? };
        // The longer-lived first.
        for token in session.tokens.refresh.iter().chain([&session.tokens.access]) {
            account::revoke(wire, &credentials, token).await?;
        }
        Ok(())
    }

    /// The organizations of who is signed in.
    ///
    /// # Errors
    /// [`ImsError`]: nobody is signed in, or IMS has no usable answer.
    pub async fn organizations(&self, now: Timestamp) -> Result<Vec<Organization>, ImsError> {
        let session = self.store.session()?.ok_or(ImsError::Out)?;
        let (name, until) = (session.name.clone(), session.tokens.until);
        let Some(session) = self.in_force(session, now).await? else {
            return Err(ImsError::Expired { name, at: until });
        };
        let wire = self.wire()?;
        match account::organizations(&wire, &session.tokens.access).await {
            Err(ImsError::TokenRefused { .. }) => {}
            result => return result,
        }
        // Revoked elsewhere, before its time.
        let ended = Session { tokens: Tokens { until: now, ..session.tokens }, ..session };
        self.store.keep(&ended)?;
        match self.in_force(ended, now).await? {
            Some(renewed) => account::organizations(&wire, &renewed.tokens.access).await,
            None => Err(ImsError::Expired { name, at: now }),
        }
    }

    /// The session with a token that is good for a while, renewed if need be; `None` if a person has to sign in again.
    async fn in_force(&self, session: Session, now: Timestamp) -> Result<Option<Session>, ImsError> {
        if session.tokens.until.duration_since(now) > RENEW_BEFORE {
            return Ok(Some(session));
        }
        let secret = self.secret_of(&session)?;
        let credentials = Credentials { client_id: session.client_id.clone(), secret };
        let renewed = match (&session.tokens.refresh, session.kind) {
            (Some(refresh), _) => {
                let wire = self.wire()?;
                Oauth::new(&wire, &credentials, &self.settings)?.refresh(refresh, now).await
            }
            (None, SignedInAs::Service) if credentials.secret.is_some() => {
                let wire = self.wire()?;
                Oauth::new(&wire, &credentials, &self.settings)?.as_service(&self.settings.scopes, now).await
            }
            // Not renewable, but good to its last second.
            (None, _) => return Ok((session.tokens.until > now).then_some(session)),
        };
        match renewed {
            Ok(tokens) => {
                let session = Session { tokens, ..session };
                self.store.keep(&session)?;
                Ok(Some(session))
            }
            Err(ImsError::Grant { .. } | ImsError::Client { .. }) => {
                // Another process may have renewed it meanwhile; a refresh token works once.
                let newer = self.store.session()?.filter(|newer| newer.tokens.until.duration_since(now) > RENEW_BEFORE);
                Ok(newer.or_else(|| (session.tokens.until > now).then_some(session)))
            }
            Err(error) => Err(error),
        }
    }

    /// What was begun, if it was begun with the settings of now.
    fn pending(&self) -> Result<Option<Pending>, ImsError> {
        let settings = &self.settings;
        let is_same = |pending: &Pending| {
            pending.host == settings.host
                && Some(&pending.client_id) == settings.client_id.as_ref()
                && pending.redirect_uri == settings.redirect_uri
        };
        Ok(self.store.pending()?.filter(is_same))
    }

    fn wire(&self) -> Result<Wire, ImsError> {
        let settings = &self.settings;
        Ok(Wire::new(&WireSettings {
            setting: "ims.host",
            url: settings.host.clone(),
            ca_file: settings.ca_file.clone(),
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            total_timeout: settings.total_timeout,
        })?)
    }

    /// The configured client.
    fn credentials(&self) -> Result<Credentials, ImsError> {
        let client_id = self.settings.client_id.clone().filter(|id| !id.is_empty()).ok_or(ImsError::NoClient)?;
        Ok(Credentials { client_id, secret: self.configured_secret()? })
    }

    /// The secret of the client that the session belongs to, where the configuration names it.
    fn secret_of(&self, session: &Session) -> Result<Option<Secret>, ImsError> {
        if self.settings.client_id.as_ref() == Some(&session.client_id) { self.configured_secret() } else { Ok(None) }
    }

    fn configured_secret(&self) -> Result<Option<Secret>, ImsError> {
        self.settings.client_secret_file.as_deref().map(read_secret).transpose()
    }

    fn shown(&self, session: &Session) -> SignedIn {
        let has_secret = || self.secret_of(session).is_ok_and(|secret| secret.is_some());
        SignedIn {
            kind: session.kind,
            name: session.name.clone(),
            email: session.email.clone(),
            until: session.tokens.until,
            is_renewable: session.tokens.refresh.is_some() || (session.kind == SignedInAs::Service && has_secret()),
            kept: self.store.describe(),
        }
    }

    fn pending_shown(&self, pending: &Pending) -> PendingSignIn {
        PendingSignIn {
            url: SafeText::new(&pending.url),
            since: pending.since,
            is_resumed: !self.store.was_begun_here(pending),
        }
    }
}

/// Reads a client secret from its file, which must be closed to others.
///
/// # Errors
/// [`ImsError::File`], or [`ImsError::Setting`] if it is empty.
pub fn read_secret(path: &std::path::Path) -> Result<Secret, ImsError> {
    let text = zeroize::Zeroizing::new(private_file::read(path, Secrecy::Secret)?);
    let secret = Secret::new(text.trim());
    if secret.is_empty() {
        let reason = SafeText::new(&format!("{} is empty", private_file::safe(path)));
        return Err(ImsError::Setting { setting: "the client secret file", reason });
    }
    Ok(secret)
}
