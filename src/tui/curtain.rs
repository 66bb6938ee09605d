//! What a terminal shows while that is made ready which the screen needs, such as the keys of the demo's gateway.

use std::time::Duration;

use ratatui::layout::{Constraint, Layout};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::config::UiSection;
use crate::tui::runtime::screen::Screen;
use crate::tui::runtime::signals::{Asked, Signals};
use crate::tui::runtime::terminal::TerminalGuard;
use crate::tui::theme::{Role, Theme};

/// How long the terminal may take the frame before the screen takes over.
const PATIENCE: Duration = Duration::from_millis(500);

/// A taken terminal with one sentence on it; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Curtain {
    guard: TerminalGuard,
    screen: Screen,
    signals: Signals,
}

impl Curtain {
    /// Takes the terminal and says what is being made ready.
    ///
    /// # Errors
    /// If there is no terminal.
    pub fn lower(title: &str, text: &str, ui: &UiSection) -> std::io::Result<Self> {
        let theme = Theme::from_environment(|name| std::env::var(name).ok()).set(ui, true);
        // Before the terminal is taken: no signal ends this process while it has it.
        let signals = Signals::listen()?;
        let guard = TerminalGuard::take(ui.mouse)?;
        let mut screen = Screen::open(ui.mouse)?;
        screen.draw(|frame| {
            let [_, row, below, _] = Layout::vertical([
                Constraint::Fill(1),
                Constraint::Length(1),
                Constraint::Length(1),
                Constraint::Fill(1),
            ])
            .areas(frame.area());
            frame.render_widget(Paragraph::new(Line::styled(title, theme.style(Role::Title))).centered(), row);
            frame.render_widget(Paragraph::new(Line::styled(text, theme.style(Role::Text))).centered(), below);
            theme.fold(frame.buffer_mut());
        })?;
        Ok(Self { guard, screen, signals })
    }

    /// Waits for what is being made ready; `None` if a signal asks to leave first. Keys are read by the screen afterwards.
    pub async fn hold<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                asked = self.signals.next() => match asked {
                    Asked::Terminate | Asked::HangUp => return None,
                    Asked::Continue => {}
                },
                done = &mut work => return Some(done),
            }
        }
    }

    /// Hands the terminal over.
    pub(super) async fn raise(mut self) -> (TerminalGuard, Screen) {
        self.screen.settle(PATIENCE).await;
        (self.guard, self.screen)
    }
}
