//! When a frame may be drawn: requests are coalesced and limited, and nothing is due when nothing was asked for.
//!
//! Pure decisions over a clock that is handed in; it never sleeps and never draws.

use tokio::time::Duration;
use tokio::time::Instant;

/// The least time between two frames that show news (progress, answers, a resize): at most 10 a second.
const NEWS_INTERVAL: Duration = Duration::from_millis(100);
/// The same over SSH, where every frame crosses a slow line: at most 4 a second.
const NEWS_INTERVAL_OVER_SSH: Duration = Duration::from_millis(250);
/// The least time between two frames that answer a key: a person who types must see each key at once, and cannot type
/// faster than this for long. Keys that come in between share a frame.
const ANSWER_INTERVAL: Duration = Duration::from_millis(8);

/// Why a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A person pressed a key or pasted.
    Answer,
    /// Something changed by itself.
    News,
}

/// The limiter.
#[derive(Debug)]
pub struct Frames {
    news_interval: Duration,
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Frames {
    /// A limiter that has drawn nothing yet.
    #[must_use]
    pub fn new(over_ssh: bool) -> Self {
        let news_interval = if over_ssh { NEWS_INTERVAL_OVER_SSH } else { NEWS_INTERVAL };
        Self { news_interval, last: None, due: None }
    }

    /// Asks for a frame. The earliest of all requests since the last frame decides.
    pub fn request(&mut self, reason: Reason, now: Instant) {
        let interval = match reason {
            Reason::Answer => ANSWER_INTERVAL,
            Reason::News => self.news_interval,
        };
        let at = self.last.map_or(now, |last| now.max(last + interval));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When the next frame is to be drawn; `None` while none is wanted.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for a frame every millisecond for a while, draws when due, and counts.
    fn count_frames(over_ssh: bool, reason: Reason, asking: Duration) -> u32 {
        let start = Instant::now();
        let mut frames = Frames::new(over_ssh);
        let mut drawn = 0;
        let mut now = start;
        while now < start + asking {
            frames.request(reason, now);
            if frames.due().is_some_and(|due| due <= now) {
                frames.drawn(now);
                drawn += 1;
            }
            now += Duration::from_millis(1);
        }
        drawn
    }

    #[tokio::test(start_paused = true)]
    async fn news_is_limited_and_more_so_over_ssh() {
        assert_eq!(count_frames(false, Reason::News, Duration::from_secs(1)), 10);
        assert_eq!(count_frames(true, Reason::News, Duration::from_secs(1)), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_after_a_rest_is_due_at_once() {
        let mut frames = Frames::new(true);
        let start = Instant::now();
        frames.request(Reason::News, start);
        assert_eq!(frames.due(), Some(start));
        frames.drawn(start);
        let later = start + Duration::from_secs(5);
        frames.request(Reason::News, later);
        assert_eq!(frames.due(), Some(later));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_does_not_wait_for_the_news_limit() {
        let mut frames = Frames::new(true);
        let start = Instant::now();
        frames.drawn(start);
        let now = start + Duration::from_millis(20);
        frames.request(Reason::News, now);
        frames.request(Reason::Answer, now);
        assert_eq!(frames.due(), Some(now));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_due_when_nothing_was_asked_for() {
        let mut frames = Frames::new(false);
        assert_eq!(frames.due(), None);
        frames.request(Reason::News, Instant::now());
        frames.drawn(Instant::now());
        assert_eq!(frames.due(), None);
    }
}
