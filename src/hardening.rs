//! What the process does so that secrets stay in it, and so that it cannot do what it has no need to: no core dumps, no reading of
//! its memory by other processes of the same user, nothing it creates is open to others, and an export writes and connects only where it must.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use landlock::{
    ABI, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, path_beneath_rules,
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

/// Whom this process may connect to over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connecting {
    /// Only these ports, of any host.
    Only(BTreeSet<u16>),
    /// Whomever it likes, because of this.
    Anywhere(String),
}

/// What this process gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    pub writing: Writing,
    pub connecting: Connecting,
}

/// What became of the process that asked first.
static IN_FORCE: OnceLock<InForce> = OnceLock::new();

/// Remembers what this process gave up, for its log and for what it says of a connection that is refused.
pub fn remember(in_force: InForce) {
    // Tests run several commands in one process.
    let _ = IN_FORCE.set(in_force);
}

/// What this process gave up; `None` if it did not try.
pub fn in_force() -> Option<&'static InForce> {
    IN_FORCE.get()
}

/// What to say of a connection that failed like this because the process gave its port up; `None` if it failed for another reason.
pub fn gave_up(error: &io::Error, port: u16) -> Option<String> {
    refusal(in_force()?, error, port)
}

fn refusal(in_force: &InForce, error: &io::Error, port: u16) -> Option<String> {
    match &in_force.connecting {
        Connecting::Only(ports) if error.kind() == io::ErrorKind::PermissionDenied && !ports.contains(&port) => {
            Some(format!(
                "port {port} was not in the settings when this process started, so it may not connect there: restart it"
            ))
        }
        Connecting::Only(_) | Connecting::Anywhere(_) => None,
    }
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

/// Has this thread, and all that it starts from now on, connect over TCP only to these ports, where the kernel's Landlock can
/// (Linux 6.7). There is no way back. Who listens here, UDP and Unix sockets are not bound by it.
pub fn connect_only_to(ports: BTreeSet<u16>) -> Connecting {
    match confine_connecting(&ports) {
        Ok(RulesetStatus::NotEnforced) => {
            Connecting::Anywhere("Landlock binds connections from Linux 6.7 on".to_owned())
        }
        Ok(_) => Connecting::Only(ports),
        Err(error) => Connecting::Anywhere(format!("Landlock: {error}")),
    }
}

fn confine_connecting(ports: &BTreeSet<u16>) -> Result<RulesetStatus, RulesetError> {
    let right = AccessNet::ConnectTcp;
    let mut ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(right)?.create()?;
    for port in ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, right))?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
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

    #[test]
    fn a_thread_that_gave_it_up_connects_only_to_its_ports_and_says_why() {
        use std::net::{TcpListener, TcpStream};
        let [own, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [own, other] = [&own, &other].map(|listener| listener.local_addr().expect("an address"));
        let (mine, others) = (own, other);
        let confined = std::thread::spawn(move || {
            let connecting = connect_only_to(BTreeSet::from([mine.port()]));
            TcpStream::connect(mine).map(drop).expect("its own port");
            // Who listens gave nothing up.
            TcpListener::bind("127.0.0.1:0").map(drop).expect("a port");
            (connecting, TcpStream::connect(others).map(drop))
        });
        let (connecting, attempt) = confined.join().expect("no panic");
        match &connecting {
            Connecting::Only(ports) => {
                assert_eq!(ports, &BTreeSet::from([own.port()]));
                let error = attempt.expect_err("it was given up");
                let in_force = InForce { writing: Writing::Confined, connecting };
                let said = refusal(&in_force, &error, other.port());
                assert!(said.is_some_and(|said| said.contains(&format!("port {} was not", other.port()))));
                assert_eq!(refusal(&in_force, &error, own.port()), None, "a firewall, or somebody else");
                let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
                assert_eq!(refusal(&in_force, &refused, other.port()), None, "nobody listens");
            }
            // An older kernel, or one without it.
            Connecting::Anywhere(why) => attempt.expect(why),
        }
        TcpStream::connect(other).map(drop).expect("this thread gave nothing up");
    }
}
