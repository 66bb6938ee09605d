//! What a power cut leaves of the ledger: everything that was synced, and of the rest whatever chance has written.
//!
//! The program runs with `powerloss.c` preloaded, which copies each file at each sync. After a kill every block of 512 bytes is, by
//! chance, as it was last synced or as it was last written; a file's length likewise; and each name leads to the file that it led to
//! when its directory was last synced, or to the newest, or nowhere. That is the model: blocks are whole, a sync is true, and what
//! was not synced may be there in any order. What a disk does that lies about syncs, or tears within a block, is not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use fastrand::Rng;

/// What a disk writes as one.
const BLOCK: usize = 512;

/// The library to preload, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/kill/powerloss.c");
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
        if self.durable_names("%names").contains_key("ledger") || chance() {
            let durable = self.durable_names("%ledger%names");
            let present = names(&directory);
            for name in durable.keys().chain(present.keys()).collect::<BTreeSet<_>>() {
                let path = directory.join(name);
                let (was, is) = (durable.get(name), present.get(name));
                let now = match (was == is || chance(), was) {
                    (true, _) => is.map(|identity| self.mix(&path, identity, &mut chance)),
                    // The name is as it was last synced: what was behind it then has no newer state than its own sync.
                    (false, was) => was.map(|identity| self.synced(identity)),
                };
                match now {
                    Some(bytes) => fs::write(&path, bytes).expect("written"),
                    None => drop(fs::remove_file(&path)),
                }
            }
        } else {
            // Not even its directory was durable.
            let _ = fs::remove_dir_all(&directory);
        }
        self.remember(&directory);
    }

    /// What was synced of a file, mixed with what was written.
    fn mix(&self, path: &Path, identity: &str, chance: &mut impl FnMut() -> bool) -> Vec<u8> {
        let (synced, written) = (self.synced(identity), fs::read(path).expect("read"));
        let length = if chance() { written.len() } else { synced.len() };
        let mut mixed = vec![0; length];
        for start in (0..length).step_by(BLOCK) {
            let from = if chance() { &written } else { &synced };
            let end = length.min(start + BLOCK).min(from.len());
            if start < end {
                mixed[start..end].copy_from_slice(&from[start..end]);
            }
        }
        mixed
    }

    /// What was synced of a file; nothing if it never was.
    fn synced(&self, identity: &str) -> Vec<u8> {
        fs::read(self.shadow.join(identity)).unwrap_or_default()
    }

    /// All that is there is durable now.
    fn remember(&self, directory: &Path) {
        fs::remove_dir_all(&self.shadow).expect("removed");
        fs::create_dir(&self.shadow).expect("made");
        for (name, identity) in names(directory) {
            fs::copy(directory.join(&name), self.shadow.join(identity)).expect("copied");
        }
        for (shadow, directory) in [("%names", self.root.as_path()), ("%ledger%names", directory)] {
            let lines: Vec<String> =
                names(directory).into_iter().map(|(name, identity)| format!("{identity} {name}")).collect();
            fs::write(self.shadow.join(shadow), lines.join("\n")).expect("written");
        }
    }

    fn durable_names(&self, shadow: &str) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.shadow.join(shadow)).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(identity, name)| (name.to_owned(), identity.to_owned())).collect()
    }
}

/// What is in a directory, and the identity behind each name as `powerloss.c` writes it; nothing if there is no directory.
fn names(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let meta = entry.metadata().expect("its metadata");
            let born = meta.created().expect("a file system that keeps times of birth");
            let born = born.duration_since(UNIX_EPOCH).expect("after 1970");
            let identity = format!("{}-{}.{:09}", meta.ino(), born.as_secs(), born.subsec_nanos());
            (entry.file_name().to_string_lossy().into_owned(), identity)
        })
        .collect()
}
