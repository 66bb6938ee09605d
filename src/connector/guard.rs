//! The guard: a copy of a shop must not send into the data space that the shop lives on, unless a person says so by name.
//!
//! It compares what an installation is with what a data space is for, and who sent there before. It never sends anything.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Connector, explained};
use crate::client::models::{DataSpaceId, DataSpaceKind};
use crate::commerce::kind::{Concluded, InstallationKind, Signs};
use crate::error::{Exit, Explain, Problem};
use crate::export::ledger::{self, Installation};
use crate::feeds::source::Source;
use crate::untrusted::SafeText;

/// The data space that is about to receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: DataSpaceId,
    /// Its name, or its id where no name is known: what a person types to go on.
    pub name: SafeText,
    /// What it is for.
    pub kind: DataSpaceKind,
}

/// Why nothing may be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A copy of a shop, and a production data space.
    NotProduction {
        /// What this installation is.
        concluded: Concluded,
        /// Where it would have sent.
        target: Target,
    },
    /// Another installation of this server sends there.
    Another {
        /// Who sent there before.
        before: SafeText,
        /// Who wants to now.
        now: SafeText,
        /// Where.
        target: Target,
    },
    /// A name was given, but not that of this data space.
    OtherName {
        /// What was given.
        given: SafeText,
        /// Where it would have sent.
        target: Target,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: nothing was sent", self.words_beforehand())
    }
}

impl Refusal {
    /// The refusal in words, before anything was to be sent.
    #[must_use]
    pub fn words_beforehand(&self) -> String {
        match self {
            Self::NotProduction { concluded, target } => format!(
                "this is a {} installation ({}), and {} is a production data space",
                concluded.kind, concluded.because, target.name
            ),
            Self::Another { before, now, target } => format!(
                "another installation of this server ({before}) sends into the data space {}; this one is {now}",
                target.name
            ),
            Self::OtherName { given, target } => {
                format!("{given:?} is not the name of the data space in use, which is {}", target.name)
            }
        }
    }

    /// The data space whose name has to be typed to go on.
    #[must_use]
    pub fn target(&self) -> &Target {
        match self {
            Refusal::NotProduction { target, .. }
            | Refusal::Another { target, .. }
            | Refusal::OtherName { target, .. } => target,
        }
    }
}

impl Explain for Refusal {
    fn exit(&self) -> Exit {
        Exit::Guarded
    }

    fn hint(&self) -> Option<String> {
        let name = &self.target().name;
        Some(match self {
            Refusal::NotProduction { .. } => format!(
                "choose a testing data space (`commerce-connector data-spaces list`), set instance.kind if this is the \
                 production shop, or type the name to send all the same: --i-know {name:?}"
            ),
            Refusal::Another { .. } => format!(
                "two installations would delete each other's items; choose another data space, or, if this one takes the \
                 other's place, type the name: --i-know {name:?}"
            ),
            Refusal::OtherName { .. } => "copy the name from `commerce-connector data-spaces list`".to_owned(),
        })
    }
}

/// Says whether this installation may send into this data space. `typed` is the name that a person typed to go on.
///
/// # Errors
/// [`Refusal`], before a byte is sent.
pub fn check(
    target: &Target,
    concluded: Option<&Concluded>,
    before: Option<&Installation>,
    now: &Installation,
    typed: Option<&str>,
) -> Result<(), Refusal> {
    match typed {
        Some(typed) if typed == target.name.as_str() => return Ok(()),
        Some(typed) => return Err(Refusal::OtherName { given: SafeText::new(typed), target: target.clone() }),
        None => {}
    }
    if let Some(concluded) = concluded
        && concluded.kind != InstallationKind::Production
        && target.kind == DataSpaceKind::Production
    {
        return Err(Refusal::NotProduction { concluded: concluded.clone(), target: target.clone() });
    }
    match before {
        Some(before) if before != now => Err(Refusal::Another {
            before: SafeText::new(&words(before)),
            now: SafeText::new(&words(now)),
            target: target.clone(),
        }),
        _ => Ok(()),
    }
}

