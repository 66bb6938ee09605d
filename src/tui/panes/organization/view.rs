//! The pane of signing in and of the IMS organization.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::error::Problem;
use crate::format::counted;
use crate::ims::models::{Organization, PendingSignIn, SignIn, SignedIn, SignedInAs};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::organization::OrganizationPane;
use crate::tui::panes::{Load, View};
use crate::tui::remedy::words;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::dialog::LinePurpose;
use crate::tui::widgets::text::{fit, full_moment, left, paragraph, time};
use crate::untrusted::SafeText;

/// The width of the mark of what is in use, in cells.
const IN_USE: usize = 8;
/// The width from which the id stands beside every name, in cells.
const WITH_IDS: usize = 90;
/// The width from which it stands beside the selected one, in cells.
const WITH_ID: usize = 70;
/// The width of an organization id: 24 hexadecimal digits and `@AdobeOrg`.
const ID: usize = 33;

/// The height from which there is room for more than who is signed in and the list, in rows.
const ROOMY: u16 = 14;

/// What signing in is for.
pub const WHAT_FOR: [&str; 2] = [
    "Signing in is optional. It lists the IMS organizations of your Adobe ID, and saves the selected one for Commerce's services. Exports do not need it: they are signed with the key pair.",
    "This server needs no browser: open the URL anywhere, sign in, and paste the URL you were redirected to.",
];

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, OrganizationPane>, theme: Theme) {
    if let Some(address) = view.pane.address().filter(|_| view.pane.is_qr) {
        crate::tui::widgets::qr::draw(frame, area, address, theme);
        return;
    }
    let (main, side) = match view.pane.sign_in {
        // The address needs the whole width.
        SignIn::Pending(_) => (area, None),
        _ => crate::tui::widgets::list::with_side(area),
    };
    let room = usize::from(main.width);
    let mut lines = failure(view, theme, room);
    match &view.pane.sign_in {
        SignIn::Out => lines.extend(out(view, theme, room, side.is_none())),
        SignIn::Pending(pending) => lines.extend(waiting(pending, theme, room)),
        SignIn::In(signed_in) => {
            lines.extend(who(signed_in, view, theme, room, main.height >= ROOMY));
            if main.height >= ROOMY {
                lines.push(Line::default());
            }
            let height = usize::from(main.height).saturating_sub(lines.len());
            lines.extend(organizations(view, theme, room, height));
        }
        SignIn::Expired { name, at } => {
            let text = format!("▲ The sign-in of {name} expired at {}.", full_moment(*at, view.wall));
            lines.extend(paragraph(&text, room, theme.style(Role::Warning)));
            let text = format!("Sign in again: {}.", key_of(KeyContext::Organization, Action::SignIn));
            lines.extend(paragraph(&text, room, theme.style(Role::Text)));
            lines.extend(saved(view, theme, room));
        }
    }
    frame.render_widget(Paragraph::new(lines), main);
    if let Some(side) = side {
        let mut lines = vec![Line::styled("What this is for", theme.style(Role::Title))];
        for text in WHAT_FOR {
            lines.push(Line::default());
            lines.extend(paragraph(text, usize::from(side.width), theme.style(Role::Dim)));
        }
        frame.render_widget(Paragraph::new(lines), side);
    }
}

/// Title and text of a dialog that asks for something about signing in.
pub fn line_words(purpose: &LinePurpose) -> (&'static str, String) {
    match purpose {
        LinePurpose::ImsClientId => (
            "Sign in as a service: client id",
            "Type or paste the client id of an OAuth server-to-server credential of the Adobe Developer Console. The secret comes next.".to_owned(),
        ),
        LinePurpose::ImsClientSecret { client_id } => (
            "Sign in as a service: client secret",
            format!(
                "Paste the client secret of {}; only its length is shown; it is not stored. Or type @ and the path of a file that contains it (mode 0600).",
                SafeText::new(client_id)
            ),
        ),
        _ => (
            "Paste the redirect URL",
            "After signing in, your browser may show an error page; ignore it. Copy the full URL from the address bar and paste it here. It contains a code, so only its length is shown.".to_owned(),
        ),
    }
}

