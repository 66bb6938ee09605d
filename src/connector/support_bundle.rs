//! A support bundle: an archive for a ticket, made of what this program prints.
//!
//! It must never hold a secret or data of a customer; that is up to what prints its files.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Deserialize;

use super::Connector;
use super::launch::this_program;
use crate::error::{Exit, Problem};
use crate::private_file::{self, safe};
use crate::untrusted::SafeText;

/// What is in no bundle.
pub const LEFT_OUT: &str = "No secrets, orders or customer data.";

/// The directory in the archive.
const DIRECTORY: &str = "commerce-connector-support";

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Such as `doctor.txt`.
    pub name: SafeText,
    /// What is in it.
    pub about: SafeText,
    pub text: Vec<u8>,
}

/// Everything that goes into the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub made_at: Timestamp,
    pub parts: Vec<Part>,
}

/// A file as a process of this program prints it: a JSON line.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Printed {
    SupportFile {
        name: SafeText,
        about: SafeText,
        lines: Vec<String>,
    },
    Error {
        message: SafeText,
    },
    #[serde(other)]
    Other,
}

impl Bundle {
    /// `commerce-connector-support-20261127T084500Z.tar.gz`
    pub fn file_name(&self) -> PathBuf {
        PathBuf::from(format!("{DIRECTORY}-{}.tar.gz", self.made_at.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// Writes the archive into a new file that only this user can read; says how many bytes it has. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if there is such a file, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<u64, Problem> {
        check_new(path)?;
        let archive = self.archive().map_err(|error| Problem::new(Exit::Other, format!("the archive: {error}")))?;
        private_file::write(path, &archive).map_err(|error| Problem::of(&error))?;
        Ok(archive.len() as u64)
    }

    /// A gzipped tar with one directory. Blocking for what fits in memory.
    fn archive(&self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for part in &self.parts {
            let mut header = tar::Header::new_gnu();
            header.set_size(part.text.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(u64::try_from(self.made_at.as_second()).unwrap_or_default());
            archive.append_data(&mut header, Path::new(DIRECTORY).join(part.name.as_str()), part.text.as_slice())?;
        }
        archive.into_inner()?.finish()
    }
}

/// Refuses a path at which there is something.
///
/// # Errors
/// A usage [`Problem`] then.
pub fn check_new(path: &Path) -> Result<(), Problem> {
    if path.exists() {
        return Err(Problem::usage(format!("{} exists already", safe(path))).hint("choose the path of a new file"));
    }
    Ok(())
}

impl Connector {
    /// Collects what goes into a bundle, in a process of this program that prints it: what commands print is no matter of the
    /// screen, and nothing they say may land on it. `arguments` has that process print the files as JSON lines.
    ///
    /// # Errors
    /// A [`Problem`] if the process cannot be started, or does not print every file.
    pub async fn support_bundle(&self, arguments: &[OsString]) -> Result<Bundle, Problem> {
        let failed = |why: String| Problem::new(Exit::Other, format!("the files of the bundle: {why}"));
        let made_at = Timestamp::now();
        let mut command = tokio::process::Command::new(this_program());
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.map_err(|error| failed(error.to_string()))?;
        let parts = parts(&output.stdout).map_err(failed)?;
        if !output.status.success() || parts.is_empty() {
            return Err(failed(format!("collecting them ended with {}", output.status)));
        }
        Ok(Bundle { made_at, parts })
    }
}

/// The files that were printed, or why not.
fn parts(printed: &[u8]) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    for line in printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Printed::SupportFile { name, about, lines } => {
                let text = lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect();
                parts.push(Part { name, about, text });
            }
            Printed::Error { message } => return Err(message.to_string()),
            Printed::Other => {}
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_prints_becomes_files_and_its_error_is_told() {
        let line =
            r#"{"schema":"commerce-connector/1","type":"support_file","name":"a.txt","about":"it","lines":["x",""]}"#;
        let other = r#"{"schema":"commerce-connector/1","type":"finding"}"#;
        let expected = [Part { name: "a.txt".into(), about: "it".into(), text: b"x\n\n".to_vec() }];
        assert_eq!(parts(format!("{line}\n{other}\n").as_bytes()).expect("files"), expected);
        let error = r#"{"type":"error","message":"no such file","exit":2}"#;
        assert_eq!(parts(format!("{line}\n{error}\n").as_bytes()), Err("no such file".to_owned()));
        assert!(parts(b"not JSON\n").is_err());
    }

    #[test]
    fn an_archive_is_private_and_never_written_over_a_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let made_at = "2026-11-27T08:45:00Z".parse().expect("a time");
        let bundle =
            Bundle { made_at, parts: vec![Part { name: "a.txt".into(), about: "it".into(), text: vec![b'x'] }] };
        let path = dir.path().join(bundle.file_name());
        assert!(path.ends_with("commerce-connector-support-20261127T084500Z.tar.gz"));
        let size = bundle.write(&path).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").len(), size);
        let refused = bundle.write(&path).expect_err("refused");
        assert!(refused.what.ends_with("exists already"), "{refused}");
    }
}
