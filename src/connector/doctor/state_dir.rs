//! The check of the state directory: whether it can be written, is ours alone, has room, and is still there tomorrow.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::check::Check;
use crate::connector::Connector;
use crate::connector::finding::Finding;
use crate::connector::unsaved::DIRECTORY as UNSAVED;
use crate::export::ledger::{file_system, network_name, slow_save};
use crate::export::owner::{group_named, user_named};
use crate::format::bytes;
use crate::hardening::{Connecting, Writing};
use crate::private_file::safe;
use crate::state_files::Users;

const STATE: &str = "State directory";
/// Free space below which a run may fail: the ledger of a million items takes about 300 MB.
const LITTLE_SPACE: u64 = 500 * 1024 * 1024;
/// Free space with which nothing can be recorded any more.
const NO_SPACE: u64 = 10 * 1024 * 1024;
/// How many entries are looked at for their owner; there are a few dozen.
const ENTRIES: usize = 10_000;
/// How the system calls file systems that are gone after a restart (`statfs(2)`).
const TMPFS: u64 = 0x0102_1994;
const RAMFS: u64 = 0x8584_58f6;
/// The file system of a container's own layer.
const OVERLAY: u64 = 0x794c_7630;

pub(super) fn check(connector: &Connector, variable: impl Fn(&str) -> Option<String>) -> Check {
    let directory = connector.overview().state_dir;
    let root = connector.config().instance.root.map(|root| connector.store().resolve(&root));
    let shown = safe(&directory);
    let mut findings = Vec::new();
    let existing = nearest_existing(&directory);
    if rustix::fs::access(&existing, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        findings.push(Finding::wrong(
            format!("the state directory {shown} cannot be written"),
            "an export records sent items there, and does not start without it",
            "check its owner, or set another path with --state-dir or state.directory",
        ));
    }
    let real = existing.canonicalize().unwrap_or_else(|_| existing.clone());
    let root = root.and_then(|root| root.canonicalize().ok());
    let in_var = root.as_ref().is_some_and(|root| real.starts_with(root.join("var")));
    if root.as_ref().is_some_and(|root| real.starts_with(root)) && !in_var {
        findings.push(Finding::wrong(
            format!("the state directory {shown} is inside the Commerce installation"),
            "a deployment may delete it, and a web server may serve it",
            "move it outside, or below var/, and set --state-dir or state.directory",
        ));
    }
    findings.extend(of_permissions(&directory));
    let kind = file_system(&existing);
    let in_container = ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists())
        || variable("KUBERNETES_SERVICE_HOST").is_some();
    let is_cloud = variable("MAGENTO_CLOUD_PROJECT").is_some();
    findings.extend(loss(&real, kind, in_container, in_var.then_some(is_cloud)).map(|(what, next)| {
        let means = "if it is lost, the next export sends everything again, and items deleted in the shop stay in the \
                     service";
        Finding::warning(format!("the state directory {shown} may not last: {what}"), means, next)
    }));
    findings.extend(kind.and_then(network_name).map(|name| {
        Finding::wrong(
            format!("the state directory {shown} is on a network file system ({name})"),
            "the ledger's log and locks do not work there, so no export starts",
            "set a path on a local disk with --state-dir or state.directory",
        )
    }));
    let free = rustix::fs::statvfs(&existing).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize)).ok();
    if let Some(free) = free.filter(|free| *free < LITTLE_SPACE) {
        let level = if free < NO_SPACE { Finding::wrong } else { Finding::warning };
        findings.push(level(
            format!("only {} free at {shown}", bytes(free)),
            "an export stops if it cannot record sent items".to_owned(),
            format!("free some space (`df -h {shown}`), or set another path with --state-dir"),
        ));
    }
    findings.extend(slow_save(&existing).map(|took| {
        Finding::warning(
            format!("the disk of the state directory {shown} takes {} ms to save", took.as_millis()),
            "an export waits for it about twice with each request",
            "set a path on a faster disk with --state-dir or state.directory",
        )
    }));
    let mode = match fs::metadata(&directory) {
        Ok(meta) => match Users::of(&meta) {
            Users::Owner => format!("mode {:04o}", meta.mode() & 0o7777),
            Users::Group(group) => format!("shared with group {}", group_named(group)),
        },
        Err(_) => "created by the first run".to_owned(),
    };
    let free = free.map_or_else(|| "free space unknown".to_owned(), |free| format!("{} free", bytes(free)));
    let in_force = connector.confinement_of_exports();
    let writing = match in_force.writing {
        Writing::Confined => {
            "exports can write only there, to the metrics file, var/ and temporary directories (Landlock)".to_owned()
        }
        Writing::Anywhere(why) => format!("exports can write wherever this user can: {why}"),
    };
    let connecting = match in_force.connecting {
        Connecting::Only(ports) => {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            format!("exports can connect only to these TCP ports: {} (Landlock)", ports.join(", "))
        }
        Connecting::Anywhere(why) => format!("exports can connect to any port: {why}"),
    };
    Check::new(STATE, &format!("{mode}, {free}, {shown}"), findings).with_facts(vec![writing.into(), connecting.into()])
}

