//! Files of the state directory: its owner's alone, or those of a group whose users see one state.
//!
//! Directories are 0700 and files 0600. An administrator who gives the state directory to a group (mode 2770) has it all shared: then
//! directories are 2770, files 0660, and whoever is in the group is trusted like the owner. This file must never know what is in
//! them.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::Mode;
use rustix::process::umask;

use crate::private_file::{self, PrivateFileError, is_trusted, safe};

/// How often a lock is looked at that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

const OTHERS_MAY_READ_OR_WRITE: u32 = 0o077;
const OTHERS_MAY_WRITE: u32 = 0o022;
/// What a directory of a group must have, and what it may not: new files get its group, the group may do all, nobody else anything.
const OF_A_GROUP: (u32, u32) = (0o2070, 0o007);

/// Who uses a directory of the state, with all that is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// Its owner, and root.
    Owner,
    /// Everybody in the group with this number; this process is.
    Group(u32),
}

impl Users {
    /// Those of a directory. A group that this process is not in is nobody to trust.
    #[must_use]
    pub fn of(directory: &Metadata) -> Self {
        let (needed, forbidden) = OF_A_GROUP;
        let is_given = directory.mode() & needed == needed && directory.mode() & forbidden == 0;
        if is_given && is_member(directory.gid()) { Self::Group(directory.gid()) } else { Self::Owner }
    }

    /// Those of the directory that a file is in; its owner's where there is none.
    #[must_use]
    pub fn of_parent(file: &Path) -> Self {
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::metadata(directory).map_or(Self::Owner, |meta| Self::of(&meta))
    }

    /// The mode of a new file.
    #[must_use]
    pub fn file_mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group(_) => 0o660,
        }
    }

    /// Whether what belongs to this user and this group may be used.
    #[must_use]
    pub fn trust(self, owner: u32, group: u32) -> bool {
        match self {
            Self::Owner => is_trusted(owner),
            // Only who is in the group can make something of the group there.
            Self::Group(shared) => group == shared || is_trusted(owner),
        }
    }

    /// The permission bits that would let others read or write a file.
    #[must_use]
    pub fn forbidden(self) -> u32 {
        match self {
            Self::Owner => OTHERS_MAY_READ_OR_WRITE,
            Self::Group(_) => OF_A_GROUP.1,
        }
    }
}

fn is_member(group: u32) -> bool {
    let groups = rustix::process::getgroups().unwrap_or_default();
    rustix::process::geteuid().is_root()
        || rustix::process::getegid().as_raw() == group
        || groups.iter().any(|of| of.as_raw() == group)
}

/// Whether a directory was given to a group that this process is in.
#[must_use]
pub fn is_shared(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|meta| Users::of(&meta) != Users::Owner)
}

/// Has new files of this process open to the group that the state directory was given to, if it was. Before there is a second thread.
pub fn admit_group(state_dir: &Path) {
    // Libraries, and a new directory, whose bit for its group nobody may set where a unit forbids it, go by the mask of the process.
    if is_shared(state_dir) {
        umask(Mode::from_bits_truncate(OF_A_GROUP.1));
    }
}

/// Opens a file of the state for reading and writing; makes it if it is not there. Its directory is one of [`own_dir`].
///
/// # Errors
/// [`PrivateFileError`], also if it is a link, or others than its directory's users own it or may read or write it.
pub fn open_own(path: &Path) -> Result<File, PrivateFileError> {
    let users = Users::of_parent(path);
    let mode = users.file_mode();
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false).mode(mode);
    let file = private_file::open_checked(path, &mut how, |meta| check_own(path, meta, users))?;
    let meta = file.metadata().map_err(|error| PrivateFileError::io(path, &error))?;
    if meta.mode() & mode != mode && meta.uid() == rustix::process::geteuid().as_raw() {
        // It was made before its directory was shared, or the mask of the process took something away.
        file.set_permissions(fs::Permissions::from_mode(mode)).map_err(|error| PrivateFileError::io(path, &error))?;
    }
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

/// Refuses a file of the state that is a link, or that others than `users` own or may read or write.
pub fn check_own(path: &Path, meta: &Metadata, users: Users) -> Result<(), PrivateFileError> {
    if !meta.is_file() {
        return Err(PrivateFileError::NotPlain { path: safe(path) });
    }
    if !users.trust(meta.uid(), meta.gid()) {
        return Err(PrivateFileError::Foreign { path: safe(path), owner: meta.uid() });
    }
    if meta.mode() & users.forbidden() != 0 {
        let (mode, right) = (meta.mode() & 0o7777, users.file_mode());
        return Err(PrivateFileError::Exposed { path: safe(path), mode, right });
    }
    Ok(())
}

