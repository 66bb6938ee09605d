//! `{{store url="contact"}}`: the address of a page, as Commerce's URL builder makes it.

use super::super::base_urls::BaseUrls;
use super::parser::{Parameters, is_truthy};

/// Parameters that say how an address is built, and are not part of it.
const NOT_IN_PATH: [&str; 14] = [
    "url",
    "direct_url",
    "_absolute",
    "_current",
    "_direct",
    "_escape",
    "_escape_params",
    "_forced_secure",
    "_fragment",
    "_nosid",
    "_query",
    "_scope_to_url",
    "_secure",
    "_type",
];
/// What the names of single query parameters begin with.
const QUERY_PREFIX: &str = "_query_";
/// What stands for the controller and the action of a path that names none although parameters follow.
const INDEX: &str = "index/";

/// The address. `link_of` gives the base URL of the pages of another store view, by code or id.
///
/// `None` where Commerce fails: for a store view that is not there.
pub(super) fn address<'a>(
    parameters: &Parameters,
    urls: &BaseUrls,
    link_of: impl Fn(&str) -> Option<&'a str>,
) -> Option<String> {
    let path = parameters.get("url").unwrap_or_default();
    if parameters.get("direct_url").is_none() && is_whole_url(path) {
        return Some(path.to_owned());
    }
    let mut address = if let Some(direct) = parameters.get("direct_url") {
        format!("{}{direct}", urls.link)
    } else {
        let base = match parameters.get("_scope") {
            Some(store) => link_of(store)?,
            None => urls.link.as_str(),
        };
        format!("{base}{}", route(path, parameters))
    };
    let is_escaped = parameters.truthy("_escape").is_some();
    let query = query(parameters, if is_escaped { "&amp;" } else { "&" });
    if !query.is_empty() {
        address.push_str(match (address.contains('?'), is_escaped) {
            (false, _) => "?",
            (true, true) => "&amp;",
            (true, false) => "&",
        });
        address.push_str(&query);
    }
    if let Some(fragment) = parameters.get("_fragment") {
        address.push('#');
        encode(fragment, b"-_.~", "%20", &mut address);
    }
    Some(address)
}

/// `route/controller/action/name/value/`: parameters that mean nothing else become names and values.
fn route(path: &str, parameters: &Parameters) -> String {
    let mut pieces = Some(path).filter(|path| is_truthy(path)).into_iter().flat_map(|path| path.split('/'));
    let mut piece = || pieces.next().unwrap_or_default();
    let (front, controller, action) = (piece(), piece(), piece());
    let mut pairs: Vec<(String, String)> = Vec::new();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        set(&mut pairs, name.to_owned(), value.to_owned());
    }
    for (name, value) in parameters.iter() {
        if NOT_IN_PATH.contains(&name) || name == "_scope" || name == "_use_rewrite" || name.starts_with(QUERY_PREFIX) {
            continue;
        }
        set(&mut pairs, encoded(name), value.map(encoded).unwrap_or_default());
    }
    let mut route = String::new();
    if is_truthy(front) {
        route.push_str(front);
        route.push('/');
        for part in [controller, action] {
            if is_truthy(part) {
                route.push_str(part);
                route.push('/');
            } else if !pairs.is_empty() {
                route.push_str(INDEX);
            }
        }
    }
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        route.extend([name.as_str(), "/", value.as_str(), "/"]);
    }
    route
}

fn set(pairs: &mut Vec<(String, String)>, name: String, value: String) {
    match pairs.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => pairs.push((name, value)),
    }
}

