//! The allowance that the runs of one data space share: each request takes the next free moment, whichever process sends it.
//!
//! One moment is all that is kept: when the next request may leave. It stands in a small file beside the locks, which is read and
//! moved on under a lock held for microseconds. Moments are of the system's monotonic clock: all processes of a host share it, and
//! nobody can set it. It begins again with the host, so what was written later than now says nothing.
//!
//! It can only make a request wait. Where the file cannot be used, a process keeps its own pace, as if it were alone. It must never
//! know what is sent.

use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::cluster::{ClusterError, Worker};
use crate::domain::DataSpaceId;
use crate::private_file::PrivateFileError;
use crate::state_files;

/// How often a lock is tried again that another process holds, for microseconds.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How far ahead a free moment can lie: the longest `Retry-After`, and requests that wait for their turn. What lies further ahead
/// was not written by a run.
const FARTHEST: Duration = Duration::from_mins(15);

/// How far the clocks of two processes may be apart: each reads the system's once, and may be interrupted meanwhile.
const SKEW: Duration = Duration::from_secs(1);

/// What runs share.
#[derive(Debug)]
pub(super) enum Allowance {
    /// Nothing: this run keeps its own pace.
    Alone,
    /// A moment in a file, with all processes of this host.
    InFile(SharedMoment),
    /// A moment in the database, with all nodes that share the ledger.
    InDatabase(Arc<Worker>),
}

impl Allowance {
    /// What the runs into a data space share.
    pub fn of(state_dir: &Path, data_space: &DataSpaceId, worker: Option<&Arc<Worker>>) -> Self {
        if let Some(worker) = worker {
            return Self::InDatabase(Arc::clone(worker));
        }
        match SharedMoment::open(state_dir, data_space) {
            Ok(shared) => Self::InFile(shared),
            Err(error) => {
                tracing::warn!(%error, "the rate limit is not shared with other exports of this data space");
                Self::Alone
            }
        }
    }

    /// Takes the next free moment, and says how long it is until then. The one after it is free an `interval` later.
    pub async fn reserve(&self, interval: Duration) -> Duration {
        match self {
            Self::Alone => Duration::ZERO,
            Self::InFile(shared) => shared.change(interval, |moment, now| moment.reserve(now, interval)).await,
            Self::InDatabase(worker) => {
                worker.cluster().take_turn(worker.data_space(), interval).await.unwrap_or_else(|error| unshared(&error))
            }
        }
    }

    /// Nobody may leave before this has passed: the gateway asked for it.
    pub async fn hold_off(&self, pause: Duration) {
        match self {
            Self::Alone => {}
            Self::InFile(shared) => shared.change(pause, |moment, now| moment.hold_off(now, pause)).await,
            Self::InDatabase(worker) => {
                let rested = worker.cluster().rest(worker.data_space(), pause).await;
                rested.unwrap_or_else(|error| unshared(&error));
            }
        }
    }
}

/// A database that does not answer ends the run where it is written to; until then a node keeps its own pace.
fn unshared<T: Default>(error: &ClusterError) -> T {
    tracing::warn!(%error, "the rate limit is not shared with other nodes");
    T::default()
}

/// The moment in its file.
#[derive(Debug)]
pub(super) struct SharedMoment {
    file: File,
    clock: Clock,
    /// The lock is the process's, not the thread's: who takes it has the turn.
    turn: tokio::sync::Mutex<()>,
}

impl SharedMoment {
    fn open(state_dir: &Path, data_space: &DataSpaceId) -> Result<Self, PrivateFileError> {
        let path = state_files::own_dir(state_dir, "locks")?.join(format!("{data_space}.pace"));
        let file = state_files::open_own(&path)?;
        Ok(Self { file, clock: Clock::start(), turn: tokio::sync::Mutex::default() })
    }

    /// Changes the moment while nobody else does. If its lock is held for longer than `patience`, or the file cannot be written, it
    /// stays as it is, and the answer is that of a moment that is free.
    async fn change<T: Default>(&self, patience: Duration, change: impl FnOnce(&mut Moment, Duration) -> T) -> T {
        let _turn = self.turn.lock().await;
        let begun = Instant::now();
        loop {
            match self.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => tokio::time::sleep(LOOK_AGAIN).await,
                Err(_) => return T::default(),
            }
        }
        let now = self.clock.now();
        let mut moment = self.read().filter(|moment| moment.is_believable(now)).unwrap_or_default();
        let answer = change(&mut moment, now);
        let written = self.file.write_all_at(&moment.to_bytes(), 0);
        // A lock that cannot be given back is given back with the process.
        let _ = self.file.unlock();
        written.map(|()| answer).unwrap_or_default()
    }

    /// `None` if nothing was written yet.
    fn read(&self) -> Option<Moment> {
        let mut bytes = [0; Moment::BYTES];
        self.file.read_exact_at(&mut bytes, 0).ok()?;
        Some(Moment::from_bytes(bytes))
    }
}

/// The monotonic clock of the system, at the speed of the runtime's.
#[derive(Debug)]
struct Clock {
    /// What it said at `since`.
    began: Duration,
    since: Instant,
}

impl Clock {
    fn start() -> Self {
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
        Self { began: Duration::new(seconds, nanoseconds), since: Instant::now() }
    }

