//! A store view as products need it.

use super::super::base_urls::BaseUrls;
use super::super::scope::StoreView;
use crate::feeds::content::Content;

/// A store view, and what its products need of it.
#[derive(Debug)]
pub(super) struct View {
    /// Its place among the shop's views.
    pub(super) index: usize,
    pub store: StoreView,
    /// The scope triple of its items.
    pub codes: Content,
    pub urls: BaseUrls,
    /// What product images begin with.
    pub image_base: String,
    pub currency: String,
    /// `None` where the shop set it to NULL.
    pub weight_unit: Option<String>,
    /// A quantity below this is low.
    pub low_stock: f64,
    pub stock: StockOf,
}

/// Where a website's stock is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StockOf {
    /// `cataloginventory_stock_status`
    Default,
    /// `inventory_stock_<id>`
    Own(u32),
    /// Nowhere: the website is assigned to no stock, or its stock was never indexed. Nothing is in stock there.
    Nowhere,
}
