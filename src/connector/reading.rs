//! Reading feeds of the source item by item, without an export: for what only looks at items.

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::explained;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::feeds::source::{Collected, Page, Selection, Source};

/// Pages that may wait between the source and who looks at them.
pub(super) const PAGES_AHEAD: usize = 2;

/// Hands every record of what is selected to `take`, in source order and off the async threads, with a state that goes along and
/// comes back. Memory does not grow with the feed.
///
/// # Errors
/// What the source or `take` ended with.
pub(super) async fn each_record<S: Send + 'static>(
    source: &Source,
    feed: Feed,
    selection: Selection,
    mut state: S,
    mut take: impl FnMut(&mut S, Collected) -> Result<(), Problem> + Send + 'static,
) -> Result<S, Problem> {
    let (sender, mut pages) = mpsc::channel::<Page>(PAGES_AHEAD);
    let source = source.clone();
    let reader = AbortOnDropHandle::new(tokio::spawn(async move { source.read(feed, &selection, sender).await }));
    let looking = tokio::task::spawn_blocking(move || {
        while let Some(page) = pages.blocking_recv() {
            page.collected.into_iter().try_for_each(|record| take(&mut state, record))?;
        }
        Ok::<_, Problem>(state)
    });
    let ended = |error| Problem::new(Exit::Other, format!("reading {feed} ended early: {error}"));
    let state = looking.await.map_err(ended)??;
    reader.await.map_err(ended)?.map_err(explained)?;
    Ok(state)
}