/// What went wrong with the last thing that was asked of IMS.
fn failure(view: View<'_, OrganizationPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    match &view.pane.status {
        Load::Loading => vec![Line::styled("◌ waiting for IMS …", theme.style(Role::Accent))],
        Load::Failed { problem } => failed(problem, theme, room),
        Load::NotAsked | Load::Done { .. } => Vec::new(),
    }
}

fn failed(problem: &Problem, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = paragraph(&format!("✗ {}", problem.what), room, theme.style(Role::Danger));
    let again = key_of(KeyContext::Organization, Action::Refresh);
    let hint = problem.hint.as_ref().map(|hint| format!("{}; ", words(hint))).unwrap_or_default();
    lines.extend(paragraph(&format!("{hint}{again}: retry"), room, theme.style(Role::Dim)));
    lines
}

fn out(view: View<'_, OrganizationPane>, theme: Theme, room: usize, with_reason: bool) -> Vec<Line<'static>> {
    let sign_in = key_of(KeyContext::Organization, Action::SignIn);
    let service = key_of(KeyContext::Organization, Action::SignInAsService);
    let mut lines = vec![Line::styled("○ Not signed in", theme.style(Role::Title))];
    let text = format!("{sign_in}: sign in with an Adobe ID · {service}: as a service, with client credentials");
    lines.extend(paragraph(&text, room, theme.style(Role::Text)));
    lines.extend(saved(view, theme, room));
    if with_reason {
        for text in WHAT_FOR {
            lines.push(Line::default());
            lines.extend(paragraph(text, room, theme.style(Role::Dim)));
        }
    }
    lines
}

/// The address, whole and on lines of its own, before anything else that could push it out of sight.
fn waiting(pending: &PendingSignIn, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let key = |action| key_of(KeyContext::Organization, action);
    let begun = if pending.is_resumed { "Resumed sign-in." } else { "Sign-in pending." };
    let mut lines = paragraph(&format!("{begun} Open this URL anywhere:"), room, theme.style(Role::Title));
    lines.extend(paragraph(pending.url.as_str(), room, theme.style(Role::Accent)));
    let text = format!(
        "{}: paste the URL you were redirected to, even if it does not open. {}: copy, {}: plain text, {}: QR code.",
        key(Action::PasteBack),
        key(Action::Copy),
        key(Action::PlainText),
        key(Action::QrCode),
    );
    lines.extend(paragraph(&text, room, theme.style(Role::Text)));
    lines
}

/// Who is signed in, until when, and where the tokens are.
fn who(
    signed_in: &SignedIn,
    view: View<'_, OrganizationPane>,
    theme: Theme,
    room: usize,
    is_roomy: bool,
) -> Vec<Line<'static>> {
    let name = match (signed_in.kind, &signed_in.email) {
        (SignedInAs::Service, _) => format!("the service {}", signed_in.name),
        (SignedInAs::Person, Some(email)) => format!("{} ({email})", signed_in.name),
        (SignedInAs::Person, None) => signed_in.name.to_string(),
    };
    let until = full_moment(signed_in.until, view.wall);
    let then = if signed_in.is_renewable { "then renewed" } else { "then sign in again" };
    let mut lines = paragraph(&format!("● Signed in as {name} until {until}, {then}"), room, theme.style(Role::Good));
    if is_roomy {
        lines.extend(paragraph(&format!("Tokens: {}", signed_in.kept), room, theme.style(Role::Dim)));
    }
    lines.extend(saved(view, theme, room));
    lines
}

