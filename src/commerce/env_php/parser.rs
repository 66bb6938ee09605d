//! A parser for the part of PHP that a configuration file needs: one `return` of literals.
//!
//! Short and long arrays, strings in single and double quotes, numbers, booleans, null, comments. Constants, calls, variables
//! and concatenation are refused with their line: to know their value, one would have to run them.

use std::iter::Peekable;
use std::str::Chars;

/// Arrays in arrays, at most: real files have about six levels, and each costs stack.
const DEPTH_LIMIT: usize = 64;

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number; nothing that this program reads is one.
    Float(f64),
    /// A string.
    Text(String),
    /// An array: keys and entries in order. A key that occurs twice has both, and the last counts, as in PHP.
    Array(Vec<(Key, Entry)>),
}

/// A literal and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The line, from 1.
    pub line: usize,
    /// The literal.
    pub value: Value,
}

/// The key of an array's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A whole number, written or counted.
    Number(i64),
    /// A string.
    Text(String),
}

impl Entry {
    /// The entry of an array under a text key.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.find(|found| matches!(found, Key::Text(text) if text == key))
    }

    /// The entry of an array under a number.
    pub(super) fn get_number(&self, key: i64) -> Option<&Entry> {
        self.find(|found| *found == Key::Number(key))
    }

    /// The entry of an array under a key as a person writes it: a whole number is a number, as in PHP.
    pub(super) fn get_any(&self, key: &str) -> Option<&Entry> {
        let key = text_key(key);
        self.find(|found| *found == key)
    }

    fn find(&self, matches: impl Fn(&Key) -> bool) -> Option<&Entry> {
        let Value::Array(entries) = &self.value else { return None };
        entries.iter().rev().find(|(key, _)| matches(key)).map(|(_, entry)| entry)
    }
}

/// Why a text is not literal PHP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong; never a value of the file.
    pub reason: String,
}

/// Reads `<?php return LITERAL;`.
pub(super) fn parse(text: &str) -> Result<Entry, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser { rest: text.chars().peekable(), line: 1, depth: 0 };
    parser.open_tag()?;
    parser.skip_blank()?;
    if !parser.word().is_ok_and(|word| word.eq_ignore_ascii_case("return")) {
        return Err(parser.error("expected `return` and an array"));
    }
    let value = parser.value()?;
    parser.skip_blank()?;
    if parser.rest.next() != Some(';') {
        return Err(parser.error("only literal values are read: expected `;` after the array"));
    }
    parser.end()?;
    Ok(value)
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    depth: usize,
}

