//! The page on which a person signs in: plain HTML that works without scripts, by keyboard and with a screen reader.

use super::authorize::Authorize;

/// The page that asks whether to let a client in. Everything that comes from the query is escaped.
pub(super) fn sign_in(request: &Authorize, user: &str) -> String {
    let given = request.fields().into_iter().filter_map(|(name, value)| Some((name, value?)));
    let hidden: Vec<String> = given
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escaped(value)))
        .collect();
    let body = format!(
        "<h1>Sign in to the sandbox</h1>\n\
         <p>This page belongs to a local sandbox gateway, not to Adobe. No password is needed.</p>\n\
         <p>The client <code>{client}</code> asks for: <code>{scope}</code>.</p>\n\
         <p>Afterwards you are redirected to <code>{uri}</code>.</p>\n\
         <form method=\"post\" action=\"/ims/authorize/v2\">\n{hidden}\
         <p><button type=\"submit\" name=\"decision\" value=\"allow\">Sign in as {user}</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Cancel</button></p>\n</form>",
        hidden = hidden.concat(),
        client = escaped(&request.client_id),
        scope = escaped(&request.scope),
        uri = escaped(&request.redirect_uri),
        user = escaped(user),
    );
    document("Sign in to the sandbox", &body)
}

/// The page that a person can be sent back to where the client has none: it holds its own address, to be copied.
pub(super) fn sent_back(address: &str, is_allowed: bool) -> String {
    let (title, words) = if is_allowed {
        ("Signed in", "The sandbox signed you in.")
    } else {
        ("Not signed in", "The sandbox refused the sign-in.")
    };
    let body = format!(
        "<h1>{title}</h1>\n<p>{words} Now copy the address of this page, from the address bar or from here, and paste it \
         into the program that asked you to sign in:</p>\n<p><code id=\"address\">{}</code></p>",
        escaped(address)
    );
    document(title, &body)
}

/// The page that says why nobody can be sent back to the client.
pub(super) fn refusal(reason: &str) -> String {
    let body = format!("<h1>This sign-in cannot continue</h1>\n<p role=\"alert\">{}</p>", escaped(reason));
    document("Sign-in refused", &body)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; \
         color-scheme: light dark }} code {{ overflow-wrap: anywhere }} button {{ font: inherit; padding: .5rem 1rem \
         }}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

/// Text that cannot end an element, an attribute or an entity.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_query_becomes_markup() {
        let hostile = "\"><script>alert('x')</script>&";
        let request = Authorize {
            client_id: hostile.to_owned(),
            redirect_uri: hostile.to_owned(),
            scope: hostile.to_owned(),
            response_type: hostile.to_owned(),
            state: Some(hostile.to_owned()),
            code_challenge: Some(hostile.to_owned()),
            code_challenge_method: Some(hostile.to_owned()),
        };
        let html = sign_in(&request, hostile);
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("value=\"\">"), "{html}");
        assert!(!refusal(hostile).contains("<script"));
        assert!(!sent_back(hostile, true).contains("<script"));
        assert_eq!(escaped("a & b"), "a &amp; b");
    }
}
