//! What somebody changed in Adobe's exporter, as a dry run ends with it.

use serde_json::json;

use super::output::Output;
use crate::connector::Connector;
use crate::connector::guard::customised::{Customisations, CustomisedFeed};
use crate::domain::Feed;
use crate::error::{Explain as _, Problem};

/// Says each change of the feeds that were asked for, and whether an export would be refused because of it.
pub async fn after_dry_run(connector: &Connector, feeds: &[Feed], output: &mut Output) -> Result<(), Problem> {
    let Customisations { found, unread } = connector.customisations(&connector.source().await?).await?;
    for file in &unread {
        let record = json!({"file": file.file, "line": file.line, "reason": file.reason});
        output.say(&format!("Not looked into: {file}"), "customisation_unknown", record)?;
    }
    let mut feeds = feeds.to_vec();
    if feeds.is_empty() {
        feeds.extend(Feed::ALL.into_iter().filter(|feed| !feed.is_experimental()));
    }
    let is_of_feeds = |of: &[Feed]| of.iter().any(|feed| feeds.contains(feed));
    for customised in found.iter().filter(|customised| is_of_feeds(&customised.extension.feeds)) {
        let is_open = is_of_feeds(&customised.open);
        let state = if is_open { "Changed, not sent" } else { "Changed, decided about" };
        let record = json!(customised.record());
        output.say(&format!("{state}: {}", customised.words()), "customisation", record)?;
    }
    match CustomisedFeed::among(&found, &feeds) {
        Some(refusal) => {
            let hint = refusal.hint().map(|hint| format!(": {}", hint.command_line())).unwrap_or_default();
            output.text(&format!("An export of {} would be refused{hint}", refusal.feed))
        }
        None => Ok(()),
    }
}
