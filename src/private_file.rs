//! Files that only their owner may read: keys, passwords, the configuration.
//!
//! Directories are 0700, files 0600 from the moment they exist; a file is replaced by rename, so that a crash leaves either
//! the old one or the new one. This file must never know what is in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// No key, password or configuration is larger than this; whatever is, is the wrong file. In bytes.
pub const SIZE_LIMIT: u64 = 1024 * 1024;

/// How often a lock is looked at that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

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
            Self::Exposed { path, .. } => format!("run `chmod 600 {}`", quoted(path)),
            Self::Foreign { path, .. } => format!("run this program as that user, or make your own copy of {path}"),
            Self::NotPlain { .. } => "put a regular file there".to_owned(),
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
    // NOFOLLOW and the checks on the open handle: what is checked is what is read. NONBLOCK: opening a pipe that nobody writes
    // to would wait forever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file =
        OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).map_err(
            |error| match error.raw_os_error() {
                Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                    PrivateFileError::NotPlain { path: safe(path) }
                }
                _ => PrivateFileError::io(path, &error),
            },
        )?;
    let meta = file.metadata().map_err(|error| PrivateFileError::io(path, &error))?;
    if !meta.is_file() {
        return Err(PrivateFileError::NotPlain { path: safe(path) });
    }
    let forbidden = match secrecy {
        Secrecy::Secret => OTHERS_MAY_READ_OR_WRITE,
        Secrecy::Credential => NOT_OF_A_CREDENTIAL,
        Secrecy::Open => OTHERS_MAY_WRITE,
    };
    if meta.mode() & forbidden != 0 {
        return Err(PrivateFileError::Exposed { path: safe(path), mode: meta.mode() & 0o7777 });
    }
    if !is_trusted(meta.uid()) {
        return Err(PrivateFileError::Foreign { path: safe(path), owner: meta.uid() });
    }
    Ok(file)
}

/// Whether files of this user are as good as our own: those of root are as trustworthy as the system itself, and root may use
/// whatever its users own.
pub fn is_trusted(owner: u32) -> bool {
    let me = rustix::process::geteuid().as_raw();
    owner == me || owner == 0 || me == 0
}

/// Opens a 0600 file of the state for reading and writing; makes it if it is not there. Its directory is one of [`own_dir`].
///
/// # Errors
/// [`PrivateFileError`], also if it is a link, belongs to somebody else, or others may read or write it.
pub fn open_own(path: &Path) -> Result<File, PrivateFileError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => PrivateFileError::NotPlain { path: safe(path) },
        _ => PrivateFileError::io(path, &error),
    })?;
    let meta = file.metadata().map_err(|error| PrivateFileError::io(path, &error))?;
    check_own(path, &meta)?;
    Ok(file)
}

/// Takes the lock of a file. While another process holds it, waits up to `limit`, as long as that `is_worth_it`. Blocking. `false` =
/// another process still holds it.
///
/// # Errors
/// If the file cannot be locked at all.
pub fn lock_within(file: &File, limit: Duration, is_worth_it: impl Fn() -> bool) -> io::Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if begun.elapsed() < limit && is_worth_it() => std::thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Refuses a file of the state that is a link, belongs to somebody else, or that others may read or write.
pub fn check_own(path: &Path, meta: &fs::Metadata) -> Result<(), PrivateFileError> {
    if !meta.is_file() {
        return Err(PrivateFileError::NotPlain { path: safe(path) });
    }
    if !is_trusted(meta.uid()) {
        return Err(PrivateFileError::Foreign { path: safe(path), owner: meta.uid() });
    }
    if meta.mode() & OTHERS_MAY_READ_OR_WRITE != 0 {
        return Err(PrivateFileError::Exposed { path: safe(path), mode: meta.mode() & 0o7777 });
    }
    Ok(())
}

/// A directory of the state: `name` in the state directory, 0700, made where it is missing. The state directory itself may be
/// reached by a link; what is in it may not be one.
///
/// # Errors
/// [`PrivateFileError`], also if one of both belongs to somebody else, or others may write in it.
pub fn own_dir(state_dir: &Path, name: &str) -> Result<PathBuf, PrivateFileError> {
    let directory = state_dir.join(name);
    create_dir(state_dir)?;
    check_dir(state_dir, &fs::metadata(state_dir).map_err(|error| PrivateFileError::io(state_dir, &error))?)?;
    match fs::symlink_metadata(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_dir(&directory)?,
        _ => {}
    }
    let meta = fs::symlink_metadata(&directory).map_err(|error| PrivateFileError::io(&directory, &error))?;
    check_dir(&directory, &meta)?;
    Ok(directory)
}

/// Refuses a directory that is a link, belongs to somebody else, or in which others may write.
pub fn check_dir(path: &Path, meta: &fs::Metadata) -> Result<(), PrivateFileError> {
    if !meta.is_dir() {
        return Err(PrivateFileError::NotDirectory { path: safe(path) });
    }
    if !is_trusted(meta.uid()) {
        return Err(PrivateFileError::Foreign { path: safe(path), owner: meta.uid() });
    }
    if meta.mode() & OTHERS_MAY_WRITE != 0 {
        return Err(PrivateFileError::OpenDirectory { path: safe(path), mode: meta.mode() & 0o7777 });
    }
    Ok(())
}

/// Reads a text file of at most [`SIZE_LIMIT`] bytes.
///
/// # Errors
/// As [`open`], and if it is too large or no text.
pub fn read(path: &Path, secrecy: Secrecy) -> Result<String, PrivateFileError> {
    let file = open(path, secrecy)?;
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
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir(directory)?;
    refuse_everybodys(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = write_and_rename(&temporary, path, bytes, directory);
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

fn write_and_rename(temporary: &Path, path: &Path, bytes: &[u8], directory: &Path) -> io::Result<()> {
    // Left over from a process with our id that was killed between create and rename.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    File::open(directory)?.sync_all()
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

    #[test]
    fn directories_and_files_of_the_state_are_ours_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let state = dir.path().join("state");
        let locks = own_dir(&state, "locks").expect("made");
        assert_eq!(fs::metadata(&locks).expect("there").mode() & 0o777, 0o700);
        let path = locks.join("a.lock");
        open_own(&path).expect("made");
        open_own(&path).expect("opened again");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(open_own(&path), Err(PrivateFileError::Exposed { .. })));
        let link = locks.join("b.lock");
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &link).expect("a link");
        assert!(matches!(open_own(&link), Err(PrivateFileError::NotPlain { .. })));
        assert!(!dir.path().join("elsewhere").exists(), "nothing was made through the link");

        std::os::unix::fs::symlink(&locks, state.join("logs")).expect("a link");
        assert!(matches!(own_dir(&state, "logs"), Err(PrivateFileError::NotDirectory { .. })));
        for open in [&locks, &state] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o770)).expect("chmod");
            let refused = own_dir(&state, "locks").expect_err("a group may write");
            assert_eq!(refused, PrivateFileError::OpenDirectory { path: safe(open), mode: 0o770 });
            assert!(refused.hint().expect("a hint").command_line().contains("chmod go-w"), "{refused}");
            fs::set_permissions(open, fs::Permissions::from_mode(0o700)).expect("chmod");
        }
        if rustix::process::geteuid().is_root() {
            // Root trusts everybody's files; that others are refused is tested by a process of another user.
            return;
        }
        assert!(!is_trusted(rustix::process::geteuid().as_raw() + 1));
    }
}
