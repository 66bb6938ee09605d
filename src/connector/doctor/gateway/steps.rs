//! The steps on the way to the gateway: name, connection, TLS, proxy, and the gateway's clock.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::select_ok;
use jiff::SignedDuration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::super::check::Check;
use super::{Answer, CLOCK, CONNECTION, HTTPS, NAME, PROXY};
pub(super) use crate::client::SKEW_WRONG;
use crate::client::Unreached;
use crate::connector::finding::{Cause, Finding};
use crate::format::duration;
use crate::http::Failure;
use crate::http::proxy::{Proxy, Route, UnusableProxy, route_to};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// The longest that a name may take to be resolved; a resolver that is there answers in milliseconds.
const NAME_LIMIT: Duration = Duration::from_secs(3);
/// The longest that a connection may take to be made; the other end of the world is a third of a second away.
const CONNECTION_LIMIT: Duration = Duration::from_secs(4);
/// `Date` has whole seconds, and the way takes time, too: less than this is nothing.
const SKEW_NONE: SignedDuration = SignedDuration::from_secs(2);
/// A clock that is off by more is worth a look.
const SKEW_WARNING: SignedDuration = SignedDuration::from_secs(60);
/// Where a connection leads to.
#[derive(Debug, Clone)]
pub(super) struct HostPort {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_https: bool,
}

/// The place that a URL names.
pub(super) fn place(url: &str) -> Option<HostPort> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let is_https = match scheme {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(if is_https { 443 } else { 80 }), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| HostPort { host: host.to_owned(), port, is_https })
}

/// The client goes to this machine without a proxy, and elsewhere as the environment says.
pub(super) fn route(gateway: &HostPort) -> Result<Route, UnusableProxy> {
    let address: Option<IpAddr> = gateway.host.parse().ok();
    if gateway.host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return Ok(Route::Direct("the gateway is on this machine".to_owned()));
    }
    route_to(&gateway.host, |name| std::env::var(name).ok())
}

/// The addresses behind the name.
pub(super) async fn resolve(place: &HostPort, whose: &str, way: &Route) -> (Check, Vec<SocketAddr>) {
    let host = SafeText::new(&place.host);
    let why = match timeout(NAME_LIMIT, look_up(place)).await {
        Ok(Ok(addresses)) => {
            if !addresses.is_empty() {
                let detail = if place.host.parse::<IpAddr>().is_ok() {
                    format!("{host} is an address")
                } else {
                    format!("{host}: {}", many(addresses.len()))
                };
                return (Check::ok(NAME, &detail), addresses);
            }
            "no address".to_owned()
        }
        Ok(Err(error)) => SafeText::limited(&error.to_string(), 200).to_string(),
        Err(_) => format!("no response within {}", duration(NAME_LIMIT)),
    };
    let next = match way {
        Route::Through(proxy) => {
            format!("check the name in {}, and the name servers in /etc/resolv.conf", proxy.variable)
        }
        Route::Direct(_) => {
            format!("`getent hosts {host}`; check the name servers in /etc/resolv.conf, or set HTTPS_PROXY")
        }
    };
    let what = format!("{whose} name {host} cannot be resolved: {why}");
    let finding = Finding::wrong(what, "the gateway cannot be reached from this server", next).because(Cause::Passing);
    (Check::wrong(NAME, &format!("{host} not resolved"), finding), Vec::new())
}

/// Asks the system, on a thread that nobody waits for: the runtime would wait for one of its own before the program ends, and a
/// resolver whose servers are silent takes half a minute.
async fn look_up(place: &HostPort) -> io::Result<Vec<SocketAddr>> {
    let (answer, answered) = oneshot::channel();
    let name = (place.host.clone(), place.port);
    std::thread::Builder::new().name("resolve".to_owned()).spawn(move || {
        // Whoever asked may have gone.
        let _ = answer.send(name.to_socket_addrs().map(Iterator::collect));
    })?;
    answered.await.unwrap_or_else(|_| Err(io::Error::other("the resolver returned nothing")))
}

fn many(addresses: usize) -> String {
    if addresses == 1 { "1 address".to_owned() } else { format!("{addresses} addresses") }
}

/// Whether one of the addresses accepts a connection.
pub(super) async fn connect(addresses: &[SocketAddr], place: &HostPort, way: &Route) -> (Check, bool) {
    if addresses.is_empty() {
        return (Check::skipped(CONNECTION, "no DNS"), false);
    }
    let shown = SafeText::new(&format!("{}:{}", place.host, place.port));
    let start = Instant::now();
    // All at once: a v6 address that leads nowhere must not hide a v4 one that works.
    let attempts = addresses.iter().map(|address| TcpStream::connect(*address).boxed());
    let why = match timeout(CONNECTION_LIMIT, select_ok(attempts)).await {
        Ok(Ok(_)) => {
            let detail = format!("{shown} connected in {} ms", start.elapsed().as_millis());
            return (Check::ok(CONNECTION, &detail), true);
        }
        Ok(Err(error)) => SafeText::limited(&error.to_string(), 200).to_string(),
        Err(_) => format!("no response within {}", duration(CONNECTION_LIMIT)),
    };
    let (what, next) = match way {
        Route::Through(proxy) => (
            format!("cannot connect to the proxy {shown} of {}: {why}", proxy.variable),
            format!("check {} and that the proxy runs", proxy.variable),
        ),
        Route::Direct(_) => (
            format!("cannot connect to {shown}: {why}"),
            format!("allow outgoing port {} in the firewall, or set HTTPS_PROXY", place.port),
        ),
    };
    let finding = Finding::wrong(what, "the gateway cannot be reached from this server", next).because(Cause::Passing);
    (Check::wrong(CONNECTION, &format!("{shown} is closed"), finding), false)
}

