//! The table of all keys, in the order of footer and help.

use ratatui::crossterm::event::KeyCode;

use super::{Action, Binding, Key, Place};

const fn letter(c: char) -> Key {
    Key::Plain(KeyCode::Char(c))
}

const ENTER: Key = Key::Plain(KeyCode::Enter);
const ESC: Key = Key::Plain(KeyCode::Esc);

/// Every place that is a pane or a page of one.
const PANES: &[Place] = &[
    Place::Overview,
    Place::Keys,
    Place::Saas,
    Place::Organization,
    Place::Export,
    Place::Feed,
    Place::Items,
    Place::Item,
    Place::Log,
];
/// The same, and what is read above them.
const LISTS: &[Place] = &[
    Place::Overview,
    Place::Keys,
    Place::Saas,
    Place::Organization,
    Place::Export,
    Place::Feed,
    Place::Items,
    Place::Item,
    Place::Log,
    Place::Reading,
];
const RUNS: &[Place] = &[Place::Export, Place::Feed];

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
    // Overview
    bind(&[Place::Overview], &[ENTER], Action::Open, "go there", "Go to where the selected step is done", true),
    bind(&[Place::Overview], &[letter('i')], Action::SetSource, "shop", "Say where the shop is: the Commerce installation, or a directory of feed files", true),
    bind(&[Place::Overview], &[letter('c')], Action::MakeConfig, "config file", "Make the configuration file, with every key explained", true),
    // Keys
    bind(&[Place::Keys], &[letter('a')], Action::PasteApiKey, "API key", "Type or paste the API key of the selected pair", true),
    bind(&[Place::Keys], &[letter('p')], Action::PastePrivateKey, "private key", "Paste the private key of the selected pair", true),
    bind(&[Place::Keys], &[letter('f')], Action::KeyFromFile, "from file", "Load the private key of the selected pair from a file", true),
    bind(&[Place::Keys], &[letter('v')], Action::Verify, "verify", "Ask the gateway whether it accepts the selected pair", true),
    bind(&[Place::Keys], &[letter('s')], Action::SaveKeys, "save", "Save the pasted pair; one that replaces another is verified first", true),
    bind(&[Place::Keys], &[letter('e')], Action::UseEnvironment, "use", "Use the selected pair and its gateway from now on", true),
    bind(&[Place::Keys], &[letter('o')], Action::Rotate, "rotate", "Replace the selected pair by a new one, which is verified first", true),
    bind(&[Place::Keys], &[letter('w')], Action::WhereKeys, "where from", "Who may generate keys, and where", true),
    bind(&[Place::Keys], &[ENTER], Action::Open, "", "Do the next step of the selected pair: paste, verify, save", false),
    // SaaS identifier
    bind(&[Place::Saas], &[ENTER], Action::Open, "choose", "Choose the selected data space as the one to export into", true),
    bind(&[Place::Saas], &[letter('c')], Action::CreateProject, "create", "Create a SaaS project with its data spaces", true),
    bind(&[Place::Saas], &[letter('n')], Action::Rename, "rename", "Rename the selected project or data space; a name is only a label", true),
    bind(&[Place::Saas], &[letter('w')], Action::AboutLicense, "license", "What a license gives, and how to ask for more", true),
    // IMS organization
    bind(&[Place::Organization], &[ENTER], Action::Open, "next step", "Do the next step: sign in, paste back, or choose the selected organization", true),
    bind(&[Place::Organization], &[letter('s')], Action::SignIn, "sign in", "Sign in with an Adobe ID: open the address anywhere, paste back where it leads", true),
    bind(&[Place::Organization], &[letter('p')], Action::PasteBack, "paste back", "Paste the address that you were sent to after signing in", true),
    bind(&[Place::Organization], &[letter('b')], Action::QrCode, "QR code", "Show the address as a QR code", true),
    bind(&[Place::Organization], &[letter('c')], Action::SignInAsService, "credentials", "Sign in with client credentials instead of a person", true),
    bind(&[Place::Organization], &[letter('o')], Action::SignOut, "sign out", "Sign out: revoke and forget the tokens", true),
    // Data export
    bind(&[Place::Export], &[letter('a')], Action::StartAll, "export all", "Export every feed: send what is new, changed or deleted", true),
    bind(RUNS, &[letter('s')], Action::StartSelected, "feed", "Export the selected feed", true),
    bind(RUNS, &[letter('p')], Action::Partial, "partial", "Partial sync: only what Commerce's change logs name", true),
    bind(RUNS, &[letter('d')], Action::DryRun, "dry run", "Count what would be sent, and send nothing", true),
    bind(RUNS, &[letter('x')], Action::Stop, "stop", "Stop the run after the batches in flight", true),
    bind(RUNS, &[letter(' ')], Action::PauseResume, "pause", "Pause the run after the batches in flight, or resume it", true),
    bind(RUNS, &[letter('m')], Action::ShowItems, "items", "Items of the selected feed: search, mark, send again", true),
    bind(RUNS, &[letter('n')], Action::ShowLog, "log", "What this run told, newest last", true),
    bind(RUNS, &[letter('t')], Action::Retry, "retry", "Retry what failed in the selected feed, or else in all", true),
    bind(&[Place::Export], &[letter('e')], Action::Estimate, "estimate", "Estimate requests and time of a full export; only counts", true),
    bind(RUNS, &[letter('i')], Action::ByIds, "by id", "Send records of the selected feed by id or SKU", true),
    bind(&[Place::Export], &[letter('o')], Action::Doctor, "doctor", "Doctor: check the whole way from the shop to the service", true),
    bind(RUNS, &[letter('f')], Action::FeedHealth, "feed health", "Health of the selected feed: ours, Adobe's, its indexer", true),
    bind(&[Place::Export], &[letter('w')], Action::Services, "services", "Services that the connector serves, and their feeds", true),
    bind(RUNS, &[letter('c')], Action::CleanUp, "clean up", "Clean up the selected feed: forget it, send it anew", true),
    bind(RUNS, &[letter('+')], Action::MoreThreads, "", "One thread more: a request more in flight at a time", true),
    bind(RUNS, &[letter('-')], Action::FewerThreads, "", "One thread fewer", true),
    bind(RUNS, &[letter(']')], Action::LargerBatches, "", "Larger batches: more items in one request", true),
    bind(RUNS, &[letter('[')], Action::SmallerBatches, "", "Smaller batches: fewer items in one request", true),
    bind(&[Place::Export], &[ENTER], Action::Open, "open", "Open the selected feed, or read the selected error", false),
    bind(&[Place::Feed], &[ENTER], Action::Open, "read error", "Read the selected error in full", false),
    // Log
    bind(&[Place::Log], &[ENTER], Action::Open, "read", "Read the selected line in full", false),
    // Items
    bind(&[Place::Items], &[ENTER], Action::Open, "open", "Open the selected item: history, payload, what to do", false),
    bind(&[Place::Items], &[letter('/')], Action::Filter, "search", "Search the items by SKU or id", true),
    bind(&[Place::Items], &[letter(' ')], Action::Mark, "mark", "Mark the selected item, or take its mark off", true),
    bind(&[Place::Items], &[letter('s')], Action::SendAgain, "send again", "Send the marked items again; without marks, the selected one", true),
    bind(&[Place::Items], &[letter('w')], Action::FilterByState, "state", "Show only items in the next of the states, or all", true),
    bind(&[Place::Items], &[letter('e')], Action::FilterByError, "error text", "Show only items whose error contains a text", true),
    bind(&[Place::Items], &[letter('o')], Action::Sort, "order", "Sort by the next column", true),
    bind(&[Place::Items], &[letter('u')], Action::Unmark, "unmark", "Take off every mark", true),
    bind(&[Place::Items], &[letter('f')], Action::NextFeed, "next feed", "Show the items of the next feed", true),
    // Item
    bind(&[Place::Item], &[ENTER], Action::Open, "read", "Read the selected line in full", false),
    bind(&[Place::Item], &[letter('s')], Action::SendAgain, "send again", "Send this item again", true),
    bind(&[Place::Item], &[letter('w')], Action::SaveToFile, "save to file", "Save the payloads of this item to a file", true),
    // The panes share these.
    bind(&[Place::Saas, Place::Organization, Place::Export, Place::Log], &[letter('/')], Action::Filter, "filter", "Show only rows that contain a text", true),
    bind(&[Place::Keys, Place::Saas, Place::Organization, Place::Item], &[letter('y')], Action::Copy, "copy", "Copy what matters here to the clipboard of your own computer; never a secret", true),
    bind(&[Place::Overview, Place::Keys, Place::Saas, Place::Organization, Place::Item, Place::Log], &[letter('t')], Action::PlainText, "plain text", "Show this as plain text without borders, to select with the mouse", true),
    bind(PANES, &[letter('r')], Action::Refresh, "refresh", "Load this pane anew", true),
    bind(PANES, &[letter('0')], Action::ShowOverview, "", "Show Overview", true),
    bind(PANES, &[letter('1')], Action::ShowKeys, "", "Show Keys", true),
    bind(PANES, &[letter('2')], Action::ShowSaas, "", "Show SaaS identifier", true),
    bind(PANES, &[letter('3')], Action::ShowOrganization, "", "Show IMS organization", true),
    bind(PANES, &[letter('4')], Action::ShowExport, "", "Show Data export", true),
    bind(PANES, &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::Right), letter('l')], Action::NextPane, "", "Next pane", false),
    bind(PANES, &[Key::Plain(KeyCode::BackTab), Key::Plain(KeyCode::Left), letter('h')], Action::PreviousPane, "", "Previous pane", false),
    bind(LISTS, &[Key::Plain(KeyCode::Up), letter('k')], Action::Up, "", "Move up", false),
    bind(LISTS, &[Key::Plain(KeyCode::Down), letter('j')], Action::Down, "", "Move down", false),
    bind(LISTS, &[Key::Plain(KeyCode::PageUp)], Action::PageUp, "", "Move up by ten", false),
    bind(LISTS, &[Key::Plain(KeyCode::PageDown)], Action::PageDown, "", "Move down by ten", false),
    bind(LISTS, &[Key::Plain(KeyCode::Home), letter('g')], Action::First, "", "Move to the first", false),
    bind(LISTS, &[Key::Plain(KeyCode::End), letter('G')], Action::Last, "", "Move to the last; in the log, follow the newest", false),
    // Editors and dialogs
    bind(&[Place::Filter], &[ENTER], Action::Accept, "keep filter", "Keep the filter", false),
    bind(&[Place::Filter], &[ESC], Action::Back, "clear filter", "Clear the filter", false),
    bind(&[Place::Line], &[ENTER], Action::Accept, "accept", "Accept what was typed", false),
    bind(&[Place::Line], &[ESC], Action::Back, "cancel", "Change nothing", false),
    bind(&[Place::KeyEditor], &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::BackTab)], Action::SwitchFocus, "editor or button", "Switch between the text and the button", false),
    bind(&[Place::KeyEditor], &[ESC], Action::Back, "cancel", "Forget the pasted text", false),
    bind(&[Place::Question], &[letter('y')], Action::Accept, "yes", "Yes, do it", false),
    bind(&[Place::Question], &[letter('n'), ESC], Action::Decline, "no", "No, change nothing", false),
    bind(&[Place::Leaving], &[letter('y')], Action::Accept, "leave it running", "Leave; the export goes on without the screen", false),
    bind(&[Place::Leaving], &[letter('x')], Action::Stop, "stop and leave", "Stop the export after the batches in flight, then leave", false),
    bind(&[Place::Leaving], &[letter('n'), ESC], Action::Decline, "stay", "Stay", false),
    bind(&[Place::Unsaved], &[letter('k')], Action::Accept, "keep and quit", "Keep the keys for the next screen, then quit", false),
    bind(&[Place::Unsaved], &[letter('x')], Action::Discard, "discard and quit", "Discard the keys, then quit", false),
    bind(&[Place::Unsaved], &[letter('n'), ESC], Action::Decline, "stay", "Stay", false),
    bind(&[Place::Kept], &[letter('y')], Action::Accept, "continue with them", "Continue with these keys in Keys", false),
    bind(&[Place::Kept], &[letter('x')], Action::Discard, "delete", "Delete these keys", false),
    bind(&[Place::Kept], &[letter('n'), ESC], Action::Decline, "ask next time", "Leave them, and ask the next time", false),
    bind(&[Place::Palette], &[ENTER], Action::Accept, "do it", "Do the selected action", false),
    bind(&[Place::Palette], &[Key::Plain(KeyCode::Up)], Action::Up, "", "Move up", false),
    bind(&[Place::Palette], &[Key::Plain(KeyCode::Down)], Action::Down, "", "Move down", false),
    bind(&[Place::Palette], &[ESC], Action::Back, "close", "Close the palette", false),
    bind(&[Place::Reading], &[ESC, ENTER, letter('q'), letter('?')], Action::Back, "close", "Close this", false),
    // Everywhere
    bind(PANES, &[ESC], Action::Back, "", "Dismiss the newest notice, clear the filter, or go back", false),
    bind(PANES, &[letter('?')], Action::Help, "help", "Keys of this place", true),
    bind(PANES, &[letter(':')], Action::Palette, "actions", "Every action, by name", false),
    bind(PANES, &[letter('q')], Action::Quit, "quit", "Quit; asks about a run and unsaved keys", true),
    bind(&[], &[Key::Ctrl('c')], Action::Interrupt, "", "Like q; a second time stops the export and leaves", false),
    bind(&[], &[Key::Ctrl('l')], Action::Repaint, "", "Draw the screen anew", true),
    bind(&[], &[Key::Ctrl('z')], Action::Suspend, "", "Suspend; fg returns", false),
];
