//! The pane that leads through everything: the steps with their states, what is known of the selected one, and what comes next.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::connector::checklist::{self, Stage, Step, StepState};
use crate::format::counted;
use crate::private_file::safe;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::overview::field::{TITLE, field};
use crate::tui::panes::overview::{From, OverviewPane, day_after, panels, words_of};
use crate::tui::remedy::words;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, paragraph, width};

/// The width of its state with the shape, in cells.
const STATE: usize = 11;
/// The height from which the steps stand apart from what is around them, in rows.
const ROOMY: usize = 14;

/// Draws it.
pub fn draw(
    frame: &mut Frame,
    area: Rect,
    view: View<'_, OverviewPane>,
    export: View<'_, ExportPane>,
    steps: &[Step],
    is_new_here: bool,
    theme: Theme,
) {
    let (area, beside) = if is_new_here { (area, None) } else { panels::beside(area) };
    if let Some(beside) = beside {
        panels::draw(frame, beside, export, theme);
    }
    let room = usize::from(area.width);
    let height = usize::from(area.height);
    let selected = view.pane.selected_step(steps);
    let is_roomy = height >= ROOMY;
    let mut lines = head(steps, is_new_here, theme, room, is_roomy);
    if is_roomy {
        lines.push(Line::default());
    }
    for (number, step) in steps.iter().enumerate() {
        lines.push(row(step, number == selected, theme, room));
    }
    match steps.get(selected) {
        Some(step) if is_roomy => {
            lines.push(Line::default());
            // What the row says in full is not said twice.
            if width(&words(&step.says)) > says_room(room) {
                lines.extend(known(step, theme, room));
            }
            lines.extend(to_do(step, theme, room));
        }
        Some(step) => lines.extend(to_do(step, theme, room)),
        None => {}
    }
    let rest = height.saturating_sub(lines.len() + 1);
    let known = if is_new_here { Vec::new() } else { day_after::lines(export, beside.is_some(), theme, room, rest) };
    if !known.is_empty() {
        lines.push(Line::default());
        lines.extend(known);
    }
    for text in foot(view, is_new_here) {
        let paragraph = paragraph(&text, room, theme.style(Role::Dim));
        if lines.len() + 1 + paragraph.len() <= height {
            lines.push(Line::default());
            lines.extend(paragraph);
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// What this is for who is new here; otherwise how it stands, in one sentence.
fn head(steps: &[Step], is_new_here: bool, theme: Theme, room: usize, is_roomy: bool) -> Vec<Line<'static>> {
    if is_new_here {
        let what = "Welcome. This program connects a shop to Adobe's Commerce Services: it sends the shop's catalogue and keeps it up to date.";
        let need = "You need: the path of the Commerce installation on this server, and a key pair, which the license owner or a partner signer generates in Adobe's API portal. Follow the steps; Enter opens the selected one.";
        if !is_roomy {
            return vec![Line::styled(
                "Welcome: six steps connect a shop to Commerce Services",
                theme.style(Role::Title),
            )];
        }
        let mut lines = paragraph(what, room, theme.style(Role::Title));
        lines.extend(paragraph(need, room, theme.style(Role::Text)));
        return lines;
    }
    let of = |wanted: fn(StepState) -> bool| steps.iter().filter(|step| wanted(step.state)).count();
    let wrong = of(|state| matches!(state, StepState::Wrong | StepState::Attention));
    let is_set_up = of(|state| matches!(state, StepState::Next | StepState::Later)) == 0;
    let (text, role) = match (wrong, checklist::next(steps)) {
        (0, None) if of(|state| state == StepState::Looking) > 0 => ("◌ Checking…".to_owned(), Role::Accent),
        (0, None) if of(|state| state == StepState::Busy) > 0 => {
            ("▶ Export running; nothing needs attention".to_owned(), Role::Accent)
        }
        (0, None) if is_set_up => ("● Everything is set up; nothing needs attention".to_owned(), Role::Good),
        (0, None) => ("● Nothing needs attention".to_owned(), Role::Good),
        (0, Some(next)) => {
            let number = steps.iter().filter(|step| is_done(step)).count();
            (format!("→ {number} of {} steps done; next: {}", steps.len() - 1, next.stage.short_title()), Role::Accent)
        }
        (1, _) => ("▲ 1 step needs attention".to_owned(), Role::Warning),
        (wrong, _) => (format!("▲ {} need attention", counted(wrong as u64, "step")), Role::Warning),
    };
    vec![Line::styled(fit(&text, room), theme.style(role))]
}

/// The organization is left out: nothing needs it.
fn is_done(step: &Step) -> bool {
    step.stage != Stage::Organization && matches!(step.state, StepState::Done | StepState::Busy)
}

fn row(step: &Step, is_selected: bool, theme: Theme, room: usize) -> Line<'static> {
    let (shape, role) = shape_of(step.state);
    let says = if step.state == StepState::Later { Role::Dim } else { Role::Text };
    let rest = says_room(room);
    let line = Line::from(vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
        Span::styled(left(step.stage.short_title(), TITLE), theme.style(Role::Title)),
        Span::styled(format!(" {}", left(&format!("{shape} {}", step.state.word()), STATE)), theme.style(role)),
        Span::styled(format!(" {}", left(&words(&step.says), rest)), theme.style(says)),
    ]);
    crate::tui::widgets::list::selected(line, is_selected)
}

/// The cells for what is known of a step.
fn says_room(room: usize) -> usize {
    room.saturating_sub(2 + TITLE + 1 + STATE + 1)
}

fn shape_of(state: StepState) -> (&'static str, Role) {
    match state {
        StepState::Done => ("●", Role::Good),
        StepState::Busy => ("▶", Role::Accent),
        StepState::Looking => ("◌", Role::Accent),
        StepState::Next => ("→", Role::Accent),
        StepState::Later | StepState::Optional => ("○", Role::Dim),
        StepState::Attention => ("▲", Role::Warning),
        StepState::Wrong => ("✗", Role::Danger),
    }
}

/// The selected step in full.
fn known(step: &Step, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let (_, role) = shape_of(step.state);
    let role = if matches!(step.state, StepState::Attention | StepState::Wrong) { role } else { Role::Text };
    field(step.stage.short_title(), &words(&step.says), role, theme, room)
}

/// What there is to do about it.
fn to_do(step: &Step, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let open = key_of(KeyContext::Overview, Action::Open);
    match step.deed {
        Some(deed) => field("Next", &words_of(deed, From::Row), Role::Accent, theme, room),
        None if step.stage == Stage::Shop => {
            field("Next", &format!("Nothing to do. {open}: change the location"), Role::Dim, theme, room)
        }
        None => field("Next", &format!("Nothing to do. {open}: open"), Role::Dim, theme, room),
    }
}

/// What can be tried without any configuration, and where it is; what matters most comes first.
fn foot(view: View<'_, OverviewPane>, is_new_here: bool) -> Vec<String> {
    let settings = &view.overview.settings;
    let mut texts = Vec::new();
    if is_new_here {
        let quit = key_of(KeyContext::Overview, Action::Quit);
        texts.push(format!("No account? Quit ({quit}), then run commerce-connector demo."));
    }
    if settings.setup.without_file {
        let make = key_of(KeyContext::Overview, Action::MakeConfig);
        let path = safe(&view.overview.config_path);
        texts.push(format!(
            "No configuration file yet. Optional: {make} creates {path} with every key explained; saving here creates a short one."
        ));
    } else {
        texts.push(format!("Settings stored in {}.", settings.home));
    }
    texts
}
