//! Where the ledger stands: its directory and its file, private, ours, and durable before anything is written into them.
//!
//! A power cut can take back the name of a new file, not only what is in it: a ledger that is gone forgets what the service has,
//! and then nobody deletes it there. So the names are synced, too.
//!
//! A ledger that is there is looked at and never opened here: closing any handle of a file gives up all the locks that this
//! process has on it, also those of SQLite. This file must never know what is in the ledger.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::LedgerError;
use crate::private_file::{self, is_trusted};
use crate::remedy::{Hint, Remedy};
use crate::state_files::{Users, make_dir};

/// Permission bits of a directory that let others put another file in the place of the ledger.
const OTHERS_MAY_WRITE: u32 = 0o022;

/// The file systems whose files other hosts may have open, as the system calls them (`statfs(2)`). SQLite's log and its locks work
/// on one host only.
const NETWORK: [(u64, &str); 6] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x6b41_4653, "AFS"),
];

/// How the system calls the file system on which a path is; `None` if it does not tell.
pub fn file_system(path: &Path) -> Option<u64> {
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    Some(u64::from_ne_bytes(kind.to_ne_bytes()))
}

/// The name of a file system, if it is one of a network.
pub fn network_name(kind: u64) -> Option<&'static str> {
    NETWORK.into_iter().find_map(|(of, name)| (of == kind).then_some(name))
}

/// Makes directory (0700) and file (0600, or 0660 in a directory of a group) where they are missing, checks them, and makes their names durable. SQLite gives its
/// side files the permissions of the file.
pub(super) fn make(path: &Path) -> Result<(), LedgerError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    make_dir(directory).map_err(|error| LedgerError::of_io(path, &error))?;
    if let Some(name) = file_system(directory).and_then(network_name) {
        let reason = format!("it is on a network file system ({name}), where its log and locks do not work");
        return Err(LedgerError::new(
            path,
            &reason,
            "set a directory on a local disk with --state-dir or state.directory",
        ));
    }
    is_there(path)?;
    let mode = Users::of_parent(path).file_mode();
    match OpenOptions::new().create_new(true).write(true).mode(mode).open(path) {
        // Whatever the mask of the process took away.
        Ok(file) => {
            file.set_permissions(fs::Permissions::from_mode(mode)).map_err(|error| LedgerError::of_io(path, &error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(LedgerError::of_io(path, &error)),
    }
    check(path)?;
    // Each time, not only when they are made: whoever made them may have been killed before this line.
    sync_directory(directory).map_err(|error| LedgerError::of_io(path, &error))?;
    for above in directory.ancestors().skip(1) {
        // Some of these belong to others, who made them long ago: then there is nothing to sync.
        let _ = sync_directory(above);
    }
    Ok(())
}

/// Whether there is a ledger, which is then checked as by [`check`].
pub(super) fn is_there(path: &Path) -> Result<bool, LedgerError> {
    match fs::symlink_metadata(path) {
        Ok(_) => check(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => refuse_half_repaired(path).map(|()| false),
        Err(error) => Err(LedgerError::of_io(path, &error)),
    }
}

/// Refuses to begin a new ledger where a repair was broken off after the old one was moved and before the new one was.
fn refuse_half_repaired(path: &Path) -> Result<(), LedgerError> {
    if !repaired(path).exists() {
        return Ok(());
    }
    let hint = Hint::from("resume it: ").and(Remedy::RepairLedger);
    Err(LedgerError::new(path, "its repair was interrupted", hint))
}

/// Where a repair builds the new ledger.
pub(super) fn repaired(path: &Path) -> PathBuf {
    with_end(path, ".repaired")
}

/// A path with something at its end.
pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Refuses a ledger that others may read or write, that is somebody else's, or that is not a plain file.
pub(super) fn check(path: &Path) -> Result<(), LedgerError> {
    let refuse = |reason: &str, hint: String| Err(LedgerError::new(path, reason, hint));
    let look = |path: &Path| fs::symlink_metadata(path).map_err(|error| LedgerError::of_io(path, &error));
    let file = look(path)?;
    let shown = private_file::safe(path);
    if !file.is_file() {
        let hint = "put the file itself there, or set another directory with --state-dir".to_owned();
        return refuse("it is a symbolic link, a directory or a device; a plain file is needed", hint);
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let place = fs::metadata(directory).map_err(|error| LedgerError::of_io(path, &error))?;
    let users = Users::of(&place);
    if !users.trust(file.uid(), file.gid()) {
        let hint = "run this program as that user, or set another directory with --state-dir".to_owned();
        return refuse(&format!("it belongs to another user (uid {})", file.uid()), hint);
    }
    let (mode, right) = (file.mode() & 0o7777, users.file_mode());
    if mode & right != right {
        // SQLite would give its side files the same permissions, and then could not use these.
        let who = if users == Users::Owner { "its owner" } else { "the group that its directory is shared with" };
        return refuse(
            &format!("{who} cannot read and write it (mode {mode:04o})"),
            format!("run `chmod {right:o} {shown}`"),
        );
    }
    if mode & users.forbidden() != 0 {
        let reason = format!("it is readable by other users (mode {mode:04o})");
        return refuse(&reason, format!("run `chmod {right:o} {shown}`"));
    }
    if users == Users::Owner && (place.mode() & OTHERS_MAY_WRITE != 0 || !is_trusted(place.uid())) {
        let reason =
            format!("other users can write to its directory (mode {:04o}, uid {})", place.mode() & 0o7777, place.uid());
        return refuse(&reason, format!("run `chmod 700 {0}` as the owner of {0}", private_file::safe(directory)));
    }
    Ok(())
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // A filesystem that cannot sync a directory has another way to keep its names, or none.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_system_is_known_by_its_number_and_a_disk_is_none() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(0xff53_4d42), Some("CIFS"));
        // ext4.
        assert_eq!(network_name(0xef53), None);
        let here = tempfile::tempdir().expect("a directory");
        assert_eq!(file_system(here.path()).map(network_name), Some(None));
        assert_eq!(file_system(&here.path().join("nothing")), None);
    }
}
