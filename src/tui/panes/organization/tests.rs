//! Signing in and organizations.

use crate::connector::ClientSecret;
use crate::ims::models::{Organization, OrganizationId, PendingSignIn, SignIn, SignedIn, SignedInAs};
use crate::tui::model::tests::*;
use crate::tui::panes::organization::requests::{ImsReply, ImsWork};
use crate::tui::widgets::copyable::Copyable;

const ADDRESS: &str = "https://ims.example/ims/authorize/v2?state=s";

fn ims(state: &mut State, reply: ImsReply) -> Effects {
    state.update(Event::Reply(Reply::Ims(reply)), &now())
}

fn pane(sign_in: SignIn) -> State {
    let mut state = state(Pane::Keys, None);
    let effects = press(&mut state, '3');
    assert!(matches!(effects.as_slice(), [Effect::Work(Work::Ims(ImsWork::Status))]), "{effects:?}");
    ims(&mut state, ImsReply::Status(Ok(sign_in)));
    state
}

fn pending() -> SignIn {
    SignIn::Pending(PendingSignIn {
        url: ADDRESS.into(),
        since: "2026-03-04T11:00:00Z".parse().unwrap(),
        is_resumed: false,
    })
}

fn alex() -> SignedIn {
    SignedIn {
        kind: SignedInAs::Person,
        name: "Alex".into(),
        email: None,
        until: "2026-03-05T11:00:00Z".parse().unwrap(),
        is_renewable: false,
        kept: "in a file".into(),
    }
}

fn organizations() -> Vec<Organization> {
    let organization = |ident: &str, name: &str| Organization {
        id: OrganizationId::new(ident, "AdobeOrg"),
        name: name.into(),
        kind: None,
        country: None,
    };
    vec![organization("1", "Harbour"), organization("2", "Academy"), organization("3", "Harbour East")]
}

fn signed_in() -> State {
    let mut state = pane(SignIn::In(alex()));
    ims(&mut state, ImsReply::Organizations(Ok(organizations())));
    state
}

fn notice(state: &State) -> &str {
    state.notices.newest().map_or("", |notice| notice.text.as_str())
}

#[test]
fn enter_leads_from_the_address_to_the_chosen_organization() {
    let mut state = pane(SignIn::Out);
    assert!(matches!(key(&mut state, KeyCode::Enter).as_slice(), [Effect::Work(Work::Ims(ImsWork::Begin))]));
    assert!(press(&mut state, 'S').is_empty(), "it is begun once");
    let SignIn::Pending(begun) = pending() else { unreachable!() };
    ims(&mut state, ImsReply::Begun(Ok(begun)));
    key(&mut state, KeyCode::Enter);
    assert_eq!(state.place(), KeyContext::Line);
    paste(&mut state, " https://localhost/?code=c\r\n&state=s ");
    let effects = key(&mut state, KeyCode::Enter);
    let [Effect::Work(Work::Ims(ImsWork::Finish(pasted)))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(pasted.expose(), "https://localhost/?code=c&state=s");
    let effects = ims(&mut state, ImsReply::SignedIn(Ok(alex())));
    assert!(matches!(effects.as_slice(), [Effect::Work(Work::Ims(ImsWork::LoadOrganizations))]), "{effects:?}");
    assert!(state.dialog.is_none());
    assert_eq!(notice(&state), "signed in as Alex; the tokens are in a file");
    ims(&mut state, ImsReply::Organizations(Ok(organizations())));
    key(&mut state, KeyCode::Down);
    let effects = key(&mut state, KeyCode::Enter);
    let [Effect::Work(Work::Ims(ImsWork::Select(id)))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(id.as_str(), "2@AdobeOrg");
    let chosen = Overview { organization: Some("2@AdobeOrg".into()), ..overview(None) };
    ims(&mut state, ImsReply::Selected(Ok(chosen)));
    assert_eq!(notice(&state), "2@AdobeOrg is now the IMS organization, saved in /tmp/config.toml");
    assert!(key(&mut state, KeyCode::Enter).is_empty(), "it is in use already");
}

#[test]
fn a_bad_paste_stays_in_the_dialog_with_its_sentence() {
    let mut state = pane(pending());
    press(&mut state, 'p');
    paste(&mut state, "nonsense");
    key(&mut state, KeyCode::Enter);
    ims(&mut state, ImsReply::SignedIn(Err(Problem::usage("the pasted text is not a URL").hint("copy all"))));
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("the dialog is gone") };
    assert_eq!(line.error.as_deref(), Some("the pasted text is not a URL: copy all"));
    assert!(!line.busy);
    assert!(matches!(state.organization.sign_in, SignIn::Pending(_)), "it still waits");
    key(&mut state, KeyCode::Esc);
    ims(&mut state, ImsReply::SignedIn(Err(Problem::usage("too late"))));
    assert_eq!(notice(&state), "too late", "whoever closed the dialog is told all the same");
}

#[test]
fn an_address_pasted_into_the_pane_opens_the_dialog_with_it() {
    let mut state = pane(pending());
    paste(&mut state, "https://localhost/?code=c&state=s");
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("no dialog") };
    assert_eq!((&line.purpose, line.editor.text()), (&LinePurpose::PasteBack, "https://localhost/?code=c&state=s"));
    let mut state = pane(SignIn::Out);
    paste(&mut state, "https://localhost/?code=c&state=s");
    assert!(state.dialog.is_none(), "nothing waits for it");
}

