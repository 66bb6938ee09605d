//! The loop, and nothing else: takes one event at a time, lets the state change, hands effects on, draws when due.

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Zoned;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::attach::About;
use crate::connector::{Connector, ExportRequest};
use crate::error::Problem;
use crate::export::control::Command;
use crate::export::progress::{Progress, RunReport};
use crate::private_file::safe;
use crate::tui::curtain::Curtain;
use crate::tui::draw;
use crate::tui::model::{Event, State};
use crate::tui::panes::export::requests::RunHandle;
use crate::tui::panes::export::run::{RunHost, RunState};
use crate::tui::panes::{Effect, News, Now};
use crate::tui::runtime::clipboard;
use crate::tui::runtime::frames::{Frames, Reason};
use crate::tui::runtime::input::{Input, Keyboard};
use crate::tui::runtime::screen::Screen;
use crate::tui::runtime::signals::{Asked, Signals};
use crate::tui::runtime::terminal::TerminalGuard;
use crate::tui::runtime::worker::Workers;
use crate::tui::theme::Theme;

/// How often clocks move while a run is active.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a suspension may take to happen. A process group without a shell above it is never stopped.
const SUSPEND_PATIENCE: Duration = Duration::from_millis(200);
/// How long the terminal may take the last frame before it is given back.
const LAST_FRAME_PATIENCE: Duration = Duration::from_millis(500);

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The person left, or asked by a signal to leave.
    Left,
    TerminalGone,
}

/// How the screen ended.
#[derive(Debug)]
pub struct Ended {
    /// The last run's end, if one was started.
    pub run: Option<Result<RunReport, Problem>>,
    /// Whether the person did not choose the end: a signal, or a terminal that is gone.
    pub is_interrupted: bool,
    /// The run that continues without this screen, if there is one.
    pub left_alone: Option<LeftAlone>,
    /// Where unsaved keys are kept, if there are any; or why they could not be.
    pub kept: Option<Result<PathBuf, Problem>>,
    /// The context to which the person switches.
    pub switch_to: Option<String>,
}

/// A run that continues without its screen.
#[derive(Debug)]
pub enum LeftAlone {
    /// Its process is still opening keys, source and ledger.
    Starting,
    Running(Box<About>),
}

/// Everything the loop holds.
pub struct App {
    state: State,
    theme: Theme,
    frames: Frames,
    begun: Instant,
    connector: Connector,
    workers: Workers,
    signals: Signals,
    clipboard: clipboard::Path,
    /// Whether the mouse is taken.
    mouse: bool,
    run: Option<RunHandle>,
    /// What the run is to be asked as soon as its handle arrives.
    commands: Vec<Command>,
    last_run: Option<Result<RunReport, Problem>>,
    is_interrupted: bool,
    switch_to: Option<String>,
}

impl App {
    /// Puts the parts together; nothing happens yet.
    #[must_use]
    pub fn new(
        state: State,
        theme: Theme,
        frames: Frames,
        connector: Connector,
        workers: Workers,
        signals: Signals,
        clipboard: clipboard::Path,
    ) -> Self {
        Self {
            state,
            theme,
            frames,
            begun: Instant::now(),
            workers,
            mouse: connector.ui().mouse,
            connector,
            signals,
            clipboard,
            run: None,
            commands: Vec::new(),
            last_run: None,
            is_interrupted: false,
            switch_to: None,
        }
    }

    /// Runs until the person leaves or the terminal is gone; a run in a process of its own continues. `curtain` is what has the
    /// terminal already.
    ///
    /// # Errors
    /// If there is no terminal to begin with.
    pub async fn run(
        mut self,
        start_export: Option<ExportRequest>,
        curtain: Option<Curtain>,
    ) -> std::io::Result<Ended> {
        let (guard, mut screen) = match curtain {
            Some(curtain) => curtain.raise().await,
            None => (TerminalGuard::take(self.mouse)?, Screen::open(self.mouse)?),
        };
        // The first paint waits for nothing, not even for the threads.
        screen.draw(|frame| draw::draw(frame, &self.state, self.theme))?;
        self.frames.drawn(Instant::now());
        let mut keyboard = Keyboard::start()?;
        let effects = self.state.begin(start_export, &self.now());
        let end = match self.perform(effects, &guard, &mut screen).await {
            Some(end) => end,
            None => self.turn(&guard, &mut screen, &mut keyboard).await,
        };
        let kept = self.keep_unsaved();
        match end {
            End::Left => {
                // The terminal is given back from where it was taken.
                let _ = screen.come_back();
                screen.settle(LAST_FRAME_PATIENCE).await;
                drop(guard);
            }
            End::TerminalGone => {
                self.is_interrupted = true;
                guard.let_go();
            }
        }
        let left_alone = match self.state.export.run {
            RunState::Starting if !self.state.export.ends_with_screen() => Some(LeftAlone::Starting),
            RunState::Active(run) => match run.host {
                RunHost::Own(about) | RunHost::Other(about) => Some(LeftAlone::Running(about)),
                RunHost::Screen => None,
            },
            _ => None,
        };
        Ok(Ended {
            run: self.last_run,
            is_interrupted: self.is_interrupted,
            left_alone,
            kept,
            switch_to: self.switch_to,
        })
    }

