//! Workers: each request of a pane becomes one call of the connector on a task of its own, and its result comes back as news.
//!
//! It knows the connector, and must never know what is drawn. The loop never waits for anything in here.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::connector::Connector;
use crate::tui::panes::items::requests::Searches;
use crate::tui::panes::{Answers, News, Reply, Work, export, items, keys, organization, overview, saas};

/// How much work may wait for a worker. More than a person can ask for; past it the screen says so.
const WORK_QUEUE: usize = 16;
/// How much news may wait for the loop. Past it the workers wait, never the export.
const NEWS_QUEUE: usize = 32;

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
        let (answers, news) = mpsc::channel(NEWS_QUEUE);
        tokio::spawn(dispatch(connector, work, Answers::new(answers)));
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

async fn dispatch(connector: Connector, mut queue: mpsc::Receiver<Work>, answers: Answers) {
    let mut tasks = JoinSet::new();
    let mut searches = Searches::default();
    loop {
        tokio::select! {
            work = queue.recv() => {
                let Some(work) = work else { return };
                let hold = match &work {
                    Work::Items(work) => searches.begin(work),
                    _ => CancellationToken::new(),
                };
                tasks.spawn(perform(connector.clone(), work, hold, answers.clone()));
            }
            Some(ended) = tasks.join_next() => {
                if ended.is_err() {
                    answers.news(News::WorkerBroke).await;
                }
            }
        }
    }
}

async fn perform(connector: Connector, work: Work, hold: CancellationToken, answers: Answers) {
    let was_loaded = connector.ensure_loaded().await;
    let reply = match work {
        Work::Overview(work) => Reply::Home(overview::requests::perform(connector, work).await),
        Work::Keys(work) => Reply::Keys(keys::requests::perform(connector, work, was_loaded, &answers).await),
        Work::Saas(work) => Reply::Saas(saas::requests::perform(connector, work).await),
        Work::Ims(work) => Reply::Ims(organization::requests::perform(&connector, work).await),
        Work::Items(work) => Reply::Items(items::requests::perform(connector, work, hold, &answers).await),
        Work::Export(work) => match export::requests::perform(connector, work, &answers).await {
            Some(reply) => Reply::Export(reply),
            None => return,
        },
    };
    answers.tell(reply).await;
}
