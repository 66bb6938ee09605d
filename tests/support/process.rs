//! A sandbox gateway as a process of its own; without a rate limit unless it is given one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::home::Home;

pub struct Gateway {
    child: Child,
    pub ready: Value,
}

impl Gateway {
    pub fn start(home: &Home, more: &[&str]) -> Self {
        let ready_file = home.path("ready.json");
        let file = ready_file.display().to_string();
        let unlimited: &[&str] =
            if more.contains(&"--requests-per-second") { &[] } else { &["--requests-per-second", "0"] };
        let args = [&["sandbox", "--ready-file", &file, "--json"], unlimited, more].concat();
        let mut child = home.command(&args).stdout(Stdio::piped()).spawn().expect("the sandbox starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line when it is ready");
        let ready: Value =
            serde_json::from_str(&fs::read_to_string(&ready_file).expect("the ready file")).expect("one JSON object");
        assert_eq!(fs::metadata(&ready_file).expect("there").permissions().mode() & 0o077, 0, "it is private");
        Self { child, ready }
    }

    pub fn url(&self) -> &str {
        self.ready["url"].as_str().expect("a URL")
    }

    pub fn private_key_file(&self, environment: &str) -> PathBuf {
        self.ready[environment]["private_key_file"].as_str().expect("a path").into()
    }

    /// What arrived, as anybody can ask.
    pub fn received(&self, data_space: &str, feed: &str) -> Value {
        self.ask(&format!("{data_space}/{feed}"))
    }

    /// How many feed requests a data space was sent, by the status of the answer.
    pub fn requests(&self, data_space: &str) -> BTreeMap<String, u64> {
        serde_json::from_value(self.ask(data_space)["requests"].take()).expect("counts")
    }

    fn ask(&self, path: &str) -> Value {
        let address = self.url().strip_prefix("http://").expect("http");
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        let request =
            format!("GET /sandbox/v1/data-spaces/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let answer = std::io::read_to_string(stream).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself; the test has said what it thinks of that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
