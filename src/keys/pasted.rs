//! What people paste, tidied: quotes, literal `\n`, line ends, indentation, what mails and editors put around lines, and the PEM
//! blocks within.
//!
//! It only knows text. It must never know what is inside of a key.

use zeroize::Zeroizing;

use super::KeyError;

/// The start of a PEM block's first line.
const BEGIN: &str = "-----BEGIN ";
/// The start of a PEM block's last line.
const END: &str = "-----END ";
/// The end of both.
const DASHES: &str = "-----";

/// Takes off what is around a value: byte order mark, white space, and pairs of quotes.
pub(super) fn unwrapped(pasted: &str) -> &str {
    let mut text = pasted.trim_start_matches('\u{feff}').trim();
    while let Some(inner) = without_quotes(text) {
        text = inner.trim();
    }
    text
}

fn without_quotes(text: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// One text with `\n` line ends: literal `\r`, `\n`, `\t` and `\/` (as JSON, YAML and PHP write them) are resolved.
///
/// Neither PEM nor base64 has a backslash of its own, so nothing is lost.
pub(super) fn with_real_line_ends(text: &str) -> Zeroizing<String> {
    let mut tidy = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let resolved = match (c, rest.peek()) {
            ('\\', Some('n' | 'r')) => '\n',
            ('\\', Some('t')) => ' ',
            ('\\', Some('/')) => '/',
            ('\\', Some('\\')) => continue,
            _ => {
                tidy.push(if c == '\r' { '\n' } else { c });
                continue;
            }
        };
        rest.next();
        tidy.push(resolved);
    }
    tidy
}

/// Whatever pages, mails and chats add or take: invisible characters, other blanks, `<br>`, `> ` of a quotation, line numbers, and
/// the number of dashes around BEGIN and END.
pub(super) fn tidied(text: &str) -> Zeroizing<String> {
    let visible = without_invisible(text);
    let plain = with_broken_lines(&visible);
    let mut lines: Vec<&str> = plain.lines().map(unquoted).collect();
    if let Some(unnumbered) = without_line_numbers(&lines) {
        lines = unnumbered;
    }
    let mut joined = Zeroizing::new(String::with_capacity(plain.len() + 1));
    for line in lines {
        joined.push_str(line);
        joined.push('\n');
    }
    with_five_dashes(&joined)
}

/// Without what has no width, and with a plain blank for every other kind.
fn without_invisible(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let visible = text.chars().filter(|c| {
        !matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
    });
    plain.extend(visible.map(|c| if c.is_whitespace() && c != '\n' { ' ' } else { c }));
    plain
}

/// With line ends for `<br>`, `<br/>` and `<br />`. Neither PEM nor base64 has an angle bracket.
fn with_broken_lines(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let tag =
            after.split_once('>').filter(|(name, _)| name.trim_end_matches('/').trim().eq_ignore_ascii_case("br"));
        plain.push(if tag.is_some() { '\n' } else { '<' });
        rest = tag.map_or(after, |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// A line without the `> ` of quotations, and without blanks around it.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' ']).trim_end()
}

/// The lines without their numbers, if every line that is not empty has one and they rise.
fn without_line_numbers<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut last = None;
    let mut rests = Vec::with_capacity(lines.len());
    for line in lines.iter().copied().filter(|line| !line.is_empty()) {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = line.split_at(digits);
        let number: u32 = number.parse().ok()?;
        let is_apart = rest.is_empty() || rest.starts_with([' ', ':', '.', '|', ')']);
        if !is_apart || last.is_some_and(|last| last >= number) {
            return None;
        }
        last = Some(number);
        rests.push(rest.trim_start_matches([' ', ':', '.', '|', ')']));
    }
    // One line alone may be a value of the Commerce database, which begins with a number, too.
    (rests.len() > 1).then_some(rests)
}

/// With the five dashes of PEM around each BEGIN and END, however many there were: Adobe's own pages print four and three.
fn with_five_dashes(text: &str) -> Zeroizing<String> {
    let mut tidy = Zeroizing::new(String::with_capacity(text.len() + 64));
    let mut rest = text;
    while let Some(at) = rest.find(is_dash) {
        let (before, after) = rest.split_at(at);
        tidy.push_str(before);
        if let Some((word, label, after)) = marker(after) {
            tidy.extend([DASHES, word, label, DASHES]);
            rest = after;
        } else {
            let dashes = after.len() - after.trim_start_matches(is_dash).len();
            tidy.push_str(&after[..dashes]);
            rest = &after[dashes..];
        }
    }
    tidy.push_str(rest);
    tidy
}

