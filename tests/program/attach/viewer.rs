//! A screen is only a viewer of the run that it starts: whatever becomes of the screen, the run goes on.

use commerce_connector::domain::Feed;
use portable_pty::CommandBuilder;
use rustix::process::Signal;
use serde_json::Value;

use super::kit::{PRODUCTS, Shop, wait_for_end};
use super::support::terminal::{ORDINARY, PROGRAM, Screen, Terminal, program_in};

/// A screen whose run has begun and is paused, and that run.
fn with_run(shop: &Shop) -> (Terminal, Value) {
    let mut terminal = shop.screen();
    start(&mut terminal);
    let run = shop.wait_for_run("is paused", |_| true);
    (terminal, run)
}

/// Starts a run and pauses it, so that it does not end while a test looks at it.
fn start(terminal: &mut Terminal) {
    terminal.press("4");
    terminal.wait_for("exports every feed");
    terminal.press("a");
    terminal.wait_for("elapsed");
    terminal.press(" ");
    terminal.wait_for("Paused");
}

fn pid(run: &Value) -> u64 {
    run["pid"].as_u64().expect("a pid")
}

/// The parent and the session of a process.
fn parent_and_session(pid: u64) -> [u64; 2] {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is there");
    let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
    [fields[1], fields[3]].map(|field| field.parse().expect("a number"))
}

