//! Files that only their owner may read: keys, passwords, the configuration.
//!
//! Directories are 0700, files 0600 from the moment they exist; a file is replaced by rename, so that a crash leaves either
//! the old one or the new one. This file must never know what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// No key, password or configuration is larger than this; whatever is, is the wrong file. In bytes.
pub const SIZE_LIMIT: u64 = 1024 * 1024;

const OTHERS_MAY_READ_OR_WRITE: u32 = 0o077;
const OTHERS_MAY_WRITE: u32 = 0o022;
/// Where an access list lets one user read, the bits of the group show that.
const NOT_OF_A_CREDENTIAL: u32 = 0o027;

/// Who may read a file that is about to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// It holds a secret: nobody but its owner may read it.
    Secret,
    /// It holds a secret that the service manager handed over: it belongs to root, and an access list lets this user read it.
    Credential,
    /// It holds none: others may read it, but not write it.
    Open,
}

/// Why a private file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateFileError {
    /// The system says no.
    #[error("{path}: {reason}")]
    Io {
        /// The file.
        path: SafeText,
        /// The system's words.
        reason: SafeText,
    },
    /// Group or others may read or write it.
    #[error("{path} is readable by other users (mode {mode:04o})")]
    Exposed {
        /// The file.
        path: SafeText,
        /// Its permission bits.
        mode: u32,
        /// Those that it should have.
        right: u32,
    },
    /// Others may put files of theirs in the place of ours.
    #[error("{path} is writable by other users (mode {mode:04o})")]
    OpenDirectory {
        path: SafeText,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link where a directory of ours is needed.
    #[error("{path} is not a directory (or is a symbolic link)")]
    NotDirectory {
        /// Where it should be.
        path: SafeText,
    },
    /// A symbolic link could be pointed elsewhere by whoever made it.
    #[error("{path} is not a regular file (symbolic link, directory or device)")]
    NotPlain {
        /// The file.
        path: SafeText,
    },
    /// Somebody else owns it.
    #[error("{path} belongs to another user (uid {owner})")]
    Foreign {
        /// The file.
        path: SafeText,
        owner: u32,
    },
    /// It is too large to be what it should be.
    #[error("{path} is larger than {} KiB", SIZE_LIMIT / 1024)]
    TooLarge {
        /// The file.
        path: SafeText,
    },
    /// It is not UTF-8.
    #[error("{path} is not UTF-8 text")]
    NotText {
        /// The file.
        path: SafeText,
    },
}

impl PrivateFileError {
    /// What the system said of a file.
    #[must_use]
    pub fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: safe(path), reason: SafeText::new(&error.to_string()) }
    }
}

impl Explain for PrivateFileError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Exposed { path, right, .. } => format!("run `chmod {right:o} {}`", quoted(path)),
            Self::Foreign { path, .. } => format!("run this program as that user, or make your own copy of {path}"),
            Self::NotPlain { .. } => "put a regular file there".to_owned(),
            // Only its group may write it.
            Self::OpenDirectory { path, mode } if mode & 0o007 < 1 => {
                format!("run `chmod g-w {0}`, or, to share it with its group, `chmod 2770 {0}`", quoted(path))
            }
            Self::OpenDirectory { path, .. } => format!("run `chmod go-w {}`", quoted(path)),
            Self::NotDirectory { path } => {
                format!("move {path} away, or set another path with --state-dir or state.directory")
            }
            Self::Io { .. } | Self::TooLarge { .. } | Self::NotText { .. } => return None,
        };
        Some(text.into())
    }
}

/// A path as it may be shown.
pub fn safe(path: &Path) -> SafeText {
    SafeText::new(&path.to_string_lossy())
}

/// A path as one word of a POSIX shell.
fn quoted(path: &SafeText) -> String {
    format!("'{}'", path.as_str().replace('\'', r"'\''"))
}

/// Opens a plain file for reading.
///
/// # Errors
/// [`PrivateFileError`], also if the file is not as private as `secrecy` asks.
pub fn open(path: &Path, secrecy: Secrecy) -> Result<File, PrivateFileError> {
    open_checked(path, OpenOptions::new().read(true), |meta| check(path, meta, secrecy))
}

/// Refuses a file that others than `secrecy` says may read or write, or that is somebody else's.
fn check(path: &Path, meta: &fs::Metadata, secrecy: Secrecy) -> Result<(), PrivateFileError> {
    let forbidden = match secrecy {
        Secrecy::Secret => OTHERS_MAY_READ_OR_WRITE,
        Secrecy::Credential => NOT_OF_A_CREDENTIAL,
        Secrecy::Open => OTHERS_MAY_WRITE,
    };
    if meta.mode() & forbidden != 0 {
        return Err(PrivateFileError::Exposed { path: safe(path), mode: meta.mode() & 0o7777, right: 0o600 });
    }
    if !is_trusted(meta.uid()) {
        return Err(PrivateFileError::Foreign { path: safe(path), owner: meta.uid() });
    }
    Ok(())
}

