//! A message as a mail (RFC 5322), for a sendmail program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;

use super::message::Message;
use super::{Failed, Mail, program};
use std::time::Duration;

/// The most bytes of a header's text that one encoded word takes (RFC 2047: 75 characters with its frame).
const ENCODED_BYTES: usize = 45;

/// Hands it to the mail program, which queues it.
pub async fn send(mail: &Mail, message: &Message, limit: Duration) -> Result<(), Failed> {
    // `-i`: a line with a dot does not end it. Recipients are arguments, so no header can add one.
    let mut arguments = vec!["-i".to_owned()];
    if let Some(from) = &mail.from {
        arguments.extend(["-f".to_owned(), from.clone()]);
    }
    arguments.push("--".to_owned());
    arguments.extend(mail.to.iter().cloned());
    program::run(&mail.program, &arguments, compose(mail, message, &TimeZone::system()).as_bytes(), limit).await
}

/// Headers and text.
fn compose(mail: &Mail, message: &Message, zone: &TimeZone) -> String {
    let date = jiff::fmt::rfc2822::to_string(&message.at.to_zoned(zone.clone())).unwrap_or_default();
    let mut headers = vec![("To", mail.to.join(", "))];
    if let Some(from) = &mail.from {
        headers.push(("From", from.clone()));
    }
    headers.extend([
        ("Subject", encoded(message.headline().as_str())),
        ("Date", date),
        ("MIME-Version", "1.0".to_owned()),
        ("Content-Type", "text/plain; charset=UTF-8".to_owned()),
        ("Content-Transfer-Encoding", "base64".to_owned()),
        // No holiday notice answers it (RFC 3834).
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Commerce-Connector-Event", message.event.name().to_owned()),
        ("X-Commerce-Connector-Id", message.id.to_string()),
    ]);
    let headers: Vec<String> = headers.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    // Base64, so that no relay breaks long lines or umlauts.
    let body = STANDARD.encode(message.text(zone));
    let lines: Vec<&str> = (0..body.len()).step_by(76).map(|at| &body[at..body.len().min(at + 76)]).collect();
    format!("{}\n{}\n", headers.concat(), lines.join("\n"))
}

/// A header's text: as it is, or where it is more than ASCII, as encoded words.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= ENCODED_BYTES => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\n ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::failure;
    use super::*;

    fn mail() -> Mail {
        Mail { program: "/usr/sbin/sendmail".into(), to: vec!["ops@example.com".into(), "root".into()], from: None }
    }

    #[test]
    fn it_has_the_headers_of_a_mail_and_the_text_of_the_message() {
        let text = compose(&mail(), &failure(), &TimeZone::UTC);
        let (headers, body) = text.split_once("\n\n").expect("headers and a body");
        assert!(headers.starts_with("To: ops@example.com, root\nSubject: Shop: watch failed: gateway down\nDate: Fri, 27 Nov 2026 12:00:00 +0000\n"), "{headers}");
        let body = STANDARD.decode(body.replace('\n', "")).expect("base64");
        assert_eq!(String::from_utf8(body).expect("UTF-8"), failure().text(&TimeZone::UTC));
    }

    #[test]
    fn nothing_from_outside_becomes_a_header_and_other_letters_are_encoded() {
        let mut message = failure();
        message.facts.installation = "Größe\r\nBcc: all@example.com".into();
        let text = compose(&mail(), &message, &TimeZone::UTC);
        let (headers, _) = text.split_once("\n\n").expect("headers and a body");
        assert!(headers.is_ascii() && !headers.contains("Bcc"), "{headers}");
        let subject: String = headers
            .lines()
            .skip_while(|line| !line.starts_with("Subject"))
            .take_while(|line| !line.starts_with("Date"))
            .flat_map(|line| {
                assert!(line.len() <= 76 + "Subject: ".len(), "{line}");
                let word = line.split("=?UTF-8?B?").nth(1).and_then(|rest| rest.strip_suffix("?=")).expect("encoded");
                String::from_utf8(STANDARD.decode(word).expect("base64"))
                    .expect("whole characters")
                    .chars()
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(subject, message.headline().as_str());
    }
}
