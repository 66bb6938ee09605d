//! Pass after pass, with the wait between two, until somebody says stop. It knows nothing of what a pass does.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch as channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::WatchNews;
use crate::attach::WatchStatus;
use crate::error::Problem;
use crate::untrusted::SafeText;

/// The longest wait after failed passes, unless the time between two passes is longer still.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// What is done again and again.
pub(super) trait Pass: Send {
    /// Does it once.
    fn pass(&mut self) -> impl Future<Output = Result<Passed, Problem>> + Send;

    /// Reads the settings again, and gives whether any is different now.
    fn reload(&mut self) -> impl Future<Output = Result<bool, Problem>> + Send;
}

/// How a pass went.
#[derive(Debug)]
pub(super) enum Passed {
    Well,
    /// Failed, for now.
    Badly(Problem),
}

/// What somebody may want of it at any time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signals<'a> {
    /// To end.
    pub stop: &'a CancellationToken,
    /// To read the settings again, between two passes.
    pub reload: &'a Notify,
}

/// Passes until it is asked to stop, waiting longer and longer while they fail.
pub(super) async fn repeat(
    every: Duration,
    status: &channel::Sender<WatchStatus>,
    news: &mpsc::Sender<WatchNews>,
    signals: Signals<'_>,
    mut passes: impl Pass,
) -> Result<(), Problem> {
    let mut failed: u32 = 0;
    let mut reported: Option<Problem> = None;
    while !signals.stop.is_cancelled() {
        status.send_modify(|status| status.next_pass = None);
        let wait = match passes.pass().await? {
            Passed::Well => {
                failed = 0;
                status.send_modify(|status| status.problem = None);
                if reported.take().is_some() {
                    tell(news, WatchNews::Recovered).await;
                }
                every
            }
            Passed::Badly(problem) => {
                failed += 1;
                let again_in = after_failures(every, failed);
                status.send_modify(|status| status.problem = Some(SafeText::new(&problem.what)));
                if reported.as_ref() != Some(&problem) {
                    tell(
                        news,
                        WatchNews::Failing {
                            problem: problem.clone(),
                            again_in,
                            at_least_every: LONGEST_WAIT.max(every),
                        },
                    )
                    .await;
                    reported = Some(problem);
                }
                again_in
            }
        };
        status.send_modify(|status| status.next_pass = Timestamp::now().checked_add(wait).ok());
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                () = signals.stop.cancelled() => break,
                () = tokio::time::sleep_until(until) => break,
                () = signals.reload.notified() => {}
            }
            tell(news, WatchNews::Reloading).await;
            let (is_changed, problem) = match passes.reload().await {
                Ok(is_changed) => (is_changed, None),
                Err(problem) => (false, Some(problem)),
            };
            let is_usable = problem.is_none();
            tell(news, WatchNews::Reloaded { is_changed, problem }).await;
            // Whoever mends a setting wants to see whether that was it.
            if failed > 0 && is_usable {
                break;
            }
        }
    }
    Ok(())
}

/// Twice as long after each failed pass.
fn after_failures(every: Duration, failed: u32) -> Duration {
    let doubled = every.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
    doubled.min(LONGEST_WAIT.max(every))
}

