//! What holds whatever happens: any events in any order at any size neither panic nor draw outside, and no text of anybody
//! reaches the terminal as anything but text in its place.

mod events;
mod items;
mod tape;
mod values;

use std::time::Duration;

use commerce_connector::tui::draw;
use commerce_connector::tui::model::Event;
use commerce_connector::tui::model::State;
use commerce_connector::tui::panes::Now;
use commerce_connector::tui::panes::Pane;
use commerce_connector::tui::theme::{Colours, Theme};
use events::{KINDS, MAKERS, kind_of};
use jiff::Zoned;
use proptest::prelude::*;
use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use tape::Tape;

const LOOKS: [Theme; 4] = [
    Theme { colours: Colours::Text, unicode: true },
    Theme { colours: Colours::Backgrounds, unicode: true },
    Theme { colours: Colours::None, unicode: true },
    Theme { colours: Colours::None, unicode: false },
];
/// What a border may consist of, on the left and on the right.
const SIDES: [&str; 7] = ["│", "╭", "╮", "╰", "╯", "├", "┤"];

/// What happens next: an event, and the size of the terminal when it is drawn.
#[derive(Debug, Clone)]
struct Step {
    kind: usize,
    seed: u64,
    size: (u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![
        1 => (1..=140_u16, 1..=50_u16),
        1 => prop::sample::select(vec![(60, 15), (80, 24), (120, 40)]),
    ];
    let step = (0..MAKERS.len(), any::<u64>(), size).prop_map(|(kind, seed, size)| Step { kind, seed, size });
    prop::collection::vec(step, 1..30)
}

fn now(step: usize) -> Now {
    let wall: Zoned = "2026-03-04T12:03:10+01:00[Europe/Berlin]".parse().unwrap();
    Now { wall, uptime: Duration::from_secs(step as u64) }
}

/// A screen of which every pane may be in front, and what happened to it so far.
fn begin(seed: u64) -> State {
    let mut tape = Tape::new(seed);
    let mut state = State::new(values::overview(&mut tape), tape.pick(&Pane::ALL));
    state.begin(None, &now(0));
    state
}

fn draw(state: &State, look: Theme, (width, height): (u16, u16)) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, state, look)).unwrap();
    terminal
}

/// A character that could move, hide or reorder what is around it.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// Every cell holds text; every box has its sides where its corners are.
fn check_frame(buffer: &Buffer) -> Result<(), TestCaseError> {
    for cell in &buffer.content {
        prop_assert!(!cell.symbol().chars().any(is_dangerous), "{:?}\n{buffer:?}", cell.symbol());
    }
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            // Down to its other corner, or to the box in front that covers the rest of it.
            let down = |end| {
                let below = (y + 1..buffer.area.height).map(|y| buffer[(x, y)].symbol());
                below.take_while(move |at| *at != end && !["─", "╭", "╮"].contains(at))
            };
            let broken = match buffer[(x, y)].symbol() {
                "╭" => down("╰").find(|at| !SIDES.contains(at)),
                "╮" => down("╯").find(|at| !SIDES.contains(at)),
                _ => None,
            };
            prop_assert!(broken.is_none(), "{broken:?} in the border below {x},{y}\n{buffer:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_or_leaves_its_place_whatever_happens(seed in any::<u64>(), steps in steps()) {
        let mut state = begin(seed);
        for (number, step) in steps.iter().enumerate() {
            let event = MAKERS[step.kind](&mut Tape::new(step.seed));
            state.update(event, &now(number));
            let look = LOOKS[number % LOOKS.len()];
            check_frame(draw(&state, look, step.size).backend().buffer())?;
        }
    }

    #[test]
    fn what_goes_to_the_terminal_holds_no_sequence_but_ours(seed in any::<u64>(), steps in steps()) {
        let mut state = begin(seed);
        let size = steps[0].size;
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, size.0, size.1)) };
        let mut written = Vec::new();
        let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut written), options).unwrap();
        for (number, step) in steps.iter().enumerate() {
            state.update(MAKERS[step.kind](&mut Tape::new(step.seed)), &now(number));
            terminal.draw(|frame| draw::draw(frame, &state, LOOKS[0])).unwrap();
        }
        drop(terminal);
        let written = String::from_utf8(written).unwrap();
        prop_assert_eq!(first_foreign(&written), None);
    }
}

/// The first control that is not one of those that move, colour or show and hide the cursor.
fn first_foreign(written: &str) -> Option<String> {
    let mut rest = written;
    while let Some(at) = rest.find(is_dangerous) {
        let from = &rest[at..];
        let body = from.strip_prefix("\x1b[").unwrap_or_default();
        let end = body.find(|c: char| !c.is_ascii_digit() && !matches!(c, ';' | '?'));
        match end.map(|end| (end, &body[end..=end])) {
            Some((end, "m" | "H" | "h" | "l" | "J")) => rest = &body[end + 1..],
            _ => return Some(from.chars().take(20).collect()),
        }
    }
    None
}

#[test]
fn a_foreign_sequence_would_be_found() {
    assert_eq!(first_foreign("\x1b[1;2Hx\x1b[38;5;8my\x1b[?25l"), None);
    assert_eq!(first_foreign("a\x1b]0;x\x07").as_deref(), Some("\x1b]0;x\x07"));
    assert!(first_foreign("a\nb").is_some());
    assert!(first_foreign("a\u{202e}b").is_some());
}

#[test]
fn every_kind_of_event_is_made() {
    for (kind, make) in MAKERS.iter().enumerate().take(KINDS) {
        assert_eq!(kind_of(&make(&mut Tape::new(7))), kind);
    }
    assert!(MAKERS[KINDS..].iter().all(|make| matches!(make(&mut Tape::new(7)), Event::Key(_))));
}
