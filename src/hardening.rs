//! What the process does so that secrets stay in it, and so that it cannot do what it has no need to: no core dumps, no reading of
//! its memory by other processes of the same user, nothing it creates is open to others, and an export writes only where it must.

use std::path::PathBuf;
use std::sync::OnceLock;

use landlock::{
    ABI, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, path_beneath_rules,
};
use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

/// The version of Landlock whose rights are given up: all that write to files (Linux 6.2). Of an older one, those that it has.
const RIGHTS: ABI = ABI::V3;

/// Hardens this process. What the system refuses is left as it is: a container may forbid it, and nothing else depends on it.
pub fn harden() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    umask(Mode::from_bits_truncate(0o077));
}

/// Where this process may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writing {
    /// Only below certain places.
    Confined,
    /// Wherever its user may, because of this.
    Anywhere(String),
}

/// What became of the process that asked first.
static WRITING: OnceLock<Writing> = OnceLock::new();

/// Remembers where this process may write, for its log.
pub fn remember(writing: Writing) {
    // Tests run several commands in one process.
    let _ = WRITING.set(writing);
}

/// Where this process may write; `None` if it gave nothing up, nor tried.
pub fn writing() -> Option<&'static Writing> {
    WRITING.get()
}

/// Has this thread, and all that it starts from now on, write only below these places, where the kernel has Landlock. There is no
/// way back. A place that is not there is left out.
pub fn write_only_below(places: &[PathBuf]) -> Writing {
    match confine(places) {
        Ok(RulesetStatus::NotEnforced) => Writing::Anywhere("this kernel has no Landlock".to_owned()),
        Ok(_) => Writing::Confined,
        Err(error) => Writing::Anywhere(format!("Landlock: {error}")),
    }
}

fn confine(places: &[PathBuf]) -> Result<RulesetStatus, RulesetError> {
    let rights = AccessFs::from_write(RIGHTS);
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(rights)?.create()?;
    Ok(ruleset.add_rules(path_beneath_rules(places, rights))?.restrict_self()?.ruleset)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_thread_that_gave_it_up_writes_only_where_it_may_and_others_everywhere() {
        let dir = tempfile::tempdir().expect("a directory");
        let (own, other) = (dir.path().join("own"), dir.path().join("other"));
        for directory in [&own, &other] {
            fs::create_dir(directory).expect("made");
        }
        fs::write(other.join("read"), "text").expect("written");
        let (mine, others) = (own.clone(), other.clone());
        let confined = std::thread::spawn(move || {
            let writing = write_only_below(&[mine.clone(), PathBuf::from("/nowhere")]);
            fs::write(mine.join("a"), "1").expect("its own place");
            fs::rename(mine.join("a"), mine.join("b")).expect("its own place");
            assert_eq!(fs::read_to_string(others.join("read")).expect("reading is no writing"), "text");
            (writing, fs::write(others.join("a"), "1").is_err())
        });
        match confined.join().expect("no panic") {
            (Writing::Confined, is_refused) => assert!(is_refused),
            // An older kernel, or one without it.
            (Writing::Anywhere(why), is_refused) => assert!(!is_refused, "{why}"),
        }
        fs::write(other.join("b"), "1").expect("this thread gave nothing up");
    }
}
