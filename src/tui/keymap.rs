//! The keys: one table of key → action → words, for every place of the screen.
//!
//! Footer, help and palette are made from this table, so that they cannot say anything that is not so. Ctrl-S, Ctrl-Q,
//! Ctrl-A, Ctrl-B and Ctrl-\ have no meaning here: they belong to flow control, screen, tmux and job control.

use std::borrow::Cow;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where keys have a meaning of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The pane of key pairs.
    Keys,
    /// The pane of projects and data spaces.
    Saas,
    /// The pane of feeds.
    Export,
    /// A filter is being typed.
    Filter,
    /// A dialog with one line to fill in.
    Line,
    /// The editor for a private key.
    KeyEditor,
    /// A question to say yes or no to.
    Question,
    /// Something to read.
    Reading,
    /// The palette of all actions.
    Palette,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each action is explained in BINDINGS, in the words that the help shows")]
pub enum Action {
    ShowKeys,
    ShowSaas,
    ShowExport,
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
    CreateProject,
    Rename,
    StartAll,
    StartSelected,
    Partial,
    DryRun,
    Stop,
    Retry,
    Estimate,
    ByIds,
    CleanUp,
    FeedHealth,
    Doctor,
    Services,
    Accept,
    Decline,
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
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        match self {
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
    pub places: &'static [Place],
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
}

const fn letter(c: char) -> Key {
    Key::Plain(KeyCode::Char(c))
}

const ENTER: Key = Key::Plain(KeyCode::Enter);
const ESC: Key = Key::Plain(KeyCode::Esc);

const PANES: &[Place] = &[Place::Keys, Place::Saas, Place::Export];
const LISTS: &[Place] = &[Place::Keys, Place::Saas, Place::Export, Place::Reading];

const fn bind(
    places: &'static [Place],
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    long: &'static str,
    in_palette: bool,
) -> Binding {
    Binding { places, keys, action, short, long, in_palette }
}

/// Every key of the program, in the order of footer and help.
#[rustfmt::skip]
pub static BINDINGS: &[Binding] = &[
    // Keys
    bind(&[Place::Keys], &[letter('a')], Action::PasteApiKey, "API key", "Type or paste the API key of the selected pair", true),
    bind(&[Place::Keys], &[letter('p')], Action::PastePrivateKey, "private key", "Paste the private key of the selected pair", true),
    bind(&[Place::Keys], &[letter('f')], Action::KeyFromFile, "from file", "Load the private key of the selected pair from a file", true),
    bind(&[Place::Keys], &[letter('v')], Action::Verify, "verify", "Ask the gateway whether it accepts the selected pair", true),
    bind(&[Place::Keys], &[letter('s')], Action::SaveKeys, "save", "Save the pasted pair; the private key in a 0600 file", true),
    bind(&[Place::Keys], &[letter('e')], Action::UseEnvironment, "use", "Use the selected pair and its gateway from now on", true),
    bind(&[Place::Keys], &[letter('w')], Action::WhereKeys, "where from", "Who may generate keys, and where", true),
    bind(&[Place::Keys], &[ENTER], Action::Open, "", "Do the next step of the selected pair: paste, save, verify", false),
    // SaaS identifier
    bind(&[Place::Saas], &[ENTER], Action::Open, "choose", "Choose the selected data space as the one to export into", true),
    bind(&[Place::Saas], &[letter('c')], Action::CreateProject, "create", "Create a SaaS project with its data spaces", true),
    bind(&[Place::Saas], &[letter('n')], Action::Rename, "rename", "Rename the selected project or data space; a name is only a label", true),
    // Data export
    bind(&[Place::Export], &[letter('a')], Action::StartAll, "export all", "Export every feed: send what is new, changed or deleted", true),
    bind(&[Place::Export], &[letter('s')], Action::StartSelected, "feed", "Export the selected feed", true),
    bind(&[Place::Export], &[letter('p')], Action::Partial, "partial", "Partial sync: only what Commerce's change logs name", true),
    bind(&[Place::Export], &[letter('d')], Action::DryRun, "dry run", "Count what would be sent, and send nothing", true),
    bind(&[Place::Export], &[letter('x')], Action::Stop, "stop", "Stop the run after the batches in flight", true),
    bind(&[Place::Export], &[letter('t')], Action::Retry, "retry", "Retry what failed in the selected feed, or else in all", true),
    bind(&[Place::Export], &[letter('e')], Action::Estimate, "estimate", "Estimate requests and time of a full export; only counts", true),
    bind(&[Place::Export], &[letter('i')], Action::ByIds, "by id", "Send records of the selected feed by id or SKU", true),
    bind(&[Place::Export], &[letter('o')], Action::Doctor, "doctor", "Doctor: check the whole way from the shop to the service", true),
    bind(&[Place::Export], &[letter('f')], Action::FeedHealth, "feed health", "Health of the selected feed: ours, Adobe's, its indexer", true),
    bind(&[Place::Export], &[letter('w')], Action::Services, "services", "Services that the connector serves, and their feeds", true),
    bind(&[Place::Export], &[letter('c')], Action::CleanUp, "clean up", "Clean up the selected feed: forget it, send it anew", true),
    bind(&[Place::Export], &[ENTER], Action::Open, "", "Export the selected feed, or read the selected error", false),
    // The panes share these.
    bind(&[Place::Saas, Place::Export], &[letter('/')], Action::Filter, "filter", "Show only rows that contain a text", true),
    bind(PANES, &[letter('r')], Action::Refresh, "refresh", "Load this pane anew", true),
    bind(PANES, &[letter('1')], Action::ShowKeys, "", "Show Keys", true),
    bind(PANES, &[letter('2')], Action::ShowSaas, "", "Show SaaS identifier", true),
    bind(PANES, &[letter('3')], Action::ShowExport, "", "Show Data export", true),
    bind(PANES, &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::Right), letter('l')], Action::NextPane, "", "Next pane", false),
    bind(PANES, &[Key::Plain(KeyCode::BackTab), Key::Plain(KeyCode::Left), letter('h')], Action::PreviousPane, "", "Previous pane", false),
    bind(LISTS, &[Key::Plain(KeyCode::Up), letter('k')], Action::Up, "", "Move up", false),
    bind(LISTS, &[Key::Plain(KeyCode::Down), letter('j')], Action::Down, "", "Move down", false),
    bind(LISTS, &[Key::Plain(KeyCode::PageUp)], Action::PageUp, "", "Move up by ten", false),
    bind(LISTS, &[Key::Plain(KeyCode::PageDown)], Action::PageDown, "", "Move down by ten", false),
    bind(LISTS, &[Key::Plain(KeyCode::Home), letter('g')], Action::First, "", "Move to the first", false),
    bind(LISTS, &[Key::Plain(KeyCode::End), letter('G')], Action::Last, "", "Move to the last", false),
    // Editors and dialogs
    bind(&[Place::Filter], &[ENTER], Action::Accept, "keep filter", "Keep the filter", false),
    bind(&[Place::Filter], &[ESC], Action::Back, "clear filter", "Clear the filter", false),
    bind(&[Place::Line], &[ENTER], Action::Accept, "accept", "Accept what was typed", false),
    bind(&[Place::Line], &[ESC], Action::Back, "cancel", "Change nothing", false),
    bind(&[Place::KeyEditor], &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::BackTab)], Action::SwitchFocus, "editor or button", "Switch between the text and the button", false),
    bind(&[Place::KeyEditor], &[ESC], Action::Back, "cancel", "Forget the pasted text", false),
    bind(&[Place::Question], &[letter('y')], Action::Accept, "yes", "Yes, do it", false),
    bind(&[Place::Question], &[letter('n'), ESC], Action::Decline, "no", "No, change nothing", false),
    bind(&[Place::Palette], &[ENTER], Action::Accept, "do it", "Do the selected action", false),
    bind(&[Place::Palette], &[Key::Plain(KeyCode::Up)], Action::Up, "", "Move up", false),
    bind(&[Place::Palette], &[Key::Plain(KeyCode::Down)], Action::Down, "", "Move down", false),
    bind(&[Place::Palette], &[ESC], Action::Back, "close", "Close the palette", false),
    bind(&[Place::Reading], &[ESC, ENTER, letter('q'), letter('?')], Action::Back, "close", "Close this", false),
    // Everywhere
    bind(PANES, &[ESC], Action::Back, "", "Dismiss the newest notice, or clear the filter", false),
    bind(PANES, &[letter('?')], Action::Help, "help", "Keys of this place", true),
    bind(PANES, &[letter(':')], Action::Palette, "actions", "Every action, by name", false),
    bind(PANES, &[letter('q')], Action::Quit, "quit", "Leave; asks only while an export is active", true),
    bind(&[], &[Key::Ctrl('c')], Action::Interrupt, "", "Like q; a second time stops the export and leaves", false),
    bind(&[], &[Key::Ctrl('l')], Action::Repaint, "", "Draw the screen anew", true),
    bind(&[], &[Key::Ctrl('z')], Action::Suspend, "", "Suspend; fg returns", false),
];

