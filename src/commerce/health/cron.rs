//! Whether cron works: when a job last began or ended, and which jobs have been running for too long.
//!
//! Ages are reckoned by the database's clock, which is the one that Commerce's times are compared with.

use std::time::Duration;

use super::{Part, read_part};
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::untrusted::SafeText;

/// A job that runs longer than this is stuck: the jobs of a shop's every minute take seconds.
pub const STUCK_AFTER: Duration = Duration::from_hours(1);
/// The most stuck jobs that are named.
const STUCK_LIMIT: usize = 20;
/// The most characters of a job's name that are kept.
const NAME_LIMIT: usize = 80;

/// What `cron_schedule` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// How long ago a job last began or ended; `None` if none ever did, as far as the table remembers.
    pub last_seen: Option<Duration>,
    /// Jobs in `running` for longer than [`STUCK_AFTER`], the oldest first.
    pub stuck: Vec<StuckJob>,
}

/// A job that does not come to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckJob {
    /// Its code, such as `indexer_update_all_views`.
    pub code: SafeText,
    /// For how long its oldest run has been in `running`.
    pub age: Duration,
    /// How many of its runs are.
    pub runs: u64,
}

pub(super) async fn read(database: &Database, snapshot: &mut Snapshot) -> Part<Cron> {
    let table = database.table("cron_schedule");
    let cron = async {
        let sql = format!(
            "SELECT CAST(TIMESTAMPDIFF(SECOND, GREATEST(COALESCE(MAX(executed_at), MAX(finished_at)), \
             COALESCE(MAX(finished_at), MAX(executed_at))), UTC_TIMESTAMP()) AS SIGNED) FROM {table}"
        );
        let last_seen = snapshot.rows::<Option<i64>>(&sql).await?.into_iter().flatten().next();
        let sql = format!(
            "SELECT job_code, CAST(TIMESTAMPDIFF(SECOND, MIN(executed_at), UTC_TIMESTAMP()) AS SIGNED), COUNT(*) \
             FROM {table} WHERE status = 'running' AND executed_at < UTC_TIMESTAMP() - INTERVAL {} SECOND \
             GROUP BY job_code ORDER BY MIN(executed_at), job_code LIMIT {STUCK_LIMIT}",
            STUCK_AFTER.as_secs()
        );
        let rows = snapshot.rows::<(String, i64, u64)>(&sql).await?;
        Ok::<_, DatabaseError>(Cron {
            last_seen: last_seen.map(age),
            stuck: rows
                .into_iter()
                .map(|(code, seconds, runs)| StuckJob {
                    code: SafeText::limited(&code, NAME_LIMIT),
                    age: age(seconds),
                    runs,
                })
                .collect(),
        })
    };
    read_part(database, "cron_schedule", cron).await
}

/// A time in the future is one of a server whose clock is ahead: it was just now.
fn age(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}
