//! Reading a key file that only its owner may touch. It must never know what the bytes mean.

use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::pasted::unwrapped;
use super::{KeyError, MAX_INPUT_BYTES};
use crate::private_file::{self, PrivateFileError, Secrecy, safe};

/// The file's bytes, after its owner, kind and mode were checked on the open file (so that it cannot be swapped between).
pub(super) fn read(path: &Path, secrecy: Secrecy) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |error: std::io::Error| PrivateFileError::io(path, &error);
    let file = private_file::open(path, secrecy)?;
    let owner = file.metadata().map_err(failed)?.uid();
    // Also for root: whoever owns a file can put another key in it at any time. Those that the service manager hands over are root's.
    if secrecy != Secrecy::Credential && owner != rustix::process::geteuid().as_raw() {
        return Err(PrivateFileError::Foreign { path: safe(path), owner }.into());
    }
    let limit = u64::try_from(MAX_INPUT_BYTES).unwrap_or(u64::MAX);
    // The full capacity at once: a buffer that grows leaves copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_INPUT_BYTES + 1));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_INPUT_BYTES {
        return Err(KeyError::TooLong);
    }
    Ok(bytes)
}

/// The path that was pasted instead of a key, if it is one: one line that begins like a path or names a file.
pub(super) fn pasted_path(pasted: &str) -> Option<PathBuf> {
    let line = unwrapped(pasted);
    let line = line.strip_prefix("file://").unwrap_or(line);
    if line.is_empty() || line.len() > PATH_LIMIT || line.chars().any(char::is_control) {
        return None;
    }
    if let Some(below_home) = line.strip_prefix("~/") {
        return std::env::home_dir().map(|home| home.join(below_home));
    }
    let path = PathBuf::from(line);
    let looks_like_one = ["/", "./", "../"].iter().any(|start| line.starts_with(start));
    (looks_like_one || path.is_file()).then_some(path)
}

/// A text file as Windows writes it, in UTF-16; `None` if it is none. By its byte order mark, or by its first character, `-`.
pub(super) fn utf16(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let (is_little, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (true, rest),
        [0xfe, 0xff, rest @ ..] => (false, rest),
        [b'-', 0, ..] => (true, bytes),
        [0, b'-', ..] => (false, bytes),
        _ => return None,
    };
    let units = rest.chunks_exact(2).map(|pair| match pair {
        [first, second] if is_little => u16::from_le_bytes([*first, *second]),
        [first, second] => u16::from_be_bytes([*first, *second]),
        _ => 0,
    });
    // The full capacity at once, as above.
    let mut text = Zeroizing::new(String::with_capacity(rest.len() * 2));
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    Some(text)
}

/// The longest path that Linux opens, in bytes (`PATH_MAX`).
const PATH_LIMIT: usize = 4096;
