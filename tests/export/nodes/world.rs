//! One gateway, one shop and one database of state for several nodes, each a process with a state directory of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use commerce_connector::domain::Feed;
use fastrand::Rng;
use rusqlite::Connection;
use rustix::process::Pid;

use super::server::StateServers;
use crate::kill::killer::{Aim, Killer, Watch};
use crate::kill::relay::Relay;
use crate::kill::shop::{Key, Shop};
use crate::kill::world::FAULTS;
use crate::support::gateway::{Gateway, Received};
use crate::support::home::Home;

/// Nodes of a world.
pub const NODES: usize = 3;

/// The seconds after which a node takes over from one that is silent: the shortest that can be set.
pub const LEASE: &str = "3";

/// The allowance of all nodes together, in requests a second, where a world is not about it.
const RATE: usize = 10;
/// The time over which the allowance must hold.
const WINDOW: Duration = Duration::from_secs(10);
/// A request that was a moment on its way may come in with those that left later.
const ON_THEIR_WAY: usize = 2;

/// What came of it.
#[derive(Debug, Default)]
pub struct Figures {
    pub rounds: u64,
    pub node_kills: u64,
    pub server_kills: u64,
    pub items: u64,
    pub deliveries: u64,
    pub duplicates: u64,
    pub without_answer: u64,
    pub taken_back: u64,
    /// The most requests within any [`WINDOW`].
    pub most_in_a_window: usize,
}

pub struct Nodes {
    pub home: Home,
    pub gateway: Gateway,
    pub relay: Arc<Relay>,
    pub killer: Arc<Killer>,
    pub servers: StateServers,
    pub shop: Shop,
    pub figures: Figures,
    /// The allowance, in requests a second.
    rate: usize,
}

impl Nodes {
    /// A world over one server.
    pub async fn new() -> Self {
        Self::over(StateServers::one, false, RATE).await
    }

    /// The same with another allowance.
    pub async fn with_allowance(rate: usize) -> Self {
        Self::over(StateServers::one, false, rate).await
    }

    /// A world over these servers in which everything goes wrong.
    pub async fn in_trouble(servers: fn() -> StateServers) -> Self {
        Self::over(servers, true, RATE).await
    }

    async fn over(servers: fn() -> StateServers, faults: bool, rate: usize) -> Self {
        let faults = if faults { FAULTS.map(|fault| format!("[[fault]]\n{fault}\n")).concat() } else { String::new() };
        let gateway = Gateway::with_faults(&format!("seed = 7\n{faults}")).await;
        let killer = Arc::new(Killer::among_others());
        let address = gateway.sandbox.ready.url.trim_start_matches("http://").parse().expect("an address");
        let relay = Relay::start(address, Arc::clone(&killer)).await;
        let home = Home::new();
        let shop = Shop::of_files(&home.path("feeds"));
        let servers = tokio::task::spawn_blocking(servers).await.expect("no panic");
        let state = format!(
            "[state]\nledger = \"database\"\n[state.database]\nurl = \"{}\"\nlease_seconds = {LEASE}\n",
            servers.url(0, "nodes")
        );
        let config = gateway.config(&format!("{}\n{state}", shop.config()));
        let config = config.replace("requests_per_second = 0", &format!("requests_per_second = {rate}"));
        home.write_config(&config.replace(&gateway.sandbox.ready.url, &format!("http://{}", relay.address)));
        for node in 0..NODES {
            std::fs::create_dir(home.path(&format!("node-{node}"))).expect("made");
        }
        Self { home, gateway, relay, killer, servers, shop, figures: Figures::default(), rate }
    }

    /// Runs the program on a node.
    pub fn spawn(&self, node: usize, args: &[&str]) -> Child {
        let mut command = self.home.command(args);
        command.arg("--state-dir").arg(self.home.path(&format!("node-{node}")));
        if self.servers.count() > 1 {
            command.env("COMMERCE_CONNECTOR_STATE_DATABASE_URL", self.servers.url(node, "nodes"));
        }
        command.stdout(File::create(self.home.path(&format!("out-{node}"))).expect("made"));
        command.stderr(File::create(self.home.path(&format!("err-{node}"))).expect("made"));
        command.spawn().expect("the program runs")
    }

    /// The same, to its end.
    pub async fn run(&self, node: usize, args: &[&str]) -> ExitStatus {
        ended(self.spawn(node, args)).await
    }

    /// What a node said last.
    pub fn said(&self, node: usize) -> String {
        let read = |name: String| std::fs::read_to_string(self.home.path(&name)).unwrap_or_default();
        format!("{}{}", read(format!("out-{node}")), read(format!("err-{node}")))
    }

    fn export(&self, node: usize) -> Child {
        self.spawn(node, &["export", "run", "--feed", "products,categories", "--json", "--batch-size", "5"])
    }