fn query(parameters: &Parameters, and: &str) -> String {
    if let Some(query) = parameters.get("_query") {
        return query.to_owned();
    }
    let single = parameters.iter().filter_map(|(name, value)| Some((name.strip_prefix(QUERY_PREFIX)?, value?)));
    let mut single: Vec<(&str, &str)> = single.collect();
    single.sort_unstable();
    let pair = |(name, value): (&str, &str)| {
        let mut pair = String::new();
        encode(name, b"-_.", "+", &mut pair);
        pair.push('=');
        encode(value, b"-_.", "+", &mut pair);
        pair
    };
    single.into_iter().map(pair).collect::<Vec<_>>().join(and)
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    encode(text, b"-_.~", "%20", &mut encoded);
    encoded
}

/// Percent-encodes everything but letters, digits and these.
fn encode(text: &str, kept: &[u8], space: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            into.push(char::from(byte));
        } else if byte == b' ' {
            into.push_str(space);
        } else {
            into.push('%');
            let digits = [byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(half.into(), 16));
            into.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
}

/// Whether it is an address already.
fn is_whole_url(path: &str) -> bool {
    let Some((scheme, rest)) = path.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    is_scheme && !host.is_empty() && path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(parameters: &str) -> Option<String> {
        let urls = BaseUrls {
            web: "https://shop.test/".to_owned(),
            link: "https://shop.test/de/".to_owned(),
            media: "https://shop.test/media/".to_owned(),
            static_files: "https://shop.test/static/".to_owned(),
        };
        address(&Parameters::read(parameters), &urls, |store| (store == "eu").then_some("https://eu.test/"))
    }

    fn address_of(parameters: &str) -> String {
        made(parameters).expect("an address").strip_prefix("https://shop.test/de/").expect("of the view").to_owned()
    }

    #[test]
    fn a_path_is_a_route() {
        assert_eq!(address_of(r#" url="contact""#), "contact/");
        assert_eq!(address_of(r#" url="contact/""#), "contact/");
        assert_eq!(address_of(r#" url="women/tops.html""#), "women/tops.html/");
        assert_eq!(address_of(r#" url="a/b/c/id/5""#), "a/b/c/id/5/");
        assert_eq!(address_of(r#" url="a/b/c/id""#), "a/b/c/", "a name without a value");
        assert_eq!(address_of(r#" url="""#), "");
        assert_eq!(address_of(""), "");
        assert_eq!(address_of(r#" url="/contact""#), "", "no route stands before the slash");
    }

    #[test]
    fn other_parameters_are_names_and_values() {
        assert_eq!(address_of(r#" url="contact" store="eu""#), "contact/index/index/store/eu/");
        assert_eq!(address_of(r#" url="a/b" id="1 2""#), "a/b/index/id/1%202/");
        assert_eq!(address_of(r#" url="" store="eu""#), "store/eu/");
        assert_eq!(address_of(r#" url="a/b/c/id/5" id="6""#), "a/b/c/id/6/");
    }

    #[test]
    fn a_direct_url_is_kept_as_it_is() {
        assert_eq!(address_of(r#" direct_url="about us.html?a=1" x="y""#), "about us.html?a=1");
        assert_eq!(address_of(r#" direct_url="a?b=1" _query_c="2""#), "a?b=1&c=2");
    }

    #[test]
    fn a_query_and_a_fragment_follow() {
        assert_eq!(address_of(r#" url="a" _query_b="1 ö" _query_a="~""#), "a/?a=%7E&b=1+%C3%B6");
        assert_eq!(address_of(r#" url="a" _query="x=1&y=2" _fragment="top of""#), "a/?x=1&y=2#top%20of");
        assert_eq!(address_of(r#" url="a" _query_b="1" _query_a="2" _escape="1""#), "a/?a=2&amp;b=1");
    }

    #[test]
    fn another_store_view_and_an_address_of_its_own() {
        assert_eq!(made(r#" url="a" _scope="eu""#).as_deref(), Some("https://eu.test/a/"));
        assert_eq!(made(r#" url="a" _scope="gone""#), None);
        assert_eq!(made(r#" url="https://x.test/a?b" _query_c="1""#).as_deref(), Some("https://x.test/a?b"));
    }
}
