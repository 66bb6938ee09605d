//! Checks of the way to the gateway, step by step, and of what it says of keys, clock, project and data space.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::select_ok;
use jiff::SignedDuration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::AREA_LIMIT;
use super::check::Check;
use super::proxy::{Proxy, Way, way_to};
use crate::client::models::{DataSpace, Environment, Project};
use crate::client::{Client, Probe, Trouble, Unreached};
use crate::connector::finding::{Cause, Finding, Level};
use crate::connector::{Connector, Half, Overview, gateway_url, pairs};
use crate::error::Problem;
use crate::private_file::safe;
use crate::untrusted::SafeText;
use crate::words::{counted, duration};

const NAME: &str = "DNS";
const CONNECTION: &str = "TCP";
const HTTPS: &str = "HTTPS";
const PROXY: &str = "Proxy";
const CLOCK: &str = "Clock";
const REGISTRY: &str = "Registry";
const DATA_SPACE: &str = "Data space";
/// The longest that a name may take to be resolved; a resolver that is there answers in milliseconds.
const NAME_LIMIT: Duration = Duration::from_secs(3);
/// The longest that a connection may take to be made; the other end of the world is a third of a second away.
const CONNECTION_LIMIT: Duration = Duration::from_secs(4);
/// A clock that is off by more is worth a look.
const SKEW_WARNING: SignedDuration = SignedDuration::from_secs(60);
/// With more than this, tokens are old when they arrive: they live 300 seconds (protocol page §1), and some of that is spent on
/// the way and while one is used again.
const SKEW_WRONG: SignedDuration = SignedDuration::from_secs(240);

/// Where a connection leads to.
#[derive(Debug, Clone)]
struct Place {
    host: String,
    port: u16,
    is_https: bool,
}

pub(super) async fn checks(connector: &Connector) -> Vec<Check> {
    let deadline = Instant::now() + AREA_LIMIT;
    let overview = connector.overview();
    let used = overview.environment;
    let url = gateway_url(&connector.config(), used).to_owned();
    let pairs = Environment::ALL.map(|environment| pair(connector, environment, environment == used));
    let Some(gateway) = place(&url) else {
        let finding = Finding::wrong(
            format!("gateway.{used}_url: {:?} is not a URL", SafeText::new(&url)),
            "there is nowhere to send to",
            "take the key out of the configuration to use Adobe's gateway",
        );
        let mut checks: Vec<Check> = pairs.map(|pair| pair.check("not asked")).into();
        checks.push(Check::wrong(NAME, "no usable URL", finding));
        checks.extend(skipped(&[CONNECTION, HTTPS, PROXY, CLOCK, REGISTRY, DATA_SPACE], "needs: DNS"));
        return checks;
    };
    let way = way(&gateway);
    let (first_hop, whose) = match &way {
        Way::Through(proxy) => (Place { host: proxy.host.clone(), port: proxy.port, is_https: false }, "the proxy's"),
        Way::Direct(_) => (gateway.clone(), "the gateway's"),
    };
    let (name, addresses) = resolve(&first_hop, whose, &way).await;
    let (connection, is_connected) = connect(&addresses, &first_hop, &way).await;
    let probes = async {
        let [production, sandbox] = &pairs;
        let is_on_the_way = |pair: &Pair| is_connected || pair.environment != used;
        tokio::join!(
            probe(production, is_on_the_way(production), deadline),
            probe(sandbox, is_on_the_way(sandbox), deadline)
        )
    };
    let (production, sandbox) = probes.await;
    let of_used = if used == Environment::Production { &production } else { &sandbox };
    let later = [https(of_used, is_connected, &gateway), proxy_check(of_used, &way), clock(of_used)];
    let is_accepted = matches!(of_used, Some(Ok(Probe { keys: Ok(()), .. })));
    let client = pairs.iter().find(|pair| pair.environment == used).and_then(|pair| pair.client.as_ref().ok());
    let registry = match client {
        Some(client) if is_accepted => registry(client, &overview, deadline).await,
        _ => skipped(&[REGISTRY, DATA_SPACE], &format!("needs: {}", keys_name(used))),
    };
    let is_clock_right = ahead(of_used).is_none_or(|ahead| ahead.abs() <= SKEW_WRONG);
    let [first, second] = pairs;
    let mut checks = vec![
        keys(first, production, used, is_clock_right),
        keys(second, sandbox, used, is_clock_right),
        name,
        connection,
    ];
    checks.extend(later);
    checks.extend(registry);
    checks
}

