//! The address that a person was sent back to, as they paste it: broken over lines, in quotes, cut off, or another one.
//!
//! Each way in which it can be wrong has its own sentence, and none of them repeats what was pasted: it may hold a code.

use reqwest::Url;

use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The most characters of a text of IMS that are kept.
const WORDS_LIMIT: usize = 300;

/// Why a pasted address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// Nothing.
    #[error("nothing was pasted")]
    Empty,
    /// No address at all.
    #[error("the pasted text is not a URL")]
    NotAnAddress,
    /// The address to open, not the one it leads to.
    #[error("that is the URL to open, not the one you were redirected to")]
    AddressToOpen,
    /// An address of somewhere else.
    #[error("that is a URL of {host}, but IMS redirects to {expected}")]
    OtherHost {
        /// Where it leads.
        host: SafeText,
        /// Where it should.
        expected: SafeText,
    },
    /// Half of it is missing.
    #[error("the pasted URL is cut off: {missing} is missing from its end")]
    CutOff {
        /// `code`, `state`, `part of state`.
        missing: &'static str,
    },
    /// It answers another question.
    #[error("that URL belongs to another sign-in: its state does not match")]
    OtherState,
    /// The person, or a rule of their organization, said no.
    #[error("the sign-in was cancelled, or access was denied (access_denied{})", more(.words.as_ref()))]
    Denied {
        /// The words of IMS.
        words: Option<SafeText>,
    },
    /// IMS said no.
    #[error("IMS refused the sign-in: {error}{}", more(.words.as_ref()))]
    Refused {
        /// The OAuth error.
        error: SafeText,
        /// The words of IMS.
        words: Option<SafeText>,
    },
}

fn more(words: Option<&SafeText>) -> String {
    words.map(|words| format!(": {words}")).unwrap_or_default()
}

impl Explain for PasteError {
    fn exit(&self) -> Exit {
        match self {
            PasteError::Denied { .. } | PasteError::Refused { .. } => Exit::Refused,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            PasteError::Empty | PasteError::NotAnAddress | PasteError::OtherHost { .. } | PasteError::CutOff { .. } => {
                "copy the whole URL you were redirected to after signing in, even if that page does not open"
            }
            PasteError::AddressToOpen => "open it in a browser, sign in, then copy the URL you are redirected to",
            PasteError::OtherState => "open the URL shown now, and paste the one it redirects to",
            PasteError::Denied { .. } => "open the URL again and allow access, or sign in with another Adobe ID",
            PasteError::Refused { .. } => "open the URL again; client, redirect URI and scopes are set under [ims]",
        };
        Some(text.into())
    }
}

/// The code in a pasted address, if the address answers what was asked with this state.
pub(super) fn code(pasted: &str, redirect_uri: &str, ims: &str, state: &Secret) -> Result<Secret, PasteError> {
    let url = address(pasted, redirect_uri)?;
    let expected = Url::parse(redirect_uri).ok();
    let place = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    if Some(place(&url)) != expected.as_ref().map(place) || !has_path_of(&url, expected.as_ref()) {
        return Err(if is_authorize(&url, ims) {
            PasteError::AddressToOpen
        } else {
            other_host(&url, expected.as_ref())
        });
    }
    let field = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
    let given_state = field("state");
    match given_state.as_deref() {
        Some(given) if given == state.expose() => {}
        // Cut off within its last field.
        Some(given) if state.expose().starts_with(given) => {
            return Err(PasteError::CutOff { missing: "a part of state" });
        }
        Some(_) => return Err(PasteError::OtherState),
        None => {}
    }
    if let Some(error) = field("error") {
        let words = field("error_description").map(|words| SafeText::limited(&words, WORDS_LIMIT));
        return Err(match error.as_ref() {
            "access_denied" => PasteError::Denied { words },
            error => PasteError::Refused { error: SafeText::limited(error, WORDS_LIMIT), words },
        });
    }
    let code = field("code").filter(|code| !code.is_empty()).ok_or(PasteError::CutOff { missing: "code" })?;
    if given_state.is_none() {
        return Err(PasteError::CutOff { missing: "state" });
    }
    Ok(Secret::new(code))
}

