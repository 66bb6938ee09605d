//! What people paste, tidied: quotes, literal `\n`, line ends, indentation, and the PEM blocks within.
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

/// One PEM block, as found: label and text between its two lines.
pub(super) struct Block<'a> {
    /// What stands after BEGIN.
    pub(super) label: &'a str,
    /// What stands after END.
    pub(super) end_label: &'a str,
    /// Headers and base64, in any layout.
    pub(super) body: &'a str,
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
        let (body, after) = after.split_once(END).ok_or(KeyError::Truncated("its END line is missing"))?;
        if body.contains(BEGIN) {
            return Err(KeyError::Truncated("its END line is missing"));
        }
        let (end_label, after) = self::label(after).ok_or(KeyError::Truncated("its END line is incomplete"))?;
        found.push(Block { label, end_label, body });
        rest = after;
    }
    if found.is_empty() {
        if text.contains(END) {
            return Err(KeyError::Truncated("its BEGIN line is missing"));
        }
        // A first line that lost dashes while it was marked with the mouse.
        if text.contains("-BEGIN ") || text.contains("-END ") || text.starts_with("BEGIN ") {
            return Err(KeyError::Truncated("its BEGIN and END lines must have five dashes at both ends"));
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