fn skipped(names: &[&'static str], why: &str) -> Vec<Check> {
    names.iter().map(|name| Check::skipped(name, why)).collect()
}

fn keys_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "Production keys",
        Environment::Sandbox => "Sandbox keys",
    }
}

/// A pair, as far as it is known without the gateway.
struct Pair {
    environment: Environment,
    /// `API key ••••3f9a, RSA 2048 bits`.
    shown: String,
    /// The client over it, or what came of the check.
    client: Result<Client, Check>,
}

impl Pair {
    fn check(self, remark: &str) -> Check {
        match self.client {
            Ok(_) => Check::skipped(keys_name(self.environment), &format!("{}; {remark}", self.shown)),
            Err(check) => check,
        }
    }
}

fn pair(connector: &Connector, environment: Environment, is_used: bool) -> Pair {
    let name = keys_name(environment);
    let [production, sandbox] = tokio::task::block_in_place(|| connector.pairs());
    let status = if environment == Environment::Production { production } else { sandbox };
    if let Some(check) = exposed(connector, environment) {
        return Pair { environment, shown: String::new(), client: Err(check) };
    }
    if !is_used && status.api_key == Half::Missing && status.private_key == Half::Missing {
        let check = Check::skipped(name, "not set up, and not in use");
        return Pair { environment, shown: String::new(), client: Err(check) };
    }
    let shown = |half: &Half| match half {
        Half::Present { shown, .. } => {
            // The fingerprint is for comparing keys, which is not done here.
            shown.as_str().split(" SHA256:").next().unwrap_or_default().to_owned()
        }
        Half::Missing => "missing".to_owned(),
        Half::Unusable { .. } => "not usable".to_owned(),
    };
    let shown = format!("API key {}, {}", shown(&status.api_key), shown(&status.private_key));
    let made = tokio::task::block_in_place(|| connector.make_client(environment, connector.read_pair(environment)?));
    let client = made.map_err(|problem: Problem| {
        let means =
            if is_used { "nothing can be sent without them" } else { "this pair cannot be used; the other one is" };
        let mut finding = Finding::of_problem(&problem, means);
        if !is_used {
            finding.level = Level::Warning;
        }
        Check::wrong(name, &shown, finding)
    });
    Pair { environment, shown, client }
}

/// A private key that others can read, which is worse than one that is missing.
fn exposed(connector: &Connector, environment: Environment) -> Option<Check> {
    let store = connector.store().clone();
    let path = store.resolve(pairs::setting(store.config(), environment).private_key_file.as_deref()?);
    let mode = std::fs::metadata(&path).ok()?.mode() & 0o7777;
    if mode & 0o077 == 0 {
        return None;
    }
    let shown = safe(&path);
    let finding = Finding::wrong(
        format!("the {environment} private key {shown} can be read by other users of this server (mode {mode:04o})"),
        "whoever reads it can send to your data space in your name; it is not used until that is mended",
        format!("`chmod 600 {shown}`; if others may have read it, make a new pair in Adobe's API portal"),
    );
    Some(Check::wrong(keys_name(environment), "the private key is open to others", finding))
}

fn place(url: &str) -> Option<Place> {
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
    (!host.is_empty()).then(|| Place { host: host.to_owned(), port, is_https })
}

