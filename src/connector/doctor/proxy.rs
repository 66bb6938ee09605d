//! Which proxy the environment wants for a URL: the rules of the HTTP library, so that what is said is what happens.
//!
//! Credentials of a proxy stay unread.

use std::net::IpAddr;

use crate::untrusted::SafeText;

/// A proxy, and the variable that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// The variable, such as `HTTPS_PROXY`.
    pub(super) variable: &'static str,
    /// Host name or address, without brackets.
    pub(super) host: String,
    /// Port.
    pub(super) port: u16,
}

impl Proxy {
    /// `proxy.example:3128`, without any login.
    pub(super) fn place(&self) -> SafeText {
        SafeText::new(&format!("{}:{}", self.host, self.port))
    }
}

/// The way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Through a proxy.
    Through(Proxy),
    /// Directly, and why.
    Direct(String),
}

/// The way that the environment wants to an https host. `variable` reads the environment.
pub(super) fn way_to(host: &str, variable: impl Fn(&str) -> Option<String>) -> Way {
    if variable("REQUEST_METHOD").is_some() {
        return Way::Direct("REQUEST_METHOD is set, so no proxy variable counts".to_owned());
    }
    // Upper case wins; one that is set but empty means none.
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, variable(name)?)));
    let named = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]]
        .into_iter()
        .filter_map(first)
        .find_map(|(name, value)| parse(name, &value));
    let Some(proxy) = named else { return Way::Direct("no proxy variable is set".to_owned()) };
    if let Some((name, value)) = first(["NO_PROXY", "no_proxy"])
        && is_excepted(host, &value)
    {
        return Way::Direct(format!("{name} excepts it from {}", proxy.variable));
    }
    Way::Through(proxy)
}

fn parse(variable: &'static str, value: &str) -> Option<Proxy> {
    let (scheme, rest) = value.trim().split_once("://").unwrap_or(("http", value.trim()));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let usual = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        "socks4" | "socks4a" | "socks5" | "socks5h" => 1080,
        _ => return None,
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| Proxy { variable, host: host.to_owned(), port })
}

/// Whether `NO_PROXY` names the host: itself, a domain above it, `*`, or an address block.
fn is_excepted(host: &str, list: &str) -> bool {
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some(address) = address {
            return entry.parse() == Ok(address) || is_in_block(address, entry).unwrap_or(false);
        }
        let domain = entry.trim_start_matches('.').to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        host == domain || host.strip_suffix(&domain).is_some_and(|above| above.ends_with('.'))
    })
}

/// Whether `block`, as in `10.0.0.0/8`, holds the address.
fn is_in_block(address: IpAddr, block: &str) -> Option<bool> {
    let (base, bits) = block.split_once('/')?;
    let bits: u32 = bits.parse().ok()?;
    match (address, base.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(base)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            Some(address.to_bits() & mask == base.to_bits() & mask)
        }
        (IpAddr::V6(address), IpAddr::V6(base)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            Some(address.to_bits() & mask == base.to_bits() & mask)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(host: &str, variables: &[(&str, &str)]) -> Way {
        way_to(host, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn through(variable: &'static str, host: &str, port: u16) -> Way {
        Way::Through(Proxy { variable, host: host.to_owned(), port })
    }

    #[test]
    fn the_first_variable_that_names_a_proxy_wins() {
        let both =
            [("https_proxy", "http://low:1"), ("HTTPS_PROXY", "http://u:secret@up.example:3128/"), ("ALL_PROXY", "x")];
        assert_eq!(way("a.example", &both), through("HTTPS_PROXY", "up.example", 3128));
        assert_eq!(way("a.example", &[("https_proxy", "low:8080")]), through("https_proxy", "low", 8080));
        assert_eq!(way("a.example", &[("all_proxy", "socks5://[::1]")]), through("all_proxy", "::1", 1080));
        assert_eq!(
            way("a.example", &[("HTTP_PROXY", "http://only-for-http")]),
            Way::Direct("no proxy variable is set".into())
        );
        assert_eq!(way("a.example", &[("HTTPS_PROXY", "")]), Way::Direct("no proxy variable is set".into()));
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "p:1")];
        assert!(matches!(way("a.example", &cgi), Way::Direct(_)));
    }

    #[test]
    fn no_proxy_excepts_domains_addresses_and_blocks() {
        let direct =
            |host: &str, list: &str| matches!(way(host, &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", list)]), Way::Direct(_));
        assert!(direct("commerce.adobe.io", ".adobe.io"));
        assert!(direct("commerce.adobe.io", "other, ADOBE.io"));
        assert!(direct("adobe.io", "adobe.io"));
        assert!(!direct("notadobe.io", "adobe.io"));
        assert!(direct("x", "*"));
        assert!(direct("10.1.2.3", "10.0.0.0/8"));
        assert!(!direct("11.1.2.3", "10.0.0.0/8"));
        assert!(direct("[fd00::1]", "fd00::/8"));
        assert!(!direct("commerce.adobe.io", ""));
        let way = way("a.example", &[("HTTPS_PROXY", "p:1"), ("no_proxy", "example")]);
        assert_eq!(way, Way::Direct("no_proxy excepts it from HTTPS_PROXY".to_owned()));
    }
}
