//! The items of the ledger: each work is one call of the connector.
//!
//! A search may take seconds, and a person types the next letter sooner: what is not wanted any more ends at its next step.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{News, blocking};
use crate::connector::Connector;
use crate::export::ledger::ItemQuery;
use crate::tui::effect::{ItemsWork, Work};
use crate::tui::event::{Event, ItemsReply, Reply};

/// The least time between two news of one search; the screen is drawn no more often.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What is being searched for and counted.
#[derive(Debug, Default)]
pub(super) struct Searches {
    page: CancellationToken,
    count: CancellationToken,
}

impl Searches {
    /// A hold on this work. Work of the same kind that came before is not wanted any more.
    pub(super) fn begin(&mut self, work: &Work) -> CancellationToken {
        let running = match work {
            Work::Items(ItemsWork::Page { .. }) => &mut self.page,
            Work::Items(ItemsWork::Count(_)) => &mut self.count,
            _ => return CancellationToken::new(),
        };
        running.cancel();
        *running = CancellationToken::new();
        running.clone()
    }
}

/// Does it, and says what came of it.
pub(super) async fn perform(
    connector: Connector,
    work: ItemsWork,
    hold: CancellationToken,
    news: &mpsc::Sender<News>,
) -> ItemsReply {
    match work {
        ItemsWork::Page { query, from, limit } => {
            let mut reported = Instant::now();
            let news = news.clone();
            blocking(move || {
                let mut go_on = |looked| {
                    if reported.elapsed() >= TELL_EVERY {
                        reported = Instant::now();
                        tell_search(&query, looked, &news);
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
        ItemsWork::Save(number) => ItemsReply::Saved(connector.save_item(number).await),
    }
}

/// How far a search has come. If the loop has too much to take already, it can do without.
fn tell_search(query: &ItemQuery, looked: u64, news: &mpsc::Sender<News>) {
    let reply = ItemsReply::Searching { query: query.clone(), looked };
    let _ = news.try_send(News::event(Event::Reply(Reply::Items(reply))));
}