/// The client goes to this machine without a proxy, and elsewhere as the environment says.
fn way(gateway: &Place) -> Way {
    let address: Option<IpAddr> = gateway.host.parse().ok();
    if gateway.host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return Way::Direct("the gateway is on this machine".to_owned());
    }
    way_to(&gateway.host, |name| std::env::var(name).ok())
}

async fn resolve(place: &Place, whose: &str, way: &Way) -> (Check, Vec<SocketAddr>) {
    let host = SafeText::new(&place.host);
    let why = match timeout(NAME_LIMIT, tokio::net::lookup_host((place.host.as_str(), place.port))).await {
        Ok(Ok(found)) => {
            let addresses: Vec<SocketAddr> = found.collect();
            if !addresses.is_empty() {
                let detail = if place.host.parse::<IpAddr>().is_ok() {
                    format!("{host} is an address")
                } else {
                    format!("{host}: {}", many(addresses.len()))
                };
                return (Check::ok(NAME, &detail), addresses);
            }
            "it has no address".to_owned()
        }
        Ok(Err(error)) => SafeText::limited(&error.to_string(), 200).to_string(),
        Err(_) => format!("no answer within {}", duration(NAME_LIMIT)),
    };
    let next = match way {
        Way::Through(proxy) => {
            format!("check the name in {}, and the name servers in /etc/resolv.conf", proxy.variable)
        }
        Way::Direct(_) => {
            format!("`getent hosts {host}`; check the name servers in /etc/resolv.conf, or set HTTPS_PROXY")
        }
    };
    let what = format!("{whose} name {host} cannot be resolved: {why}");
    let finding = Finding::wrong(what, "the gateway cannot be reached from this server", next).because(Cause::Passing);
    (Check::wrong(NAME, &format!("{host} is not resolved"), finding), Vec::new())
}

fn many(addresses: usize) -> String {
    if addresses == 1 { "1 address".to_owned() } else { format!("{addresses} addresses") }
}

async fn connect(addresses: &[SocketAddr], place: &Place, way: &Way) -> (Check, bool) {
    if addresses.is_empty() {
        return (Check::skipped(CONNECTION, "needs: DNS"), false);
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
        Err(_) => format!("no answer within {}", duration(CONNECTION_LIMIT)),
    };
    let (what, next) = match way {
        Way::Through(proxy) => (
            format!("the proxy {shown} of {} cannot be connected to: {why}", proxy.variable),
            format!("check {} and that the proxy runs", proxy.variable),
        ),
        Way::Direct(_) => (
            format!("{shown} cannot be connected to: {why}"),
            format!("let this server out to port {} in its firewall, or set HTTPS_PROXY", place.port),
        ),
    };
    let finding = Finding::wrong(what, "the gateway cannot be reached from this server", next).because(Cause::Passing);
    (Check::wrong(CONNECTION, &format!("{shown} is closed"), finding), false)
}

/// What a ping tells, if there are keys to ping with.
async fn probe(pair: &Pair, is_on_the_way: bool, deadline: Instant) -> Option<Result<Probe, Unreached>> {
    let client = pair.client.as_ref().ok().filter(|_| is_on_the_way)?;
    let timed_out = || Unreached { trouble: Trouble::Time, message: "no answer in time".into() };
    Some(timeout_at(deadline, client.probe()).await.unwrap_or_else(|_| Err(timed_out())))
}

