//! Takes a PHP file apart into tokens, each with its line.

pub(super) mod strings;

use super::ParseError;

use strings::{Cursor, Part};

/// A piece of PHP.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `$name`, without the sign.
    Variable(String),
    /// A name, perhaps with namespaces: `getenv`, `\PDO`, `Foo\Bar`.
    Word(String),
    /// A number as it is written, without its underscores.
    Number(String),
    /// A string; `None` if it is not UTF-8 text.
    Text(Option<String>),
    /// A string with variables in it.
    Template(Vec<Part>),
    /// What a shell would have to run.
    Shell,
    /// An operator or bracket.
    Sign(&'static str),
}

/// A token and its line, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub line: usize,
    pub token: Token,
}

/// Operators and brackets, the longest first.
const SIGNS: [&str; 60] = [
    "<=>", "===", "!==", "??=", "**=", "...", "?->", "<<=", ">>=", "=>", "==", "!=", "<>", "<=", ">=", "<<", ">>",
    "&&", "||", "??", "->", "::", ".=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "**", "++", "--", "=", "+",
    "-", "*", "/", "%", ".", ",", ";", "(", ")", "[", "]", "{", "}", "?", ":", "!", "~", "&", "|", "^", "@", "<", ">",
    "$",
];

/// The tokens of a whole file.
pub(super) fn tokens(bytes: &[u8]) -> Result<Vec<Placed>, ParseError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut cursor = Cursor::new(bytes, 1);
    if !cursor.rest().get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<?php")) {
        return Err(cursor.error("expected `<?php` at the beginning"));
    }
    cursor.skip(5);
    all(&mut cursor)
}

/// The tokens up to the end, or up to `?>`.
fn all(cursor: &mut Cursor<'_>) -> Result<Vec<Placed>, ParseError> {
    let mut tokens = Vec::new();
    loop {
        skip_blank(cursor)?;
        if cursor.rest().is_empty() {
            return Ok(tokens);
        }
        if cursor.take(b"?>") {
            // A closing tag ends a statement.
            tokens.push(Placed { line: cursor.line(), token: Token::Sign(";") });
            while cursor.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
                cursor.skip(1);
            }
            return match cursor.peek() {
                None => Ok(tokens),
                Some(_) => Err(cursor.error("expected the end of the file after `?>`")),
            };
        }
        tokens.push(next(cursor)?);
    }
}

/// The tokens of `{$…}` within a string, up to its closing brace, which is taken.
pub(super) fn braced(cursor: &mut Cursor<'_>) -> Result<Vec<Placed>, ParseError> {
    let begin = cursor.line();
    let mut open = 0_usize;
    let mut tokens = Vec::new();
    loop {
        skip_blank(cursor)?;
        if cursor.rest().is_empty() {
            return Err(ParseError { line: begin, reason: "this brace in a string is not closed".to_owned() });
        }
        let placed = next(cursor)?;
        match placed.token {
            Token::Sign("{") => open += 1,
            Token::Sign("}") if open == 0 => return Ok(tokens),
            Token::Sign("}") => open -= 1,
            _ => {}
        }
        tokens.push(placed);
    }
}

fn next(cursor: &mut Cursor<'_>) -> Result<Placed, ParseError> {
    let line = cursor.line();
    let placed = |token| Ok(Placed { line, token });
    let first = cursor.peek().unwrap_or_default();
    match first {
        b'\'' => return placed(Token::Text(strings::single_quoted(cursor)?)),
        b'"' => return placed(strings::double_quoted(cursor)?),
        b'`' => {
            strings::backquoted(cursor)?;
            return placed(Token::Shell);
        }
        b'$' if cursor.rest().get(1).copied().is_some_and(is_name_start) => {
            cursor.skip(1);
            return placed(Token::Variable(name(cursor, false)));
        }
        _ if is_name_start(first) || (first == b'\\' && cursor.rest().get(1).copied().is_some_and(is_name_start)) => {
            return placed(Token::Word(name(cursor, true)));
        }
        _ if first.is_ascii_digit() || (first == b'.' && cursor.rest().get(1).is_some_and(u8::is_ascii_digit)) => {
            return placed(Token::Number(number(cursor)));
        }
        _ => {}
    }
    if cursor.rest().starts_with(b"<<<")
        && let Some(token) = strings::here_document(cursor)?
    {
        return placed(token);
    }
    match SIGNS.iter().find(|sign| cursor.take(sign.as_bytes())) {
        Some(sign) => placed(Token::Sign(sign)),
        None => Err(cursor.error("this character is not PHP")),
    }
}

/// Blanks and comments.
fn skip_blank(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    loop {
        let rest = cursor.rest();
        if rest.first().is_some_and(u8::is_ascii_whitespace) {
            cursor.skip(1);
        } else if rest.starts_with(b"#") || rest.starts_with(b"//") {
            // A closing tag ends such a comment as well.
            while cursor.peek().is_some_and(|byte| byte != b'\n') && !cursor.rest().starts_with(b"?>") {
                cursor.skip(1);
            }
        } else if rest.starts_with(b"/*") {
            let begin = cursor.line();
            cursor.skip(2);
            while !cursor.take(b"*/") {
                if cursor.rest().is_empty() {
                    return Err(ParseError { line: begin, reason: "this comment has no end".to_owned() });
                }
                cursor.skip(1);
            }
        } else {
            return Ok(());
        }
    }
}

pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// A name; the first byte is one that a name may begin with, or a backslash.
pub(super) fn name(cursor: &mut Cursor<'_>, with_namespaces: bool) -> String {
    let mut name = Vec::new();
    while let Some(byte) = cursor.peek() {
        let goes_on = is_name_start(byte) || byte.is_ascii_digit() || (with_namespaces && byte == b'\\');
        if !goes_on {
            break;
        }
        name.push(byte);
        cursor.skip(1);
    }
    String::from_utf8_lossy(&name).into_owned()
}

/// A number as it is written: digits, one fraction, one exponent, in any base.
fn number(cursor: &mut Cursor<'_>) -> String {
    let mut text = String::new();
    let rest = cursor.rest();
    let in_other_base = rest.first() == Some(&b'0')
        && rest.get(1).is_some_and(|byte| matches!(byte, b'x' | b'X' | b'b' | b'B' | b'o' | b'O'));
    let mut has_fraction = false;
    while let Some(byte) = cursor.peek() {
        let after = cursor.rest().get(1).copied();
        let goes_on = match byte {
            b'_' | b'0'..=b'9' => true,
            // `1...` is a number before a spread, `1 . 'a'` one before a concatenation.
            b'.' if !in_other_base && !has_fraction && after != Some(b'.') => {
                has_fraction = true;
                true
            }
            b'+' | b'-' => !in_other_base && text.ends_with(['e', 'E']),
            _ => byte.is_ascii_alphanumeric(),
        };
        if !goes_on {
            break;
        }
        if byte != b'_' {
            text.push(char::from(byte));
        }
        cursor.skip(1);
    }
    text
}
