//! What changes something, and is therefore refused where the installation is read-only: the one place that decides it.
//!
//! Every match here names every variant, so that whoever adds one must decide. The commands' side is in [`crate::commands::access`].

use super::effect::{ImsWork, ItemsWork, Work};
use super::keymap::Action;
use super::state::dialog::{Dialog, LinePurpose, Question};

impl Action {
    /// Whether it leads to a change of keys, settings, projects, the run, or what is in a data space.
    pub fn changes(self) -> bool {
        match self {
            Action::PasteApiKey
            | Action::PastePrivateKey
            | Action::KeyFromFile
            | Action::SaveKeys
            | Action::UseEnvironment
            | Action::Rotate
            | Action::SetSource
            | Action::MakeConfig
            | Action::SignIn
            | Action::SignInAsService
            | Action::PasteBack
            | Action::SignOut
            | Action::CreateProject
            | Action::Rename
            | Action::StartAll
            | Action::StartSelected
            | Action::Partial
            | Action::Stop
            | Action::PauseResume
            | Action::MoreThreads
            | Action::FewerThreads
            | Action::LargerBatches
            | Action::SmallerBatches
            | Action::Retry
            | Action::ByIds
            | Action::CleanUp
            | Action::SendAgain => true,
            Action::ShowOverview
            | Action::ShowKeys
            | Action::ShowSaas
            | Action::ShowOrganization
            | Action::ShowExport
            | Action::ShowItems
            | Action::ShowLog
            | Action::NextPane
            | Action::PreviousPane
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last
            // What Enter leads to is looked at when its dialog opens.
            | Action::Open
            | Action::Back
            | Action::Help
            | Action::Palette
            | Action::Quit
            | Action::Interrupt
            | Action::Repaint
            | Action::Suspend
            | Action::Filter
            | Action::Refresh
            | Action::Verify
            | Action::WhereKeys
            | Action::Copy
            | Action::PlainText
            | Action::QrCode
            | Action::AboutLicense
            | Action::DryRun
            | Action::Estimate
            | Action::FeedHealth
            | Action::Doctor
            | Action::Services
            | Action::NextFeed
            | Action::FilterByState
            | Action::FilterByError
            | Action::Sort
            | Action::Mark
            | Action::Unmark
            | Action::SaveToFile
            | Action::Accept
            | Action::Decline
            | Action::Discard
            | Action::SwitchFocus => false,
        }
    }
}

impl Dialog {
    /// Whether accepting it leads to a change.
    pub fn changes(&self) -> bool {
        match self {
            Dialog::PrivateKey(_) => true,
            Dialog::Line(line) => match &line.purpose {
                LinePurpose::ApiKey(_)
                | LinePurpose::Source
                | LinePurpose::KeyFile(_)
                | LinePurpose::CreateProject
                | LinePurpose::RenameProject(_)
                | LinePurpose::RenameDataSpace(_)
                | LinePurpose::ChooseProduction(_)
                | LinePurpose::PasteBack
                | LinePurpose::ImsClientId
                | LinePurpose::ImsClientSecret { .. }
                | LinePurpose::CleanUp(_)
                | LinePurpose::LoseSight { .. }
                | LinePurpose::ByIds(_) => true,
                LinePurpose::ErrorText => false,
                LinePurpose::ExportToProduction { request, .. } | LinePurpose::Guard { request, .. } => {
                    !request.dry_run
                }
            },
            Dialog::Question(question) => match question {
                Question::Choose(_)
                | Question::Environment(_)
                | Question::Rotate(_)
                | Question::Stop
                | Question::SignOut
                | Question::PastedKey(_)
                | Question::Allow { .. }
                | Question::Kept(_)
                | Question::SendAgain { .. } => true,
                // What was pasted is nowhere but on the screen.
                Question::ForgetDraft(_) | Question::Quit => false,
            },
            Dialog::Discard(dialog) => dialog.changes(),
            Dialog::Unsaved(_) | Dialog::Reading { .. } | Dialog::Palette(_) => false,
        }
    }
}

impl Work {
    /// Whether it changes something outside of the screen.
    pub fn changes(&self) -> bool {
        match self {
            Work::SavePair(..)
            | Work::RotatePair(..)
            | Work::MakeConfig
            | Work::SetSource(_)
            | Work::SetEnvironment(_)
            | Work::CreateProject(_)
            | Work::RenameProject(..)
            | Work::RenameDataSpace(..)
            | Work::SelectDataSpace(..) => true,
            Work::StartExport(request) => !request.dry_run,
            Work::Ims(work) => match work {
                ImsWork::Begin
                | ImsWork::Finish(_)
                | ImsWork::SignInAsService { .. }
                | ImsWork::SignOut
                | ImsWork::Select(_) => true,
                ImsWork::Status | ImsWork::LoadOrganizations => false,
            },
            Work::Items(work) => match work {
                // Saving writes a new file for the person, and changes none.
                ItemsWork::Page { .. } | ItemsWork::Count(_) | ItemsWork::Look(_) | ItemsWork::Save(_) => false,
            },
            Work::LoadPairs
            | Work::Attach
            | Work::Verify(_)
            | Work::VerifyPair(..)
            | Work::ReadKey(..)
            | Work::LoadProjects
            | Work::LoadLastReceived
            | Work::Foresee(_)
            | Work::LoadCounts
            | Work::LoadLedger
            | Work::LoadHealth
            | Work::Estimate
            | Work::Diagnose
            | Work::LoadServices => false,
        }
    }
}
