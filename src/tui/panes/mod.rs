//! The panes, one folder each, and what they share: what a pane may reach ([`Cx`]), what it can ask for ([`Effect`]), and what
//! it tells the others ([`Message`]).
//!
//! A pane must never know the whole screen, nor another pane's inside: what it reaches shows in its signatures.

mod cx;
pub mod export;
pub mod items;
pub mod keys;
pub mod organization;
pub mod overview;
pub mod saas;
pub mod tabs;

use std::time::Duration;

use jiff::Zoned;
use tokio::sync::mpsc;

use crate::config::changes::Change;
use crate::connector::{ExportRequest, Overview};
use crate::domain::Environment;
use crate::error::Problem;
use crate::export::control::Command;
use crate::export::progress::{RunEvent, RunReport};
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::widgets::copyable::Copyable;

pub use crate::tui::panes::cx::Cx;

/// How far a page key moves, in rows.
const PAGE_STEP: usize = 10;

/// The panes, in the order of their digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// What is done, and what comes next.
    #[default]
    Overview,
    /// Key pairs.
    Keys,
    /// Projects and data spaces.
    Saas,
    /// Signing in and the IMS organization.
    Organization,
    /// Feeds and the run.
    Export,
}

impl Pane {
    /// All of them.
    pub const ALL: [Pane; 5] = [Pane::Overview, Pane::Keys, Pane::Saas, Pane::Organization, Pane::Export];

    /// As Adobe's own pages call it.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Overview => "Overview",
            Pane::Keys => "Keys",
            Pane::Saas => "SaaS identifier",
            Pane::Organization => "IMS organization",
            Pane::Export => "Data export",
        }
    }

    /// A shorter title, for where not all of them fit.
    pub fn short_title(self) -> &'static str {
        match self {
            Pane::Overview => "Overview",
            Pane::Keys => "Keys",
            Pane::Saas => "SaaS",
            Pane::Organization => "IMS",
            Pane::Export => "Export",
        }
    }

    /// Where its keys are valid; the first page of those that have several.
    pub fn place(self) -> KeyContext {
        match self {
            Pane::Overview => KeyContext::Overview,
            Pane::Keys => KeyContext::Keys,
            Pane::Saas => KeyContext::Saas,
            Pane::Organization => KeyContext::Organization,
            Pane::Export => KeyContext::Export,
        }
    }

    /// The one to the right; after the last comes the first.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// The one to the left.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}

/// The two clocks, read once for each event.
#[derive(Debug, Clone)]
pub struct Now {
    /// Local time with its zone, for showing.
    pub wall: Zoned,
    /// Since the screen began; never goes back.
    pub uptime: Duration,
}

/// How loading something went.
#[derive(Debug, Clone, Default)]
pub enum Load {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// It is being loaded.
    Loading,
    Done {
        /// Since when.
        at: Zoned,
    },
    /// It cannot be loaded; what was there before still is.
    Failed {
        /// Why.
        problem: Problem,
    },
}

impl Load {
    /// Whatever was waited for will not come.
    pub fn forget_pending(&mut self) {
        if matches!(self, Load::Loading) {
            *self = Load::NotAsked;
        }
    }
}

/// Moves a cursor over `rows` rows.
pub fn step(selected: &mut usize, rows: usize, action: Action) {
    let last = rows.saturating_sub(1);
    let wanted = match action {
        Action::Up => selected.saturating_sub(1),
        Action::Down => *selected + 1,
        Action::PageUp => selected.saturating_sub(PAGE_STEP),
        Action::PageDown => *selected + PAGE_STEP,
        Action::First => 0,
        Action::Last => last,
        _ => *selected,
    };
    *selected = wanted.min(last);
}

/// Something that the program must do because of an event. A pane says what; workers and the loop do it.
#[derive(Debug)]
pub enum Effect {
    /// For a worker, by the bounded queue.
    Work(Work),
    /// Tell the running export, or that is being started, what to do. Never queued.
    Run(Command),
    /// Leave the screen. Never queued.
    Quit,
    /// Leave the screen and open it in this context. Never queued.
    SwitchContext(String),
    /// Hand the terminal back to the shell until the person returns.
    Suspend,
    /// Draw everything again.
    Repaint,
    /// Put a text on the clipboard of the person's own computer; whether that worked comes back as an event.
    Copy(Copyable),
    /// Show a text without the screen around it, until a key is pressed, so that it can be selected whole.
    ShowPlain(Copyable),
}

/// What an update asks for, in order.
pub type Effects = Vec<Effect>;

/// What the panes can have a worker do: each is one call of the connector.
#[derive(Debug)]
pub enum Work {
    /// Read the configuration again, if its file changed.
    Reload,
    /// Look whether the screen can be opened in this context.
    CheckContext(String),
    Overview(overview::requests::OverviewWork),
    /// About key pairs.
    Keys(keys::requests::KeysWork),
    /// About projects and data spaces.
    Saas(saas::requests::SaasWork),
    /// About signing in and organizations.
    Ims(organization::requests::ImsWork),
    /// About feeds and the run.
    Export(export::requests::ExportWork),
    /// About the items of the ledger.
    Items(items::requests::ItemsWork),
}