fn https(probe: &Option<Result<Probe, Unreached>>, is_connected: bool, gateway: &Place) -> Check {
    let host = SafeText::new(&gateway.host);
    match probe {
        None if !is_connected => Check::skipped(HTTPS, "needs: TCP"),
        None => Check::skipped(HTTPS, "needs: a key pair"),
        Some(Ok(probe)) => {
            let how = if gateway.is_https { "certificate trusted" } else { "plain http to this machine" };
            Check::ok(HTTPS, &format!("{how}, answer in {} ms", probe.took.as_millis()))
        }
        Some(Err(Unreached { trouble: Trouble::ProxyLogin | Trouble::Proxy, .. })) => {
            Check::skipped(HTTPS, "needs: Proxy")
        }
        Some(Err(Unreached { trouble: Trouble::Tls, message })) => {
            let finding = Finding::wrong(
                format!("no TLS with {host}: {message}"),
                "who answers there does not prove to be the gateway: often a firewall that looks into connections",
                "give the authority of that firewall with --ca-file or gateway.ca_file, or have the gateway's host excepted",
            );
            Check::wrong(HTTPS, "the certificate is not trusted", finding)
        }
        Some(Err(Unreached { message, .. })) => {
            let finding = Finding::wrong(
                format!("{host} gives no answer: {message}"),
                "the connection is there, but no request gets through now",
                "try again (`commerce-connector doctor`); if it stays, ask whoever runs the firewall or the proxy",
            )
            .because(Cause::Passing);
            Check::wrong(HTTPS, "no answer", finding)
        }
    }
}

fn proxy_check(probe: &Option<Result<Probe, Unreached>>, way: &Way) -> Check {
    let proxy: &Proxy = match way {
        Way::Direct(why) => return Check::ok(PROXY, &format!("none: {why}")),
        Way::Through(proxy) => proxy,
    };
    let place = proxy.place();
    let variable = proxy.variable;
    match probe {
        Some(Err(Unreached { trouble: Trouble::ProxyLogin, .. })) => {
            let finding = Finding::wrong(
                format!("the proxy {place} of {variable} asks for a login (HTTP status 407)"),
                "no request leaves this server until the proxy knows who asks",
                format!(
                    "put user and password into {variable} (http://USER:PASSWORD@{place}), or except the gateway's host in NO_PROXY"
                ),
            );
            Check::wrong(PROXY, "asks for a login (407)", finding)
        }
        Some(Err(Unreached { trouble: Trouble::Proxy, message })) => {
            let finding = Finding::wrong(
                format!("the proxy {place} of {variable} does not let the connection through: {message}"),
                "no request leaves this server through that proxy",
                format!("have the gateway's host allowed there, or correct {variable}"),
            );
            Check::wrong(PROXY, "refuses the connection", finding)
        }
        _ => Check::ok(PROXY, &format!("{place}, from {variable}")),
    }
}

fn ahead(probe: &Option<Result<Probe, Unreached>>) -> Option<SignedDuration> {
    match probe {
        Some(Ok(probe)) => probe.ahead,
        _ => None,
    }
}

fn clock(probe: &Option<Result<Probe, Unreached>>) -> Check {
    let Some(Ok(_)) = probe else { return Check::skipped(CLOCK, "needs: an answer of the gateway") };
    let Some(ahead) = ahead(probe) else { return Check::skipped(CLOCK, "the gateway's answer has no date") };
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    let off = ahead.abs();
    if off <= SignedDuration::from_secs(2) {
        return Check::ok(CLOCK, "as the gateway's");
    }
    let detail = format!("{} {direction} the gateway's", duration(off.unsigned_abs()));
    if off <= SKEW_WARNING {
        return Check::ok(CLOCK, &detail);
    }
    let what = format!("this server's clock is {detail}");
    let next = "`timedatectl set-ntp true` sets it and keeps it right; `timedatectl` shows whether it worked";
    let finding = if off > SKEW_WRONG {
        Finding::wrong(
            what,
            "a token is signed with the time and lives 300 s: the gateway takes it for expired and refuses the keys",
            next,
        )
    } else {
        Finding::warning(what, "at 300 s the gateway takes every token for expired and refuses the keys", next)
    };
    Check::new(CLOCK, &detail, vec![finding])
}

