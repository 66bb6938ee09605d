//! IMS: the page, the code, the tokens, and a request with a Bearer token instead of a signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::sandbox::kit::{Kit, body};

const BACK: &str = "http://127.0.0.1:9/back";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

fn asked(kit: &Kit) -> Vec<(&'static str, String)> {
    vec![
        ("client_id", kit.pair().api_key.clone()),
        ("redirect_uri", BACK.to_owned()),
        ("scope", "openid,AdobeID,offline_access".to_owned()),
        ("response_type", "code".to_owned()),
        ("state", "st&te".to_owned()),
        ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

fn page_url(kit: &Kit, query: &[(&str, String)]) -> reqwest::Url {
    reqwest::Url::parse_with_params(&kit.url("ims/authorize/v2"), query).expect("a URL")
}

/// A client that stays where it is sent back from.
fn browser() -> Client {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

async fn decide(kit: &Kit, decision: &str) -> String {
    let mut form = asked(kit);
    form.push(("decision", decision.to_owned()));
    let response = browser().post(kit.url("ims/authorize/v2")).form(&form).send().await.expect("an answer");
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().expect("text").to_owned()
}

async fn token(kit: &Kit, form: &[(&str, &str)]) -> Response {
    kit.http.post(kit.url("ims/token/v3")).form(form).send().await.expect("an answer")
}

fn secret(kit: &Kit) -> String {
    std::fs::read_to_string(&kit.pair().client_secret_file).expect("a secret")
}

#[tokio::test]
async fn a_person_signs_in_and_sees_their_organizations() {
    let kit = Kit::new().await;
    let page = kit.http.get(page_url(&kit, &asked(&kit))).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let html = page.text().await.expect("a page");
    assert!(html.contains("Sign in as ") && html.contains("value=\"st&amp;te\""), "{html}");

    let location = decide(&kit, "allow").await;
    let code = location.strip_prefix(&format!("{BACK}?code=")).expect("a code");
    let code = code.strip_suffix("&state=st%26te").expect("the state").to_owned();
    let exchange = [
        ("grant_type", "authorization_code"),
        ("client_id", &kit.pair().api_key),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let granted = body(token(&kit, &exchange).await).await;
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("bearer"), &json!(86400)));
    assert!(granted.get("refresh_token").is_none(), "no secret, no refresh token");
    let again = token(&kit, &exchange).await;
    assert_eq!(again.status(), 400);
    assert_eq!(body(again).await["error"], "invalid_grant");

    let access = granted["access_token"].as_str().expect("a token");
    let look = |path: &str| kit.http.get(kit.url(path)).bearer_auth(access).send();
    let user = body(look("ims/userinfo/v2").await.expect("an answer")).await;
    assert!(user["email"].is_string() && user["sub"].is_string());
    let organizations = body(look("ims/organizations/v6").await.expect("an answer")).await;
    let reference = &organizations[0]["orgRef"];
    let organization =
        format!("{}@{}", reference["ident"].as_str().expect("text"), reference["authSrc"].as_str().expect("text"));

    let ping = |organization: &str| {
        let request = kit.http.get(kit.url("merchant-registry/v1/ping")).bearer_auth(access);
        let request = request.header("x-api-key", &kit.pair().api_key).header("x-gw-ims-org-id", organization);
        async { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!(ping(&organization).await, 200);
    assert_eq!(ping("stale@AdobeOrg").await, 403);
    let revoke = kit.http.post(kit.url("ims/revoke")).form(&[("token", access)]);
    assert_eq!(revoke.send().await.expect("an answer").status(), 200);
    assert_eq!(ping(&organization).await, 401);
    assert_eq!(look("ims/userinfo/v2").await.expect("an answer").status(), 401);
}

#[tokio::test]
async fn whoever_declines_is_sent_back_with_an_error() {
    let kit = Kit::new().await;
    assert_eq!(decide(&kit, "deny").await, format!("{BACK}?error=access_denied&state=st%26te"));
}

#[tokio::test]
async fn a_confidential_client_gets_a_refresh_token() {
    let kit = Kit::new().await;
    let location = decide(&kit, "allow").await;
    let code = location.split(['=', '&']).nth(1).expect("a code");
    let form = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)];
    let request = kit.http.post(kit.url("ims/token/v3")).basic_auth(&kit.pair().api_key, Some(secret(&kit)));
    let granted = body(request.form(&form).send().await.expect("an answer")).await;
    let refresh = granted["refresh_token"].as_str().expect("a refresh token");
    let renew = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", &kit.pair().api_key),
        ("client_secret", &secret(&kit)),
    ];
    assert!(body(token(&kit, &renew).await).await["access_token"].is_string());
    assert_eq!(body(token(&kit, &renew).await).await["error"], "invalid_grant", "it worked once");
}

#[tokio::test]
async fn client_credentials_need_the_secret() {
    let kit = Kit::new().await;
    let form = [("grant_type", "client_credentials"), ("client_id", &kit.pair().api_key), ("scope", "openid")];
    let mut with_secret = form.to_vec();
    let right = secret(&kit);
    with_secret.push(("client_secret", &right));
    assert!(body(token(&kit, &with_secret).await).await["access_token"].is_string());
    let refused = |answer: Value| answer["error"] == "invalid_client" && answer["error_description"].is_string();
    assert!(refused(body(token(&kit, &form).await).await));
    let mut with_wrong = form.to_vec();
    with_wrong.push(("client_secret", "guess"));
    let response = token(&kit, &with_wrong).await;
    assert_eq!(response.status(), 401);
    assert!(refused(body(response).await));
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_answered_says_why_and_sends_nobody_anywhere() {
    let kit = Kit::new().await;
    for (name, value) in [
        ("client_id", "unknown"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "/relative"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
    ] {
        let mut query = asked(&kit);
        query.iter_mut().filter(|(key, _)| *key == name).for_each(|(_, old)| value.clone_into(old));
        let ask = browser().get(page_url(&kit, &query)).send().await.expect("an answer");
        query.push(("decision", "allow".to_owned()));
        let decide = browser().post(kit.url("ims/authorize/v2")).form(&query).send().await.expect("an answer");
        for response in [ask, decide] {
            assert_eq!(response.status(), 400, "{name}={value}");
            assert!(!response.headers().contains_key("location"));
            assert!(response.text().await.expect("a page").contains("role=\"alert\""));
        }
    }
    let response = token(&kit, &[("grant_type", "password"), ("client_id", &kit.pair().api_key)]).await;
    assert_eq!(body(response).await["error"], "unsupported_grant_type");
}
