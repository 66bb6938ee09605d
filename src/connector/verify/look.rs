//! One page of items: what was sent is read, the services are asked, and each item is judged.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::expected::Expected;
use super::judge::{Case, judge};
use super::{MANY, Sighting, Tally, Tell, VerifyNews, VerifyReport, VerifyRequest, Visibility};
use super::{nothing_shown, patience_of, unkept};
use crate::client::storefront::{MAX_SKUS, ShownProduct, StoreScope, Storefront, StorefrontError};
use crate::connector::Connector;
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::{ItemNumber, ItemQuery, LedgerError, LedgerReader, PageFrom, SentItem};
use crate::export::progress::ItemState;
use crate::feeds::content::{Content, Fields};
use crate::feeds::item::{Sha1Hash, identity};
use crate::untrusted::SafeText;

/// The customer group whose price everybody gets who has none of their own.
const FALLBACK_GROUP: &str = "0";
/// How many children of a composite product are looked at, until one is enabled.
const MOST_CHILDREN: usize = 1_000;

/// A look at what is visible.
pub(super) struct Look<'a> {
    pub(super) request: &'a VerifyRequest,
    storefront: Storefront,
    /// The sha1 of the customer group's id.
    group: String,
    has_no_index: bool,
}

/// An item, and what is to be expected of it.
struct Candidate {
    item: SentItem,
    sku: String,
    scope: StoreScope,
    expected: Option<Expected>,
    price_at: Option<Timestamp>,
}

impl<'a> Look<'a> {
    pub(super) fn new(storefront: Storefront, request: &'a VerifyRequest) -> Self {
        let group = Sha1Hash(Sha1::digest(request.group.to_string()).into()).to_string();
        Self { request, storefront, group, has_no_index: false }
    }

    /// How the labels of the items end that are looked at.
    pub(super) fn suffix(&self) -> String {
        let view = self.request.store_view.as_deref();
        view.map(|view| format!("{}{}", super::SEPARATOR, view.trim())).unwrap_or_default()
    }

    pub(super) fn report(&self, population: u64, tally: Tally, bound: Option<super::Bound>) -> VerifyReport {
        VerifyReport { population, tally, bound, has_no_index: self.has_no_index }
    }

    /// Looks at these items, tells of each, and adds it to what was found.
    pub(super) async fn page(
        &mut self,
        connector: &Connector,
        numbers: &[ItemNumber],
        tally: &mut Tally,
        tell: Tell<'_>,
    ) -> Result<Vec<Sighting>, Problem> {
        let (numbers, group) = (numbers.to_vec(), self.group.clone());
        let mut candidates = connector.in_ledger(move |ledger| candidates(ledger, &numbers, &group)).await?;
        let is_unkept = |candidate: &&Candidate| {
            let Candidate { item, .. } = candidate;
            item.payload.is_none() && !item.is_deleted && item.state == ItemState::Submitted
        };
        let unkept: Vec<&SentItem> = candidates.iter().filter(is_unkept).map(|candidate| &candidate.item).collect();
        let payloads = unkept::payloads(connector, &unkept).await?;
        for candidate in &mut candidates {
            if let Some(payload) = payloads.get(&candidate.item.id) {
                candidate.expected = Some(Expected::of(payload, None));
            }
        }
        let mut by_scope: BTreeMap<StoreScope, Vec<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            by_scope.entry(candidate.scope.clone()).or_default().push(candidate);
        }
        let mut seen = Vec::new();
        for (scope, candidates) in by_scope {
            for some in candidates.chunks(MAX_SKUS) {
                for sighting in self.chunk(connector, &scope, some).await? {
                    tally.add(&sighting);
                    seen.push(sighting);
                }
            }
        }
        let is_anything_shown =
            [Visibility::AsSent, Visibility::Older, Visibility::Ghost].map(|s| tally.of(s)) != [0; 3];
        if tally.of(Visibility::Missing) >= MANY && !is_anything_shown {
            return Err(nothing_shown(tally.checked()));
        }
        for sighting in &seen {
            tell(VerifyNews::Seen(sighting))?;
        }
        Ok(seen)
    }

    async fn chunk(
        &mut self,
        connector: &Connector,
        scope: &StoreScope,
        candidates: &[Candidate],
    ) -> Result<Vec<Sighting>, Problem> {
        let skus: Vec<String> = candidates.iter().map(|candidate| candidate.sku.clone()).collect();
        let in_view = |error: StorefrontError| {
            let problem = Problem::of(&error);
            Problem { what: format!("store view {}: {}", SafeText::new(&scope.store_view), problem.what), ..problem }
        };
        let shown = self.storefront.products(scope, &skus).await.map_err(in_view)?;
        let shown: HashMap<&str, &ShownProduct> = shown.iter().map(|shown| (shown.sku.as_str(), shown)).collect();
        let mut found = None;
        if self.request.live_search && !self.has_no_index {
            match self.storefront.search(scope, &skus).await {
                Ok(skus) => found = Some(skus.into_iter().collect::<HashSet<String>>()),
                Err(StorefrontError::NoIndex) => self.has_no_index = true,
                Err(error) => return Err(in_view(error)),
            }
        }
        let mut sightings = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let Candidate { item, sku, expected, price_at, .. } = candidate;
            let mut outcome = judge(&Case {
                item,
                expected: expected.as_ref(),
                price_at: *price_at,
                shown: shown.get(sku.as_str()).copied(),
                is_found: found.as_ref().map(|found| found.contains(sku)),
                now: Timestamp::now(),
                patience: patience_of(self.request),
            });
            let kind = expected.as_ref().map(|expected| expected.kind.as_str()).unwrap_or_default();
            let is_gone = outcome.state == Visibility::Missing && !shown.contains_key(sku.as_str());
            if is_gone && kind == "configurable" && !has_enabled_child(connector, sku, scope).await? {
                (outcome.state, outcome.is_wrong) = (Visibility::NotExpected, false);
                (outcome.why, outcome.expected_by) = ("no enabled child".into(), None);
            }
            sightings.push(Sighting {
                sku: SafeText::new(sku),
                store_view: SafeText::new(&scope.store_view),
                state: outcome.state,
                wrong: outcome.is_wrong,
                why: outcome.why,
                differs: outcome.differs,
                kind: SafeText::new(kind),
                recorded_at: item.at,
                expected_by: outcome.expected_by,
            });
        }
        Ok(sightings)
    }
}

