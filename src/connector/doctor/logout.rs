//! Whether this system ends what a person leaves running when they log out, and how to run so that it does not.

use std::path::Path;
use std::process::Command;

use super::check::Check;
use crate::connector::finding::Finding;
use crate::export::owner::Owner;
use crate::remedy::{Hint, Remedy};

const LOGOUT: &str = "Logout";

/// What logind does with the processes of a session that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logind {
    /// There is none.
    Absent,
    /// It does not say.
    Silent,
    /// Nothing.
    Spares,
    /// It ends them.
    Kills,
}

/// What decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    logind: Logind,
    /// Whether this is root, whom logind leaves alone.
    is_root: bool,
    /// Whether this process belongs to a session of logind, and ends with it if processes are killed.
    is_in_session: bool,
    /// Whether the user's own services run while nobody is logged in.
    lingers: bool,
    user: String,
}

/// Looks.
pub(super) fn check() -> Check {
    let user = Owner::this_process().user.to_string();
    let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    judge(&Facts {
        logind: logind(),
        is_root: rustix::process::getuid().is_root(),
        is_in_session: cgroup.contains("/session-"),
        lingers: Path::new("/var/lib/systemd/linger").join(&user).exists(),
        user,
    })
}

/// logind's own word: files say what is configured, not what is compiled in, and distributions differ in that.
fn logind() -> Logind {
    if !Path::new("/run/systemd/system").is_dir() {
        return Logind::Absent;
    }
    let property =
        ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "KillUserProcesses"];
    let output = Command::new("busctl").args(["--timeout=2", "get-property"]).args(property).output();
    match output.as_ref().map(|output| output.stdout.trim_ascii()) {
        Ok(b"b true") => Logind::Kills,
        Ok(b"b false") => Logind::Spares,
        _ => Logind::Silent,
    }
}

fn judge(facts: &Facts) -> Check {
    match facts.logind {
        Logind::Absent => Check::ok(LOGOUT, "logout stops nothing (no systemd)"),
        Logind::Spares => Check::ok(LOGOUT, "logout stops nothing (KillUserProcesses=no)"),
        Logind::Silent => Check::skipped(LOGOUT, "logind does not report KillUserProcesses"),
        Logind::Kills if facts.is_root => Check::ok(LOGOUT, "logout stops users' processes, but not root's"),
        Logind::Kills if !facts.is_in_session && facts.lingers => {
            Check::ok(LOGOUT, "logout stops users' processes, but not services such as this one")
        }
        Logind::Kills => {
            let linger =
                if facts.lingers { String::new() } else { format!("`loginctl enable-linger {}`, then ", facts.user) };
            let finding = Finding::warning(
                "logging out stops your processes (logind, KillUserProcesses=yes)",
                "a background export is killed at logout; nothing is lost, run it again to resume",
                Hint::from(format!("{linger}run it as a service: ")).and(Remedy::RunAsService),
            );
            Check::new(LOGOUT, "logout stops running exports", vec![finding])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::doctor::check::Outcome;

    #[test]
    fn only_a_run_that_would_be_killed_is_warned_of_and_the_way_out_is_named() {
        let killing = Facts {
            logind: Logind::Kills,
            is_root: false,
            is_in_session: true,
            lingers: false,
            user: "ann".to_owned(),
        };
        let check = judge(&killing);
        assert_eq!(check.outcome, Outcome::Warning);
        assert!(
            check.findings[0].next.command_line().starts_with("`loginctl enable-linger ann`, then run it as a service")
        );
        let lingering = judge(&Facts { lingers: true, ..killing.clone() });
        assert!(lingering.findings[0].next.command_line().starts_with("run it as a service"));
        for (facts, outcome) in [
            (Facts { lingers: true, is_in_session: false, ..killing.clone() }, Outcome::Ok),
            (Facts { is_root: true, ..killing.clone() }, Outcome::Ok),
            (Facts { logind: Logind::Spares, ..killing.clone() }, Outcome::Ok),
            (Facts { logind: Logind::Silent, ..killing.clone() }, Outcome::Skipped),
            (Facts { logind: Logind::Absent, ..killing }, Outcome::Ok),
        ] {
            assert_eq!(judge(&facts).outcome, outcome, "{facts:?}");
        }
    }
}
