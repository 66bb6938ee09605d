//! Two programs and one run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use commerce_connector::domain::Feed;

use super::kit::{PRODUCTS, Shop, ended};
use super::support::home::{stderr, stdout};

/// Pause, look, change and resume from another process; a second start is refused and says whose the run is.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_what_to_do_by_another_process() {
    let shop = Shop::new().await;
    let nobody = shop.home.run(&["export", "pause"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stderr(&nobody).contains("no export is running"), "{}", stderr(&nobody));

    let run = shop.export();
    let live = shop.wait_for_run("has begun", |_| true);
    assert_eq!((live["pid"].as_u64(), live["thread_count"].as_u64()), (Some(run.id().into()), Some(1)));
    let said = shop.home.ok(&["export", "pause"]);
    assert!(said.contains(&format!("pid {}", run.id())) && said.contains("Paused; "), "{said}");
    let paused = shop.wait_for_run("is paused", |run| run["paused"] == true);
    assert!(paused["limit"].as_str().is_some_and(|limit| limit.starts_with("paused by ")), "{paused}");

    let second = shop.home.run(&["export", "run"]);
    assert_eq!(second.status.code(), Some(6), "{}", stderr(&second));
    assert!(stderr(&second).contains(&format!("pid {}", run.id())), "{}", stderr(&second));

    // Under `--quiet`, cron hears nothing of a run that does the same work already, unless it is configured to.
    for same in [&["export", "run", "--quiet"][..], &["export", "run", "--partial", "--quiet"]] {
        let output = shop.home.run(same);
        assert_eq!((output.status.code(), stderr(&output) + &stdout(&output)), (Some(0), String::new()), "{same:?}");
    }
    let other = shop.home.run(&["export", "retry", "--quiet"]);
    assert_eq!(other.status.code(), Some(6), "a retry is other work: {}", stderr(&other));
    let mut told = shop.home.command(&["export", "run", "--quiet"]);
    let told = told.env("COMMERCE_CONNECTOR_EXPORT_QUIET_IF_RUNNING", "false").output().expect("it runs");
    assert_eq!(told.status.code(), Some(6), "{}", stderr(&told));

    let mut watching = shop.home.command(&["export", "status", "--watch"]);
    let mut watching = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut talk = BufReader::new(watching.stderr.take().expect("its talk"));
    let mut first = String::new();
    talk.read_line(&mut first).expect("it says what it follows");
    assert!(first.contains("Interrupting this does not stop it"), "{first}");

    let wrong = shop.home.run(&["export", "set"]);
    assert_eq!(wrong.status.code(), Some(2));
    shop.hurry();
    let (code, told) = ended(run);
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = ended(watching);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("products: done; 400 items sent"), "{told}");
    shop.assert_all_arrived_once().await;
    assert!(shop.live_runs().is_empty());
}

/// What does not speak the protocol gets a sentence, and the run does not mind; nor does it mind who listens and never reads.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_socket_is_refused_and_a_dead_listener_costs_nothing() {
    let shop = Shop::new().await;
    let run = shop.export();
    shop.wait_for_run("has begun", |_| true);
    shop.home.ok(&["export", "pause"]);
    let sockets = std::fs::read_dir(shop.home.path(".local/state/commerce-connector/runs")).expect("a directory");
    let path = sockets.map(|entry| entry.expect("an entry").path()).next().expect("a socket");
    let deaf = UnixStream::connect(&path).expect("connected");
    for (garbage, words) in [
        (b"GET / HTTP/1.1\r\n".to_vec(), "must be a JSON object"),
        (b"{\"schema\":\"commerce-connector-run/9\"}\n".to_vec(), "use the same version"),
        (vec![b'x'; 5_000], "a line has at most 4096 bytes"),
        (b"\xff\xfe\x00\n".to_vec(), "must be a JSON object"),
    ] {
        let mut stream = UnixStream::connect(&path).expect("connected");
        stream.write_all(&garbage).expect("written");
        let lines = BufReader::new(stream.try_clone().expect("a clone")).lines();
        let refusal =
            lines.map(|line| line.expect("a line")).find(|line| line.contains("\"type\":\"refused\"")).expect("one");
        assert!(refusal.contains(words), "{refusal}");
    }
    shop.hurry();
    let (code, told) = ended(run);
    assert_eq!(code, Some(0), "{told}");
    drop(deaf);
    shop.assert_all_arrived_once().await;
}

/// Both screens show the run of a third process, either may steer it, and leaving one stops nothing.
#[tokio::test(flavor = "multi_thread")]
async fn two_screens_and_one_run() {
    let shop = Shop::new().await;
    let run = shop.export();
    shop.wait_for_run("has begun", |_| true);
    shop.home.ok(&["export", "pause"]);
    let (mut first, mut second) = (shop.screen(), shop.screen());
    for screen in [&mut first, &mut second] {
        screen.press("4");
        screen.wait_for("Run by ");
        screen.wait_for("Paused");
        screen.wait_for("1 thread,");
    }
    first.press("+");
    second.wait_for("2 threads,");
    second.press("]");
    first.wait_for("batches of 20");
    first.press("q");
    assert_eq!(first.ends_restored(), 0, "leaving asks nothing and stops nothing");
    second.press(" ");
    second.wait_gone("Paused");
    shop.home.ok(&["export", "set", "--threads", "8", "--batch-size", "100"]);
    second.wait_for("Export done at");
    let (code, told) = ended(run);
    assert_eq!(code, Some(0), "{told}");
    second.press("q");
    assert_eq!(second.ends_restored(), 0);
    shop.assert_all_arrived_once().await;
}

/// A run that was killed leaves a lock and a socket; the next one takes both over, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_behind_is_taken_over_with_a_note() {
    let shop = Shop::new().await;
    let mut run = shop.export();
    shop.wait_for_run("has sent something", |run| run["feeds"][0]["submitted"].as_u64() > Some(0));
    run.kill().expect("killed");
    run.wait().expect("it is gone");
    assert!(shop.live_runs().is_empty());
    let next = shop.home.run(&["export", "run", "--batch-size", "100", "--thread-count", "8"]);
    assert_eq!(next.status.code(), Some(0), "{}", stderr(&next));
    let note = "took over its lock from a run that ended unexpectedly";
    assert!(stderr(&next).contains(note) && stderr(&next).contains(&format!("pid {}", run.id())), "{}", stderr(&next));
    assert_eq!(shop.gateway.received(Feed::Products).await.len(), PRODUCTS);
    let third = shop.home.run(&["export", "run"]);
    assert!(third.status.success() && !stderr(&third).contains("took over"), "{}", stderr(&third));
}
