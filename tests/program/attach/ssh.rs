//! The real thing: in by SSH, start a run, lose the connection, in again, and watch the same run finish.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use portable_pty::CommandBuilder;
use rustix::process::Signal;

use super::kit::Shop;
use super::support::terminal::{ORDINARY, PROGRAM, Terminal};

const SSHD: &str = "/usr/sbin/sshd";

/// An SSH server of our own on loopback, and keys for it.
struct Server {
    process: Child,
    directory: tempfile::TempDir,
    port: u16,
    user: String,
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name).display().to_string();
        for key in ["host", "own"] {
            let mut keygen = Command::new("ssh-keygen");
            let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]).status().expect("ssh-keygen");
            assert!(made.success());
        }
        fs::copy(path("own.pub"), path("authorized")).expect("copied");
        // Free a moment ago; on loopback nobody else looks for one just now.
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            path("host"),
            path("authorized"),
        );
        fs::write(path("config"), config).expect("written");
        let user = String::from_utf8(Command::new("id").arg("-un").output().expect("id").stdout).expect("UTF-8");
        if user.trim() == "root" && !Path::new("/run/sshd").exists() {
            // sshd as root asks for it; where it runs as a service, the system makes it.
            fs::create_dir("/run/sshd").expect("made");
            fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        let mut sshd = Command::new(SSHD);
        let mut process =
            sshd.args(["-D", "-e", "-f", &path("config")]).stderr(Stdio::piped()).spawn().expect("sshd runs");
        let mut talk = BufReader::new(process.stderr.take().expect("its talk")).lines();
        let listens = talk.by_ref().map(|line| line.expect("a line")).any(|line| line.contains("Server listening"));
        assert!(listens, "sshd did not begin to listen");
        std::thread::spawn(move || talk.for_each(drop));
        Self { process, directory, port, user: user.trim().to_owned() }
    }

    /// Logs in and runs the program in its home directory, as a person would.
    fn log_in(&self, home: &Path, args: &str) -> Terminal {
        let mut ssh = CommandBuilder::new("ssh");
        ssh.args([
            "-tt",
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
        ]);
        ssh.args(["-i", &self.directory.path().join("own").display().to_string(), "-p", &self.port.to_string()]);
        ssh.arg(format!("{}@127.0.0.1", self.user));
        ssh.arg(format!("env HOME={} LANG=C.UTF-8 {PROGRAM} {args}", home.display()));
        Terminal::start(ssh, ORDINARY)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_started_over_ssh_outlives_the_connection_and_is_watched_to_its_end_from_the_next() {
    assert!(Path::new(SSHD).exists(), "install openssh-server, or run scripts/test, which does");
    let shop = Shop::new().await;
    let server = Server::start();
    let home = shop.home.dir.path();

    let mut first = server.log_in(home, "");
    first.press("4");
    first.wait_for("exports every feed");
    first.press("a");
    first.wait_for("elapsed");
    first.press(" ");
    first.wait_for("Paused");
    let before = shop.wait_for_run("is paused", |run| run["paused"] == true);
    // The laptop is closed: the client dies, and says goodbye to nobody.
    first.signal(Signal::KILL);
    drop(first);

    let mut second = server.log_in(home, "");
    second.press("4");
    second.wait_for("Run by ");
    second.wait_for("Paused");
    let after = shop.wait_for_run("goes on", |_| true);
    assert_eq!((&after["pid"], &after["since"]), (&before["pid"], &before["since"]), "it is the same run");
    let third = server.log_in(home, "export status --watch");
    third.wait_for("Interrupting this does not stop it");
    second.press(" ");
    second.wait_gone("Paused");
    shop.home.ok(&["export", "set", "--threads", "8", "--batch-size", "100"]);
    second.wait_for("Export done at");
    second.press("q");
    assert_eq!(second.ends_restored(), 0);
    assert_eq!(third.ends_restored(), 0, "the watch ends as the run did");
    shop.assert_all_arrived_once().await;
}
