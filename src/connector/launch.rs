//! Exports that a screen starts: each is a process of its own, so that the screen is only a viewer of it, and nothing that becomes of
//! the screen touches the export. What else it has other processes of this program do is named here as well.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use super::{Connector, ExportRequest};
use crate::attach::{self, About, Starter};
use crate::domain::DataSpaceId;
use crate::error::Problem;
use crate::export::Run;
use crate::logging;

/// Where the exports that a screen starts live.
#[derive(Debug, Clone)]
pub enum RunPlace {
    /// In processes of their own, which outlive the screen: this program, with arguments that have it receive a [`ScreenJob`].
    OwnProcess { arguments: Vec<OsString> },
    /// In the screen's process, with which they end: those of the demo, whose gateway is there as well.
    ThisProcess,
}

/// What the screen starts in processes of their own.
#[derive(Debug, Clone)]
pub struct Processes {
    pub runs: RunPlace,
    /// Arguments that have this program print what goes into a support bundle, as JSON lines.
    pub bundle: Vec<OsString>,
}

/// What the screen that started this process wants, and that screen.
#[derive(Debug)]
pub struct ScreenJob {
    wanted: Wanted,
    /// Until the export has begun.
    screen: Option<Starter>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Wanted {
    request: ExportRequest,
    /// Where a person was told that this goes.
    data_space: DataSpaceId,
}

impl ScreenJob {
    /// What the screen at standard input wants.
    ///
    /// # Errors
    /// A [`Problem`] if no screen is there, or it does not say what it wants.
    pub async fn receive() -> Result<Self, Problem> {
        let mut screen =
            Starter::at_standard_input().map_err(|_| Problem::usage("only the screen starts this command"))?;
        match screen.job().await {
            Ok(wanted) => Ok(Self { wanted, screen: Some(screen) }),
            Err(problem) => {
                screen.refuse(problem.clone()).await;
                Err(problem)
            }
        }
    }

    /// Tells the screen why the export did not begin.
    pub async fn refuse(self, problem: &Problem) {
        if let Some(screen) = self.screen {
            screen.refuse(problem.clone()).await;
        }
    }
}

impl Connector {
    /// Starts an export for the screen, and says whose it is if it has a process of its own.
    ///
    /// A dry run has none: it writes nothing and nobody else can see it, so nothing is lost when it ends with its screen.
    ///
    /// # Errors
    /// A [`Problem`], as of [`Self::start_export`].
    pub async fn start_for_screen(
        &self,
        place: &RunPlace,
        request: ExportRequest,
    ) -> Result<(Option<About>, Run), Problem> {
        match place {
            RunPlace::OwnProcess { arguments } if !request.dry_run => {
                let wanted = Wanted { request, data_space: self.destination()? };
                let found = attach::start(self.command(arguments), &wanted).await?;
                Ok((Some(found.about.clone()), found.attach()))
            }
            _ => Ok((None, self.start_export(request).await?)),
        }
    }

    /// Starts what the screen wants, and lets it look on.
    ///
    /// # Errors
    /// A [`Problem`], as of [`Self::start_export`]; or the settings are no longer those that the screen showed.
    pub async fn start_job(&self, job: &mut ScreenJob) -> Result<Run, Problem> {
        let data_space = self.destination()?;
        let wanted = &job.wanted;
        if data_space != wanted.data_space {
            return Err(Problem::usage(format!(
                "another data space was selected meanwhile ({data_space} instead of {}); nothing was sent",
                wanted.data_space
            ))
            .hint("check the header, then start again"));
        }
        self.start_with(wanted.request.clone(), &mut job.screen).await
    }

    fn command(&self, arguments: &[OsString]) -> tokio::process::Command {
        // Nobody reads what it prints, except who looks for what became of it.
        let output = || {
            let log = logging::files(&self.shared.state_dir).ok().and_then(|files| files.into_iter().last());
            let file = log.and_then(|path| File::options().append(true).open(path).ok());
            file.map_or_else(Stdio::null, Stdio::from)
        };
        let mut command = tokio::process::Command::new(this_program());
        command.args(arguments).stdout(output()).stderr(output());
        command
    }
}

/// The file of this program. After an upgrade, which takes it away under an open screen, the system still has the one that runs.
pub fn this_program() -> PathBuf {
    std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::store::Store;
    use crate::private_file;

    #[tokio::test]
    async fn a_data_space_that_was_selected_meanwhile_receives_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let config = dir.path().join("config.toml");
        private_file::write(&config, b"[saas]\nenvironment_id = \"live\"\n").expect("written");
        let store = Store::load(config, true, [], Vec::new()).expect("a configuration");
        let connector = Connector::new(store, dir.path().join("state"), None);
        let wanted = |data_space: &str| Wanted {
            request: ExportRequest::default(),
            data_space: data_space.parse().expect("an id"),
        };
        let mut job = ScreenJob { wanted: wanted("testing"), screen: None };
        let problem = connector.start_job(&mut job).await.expect_err("refused");
        assert!(problem.what.contains("(live instead of testing)"), "{problem}");
        let mut job = ScreenJob { wanted: wanted("live"), screen: None };
        let problem = connector.start_job(&mut job).await.expect_err("no keys");
        assert!(!problem.what.contains("meanwhile"), "{problem}");
    }
}