    async fn turn(&mut self, guard: &TerminalGuard, screen: &mut Screen, keyboard: &mut Keyboard) -> End {
        self.frames.request(Reason::News, Instant::now());
        let mut clock: Option<Instant> = None;
        loop {
            clock = match (self.state.has_clock(), clock) {
                (true, None) => Some(Instant::now() + CLOCK_INTERVAL),
                (true, running) => running,
                (false, _) => None,
            };
            // Newer counters are looked at when they can be shown, so they come at the pace of frames.
            let may_look = self.frames.due().is_none();
            let due = if screen.is_writing() || screen.is_aside() { None } else { self.frames.due() };
            let (event, reason) = tokio::select! {
                biased;
                asked = self.signals.next() => match asked {
                    Asked::Terminate => {
                        self.is_interrupted = true;
                        // At once: whoever asks once may kill next.
                        let _ = self.keep_unsaved();
                        (Event::Terminate, Reason::News)
                    }
                    Asked::HangUp => return End::TerminalGone,
                    Asked::Continue => {
                        if screen.come_back().and_then(|()| Self::repaint(guard, screen)).is_err() {
                            return End::TerminalGone;
                        }
                        self.frames.request(Reason::News, Instant::now());
                        continue;
                    }
                },
                input = keyboard.next() => match input {
                    None => return End::TerminalGone,
                    // Whatever is pressed while a plain text is shown only ends that.
                    Some(Input::Key(_) | Input::Paste(_) | Input::Click(..) | Input::Wheel { .. }) if screen.is_aside() => {
                        if screen.come_back().is_err() {
                            return End::TerminalGone;
                        }
                        self.frames.request(Reason::Answer, Instant::now());
                        continue;
                    }
                    Some(Input::Key(key)) => (Event::Key(key), Reason::Answer),
                    Some(Input::Paste(text)) => (Event::Paste(text), Reason::Answer),
                    Some(Input::Click(column, row)) => (Event::Click(screen.click(column, row)), Reason::Answer),
                    Some(Input::Wheel { is_up }) => (Event::Wheel { is_up }, Reason::Answer),
                    Some(Input::Resize) => {
                        self.frames.request(Reason::News, Instant::now());
                        continue;
                    }
                },
                written = screen.written() => match written {
                    Ok(()) => continue,
                    Err(_) => return End::TerminalGone,
                },
                () = until(due) => {
                    if screen.draw(|frame| draw::draw(frame, &self.state, self.theme)).is_err() {
                        return End::TerminalGone;
                    }
                    self.frames.drawn(Instant::now());
                    continue;
                }
                news = self.workers.next() => match self.take_news(news) {
                    Some(event) => (event, Reason::News),
                    None => continue,
                },
                progress = newer(self.run.as_mut()), if may_look => (Event::Progress(progress), Reason::News),
                () = until(clock) => {
                    clock = None;
                    (Event::Clock, Reason::News)
                }
            };
            let effects = self.state.update(event, &self.now());
            self.frames.request(reason, Instant::now());
            self.forget_saved();
            if let Some(end) = self.perform(effects, guard, screen).await {
                return end;
            }
        }
    }

    fn now(&self) -> Now {
        Now { wall: Zoned::now(), uptime: self.begun.elapsed() }
    }

    /// Keeps what is not saved for the next screen; where it is then, or why it could not be kept. `None` if there is nothing.
    fn keep_unsaved(&mut self) -> Option<Result<PathBuf, Problem>> {
        self.forget_saved();
        let halves = self.state.unsaved_halves();
        if halves.is_empty() {
            return None;
        }
        let file = self.state.unsaved.file.as_deref();
        let kept = tokio::task::block_in_place(|| self.connector.keep_unsaved(&halves, file));
        match &kept {
            Ok(file) => {
                tracing::info!(file = %safe(file), "unsaved keys stored");
                self.state.unsaved.file = Some(file.clone());
            }
            Err(problem) => tracing::error!(%problem, "unsaved keys cannot be stored"),
        }
        Some(kept)
    }

