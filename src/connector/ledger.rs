//! The care of the ledger: check, repair and backup. It must never know how what they find is shown.

use std::path::PathBuf;

use jiff::Timestamp;

use super::finding::Finding;
use super::{Connector, explained};
use crate::error::Problem;
use crate::export::ledger::{self, Backup, Checkup, Formats, RepairFrom, Repaired};
use crate::format::counted;
use crate::private_file::{self, PrivateFileError};
use crate::remedy::{Hint, Remedy};
use crate::{export, state_files};

impl Connector {
    /// Checks the ledger of the chosen data space, reading all of it; `None` if there is none. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if no data space is chosen, or the ledger cannot be opened for another reason than damage.
    pub fn check_ledger(&self) -> Result<Option<Checkup>, Problem> {
        let data_space = self.destination()?;
        self.refresh_copy(&data_space)?;
        ledger::check(&self.shared.state_dir, &data_space).map_err(explained)
    }

    /// The same for a ledger of at most so many bytes; `None` also if it is larger. Blocking.
    pub(super) fn check_small_ledger(&self, bytes: u64) -> Result<Option<Checkup>, Problem> {
        let size = ledger::size(&self.shared.state_dir, &self.destination()?);
        if size <= bytes { self.check_ledger() } else { Ok(None) }
    }

    /// Makes a new ledger of the chosen data space from what can be read; `None` if nothing is wrong, so that nothing was done.
    /// Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if an export is running, nothing can be read, or the new one cannot be written.
    pub fn repair_ledger(&self, from: RepairFrom<'_>) -> Result<Option<Repaired>, Problem> {
        if self.has_shared_ledger() {
            let what = "the ledger is in the database; the file of this server is only a copy";
            return Err(Problem::usage(what).hint("delete the file: it is made anew from the database"));
        }
        export::repair_ledger(&self.shared.state_dir, &self.destination()?, from).map_err(explained)
    }

    /// Brings the ledger of the chosen data space to the format of this version; a dry run only looks. `None` if there is none.
    /// Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if no data space is chosen, or this version cannot use the ledger's format.
    pub fn migrate_ledger(&self, dry_run: bool) -> Result<Option<Formats>, Problem> {
        ledger::migrate(&self.shared.state_dir, &self.destination()?, dry_run).map_err(explained)
    }

    /// Copies the ledger of the chosen data space to a new file, by default one in `backups` in the state directory; `None` if
    /// there is no ledger. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if the file is there already, or cannot be written.
    pub fn back_up_ledger(&self, to: Option<PathBuf>) -> Result<Option<Backup>, Problem> {
        let data_space = self.destination()?;
        self.refresh_copy(&data_space)?;
        let to = if let Some(to) = to {
            to
        } else {
            let directory = self.shared.state_dir.join("backups");
            state_files::make_dir(&directory).map_err(|error| explained(PrivateFileError::io(&directory, &error)))?;
            let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
            directory.join(format!("{data_space}.{stamp}.sqlite3"))
        };
        ledger::back_up(&self.shared.state_dir, &data_space, &to).map_err(explained)
    }
}

/// What is not as it should be in a ledger that was checked.
pub fn findings(checkup: &Checkup) -> Vec<Finding> {
    let flaws = checkup.flaws.iter().map(|flaw| {
        let means = "an item may count as sent although the service does not have it";
        let next = Hint::from(Remedy::RepairLedger)
            .and(" rebuilds it from its readable parts; the next run then sends every item again");
        Finding::wrong(format!("the ledger {}: {flaw}", private_file::safe(&checkup.path)), means, next)
    });
    let ahead = (checkup.ahead > 0).then(|| {
        Finding::warning(
            format!(
                "{} recorded at a time in the future: the clock was ahead, or was set back",
                counted(checkup.ahead, "item")
            ),
            "these times are only displayed; exports do not depend on them",
            "check the server's clock: `timedatectl`",
        )
    });
    flaws.chain(ahead).collect()
}