fn keys(pair: Pair, probe: Option<Result<Probe, Unreached>>, used: Environment, is_clock_right: bool) -> Check {
    let name = keys_name(pair.environment);
    let shown = pair.shown.clone();
    if pair.client.is_err() {
        return pair.check("");
    }
    let refused = match probe {
        None => return Check::skipped(name, &format!("{shown}; needs: TCP")),
        Some(Err(_)) => return Check::skipped(name, &format!("{shown}; needs: an answer")),
        Some(Ok(Probe { keys: Ok(()), .. })) => return Check::ok(name, &format!("{shown}, accepted")),
        Some(Ok(_)) if !is_clock_right => return Check::skipped(name, &format!("{shown}; needs: a right clock")),
        Some(Ok(Probe { keys: Err(error), .. })) => error,
    };
    let environment = pair.environment;
    let is_used = environment == used;
    let means =
        if is_used { "nothing can be sent until the gateway accepts a pair" } else { "this pair is not in use now" };
    let mut finding = Finding::of(&refused, means);
    if finding.cause == Cause::Keys {
        finding.next = format!(
            "`commerce-connector keys set --environment {environment} --api-key-file F --private-key-file F` with a pair \
             from Adobe's API portal; {}",
            finding.next
        );
    }
    if !is_used {
        finding.level = Level::Warning;
    }
    Check::wrong(name, &format!("{shown}, refused"), finding)
}

async fn registry(client: &Client, overview: &Overview, deadline: Instant) -> Vec<Check> {
    let problem = match timeout_at(deadline, client.projects()).await {
        Ok(Ok(projects)) => {
            let projects_seen = counted(projects.len() as u64, "project");
            return vec![Check::ok(REGISTRY, &projects_seen), data_space(&projects, overview)];
        }
        Ok(Err(error)) => Problem::of(&error),
        Err(_) => Problem::new(crate::error::Exit::TryAgain, "the registry gave no answer in time").hint("try again"),
    };
    let finding = Finding::of_problem(&problem, "projects and data spaces cannot be listed or checked");
    vec![Check::wrong(REGISTRY, "no usable answer", finding), Check::skipped(DATA_SPACE, "needs: Registry")]
}

/// Whether the chosen data space is still there, as it was saved.
fn data_space(projects: &[Project], overview: &Overview) -> Check {
    let Some((id, name, kind)) = &overview.data_space else {
        let finding = Finding::wrong(
            "no data space is chosen",
            "there is nowhere to send to",
            "`commerce-connector data-spaces list`, then `commerce-connector data-spaces select ID`",
        );
        return Check::wrong(DATA_SPACE, "none is chosen", finding);
    };
    let found: Option<(&Project, &DataSpace)> = projects.iter().find_map(|project| {
        project.data_spaces.iter().find(|data_space| data_space.id == *id).map(|data_space| (project, data_space))
    });
    let Some((project, data_space)) = found else {
        let finding = Finding::wrong(
            format!("the data space {name} ({id}) is not among those that the registry shows to these keys"),
            "it was deleted, or the keys belong to another organization: what is sent there is refused",
            "`commerce-connector data-spaces list`, then `commerce-connector data-spaces select ID`",
        );
        return Check::wrong(DATA_SPACE, &format!("{name} is not there"), finding);
    };
    let select = format!("`commerce-connector data-spaces select {id}` saves it as it is now");
    let mut findings = Vec::new();
    if data_space.kind != *kind {
        findings.push(Finding::wrong(
            format!("the data space {name} is {} in the registry, but was saved as {kind}", data_space.kind),
            "this program protects production data by what was saved",
            select.clone(),
        ));
    }
    if overview.project.as_ref().is_some_and(|(saved, _)| *saved != project.id) {
        findings.push(Finding::warning(
            format!("the data space {name} belongs to the project {}, but was saved under another one", project.name),
            "what is sent goes to the right data space; only what is shown is wrong",
            select,
        ));
    }
    Check::new(DATA_SPACE, &format!("{} ({}) of {}", data_space.name, data_space.kind, project.name), findings)
}
