//! What an answer's body says, in the shapes that the gateway documents (protocol page §1).
//!
//! It must never decide what to do about it.

use serde_json::Value;

use crate::untrusted::SafeText;

/// The most characters of a server's text that are kept; a screen full is enough to act on.
pub(crate) const MESSAGE_LIMIT: usize = 500;

/// A failure that the body of an answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    message: String,
    code: Option<String>,
}

impl Said {
    /// The message with its code, such as `JWT is invalid (403053)`.
    pub(crate) fn sentence(&self) -> SafeText {
        let text = match &self.code {
            Some(code) if self.message.is_empty() => format!("error code {code}"),
            Some(code) if !self.message.contains(code.as_str()) => format!("{} ({code})", self.message),
            _ => self.message.clone(),
        };
        SafeText::limited(&text, MESSAGE_LIMIT)
    }

    /// 401 or 403 if the code begins with it, as in 403053: keys are refused, also when the HTTP status says otherwise.
    pub(crate) fn keys_status(&self) -> Option<u16> {
        let code = self.code.as_deref()?;
        [401, 403].into_iter().find(|status: &u16| code.starts_with(&status.to_string()))
    }
}

/// The failure that a JSON body tells: a top-level `message`, `error` or `error_code`.
pub(crate) fn failure(body: &Value) -> Option<Said> {
    let error = &body["error"];
    let found = |candidates: &[&Value]| candidates.iter().find_map(|value| text_of(value));
    let message = found(&[&error["message"], &body["message"], &body["error_description"], error]);
    let code = found(&[
        &body["error_code"],
        &error["details"]["error_code"],
        &error["error_code"],
        &error["code"],
        &body["code"],
        &body["status"],
    ]);
    // A code alone, or a `status` beside a result, is not a failure; an `error` that holds anything is.
    let is_failure = message.is_some()
        || text_of(&body["error_code"]).is_some()
        || error.as_object().is_some_and(|fields| !fields.is_empty());
    is_failure.then(|| Said { message: message.unwrap_or_default(), code })
}

/// What a failed answer says: the failure in its JSON, or else the text itself.
pub(crate) fn words(body: &[u8]) -> SafeText {
    if let Some(said) = serde_json::from_slice(body).ok().as_ref().and_then(failure) {
        return said.sentence();
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return SafeText::new("no details");
    }
    if is_html(body) {
        return match html_title(text) {
            Some(title) => SafeText::limited(&format!("an HTML page with the title \"{title}\""), MESSAGE_LIMIT),
            None => SafeText::new("an HTML page"),
        };
    }
    SafeText::limited(text, MESSAGE_LIMIT)
}

/// Whether this is markup: a login page, a proxy's block page, an error page of a load balancer.
pub(crate) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

fn html_title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let length = lower.get(start..)?.find("</title>")?;
    let title = page.get(start..start + length)?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// A string or a number as text; nothing else, and no empty string.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sentence(body: &Value) -> Option<String> {
        failure(body).map(|said| said.sentence().to_string())
    }

    #[test]
    fn every_documented_shape_is_read_with_codes_as_text_or_number() {
        for (body, expected) in [
            (json!({"error_code": "403053", "message": "JWT is invalid"}), "JWT is invalid (403053)"),
            (json!({"error_code": 403_053, "message": "JWT is invalid"}), "JWT is invalid (403053)"),
            (
                json!({"error": {"code": "Forbidden", "message": "Client ID is missing",
                                 "details": {"error_code": "403000"}}}),
                "Client ID is missing (403000)",
            ),
            (json!({"error": {"message": "Client ID is invalid"}}), "Client ID is invalid"),
            (json!({"message": "no such project", "status": 404}), "no such project (404)"),
            (json!({"error": "invalid_request", "error_description": "why"}), "why"),
            (json!({"error": "invalid_request"}), "invalid_request"),
            (json!({"error_code": 403_000}), "error code 403000"),
        ] {
            assert_eq!(sentence(&body).as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn what_tells_no_failure_is_none() {
        for body in [
            json!({"results": []}),
            json!({"status": "OK", "code": 200}),
            json!({"message": null, "error": null}),
            json!({"message": " "}),
            json!([1]),
            json!("text"),
        ] {
            assert_eq!(failure(&body), None, "{body}");
        }
    }

    #[test]
    fn a_code_of_401_or_403_is_about_the_keys() {
        let status = |body| failure(&body).expect("a failure").keys_status();
        assert_eq!(status(json!({"message": "x", "error_code": 403_053})), Some(403));
        assert_eq!(status(json!({"message": "x", "error_code": "401001"})), Some(401));
        assert_eq!(status(json!({"message": "403", "code": 500})), None);
    }

    #[test]
    fn words_are_the_body_itself_where_it_is_no_json_and_always_safe() {
        assert_eq!(words(b" Bad\x1b[2J gateway\n").as_str(), "Bad\\x1b[2J gateway");
        assert_eq!(words(b"").as_str(), "no details");
        assert_eq!(
            words(b"<!doctype html><TITLE>Sign\n in</TITLE>").as_str(),
            "an HTML page with the title \"Sign in\""
        );
        assert_eq!(words(b"<html><title>").as_str(), "an HTML page");
        assert_eq!(words(&vec![b'x'; 10_000]).as_str().chars().count(), MESSAGE_LIMIT);
        assert_eq!(words(&[0xff, 0xfe]).as_str(), "\u{fffd}\u{fffd}");
    }
}
