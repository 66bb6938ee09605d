//! Reading a key file that only its owner may touch. It must never know what the bytes mean.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::pasted::unwrapped;
use super::{KeyError, MAX_INPUT_BYTES};
use crate::untrusted::SafeText;

/// The permission bits of group and others.
const OTHERS: u32 = 0o077;

/// The file's bytes, after its owner, kind and mode were checked on the open file (so that it cannot be swapped between).
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |reason: &dyn std::fmt::Display| KeyError::File {
        path: path.to_owned(),
        reason: SafeText::new(&reason.to_string()),
    };
    // NONBLOCK: opening a pipe that nobody writes to would wait forever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::LOOP => KeyError::Symlink { path: path.to_owned() },
        errno => failed(&std::io::Error::from(errno)),
    })?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| failed(&std::io::Error::from(errno)))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(KeyError::NotAFile { path: path.to_owned() });
    }
    let user = rustix::process::geteuid().as_raw();
    if stat.st_uid != user {
        return Err(KeyError::ForeignOwner { path: path.to_owned(), owner: stat.st_uid, user });
    }
    if stat.st_mode & OTHERS != 0 {
        return Err(KeyError::OpenToOthers { path: path.to_owned(), mode: stat.st_mode & 0o7777 });
    }
    let limit = u64::try_from(MAX_INPUT_BYTES).unwrap_or(u64::MAX);
    // The full capacity at once: a buffer that grows leaves copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_INPUT_BYTES + 1));
    File::from(file).take(limit + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
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

/// The longest path that Linux opens, in bytes (`PATH_MAX`).
const PATH_LIMIT: usize = 4096;
