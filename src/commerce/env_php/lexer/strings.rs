//! PHP's four ways to write a string: single and double quotes, heredoc and nowdoc.

use super::{Placed, Token};
use crate::commerce::env_php::{ParseError, lexer};

/// A part of a string in double quotes or of a heredoc.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::commerce::env_php) enum Part {
    /// Text; `None` if it is not UTF-8.
    Text(Option<String>),
    /// An expression: `$name`, `$name[key]`, `{$…}`.
    Code(Vec<Placed>),
}

/// A place in the file.
pub(in crate::commerce::env_php) struct Cursor<'a> {
    rest: &'a [u8],
    line: usize,
    /// Strings in strings: each costs stack.
    depth: usize,
}

/// Strings within expressions within strings, at most.
const DEPTH_LIMIT: usize = 16;
/// The key of `$name[key]` in a string is not longer, in bytes.
const KEY_LIMIT: usize = 200;

impl<'a> Cursor<'a> {
    pub(in crate::commerce::env_php) fn new(bytes: &'a [u8], line: usize) -> Self {
        Self { rest: bytes, line, depth: 0 }
    }

    /// The tokens of `{$…}`, one level deeper.
    fn braced(&mut self) -> Result<Vec<Placed>, ParseError> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.error("strings are nested too deeply"));
        }
        self.depth += 1;
        let tokens = lexer::braced(self)?;
        self.depth -= 1;
        Ok(tokens)
    }

    pub(in crate::commerce::env_php) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(in crate::commerce::env_php) fn line(&self) -> usize {
        self.line
    }

    pub(in crate::commerce::env_php) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(in crate::commerce::env_php) fn skip(&mut self, count: usize) {
        let (skipped, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.line += skipped.split(|byte| *byte == b'\n').count() - 1;
        self.rest = rest;
    }

    /// Takes these bytes if they are next.
    pub(in crate::commerce::env_php) fn take(&mut self, bytes: &[u8]) -> bool {
        let is_next = self.rest.starts_with(bytes);
        if is_next {
            self.skip(bytes.len());
        }
        is_next
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.skip(1);
        byte
    }

    pub(in crate::commerce::env_php) fn error(&self, reason: &str) -> ParseError {
        ParseError { line: self.line, reason: reason.to_owned() }
    }
}

fn unclosed(line: usize) -> ParseError {
    ParseError { line, reason: "this string has no end".to_owned() }
}

/// `'…'`; `None` if it is not UTF-8 text.
pub(in crate::commerce::env_php) fn single_quoted(cursor: &mut Cursor<'_>) -> Result<Option<String>, ParseError> {
    let begin = cursor.line();
    cursor.skip(1);
    let mut bytes = Vec::new();
    loop {
        match cursor.next().ok_or_else(|| unclosed(begin))? {
            b'\'' => return Ok(String::from_utf8(bytes).ok()),
            b'\\' => match cursor.peek() {
                Some(byte @ (b'\'' | b'\\')) => {
                    cursor.skip(1);
                    bytes.push(byte);
                }
                _ => bytes.push(b'\\'),
            },
            byte => bytes.push(byte),
        }
    }
}

/// A command for a shell, which nobody runs here.
pub(in crate::commerce::env_php) fn backquoted(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let begin = cursor.line();
    cursor.skip(1);
    loop {
        match cursor.next().ok_or_else(|| unclosed(begin))? {
            b'`' => return Ok(()),
            b'\\' => cursor.skip(1),
            _ => {}
        }
    }
}

/// `"…"`
pub(in crate::commerce::env_php) fn double_quoted(cursor: &mut Cursor<'_>) -> Result<Token, ParseError> {
    let begin = cursor.line();
    cursor.skip(1);
    let mut template = Template::default();
    loop {
        match cursor.peek().ok_or_else(|| unclosed(begin))? {
            b'"' => {
                cursor.skip(1);
                return Ok(template.token());
            }
            _ => template.step(cursor, Some(b'"'))?,
        }
    }
}

/// `<<<NAME`, `<<<"NAME"` and `<<<'NAME'`; `None` if this is not a beginning of one.
pub(in crate::commerce::env_php) fn here_document(cursor: &mut Cursor<'_>) -> Result<Option<Token>, ParseError> {
    let begin = cursor.line();
    let Some(line_end) = cursor.rest().iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let label = String::from_utf8_lossy(&cursor.rest()[3..line_end.max(3)]).trim().to_owned();
    let quote = label.chars().next().filter(|first| matches!(first, '\'' | '"'));
    let name = match quote {
        None => label.as_str(),
        Some(quote) => match label.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            Some(name) => name,
            None => return Ok(None),
        },
    };
    let is_name = name.bytes().all(|byte| lexer::is_name_start(byte) || byte.is_ascii_digit());
    if !is_name || !name.bytes().next().is_some_and(lexer::is_name_start) {
        return Ok(None);
    }
    cursor.skip(line_end + 1);
    // The lines up to the closing name, which may be indented; its indentation is taken from every line.
    let mut body: Vec<&[u8]> = Vec::new();
    let indentation = loop {
        if cursor.rest().is_empty() {
            return Err(unclosed(begin));
        }
        let line = cursor.rest().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let indentation = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let after = line[indentation..].strip_prefix(name.as_bytes());
        if after.is_some_and(|after| {
            !after.first().is_some_and(|byte| lexer::is_name_start(*byte) || byte.is_ascii_digit())
        }) {
            cursor.skip(indentation + name.len());
            break indentation;
        }
        body.push(line);
        cursor.skip(line.len() + 1);
    };
    let mut text = Vec::new();
    for (at, line) in body.iter().enumerate() {
        if at > 0 {
            text.push(b'\n');
        }
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count().min(indentation);
        text.extend_from_slice(&line[blanks..]);
    }
    // A line that ends with a carriage return as well: the last one belongs to the closing name.
    if text.last() == Some(&b'\r') {
        text.pop();
    }
    if quote == Some('\'') {
        return Ok(Some(Token::Text(String::from_utf8(text).ok())));
    }
    let mut within = Cursor { rest: &text, line: begin + 1, depth: cursor.depth };
    let mut template = Template::default();
    while within.peek().is_some() {
        template.step(&mut within, None)?;
    }
    Ok(Some(template.token()))
}

