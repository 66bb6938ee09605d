//! Directives as Commerce's template filter reads them: `{{name a="1" b='2'}}`, in any case, over several lines.
//!
//! This file must never know what a directive stands for.

/// The longest name of a directive; what follows belongs to the rest.
const LONGEST_NAME: usize = 10;
const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// A directive as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directive<'t> {
    /// From the first brace to the last: those of its closing tag, if it has one.
    pub whole: &'t str,
    /// As it is written; empty where the braces are not followed by a letter.
    pub name: &'t str,
    /// What follows the name.
    pub rest: &'t str,
}

/// The first directive of a text, and what stands before and after it.
pub(super) fn first(text: &str) -> Option<(&str, Directive<'_>, &str)> {
    let begin = text.find(OPEN)?;
    let (before, from) = text.split_at(begin);
    let inside = from.get(OPEN.len()..)?;
    let letters = inside.bytes().take(LONGEST_NAME).take_while(u8::is_ascii_alphabetic).count();
    let (name, tail) = inside.split_at_checked(letters)?;
    let (rest, after) = tail.split_once(CLOSE)?;
    let after = after_closing_tag(after, name).unwrap_or(after);
    let whole = from.get(..from.len() - after.len())?;
    Some((before, Directive { whole, name, rest }, after))
}

/// What stands after `{{/name}}`, if there is one: the directive goes as far.
fn after_closing_tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once("{{/") {
        let closed = tail.split_at_checked(name.len()).filter(|(found, _)| found.eq_ignore_ascii_case(name));
        if let Some(after) = closed.and_then(|(_, after)| after.strip_prefix(CLOSE)) {
            return Some(after);
        }
        rest = tail;
    }
    None
}

/// The parameters of a directive, in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// `None` for one that names a variable (`$name`): texts of a shop have none, so it is nothing.
    list: Vec<(String, Option<String>)>,
}

impl Parameters {
    /// Reads `a=1 b="2" c='3'`. Blanks before an equals sign belong to nothing; one after it makes the value empty.
    pub(super) fn read(text: &str) -> Self {
        let decoded = percent_decoded(text);
        let mut letters = Letters { letters: decoded.chars().collect(), at: 0 };
        let mut parameters = Self::default();
        let mut name = String::new();
        if letters.letters.is_empty() {
            return parameters;
        }
        loop {
            match letters.current() {
                letter if is_blank(letter) => {}
                '=' => {
                    let value = letters.value();
                    parameters.set(std::mem::take(&mut name), value);
                }
                letter => name.push(letter),
            }
            if !letters.advance() {
                return parameters;
            }
        }
    }

    fn set(&mut self, name: String, value: String) {
        let value = Some(value).filter(|value| !value.starts_with('$'));
        match self.list.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.list.push((name, value)),
        }
    }

    /// Whether it is written at all, be it nothing.
    pub(super) fn has(&self, name: &str) -> bool {
        self.list.iter().any(|(known, _)| known == name)
    }

    /// Its value, if it is written and something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    /// Its value, if Commerce's language calls that true.
    pub(super) fn truthy(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| is_truthy(value))
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.list.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }
}

/// What Commerce's language calls true.
pub(super) fn is_truthy(text: &str) -> bool {
    !matches!(text, "" | "0")
}

/// A text, letter by letter. It is never left: where there is no next letter, the current one stays.
struct Letters {
    letters: Vec<char>,
    at: usize,
}

impl Letters {
    fn current(&self) -> char {
        self.letters.get(self.at).copied().unwrap_or(' ')
    }

    fn advance(&mut self) -> bool {
        let is_more = self.at + 1 < self.letters.len();
        self.at += usize::from(is_more);
        is_more
    }

    /// The value after an equals sign. A backslash escapes itself alone.
    fn value(&mut self) -> String {
        self.advance();
        let mut value = String::new();
        let first = self.current();
        if is_blank(first) {
            return value;
        }
        let quote = Some(first).filter(|letter| matches!(letter, '"' | '\''));
        if quote.is_none() {
            value.push(first);
        }
        while self.advance() {
            let letter = self.current();
            let is_end = quote.map_or_else(|| is_blank(letter), |quote| letter == quote);
            if is_end {
                break;
            }
            if letter == '\\' {
                self.advance();
                if self.current() != '\\' {
                    value.push('\\');
                }
            }
            value.push(self.current());
        }
        value
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\0' | '\x0b')
}

/// `%41` becomes `A`; a plus sign stays.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|hex| byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let number = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(number.unwrap_or(byte));
        at += if number.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        Parameters::read(text).list
    }

    fn one(name: &str, value: &str) -> Vec<(String, Option<String>)> {
        vec![(name.to_owned(), Some(value.to_owned()))]
    }

    #[test]
    fn a_directive_is_found_with_what_is_around_it() {
        let (before, found, after) = first("a {{Media url=\"x\"}} b").expect("a directive");
        assert_eq!((before, found.name, found.rest, after), ("a ", "Media", " url=\"x\"", " b"));
        assert_eq!(found.whole, "{{Media url=\"x\"}}");
        let (_, found, _) = first("{{abcdefghijkl}}").expect("a directive");
        assert_eq!((found.name, found.rest), ("abcdefghij", "kl"));
        let (_, found, after) = first("{{ media url=1}}}").expect("a directive");
        assert_eq!((found.name, found.rest, after), ("", " media url=1", "}"));
        for none in ["", "{", "{{", "}}", "{{ open", "}} {{"] {
            assert_eq!(first(none), None, "{none}");
        }
    }

    #[test]
    fn a_closing_tag_belongs_to_its_directive() {
        let (_, found, after) = first("{{if x}}a{{else}}b{{/IF}}c").expect("a directive");
        assert_eq!((found.whole, after), ("{{if x}}a{{else}}b{{/IF}}", "c"));
        let (_, found, after) = first("{{if x}}a{{/for}}c").expect("a directive");
        assert_eq!((found.whole, after), ("{{if x}}", "a{{/for}}c"));
    }

    #[test]
    fn values_are_quoted_in_either_way_or_not_at_all() {
        assert_eq!(read(r#" url="a b""#), one("url", "a b"));
        assert_eq!(read(" url='a\"b'"), one("url", "a\"b"));
        assert_eq!(read(" url=a b"), one("url", "a"));
        assert_eq!(read(" url =a"), one("url", "a"));
        assert_eq!(read(" url= a").first(), one("url", "").first(), "a blank after the sign ends the value");
        assert_eq!(read(r#" type="Magento\Cms\\Block""#), one("type", r"Magento\Cms\Block"));
        assert_eq!(read(" url=%41+b"), one("url", "A+b"));
        assert_eq!(read(" a=1 a=2"), one("a", "2"));
        assert_eq!(read(" a=$b"), vec![("a".to_owned(), None)]);
        assert_eq!((read(""), read("   "), read("a")), (Vec::new(), Vec::new(), Vec::new()));
        assert_eq!(read("a="), one("a", "="), "as Commerce has it");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_panics(text in ".{0,40}|[{}/= \"'%\\\\a-fA-F]{0,60}") {
            if let Some((before, directive, after)) = first(&text) {
                prop_assert_eq!(format!("{before}{}{after}", directive.whole), text.as_str());
                Parameters::read(directive.rest);
            }
            Parameters::read(&text);
        }
    }
}
