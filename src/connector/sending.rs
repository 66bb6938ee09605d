//! Starting an export: what it sends, where to, and how fast.

use std::time::Duration;

use super::{Connector, ExportRequest, Limits, explained};
use crate::attach::{About, Starter, publish};
use crate::cluster::WorkerKind;
use crate::config::Config;
use crate::config::time_span::TimeSpan;
use crate::domain::{DataSpaceId, Feed, Most, ThreadCount};
use crate::error::Problem;
use crate::export::held::{Limit, What};
use crate::export::ledger::Installation;
use crate::export::owner::Owner;
use crate::export::{Look, Plan, Rolling, Run, start_looked_at};
use crate::feeds::source::{Source, SourceError};
use crate::remedy::{Hint, Remedy};
use crate::settings::RouteOrigin;
use crate::untrusted::SafeText;

impl Connector {
    /// The feeds that *all of them* stands for and that the source cannot give, and why.
    pub(super) fn missed_feeds(source: &Source, asked: &[Feed]) -> Vec<(Feed, SafeText)> {
        if !asked.is_empty() {
            return Vec::new();
        }
        source.absent().into_iter().filter(|(feed, _)| !feed.is_experimental()).collect()
    }

    /// Those of these feeds whose route nobody knows, and why they are left out of *all of them*.
    pub(super) fn unrouted(&self, feeds: &[Feed]) -> Vec<(Feed, SafeText)> {
        let is_unknown = |feed: &Feed| !feed.is_experimental() && self.route(*feed).1 == RouteOrigin::Inferred;
        let reason = "its route is not public, and no module of this installation has it in etc/config.xml; set it in [export.routes]";
        feeds.iter().copied().filter(is_unknown).map(|feed| (feed, reason.into())).collect()
    }

    /// The feeds that a run sends: those asked for, which the source must have; else all of them but the experimental and
    /// those whose route nobody knows.
    pub(super) async fn planned_feeds(&self, source: &Source, asked: &[Feed]) -> Result<Vec<Feed>, Problem> {
        let available = source.feeds().await.map_err(explained)?;
        if asked.is_empty() {
            let unrouted = self.unrouted(&available);
            let is_sent = |feed: &Feed| !feed.is_experimental() && unrouted.iter().all(|(unknown, _)| unknown != feed);
            return Ok(available.into_iter().filter(is_sent).collect());
        }
        match asked.iter().find(|feed| !available.contains(feed)) {
            None => Ok(asked.to_vec()),
            Some(feed) => {
                let absence = source.absent().into_iter().find(|(absent, _)| absent == feed).map(|(_, reason)| reason);
                let missing = explained(SourceError::NoSuchFeed {
                    feed: *feed,
                    source_name: self.overview().source,
                    reason: absence.unwrap_or_else(|| "not in this source".into()),
                });
                Err(missing.hint(Hint::from(Remedy::ListFeeds).and(" shows its feeds")))
            }
        }
    }

    /// The rolling compare as configured, unless it is asked for otherwise; `None` if it is off.
    pub fn rolling(&self, full_within: Option<TimeSpan>, database_share: Option<u8>) -> Option<Rolling> {
        let export = self.config().export;
        let within = full_within.unwrap_or(export.full_within).length()?;
        Some(Rolling { within, share: database_share.unwrap_or(export.database_share) })
    }

    /// Starts an export into the chosen data space.
    ///
    /// # Errors
    /// A [`Problem`]: no data space chosen, no keys, no source, the guard, another run, a ledger that cannot be used.
    pub async fn start_export(&self, request: ExportRequest) -> Result<Run, Problem> {
        self.start_with(request, &mut None).await
    }

    /// The same; `starter` looks on from the beginning, and is taken once the run has begun.
    pub(super) async fn start_with(
        &self,
        request: ExportRequest,
        starter: &mut Option<Starter>,
    ) -> Result<Run, Problem> {
        // Before the database is asked to let us in: what is wrong here can be mended here.
        self.destination()?;
        self.client()?;
        let source = self.source().await?;
        let mut sender = None;
        if !request.dry_run {
            sender = self.pass_guard(&source, request.typed_name.as_deref()).await?;
            self.pass_customised(&source, &request.feeds).await?;
        }
        self.start_from(source, request, false, sender, starter, None).await
    }

    /// The chosen data space.
    pub(super) fn destination(&self) -> Result<DataSpaceId, Problem> {
        self.layers().check()?;
        self.config()
            .saas
            .environment_id
            .ok_or_else(|| Problem::usage("no data space is selected").hint(Remedy::ChooseDataSpace))
    }

