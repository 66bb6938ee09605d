//! A MariaDB that is killed and started again on the same directory, as a machine that loses its database server does.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::mariadb::Server;

pub struct StateServer {
    directory: tempfile::TempDir,
    child: Child,
}

impl StateServer {
    pub fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("cc-state-").tempdir().expect("a directory");
        let copied = Command::new("cp").arg("-a").arg(Server::installed()).arg(directory.path().join("data")).status();
        assert!(copied.expect("cp").success());
        let child = spawn(&directory.path().join("data"), &directory.path().join("s.sock"));
        let server = Self { directory, child };
        server.wait();
        server
    }

    /// Starts it again after it was killed.
    pub fn restart(&mut self) {
        self.child.wait().expect("it is gone");
        self.child = spawn(&self.directory.path().join("data"), &self.socket());
        self.wait();
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it was killed.
    pub fn is_gone(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    pub fn url(&self, database: &str) -> String {
        format!("mysql://root@localhost/{database}?socket={}", self.socket().display())
    }

    /// What a query gives: rows of columns.
    pub fn query(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        let output = self.client().args([database, "-e", sql]).output().expect("the mariadb client");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
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

    fn wait(&self) {
        // As often as it takes: the server is there, or the test's own limit ends this.
        while !self.client().args(["-e", "SELECT 1"]).output().is_ok_and(|output| output.status.success()) {
            std::thread::yield_now();
        }
    }
}

impl Drop for StateServer {
    fn drop(&mut self) {
        let _ = kill_process(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn spawn(data: &std::path::Path, socket: &std::path::Path) -> Child {
    // Commits are on disk, as on the server of a shop; and it is there again quickly.
    Command::new("mariadbd")
        .arg("--no-defaults")
        .arg(format!("--user={}", user()))
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", socket.display()))
        .args(["--skip-networking", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=1"])
        .args(["--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--performance-schema=OFF"])
        .env("PATH", format!("{}:/usr/local/sbin:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mariadbd: scripts/test installs what the tests need")
}
