//! What choosing a data space leads to, before it is chosen: what the next export would send, and whether the guard would let it.
//!
//! Count queries and a look into its ledger only; nothing is read of the items, and nothing is changed.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::estimate::Estimate;
use super::guard::{self, Target};
use super::{Connector, explained};
use crate::domain::{DataSpace, DataSpaceId};
use crate::error::Problem;
use crate::export::ledger::{Installation, LedgerError, LedgerReader, last_received};
use crate::untrusted::SafeText;

/// What choosing a data space leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPreview {
    /// What a full export would take.
    pub estimate: Estimate,
    /// How many items it has from here, as far as the ledger knows.
    pub items_there: u64,
    /// Why the guard would refuse every export into it, if it would.
    pub refusal: Option<SafeText>,
}

/// How many items a data space has from here, and which installation sent there last.
fn known_of(state_dir: &Path, space: &DataSpaceId) -> Result<(u64, Option<Installation>), LedgerError> {
    let Some(ledger) = LedgerReader::open(state_dir, space)? else { return Ok((0, None)) };
    Ok((ledger.summary()?.iter().map(|feed| feed.submitted).sum(), ledger.installation()?))
}

impl Connector {
    /// Looks ahead to exports into this data space.
    ///
    /// # Errors
    /// A [`Problem`] if the source or the ledger cannot be read.
    pub async fn foresee(&self, space: &DataSpace) -> Result<RunPreview, Problem> {
        let estimate = self.estimate(&[]).await?;
        let (items_there, before) =
            tokio::task::block_in_place(|| known_of(&self.shared.state_dir, &space.id)).map_err(explained)?;
        let target = Target { id: space.id.clone(), name: space.name.clone(), kind: space.kind };
        let refusal = match self.installation_here(&self.source().await?).await? {
            Some(here) => guard::check(&target, here.inferred.as_ref(), before.as_ref(), &here.now, None).err(),
            None => None,
        };
        let refusal = refusal.map(|refusal| SafeText::new(&refusal.words_beforehand()));
        Ok(RunPreview { estimate, items_there, refusal })
    }

    /// When each data space last received anything from here, by the ledgers in the state directory. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if a ledger cannot be read.
    pub fn last_received(&self) -> Result<BTreeMap<DataSpaceId, Timestamp>, Problem> {
        last_received(&self.shared.state_dir).map_err(explained)
    }
}
