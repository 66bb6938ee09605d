//! `{{trans "Hello %name" name="Ada"}}`: a phrase with its variables filled in. It stays in the language in which it is written, as
//! Adobe's exporter leaves it.

use super::html;
use super::parser::{Parameters, is_truthy};

/// The phrase of what follows the directive's name; empty where it cannot be read.
pub(super) fn phrase(rest: &str) -> String {
    let (directive, modifiers) = rest.split_once('|').unwrap_or((rest, "escape"));
    let Some((text, parameters)) = text_and_parameters(directive).filter(|(text, _)| is_truthy(text)) else {
        return String::new();
    };
    modifiers
        .split('|')
        .filter(|part| is_truthy(part))
        .fold(filled(&text, &parameters), |text, part| modified(&text, part))
}

/// A quoted text, and what follows it after a blank.
fn text_and_parameters(directive: &str) -> Option<(String, Parameters)> {
    let directive = directive.trim_start();
    let quote = directive.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let inside = directive.strip_prefix(quote)?;
    let is_end = |at: usize| {
        let (text, after) = inside.split_at(at);
        let after = after.strip_prefix(quote).unwrap_or_default();
        !text.ends_with('\\') && (after.is_empty() || after.starts_with(|letter: char| letter.is_ascii_whitespace()))
    };
    let end = inside.match_indices(quote).map(|(at, _)| at).find(|at| is_end(*at))?;
    let (text, after) = inside.split_at(end);
    Some((without_slashes(text), Parameters::read(after.strip_prefix(quote).unwrap_or_default())))
}

fn without_slashes(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

/// `%name` becomes the parameter of that name; of several that fit, the longest.
fn filled(text: &str, parameters: &Parameters) -> String {
    let mut variables: Vec<(String, &str)> =
        parameters.iter().map(|(name, value)| (variable(name), value.unwrap_or_default())).collect();
    variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let found = variables.iter().find_map(|(name, value)| Some((value, rest.strip_prefix(name.as_str())?)));
        if let Some((value, after)) = found {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push(letter);
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    filled
}

/// Numbers count from zero as names and from one in phrases.
fn variable(name: &str) -> String {
    match name.parse::<u32>() {
        Ok(number) if number.to_string() == name => format!("%{}", u64::from(number) + 1),
        _ => format!("%{name}"),
    }
}

/// What a modifier makes of a text; one that is not known changes nothing.
fn modified(text: &str, modifier: &str) -> String {
    let mut parts = modifier.split(':');
    match (parts.next(), parts.next()) {
        (Some("escape"), None | Some("html" | "htmlentities")) => html::escaped(text),
        (Some("nl2br"), _) => html::with_breaks(text),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_escaped() {
        assert_eq!(phrase(r#" "Hello %name" name="<Ada>""#), "Hello &lt;Ada&gt;");
        assert_eq!(phrase(r#" "%a %ab" a="1" ab="2""#), "1 2");
        assert_eq!(phrase(r#" 'It\'s "here"' "#), "It&#039;s &quot;here&quot;");
        assert_eq!(phrase(r#" "%1 %2" 0="a" 1="b""#), "a b");
        assert_eq!(phrase(r#" "a %x" x=$y"#), "a ");
    }

    #[test]
    fn modifiers_take_the_place_of_escaping() {
        assert_eq!(phrase(r#" "<b>"|raw"#), "<b>");
        assert_eq!(phrase(" \"a\nb<\"|escape|nl2br"), "a<br />\nb&lt;");
        assert_eq!(phrase(r#" "a|b""#), "", "a bar ends the phrase");
    }

    #[test]
    fn what_is_no_phrase_is_empty() {
        for none in ["", " ", " a", r#" "a"#, r#" "0""#, r#" """#] {
            assert_eq!(phrase(none), "", "{none}");
        }
    }
}