/// The organization that is saved, and what stands against it.
fn saved(view: View<'_, OrganizationPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some(id) = &view.overview.organization else {
        return paragraph("No IMS organization selected yet.", room, theme.style(Role::Dim));
    };
    let locked = view.overview.settings.organization_locked.as_ref();
    let locked = locked.map(|locked| format!(", locked by {locked}")).unwrap_or_default();
    let known = view.pane.organizations.iter().find(|known| known.id.as_str() == id.as_str());
    let name = known.map(|known| format!("{}, ", known.name)).unwrap_or_default();
    let mut lines = paragraph(&format!("Organization: {name}{id}{locked}"), room, theme.style(Role::Text));
    if view.pane.does_not_see(id.as_str()) {
        let text =
            "▲ Your account has no access to the saved organization. Choose another, or sign in with another Adobe ID.";
        lines.extend(paragraph(text, room, theme.style(Role::Warning)));
    }
    lines
}

/// The list, with how fresh it is.
fn organizations(view: View<'_, OrganizationPane>, theme: Theme, room: usize, height: usize) -> Vec<Line<'static>> {
    let pane = &view.pane;
    let rows = pane.rows();
    let mut lines = head(view, theme, room);
    if rows.is_empty() {
        let text = match (&pane.load, pane.filter.is_set()) {
            (_, true) => "No matches. Esc: clear the filter.",
            (Load::Done { .. }, false) => "This Adobe ID has no IMS organization.",
            _ => "",
        };
        lines.extend(paragraph(text, room, theme.style(Role::Text)));
    }
    let list_height = height.saturating_sub(lines.len()).max(1);
    let from = crate::tui::widgets::list::window(pane.selected, rows.len(), list_height);
    for (number, organization) in rows.into_iter().enumerate().skip(from).take(list_height) {
        lines.push(row(organization, number == pane.selected, view, theme, room));
    }
    lines
}

fn head(view: View<'_, OrganizationPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let pane = &view.pane;
    if pane.filter.editing || pane.filter.is_set() {
        return vec![crate::tui::widgets::filter::filter_line(&pane.filter, theme, room)];
    }
    let age = pane.loaded_at.as_ref().map(|at| format!(" as of {}", time(at))).unwrap_or_default();
    match &pane.load {
        Load::NotAsked => Vec::new(),
        Load::Loading => vec![Line::styled("◌ loading the organizations …", theme.style(Role::Accent))],
        Load::Failed { problem } => {
            // What stands above already is not said twice.
            let is_said = matches!(&pane.status, Load::Failed { problem: above } if above == problem);
            let mut lines = if is_said { Vec::new() } else { failed(problem, theme, room) };
            if pane.loaded_at.is_some() {
                let text = format!("Last known list{age}:");
                lines.extend(paragraph(&text, room, theme.style(Role::Dim)));
            }
            lines
        }
        Load::Done { .. } => {
            let count = u64::try_from(pane.organizations.len()).unwrap_or(u64::MAX);
            let choose = key_of(KeyContext::Organization, Action::Open);
            let text = format!("{}{age}; {choose}: choose", counted(count, "organization"));
            vec![Line::styled(fit(&text, room), theme.style(Role::Dim))]
        }
    }
}

fn row(
    organization: &Organization,
    is_selected: bool,
    view: View<'_, OrganizationPane>,
    theme: Theme,
    room: usize,
) -> Line<'static> {
    let in_use = view.overview.organization.as_ref().is_some_and(|id| id.as_str() == organization.id.as_str());
    let mark = match (in_use, &view.overview.settings.organization_locked) {
        (true, Some(_)) => "▲ locked",
        (true, None) => "● in use",
        (false, _) => "",
    };
    let id = if room >= WITH_IDS || is_selected { organization.id.as_str() } else { "" };
    let id_room = if room >= WITH_ID { ID } else { 0 };
    let name_room = room.saturating_sub(2 + 2 + id_room + 2 + IN_USE);
    let line = Line::from(vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
        Span::styled(left(organization.name.as_str(), name_room), theme.style(Role::Text)),
        Span::styled(format!("  {}", left(id, id_room)), theme.style(Role::Dim)),
        Span::styled(format!("  {}", left(mark, IN_USE)), theme.style(Role::Good)),
    ]);
    crate::tui::widgets::list::selected(line, is_selected)
}
