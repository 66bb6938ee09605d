//! One item as a report: what it is, what happened to it, and what would be sent of it now.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::items::{ItemView, NowSent};
use crate::export::ledger::FieldChange;
use crate::export::progress::ItemState;
use crate::format::{counted, full_moment};
use crate::report::{Section, Tone};
use crate::untrusted::SafeText;

/// Everything that is known of an item. `again` is the key or the command that sends it again.
pub fn of(view: &ItemView, zone: &TimeZone, again: &str) -> Vec<Section> {
    let moment = |at| full_moment(at, zone);
    let mut sections = vec![about(view), state(view, moment, again)];
    sections.extend(history(view, moment));
    payload(view, moment, &mut sections);
    sections
}

fn about(view: &ItemView) -> Section {
    let detail = &view.detail;
    let mut about = Section::new(format!("Item of {}", detail.feed));
    about.say("Item", detail.row.label.clone());
    if let Some(id) = detail.row.source_id {
        about.say("Source id", id.to_string());
    }
    for (name, value) in &detail.identity {
        about.say(name.as_str(), value.clone());
    }
    about.say("Identity", format!("sha1 {}", detail.id));
    about
}

fn state(view: &ItemView, moment: impl Fn(Timestamp) -> String, again: &str) -> Section {
    let row = &view.detail.row;
    let mut state = Section::new("State");
    let (words, meaning) = match (row.state, row.is_deleted) {
        (ItemState::Submitted, true) => ("Deleted in the service", "The gateway accepted its deletion."),
        (state, _) => (state.words(), state.meaning()),
    };
    let deletion = if row.is_deleted && row.state != ItemState::Submitted { ", a deletion" } else { "" };
    state.push("State", format!("{words}{deletion}, since {}", moment(row.modified_at)), row.state.tone());
    answer(&mut state, &row.error, &row.code, row.request_id.as_ref());
    if let Some(request) = &view.detail.request {
        let answer = match (request.status, request.is_over) {
            (Some(status), _) => format!("HTTP {status}"),
            (None, true) => "no response".to_owned(),
            (None, false) => "no response recorded".to_owned(),
        };
        let (at, items) = (moment(request.sent_at), counted(request.items, "item"));
        state.say("Sent", format!("{at}, batch of {items}, attempt {}, {answer}", request.number));
    }
    let refused_keys = matches!(view.detail.request.as_ref().and_then(|request| request.status), Some(401 | 403));
    let refused_keys = refused_keys && row.state == ItemState::WillRetry;
    state.say("Meaning", if refused_keys { "The gateway refused the keys; the item is fine." } else { meaning });
    let next = match row.state {
        ItemState::WillRetry if refused_keys => format!("Check the keys, then send it again: {again}."),
        ItemState::NeedsAttention => format!("Fix it in Commerce, then send it again: {again}."),
        ItemState::WillRetry => format!("None: the next export sends it again; {again}: now."),
        ItemState::Awaiting => format!("None: the next export sends it; {again}: now."),
        ItemState::Submitted => format!("None; {again}: send it again anyway."),
    };
    state.say("Next step", next);
    state
}

/// What the other side said of an item, as far as it said something.
pub fn answer(section: &mut Section, error: &SafeText, code: &SafeText, request_id: Option<&SafeText>) {
    let said = [("Response", Some(error)), ("Code", Some(code)), ("Request id", request_id)];
    for (name, text) in said {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            section.say(name, text.clone());
        }
    }
}

/// The attempts before the last one, newest first.
fn history(view: &ItemView, moment: impl Fn(Timestamp) -> String) -> Option<Section> {
    let earlier = view.detail.attempts.get(1..).filter(|earlier| !earlier.is_empty())?;
    let mut history = Section::new("History");
    for attempt in earlier {
        let mut parts = vec![attempt.state.words().to_owned()];
        // Below are Adobe's own marks of a state, which the word has said.
        parts.extend(Some(attempt.status).filter(|status| *status >= 100).map(|status| format!("HTTP {status}")));
        parts.extend(Some(attempt.error.to_string()).filter(|text| !text.is_empty()));
        parts.extend(Some(&attempt.code).filter(|code| !code.is_empty()).map(|code| format!("code {code}")));
        parts.extend(attempt.request_id.as_ref().map(|id| format!("request {id}")));
        history.push(&moment(attempt.at), parts.join(" · "), attempt.state.tone());
    }
    Some(history)
}

fn payload(view: &ItemView, moment: impl Fn(Timestamp) -> String, sections: &mut Vec<Section>) {
    let (same, differ): (Vec<_>, Vec<_>) =
        view.changes.iter().partition(|(_, change)| matches!(change, FieldChange::Same(_)));
    let sent_at = view.detail.sent.as_ref().map(|(at, _)| moment(*at));
    let mut payload = Section::new(match &sent_at {
        Some(at) if !view.changes.is_empty() && differ.is_empty() => format!("Payload: as last sent, {at}"),
        Some(at) if !view.changes.is_empty() => {
            format!("Payload: {} since last sent, {at}", counted(differ.len() as u64, "change"))
        }
        _ => "Payload".to_owned(),
    });
    if sent_at.is_none() {
        payload.say("Last sent", format!("not available: {}", view.not_kept));
    }
    match &view.now {
        NowSent::Payload(_) => {}
        NowSent::Gone => payload.say("Now", "nothing: deleted in the source"),
        NowSent::Broken(reason) => payload.say("Now", format!("nothing: the record is invalid: {reason}")),
        NowSent::Unknown(reason) => payload.say("Now", format!("not available: {reason}")),
    }
    // What changed comes first.
    for (name, change) in differ.into_iter().chain(same) {
        let (sent, now) = match change {
            FieldChange::Same(value) => {
                payload.say(name.as_str(), json(value));
                continue;
            }
            FieldChange::Added(now) => (None, Some(now)),
            FieldChange::Removed(sent) => (Some(sent), None),
            FieldChange::Changed { sent, now } => (Some(sent), Some(now)),
        };
        for (value, tone) in [(sent, Tone::Old), (now, Tone::New)] {
            if let Some(value) = value {
                payload.push(name.as_str(), json(value), tone);
            }
        }
    }
    sections.push(payload);
    let only = match (&view.now, &view.detail.sent) {
        _ if !view.changes.is_empty() => None,
        (NowSent::Payload(now), _) => Some((now, "To send now")),
        (_, Some((_, sent))) => Some((sent, "Last sent")),
        _ => None,
    };
    if let Some((Value::Object(fields), title)) = only {
        let mut section = Section::new(title);
        for (name, value) in fields {
            section.say(name, json(value));
        }
        sections.push(section);
    }
}

/// A value of a payload as it may be shown.
fn json(value: &Value) -> SafeText {
    match value {
        Value::String(text) => SafeText::new(text),
        other => SafeText::from(other.to_string()),
    }
}
