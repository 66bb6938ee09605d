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
    /// The keys of a place, with a text that they must contain.
    Help,
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
            | KeyContext::Palette
            | KeyContext::Help => None,
        }
    }

    /// What a pane or a page is called in the palette; empty for everything else.
    pub fn name(self) -> &'static str {
        match self {
            KeyContext::Overview => "Overview",
            KeyContext::Keys => "Keys",
            KeyContext::Saas => "SaaS",
            KeyContext::Organization => "IMS",
            KeyContext::Export => "Export",
            KeyContext::Feed => "Feed",
            KeyContext::Items => "Items",
            KeyContext::Item => "Item",
            KeyContext::Log => "Log",
            _ => "",
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
    ShowNotices,
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
    Lint,
    VerifyVisible,
    CompareExporter,
    CompareSpaces,
    Adopt,
    SupportBundle,
    NextFeed,
    FilterByState,
    FilterByError,
    Sort,
    Mark,
    Unmark,
    SendAgain,
    SaveToFile,
    SaveCsv,
    Explain,
    Accept,
    Decline,
    Discard,
    SwitchFocus,
    Complete,
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
    /// Under which heading the help shows it.
    pub purpose: Purpose,
}

/// What a key is for: the headings of the help, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Look,
    Send,
    Run,
    Change,
    List,
    Move,
    Screen,
}

impl Purpose {
    pub const ALL: [Self; 7] = [Self::Look, Self::Send, Self::Run, Self::Change, Self::List, Self::Move, Self::Screen];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Look => "Look",
            Self::Send => "Send",
            Self::Run => "Running export",
            Self::Change => "Change",
            Self::List => "Lists and text",
            Self::Move => "Move",
            Self::Screen => "Screen",
        }
    }
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
    /// The pane or page it belongs to, seen from `here`; empty if it is valid in all of them.
    pub fn home(&self, here: KeyContext) -> &'static str {
        let is_everywhere = [KeyContext::Overview, KeyContext::Export].iter().all(|pane| self.places.contains(pane));
        match self.places.first() {
            Some(_) if is_everywhere => "",
            Some(_) if self.places.contains(&here) => here.name(),
            Some(first) => first.name(),
            None => "",
        }
    }

    /// Whether it has a meaning in this place.
    pub fn is_valid_in(&self, place: KeyContext) -> bool {
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

    const PLACES: [KeyContext; 19] = [
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
        KeyContext::Help,
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

    /// Keys that stand for two verbs, and why.
    const EXCEPTIONS: [(Key, &str); 1] =
        [(Key::Plain(KeyCode::Char(' ')), "it toggles: the run in Data export, the mark in a list of items")];

    /// The places whose letters are commands: a person goes from one to the next without a question.
    fn panes() -> impl Iterator<Item = &'static Binding> {
        let is_pane = |place: &KeyContext| place.way_there().is_some() || PLACES[..6].contains(place);
        BINDINGS.iter().filter(move |binding| binding.places.iter().any(is_pane))
    }

    #[test]
    fn a_key_stands_for_one_verb_in_every_pane() {
        let verb = |binding: &'static Binding| match binding.short {
            "" => binding.long.split_whitespace().next(),
            short => short.split_whitespace().next(),
        };
        for binding in panes() {
            for key in binding.keys.iter().filter(|key| matches!(key, Key::Plain(KeyCode::Char(_)))) {
                let others = panes().filter(|other| other.keys.contains(key) && verb(other) != verb(binding));
                let is_exception = EXCEPTIONS.iter().any(|(exception, _)| exception == key);
                assert_eq!(others.count() > 0, is_exception, "{}: {}", key.name(), binding.long);
            }
        }
    }

    #[test]
    fn what_cannot_be_undone_is_no_slip_of_shift_away_from_anything() {
        for action in [Action::CleanUp, Action::Rotate, Action::SignOut] {
            for key in panes().filter(|binding| binding.action == action).flat_map(|binding| binding.keys) {
                let Key::Plain(KeyCode::Char(letter)) = *key else { panic!("{action:?} has no letter") };
                let other =
                    if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
                let other = Key::Plain(KeyCode::Char(other));
                assert!(!panes().any(|binding| binding.keys.contains(&other)), "{} of {action:?}", other.name());
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
        for place in
            [KeyContext::Filter, KeyContext::Line, KeyContext::KeyEditor, KeyContext::Palette, KeyContext::Help]
        {
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
            KeyContext::Help,
        ] {
            let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
            assert!(matches!(find(place, &escape), Some(Action::Back | Action::Decline)), "{place:?}");
        }
    }
}
