//! The keys: one table of key → action → words, for every place of the screen.
//!
//! Footer, help and palette are made from this table, so that they cannot contradict it. Ctrl-S, Ctrl-Q,
//! Ctrl-A, Ctrl-B and Ctrl-\ have no meaning here: they belong to flow control, screen, tmux and job control.

mod bindings;

use std::borrow::Cow;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use crate::tui::keymap::bindings::BINDINGS;

/// Where keys have a meaning of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyContext {
    /// The pane that leads through everything.
    Overview,
    /// The pane of key pairs.
    Keys,
    /// The pane of projects and data spaces.
    Saas,
    /// The pane of signing in and of organizations.
    Organization,
    /// The pane of feeds: the summary of all.
    Export,
    Feed,
    /// The items of a feed in the ledger.
    Items,
    Item,
    /// The log of this run.
    Log,
    /// A filter is being typed.
    Filter,
    /// A dialog with one line to fill in.
    Line,
    /// The editor for a private key.
    KeyEditor,
    /// A question to say yes or no to.
    Question,
    /// The question what to do with the run on quit.
    Leaving,
    /// The question what to do with unsaved keys on quit.
    Unsaved,
    /// The question whether to restore the unsaved keys of an earlier screen.
    Kept,
    /// Something to read.
    Reading,
    /// The palette of all actions.
    Palette,
}

impl KeyContext {
    /// How one gets to a page that has to be opened; `None` for everything else.
    pub fn way_there(self) -> Option<&'static str> {
        match self {
            KeyContext::Items => Some("on a feed's items page: select the feed in Data export, then Items"),
            KeyContext::Item => Some("on an item's page: open it from the items of its feed"),
            KeyContext::Log => Some("on the log page: Data export, then Log"),
            KeyContext::Overview
            | KeyContext::Keys
            | KeyContext::Saas
            | KeyContext::Organization
            | KeyContext::Export
            | KeyContext::Feed
            | KeyContext::Filter
            | KeyContext::Line
            | KeyContext::KeyEditor
            | KeyContext::Question
            | KeyContext::Leaving
            | KeyContext::Unsaved
            | KeyContext::Kept
            | KeyContext::Reading
            | KeyContext::Palette => None,
        }
    }
}

/// What a key does; each is explained in BINDINGS, in the words that the help shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    ShowOverview,
    ShowKeys,
    ShowSaas,
    ShowOrganization,
    ShowExport,
    ShowItems,
    Runs,
    ShowLog,
    NextPane,
    PreviousPane,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Help,
    Palette,
    Quit,
    Interrupt,
    Repaint,
    Suspend,
    Filter,
    Refresh,
    PasteApiKey,
    PastePrivateKey,
    KeyFromFile,
    Verify,
    SaveKeys,
    UseEnvironment,
    WhereKeys,
    Rotate,
    SetSource,
    MakeConfig,
    Copy,
    PlainText,
    SignIn,
    SignInAsService,
    PasteBack,
    QrCode,
    SignOut,
    AboutLicense,
    CreateProject,
    Rename,
    StartAll,
    StartSelected,
    Partial,
    DryRun,
    Stop,
    PauseResume,
    MoreThreads,
    FewerThreads,
    LargerBatches,
    SmallerBatches,
    Retry,
    Estimate,
    ByIds,
    CleanUp,
    FeedHealth,
    Doctor,
    Services,
    NextFeed,
    FilterByState,
    FilterByError,
    Sort,
    Mark,
    Unmark,
    SendAgain,
    SaveToFile,
    Accept,
    Decline,
    Discard,
    SwitchFocus,
}

