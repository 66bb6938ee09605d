//! Everything at once: a shop that is edited all the while, with and without change logs, a watch and runs beside it, kills and a
//! gateway in trouble. After each round one partial sync and one rolling round; then the gateway must have what a first export
//! of the same shop into an empty data space gives, to the last byte: nothing lost, no ghost, nothing stale.

mod edits;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::Plan;
use commerce_connector::feeds::source::Source;
use commerce_connector::feeds::source::commerce::Commerce;
use edits::StressedShop;
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::timeout;

use super::journal::Journal;
use super::killer::{Aim, Killer, Watch};
use super::relay::Relay;
use super::support::gateway::Gateway;
use super::support::home::Home;
use super::support::mariadb::Server;
use super::world::FAULTS;

/// Rounds in the life of a shop and its ledger.
pub const ROUNDS_OF_A_SHOP: u64 = 25;

/// Transactions of the editors in one round: the rest of the machine is for the program.
const MOST_TRANSACTIONS: u32 = 60;

/// A process that has not ended by then is stuck.
const STUCK: Duration = Duration::from_mins(4);

/// Partial syncs after a round: the one that is meant, some that go on where the gateway's faults ended one, and those of the
/// rolling round.
const MOST_SYNCS: u32 = 20;

/// The number of the signal that ends a process in order.
const SIGTERM: i32 = Signal::TERM.as_raw();

const FEEDS: [Feed; 7] = [
    Feed::ScopesWebsite,
    Feed::ScopesCustomerGroup,
    Feed::ProductAttributes,
    Feed::Categories,
    Feed::Products,
    Feed::Prices,
    Feed::Variants,
];

/// Feed and the gateway's key of an item.
type Key = (Feed, String);

/// What happened.
#[derive(Debug, Default)]
pub struct Figures {
    pub rounds: u64,
    edits: u64,
    watches: u64,
    runs: u64,
    kills: u64,
    syncs: u64,
    requests: u64,
    faults: u64,
    items: u64,
}

impl Figures {
    pub fn print(&self) {
        println!(
            "{} rounds: {} edits, {} watches, {} runs beside them, {} kills, {} requests, {} of them answered by a fault",
            self.rounds, self.edits, self.watches, self.runs, self.kills, self.requests, self.faults
        );
        println!(
            "after each round, by {} partial syncs in all: {} items compared, 0 lost, 0 ghosts, 0 stale",
            self.syncs, self.items
        );
    }
}

pub struct Stress {
    seed: u64,
    random: Rng,
    gateway: Gateway,
    relay: Arc<Relay>,
    killer: Arc<Killer>,
    home: Home,
    shop: Arc<StressedShop>,
    /// Processes that were started.
    started: u64,
}

