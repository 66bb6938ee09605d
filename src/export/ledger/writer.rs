//! The one thread that writes: it takes what is queued, commits it together, and only then answers.
//!
//! A commit waits for the disk, so the price of one is shared by everything that came in meanwhile. After a failure
//! nothing more is written: every later call gets the same error, so that a run cannot send what it cannot record.

use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::LedgerError;
use super::store::Store;

/// How many calls may wait. Each holds at most one page or one batch, so this bounds memory as well.
const QUEUE: usize = 16;

/// The way to the ledger's thread. Clones share it; the thread ends when the last is dropped.
#[derive(Debug, Clone)]
pub(in crate::export) struct Ledger {
    calls: mpsc::Sender<Box<dyn Call>>,
    gone: LedgerError,
}

impl Ledger {
    /// Hands a store to a thread of its own.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn spawn(store: Store) -> Result<(Self, JoinHandle<()>), LedgerError> {
        let (calls, queue) = mpsc::channel(QUEUE);
        let path = store.path.clone();
        let gone = LedgerError::new(&path, "its thread ended early", "this is a bug in this program: run it again");
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || serve(store, queue))
            .map_err(|error| LedgerError::of_io(&path, &error))?;
        Ok((Self { calls, gone }, thread))
    }

    /// Runs `work` in the next commit, and returns when that is on disk.
    ///
    /// # Errors
    /// [`LedgerError`] if it failed, or anything before it did: then nothing of it was kept.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Pending { work: Some(work), result: None, reply });
        self.calls.send(call).await.map_err(|_| self.gone.clone())?;
        answer.await.map_err(|_| self.gone.clone())?
    }
}

/// A call whose result type only the caller knows.
trait Call: Send {
    fn work(&mut self, store: &mut Store) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, outcome: Result<(), LedgerError>);
}

struct Pending<W, T> {
    work: Option<W>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<W, T> Call for Pending<W, T>
where
    W: FnOnce(&mut Store) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn work(&mut self, store: &mut Store) -> rusqlite::Result<()> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(store)?);
        }
        Ok(())
    }

    /// A caller that does not wait any more needs no answer.
    fn answer(self: Box<Self>, outcome: Result<(), LedgerError>) {
        match (outcome, self.result) {
            (Err(error), _) => drop(self.reply.send(Err(error))),
            (Ok(()), Some(result)) => drop(self.reply.send(Ok(result))),
            (Ok(()), None) => {}
        }
    }
}

fn serve(mut store: Store, mut queue: mpsc::Receiver<Box<dyn Call>>) {
    let mut broken: Option<LedgerError> = None;
    while let Some(first) = queue.blocking_recv() {
        let mut calls = vec![first];
        while calls.len() < QUEUE
            && let Ok(call) = queue.try_recv()
        {
            calls.push(call);
        }
        if broken.is_none() {
            broken = commit(&mut store, &mut calls).err();
        }
        for call in calls {
            call.answer(broken.clone().map_or(Ok(()), Err));
        }
    }
    if broken.is_none() {
        store.close();
    }
}

/// All of it or nothing of it.
fn commit(store: &mut Store, calls: &mut [Box<dyn Call>]) -> Result<(), LedgerError> {
    store.in_transaction(|store| {
        let worked = calls.iter_mut().try_for_each(|call| call.work(store));
        worked.map_err(|error| LedgerError::of_sqlite(&store.path, &error))
    })
}