pub(super) fn https(probe: Option<&Answer>, is_connected: bool, gateway: &HostPort) -> Check {
    let host = SafeText::new(&gateway.host);
    match probe {
        None if !is_connected => Check::skipped(HTTPS, "no TCP"),
        None => Check::skipped(HTTPS, "no key pair"),
        Some(Ok(probe)) => {
            let how = if gateway.is_https { "certificate trusted" } else { "plain http to this machine" };
            Check::ok(HTTPS, &format!("{how}, response in {} ms", probe.took.as_millis()))
        }
        Some(Err(Unreached { failure: Failure::ProxyLogin | Failure::Proxy, .. })) => {
            Check::skipped(HTTPS, "proxy failed")
        }
        Some(Err(Unreached { failure: Failure::Tls, message })) => {
            let finding = Finding::wrong(
                format!("no TLS with {host}: {message}"),
                "the certificate does not prove this is the gateway; often a firewall that inspects TLS",
                "set that firewall's CA with --ca-file or gateway.ca_file, or have the gateway's host exempted",
            );
            Check::wrong(HTTPS, "certificate not trusted", finding)
        }
        Some(Err(Unreached { message, .. })) => {
            let finding = Finding::wrong(
                format!("{host} does not respond: {message}"),
                "the connection works, but no request gets through",
                Hint::from(Remedy::DoctorAgain).and("; if it persists, ask your firewall or proxy administrator"),
            )
            .because(Cause::Passing);
            Check::wrong(HTTPS, "no response", finding)
        }
    }
}

pub(super) fn proxy(probe: Option<&Answer>, way: &Route) -> Check {
    let proxy: &Proxy = match way {
        Route::Direct(why) => return Check::ok(PROXY, &format!("none: {why}")),
        Route::Through(proxy) => proxy,
    };
    let place = proxy.place();
    let variable = proxy.variable;
    match probe {
        Some(Err(Unreached { failure: Failure::ProxyLogin, .. })) => {
            let finding = Finding::wrong(
                format!("the proxy {place} of {variable} requires a login (HTTP status 407)"),
                "no request leaves this server without a proxy login",
                format!(
                    "put user and password into {variable} (http://USER:PASSWORD@{place}), or add the gateway's host \
                     to NO_PROXY"
                ),
            );
            Check::wrong(PROXY, "requires a login (407)", finding)
        }
        Some(Err(Unreached { failure: Failure::Proxy, message })) => {
            let finding = Finding::wrong(
                format!("the proxy {place} of {variable} refuses the connection: {message}"),
                "no request leaves this server through that proxy",
                format!("allow the gateway's host in the proxy, or correct {variable}"),
            );
            Check::wrong(PROXY, "refuses the connection", finding)
        }
        _ => Check::ok(PROXY, &format!("{place}, from {variable}")),
    }
}

/// How far this server's clock is ahead of the gateway's.
pub(super) fn ahead(probe: Option<&Answer>) -> Option<SignedDuration> {
    match probe {
        Some(Ok(probe)) => probe.ahead,
        _ => None,
    }
}

pub(super) fn clock(probe: Option<&Answer>) -> Check {
    let Some(Ok(_)) = probe else { return Check::skipped(CLOCK, "no gateway response") };
    let Some(ahead) = ahead(probe) else { return Check::skipped(CLOCK, "no date in the gateway's response") };
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    let off = ahead.abs();
    if off <= SKEW_NONE {
        return Check::ok(CLOCK, "in sync");
    }
    let detail = format!("{} {direction} the gateway's", duration(off.unsigned_abs()));
    if off <= SKEW_WARNING {
        return Check::ok(CLOCK, &detail);
    }
    let what = format!("this server's clock is {detail}");
    let next = "`timedatectl set-ntp true` syncs it; `timedatectl` shows whether it worked";
    let finding = if off > SKEW_WRONG {
        Finding::wrong(what, "tokens are valid for 300 s; the gateway sees them as expired and refuses the keys", next)
    } else {
        Finding::warning(what, "at 300 s the gateway sees every token as expired and refuses the keys", next)
    };
    Check::new(CLOCK, &detail, vec![finding])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Probe;
    use crate::connector::doctor::Outcome;

    fn clock_off_by(seconds: i64) -> Check {
        let ahead = Some(SignedDuration::from_secs(seconds));
        clock(Some(&Ok(Probe { took: Duration::ZERO, ahead, keys: Ok(()) })))
    }

    #[test]
    fn a_clock_is_worth_a_look_after_a_minute_and_wrong_before_tokens_expire() {
        for (seconds, outcome) in [(0, Outcome::Ok), (60, Outcome::Ok), (-60, Outcome::Ok), (61, Outcome::Warning)] {
            assert_eq!(clock_off_by(seconds).outcome, outcome, "{seconds}");
        }
        assert_eq!((clock_off_by(-240).outcome, clock_off_by(241).outcome), (Outcome::Warning, Outcome::Wrong));
        assert_eq!(clock_off_by(-3600).findings[0].what, "this server's clock is 1 h 00 min behind the gateway's");
        assert_eq!(clock_off_by(90).detail.as_str(), "1 min 30 s ahead of the gateway's");
    }

    #[test]
    fn places_are_read_from_urls() {
        let read = |url: &str| place(url).map(|place| (place.host, place.port, place.is_https));
        assert_eq!(read("https://commerce.adobe.io/"), Some(("commerce.adobe.io".to_owned(), 443, true)));
        assert_eq!(read("http://[::1]:8080/x"), Some(("::1".to_owned(), 8080, false)));
        assert_eq!(read("http://localhost"), Some(("localhost".to_owned(), 80, false)));
        for wrong in ["commerce.adobe.io", "ftp://x", "https://", "https://x:99999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