    /// Starts an export from a source that is connected already; `skip_locked` leaves out what another run exports. `sender` is
    /// written down once something was accepted; `look` sees what is read.
    pub(super) async fn start_from(
        &self,
        source: Source,
        request: ExportRequest,
        skip_locked: bool,
        sender: Option<Installation>,
        starter: &mut Option<Starter>,
        look: Option<Look>,
    ) -> Result<Run, Problem> {
        // Files and settings may have changed since the last pass; within a run they do not.
        let source = source.for_run();
        let config = self.config();
        let data_space = self.destination()?;
        let client = self.client()?;
        let feeds = self.planned_feeds(&source, &request.feeds).await?;
        let left_out = match request.feeds.as_slice() {
            [] => self.unrouted(&source.feeds().await.map_err(explained)?),
            _ => Vec::new(),
        };
        let batch_size = |feed| request.batch_size.or_else(|| configured_batch_size(&config, feed));
        let about = About {
            owner: Owner::this_process(),
            request: if skip_locked { "Watch pass".into() } else { request.words().into() },
            data_space: data_space.clone(),
            feeds: feeds.clone(),
        };
        let mut plans = Plan::feed_plans(&feeds, batch_size, &config.export.routes);
        for plan in &mut plans {
            plan.max_delete = limit(&config, &request, plan.feed, What::Deletions);
            plan.max_change = limit(&config, &request, plan.feed, What::Changes);
        }
        let worker = if request.dry_run {
            None
        } else {
            self.begin_worker(&data_space, WorkerKind::Run, about.request.as_str()).await?
        };
        let plan = Plan {
            feeds: plans,
            mode: request.mode,
            request: about.request.clone(),
            skip_locked,
            data_space,
            thread_count: request.thread_count.map_or(config.export.thread_count, ThreadCount::Fixed),
            max_batch_bytes: config.export.max_batch_bytes,
            keep_payloads: config.export.keep_payloads,
            keep_deletions: Duration::from_hours(24 * u64::from(config.export.keep_deletions_days)),
            dry_run: request.dry_run,
            accept_empty: request.accept_empty,
            sender,
            state_dir: self.shared.state_dir.clone(),
            worker,
            absent: Self::missed_feeds(&source, &request.feeds),
            left_out,
        };
        let is_dry = plan.dry_run;
        if is_dry {
            tokio::task::block_in_place(|| self.refresh_copy(&plan.data_space))?;
        }
        // Opening ledger, locks and socket touches the disk.
        tokio::task::block_in_place(|| {
            let data_space = plan.data_space.clone();
            let run = start_looked_at(plan, source, client, look).map_err(explained)?;
            if !is_dry {
                self.tell_neighbours(data_space, run.progress.clone());
                self.tally().begin(run.progress.clone());
            }
            // A dry run holds nothing, and leaves nothing behind.
            Ok(if is_dry { run } else { publish(run, about, &self.shared.state_dir, starter.take()) })
        })
    }
}

/// How fast a run sends by default.
pub(super) fn limits(config: &Config) -> Limits {
    let allowed = config.gateway.requests_per_second;
    let batch_size = |feed: Feed| (feed, configured_batch_size(config, feed).unwrap_or_else(|| feed.batch_size()));
    Limits {
        requests_per_second: (allowed > 0.0).then_some(allowed),
        thread_count: config.export.thread_count,
        batch_sizes: Feed::ALL.into_iter().map(batch_size).collect(),
    }
}

/// How many deletions or changes of a feed a run may send.
fn limit(config: &Config, request: &ExportRequest, feed: Feed, what: What) -> Limit {
    let (export, section) = (&config.export, config.export.feeds.get(&feed));
    let (of_feed, of_all, of_run) = match what {
        What::Deletions => (section.and_then(|section| section.max_delete), export.max_delete, request.max_delete),
        What::Changes => (section.and_then(|section| section.max_change), export.max_change, request.max_change),
    };
    let allowed = request.allowed.iter().find(|held| held.feed == feed && held.what == what);
    Limit { usual: of_feed.unwrap_or(of_all), now: allowed.map(|held| Most::Items(held.items)).or(of_run) }
}

/// How many items of a feed the configuration puts in a request.
pub(super) fn configured_batch_size(config: &Config, feed: Feed) -> Option<usize> {
    config.export.feeds.get(&feed).and_then(|section| section.batch_size)
}