fn words(installation: &Installation) -> String {
    let url = if installation.base_url.is_empty() { "base URL unknown" } else { &installation.base_url };
    format!("{url}, id {}", installation.id)
}

/// The installation of this root directory and this database, told apart from others on the same server.
#[must_use]
pub fn installation(base_url: Option<&str>, root: Option<&Path>, database: &str) -> Installation {
    let mut hasher = Sha256::new();
    hasher.update(root.map(|root| root.to_string_lossy().into_owned()).unwrap_or_default());
    hasher.update([0]);
    hasher.update(database);
    // Eight hexadecimal digits are enough for the few installations of a server, and can be compared by eye.
    let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
    let id = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
    Installation { base_url: base_url.unwrap_or_default().to_owned(), id }
}

/// Everything that the guard looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where a run would send; `None` if no data space is chosen.
    pub target: Option<Target>,
    /// What this installation is; `None` if nothing tells.
    pub concluded: Option<Concluded>,
    /// Who sent there from this server last.
    pub before: Option<Installation>,
    /// This installation.
    pub now: Installation,
}

impl Standing {
    /// Whether a run may send.
    ///
    /// # Errors
    /// [`Refusal`], before a byte is sent.
    pub fn check(&self, typed: Option<&str>) -> Result<(), Refusal> {
        let Some(target) = &self.target else { return Ok(()) };
        check(target, self.concluded.as_ref(), self.before.as_ref(), &self.now, typed)
    }
}

/// This installation, as far as the guard looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// What it is; `None` if nothing tells.
    pub concluded: Option<Concluded>,
    /// Which it is.
    pub now: Installation,
}

impl Connector {
    /// What the guard looks at; `None` for a catalogue that is made up, which is nobody's installation.
    ///
    /// # Errors
    /// A [`Problem`] if the database or the ledger cannot be read.
    pub async fn standing(&self, source: &Source) -> Result<Option<Standing>, Problem> {
        let Some(Here { concluded, now }) = self.installation_here(source).await? else { return Ok(None) };
        let target = match self.overview().data_space {
            Some((id, name, _)) => {
                let saved = self.config().saas.environment_type;
                let kind = self.kind_for_guard(&id, saved, concluded.as_ref()).await?;
                Some(Target { id, name, kind })
            }
            None => None,
        };
        let before = match tokio::task::block_in_place(|| self.ledger())? {
            Some(ledger) => ledger.installation().map_err(explained)?,
            None => None,
        };
        Ok(Some(Standing { target, concluded, before, now }))
    }

