//! One gateway, one shop, one ledger: through many killed runs to one that may end, and what must be true then.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use commerce_connector::domain::Feed;
use fastrand::Rng;
use rustix::process::Pid;
use tokio::time::timeout;

use super::Figures;
use super::journal::Journal;
use super::killer::{Aim, Killer, Step, Watch};
use super::powerloss::Disk;
use super::relay::Relay;
use super::shop::{Key, Shop};
use super::support::gateway::{Gateway, Received};
use super::support::home::Home;

/// A run that neither ended nor was killed by then is stuck.
const STUCK: Duration = Duration::from_mins(2);

/// The gateway's faults: none of them refuses an item for good.
pub const FAULTS: [&str; 5] = [
    "kind = \"status\"\nstatus = 503\nshare = 0.02",
    "kind = \"status\"\nstatus = 429\nretry_after = 0\nshare = 0.02",
    "kind = \"reset\"\nshare = 0.02",
    "kind = \"lost-answer\"\nshare = 0.03",
    "kind = \"garbage\"\nshare = 0.01",
];

/// Where the items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Files, gone through whole.
    Files,
    /// A database, by its change logs.
    Database,
}

pub struct World {
    seed: u64,
    kind: Kind,
    random: Rng,
    gateway: Gateway,
    relay: Arc<Relay>,
    killer: Arc<Killer>,
    home: Home,
    shop: Shop,
    disk: Disk,
    /// Requests in flight at a time, and items in one.
    sending: [String; 2],
    figures: Figures,
}

impl World {
    pub async fn new(kind: Kind, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let faults = FAULTS.map(|fault| format!("[[fault]]\n{fault}\n")).concat();
        let gateway = Gateway::with_faults(&format!("seed = {}\n{faults}", random.u32(..))).await;
        let killer = Arc::new(Killer::default());
        let address = gateway.sandbox.ready.url.trim_start_matches("http://").parse().expect("an address");
        let relay = Relay::start(address, Arc::clone(&killer)).await;
        let home = Home::new();
        let shop = match kind {
            Kind::Files => Shop::of_files(&home.path("feeds")),
            Kind::Database => tokio::task::spawn_blocking(Shop::of_database).await.expect("no panic"),
        };
        let config = gateway.config(&shop.config());
        home.write_config(&config.replace(&gateway.sandbox.ready.url, &format!("http://{}", relay.address)));
        let state = home.path("state");
        std::fs::create_dir(&state).expect("made");
        let disk = Disk::new(&state, &home.path("shadow"));
        let sending = [random.u8(1..=4).to_string(), random.u8(2..=12).to_string()];
        let figures = Figures { worlds: 1, of_database: u64::from(kind == Kind::Database), ..Figures::default() };
        Self { seed, kind, random, gateway, relay, killer, home, shop, disk, sending, figures }
    }

    /// Kills so many runs, with edits between, then lets one end and checks everything.
    pub async fn live_through(mut self, kills: u64) -> Figures {
        while self.figures.kills < kills {
            self.count_taken_back().await;
            let aim = Aim::any(&mut self.random);
            let (killed, exit) = self.run(Some(aim)).await;
            match killed {
                Some(step) => {
                    self.figures.kills += 1;
                    *self.figures.steps.entry(step).or_default() += 1;
                    if self.random.bool() {
                        self.figures.power_cuts += 1;
                        let written = [0, 0, 50, 95, self.random.u8(..100)][self.random.usize(..5)];
                        self.disk.cut_power(&mut self.random, written);
                    }
                }
                // Some items were refused, or the gateway was in too much trouble.
                None => assert!(matches!(exit, Some(0 | 3 | 5)), "{}: a run ended with {exit:?}", self.name()),
            }
            self.check_journal();
            if self.random.u8(..3) > 0 {
                self.shop.edit(&mut self.random);
            }
        }
        self.shop.mend();
        self.count_taken_back().await;
        let (_, exit) = self.run(None).await;
        assert_eq!(exit, Some(0), "{}: the last run ended with {exit:?}", self.name());
        self.check_end().await;
        self.figures
    }

