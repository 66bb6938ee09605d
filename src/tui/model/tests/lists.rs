//! Help, palette and notices: what is read and chosen above a pane.

use super::*;
use crate::tui::keymap::KeyContext;
use crate::tui::widgets::dialog::Palette;

#[test]
fn the_help_is_filtered_by_typing_and_closed_by_escape() {
    let mut state = testing();
    press(&mut state, '?');
    type_text(&mut state, "quit");
    let Some(Dialog::Help(help)) = &state.dialog else { panic!("{:?}", state.dialog) };
    assert_eq!((help.of, help.editor.text()), (KeyContext::Export, "quit"));
    key(&mut state, KeyCode::Esc);
    assert!(state.dialog.is_none());
}

#[test]
fn the_palette_has_the_actions_of_the_pane_first() {
    let is_here = |here: KeyContext, typed: &str| {
        let mut palette = Palette::new(here);
        palette.editor.paste(typed);
        palette.matches().iter().map(|binding| binding.is_valid_in(here)).collect::<Vec<bool>>()
    };
    for place in [KeyContext::Saas, KeyContext::Items] {
        for typed in ["", "create", "send"] {
            let here = is_here(place, typed);
            assert!(here.is_sorted_by_key(|is_here| !is_here), "{place:?} {typed}: {here:?}");
        }
        assert!(is_here(place, "").contains(&false), "the others follow");
    }
    let mut palette = Palette::new(KeyContext::Export);
    palette.editor.paste("dta spc");
    assert!(palette.matches().iter().any(|binding| binding.long.contains("data space")), "letters will do");
}

#[test]
fn the_commands_of_a_switch_are_found_by_their_names() {
    for (typed, action) in [
        ("compare exporter", Action::CompareExporter),
        ("compare data", Action::CompareSpaces),
        ("adopt", Action::Adopt),
        ("support bundle", Action::SupportBundle),
    ] {
        let mut state = testing();
        press(&mut state, '1');
        press(&mut state, ':');
        type_text(&mut state, typed);
        let Some(Dialog::Palette(palette)) = &state.dialog else { panic!("{:?}", state.dialog) };
        assert_eq!(palette.matches().first().map(|binding| binding.action), Some(action), "{typed}");
        key(&mut state, KeyCode::Enter);
        assert!(state.dialog.is_some(), "{typed} opens its dialog");
    }
}

#[test]
fn notices_that_were_read_are_gone() {
    let mut state = testing();
    press(&mut state, 'N');
    assert!(newest(&state).contains("no notices") && state.dialog.is_none());
    state.notices.add(Tone::Warning, "something", &now().wall);
    press(&mut state, 'N');
    assert!(matches!(&state.dialog, Some(Dialog::Reading { what: Reading::Notices, .. })));
    press(&mut state, 'j');
    assert_eq!(state.notices.count(), 2, "they stay while they are read");
    key(&mut state, KeyCode::Esc);
    assert!(state.notices.count() == 0 && state.dialog.is_none());
}
