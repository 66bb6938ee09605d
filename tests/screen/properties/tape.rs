//! Where made-up values come from: a seed, and the worst texts that people and servers have.

use std::time::Duration;

use commerce_connector::domain::Feed;
use commerce_connector::error::{Exit, Problem};
use commerce_connector::untrusted::SafeText;
use jiff::Timestamp;

/// Controls, escapes, bidirectional and invisible characters, and characters of every width.
const PIECES: [&str; 24] = [
    "plain",
    "two words",
    "\x1b[2J\x1b[H",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bP1$tx\x1b\\",
    "\u{9b}31m\u{9d}0;title\u{9c}",
    "\0\x07\x08\x0b\x0c\x0e\x7f",
    "one\r\ntwo\tthree",
    "\u{202e}live\u{2066}\u{2069}\u{200f}",
    "\u{200b}\u{200d}\u{feff}\u{2060}",
    "\u{2028}\u{2029}\u{85}",
    "東京タワー",
    "ＡＢＣ",
    "한국어 \u{1112}\u{1161}\u{11ab}",
    "e\u{301}\u{323}\u{302}",
    "ก็็็็็็็็",
    "لا إله",
    "👩\u{200d}👩\u{200d}👧 👍🏽",
    "🇩🇪🇫🇷",
    "❤\u{fe0f} ☎\u{fe0e}",
    "so\u{ad}ft\u{1160}",
    "\u{e0041}\u{180e}\u{115f}",
    "",
    "%s {0} $(x) <b>",
];
/// How long the longest text is, in characters.
const LONG: usize = 10_000;

/// A seed that is read from.
pub struct Tape(fastrand::Rng);

impl Tape {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub fn yes(&mut self) -> bool {
        self.0.bool()
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.usize(..from.len())]
    }

    /// A number of any size, small ones often.
    pub fn count(&mut self) -> u64 {
        match self.0.u8(..4) {
            0 => 0,
            1 => self.0.u64(..10),
            2 => self.0.u64(..1_000_000),
            _ => self.0.u64(..1_000_000_000_000),
        }
    }

    pub fn rate(&mut self) -> f64 {
        self.pick(&[0.0, 0.01, 2.0, 198.4, 1e9])
    }

    pub fn duration(&mut self) -> Duration {
        Duration::from_millis(self.count())
    }

    pub fn timestamp(&mut self) -> Timestamp {
        let seconds = i64::try_from(self.count()).unwrap() / 500;
        Timestamp::from_second(seconds).unwrap()
    }

    pub fn feed(&mut self) -> Feed {
        self.pick(&Feed::ALL)
    }

    /// Text as it comes from outside.
    pub fn raw(&mut self) -> String {
        if self.0.u8(..20) == 0 {
            let piece = self.pick(&["x", "東", "e\u{301}", "\x1b", "ab "]);
            return piece.repeat(LONG / piece.chars().count());
        }
        (0..self.0.usize(..4)).map(|_| self.pick(&PIECES)).collect()
    }

    /// The same, made safe at the door.
    pub fn safe(&mut self) -> SafeText {
        SafeText::new(&self.raw())
    }

    pub fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.yes() { Some(make(self)) } else { None }
    }

    pub fn list<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = self.0.usize(..=most);
        (0..length).map(|_| make(self)).collect()
    }

    pub fn result<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Result<T, Problem> {
        if self.yes() { Ok(make(self)) } else { Err(self.problem()) }
    }

    /// A problem; its words may hold text that nobody made safe.
    pub fn problem(&mut self) -> Problem {
        let exits = [Exit::Other, Exit::Usage, Exit::Refused, Exit::TryAgain, Exit::Locked, Exit::Guarded];
        Problem { what: self.raw(), hint: self.some(Self::raw).map(Into::into), exit: self.pick(&exits) }
    }
}