#[test]
fn what_is_not_possible_is_said() {
    let mut state = pane(SignIn::Out);
    for (letter, words) in [
        ('p', "no sign-in is pending"),
        ('Q', "no URL to show as a QR code"),
        ('y', "no URL to copy"),
        ('P', "no URL to show"),
        ('o', "not signed in"),
    ] {
        assert!(press(&mut state, letter).is_empty(), "{letter}");
        assert!(notice(&state).contains(words), "{letter}: {}", notice(&state));
    }
    let mut state = signed_in();
    assert!(press(&mut state, 'S').is_empty());
    assert!(notice(&state).contains("already signed in as Alex"));
    state.overview.settings.organization_locked = Some("app/etc/env.php line 3".into());
    assert!(key(&mut state, KeyCode::Enter).is_empty());
    assert!(notice(&state).contains("locked by app/etc/env.php line 3"));
}

#[test]
fn the_address_and_the_selected_id_can_be_copied_and_shown_plainly() {
    let mut state = pane(pending());
    let address = Copyable::line("the URL to open", ADDRESS);
    assert!(matches!(press(&mut state, 'y').as_slice(), [Effect::Copy(text)] if *text == address));
    assert!(matches!(press(&mut state, 'P').as_slice(), [Effect::ShowPlain(text)] if *text == address));
    press(&mut state, 'Q');
    assert!(state.organization.is_qr);
    key(&mut state, KeyCode::Esc);
    assert!(!state.organization.is_qr);
    let mut state = signed_in();
    press(&mut state, 'j');
    let id = Copyable::line("the organization id", "2@AdobeOrg");
    assert!(matches!(press(&mut state, 'y').as_slice(), [Effect::Copy(text)] if *text == id));
    let effects = press(&mut state, 'P');
    let [Effect::ShowPlain(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(text.joined("\n"), "1@AdobeOrg  Harbour\n2@AdobeOrg  Academy\n3@AdobeOrg  Harbour East");
}

#[test]
fn a_filter_narrows_what_enter_chooses() {
    let mut state = signed_in();
    press(&mut state, '/');
    type_text(&mut state, "east");
    key(&mut state, KeyCode::Enter);
    let effects = key(&mut state, KeyCode::Enter);
    assert!(
        matches!(effects.as_slice(), [Effect::Work(Work::Ims(ImsWork::Select(id)))] if id.as_str() == "3@AdobeOrg")
    );
}

#[test]
fn a_saved_organization_that_is_not_seen_is_known_once_the_list_is() {
    let mut state = pane(SignIn::In(alex()));
    assert!(!state.organization.does_not_see("gone@AdobeOrg"), "not known yet");
    ims(&mut state, ImsReply::Organizations(Ok(organizations())));
    assert!(state.organization.does_not_see("gone@AdobeOrg"));
    assert!(!state.organization.does_not_see("2@AdobeOrg"));
}

#[test]
fn trouble_keeps_what_was_known_and_a_refusal_looks_again_once() {
    let mut state = signed_in();
    let effects = press(&mut state, 'r');
    assert_eq!(effects.len(), 3, "the configuration, where it stands, and the list");
    ims(&mut state, ImsReply::Status(Ok(SignIn::In(alex()))));
    let gone = Problem::new(Exit::TryAgain, "no usable response from IMS");
    assert!(ims(&mut state, ImsReply::Organizations(Err(gone))).is_empty());
    assert_eq!(state.organization.rows().len(), 3);
    assert!(matches!(state.organization.load, Load::Failed { .. }));
    press(&mut state, 'r');
    ims(&mut state, ImsReply::Status(Ok(SignIn::In(alex()))));
    let refused = Problem::new(Exit::Refused, "IMS refused");
    let effects = ims(&mut state, ImsReply::Organizations(Err(refused)));
    assert!(matches!(effects.as_slice(), [Effect::Work(Work::Ims(ImsWork::Status))]), "{effects:?}");
    assert!(ims(&mut state, ImsReply::Status(Ok(SignIn::In(alex())))).is_empty(), "no circle");
}

#[test]
fn a_service_gives_its_id_and_its_secret_or_the_file_of_it() {
    let mut state = pane(SignIn::Out);
    press(&mut state, 'K');
    assert!(key(&mut state, KeyCode::Enter).is_empty(), "an id is needed");
    type_text(&mut state, "client");
    key(&mut state, KeyCode::Enter);
    type_text(&mut state, "s3cret");
    let Some(Dialog::Line(line)) = &state.dialog else { panic!("no dialog") };
    assert!(line.purpose.is_secret("s3cret") && !line.purpose.is_secret("@/root/secret"));
    let effects = key(&mut state, KeyCode::Enter);
    let [Effect::Work(Work::Ims(ImsWork::SignInAsService { client_id, secret }))] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert!(client_id == "client" && matches!(secret, ClientSecret::Pasted(secret) if secret.expose() == "s3cret"));
    assert!(!format!("{effects:?}").contains("s3cret"));
    ims(&mut state, ImsReply::SignedIn(Err(Problem::new(Exit::Refused, "client_secret is wrong"))));
    for _ in 0.."s3cret".len() {
        key(&mut state, KeyCode::Backspace);
    }
    type_text(&mut state, "@/root/secret");
    let effects = key(&mut state, KeyCode::Enter);
    assert!(matches!(effects.as_slice(),
        [Effect::Work(Work::Ims(ImsWork::SignInAsService { secret: ClientSecret::InFile(file), .. }))]
            if file.to_str() == Some("/root/secret")));
}

#[test]
fn signing_out_is_asked_and_forgets_the_list() {
    let mut state = signed_in();
    press(&mut state, 'o');
    assert!(matches!(state.dialog, Some(Dialog::Question(Question::SignOut))));
    assert!(matches!(press(&mut state, 'y').as_slice(), [Effect::Work(Work::Ims(ImsWork::SignOut))]));
    ims(&mut state, ImsReply::SignedOut(Ok(Some("not revoked".into()))));
    assert_eq!(state.organization.sign_in, SignIn::Out);
    assert!(state.organization.organizations.is_empty());
    assert_eq!(notice(&state), "not revoked");
    let mut state = pane(pending());
    assert!(matches!(press(&mut state, 'o').as_slice(), [Effect::Work(Work::Ims(ImsWork::SignOut))]), "just begun");
}

#[test]
fn a_token_ends_by_itself_unless_it_is_renewed() {
    let at = |hour: i8| {
        let wall = now().wall.with().day(5).hour(hour).build().unwrap();
        Now { wall, ..now() }
    };
    let mut state = signed_in();
    state.update(Event::Clock, &at(11));
    assert!(matches!(state.organization.sign_in, SignIn::In(_)));
    state.update(Event::Clock, &at(13));
    assert!(matches!(&state.organization.sign_in, SignIn::Expired { name, .. } if name.as_str() == "Alex"));
    assert_eq!(state.organization.next_step(), Action::SignIn);
    let mut state = pane(SignIn::In(SignedIn { is_renewable: true, ..alex() }));
    state.update(Event::Clock, &at(13));
    assert!(matches!(state.organization.sign_in, SignIn::In(_)));
}
