//! A key, a password or a token: wiped from memory when dropped, never printed, never serialized.
//!
//! This file must never grow a `Debug`, `Display` or `Serialize` that shows the text.

use std::fmt;
use zeroize::Zeroizing;

/// How many characters at the end of a secret a mask may show.
const MASK_TAIL: usize = 4;

/// Text that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller's copy is gone.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for signing and for sending, never for showing.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `••••` and the last four characters; only `••••` where that would show half of the secret or more.
    pub fn masked(&self) -> String {
        let count = self.0.chars().count();
        if count <= 2 * MASK_TAIL {
            return "••••".to_owned();
        }
        let tail: String = self.0.chars().skip(count - MASK_TAIL).collect();
        format!("••••{tail}")
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_mask_shows_the_secret() {
        let secret = Secret::new("abcdefghijkl");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.masked(), "••••ijkl");
        assert_eq!(Secret::new("12345678").masked(), "••••");
    }
}
