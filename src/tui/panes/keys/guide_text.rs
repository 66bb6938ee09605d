//! Guides to read: where keys come from, and what a license gives.

use ratatui::text::Line;

use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::{Content, spaced};
use crate::tui::widgets::text::paragraph;

/// Who may generate keys, and where, in few words: what stands beside the pairs (protocol page §1, Adobe's page on the connector).
pub const WHERE_KEYS: [&str; 4] = [
    "Who: the license owner of Adobe Commerce, or the signer of the solution partner's contract. Shared Access to the account is not enough.",
    "Where: account.magento.com, API Portal, select Production or Sandbox in the Environment menu, enter a name, Add New.",
    "Copy or download the private key from the dialog: it is shown only once. If you lost it, generate a new pair.",
    "Generate both pairs, Production and Sandbox. They are not interchangeable.",
];

/// What a license includes (protocol page §2).
pub const LICENSE: &str =
    "Adobe Commerce: 1 production and 2 testing data spaces in a project. Magento Open Source: 1 production.";

/// Who may generate keys, where, and how they come into this program.
pub fn where_keys(theme: Theme, room: usize) -> Content {
    let key = |action| key_of(KeyContext::Keys, action);
    let here = format!(
        "Then here, for each pair: {}: API key, {}: private key ({}: from a file), {}: verify, then save. Both keys must be of the same pair and environment.",
        key(Action::PasteApiKey),
        key(Action::PastePrivateKey),
        key(Action::KeyFromFile),
        key(Action::Open),
    );
    let not_yours = "Not the owner? Ask for both pairs, four values. Never send a private key by mail or chat: have it put into a file on this server that only you can read (mode 0600).";
    let mut lines = spaced(WHERE_KEYS.map(|text| paragraph(text, room, theme.style(Role::Text))));
    for text in [&here, not_yours] {
        lines.push(Line::default());
        lines.extend(paragraph(text, room, theme.style(Role::Text)));
    }
    lines.push(Line::default());
    lines.extend(links(&["https://account.magento.com", CONNECTOR_GUIDE], theme, room));
    Content::text("Where keys come from", lines)
}

/// What a license includes, and how to ask for more.
pub fn license(theme: Theme, room: usize) -> Content {
    let texts = [
        LICENSE,
        "A project is created with all of its data spaces; none can be added or deleted here. The license limits the number of projects.",
        "A production data space is for the live shop. Two installations must not share one: each deletes the items of the other.",
        "For more data spaces, to empty one, or to delete a project, ask Adobe Commerce Support. Give them the project id and the data space id; y copies the selected one.",
    ];
    let mut lines = spaced(texts.map(|text| paragraph(text, room, theme.style(Role::Text))));
    lines.push(Line::default());
    lines.extend(links(&[SUPPORT, CONNECTOR_GUIDE], theme, room));
    Content::text("License and limits", lines)
}

/// Adobe's guide to connecting a shop.
const CONNECTOR_GUIDE: &str =
    "https://experienceleague.adobe.com/en/docs/commerce/user-guides/integration-services/saas";
/// Adobe's support.
const SUPPORT: &str = "https://experienceleague.adobe.com/home?support-tab=home#support";

/// Addresses, each beginning a line of its own.
fn links(addresses: &[&str], theme: Theme, room: usize) -> Vec<Line<'static>> {
    addresses.iter().flat_map(|address| paragraph(address, room, theme.style(Role::Accent))).collect()
}
