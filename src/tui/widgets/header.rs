//! The header: which shop, project and data space, and which environment and gateway; always in sight.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::connector::Overview;
use crate::domain::DataSpaceKind;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, width};

/// Rows that the header takes.
pub const HEIGHT: u16 = 1;
/// Between the way to the data space and the environment, in cells.
const GAP: usize = 2;
/// Between two parts of the way.
const ARROW: &str = " ▸ ";
/// Names keep at least so many cells each before the gateway's host is left out.
const LEAST_NAME: usize = 10;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, overview: &Overview, context: Option<&str>, theme: Theme) {
    // One blank at either end.
    let room = usize::from(area.width).saturating_sub(2);
    frame.render_widget(Paragraph::new(line(overview, context, theme, room)), Rect { x: area.x + 1, ..area });
}

/// `vm ▸ Luma ▸ Testing 1 (testing)` at the left, after the context in use; `production · commerce.adobe.io` at the right. Names
/// are cut; what kind of data space it is, that nothing may be changed, and the environment are not.
fn line(overview: &Overview, context: Option<&str>, theme: Theme, room: usize) -> Line<'static> {
    let read_only = if overview.settings.read_only { "▲ READ-ONLY  " } else { "" };
    let kind = overview.data_space.as_ref().map(|(_, _, kind)| kind_of(*kind));
    let (kind, kind_role) = kind.unwrap_or(("", Role::Text));
    let names = names(overview, context, kind_role);
    let environment = overview.environment.to_string();
    let ends = [format!("{environment} · {}", overview.gateway), environment];
    let fixed = width(read_only) + width(ARROW) * names.len().saturating_sub(1) + width(kind) + GAP;
    let shared = |end: &String| share(&names, room.saturating_sub(fixed + width(end)));
    let keeps_names = |end: &&String| {
        let cut = shared(end);
        names.iter().zip(&cut).all(|((name, _), cells)| *cells >= width(name).min(LEAST_NAME))
    };
    let end = ends.iter().find(keeps_names).unwrap_or(&ends[1]);
    let mut spans = vec![Span::styled(read_only, theme.style(Role::Warning))];
    for (number, ((name, role), cells)) in names.iter().zip(shared(end)).enumerate() {
        if number > 0 {
            spans.push(Span::styled(ARROW, theme.style(Role::Dim)));
        }
        spans.push(Span::styled(fit(name, cells), theme.style(*role)));
    }
    spans.push(Span::styled(kind, theme.style(kind_role)));
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used + width(end)))));
    spans.push(Span::styled(end.clone(), theme.style(Role::Text)));
    Line::from(spans)
}

fn kind_of(kind: DataSpaceKind) -> (&'static str, Role) {
    match kind {
        DataSpaceKind::Production => (" (▲ production)", Role::Danger),
        DataSpaceKind::Testing => (" (testing)", Role::Good),
    }
}

/// The way to the data space, as far as it was chosen.
fn names(overview: &Overview, context: Option<&str>, kind_role: Role) -> Vec<(String, Role)> {
    let mut names: Vec<_> = context.map(|context| (format!("[{context}]"), Role::Accent)).into_iter().collect();
    names.push((overview.installation.to_string(), Role::Title));
    names.extend(overview.project.as_ref().map(|(_, name)| (name.to_string(), Role::Title)));
    names.push(match &overview.data_space {
        Some((_, name, _)) if kind_role == Role::Danger => (name.to_string(), Role::Danger),
        Some((_, name, _)) => (name.to_string(), Role::Title),
        None => ("no data space selected".to_owned(), Role::Warning),
    });
    names
}

/// How many cells each name gets: the longest give way first.
fn share(names: &[(String, Role)], room: usize) -> Vec<usize> {
    let mut cells: Vec<usize> = names.iter().map(|(name, _)| width(name).min(room)).collect();
    while cells.iter().sum::<usize>() > room {
        let Some(longest) = cells.iter_mut().rev().max() else { break };
        *longest -= 1;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_give_way_first() {
        let names = ["vm", "a project of many words", "Testing 1"].map(|name| (name.to_owned(), Role::Title));
        assert_eq!(share(&names, 40), [2, 23, 9]);
        assert_eq!(share(&names, 20), [2, 9, 9]);
        assert_eq!(share(&names, 3), [1, 1, 1]);
        assert_eq!(share(&names, 0), [0, 0, 0]);
    }
}
