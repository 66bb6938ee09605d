//! What to do about a problem, as data: text, and what the program itself can do about it.
//!
//! The screen words a [`Remedy`] with its keys and panes (`tui::remedy`). The command lines stand here and nowhere else below
//! the front ends, because they are also what JSON carries.

use serde::{Deserialize, Serialize, Serializer};

use crate::untrusted::SafeText;

/// Something that the program can do about a problem.
///
/// Its words fit into the sentence around it, so two remedies may have the same command in different words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Sign in with an Adobe ID.
    SignIn,
    /// See the organizations of who is signed in.
    ListOrganizations,
    /// Create the configuration at this path, which `--config` names.
    InitConfig {
        /// The path.
        path: SafeText,
    },
    /// Create the configuration where it is looked for.
    CreateConfig,
    /// Try the program with sample data.
    Demo,
    /// Diagnose what lies between the shop and Adobe.
    Doctor,
    /// Diagnose it once more.
    DoctorAgain,
    /// Ask the gateway whether it accepts the keys.
    VerifyKeys,
    /// Add what an environment lacks of its keys.
    AddKeys {
        /// `production` or `sandbox`.
        environment: SafeText,
    },
    /// Replace the keys of an environment.
    SetKeys {
        /// `production` or `sandbox`.
        environment: SafeText,
    },
    /// Save the keys again where they are.
    SaveKeys,
    /// Choose a data space for the first time.
    ChooseDataSpace,
    /// Choose another data space.
    ChangeDataSpace,
    /// Choose this data space once more.
    SelectDataSpace { id: SafeText },
    /// See the data spaces by name.
    ListDataSpaces,
    /// See which feeds the source has.
    ListFeeds,
    /// See each feed, with its failures and their request ids.
    Status,
    /// Follow a run of another process, or stop it.
    FollowRun,
    /// Send the failed items of a feed again.
    RetryFeed {
        /// The feed's name.
        feed: SafeText,
    },
    /// Send as deleted what was held back.
    MaxDelete {
        /// The feed's name.
        feed: SafeText,
        /// How many items.
        items: u64,
    },
    /// Send as changed what was held back.
    MaxChange {
        /// The feed's name.
        feed: SafeText,
        /// How many items.
        items: u64,
    },
    /// Send a feed without what somebody changed in Adobe's exporter.
    SendAnyway {
        /// The feed's name.
        feed: SafeText,
    },
    /// Take for true that tables or files are empty or gone.
    AcceptEmpty,
    /// Run exports as a service of systemd, which outlives a logout.
    RunAsService,
    /// Name every item that is not visible as it was sent.
    VerifyAll,
    /// Let nothing count as sent any more.
    DistrustLedger,
    /// Rebuild the ledger from its readable parts.
    RepairLedger,
    /// Rebuild the ledger from a backup.
    RepairLedgerFrom,
    /// Move the ledger.
    MoveLedger {
        /// `database` or `file`.
        to: SafeText,
    },
    /// Compare a file with the items of Adobe's exporter.
    CompareFile,
}

impl Remedy {
    /// As command lines, with the words around them.
    pub fn command_line(&self) -> String {
        let text = match self {
            Self::SignIn => "run `commerce-connector ims login`, or sign in from the IMS organization pane",
            Self::ListOrganizations => "`commerce-connector ims organizations`",
            Self::InitConfig { path } => return format!("run `commerce-connector --config {path} config init`"),
            Self::CreateConfig => "`commerce-connector config init`",
            Self::Demo => "`commerce-connector demo`",
            Self::Doctor => "`commerce-connector doctor`",
            Self::DoctorAgain => "run `commerce-connector doctor` again",
            Self::VerifyKeys => "run `commerce-connector keys verify`",
            Self::AddKeys { environment } => {
                return format!(
                    "run `commerce-connector keys set --environment {environment} --api-key-file F --private-key-file \
                     F`, or paste them in the Keys pane"
                );
            }
            Self::SetKeys { environment } => {
                return format!(
                    "`commerce-connector keys set --environment {environment} --api-key-file F --private-key-file F`"
                );
            }
            Self::SaveKeys => "with `commerce-connector keys set`",
            Self::ChooseDataSpace => {
                "run `commerce-connector projects list`, then `commerce-connector data-spaces select ID`, or select \
                 one in the SaaS identifier pane"
            }
            Self::ChangeDataSpace => {
                "`commerce-connector data-spaces list`, then `commerce-connector data-spaces select ID`"
            }
            Self::SelectDataSpace { id } => return format!("`commerce-connector data-spaces select {id}`"),
            Self::ListDataSpaces => "`commerce-connector data-spaces list`",
            Self::ListFeeds => "`commerce-connector feeds list`",
            Self::Status => "`commerce-connector export status`",
            Self::FollowRun => {
                "follow it with `commerce-connector export status --watch`, or stop it with `export stop`"
            }
            Self::RetryFeed { feed } => return format!("`commerce-connector export retry --feed {feed}`"),
            Self::MaxDelete { feed, items } => {
                return format!("commerce-connector export run --feed {feed} --max-delete {items}");
            }
            Self::MaxChange { feed, items } => {
                return format!("commerce-connector export run --feed {feed} --max-change {items}");
            }
            Self::SendAnyway { feed } => {
                return format!("`commerce-connector config set feeds.{feed}.customised send-anyway`");
            }
            Self::AcceptEmpty => "run `commerce-connector export run --accept-empty`",
            Self::RunAsService => "`systemd-run --user --unit=commerce-export commerce-connector export run`",
            Self::VerifyAll => "`commerce-connector verify --all`",
            Self::DistrustLedger => "`commerce-connector export ledger repair --distrust`",
            Self::RepairLedger => "`commerce-connector export ledger repair`",
            Self::MoveLedger { to } => return format!("`commerce-connector export ledger move --to {to}`"),
            Self::RepairLedgerFrom => "`commerce-connector export ledger repair --from FILE`",
            Self::CompareFile => "`commerce-connector compare exporter --from FILE`",
        };
        text.to_owned()
    }

