//! What changed: where the logs and the other signs of a feed stand, and which records they name.

use super::super::changes::{Before, Details, LogEntry, Moment, Present, Shape, Shown, Sight, Span};
use super::{Commerce, SourceError, change_log, context_of, dependents, fingerprints, shapes};
use crate::domain::Feed;

impl Commerce {
    /// Where everything stands that tells of changes of a feed.
    pub async fn moment(&self, feed: Feed) -> Result<Moment, SourceError> {
        let databases = self.look(feed).await?;
        let cell = self.run(&databases.main, feed).await?;
        let Some(run) = cell.get() else { return Ok(Moment::default()) };
        let moment = || async {
            if databases.is_apart(feed) {
                return Ok(Moment { logs: vec![(feed, change_log::apart())], ..Moment::default() });
            }
            let context = context_of(&databases, run).await?;
            fingerprints::moment(&databases.main, &context, feed).await
        };
        databases.main.persist(moment).await.map_err(|error| SourceError::of(feed, error))
    }

    /// What is kept of a shape, to find later which records another state of it reaches.
    pub async fn details(&self, feed: Feed, shape: Shape) -> Result<Details, SourceError> {
        let databases = self.databases();
        let database = &databases.main;
        let cell = self.run(database, feed).await?;
        let Some(run) = cell.get() else { return Ok(Details::new()) };
        let details = || async {
            let context = context_of(&databases, run).await?;
            let mut snapshot = database.snapshot().await?;
            let details = shapes::details(database, &mut snapshot, &context, shape).await?;
            snapshot.end().await;
            Ok(details)
        };
        database.persist(details).await.map_err(|error| SourceError::of(feed, error))
    }

    /// The records of a feed that another state of a shape reaches.
    pub async fn reached(
        &self,
        feed: Feed,
        shape: Shape,
        before: &Before,
        now: &Before,
    ) -> Result<Vec<u64>, SourceError> {
        let databases = self.databases();
        let database = &databases.main;
        let cell = self.run(database, feed).await?;
        let Some(run) = cell.get() else { return Ok(Vec::new()) };
        let reached = || async {
            let context = context_of(&databases, run).await?;
            let mut snapshot = database.snapshot().await?;
            let keys = shapes::reached(database, &mut snapshot, &context, feed, shape, before, now).await?;
            snapshot.end().await;
            Ok(keys)
        };
        database.persist(reached).await.map_err(|error| SourceError::of(feed, error))
    }

    /// Entries of a feed's change log, in the order of their versions; at most `limit`.
    pub async fn changes(&self, feed: Feed, span: Span, limit: usize) -> Result<Vec<LogEntry>, SourceError> {
        let database = self.databases().main;
        database
            .persist(|| change_log::entries(&database, feed, span, limit))
            .await
            .map_err(|error| SourceError::of(feed, error))
    }

    /// The entries of a feed's change log that have these versions.
    pub async fn changes_at(&self, feed: Feed, versions: &[u64]) -> Result<Vec<LogEntry>, SourceError> {
        let database = self.databases().main;
        database
            .persist(|| change_log::entries_at(&database, feed, versions))
            .await
            .map_err(|error| SourceError::of(feed, error))
    }

    /// How many entries a stretch of a feed's change log has, and whether more are under way.
    pub async fn present(&self, feed: Feed, span: Span, sight: Sight) -> Result<Present, SourceError> {
        let database = self.databases().main;
        let present = || change_log::present(&database, feed, span, sight);
        database.persist(present).await.map_err(|error| SourceError::of(feed, error))
    }

    /// Which records of a feed show these, and which they show.
    pub async fn shown(&self, feed: Feed, keys: &[u64]) -> Result<Vec<Shown>, SourceError> {
        let database = self.databases().main;
        let shown = || dependents::shown(&database, feed, keys);
        database.persist(shown).await.map_err(|error| SourceError::of(feed, error))
    }

    /// The same of the next records above `after`, and which is the last of them; `None` if there are none.
    pub async fn next_shown(&self, feed: Feed, after: Option<u64>) -> Result<Option<(Vec<Shown>, u64)>, SourceError> {
        let database = self.databases().main;
        let shown = || dependents::next_shown(&database, feed, after);
        database.persist(shown).await.map_err(|error| SourceError::of(feed, error))
    }
}