/// What a worker answers.
#[derive(Debug)]
pub enum Reply {
    /// What is configured, now that Commerce's settings were read.
    Overview(Overview),
    /// The configuration file was read again: what changed in it, and what is configured now.
    Reloaded(Result<(Overview, Vec<Change>), Problem>),
    /// The screen can be opened in this context, or why not.
    Context(Result<String, Problem>),
    Home(overview::requests::OverviewReply),
    /// About key pairs.
    Keys(keys::requests::KeysReply),
    /// About projects and data spaces.
    Saas(saas::requests::SaasReply),
    /// About signing in and organizations.
    Ims(organization::requests::ImsReply),
    /// About feeds and the run.
    Export(export::requests::ExportReply),
    /// About the items of the ledger.
    Items(items::requests::ItemsReply),
}

macro_rules! work_of {
    ($($pane:ident: $work:ty),* $(,)?) => {
        $(impl From<$work> for Effect {
            fn from(work: $work) -> Self {
                Effect::Work(Work::$pane(work))
            }
        })*
    };
}
work_of! {
    Overview: overview::requests::OverviewWork,
    Keys: keys::requests::KeysWork,
    Saas: saas::requests::SaasWork,
    Ims: organization::requests::ImsWork,
    Export: export::requests::ExportWork,
    Items: items::requests::ItemsWork,
}

/// What workers tell the loop.
#[derive(Debug)]
pub enum News {
    /// A worker has something to say.
    Reply(Box<Reply>),
    /// A run was started: how to watch and how to stop it.
    Run(export::requests::RunHandle),
    /// Lifecycle news of the run, oldest first.
    Happened {
        news: Vec<RunEvent>,
        /// How many refused items are not among them, because they came faster than they could be taken.
        skipped: u64,
    },
    Ended(Box<Result<RunReport, Problem>>),
    WorkerBroke,
}

/// Where a worker puts what it has to say. If nobody listens any more, the screen is closed.
#[derive(Debug, Clone)]
pub struct Answers(mpsc::Sender<News>);

impl Answers {
    /// Into this queue.
    #[must_use]
    pub fn new(queue: mpsc::Sender<News>) -> Self {
        Self(queue)
    }

    /// Waits until the loop can take it.
    pub async fn tell(&self, reply: Reply) {
        self.news(News::Reply(Box::new(reply))).await;
    }

    /// Whether the screen is closed.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// As [`Self::tell`], for any news.
    pub async fn news(&self, news: News) {
        let _ = self.0.send(news).await;
    }

    /// What the loop can do without if it has too much to take already.
    pub fn offer(&self, reply: Reply) {
        let _ = self.0.try_send(News::Reply(Box::new(reply)));
    }

    /// A place for one piece of news that is chosen when there is room for it.
    ///
    /// # Errors
    /// If nobody listens any more.
    pub async fn reserve(&self) -> Result<mpsc::Permit<'_, News>, mpsc::error::SendError<()>> {
        self.0.reserve().await
    }
}

/// Runs what may block on a thread where that does no harm. A panic in it is a panic of the task, as if it ran here.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: the runtime is going away, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// A pane as it is drawn: what it knows, and what it may see of the rest.
#[derive(Debug)]
pub struct View<'a, P> {
    pub pane: &'a P,
    /// What is configured.
    pub overview: &'a Overview,
    /// When the last event was, in local time; `None` before the first.
    pub wall: Option<&'a Zoned>,
    /// What is saved of the pair in use.
    pub pair: PairInUse,
    /// Whether the screen closes as soon as the run has ended.
    pub leaving: bool,
}

impl<P> Clone for View<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for View<'_, P> {}

/// What a pane tells the others: what has changed for them, or what it has them do.
#[derive(Debug)]
pub enum Message {
    /// This pane comes to the front.
    Show(Pane),
    /// This is configured now.
    Settings(Overview),
    /// Something worked, and this is the notice of it, before what comes next.
    LeadOn(String),
    /// Both pairs were looked at, or projects were asked for with other keys: look up what is missing now.
    Complete,
    /// Another pair and its gateway are in use.
    GatewayChanged,
    /// The pair in use was replaced: what the old one saw may be more or less than what this one sees.
    KeysChanged,
    /// The gateway accepted or refused what is saved of a pair.
    GatewaySaid(Environment, Result<(), Problem>),
    /// The gateway took what this pair had signed.
    GatewayTook(Environment),
    /// Another data space is in use.
    DataSpaceChanged,
    /// Items come from elsewhere, perhaps with another gateway.
    SourceChanged {
        /// Whether the gateway is another one, too.
        is_other_gateway: bool,
    },
    /// Everything is looked up again.
    RefreshAll,
    /// The pair to work on.
    SelectPair(Environment),
    /// The list of services opens.
    ReadServices,
    /// The dialog of the support bundle opens.
    SupportBundle,
    /// When each data space received anything last is looked up again.
    LoadLastReceived,
    /// An export starts, after the questions that must be asked.
    Start(ExportRequest),
}

/// What is saved of the pair in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairInUse {
    /// It was not looked at yet.
    Unknown,
    /// A half is missing or unusable.
    Incomplete,
    /// Asking the gateway makes sense.
    Complete,
}
