//! What a power cut leaves of the ledger: everything that was synced, and of the rest whatever chance has written.
//!
//! The program runs with `powerloss.c` preloaded, which copies each file at each sync. After a kill every block of 512 bytes is, by
//! chance, as it was last synced or as it was last written; a file's length, and whether it is there at all, likewise. That is the
//! model: blocks are whole, a sync is true, and what was not synced may be there in any order. What a disk does that lies about
//! syncs, or tears within a block, is not shown.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fastrand::Rng;

/// What a disk writes as one.
const BLOCK: usize = 512;

/// The library to preload, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kill/powerloss.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("powerloss-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        assert!(compiled.expect("cc runs: it builds SQLite, too").success(), "the preloaded library does not compile");
        library
    })
}

/// A state directory, and what of it is durable.
pub struct Disk {
    root: PathBuf,
    shadow: PathBuf,
}

impl Disk {
    /// For the state directory `root`; `shadow` is made and holds the copies.
    pub fn new(root: &Path, shadow: &Path) -> Self {
        fs::create_dir(shadow).expect("made");
        Self { root: root.to_owned(), shadow: shadow.to_owned() }
    }

    /// Lets a command run on this disk.
    pub fn preload(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library());
        command.env("POWERLOSS_ROOT", &self.root).env("POWERLOSS_SHADOW", &self.shadow);
    }

    /// Cuts the power: `written` of 100 blocks that were not synced are there nevertheless. What is there then is durable.
    pub fn cut_power(&self, random: &mut Rng, written: u8) {
        let mut chance = || random.u8(..100) < written;
        let directory = self.root.join("ledger");
        if self.durable_names("%names").contains("ledger") || chance() {
            let durable = self.durable_names("%ledger%names");
            let present = names(&directory);
            for name in durable.union(&present) {
                let (was_there, is_there) = (durable.contains(name), present.contains(name));
                if was_there == is_there || chance() == is_there {
                    self.mix(&directory.join(name), &format!("%ledger%{name}"), &mut chance);
                } else {
                    let _ = fs::remove_file(directory.join(name));
                }
            }
        } else {
            // Not even its directory was durable.
            let _ = fs::remove_dir_all(&directory);
        }
        self.remember(&directory);
    }

    /// Mixes what was synced of a file with what was written.
    fn mix(&self, path: &Path, shadow: &str, chance: &mut impl FnMut() -> bool) {
        let synced = fs::read(self.shadow.join(shadow)).unwrap_or_default();
        let written = fs::read(path).unwrap_or_else(|_| synced.clone());
        let length = if chance() { written.len() } else { synced.len() };
        let mut mixed = vec![0; length];
        for start in (0..length).step_by(BLOCK) {
            let from = if chance() { &written } else { &synced };
            let end = length.min(start + BLOCK).min(from.len());
            if start < end {
                mixed[start..end].copy_from_slice(&from[start..end]);
            }
        }
        fs::write(path, mixed).expect("written");
    }

    /// All that is there is durable now.
    fn remember(&self, directory: &Path) {
        fs::remove_dir_all(&self.shadow).expect("removed");
        fs::create_dir(&self.shadow).expect("made");
        for name in names(directory) {
            fs::copy(directory.join(&name), self.shadow.join(format!("%ledger%{name}"))).expect("copied");
        }
        for (shadow, directory) in [("%names", self.root.as_path()), ("%ledger%names", directory)] {
            let names: Vec<String> = names(directory).into_iter().collect();
            fs::write(self.shadow.join(shadow), names.join("\n")).expect("written");
        }
    }

    fn durable_names(&self, shadow: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(self.shadow.join(shadow)).unwrap_or_default();
        text.lines().filter(|name| !name.starts_with('.')).map(str::to_owned).collect()
    }
}

/// What is in a directory; nothing if there is none.
fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}
