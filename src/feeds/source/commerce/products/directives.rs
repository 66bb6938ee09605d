//! The directives of the page editor in descriptions: `{{media url="wysiwyg/a.jpg"}}` and `{{store url="contact"}}`.
//!
//! Only these two are resolved, with the base URLs of the store view. Every other directive (widgets, blocks,
//! variables,
//! configuration values) needs the shop's own code, so it is left as it is.

use std::borrow::Cow;

use super::super::base_urls::BaseUrls;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// The quotes around a parameter; the page editor writes the last form.
const QUOTES: [&str; 3] = ["\"", "'", "&quot;"];

/// The text with its media and store directives resolved.
pub(super) fn resolve<'a>(text: &'a str, urls: &BaseUrls) -> Cow<'a, str> {
    if !text.contains(OPEN) {
        return Cow::Borrowed(text);
    }
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        let (before, from) = rest.split_at(start);
        resolved.push_str(before);
        let Some(end) = from.find(CLOSE) else {
            rest = from;
            break;
        };
        let (directive, after) = from.split_at(end + CLOSE.len());
        match url(&directive[OPEN.len()..end], urls) {
            Some(url) => resolved.push_str(&url),
            None => resolved.push_str(directive),
        }
        rest = after;
    }
    resolved.push_str(rest);
    Cow::Owned(resolved)
}

/// What the inside of a directive stands for.
fn url(inside: &str, urls: &BaseUrls) -> Option<String> {
    let (name, parameters) = inside.trim().split_once(char::is_whitespace)?;
    match name {
        "media" => Some(format!("{}{}", urls.media, parameter(parameters, "url")?)),
        "store" => match parameter(parameters, "direct_url") {
            Some(path) => Some(format!("{}{path}", urls.link)),
            None => Some(format!("{}{}", urls.link, as_route(parameter(parameters, "url")?))),
        },
        _ => None,
    }
}

/// Commerce ends the path of a page with a slash.
fn as_route(path: &str) -> Cow<'_, str> {
    let path = path.trim_start_matches('/');
    if path.is_empty() || path.ends_with('/') || path.contains(['?', '#']) {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("{path}/"))
    }
}

/// The value of a parameter in `a="1" b='2'`.
fn parameter<'a>(parameters: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = parameters.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quoted = QUOTES.into_iter().find_map(|quote| after.strip_prefix(quote)?.split_once(quote));
        let (value, next) = quoted.or_else(|| after.split_once(char::is_whitespace)).unwrap_or((after, ""));
        if name.trim() == wanted {
            return Some(value);
        }
        rest = next.trim_start();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> String {
        let link = "https://shop.test/de/".to_owned();
        let [web, media] = ["https://shop.test/", "https://shop.test/media/"].map(str::to_owned);
        let urls = BaseUrls { direct_link: web.clone(), web, link, media };
        resolve(text, &urls).into_owned()
    }

    #[test]
    fn media_and_store_urls_are_resolved_however_they_are_quoted() {
        assert_eq!(
            resolved(r#"<img src="{{media url="w/a.jpg"}}">"#),
            r#"<img src="https://shop.test/media/w/a.jpg">"#
        );
        assert_eq!(resolved("{{media url='w/a.jpg'}}"), "https://shop.test/media/w/a.jpg");
        assert_eq!(resolved("{{media url=&quot;w/a.jpg&quot;}}"), "https://shop.test/media/w/a.jpg");
        assert_eq!(resolved("{{media url=w/a.jpg}}"), "https://shop.test/media/w/a.jpg");
        assert_eq!(resolved(r#"a {{store url="contact"}} b"#), "a https://shop.test/de/contact/ b");
        assert_eq!(resolved(r#"{{store url=""}}"#), "https://shop.test/de/");
        assert_eq!(resolved(r#"{{store x="1" direct_url="about.html"}}"#), "https://shop.test/de/about.html");
    }

    #[test]
    fn what_cannot_be_resolved_is_left_as_it_is() {
        for text in [
            "no directive",
            r#"{{widget type="a" id="1"}}"#,
            "{{media}}",
            "{{media file=1}}",
            "{{ open",
            "}} {{",
            "{{}}",
        ] {
            assert_eq!(resolved(text), text);
        }
    }

    #[test]
    fn several_directives_and_other_letters_in_between() {
        assert_eq!(
            resolved("ä{{media url=\"1\"}}ö{{block id=\"2\"}}ü{{media url=\"3\"}}ß"),
            "ähttps://shop.test/media/1ö{{block id=\"2\"}}ühttps://shop.test/media/3ß"
        );
    }
}
