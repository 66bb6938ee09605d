//! Switching over from Adobe's exporter: what it has sent counts as sent here, once a person has seen what that means.

use ratatui::text::Line;

use crate::connector::compare::{AdoptionCounts, FeedAdoption};
use crate::error::Problem;
use crate::format::count;
use crate::tui::keymap::KeyContext;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::{Cx, Effects};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::adopting::Adopting;
use crate::tui::widgets::content::{Content, answered, spaced};
use crate::tui::widgets::dialog::Dialog;
use crate::tui::widgets::notices::Tone;
use crate::tui::widgets::text::{fit, left, paragraph, right};

/// Widths of the columns, in cells.
const COLUMNS: [usize; 4] = [20, 12, 12, 12];

impl ExportPane {
    /// Has it found out what would count as sent, to ask.
    pub(super) fn ask_to_adopt(cx: &mut Cx<'_>, effects: &mut Effects) {
        if !cx.has_free_data_space() {
            return;
        }
        let (adopting, answer) = Adopting::begin();
        effects.push(ExportWork::Adopt(answer).into());
        *cx.dialog = Some(Dialog::Adopt(adopting));
    }

    /// What would count as sent is known. A question that was closed meanwhile is not opened again.
    pub(super) fn on_adoption_planned(result: Result<AdoptionCounts, Problem>, cx: &mut Cx<'_>) {
        let Some(Dialog::Adopt(adopting)) = cx.dialog else { return };
        match result {
            Ok(counts) => adopting.counts = Some(counts),
            Err(problem) => {
                *cx.dialog = None;
                cx.problem(&problem);
            }
        }
    }

    /// It counts as sent now, or the ledger is as it was.
    pub(super) fn on_adopted(&mut self, result: Result<u64, Problem>, cx: &mut Cx<'_>, effects: &mut Effects) {
        match result {
            Ok(sent) => {
                cx.notice(Tone::Good, AdoptionCounts::kept_sentence(sent));
                effects.push(ExportWork::LoadLedger.into());
                self.reports.refresh_health(effects);
            }
            Err(problem) => cx.problem(&problem),
        }
    }
}

/// The question in full: how many items of each feed, and what that means.
pub fn content(adopting: &Adopting, theme: Theme, room: usize) -> Content {
    let text_of = |text: &str| paragraph(text, room, theme.style(Role::Text));
    let title = "Count as sent what Adobe's exporter sent?".to_owned();
    let Some(counts) = &adopting.counts else {
        let lines = vec![Line::styled("◌ comparing with Adobe's feed tables …", theme.style(Role::Accent))];
        return Content::text(title, lines);
    };
    let mut table = vec![row(["Feed", "Sent", "To send", "To delete"].map(str::to_owned), room, Role::Dim, theme)];
    let cells =
        |feed: &FeedAdoption| [feed.feed.to_string(), count(feed.sent), count(feed.to_send()), count(feed.gone)];
    table.extend(counts.feeds.iter().map(|feed| row(cells(feed), room, Role::Text, theme)));
    let sentences = counts.sentences().iter().flat_map(|sentence| text_of(sentence)).collect();
    let effect = text_of("Only the ledger changes; nothing is sent. No export can start before you answer.");
    answered(KeyContext::Question, title, true, spaced([table, sentences, effect]), theme)
}

fn row([feed, numbers @ ..]: [String; 4], room: usize, role: Role, theme: Theme) -> Line<'static> {
    let [first, rest @ ..] = COLUMNS;
    let numbers = numbers.iter().zip(rest).map(|(number, width)| right(number, width));
    let text: String = std::iter::once(left(&feed, first)).chain(numbers).collect();
    Line::styled(fit(&text, room), theme.style(role))
}
