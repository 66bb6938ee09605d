//! The Keys pane.

use commerce_connector::tui::panes::keys::requests::KeysReply;

use super::*;

#[test]
fn keys_when_nothing_is_configured() {
    snapshot("keys-bare", &bare());
}

#[test]
fn keys_with_one_pair_accepted() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    state.update(
        Event::Reply(Reply::Keys(KeysReply::Verified { environment: Environment::Sandbox, result: Ok(()) })),
        &now(),
    );
    snapshot("keys-accepted", &state);
}

#[test]
fn keys_that_a_file_of_commerce_locks() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    let locked = PairStatus {
        environment: Environment::Sandbox,
        api_key: Half::Present {
            shown: "••••3f9a".into(),
            origin: "app/etc/env.php line 12".into(),
            locked: Some("app/etc/env.php line 12".into()),
        },
        private_key: Half::Present {
            shown: "RSA 2048 bits SHA256:4pN1xqVbJ0rTz7yKm2cEwU8sHdLg5aFiQoPvXn3RkYs".into(),
            origin: "core_config_data of the database shop".into(),
            locked: None,
        },
    };
    let production =
        PairStatus { environment: Environment::Production, api_key: Half::Missing, private_key: Half::Missing };
    state.update(Event::Reply(Reply::Keys(KeysReply::Pairs([production, locked]))), &now());
    let problem = Problem::new(
        Exit::Other,
        "cannot decrypt production_api_key with any of the 2 keys in app/etc/env.php: it was encrypted with another",
    );
    let settings = SettingsOverview {
        home: "core_config_data of the database shop".into(),
        problem: Some(problem),
        ..SettingsOverview::default()
    };
    let overview = Overview { settings: Box::new(settings), ..overview(DataSpaceKind::Testing) };
    state.update(Event::Reply(Reply::Overview(overview)), &now());
    snapshot("keys-locked", &state);
}

#[test]
fn keys_refused() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    let problem = Problem::new(
        Exit::Refused,
        "the gateway commerce-beta.adobe.io refused the sandbox keys: JWT is invalid (403053)",
    )
    .hint("check that both keys belong to one sandbox pair and that this server's clock is right");
    state.update(
        Event::Reply(Reply::Keys(KeysReply::Verified { environment: Environment::Sandbox, result: Err(problem) })),
        &now(),
    );
    snapshot("keys-refused", &state);
}

#[test]
fn a_private_key_is_never_shown_while_it_is_pasted() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    press(&mut state, "p");
    let body = "MIIEsecretsecretsecret";
    let text = format!("-----BEGIN PRIVATE KEY-----\r\n{body}\r\n{body}\r\n-----END PRIVATE KEY-----\r\n");
    state.update(Event::Paste(Secret::new(text)), &now());
    for size in SIZES {
        assert!(!draw(&state, THEME, size).backend().to_string().contains("secret"));
    }
    snapshot("keys-pasting", &state);
}

#[test]
fn an_api_key_is_never_shown_while_it_is_typed() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    press(&mut state, "A0123456789abcdef");
    for size in SIZES {
        assert!(!draw(&state, THEME, size).backend().to_string().contains("9abc"));
    }
    snapshot("keys-api-key", &state);
}
