//! The screen: one event in, effects out, state read-only while drawing.
//!
//! It calls [`crate::connector::Connector`] from worker tasks only, and must never do I/O while updating or drawing.

mod app;
mod contexts;
mod curtain;
pub mod draw;
pub mod keymap;
pub mod model;
pub mod panes;
pub mod remedy;
pub mod runtime;
pub mod theme;
pub mod widgets;

use std::io::Write as _;

use crate::connector::{Connector, ExportRequest, Processes, RunPlace};
use crate::error::{Exit, Problem};
use crate::export::report_text::closing_line;
use crate::tui::app::LeftAlone;
pub use crate::tui::contexts::{ContextCheck, ScreenContexts};
pub use crate::tui::curtain::Curtain;
use crate::tui::model::State;
use crate::tui::panes::Pane;
use crate::tui::runtime::worker::Workers;
use crate::tui::runtime::{clipboard, frames, signals, terminal};
use crate::tui::theme::Theme;

/// How the screen opens.
#[derive(Debug)]
pub struct Options {
    /// What it starts in processes of their own.
    pub processes: Processes,
    /// What has the terminal already, since something had to be made ready.
    pub curtain: Option<Curtain>,
    /// An export to start at once, in front.
    pub start_export: Option<ExportRequest>,
    /// What went wrong before the screen opened, and has to be reported on it.
    pub problem: Option<Problem>,
    pub contexts: ScreenContexts,
}

/// How the screen was closed.
#[derive(Debug)]
pub struct Closed {
    /// [`Exit::Done`] for a person who leaves, the end of the export where [`Options`] started one, and [`Exit::Interrupted`] after
    /// a signal or a terminal that went away.
    pub exit: Exit,
    /// The context in which a screen is to be opened now.
    pub switch_to: Option<String>,
}

impl Options {
    /// The screen and nothing else.
    #[must_use]
    pub fn new(processes: Processes) -> Self {
        Self { processes, curtain: None, start_export: None, problem: None, contexts: ScreenContexts::default() }
    }
}

/// Runs the screen until the person leaves, and gives the terminal back whatever happens.
///
/// # Errors
/// A [`Problem`] if standard input and output are no terminal.
pub async fn run(connector: Connector, options: Options) -> Result<Closed, Problem> {
    let was_asked_to_export = options.start_export.is_some();
    let ui = connector.ui();
    let logs = crate::logging::directory(&connector.overview().state_dir);
    // Always the same first screen: it says into which data space this would send before any key can start something.
    let mut state = State::new(connector.overview(), Pane::Overview);
    state.export.keeps_runs = matches!(options.processes.runs, RunPlace::ThisProcess);
    let here = std::env::current_dir().ok();
    state.home.shop_here = here.as_deref().and_then(crate::connector::setup::installation_around);
    if let Some(problem) = &options.problem {
        state.notices.problem(problem, &jiff::Zoned::now());
    }
    let variable = |name: &str| std::env::var(name).ok();
    let frames = frames::Frames::new(variable("SSH_CONNECTION").is_some());
    let no_screen = |error: std::io::Error| {
        Problem::new(Exit::Other, format!("cannot open the screen: {error}"))
            .hint("run it in a terminal, or use a command: `commerce-connector --help`")
    };
    let signals = signals::Signals::listen().map_err(no_screen)?;
    terminal::install_panic_hook();
    match tokio::task::block_in_place(|| connector.kept_unsaved()) {
        Ok(Some(kept)) => state.offer_kept(kept),
        Ok(None) => {}
        Err(problem) => state.notices.problem(&problem, &jiff::Zoned::now()),
    }
    let clipboard = clipboard::Path::from_environment(variable);
    let theme = Theme::from_environment(variable).set(&ui, true);
    state.contexts = options.contexts.clone();
    let workers = Workers::start(connector.clone(), options.processes, options.contexts.check);
    let app = app::App::new(state, theme, frames, connector, workers, signals, clipboard);
    let ended = app.run(options.start_export, options.curtain).await.map_err(no_screen)?;
    // Whoever reads the shell's side of the terminal later sees what came of it, also after a signal.
    if let Some(run) = &ended.run {
        let line = match run {
            Ok(report) => closing_line(report),
            Err(problem) => format!("Export failed: {problem}"),
        };
        let _ = writeln!(std::io::stdout(), "{line}; log in {}", crate::private_file::safe(&logs));
    }
    if let Some(run) = &ended.left_alone {
        let what = match run {
            LeftAlone::Starting => "Export starting in the background.".to_owned(),
            LeftAlone::Running(about) => {
                format!("{} running in the background ({}).", about.request, about.owner.address())
            }
        };
        // Whoever left reads it, or has left already.
        let _ = writeln!(
            std::io::stdout(),
            "{what}\nFollow: `commerce-connector export status --watch`, or a new screen.\nStop: `commerce-connector export stop`."
        );
    }
    // As above. What could not be kept is lost with this process, so that is said wherever somebody may read it.
    match &ended.kept {
        Some(Ok(file)) => {
            let file = crate::private_file::safe(file);
            let _ = writeln!(std::io::stdout(), "Unsaved keys stored in {file}; the next start asks about them.");
        }
        Some(Err(problem)) => {
            let _ = writeln!(std::io::stderr(), "Unsaved keys could not be stored: {problem}");
        }
        None => {}
    }
    let exit = match ended.run {
        _ if ended.is_interrupted => Exit::Interrupted,
        Some(Ok(report)) if was_asked_to_export => report.exit(),
        Some(Err(problem)) if was_asked_to_export => problem.exit,
        _ => Exit::Done,
    };
    Ok(Closed { exit, switch_to: ended.switch_to })
}
