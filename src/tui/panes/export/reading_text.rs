//! What is read in a dialog: refused items, help, and everything that was looked up.

use ratatui::text::{Line, Span};

use crate::export::progress::{ItemFailure, ItemState};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::{ExportPane, feed_about, log_view, report_text};
use crate::tui::panes::keys::guide_text;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::Content;
use crate::tui::widgets::dialog::Reading;
use crate::tui::widgets::help;
use crate::tui::widgets::text::{left, paragraph};

/// What a text to read shows, in lines of at most `room` cells.
pub fn content(what: &Reading, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Content {
    match what {
        Reading::Failure(failure) => failure_content(failure, theme, room),
        Reading::WhereKeys => guide_text::where_keys(theme, room),
        Reading::License => guide_text::license(theme, room),
        Reading::Item(entry) => {
            let lines = paragraph(entry.text.as_str(), room, theme.style(Role::Text));
            Content::text(entry.name.as_str(), lines)
        }
        Reading::Reported(line) => log_view::content(line, theme, room),
        Reading::Help(of) => Content::text("Keys", help::lines(*of, view.overview.settings.read_only, theme, room)),
        Reading::Feed(feed) => {
            // What is wrong comes first; the title says already which feed it is.
            let findings = report_text::findings(view.pane.reports.findings_of(*feed), theme, room);
            let known = feed_about::lines(*feed, view, theme, room);
            let lines = findings.into_iter().chain(known.into_iter().skip(1)).skip(1).collect();
            Content::text(format!("Health of {feed}"), lines)
        }
        Reading::Estimate => Content::text("Estimate of a full export", report_text::estimate(view, theme, room)),
        Reading::Doctor => Content::text("Doctor", report_text::doctor(view, theme, room)),
        Reading::Services => Content::text("Available services", report_text::services(view, theme, room)),
    }
}

fn failure_content(failure: &ItemFailure, theme: Theme, room: usize) -> Content {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str, role: Role| {
        for (row, part) in crate::tui::widgets::text::wrap(text, room.saturating_sub(14)).into_iter().enumerate() {
            lines.push(Line::from(vec![
                Span::styled(left(if row == 0 { label } else { "" }, 14), theme.style(Role::Dim)),
                Span::styled(part, theme.style(role)),
            ]));
        }
    };
    say("Feed", failure.feed.name(), Role::Text);
    say("Item", failure.label.as_str(), Role::Title);
    say(
        "State",
        failure.state.words(),
        if failure.state == ItemState::NeedsAttention { Role::Danger } else { Role::Warning },
    );
    say("Response", failure.message.as_str(), Role::Text);
    if !failure.code.is_empty() {
        say("Code", failure.code.as_str(), Role::Text);
    }
    let request = failure.request_id.as_ref().map_or("none", |id| id.as_str());
    say("Request id", request, Role::Text);
    say("", "", Role::Text);
    let (meaning, help) = meaning(failure.state);
    say("Meaning", meaning, Role::Text);
    say("Next step", &help, Role::Text);
    Content::text("Refused item", lines)
}

/// What a state means, and which key helps.
fn meaning(state: ItemState) -> (&'static str, String) {
    let selected = key_of(KeyContext::Export, Action::StartSelected);
    let all = key_of(KeyContext::Export, Action::StartAll);
    let retry = key_of(KeyContext::Export, Action::Retry);
    match state {
        ItemState::NeedsAttention => (
            "The service will refuse this item again until its data in the shop, or the feed, changes.",
            format!(
                "Fix the item in Commerce, then export its feed again ({selected}). If the response is unclear, send the request id to Adobe Support."
            ),
        ),
        ItemState::WillRetry => (
            "Temporary failure; the item is fine.",
            format!(
                "None: the next export ({all}, or {selected} for its feed) sends it again; {retry}: retry failed items only."
            ),
        ),
        ItemState::Awaiting => ("No response was recorded.", format!("None: the next export ({all}) sends it again.")),
        ItemState::Submitted => ("The gateway has accepted it since.", "None.".to_owned()),
    }
}
