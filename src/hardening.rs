//! What the process does, before anything else, so that secrets stay in it: no core dumps, no reading of its memory by other
//! processes of the same user, and nothing it creates is open to others.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

/// Hardens this process. What the system refuses is left as it is: a container may forbid it, and nothing else depends on it.
pub fn harden() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    umask(Mode::from_bits_truncate(0o077));
}
