//! The configuration file changed under the screen, or `r` had it read again.

use std::fmt::Write as _;

use crate::config::changes::Change;
use crate::connector::Overview;
use crate::error::Problem;
use crate::tui::model::State;
use crate::tui::panes::{Effects, Now};
use crate::tui::widgets::notices::{Subject, Tone};

/// How many changed keys are named.
const NAMED: usize = 3;
/// What is looked at when the program starts, and not again.
const AT_START: [&str; 6] = ["state.directory", "ims.token_store", "ui.theme", "ui.color", "ui.ascii", "ui.mouse"];

impl State {
    /// Puts the new settings in force on the screen, and says what they are. A run keeps what it began with.
    pub(super) fn on_reloaded(
        &mut self,
        result: Result<(Overview, Vec<Change>), Problem>,
        now: &Now,
        effects: &mut Effects,
    ) {
        let (overview, changes) = match result {
            Ok(read) => read,
            Err(problem) => {
                let what = format!("configuration not reloaded, the old one stays in force: {problem}");
                self.notices.over(Subject::Config);
                self.notices.problem_about(Subject::Config, &Problem { what, ..problem }, &now.wall);
                return;
            }
        };
        self.notices.over(Subject::Config);
        if changes.is_empty() {
            return;
        }
        self.on_overview(overview, now, effects);
        self.refresh_all(effects);
        self.notices.add(Tone::Info, sentence(&changes, self.export.is_busy()), &now.wall);
    }
}

fn sentence(changes: &[Change], is_exporting: bool) -> String {
    let mut text = "Configuration reloaded: ".to_owned();
    text += &changes.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if changes.len() > NAMED {
        // Writing to a String cannot fail.
        let _ = write!(text, "; and {} more", changes.len() - NAMED);
    }
    if is_exporting {
        text += ". The running export keeps the settings it started with";
    }
    if changes.iter().any(|change| AT_START.contains(&change.key.as_str())) {
        text += ". Restart for the settings of screen and state directory";
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DataSpaceKind;
    use crate::tui::model::tests::{now, state};
    use crate::tui::model::{Event, Reply};
    use crate::tui::panes::Work;
    use crate::tui::panes::{Effect, Pane};

    fn change(key: &str, before: &str, after: &str) -> Change {
        Change { key: key.into(), before: Some(before.into()), after: Some(after.into()) }
    }

    #[test]
    fn a_changed_file_is_in_force_and_said_and_an_unchanged_one_is_not() {
        let mut state = state(Pane::Overview, None);
        let overview = state.overview.clone();
        state.update(Event::Reply(Reply::Reloaded(Ok((overview.clone(), Vec::new())))), &now());
        assert_eq!(state.notices.count(), 0);
        let changes = vec![change("export.thread_count", "1", "4"), change("ui.theme", "default", "mono")];
        let mut other = overview;
        other.installation = "Other".into();
        let effects = state.update(Event::Reply(Reply::Reloaded(Ok((other, changes)))), &now());
        assert_eq!(state.overview.installation.as_str(), "Other");
        let notice = state.notices.newest().expect("a notice").text.clone();
        assert!(notice.contains("export.thread_count: 4 (was 1)") && notice.contains("Restart"), "{notice}");
        assert!(!notice.contains("running export"), "{notice}");
        assert!(!effects.is_empty(), "what depends on it is looked up again");
    }

    #[test]
    fn a_file_that_does_not_load_leaves_everything_as_it_was() {
        let mut state = state(Pane::Overview, None);
        let problem = Problem::usage("config.toml line 3: unknown key");
        state.update(Event::Reply(Reply::Reloaded(Err(problem))), &now());
        let notice = state.notices.newest().expect("a notice").text.clone();
        assert!(notice.contains("the old one stays in force: config.toml line 3"), "{notice}");
    }

    #[test]
    fn a_run_keeps_what_it_began_with_and_the_notice_says_so() {
        let changes: Vec<Change> =
            ["a", "b", "c", "d", "e"].map(|key| change(&format!("export.{key}"), "1", "2")).to_vec();
        let text = sentence(&changes, true);
        assert!(text.contains("and 2 more") && text.ends_with("keeps the settings it started with."), "{text}");
    }

    #[test]
    fn refresh_reads_the_configuration_again_in_every_pane() {
        use ratatui::crossterm::event::{KeyCode, KeyEvent};
        for pane in Pane::ALL {
            let mut state = state(pane, Some(DataSpaceKind::Testing));
            let effects = state.update(Event::Key(KeyEvent::from(KeyCode::Char('r'))), &now());
            let is_asked = effects.iter().any(|effect| matches!(effect, Effect::Work(Work::Reload)));
            assert!(is_asked, "{pane:?}: {effects:?}");
        }
    }
}
