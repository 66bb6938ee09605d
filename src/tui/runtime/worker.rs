//! Workers: each request of a pane becomes one call of the connector on a task of its own, and its result comes back as news.
//!
//! It knows the connector, and must never know what is drawn. The loop never waits for anything in here.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::changes::Change;
use crate::connector::{Connector, Overview, Processes};
use crate::error::Problem;
use crate::tui::contexts::ContextCheck;
use crate::tui::panes::items::requests::Searches;
use crate::tui::panes::{Answers, News, Reply, Work, blocking, export, items, keys, organization, overview, saas};

/// How much work may wait for a worker. More than a person can ask for; past it the screen says so.
const WORK_QUEUE: usize = 16;
/// How much news may wait for the loop. Past it the workers wait, never the export.
const NEWS_QUEUE: usize = 32;

/// How often the configuration file is looked at. A person who saved it looks up within this time; a look is one system call.
const LOOK_EVERY: Duration = Duration::from_secs(2);

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
    /// Starts them on the current tokio runtime. `processes` is what they start in processes of their own.
    #[must_use]
    pub fn start(connector: Connector, processes: Processes, contexts: ContextCheck) -> Self {
        let (queue, work) = mpsc::channel(WORK_QUEUE);
        let (answers, news) = mpsc::channel(NEWS_QUEUE);
        let answers = Answers::new(answers);
        tokio::spawn(watch_configuration(connector.clone(), answers.clone()));
        tokio::spawn(dispatch(connector, processes, contexts, work, answers));
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

/// Has the configuration read again whenever its file changed, until nobody listens any more.
async fn watch_configuration(connector: Connector, answers: Answers) {
    let path = connector.overview().config_path;
    let look = move || {
        let path = path.clone();
        blocking(move || Stamp::of(&path))
    };
    let mut known = look().await;
    while !answers.is_closed() {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = look().await;
        if now != known {
            known = now;
            answers.tell(Reply::Reloaded(reload(&connector).await)).await;
        }
    }
}

async fn reload(connector: &Connector) -> Result<(Overview, Vec<Change>), Problem> {
    let changes = connector.reload().await?;
    Ok((connector.overview(), changes))
}

/// By what a file is known to be the same: its inode, size and time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(Option<(u64, u64, i64, i64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let meta = std::fs::metadata(path).ok();
        Self(meta.map(|meta| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec())))
    }
}

async fn dispatch(
    connector: Connector,
    processes: Processes,
    contexts: ContextCheck,
    mut queue: mpsc::Receiver<Work>,
    answers: Answers,
) {
    let mut tasks = JoinSet::new();
    let mut searches = Searches::default();
    loop {
        tokio::select! {
            work = queue.recv() => {
                let Some(work) = work else { return };
                let hold = match work {
                    Work::Items(ref work) => searches.begin(work),
                    Work::CheckContext(name) => {
                        tasks.spawn(check_context(contexts.clone(), name, answers.clone()));
                        continue;
                    }
                    _ => CancellationToken::new(),
                };
                tasks.spawn(perform(connector.clone(), processes.clone(), work, hold, answers.clone()));
            }
            Some(ended) = tasks.join_next() => {
                if ended.is_err() {
                    answers.news(News::WorkerBroke).await;
                }
            }
        }
    }
}

async fn check_context(contexts: ContextCheck, name: String, answers: Answers) {
    let result = blocking(move || contexts.ask(&name).map(|()| name)).await;
    answers.tell(Reply::Context(result)).await;
}

async fn perform(connector: Connector, processes: Processes, work: Work, hold: CancellationToken, answers: Answers) {
    let was_loaded = connector.ensure_loaded().await;
    let reply = match work {
        Work::Reload => Reply::Reloaded(reload(&connector).await),
        // Done above: it needs no settings of this context.
        Work::CheckContext(_) => return,
        Work::Overview(work) => Reply::Home(overview::requests::perform(connector, work).await),
        Work::Keys(work) => Reply::Keys(keys::requests::perform(connector, work, was_loaded, &answers).await),
        Work::Saas(work) => Reply::Saas(saas::requests::perform(connector, work).await),
        Work::Ims(work) => Reply::Ims(organization::requests::perform(&connector, work).await),
        Work::Items(work) => Reply::Items(items::requests::perform(connector, work, hold, &answers).await),
        Work::Export(work) => match export::requests::perform(connector, work, &processes, &answers).await {
            Some(reply) => Reply::Export(reply),
            None => return,
        },
    };
    answers.tell(reply).await;
}