impl Stress {
    pub async fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let faults = FAULTS.map(|fault| format!("[[fault]]\n{fault}\n")).concat();
        let gateway = Gateway::with_faults(&format!("seed = {}\n{faults}", random.u32(..))).await;
        let killer = Arc::new(Killer::among_others());
        let address = gateway.sandbox.ready.url.trim_start_matches("http://").parse().expect("an address");
        let relay = Relay::start(address, Arc::clone(&killer)).await;
        let home = Home::new();
        let shop = tokio::task::spawn_blocking(|| StressedShop::new(Server::shared())).await.expect("no panic");
        let source = format!(
            "[export]\nmax_delete = \"none\"\nmax_batch_bytes = 65536\n[source.commerce]\nurl = \"{}\"",
            shop.database.url()
        );
        let config = gateway.config(&source);
        home.write_config(&config.replace(&gateway.sandbox.ready.url, &format!("http://{}", relay.address)));
        std::fs::create_dir(home.path("state")).expect("made");
        Self { seed, random, gateway, relay, killer, home, shop: Arc::new(shop), started: 0 }
    }

    pub async fn live_through(mut self, rounds: u64, figures: &mut Figures) {
        for round in 1..=rounds {
            self.round(round, figures).await;
            figures.rounds += 1;
        }
        figures.requests += self.relay.sent.load(Ordering::SeqCst);
        for status in ["503", "429", "reset", "lost-answer", "garbage"] {
            figures.faults += self.gateway.requests_answered(status).await;
        }
    }

    async fn round(&mut self, round: u64, figures: &mut Figures) {
        let state = self.home.path("state");
        let is_busy = {
            let relay = Arc::clone(&self.relay);
            move || relay.in_flight.load(Ordering::SeqCst) > 0
        };
        let looking = Watch::start(&state, Arc::clone(&self.killer), is_busy);
        let is_over = Arc::new(AtomicBool::new(false));
        let editing = tokio::task::spawn_blocking({
            let (shop, mut random, is_over) = (Arc::clone(&self.shop), self.random.fork(), Arc::clone(&is_over));
            move || {
                let mut edits = 0;
                for _ in 0..MOST_TRANSACTIONS {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    edits += shop.edit(&mut random);
                }
                edits
            }
        });
        let within = ["1s", "5s", "1h"][self.random.usize(..3)];
        let mut watch = self.start(&["export", "watch", "--every", "1", "--full-within", within]);
        figures.watches += 1;
        for _ in 0..self.random.u8(1..=3) {
            let args: &[&str] = match self.random.u8(..5) {
                0 => &["export", "run"],
                1 => &["export", "run", "--feed", "products,categories"],
                2 => &["export", "run", "--partial", "--full-within", "1s", "--database-share", "100"],
                3 => &["export", "retry"],
                _ => &["export", "run", "--partial"],
            };
            let mut run = self.start(args);
            figures.runs += 1;
            // The kill is meant for one of the two, at a moment of either.
            let is_for_watch = self.random.bool();
            self.killer.arm(Pid::from_child(if is_for_watch { &watch } else { &run }), Aim::any(&mut self.random));
            let code = self.wait(&mut run).await;
            let is_killed = self.killer.disarm().is_some();
            figures.kills += u64::from(is_killed);
            if is_killed && is_for_watch {
                self.wait(&mut watch).await;
                watch = self.start(&["export", "watch", "--every", "1", "--full-within", within]);
                figures.watches += 1;
            }
            let is_well = matches!(code, Some(0 | 3 | 5)) || (code.is_none() && is_killed && !is_for_watch);
            assert!(is_well, "{}: {args:?} ended with {code:?}", self.name());
        }
        is_over.store(true, Ordering::SeqCst);
        figures.edits += editing.await.expect("no panic");
        let is_hard = self.random.bool();
        figures.kills += u64::from(is_hard);
        kill_process(Pid::from_child(&watch), if is_hard { Signal::KILL } else { Signal::TERM }).expect("it runs");
        let code = self.wait(&mut watch).await;
        // One that was only just started does not know what to do about a signal yet.
        let signal = watch.wait().expect("its status").signal();
        let is_well = if is_hard { code.is_none() } else { code == Some(0) || signal == Some(SIGTERM) };
        assert!(is_well, "{}: the watch ended with {code:?}, signal {signal:?}", self.name());
        looking.end();
        figures.syncs += u64::from(self.sync().await);
        figures.items += self.compare(round).await;
    }

    /// One partial sync and one rolling round, all of which is after the last edit. How many runs that took.
    async fn sync(&mut self) -> u32 {
        let begun = jiff::Timestamp::now().as_millisecond();
        for syncs in 1..=MOST_SYNCS {
            let mut run = self.start(&["export", "run", "--partial", "--full-within", "1s", "--database-share", "100"]);
            let code = self.wait(&mut run).await;
            assert!(matches!(code, Some(0 | 3 | 5)), "{}: a partial sync ended with {code:?}", self.name());
            if code == Some(0) && self.oldest_compare().is_some_and(|at| at >= begun) {
                return syncs;
            }
        }
        panic!("{}: the rolling round does not end", self.name());
    }

    /// Since when everything was compared; `None` if a feed never was.
    fn oldest_compare(&self) -> Option<i64> {
        let path = self.home.path(&format!("state/ledger/{}.sqlite3", self.gateway.space));
        let ledger = rusqlite::Connection::open(path).expect("the ledger");
        let feeds: i64 = ledger.query_row("SELECT count(*) FROM feeds", [], |row| row.get(0)).expect("read");
        let oldest = ledger.query_row("SELECT min(last_full) FROM feeds", [], |row| row.get(0)).expect("read");
        (usize::try_from(feeds) == Ok(FEEDS.len())).then_some(oldest)
    }

    /// Compares what the gateway has with a first export of the same shop into an empty data space. How many items that is.
    async fn compare(&mut self, round: u64) -> u64 {
        let here = live(&self.gateway).await;
        let fresh = Gateway::new().await;
        let source = Commerce::connect(&self.shop.database.settings()).await.expect("a connection");
        let plan = fresh.plan(Plan::feed_plans(&FEEDS, |_| None, &BTreeMap::new()));
        let ended = fresh.run(&plan, Source::Commerce(source)).await;
        assert_eq!((ended.report().exit(), ended.failures()), (Exit::Done, vec![]), "{}: {ended:?}", self.name());
        let expected = live(&fresh).await;
        let keys = |items: &BTreeMap<Key, Value>| items.keys().cloned().collect::<BTreeSet<_>>();
        let lost: Vec<_> = keys(&expected).difference(&keys(&here)).cloned().collect();
        let ghosts: Vec<_> = keys(&here).difference(&keys(&expected)).cloned().collect();
        let stale: Vec<_> =
            expected.iter().filter(|(key, item)| here.get(*key).is_some_and(|here| here != *item)).collect();
        assert!(
            lost.is_empty() && ghosts.is_empty() && stale.is_empty(),
            "{} in round {round}: lost {lost:?}, ghosts {ghosts:?}, stale {stale:?} instead of {:?}",
            self.name(),
            stale.iter().map(|(key, _)| &here[*key]).collect::<Vec<_>>()
        );
        let sent = self.relay.sent.load(Ordering::SeqCst);
        let mut run = self.start(&["export", "run"]);
        assert_eq!(self.wait(&mut run).await, Some(0), "{}", self.name());
        assert_eq!(self.relay.sent.load(Ordering::SeqCst), sent, "{}: a full compare finds something", self.name());
        let journaled = Journal::look(&self.home.path("state")).map_or(0, |journal| journal.requests());
        assert!(sent <= journaled, "{}: {sent} requests left, {journaled} are in the journal", self.name());
        here.len() as u64
    }

    fn start(&mut self, args: &[&str]) -> Child {
        self.started += 1;
        let mut command: Command = self.home.command(args);
        command.arg("--state-dir").arg(self.home.path("state")).arg("--json");
        command.stdout(File::create(self.home.path(&format!("out-{}", self.started % 4))).expect("made"));
        command.stderr(File::create(self.home.path(&format!("err-{}", self.started % 4))).expect("made"));
        command.spawn().expect("the program runs")
    }

    /// Waits for the end of a process; `None` if it was killed.
    async fn wait(&self, child: &mut Child) -> Option<i32> {
        let pid = Pid::from_child(child);
        let waiting = tokio::task::spawn_blocking(move || {
            use rustix::process::{WaitId, WaitIdOptions, waitid};
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).map(drop)
        });
        let ended = timeout(STUCK, waiting).await;
        assert!(ended.is_ok(), "{}: a process is stuck", self.name());
        child.wait().expect("its status").code()
    }

    /// Which shop this is, and what its last processes said.
    fn name(&self) -> String {
        let said = (0..4).map(|number| {
            let read = |kind| std::fs::read_to_string(self.home.path(&format!("{kind}-{number}"))).unwrap_or_default();
            format!("{}{}", read("out"), read("err"))
        });
        format!("the shop with seed {}; the processes said:\n{}\n", self.seed, said.collect::<Vec<_>>().join("---\n"))
    }
}

/// What a gateway has, without the moments in which items were made.
async fn live(gateway: &Gateway) -> BTreeMap<Key, Value> {
    let mut live = BTreeMap::new();
    for feed in FEEDS {
        for (key, received) in gateway.received(feed).await {
            if received.deleted {
                continue;
            }
            let mut item = received.item;
            if let Some(fields) = item.as_object_mut() {
                fields.remove("modifiedAt");
                fields.remove("updatedAt");
            }
            live.insert((feed, key), item);
        }
    }
    live
}
