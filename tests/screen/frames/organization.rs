//! Signing in and the IMS organization.

use commerce_connector::ims::models::{Organization, OrganizationId, PendingSignIn, SignIn, SignedIn, SignedInAs};
use commerce_connector::tui::panes::organization::requests::ImsReply;

use super::*;

/// As long as the address of Adobe's own IMS with the default scopes.
const ADDRESS: &str = "https://ims-na1.adobelogin.com/ims/authorize/v2?response_type=code&client_id=0123456789abcdef0123456789abcdef&state=oyAGh5L7P-anozwOPL4CoA&code_challenge=wGbyexzux2Ckk7s9I_LgGgBSqZLITnWtswu5KNWkYjg&code_challenge_method=S256&redirect_uri=https%3A%2F%2Flocalhost%2F&scope=openid%2CAdobeID%2Cemail%2Cprofile%2Cread_organizations";

fn reply(state: &mut State, reply: ImsReply) {
    state.update(Event::Reply(Reply::Ims(reply)), &now());
}

fn pane(sign_in: SignIn) -> State {
    let mut state = ready(Pane::Organization, DataSpaceKind::Testing);
    reply(&mut state, ImsReply::Status(Ok(sign_in)));
    state
}

fn pending(is_resumed: bool) -> State {
    let since = "2026-03-04T10:58:00Z".parse().unwrap();
    pane(SignIn::Pending(PendingSignIn { url: ADDRESS.into(), since, is_resumed }))
}

fn organization(number: usize) -> Organization {
    let names =
        ["Harbour & Sons Trading", "東京ストア", "Zürich \u{202e}Outfitters with a long name of its own", "Academy"];
    Organization {
        id: OrganizationId::new(&format!("{number:024X}"), "AdobeOrg"),
        name: names[number % names.len()].into(),
        kind: Some("Enterprise".into()),
        country: Some("DE".into()),
    }
}

pub fn signed_in() -> State {
    let mut state = pane(SignIn::In(SignedIn {
        kind: SignedInAs::Person,
        name: "Alex Harbour".into(),
        email: Some("alex@harbour.example".into()),
        until: "2026-03-05T11:00:00Z".parse().unwrap(),
        is_renewable: false,
        kept: "in /var/lib/commerce-connector/ims/tokens.json, unencrypted, readable only by its owner (mode 0600)"
            .into(),
    }));
    let chosen =
        Overview { organization: Some(organization(1).id.as_str().into()), ..overview(DataSpaceKind::Testing) };
    state.update(Event::Reply(Reply::Overview(chosen)), &now());
    reply(&mut state, ImsReply::Organizations(Ok((0..40).map(organization).collect())));
    state
}

pub fn states() -> Vec<State> {
    let mut qr = pending(false);
    press(&mut qr, "Q");
    let mut pasting = pending(true);
    press(&mut pasting, "p");
    vec![pane(SignIn::Out), pending(false), qr, pasting, signed_in()]
}

#[test]
fn nobody_is_signed_in() {
    snapshot("ims-out", &pane(SignIn::Out));
}

#[test]
fn a_sign_in_waits_for_its_address() {
    snapshot("ims-pending", &pending(true));
}

#[test]
fn the_address_is_pasted_back_unseen() {
    let mut state = pending(false);
    state.update(Event::Paste(Secret::new("https://localhost/?code=s3cret&state=s")), &now());
    for size in SIZES {
        assert!(!draw(&state, THEME, size).backend().to_string().contains("s3cret"));
    }
    let problem = Problem::usage("that URL belongs to another sign-in: its state does not match")
        .hint("open the URL shown now, and paste the one it redirects to");
    key(&mut state, KeyCode::Enter);
    reply(&mut state, ImsReply::SignedIn(Err(problem)));
    snapshot("ims-pasted", &state);
}

#[test]
fn the_address_as_a_qr_code() {
    let mut state = pending(false);
    press(&mut state, "Q");
    snapshot("ims-qr", &state);
    let look = Theme { colours: Colours::None, unicode: true };
    insta::assert_snapshot!("ims-qr-mono-120x40", draw(&state, look, (120, 40)).backend());
    let look = Theme { colours: Colours::None, unicode: false };
    insta::assert_snapshot!("ims-qr-ascii-140x72", draw(&state, look, (140, 72)).backend());
}

#[test]
fn a_camera_sees_the_same_code_in_cells_of_every_look() {
    let mut state = pending(false);
    press(&mut state, "Q");
    let seen = |colours, unicode| {
        let terminal = draw(&state, Theme { colours, unicode }, (150, 90));
        let dark = dark_modules(terminal.backend().buffer(), colours != Colours::None, unicode);
        assert!(dark.len() > 50, "a code is shown");
        dark
    };
    let expected: Vec<Vec<bool>> = {
        let code = qrcode::QrCode::with_error_correction_level(ADDRESS, qrcode::EcLevel::L).unwrap();
        let row = |y| (0..code.width()).map(|x| code[(x, y)] == qrcode::Color::Dark).collect();
        (0..code.width()).map(row).collect()
    };
    for (colours, unicode) in
        [(Colours::Text, true), (Colours::None, true), (Colours::Text, false), (Colours::None, false)]
    {
        assert_eq!(seen(colours, unicode), expected, "{colours:?}, unicode {unicode}");
    }
}

