//! Values that may be secrets are not repeated by the sentence that says what is wrong with them.

/// The longest value that is repeated, in bytes: names and numbers are shorter, keys and tokens are not.
const LONGEST_SHOWN: usize = 24;
/// What is said in place of a value.
const INSTEAD: &str = "a hidden value";

/// Whether an address names a user, with or without a password: `https://user:password@host`, also without its scheme.
pub(super) fn has_login(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '\\', '?', '#']).next().unwrap_or_default().contains('@')
}

/// Whether a value may hold a secret.
fn is_telling(value: &str) -> bool {
    value.contains(['@', ':']) || value.len() > LONGEST_SHOWN
}

/// A value in a sentence.
pub(super) fn shown(value: &str) -> String {
    if is_telling(value) { INSTEAD.to_owned() } else { format!("{value:?}") }
}

/// A sentence of another room without the value that it is about, if that may be a secret.
pub(super) fn without(sentence: &str, value: &str) -> String {
    let value = value.trim();
    if value.is_empty() || !is_telling(value) {
        return sentence.to_owned();
    }
    sentence.replace(&format!("{value:?}"), INSTEAD).replace(value, INSTEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_in_an_address_and_nowhere_else() {
        for with in
            ["https://ann:pw@gateway.example", "https://ann@gateway.example/x", "ann:pw@host:8443", "http://a@b@c/"]
        {
            assert!(has_login(with), "{with}");
        }
        for without in ["https://gateway.example", "https://gateway.example/a@b", "gateway.example?x=a@b", ""] {
            assert!(!has_login(without), "{without}");
        }
    }

    #[test]
    fn a_telling_value_is_taken_out_of_a_sentence_and_a_plain_one_stays() {
        let sentence = "invalid type: string \"shop:canary@db:3306\", expected u16";
        assert!(!without(sentence, "shop:canary@db:3306").contains("canary"));
        assert_eq!(without("unknown variant `prod`", "prod"), "unknown variant `prod`");
        assert_eq!(shown("twelve"), "\"twelve\"");
        assert!(!shown("0123456789abcdef0123456789abcdef").contains("cdef"));
    }
}