    /// This installation; `None` for a catalogue that is made up, which is nobody's.
    pub(super) async fn installation_here(&self, source: &Source) -> Result<Option<Here>, Problem> {
        let config = self.config();
        let layers = self.layers().clone();
        let commerce = layers.commerce.as_deref();
        // What Commerce itself takes for its base URL; a file may overrule the database.
        let configured_url = ["web/secure/base_url", "web/unsecure/base_url"]
            .into_iter()
            .find_map(|path| commerce?.get(path))
            .map(|found| found.value);
        let (base_url, place) = match source {
            Source::Generated(_) => return Ok(None),
            Source::Files(files) => (configured_url, files.directory.display().to_string()),
            Source::Commerce(source) => {
                let settings = source.settings();
                let place = format!("{}/{}/{}", settings.address_text(), settings.database, settings.table_prefix);
                let url = match configured_url {
                    Some(url) => Some(url),
                    None => source.base_url().await.map_err(explained)?,
                };
                (url, place)
            }
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let installed_mode = commerce.and_then(|store| store.installation()?.mage_mode().map(ToString::to_string));
        let signs = Signs {
            configured: config.instance.kind,
            cloud_type: variable("MAGENTO_CLOUD_ENVIRONMENT_TYPE"),
            mage_mode: installed_mode.or_else(|| variable("MAGE_MODE")),
            base_url: base_url.clone(),
        };
        let concluded = signs.conclude();
        let root = config.instance.root.as_deref().map(|root| self.store().resolve(root));
        let now = installation(base_url.as_deref(), root.as_deref(), &place);
        Ok(Some(Here { concluded, now }))
    }

    /// What the data space is for. The registry is asked where the saved type is missing, or would refuse a run: not every
    /// module saves it, and a person may have written it by hand.
    async fn kind_for_guard(
        &self,
        id: &DataSpaceId,
        saved: Option<DataSpaceKind>,
        concluded: Option<&Concluded>,
    ) -> Result<DataSpaceKind, Problem> {
        let is_production = concluded.is_none_or(|concluded| concluded.kind == InstallationKind::Production);
        match saved {
            Some(DataSpaceKind::Testing) => return Ok(DataSpaceKind::Testing),
            Some(DataSpaceKind::Production) if is_production => return Ok(DataSpaceKind::Production),
            Some(DataSpaceKind::Production) | None => {}
        }
        match (self.client()?.data_space(id).await, saved) {
            (Ok((_, data_space)), _) => Ok(data_space.kind),
            (Err(_), Some(saved)) => Ok(saved),
            (Err(error), None) => Err(explained(error)),
        }
    }

    /// Asks the guard, and writes down who sends from now on.
    ///
    /// # Errors
    /// A [`Problem`] with the exit code of a guard if nothing may be sent.
    pub(super) async fn pass_guard(&self, source: &Source, typed: Option<&str>) -> Result<(), Problem> {
        let Some(standing) = self.standing(source).await? else { return Ok(()) };
        standing.check(typed).map_err(explained)?;
        if let Some(target) = &standing.target
            && standing.before.as_ref() != Some(&standing.now)
        {
            tokio::task::block_in_place(|| ledger::remember(&self.shared.state_dir, &target.id, &standing.now))
                .map_err(explained)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: DataSpaceKind) -> Target {
        Target { id: "1111".parse().expect("an id"), name: "Live shop".into(), kind }
    }

    fn staging() -> Concluded {
        Concluded { kind: InstallationKind::Staging, because: "the host says so".into() }
    }

    fn shop(url: &str) -> Installation {
        installation(Some(url), Some(Path::new("/var/www/shop")), "localhost:3306/shop")
    }

    #[test]
    fn a_copy_may_not_send_into_a_production_data_space() {
        let now = shop("https://staging.example.com/");
        let check = |kind, typed| check(&target(kind), Some(&staging()), None, &now, typed);
        let refusal = check(DataSpaceKind::Production, None).expect_err("refused");
        assert_eq!(refusal.exit(), Exit::Guarded);
        assert_eq!(
            refusal.to_string(),
            "this is a staging installation (the host says so), and Live shop is a production data space: nothing was sent"
        );
        assert!(refusal.hint().expect("a hint").contains("--i-know \"Live shop\""));
        assert_eq!(check(DataSpaceKind::Testing, None), Ok(()));
        assert_eq!(check(DataSpaceKind::Production, Some("Live shop")), Ok(()));
        let refusal = check(DataSpaceKind::Production, Some("live shop")).expect_err("not the name");
        assert!(matches!(refusal, Refusal::OtherName { .. }));
        assert!(check(DataSpaceKind::Testing, Some("another")).is_err(), "a name that is wrong is never passed over");
    }

    #[test]
    fn production_and_the_unknown_may() {
        let now = shop("https://shop.example.com/");
        let live = Concluded { kind: InstallationKind::Production, because: "set".into() };
        for concluded in [Some(&live), None] {
            assert_eq!(super::check(&target(DataSpaceKind::Production), concluded, None, &now, None), Ok(()));
        }
    }

    #[test]
    fn another_installation_of_the_server_is_noticed_by_url_and_by_place() {
        let before = shop("https://shop.example.com/");
        let check = |now: &Installation| check(&target(DataSpaceKind::Testing), None, Some(&before), now, None);
        assert_eq!(check(&before), Ok(()));
        let moved =
            installation(Some("https://shop.example.com/"), Some(Path::new("/var/www/copy")), "localhost:3306/shop");
        for other in [shop("https://copy.example.com/"), moved] {
            let refusal = check(&other).expect_err("refused");
            assert!(matches!(refusal, Refusal::Another { .. }), "{refusal}");
            assert!(refusal.to_string().contains("https://shop.example.com/"), "{refusal}");
        }
    }
}
