//! What a run has reported, numbered: each who looks reads it at its own pace, and is told how much of it is gone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::export::progress::RunEvent;

/// How many events are kept for who comes later or reads slowly.
const KEPT: usize = 256;

/// The newest events of a run. When there are too many, the oldest failed item gives way: it is in the ledger and in the counters.
#[derive(Debug)]
pub(super) struct EventLog {
    kept: Mutex<Kept>,
    /// Whether there will be no more; marked as changed by each event.
    is_over: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Each with its number, in order.
    events: VecDeque<(u64, RunEvent)>,
    /// The number of the next.
    next: u64,
}

/// What one who looks has not seen yet.
#[derive(Debug)]
pub(super) struct Reader {
    log: Arc<EventLog>,
    next: u64,
    is_over: watch::Receiver<bool>,
}

/// The next that a reader sees.
#[derive(Debug, PartialEq)]
pub(super) enum Reported {
    Event(RunEvent),
    /// So many events are gone.
    Skipped(u64),
}

impl EventLog {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), is_over: watch::Sender::new(false) })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, event: RunEvent) {
        let mut kept = self.kept();
        let number = kept.next;
        kept.next += 1;
        kept.events.push_back((number, event));
        if kept.events.len() > KEPT {
            let failed = kept.events.iter().position(|(_, event)| matches!(event, RunEvent::ItemFailed(_)));
            kept.events.remove(failed.unwrap_or_default());
        }
        drop(kept);
        self.is_over.send_modify(|_| {});
    }

    /// There will be no more.
    pub fn close(&self) {
        self.is_over.send_replace(true);
    }

    /// Reads from the oldest that is kept.
    pub fn read(self: &Arc<Self>) -> Reader {
        Reader { log: Arc::clone(self), next: 0, is_over: self.is_over.subscribe() }
    }
}

impl Reader {
    /// The next, once there is one; `None` once there will be no more. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Reported> {
        loop {
            // Before the events, so that none is added in between.
            let is_over = *self.is_over.borrow_and_update();
            if let Some(reported) = self.take() {
                return Some(reported);
            }
            if is_over {
                return None;
            }
            self.is_over.changed().await.ok()?;
        }
    }

    fn take(&mut self) -> Option<Reported> {
        let kept = self.log.kept();
        let place = kept.events.partition_point(|(number, _)| *number < self.next);
        let (number, event) =
            kept.events.get(place).map_or((kept.next, None), |(number, event)| (*number, Some(event)));
        let skipped = number - self.next;
        if skipped > 0 {
            self.next = number;
            return Some(Reported::Skipped(skipped));
        }
        let event = event.cloned()?;
        self.next += 1;
        Some(Reported::Event(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Feed, KeysRemedy};
    use crate::export::progress::{ItemFailure, ItemState};

    fn failed(number: u64) -> RunEvent {
        RunEvent::ItemFailed(ItemFailure {
            feed: Feed::Products,
            label: format!("sku-{number}").into(),
            state: ItemState::NeedsAttention,
            message: "no".into(),
            code: "".into(),
            request_id: None,
        })
    }

    #[tokio::test]
    async fn a_flood_of_failed_items_pushes_nothing_else_out_and_a_slow_reader_is_told_what_it_missed() {
        let log = EventLog::new();
        let refused = RunEvent::KeysRefused { message: "no".into(), remedy: KeysRemedy::CheckKeys, request_id: None };
        let mut quick = log.read();
        let mut slow = log.read();
        log.add(refused.clone());
        assert_eq!(quick.next().await, Some(Reported::Event(refused.clone())));
        let flood = KEPT as u64 + 10;
        for number in 0..flood {
            log.add(failed(number));
            assert_eq!(quick.next().await, Some(Reported::Event(failed(number))));
        }
        log.close();
        assert_eq!(quick.next().await, None);
        assert_eq!(slow.next().await, Some(Reported::Event(refused)));
        assert_eq!(slow.next().await, Some(Reported::Skipped(11)));
        for number in 11..flood {
            assert_eq!(slow.next().await, Some(Reported::Event(failed(number))));
        }
        assert_eq!(slow.next().await, None);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken_by_an_event_and_by_the_end() {
        let log = EventLog::new();
        let mut reader = log.read();
        let ((), next) = tokio::join!(async { log.add(failed(1)) }, reader.next());
        assert_eq!(next, Some(Reported::Event(failed(1))));
        let (next, ()) = tokio::join!(reader.next(), async { log.close() });
        assert_eq!(next, None);
    }
}
