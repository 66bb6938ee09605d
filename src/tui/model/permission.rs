//! What may be done now: the one place that decides it. Footer, help and every key ask [`State::refusal`]; what an update would
//! do all the same is taken out of it by `State::hold_back`. The commands' side is in [`crate::commands::access`].

use crate::connector::ExportRequest;
use crate::tui::keymap::Action;
use crate::tui::model::State;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::keys::requests::KeysWork;
use crate::tui::panes::organization::requests::ImsWork;
use crate::tui::panes::overview::requests::OverviewWork;
use crate::tui::panes::saas::requests::SaasWork;
use crate::tui::panes::{Effect, Effects, Now, Work};
use crate::tui::widgets::dialog::{Dialog, LinePurpose, Question};
use crate::tui::widgets::notices::Tone;

/// The same words as those of a command that is refused.
const REFUSED: &str = "this installation is read-only; nothing changed. Fix: `commerce-connector --read-only=false`";

/// Why something may not be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It changes something, and the installation is read-only.
    ReadOnly,
    /// An export starts or is running.
    Exporting,
    /// No export is running.
    NotExporting,
}

impl State {
    /// Whether nothing may be changed from here.
    pub fn is_read_only(&self) -> bool {
        self.overview.settings.read_only
    }

    /// Why an action has no use now; `None` if it has.
    pub fn refusal(&self, action: Action) -> Option<Refusal> {
        let needs_rest = matches!(
            action,
            Action::StartAll
                | Action::StartSelected
                | Action::Partial
                | Action::DryRun
                | Action::Retry
                | Action::ByIds
                | Action::CleanUp
                | Action::SendAgain
                | Action::Adopt
        );
        let needs_run = matches!(action, Action::Stop | Action::PauseResume);
        if self.is_read_only() && action.changes() {
            Some(Refusal::ReadOnly)
        } else if needs_rest && self.export.is_busy() {
            Some(Refusal::Exporting)
        } else if needs_run && !self.export.is_busy() {
            Some(Refusal::NotExporting)
        } else {
            None
        }
    }

    pub(super) fn refuse_change(&mut self, now: &Now) {
        self.notices.add(Tone::Warning, REFUSED, &now.wall);
    }

    /// Takes out of an update whatever would change something where nothing may be changed: the dialog that leads to it, and
    /// the work itself. A key that leads there by a dialog or a paste comes this far.
    pub(super) fn hold_back(&mut self, effects: &mut Effects, now: &Now) {
        if !self.is_read_only() {
            return;
        }
        let before = effects.len();
        effects.retain(|effect| match effect {
            Effect::Work(work) => !work.changes(),
            Effect::Run(_) => false,
            _ => true,
        });
        let held_work = effects.len() < before;
        if held_work {
            self.forget_pending();
        }
        let held_dialog = self.dialog.take_if(|dialog| !leads_to_no_change(dialog)).is_some();
        if held_work || held_dialog {
            self.refuse_change(now);
        }
    }
}

impl Work {
    /// Whether it changes something outside of the screen. What is not named here does.
    pub fn changes(&self) -> bool {
        !only_reads(self)
    }
}

fn only_reads(work: &Work) -> bool {
    match work {
        // Saving writes a new file for the person, and changes none.
        Work::Items(_) | Work::Reload | Work::CheckContext(_) => true,
        Work::Overview(work) => matches!(work, OverviewWork::CompletePath(_)),
        Work::Keys(work) => {
            matches!(work, KeysWork::LoadPairs | KeysWork::Verify(_) | KeysWork::VerifyPair(..) | KeysWork::ReadKey(..))
        }
        Work::Saas(work) => {
            matches!(work, SaasWork::LoadProjects | SaasWork::LoadLastReceived | SaasWork::Foresee(_))
        }
        Work::Ims(work) => matches!(work, ImsWork::Status | ImsWork::LoadOrganizations),
        Work::Export(work) => match work {
            ExportWork::StartExport(ExportRequest { dry_run, .. }) => *dry_run,
            ExportWork::LoadCounts
            | ExportWork::LoadLedger
            | ExportWork::LoadHealth
            | ExportWork::Estimate
            | ExportWork::Diagnose
            | ExportWork::LoadServices
            | ExportWork::Report(_)
            | ExportWork::LintDryRun(_)
            // What is written is a new file for the person.
            | ExportWork::CollectBundle
            | ExportWork::WriteBundle { .. }
            | ExportWork::FollowWatches
            | ExportWork::Attach => true,
            ExportWork::Adopt(_) => false,
        },
    }
}

/// Whether nothing changes by whatever is answered in a dialog. What is not named here counts as a change.
fn leads_to_no_change(dialog: &Dialog) -> bool {
    match dialog {
        Dialog::Unsaved(_) | Dialog::Reading { .. } | Dialog::Palette(_) | Dialog::Help(_) => true,
        Dialog::Discard(dialog) => leads_to_no_change(dialog),
        // What was pasted is nowhere but on the screen.
        Dialog::Question(question) => {
            matches!(question, Question::ForgetDraft(_) | Question::Quit | Question::QuitWithRun)
        }
        Dialog::Line(line) => match &line.purpose {
            // What is written is a new file for the person.
            LinePurpose::ErrorText | LinePurpose::SaveCsv(_) | LinePurpose::SaveBundle | LinePurpose::CompareWith => {
                true
            }
            LinePurpose::ExportToProduction { request, .. } | LinePurpose::Guard { request, .. } => request.dry_run,
            _ => false,
        },
        Dialog::PrivateKey(_) | Dialog::Adopt(_) => false,
    }
}