/// What is dark on the screen, cut to its rectangle, as a camera would find it.
fn dark_modules(buffer: &ratatui::buffer::Buffer, has_colours: bool, unicode: bool) -> Vec<Vec<bool>> {
    let size = *buffer.area();
    let mut rows = Vec::new();
    // Header, frame and footer are not part of it.
    for y in 3..size.height - 2 {
        let cells: Vec<_> = (2..size.width - 2).map(|x| &buffer[(x, y)]).collect();
        let halves = |cell: &ratatui::buffer::Cell| match cell.symbol() {
            "█" | "#" => (true, true),
            "▀" => (true, false),
            "▄" => (false, true),
            _ => (false, false),
        };
        let is_code = |cell: &ratatui::buffer::Cell| !has_colours || cell.bg != Color::Reset;
        let dark = |cell: &ratatui::buffer::Cell, drawn: bool| match (has_colours, unicode) {
            (true, true) => is_code(cell) && drawn,
            (true, false) => cell.bg == Color::Black,
            (false, _) => !drawn,
        };
        if unicode {
            rows.push(cells.iter().map(|cell| dark(cell, halves(cell).0)).collect::<Vec<_>>());
            rows.push(cells.iter().map(|cell| dark(cell, halves(cell).1)).collect::<Vec<_>>());
        } else {
            rows.push(cells.iter().map(|cell| dark(cell, halves(cell).0)).collect());
        }
    }
    if !has_colours {
        // What was never drawn is as dark as the code here: keep what lies inside the light border.
        return inside_of_light(&rows, unicode);
    }
    cut(&rows, if unicode { 1 } else { 2 })
}

/// The rectangle of what is dark; each module as one.
fn cut(rows: &[Vec<bool>], cells: usize) -> Vec<Vec<bool>> {
    let used = |row: &&Vec<bool>| row.contains(&true);
    let rows: Vec<&Vec<bool>> = rows.iter().filter(used).collect();
    let from = rows.iter().filter_map(|row| row.iter().position(|dark| *dark)).min().unwrap();
    let to = rows.iter().filter_map(|row| row.iter().rposition(|dark| *dark)).max().unwrap();
    rows.iter().map(|row| row[from..=to].iter().step_by(cells).copied().collect()).collect()
}

/// What lies inside the light border of a code that is drawn by its light modules.
fn inside_of_light(rows: &[Vec<bool>], unicode: bool) -> Vec<Vec<bool>> {
    let cells = if unicode { 1 } else { 2 };
    let is_light = |row: &&Vec<bool>| row.contains(&false);
    let rows: Vec<&Vec<bool>> = rows.iter().filter(is_light).collect();
    let from = rows[0].iter().position(|dark| !*dark).unwrap() + 2 * cells;
    let to = rows[0].iter().rposition(|dark| !*dark).unwrap() + 1 - 2 * cells;
    rows[2..rows.len() - 2].iter().map(|row| row[from..to].iter().step_by(cells).copied().collect()).collect()
}

#[test]
fn signed_in_with_many_organizations() {
    snapshot("ims-in", &signed_in());
}

#[test]
fn an_organization_that_is_not_seen_any_more() {
    let mut state = signed_in();
    let other = Overview { organization: Some("STALE@AdobeOrg".into()), ..overview(DataSpaceKind::Testing) };
    state.update(Event::Reply(Reply::Overview(other)), &now());
    press(&mut state, "/harb");
    insta::assert_snapshot!("ims-stale-80x24", draw(&state, THEME, (80, 24)).backend());
}

#[test]
fn a_sign_in_that_has_ended() {
    let at = "2026-03-04T09:00:00Z".parse().unwrap();
    insta::assert_snapshot!(
        "ims-expired-80x24",
        draw(&pane(SignIn::Expired { name: "Alex Harbour".into(), at }), THEME, (80, 24)).backend()
    );
}

#[test]
fn ims_that_does_not_answer() {
    let mut state = signed_in();
    let problem =
        Problem::new(Exit::TryAgain, "no usable response from IMS (ims-na1.adobelogin.com): no response for 60 s")
            .hint("check DNS, proxy and firewall, then try again");
    press(&mut state, "r");
    reply(&mut state, ImsReply::Status(Err(problem.clone())));
    reply(&mut state, ImsReply::Organizations(Err(problem)));
    snapshot("ims-trouble", &state);
}