/// The run goes on without its screen, ends by itself, and every item has arrived.
async fn ends_by_itself(shop: &Shop, run: &Value) {
    let goes_on = shop.wait_for_run("goes on", |_| true);
    assert_eq!((&goes_on["pid"], &goes_on["since"]), (&run["pid"], &run["since"]), "it is the same run");
    shop.hurry();
    wait_for_end(shop);
    shop.assert_all_arrived_once().await;
    let runs = shop.home.json(&["export", "runs"]);
    assert_eq!((&runs[0]["end"], runs[0]["pid"].as_u64()), (&Value::from("complete"), Some(pid(run))));
    let feeds = shop.home.json(&["export", "status"]);
    let products = feeds.iter().find(|feed| feed["feed"] == "products").expect("a feed");
    assert_eq!(products["submitted"].as_u64(), Some(PRODUCTS as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_screen_is_killed_goes_on() {
    let shop = Shop::new().await;
    let (terminal, run) = with_run(&shop);
    terminal.signal(Signal::KILL);
    terminal.wait_closed();
    ends_by_itself(&shop, &run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_screen_is_hung_up_or_terminated_goes_on_and_the_next_screen_shows_it() {
    let shop = Shop::new().await;
    let (terminal, run) = with_run(&shop);
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.ends_restored(), 130);
    let mut next = shop.screen();
    next.press("4");
    next.wait_for("Run by ");
    next.signal(Signal::TERM);
    next.wait_for("running in the background");
    assert_eq!(next.ends_restored(), 130);
    ends_by_itself(&shop, &run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_gives_the_shell_back_at_once() {
    let shop = Shop::new().await;
    let mut terminal = Terminal::start(shell(&shop), ORDINARY);
    terminal.press(&format!("PS1='ready> '; {PROGRAM}\r"));
    terminal.wait_for("0 Overview");
    start(&mut terminal);
    let run = shop.wait_for_run("is paused", |_| true);
    let [screen, session] = parent_and_session(pid(&run));
    assert_eq!(session, pid(&run), "it has a session of its own");
    terminal.press("q");
    terminal.wait_for("keep running");
    terminal.press("y");
    terminal.wait("the shell's prompt", |screen| !screen.is_taken() && screen.text().trim_end().ends_with("ready>"));
    assert!(terminal.text().contains("Export running in the background (") && terminal.text().contains("export stop"));
    terminal.press("echo came $?; exit\r");
    terminal.wait_for("came 0");
    terminal.ends_restored();
    assert_ne!(parent_and_session(pid(&run))[0], screen, "the screen is gone");
    ends_by_itself(&shop, &run).await;
}

fn shell(shop: &Shop) -> CommandBuilder {
    // Only under a shell with job control is there a prompt to come back to.
    let mut shell = CommandBuilder::new("/bin/bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.env_clear();
    shell.env("HOME", shop.home.dir.path());
    shell.env("TERM", "xterm-256color");
    shell.env("LANG", "C.UTF-8");
    shell.cwd(shop.home.dir.path());
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_while_its_screen_is_suspended_which_shows_its_end_later() {
    let shop = Shop::new().await;
    let mut terminal = Terminal::start(shell(&shop), ORDINARY);
    terminal.press(&format!("{PROGRAM}\r"));
    terminal.wait_for("0 Overview");
    start(&mut terminal);
    shop.wait_for_run("is paused", |_| true);
    terminal.press("\x1a");
    terminal.wait("the shell", |screen| !screen.is_taken() && screen.contains("Stopped"));
    shop.hurry();
    wait_for_end(&shop);
    shop.assert_all_arrived_once().await;
    terminal.press("fg\r");
    terminal.wait("the screen again", Screen::is_taken);
    terminal.wait_for("Export done at");
    terminal.press("q");
    terminal.wait("the shell", |screen| !screen.is_taken());
    terminal.wait_for("Export finished: 400 sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_the_run_and_then_the_screen() {
    let shop = Shop::new().await;
    let (mut terminal, _) = with_run(&shop);
    assert!(!terminal.text().contains("paused by"), "nobody else did");
    terminal.press("q");
    terminal.wait_for("stop and quit");
    terminal.press("x");
    terminal.wait_for("Export stopped; run again to resume: ");
    assert_eq!(terminal.ends_restored(), 0);
    assert!(shop.live_runs().is_empty());
    assert_eq!(shop.home.json(&["export", "runs"])[0]["end"], "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_run_is_handed_over_also_one_that_is_over_at_once() {
    let shop = Shop::new().await;
    let (mut terminal, _) = with_run(&shop);
    shop.hurry();
    terminal.wait_for("● Export done at");
    terminal.press("c");
    terminal.wait_for("● Partial sync done at");
    terminal.press("i");
    terminal.wait_for("SKUs");
    terminal.press("SKU-0007");
    terminal.wait_for("SKU-0007");
    terminal.press("\r");
    terminal.wait_for("● 1 record of products by id done at");
    let runs = shop.home.json(&["export", "runs"]);
    let requests: Vec<&str> = runs.iter().filter_map(|run| run["request"].as_str()).collect();
    assert_eq!(requests, ["1 record of products by id", "Partial sync", "Export"]);
    assert_eq!(shop.gateway.received(Feed::Products).await.values().filter(|item| item.deliveries == 2).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_is_said_to_be_gone() {
    let shop = Shop::new().await;
    let (mut terminal, run) = with_run(&shop);
    // The log is opened first: its newest lines come into sight in groups, but the last one at once.
    terminal.press("n");
    terminal.wait_for("Run log: ");
    let process = i32::try_from(pid(&run)).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
    rustix::process::kill_process(process, Signal::KILL).expect("killed");
    terminal.wait_for("ended before the run did");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_begin_says_why_on_the_screen() {
    let shop = Shop::new().await;
    let mut terminal = shop.screen();
    terminal.press("4");
    terminal.wait_for("exports every feed");
    let config = std::fs::read_to_string(shop.home.config()).expect("the configuration");
    shop.home.write_config(&config.replace("kind = \"files\"", "kind = \"tea-leaves\""));
    terminal.press("an");
    terminal.wait_for("Not started: ");
    terminal.press("\r");
    terminal.wait_for("tea-leaves");
    assert!(shop.live_runs().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flags_of_the_screen_are_those_of_its_run() {
    let shop = Shop::new().await;
    let state = shop.home.path("elsewhere").display().to_string();
    let config = shop.home.path("other.toml");
    std::fs::copy(shop.home.config(), &config).expect("copied");
    std::fs::rename(shop.home.path(".config/commerce-connector/feeds"), shop.home.path("feeds")).expect("moved");
    std::fs::remove_file(shop.home.config()).expect("removed");
    let flags = ["--config", &config.display().to_string(), "--state-dir", &state];
    let mut terminal = Terminal::start(program_in(shop.home.dir.path(), &flags), ORDINARY);
    start(&mut terminal);
    terminal.signal(Signal::KILL);
    terminal.wait_closed();
    let status = shop.home.json(&[&flags[..], &["export", "status"]].concat());
    assert!(status.iter().any(|line| line["type"] == "live_run"), "{status:?}");
    shop.home.ok(&[&flags[..], &["export", "stop"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_only_on_the_screen_must_be_saved_and_then_reach_the_run() {
    let shop = Shop::new().await;
    let pair = shop.gateway.sandbox.ready.production.clone();
    let pem = std::fs::read_to_string(&pair.private_key_file).expect("a key");
    let config = std::fs::read_to_string(shop.home.config()).expect("the configuration");
    shop.home.write_config(&without_keys(&config));
    let mut terminal = shop.screen();
    terminal.wait_for("0 Overview");
    terminal.press("1");
    terminal.wait_for("Production pair");
    terminal.paste(&pem);
    terminal.wait_for("RSA private key, 2048 bits");
    terminal.press("\r");
    terminal.wait_for("key entered (unsaved)");
    terminal.press("A");
    terminal.wait_for("Paste the public API key");
    terminal.paste(&pair.api_key);
    terminal.press("\r");
    terminal.wait_for("the production pair is complete but not saved");
    terminal.press("4");
    terminal.press("a");
    terminal.wait_for("an export uses saved keys");
    terminal.press("1");
    terminal.press("w");
    terminal.wait_for("the production pair is saved");
    start(&mut terminal);
    let run = shop.wait_for_run("is paused", |_| true);
    ends_by_itself(&shop, &run).await;
}

/// The configuration without the keys of either pair.
fn without_keys(config: &str) -> String {
    config
        .lines()
        .filter(|line| !line.contains("api_key") && !line.contains("private_key"))
        .collect::<Vec<_>>()
        .join("\n")
}
