//! A run as one of several nodes': its lease, the feeds that it claims, and a full sync that nodes share.
//!
//! Without a shared ledger there is one node, and all of this is a list of feeds in their order.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ExportError;
use super::control::Command;
use super::feed_run::Context;
use super::ledger::LedgerError;
use super::mode::SyncMode;
use super::owner::Owner;
use super::progress::{RunEvent, RunReport};
use crate::cluster::{Claimed, Part, PartState, RENEW_EVERY, SharedExport, Worker};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// How often it is looked whether other nodes are done.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What somebody asks of all workers, as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Distinguishes it from the same asked before.
    pub number: u64,
    pub commands: Vec<Command>,
    /// Who asks.
    pub by: SafeText,
}

/// Renews the lease of this run for as long as it lasts, tells others how far it is, and does what they ask. Returns when the lease is
/// lost, or the database for too long.
pub(super) async fn keep_alive(context: &Context) -> LedgerError {
    let Some(worker) = &context.worker else { return std::future::pending().await };
    let mut obeyed = None;
    loop {
        // A progress always serializes.
        let progress = serde_json::to_string(&context.live_progress.publish()).unwrap_or_default();
        match worker.renew(Some(&progress)).await {
            Err(error) => return error.into(),
            Ok(renewed) if renewed.wanted != obeyed => {
                obeyed = renewed.wanted;
                obey(context, obeyed.as_deref());
            }
            Ok(_) => {}
        }
        tokio::time::sleep(RENEW_EVERY).await;
    }
}

fn obey(context: &Context, order: Option<&str>) {
    let Some(Ok(order)) = order.map(serde_json::from_str::<Order>) else { return };
    for command in &order.commands {
        // Checked by who asked.
        if let Err(error) = context.control.apply(command, Some(order.by.clone())) {
            tracing::warn!(%error, "another node asked for something out of bounds");
        }
    }
}

/// What claiming a feed came to.
pub(super) enum Claim {
    /// It is this run's.
    Got {
        /// Whose it was, if that one died.
        died: Option<SafeText>,
    },
    /// Another run has it.
    Held {
        /// Who that is.
        holder: SafeText,
        /// Whether it is a partial sync.
        is_pass: bool,
    },
}

/// Takes a feed, if no other node has it.
pub(super) async fn claim(worker: &Worker, feed: Feed, is_pass: bool) -> Result<Claim, LedgerError> {
    Ok(match worker.claim(feed.name(), is_pass).await? {
        Claimed::Got { died } => Claim::Got { died: died.map(|holder| name_of(&holder.owner)) },
        Claimed::Held(holder) => Claim::Held { holder: name_of(&holder.owner), is_pass: holder.is_pass },
    })
}

/// Takes all feeds at once, so that no run of any node may continue.
///
/// # Errors
/// [`ExportError::Locked`] if another run has one of them; those that were taken end with the worker.
pub(super) async fn claim_all(worker: &Worker) -> Result<(), ExportError> {
    for feed in Feed::ALL {
        if let Claim::Held { holder, is_pass } = claim(worker, feed, false).await? {
            return Err(ExportError::Locked { feed, holder, is_pass });
        }
    }
    Ok(())
}

/// Gives a feed back. If that fails, it is free when the lease ends.
pub(super) async fn release(worker: &Worker, feed: Feed) {
    if let Err(error) = worker.release(feed.name()).await {
        tracing::warn!(%error, "a feed is not free for other nodes before this run's lease has ended");
    }
}

/// Ends the worker, and leaves its report for who looks on. If that fails, its lease runs out.
pub(super) async fn end(worker: Option<&Arc<Worker>>, report: Option<&RunReport>) {
    let Some(worker) = worker else { return };
    let report = report.and_then(|report| serde_json::to_string(report).ok());
    if let Err(error) = worker.end(report.as_deref()).await {
        tracing::warn!(%error, "other nodes see this run as active until its lease has ended");
    }
}

/// An owner as it was written, in words.
pub fn name_of(owner: &str) -> SafeText {
    serde_json::from_str::<Owner>(owner).map_or_else(|_| "another node".into(), |owner| owner.to_string().into())
}

