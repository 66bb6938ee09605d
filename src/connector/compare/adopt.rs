//! `--adopt`: what Adobe's exporter has sent, and what is equal, counts as sent.

use serde::Serialize;

use super::comparing::Onlooker;
use super::rules::Verdict;
use super::theirs::Their;
use crate::commerce::database::Database;
use crate::connector::{Connector, explained};
use crate::domain::{DataSpaceId, Feed};
use crate::error::{Exit, Problem};
use crate::export::Adoption;
use crate::export::ledger::{CountsAs, Taken};
use crate::feeds::item::FeedItem;
use crate::format::counted;
use crate::settings::Setting;
use crate::untrusted::SafeText;

/// Commerce's table of settings.
const SETTINGS: &str = "core_config_data";

/// What becomes of one feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedAdoption {
    pub feed: Feed,
    /// Items that count as sent.
    pub sent: u64,
    /// Items that the next sync sends, because they differ.
    pub different: u64,
    /// The same, because the service has not accepted them from Adobe's exporter.
    pub not_accepted: u64,
    /// The same, because Adobe's feed table does not have them.
    pub only_ours: u64,
    /// The same, because Adobe's feed table does not say what was sent.
    pub not_judged: u64,
    /// Items that the next sync deletes, because the shop does not have them any more.
    pub gone: u64,
}

impl FeedAdoption {
    /// How many items the next sync sends, deletions left out.
    pub fn to_send(&self) -> u64 {
        self.different + self.not_accepted + self.only_ours + self.not_judged
    }
}

/// What becomes of every feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdoptionCounts {
    pub feeds: Vec<FeedAdoption>,
    /// Feeds of which Adobe's feed tables do not say what was sent: they keep no status, or have no rows. The next sync sends all of
    /// them.
    pub unsaid: Vec<Feed>,
}

/// What is taken over, ready to be kept. No run can begin meanwhile; dropped, it leaves the ledger as it was.
#[derive(Debug)]
pub struct PlannedAdoption {
    pub(super) adoption: Adoption,
    pub counts: AdoptionCounts,
}

impl PlannedAdoption {
    /// Keeps it, and says how many items count as sent. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if the ledger cannot be written: then it is as it was.
    pub fn keep(self) -> Result<u64, Problem> {
        self.adoption.finish().map_err(explained)?;
        Ok(self.counts.sent())
    }
}

/// One feed while it is taken over.
pub(super) struct Taking {
    adoption: Adoption,
    counts: FeedAdoption,
    /// Items of the ledger that count as sent, and are not among those that Adobe's exporter has sent.
    unmatched: u64,
}

impl Taking {
    pub fn begin(adoption: Adoption, feed: Feed) -> Result<Self, Problem> {
        let unmatched = adoption.count_sent(feed).map_err(explained)?;
        let counts =
            FeedAdoption { feed, sent: 0, different: 0, not_accepted: 0, only_ours: 0, not_judged: 0, gone: 0 };
        Ok(Self { adoption, counts, unmatched })
    }

    /// Ends the feed.
    pub fn end(self) -> Result<(Adoption, FeedAdoption), Problem> {
        let Self { adoption, counts, unmatched } = self;
        if unmatched == 0 {
            return Ok((adoption, counts));
        }
        let (items, feed) = (counted(unmatched, "item"), counts.feed);
        let what =
            format!("the ledger already has {items} of {feed} that this program sent otherwise; nothing changed");
        Err(Problem::new(Exit::Guarded, what).hint("export as usual: the ledger knows more than Adobe's feed tables"))
    }
}

impl Onlooker for Taking {
    const WANTS_OURS: bool = true;

    fn ours(&mut self, item: &FeedItem, their: Option<&Their>, verdict: &Verdict) -> Result<(), Problem> {
        let Some(their) = their else {
            self.counts.only_ours += 1;
            return Ok(());
        };
        let is_sent = their.is_accepted && matches!(verdict, Verdict::Equal);
        let as_what = if is_sent { CountsAs::Sent } else { CountsAs::Unknown };
        let taken = self.adoption.take(item, as_what, their.at).map_err(explained)?;
        if is_sent && taken != Taken::Otherwise {
            self.unmatched -= u64::from(taken == Taken::Already);
            self.counts.sent += 1;
            return Ok(());
        }
        *match verdict {
            Verdict::NotCompared => &mut self.counts.not_judged,
            Verdict::Different(_) => &mut self.counts.different,
            Verdict::Equal | Verdict::OnlyOurs => &mut self.counts.not_accepted,
        } += 1;
        Ok(())
    }

    fn only_theirs(&mut self, their: &Their) -> Result<(), Problem> {
        let feed = self.counts.feed;
        let serde_json::Value::Object(fields) = their.item.clone() else { return Ok(()) };
        // Without an identity it could not be deleted either.
        let Ok(item) = FeedItem::new(feed, None, fields, their.at) else { return Ok(()) };
        self.adoption.take(&item, CountsAs::Unknown, their.at).map_err(explained)?;
        self.counts.gone += 1;
        Ok(())
    }
}

impl Connector {
    /// Refuses unless Adobe's exporter sends into the chosen data space: only then does the service have what it has sent.
    pub(super) async fn check_adobes_data_space(
        &self,
        database: &Database,
        chosen: &DataSpaceId,
    ) -> Result<(), Problem> {
        let adobes = self.adobes_data_space(database).await?;
        if adobes.as_deref() == Some(chosen.as_str()) {
            return Ok(());
        }
        let (path, chosen) = (Setting::DataSpaceId.path(), chosen.as_str());
        let what = match adobes {
            Some(adobes) => format!(
                "Adobe's exporter sends to data space {}, this program to {chosen}: what it has sent is not there",
                SafeText::new(&adobes)
            ),
            None => {
                format!("Adobe's exporter has no data space ({path} is not set), so nothing it has sent is in {chosen}")
            }
        };
        Err(Problem::new(Exit::Guarded, what)
            .hint("select the data space that Adobe's exporter uses, or export as usual"))
    }

    async fn adobes_data_space(&self, database: &Database) -> Result<Option<String>, Problem> {
        let path = Setting::DataSpaceId.path();
        let installation = self.layers().installation.clone();
        if let Some(installation) = installation {
            // A file or a variable overrules the database.
            if let Some(problem) = installation.problem() {
                return Err(problem.clone());
            }
            let found = installation.get(path)?.map(|found| found.text().trim().to_owned());
            return Ok(found.filter(|id| !id.is_empty()));
        }
        let table = database.table(SETTINGS);
        let sql =
            format!("SELECT COALESCE(value, '') FROM {table} WHERE scope = 'default' AND scope_id = 0 AND path = ?");
        let mut snapshot = database.snapshot().await.map_err(explained)?;
        let rows: Vec<String> = snapshot.rows_with(&sql, (path,)).await.map_err(explained)?;
        snapshot.end().await;
        Ok(rows.into_iter().map(|id| id.trim().to_owned()).find(|id| !id.is_empty()))
    }
}
