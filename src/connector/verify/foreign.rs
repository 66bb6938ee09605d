//! Products that the data space shows and that were never sent from here.

use super::SEPARATOR;
use super::look::scope_of;
use crate::client::storefront::{StoreScope, StorefrontError, VISITORS};
use crate::connector::Connector;
use crate::domain::{DataSpaceId, Feed};
use crate::error::Problem;
use crate::export::ledger::{ItemQuery, PageFrom};
use crate::untrusted::SafeText;

/// What a page of Live Search comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreign {
    /// How many products were looked at.
    pub looked_at: u64,
    /// Those that were never sent from here.
    pub skus: Vec<SafeText>,
}

impl Connector {
    /// Looks at the first page of what Live Search finds, in the store view of a product that was sent. Nothing is looked at where
    /// no product was sent, or Live Search has no index.
    ///
    /// # Errors
    /// A [`Problem`] if the ledger cannot be read or the service cannot be asked.
    pub async fn foreign_products(&self, data_space: &DataSpaceId) -> Result<Foreign, Problem> {
        let Some(scope) = self.some_scope().await? else { return Ok(Foreign::default()) };
        let storefront = self.storefront(data_space, self.config().gateway.environment)?;
        let shown = match storefront.skus(&scope, 1).await {
            Ok(shown) => shown,
            Err(StorefrontError::NoIndex) => return Ok(Foreign::default()),
            Err(error) => return Err(Problem::of(&error)),
        };
        let looked_at = shown.len() as u64;
        let skus = self.in_ledger(move |ledger| {
            let mut foreign = Vec::new();
            for sku in shown {
                let begin = format!("{sku}{SEPARATOR}");
                let mut is_ours = false;
                ledger.each_label_after(Feed::Products, &sku, &mut |_, label| {
                    is_ours |= label.starts_with(&begin);
                    !is_ours && label.starts_with(sku.as_str())
                })?;
                if !is_ours {
                    foreign.push(SafeText::new(&sku));
                }
            }
            Ok(foreign)
        });
        Ok(Foreign { looked_at, skus: skus.await? })
    }

    /// The store view of some product that was sent, for everybody.
    async fn some_scope(&self) -> Result<Option<StoreScope>, Problem> {
        self.in_ledger(|ledger| {
            let page = ledger.page(&ItemQuery::all(Feed::Products), &PageFrom::Start, 1, &mut |_| true)?;
            let numbers: Vec<_> = page.unwrap_or_default().rows.iter().map(|row| row.number).collect();
            let item = ledger.sent_items(&numbers)?.into_iter().next();
            Ok(item.map(|item| scope_of(&item, VISITORS)))
        })
        .await
    }
}
