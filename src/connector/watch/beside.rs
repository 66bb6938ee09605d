//! Passes beside a long one.
//!
//! A first sync of a million items takes hours at the gateway's pace. Feeds that were compared before go first and are soon done; what
//! changes in them meanwhile is sent by passes of their own, as a second process would.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Feed;
use crate::export::Run;
use crate::export::progress::RunEvent;
use crate::untrusted::SafeText;

/// A pass that goes on.
pub(super) struct Going {
    pub run: Run,
    /// What was noted of each feed that it is not done with.
    pub noted: BTreeMap<Feed, Vec<SafeText>>,
}

impl Going {
    pub fn new(run: Run) -> Self {
        Self { run, noted: BTreeMap::new() }
    }
}

/// What goes on beside a long pass.
pub(super) struct Beside {
    every: Duration,
    /// When the next pass begins.
    due: Instant,
    /// The feeds that the long pass is done with.
    free: BTreeSet<Feed>,
    /// The pass that goes on.
    going: Option<Going>,
    /// The feeds of which a pass beside the long one knows more than that.
    passed: BTreeSet<Feed>,
    is_stopped: bool,
}

/// What comes next beside a long pass.
pub(super) enum Next {
    /// A pass of these feeds is due.
    Due(Vec<Feed>),
    /// Something happened in the one that goes on.
    Event(RunEvent),
    /// It has nothing more to say.
    Over,
}

impl Beside {
    /// Beside a pass that begins now.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            due: Instant::now() + every,
            free: BTreeSet::new(),
            going: None,
            passed: BTreeSet::new(),
            is_stopped: false,
        }
    }

    /// The long pass is done with a feed.
    pub fn free(&mut self, feed: Feed) {
        self.free.insert(feed);
    }

    /// A pass began.
    pub fn begin(&mut self, run: Run) {
        self.passed.extend(&self.free);
        self.going = Some(Going::new(run));
    }

    /// What comes next; never, while there is nothing to wait for.
    pub async fn next(&mut self) -> Next {
        if let Some(going) = &mut self.going {
            return going.run.events.recv().await.map_or(Next::Over, Next::Event);
        }
        if self.free.is_empty() || self.is_stopped {
            return pending().await;
        }
        tokio::time::sleep_until(self.due).await;
        Next::Due(self.free.iter().copied().collect())
    }

    /// Whether a pass goes on.
    pub fn is_going(&self) -> bool {
        self.going.is_some()
    }

    /// What was noted in the pass that goes on.
    pub fn noted(&mut self) -> Option<&mut BTreeMap<Feed, Vec<SafeText>>> {
        self.going.as_mut().map(|going| &mut going.noted)
    }

    /// The pass that goes on, which is over; another one follows.
    pub fn end(&mut self) -> Option<Going> {
        self.due = Instant::now() + self.every;
        self.going.take()
    }

    /// A pass did not begin; another one is tried.
    pub fn put_off(&mut self) {
        self.due = Instant::now() + self.every;
    }

    /// Whether what the long pass says of a feed is newer than what is known.
    pub fn is_passed(&self, feed: Feed) -> bool {
        self.passed.contains(&feed)
    }

    /// Has the pass that goes on finish what is in flight; none follows.
    pub fn stop(&mut self) {
        self.is_stopped = true;
        if let Some(going) = &self.going {
            going.run.control.stop();
        }
    }
}
