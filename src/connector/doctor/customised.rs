//! What somebody changed in Adobe's exporter, as part of the guard's check.

use tokio::time::timeout;

use super::AREA_LIMIT;
use super::check::Check;
use crate::commerce::extensions::UnreadFile;
use crate::connector::Connector;
use crate::connector::finding::Finding;
use crate::connector::guard::customised::{Customisations, Customised};
use crate::format::counted;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// The guard's check with what was changed, where anything was: a feed that was changed is refused as well.
pub(super) async fn with_changes(guard: Check, connector: &Connector) -> Check {
    let look = async { connector.customisations(&connector.source().await?).await };
    // What keeps it from being seen is what other checks are about.
    let Ok(Ok(customisations)) = timeout(AREA_LIMIT, look).await else { return guard };
    let Customisations { found, unread } = &customisations;
    if found.is_empty() && unread.is_empty() {
        return guard;
    }
    let facts = found.iter().map(|customised| SafeText::from(customised.words())).collect();
    let changes = found.iter().filter_map(finding).chain(unread.iter().map(unread_finding));
    let detail = format!("{}; {}", guard.detail, detail(&customisations));
    Check::new(guard.name, &detail, guard.findings.into_iter().chain(changes).collect()).with_facts(facts)
}

fn detail(customisations: &Customisations) -> String {
    let changes = counted(customisations.found.len() as u64, "change");
    match customisations.open_feeds().as_slice() {
        [] if customisations.found.is_empty() => {
            format!("{} of modules not read", counted(customisations.unread.len() as u64, "file"))
        }
        [] => format!("{changes} in Adobe's exporter, all decided about"),
        [feed] => format!("{changes} in Adobe's exporter, not sent: {feed}"),
        feeds => format!("{changes} in Adobe's exporter, not sent: {}", counted(feeds.len() as u64, "feed")),
    }
}

/// What is wrong about a change that nobody decided about.
fn finding(customised: &Customised) -> Option<Finding> {
    let feed = customised.open.first()?;
    let others = match customised.open.len() {
        1 => feed.to_string(),
        of => format!("{feed} and {}", counted(of as u64 - 1, "other feed")),
    };
    let means = format!("{others} would be sent without that, so nothing is sent until you decide");
    let codes = customised.extension.change.codes();
    let mapped = match codes.as_slice() {
        [] => String::new(),
        codes => format!("map {} in [[feeds.products.attributes]], or ", codes.join(", ")),
    };
    let next = Hint::from(format!("{mapped}send without it: ")).and(Remedy::SendAnyway { feed: feed.name().into() });
    Some(Finding::wrong(customised.words(), means, next).about(*feed))
}

fn unread_finding(file: &UnreadFile) -> Finding {
    Finding::warning(
        file.to_string(),
        "whether this module changes a feed is not known",
        "correct the file, or its permissions",
    )
}
