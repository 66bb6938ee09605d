//! The database servers that nodes keep their state on: killed, and started again on the same directory, as a machine that loses
//! its server does. One server, or a Galera cluster.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, getuid, kill_process};

use super::world::NODES;
use crate::support::mariadb::{Server, other};

/// Set to `galera`, the long test runs over a Galera cluster with a node for each node of the shop.
pub const KIND: &str = "COMMERCE_CONNECTOR_NODE_SERVERS";

/// Where Debian's galera-4 has the library.
const GALERA: &str = "/usr/lib/galera/libgalera_smm.so";

pub struct StateServers {
    members: Vec<Member>,
}

struct Member {
    directory: tempfile::TempDir,
    child: Child,
    /// Of a Galera cluster: how it reaches the others.
    cluster: Option<Cluster>,
}

/// Ports of a Galera node for the group, for changes that it missed, and for a whole copy; and the group's address.
#[derive(Clone)]
struct Cluster {
    ports: [u16; 3],
    group: String,
}

impl StateServers {
    pub fn one() -> Self {
        Self { members: vec![Member::start(None, true)] }
    }

    /// As the environment asks.
    pub fn as_asked() -> Self {
        match std::env::var(KIND).as_deref() {
            Ok("galera") => Self::galera(),
            Ok(kind) => panic!("{KIND} is galera or not set, not {kind:?}"),
            Err(_) => Self::one(),
        }
    }

    fn galera() -> Self {
        assert!(Path::new(GALERA).exists(), "{GALERA} is absent: install galera-4 and rsync");
        // All at once, so that none is given twice.
        let free: Vec<TcpListener> =
            (0..3 * NODES).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let ports: Vec<u16> = free.iter().map(|port| port.local_addr().expect("bound").port()).collect();
        drop(free);
        let (ports, _) = ports.as_chunks::<3>();
        let addresses: Vec<String> = ports.iter().map(|ports| format!("127.0.0.1:{}", ports[0])).collect();
        let group = addresses.join(",");
        let cluster = |ports: &[u16; 3]| Some(Cluster { ports: *ports, group: group.clone() });
        let members = ports.iter().enumerate().map(|(at, ports)| Member::start(cluster(ports), at == 0)).collect();
        Self { members }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    pub fn pid(&self, server: usize) -> Pid {
        Pid::from_child(&self.members[server].child)
    }

    /// Starts again those that were killed, and gives how many these were.
    pub fn restart_gone(&mut self) -> u64 {
        let mut gone = 0;
        for member in &mut self.members {
            if member.child.try_wait().expect("a child").is_some() {
                member.child = spawn(member.directory.path(), member.cluster.as_ref(), false);
                member.wait();
                gone += 1;
            }
        }
        gone
    }

    /// The address of a database for a node of the shop: each has a server of its own in a cluster.
    pub fn url(&self, node: usize, database: &str) -> String {
        let member = &self.members[node % self.members.len()];
        format!("mysql://root@localhost/{database}?socket={}", member.socket().display())
    }

    /// What a query gives: rows of columns.
    pub fn query(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        let output = self.members[0].client().args([database, "-e", sql]).output().expect("the mariadb client");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        rows(&output.stdout)
    }
}

impl Member {
    fn start(cluster: Option<Cluster>, is_first: bool) -> Self {
        let directory = tempfile::Builder::new().prefix("cc-state-").tempdir().expect("a directory");
        let copied = Command::new("cp").arg("-a").arg(Server::installed()).arg(directory.path().join("data")).status();
        assert!(copied.expect("cp").success());
        if cluster.is_some() && getuid().is_root() {
            // The script that copies a whole node does not run as root.
            let owned = Command::new("chown").args(["-R", "mysql:"]).arg(directory.path()).status();
            assert!(owned.expect("chown").success());
        }
        let child = spawn(directory.path(), cluster.as_ref(), is_first);
        let mut member = Self { directory, child, cluster };
        member.wait();
        member
    }

