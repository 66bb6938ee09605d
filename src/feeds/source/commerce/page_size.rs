//! How much is in a page: memory must not grow with the store views of a shop, so what counts is items and bytes, not records.
//!
//! A few pages wait on each channel between the source and the gateway; all of them together should stay in the tens of megabytes.

use super::context::Context;
use crate::domain::Feed;

/// Source records in a page at most: enough that the fixed cost of its queries does not matter.
const MOST_RECORDS: usize = 200;
/// Items in a page, about: those of 200 products in three store views.
const MOST_ITEMS: usize = 600;
/// Items in a page of a portion of products, about: these are made in memory, so a small page costs no query.
pub(super) const ITEMS_OF_PORTION: usize = 400;
/// Bytes of the items of a page, about. One item may be larger, and is a page of its own.
pub(super) const MOST_BYTES: usize = 3 * 1024 * 1024;
/// Products that are read at once at most: a range of a thousand costs the server hardly more than one of a hundred.
const LARGEST_PORTION: usize = 1_000;
/// And at least: each portion asks every store view's index of categories.
const SMALLEST_PORTION: usize = 25;
/// Products times store views of a portion, about: what it holds of each is in the hundreds of bytes.
const PORTION_ITEMS: usize = 20_000;

/// Source records in a page of a feed.
pub(super) fn records(feed: Feed, context: &Context) -> usize {
    records_of(items_of_record(feed, context))
}

fn records_of(items: usize) -> usize {
    (MOST_ITEMS / items.max(1)).clamp(1, MOST_RECORDS)
}

/// Items that a record may have, about.
fn items_of_record(feed: Feed, context: &Context) -> usize {
    let views = &context.scopes.store_views;
    match feed {
        Feed::Products | Feed::ProductAttributes | Feed::Categories => views.len(),
        Feed::Prices | Feed::ProductOverrides | Feed::CategoryPermissions => {
            let mut websites: Vec<u32> = views.iter().map(|view| view.website_id).collect();
            websites.sort_unstable();
            websites.dedup();
            websites.len()
        }
        // A customer group lists its websites, and a website its stores, in one item; the others have an item or a few.
        Feed::ScopesWebsite
        | Feed::ScopesCustomerGroup
        | Feed::Variants
        | Feed::InventoryStockStatus
        | Feed::Orders => 1,
    }
}

/// Products that are read at once, in one snapshot.
pub(super) fn portion(context: &Context) -> usize {
    portion_of(context.scopes.store_views.len())
}

fn portion_of(views: usize) -> usize {
    (PORTION_ITEMS / views.max(1)).clamp(SMALLEST_PORTION, LARGEST_PORTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_store_views_are_fewer_records() {
        assert_eq!([0, 1, 3, 100, 1_000, 100_000].map(records_of), [200, 200, 200, 6, 1, 1]);
        assert_eq!([0, 3, 20, 100, 1_000].map(portion_of), [1_000, 1_000, 1_000, 200, 25]);
    }
}
