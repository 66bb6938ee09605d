//! A browser in three lines: it sends the form of a sign-in page, and stays where it was sent back from.

pub fn browser() -> reqwest::Client {
    // Whoever comes first wins; all install the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stays = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(stays).build().expect("a client")
}

/// What the form of the authorize page does: gives the address that the person is sent back to.
pub async fn sent_back(address: &str, decision: &str) -> String {
    let url = reqwest::Url::parse(address).expect("an address");
    let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    form.push(("decision".to_owned(), decision.to_owned()));
    let response = browser().post(url).form(&form).send().await.expect("an answer");
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().expect("text").to_owned()
}