    /// All nodes export at once, while one of them or a database server is killed at a moment that one of them has come to.
    pub async fn round(&mut self, random: &mut Rng) {
        let mut children: Vec<Child> = (0..NODES).map(|node| self.export(node)).collect();
        let aim = Aim::any(random);
        let victim = random.usize(..NODES + self.servers.count());
        let pid = children.get(victim).map_or_else(|| self.servers.pid(victim - NODES), Pid::from_child);
        let watched = self.home.path(&format!("node-{}", random.usize(..NODES)));
        let relay = Arc::clone(&self.relay);
        let is_busy = move || relay.in_flight.load(Ordering::SeqCst) > 0;
        let watch = Watch::start(&watched, Arc::clone(&self.killer), is_busy);
        self.killer.arm(pid, aim);
        let mut exits = Vec::new();
        let mut waiting = children.drain(..).map(|child| tokio::spawn(ended(child))).collect::<Vec<_>>();
        // The server is started again as soon as it is gone.
        while !waiting.iter().all(tokio::task::JoinHandle::is_finished) {
            self.figures.server_kills += tokio::task::block_in_place(|| self.servers.restart_gone());
            tokio::task::yield_now().await;
        }
        for child in waiting.drain(..) {
            exits.push(child.await.expect("no panic"));
        }
        let killed = self.killer.disarm();
        watch.end();
        self.figures.server_kills += tokio::task::block_in_place(|| self.servers.restart_gone());
        self.figures.rounds += 1;
        self.figures.node_kills += u64::from(victim < NODES && killed.is_some() && exits[victim].code().is_none());
        for (node, exit) in exits.iter().enumerate().filter(|(node, _)| *node != victim) {
            // Some items were refused, or the gateway was in too much trouble.
            assert!(matches!(exit.code(), Some(0 | 3 | 5)), "node {node} ended with {exit}: {}", self.said(node));
        }
        self.shop.edit(random);
    }

    /// The copy of the ledger of a node, up to date.
    pub async fn ledger(&self, node: usize) -> Connection {
        let exit = self.run(node, &["export", "ledger", "check"]).await;
        assert!(exit.success(), "{}", self.said(node));
        let directory = self.home.path(&format!("node-{node}/ledger"));
        let files = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
        let ledger = files.into_iter().find(|path| path.extension().is_some_and(|end| end == "sqlite3"));
        Connection::open(ledger.expect("a ledger")).expect("opened")
    }

    /// Products that are to be sent although the gateway has them as they are: their change was taken back before it could leave.
    pub async fn count_taken_back(&mut self) {
        let ledger = self.ledger(0).await;
        let (shop, received) = (self.shop.state(), self.received().await);
        let mut select =
            ledger.prepare("SELECT feed, label FROM items WHERE status IS NULL AND feed IN (4, 5)").expect("prepared");
        let labels = select.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).expect("read");
        for label in labels {
            let (feed, label) = label.expect("a row");
            let feed = if feed == 5 { Feed::Products } else { Feed::Categories };
            let key = (feed, serde_json::json!(label.split(" · ").collect::<Vec<_>>()).to_string());
            let there = received.get(&key).filter(|item| !item.deleted).map(|item| name_of(feed, item));
            self.figures.taken_back += u64::from(there == shop.get(&key).map(String::as_str));
        }
    }

    pub async fn received(&self) -> BTreeMap<Key, Received> {
        let mut received = BTreeMap::new();
        for feed in [Feed::Products, Feed::Categories] {
            received.extend(self.gateway.received(feed).await.into_iter().map(|(key, item)| ((feed, key), item)));
        }
        received
    }

    /// No time of this length had more requests than are allowed.
    pub fn check_allowance(&mut self) {
        self.figures.most_in_a_window = self.relay.most_within(WINDOW);
        let allowed = self.rate * 10 + ON_THEIR_WAY;
        assert!(self.figures.most_in_a_window <= allowed, "more than {allowed} in {WINDOW:?}: {:?}", self.figures);
    }

    /// One undisturbed export by all nodes, and what must be true after it.
    pub async fn check_end(&mut self) {
        self.shop.mend();
        self.count_taken_back().await;
        let children: Vec<Child> = (0..NODES).map(|node| self.export(node)).collect();
        for (node, child) in children.into_iter().enumerate() {
            let exit = ended(child).await;
            assert!(exit.success(), "node {node} ended with {exit}: {}", self.said(node));
        }
        let received = self.received().await;
        let live: BTreeMap<Key, String> = received
            .iter()
            .filter(|(_, item)| !item.deleted)
            .map(|(key, item)| (key.clone(), name_of(key.0, item).to_owned()))
            .collect();
        assert_eq!(live, self.shop.state(), "the gateway has not what the shop has");
        let mut counted = Vec::new();
        for node in 0..NODES {
            let ledger = self.ledger(node).await;
            let number = |sql: &str| ledger.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
            assert_eq!(number("SELECT count(*) FROM items WHERE status IS NOT 200"), 0, "items are stuck");
            counted.push((number("SELECT count(*) FROM items"), number("SELECT count(*) FROM batches")));
            self.figures.without_answer =
                number("SELECT coalesce(sum(items), 0) FROM batches WHERE status IS NULL").unsigned_abs();
        }
        assert!(counted.iter().all(|other| *other == counted[0]), "nodes know different things: {counted:?}");
        assert!(
            self.relay.sent.load(Ordering::SeqCst) <= counted[0].1.unsigned_abs(),
            "requests left that are not in the journal"
        );
        self.check_allowance();
        self.figures.items = live.len() as u64;
        self.figures.deliveries = received.values().map(|item| item.deliveries).sum();
        self.figures.duplicates = received.values().map(|item| item.deliveries - 1 - item.changes).sum();
        let bound = self.figures.without_answer + self.figures.taken_back;
        assert!(self.figures.duplicates <= bound, "more than {bound} duplicates: {:?}", self.figures);
        let requests = self.relay.sent.load(Ordering::SeqCst);
        let exit = ended(self.export(0)).await;
        assert!(exit.success(), "{exit}: {}", self.said(0));
        assert_eq!(self.relay.sent.load(Ordering::SeqCst), requests, "all is known to be there");
    }
}

/// Waits for a process.
pub async fn ended(mut child: Child) -> ExitStatus {
    tokio::task::spawn_blocking(move || child.wait()).await.expect("no panic").expect("its status")
}

fn name_of(feed: Feed, received: &Received) -> &str {
    let field = if feed == Feed::Categories { "urlPath" } else { "name" };
    received.item[field].as_str().unwrap_or_default()
}
