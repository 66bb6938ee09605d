//! Where packages are: a directory, or a server that is asked over https (http only on this machine).

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use super::UpdateError;
use crate::http::wire::{Broken, Wire, WireSettings};
use crate::private_file;
use crate::untrusted::SafeText;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// An archive over a slow line.
const TOTAL_TIMEOUT: Duration = Duration::from_mins(30);

#[derive(Debug)]
pub(super) enum Source {
    Directory(PathBuf),
    Server(Box<Wire>),
}

impl Source {
    pub fn new(from: &str, ca_file: Option<PathBuf>) -> Result<Self, UpdateError> {
        if !from.contains("://") {
            return Ok(Source::Directory(from.into()));
        }
        let settings = WireSettings {
            setting: "update.from",
            url: from.to_owned(),
            ca_file,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            total_timeout: TOTAL_TIMEOUT,
        };
        let wire = Wire::new(&settings).map_err(|error| UpdateError::Unreadable {
            file: "SHA256SUMS".into(),
            from: SafeText::new(from),
            reason: SafeText::new(&error.to_string()),
            may_pass: false,
        })?;
        Ok(Source::Server(Box::new(wire)))
    }

    /// Its name in a sentence.
    pub fn shown(&self) -> SafeText {
        match self {
            Source::Directory(path) => private_file::safe(path),
            Source::Server(wire) => wire.host().clone(),
        }
    }

    /// A file of at most so many bytes.
    pub async fn read(&self, file: &str, limit: usize) -> Result<Vec<u8>, UpdateError> {
        let failed = |reason: SafeText, may_pass| UpdateError::Unreadable {
            file: SafeText::new(file),
            from: self.shown(),
            reason,
            may_pass,
        };
        match self {
            Source::Directory(directory) => {
                let path = directory.join(file);
                let read = tokio::task::spawn_blocking(move || {
                    let mut bytes = Vec::new();
                    let file = std::fs::File::open(path)?;
                    file.take(limit as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
                });
                let read = read.await.map_err(std::io::Error::other).and_then(|read| read);
                let bytes = read.map_err(|error| failed(SafeText::new(&error.to_string()), false))?;
                if bytes.len() > limit { Err(failed("it is too large".into(), false)) } else { Ok(bytes) }
            }
            Source::Server(wire) => {
                let request = wire.request(reqwest::Method::GET, wire.url(&[file]));
                match wire.send(request, limit).await {
                    Ok(reply) if reply.status == 200 => Ok(reply.body),
                    Ok(reply) => Err(failed(format!("status {}", reply.status).into(), reply.status >= 500)),
                    Err(Broken::Connection { message, .. }) => Err(failed(message, true)),
                    Err(Broken::Unreadable { message, .. }) => Err(failed(message, false)),
                }
            }
        }
    }
}