impl Parser<'_> {
    fn error(&self, reason: impl Into<String>) -> ParseError {
        ParseError { line: self.line, reason: reason.into() }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        if next == Some('\n') {
            self.line += 1;
        }
        next
    }

    /// Takes `c` if it is next.
    fn take(&mut self, c: char) -> bool {
        let is_next = self.rest.peek() == Some(&c);
        if is_next {
            self.next();
        }
        is_next
    }

    fn open_tag(&mut self) -> Result<(), ParseError> {
        for expected in "<?php".chars() {
            if !self.next().is_some_and(|found| found.eq_ignore_ascii_case(&expected)) {
                return Err(self.error("expected `<?php` at the beginning"));
            }
        }
        Ok(())
    }

    /// After the `;`: blanks, comments, perhaps `?>`.
    fn end(&mut self) -> Result<(), ParseError> {
        self.skip_blank()?;
        if self.take('?') && !self.take('>') {
            return Err(self.error("expected the end of the file"));
        }
        self.skip_blank()?;
        match self.rest.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("expected the end of the file: only one `return` is read")),
        }
    }

    /// Blanks and comments.
    fn skip_blank(&mut self) -> Result<(), ParseError> {
        loop {
            match self.rest.peek() {
                Some(c) if c.is_ascii_whitespace() => {
                    self.next();
                }
                Some('#') => self.skip_line(),
                Some('/') => {
                    self.next();
                    if self.take('/') {
                        self.skip_line();
                    } else if self.take('*') {
                        self.skip_block()?;
                    } else {
                        return Err(self.error("only literal values are read, no division"));
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    fn skip_block(&mut self) -> Result<(), ParseError> {
        let begin = self.line;
        while let Some(c) = self.next() {
            if c == '*' && self.take('/') {
                return Ok(());
            }
        }
        Err(ParseError { line: begin, reason: "this comment has no end".to_owned() })
    }

    /// A name such as `return`, `array`, `true`.
    fn word(&mut self) -> Result<String, ParseError> {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '\\') {
            word.push(c);
        }
        if word.is_empty() { Err(self.error("expected a literal value")) } else { Ok(word) }
    }

    fn value(&mut self) -> Result<Entry, ParseError> {
        self.skip_blank()?;
        let line = self.line;
        let value = match self.rest.peek() {
            None => return Err(self.error("the file ends where a value was expected")),
            Some('\'') => Value::Text(self.single_quoted()?),
            Some('"') => Value::Text(self.double_quoted()?),
            Some('[') => {
                self.next();
                self.array(']')?
            }
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number()?,
            Some('$') => return Err(self.error("only literal values are read, no variables")),
            Some(_) => self.named()?,
        };
        self.skip_blank()?;
        match self.rest.peek() {
            Some('.') => Err(self.error("only literal values are read, no concatenation")),
            Some('(') => Err(self.error("only literal values are read, no calls")),
            _ => Ok(Entry { line, value }),
        }
    }

    /// `true`, `false`, `null`, `array(…)`, each in any case.
    fn named(&mut self) -> Result<Value, ParseError> {
        let word = self.word()?.to_ascii_lowercase();
        match word.trim_start_matches('\\') {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            "array" => {
                self.skip_blank()?;
                if self.take('(') { self.array(')') } else { Err(self.error("expected `(` after `array`")) }
            }
            _ => Err(self.error("only literal values are read, no constants, calls or classes")),
        }
    }

    /// The entries up to `close`; the opening sign is taken.
    fn array(&mut self, close: char) -> Result<Value, ParseError> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(format!("arrays are nested deeper than {DEPTH_LIMIT} levels")));
        }
        self.depth += 1;
        let mut entries = Vec::new();
        // PHP counts entries without a key from the highest number so far.
        let mut counter: i64 = 0;
        loop {
            self.skip_blank()?;
            if self.take(close) {
                self.depth -= 1;
                return Ok(Value::Array(entries));
            }
            let first = self.value()?;
            if self.take('=') {
                if !self.take('>') {
                    return Err(self.error("expected `=>`"));
                }
                let key = key_of(&first)?;
                if let Key::Number(number) = key {
                    counter = counter.max(number.saturating_add(1));
                }
                entries.push((key, self.value()?));
            } else {
                entries.push((Key::Number(counter), first));
                counter = counter.saturating_add(1);
            }
            self.skip_blank()?;
            if !self.take(',') && self.rest.peek() != Some(&close) {
                return Err(self.error(format!("expected `,` or `{close}` in an array")));
            }
        }
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let mut text = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')) {
            text.push(c);
        }
        let digits = text.replace('_', "");
        let (negative, magnitude) = match digits.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
        };
        let wrong = || self.error("this is not a number");
        if let Some(whole) = whole_number(&magnitude.to_ascii_lowercase()) {
            let whole = whole.map_err(|_| wrong())?;
            return Ok(Value::Int(if negative { -whole } else { whole }));
        }
        if !magnitude.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Err(wrong());
        }
        digits.parse().map(Value::Float).map_err(|_| wrong())
    }

    fn single_quoted(&mut self) -> Result<String, ParseError> {
        let begin = self.line;
        self.next();
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '\'' => return Ok(text),
                '\\' => match self.rest.peek() {
                    Some('\'' | '\\') => text.extend(self.next()),
                    _ => text.push('\\'),
                },
                c => text.push(c),
            }
        }
        Err(unclosed(begin))
    }

    fn double_quoted(&mut self) -> Result<String, ParseError> {
        let begin = self.line;
        self.next();
        // Bytes, for `\xE4` and `\344` make bytes, which need not be whole characters by themselves.
        let mut bytes = Vec::new();
        while let Some(c) = self.next() {
            match c {
                '"' => {
                    return String::from_utf8(bytes)
                        .map_err(|_| ParseError { line: begin, reason: "this string is not UTF-8 text".to_owned() });
                }
                '\\' => self.escape(&mut bytes)?,
                '$' if self.rest.peek().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '{')) => {
                    return Err(self.error("only literal values are read, no variables in strings"));
                }
                '{' if self.rest.peek() == Some(&'$') => {
                    return Err(self.error("only literal values are read, no variables in strings"));
                }
                c => push(&mut bytes, c),
            }
        }
        Err(unclosed(begin))
    }

    /// What follows a backslash in double quotes.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), ParseError> {
        let Some(c) = self.rest.peek().copied() else {
            bytes.push(b'\\');
            return Ok(());
        };
        let simple = match c {
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(0x0b),
            'e' => Some(0x1b),
            'f' => Some(0x0c),
            '\\' | '"' | '$' => u8::try_from(c).ok(),
            _ => None,
        };
        if let Some(byte) = simple {
            self.next();
            bytes.push(byte);
            return Ok(());
        }
        match c {
            '0'..='7' => {
                let digits = self.digits(3, 8);
                // PHP lets three octal digits run over, and keeps the low eight bits.
                bytes.push(u32::from_str_radix(&digits, 8).unwrap_or_default().to_le_bytes()[0]);
            }
            'x' => {
                self.next();
                let digits = self.digits(2, 16);
                match u8::from_str_radix(&digits, 16) {
                    Ok(byte) => bytes.push(byte),
                    Err(_) => bytes.extend_from_slice(b"\\x"),
                }
            }
            'u' => {
                self.next();
                self.unicode(bytes)?;
            }
            _ => bytes.push(b'\\'),
        }
        Ok(())
    }

    /// What follows `\u`.
    fn unicode(&mut self, bytes: &mut Vec<u8>) -> Result<(), ParseError> {
        if !self.take('{') {
            bytes.extend_from_slice(b"\\u");
            return Ok(());
        }
        // Eight digits hold every code point with some zeros before it.
        let digits = self.digits(8, 16);
        let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
        match c {
            Some(c) if self.take('}') => {
                push(bytes, c);
                Ok(())
            }
            _ => Err(self.error("expected a code point such as `\\u{e4}`")),
        }
    }

    fn digits(&mut self, limit: usize, radix: u32) -> String {
        let mut digits = String::new();
        while digits.len() < limit
            && let Some(c) = self.rest.next_if(|c| c.is_digit(radix))
        {
            digits.push(c);
        }
        digits
    }
}

