//! The page of one item: what it is, what happened to it, and what would be sent of it now.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use super::reading::{ItemLine, Mark};
use super::{Effects, Load};
use crate::connector::items::{ItemView, NowSent};
use crate::export::ledger::{FieldChange, ItemRow};
use crate::export::progress::ItemState;
use crate::format::counted;
use crate::tui::effect::{Effect, ItemsWork, Work};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::untrusted::SafeText;

/// The page.
#[derive(Debug)]
pub struct ItemPane {
    /// The item, as the list had it.
    pub row: ItemRow,
    /// What is known of it.
    pub view: Option<Box<ItemView>>,
    /// How loading that goes.
    pub load: Load,
    /// Which of its entries is selected.
    pub selected: usize,
}

impl ItemPane {
    /// The page of an item, which is being looked at.
    pub(super) fn new(row: ItemRow, effects: &mut Effects) -> Self {
        effects.push(Effect::Work(Work::Items(ItemsWork::Look(row.number))));
        Self { row, view: None, load: Load::Loading, selected: 0 }
    }

    /// Everything that is known, line by line.
    pub fn entries(&self, wall: Option<&Zoned>) -> Vec<ItemLine> {
        self.view.as_deref().map(|view| Entries { list: Vec::new(), wall }.of(view)).unwrap_or_default()
    }
}

struct Entries<'a> {
    list: Vec<ItemLine>,
    wall: Option<&'a Zoned>,
}

