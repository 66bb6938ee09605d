//! The guard: a copy of a shop must not send into the data space that the shop lives on, unless a person says so by name.
//!
//! It compares what an installation is with what a data space is for, and who sent there before. It never sends anything.
//! What it compares is gathered in `gather`, who else of this server sends in `neighbours`; what keeps the data space in sight while keys change is in `sight`;
//! feeds that somebody changed in Adobe's exporter are in `customised`.

pub mod customised;
mod gather;
mod neighbours;
mod sight;

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::commerce::kind::Inferred;
use crate::domain::{DataSpaceId, DataSpaceKind, InstallationKind};
use crate::error::{Exit, Explain};
use crate::export::ledger::Installation;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

pub use neighbours::Neighbour;

/// The data space that is about to receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub id: DataSpaceId,
    /// Its name, or its id where no name is known: what a person types to continue.
    pub name: SafeText,
    pub kind: DataSpaceKind,
}

/// Why nothing may be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A copy of a shop, and a production data space.
    NotProduction {
        /// What this installation is.
        inferred: Inferred,
        /// Where it would have sent.
        target: Target,
    },
    /// The same installation, under another base URL than when it last sent there.
    Moved {
        /// Its base URL then.
        before: SafeText,
        /// Its base URL now.
        now: SafeText,
        /// Where it would have sent.
        target: Target,
    },
    /// Another installation of this server sends there.
    Another {
        /// Who sent there before.
        before: SafeText,
        /// Who wants to now.
        now: SafeText,
        target: Target,
    },
    /// Another user of this server sends there already, and this one never did.
    OtherUser {
        /// Who.
        neighbour: Neighbour,
        target: Target,
    },
    /// A name was given, but not that of this data space.
    OtherName {
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
    pub fn words_beforehand(&self) -> String {
        match self {
            Self::NotProduction { inferred, target } => format!(
                "this is a {} installation ({}), and {} is a production data space",
                inferred.kind, inferred.because, target.name
            ),
            Self::Moved { before, now, target } => format!(
                "the base URL of this installation changed from {before} to {now} since it last sent into the data space {}",
                target.name
            ),
            Self::Another { before, now, target } => format!(
                "another installation of this server ({before}) sends into the data space {}; this one is {now}",
                target.name
            ),
            Self::OtherUser { neighbour: Neighbour { user, state_dir }, target } => format!(
                "the user {user} of this server already sends this shop into the data space {} (state directory \
                 {state_dir}); this user never did",
                target.name
            ),
            Self::OtherName { given, target } => {
                format!("{given:?} is not the name of the data space in use, which is {}", target.name)
            }
        }
    }

    /// The data space whose name has to be typed to continue.
    pub fn target(&self) -> &Target {
        match self {
            Refusal::NotProduction { target, .. }
            | Refusal::Moved { target, .. }
            | Refusal::Another { target, .. }
            | Refusal::OtherUser { target, .. }
            | Refusal::OtherName { target, .. } => target,
        }
    }
}

impl Explain for Refusal {
    fn exit(&self) -> Exit {
        Exit::Guarded
    }

    fn hint(&self) -> Option<Hint> {
        let name = &self.target().name;
        Some(match self {
            Refusal::NotProduction { .. } => Hint::from("select a testing data space (")
                .and(Remedy::ListDataSpaces)
                .and(format!("), set instance.kind if this is the production shop, or send anyway: --i-know {name:?}")),
            Refusal::Moved { .. } => format!(
                "if the shop moved, confirm once: --i-know {name:?}; if this is a copy of it, select another data space"
            )
            .into(),
            Refusal::Another { .. } => format!(
                "two installations would delete each other's items; select another data space, or, if this one \
                 replaces the other, confirm: --i-know {name:?}"
            )
            .into(),
            Refusal::OtherUser { neighbour, .. } => format!(
                "run this program as {}; to send everything again anyway, confirm once: --i-know {name:?}",
                neighbour.user
            )
            .into(),
            Refusal::OtherName { .. } => Hint::from("copy the name from ").and(Remedy::ListDataSpaces),
        })
    }
}

/// Says whether this installation may send into this data space. `typed` is the name that a person typed to continue.
///
/// # Errors
/// [`Refusal`], before a byte is sent.
pub fn check(
    target: &Target,
    inferred: Option<&Inferred>,
    before: Option<&Installation>,
    now: &Installation,
    typed: Option<&str>,
) -> Result<(), Refusal> {
    match typed {
        Some(typed) if typed == target.name.as_str() => return Ok(()),
        Some(typed) => return Err(Refusal::OtherName { given: SafeText::new(typed), target: target.clone() }),
        None => {}
    }
    if let Some(inferred) = inferred
        && inferred.kind != InstallationKind::Production
        && target.kind == DataSpaceKind::Production
    {
        return Err(Refusal::NotProduction { inferred: inferred.clone(), target: target.clone() });
    }
    match before {
        Some(before) if before.id != now.id => Err(Refusal::Another {
            before: SafeText::new(&words(before)),
            now: SafeText::new(&words(now)),
            target: target.clone(),
        }),
        Some(before) if !is_same_address(&before.base_url, &now.base_url) => Err(Refusal::Moved {
            before: SafeText::new(&before.base_url),
            now: SafeText::new(&now.base_url),
            target: target.clone(),
        }),
        _ => Ok(()),
    }
}

