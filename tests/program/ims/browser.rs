//! A real browser on the sandbox's sign-in page: what a person clicks is what the program gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ims::kit::Kit;
use crate::support::browser::browser;
use crate::support::home::{stderr, stdout};

/// How long the browser may take to start or to open a page, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A headless Chromium, driven over HTTP (W3C `WebDriver`).
struct Chromium {
    driver: Child,
    http: reqwest::Client,
    session: String,
    profile: tempfile::TempDir,
}

impl Chromium {
    async fn start() -> Self {
        let mut driver = Command::new("chromedriver");
        let mut driver = driver.arg("--port=0").stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("chromedriver: {error}; scripts/test installs it (Debian packages chromium and chromium-driver)")
        });
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        // "ChromeDriver was started successfully on port 41237."
        let port = loop {
            let line = lines.next().expect("it says its port").expect("UTF-8");
            if let Some((_, port)) = line.rsplit_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let http = browser();
        let profile = tempfile::tempdir().expect("a directory");
        let mut chromium = Self { driver, http, session: format!("http://127.0.0.1:{port}/session"), profile };
        let data_dir = format!("--user-data-dir={}", chromium.profile.path().display());
        let args = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            data_dir,
        ]);
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": args}}}});
        let answer = chromium.post("", wanted).await;
        let id = answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}"));
        chromium.session = format!("{}/{id}", chromium.session);
        // A page may still be on its way when its elements are looked for.
        let patience = u64::try_from(PATIENCE.as_millis() / 2).expect("small");
        chromium.post("/timeouts", json!({"implicit": patience})).await;
        chromium
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.session)).json(&body).timeout(PATIENCE);
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        answer["value"].clone()
    }

    async fn get(&self, path: &str) -> Value {
        let answer: Value = self
            .http
            .get(format!("{}{path}", self.session))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        answer["value"].clone()
    }

    async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// The element that a path (`XPath`) finds, as soon as it is there.
    async fn find(&self, path: &str) -> String {
        let found = self.post("/element", json!({"using": "xpath", "value": path})).await;
        let element = found.as_object().and_then(|found| found.values().next()?.as_str().map(str::to_owned));
        element.unwrap_or_else(|| panic!("no {path}: {found}"))
    }

    /// Waits for the page with this heading.
    async fn wait_for(&self, heading: &str) {
        self.find(&format!("//h1[.='{heading}']")).await;
    }

    async fn text(&self, path: &str) -> String {
        let element = self.find(path).await;
        self.get(&format!("/element/{element}/text")).await.as_str().expect("text").to_owned()
    }

    async fn click(&self, path: &str) {
        let element = self.find(path).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    async fn address(&self) -> String {
        self.get("/url").await.as_str().expect("text").to_owned()
    }
}

impl Drop for Chromium {
    /// Ends the browser, then the driver: the driver alone would leave the browser behind, also when a test failed.
    fn drop(&mut self) {
        let place = self.session.trim_start_matches("http://");
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        if let Ok(mut stream) = TcpStream::connect(host) {
            // A driver that does not answer is ended all the same.
            let _ = stream.set_read_timeout(Some(PATIENCE));
            let _ = write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            // It answers when the browser has ended, and does not close the connection.
            let _ = stream.read(&mut [0; 512]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_clicks_through_the_page_in_a_browser() {
    let kit = Kit::new().await;
    let back = format!("{}/ims/signed-in", kit.sandbox.ready.url);
    kit.configure(&kit.sandbox.ready.url, &format!("redirect_uri = \"{back}\"\n"));
    let mut login = kit.home.command(&["ims", "login"]);
    let piped = login.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut login = piped.spawn().expect("the program starts");
    let mut lines = BufReader::new(login.stdout.take().expect("piped")).lines();
    let address = lines.next().expect("an address").expect("UTF-8");

    let chromium = Chromium::start().await;
    chromium.open(&address).await;
    chromium.wait_for("Sign in to the sandbox").await;
    chromium.click("//button[.='Cancel']").await;
    chromium.wait_for("Not signed in").await;
    let denied = chromium.address().await;
    assert!(denied.starts_with(&back) && denied.contains("error=access_denied"), "{denied}");

    chromium.open(&address).await;
    chromium.click("//button[.='Sign in as Alex Harbour']").await;
    chromium.wait_for("Signed in").await;
    let sent_back = chromium.address().await;
    assert_eq!(chromium.text("//*[@id='address']").await, sent_back, "the page shows the address to copy");
    drop(chromium);

    let refused = kit.run(&["ims", "login", "--url", "-"], &denied);
    assert_eq!(refused.status.code(), Some(4), "{}", stderr(&refused));
    login.stdin.take().expect("piped").write_all(sent_back.as_bytes()).expect("taken");
    let output = login.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", stderr(&output));
    let told = lines.next().expect("a line").expect("UTF-8");
    assert!(told.starts_with("Signed in as Alex Harbour (alex@harbour.example) until "), "{told}{}", stdout(&output));
}
