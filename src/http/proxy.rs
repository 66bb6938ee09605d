//! Which proxy the environment names for a host: the HTTP library's own reading, so that what is said is what happens.
//!
//! A login of a proxy stays unread and is never shown.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use crate::untrusted::SafeText;

/// A proxy, and the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The variable, such as `HTTPS_PROXY`.
    pub variable: &'static str,
    /// Host name or address, without brackets.
    pub host: String,
    pub port: u16,
}

impl Proxy {
    /// `proxy.example:3128`, without any login.
    pub fn place(&self) -> SafeText {
        SafeText::new(&format!("{}:{}", self.host, self.port))
    }
}

/// The route to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Through(Proxy),
    /// Directly, and why.
    Direct(String),
}

/// A proxy variable that is set and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}{shown} is not a usable proxy address: {reason}")]
pub struct UnusableProxy {
    pub variable: &'static str,
    /// ` (…@proxy.example:99999)`: what follows the login, where there is one; else nothing.
    shown: SafeText,
    reason: &'static str,
}

/// The route that the environment gives to an https host. `variable` reads the environment.
///
/// # Errors
/// [`UnusableProxy`] for the variable that counts. The HTTP library ignores it, and would connect directly.
pub fn route_to(host: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Route, UnusableProxy> {
    if variable("REQUEST_METHOD").is_some() {
        return Ok(Route::Direct("REQUEST_METHOD is set, so no proxy variable counts".to_owned()));
    }
    // Upper case wins; one that is set but empty means none.
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, variable(name)?)));
    let named = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];
    let Some((name, value)) = named.into_iter().filter_map(first).find(|(_, value)| !value.trim().is_empty()) else {
        return Ok(Route::Direct("no proxy variable is set".to_owned()));
    };
    let proxy = usable(name, &value)?;
    let Some((except, list)) = first(["NO_PROXY", "no_proxy"]) else { return Ok(Route::Through(proxy)) };
    let is_excepted = match https(host) {
        Some(url) => Matcher::builder().https(value).no(list).build().intercept(&url).is_none(),
        None => false,
    };
    Ok(if is_excepted {
        Route::Direct(format!("{except} excepts it from {}", proxy.variable))
    } else {
        Route::Through(proxy)
    })
}

fn https(host: &str) -> Option<http::Uri> {
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    format!("https://{host}/").parse().ok()
}

fn usable(variable: &'static str, value: &str) -> Result<Proxy, UnusableProxy> {
    let unusable = |reason| {
        let shown = value.rsplit_once('@').map(|(_, place)| format!(" (…@{place})")).unwrap_or_default();
        UnusableProxy { variable, shown: SafeText::limited(&shown, 80), reason }
    };
    let expected = "expected http://host:port";
    let any = https("host.invalid").ok_or_else(|| unusable(expected))?;
    let found = Matcher::builder().https(value).build().intercept(&any).ok_or_else(|| unusable(expected))?;
    // The same address as a URL knows its usual port, and which ports there are.
    let url = Url::parse(&found.uri().to_string()).map_err(|_| unusable(expected))?;
    let port = match url.scheme() {
        "http" | "https" => url.port_or_known_default(),
        _ => return Err(unusable("SOCKS is not supported, only http:// and https://")),
    };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    match port {
        Some(port) if !host.is_empty() => Ok(Proxy { variable, host, port }),
        _ => Err(unusable(expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(host: &str, variables: &[(&str, &str)]) -> Result<Route, UnusableProxy> {
        route_to(host, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn through(variable: &'static str, host: &str, port: u16) -> Route {
        Route::Through(Proxy { variable, host: host.to_owned(), port })
    }

    #[test]
    fn the_first_variable_that_names_a_proxy_wins() {
        let both =
            [("https_proxy", "http://low:1"), ("HTTPS_PROXY", "http://u:secret@up.example:3128/"), ("ALL_PROXY", "x")];
        assert_eq!(route("a.example", &both), Ok(through("HTTPS_PROXY", "up.example", 3128)));
        assert_eq!(route("a.example", &[("https_proxy", "low:8080")]), Ok(through("https_proxy", "low", 8080)));
        assert_eq!(route("a.example", &[("all_proxy", "https://[::1]")]), Ok(through("all_proxy", "::1", 443)));
        let none = Ok(Route::Direct("no proxy variable is set".into()));
        assert_eq!(route("a.example", &[("HTTP_PROXY", "http://only-for-http")]), none);
        assert_eq!(route("a.example", &[("HTTPS_PROXY", "")]), none);
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "p:1")];
        assert!(matches!(route("a.example", &cgi), Ok(Route::Direct(_))));
    }

    #[test]
    fn no_proxy_excepts_domains_addresses_and_blocks() {
        let direct = |host: &str, list: &str| {
            matches!(route(host, &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", list)]), Ok(Route::Direct(_)))
        };
        assert!(direct("commerce.adobe.io", ".adobe.io"));
        assert!(direct("commerce.adobe.io", "other, adobe.io"));
        assert!(direct("adobe.io", "adobe.io"));
        assert!(!direct("notadobe.io", "adobe.io"));
        assert!(direct("x", "*"));
        assert!(direct("10.1.2.3", "10.0.0.0/8"));
        assert!(!direct("11.1.2.3", "10.0.0.0/8"));
        assert!(direct("[fd00::1]", "fd00::/8"));
        assert!(direct("fd00::1", "fd00::/8"));
        assert!(!direct("commerce.adobe.io", ""));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
        for value in [
            "http://",
            "http://u:secret@proxy:99999",
            "http://u:secret@proxy:port",
            "ftp://u:secret@proxy",
            "socks5://u:secret@proxy:1080",
            "http://u:s@cret@proxy:port",
            "http://u:secret",
            "://",
        ] {
            let error = route("a.example", &[("HTTPS_PROXY", value)]).expect_err(value).to_string();
            assert!(error.starts_with("HTTPS_PROXY") && !error.contains("cret"), "{value}: {error}");
            assert_eq!(error.contains("…@proxy"), value.contains("@proxy"), "{value}: {error}");
        }
    }
}