/// A whole number in PHP's four bases; `None` if it is none, an error if it is too big.
fn whole_number(text: &str) -> Option<Result<i64, std::num::ParseIntError>> {
    let (digits, radix) = if let Some(hex) = text.strip_prefix("0x") {
        (hex, 16)
    } else if let Some(binary) = text.strip_prefix("0b") {
        (binary, 2)
    } else if text.len() > 1 && text.starts_with('0') {
        (text.strip_prefix("0o").unwrap_or(text), 8)
    } else {
        (text, 10)
    };
    let is_whole = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_whole.then(|| i64::from_str_radix(digits, radix))
}

/// A text as a key: PHP turns a whole number into that number.
fn text_key(text: &str) -> Key {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Key::Number(number),
        _ => Key::Text(text.to_owned()),
    }
}

/// What PHP makes of a value that is a key.
fn key_of(entry: &Entry) -> Result<Key, ParseError> {
    match &entry.value {
        Value::Text(text) => Ok(text_key(text)),
        Value::Int(number) => Ok(Key::Number(*number)),
        Value::Bool(flag) => Ok(Key::Number(i64::from(*flag))),
        Value::Null => Ok(Key::Text(String::new())),
        Value::Float(_) | Value::Array(_) => {
            Err(ParseError { line: entry.line, reason: "a key must be text or a whole number".to_owned() })
        }
    }
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn unclosed(line: usize) -> ParseError {
    ParseError { line, reason: "this string has no end".to_owned() }
}
