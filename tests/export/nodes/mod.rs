//! Several nodes, one ledger in a database: shared exports, nodes and servers that are killed, and moving there and back.

mod server;
mod settings;
mod world;

use std::sync::atomic::Ordering;

use fastrand::Rng;
use serde_json::Value;
use server::StateServers;
use world::{NODES, Nodes, ended};

/// How many rounds a world has before everything is checked.
const ROUNDS_OF_A_WORLD: u64 = 20;

async fn live_through(world: &mut Nodes, kills: u64, random: &mut Rng) {
    while world.figures.node_kills + world.figures.server_kills < kills {
        world.count_taken_back().await;
        world.round(random).await;
    }
    world.check_end().await;
    println!("{:?}", world.figures);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_kills_of_nodes_and_of_the_database_server_lose_nothing() {
    let mut world = Nodes::in_trouble(StateServers::one).await;
    live_through(&mut world, 4, &mut Rng::with_seed(31)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour"]
async fn five_hundred_kills_of_nodes_and_of_the_database_server_lose_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let kills = number("COMMERCE_CONNECTOR_NODE_KILLS", 500);
    let mut random = Rng::with_seed(number("COMMERCE_CONNECTOR_NODE_KILL_SEED", 1));
    let mut done = 0;
    while done < kills {
        let mut world = Nodes::in_trouble(StateServers::as_asked).await;
        live_through(&mut world, ROUNDS_OF_A_WORLD.min(kills - done), &mut random).await;
        done += world.figures.node_kills + world.figures.server_kills;
        println!("{done} kills so far");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_an_export_and_each_knows_all_of_it() {
    let mut world = Nodes::new().await;
    let args = ["export", "run", "--feed", "products,categories", "--json"];
    let children: Vec<_> = (0..NODES).map(|node| world.spawn(node, &args)).collect();
    for (node, child) in children.into_iter().enumerate() {
        let exit = ended(child).await;
        assert!(exit.success(), "node {node} ended with {exit}: {}", world.said(node));
    }
    let received = world.received().await;
    assert!(received.values().all(|item| item.deliveries == 1), "each item is sent by one node");
    world.check_end().await;
    let history = world.servers.query("nodes", "SELECT COUNT(*), COUNT(DISTINCT id) FROM workers WHERE ended IS NULL");
    assert_eq!(history, [["0", "0"]], "every run has ended in order");
}

/// Each item is a request, which at three a second takes the nodes longer than the time over which the allowance is checked.
#[tokio::test(flavor = "multi_thread")]
async fn the_allowance_is_one_for_all_nodes_also_when_a_node_and_the_server_are_killed() {
    const RATE: usize = 3;
    let mut world = Nodes::with_allowance(RATE).await;
    let args = ["export", "run", "--feed", "products,categories", "--json", "--batch-size", "1"];
    let mut children: Vec<_> = (0..NODES).map(|node| world.spawn(node, &args)).collect();
    for (sent, is_node) in [(12, true), (24, false)] {
        while world.relay.sent.load(Ordering::SeqCst) < sent {
            tokio::task::yield_now().await;
        }
        if is_node {
            children[0].kill().expect("killed");
        } else {
            rustix::process::kill_process(world.servers.pid(0), rustix::process::Signal::KILL).expect("killed");
            while tokio::task::block_in_place(|| world.servers.restart_gone()) == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    for (node, child) in children.into_iter().enumerate() {
        let exit = ended(child).await;
        assert!(exit.success() || node == 0, "node {node} ended with {exit}: {}", world.said(node));
    }
    world.check_allowance();
    let most = world.figures.most_in_a_window;
    assert!(most >= RATE * 10 - RATE, "nothing was held back: {most} in ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_moves_to_the_database_and_back_and_nothing_is_sent_again() {
    let world = Nodes::new().await;
    let run = ["export", "run", "--feed", "products,categories", "--json"];
    let config = std::fs::read_to_string(world.home.config()).expect("a configuration");
    world.home.write_config(&config.replace("ledger = \"database\"", "ledger = \"file\""));
    assert!(world.run(0, &run).await.success(), "{}", world.said(0));
    let sent = world.relay.sent.load(Ordering::SeqCst);
    assert!(sent > 0);
    assert!(world.run(0, &["export", "ledger", "move", "--to", "database"]).await.success(), "{}", world.said(0));
    let exit = world.run(0, &run).await;
    assert!(!exit.success() && world.said(0).contains("copy of the ledger in the database"), "{}", world.said(0));

    world.home.write_config(&config);
    for node in 0..NODES {
        assert!(world.run(node, &run).await.success(), "{}", world.said(node));
    }
    assert_eq!(world.relay.sent.load(Ordering::SeqCst), sent, "the other nodes know what was sent");

    assert!(world.run(1, &["export", "ledger", "move", "--to", "file"]).await.success(), "{}", world.said(1));
    let exit = world.run(2, &run).await;
    assert!(!exit.success() && world.said(2).contains("moved out of the database"), "{}", world.said(2));
    world.home.write_config(&config.replace("ledger = \"database\"", "ledger = \"file\""));
    assert!(world.run(1, &run).await.success(), "{}", world.said(1));
    assert_eq!(world.relay.sent.load(Ordering::SeqCst), sent, "the file has everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_named_and_nothing_is_sent() {
    let mut world = Nodes::new().await;
    let run = ["export", "run", "--feed", "products,categories"];
    let config = std::fs::read_to_string(world.home.config()).expect("a configuration");
    world.servers.query("", "CREATE USER few@localhost; CREATE DATABASE others; CREATE DATABASE newer");
    world
        .servers
        .query("newer", "CREATE TABLE meta (name VARCHAR(64), value TEXT); INSERT INTO meta VALUES ('format', '99')");
    let url = world.servers.url(0, "nodes");
    for (other, words) in [
        (url.replace("root@", "few@"), "GRANT ALL PRIVILEGES ON nodes.*"),
        (url.replace("root@", "nobody:canary@"), "check"),
        (url.replace("/nodes?", "/newer?"), "newer version of this program"),
        (url.replace("s.sock", "none.sock"), "none.sock"),
        ("mysql://root@127.0.0.1:1/nodes\"\ntls_ca_file = \"/none/ca.pem".to_owned(), "/none/ca.pem"),
    ] {
        world.home.write_config(&config.replace(&url, &other));
        let exit = world.run(0, &run).await;
        let said = world.said(0);
        assert!(!exit.success() && said.contains(words) && !said.contains("canary"), "{other}: {said}");
    }
    world.home.write_config(&config);
    assert!(world.run(0, &run).await.success(), "{}", world.said(0));
    let sent = world.relay.sent.load(Ordering::SeqCst);
    world.servers.query("", "SET GLOBAL read_only = 1");
    world.servers.query("", "CREATE USER writer@localhost; GRANT ALL ON nodes.* TO writer@localhost");
    world.home.write_config(&config.replace("root@", "writer@"));
    world.shop.edit(&mut Rng::with_seed(1));
    let exit = world.run(0, &run).await;
    assert!(!exit.success() && world.said(0).contains("read-only"), "{}", world.said(0));
    assert_eq!(world.relay.sent.load(Ordering::SeqCst), sent, "nothing leaves that cannot be written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_watches_and_the_next_one_takes_over() {
    let world = Nodes::new().await;
    let watch = ["export", "watch", "--feed", "products", "--every", "1", "--json"];
    let mut first = world.spawn(0, &watch);
    until(&world, 0, "watch_pass").await;
    let mut second = world.spawn(1, &watch);
    until(&world, 1, "watch_standing_by").await;
    first.kill().expect("killed");
    first.wait().expect("gone");
    let watcher =
        "SELECT COUNT(*) FROM claims c JOIN workers w ON w.id = c.worker WHERE c.name = 'watch' AND w.ended IS NULL";
    let owner =
        "SELECT w.owner FROM claims c JOIN workers w ON w.id = c.worker WHERE c.name = 'watch' AND w.ended IS NULL";
    let pid = u64::from(second.id());
    loop {
        let owners = world.servers.query("nodes", owner);
        let owner: Option<Value> = owners.first().and_then(|row| serde_json::from_str(&row[0]).ok());
        if owner.is_some_and(|owner| owner["pid"] == pid) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(world.servers.query("nodes", watcher), [["1"]]);
    second.kill().expect("killed");
    second.wait().expect("gone");
}

/// Waits until a node has said this; the test's own limit ends this.
async fn until(world: &Nodes, node: usize, words: &str) {
    while !world.said(node).contains(words) {
        tokio::task::yield_now().await;
    }
}
