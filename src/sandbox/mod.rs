//! A local gateway that speaks the public contract: for the demo, for rehearsal, and as the test bed.
//!
//! It is written against the contract, not against our client: it must never import `client`, `export` or `tui`.
//!
//! What it chooses where the contract is silent: a data space that does not belong to the API key is a 404, a request may
//! hold 1,000 items and 64 MiB once unpacked, names are at most 255 characters, and only feed requests count towards the
//! rate limit and the fault script (see [`faults`] for its format).

mod answer;
mod auth;
pub mod faults;
mod gateway;
mod graphql;
mod ims;
mod ingest;
mod injected_fault;
mod inspect;
mod jwt;
mod listener;
mod pairs;
pub(crate) mod rate;
mod registry;
mod registry_routes;
mod router;
mod schema;
mod shared;
mod shown;
mod store;
mod tokens;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{Exit, Explain};
use crate::private_file::{self, PrivateFileError};
use crate::remedy::Hint;
use crate::untrusted::SafeText;
use faults::Faults;
use gateway::{Gateway, Tenant};
use listener::{Cut, CuttableListener};
use rate::Limit;
use registry::Registry;
pub use store::Keep;

/// Which edition the sandbox plays: it decides how many data spaces a project gets (protocol page §2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Edition {
    /// Adobe Commerce: 1 production and 2 testing data spaces.
    #[default]
    Commerce,
    /// Magento Open Source: 1 production data space.
    OpenSource,
}

/// What a sandbox is made of.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Where to listen; loopback only. Port 0 = any free one.
    pub listen: SocketAddr,
    /// Edition to play.
    pub edition: Edition,
    /// Allowed requests a second; `None` = no limit.
    pub requests_per_second: Option<f64>,
    /// How many requests may come at once before the limit bites.
    pub burst: u32,
    /// A fault script (TOML).
    pub faults: Option<PathBuf>,
    /// Where its keys are (0600). Those that are there are kept, so that a client's configuration outlives a restart; the
    /// others are made.
    pub keys_dir: PathBuf,
    /// Names of projects that are there from the start, for both key pairs; none by default.
    pub projects: Vec<String>,
    /// How much of each received item is kept. With counts alone, the services show nothing.
    pub keep: Keep,
    /// How long after it was received an item is shown by `/graphql`.
    pub visible_after: Duration,
}

impl SandboxSettings {
    /// Requests a second that the documented guardrail lets through (protocol page §3).
    pub const REQUESTS_PER_SECOND: f64 = 2.0;
    /// Requests that may come at once; Adobe does not publish it.
    pub const BURST: u32 = 4;

    /// The documented gateway: any free port of 127.0.0.1, Adobe Commerce, 2 requests a second, no faults, no projects.
    #[must_use]
    pub fn new(keys_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            edition: Edition::default(),
            requests_per_second: Some(Self::REQUESTS_PER_SECOND),
            burst: Self::BURST,
            faults: None,
            keys_dir: keys_dir.into(),
            projects: Vec::new(),
            keep: Keep::default(),
            visible_after: Duration::ZERO,
        }
    }

    fn limit(&self) -> Result<Option<Limit>, SandboxError> {
        match self.requests_per_second {
            Some(per_second) if !per_second.is_finite() || per_second <= 0.0 => Err(SandboxError::Rate(per_second)),
            Some(_) if self.burst == 0 => Err(SandboxError::Burst),
            Some(per_second) => Ok(Some(Limit { per_second, burst: self.burst })),
            None => Ok(None),
        }
    }
}

/// What `--ready-file` gets, as one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    pub production: ReadyPair,
    pub sandbox: ReadyPair,
}

/// One key pair that the sandbox accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyPair {
    /// The public API key; it is the IMS client id, too.
    pub api_key: String,
    /// Path of the private key, PEM.
    pub private_key_file: PathBuf,
    /// Path of the IMS client secret, one line without a line end.
    pub client_secret_file: PathBuf,
}

impl Ready {
    /// Writes it as JSON to a file that only its owner may read, whole or not at all, for whoever waits for the file.
    ///
    /// # Errors
    /// [`SandboxError::File`] if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SandboxError> {
        Ok(private_file::write(path, json!(self).to_string().as_bytes())?)
    }
}