/// The action of a key in a place.
#[must_use]
pub fn find(place: Place, event: &KeyEvent) -> Option<Action> {
    BINDINGS
        .iter()
        .filter(|binding| binding.is_valid_in(place))
        .find(|binding| binding.keys.iter().any(|key| key.matches(event)))
        .map(|binding| binding.action)
}

/// The rows that are valid in a place, in table order.
pub fn of_place(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.is_valid_in(place))
}

/// What the palette offers: actions of the panes, with the pane each belongs to.
pub fn palette() -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(|binding| binding.in_palette)
}

/// The first key of an action in a place, for sentences such as `press v to verify`.
#[must_use]
pub fn key_of(place: Place, action: Action) -> Cow<'static, str> {
    of_place(place)
        .find(|binding| binding.action == action)
        .and_then(|binding| binding.keys.first())
        .map_or(Cow::Borrowed("?"), |key| key.name())
}

impl Binding {
    fn is_valid_in(&self, place: Place) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    /// Its keys as they are written on the screen.
    #[must_use]
    pub fn names(&self) -> String {
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [Place; 9] = [
        Place::Keys,
        Place::Saas,
        Place::Export,
        Place::Filter,
        Place::Line,
        Place::KeyEditor,
        Place::Question,
        Place::Reading,
        Place::Palette,
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
    fn keys_of_the_terminal_and_of_multiplexers_stay_free() {
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(!matches!(key, Key::Ctrl('s' | 'q' | 'a' | 'b' | '\\')), "{}", key.name());
            }
        }
    }

    #[test]
    fn places_with_an_editor_leave_every_character_to_it() {
        for place in [Place::Filter, Place::Line, Place::KeyEditor, Place::Palette] {
            for binding in of_place(place) {
                assert!(!binding.keys.iter().any(|key| matches!(key, Key::Plain(KeyCode::Char(_)))), "{place:?}");
            }
        }
    }

    #[test]
    fn every_dialog_has_a_way_back() {
        for place in [Place::Filter, Place::Line, Place::KeyEditor, Place::Question, Place::Reading, Place::Palette] {
            let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
            assert!(matches!(find(place, &escape), Some(Action::Back | Action::Decline)), "{place:?}");
        }
    }
}
