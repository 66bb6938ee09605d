//! What the guard compares, gathered: what this installation is, what the registry says of the data space, who sent there.

use std::path::PathBuf;

use tokio::sync::watch;

use super::{Here, Refusal, SendGuard, Target, check, installation, neighbours};
use crate::commerce::kind::{Hints, Inferred};
use crate::commerce::settings::{Found, Origin};
use crate::connector::{Connector, explained};
use crate::domain::{DataSpace, DataSpaceId, DataSpaceKind, InstallationKind};
use crate::error::{Exit, Problem};
use crate::export::ledger::Installation;
use crate::export::progress::Progress;
use crate::feeds::source::Source;
use crate::untrusted::SafeText;

impl Connector {
    /// What the guard looks at; `None` for a catalogue that is sample, which is nobody's installation. `typed` is the name that a
    /// person typed: whoever did that continues, so the registry need not be asked.
    ///
    /// # Errors
    /// A [`Problem`] if the database or the ledger cannot be read, or the registry must be asked and does not answer.
    pub async fn send_guard(&self, source: &Source, typed: Option<&str>) -> Result<Option<SendGuard>, Problem> {
        let Some(Here { inferred, now }) = self.installation_here(source).await? else { return Ok(None) };
        let target = match self.overview().data_space {
            Some((id, name, _)) => {
                let label = self.config().saas.environment_type;
                let kind = if typed == Some(name.as_str()) {
                    label.unwrap_or(DataSpaceKind::Production)
                } else {
                    self.kind_for_guard(&id, &name, label, inferred.as_ref()).await?
                };
                Some(Target { id, name, kind })
            }
            None => None,
        };
        let before = match tokio::task::block_in_place(|| self.ledger())? {
            Some(ledger) => ledger.installation().map_err(explained)?,
            None => None,
        };
        // Whoever has sent there knows what is there.
        let neighbour = match (&target, &before, self.root()) {
            // Users of nodes that share a ledger have one state.
            (Some(target), None, Some(root)) if !self.has_shared_ledger() => {
                tokio::task::block_in_place(|| neighbours::find(&root, &target.id, &self.shared.state_dir))
            }
            _ => None,
        };
        Ok(Some(SendGuard { target, inferred, before, now, neighbour }))
    }

    /// This installation; `None` for a catalogue that is sample, which is nobody's.
    pub(in crate::connector) async fn installation_here(&self, source: &Source) -> Result<Option<Here>, Problem> {
        let is_shared = self.has_shared_ledger();
        // What Commerce itself takes for its base URL; a file may overrule the database.
        let configured_url = self.configured_base_url();
        let (base_url, place) = match source {
            Source::Sample(_) => return Ok(None),
            Source::Files(files) => (configured_url, files.directory.display().to_string()),
            Source::Commerce(source) => {
                let settings = source.settings();
                let database = format!("{}/{}", settings.database, settings.table_prefix);
                // Nodes may reach the same server by other names.
                let place = if is_shared { database } else { format!("{}/{database}", settings.address_text()) };
                let url = match configured_url {
                    Some(url) => Some(url),
                    None => source.base_url().await.map_err(explained)?,
                };
                (url, place)
            }
        };
        let root = self.root().filter(|_| !is_shared);
        let now = installation(base_url.as_deref(), root.as_deref(), &place);
        Ok(Some(Here { inferred: self.hints(base_url)?.conclude(), now }))
    }

    /// The installation's directory, where one is configured.
    pub fn root(&self) -> Option<PathBuf> {
        self.config().instance.root.as_deref().map(|root| self.store().resolve(root))
    }

    /// Tells the other users of this server that this one sends, as soon as something was accepted.
    pub(in crate::connector) fn tell_neighbours(
        &self,
        data_space: DataSpaceId,
        mut progress: watch::Receiver<Progress>,
    ) {
        let Some(root) = self.root().filter(|_| !self.has_shared_ledger()) else { return };
        let state_dir = self.shared.state_dir.clone();
        tokio::spawn(async move {
            let is_accepted = |progress: &Progress| progress.feeds.iter().any(|feed| feed.submitted > 0);
            if progress.wait_for(is_accepted).await.is_ok() {
                // That it cannot be known is in the log.
                let _ = tokio::task::spawn_blocking(move || neighbours::tell(&root, &data_space, &state_dir)).await;
            }
        });
    }

    fn configured_base_url(&self) -> Option<String> {
        let layers = self.layers().clone();
        let commerce = layers.commerce.as_deref()?;
        // Who sends is known by a URL of its own; what a module ships is everybody's.
        let is_own = |found: &Found| !matches!(found.origin, Origin::Module(_)) && !found.text().is_empty();
        let found = ["web/secure/base_url", "web/unsecure/base_url"]
            .into_iter()
            .find_map(|path| commerce.get(path).ok().flatten().filter(is_own));
        found.and_then(|found| found.value)
    }