/// Which feed comes next: all in their order, or, of an export that nodes share, the next that nobody is at.
pub(super) struct Turns<'a> {
    context: &'a Context,
    /// In the order in which they are taken, each with its place in the plan.
    feeds: Vec<(usize, Feed)>,
    shared: Option<SharedExport<'a>>,
    /// The places of the feeds that this run has had.
    had: Vec<usize>,
    /// Those of which was said that another node is at them.
    said: Vec<Feed>,
}

/// What there is to do next.
pub(super) enum Turn {
    /// This feed, by its place in the plan.
    Feed(usize),
    /// Nothing more; these were done by other nodes, or failed there.
    Over { done: Vec<usize>, failed: Vec<usize> },
    /// A stop was asked for meanwhile.
    Stopped,
}

impl<'a> Turns<'a> {
    /// Joins the export that other nodes are at, if it is the same; begins it otherwise.
    pub async fn begin(context: &'a Context, feeds: Vec<(usize, Feed)>) -> Result<Self, LedgerError> {
        let mut shared = None;
        if let Some(worker) = context.worker.as_deref().filter(|_| matches!(context.mode, SyncMode::Full)) {
            let parts: Vec<String> = feeds.iter().map(|(_, feed)| feed.to_string()).collect();
            while shared.is_none() && !context.control.is_stopped() {
                shared = worker.share(context.request.as_str(), &parts).await?;
                if shared.is_none() {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
        if let (Some(shared), Some((_, feed))) = (&shared, feeds.first())
            && shared.is_joined
        {
            let text = "joined the export that other nodes have begun".into();
            context.events.tell(RunEvent::Note { feed: *feed, text }).await;
        }
        Ok(Self { context, feeds, shared, had: Vec::new(), said: Vec::new() })
    }

    /// The next feed.
    pub async fn next(&mut self) -> Result<Turn, LedgerError> {
        loop {
            if self.context.control.is_stopped() {
                return Ok(Turn::Stopped);
            }
            let Some(shared) = &self.shared else {
                let Some((index, _)) = self.feeds.get(self.had.len()) else {
                    return Ok(Turn::Over { done: Vec::new(), failed: Vec::new() });
                };
                self.had.push(*index);
                return Ok(Turn::Feed(*index));
            };
            match shared.take().await? {
                Part::Mine(part) => match self.find(&part) {
                    Some((index, _)) => {
                        self.had.push(index);
                        return Ok(Turn::Feed(index));
                    }
                    // The other node's source has a feed that this one's has not.
                    None => shared.finish(&part, PartState::Failed).await?,
                },
                Part::Over { failed } => {
                    let failed = failed.iter().filter_map(|part| self.find(part)).map(|(index, _)| index);
                    let others = self.feeds.iter().map(|(index, _)| *index).filter(|index| !self.had.contains(index));
                    let failed: Vec<usize> = failed.filter(|index| !self.had.contains(index)).collect();
                    let done = others.filter(|index| !failed.contains(index)).collect();
                    return Ok(Turn::Over { done, failed });
                }
                Part::Others(parts) => {
                    let feeds: Vec<(usize, Feed)> = parts.iter().filter_map(|part| self.find(part)).collect();
                    for (_, feed) in feeds {
                        if !self.said.contains(&feed) {
                            self.said.push(feed);
                            // None of its items is left to this run.
                            self.context.live_progress.set_estimate(feed, Some(0));
                            let text = "another node exports it".into();
                            self.context.events.tell(RunEvent::Note { feed, text }).await;
                        }
                    }
                    tokio::select! {
                        () = self.context.control.stop_token().cancelled() => {}
                        () = tokio::time::sleep(LOOK_AGAIN) => {}
                    }
                }
            }
        }
    }

    /// Writes down how a feed ended here.
    pub async fn finish(&self, feed: Feed, state: PartState) -> Result<(), LedgerError> {
        match &self.shared {
            Some(shared) => Ok(shared.finish(feed.name(), state).await?),
            None => Ok(()),
        }
    }

    fn find(&self, part: &str) -> Option<(usize, Feed)> {
        self.feeds.iter().copied().find(|(_, feed)| feed.name() == part)
    }
}