    /// Deletes what is kept of keys that are saved now, or that nobody wants.
    fn forget_saved(&mut self) {
        if self.state.has_unsaved() {
            return;
        }
        let Some(file) = self.state.unsaved.file.take() else { return };
        if let Err(problem) = tokio::task::block_in_place(|| self.connector.forget_unsaved(&file)) {
            let now = self.now();
            self.state.notices.problem(&problem, &now.wall);
        }
    }

    /// Takes what is for the loop out of the news; the rest is for the state.
    fn take_news(&mut self, news: News) -> Option<Event> {
        match news {
            News::Run(handle) => {
                self.run = Some(handle);
                for command in std::mem::take(&mut self.commands) {
                    self.command(command);
                }
                None
            }
            News::Reply(reply) => Some(Event::Reply(*reply)),
            News::Happened { news, skipped } => Some(Event::Run { news, skipped }),
            News::Ended(result) => {
                // The last counters of all are in the report.
                self.run = None;
                self.commands.clear();
                self.last_run = Some((*result).clone());
                Some(Event::RunEnded(*result))
            }
            News::WorkerBroke => Some(Event::WorkerBroke),
        }
    }

    /// Tells the run, or keeps it for when there is one.
    fn command(&mut self, command: Command) {
        match &self.run {
            // The state offers nothing out of bounds; if it did, nothing changes, and the counters show that.
            Some(run) => drop(run.control.apply(&command, None)),
            None => self.commands.push(command),
        }
    }

    async fn perform(&mut self, effects: Vec<Effect>, guard: &TerminalGuard, screen: &mut Screen) -> Option<End> {
        for effect in effects {
            match effect {
                Effect::Work(work) => {
                    if self.workers.take_on(work).is_err() {
                        let now = self.now();
                        self.state.update(Event::Busy, &now);
                    }
                }
                Effect::Run(command) => self.command(command),
                Effect::Quit => return Some(End::Left),
                Effect::SwitchContext(name) => {
                    self.switch_to = Some(name);
                    return Some(End::Left);
                }
                Effect::Repaint => {
                    if screen.forget().is_err() {
                        return Some(End::TerminalGone);
                    }
                }
                Effect::Copy(text) => {
                    let written = match self.clipboard.sequence(&text) {
                        Ok(sequence) => screen.send(sequence.into_bytes()).map(|()| Ok(self.clipboard)),
                        Err(too_long) => Ok(Err(too_long)),
                    };
                    let Ok(result) = written else { return Some(End::TerminalGone) };
                    let now = self.now();
                    self.state.update(Event::Copied { name: text.name().to_owned(), result }, &now);
                }
                Effect::ShowPlain(text) => {
                    if screen.step_aside(&text).is_err() {
                        return Some(End::TerminalGone);
                    }
                }
                Effect::Suspend => {
                    if self.suspend(guard, screen).await.is_err() {
                        return Some(End::TerminalGone);
                    }
                }
            }
        }
        None
    }

    /// Gives the terminal back and stops, like any program on Ctrl-Z, until the shell lets it continue. Workers stop too: the whole
    /// process does, but not a run in a process of its own.
    async fn suspend(&mut self, guard: &TerminalGuard, screen: &mut Screen) -> std::io::Result<()> {
        screen.settle(LAST_FRAME_PATIENCE).await;
        guard.give_back();
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        // The signal may reach another thread first, so wait until it did: then time stands still until SIGCONT.
        let _ = timeout(SUSPEND_PATIENCE, self.signals.resumed()).await;
        Self::repaint(guard, screen)
    }

    /// Takes the terminal as if anything could have happened to it.
    fn repaint(guard: &TerminalGuard, screen: &mut Screen) -> std::io::Result<()> {
        guard.retake()?;
        screen.forget()
    }
}

/// Sleeps until then; for ever if there is no then.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}

/// The next newer counters; never, if there is no run or it will tell nothing more.
async fn newer(run: Option<&mut RunHandle>) -> Progress {
    match run {
        Some(RunHandle { progress, .. }) => next_of(progress).await,
        None => pending().await,
    }
}

async fn next_of(progress: &mut watch::Receiver<Progress>) -> Progress {
    match progress.changed().await {
        Ok(()) => progress.borrow_and_update().clone(),
        Err(_) => pending().await,
    }
}
