//! Workers: each effect becomes one call of the connector on a task of its own, and its result comes back as news.
//!
//! It knows the connector, and must never know what is drawn. The loop never waits for anything in here.

mod ims;
mod items;

use std::collections::VecDeque;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::effect::Work;
use super::event::{Event, Reply};
use super::state::export::FAILURES_KEPT;
use crate::attach::About;
use crate::connector::Connector;
use crate::error::{Exit, Problem};
use crate::export::Run;
use crate::export::control::Control;
use crate::export::progress::{Progress, RunEvent};
use crate::keys::PrivateKey;

/// How much work may wait for a worker. More than a person can ask for; past it the screen says so.
const WORK_QUEUE: usize = 16;
/// How much news may wait for the loop. Past it the workers wait, never the export.
const NEWS_QUEUE: usize = 32;
/// How many lifecycle events may wait for the loop before refused items are only counted; they are in the ledger.
const RUN_NEWS_KEPT: usize = FAILURES_KEPT;

/// What workers tell the loop.
#[derive(Debug)]
pub enum News {
    /// An event for the state.
    Event(Box<Event>),
    /// A run was started: how to watch and how to stop it.
    Run(RunHandle),
}

impl News {
    fn event(event: Event) -> Self {
        News::Event(Box::new(event))
    }
}

/// The loop's hold on a run.
#[derive(Debug)]
pub struct RunHandle {
    /// Its counters.
    pub progress: watch::Receiver<Progress>,
    /// Tells it what to do.
    pub control: Control,
}

/// The loop's side of the workers. Dropping it ends them; what is being saved is still saved whole.
#[derive(Debug)]
pub struct Workers {
    queue: mpsc::Sender<Work>,
    news: mpsc::Receiver<News>,
}

/// Nothing more was taken on, because too much is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

impl Workers {
    /// Starts them on the current tokio runtime.
    #[must_use]
    pub fn start(connector: Connector) -> Self {
        let (queue, work) = mpsc::channel(WORK_QUEUE);
        let (news_out, news) = mpsc::channel(NEWS_QUEUE);
        tokio::spawn(dispatch(connector, work, news_out));
        Self { queue, news }
    }

    /// Hands work over without waiting.
    ///
    /// # Errors
    /// [`QueueFull`] if too much is waiting already.
    pub fn take_on(&self, work: Work) -> Result<(), QueueFull> {
        self.queue.try_send(work).map_err(|_| QueueFull)
    }

    /// The next news.
    pub async fn next(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            // The dispatcher lives as long as its queue, which is ours.
            None => std::future::pending().await,
        }
    }
}