    fn now(&self) -> Duration {
        self.began + self.since.elapsed()
    }
}

/// When the next request may leave, and when that was written down; both since the host began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Moment {
    next: Duration,
    written: Duration,
}

impl Moment {
    /// Two numbers of nanoseconds.
    const BYTES: usize = 16;

    /// Whether it was written since the host began, and by a run.
    fn is_believable(&self, now: Duration) -> bool {
        self.written <= now + SKEW && self.next.saturating_sub(self.written) <= FARTHEST
    }

    fn reserve(&mut self, now: Duration, interval: Duration) -> Duration {
        let mine = self.next.max(now);
        *self = Self { next: mine + interval, written: now };
        mine.saturating_sub(now)
    }

    fn hold_off(&mut self, now: Duration, pause: Duration) {
        *self = Self { next: self.next.max(now + pause), written: now };
    }

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        ((u128::from(nanoseconds(self.next)) << u64::BITS) | u128::from(nanoseconds(self.written))).to_be_bytes()
    }

    fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let both = u128::from_be_bytes(bytes);
        let time =
            |number: u128| Duration::from_nanos(u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default());
        Self { next: time(both >> u64::BITS), written: time(both) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(500);

    fn data_space() -> DataSpaceId {
        "11111111-1111-1111-1111-111111111111".parse().expect("an id")
    }

    /// As if of another process: the lock of a file is of the handle.
    fn shared(directory: &Path) -> Allowance {
        let allowance = Allowance::of(directory, &data_space(), None);
        assert!(matches!(allowance, Allowance::InFile(_)));
        allowance
    }

    /// Handles that are opened one after the other have paused clocks that are microseconds apart.
    fn assert_about(wait: Duration, expected: Duration) {
        assert!(wait.abs_diff(expected) < INTERVAL / 10, "{wait:?} instead of {expected:?}");
    }

    fn written(directory: &Path, moment: Moment) {
        std::fs::write(directory.join("locks").join(format!("{}.pace", data_space())), moment.to_bytes())
            .expect("written");
    }

    #[tokio::test(start_paused = true)]
    async fn two_processes_take_turns_and_lose_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let send = |allowance: Allowance| async move {
            let mut left = Vec::new();
            for _ in 0..100 {
                tokio::time::sleep(allowance.reserve(INTERVAL).await).await;
                left.push(Instant::now());
            }
            left
        };
        let begun = Instant::now();
        let (first, second) = tokio::join!(send(shared(directory.path())), send(shared(directory.path())));
        let mut all = [first, second].concat();
        all.sort_unstable();
        let least = all.windows(2).map(|pair| pair[1] - pair[0]).min().expect("many");
        // The runtime's timer counts whole milliseconds.
        assert!(least + 4 * LOOK_AGAIN >= INTERVAL, "{least:?}");
        let took = begun.elapsed();
        assert!(took <= 199 * INTERVAL + 20 * LOOK_AGAIN, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_the_gateway_asks_one_for_holds_for_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let (one, other) = (shared(directory.path()), shared(directory.path()));
        assert_about(other.reserve(INTERVAL).await, Duration::ZERO);
        one.hold_off(Duration::from_secs(30)).await;
        assert_about(other.reserve(INTERVAL).await, Duration::from_secs(30));
        // A shorter one changes nothing.
        one.hold_off(Duration::from_secs(1)).await;
        assert_about(other.reserve(INTERVAL).await, Duration::from_secs(30) + INTERVAL);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_host_wrote_before_it_began_again_and_what_no_run_wrote_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let allowance = shared(directory.path());
        let now = Clock::start().now();
        let hour = Duration::from_hours(1);
        let ahead = Moment { next: now + hour, written: now + hour };
        let strange = Moment { next: now + hour, written: now.saturating_sub(INTERVAL) };
        for moment in [ahead, strange, Moment { next: Duration::MAX, ..ahead }] {
            written(directory.path(), moment);
            assert_eq!(allowance.reserve(INTERVAL).await, Duration::ZERO, "{moment:?}");
            assert!(allowance.reserve(INTERVAL).await > Duration::ZERO, "and it is written anew");
        }
        std::fs::write(directory.path().join("locks").join(format!("{}.pace", data_space())), "half").expect("written");
        assert_eq!(allowance.reserve(INTERVAL).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_is_never_given_back_holds_nobody_up_for_longer_than_an_interval() {
        let directory = tempfile::tempdir().expect("a directory");
        let allowance = shared(directory.path());
        let Allowance::InFile(other) = shared(directory.path()) else { panic!("in a file") };
        other.file.lock().expect("locked");
        let begun = Instant::now();
        assert_eq!(allowance.reserve(INTERVAL).await, Duration::ZERO);
        let took = begun.elapsed();
        assert!((INTERVAL..INTERVAL + 4 * LOOK_AGAIN).contains(&took), "{took:?}");
        // A process that is killed gives it back.
        drop(other);
        allowance.reserve(INTERVAL).await;
        assert!(allowance.reserve(INTERVAL).await > Duration::ZERO);
    }

    #[test]
    fn a_moment_is_the_same_after_it_was_written() {
        let moment = Moment { next: Duration::from_nanos(u64::MAX), written: Duration::from_nanos(7) };
        assert_eq!(Moment::from_bytes(moment.to_bytes()), moment);
    }
}
