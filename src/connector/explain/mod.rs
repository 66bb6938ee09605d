//! Why a product is or is not on the storefront: what the shop says of it, what would be sent, what was sent and answered, and what
//! Catalog Service shows.
//!
//! It only reads.

mod judge;
mod report;

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::reading::each_record;
use super::verify::{Choice, Sighting, VerifyNews, VerifyRequest};
use super::{Connector, explained};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::ledger::ItemDetail;
use crate::feeds::source::commerce::ProductFacts;
use crate::feeds::source::{Collected, IdKind, Source};
use crate::untrusted::SafeText;

pub use report::{document, sections};

/// The feeds that tell of a product by its SKU.
const FEEDS: [Feed; 3] = [Feed::Products, Feed::Prices, Feed::InventoryStockStatus];
/// Ledger entries of one feed that are looked at: more than a product has store views, or websites and customer groups.
const MOST_ENTRIES: usize = 200;

/// How long the service may take: what the shop says is not kept from a person for longer.
const SERVICE_LIMIT: Duration = Duration::from_secs(10);

/// Why a product is or is not on the storefront.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// As the shop spells it.
    pub sku: SafeText,
    /// What the shop's tables say; `None` where items do not come from a shop.
    pub facts: Option<ProductFacts>,
    /// By store view.
    pub views: Vec<ViewExplanation>,
    /// What holds whatever the store view.
    pub causes: Vec<Cause>,
    /// What would be sent as its prices: website, customer group and amounts, a line each.
    pub prices: Vec<(SafeText, SafeText)>,
    /// What the ledger has of it.
    pub sent: Vec<ItemDetail>,
    /// What Catalog Service shows of it.
    pub shown: Shown,
}

/// What Catalog Service shows of a product.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// Why it was not asked, or did not answer.
    Unknown(SafeText),
    /// By store view.
    Seen(Vec<Sighting>),
}

impl Default for Shown {
    fn default() -> Self {
        Self::Unknown("never sent".into())
    }
}

/// How a product stands in a store view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewExplanation {
    pub store_view: SafeText,
    pub website: SafeText,
    /// As it would be sent; empty if it is not sent.
    pub status: SafeText,
    pub visibility: SafeText,
    pub in_stock: Option<bool>,
    pub url: SafeText,
    pub categories: Vec<SafeText>,
    pub causes: Vec<Cause>,
}

/// What a cause does to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Consequence {
    /// It is not shown.
    Hidden,
    /// It is shown, but not everywhere, not to everyone, or not for sale.
    Limited,
}

/// One reason, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub consequence: Consequence,
    pub what: SafeText,
    /// The table or setting that says so.
    pub from: SafeText,
    /// What to change.
    pub fix: SafeText,
}

impl ViewExplanation {
    /// Whether nothing in the shop hides it in this store view.
    pub fn is_shown(&self) -> bool {
        self.causes.iter().all(|cause| cause.consequence != Consequence::Hidden)
    }
}

impl Explanation {
    /// Whether nothing hides it in any store view, as far as is known.
    pub fn is_shown(&self) -> bool {
        let is_hidden = |cause: &Cause| cause.consequence == Consequence::Hidden;
        let is_missed = matches!(&self.shown, Shown::Seen(seen) if seen.iter().any(|sighting| sighting.wrong));
        !self.causes.iter().any(is_hidden)
            && !is_missed
            && !self.views.is_empty()
            && self.views.iter().all(ViewExplanation::is_shown)
    }

    /// 3 if something hides it in a store view.
    pub fn exit(&self) -> Exit {
        if self.is_shown() { Exit::Done } else { Exit::Partial }
    }
}

/// Everything that is known, before it is judged.
#[derive(Debug, Default)]
struct Evidence {
    sku: String,
    facts: Option<ProductFacts>,
    /// Whether the source has the product.
    is_in_source: bool,
    /// The items that would be sent.
    products: Vec<Value>,
    prices: Vec<Value>,
    /// Those of category permissions; empty where the shop has none.
    overrides: Vec<Value>,
    /// Why records of it cannot be sent.
    broken: Vec<SafeText>,
    has_data_space: bool,
    sent: Vec<ItemDetail>,
    shown: Shown,
}

impl Connector {
    /// Looks at one product everywhere. Sends and changes nothing.
    ///
    /// # Errors
    /// A [`Problem`]: neither the source nor the ledger has the product, or they cannot be read.
    pub async fn explain(&self, sku: &str) -> Result<Explanation, Problem> {
        let source = self.source().await?.for_run();
        let mut evidence = Evidence {
            sku: sku.to_owned(),
            has_data_space: self.config().saas.environment_id.is_some(),
            ..Evidence::default()
        };
        if let Source::Commerce(commerce) = &source {
            evidence.facts = commerce.product_facts(sku).await.map_err(explained)?;
            if let Some(facts) = &evidence.facts {
                facts.sku.as_str().clone_into(&mut evidence.sku);
            }
        }
        let given = source.feeds().await.map_err(explained)?;
        for feed in
            [Feed::Products, Feed::Prices, Feed::ProductOverrides].into_iter().filter(|feed| given.contains(feed))
        {
            let words = [evidence.sku.clone()];
            let resolved = source.resolve(feed, &words, IdKind::Sku).await.map_err(explained)?;
            if !resolved.unknown.is_empty() {
                continue;
            }
            evidence.is_in_source |= feed == Feed::Products;
            let none = (Vec::new(), Vec::new());
            let (items, broken) = each_record(&source, feed, resolved.selection, none, |(items, broken), record| {
                match record {
                    Collected::Item { content, .. } => items.push(Value::Object(content.to_fields())),
                    Collected::Broken(record) => broken.push(record.reason),
                }
                Ok(())
            })
            .await?;
            match feed {
                Feed::Products => evidence.products = items,
                Feed::Prices => evidence.prices = items,
                _ => evidence.overrides = items,
            }
            evidence.broken.extend(broken);
        }
        for feed in FEEDS {
            evidence.sent.extend(self.details_named(feed, &evidence.sku, MOST_ENTRIES).await?);
        }
        if evidence.sent.iter().any(|item| item.feed == Feed::Products) {
            evidence.shown = self.shown(&evidence.sku).await;
        }
        if !evidence.is_in_source && evidence.facts.is_none() && evidence.sent.is_empty() {
            return Err(Problem::usage(format!(
                "neither the shop nor the ledger has a product {:?}",
                SafeText::new(sku)
            ))
            .hint("check the spelling; blanks count"));
        }
        Ok(judge::of(evidence))
    }
    /// What Catalog Service shows of a product that was sent.
    async fn shown(&self, sku: &str) -> Shown {
        if !self.knows_storefront() {
            return Shown::Unknown("not asked: gateway.graphql_url is not set".into());
        }
        let request = VerifyRequest { choice: Choice::Skus(vec![sku.to_owned()]), ..VerifyRequest::sample(None) };
        let mut seen = Vec::new();
        let mut tell = |news: VerifyNews<'_>| {
            if let VerifyNews::Seen(sighting) = news {
                seen.push(sighting.clone());
            }
            Ok(())
        };
        let done = tokio::time::timeout(SERVICE_LIMIT, Box::pin(self.verify_items(&request, &mut tell))).await;
        match done {
            Ok(Ok(_)) => Shown::Seen(seen),
            Ok(Err(problem)) => Shown::Unknown(problem.what.into()),
            Err(_) => Shown::Unknown("no response".into()),
        }
    }
}
