//! Excerpts of logs, without what may be a secret or a person: for files that leave the server.
//!
//! What this program writes holds no secret in the first place. Commerce's logs are written by others: here shapes decide, so
//! rather too much is masked.

/// The shortest run of hexadecimal digits that may be a key: API keys have 32. Ids of requests have dashes.
const HEX_KEY: usize = 32;
/// The shortest run of Base64 that may be a piece of a key or of a token.
const BASE64_KEY: usize = 40;
/// How many digits such a run has, unlike a long name.
const BASE64_DIGITS: usize = 3;
/// What stands between words.
const BETWEEN: [char; 16] = [' ', '\t', '"', '\'', ',', ';', '(', ')', '[', ']', '{', '}', '<', '>', '=', '&'];

/// A line with `[masked]` for what has the shape of a key, a token, a password or an e-mail address.
#[must_use]
pub fn masked(line: &str) -> String {
    if line.contains("PRIVATE KEY") {
        return "[masked: a private key]".to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut is_named = false;
    for word in line.split_inclusive(BETWEEN) {
        let (text, rest) = word.split_at(word.find(BETWEEN).unwrap_or(word.len()));
        let is_secret = !text.is_empty() && (is_named && !is_separator(text) || has_shape(text));
        out.push_str(if is_secret { "[masked]" } else { text });
        out.push_str(rest);
        if !text.is_empty() && !is_separator(text) {
            is_named = names_a_secret(text);
        }
    }
    out
}

/// Whether only punctuation stands between a name and its value.
fn is_separator(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ':' | '-' | '>' | '\\'))
}

/// Whether the next word is a secret: `password: …`, `"x-api-key":"…"`, `Bearer …`.
fn names_a_secret(word: &str) -> bool {
    let name = word.trim_end_matches([':', '\\']).trim_start_matches(['-', '\\']).to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "authorization", "bearer", "api-key", "api_key", "apikey"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn has_shape(word: &str) -> bool {
    is_address(word) || word.split(|c: char| !is_of_base64(c)).any(|run| is_key(run) || run.starts_with("eyJ"))
}

/// `ann@example.com`, and a login in a URL. The ids of IMS organizations are neither.
fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && host != "AdobeOrg")
}

fn is_of_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/')
}

fn is_key(run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    run.len() >= HEX_KEY && run.chars().all(|c| c.is_ascii_hexdigit()) && digits > 0
        || run.len() >= BASE64_KEY && digits >= BASE64_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tokens_passwords_and_people_are_masked() {
        for (line, secret) in [
            (r#"{"x-api-key":"c0ffee00c0ffee01c0ffee02c0ffee03","x":1}"#, "c0ffee"),
            ("x-api-key: short1", "short1"),
            ("header c0ffee00c0ffee01c0ffee02c0ffee03.", "c0ffee"),
            ("Authorization: Bearer abc.def", "abc.def"),
            ("jwt eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", "eyJ"),
            ("mysql://shop:pa55word@db/shop is down", "pa55word"),
            (r"['password' => 'hunter2']", "hunter2"),
            (r#"\"password\":\"hunter2\""#, "hunter2"),
            ("order of ann@example.com failed", "ann"),
            ("-----BEGIN PRIVATE KEY-----\\nMIIEvQ", "MIIE"),
            ("key MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7 end", "MIIE"),
        ] {
            let masked = masked(line);
            assert!(!masked.contains(secret) && masked.contains("masked"), "{line} became {masked}");
        }
    }

    #[test]
    fn what_is_needed_stays() {
        for line in [
            "[2026-11-27T04:00:00+00:00] main.ERROR: CDE01-05 Unable to sync feed \"products\" for ids \"12,13\".",
            "request 39cf0a7e-9938-4733-b6a6-e51c7e0d0a38, data space 11111111-2222-4333-8444-555555555555",
            "#0 /var/www/shop/vendor/magento/module-data-exporter/Export/Processor.php(94)",
            "Magento\\CatalogDataExporter\\Model\\Provider\\Product\\Attributes: too many connections",
            "organization 0123456789ABCDEF01234567@AdobeOrg",
        ] {
            assert_eq!(masked(line), line);
        }
    }
}