pub(super) async fn tell(news: &mpsc::Sender<WatchNews>, what: WatchNews) {
    // Nobody listens any more: the watch continues.
    let _ = news.send(what).await;
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use super::*;
    use crate::error::Exit;
    use crate::export::owner::Owner;

    const EVERY: Duration = Duration::from_mins(1);

    fn down(what: &str) -> Passed {
        Passed::Badly(Problem::new(Exit::TryAgain, what))
    }

    /// Passes that go as they are planned, and when each began, in seconds; in the last the watch is stopped.
    struct Script {
        begun: Instant,
        left: VecDeque<Result<Passed, Problem>>,
        times: Vec<u64>,
        stop: CancellationToken,
        /// What comes of reading the settings.
        reload: Result<bool, Problem>,
    }

    impl Pass for &mut Script {
        async fn pass(&mut self) -> Result<Passed, Problem> {
            self.times.push(self.begun.elapsed().as_secs());
            let pass = self.left.pop_front().expect("no pass after the stop");
            if self.left.is_empty() {
                self.stop.cancel();
            }
            pass
        }

        async fn reload(&mut self) -> Result<bool, Problem> {
            self.reload.clone()
        }
    }

    fn status() -> channel::Sender<WatchStatus> {
        let status = WatchStatus {
            owner: Owner::this_process(),
            data_space: "space".parse().expect("an id"),
            every: EVERY,
            last_pass: None,
            next_pass: None,
            problem: None,
        };
        channel::Sender::new(status)
    }

    async fn watched(passes: Vec<Result<Passed, Problem>>) -> (Vec<u64>, Vec<WatchNews>, Result<(), Problem>) {
        let (sender, mut receiver) = mpsc::channel(100);
        let stop = CancellationToken::new();
        let left = passes.into();
        let mut script =
            Script { begun: Instant::now(), left, times: Vec::new(), stop: stop.clone(), reload: Ok(false) };
        let signals = Signals { stop: &stop, reload: &Notify::new() };
        let ended = repeat(EVERY, &status(), &sender, signals, &mut script).await;
        drop(sender);
        let mut news = Vec::new();
        while let Some(what) = receiver.recv().await {
            news.push(what);
        }
        (script.times, news, ended)
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_follows_the_other_after_the_set_time_and_nothing_is_told() {
        let (times, news, ended) = watched(vec![Ok(Passed::Well), Ok(Passed::Well), Ok(Passed::Well)]).await;
        assert_eq!((times, news, ended), (vec![0, 60, 120], vec![], Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_once_per_change_and_tried_again_ever_later() {
        let passes = vec![
            Ok(down("gateway")),
            Ok(down("gateway")),
            Ok(down("gateway")),
            Ok(down("database")),
            Ok(Passed::Well),
            Ok(Passed::Well),
            Ok(down("gateway")),
            Ok(Passed::Well),
        ];
        let (times, news, ended) = watched(passes).await;
        assert_eq!(ended, Ok(()));
        assert_eq!(times, [0, 60, 180, 420, 900, 960, 1_020, 1_080]);
        let words: Vec<String> = news
            .iter()
            .map(|news| match news {
                WatchNews::Failing { problem, again_in, .. } => format!("{} {}", problem.what, again_in.as_secs()),
                WatchNews::Recovered => "well".to_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(words, ["gateway 60", "database 480", "well", "gateway 60", "well"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waiting_does_not_mend_ends_the_watch() {
        let refused = Problem::new(Exit::Refused, "keys");
        let (times, news, ended) = watched(vec![Ok(Passed::Well), Err(refused.clone()), Ok(Passed::Well)]).await;
        assert_eq!((times, news, ended), (vec![0, 60], vec![], Err(refused)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_the_next_pass() {
        let (sender, _receiver) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let begun = Instant::now();
        let left = [Ok(Passed::Well), Ok(Passed::Well)].into();
        let mut script = Script { begun, left, times: Vec::new(), stop: stop.clone(), reload: Ok(false) };
        let signals = Signals { stop: &stop, reload: &Notify::new() };
        let status = status();
        let stopping = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            let next = status.borrow().next_pass.expect("it waits");
            assert!(next > Timestamp::now(), "others see when it passes again");
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(repeat(EVERY, &status, &sender, signals, &mut script), stopping);
        assert_eq!((ended, begun.elapsed().as_secs(), script.times), (Ok(()), 7, vec![0]));
    }

    /// When the passes began, and what was told, if settings are asked for after 7 s and `reload` comes of it.
    async fn reloaded(first: Passed, reload: Result<bool, Problem>) -> (Vec<u64>, Vec<WatchNews>) {
        let (sender, mut receiver) = mpsc::channel(100);
        let (stop, asked) = (CancellationToken::new(), Arc::new(Notify::new()));
        let left = [Ok(first), Ok(Passed::Well)].into();
        let mut script = Script { begun: Instant::now(), left, times: Vec::new(), stop: stop.clone(), reload };
        let signals = Signals { stop: &stop, reload: &asked };
        let asking = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            asked.notify_one();
        };
        let status = status();
        let (ended, ()) = tokio::join!(repeat(EVERY, &status, &sender, signals, &mut script), asking);
        assert_eq!(ended, Ok(()));
        drop(sender);
        let mut news = Vec::new();
        while let Some(what) = receiver.recv().await {
            news.extend(matches!(what, WatchNews::Reloading | WatchNews::Reloaded { .. }).then_some(what));
        }
        (script.times, news)
    }

    #[tokio::test(start_paused = true)]
    async fn settings_are_read_when_asked_for_and_a_watch_that_fails_tries_again_at_once() {
        let told = |is_changed, problem| vec![WatchNews::Reloading, WatchNews::Reloaded { is_changed, problem }];
        assert_eq!(reloaded(Passed::Well, Ok(true)).await, (vec![0, 60], told(true, None)));
        assert_eq!(reloaded(down("gateway"), Ok(false)).await, (vec![0, 7], told(false, None)));
        let wrong = Problem::new(Exit::Usage, "config.toml line 3");
        assert_eq!(reloaded(down("gateway"), Err(wrong.clone())).await, (vec![0, 60], told(false, Some(wrong))));
    }

    #[test]
    fn waits_are_bounded() {
        let minutes = |every, failed| after_failures(Duration::from_mins(every), failed).as_secs() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 40].map(|failed| minutes(1, failed)), [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(minutes(30, 9), 30, "never sooner than asked for");
    }
}