    /// One of each kind.
    #[cfg(test)]
    pub fn all() -> impl Iterator<Item = Self> {
        // A kind that is missing here does not compile.
        std::iter::successors(Some(Self::SignIn), |remedy| {
            Some(match remedy {
                Self::SignIn => Self::ListOrganizations,
                Self::ListOrganizations => Self::InitConfig { path: "/etc/shop.toml".into() },
                Self::InitConfig { .. } => Self::CreateConfig,
                Self::CreateConfig => Self::Demo,
                Self::Demo => Self::Doctor,
                Self::Doctor => Self::DoctorAgain,
                Self::DoctorAgain => Self::VerifyKeys,
                Self::VerifyKeys => Self::AddKeys { environment: "production".into() },
                Self::AddKeys { .. } => Self::SetKeys { environment: "sandbox".into() },
                Self::SetKeys { .. } => Self::SaveKeys,
                Self::SaveKeys => Self::ChooseDataSpace,
                Self::ChooseDataSpace => Self::ChangeDataSpace,
                Self::ChangeDataSpace => Self::SelectDataSpace { id: "30f2d4a7-8f3c-4f6e-9a51-0b8d5f4c9e21".into() },
                Self::SelectDataSpace { .. } => Self::ListDataSpaces,
                Self::ListDataSpaces => Self::ListFeeds,
                Self::ListFeeds => Self::Status,
                Self::Status => Self::FollowRun,
                Self::FollowRun => Self::RetryFeed { feed: "prices".into() },
                Self::RetryFeed { .. } => Self::MaxDelete { feed: "products".into(), items: 3_000 },
                Self::MaxDelete { .. } => Self::MaxChange { feed: "products".into(), items: 3_000 },
                Self::MaxChange { .. } => Self::SendAnyway { feed: "products".into() },
                Self::SendAnyway { .. } => Self::AcceptEmpty,
                Self::AcceptEmpty => Self::RunAsService,
                Self::RunAsService => Self::VerifyAll,
                Self::VerifyAll => Self::DistrustLedger,
                Self::DistrustLedger => Self::RepairLedger,
                Self::RepairLedger => Self::RepairLedgerFrom,
                Self::RepairLedgerFrom => Self::MoveLedger { to: "database".into() },
                Self::MoveLedger { .. } => Self::CompareFile,
                Self::CompareFile => return None,
            })
        })
    }
}

/// What the person can do about a problem, as one sentence of text and remedies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Text(SafeText),
    Do(Remedy),
}

/// A hint as data, for another process of this program, whose screen words the remedies itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HintParts(Vec<Part>);

impl From<Hint> for HintParts {
    fn from(hint: Hint) -> Self {
        Self(hint.0)
    }
}

impl From<HintParts> for Hint {
    fn from(parts: HintParts) -> Self {
        Self(parts.0)
    }
}

impl Hint {
    /// The same with more at its end.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }

    /// Whether it offers such a remedy.
    pub fn offers(&self, is_such: impl Fn(&Remedy) -> bool) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Do(remedy) if is_such(remedy)))
    }

    /// The sentence, with these words for each remedy.
    pub fn words(&self, remedy: impl Fn(&Remedy) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.to_string(),
            Part::Do(step) => remedy(step),
        };
        self.0.iter().map(part).collect()
    }

    /// The sentence, with command lines.
    pub fn command_line(&self) -> String {
        self.words(Remedy::command_line)
    }
}

impl From<Remedy> for Hint {
    fn from(remedy: Remedy) -> Self {
        Self(vec![Part::Do(remedy)])
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self(vec![Part::Text(text.into())])
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// As text with command lines: what reads JSON may be no version of this program.
impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.command_line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_worded_by_who_shows_it_and_leaves_the_process_with_command_lines() {
        let hint = Hint::from("fix it, then ").and(Remedy::DoctorAgain).and("; or wait");
        let text = "fix it, then run `commerce-connector doctor` again; or wait";
        assert_eq!(hint.command_line(), text);
        assert_eq!(hint.words(|remedy| format!("<{remedy:?}>")), "fix it, then <DoctorAgain>; or wait");
        assert_eq!(serde_json::to_value(&hint).ok(), Some(text.into()));
    }
}
