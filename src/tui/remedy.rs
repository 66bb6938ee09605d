//! What to do about a problem, in the screen's words: its keys and panes, and a command line only for what it cannot do.

use crate::error::Problem;
use crate::remedy::{Hint, Remedy};
use crate::tui::keymap::{Action, KeyContext, key_of};

/// A hint as the screen says it.
pub fn words(hint: &Hint) -> String {
    hint.words(words_of)
}

/// What to do about a problem; empty if there is no hint.
pub fn hint_of(problem: &Problem) -> String {
    problem.hint.as_ref().map(words).unwrap_or_default()
}

/// A problem with what to do about it, as one sentence.
pub fn sentence(problem: &Problem) -> String {
    words(&problem.in_full())
}

fn words_of(remedy: &Remedy) -> String {
    let pane = |show| format!("pane {}", key_of(KeyContext::Overview, show));
    let at = |place, action, show| format!("{} in {}", key_of(place, action), pane(show));
    let in_keys = |action| at(KeyContext::Keys, action, Action::ShowKeys);
    let in_saas = |action| at(KeyContext::Saas, action, Action::ShowSaas);
    let in_export = |action| at(KeyContext::Export, action, Action::ShowExport);
    match remedy {
        Remedy::SignIn => {
            format!("sign in ({})", at(KeyContext::Organization, Action::SignIn, Action::ShowOrganization))
        }
        Remedy::ListOrganizations => pane(Action::ShowOrganization),
        Remedy::CreateConfig => at(KeyContext::Overview, Action::MakeConfig, Action::ShowOverview),
        Remedy::Doctor => format!("doctor: {}", in_export(Action::Doctor)),
        Remedy::DoctorAgain => format!("run the doctor again ({})", in_export(Action::Doctor)),
        Remedy::VerifyKeys => format!("verify the pair ({})", in_keys(Action::Verify)),
        Remedy::AddKeys { environment } => format!(
            "paste the API key ({}) and the private key ({}) of {environment}",
            in_keys(Action::PasteApiKey),
            in_keys(Action::PastePrivateKey)
        ),
        Remedy::SetKeys { environment } => format!("replace the {environment} pair ({})", in_keys(Action::Rotate)),
        Remedy::SaveKeys => format!("in {}", pane(Action::ShowKeys)),
        Remedy::ChooseDataSpace | Remedy::ChangeDataSpace => {
            format!("choose a data space ({})", in_saas(Action::Open))
        }
        Remedy::SelectDataSpace { .. } => in_saas(Action::Open),
        Remedy::ListDataSpaces => pane(Action::ShowSaas),
        Remedy::Status => format!("Data export ({})", pane(Action::ShowExport)),
        // The screen attaches to such a run when it starts one; it says this only where that did not work.
        Remedy::FollowRun => {
            let stop = key_of(KeyContext::Export, Action::Stop);
            format!("start again to follow it ({}); {stop} stops it", in_export(Action::StartAll))
        }
        Remedy::RetryFeed { feed } => format!("retry {feed} ({})", in_export(Action::Retry)),
        // The run holds the same items back, and the screen asks about them at its end.
        Remedy::MaxDelete { feed, .. } | Remedy::MaxChange { feed, .. } => {
            format!("export {feed} again ({}) and confirm", in_export(Action::StartSelected))
        }
        Remedy::InitConfig { .. }
        | Remedy::Demo
        | Remedy::ListFeeds
        | Remedy::SendAnyway { .. }
        | Remedy::AcceptEmpty
        | Remedy::RunAsService
        | Remedy::VerifyAll
        | Remedy::DistrustLedger
        | Remedy::RepairLedger
        | Remedy::RepairLedgerFrom
        | Remedy::MoveLedger { .. }
        | Remedy::CompareFile => remedy.command_line(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_screen_can_do_is_said_with_its_keys_and_panes() {
        let name = |remedy: &Remedy| format!("{remedy:?}").split(' ').next().unwrap_or_default().to_owned();
        let mut by_command = Vec::new();
        for remedy in Remedy::all() {
            let words = words_of(&remedy);
            if words.contains("commerce-connector") {
                by_command.push(name(&remedy));
            } else {
                // A key that the table does not have is `?`.
                assert!(words.contains("pane ") && !words.contains('?'), "{remedy:?}: {words}");
                assert_ne!(words, remedy.command_line());
            }
        }
        assert_eq!(
            by_command,
            [
                "InitConfig",
                "Demo",
                "ListFeeds",
                "SendAnyway",
                "AcceptEmpty",
                "RunAsService",
                "VerifyAll",
                "DistrustLedger",
                "RepairLedger",
                "RepairLedgerFrom",
                "MoveLedger",
                "CompareFile"
            ]
        );
    }

    #[test]
    fn a_hint_reads_as_one_sentence() {
        let hint = |remedy| words(&Hint::from("do this: ").and(remedy).and("; then wait"));
        assert_eq!(hint(Remedy::VerifyKeys), "do this: verify the pair (v in pane 1); then wait");
        assert_eq!(hint(Remedy::Status), "do this: Data export (pane 4); then wait");
        let problem = Problem::usage("no data space is selected").hint(Remedy::ChooseDataSpace);
        assert_eq!(sentence(&problem), "no data space is selected: choose a data space (Enter in pane 2)");
        assert_eq!(sentence(&Problem::usage("no")), "no");
    }
}
