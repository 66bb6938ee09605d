//! The table of all keys, in the order of footer and help.
//!
//! A letter stands for one verb, the first word of `short`, in every pane. What cannot be undone has a letter whose other
//! case does nothing, so that no slip of Shift leads there.

use ratatui::crossterm::event::KeyCode;

use crate::tui::keymap::Purpose::{Change, List, Look, Move, Run, Screen, Send};
use crate::tui::keymap::{Action, Binding, Key, KeyContext, Purpose};

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
/// Lists above which the text is typed that their rows must contain.
const TYPED_LISTS: &[KeyContext] = &[KeyContext::Palette, KeyContext::Help];
const RUNS: &[KeyContext] = &[KeyContext::Export, KeyContext::Feed];

/// It leads to a change of keys, settings, projects, the run, or what is in a data space.
const CHANGES: bool = true;
/// It does not, or what it leads to is looked at when its dialog opens.
const READS: bool = false;

#[expect(clippy::too_many_arguments, reason = "the columns of one table")]
const fn bind(
    places: &'static [KeyContext],
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    long: &'static str,
    in_palette: bool,
    changes: bool,
    purpose: Purpose,
) -> Binding {
    Binding { places, keys, action, short, long, in_palette, changes, purpose }
}

/// Every key of the program, in the order of footer and help.
#[rustfmt::skip]
pub static BINDINGS: &[Binding] = &[
    // Overview
    bind(&[KeyContext::Overview], &[ENTER], Action::Open, "open", "Open this step", true, READS, Look),
    bind(&[KeyContext::Overview], &[letter('L')], Action::SetSource, "location", "Set the shop: a Commerce installation, or a directory of feed files", true, CHANGES, Change),
    bind(&[KeyContext::Overview], &[letter('C')], Action::MakeConfig, "create config", "Create the configuration file, with every key explained", true, CHANGES, Change),
    // Keys
    bind(&[KeyContext::Keys], &[letter('A')], Action::PasteApiKey, "API key", "Type or paste the API key of the selected pair", true, CHANGES, Change),
    bind(&[KeyContext::Keys], &[letter('p')], Action::PastePrivateKey, "paste key", "Paste the private key of the selected pair", true, CHANGES, Change),
    bind(&[KeyContext::Keys], &[letter('F')], Action::KeyFromFile, "from file", "Load the private key of the selected pair from a file", true, CHANGES, Change),
    bind(&[KeyContext::Keys], &[letter('v')], Action::Verify, "verify", "Verify the selected pair with the gateway", true, READS, Look),
    bind(&[KeyContext::Keys], &[letter('w')], Action::SaveKeys, "save", "Save the pasted pair; a replacement is verified first", true, CHANGES, Change),
    bind(&[KeyContext::Keys], &[letter('U')], Action::UseEnvironment, "use", "Use the selected pair and its gateway", true, CHANGES, Change),
    bind(&[KeyContext::Keys], &[letter('b')], Action::Rotate, "replace", "Replace the selected pair with a new one, verified first", true, CHANGES, Change),
    bind(&[KeyContext::Keys], &[letter('I')], Action::WhereKeys, "about keys", "Who may generate keys, and where", true, READS, Look),
    bind(&[KeyContext::Keys], &[ENTER], Action::Open, "", "Do the next step of the selected pair: paste, verify, save", false, READS, Look),
    // SaaS identifier
    bind(&[KeyContext::Saas], &[ENTER], Action::Open, "choose", "Export into the selected data space", true, READS, Look),
    bind(&[KeyContext::Saas], &[letter('C')], Action::CreateProject, "create", "Create a SaaS project with its data spaces", true, CHANGES, Change),
    bind(&[KeyContext::Saas], &[letter('R')], Action::Rename, "rename", "Rename the selected project or data space; a name is only a label", true, CHANGES, Change),
    bind(&[KeyContext::Saas], &[letter('I')], Action::AboutLicense, "about license", "License and limits", true, READS, Look),
    bind(&[KeyContext::Saas], &[letter('=')], Action::CompareSpaces, "compare", "Compare two data spaces, SKU by SKU: the one in use and another", true, READS, Look),
    // IMS organization
    bind(&[KeyContext::Organization], &[ENTER], Action::Open, "next step", "Next step: sign in, paste the URL, or choose the organization", true, READS, Look),
    bind(&[KeyContext::Organization], &[letter('S')], Action::SignIn, "sign in", "Sign in with an Adobe ID, using any browser", true, CHANGES, Change),
    bind(&[KeyContext::Organization], &[letter('p')], Action::PasteBack, "paste URL", "Paste the URL you were redirected to", true, CHANGES, Change),
    bind(&[KeyContext::Organization], &[letter('Q')], Action::QrCode, "QR code", "Show the URL as a QR code", true, READS, Look),
    bind(&[KeyContext::Organization], &[letter('K')], Action::SignInAsService, "credentials", "Sign in as a service, with client credentials", true, CHANGES, Change),
    bind(&[KeyContext::Organization], &[letter('o')], Action::SignOut, "sign out", "Sign out: revoke and delete the tokens", true, CHANGES, Change),
    // Data export
    bind(&[KeyContext::Export], &[letter('a')], Action::StartAll, "export all", "Export every feed: send what is new, changed or deleted", true, CHANGES, Send),
    bind(RUNS, &[letter('s')], Action::StartSelected, "send feed", "Export the selected feed", true, CHANGES, Send),
    bind(RUNS, &[letter('c')], Action::Partial, "changes", "Partial sync: only changes in Commerce's change logs", true, CHANGES, Send),
    bind(RUNS, &[letter('d')], Action::DryRun, "dry run", "Count the items to send, without sending", true, READS, Look),
    bind(RUNS, &[letter('x')], Action::Stop, "stop", "Stop the run after the batches in flight", true, CHANGES, Run),
    bind(RUNS, &[letter(' ')], Action::PauseResume, "pause", "Pause the run after the batches in flight, or resume it", true, CHANGES, Run),
    bind(RUNS, &[letter('m')], Action::ShowItems, "items", "Items of the selected feed: search, mark, send again", true, READS, Look),
    bind(RUNS, &[letter('n')], Action::ShowLog, "log", "Run log", true, READS, Look),
    bind(RUNS, &[letter('t')], Action::Retry, "retry", "Retry failed items (selected reason or feed, else all)", true, CHANGES, Send),
    bind(&[KeyContext::Export], &[letter('e')], Action::Estimate, "estimate", "Estimate requests and time of a full export", true, READS, Look),
    bind(RUNS, &[letter('i')], Action::ByIds, "by id", "Send records of the selected feed by id or SKU", true, CHANGES, Send),
    bind(&[KeyContext::Export], &[letter('D')], Action::Doctor, "doctor", "Doctor: diagnose problems between the shop and Adobe", true, READS, Look),
    bind(RUNS, &[letter('I')], Action::FeedHealth, "about feed", "Health of the selected feed: sent, Adobe's, indexer", true, READS, Look),
    bind(&[KeyContext::Export], &[letter('V')], Action::Services, "services", "Services and their feeds", true, READS, Look),
    bind(&[KeyContext::Overview, KeyContext::Export], &[letter('H')], Action::Runs, "past runs", "Past runs: when, who, what was sent, how each ended", true, READS, Look),
    bind(&[KeyContext::Export], &[letter('v')], Action::VerifyVisible, "verify", "Verify that a sample of what was sent is visible", true, READS, Look),
    bind(&[KeyContext::Export], &[letter('M')], Action::Lint, "mistakes", "Mistakes in the catalogue (lint)", true, READS, Look),
    bind(&[KeyContext::Export], &[letter('=')], Action::CompareExporter, "compare", "Compare our items with those of Adobe's exporter", true, READS, Look),
    bind(&[KeyContext::Export], &[letter('&')], Action::Adopt, "adopt", "Adopt: count as sent what Adobe's exporter sent", true, CHANGES, Change),
    bind(&[KeyContext::Overview, KeyContext::Export], &[letter('T')], Action::SupportBundle, "ticket", "Ticket: write a support bundle, without secrets", true, READS, Look),
    bind(RUNS, &[letter('z')], Action::CleanUp, "reset", "Reset feed: forget what was sent and resend everything", true, CHANGES, Change),
    bind(RUNS, &[letter('+')], Action::MoreThreads, "", "More threads: more requests in flight", true, CHANGES, Run),
    bind(RUNS, &[letter('-')], Action::FewerThreads, "", "Fewer threads", true, CHANGES, Run),
    bind(RUNS, &[letter(']')], Action::LargerBatches, "", "Larger batches: more items in one request", true, CHANGES, Run),
    bind(RUNS, &[letter('[')], Action::SmallerBatches, "", "Smaller batches: fewer items in one request", true, CHANGES, Run),
    bind(&[KeyContext::Export], &[ENTER], Action::Open, "open", "Open the selected feed, or read the selected error", false, READS, Look),
    bind(&[KeyContext::Feed], &[ENTER], Action::Open, "read error", "Read the selected error in full", false, READS, Look),
    // Log
    bind(&[KeyContext::Log], &[ENTER], Action::Open, "read", "Read the selected line in full", false, READS, Look),
    // Items
    bind(&[KeyContext::Items], &[ENTER], Action::Open, "open", "Open the selected item: history, payload, next step", false, READS, Look),
    bind(&[KeyContext::Items], &[letter('/')], Action::Filter, "filter", "Search the items by SKU or id", true, READS, List),
    bind(&[KeyContext::Items], &[letter(' ')], Action::Mark, "mark", "Toggle mark", true, READS, List),
    bind(&[KeyContext::Items], &[letter('s')], Action::SendAgain, "send again", "Send the marked items again, or the selected one", true, CHANGES, Send),
    bind(&[KeyContext::Items], &[letter('f')], Action::FilterByState, "state", "Cycle state filter", true, READS, List),
    bind(&[KeyContext::Items], &[letter('E')], Action::FilterByError, "error text", "Show only items whose error contains a text", true, READS, List),
    bind(&[KeyContext::Export, KeyContext::Items], &[letter('>')], Action::Sort, "sort", "Sort by the next column", true, READS, List),
    bind(&[KeyContext::Items], &[letter('u')], Action::Unmark, "unmark", "Clear marks", true, READS, List),
    bind(&[KeyContext::Items], &[letter('}')], Action::NextFeed, "next feed", "Show the items of the next feed", true, READS, List),
    bind(&[KeyContext::Export, KeyContext::Items], &[letter('w')], Action::SaveCsv, "save as CSV", "Save the items of the selected failure reason, or those listed, as CSV", true, READS, List),
    // Item
    bind(&[KeyContext::Item], &[ENTER], Action::Open, "read", "Read the selected line in full", false, READS, Look),
    bind(&[KeyContext::Item], &[letter('s')], Action::SendAgain, "send again", "Send this item again", true, CHANGES, Send),
    bind(&[KeyContext::Item], &[letter('w')], Action::SaveToFile, "save to file", "Save the payloads of this item to a file", true, READS, List),
    bind(&[KeyContext::Item], &[letter('W')], Action::Explain, "why", "Why this product is or is not on the storefront, or back to the item", true, READS, Look),
    // The panes share these.
    bind(&[KeyContext::Saas, KeyContext::Organization, KeyContext::Export, KeyContext::Log], &[letter('/')], Action::Filter, "filter", "Show only rows that contain a text", true, READS, List),
    bind(&[KeyContext::Keys, KeyContext::Saas, KeyContext::Organization, KeyContext::Item], &[letter('y')], Action::Copy, "copy", "Copy (never secrets)", true, READS, List),
    bind(&[KeyContext::Overview, KeyContext::Keys, KeyContext::Saas, KeyContext::Organization, KeyContext::Item, KeyContext::Log], &[letter('P')], Action::PlainText, "plain text", "Show as plain text without borders, to select with the mouse", true, READS, List),
    bind(PANES, &[letter('r')], Action::Refresh, "refresh", "Refresh", true, READS, Look),
    bind(PANES, &[letter('0')], Action::ShowOverview, "", "Show Overview", true, READS, Move),
    bind(PANES, &[letter('1')], Action::ShowKeys, "", "Show Keys", true, READS, Move),
    bind(PANES, &[letter('2')], Action::ShowSaas, "", "Show SaaS identifier", true, READS, Move),
    bind(PANES, &[letter('3')], Action::ShowOrganization, "", "Show IMS organization", true, READS, Move),
    bind(PANES, &[letter('4')], Action::ShowExport, "", "Show Data export", true, READS, Move),
    bind(PANES, &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::Right), letter('l')], Action::NextPane, "", "Next pane", false, READS, Move),
    bind(PANES, &[Key::Plain(KeyCode::BackTab), Key::Plain(KeyCode::Left), letter('h')], Action::PreviousPane, "", "Previous pane", false, READS, Move),
    bind(LISTS, &[Key::Plain(KeyCode::Up), letter('k')], Action::Up, "", "Move up", false, READS, Move),
    bind(LISTS, &[Key::Plain(KeyCode::Down), letter('j')], Action::Down, "", "Move down", false, READS, Move),
    bind(LISTS, &[Key::Plain(KeyCode::PageUp)], Action::PageUp, "", "Move up by ten", false, READS, Move),
    bind(LISTS, &[Key::Plain(KeyCode::PageDown)], Action::PageDown, "", "Move down by ten", false, READS, Move),
    bind(LISTS, &[Key::Plain(KeyCode::Home), letter('g')], Action::First, "", "Move to the first", false, READS, Move),
    bind(LISTS, &[Key::Plain(KeyCode::End), letter('G')], Action::Last, "", "Move to the last; in the log, follow new lines", false, READS, Move),
    // Editors and dialogs
    bind(&[KeyContext::Filter], &[ENTER], Action::Accept, "keep filter", "Keep the filter", false, READS, Screen),
    bind(&[KeyContext::Filter], &[ESC], Action::Back, "clear filter", "Clear the filter", false, READS, Screen),
    bind(&[KeyContext::Line], &[ENTER], Action::Accept, "OK", "OK", false, READS, Screen),
    bind(&[KeyContext::Line], &[Key::Plain(KeyCode::Tab)], Action::Complete, "", "Complete the path", false, READS, Screen),
    bind(&[KeyContext::Line], &[ESC], Action::Back, "cancel", "Cancel", false, READS, Screen),
    bind(&[KeyContext::KeyEditor], &[Key::Plain(KeyCode::Tab), Key::Plain(KeyCode::BackTab)], Action::SwitchFocus, "editor or button", "Switch between the text and the button", false, READS, Screen),
    bind(&[KeyContext::KeyEditor], &[ESC], Action::Back, "cancel", "Discard the pasted text", false, READS, Screen),
    bind(&[KeyContext::Question], &[letter('y')], Action::Accept, "yes", "Yes", false, READS, Screen),
    bind(&[KeyContext::Question], &[letter('n'), ESC], Action::Decline, "no", "No", false, READS, Screen),
    bind(&[KeyContext::Leaving], &[letter('y')], Action::Accept, "keep running", "Quit; the export continues without this screen", false, READS, Screen),
    bind(&[KeyContext::Leaving], &[letter('x')], Action::Stop, "stop and quit", "Stop the export after the batches in flight, then quit", false, CHANGES, Screen),
    bind(&[KeyContext::Leaving], &[letter('n'), ESC], Action::Decline, "stay", "Stay", false, READS, Screen),
    bind(&[KeyContext::Unsaved], &[letter('k')], Action::Accept, "keep and quit", "Keep the keys for the next start, then quit", false, READS, Screen),
    bind(&[KeyContext::Unsaved], &[letter('x')], Action::Discard, "discard and quit", "Discard the keys, then quit", false, READS, Screen),
    bind(&[KeyContext::Unsaved], &[letter('n'), ESC], Action::Decline, "stay", "Stay", false, READS, Screen),
    bind(&[KeyContext::Kept], &[letter('y')], Action::Accept, "continue with them", "Continue with these keys in Keys", false, READS, Screen),
    bind(&[KeyContext::Kept], &[letter('x')], Action::Discard, "delete", "Delete these keys", false, READS, Screen),
    bind(&[KeyContext::Kept], &[letter('n'), ESC], Action::Decline, "ask next time", "Keep them, and ask next time", false, READS, Screen),
    bind(&[KeyContext::Palette], &[ENTER], Action::Accept, "run", "Run the selected action", false, READS, Screen),
    bind(TYPED_LISTS, &[Key::Plain(KeyCode::Up)], Action::Up, "", "Move up", false, READS, Screen),
    bind(TYPED_LISTS, &[Key::Plain(KeyCode::Down)], Action::Down, "", "Move down", false, READS, Screen),
    bind(TYPED_LISTS, &[Key::Plain(KeyCode::PageUp)], Action::PageUp, "", "Move up by ten", false, READS, Screen),
    bind(TYPED_LISTS, &[Key::Plain(KeyCode::PageDown)], Action::PageDown, "", "Move down by ten", false, READS, Screen),
    bind(&[KeyContext::Help], &[ESC, ENTER], Action::Back, "close", "Close", false, READS, Screen),
    bind(&[KeyContext::Palette], &[ESC], Action::Back, "close", "Close the palette", false, READS, Screen),
    bind(&[KeyContext::Reading], &[ESC, ENTER, letter('q'), letter('?')], Action::Back, "close", "Close", false, READS, Move),
    // Everywhere
    bind(PANES, &[ESC], Action::Back, "", "Clear the filter, dismiss the newest notice, or go back", false, READS, Move),
    bind(PANES, &[letter('N')], Action::ShowNotices, "", "Read all notices, and dismiss them", true, READS, Look),
    bind(PANES, &[letter('?')], Action::Help, "help", "Keys", true, READS, Screen),
    bind(PANES, &[letter(':')], Action::Palette, "actions", "Command palette", false, READS, Screen),
    bind(PANES, &[letter('q')], Action::Quit, "quit", "Quit (asks if an export is running)", true, READS, Screen),
    bind(&[], &[Key::Ctrl('c')], Action::Interrupt, "", "Quit; press twice to stop the export and quit", false, READS, Screen),
    bind(&[], &[Key::Ctrl('l')], Action::Repaint, "", "Redraw screen", true, READS, Screen),
    bind(&[], &[Key::Ctrl('z')], Action::Suspend, "", "Suspend (fg to resume)", false, READS, Screen),
];