/// The same in another way, and for a file that must pass another check.
pub(crate) fn open_checked(
    path: &Path,
    how: &mut OpenOptions,
    check: impl FnOnce(&fs::Metadata) -> Result<(), PrivateFileError>,
) -> Result<File, PrivateFileError> {
    // NOFOLLOW and the checks on the open handle: what is checked is what is read. NONBLOCK: opening a pipe that nobody writes
    // to would wait forever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = how.custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => PrivateFileError::NotPlain { path: safe(path) },
        _ => PrivateFileError::io(path, &error),
    })?;
    let meta = file.metadata().map_err(|error| PrivateFileError::io(path, &error))?;
    if !meta.is_file() {
        return Err(PrivateFileError::NotPlain { path: safe(path) });
    }
    check(&meta)?;
    Ok(file)
}

/// Whether files of this user are as good as our own: those of root are as trustworthy as the system itself, and root may use
/// whatever its users own.
pub fn is_trusted(owner: u32) -> bool {
    let me = rustix::process::geteuid().as_raw();
    owner == me || owner == 0 || me == 0
}

/// Reads a text file of at most [`SIZE_LIMIT`] bytes.
///
/// # Errors
/// As [`open`], and if it is too large or no text.
pub fn read(path: &Path, secrecy: Secrecy) -> Result<String, PrivateFileError> {
    read_checked(path, |meta| check(path, meta, secrecy))
}

/// The same for a file that must pass another check.
pub(crate) fn read_checked(
    path: &Path,
    check: impl FnOnce(&fs::Metadata) -> Result<(), PrivateFileError>,
) -> Result<String, PrivateFileError> {
    let file = open_checked(path, OpenOptions::new().read(true), check)?;
    let mut bytes = Vec::new();
    (&file).take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| PrivateFileError::io(path, &error))?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(PrivateFileError::TooLarge { path: safe(path) });
    }
    String::from_utf8(bytes).map_err(|_| PrivateFileError::NotText { path: safe(path) })
}

/// Writes a 0600 file in place of whatever was there: temporary file, fsync, rename, fsync of the directory.
///
/// # Errors
/// [`PrivateFileError::Io`]; the old file is then still there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    write_with_mode(path, bytes, 0o600)
}

/// The same with these permission bits.
pub(crate) fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), PrivateFileError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir(directory)?;
    refuse_everybodys(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = write_and_rename(&temporary, path, bytes, mode);
    if result.is_err() {
        // The rename did not happen, so this is ours to take away; that it may already be gone is fine.
        let _ = fs::remove_file(&temporary);
    }
    result.map_err(|error| PrivateFileError::io(path, &error))
}

/// Refuses a directory in which everybody may replace everybody's files; with the sticky bit, as `/tmp` has it, nobody may.
fn refuse_everybodys(directory: &Path) -> Result<(), PrivateFileError> {
    const EVERYBODY_MAY_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let mode = fs::metadata(directory).map_err(|error| PrivateFileError::io(directory, &error))?.mode();
    if mode & EVERYBODY_MAY_WRITE != 0 && mode & STICKY == 0 {
        return Err(PrivateFileError::OpenDirectory { path: safe(directory), mode: mode & 0o7777 });
    }
    Ok(())
}

fn write_and_rename(temporary: &Path, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Left over from a process with our id that was killed between create and rename.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary)?;
    // Whatever the mask of the process took away.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    File::open(temporary.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes a directory that only its owner may enter, with its parents; one that is there is left as it is.
pub fn create_dir(path: &Path) -> Result<(), PrivateFileError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| PrivateFileError::io(path, &error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_written_file_is_private_and_replaces_the_old_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("sub/key.pem");
        write(&path, b"one").expect("written");
        write(&path, b"two").expect("replaced");
        assert_eq!(read(&path, Secrecy::Secret).expect("readable"), "two");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().expect("a parent")).expect("there").mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(dir.path().join("sub")).expect("readable").count(), 1, "no temporary file is left");
    }

    #[test]
    fn exposed_linked_and_huge_files_are_refused_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("key.pem");
        write(&path, b"secret").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        let exposed = read(&path, Secrecy::Secret).expect_err("group may read");
        assert!(exposed.hint().expect("a hint").command_line().contains("chmod 600"), "{exposed}");
        assert_eq!(read(&path, Secrecy::Open).expect("reading is fine"), "secret");
        assert_eq!(read(&path, Secrecy::Credential).expect("the bits of an access list"), "secret");
        for open in [0o644, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).expect("chmod");
            read(&path, Secrecy::Credential).expect_err("others may read it, or a group write it");
        }

        let link = dir.path().join("link.pem");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert_eq!(read(&link, Secrecy::Open), Err(PrivateFileError::NotPlain { path: safe(&link) }));

        let shared = dir.path().join("shared");
        create_dir(&shared).expect("made");
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).expect("chmod");
        let refused = write(&shared.join("key.pem"), b"secret").expect_err("everybody may replace it");
        assert!(matches!(refused, PrivateFileError::OpenDirectory { mode: 0o777, .. }), "{refused}");
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).expect("chmod");
        write(&shared.join("key.pem"), b"secret").expect("nobody else may replace it");

        let size = usize::try_from(SIZE_LIMIT).expect("small") + 1;
        write(&path, &vec![b'x'; size]).expect("written");
        assert_eq!(read(&path, Secrecy::Secret), Err(PrivateFileError::TooLarge { path: safe(&path) }));
    }
}
