//! The items of the ledger: listed page by page, looked at one by one, and what would be sent of one now.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::{Connector, explained};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::ledger::{
    FieldChange, ItemDetail, ItemNumber, ItemPage, ItemQuery, ItemRow, LedgerReader, PageFrom,
};
use crate::feeds::item::{FeedItem, identity};
use crate::feeds::source::{Collected, IdKind, Page, Selection, Source};
use crate::state_files;
use crate::untrusted::SafeText;

/// One item: what is known of it, and what the source would give for it now.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView {
    /// What the ledger knows.
    pub detail: ItemDetail,
    /// Why what was sent last is not known, in one sentence; empty if it is.
    pub not_kept: SafeText,
    /// What would be sent now.
    pub now: NowSent,
    /// The difference of both, field by field in the order of what would be sent now; empty unless both are known.
    pub changes: Vec<(SafeText, FieldChange)>,
}

/// What the source would give for an item now.
#[derive(Debug, Clone, PartialEq)]
pub enum NowSent {
    Payload(Value),
    /// Nothing: it is not in the source.
    Gone,
    /// Nothing: the source record is broken; why, in one sentence.
    Broken(SafeText),
    /// The source cannot be asked; why, in one sentence.
    Unknown(SafeText),
}

/// By what the source record of an item is sent again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// Its source id.
    Id(i64),
    /// Its code, where the source has no ids.
    Code(String),
}

impl Record {
    /// The source record of an item.
    #[must_use]
    pub fn of(feed: Feed, row: &ItemRow) -> Self {
        match row.source_id {
            Some(id) => Record::Id(id),
            None => Record::Code(first_value(feed, row.label.as_str()).to_owned()),
        }
    }

    /// What these records are called in an export by ids, and of which kind that is.
    pub fn words(records: &[Self]) -> (Vec<String>, IdKind) {
        let words = records.iter().map(|record| match record {
            Record::Id(id) => id.to_string(),
            Record::Code(code) => code.clone(),
        });
        let has_ids_only = records.iter().all(|record| matches!(record, Record::Id(_)));
        (words.collect(), if has_ids_only { IdKind::Id } else { IdKind::Either })
    }
}

/// The first identity value, out of a label: all of it but the values after the first.
fn first_value(feed: Feed, label: &str) -> &str {
    label.rsplitn(feed.identity().len().max(1), " · ").last().unwrap_or(label)
}