/// A key that a binding waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A key without Ctrl or Alt.
    Plain(KeyCode),
    /// A letter with Ctrl.
    Ctrl(char),
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Key::Plain(code) => code == event.code && !control && !alt,
            Key::Ctrl(letter) => control && event.code == KeyCode::Char(letter),
        }
    }

    /// The key as it is written on the screen.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Key::Plain(KeyCode::Char(' ')) => "Space".into(),
            Key::Plain(KeyCode::Char(c)) => c.to_string().into(),
            Key::Plain(KeyCode::Enter) => "Enter".into(),
            Key::Plain(KeyCode::Esc) => "Esc".into(),
            Key::Plain(KeyCode::Tab) => "Tab".into(),
            Key::Plain(KeyCode::BackTab) => "S-Tab".into(),
            Key::Plain(KeyCode::Up) => "Up".into(),
            Key::Plain(KeyCode::Down) => "Down".into(),
            Key::Plain(KeyCode::Left) => "Left".into(),
            Key::Plain(KeyCode::Right) => "Right".into(),
            Key::Plain(KeyCode::Home) => "Home".into(),
            Key::Plain(KeyCode::End) => "End".into(),
            Key::Plain(KeyCode::PageUp) => "PgUp".into(),
            Key::Plain(KeyCode::PageDown) => "PgDn".into(),
            Key::Plain(other) => other.to_string().into(),
            Key::Ctrl(letter) => format!("Ctrl-{}", letter.to_ascii_uppercase()).into(),
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where it is valid; empty = wherever no editor takes the key first.
    pub places: &'static [KeyContext],
    /// Any of these.
    pub keys: &'static [Key],
    /// What it does.
    pub action: Action,
    /// A word or two for the footer; empty = not in the footer.
    pub short: &'static str,
    /// A sentence for help and palette.
    pub long: &'static str,
    /// Whether the palette offers it.
    pub in_palette: bool,
    /// Whether it leads to a change, which read-only mode refuses.
    pub changes: bool,
}

impl Action {
    /// Whether it leads to a change, as its bindings say.
    pub fn changes(self) -> bool {
        BINDINGS.iter().any(|binding| binding.action == self && binding.changes)
    }
}

/// The action of a key in a place.
pub fn find(place: KeyContext, event: &KeyEvent) -> Option<Action> {
    BINDINGS
        .iter()
        .filter(|binding| binding.is_valid_in(place))
        .find(|binding| binding.keys.iter().any(|key| key.matches(event)))
        .map(|binding| binding.action)
}

/// The rows that are valid in a place, in table order.
pub fn of_place(place: KeyContext) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.is_valid_in(place))
}

/// What the palette offers: actions of the panes, with the pane each belongs to.
pub fn palette() -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(|binding| binding.in_palette)
}

/// The first key of an action in a place, for sentences such as `press v to verify`.
pub fn key_of(place: KeyContext, action: Action) -> Cow<'static, str> {
    of_place(place)
        .find(|binding| binding.action == action)
        .and_then(|binding| binding.keys.first())
        .map_or(Cow::Borrowed("?"), |key| key.name())
}

impl Binding {
    fn is_valid_in(&self, place: KeyContext) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    /// Its keys as they are written on the screen.
    pub fn names(&self) -> String {
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [KeyContext; 18] = [
        KeyContext::Overview,
        KeyContext::Keys,
        KeyContext::Saas,
        KeyContext::Organization,
        KeyContext::Export,
        KeyContext::Feed,
        KeyContext::Items,
        KeyContext::Item,
        KeyContext::Log,
        KeyContext::Filter,
        KeyContext::Line,
        KeyContext::KeyEditor,
        KeyContext::Question,
        KeyContext::Leaving,
        KeyContext::Unsaved,
        KeyContext::Kept,
        KeyContext::Reading,
        KeyContext::Palette,
    ];

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in PLACES {
            let mut seen: Vec<Key> = Vec::new();
            for binding in of_place(place) {
                for key in binding.keys {
                    assert!(!seen.contains(key), "{} twice in {place:?}", key.name());
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn an_action_changes_something_wherever_it_is_bound_or_nowhere() {
        for binding in BINDINGS {
            assert_eq!(binding.changes, binding.action.changes(), "{:?}", binding.action);
        }
    }

    #[test]
    fn keys_of_the_terminal_and_of_multiplexers_stay_free() {
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(!matches!(key, Key::Ctrl('s' | 'q' | 'a' | 'b' | '\\')), "{}", key.name());
            }
        }
    }

    #[test]
    fn places_with_an_editor_leave_every_character_to_it() {
        for place in [KeyContext::Filter, KeyContext::Line, KeyContext::KeyEditor, KeyContext::Palette] {
            for binding in of_place(place) {
                assert!(!binding.keys.iter().any(|key| matches!(key, Key::Plain(KeyCode::Char(_)))), "{place:?}");
            }
        }
    }

    #[test]
    fn every_dialog_has_a_way_back() {
        for place in [
            KeyContext::Filter,
            KeyContext::Line,
            KeyContext::KeyEditor,
            KeyContext::Question,
            KeyContext::Leaving,
            KeyContext::Unsaved,
            KeyContext::Kept,
            KeyContext::Reading,
            KeyContext::Palette,
        ] {
            let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
            assert!(matches!(find(place, &escape), Some(Action::Back | Action::Decline)), "{place:?}");
        }
    }
}
