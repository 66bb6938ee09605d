//! What the pane asks of the connector about the items of the ledger, and what comes back.
//!
//! A search may take seconds, and a person types the next letter sooner: what is not wanted any more ends at its next step.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::connector::Connector;
use crate::connector::explain::Explanation;
use crate::connector::items::ItemView;
use crate::error::Problem;
use crate::export::ledger::{ItemNumber, ItemPage, ItemQuery, PageFrom};
use crate::tui::panes::{Answers, Reply, blocking};
use crate::untrusted::SafeText;

/// The least time between two news of one search; the screen is drawn no more often.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What can be asked: each is one call of the connector.
#[derive(Debug)]
pub enum ItemsWork {
    /// Load a page. What was searched for before is not wanted any more.
    Page {
        query: ItemQuery,
        /// From here.
        from: PageFrom,
        /// At most so many.
        limit: usize,
    },
    /// Count the items of a query. What was counted before is not wanted any more.
    Count(ItemQuery),
    Look(ItemNumber),
    /// Explain why the product with this SKU is or is not on the storefront.
    Explain(SafeText),
    /// Save the payloads of one item to a new file in the state directory.
    Save(ItemNumber),
    /// Write the items of these queries to a new CSV file.
    SaveCsv {
        queries: Vec<ItemQuery>,
        path: PathBuf,
    },
}

/// What comes back.
#[derive(Debug)]
pub enum ItemsReply {
    /// A page was loaded.
    Page {
        query: ItemQuery,
        /// From here.
        from: PageFrom,
        /// The page; nothing if it was not wanted any more.
        result: Result<Option<ItemPage>, Problem>,
    },
    /// Nothing was found yet among so many items.
    Searching {
        query: ItemQuery,
        /// How many were looked at.
        looked: u64,
    },
    /// The items of a query were counted.
    Count {
        query: ItemQuery,
        /// How many there are; nothing if that was not wanted any more.
        result: Result<Option<u64>, Problem>,
    },
    /// One item was looked at.
    Looked {
        number: ItemNumber,
        /// What is known of it.
        result: Result<Box<ItemView>, Problem>,
    },
    /// A product was explained.
    Explained {
        sku: SafeText,
        /// Why it is or is not on the storefront.
        result: Result<Box<Explanation>, Problem>,
    },
    /// Its payloads were saved.
    Saved(Result<PathBuf, Problem>),
    /// So many items were written to a CSV file.
    CsvSaved { path: PathBuf, result: Result<u64, Problem> },
}

/// What is being searched for and counted.
#[derive(Debug, Default)]
pub struct Searches {
    page: CancellationToken,
    count: CancellationToken,
}

impl Searches {
    /// A hold on this work. Work of the same kind that came before is not wanted any more.
    pub fn begin(&mut self, work: &ItemsWork) -> CancellationToken {
        let running = match work {
            ItemsWork::Page { .. } => &mut self.page,
            ItemsWork::Count(_) => &mut self.count,
            _ => return CancellationToken::new(),
        };
        running.cancel();
        *running = CancellationToken::new();
        running.clone()
    }
}

/// Does it, and says what came of it.
pub async fn perform(connector: Connector, work: ItemsWork, hold: CancellationToken, answers: &Answers) -> ItemsReply {
    match work {
        ItemsWork::Page { query, from, limit } => {
            let mut reported = Instant::now();
            let answers = answers.clone();
            blocking(move || {
                let mut go_on = |looked| {
                    if reported.elapsed() >= TELL_EVERY {
                        reported = Instant::now();
                        // If the loop has too much to take already, it can do without.
                        let looked = ItemsReply::Searching { query: query.clone(), looked };
                        answers.offer(Reply::Items(looked));
                    }
                    !hold.is_cancelled()
                };
                let result = connector.items(&query, &from, limit, &mut go_on);
                ItemsReply::Page { query, from, result }
            })
            .await
        }
        ItemsWork::Count(query) => {
            blocking(move || {
                let result = connector.count_items(&query, &mut |_| !hold.is_cancelled());
                ItemsReply::Count { query, result }
            })
            .await
        }
        ItemsWork::Look(number) => ItemsReply::Looked { number, result: connector.item(number).await.map(Box::new) },
        ItemsWork::Explain(sku) => {
            let result = connector.explain(sku.as_str()).await.map(Box::new);
            ItemsReply::Explained { sku, result }
        }
        ItemsWork::SaveCsv { queries, path } => {
            blocking(move || {
                // Who reads where it is may not know in which directory the screen was opened.
                let path = std::path::absolute(&path).unwrap_or(path);
                let result = connector.save_items_csv(&queries, &path);
                ItemsReply::CsvSaved { path, result }
            })
            .await
        }
        ItemsWork::Save(number) => ItemsReply::Saved(connector.save_item(number).await),
    }
}
