//! Sign-in by paste-back and by client credentials, renewal, sign-out, organizations.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::ims::kit::Kit;
use crate::support::browser::{browser, sent_back};
use crate::support::home::{stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_pasting_back_and_chooses_an_organization() {
    let kit = Kit::new().await;
    let home = &kit.home;
    assert_eq!(home.run(&["ims", "status"]).status.code(), Some(4));
    let address = kit.begin();
    assert_eq!(kit.begin(), address, "what was begun is gone on with");
    let pending = home.run(&["ims", "status", "--json"]);
    assert!(stdout(&pending).contains("\"state\":\"pending\""), "{}", stdout(&pending));

    let back = sent_back(&address, "allow").await;
    let broken = format!(" \"{}\n  {}\"\r\n", &back[..40], &back[40..]);
    let output = kit.run(&["ims", "login", "--json"], &broken);
    let lines: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["state"], &lines[1]["state"]), (&json!("pending"), &json!("signed_in")), "{lines:?}");
    assert_eq!((&lines[1]["name"], &lines[1]["kind"]), (&json!("Alex Harbour"), &json!("person")));
    assert_eq!(lines[1]["renewable"], false, "a client without a secret gets no refresh token");
    let tokens = kit.tokens();
    let access = tokens["tokens"]["access"].as_str().expect("a token");
    assert!(!stdout(&output).contains(access) && !stderr(&output).contains(access));
    let mode = std::fs::metadata(kit.tokens_file()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(home.ok(&["ims", "login"]).contains("Signed in as Alex Harbour"), "already");

    let organizations = home.json(&["ims", "organizations"]);
    assert_eq!(organizations.len(), 2);
    let id = organizations[1]["id"].as_str().expect("an id");
    assert!(home.ok(&["ims", "select", id]).contains(id));
    assert_eq!(home.json(&["ims", "organizations"])[1]["in_use"], true);
    let unseen = home.run(&["ims", "select", "0123456789ABCDEF01234567@AdobeOrg"]);
    assert_eq!(unseen.status.code(), Some(2), "{}", stderr(&unseen));
    assert_eq!(home.run(&["ims", "select", "Sandbox Academy"]).status.code(), Some(2));

    assert!(kit.takes(access).await);
    home.ok(&["ims", "logout"]);
    assert!(!kit.takes(access).await, "it was revoked");
    assert!(!kit.tokens_file().exists());
    assert_eq!(home.run(&["ims", "organizations"]).status.code(), Some(4));
    assert_eq!(home.json(&["ims", "logout"])[0]["state"], "out", "a second time is no failure");
    assert_eq!(home.ok(&["ims", "logout"]), "Not signed in; nothing to do.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_paste_has_its_sentence_and_the_next_one_may_be_good() {
    let kit = Kit::new().await;
    let nothing = kit.run(&["ims", "login", "--url", "-"], "https://localhost/?code=c&state=s");
    assert!(stderr(&nothing).contains("no sign-in pending"), "{}", stderr(&nothing));
    let address = kit.begin();
    let good = sent_back(&address, "allow").await;
    let denied = sent_back(&address, "deny").await;
    let (code, state) = good.split_once("&state=").expect("a state");
    for (pasted, exit, words) in [
        (String::new(), 2, "nothing was pasted"),
        ("hello".to_owned(), 2, "not a URL"),
        (address.clone(), 2, "the URL to open"),
        (format!("https://evil.example/?state={state}&code=1"), 2, "a URL of evil.example/"),
        (code.to_owned(), 2, "cut off: state is missing"),
        (format!("{code}&state={}", &state[..6]), 2, "cut off: a part of state"),
        (format!("https://localhost/?state={state}"), 2, "cut off: code is missing"),
        (format!("{code}&state=another"), 2, "belongs to another sign-in"),
        (denied, 4, "access_denied"),
        (
            format!("https://localhost/?error=invalid_scope&error_description=no+such+scope&state={state}"),
            4,
            "invalid_scope: no such scope",
        ),
        (format!("https://localhost/?code=0123&state={state}"), 4, "expired or was already used"),
    ] {
        let output = kit.run(&["ims", "login", "--url", "-"], &pasted);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(exit), "{pasted}: {told}");
        assert!(told.contains(words) && told.contains("fix: "), "{words:?} is missing in: {told}");
        assert!(!told.contains(&code["https://localhost/?code=".len()..]), "no code is repeated: {told}");
    }
    assert!(kit.run(&["ims", "login", "--url", "-"], &good).status.success(), "the sign-in still waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once() {
    let kit = Kit::new().await;
    let address = kit.begin();
    let back = sent_back(&address, "allow").await;
    assert!(kit.run(&["ims", "login", "--url", "-"], &back).status.success());
    kit.home.ok(&["ims", "logout"]);
    assert_ne!(kit.begin(), address, "another sign-in has another state");
    let again = kit.run(&["ims", "login", "--url", "-"], &back);
    assert!(stderr(&again).contains("another sign-in"), "{}", stderr(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_is_renewed_where_it_can_be_else_the_person_is_asked() {
    let kit = Kit::new().await;
    kit.sign_in().await;
    kit.end_token();
    let status = kit.home.run(&["ims", "status"]);
    assert_eq!(status.status.code(), Some(4));
    assert!(stdout(&status).contains("The sign-in of Alex Harbour expired at 2026-01-01"), "{}", stdout(&status));
    let output = kit.home.run(&["ims", "organizations"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("sign in again"), "{}", stderr(&output));

    // A Web App with offline_access.
    let secret = kit.secret_file().display().to_string();
    let web_app = format!("client_secret_file = \"{secret}\"\nscopes = \"openid,offline_access\"\n");
    kit.configure(&kit.sandbox.ready.url, &web_app);
    kit.sign_in().await;
    assert_eq!(kit.home.json(&["ims", "status"])[0]["renewable"], true);
    kit.end_token();
    let before = kit.tokens();
    assert_eq!(kit.home.json(&["ims", "organizations"]).len(), 2);
    let after = kit.tokens();
    assert_ne!(before["tokens"]["access"], after["tokens"]["access"]);
    assert_ne!(before["tokens"]["refresh"], after["tokens"]["refresh"], "a refresh token works once");
    kit.home.ok(&["ims", "logout"]);
    assert!(!kit.takes(after["tokens"]["access"].as_str().expect("a token")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_revoked_elsewhere_asks_to_sign_in_again() {
    let kit = Kit::new().await;
    kit.sign_in().await;
    let access = kit.tokens()["tokens"]["access"].as_str().expect("a token").to_owned();
    let url = format!("{}/ims/revoke", kit.sandbox.ready.url);
    browser().post(url).form(&[("token", access)]).send().await.expect("an answer");
    let output = kit.home.run(&["ims", "organizations"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("sign in again"), "{}", stderr(&output));
    assert!(stdout(&kit.home.run(&["ims", "status"])).contains("The sign-in of Alex Harbour expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_signs_in_with_its_credentials() {
    let kit = Kit::new().await;
    let secret_file = kit.secret_file().display().to_string();
    let secret = std::fs::read_to_string(kit.secret_file()).expect("a secret");
    let login = ["ims", "login", "--client-credentials"];
    let missing = kit.home.run(&login);
    assert!(stderr(&missing).contains("client secret of the service is missing"), "{}", stderr(&missing));
    let wrong = kit.run(&[&login[..], &["--client-secret-file", "-"]].concat(), "wrong-secret");
    assert_eq!(wrong.status.code(), Some(4));
    assert!(stderr(&wrong).contains("client_secret is wrong") && !stderr(&wrong).contains("wrong-secret"));
    let piped = kit.run(&[&login[..], &["--client-secret-file", "-", "--json"]].concat(), &format!("{secret}\n"));
    assert!(piped.status.success(), "{}", stderr(&piped));
    assert!(stdout(&piped).contains("\"kind\":\"service\"") && !stdout(&piped).contains(&secret));
    let stored = std::fs::read_to_string(kit.tokens_file()).expect("tokens");
    assert!(!stored.contains(&secret), "the secret is not kept");

    let id_file = kit.home.path("id.txt");
    std::fs::write(&id_file, &kit.sandbox.ready.sandbox.api_key).expect("written");
    let other = kit.sandbox.ready.sandbox.client_secret_file.display().to_string();
    let id = id_file.display().to_string();
    kit.home.ok(&[&login[..], &["--client-id-file", &id, "--client-secret-file", &other]].concat());

    kit.configure(&kit.sandbox.ready.url, &format!("client_secret_file = \"{secret_file}\"\n"));
    kit.home.ok(&login);
    assert_eq!(kit.home.json(&["ims", "status"])[0]["renewable"], true, "the configuration names the secret");
    kit.end_token();
    assert_eq!(kit.home.json(&["ims", "organizations"]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_in_memory_only_leave_no_file() {
    let kit = Kit::with("token_store = \"memory\"\n").await;
    let secret = kit.secret_file().display().to_string();
    let text = kit.home.ok(&["ims", "login", "--client-credentials", "--client-secret-file", &secret]);
    assert!(text.contains("in memory only"), "{text}");
    assert!(!kit.tokens_file().exists());
    assert_eq!(kit.home.run(&["ims", "status"]).status.code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_is_not_seen_any_more_is_said_so() {
    let kit = Kit::new().await;
    kit.configure(&kit.sandbox.ready.url, "[saas]\nims_organization_id = \"STALE@AdobeOrg\"\n");
    kit.sign_in().await;
    let output = kit.home.run(&["ims", "organizations", "--json"]);
    assert!(stdout(&output).contains("\"type\":\"organization_not_seen\""), "{}", stdout(&output));
    assert!(stderr(&output).contains("no access to the saved organization STALE@AdobeOrg"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_and_what_is_read_only_is_refused() {
    let kit = Kit::new().await;
    kit.sign_in().await;
    let select = ["ims", "select", "7F31B2C45D6E8A90B1C2D3E4@AdobeOrg"];
    let variable = ("COMMERCE_CONNECTOR_SAAS_IMS_ORGANIZATION_ID", "OTHER@AdobeOrg");
    let output = kit.home.command(&select).env(variable.0, variable.1).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is locked") && stderr(&output).contains(variable.0), "{}", stderr(&output));
    for args in [&select[..], &["ims", "logout"], &["ims", "login"]] {
        let output = kit.home.run(&[args, &["--read-only"]].concat());
        assert_eq!(output.status.code(), Some(7), "{args:?}: {}", stderr(&output));
    }
    kit.home.ok(&["ims", "status", "--read-only"]);
}