/// The parts of a string so far.
#[derive(Default)]
struct Template {
    parts: Vec<Part>,
    bytes: Vec<u8>,
}

impl Template {
    fn token(mut self) -> Token {
        if self.parts.is_empty() {
            return Token::Text(String::from_utf8(self.bytes).ok());
        }
        self.end_text();
        Token::Template(self.parts)
    }

    fn end_text(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            self.parts.push(Part::Text(String::from_utf8(bytes).ok()));
        }
    }

    fn code(&mut self, tokens: Vec<Placed>) {
        self.end_text();
        self.parts.push(Part::Code(tokens));
    }

    /// Takes one character, escape or expression. `quote` is what a backslash may stand before.
    fn step(&mut self, cursor: &mut Cursor<'_>, quote: Option<u8>) -> Result<(), ParseError> {
        let after = cursor.rest().get(1).copied();
        match cursor.peek() {
            Some(b'\\') => {
                cursor.skip(1);
                escape(cursor, &mut self.bytes, quote)?;
            }
            Some(b'$') if after.is_some_and(lexer::is_name_start) => {
                let tokens = simple(cursor);
                self.code(tokens);
            }
            Some(b'$') if after == Some(b'{') => {
                // `${name}`
                let line = cursor.line();
                cursor.skip(2);
                let mut tokens = cursor.braced()?;
                if let Some(Placed { token, .. }) = tokens.first_mut()
                    && let Token::Word(name) = token
                {
                    *token = Token::Variable(std::mem::take(name));
                } else {
                    tokens = vec![Placed { line, token: Token::Shell }];
                }
                self.code(tokens);
            }
            Some(b'{') if after == Some(b'$') => {
                cursor.skip(1);
                let tokens = cursor.braced()?;
                self.code(tokens);
            }
            Some(byte) => {
                cursor.skip(1);
                self.bytes.push(byte);
            }
            None => {}
        }
        Ok(())
    }
}

/// `$name`, `$name[key]` and `$name->property` as a string may have them.
fn simple(cursor: &mut Cursor<'_>) -> Vec<Placed> {
    let line = cursor.line();
    let placed = |token| Placed { line, token };
    cursor.skip(1);
    let mut tokens = vec![placed(Token::Variable(lexer::name(cursor, false)))];
    let rest = cursor.rest();
    if rest.starts_with(b"->") && rest.get(2).copied().is_some_and(lexer::is_name_start) {
        cursor.skip(2);
        tokens.extend([placed(Token::Sign("->")), placed(Token::Word(lexer::name(cursor, false)))]);
    } else if rest.starts_with(b"[")
        && let Some(end) = rest.iter().take(KEY_LIMIT).position(|byte| *byte == b']')
    {
        let key = String::from_utf8_lossy(&rest[1..end]).into_owned();
        let key = match key.strip_prefix('$') {
            Some(name) => Token::Variable(name.to_owned()),
            // A bare word is text here, and so is a number: a key is the same either way.
            None => Token::Text(Some(key.trim_matches('\'').to_owned())),
        };
        tokens.extend([placed(Token::Sign("[")), placed(key), placed(Token::Sign("]"))]);
        cursor.skip(end + 1);
    }
    tokens
}

/// What follows a backslash in double quotes or a heredoc.
fn escape(cursor: &mut Cursor<'_>, bytes: &mut Vec<u8>, quote: Option<u8>) -> Result<(), ParseError> {
    let Some(byte) = cursor.peek() else {
        bytes.push(b'\\');
        return Ok(());
    };
    let simple = match byte {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(0x0b),
        b'e' => Some(0x1b),
        b'f' => Some(0x0c),
        b'\\' | b'$' => Some(byte),
        _ if Some(byte) == quote => Some(byte),
        _ => None,
    };
    match byte {
        _ if let Some(simple) = simple => {
            cursor.skip(1);
            bytes.push(simple);
        }
        b'0'..=b'7' => {
            // PHP lets three octal digits run over, and keeps the low eight bits.
            let digits = digits(cursor, 3, 8);
            bytes.push(u32::from_str_radix(&digits, 8).unwrap_or_default().to_le_bytes()[0]);
        }
        b'x' => {
            cursor.skip(1);
            match u8::from_str_radix(&digits(cursor, 2, 16), 16) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(b"\\x"),
            }
        }
        b'u' if cursor.rest().get(1) == Some(&b'{') => {
            cursor.skip(2);
            // Eight digits hold every code point with some zeros before it.
            let digits = digits(cursor, 8, 16);
            let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
            match c {
                Some(c) if cursor.take(b"}") => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                _ => return Err(cursor.error("expected a code point such as `\\u{e4}`")),
            }
        }
        _ => bytes.push(b'\\'),
    }
    Ok(())
}

fn digits(cursor: &mut Cursor<'_>, limit: usize, radix: u32) -> String {
    let mut digits = String::new();
    while digits.len() < limit
        && let Some(byte) = cursor.peek().filter(|byte| char::from(*byte).is_digit(radix))
    {
        cursor.skip(1);
        digits.push(char::from(byte));
    }
    digits
}
