//! What was sent of items whose payloads are not stored: the source still gives it, as long as the content hash is the same.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::connector::{Connector, explained};
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::SentItem;
use crate::feeds::item::{FeedItem, Sha1Hash};
use crate::feeds::source::{Collected, Page, Selection};

/// The payloads of products, by what the service knows them by. Those that were changed in the source since are left out.
///
/// # Errors
/// A [`Problem`] if the source cannot be read.
pub(super) async fn payloads(connector: &Connector, items: &[&SentItem]) -> Result<HashMap<Sha1Hash, Value>, Problem> {
    let sent: HashMap<Sha1Hash, Sha1Hash> = items.iter().map(|item| (item.id, item.hash)).collect();
    let mut found = HashMap::new();
    if sent.is_empty() {
        return Ok(found);
    }
    let source = connector.source().await?;
    let keys = items.iter().filter_map(|item| item.source_id.and_then(|id| u64::try_from(id).ok()));
    let skus = items.iter().filter(|item| item.source_id.is_none()).filter_map(|item| item.minimal["sku"].as_str());
    let selections = [Selection::Keys(keys.collect()), Selection::Ids(skus.map(str::to_owned).collect())];
    for selection in selections {
        if matches!(&selection, Selection::Keys(keys) if keys.is_empty())
            || matches!(&selection, Selection::Ids(ids) if ids.is_empty())
        {
            continue;
        }
        let (sender, mut pages) = mpsc::channel::<Page>(1);
        let listen = async {
            while let Some(page) = pages.recv().await {
                for collected in page.collected {
                    let Collected::Item { source_id, content } = collected else { continue };
                    let Ok(item) = FeedItem::new(Feed::Products, source_id, content, Timestamp::now()) else {
                        continue;
                    };
                    if sent.get(&item.id) == Some(&item.hash)
                        && let Ok(payload) = serde_json::from_slice(&item.json)
                    {
                        found.insert(item.id, payload);
                    }
                }
            }
        };
        let ((), read) = tokio::join!(listen, source.read(Feed::Products, &selection, sender));
        read.map_err(explained)?;
    }
    Ok(found)
}
