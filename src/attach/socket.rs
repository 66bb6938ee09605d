//! Where the sockets are: `PID.NUMBER.sock` in `runs` and `watches` in the state directory, for the eyes of its users only.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::{UnixListener, UnixStream};

use crate::state_files::{self, Users};

/// The longest path that a Unix socket can have on Linux, in bytes.
const LONGEST_PATH: usize = 107;

/// The directory of running exports.
pub(super) const RUNS: &str = "runs";

/// The directory of watches.
pub(super) const WATCHES: &str = "watches";

/// Tells the runs of one process apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A socket that is listened on; its file is taken away with it.
#[derive(Debug)]
pub(super) struct Listening {
    listener: UnixListener,
    path: PathBuf,
    users: Users,
}

impl Listening {
    /// Waits for the next who looks; `None` is somebody who may not.
    pub async fn accept(&self) -> io::Result<Option<UnixStream>> {
        let (stream, _) = self.listener.accept().await?;
        Ok(is_trusted(&stream, self.users).then_some(stream))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // One that stays is taken away by the next who looks and finds nobody there.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Listens on a new socket in the directory of this name. It is only found once somebody listens: between the two steps, who
/// looks would be refused and would take it away as the leftover of a dead process.
pub(super) fn listen(state_dir: &Path, name: &str) -> io::Result<Listening> {
    // For its users only from its beginning: nobody else reaches the socket, not even before it has its own mode.
    let directory = state_files::own_dir(state_dir, name).map_err(io::Error::other)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = directory.join(format!("{}.{number}.sock", std::process::id()));
    let unfinished = path.with_extension("new");
    // Of a process that had the same number and died.
    let _ = std::fs::remove_file(&unfinished);
    let listener = UnixListener::bind(&Short::of(&unfinished)?.path)?;
    let users = Users::of_parent(&path);
    std::fs::set_permissions(&unfinished, std::fs::Permissions::from_mode(users.file_mode()))?;
    std::fs::rename(&unfinished, &path)?;
    Ok(Listening { listener, path, users })
}

/// The sockets that are in the directory of this name.
pub(super) fn all(state_dir: &Path, name: &str) -> Vec<PathBuf> {
    let directory = state_dir.join(name);
    // Somebody else's sockets are not looked at: who answers there could tell anything.
    let is_ours =
        std::fs::symlink_metadata(&directory).is_ok_and(|meta| state_files::check_dir(&directory, &meta).is_ok());
    let Some(entries) = is_ours.then(|| std::fs::read_dir(&directory).ok()).flatten() else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut sockets: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "sock")).collect();
    sockets.sort();
    sockets
}

/// Connects to a socket; one that nobody listens on any more is taken away.
pub(super) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let short = Short::of(path)?;
    let connected = UnixStream::connect(&short.path).await;
    if connected.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        let _ = std::fs::remove_file(path);
    }
    let stream = connected?;
    if is_trusted(&stream, Users::of_parent(path)) { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Whether the other end is the same user, or root. Who reaches a socket in a directory of a group is in the group.
fn is_trusted(stream: &UnixStream, users: Users) -> bool {
    let own = rustix::process::geteuid().as_raw();
    match users {
        Users::Owner => stream.peer_cred().is_ok_and(|peer| [own, 0].contains(&peer.uid())),
        Users::Group(_) => true,
    }
}

/// A path that is short enough for a socket: the path itself, or the same place by way of its open directory.
struct Short {
    path: PathBuf,
    /// Kept open while the path is used.
    _directory: Option<File>,
}

impl Short {
    fn of(path: &Path) -> io::Result<Self> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if path.as_os_str().len() <= LONGEST_PATH {
            return Ok(Self { path: path.to_owned(), _directory: None });
        }
        let directory = File::open(directory)?;
        let path = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
        Ok(Self { path, _directory: Some(directory) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_path_of_any_length_will_do_and_only_the_owner_gets_in() {
        for depth in [0, 12] {
            let state = tempfile::tempdir().expect("a directory");
            let state_dir = state.path().join("a long name".repeat(2)).join("deeper/and/".repeat(depth));
            let listening = listen(&state_dir, RUNS).expect("listening");
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&state_dir.join(RUNS)), mode(&listening.path)), (0o700, 0o600));
            let [path] = &all(&state_dir, RUNS)[..] else { panic!("one socket") };
            connect(path).await.expect("connected");
            let path = path.clone();
            drop(listening);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn a_socket_that_was_left_behind_is_taken_away_by_who_looks() {
        let state = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(state.path().join("runs")).expect("made");
        let path = state.path().join("runs/1.0.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        connect(&path).await.expect_err("nobody listens");
        assert!(!path.exists());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_socket_that_is_only_being_made_is_not_taken_away_by_who_looks() {
        let state = tempfile::tempdir().expect("a directory");
        let state_dir = state.path().to_owned();
        let looking = tokio::spawn(async move {
            loop {
                for path in all(&state_dir, RUNS) {
                    let _ = connect(&path).await;
                }
                tokio::task::yield_now().await;
            }
        });
        for _ in 0..500 {
            let listening = listen(state.path(), RUNS).expect("listening");
            connect(&listening.path).await.expect("still there");
        }
        looking.abort();
    }
}
