//! The terminal goes away, in every way it can, and the run does not.

use std::io::{Read as _, Write as _};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use super::kit::{Shop, ended, wait_for_end};
use super::support::terminal::program_in;

/// What a spin would use up at once, even on a machine that is busy otherwise.
const LITTLE_CPU_SECONDS: f64 = 0.5;

/// Of the times in `/proc`, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A program in a pseudo-terminal of which this is the only other end: dropping that hangs up, as a lost connection does.
fn start_and_hang_up(command: CommandBuilder, text: &str, keys: &str, then: &str) -> Box<dyn Child + Send + Sync> {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let child = pair.slave.spawn_command(command).expect("the program starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut keyboard = pair.master.take_writer().expect("a writer");
    let mut parser = vt100::Parser::default();
    let mut read_until = |text: &str| {
        let mut bytes = [0; 4096];
        while !parser.screen().contents().contains(text) {
            let count = reader.read(&mut bytes).expect("the program writes on");
            assert!(count > 0, "it ended: {}", parser.screen().contents());
            parser.process(&bytes[..count]);
        }
    };
    read_until(text);
    keyboard.write_all(keys.as_bytes()).expect("typed");
    read_until(then);
    child
}

fn in_terminal(shop: &Shop, args: &[&str]) -> CommandBuilder {
    let mut command = program_in(shop.home.dir.path(), args);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command
}

/// Processor time that a process has used, in seconds.
fn cpu_seconds(pid: u64) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is there");
    let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
    let ticks: f64 = [11, 12].map(|field: usize| fields[field].parse::<f64>().expect("ticks")).iter().sum();
    ticks / TICKS_PER_SECOND
}

/// The run goes on headless, does not spin while it is paused, and finishes when it is told to.
fn outlives(shop: &Shop, pid: u64) {
    shop.home.ok(&["export", "pause"]);
    shop.wait_for_run("is paused", |run| run["paused"] == true && run["pid"] == pid);
    let (begun, before) = (Instant::now(), cpu_seconds(pid));
    while begun.elapsed().as_secs() < 2 {
        assert_eq!(shop.live_runs().len(), 1);
    }
    let used = cpu_seconds(pid) - before;
    assert!(used < LITTLE_CPU_SECONDS, "{used} s of processor time while nothing happens");
    shop.hurry();
}

async fn finishes(shop: &Shop, mut child: Box<dyn Child + Send + Sync>) {
    let status = child.wait().expect("it ends");
    assert_eq!(status.exit_code(), 0, "the run was finished");
    assert_finished(shop).await;
}

async fn assert_finished(shop: &Shop) {
    shop.assert_all_arrived_once().await;
    let log = shop.home.path(".local/state/commerce-connector/logs");
    let logs = std::fs::read_dir(log).expect("a directory of logs").map(|entry| entry.expect("an entry").path());
    let text: String = logs.map(|path| std::fs::read_to_string(path).expect("text")).collect();
    assert!(text.contains("products: done; 400 items sent"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_when_the_terminal_of_its_screen_hangs_up() {
    let shop = Shop::new().await;
    let mut screen = start_and_hang_up(in_terminal(&shop, &[]), "0 Overview", "4a", "elapsed");
    assert_eq!(screen.wait().expect("it ends").exit_code(), 130);
    let run = shop.wait_for_run("goes on", |_| true);
    outlives(&shop, run["pid"].as_u64().expect("a pid"));
    wait_for_end(&shop);
    assert_finished(&shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_told_line_by_line_whose_terminal_hangs_up_is_finished() {
    let shop = Shop::new().await;
    let child = start_and_hang_up(in_terminal(&shop, &["export", "run"]), "products: started", "", "products: started");
    outlives(&shop, child.process_id().expect("a pid").into());
    finishes(&shop, child).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_readers_are_gone_is_finished() {
    let shop = Shop::new().await;
    let mut run = shop.export();
    // EPIPE on both, from the first line on.
    drop((run.stdout.take(), run.stderr.take()));
    shop.wait_for_run("has begun", |_| true);
    outlives(&shop, run.id().into());
    assert_eq!(ended(run).0, Some(0));
    shop.assert_all_arrived_once().await;
}
