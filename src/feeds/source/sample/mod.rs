//! A sample catalogue for `demo`, rehearsals and benches: deterministic, of any size, held nowhere.
//!
//! Every record follows from its number alone, so that any of them can be made at any time, in any order, again. The shop,
//! its words and its prices are invented. Feeds that exist only in Adobe Commerce, and orders, are not sample.

mod offer;
mod product;
mod shop;
mod text;

use serde_json::Value;
use tokio::sync::mpsc;

use super::{Collected, Page, Resolved, Selection, SourceError};
use crate::domain::Feed;
use crate::feeds::content::Fields;
use shop::View;

/// Source records in a page: large enough to keep the pipeline busy, small enough to weigh nothing.
const PAGE_RECORDS: usize = 200;

/// A sample catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// How many products.
    pub products: u64,
}

impl Sample {
    /// The feeds it can give.
    pub fn feeds(&self) -> Vec<Feed> {
        Feed::ALL.into_iter().filter(|feed| self.count(*feed).is_some()).collect()
    }

    /// How many source records a feed has.
    pub fn count(&self, feed: Feed) -> Option<u64> {
        match feed {
            Feed::ScopesWebsite => Some(1),
            Feed::ScopesCustomerGroup => Some(shop::CUSTOMER_GROUPS),
            Feed::ProductAttributes => Some(shop::attribute_count()),
            Feed::Categories => Some(shop::category_count()),
            Feed::Products | Feed::Prices | Feed::InventoryStockStatus => Some(self.products),
            Feed::Variants => Some(product::child_count(self.products)),
            Feed::ProductOverrides | Feed::CategoryPermissions | Feed::Orders => None,
        }
    }

    /// How many items a feed has. Making the whole catalogue up takes less time than a count query elsewhere.
    pub fn estimate(&self, feed: Feed) -> Option<u64> {
        let count = self.count(feed)?;
        match feed {
            Feed::ProductAttributes | Feed::Categories | Feed::Products => Some(count * shop::VIEWS.len() as u64),
            _ => Some((0..count).map(|number| self.items(feed, number).len() as u64).sum()),
        }
    }

    /// Streams the records of a feed.
    ///
    /// # Errors
    /// [`SourceError::NoSuchFeed`] for a feed that is not sample.
    pub async fn read(&self, feed: Feed, selection: &Selection, pages: mpsc::Sender<Page>) -> Result<(), SourceError> {
        let count = self.count(feed).ok_or_else(|| SourceError::NoSuchFeed {
            feed,
            source_name: "the sample catalogue".into(),
            reason: "not in the sample catalogue".into(),
        })?;
        match selection {
            Selection::All => send(*self, feed, 0..count, &pages).await,
            Selection::Ids(ids) => {
                let keys = ids.iter().filter_map(|id| id.trim().parse().ok());
                send(*self, feed, numbers(feed, count, keys), &pages).await;
            }
            Selection::Keys(keys) => send(*self, feed, numbers(feed, count, keys.iter().copied()), &pages).await,
        }
        Ok(())
    }

    /// The records that a person's words stand for: their source ids.
    pub fn resolve(&self, feed: Feed, words: &[String]) -> Resolved {
        let count = self.count(feed).unwrap_or_default();
        let key = |word: &&String| {
            let key = word.trim().parse().ok()?;
            number(feed, key).filter(|number| *number < count).map(|_| key)
        };
        let keys = words.iter().filter_map(|word| key(&word)).collect();
        let unknown = words.iter().filter(|word| key(word).is_none()).cloned().collect();
        Resolved { selection: Selection::Keys(keys), unknown, ambiguous: Vec::new() }
    }

    /// The items of a record; `number` is below [`Self::count`].
    fn items(self, feed: Feed, number: u64) -> Vec<Fields> {
        match feed {
            Feed::ScopesWebsite => vec![shop::website()],
            Feed::ScopesCustomerGroup => vec![shop::customer_group(number)],
            Feed::ProductAttributes => per_view(|view| shop::attribute(number, view)),
            Feed::Categories => per_view(|view| shop::category(number, view)),
            Feed::Products => per_view(|view| product::product(number, self.products, view)),
            Feed::Prices => offer::prices(number, self.products),
            Feed::Variants => offer::variant(product::child_index(number), self.products),
            Feed::InventoryStockStatus => vec![offer::stock_status(number, self.products)],
            Feed::ProductOverrides | Feed::CategoryPermissions | Feed::Orders => Vec::new(),
        }
    }
}

/// The source id of a record.
fn source_id(feed: Feed, number: u64) -> u64 {
    match feed {
        Feed::Variants => first_id(feed) + product::child_index(number),
        _ => first_id(feed) + number,
    }
}

/// The number of the record with a source id, if that id can be one; the inverse of [`source_id`].
fn number(feed: Feed, source_id: u64) -> Option<u64> {
    let place = source_id.checked_sub(first_id(feed))?;
    match feed {
        Feed::Variants => product::child_number(place),
        _ => Some(place),
    }
}

/// The numbers of the records with these source ids, in order, each once.
fn numbers(feed: Feed, count: u64, keys: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut numbers: Vec<u64> = keys.filter_map(|key| number(feed, key)).filter(|number| *number < count).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The source id of a feed's first record; the others follow, without a gap but for variants.
fn first_id(feed: Feed) -> u64 {
    match feed {
        Feed::ScopesWebsite => shop::WEBSITE_ID,
        Feed::ScopesCustomerGroup => 0,
        Feed::ProductAttributes => shop::FIRST_ATTRIBUTE_ID,
        Feed::Categories => shop::ROOT_CATEGORY_ID,
        _ => product::FIRST_ID,
    }
}

async fn send(catalogue: Sample, feed: Feed, numbers: impl IntoIterator<Item = u64>, pages: &mpsc::Sender<Page>) {
    let mut numbers = numbers.into_iter().peekable();
    while numbers.peek().is_some() {
        let mut page = Page::default();
        for number in numbers.by_ref().take(PAGE_RECORDS) {
            page.source_records += 1;
            let source_id = Some(source_id(feed, number));
            let items = catalogue.items(feed, number).into_iter();
            page.collected.extend(items.map(|fields| Collected::Item { source_id, content: fields.into() }));
        }
        if pages.send(page).await.is_err() {
            // Nobody listens any more; that is how a reader stops a source.
            return;
        }
    }
}

fn per_view(make: impl Fn(&View) -> Fields) -> Vec<Fields> {
    shop::VIEWS.iter().map(make).collect()
}

/// The fields of `json!({…})`.
fn fields(object: Value) -> Fields {
    match object {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// What is being decided about a record; each question gets its own answer.
#[derive(Debug, Clone, Copy)]
enum Question {
    Leaf,
    Noun,
    Model,
    Material,
    Colour,
    Origin,
    Price,
    Weight,
    Stock,
    Related,
}

/// A number below `bound` that only depends on the record and the question.
fn choose(record: u64, question: Question, bound: usize) -> usize {
    fastrand::Rng::with_seed(record.wrapping_mul(64).wrapping_add(question as u64)).usize(..bound.max(1))
}

/// One of several, by [`choose`].
fn pick<T>(choices: &[T], record: u64, question: Question) -> &T {
    &choices[choose(record, question, choices.len())]
}

#[cfg(test)]
mod tests;
