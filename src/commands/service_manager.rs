//! What systemd is told of a watch: that it has begun, how it stands, and that it is alive. Without systemd nothing is told.

use std::future::pending;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::connector::WatchNews;
use crate::export::report_text::closing_line;

/// When the service manager that started this process (`NOTIFY_SOCKET`) wants to hear that it is alive.
pub struct Watchdog {
    /// Twice as often as it wants to be told (`WatchdogSec`).
    ticks: Option<Interval>,
}

impl Watchdog {
    /// Waits until it is time to say [`alive`]; for ever where nobody wants to hear it.
    pub async fn is_time(&mut self) {
        match &mut self.ticks {
            Some(ticks) => {
                ticks.tick().await;
            }
            None => pending().await,
        }
    }
}

/// Says that the watch has begun.
pub fn ready() -> Watchdog {
    tell(&[NotifyState::Ready, NotifyState::Status("First pass")]);
    let every = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
    Watchdog { ticks: every.map(|limit| ticks(limit / 2)) }
}

/// Says that the loop goes on.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// Says how the watch stands, and when it reads its settings again (`systemctl reload`).
pub fn news(news: &WatchNews) {
    match news {
        WatchNews::Reloading => match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "no monotonic clock"),
        },
        WatchNews::Reloaded { .. } => tell(&[NotifyState::Ready]),
        _ => {}
    }
    if let Some(status) = status(news) {
        tell(&[NotifyState::Status(&status)]);
    }
}

/// Says that the watch ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("Stopping after the batches in flight")]);
}

/// How the watch stands, in one line; `None` where that has not changed.
fn status(news: &WatchNews) -> Option<String> {
    match news {
        WatchNews::Pass(report) => Some(closing_line(report)),
        WatchNews::Failing { problem, .. } => Some(format!("Failing: {}", problem.what)),
        WatchNews::Recovered => Some("Working again".to_owned()),
        WatchNews::StandingBy { holder } => Some(format!("Standing by for {holder}")),
        WatchNews::Event(_)
        | WatchNews::Warning(_)
        | WatchNews::SettingsChanged(_)
        | WatchNews::Reloading
        | WatchNews::Reloaded { .. } => None,
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// A service manager that cannot be told is no reason to end.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
