//! The doctor: the whole way from this shop to the service, each step checked by itself, each trouble with what to do.
//!
//! Checks that do not need each other run at once, each within a time limit; what needs something that failed is skipped and
//! says so. Nothing is changed and nothing is sent. It must never know how a check is drawn.
//!
//! | file | the checks |
//! |---|---|
//! | `installation` | configuration, the Commerce installation and its mode |
//! | `shop` | database, cron, indexers, change logs |
//! | `gateway` | keys, name, connection, TLS, proxy, clock, registry, data space |
//! | `content` | Adobe's own data space setting; whether a sample of what was sent is visible |
//! | `program` | routes, guard, ledger, terminal |
//! | `customised` | what was changed in Adobe's exporter, part of the guard's check; asked by `program` |
//! | `state_dir` | the state directory: whose it is, and whether it lasts; asked by `program` |
//! | `logout` | whether a run survives the logout; asked by `program` |

mod check;
mod content;
mod customised;
mod gateway;
mod installation;
mod logout;
mod program;
mod shop;
mod state_dir;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::FuturesOrdered;

pub use check::{Check, Outcome};

use super::Connector;
use super::finding::{self, Finding};
use crate::error::Exit;
use crate::format::counted;
use crate::report::{Row, Tone};

/// The longest that the checks of one area may take together: a person is waiting, and a gateway behind a firewall that
/// drops packets never answers.
const AREA_LIMIT: Duration = Duration::from_secs(13);

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Every check, in the order of the way.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// Everything that is not as it should be, in the order of the way.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().flat_map(|check| &check.findings)
    }

    /// How many checks came out like this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// What came of it, in numbers.
    #[must_use]
    pub fn ruling(&self) -> Row {
        let [ok, warnings, wrong, skipped] =
            [Outcome::Ok, Outcome::Warning, Outcome::Wrong, Outcome::Skipped].map(|outcome| self.count(outcome));
        let tone = match (wrong, warnings) {
            (0, 0) => Tone::Good,
            (0, _) => Tone::Warning,
            _ => Tone::Danger,
        };
        let warnings = counted(warnings as u64, "warning");
        Row::new(format!("{}, {ok} ok, {warnings}, {skipped} skipped", finding::problems(wrong)), tone)
    }

    /// How the command ends: see [`finding::exit`].
    pub fn exit(&self) -> Exit {
        finding::exit(self.findings())
    }
}

impl Connector {
    /// Checks everything. `on_check` is called with each check, in the order of the way, as soon as it and all before it are done.
    pub async fn doctor(&self, mut on_check: impl FnMut(&Check)) -> Diagnosis {
        let areas: [BoxFuture<'_, Vec<Check>>; 5] = [
            installation::checks(self).boxed(),
            shop::checks(self).boxed(),
            gateway::checks(self).boxed(),
            content::checks(self).boxed(),
            program::checks(self).boxed(),
        ];
        let mut areas: FuturesOrdered<_> = areas.into_iter().collect();
        let mut checks = Vec::new();
        while let Some(done) = areas.next().await {
            for check in &done {
                on_check(check);
            }
            checks.extend(done);
        }
        Diagnosis { checks }
    }
}
