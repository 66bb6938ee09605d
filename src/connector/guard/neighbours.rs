//! Other users of this server who send into the same data space: each has a state directory of its own, so the second would send
//! everything once more, and delete nothing.
//!
//! Whoever had something accepted leaves a small file in the shop's `var/`, or in `/run/lock` where that cannot be written. It says
//! who, and where the state is; no secret. Whose it is, only the system says. Nothing of this is needed to send: what cannot be
//! written or read is left.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags};

use crate::domain::DataSpaceId;
use crate::export::owner::user_named;
use crate::private_file::safe;
use crate::untrusted::SafeText;

/// How the names of the files begin.
const PREFIX: &str = ".commerce-connector-sends-";
/// The place of locks that everybody may use, for a shop whose `var/` this user may not write.
const LOCKS: &str = "/run/lock";
/// The most that is read of a file, in bytes: a path.
const LIMIT: u64 = 4096;

/// Another user who sends there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The user's name.
    pub user: SafeText,
    /// Where that user's state is, by that user's own words.
    pub state_dir: SafeText,
}

/// Where files are looked for and left.
fn places(root: &Path) -> [PathBuf; 2] {
    [root.join("var"), PathBuf::from(LOCKS)]
}

fn name(data_space: &DataSpaceId, user: u32) -> String {
    format!("{PREFIX}{data_space}-{user}")
}

/// Leaves a file that says that this user sends into the data space. Blocking.
pub(super) fn tell(root: &Path, data_space: &DataSpaceId, state_dir: &Path) {
    let me = rustix::process::geteuid().as_raw();
    let places = places(root);
    // A directory without a `var/` is not an installation that others share.
    let Some(place) = places.iter().find(|place| rustix::fs::access(*place, Access::WRITE_OK).is_ok()) else { return };
    if !places[0].is_dir() {
        return;
    }
    let path = place.join(name(data_space, me));
    if let Err(error) = write(&path, me, state_dir.to_string_lossy().as_bytes()) {
        tracing::warn!(%error, path = %safe(&path), "other users of this server cannot see who sends");
    }
}

fn write(path: &Path, me: u32, text: &[u8]) -> std::io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o644).custom_flags(flags.bits().cast_signed());
    let mut file = options.open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.uid() != me {
        return Err(std::io::Error::other("it belongs to another user"));
    }
    file.set_len(0)?;
    file.write_all(text)?;
    // Others are to read it, whatever the umask.
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// Another user who sends into the data space from this shop with a state of its own, if one has said so. Blocking.
pub(super) fn find(root: &Path, data_space: &DataSpaceId, state_dir: &Path) -> Option<Neighbour> {
    let me = rustix::process::geteuid().as_raw();
    places(root).iter().find_map(|place| find_in(place, data_space, me, state_dir))
}

fn find_in(place: &Path, data_space: &DataSpaceId, me: u32, state_dir: &Path) -> Option<Neighbour> {
    let start = format!("{PREFIX}{data_space}-");
    let entries = fs::read_dir(place).ok()?.flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        let user: u32 = path.file_name()?.to_str()?.strip_prefix(&start)?.parse().ok()?;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&path).ok()?;
        let meta = file.metadata().ok()?;
        // Nobody can leave a file in another one's name.
        if user == me || !meta.is_file() || meta.uid() != user {
            return None;
        }
        let mut text = Vec::new();
        file.take(LIMIT).read_to_end(&mut text).ok()?;
        // One state for both.
        if is_same(Path::new(OsStr::from_bytes(&text)), state_dir) {
            return None;
        }
        let state_dir = SafeText::new(&String::from_utf8_lossy(&text));
        Some(Neighbour { user: SafeText::new(&user_named(user)), state_dir })
    })
}

fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
    one == other || place(one).is_some_and(|one| Some(one) == place(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> DataSpaceId {
        "space".parse().expect("an id")
    }

    #[test]
    fn who_sends_tells_the_others_and_not_itself() {
        let root = tempfile::tempdir().expect("a directory");
        let var = root.path().join("var");
        tell(root.path(), &space(), Path::new("/home/ann/state"));
        assert!(!var.exists(), "nothing is made in a directory that is no installation");
        fs::create_dir(&var).expect("made");
        tell(root.path(), &space(), Path::new("/home/ann/first"));
        tell(root.path(), &space(), Path::new("/home/ann/state"));
        let elsewhere = Path::new("/home/bob/state");
        assert_eq!(find(root.path(), &space(), elsewhere), None, "that is this user");
        let me = rustix::process::geteuid().as_raw();
        assert_eq!(find_in(&var, &space(), me + 1, Path::new("/home/ann/state")), None, "both have one state");
        let found = find_in(&var, &space(), me + 1, elsewhere).expect("another user");
        assert_eq!(found.state_dir.as_str(), "/home/ann/state");
        assert_eq!(fs::metadata(var.join(name(&space(), me))).expect("there").mode() & 0o777, 0o644);
        assert_eq!(find_in(&var, &"another".parse().expect("an id"), me + 1, elsewhere), None);
    }

    #[test]
    fn a_file_in_another_ones_name_or_a_link_says_nothing_and_is_not_written_through() {
        let root = tempfile::tempdir().expect("a directory");
        let var = root.path().join("var");
        fs::create_dir(&var).expect("made");
        let me = rustix::process::geteuid().as_raw();
        fs::write(var.join(name(&space(), me + 7)), "/home/bob").expect("written");
        assert_eq!(find_in(&var, &space(), me, root.path()), None, "it belongs to this user, not to that one");
        let precious = root.path().join("precious");
        fs::write(&precious, "precious").expect("written");
        std::os::unix::fs::symlink(&precious, var.join(name(&space(), me))).expect("a link");
        tell(root.path(), &space(), Path::new("/home/ann/state"));
        assert_eq!(fs::read_to_string(&precious).expect("there"), "precious");
    }
}
