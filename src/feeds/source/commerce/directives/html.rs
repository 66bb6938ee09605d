//! Text in HTML, as Commerce's language escapes it.

/// Escapes what means something in HTML; what is an entity already stays.
pub(in super::super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        match letter {
            '&' if !text.get(at..).is_some_and(is_entity) => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#039;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A line break before each end of a line.
pub(super) fn with_breaks(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if !matches!(letter, '\r' | '\n') {
            broken.push(letter);
            continue;
        }
        broken.push_str("<br />");
        broken.push(letter);
        // Both together are one end of a line.
        if let Some(second) = letters.next_if(|next| matches!(next, '\r' | '\n') && *next != letter) {
            broken.push(second);
        }
    }
    broken
}

/// The characters that entities stand for: those that are written around a parameter.
pub(super) fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        unescaped.push_str(before);
        let entity = from.find(';').and_then(|end| from.split_at_checked(end + 1));
        if let Some((character, after)) = entity.and_then(|(entity, after)| Some((character(entity)?, after))) {
            unescaped.push(character);
            rest = after;
        } else {
            unescaped.push('&');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    unescaped.push_str(rest);
    unescaped
}

fn character(entity: &str) -> Option<char> {
    let name = entity.strip_prefix('&')?.strip_suffix(';')?;
    match name {
        "amp" => Some('&'),
        "quot" => Some('"'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "nbsp" => Some('\u{a0}'),
        _ => number(name.strip_prefix('#')?).and_then(char::from_u32),
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Whether a text begins with an entity.
fn is_entity(text: &str) -> bool {
    let Some((name, _)) = text.strip_prefix('&').and_then(|rest| rest.split_once(';')) else { return false };
    match name.strip_prefix('#') {
        Some(digits) => number(digits).is_some(),
        None => name.len() <= 31 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_not_escaped_again() {
        assert_eq!(
            escaped(r#"<b> "a" & 'b' &amp; &#39; &x"#),
            "&lt;b&gt; &quot;a&quot; &amp; &#039;b&#039; &amp; &#39; &amp;x"
        );
    }

    #[test]
    fn each_end_of_a_line_is_one_break() {
        assert_eq!(with_breaks("a\r\nb\n\nc"), "a<br />\r\nb<br />\n<br />\nc");
    }

    #[test]
    fn entities_become_characters() {
        assert_eq!(unescaped("&quot;a&#039;&#x41;&apos;&amp;lt;& &"), "\"a'A&apos;&lt;& &");
    }
}
