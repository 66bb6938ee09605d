//! What the keys tell a running export: pause, resume, more or fewer threads, larger or smaller batches.

use std::ops::RangeInclusive;

use crate::bounds::{BATCH_SIZES, THREAD_COUNTS};
use crate::export::control::Command;
use crate::tui::keymap::Action;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::{Cx, Effect, Effects};
use crate::tui::widgets::notices::Tone;

impl ExportPane {
    /// Tells the run what this key means for it; says why if it means nothing now.
    pub(super) fn command_run(&self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        match self.command_of(action) {
            Ok(command) => effects.push(Effect::Run(command)),
            Err(text) => cx.notice(Tone::Info, text),
        }
    }

    fn command_of(&self, action: Action) -> Result<Command, String> {
        let Some(run) = self.active() else {
            return Err("no export is running".to_owned());
        };
        let progress = &run.progress;
        if progress.stopping {
            return Err("the run is already stopping after in-flight batches".to_owned());
        }
        let of_feed = |feed| progress.feeds.iter().find(|of| of.feed == feed);
        let feed = self.selected_feed().and_then(of_feed);
        let feed = feed.or_else(|| progress.feeds.iter().find(|feed| feed.phase.is_active()));
        let resize = |to: fn(usize) -> usize, end| {
            let feed = feed.ok_or("select a feed of the run first: each has its own batch size")?;
            let items = within("batch size", feed.batch_size, to(feed.batch_size), &BATCH_SIZES, end)?;
            Ok(Command::SetBatchSize { feed: Some(feed.feed), items })
        };
        let threads = progress.thread_count;
        match action {
            Action::PauseResume if progress.paused.is_some() => Ok(Command::Resume),
            Action::MoreThreads => {
                within("thread count", threads, threads.saturating_add(1), &THREAD_COUNTS, "maximum")
                    .map(Command::SetThreadCount)
            }
            Action::FewerThreads => {
                let fewer = threads.saturating_sub(1);
                within("thread count", threads, fewer, &THREAD_COUNTS, "minimum").map(Command::SetThreadCount)
            }
            Action::LargerBatches => resize(|items| items.saturating_mul(2), "maximum"),
            Action::SmallerBatches => resize(|items| items / 2, "minimum"),
            _ => Ok(Command::Pause),
        }
    }
}

/// The new value within its bounds; says so if it already is at its bound.
fn within(what: &str, now: usize, wanted: usize, bounds: &RangeInclusive<usize>, end: &str) -> Result<usize, String> {
    match wanted.clamp(*bounds.start(), *bounds.end()) {
        same if same == now => Err(format!("the {what} is already {now}, the {end}")),
        other => Ok(other),
    }
}