/// The store view of a product that was sent, for a customer group.
pub(super) fn scope_of(item: &SentItem, customer_group: &str) -> StoreScope {
    let text = |name: &str| item.minimal[name].as_str().unwrap_or_default().to_owned();
    StoreScope {
        website: text("websiteCode"),
        store: text("storeCode"),
        store_view: text("storeViewCode"),
        customer_group: customer_group.to_owned(),
    }
}

fn candidates(ledger: &LedgerReader, numbers: &[ItemNumber], group: &str) -> Result<Vec<Candidate>, LedgerError> {
    let mut candidates = Vec::with_capacity(numbers.len());
    for item in ledger.sent_items(numbers)? {
        let scope = scope_of(&item, group);
        let sku = item.minimal["sku"].as_str().unwrap_or_default().to_owned();
        let price = price_of(ledger, &sku, group, &scope.website)?;
        let payload = item.payload.as_ref().filter(|_| !item.is_deleted);
        let expected =
            payload.map(|payload| Expected::of(payload, price.as_ref().and_then(|price| price.payload.as_ref())));
        // A price matters where there is one to compare.
        let is_priced = expected.as_ref().is_some_and(|expected| !expected.is_composite());
        let price_at = price.filter(|_| is_priced).map(|price| price.at);
        candidates.push(Candidate { item, sku, scope, expected, price_at });
    }
    Ok(candidates)
}

/// What was accepted as the price of a customer group, or else as the one for everybody. Nothing while one of them is on its way.
fn price_of(ledger: &LedgerReader, sku: &str, group: &str, website: &str) -> Result<Option<SentItem>, LedgerError> {
    for group in [group, FALLBACK_GROUP] {
        let fields = json!({"sku": sku, "customerGroupCode": group, "websiteCode": website});
        let Some(price) = sent(ledger, Feed::Prices, fields)? else { continue };
        if price.state != ItemState::Submitted {
            return Ok(None);
        }
        if !price.is_deleted {
            return Ok(Some(price));
        }
    }
    Ok(None)
}

/// The item that these identity fields name.
fn sent(ledger: &LedgerReader, feed: Feed, fields: Value) -> Result<Option<SentItem>, LedgerError> {
    let fields: Fields = match fields {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    };
    match identity(feed, &Content::from(fields)) {
        Ok((id, label)) => ledger.sent_as(feed, id, &label),
        Err(_) => Ok(None),
    }
}

/// Whether a product has a child that was accepted and is enabled in a store view.
async fn has_enabled_child(connector: &Connector, parent: &str, scope: &StoreScope) -> Result<bool, Problem> {
    let (begin, view) = (format!("{parent}{}", super::SEPARATOR), scope.store_view.clone());
    let query = ItemQuery { search: begin.clone(), ..ItemQuery::all(Feed::Variants) };
    connector
        .in_ledger(move |ledger| {
            let page = ledger.page(&query, &PageFrom::Start, MOST_CHILDREN, &mut |_| true)?.unwrap_or_default();
            for row in page.rows.iter().filter(|row| !row.is_deleted) {
                let Some(child) = row.label.as_str().strip_prefix(&begin) else { continue };
                let child = sent(ledger, Feed::Products, json!({"sku": child, "storeViewCode": view}))?;
                let is_enabled = child.is_some_and(|child| {
                    let is_there = child.state == ItemState::Submitted && !child.is_deleted;
                    is_there && child.payload.is_none_or(|payload| payload["status"] != "Disabled")
                });
                if is_enabled {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
}
