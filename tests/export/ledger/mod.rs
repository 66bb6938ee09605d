//! What the real program says and does when its ledger is torn, full, read-only, in use or too new; and its care. Each ends in a
//! clear sentence, and no item is lost.

mod kit;

use crate::support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use fastrand::Rng;
use kit::{Shop, told};
use serde_json::Value;

const RUN: [&str; 3] = ["export", "run", "--batch-size=5"];

/// The line of `--json` with this type.
fn line(out: &str, kind: &str) -> Value {
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
    lines.into_iter().find(|line| line["type"] == kind).unwrap_or_else(|| panic!("no {kind} in {out}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_care_of_a_ledger_from_the_first_run_to_its_repair() {
    let shop = Shop::new().await;
    shop.stock_all(12, "a");
    assert!(shop.must(0, &["export", "ledger", "check"]).await.out.contains("No ledger yet"));
    shop.must(0, &RUN).await;
    let told = shop.must(0, &["export", "ledger", "check", "--json"]).await;
    let check = line(&told.out, "ledger_check");
    assert_eq!((&check["items"][0]["items"], &check["flaws"]), (&12.into(), &Value::Array(vec![])));
    let told = shop.must(0, &["export", "ledger", "backup", "--json"]).await;
    let backup = line(&told.out, "ledger_backup")["path"].as_str().expect("a path").to_owned();
    assert!(Path::new(&backup).starts_with(shop.state().join("backups")), "{backup}");
    let told = shop.must(1, &["export", "ledger", "backup", &backup]).await;
    assert!(told.err.contains("already exists"), "{}", told.err);
    assert!(shop.must(0, &["export", "ledger", "repair"]).await.out.contains("Ledger OK; nothing to repair"));

    // What is in it contradicts itself: found, told by the doctor as well, repaired, and all is sent once more.
    let connection = rusqlite::Connection::open(shop.ledger()).expect("open");
    connection.execute_batch("UPDATE batches SET answered_at = NULL").expect("written");
    drop(connection);
    let told = shop.must(3, &["export", "ledger", "check"]).await;
    assert!(told.out.contains("12 items counted as sent without a recorded response"), "{}", told.out);
    assert!(told.out.contains("export ledger repair"), "{}", told.out);
    let told = shop.run(&["doctor"]).await;
    assert!(told.out.contains("export ledger repair"), "{}", told.out);
    shop.stock_all(10, "a");
    let told = shop.must(0, &["export", "ledger", "repair"]).await;
    assert!(told.out.contains("12 items recovered. The next `export run` resends every item"), "{}", told.out);
    let before = shop.gateway.requests().await;
    shop.must(0, &RUN).await;
    assert_eq!(shop.gateway.requests().await - before, 3, "10 items and 2 deletions");
    assert_eq!(shop.arrived().await.len(), 10);

    // Set back to the backup: it is not believed either.
    let told = shop.must(0, &["export", "ledger", "repair", "--from", &backup]).await;
    assert!(told.out.contains("Old ledger: "), "{}", told.out);
    shop.stock_all(10, "b");
    shop.must(0, &RUN).await;
    assert!(shop.arrived().await.values().all(|name| name == "b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_does_not_begin_while_a_run_goes_on() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"slow\"\nseconds = 0.2\nshare = 1.0").await;
    shop.stock_all(20, "a");
    let mut run = shop.home.command(&RUN).spawn().expect("the program runs");
    while shop.arrived().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let told = shop.must(6, &["export", "ledger", "repair", "--distrust"]).await;
    assert!(told.err.contains("is being exported by"), "{}", told.err);
    shop.must(0, &["export", "ledger", "backup"]).await;
    shop.must(0, &["export", "ledger", "check"]).await;
    assert_eq!(run.wait().expect("its status").code(), Some(0));
    assert_eq!(shop.arrived().await.len(), 20);
}

/// Spoils a file: cuts it off, or writes over some of it. Says what it did.
fn tear(path: &Path, random: &mut Rng) -> String {
    let mut bytes = std::fs::read(path).expect("read");
    if bytes.is_empty() {
        return format!("{} is empty", path.display());
    }
    let at = random.usize(..bytes.len());
    let what = if random.bool() {
        bytes.truncate(at);
        format!("{} cut off at {at}", path.display())
    } else {
        let end = bytes.len().min(at + random.usize(1..6_000));
        bytes[at..end].fill_with(|| random.u8(..));
        format!("{} garbled from {at} to {end}", path.display())
    };
    std::fs::write(path, bytes).expect("written");
    what
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_ledger_is_told_repaired_and_nothing_is_lost() {
    let shop = Shop::new().await;
    let mut random = Rng::with_seed(3);
    shop.stock_all(60, "begin");
    shop.must(0, &RUN).await;
    let backup = shop.home.path("backup");
    shop.must(0, &["export", "ledger", "backup", backup.to_str().expect("text")]).await;
    for round in 0..10 {
        // As a run that was killed leaves it, with a log that is not folded in: a copy of what is on the disk meanwhile.
        let products: Vec<(usize, String)> =
            (0..60).filter(|_| random.u8(..8) > 0).map(|number| (number, format!("round {round}"))).collect();
        shop.stock(products.clone());
        let connection = rusqlite::Connection::open(shop.ledger()).expect("open");
        connection.query_row("SELECT count(*) FROM items", [], |row| row.get::<_, i64>(0)).expect("read");
        shop.must(0, &RUN).await;
        let wal = format!("{}-wal", shop.ledger().display());
        let log = std::fs::read(&wal).expect("the log is there as long as somebody looks");
        let file = std::fs::read(shop.ledger()).expect("the file");
        drop(connection);
        std::fs::write(shop.ledger(), file).expect("written");
        std::fs::write(&wal, log).expect("written");
        let target = if random.bool() { shop.ledger() } else { wal.clone().into() };
        let what = tear(&target, &mut random);
        std::fs::set_permissions(&wal, std::fs::Permissions::from_mode(0o600)).expect("chmod");

        // Whatever a person does first, it ends in words.
        for args in [&["export", "ledger", "check"][..], &["export", "status"], &RUN] {
            let told = shop.run(args).await;
            assert!(matches!(told.code, Some(0 | 1 | 3)), "{what}: {args:?}: {:?} {}", told.code, told.err);
            if told.code == Some(1) {
                assert!(
                    told.err.contains("is damaged") && told.err.contains("export ledger repair"),
                    "{what}: {args:?}: {}",
                    told.err
                );
            }
        }
        let told = shop.run(&["export", "ledger", "repair", "--distrust"]).await;
        if !matches!(told.code, Some(0 | 3)) {
            assert!(
                told.err.contains("no part of it is readable") && told.err.contains("--from FILE"),
                "{what}: {}",
                told.err
            );
            let repaired = shop.run(&["export", "ledger", "repair", "--from", backup.to_str().expect("text")]).await;
            assert_eq!(repaired.code, Some(0), "{what}: {}", repaired.err);
        }
        shop.must(0, &["export", "ledger", "check"]).await;
        shop.must(0, &RUN).await;
        let expected = products.iter().map(|(number, name)| (format!("SKU-{number}"), name.clone())).collect();
        assert_eq!(shop.arrived().await, expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_run_and_the_next_one_goes_on() {
    let shop = Shop::new().await;
    shop.stock_all(3_000, "a");
    std::fs::create_dir_all(shop.state()).expect("made");
    // A disk of its own, in a namespace of its own: mounted, filled, made larger.
    let script = r#"
        mount -t tmpfs -o size=600k,mode=700 none "$1" || exit 99
        shift
        "$@"; echo "first $?"
        mount -o remount,size=64m "$(dirname "$0")" || exit 99
        "$@"; echo "second $?"
    "#;
    let state = shop.state();
    let program = shop.home.command(&RUN);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(state.join("x")).arg(&state);
    command.arg(program.get_program()).args(program.get_args());
    command.env_clear().env("HOME", shop.home.dir.path()).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let told = told(command).await;
    if told.code == Some(99) || !told.out.contains("first") {
        println!("skipped: no disk may be mounted here ({})", told.err.trim());
        return;
    }
    assert!(told.out.contains("first 1") && told.out.contains("second 0"), "{}{}", told.out, told.err);
    assert!(told.err.contains("database or disk is full") && told.err.contains("free disk space"), "{}", told.err);
    assert_eq!(shop.arrived().await.len(), 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_ends_the_run_and_the_next_one_goes_on() {
    let shop = Shop::new().await;
    shop.stock_all(3_000, "a");
    let program = shop.home.command(&RUN);
    let mut command = Command::new("sh");
    // In units of 512 bytes; the signal is ignored, so that the write fails as on a full disk.
    command.args(["-c", "trap '' XFSZ; ulimit -f 800; exec \"$@\"", "sh"]);
    command.arg(program.get_program()).args(program.get_args());
    command.env_clear().env("HOME", shop.home.dir.path()).env("PATH", "/usr/bin:/bin");
    let told = told(command).await;
    assert_eq!(told.code, Some(1), "{}", told.err);
    assert!(told.err.contains("the ledger ") && told.err.contains("check the disk, then run again"), "{}", told.err);
    shop.must(0, &RUN).await;
    assert_eq!(shop.arrived().await.len(), 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_may_not_be_written_is_told_and_goes_on_when_it_may() {
    let shop = Shop::new().await;
    shop.stock_all(5, "a");
    let Some(run) = shop.as_ordinary_user(&RUN) else { return };
    let first = told(run).await;
    assert_eq!(first.code, Some(0), "{}", first.err);
    shop.stock_all(5, "b");
    let ledger = shop.ledger();
    let directory = ledger.parent().expect("a directory");
    for (path, closed, open) in [(directory, 0o500, 0o700), (ledger.as_path(), 0o400, 0o600)] {
        let set = |mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
        set(closed);
        let refused = told(shop.as_ordinary_user(&RUN).expect("as before")).await;
        set(open);
        assert_eq!(refused.code, Some(1), "{}: {}", path.display(), refused.err);
        let words = ["check who owns it and its directory", "its owner cannot read and write it (mode 0400)"];
        assert!(words.iter().any(|words| refused.err.contains(words)), "{}: {}", path.display(), refused.err);
        assert!(shop.arrived().await.values().all(|name| name == "a"), "nothing is sent that cannot be recorded");
    }
    let last = told(shop.as_ordinary_user(&RUN).expect("as before")).await;
    assert_eq!(last.code, Some(0), "{}", last.err);
    assert!(shop.arrived().await.values().all(|name| name == "b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_ledger_and_never_a_feed() {
    let shop = Shop::with_faults("[[fault]]\nkind = \"slow\"\nseconds = 0.1\nshare = 1.0").await;
    shop.stock_all(40, "a");
    let categories: Vec<String> = (0..20)
        .map(|id| {
            serde_json::json!({
                "categoryId": id.to_string(), "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
                "name": "c", "urlPath": format!("c-{id}"),
            })
            .to_string()
        })
        .collect();
    std::fs::write(shop.home.path("feeds/categories.ndjson"), categories.join("\n")).expect("written");
    let of = |feed: &str| shop.home.command(&["export", "run", "--batch-size=2", "--feed", feed]);
    let products = tokio::spawn(told(of("products")));
    while shop.arrived().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let second = told(of("products")).await;
    assert_eq!(second.code, Some(6), "{}", second.err);
    assert!(second.err.contains("products is being exported by"), "{}", second.err);
    let categories = told(of("categories")).await;
    assert_eq!(categories.code, Some(0), "{}", categories.err);
    let products = products.await.expect("no panic");
    assert_eq!(products.code, Some(0), "{}", products.err);
    assert_eq!(shop.arrived().await.len(), 40);
    let check = line(&shop.must(0, &["export", "ledger", "check", "--json"]).await.out, "ledger_check");
    assert_eq!((&check["unanswered_requests"], &check["flaws"]), (&0.into(), &Value::Array(vec![])));
    let requests = shop.gateway.requests().await;
    shop.must(0, &["export", "run"]).await;
    assert_eq!(shop.gateway.requests().await, requests, "all of it is known to be there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_a_newer_program_is_left_alone() {
    let shop = Shop::new().await;
    shop.stock_all(3, "a");
    shop.must(0, &RUN).await;
    let connection = rusqlite::Connection::open(shop.ledger()).expect("open");
    connection.pragma_update(None, "user_version", 99).expect("set");
    drop(connection);
    let before = std::fs::read(shop.ledger()).expect("read");
    shop.stock_all(3, "b");
    let distrust = ["export", "ledger", "repair", "--distrust"];
    for args in [&RUN[..], &["export", "status"], &["export", "ledger", "check"], &distrust[..3], &distrust] {
        let told = shop.must(1, args).await;
        assert!(told.err.contains("written by a newer version of this program (format 99"), "{args:?}: {}", told.err);
        assert!(told.err.contains("use that version"), "{args:?}: {}", told.err);
    }
    assert_eq!(std::fs::read(shop.ledger()).expect("read"), before);
    assert!(shop.arrived().await.values().all(|name| name == "a"), "nothing was sent");
}