/// `BEGIN ` or `END `, the label, and what comes after the line, of a text that begins with the dashes of one.
fn marker(text: &str) -> Option<(&'static str, &str, &str)> {
    let text = text.trim_start_matches(is_dash).trim_start_matches(' ');
    let word = ["BEGIN ", "END "].into_iter().find(|word| text.starts_with(word))?;
    let text = &text[word.len()..];
    let end = text.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != ' ').unwrap_or(text.len());
    let (label, after) = text.split_at(end);
    let without_dashes = after.trim_start_matches(is_dash);
    let is_closed = without_dashes.len() < after.len() || after.is_empty() || after.starts_with('\n');
    (is_closed && !label.trim().is_empty()).then(|| (word, label.trim(), without_dashes))
}

/// A dash, or what a text processor made of it.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// One PEM block, as found: label and text between its two lines.
pub(super) struct Block<'a> {
    /// What stands after BEGIN.
    pub(super) label: &'a str,
    /// What stands after END.
    pub(super) end_label: &'a str,
    /// Headers and base64, in any layout.
    pub(super) body: &'a str,
    /// Whether there is an END line.
    pub(super) has_end: bool,
}

impl Block<'_> {
    /// Whether the old OpenSSL headers say that the body is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.label.starts_with("ENCRYPTED") || (self.body.contains("Proc-Type") && self.body.contains("ENCRYPTED"))
    }

    /// The block's bytes. `pem` frees its own working copy without wiping it; everything of ours is wiped.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut clean = Zeroizing::new(String::with_capacity(self.body.len() + 128));
        clean.extend([BEGIN, self.label, DASHES, "\n"]);
        // Headers such as `Comment: …` say nothing about the key.
        for line in self.body.lines().filter(|line| !line.contains(':')) {
            clean.extend(line.split_whitespace());
        }
        clean.extend(["\n", END, self.end_label, DASHES, "\n"]);
        match pem::parse(clean.as_bytes()) {
            Ok(block) => Ok(Zeroizing::new(block.into_contents())),
            // The error's own text may quote what was pasted, so it is not passed on.
            Err(pem::PemError::MismatchedTags(..)) => {
                Err(KeyError::Damaged("its BEGIN and END lines do not match".into()))
            }
            Err(_) if !self.has_end => Err(KeyError::Truncated("its END line is missing")),
            Err(_) => Err(KeyError::Damaged("the text between BEGIN and END is not base64".into())),
        }
    }
}

/// Every PEM block of a text; what stands before, between and after them is not looked at.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, KeyError> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, after) = label(after).ok_or(KeyError::Truncated("its BEGIN line is incomplete"))?;
        let Some((body, after)) = after.split_once(END) else {
            if after.trim().is_empty() || after.contains(BEGIN) {
                return Err(KeyError::Truncated("its END line is missing"));
            }
            // Whether it is whole all the same, its bytes say.
            found.push(Block { label, end_label: label, body: after, has_end: false });
            break;
        };
        if body.contains(BEGIN) {
            return Err(KeyError::Truncated("its END line is missing"));
        }
        let (end_label, after) = self::label(after).ok_or(KeyError::Truncated("its END line is incomplete"))?;
        found.push(Block { label, end_label, body, has_end: true });
        rest = after;
    }
    if found.is_empty() {
        if text.contains(END) {
            return Err(KeyError::Truncated("its BEGIN line is missing"));
        }
        // A first line that lost its dashes while it was marked with the mouse.
        if text.contains("-BEGIN ") || text.starts_with("BEGIN ") {
            return Err(KeyError::Truncated("its BEGIN and END lines must have dashes at both ends"));
        }
    }
    Ok(found)
}

/// The label up to the dashes, all on one line.
fn label(text: &str) -> Option<(&str, &str)> {
    let (label, after) = text.split_once(DASHES)?;
    (!label.contains('\n')).then_some((label.trim(), after))
}

/// Whether this is `keyIndex:cipher:base64`, as Commerce keeps secrets (protocol page §5).
pub(super) fn is_database_value(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let is_number = |part: Option<&str>| {
        part.is_some_and(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    is_number(parts.next()) && is_number(parts.next()) && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_is_taken_off_in_layers() {
        assert_eq!(unwrapped("\u{feff}  \"'abc' \"\r\n"), "abc");
        assert_eq!(unwrapped("\""), "\"");
        assert_eq!(unwrapped(" '' "), "");
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        assert_eq!(*with_real_line_ends(r"a\r\nb\\nc\/d\te"), "a\n\nb\nc/d e");
        assert_eq!(*with_real_line_ends("a\r\nb\rc\\"), "a\n\nb\nc\\");
    }

    #[test]
    fn database_values_are_known_by_their_shape() {
        assert!(is_database_value("0:3:AAECAwQFBgcICQoLnUc1VRcvmobkd5r5UPx8sFGiJxfD"));
        assert!(is_database_value("12:2:abc"));
        assert!(!is_database_value("0:abc"));
        assert!(!is_database_value("key:3:abc"));
        assert!(!is_database_value(":3:abc"));
    }
}
