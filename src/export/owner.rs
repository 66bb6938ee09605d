//! Who runs something here: user, host, process, since when; and whether that process is still there.

use std::fmt;

use jiff::Timestamp;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::untrusted::SafeText;

/// A process that holds something, and who started it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The user's name.
    pub user: SafeText,
    /// The host's name.
    pub host: SafeText,
    /// The process.
    pub pid: u32,
    /// When the process began, in clock ticks since the system did: a number that was given again is another process.
    pub process_start: u64,
    /// Since when it holds it, in seconds since 1970.
    pub since: i64,
}

impl Owner {
    /// This process, from now on.
    #[must_use]
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self {
            user: SafeText::new(&user()),
            host: host(),
            pid,
            process_start: process_start(pid).unwrap_or_default(),
            since: Timestamp::now().as_second(),
        }
    }

    /// Whether it is the same process as another owner's.
    pub fn is_process_of(&self, other: &Self) -> bool {
        (&self.host, self.pid, self.process_start) == (&other.host, other.pid, other.process_start)
    }

    /// Whether the process has ended; `None` if that cannot be seen from this host.
    pub fn is_gone(&self) -> Option<bool> {
        if self.host != host() {
            return None;
        }
        match process_start(self.pid) {
            Some(start) => Some(start != self.process_start),
            // A system that hides the processes of other users still says that there is one.
            None => (!is_hidden(self.pid)).then_some(true),
        }
    }

    /// Since when it holds it.
    pub fn since(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.since).ok()
    }

    /// Who it is in a table: `ann@shop1, pid 4711`.
    pub fn address(&self) -> String {
        format!("{}@{}, pid {}", self.user, self.host, self.pid)
    }

    /// Who it is, without the time: `ann on shop1 (pid 4711)`.
    pub fn name(&self) -> String {
        format!("{} on {} (pid {})", self.user, self.host, self.pid)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())?;
        match self.since() {
            Some(since) => write!(f, ", started {}", since.strftime("%Y-%m-%d %H:%M:%S UTC")),
            None => Ok(()),
        }
    }
}

fn host() -> SafeText {
    SafeText::new(&rustix::system::uname().nodename().to_string_lossy())
}

/// When a process began, in clock ticks since the system did; `None` if there is none.
fn process_start(pid: u32) -> Option<u64> {
    start_of(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Whether another user has a process with this number.
fn is_hidden(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::PERM))
}

/// The same by its line in `/proc`. One that has ended but was not waited for has no start: in a container often nobody waits for
/// it, so that it stays.
fn start_of(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses, and may hold anything; the state is the third, the start the 22nd.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let has_ended = matches!(fields.next()?, "Z" | "X");
    fields.nth(18)?.parse().ok().filter(|_| !has_ended)
}

/// The name of who runs this process. `$USER` would be whatever `su` left behind.
fn user() -> String {
    user_named(rustix::process::getuid().as_raw())
}

/// The name that goes with a user id; the number where there is none.
pub fn user_named(id: u32) -> String {
    let user = nix::unistd::User::from_uid(id.into()).ok().flatten();
    user.map_or_else(|| format!("user {id}"), |user| user.name)
}

/// The name that goes with a group id; the number where there is none.
pub fn group_named(id: u32) -> String {
    let group = nix::unistd::Group::from_gid(id.into()).ok().flatten();
    group.map_or_else(|| id.to_string(), |group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_there_is_told_from_one_that_is_not_and_from_another_with_its_number() {
        let this = Owner::this_process();
        assert_eq!(this.is_gone(), Some(false));
        let another_start = Owner { process_start: this.process_start + 1, ..this.clone() };
        assert_eq!(another_start.is_gone(), Some(true), "the number was given again");
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        let of_child = Owner { pid: child.id(), process_start: process_start(child.id()).unwrap_or(1), ..this.clone() };
        child.wait().expect("it ends");
        assert_eq!(of_child.is_gone(), Some(true));
        let elsewhere = Owner { host: "another.example".into(), ..of_child };
        assert_eq!(elsewhere.is_gone(), None);
        assert!(this.to_string().contains(&format!("pid {}, started 20", this.pid)), "{this}");
    }
    #[test]
    fn a_process_that_ended_and_that_nobody_waited_for_is_gone() {
        let line = |state: &str| {
            format!("812 (a) b (c) {state} {}\n", (4..=30).map(|field| field.to_string()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(start_of(&line("S")), Some(22));
        assert_eq!(start_of(&line("Z")), None);
    }
}