    /// Runs the program to its end or to that moment: where it was killed, or its exit code.
    async fn run(&mut self, aim: Option<Aim>) -> (Option<Step>, Option<i32>) {
        let state = self.home.path("state");
        let is_busy = {
            let relay = Arc::clone(&self.relay);
            move || relay.in_flight.load(Ordering::SeqCst) > 0
        };
        let watch = Watch::start(&state, Arc::clone(&self.killer), is_busy);
        let mut child = self.command().spawn().expect("the program runs");
        if let Some(aim) = aim {
            self.killer.arm(Pid::from_child(&child), aim);
        }
        self.figures.runs += 1;
        let waiting = tokio::task::spawn_blocking(move || {
            let status = exited(&mut child);
            (child, status)
        });
        let Ok(ended) = timeout(STUCK, waiting).await else { panic!("{}: a run is stuck", self.name()) };
        let killed = self.killer.disarm();
        let (mut child, _) = ended.expect("no panic");
        let status = child.wait().expect("its status");
        watch.end();
        // A process that was at its end already was not killed.
        (killed.filter(|_| status.code().is_none()), status.code())
    }

    fn command(&self) -> Command {
        let mut command = self.home.command(self.shop.command());
        command.args(["--thread-count", &self.sending[0], "--batch-size", &self.sending[1]]);
        command.arg("--state-dir").arg(self.home.path("state"));
        command.stdout(File::create(self.home.path("out")).expect("made"));
        command.stderr(File::create(self.home.path("err")).expect("made"));
        self.disk.preload(&mut command);
        command
    }
}

/// Waits until the process is over, and leaves it to be waited for, so that nobody else gets its id meanwhile.
fn exited(child: &mut Child) -> rustix::io::Result<()> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(child)), options).map(drop)
}

/// What must be true.
impl World {
    /// Which world this is, and what the program said last.
    fn name(&self) -> String {
        let said = std::fs::read_to_string(self.home.path("err")).unwrap_or_default();
        format!("world {:?} with seed {}; the program said:\n{said}\n", self.kind, self.seed)
    }

    fn journal(&self) -> Option<Journal> {
        Journal::look(&self.home.path("state"))
    }

    /// Nothing leaves before it is written down.
    fn check_journal(&self) {
        let sent = self.relay.sent.load(Ordering::SeqCst);
        let journaled = self.journal().map_or(0, |journal| journal.requests());
        assert!(sent <= journaled, "{}: {sent} requests left, and only {journaled} are in the journal", self.name());
    }

    /// Counts the products that the next run sends although the gateway has them as they are: a change was written down, and taken
    /// back by an edit before it could leave.
    async fn count_taken_back(&mut self) {
        let Some(journal) = self.journal() else { return };
        let (shop, received) = (self.shop.state(), self.received().await);
        let is_there = |key: &String| {
            let key = (Feed::Products, key.clone());
            let received = received.get(&key).map(|received| (!received.deleted).then(|| name_of(key.0, received)));
            received == Some(shop.get(&key).map(String::as_str))
        };
        self.figures.taken_back += journal.intended_products().iter().filter(|key| is_there(key)).count() as u64;
    }

    async fn received(&self) -> BTreeMap<Key, Received> {
        let mut received = BTreeMap::new();
        for feed in [Feed::Products, Feed::Categories] {
            received.extend(self.gateway.received(feed).await.into_iter().map(|(key, item)| ((feed, key), item)));
        }
        received
    }

    async fn check_end(&mut self) {
        let received = self.received().await;
        let live = received.iter().filter(|(_, item)| !item.deleted);
        let live: BTreeMap<Key, String> =
            live.map(|(key, item)| (key.clone(), name_of(key.0, item).to_owned())).collect();
        assert_eq!(live, self.shop.state(), "{}: the gateway has not what the shop has", self.name());
        let journal = self.journal().expect("a ledger");
        assert_eq!(journal.unsettled(), 0, "{}: items are stuck", self.name());
        let products = received.iter().filter(|((feed, _), _)| *feed == Feed::Products).map(|(_, item)| item);
        self.figures.duplicates += products.map(|item| item.deliveries - 1 - item.changes).sum::<u64>();
        self.figures.without_answer += journal.items_without_answer();
        self.figures.items += live.len() as u64;
        self.figures.deliveries += received.values().map(|item| item.deliveries).sum::<u64>();
        self.figures.requests += self.relay.sent.load(Ordering::SeqCst);
        let bound = self.figures.without_answer + self.figures.taken_back;
        assert!(self.figures.duplicates <= bound, "{}: more than {bound} duplicates: {:?}", self.name(), self.figures);

        let requests = self.relay.sent.load(Ordering::SeqCst);
        let (_, exit) = self.run(None).await;
        assert_eq!(exit, Some(0), "{}", self.name());
        assert_eq!(self.relay.sent.load(Ordering::SeqCst), requests, "{}: all is known to be there", self.name());
    }
}

fn name_of(feed: Feed, received: &Received) -> &str {
    let field = if feed == Feed::Categories { "urlPath" } else { "name" };
    received.item[field].as_str().unwrap_or_default()
}