impl Connector {
    /// A page of items; `None` if `go_on` ended it. Empty if nothing was ever sent. Blocking.
    pub fn items(
        &self,
        query: &ItemQuery,
        from: &PageFrom,
        limit: usize,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Option<ItemPage>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.page(query, from, limit, go_on).map_err(explained),
            None => Ok(Some(ItemPage::default())),
        }
    }

    /// How many items a query has; `None` if `go_on` ended it. Blocking.
    pub fn count_items(&self, query: &ItemQuery, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Option<u64>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.count_items(query, go_on).map_err(explained),
            None => Ok(Some(0)),
        }
    }

    /// Looks at one item: reads the ledger, then asks the source what it would give now.
    pub async fn item(&self, number: ItemNumber) -> Result<ItemView, Problem> {
        let detail = self.in_ledger(move |ledger| ledger.detail(number)).await?;
        Ok(self.view_of(detail.ok_or_else(no_such_item)?).await)
    }

    /// An item as a row of the list of its feed.
    pub async fn item_row(&self, number: ItemNumber) -> Result<(Feed, ItemRow), Problem> {
        let detail = self.in_ledger(move |ledger| ledger.detail(number)).await?.ok_or_else(no_such_item)?;
        Ok((detail.feed, detail.row))
    }

    /// Looks at the items of a feed with this label, SKU or source id, at most `limit`.
    pub async fn items_named(&self, feed: Feed, name: &str, limit: usize) -> Result<Vec<ItemView>, Problem> {
        let mut views = Vec::new();
        for detail in self.details_named(feed, name, limit).await? {
            views.push(self.view_of(detail).await);
        }
        Ok(views)
    }

    /// What the ledger has of the items of a feed with this label, SKU or source id, at most `limit`.
    pub(super) async fn details_named(&self, feed: Feed, name: &str, limit: usize) -> Result<Vec<ItemDetail>, Problem> {
        let query = ItemQuery { search: name.to_owned(), ..ItemQuery::all(feed) };
        let is_named = {
            let name = name.trim().to_owned();
            move |row: &ItemRow| {
                row.label.as_str() == name
                    || first_value(feed, row.label.as_str()) == name
                    || row.source_id.is_some_and(|id| id.to_string() == name)
            }
        };
        let details = self.in_ledger(move |ledger| {
            let mut details = Vec::new();
            let mut from = PageFrom::Start;
            loop {
                let page = ledger.page(&query, &from, limit, &mut |_| true)?.unwrap_or_default();
                for row in page.rows.iter().filter(|row| is_named(row)) {
                    details.extend(ledger.detail(row.number)?);
                }
                match page.rows.into_iter().last().filter(|_| page.has_after && details.len() < limit) {
                    Some(last) => from = PageFrom::After(last),
                    None => return Ok(Some(details)),
                }
            }
        });
        let mut details = details.await?.unwrap_or_default();
        details.truncate(limit);
        Ok(details)
    }

    /// Saves what was sent of an item, and what would be sent now, to a new 0600 file in the state directory.
    ///
    /// # Errors
    /// As [`Self::item`], or a [`Problem`] if it cannot be written.
    pub async fn save_item(&self, number: ItemNumber) -> Result<PathBuf, Problem> {
        let view = self.item(number).await?;
        let now = Timestamp::now();
        let name = format!("{}-{}-{}.json", view.detail.feed, number.0, now.strftime("%Y%m%dT%H%M%S%3fZ"));
        let path = self.shared.state_dir.join("items").join(name);
        let text = format!("{:#}\n", document(&view));
        let written = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || state_files::write(&path, text.as_bytes())).await
        };
        match written {
            Ok(written) => written.map_err(explained)?,
            Err(error) => return Err(Problem::new(Exit::Other, format!("cannot write the file: {error}"))),
        }
        Ok(path)
    }

    /// Reads the ledger off the async threads; nothing if there is none.
    pub(super) async fn in_ledger<T: Default + Send + 'static>(
        &self,
        read: impl FnOnce(&LedgerReader) -> Result<T, crate::export::ledger::LedgerError> + Send + 'static,
    ) -> Result<T, Problem> {
        let connector = self.clone();
        let done = tokio::task::spawn_blocking(move || match connector.ledger()? {
            Some(ledger) => read(&ledger).map_err(explained),
            None => Ok(T::default()),
        });
        done.await.map_err(|error| Problem::new(Exit::Other, format!("cannot read the ledger: {error}")))?
    }

    async fn view_of(&self, detail: ItemDetail) -> ItemView {
        let now = match self.source().await {
            Ok(source) => now_sent(&source, &detail).await,
            Err(problem) => NowSent::Unknown(SafeText::from(problem.what)),
        };
        let changes = match (&detail.sent, &now) {
            (Some((_, sent)), NowSent::Payload(now)) => changes(detail.feed, sent, now),
            _ => Vec::new(),
        };
        let not_kept = if detail.sent.is_some() { "" } else { self.why_not_kept(&detail) };
        ItemView { not_kept: not_kept.into(), detail, now, changes }
    }

    fn why_not_kept(&self, detail: &ItemDetail) -> &'static str {
        if detail.feed.is_personal() {
            "orders hold personal data, so their payloads are not stored"
        } else if !self.config().export.keep_payloads {
            "payloads are not stored: export.keep_payloads is off"
        } else if detail.request.is_none() {
            "it was never sent, or before payloads were stored"
        } else {
            "it was sent before payloads were stored"
        }
    }
}

fn no_such_item() -> Problem {
    Problem::new(Exit::Other, "this item is not in the ledger")
        .hint("it left the source before it was sent, or its feed was reset: refresh the list")
}

/// What the source gives for an item now. Everything of its record is read, and the item looked for by its identity.
async fn now_sent(source: &Source, detail: &ItemDetail) -> NowSent {
    let selection = match detail.row.source_id.and_then(|id| u64::try_from(id).ok()) {
        Some(key) => Selection::Keys(vec![key]),
        None => Selection::Ids(vec![first_value(detail.feed, detail.row.label.as_str()).to_owned()]),
    };
    let feed = detail.feed;
    let (sender, mut pages) = mpsc::channel::<Page>(1);
    let now = Timestamp::now();
    let mut broken = None;
    let listen = async {
        while let Some(page) = pages.recv().await {
            for collected in page.collected {
                match collected {
                    Collected::Item { source_id, content } => match FeedItem::new(feed, source_id, content, now) {
                        Ok(item) if item.id == detail.id => return Some(item),
                        _ => {}
                    },
                    Collected::Broken(record) => {
                        let is_this = record
                            .known
                            .is_none_or(|content| identity(feed, &content).is_ok_and(|(id, _)| id == detail.id));
                        if is_this {
                            broken = Some(record.reason);
                        }
                    }
                }
            }
        }
        None
    };
    let reading = async {
        let read = source.read(feed, &selection, sender).await;
        read.err()
    };
    let (found, error) = tokio::join!(listen, reading);
    match (found, error, broken) {
        (Some(item), ..) => match serde_json::from_slice(&item.json) {
            Ok(payload) => NowSent::Payload(payload),
            Err(error) => NowSent::Unknown(SafeText::from(error.to_string())),
        },
        (None, Some(error), _) => NowSent::Unknown(SafeText::from(error.to_string())),
        (None, None, Some(reason)) => NowSent::Broken(reason),
        (None, None, None) => NowSent::Gone,
    }
}

