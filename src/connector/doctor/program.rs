//! Checks of this program's own place: routes, the guard, state directory, ledger, terminal.

use std::io::IsTerminal as _;

use tokio::time::timeout;

use super::check::Check;
use super::{AREA_LIMIT, customised, logout, state_dir};
use crate::connector::Connector;
use crate::connector::finding::Finding;
use crate::connector::ledger::findings;
use crate::domain::Feed;
use crate::format::count;
use crate::remedy::{Hint, Remedy};
use crate::settings::RouteOrigin;
use crate::untrusted::SafeText;

const ROUTES: &str = "Routes";
const GUARD: &str = "Guard";
const LEDGER: &str = "Ledger";
const TERMINAL: &str = "Terminal";
/// The largest ledger that is read whole by the way, in bytes: that takes less than a second. Of a larger one, only what the
/// summary needs is read; `export ledger check` reads all.
const SMALL_LEDGER: u64 = 64 * 1024 * 1024;
/// The smallest screen that can be used, in cells; below that there are the commands.
const SMALLEST: (u16, u16) = (60, 15);

pub(super) async fn checks(connector: &Connector) -> Vec<Check> {
    let guard = customised::with_changes(guard(connector).await, connector).await;
    let connector = connector.clone();
    tokio::task::spawn_blocking(move || {
        let state = state_dir::check(&connector, environment);
        vec![routes(&connector), guard, state, ledger(&connector), terminal(environment), logout::check()]
    })
    .await
    .unwrap_or_default()
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn routes(connector: &Connector) -> Check {
    let (mut documented, mut configured, mut in_commerce, mut inferred) = (0, Vec::new(), Vec::new(), Vec::new());
    let mut facts = Vec::new();
    for feed in Feed::ALL {
        let (route, from) = connector.route(feed);
        match from {
            RouteOrigin::Documented => documented += 1,
            RouteOrigin::Configuration => configured.push(feed.name()),
            RouteOrigin::Commerce { .. } => in_commerce.push(feed.name()),
            RouteOrigin::Inferred => inferred.push(feed.name()),
        }
        facts.push(SafeText::new(&format!("{feed}: {route} ({from})")));
    }
    let mut parts = vec![format!("{documented} documented")];
    for (what, feeds) in [("from Commerce", in_commerce), ("configured", configured), ("inferred", inferred)] {
        if !feeds.is_empty() {
            parts.push(format!("{what}: {}", feeds.join(", ")));
        }
    }
    let unclear = connector.settings().check().err();
    let findings =
        unclear.map(|problem| Finding::of_problem(&problem, "exports are refused until every route is known"));
    Check::new(ROUTES, &parts.join("; "), findings.into_iter().collect()).with_facts(facts)
}

/// Whether this installation may send into this data space.
async fn guard(connector: &Connector) -> Check {
    let Some((_, _, kind)) = connector.overview().data_space else {
        return Check::skipped(GUARD, "no data space");
    };
    let send_guard = async { connector.send_guard(&connector.source().await?, None).await };
    let send_guard = match timeout(AREA_LIMIT, send_guard).await {
        Ok(Ok(Some(send_guard))) => send_guard,
        Ok(Ok(None)) => return Check::skipped(GUARD, "sample catalogue"),
        Ok(Err(problem)) => return Check::skipped(GUARD, &format!("{problem}")),
        Err(_) => return Check::skipped(GUARD, "database or registry timed out"),
    };
    let this = match &send_guard.inferred {
        Some(inferred) => format!("{} installation", inferred.kind),
        None => "installation of unknown kind".to_owned(),
    };
    let detail = format!("{this}, {kind} data space");
    match send_guard.check(None) {
        Ok(()) => Check::ok(GUARD, &detail),
        Err(refusal) => {
            let means = "exports are refused, so that a copy cannot change what customers see";
            Check::wrong(GUARD, &detail, Finding::of(&refusal, means))
        }
    }
}

fn ledger(connector: &Connector) -> Check {
    if connector.overview().data_space.is_none() {
        return Check::skipped(LEDGER, "no data space");
    }
    match connector.ledger_summary() {
        Ok(feeds) if feeds.is_empty() => Check::ok(LEDGER, "nothing sent to this data space yet"),
        Ok(feeds) => {
            let flaws = match connector.check_small_ledger(SMALL_LEDGER) {
                Ok(checkup) => checkup.iter().flat_map(findings).collect(),
                Err(problem) => vec![Finding::of_problem(&problem, "sent items are recorded there")],
            };
            let sum = |of: fn(&crate::export::ledger::FeedSummary) -> u64| feeds.iter().map(of).sum::<u64>();
            let failed = sum(|feed| feed.will_retry + feed.needs_attention);
            let detail = format!("{} sent, {} failed", count(sum(|feed| feed.submitted)), count(failed));
            let finding = (failed > 0).then(|| {
                Finding::wrong(
                    format!("{} items of the last runs failed", count(failed)),
                    "the service has no current version of them",
                    Hint::from(Remedy::Status).and(" lists them with the reason"),
                )
            });
            Check::new(LEDGER, &detail, flaws.into_iter().chain(finding).collect())
        }
        Err(problem) => {
            let means = "sent items are recorded there; no export starts without it";
            Check::wrong(LEDGER, "cannot be read", Finding::of_problem(&problem, means))
        }
    }
}

/// What the screen will find. In a pipe or under cron there is none, and that is as it should be.
fn terminal(variable: impl Fn(&str) -> Option<String>) -> Check {
    if !std::io::stdout().is_terminal() {
        return Check::ok(TERMINAL, "none: output is not a terminal");
    }
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| (size.ws_col, size.ws_row)).ok();
    judged_terminal(size, variable)
}