fn nearest_existing(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// What is wrong with the permissions of the directory and of what is in it.
fn of_permissions(directory: &Path) -> Vec<Finding> {
    let Ok(meta) = fs::metadata(directory) else { return Vec::new() };
    let (mode, shown) = (meta.mode() & 0o7777, safe(directory));
    let mut findings = Vec::new();
    let users = Users::of(&meta);
    if let Users::Group(group) = users {
        findings.extend(not_shared(directory, group).map(|path| {
            Finding::wrong(
                format!("{} is not open to group {}, which the state directory is shared with", safe(&path), group_named(group)),
                "what one user wrote there, another cannot read or change, so an export stops",
                format!("as root: `chgrp -R {0} {shown} && chmod -R g+rwX,o= {shown} && find {shown} -type d -exec chmod g+s {{}} +`", group_named(group)),
            )
        }));
        return findings;
    }
    if mode & 0o022 != 0 {
        findings.push(Finding::wrong(
            format!("the state directory {shown} is writable by other users (mode {mode:04o})"),
            "they could replace its locks and logs, so no export starts",
            format!("`chmod 700 {shown}`, or, to share it with its group, `chmod 2770 {shown}`"),
        ));
    } else if mode & 0o077 != 0 {
        findings.push(Finding::warning(
            format!("the state directory {shown} is readable by other users (mode {mode:04o})"),
            "they can read what was sent, and by whom",
            format!("`chmod 700 {shown}`"),
        ));
    }
    let me = rustix::process::geteuid().as_raw();
    if let Some((path, owner)) = first_in(directory, |_, meta| meta.uid() != me).map(|(path, meta)| (path, meta.uid()))
    {
        findings.push(Finding::wrong(
            format!("{} belongs to {}, and this program runs as {}", safe(&path), user_named(owner), user_named(me)),
            "one user cannot read or write the other's records, so an export stops or starts from scratch",
            format!(
                "always run this program as {}, or change the owner: `chown -R {} {shown}`",
                user_named(owner),
                user_named(me)
            ),
        ));
    }
    findings
}

/// The first path of a shared state that this group cannot use. Unsaved keys are for their owner only.
fn not_shared(directory: &Path, group: u32) -> Option<PathBuf> {
    let own = directory.join(UNSAVED);
    let is_closed = |path: &Path, meta: &fs::Metadata| {
        let needed = if meta.is_dir() { 0o070 } else { 0o060 };
        (meta.gid() != group || meta.mode() & needed != needed) && path.parent() != Some(own.as_path())
    };
    first_in(directory, is_closed).map(|(path, _)| path)
}

/// The first path of the state of which this holds.
fn first_in(directory: &Path, holds: impl Fn(&Path, &fs::Metadata) -> bool) -> Option<(PathBuf, fs::Metadata)> {
    let mut waiting = vec![directory.to_owned()];
    let mut looked_at = 0;
    while let Some(path) = waiting.pop() {
        looked_at += 1;
        // The directory itself may be reached by a link; nothing else is followed.
        let meta = if path == directory { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
        let Ok(meta) = meta else { continue };
        if holds(&path, &meta) {
            return Some((path, meta));
        }
        if meta.is_dir() && looked_at < ENTRIES {
            waiting.extend(fs::read_dir(&path).ok()?.flatten().map(|entry| entry.path()));
        }
    }
    None
}

/// What takes a directory away, and what to do about it; `None` if it lasts as far as can be seen. `in_var` is `Some` in the
/// `var/` of an installation, and says whether that is Adobe Commerce on cloud.
fn loss(
    path: &Path,
    kind: Option<u64>,
    in_container: bool,
    in_var: Option<bool>,
) -> Option<(&'static str, &'static str)> {
    let elsewhere = "move it to a permanent disk, and set --state-dir or state.directory";
    if matches!(kind, Some(TMPFS | RAMFS)) {
        return Some(("it is in memory, and lost at a restart", elsewhere));
    }
    if ["/tmp", "/var/tmp", "/run", "/dev/shm"].iter().any(|place| path.starts_with(place)) {
        return Some(("the system deletes files there, at a restart or after some days", elsewhere));
    }
    match in_var {
        Some(true) => Some((
            "deployments keep var/, but `rm -rf var/*`, a restored snapshot or backup, and a new environment delete it",
            "do not delete it when you clear var/; cloud has no better location",
        )),
        Some(false) => Some((
            "`rm -rf var/*`, which many deployments and guides run, deletes it",
            "move it outside the installation and set --state-dir or state.directory, or keep it when you clear var/",
        )),
        None if in_container && kind == Some(OVERLAY) => {
            Some(("it is in the container's own layer, and lost with the container", "mount a volume there"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const EXT4: Option<u64> = Some(0xef53);

    #[test]
    fn what_does_not_last_is_found_and_what_does_is_not() {
        let what = |path: &str, kind, in_container, in_var| {
            loss(Path::new(path), kind, in_container, in_var).map(|(what, _)| what)
        };
        assert_eq!(what("/home/ann/.local/state/commerce-connector", EXT4, false, None), None);
        assert_eq!(what("/home/ann/.local/state/commerce-connector", EXT4, true, None), None, "a volume");
        assert!(what("/data", Some(TMPFS), false, None).expect("lost").contains("memory"));
        assert!(what("/var/tmp/x", EXT4, false, None).expect("lost").contains("deletes"));
        assert_eq!(what("/tmpfiles/x", EXT4, false, None), None);
        assert!(what("/data", Some(OVERLAY), true, None).expect("lost").contains("container"));
        assert_eq!(
            what("/data", Some(OVERLAY), false, None),
            None,
            "an overlay of a live system is kept, for all that is known"
        );
        assert!(what("/app/var/x", EXT4, false, Some(true)).expect("lost").contains("deployments keep var/"));
        assert!(what("/var/www/shop/var/x", EXT4, false, Some(false)).expect("lost").contains("rm -rf"));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_found_wherever_it_is() {
        let state = tempfile::tempdir().expect("a directory");
        fs::create_dir(state.path().join("locks")).expect("made");
        fs::write(state.path().join("locks/a.lock"), "").expect("written");
        let me = rustix::process::geteuid().as_raw();
        let someone_elses = |me: u32| first_in(state.path(), |_, meta| meta.uid() != me).map(|(path, _)| path);
        assert_eq!(someone_elses(me), None);
        assert_eq!(someone_elses(me + 1), Some(state.path().to_owned()));
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(state.path().join("locks/a.lock"), Some(12_345), None).expect("chown");
            assert_eq!(someone_elses(me), Some(state.path().join("locks/a.lock")));
        }
    }

    #[test]
    fn what_the_group_of_a_shared_state_cannot_use_is_found_but_for_unsaved_keys() {
        let state = tempfile::tempdir().expect("a directory");
        let group = rustix::process::getegid().as_raw();
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
        let (unsaved, locks) = (state.path().join(UNSAVED), state.path().join("locks"));
        for directory in [&unsaved, &locks] {
            fs::create_dir(directory).expect("made");
            fs::write(directory.join("file"), "").expect("written");
            open(&directory.join("file"), 0o600);
        }
        for directory in [state.path(), &unsaved, &locks] {
            open(directory, 0o2770);
        }
        assert_eq!(not_shared(state.path(), group), Some(locks.join("file")));
        let findings = of_permissions(state.path());
        assert!(findings.iter().any(|finding| finding.what.contains("locks/file is not open to")), "{findings:?}");
        open(&locks.join("file"), 0o660);
        assert_eq!(not_shared(state.path(), group), None);
        assert!(of_permissions(state.path()).is_empty());
        open(&locks, 0o700);
        assert_eq!(not_shared(state.path(), group), Some(locks));
    }

    #[test]
    fn a_directory_that_is_not_there_is_judged_by_the_one_above() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(nearest_existing(&dir.path().join("a/b")), dir.path());
    }
}