impl Entries<'_> {
    fn of(mut self, view: &ItemView) -> Vec<ItemLine> {
        let detail = &view.detail;
        self.heading(format!("Item of {}", detail.feed));
        self.say("Item", &detail.row.label);
        if let Some(id) = detail.row.source_id {
            self.say("Source id", &SafeText::from(id.to_string()));
        }
        for (name, value) in &detail.identity {
            self.say(name.as_str(), value);
        }
        self.say("Identity", &SafeText::from(format!("sha1 {}", detail.id)));
        self.state(view);
        let earlier = detail.attempts.get(1..).unwrap_or_default();
        if !earlier.is_empty() {
            self.heading("History");
        }
        for attempt in earlier {
            let at = self.moment(attempt.at);
            let code = attempt.status.to_string();
            let said = [attempt.error.as_str(), attempt.code.as_str()].into_iter().filter(|text| !text.is_empty());
            let request = attempt.request_id.as_ref().map(|id| format!("request {id}"));
            let parts: Vec<String> = [attempt.state.words().to_owned(), code]
                .into_iter()
                .chain(said.map(str::to_owned))
                .chain(request)
                .collect();
            self.push(&at, &SafeText::from(parts.join(" · ")), Mark::State(attempt.state));
        }
        self.payload(view);
        self.list
    }

    fn state(&mut self, view: &ItemView) {
        let row = &view.detail.row;
        self.heading("State");
        let since = self.moment(row.modified_at);
        let (words, meaning) = match (row.state, row.is_deleted) {
            (ItemState::Submitted, true) => ("Deleted in the service", "The gateway accepted its deletion."),
            (state, _) => (state.words(), state.meaning()),
        };
        let deletion = if row.is_deleted && row.state != ItemState::Submitted { ", a deletion" } else { "" };
        let text = SafeText::from(format!("{words}{deletion}, since {since}"));
        self.push("State", &text, Mark::State(row.state));
        if !row.error.is_empty() {
            self.say("Response", &row.error);
        }
        if !row.code.is_empty() {
            self.say("Code", &row.code);
        }
        if let Some(id) = &row.request_id {
            self.say("Request id", id);
        }
        if let Some(request) = &view.detail.request {
            let answer = match (request.status, request.is_over) {
                (Some(status), _) => format!("HTTP {status}"),
                (None, true) => "no response".to_owned(),
                (None, false) => "no response recorded".to_owned(),
            };
            let (at, items) = (self.moment(request.sent_at), counted(request.items, "item"));
            self.say("Sent", &SafeText::from(format!("{at}, batch of {items}, attempt {}, {answer}", request.number)));
        }
        self.say("Meaning", &meaning.into());
        let again = key_of(KeyContext::Item, Action::SendAgain);
        let helps = match row.state {
            ItemState::NeedsAttention => format!("Fix it in Commerce, then press {again} to send it again."),
            ItemState::WillRetry => format!("None: the next export sends it again; {again}: now."),
            ItemState::Awaiting => format!("None: the next export sends it; {again}: now."),
            ItemState::Submitted => format!("None; {again}: send it again anyway."),
        };
        self.say("Next step", &SafeText::from(helps));
    }

    fn payload(&mut self, view: &ItemView) {
        let is_change = |change: &FieldChange| !matches!(change, FieldChange::Same(_));
        let differ = view.changes.iter().filter(|(_, change)| is_change(change)).count();
        let sent_at = view.detail.sent.as_ref().map(|(at, _)| self.moment(*at));
        match (&sent_at, differ) {
            (Some(at), 0) if !view.changes.is_empty() => self.heading(format!("Payload: as last sent, {at}")),
            (Some(at), _) if !view.changes.is_empty() => {
                self.heading(format!("Payload: {} since last sent, {at}", counted(differ as u64, "change")));
            }
            _ => self.heading("Payload"),
        }
        if sent_at.is_none() {
            self.say("Last sent", &SafeText::from(format!("not available: {}", view.not_kept)));
        }
        match &view.now {
            NowSent::Payload(_) => {}
            NowSent::Gone => self.say("Now", &"nothing: deleted in the source".into()),
            NowSent::Broken(reason) => {
                self.say("Now", &SafeText::from(format!("nothing: the record is invalid: {reason}")));
            }
            NowSent::Unknown(reason) => self.say("Now", &SafeText::from(format!("not available: {reason}"))),
        }
        // What changed comes first.
        for (name, change) in view.changes.iter().filter(|(_, change)| is_change(change)) {
            match change {
                FieldChange::Same(_) => {}
                FieldChange::Added(now) => self.push(name.as_str(), &json(now), Mark::New),
                FieldChange::Removed(sent) => self.push(name.as_str(), &json(sent), Mark::Old),
                FieldChange::Changed { sent, now } => {
                    self.push(name.as_str(), &json(sent), Mark::Old);
                    self.push(name.as_str(), &json(now), Mark::New);
                }
            }
        }
        for (name, change) in &view.changes {
            if let FieldChange::Same(value) = change {
                self.say(name.as_str(), &json(value));
            }
        }
        if view.changes.is_empty() {
            let one = match (&view.now, &view.detail.sent) {
                (NowSent::Payload(now), _) => Some((now, "To send now")),
                (_, Some((_, sent))) => Some((sent, "Last sent")),
                _ => None,
            };
            if let Some((Value::Object(fields), what)) = one {
                self.heading(what);
                fields.iter().for_each(|(name, value)| self.say(name, &json(value)));
            }
        }
    }

    fn heading(&mut self, text: impl Into<String>) {
        self.list.push(ItemLine { name: SafeText::default(), text: SafeText::from(text.into()), mark: Mark::Heading });
    }

    fn say(&mut self, name: &str, text: &SafeText) {
        self.push(name, text, Mark::Plain);
    }

    fn push(&mut self, name: &str, text: &SafeText, mark: Mark) {
        self.list.push(ItemLine { name: SafeText::new(name), text: text.clone(), mark });
    }

    fn moment(&self, at: Timestamp) -> String {
        let zone = self.wall.map_or(TimeZone::UTC, |wall| wall.time_zone().clone());
        at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }
}

/// A value of a payload as it may be shown.
fn json(value: &Value) -> SafeText {
    match value {
        Value::String(text) => SafeText::new(text),
        other => SafeText::from(other.to_string()),
    }
}