fn judged_terminal(size: Option<(u16, u16)>, variable: impl Fn(&str) -> Option<String>) -> Check {
    let mut findings = Vec::new();
    let term = variable("TERM");
    if term.as_deref().is_none_or(|term| term == "dumb") {
        findings.push(Finding::warning(
            format!("TERM is {}", term.as_deref().map_or("not set".to_owned(), |term| SafeText::new(term).to_string())),
            "the screen cannot be drawn; use the commands instead",
            "`export TERM=xterm-256color`, if your terminal supports it",
        ));
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, variable(name)?)));
    let is_utf8 = locale.as_ref().is_some_and(|(_, value)| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    });
    if !is_utf8 {
        let what = match &locale {
            Some((name, value)) => format!("{name} is {}, which is not UTF-8", SafeText::new(value)),
            None => "no locale is set (LC_ALL, LC_CTYPE, LANG)".to_owned(),
        };
        let means = "names with accents and other scripts are shown as question marks, frames as ASCII";
        findings.push(Finding::warning(what, means, "`export LANG=C.UTF-8`"));
    }
    let (columns, rows) = size.unwrap_or_default();
    if size.is_some() && (columns < SMALLEST.0 || rows < SMALLEST.1) {
        findings.push(Finding::warning(
            format!("the terminal has {columns} columns and {rows} rows"),
            format!("the screen needs {} columns and {} rows", SMALLEST.0, SMALLEST.1),
            "make the window larger, or use the commands",
        ));
    }
    let colours = variable("NO_COLOR").is_none() && variable("CLICOLOR").as_deref() != Some("0");
    let size = size.map_or_else(|| "size unknown".to_owned(), |(columns, rows)| format!("{columns}x{rows}"));
    let detail = format!(
        "{}, {size}, {}, {}",
        term.as_deref().unwrap_or("TERM is not set"),
        if colours { "colours" } else { "no colours" },
        if is_utf8 { "UTF-8" } else { "ASCII" }
    );
    Check::new(TERMINAL, &detail, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::doctor::Outcome;

    fn with(size: (u16, u16), variables: &[(&str, &str)]) -> Check {
        judged_terminal(Some(size), |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_terminal_is_named_with_what_it_can_do() {
        let check = with((120, 40), &[("TERM", "xterm"), ("LANG", "de_DE.UTF-8")]);
        assert_eq!((check.outcome, check.detail.as_str()), (Outcome::Ok, "xterm, 120x40, colours, UTF-8"));
        let check = with((80, 24), &[("TERM", "xterm"), ("LANG", "C"), ("NO_COLOR", "1")]);
        assert_eq!(check.detail.as_str(), "xterm, 80x24, no colours, ASCII");
        assert_eq!(check.findings[0].what, "LANG is C, which is not UTF-8");
        assert_eq!(check.findings[0].next.command_line(), "`export LANG=C.UTF-8`");
    }

    #[test]
    fn what_a_terminal_lacks_is_a_warning() {
        let check = with((59, 24), &[("TERM", "dumb"), ("LC_ALL", "C.UTF-8")]);
        let whats: Vec<&str> = check.findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(whats, ["TERM is dumb", "the terminal has 59 columns and 24 rows"]);
        assert_eq!(check.outcome, Outcome::Warning);
    }
}
