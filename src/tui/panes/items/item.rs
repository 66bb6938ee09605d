//! The page of one item: what it is, what happened to it, and what would be sent of it now.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::connector::items::{ItemView, NowSent, Record};
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::{FieldChange, ItemNumber, ItemRow};
use crate::export::progress::ItemState;
use crate::format::counted;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::items::ask_to_send_again;
use crate::tui::panes::items::requests::ItemsWork;
use crate::tui::panes::{Cx, Effect, Effects, Load, Now, step};
use crate::tui::widgets::copyable::Copyable;
use crate::tui::widgets::dialog::{Dialog, Reading};
use crate::tui::widgets::notices::Tone;
use crate::tui::widgets::reading::{ItemLine, Mark};
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
    pub fn new(row: ItemRow, effects: &mut Effects) -> Self {
        effects.push(ItemsWork::Look(row.number).into());
        Self { row, view: None, load: Load::Loading, selected: 0 }
    }

    /// Everything that is known, line by line.
    pub fn entries(&self, wall: Option<&Zoned>) -> Vec<ItemLine> {
        self.view.as_deref().map(|view| Entries { list: Vec::new(), wall }.of(view)).unwrap_or_default()
    }

    /// What a key does on the page of an item of this feed.
    pub fn update(&mut self, action: Action, feed: Feed, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        let entries = self.entries(Some(&cx.now.wall));
        let label = self.row.label.clone();
        match action {
            Action::Open => {
                let entry = entries.get(self.selected).filter(|entry| entry.mark != Mark::Heading);
                *cx.dialog = entry.map(|entry| Dialog::reading(Reading::Item(entry.clone())));
            }
            Action::SendAgain => ask_to_send_again(feed, 1, vec![Record::of(feed, &self.row)], cx),
            Action::SaveToFile => effects.push(ItemsWork::Save(self.row.number).into()),
            Action::Copy => match entries.get(self.selected) {
                Some(entry) if entry.mark != Mark::Heading => {
                    effects.push(Effect::Copy(Copyable::line(entry.name.as_str(), entry.text.clone())));
                }
                _ => effects.push(Effect::Copy(everything(&label, &entries))),
            },
            Action::PlainText => effects.push(Effect::ShowPlain(everything(&label, &entries))),
            Action::Refresh => self.look_again(&mut effects),
            _ => step(&mut self.selected, entries.len(), action),
        }
        effects
    }

    /// Looks at it once more.
    pub fn look_again(&mut self, effects: &mut Effects) {
        self.load = Load::Loading;
        effects.push(ItemsWork::Look(self.row.number).into());
    }

    /// What is known of it now, if this is the item that was looked at.
    pub fn on_looked(&mut self, number: ItemNumber, result: Result<Box<ItemView>, Problem>, now: &Now) {
        if self.row.number != number {
            return;
        }
        match result {
            Ok(view) => {
                self.row = view.detail.row.clone();
                self.view = Some(view);
                let last = self.entries(Some(&now.wall)).len().saturating_sub(1);
                self.selected = self.selected.min(last);
                self.load = Load::Done { at: now.wall.clone() };
            }
            Err(problem) => self.load = Load::Failed { problem },
        }
    }

    /// Where its payloads are now.
    pub fn on_saved(result: Result<PathBuf, Problem>, cx: &mut Cx<'_>) {
        match result {
            Ok(path) => {
                let text = format!("saved to {} (mode 0600)", SafeText::new(&path.to_string_lossy()));
                cx.notice(Tone::Good, text);
            }
            Err(problem) => cx.problem(&problem),
        }
    }
}

/// The whole page as text.
fn everything(label: &SafeText, entries: &[ItemLine]) -> Copyable {
    let line = |entry: &ItemLine| {
        let sign = match entry.mark {
            Mark::Old => "- ",
            Mark::New => "+ ",
            _ => "",
        };
        match entry.mark {
            Mark::Heading => entry.text.clone(),
            _ => SafeText::from(format!("{sign}{}: {}", entry.name, entry.text)),
        }
    };
    Copyable::lines(label.as_str(), entries.iter().map(line).collect())
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
