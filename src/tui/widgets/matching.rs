//! How well a text matches what was typed to find it.

/// How far apart the letters of a typed word may stand, as a multiple of its length: further apart they match any sentence.
const MOST_SPREAD: usize = 3;

/// How a text matches; the better one is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It contains every word that was typed.
    Contains,
    /// It has the letters of every word, in order and near each other, from the beginning of a word on: `dsp` finds *data space*.
    Letters,
}

/// How a text matches what was typed, whatever the case; `None` if it does not.
pub fn rank(typed: &str, text: &str) -> Option<Rank> {
    let text = text.to_lowercase();
    let rank_of = |word: &str| {
        if text.contains(word) {
            return Some(Rank::Contains);
        }
        let beginnings = text.char_indices().filter(|(at, _)| {
            text.get(..*at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric())
        });
        let mut rests = beginnings.filter_map(|(at, _)| text.get(at..));
        rests.any(|rest| has_letters(word, rest)).then_some(Rank::Letters)
    };
    typed.to_lowercase().split_whitespace().map(rank_of).try_fold(Rank::Contains, |worst, rank| Some(worst.max(rank?)))
}

/// Whether `text` begins with the first letter of `word` and has the others soon after.
fn has_letters(word: &str, text: &str) -> bool {
    let mut near = text.chars().take(word.chars().count() * MOST_SPREAD);
    let mut letters = word.chars();
    letters.next() == near.next() && letters.all(|letter| near.any(|c| c == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_rank_before_letters_and_neither_matches_everything() {
        let text = "Create a SaaS project with its data spaces";
        assert_eq!(rank("", text), Some(Rank::Contains));
        assert_eq!(rank("PROJECT creat", text), Some(Rank::Contains));
        assert_eq!(rank("dsp", text), Some(Rank::Letters));
        assert_eq!(rank("project dsp", text), Some(Rank::Letters));
        assert_eq!(rank("cts", text), None, "the letters are there, but far apart");
        assert_eq!(rank("aata", text), None, "no word begins so");
        assert_eq!(rank("größe", "Größe der Datei"), Some(Rank::Contains));
    }
}