async fn dispatch(connector: Connector, mut queue: mpsc::Receiver<Work>, news: mpsc::Sender<News>) {
    let mut tasks = JoinSet::new();
    let mut searches = items::Searches::default();
    loop {
        tokio::select! {
            work = queue.recv() => {
                let Some(work) = work else { return };
                let hold = searches.begin(&work);
                tasks.spawn(perform(connector.clone(), work, hold, news.clone()));
            }
            Some(ended) = tasks.join_next() => {
                if ended.is_err() && news.send(News::event(Event::WorkerBroke)).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn perform(connector: Connector, work: Work, hold: CancellationToken, news: mpsc::Sender<News>) {
    let was_loaded = connector.ensure_loaded().await;
    let reply = match work {
        Work::LoadPairs => {
            if was_loaded {
                connector.load().await;
            }
            tell(&news, Event::Reply(Reply::Overview(connector.overview()))).await;
            Reply::Pairs(blocking(move || connector.pairs()).await)
        }
        Work::Verify(environment) => Reply::Verified { environment, result: connector.verify(environment).await },
        Work::VerifyPair(environment, pair) => {
            Reply::Verified { environment, result: connector.verify_pair(environment, pair).await }
        }
        Work::ReadKey(environment, path) => {
            let read = move || PrivateKey::read(&path).map_err(|error| Problem::of(&error));
            Reply::KeyRead { environment, result: blocking(read).await }
        }
        Work::SavePair(environment, pair) => {
            let result = connector.save_pair(environment, &pair).await;
            // The first save makes the config file.
            tell(&news, Event::Reply(Reply::Overview(connector.overview()))).await;
            Reply::Saved { environment, result }
        }
        Work::SetEnvironment(environment) => {
            Reply::EnvironmentSet(connector.set_environment(environment).await.map(|()| connector.overview()))
        }
        Work::RotatePair(environment, pair, typed) => {
            let result = connector.rotate_pair(environment, &pair, typed.as_deref()).await;
            tell(&news, Event::Reply(Reply::Overview(connector.overview()))).await;
            Reply::Rotated { environment, result }
        }
        Work::MakeConfig => Reply::ConfigMade(blocking(move || connector.make_config()).await),
        Work::SetSource(place) => Reply::SourceSet(connector.set_source(&place).await),
        Work::LoadProjects => {
            let environment = connector.overview().environment;
            Reply::Projects { environment, result: connector.projects().await }
        }
        Work::LoadLastReceived => Reply::LastReceived(blocking(move || connector.last_received()).await),
        Work::Foresee(space) => Reply::Foreseen { result: connector.foresee(&space).await, space: space.id },
        Work::CreateProject(name) => Reply::ProjectCreated(connector.create_project(&name).await),
        Work::RenameProject(id, name) => {
            Reply::Renamed(connector.rename_project(&id, &name).await.map(|_| connector.overview()))
        }
        Work::RenameDataSpace(id, name) => {
            Reply::Renamed(connector.rename_data_space(&id, &name).await.map(|_| connector.overview()))
        }
        Work::SelectDataSpace(id, typed) => Reply::Selected(connector.select_data_space(&id, typed.as_deref()).await),
        Work::LoadCounts => Reply::Counts(connector.source_feeds().await),
        Work::LoadLedger => {
            let read = move || Ok((connector.ledger_summary()?, connector.failures(None, FAILURES_KEPT)?));
            Reply::Ledger(blocking(read).await)
        }
        Work::LoadHealth => Reply::Health(connector.health().await),
        Work::Estimate => Reply::Estimate(connector.estimate(&[]).await),
        Work::Diagnose => {
            diagnose(&connector, &news).await;
            Reply::Diagnosed
        }
        Work::LoadServices => Reply::Services(connector.services().await),
        Work::Ims(work) => Reply::Ims(ims::perform(&connector, work).await),
        Work::Items(work) => Reply::Items(items::perform(connector, work, hold, &news).await),
        Work::StartExport(request) => match connector.start_export(request).await {
            Ok(run) => return follow(run, None, &news).await,
            // Another process exports already: then its run is what the person wants to see.
            Err(problem) if problem.exit == Exit::Locked => match connector.attach().await {
                Some((about, run)) => return follow(run, Some(about), &news).await,
                None => Reply::RunStarted(Err(problem)),
            },
            Err(problem) => Reply::RunStarted(Err(problem)),
        },
        Work::Attach => match connector.attach().await {
            Some((about, run)) => return follow(run, Some(about), &news).await,
            None => return,
        },
    };
    tell(&news, Event::Reply(reply)).await;
}

/// Runs what may block on a thread where that does no harm. A panic in it is a panic of the task, as if it ran here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: the runtime is going away, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

async fn tell(news: &mpsc::Sender<News>, event: Event) {
    // If nobody listens any more, the screen is closed.
    let _ = news.send(News::event(event)).await;
}

/// Tells each check of the doctor as soon as it is done.
async fn diagnose(connector: &Connector, news: &mpsc::Sender<News>) {
    // The doctor does not wait for who listens; there are a few dozen checks, so what waits here stays small.
    let (reported, mut checks) = mpsc::unbounded_channel();
    let doctor = connector.doctor(move |check| {
        // The receiver lives until the doctor is done.
        let _ = reported.send(check.clone());
    });
    let listen = async {
        while let Some(check) = checks.recv().await {
            tell(news, Event::Reply(Reply::Checked(check))).await;
        }
    };
    tokio::join!(doctor, listen);
}

/// Brings the news of a run to the loop until it has ended; `about` says whose it is, if it is another process's. However slow the
/// loop is, the export never waits for it.
async fn follow(run: Run, about: Option<About>, news: &mpsc::Sender<News>) {
    let Run { progress, mut events, control, report } = run;
    // As in `tell`: without a listener there is nobody to tell, but the run continues.
    let _ = news.send(News::Run(RunHandle { progress, control })).await;
    let started = match about {
        Some(about) => Reply::Attached(Box::new(about)),
        None => Reply::RunStarted(Ok(())),
    };
    tell(news, Event::Reply(started)).await;
    let mut waiting = WaitingNews::default();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => waiting.push(event),
                None => break,
            },
            permit = news.reserve(), if !waiting.is_empty() => {
                let event = waiting.take();
                if let Ok(permit) = permit {
                    permit.send(News::event(event));
                }
            }
        }
    }
    if !waiting.is_empty() {
        tell(news, waiting.take()).await;
    }
    let result = match report.await {
        Ok(result) => result.map_err(|error| Problem::of(&error)),
        Err(_) => Err(Problem::new(Exit::Other, "internal error: the run failed")
            .hint("see the log in the state directory; recorded items are safe")),
    };
    tell(news, Event::RunEnded(result)).await;
}

/// Lifecycle events that the loop has not taken yet.
#[derive(Debug, Default)]
struct WaitingNews {
    news: VecDeque<RunEvent>,
    skipped: u64,
}

impl WaitingNews {
    /// Keeps an event. When there are too many, the oldest refused item gives way: it is in the ledger and in the
    /// counters. Nothing else does, and there is little else.
    fn push(&mut self, event: RunEvent) {
        self.news.push_back(event);
        if self.news.len() > RUN_NEWS_KEPT
            && let Some(oldest) = self.news.iter().position(|event| matches!(event, RunEvent::ItemFailed(_)))
        {
            self.news.remove(oldest);
            self.skipped += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.news.is_empty()
    }

    fn take(&mut self) -> Event {
        Event::Run { news: std::mem::take(&mut self.news).into(), skipped: std::mem::take(&mut self.skipped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Feed;
    use crate::domain::KeysRemedy;
    use crate::export::progress::{ItemFailure, ItemState};

    fn failure(number: usize) -> RunEvent {
        RunEvent::ItemFailed(ItemFailure {
            feed: Feed::Products,
            label: format!("sku-{number}").as_str().into(),
            state: ItemState::NeedsAttention,
            message: "no".into(),
            code: "".into(),
            request_id: None,
        })
    }

    #[test]
    fn a_flood_of_refused_items_pushes_nothing_else_out() {
        let mut waiting = WaitingNews::default();
        waiting.push(RunEvent::KeysRefused { message: "no".into(), remedy: KeysRemedy::CheckKeys, request_id: None });
        for number in 0..RUN_NEWS_KEPT + 10 {
            waiting.push(failure(number));
        }
        let Event::Run { news, skipped } = waiting.take() else { panic!("not run news") };
        assert_eq!(news.len(), RUN_NEWS_KEPT);
        assert_eq!(skipped, 11);
        assert!(matches!(news.first(), Some(RunEvent::KeysRefused { .. })));
        assert_eq!(news.last(), Some(&failure(RUN_NEWS_KEPT + 9)));
        assert!(waiting.is_empty());
    }
}