/// The address in a pasted text, whatever a terminal or a mail program did to it.
fn address(pasted: &str, redirect_uri: &str) -> Result<Url, PasteError> {
    let around = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '“' | '”');
    let text = pasted.trim_matches(around);
    if text.is_empty() {
        return Err(PasteError::Empty);
    }
    // A long address is broken over lines on its way through terminals; it never holds white space of its own.
    let text: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect());
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    if let Some(url) = Url::parse(&text).ok().filter(is_web) {
        return Ok(url);
    }
    // Some address bars leave the scheme out.
    let (scheme, place) = redirect_uri.split_once("://").ok_or(PasteError::NotAnAddress)?;
    let host = place.split(['/', '?', '#']).next().unwrap_or_default();
    if !host.is_empty() && text.starts_with(host) {
        return Url::parse(&format!("{scheme}://{}", text.as_str())).map_err(|_| PasteError::NotAnAddress);
    }
    Err(PasteError::NotAnAddress)
}

/// Whether the path is that of the redirect address: IMS itself may have the same host.
fn has_path_of(url: &Url, expected: Option<&Url>) -> bool {
    expected.is_some_and(|expected| url.path().trim_end_matches('/') == expected.path().trim_end_matches('/'))
}

fn is_authorize(url: &Url, ims: &str) -> bool {
    Url::parse(ims).is_ok_and(|ims| ims.host_str() == url.host_str()) && url.path().contains("/ims/authorize")
}

fn other_host(url: &Url, expected: Option<&Url>) -> PasteError {
    let without_secrets = |url: &Url| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        SafeText::limited(&format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path()), WORDS_LIMIT)
    };
    let expected = expected.map(without_secrets).unwrap_or_default();
    PasteError::OtherHost { host: without_secrets(url), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "https://localhost/back";
    const IMS: &str = "https://ims-na1.adobelogin.com";
    const STATE: &str = "Zm9vYmFyYmF6cXV4";

    fn read(pasted: &str) -> Result<String, PasteError> {
        code(pasted, BACK, IMS, &Secret::new(STATE)).map(|code| code.expose().to_owned())
    }

    #[test]
    fn whatever_a_terminal_did_to_the_address_the_code_is_found() {
        for text in [
            format!("https://localhost/back?code=c%2B1&state={STATE}"),
            format!("  \"https://localhost/back?code=c%2B1&state={STATE}\"\r\n"),
            format!("<https://localhost/back/?state={STATE}&code=c%2B1>"),
            format!("https://localhost/back?co\n  de=c%2B1&sta\r\nte={STATE}#"),
            format!("localhost/back?code=c%2B1&state={STATE}"),
            format!("“https://LOCALHOST:443/back?code=c%2B1&state={STATE}&x=1”"),
        ] {
            assert_eq!(read(&text).as_deref(), Ok("c+1"), "{text}");
        }
    }

    #[test]
    fn every_bad_address_has_its_own_sentence() {
        let cut_off = |missing| PasteError::CutOff { missing };
        let other = |host: &str| PasteError::OtherHost { host: host.into(), expected: "localhost/back".into() };
        for (text, expected) in [
            (" \n\t\"\"".to_owned(), PasteError::Empty),
            ("hello".to_owned(), PasteError::NotAnAddress),
            ("javascript:alert(1)".to_owned(), PasteError::NotAnAddress),
            ("?code=1&state=2".to_owned(), PasteError::NotAnAddress),
            (format!("{IMS}/ims/authorize/v2?client_id=1&state={STATE}"), PasteError::AddressToOpen),
            (format!("https://evil.example/back?code=1&state={STATE}"), other("evil.example/back")),
            (format!("https://localhost:8443/back?code=1&state={STATE}"), other("localhost:8443/back")),
            (format!("https://localhost/else?code=1&state={STATE}"), other("localhost/else")),
            ("https://localhost/back".to_owned(), cut_off("code")),
            (format!("https://localhost/back?code=&state={STATE}"), cut_off("code")),
            ("https://localhost/back?code=abc".to_owned(), cut_off("state")),
            (format!("https://localhost/back?code=abc&state={}", &STATE[..5]), cut_off("a part of state")),
            ("https://localhost/back?code=abc&state=other".to_owned(), PasteError::OtherState),
            ("https://localhost/back?error=access_denied&state=other".to_owned(), PasteError::OtherState),
            (format!("https://localhost/back?error=access_denied&state={STATE}"), PasteError::Denied { words: None }),
            (
                format!("https://localhost/back?error=invalid_scope&error_description=no%1b[2J+scope&state={STATE}"),
                PasteError::Refused { error: "invalid_scope".into(), words: Some("no\\x1b[2J scope".into()) },
            ),
        ] {
            let error = read(&text).expect_err(&text);
            assert_eq!(error, expected, "{text}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn no_sentence_repeats_a_code() {
        for text in [
            "s3cret-code",
            "https://localhost/back?code=s3cret-code",
            "https://localhost/back?code=s3cret-code&state=other",
            "https://evil.example/?code=s3cret-code",
        ] {
            let error = read(text).expect_err(text);
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }
}
