//! The table of all keys, in the order of footer and help.

use ratatui::crossterm::event::KeyCode;

use crate::tui::keymap::{Action, Binding, Key, KeyContext};

const fn letter(c: char) -> Key {
    Key::Plain(KeyCode::Char(c))
}

const ENTER: Key = Key::Plain(KeyCode::Enter);
const ESC: Key = Key::Plain(KeyCode::Esc);

/// Every place that is a pane or a page of one.
const PANES: &[KeyContext] = &[
    KeyContext::Overview,
    KeyContext::Keys,
    KeyContext::Saas,
    KeyContext::Organization,
    KeyContext::Export,
    KeyContext::Feed,
    KeyContext::Items,
    KeyContext::Item,
    KeyContext::Log,
];
/// The same, and what is read above them.
const LISTS: &[KeyContext] = &[
    KeyContext::Overview,
    KeyContext::Keys,
    KeyContext::Saas,
    KeyContext::Organization,
    KeyContext::Export,
    KeyContext::Feed,
    KeyContext::Items,
    KeyContext::Item,
    KeyContext::Log,
    KeyContext::Reading,
];
const RUNS: &[KeyContext] = &[KeyContext::Export, KeyContext::Feed];

/// It leads to a change of keys, settings, projects, the run, or what is in a data space.
const CHANGES: bool = true;
/// It does not, or what it leads to is looked at when its dialog opens.
const READS: bool = false;

const fn bind(
    places: &'static [KeyContext],
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    long: &'static str,
    in_palette: bool,
    changes: bool,
) -> Binding {
    Binding { places, keys, action, short, long, in_palette, changes }
}