    fn client(&self) -> Command {
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "--user=root", "--batch", "--skip-column-names"]);
        client.arg(format!("--socket={}", self.socket().display()));
        client
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("s.sock")
    }

    /// Waits until it answers, as a part of its cluster. The test's own limit ends this.
    fn wait(&mut self) {
        while !self.is_ready() {
            let log = || std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().expect("a child").is_none(), "the database server has ended:\n{}", log());
            std::thread::yield_now();
        }
    }

    fn is_ready(&self) -> bool {
        let sql = if self.cluster.is_some() { "SHOW STATUS LIKE 'wsrep_ready'" } else { "SELECT 'ON', 'ON'" };
        let output = self.client().args(["-e", sql]).output().expect("the mariadb client");
        rows(&output.stdout).first().and_then(|row| row.get(1)).is_some_and(|value| value == "ON")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn rows(output: &[u8]) -> Vec<Vec<String>> {
    String::from_utf8_lossy(output).lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn spawn(directory: &Path, cluster: Option<&Cluster>, is_first: bool) -> Child {
    let data = directory.join("data");
    let user = if cluster.is_some() && getuid().is_root() { "mysql".to_owned() } else { user() };
    let mut server = program();
    // Commits are on disk, as on the server of a shop; and it is there again quickly.
    server
        .arg(format!("--user={user}"))
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", directory.join("s.sock").display()))
        .arg(format!("--pid-file={}", directory.join("pid").display()))
        .args(["--skip-networking", "--innodb-flush-log-at-trx-commit=1"])
        .args(["--innodb-buffer-pool-size=64M", "--performance-schema=OFF"]);
    if let Some(Cluster { ports: [group_port, missed_port, copy_port], group }) = cluster {
        let address = if is_first { "gcomm://".to_owned() } else { format!("gcomm://{group}") };
        // A node that dies is noticed sooner than over a real network, so that the others do not wait for it as long.
        let options = format!(
            "gmcast.listen_addr=tcp://127.0.0.1:{group_port};ist.recv_addr=127.0.0.1:{missed_port};gcache.size=32M;\
             evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT5S"
        );
        server
            .args(["--wsrep-on=ON", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-sst-method=rsync"])
            .arg(format!("--wsrep-provider={GALERA}"))
            .arg(format!("--wsrep-cluster-address={address}"))
            .arg(format!("--wsrep-node-address=127.0.0.1:{group_port}"))
            .arg(format!("--wsrep-sst-receive-address=127.0.0.1:{copy_port}"))
            .arg(format!("--wsrep-provider-options={options}"));
    }
    server
        .env("PATH", format!("{}:/usr/local/sbin:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(directory.join("log")).expect("made"))
        .spawn()
        .expect("mariadbd: scripts/test installs what the tests need")
}

/// The server, without a configuration file: the system's, or another one as the other database tests have it.
fn program() -> Command {
    let Some(name) = other() else {
        let mut server = Command::new("mariadbd");
        server.args(["--no-defaults", "--skip-log-bin", "--innodb-log-file-size=16M"]);
        return server;
    };
    let servers = std::env::var_os("DATABASE_SERVERS").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache/other-database-servers"),
        PathBuf::from,
    );
    let root = servers.join(&name).join("root");
    let path = |of: &str| root.join(of).display().to_string();
    let (server, own) = if name == "mysql" {
        (
            "usr/sbin/mysqld",
            vec![
                "--mysqlx=OFF".to_owned(),
                "--secure-file-priv=".to_owned(),
                format!("--lc-messages-dir={}", path("usr/share/mysql")),
            ],
        )
    } else {
        ("usr/sbin/mariadbd", vec![format!("--lc-messages-dir={}", path("usr/share/mariadb"))])
    };
    // Run by the loader that came with it.
    let mut program = Command::new(path("usr/lib64/ld-linux-x86-64.so.2"));
    program
        .arg("--library-path")
        .arg(format!("{}:{}", path("usr/lib/x86_64-linux-gnu"), path("usr/lib/x86_64-linux-gnu/mysql/private")))
        .arg(path(server))
        .args(["--no-defaults", "--skip-log-bin"])
        .arg(format!("--basedir={}", path("usr")))
        .arg(format!("--plugin-dir={}", path("usr/lib/mysql/plugin")))
        .args(own);
    program
}
