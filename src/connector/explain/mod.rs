//! Why a product is or is not on the storefront: what the shop says of it, what would be sent, what was sent and answered.
//!
//! It only reads. What a service shows is not asked here.

mod judge;
mod report;

use serde::Serialize;
use serde_json::Value;

use super::reading::each_record;
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
    /// Whether nothing hides it in any store view.
    pub fn is_shown(&self) -> bool {
        let is_hidden = |cause: &Cause| cause.consequence == Consequence::Hidden;
        !self.causes.iter().any(is_hidden) && !self.views.is_empty() && self.views.iter().all(ViewExplanation::is_shown)
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
        if !evidence.is_in_source && evidence.facts.is_none() && evidence.sent.is_empty() {
            return Err(Problem::usage(format!(
                "neither the shop nor the ledger has a product {:?}",
                SafeText::new(sku)
            ))
            .hint("check the spelling; blanks count"));
        }
        Ok(judge::of(evidence))
    }
}