/// Every key of the program, in the order of footer and help.
#[rustfmt::skip]
pub static BINDINGS: &[Binding] = &[
    // Overview
    bind(&[KeyContext::Overview], &[ENTER], Action::Open, "open", "Open this step", true, READS),
    bind(&[KeyContext::Overview], &[letter('i')], Action::SetSource, "shop", "Set the shop: a Commerce installation, or a directory of feed files", true, CHANGES),
    bind(&[KeyContext::Overview], &[letter('c')], Action::MakeConfig, "config file", "Create the configuration file, with every key explained", true, CHANGES),
    // Keys
    bind(&[KeyContext::Keys], &[letter('a')], Action::PasteApiKey, "API key", "Type or paste the API key of the selected pair", true, CHANGES),
    bind(&[KeyContext::Keys], &[letter('p')], Action::PastePrivateKey, "private key", "Paste the private key of the selected pair", true, CHANGES),
    bind(&[KeyContext::Keys], &[letter('f')], Action::KeyFromFile, "from file", "Load the private key of the selected pair from a file", true, CHANGES),
    bind(&[KeyContext::Keys], &[letter('v')], Action::Verify, "verify", "Verify the selected pair with the gateway", true, READS),
    bind(&[KeyContext::Keys], &[letter('s')], Action::SaveKeys, "save", "Save the pasted pair; a replacement is verified first", true, CHANGES),
    bind(&[KeyContext::Keys], &[letter('e')], Action::UseEnvironment, "use", "Use the selected pair and its gateway", true, CHANGES),
    bind(&[KeyContext::Keys], &[letter('o')], Action::Rotate, "rotate", "Replace the selected pair with a new one, verified first", true, CHANGES),
    bind(&[KeyContext::Keys], &[letter('w')], Action::WhereKeys, "where from", "Who may generate keys, and where", true, READS),
    bind(&[KeyContext::Keys], &[ENTER], Action::Open, "", "Do the next step of the selected pair: paste, verify, save", false, READS),
    // SaaS identifier
    bind(&[KeyContext::Saas], &[ENTER], Action::Open, "choose", "Export into the selected data space", true, READS),
    bind(&[KeyContext::Saas], &[letter('c')], Action::CreateProject, "create", "Create a SaaS project with its data spaces", true, CHANGES),
    bind(&[KeyContext::Saas], &[letter('n')], Action::Rename, "rename", "Rename the selected project or data space; a name is only a label", true, CHANGES),
    bind(&[KeyContext::Saas], &[letter('w')], Action::AboutLicense, "license", "License and limits", true, READS),
    // IMS organization
    bind(&[KeyContext::Organization], &[ENTER], Action::Open, "next step", "Next step: sign in, paste the URL, or choose the organization", true, READS),
    bind(&[KeyContext::Organization], &[letter('s')], Action::SignIn, "sign in", "Sign in with an Adobe ID, using any browser", true, CHANGES),
    bind(&[KeyContext::Organization], &[letter('p')], Action::PasteBack, "paste URL", "Paste the URL you were redirected to", true, CHANGES),
    bind(&[KeyContext::Organization], &[letter('b')], Action::QrCode, "QR code", "Show the URL as a QR code", true, READS),
    bind(&[KeyContext::Organization], &[letter('c')], Action::SignInAsService, "credentials", "Sign in as a service, with client credentials", true, CHANGES),
    bind(&[KeyContext::Organization], &[letter('o')], Action::SignOut, "sign out", "Sign out: revoke and delete the tokens", true, CHANGES),
    // Data export
    bind(&[KeyContext::Export], &[letter('a')], Action::StartAll, "export all", "Export every feed: send what is new, changed or deleted", true, CHANGES),
    bind(RUNS, &[letter('s')], Action::StartSelected, "feed", "Export the selected feed", true, CHANGES),
    bind(RUNS, &[letter('p')], Action::Partial, "partial", "Partial sync: only changes in Commerce's change logs", true, CHANGES),
    bind(RUNS, &[letter('d')], Action::DryRun, "dry run", "Count the items to send, without sending", true, READS),
    bind(RUNS, &[letter('x')], Action::Stop, "stop", "Stop the run after the batches in flight", true, CHANGES),
    bind(RUNS, &[letter(' ')], Action::PauseResume, "pause", "Pause the run after the batches in flight, or resume it", true, CHANGES),
    bind(RUNS, &[letter('m')], Action::ShowItems, "items", "Items of the selected feed: search, mark, send again", true, READS),
    bind(RUNS, &[letter('n')], Action::ShowLog, "log", "Run log", true, READS),
    bind(RUNS, &[letter('t')], Action::Retry, "retry", "Retry failed items (selected feed, else all)", true, CHANGES),
    bind(&[KeyContext::Export], &[letter('e')], Action::Estimate, "estimate", "Estimate requests and time of a full export", true, READS),
    bind(RUNS, &[letter('i')], Action::ByIds, "by id", "Send records of the selected feed by id or SKU", true, CHANGES),
    bind(&[KeyContext::Export], &[letter('o')], Action::Doctor, "doctor", "Doctor: diagnose problems between the shop and Adobe", true, READS),
    bind(RUNS, &[letter('f')], Action::FeedHealth, "feed health", "Health of the selected feed: sent, Adobe's, indexer", true, READS),
    bind(&[KeyContext::Export], &[letter('w')], Action::Services, "services", "Services and their feeds", true, READS),
    bind(&[KeyContext::Overview, KeyContext::Export], &[letter('H')], Action::Runs, "past runs", "Past runs: when, who, what was sent, how each ended", true, READS),
    bind(RUNS, &[letter('c')], Action::CleanUp, "reset", "Reset feed: forget what was sent and resend everything", true, CHANGES),
    bind(RUNS, &[letter('+')], Action::MoreThreads, "", "More threads: more requests in flight", true, CHANGES),
    bind(RUNS, &[letter('-')], Action::FewerThreads, "", "Fewer threads", true, CHANGES),
    bind(RUNS, &[letter(']')], Action::LargerBatches, "", "Larger batches: more items in one request", true, CHANGES),
    bind(RUNS, &[letter('[')], Action::SmallerBatches, "", "Smaller batches: fewer items in one request", true, CHANGES),
    bind(&[KeyContext::Export], &[ENTER], Action::Open, "open", "Open the selected feed, or read the selected error", false, READS),
    bind(&[KeyContext::Feed], &[ENTER], Action::Open, "read error", "Read the selected error in full", false, READS),
    // Log
    bind(&[KeyContext::Log], &[ENTER], Action::Open, "read", "Read the selected line in full", false, READS),
    // Items
    bind(&[KeyContext::Items], &[ENTER], Action::Open, "open", "Open the selected item: history, payload, next step", false, READS),
    bind(&[KeyContext::Items], &[letter('/')], Action::Filter, "search", "Search the items by SKU or id", true, READS),
    bind(&[KeyContext::Items], &[letter(' ')], Action::Mark, "mark", "Toggle mark", true, READS),
    bind(&[KeyContext::Items], &[letter('s')], Action::SendAgain, "send again", "Send the marked items again, or the selected one", true, CHANGES),
    bind(&[KeyContext::Items], &[letter('w')], Action::FilterByState, "state", "Cycle state filter", true, READS),
    bind(&[KeyContext::Items], &[letter('e')], Action::FilterByError, "error text", "Show only items whose error contains a text", true, READS),
    bind(&[KeyContext::Items], &[letter('o')], Action::Sort, "order", "Sort by the next column", true, READS),
    bind(&[KeyContext::Items], &[letter('u')], Action::Unmark, "unmark", "Clear marks", true, READS),
    bind(&[KeyContext::Items], &[letter('f')], Action::NextFeed, "next feed", "Show the items of the next feed", true, READS),
    // Item
    bind(&[KeyContext::Item], &[ENTER], Action::Open, "read", "Read the selected line in full", false, READS),
    bind(&[KeyContext::Item], &[letter('s')], Action::SendAgain, "send again", "Send this item again", true, CHANGES),
    bind(&[KeyContext::Item], &[letter('w')], Action::SaveToFile, "save to file", "Save the payloads of this item to a file", true, READS),
    // The panes share these.
    bind(&[KeyContext::Saas, KeyContext::Organization, KeyContext::Export, KeyContext::Log], &[letter('/')], Action::Filter, "filter", "Show only rows that contain a text", true, READS),
    bind(&[KeyContext::Keys, KeyContext::Saas, KeyContext::Organization, KeyContext::Item], &[letter('y')], Action::Copy, "copy", "Copy (never secrets)", true, READS),
    bind(&[KeyContext::Overview, KeyContext::Keys, KeyContext::Saas, KeyContext::Organization, KeyContext::Item, KeyContext::Log], &[letter('t')], Action::PlainText, "plain text", "Show as plain text without borders, to select with the mouse", true, READS),
    bind(PANES, &[letter('r')], Action::Refresh, "refresh", "Refresh", true, READS),
    bind(PANES, &[letter('0')], Action::ShowOverview, "", "Show Overview", true, READS),
    bind(PANES, &[letter('1')], Action::ShowKeys, "", "Show Keys", true, READS),
    bind(PANES, &[letter('2')], Action::ShowSaas, "", "Show SaaS identifier", true, READS),
    bind(PANES, &[letter('3')], Action::ShowOrganization, "", "Show IMS organization", true, READS),
    bind(PANES, &[letter('4')], Action::ShowExport, "", "Show Data export", true, READS),
    bind(PANES, &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::Right), letter('l')], Action::NextPane, "", "Next pane", false, READS),
    bind(PANES, &[Key::Plain(KeyCode::BackTab), Key::Plain(KeyCode::Left), letter('h')], Action::PreviousPane, "", "Previous pane", false, READS),
    bind(LISTS, &[Key::Plain(KeyCode::Up), letter('k')], Action::Up, "", "Move up", false, READS),
    bind(LISTS, &[Key::Plain(KeyCode::Down), letter('j')], Action::Down, "", "Move down", false, READS),
    bind(LISTS, &[Key::Plain(KeyCode::PageUp)], Action::PageUp, "", "Move up by ten", false, READS),
    bind(LISTS, &[Key::Plain(KeyCode::PageDown)], Action::PageDown, "", "Move down by ten", false, READS),
    bind(LISTS, &[Key::Plain(KeyCode::Home), letter('g')], Action::First, "", "Move to the first", false, READS),
    bind(LISTS, &[Key::Plain(KeyCode::End), letter('G')], Action::Last, "", "Move to the last; in the log, follow new lines", false, READS),
    // Editors and dialogs
    bind(&[KeyContext::Filter], &[ENTER], Action::Accept, "keep filter", "Keep the filter", false, READS),
    bind(&[KeyContext::Filter], &[ESC], Action::Back, "clear filter", "Clear the filter", false, READS),
    bind(&[KeyContext::Line], &[ENTER], Action::Accept, "OK", "OK", false, READS),
    bind(&[KeyContext::Line], &[ESC], Action::Back, "cancel", "Cancel", false, READS),
    bind(&[KeyContext::KeyEditor], &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::BackTab)], Action::SwitchFocus, "editor or button", "Switch between the text and the button", false, READS),
    bind(&[KeyContext::KeyEditor], &[ESC], Action::Back, "cancel", "Discard the pasted text", false, READS),
    bind(&[KeyContext::Question], &[letter('y')], Action::Accept, "yes", "Yes", false, READS),
    bind(&[KeyContext::Question], &[letter('n'), ESC], Action::Decline, "no", "No", false, READS),
    bind(&[KeyContext::Leaving], &[letter('y')], Action::Accept, "keep running", "Quit; the export continues in the background", false, READS),
    bind(&[KeyContext::Leaving], &[letter('x')], Action::Stop, "stop and quit", "Stop the export after the batches in flight, then quit", false, CHANGES),
    bind(&[KeyContext::Leaving], &[letter('n'), ESC], Action::Decline, "stay", "Stay", false, READS),
    bind(&[KeyContext::Unsaved], &[letter('k')], Action::Accept, "keep and quit", "Keep the keys for the next start, then quit", false, READS),
    bind(&[KeyContext::Unsaved], &[letter('x')], Action::Discard, "discard and quit", "Discard the keys, then quit", false, READS),
    bind(&[KeyContext::Unsaved], &[letter('n'), ESC], Action::Decline, "stay", "Stay", false, READS),
    bind(&[KeyContext::Kept], &[letter('y')], Action::Accept, "continue with them", "Continue with these keys in Keys", false, READS),
    bind(&[KeyContext::Kept], &[letter('x')], Action::Discard, "delete", "Delete these keys", false, READS),
    bind(&[KeyContext::Kept], &[letter('n'), ESC], Action::Decline, "ask next time", "Keep them, and ask next time", false, READS),
    bind(&[KeyContext::Palette], &[ENTER], Action::Accept, "run", "Run the selected action", false, READS),
    bind(&[KeyContext::Palette], &[Key::Plain(KeyCode::Up)], Action::Up, "", "Move up", false, READS),
    bind(&[KeyContext::Palette], &[Key::Plain(KeyCode::Down)], Action::Down, "", "Move down", false, READS),
    bind(&[KeyContext::Palette], &[ESC], Action::Back, "close", "Close the palette", false, READS),
    bind(&[KeyContext::Reading], &[ESC, ENTER, letter('q'), letter('?')], Action::Back, "close", "Close", false, READS),
    // Everywhere
    bind(PANES, &[ESC], Action::Back, "", "Dismiss the newest notice, clear the filter, or go back", false, READS),
    bind(PANES, &[letter('?')], Action::Help, "help", "Keys", true, READS),
    bind(PANES, &[letter(':')], Action::Palette, "actions", "Command palette", false, READS),
    bind(PANES, &[letter('q')], Action::Quit, "quit", "Quit (asks if an export is running)", true, READS),
    bind(&[], &[Key::Ctrl('c')], Action::Interrupt, "", "Quit; press twice to stop the export and quit", false, READS),
    bind(&[], &[Key::Ctrl('l')], Action::Repaint, "", "Redraw screen", true, READS),
    bind(&[], &[Key::Ctrl('z')], Action::Suspend, "", "Suspend (fg to resume)", false, READS),
];