/// A running sandbox; it stops when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// Where it is and which keys it accepts.
    pub ready: Ready,
    task: JoinHandle<io::Result<()>>,
    _stop: DropGuard,
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It may only listen on loopback.
    #[error("--listen {0}: the sandbox listens on loopback only, for example 127.0.0.1:0")]
    NotLoopback(SocketAddr),
    /// It cannot listen there.
    #[error("--listen {address}: {reason}")]
    Listen {
        address: SocketAddr,
        /// The system's words.
        reason: SafeText,
    },
    /// The rate is none.
    #[error("a limit of {0} requests a second blocks everything; set a number above 0")]
    Rate(f64),
    /// The burst is 0.
    #[error("a burst of 0 requests blocks everything; set 1 or more")]
    Burst,
    /// A project cannot be named like this.
    #[error("project {name:?}: {reason}")]
    Project {
        name: SafeText,
        /// What is wrong with it.
        reason: SafeText,
    },
    /// A key cannot be made, or the one that is there cannot be used.
    #[error("the sandbox has no keys: {0}")]
    Keys(SafeText),
    /// A key file or the ready file cannot be written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The fault script cannot be read or says nonsense.
    #[error("{path}{}: {reason}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Faults {
        path: SafeText,
        /// The line, from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        reason: SafeText,
    },
}

impl Explain for SandboxError {
    fn exit(&self) -> Exit {
        match self {
            SandboxError::Listen { .. } | SandboxError::Keys(_) | SandboxError::File(_) => Exit::Other,
            SandboxError::NotLoopback(_)
            | SandboxError::Rate(_)
            | SandboxError::Burst
            | SandboxError::Project { .. }
            | SandboxError::Faults { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            SandboxError::Listen { .. } => Some("use port 0 for any free port".into()),
            SandboxError::File(error) => error.hint(),
            _ => None,
        }
    }
}

impl Sandbox {
    /// Starts it on the current tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError`] if it cannot listen, cannot read or write its keys, or the settings or the fault script are wrong.
    pub async fn start(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let address = settings.listen;
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(address));
        }
        // Whoever reads the ready file may be in another directory.
        let keys_dir = std::path::absolute(&settings.keys_dir)
            .map_err(|error| PrivateFileError::io(&settings.keys_dir, &error))?;
        let settings = SandboxSettings { keys_dir, ..settings };
        let limit = settings.limit()?;
        let faults = settings.faults.as_deref().map(Faults::read).transpose()?.unwrap_or_default();
        let registries = [registry_with(&settings)?, registry_with(&settings)?];
        let refused = |error: io::Error| SandboxError::Listen { address, reason: SafeText::new(&error.to_string()) };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let url = format!("http://{}", listener.local_addr().map_err(refused)?);

        // Finding an RSA key takes up to a second; the two are looked for at once, and nobody else waits for them.
        let start_making = |name| {
            let directory = settings.keys_dir.clone();
            tokio::task::spawn_blocking(move || pairs::keep_or_make(&directory, name))
        };
        let made = tokio::try_join!(start_making("production"), start_making("sandbox"));
        let (production, sandbox) = made.map_err(|error| SandboxError::Keys(SafeText::new(&error.to_string())))?;
        let ((production_keys, production), (sandbox_keys, sandbox)) = (production?, sandbox?);

        let [first, second] = registries;
        let tenants = [Tenant::new(production_keys, first, limit), Tenant::new(sandbox_keys, second, limit)];
        let visible_after = SignedDuration::try_from(settings.visible_after).unwrap_or(SignedDuration::MAX);
        let gateway = Arc::new(Gateway::new(settings.edition, settings.keep, tenants, faults, visible_after));
        let stop = CancellationToken::new();
        let app = router::router(gateway).into_make_service_with_connect_info::<Cut>();
        let serve = axum::serve(CuttableListener(listener), app).with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(serve.into_future());
        Ok(Self { ready: Ready { url, production, sandbox }, task, _stop: stop.drop_guard() })
    }

    /// Serves until it fails or the future is dropped.
    pub async fn wait(self) {
        // The task ends only when this, and with it the guard, is dropped, or when the runtime goes away.
        let _ = self.task.await;
    }
}

fn registry_with(settings: &SandboxSettings) -> Result<Registry, SandboxError> {
    let mut registry = Registry::default();
    for name in &settings.projects {
        registry.create(name, settings.edition).map_err(|error| SandboxError::Project {
            name: SafeText::new(name),
            reason: SafeText::new(&error.to_string()),
        })?;
    }
    Ok(registry)
}
