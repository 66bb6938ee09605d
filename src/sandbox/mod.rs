//! A local gateway that speaks the public contract: for the demo, for rehearsal, and as the test bed.
//!
//! It is written against the contract, not against our client: it must never import `client`, `export` or `tui`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// Where to write the private keys it makes (0600).
    pub keys_dir: PathBuf,
}

/// What `--ready-file` gets, as one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The production pair.
    pub production: ReadyPair,
    /// The sandbox pair.
    pub sandbox: ReadyPair,
}

/// One key pair that the sandbox made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyPair {
    /// The public API key.
    pub api_key: String,
    /// Path of the private key, PEM.
    pub private_key_file: PathBuf,
}

/// A running sandbox; it stops when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// Where it is and which keys it accepts.
    pub ready: Ready,
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It may only listen on loopback.
    #[error("--listen {0}: the sandbox listens on loopback only, for example 127.0.0.1:0")]
    NotLoopback(SocketAddr),
}

impl Sandbox {
    /// Starts it on the current tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError`] if it cannot listen, cannot write its keys, or the fault script is wrong.
    pub async fn start(_settings: SandboxSettings) -> Result<Self, SandboxError> {
        unimplemented!()
    }

    /// Serves until it fails or the future is dropped.
    pub async fn wait(self) {
        unimplemented!()
    }
}
impl Ready {
    pub fn write(&self, _p: &std::path::Path) -> Result<(), SandboxError> {
        unimplemented!()
    }
}
impl crate::error::Explain for SandboxError {
    fn exit(&self) -> crate::error::Exit {
        crate::error::Exit::Usage
    }
}
