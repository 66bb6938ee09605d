//! Kills the program again and again, at every step of the journal, and shows that nothing is lost by it: after one run that is
//! allowed to end, the gateway has the newest state of every item and nothing that is gone.
//!
//! Each world has a gateway with faults, a shop that is edited between the runs, and a ledger; half of the kills are power cuts as
//! well. The ordinary tests kill a few dozen times. The long way is a command, with its size and seed in two variables:
//!
//! ```sh
//! COMMERCE_CONNECTOR_KILLS=1000 COMMERCE_CONNECTOR_KILL_SEED=1 cargo test --test export kill -- --ignored --nocapture
//! ```
//!
//! `COMMERCE_CONNECTOR_KILL_WORLD=SEED` instead lives through one world of files again.
//!
//! `stress` is the same with everything at once: a shop that is edited all the while, with and without change logs, a watch and runs
//! beside it, kills and faults; after each round one partial sync and one rolling round must find everything:
//!
//! ```sh
//! COMMERCE_CONNECTOR_STRESS_ROUNDS=300 COMMERCE_CONNECTOR_STRESS_SEED=1 cargo test --test export kill::stress -- --ignored --nocapture
//! ```
//!
//! A seed decides edits, faults and the moments of the kills; how two threads interleave before such a moment, it does not.

mod journal;
pub mod killer;
mod powerloss;
pub mod relay;
pub mod shop;
mod stress;
pub mod world;

use crate::support;

use std::collections::BTreeMap;
use std::ops::AddAssign;

use fastrand::Rng;
use killer::Step;
use stress::Stress;
use world::{Kind, World};

/// Kills in one world: some of the first fall into the making of its ledger, most into its use.
const KILLS_IN_A_WORLD: u64 = 25;
/// One world of so many is over a database and its change logs; starting the program is slower there.
const ONE_DATABASE_IN: u64 = 5;

/// What happened.
#[derive(Debug, Default)]
pub struct Figures {
    /// Worlds.
    worlds: u64,
    /// Worlds over a database.
    of_database: u64,
    /// Runs of the program, killed or not.
    runs: u64,
    /// Kills.
    kills: u64,
    /// Kills that were power cuts as well.
    power_cuts: u64,
    /// Feed requests that reached the gateway whole.
    requests: u64,
    /// Items that the gateway accepted.
    deliveries: u64,
    /// Items in their last state that were compared with the shop at the end.
    items: u64,
    /// Products that were accepted again without a change between.
    duplicates: u64,
    /// Items in requests that no answer is known of: more duplicates than these would be wrong, but for the next number.
    without_answer: u64,
    /// Products whose change was taken back before it left, so that they are sent again as the gateway has them already.
    taken_back: u64,
    /// Kills by step.
    steps: BTreeMap<Step, u64>,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.of_database += other.of_database;
        self.runs += other.runs;
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.requests += other.requests;
        self.deliveries += other.deliveries;
        self.items += other.items;
        self.duplicates += other.duplicates;
        self.without_answer += other.without_answer;
        self.taken_back += other.taken_back;
        for (step, kills) in other.steps {
            *self.steps.entry(step).or_default() += kills;
        }
    }
}

impl Figures {
    fn print(&self) {
        println!(
            "{} worlds ({} over a database), {} runs, {} kills ({} of them power cuts), {} requests, {} items accepted",
            self.worlds, self.of_database, self.runs, self.kills, self.power_cuts, self.requests, self.deliveries
        );
        println!("at the end: {} items as in the shop, 0 lost, 0 stuck, 0 deleted that live", self.items);
        println!(
            "duplicates: {}; items in requests without a known answer: {}; changes taken back before they left: {}",
            self.duplicates, self.without_answer, self.taken_back
        );
        println!("killed while …");
        for (step, kills) in &self.steps {
            println!("{kills:6}  {step}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_kills_lose_nothing() {
    let figures = World::new(Kind::Files, 11).await.live_through(16).await;
    figures.print();
    assert_eq!(figures.kills, 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_kills_of_partial_syncs_lose_nothing() {
    let figures = World::new(Kind::Database, 12).await.live_through(5).await;
    figures.print();
    assert_eq!(figures.kills, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_rounds_of_stress_leave_nothing() {
    let mut figures = stress::Figures::default();
    Stress::new(21).await.live_through(2, &mut figures).await;
    figures.print();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour"]
async fn three_hundred_rounds_of_stress_leave_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let rounds = number("COMMERCE_CONNECTOR_STRESS_ROUNDS", 300);
    let seed = number("COMMERCE_CONNECTOR_STRESS_SEED", 1);
    let mut seeds = Rng::with_seed(seed);
    let mut figures = stress::Figures::default();
    while figures.rounds < rounds {
        let shop = seeds.u64(..);
        println!("a shop with seed {shop}: {} rounds so far", figures.rounds);
        let left = stress::ROUNDS_OF_A_SHOP.min(rounds - figures.rounds);
        Stress::new(shop).await.live_through(left, &mut figures).await;
        figures.print();
    }
    println!("seed {seed}:");
    figures.print();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a quarter of an hour"]
async fn a_thousand_kills_lose_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let kills = number("COMMERCE_CONNECTOR_KILLS", 1_000);
    let seed = number("COMMERCE_CONNECTOR_KILL_SEED", 1);
    let mut seeds = Rng::with_seed(seed);
    let mut figures = Figures::default();
    if let Ok(world) = std::env::var("COMMERCE_CONNECTOR_KILL_WORLD") {
        let world = world.parse().expect("a seed");
        return World::new(Kind::Files, world).await.live_through(kills).await.print();
    }
    while figures.kills < kills {
        let kind = if figures.worlds % ONE_DATABASE_IN == ONE_DATABASE_IN - 1 { Kind::Database } else { Kind::Files };
        let world_seed = seeds.u64(..);
        println!("world {} with seed {world_seed}: {} kills so far", figures.worlds + 1, figures.kills);
        let kills = KILLS_IN_A_WORLD.min(kills - figures.kills);
        figures += World::new(kind, world_seed).await.live_through(kills).await;
    }
    println!("seed {seed}:");
    figures.print();
}
