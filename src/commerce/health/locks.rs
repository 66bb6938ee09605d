//! The locks that Adobe's export holds while it works on a feed, so that two of its processes never do at once.
//!
//! Read in its openly licensed code: the lock is called `feed_sync_<feed>` and is held through Magento's lock manager; who took
//! it last is written into the `flag` row `feed_metadata_<feed>`, as `{"lockedBy":"name(process id)"}`, and stays there after the
//! lock is let go. Magento's lock manager is the database by default (`GET_LOCK` with the name `<database>|<lock>`). Where
//! `app/etc/env.php` names another (`lock/provider`: file, zookeeper, cache), nothing in the database tells a lock that is held from
//! one that was let go, so none is reported.

use std::time::Duration;

use serde_json::Value;

use super::{Part, read_part};
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::untrusted::SafeText;

const FLAG_PREFIX: &str = "feed_metadata_";
const LOCK_PREFIX: &str = "feed_sync_";
/// The longest name that MySQL lets a lock have; Magento makes longer ones shorter in a way that is not followed here.
const LOCK_NAME_LIMIT: usize = 64;
/// The most characters of a name that are kept.
const NAME_LIMIT: usize = 80;

/// A lock that is held now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLock {
    /// The feed, as Adobe's export names it.
    pub feed: SafeText,
    /// Who took it: a name and a process id; empty if that was not written down.
    pub locked_by: SafeText,
    /// How long ago that was written.
    pub age: Duration,
}

pub(super) async fn read(database: &Database, snapshot: &mut Snapshot) -> Part<Vec<FeedLock>> {
    let table = database.table("flag");
    let locks = async {
        let sql = format!(
            "SELECT flag_code, COALESCE(flag_data, ''), \
             CAST(TIMESTAMPDIFF(SECOND, last_update, UTC_TIMESTAMP()) AS SIGNED) \
             FROM {table} WHERE flag_code LIKE 'feed\\_metadata\\_%' ORDER BY flag_code"
        );
        let flags = snapshot.rows::<(String, String, Option<i64>)>(&sql).await?;
        let mut held = Vec::new();
        for (code, data, seconds) in flags {
            let Some(feed) = code.strip_prefix(FLAG_PREFIX) else { continue };
            let name = format!("{}|{LOCK_PREFIX}{feed}", database.settings().database);
            if name.len() > LOCK_NAME_LIMIT {
                continue;
            }
            // Asking takes no lock.
            let holder = snapshot.rows_with::<Option<u64>>("SELECT IS_USED_LOCK(?)", (name,)).await?;
            if holder.into_iter().flatten().next().is_some() {
                held.push(FeedLock {
                    feed: SafeText::limited(feed, NAME_LIMIT),
                    locked_by: locked_by(&data),
                    age: Duration::from_secs(seconds.and_then(|age| u64::try_from(age).ok()).unwrap_or_default()),
                });
            }
        }
        Ok::<_, DatabaseError>(held)
    };
    read_part(database, "flag", locks).await
}

fn locked_by(flag_data: &str) -> SafeText {
    let value: Value = serde_json::from_str(flag_data).unwrap_or_default();
    SafeText::limited(value["lockedBy"].as_str().unwrap_or_default(), NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::locked_by;

    #[test]
    fn who_holds_a_lock_is_written_in_the_flag() {
        assert_eq!(locked_by(r#"{"lockedBy":"full sync(4711)"}"#).as_str(), "full sync(4711)");
        assert_eq!(locked_by("a:1:{}").as_str(), "");
    }
}