    /// What this installation says of itself.
    fn hints(&self, base_url: Option<String>) -> Result<Hints, Problem> {
        let store = self.store();
        let variable = |name: &str| store.environment().get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let layers = self.layers().clone();
        let installed_mode = match layers.commerce.as_ref().and_then(|store| store.installation()) {
            Some(installation) => installation.deployment().mage_mode().map_err(|error| {
                Problem::usage(error.to_string()).hint("set MAGE_MODE, or instance.kind in the configuration")
            })?,
            None => None,
        };
        let installed_mode = installed_mode.map(|mode| mode.to_string());
        Ok(Hints {
            configured: self.config().instance.kind,
            cloud_type: variable("MAGENTO_CLOUD_ENVIRONMENT_TYPE"),
            mage_mode: installed_mode.or_else(|| variable("MAGE_MODE")),
            base_url,
        })
    }

    /// What this installation is, as far as that can be found out now.
    async fn inferred_here(&self) -> Option<Inferred> {
        let here = match self.source().await {
            Ok(source) => self.installation_here(&source).await,
            Err(problem) => Err(problem),
        };
        match here {
            Ok(here) => here?.inferred,
            // Without the database, what files and environment say still counts.
            Err(_) => self.hints(self.configured_base_url()).ok()?.conclude(),
        }
    }

    /// What the data space is for. The label that is kept beside its id is believed only where nothing depends on it: in the
    /// production shop. Anywhere else the registry is asked, because a label can be copied, or typed by hand.
    async fn kind_for_guard(
        &self,
        id: &DataSpaceId,
        name: &SafeText,
        label: Option<DataSpaceKind>,
        inferred: Option<&Inferred>,
    ) -> Result<DataSpaceKind, Problem> {
        if inferred.is_some_and(|inferred| inferred.kind == InstallationKind::Production) {
            return Ok(label.unwrap_or(DataSpaceKind::Production));
        }
        let error = match self.client()?.data_space(id).await {
            Ok((_, data_space)) => return Ok(data_space.kind),
            Err(error) => explained(error),
        };
        let Some(inferred) = inferred else {
            // Nothing says that this is a copy, so nothing is refused whatever the data space is for.
            return Ok(label.unwrap_or(DataSpaceKind::Production));
        };
        if label == Some(DataSpaceKind::Production) {
            // The label alone is reason enough to refuse.
            return Ok(DataSpaceKind::Production);
        }
        let known = error.hint.map(|hint| hint.and("; ")).unwrap_or_default();
        Err(Problem {
            what: format!(
                "this is a {} installation ({}), and it is unknown whether {name} is a production data space, so \
                 nothing was sent: {}",
                inferred.kind, inferred.because, error.what
            ),
            hint: Some(known.and(format!("to send anyway: --i-know {:?}", name.as_str()))),
            exit: error.exit,
        })
    }

    /// Asks the guard. Returns who sends, if that has to be written down once something was accepted.
    ///
    /// # Errors
    /// A [`Problem`] with the exit code of a guard if nothing may be sent.
    pub(in crate::connector) async fn pass_guard(
        &self,
        source: &Source,
        typed: Option<&str>,
    ) -> Result<Option<Installation>, Problem> {
        let Some(send_guard) = self.send_guard(source, typed).await? else { return Ok(None) };
        send_guard.check(typed).map_err(explained)?;
        let is_known = send_guard.before.as_ref() == Some(&send_guard.now);
        Ok((!is_known).then_some(send_guard.now))
    }

    /// Refuses to choose the production data space of a shop for an installation that is a copy, unless its name was typed.
    pub(in crate::connector) async fn pass_choice(
        &self,
        space: &DataSpace,
        typed: Option<&str>,
    ) -> Result<(), Problem> {
        let target = Target { id: space.id.clone(), name: space.name.clone(), kind: space.kind };
        let nobody = Installation { base_url: String::new(), id: String::new() };
        let inferred = match (typed, space.kind) {
            (None, DataSpaceKind::Production) => self.inferred_here().await,
            _ => None,
        };
        check(&target, inferred.as_ref(), None, &nobody, typed).map_err(|refusal| {
            let hint = match &refusal {
                Refusal::NotProduction { .. } => format!(
                    "select a testing data space, or select this one anyway: --i-know {:?}",
                    space.name.as_str()
                ),
                _ => format!("its name is {:?}", space.name.as_str()),
            };
            let what = match &refusal {
                Refusal::OtherName { given, .. } => format!("{given:?} is not the name of the data space {}", space.id),
                _ => refusal.words_beforehand(),
            };
            Problem::new(Exit::Guarded, format!("{what}: not selected")).hint(hint)
        })
    }
}