/// Whether two base URLs are of the same shop: scheme and a slash at the end make no other shop, and of an unknown one nothing
/// can be said.
fn is_same_address(before: &str, now: &str) -> bool {
    let bare = |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/').to_lowercase();
    before.is_empty() || now.is_empty() || bare(before) == bare(now)
}

/// A base URL without a login: a copy behind a password may have one in it.
fn without_login(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("{host}{}", &rest[end..]),
        Some((_, host)) => format!("{scheme}://{host}{}", &rest[end..]),
        None => url.to_owned(),
    }
}

fn words(installation: &Installation) -> String {
    let url = if installation.base_url.is_empty() { "base URL unknown" } else { &installation.base_url };
    format!("{url}, id {}", installation.id)
}

/// The installation of this root directory and this database, distinguished from others on the same server.
pub fn installation(base_url: Option<&str>, root: Option<&Path>, database: &str) -> Installation {
    let mut hasher = Sha256::new();
    hasher.update(root.map(|root| root.to_string_lossy().into_owned()).unwrap_or_default());
    hasher.update([0]);
    hasher.update(database);
    // Eight hexadecimal digits are enough for the few installations of a server, and can be compared by eye.
    let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
    let id = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
    Installation { base_url: without_login(base_url.unwrap_or_default()), id }
}

/// Everything that the guard looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendGuard {
    /// Where a run would send; `None` if no data space is chosen.
    pub target: Option<Target>,
    /// What this installation is; `None` if nothing tells.
    pub inferred: Option<Inferred>,
    /// Who sent there from this server last.
    pub before: Option<Installation>,
    pub now: Installation,
    /// Another user of this server who sends there, if this one never did.
    pub neighbour: Option<Neighbour>,
}

impl SendGuard {
    /// Whether a run may send.
    ///
    /// # Errors
    /// [`Refusal`], before a byte is sent.
    pub fn check(&self, typed: Option<&str>) -> Result<(), Refusal> {
        let Some(target) = &self.target else { return Ok(()) };
        check(target, self.inferred.as_ref(), self.before.as_ref(), &self.now, typed)?;
        match &self.neighbour {
            Some(neighbour) if typed.is_none() => {
                Err(Refusal::OtherUser { neighbour: neighbour.clone(), target: target.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// This installation, as far as the guard looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// What it is; `None` if nothing tells.
    pub inferred: Option<Inferred>,
    pub now: Installation,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: DataSpaceKind) -> Target {
        Target { id: "1111".parse().expect("an id"), name: "Live shop".into(), kind }
    }

    fn staging() -> Inferred {
        Inferred { kind: InstallationKind::Staging, because: "the host says so".into() }
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
        assert!(refusal.hint().expect("a hint").command_line().contains("--i-know \"Live shop\""));
        assert_eq!(check(DataSpaceKind::Testing, None), Ok(()));
        assert_eq!(check(DataSpaceKind::Production, Some("Live shop")), Ok(()));
        let refusal = check(DataSpaceKind::Production, Some("live shop")).expect_err("not the name");
        assert!(matches!(refusal, Refusal::OtherName { .. }));
        assert!(check(DataSpaceKind::Testing, Some("another")).is_err(), "a name that is wrong is never passed over");
    }

    #[test]
    fn production_and_the_unknown_may() {
        let now = shop("https://shop.example.com/");
        let live = Inferred { kind: InstallationKind::Production, because: "set".into() };
        for inferred in [Some(&live), None] {
            assert_eq!(super::check(&target(DataSpaceKind::Production), inferred, None, &now, None), Ok(()));
        }
    }

    #[test]
    fn another_installation_of_the_server_is_noticed_by_its_place() {
        let before = shop("https://shop.example.com/");
        let check = |now: &Installation| check(&target(DataSpaceKind::Testing), None, Some(&before), now, None);
        assert_eq!(check(&before), Ok(()));
        let moved =
            installation(Some("https://shop.example.com/"), Some(Path::new("/var/www/copy")), "localhost:3306/shop");
        let refusal = check(&moved).expect_err("refused");
        assert!(matches!(refusal, Refusal::Another { .. }), "{refusal}");
        assert!(refusal.to_string().contains("https://shop.example.com/"), "{refusal}");
    }

    #[test]
    fn another_base_url_of_the_same_installation_is_told_as_that() {
        let before = shop("http://shop.example.com");
        let check = |now: &Installation| check(&target(DataSpaceKind::Testing), None, Some(&before), now, None);
        assert_eq!(check(&shop("https://Shop.example.com/")), Ok(()), "the same address");
        assert_eq!(check(&installation(None, Some(Path::new("/var/www/shop")), "localhost:3306/shop")), Ok(()));
        let refusal = check(&shop("https://ann:canary@copy.example.com/")).expect_err("refused");
        assert_eq!(
            refusal.to_string(),
            "the base URL of this installation changed from http://shop.example.com to https://copy.example.com/ since it last sent \
             into the data space Live shop: nothing was sent"
        );
        assert!(refusal.hint().expect("a hint").command_line().contains("if the shop moved"));
    }
}