/// A directory of the state: `name` in the state directory, for the same users, made where it is missing. The state directory itself
/// may be reached by a link; what is in it may not be one.
///
/// # Errors
/// [`PrivateFileError`], also if one of both belongs to somebody else, or others may write in it.
pub fn own_dir(state_dir: &Path, name: &str) -> Result<PathBuf, PrivateFileError> {
    let directory = state_dir.join(name);
    private_file::create_dir(state_dir)?;
    check_dir(state_dir, &fs::metadata(state_dir).map_err(|error| PrivateFileError::io(state_dir, &error))?)?;
    match fs::symlink_metadata(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_dir(&directory).map_err(|error| PrivateFileError::io(&directory, &error))?;
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(&directory).map_err(|error| PrivateFileError::io(&directory, &error))?;
    check_dir(&directory, &meta)?;
    Ok(directory)
}

/// Makes a directory of the state for the users of the one it is in; one that is there is left as it is.
pub fn make_dir(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    create_dir(directory, Users::of_parent(directory))
}

/// Makes a directory for these users; another process may do so at the same moment.
fn create_dir(directory: &Path, users: Users) -> io::Result<()> {
    let mode = match users {
        Users::Owner => 0o700,
        Users::Group(_) => 0o770,
    };
    match fs::DirBuilder::new().mode(mode).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        done => done?,
    }
    // The system gave it the group, and the bit that passes it on; what the mask of the process took away is given back.
    let meta = fs::metadata(directory)?;
    if users != Users::Owner && Users::of(&meta) != users {
        fs::set_permissions(directory, fs::Permissions::from_mode(meta.mode() & 0o7000 | OF_A_GROUP.0 | mode))?;
    }
    Ok(())
}

/// Who uses a directory. Refuses one that is a link, belongs to somebody else, or in which others may write.
pub fn check_dir(path: &Path, meta: &Metadata) -> Result<Users, PrivateFileError> {
    if !meta.is_dir() {
        return Err(PrivateFileError::NotDirectory { path: safe(path) });
    }
    let users = Users::of(meta);
    if users != Users::Owner {
        return Ok(users);
    }
    if !is_trusted(meta.uid()) {
        return Err(PrivateFileError::Foreign { path: safe(path), owner: meta.uid() });
    }
    if meta.mode() & OTHERS_MAY_WRITE != 0 {
        return Err(PrivateFileError::OpenDirectory { path: safe(path), mode: meta.mode() & 0o7777 });
    }
    Ok(users)
}

/// Opens a file of the state for reading.
///
/// # Errors
/// As [`private_file::open`], by the rules of its directory.
pub fn open(path: &Path) -> Result<File, PrivateFileError> {
    let users = Users::of_parent(path);
    private_file::open_checked(path, OpenOptions::new().read(true), |meta| check_own(path, meta, users))
}

/// Reads a text file of the state, of at most [`private_file::SIZE_LIMIT`] bytes.
///
/// # Errors
/// As [`private_file::read`], by the rules of its directory.
pub fn read(path: &Path) -> Result<String, PrivateFileError> {
    let users = Users::of_parent(path);
    private_file::read_checked(path, |meta| check_own(path, meta, users))
}

/// Writes a file of the state in place of whatever was there, as [`private_file::write`].
///
/// # Errors
/// As there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    if let Some(directory) = path.parent() {
        make_dir(directory).map_err(|error| PrivateFileError::io(directory, &error))?;
    }
    private_file::write_with_mode(path, bytes, Users::of_parent(path).file_mode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain as _;

    #[test]
    fn what_is_made_in_a_directory_of_a_group_is_the_groups() {
        let dir = tempfile::tempdir().expect("a directory");
        let group = rustix::process::getegid().as_raw();
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
        let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o7777;
        open(dir.path(), 0o2770);
        assert_eq!(Users::of(&fs::metadata(dir.path()).expect("there")), Users::Group(group));
        let locks = own_dir(dir.path(), "locks").expect("made");
        assert_eq!(mode(&locks), 0o2770);
        let file = locks.join("a.lock");
        open_own(&file).expect("made");
        write(&dir.path().join("notify/told.json"), b"{}").expect("written");
        assert_eq!(read(&dir.path().join("notify/told.json")).expect("read"), "{}");
        assert_eq!([mode(&file), mode(&dir.path().join("notify/told.json"))], [0o660; 2]);
        assert_eq!(mode(&dir.path().join("notify")), 0o2770);

        open(&file, 0o600);
        open_own(&file).expect("it was made before");
        assert_eq!(mode(&file), 0o660);
        open(&file, 0o664);
        let refused = open_own(&file).expect_err("others may read it");
        assert!(refused.hint().expect("a hint").command_line().contains("chmod 660"), "{refused}");

        // Not given on, or open to all: as before.
        for other in [0o770, 0o2775, 0o2750] {
            open(dir.path(), other);
            assert_eq!(Users::of(&fs::metadata(dir.path()).expect("there")), Users::Owner, "{other:o}");
        }
        if rustix::process::geteuid().is_root() {
            // Root is in every group, which takes no group away from others.
            return;
        }
        assert!(!is_member(group + 1));
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
            let hint = refused.hint().expect("a hint").command_line();
            assert!(hint.contains("chmod g-w") && hint.contains("chmod 2770"), "{hint}");
            fs::set_permissions(open, fs::Permissions::from_mode(0o700)).expect("chmod");
        }
        if rustix::process::geteuid().is_root() {
            // Root trusts everybody's files; that others are refused is tested by a process of another user.
            return;
        }
        assert!(!is_trusted(rustix::process::geteuid().as_raw() + 1));
    }
}