/// What became of every field, in the order of what would be sent now; what is only in what was sent comes last. A field that
/// says when the item was made is the same whatever it says.
fn changes(feed: Feed, sent: &Value, now: &Value) -> Vec<(SafeText, FieldChange)> {
    let empty = Map::new();
    let (sent, now) = (sent.as_object().unwrap_or(&empty), now.as_object().unwrap_or(&empty));
    let of_now = now.iter().map(|(name, now)| {
        let change = match sent.get(name) {
            None => FieldChange::Added(now.clone()),
            Some(sent) if sent == now || feed.is_hash_excluded(name) => FieldChange::Same(now.clone()),
            Some(sent) => FieldChange::Changed { sent: sent.clone(), now: now.clone() },
        };
        (SafeText::new(name), change)
    });
    let gone = sent.iter().filter(|(name, _)| !now.contains_key(*name));
    let gone = gone.map(|(name, sent)| (SafeText::new(name), FieldChange::Removed(sent.clone())));
    of_now.chain(gone).collect()
}

/// Everything about an item as one JSON object.
pub fn document(view: &ItemView) -> Value {
    let ItemView { detail, not_kept, now, changes } = view;
    let attempts: Vec<Value> = detail
        .attempts
        .iter()
        .map(|attempt| {
            json!({
                "at": attempt.at.to_string(),
                "state": attempt.state.words(),
                "status": attempt.status,
                "message": attempt.error,
                "code": attempt.code,
                "request_id": attempt.request_id,
            })
        })
        .collect();
    let identity: Map<String, Value> =
        detail.identity.iter().map(|(name, value)| (name.to_string(), Value::from(value.as_str()))).collect();
    let (now, now_note) = match now {
        NowSent::Payload(payload) => (Some(payload), None),
        NowSent::Gone => (None, Some(SafeText::from("it is not in the source"))),
        NowSent::Broken(reason) | NowSent::Unknown(reason) => (None, Some(reason.clone())),
    };
    let changed: Vec<Value> = changes.iter().filter_map(|(name, change)| change_record(name, change)).collect();
    let mut document = row_document(detail.feed, &detail.row);
    document.extend([
        ("identity".to_owned(), Value::Object(identity)),
        ("feed_id".to_owned(), detail.id.to_string().into()),
        ("attempts".to_owned(), attempts.into()),
        ("sent_at".to_owned(), detail.sent.as_ref().map(|(at, _)| at.to_string()).into()),
        ("sent".to_owned(), detail.sent.as_ref().map(|(_, payload)| payload.clone()).into()),
        ("sent_note".to_owned(), json!((!not_kept.is_empty()).then_some(not_kept))),
        ("now".to_owned(), json!(now)),
        ("now_note".to_owned(), json!(now_note)),
        ("changes".to_owned(), changed.into()),
    ]);
    Value::Object(document)
}

/// An item of the list as JSON fields.
pub fn row_document(feed: Feed, row: &ItemRow) -> Map<String, Value> {
    let fields = json!({
        "feed": feed,
        "number": row.number.0,
        "item": row.label,
        "source_id": row.source_id,
        "state": row.state.words(),
        "deleted": row.is_deleted,
        "at": row.modified_at.to_string(),
        "message": row.error,
        "code": row.code,
        "request_id": row.request_id,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn change_record(name: &SafeText, change: &FieldChange) -> Option<Value> {
    match change {
        FieldChange::Same(_) => None,
        FieldChange::Added(now) => Some(json!({"field": name, "now": now})),
        FieldChange::Removed(sent) => Some(json!({"field": name, "sent": sent})),
        FieldChange::Changed { sent, now } => Some(json!({"field": name, "sent": sent, "now": now})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_the_order_of_now_and_what_is_missing_comes_last() {
        let sent = json!({"sku": "A", "name": "old", "gone": 1, "modifiedAt": "then"});
        let now = json!({"sku": "A", "name": "new", "more": true, "modifiedAt": "now"});
        let reported: Vec<(String, FieldChange)> =
            changes(Feed::Products, &sent, &now).into_iter().map(|(name, change)| (name.to_string(), change)).collect();
        let expected = [
            ("modifiedAt".to_owned(), FieldChange::Same(json!("now"))),
            ("more".to_owned(), FieldChange::Added(json!(true))),
            ("name".to_owned(), FieldChange::Changed { sent: json!("old"), now: json!("new") }),
            ("sku".to_owned(), FieldChange::Same(json!("A"))),
            ("gone".to_owned(), FieldChange::Removed(json!(1))),
        ];
        assert_eq!(reported, expected);
    }

    #[test]
    fn a_record_is_named_by_its_id_or_else_by_the_first_value_of_its_label() {
        assert_eq!(first_value(Feed::Products, "24 · MB · default"), "24 · MB");
        assert_eq!(first_value(Feed::Prices, "A · 0 · base"), "A");
        assert_eq!(first_value(Feed::ScopesWebsite, "base"), "base");
        let (words, kind) = Record::words(&[Record::Id(7), Record::Id(8)]);
        assert_eq!((words, kind), (vec!["7".to_owned(), "8".to_owned()], IdKind::Id));
        assert_eq!(Record::words(&[Record::Id(7), Record::Code("A".into())]).1, IdKind::Either);
    }
}
