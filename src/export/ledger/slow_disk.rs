//! A slow disk: every commit waits until its bytes are on it, and an export with the commit.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

use crate::private_file::safe;
use crate::untrusted::SafeText;
use crate::waiting::PATIENCE;

/// A disk that takes this long to save counts as slow: at two requests a second, with two commits for each, an export waits for it a
/// twelfth of the time.
const SLOW: Duration = Duration::from_millis(20);

/// What one commit counts for at most: a large one takes long on any disk.
const MOST: Duration = Duration::from_millis(300);

/// How often [`slow_save`] saves.
const TRIES: usize = 3;

/// How long commits have waited for the disk.
#[derive(Debug, Default)]
pub(super) struct DiskWaits {
    commits: u32,
    total: Duration,
    is_told: bool,
}

impl DiskWaits {
    /// Counts a commit into this ledger. Returns what a person should know of a slow disk, once, when it has cost a few seconds.
    pub fn count(&mut self, took: Duration, ledger: &Path) -> Option<SafeText> {
        self.commits += 1;
        self.total += took.min(MOST);
        let mean = self.total / self.commits;
        if self.is_told || self.total < PATIENCE || mean < SLOW {
            return None;
        }
        self.is_told = true;
        let directory = safe(ledger.parent().unwrap_or(ledger));
        let took = mean.as_millis();
        Some(SafeText::from(format!(
            "the disk of {directory} takes {took} ms to save, and the export waits for it; a state directory on a faster disk \
             (--state-dir, state.directory) helps"
        )))
    }
}

/// How long the disk of a directory takes to save some bytes, at best, if that is slow. Leaves nothing behind. Blocking.
pub fn slow_save(directory: &Path) -> Option<Duration> {
    // What cannot be tried is not known to be slow.
    (0..TRIES).map(|_| time_to_save(directory).ok()).min()?.filter(|took| *took >= SLOW)
}

fn time_to_save(directory: &Path) -> io::Result<Duration> {
    // A file without a name: nobody sees it, and it is gone when it is closed.
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(directory, flags, Mode::RUSR | Mode::WUSR)?);
    let begun = Instant::now();
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of commits that take this long each.
    fn said(took: Duration, commits: u32) -> Vec<(u32, String)> {
        let mut waits = DiskWaits::default();
        let ledger = Path::new("/var/lib/commerce-connector/ledger/space.sqlite");
        (1..=commits).filter_map(|number| Some((number, waits.count(took, ledger)?.to_string()))).collect()
    }

    #[test]
    fn a_slow_disk_is_told_of_once_it_has_cost_a_few_seconds() {
        let text = "the disk of /var/lib/commerce-connector/ledger takes 50 ms to save, and the export waits for it; a state \
                    directory on a faster disk (--state-dir, state.directory) helps";
        assert_eq!(said(Duration::from_millis(50), 500), [(60, text.to_owned())]);
        assert_eq!(said(Duration::from_millis(50), 59), []);
    }

    #[test]
    fn a_usual_disk_is_not_worth_a_word_however_often_it_is_waited_for() {
        assert_eq!(said(Duration::from_millis(12), 100_000), []);
    }

    #[test]
    fn one_long_wait_among_quick_ones_is_no_slow_disk() {
        let mut waits = DiskWaits::default();
        let ledger = Path::new("/state/ledger/space.sqlite");
        assert!((0..1_000).all(|_| waits.count(Duration::from_millis(1), ledger).is_none()));
        assert_eq!(waits.count(Duration::from_secs(4), ledger), None);
        assert_eq!(said(Duration::from_secs(20), 1), [], "nor is a single large commit");
    }

    #[test]
    fn trying_a_disk_leaves_nothing_behind_and_what_is_not_there_is_not_slow() {
        let here = tempfile::tempdir().expect("a directory");
        // Whether the disk of the tests is slow, or can be tried at all, is not known.
        let _ = slow_save(here.path());
        assert_eq!(std::fs::read_dir(here.path()).expect("readable").count(), 0);
        assert_eq!(slow_save(&here.path().join("nothing")), None);
    }
}
