//! The items of the ledger: each work is one call of the connector.

use crate::connector::Connector;
use crate::error::{Exit, Problem};
use crate::tui::effect::ItemsWork;
use crate::tui::event::ItemsReply;

/// Does it, and says what came of it.
pub(super) async fn perform(_connector: &Connector, work: ItemsWork) -> ItemsReply {
    std::future::ready(()).await;
    let problem = Problem::new(Exit::Other, "the items are not built");
    match work {
        ItemsWork::Page { query, from, .. } => ItemsReply::Page { query, from, result: Err(problem) },
        ItemsWork::Count(query) => ItemsReply::Count { query, result: Err(problem) },
        ItemsWork::Look(number) => ItemsReply::Looked { number, result: Err(problem) },
        ItemsWork::Save(_) => ItemsReply::Saved(Err(problem)),
    }
}
