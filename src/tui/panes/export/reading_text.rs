//! What is read in a dialog: refused items, help, and everything that was looked up.

use crate::connector::item_report;
use crate::export::progress::{ItemFailure, ItemState};
use crate::report::{Section, Tone};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::{feed_about, log_view, report_text, runs_text};
use crate::tui::panes::keys::guide_text;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::Content;
use crate::tui::widgets::dialog::Reading;
use crate::tui::widgets::report;
use crate::tui::widgets::text::paragraph;

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
        Reading::Feed(feed) => {
            // What is wrong comes first; the title says already which feed it is.
            let findings = report_text::findings(view.pane.reports.findings_of(*feed), theme, room);
            let known = feed_about::lines(*feed, view, theme, room);
            let lines = findings.into_iter().chain(known.into_iter().skip(1)).skip(1).collect();
            Content::text(format!("Health of {feed}"), lines)
        }
        Reading::Estimate => Content::text("Estimate of a full export", report_text::estimate(view, theme, room)),
        // Drawn from the notices, which no pane has.
        Reading::Notices => Content::text("Notices", Vec::new()),
        Reading::Doctor => Content::text("Doctor", report_text::doctor(view, theme, room)),
        Reading::Runs => Content::text("Past runs", runs_text::all(view, theme, room)),
        Reading::Report(kind) => Content::text(kind.title(), report_text::rows(*kind, view, theme, room)),
        Reading::Services => Content::text("Available services", report_text::services(view, theme, room)),
    }
}

fn failure_content(failure: &ItemFailure, theme: Theme, room: usize) -> Content {
    let mut item = Section::default();
    item.say("Feed", failure.feed.name());
    item.push("Item", failure.label.clone(), Tone::Title);
    item.push("State", failure.state.words(), failure.state.tone());
    item_report::answer(&mut item, &failure.message, &failure.code, failure.request_id.as_ref());
    let mut help = Section::default();
    help.say("Meaning", failure.state.meaning());
    help.say("Next step", next_step(failure.state));
    Content::text("Refused item", report::facts(&[item, help], theme, room))
}

/// Which key helps.
fn next_step(state: ItemState) -> String {
    let selected = key_of(KeyContext::Export, Action::StartSelected);
    let all = key_of(KeyContext::Export, Action::StartAll);
    let retry = key_of(KeyContext::Export, Action::Retry);
    match state {
        ItemState::NeedsAttention => format!(
            "Fix the item in Commerce, then export its feed again ({selected}). If the response is unclear, send the request id to Adobe Support."
        ),
        ItemState::WillRetry => format!(
            "None: the next export ({all}, or {selected} for its feed) sends it again; {retry}: retry failed items only."
        ),
        ItemState::Awaiting => format!("None: the next export ({all}) sends it again."),
        ItemState::Submitted => "None.".to_owned(),
    }
}
