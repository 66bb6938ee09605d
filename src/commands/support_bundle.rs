//! `support-bundle`: one archive for a ticket, made of what commands print.
//!
//! It must never hold a secret or data of a customer: orders are left out, and lines from logs are masked.

use jiff::Timestamp;
use serde_json::json;

use super::output::{Output, can_ask, confirmed, error_lines, problem_of, table};
use super::{Invocation, config, doctor, feeds, ledger, runs, services, status, whoami};
use crate::cli::{ConfigCommand, FeedsCommand, LedgerCommand, SupportBundleArgs};
use crate::commerce::edition::ComposerLock;
use crate::commerce::exporter_log;
use crate::connector::Connector;
use crate::connector::support_bundle::{Bundle, LEFT_OUT, Part, check_new};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::format::{bytes, counted};
use crate::masked::masked;
use crate::private_file::safe;
use crate::untrusted::SafeText;
use crate::{logging, version};

/// The arguments with which the screen has another process print what goes into the archive.
pub const FOR_SCREEN: &[&str] = &["--json", "support-bundle", "--print"];

/// Runs of the history that are taken along.
const RUNS: u16 = 50;
/// Failures of each feed that are taken along; the newest.
const FAILURES: usize = 100;
/// Lines of our own log that are taken along; the newest.
const LOG_LINES: usize = 2_000;

/// Runs it.
pub async fn run(args: SupportBundleArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    if !args.print && !args.yes && !can_ask(output) {
        let what = "nobody can be asked whether to write the archive";
        return Err(Problem::usage(what).hint("add --yes, or --print to read it first").into());
    }
    let made_at = Timestamp::now();
    let bundle = Bundle { made_at, parts: parts(setting, made_at).await };
    if args.print {
        for part in &bundle.parts {
            output.text(&format!("== {}: {}", part.name, part.about))?;
            let text = String::from_utf8_lossy(&part.text);
            text.lines().try_for_each(|line| output.text(line))?;
            output.text("")?;
            let lines: Vec<&str> = text.lines().collect();
            output.record("support_file", json!({"name": part.name, "about": part.about, "lines": lines}))?;
        }
        return Ok(Exit::Done);
    }
    list(&bundle.parts, output)?;
    let path = args.file.unwrap_or_else(|| bundle.file_name());
    check_new(&path).map_err(|problem| problem.hint("name another --file"))?;
    if !args.yes && !confirmed(format!("Write {}? [y/N] ", safe(&path))).await? {
        output.text("Nothing written.")?;
        return Ok(Exit::Done);
    }
    let size = bundle.write(&path)?;
    let text = format!("Wrote {} ({}). Attach it to the ticket.", safe(&path), bytes(size));
    output.say(&text, "support_bundle", json!({"path": safe(&path), "bytes": size, "files": bundle.parts.len()}))?;
    Ok(Exit::Done)
}

fn list(parts: &[Part], output: &mut Output) -> Result<(), Problem> {
    let mut rows = vec![["FILE", "SIZE", "CONTENT"].map(str::to_owned).to_vec()];
    for part in parts {
        let size = part.text.len() as u64;
        output.record("support_file", json!({"name": part.name, "about": part.about, "bytes": size}))?;
        rows.push(vec![part.name.to_string(), bytes(size), part.about.to_string()]);
    }
    output.text(&table(&rows, &[1]))?;
    output.text(&format!("{LEFT_OUT} Read all of it: `commerce-connector support-bundle --print`"))
}

/// Every file of the archive.
async fn parts(setting: &Invocation, made_at: Timestamp) -> Vec<Part> {
    let mut all = Vec::new();
    let mut add = |name: &str, about: &str, text| all.push(Part { name: name.into(), about: about.into(), text });
    let opened = setting.opened().await;
    let connector = || opened.as_ref().map_err(Problem::clone);
    let show = ConfigCommand::Show { commerce: false };
    let text = kept(async |output| about(connector().ok(), made_at, output)).await;
    add("about.txt", "version, system, Adobe's packages", text);
    let text = kept(async |output| whoami::run(setting, output).await).await;
    add("whoami.txt", "shop, project, data space", text);
    let text = kept(async |output| config::run(&show, setting, output).await).await;
    add("config.txt", "settings and their origin, secrets masked", text);
    let text = kept(async |output| status::run(setting, output).await).await;
    add("status.txt", "what is done, and the next step", text);
    let text = kept(async |output| doctor::run(setting, output).await).await;
    add("doctor.txt", "every check", text);
    let text = kept(async |output| services::run(setting, output).await).await;
    add("services.txt", "services and their modules", text);
    let text = kept(async |output| feeds::run(FeedsCommand::List, setting, output).await).await;
    add("feeds.txt", "feeds, records, routes", text);
    let text = kept(async |output| feeds::run(FeedsCommand::Health, setting, output).await).await;
    add("health.txt", "ledger, Adobe's feed tables, indexers, cron", text);
    let text = kept(async |output| Ok(runs::list(RUNS, connector()?, output)?)).await;
    add("runs.txt", "the last runs", text);
    let text = kept(async |output| failures(connector()?, output)).await;
    add("failures.txt", "failed items with request ids", text);
    let text = kept(async |output| Ok(ledger::run(LedgerCommand::Check, connector()?, output)?)).await;
    add("ledger.txt", "a check of the ledger", text);
    let text = kept(async |output| exporter_errors(connector()?, output)).await;
    add("exporter-errors.txt", "errors of Adobe's exporter, by code", text);
    let text = kept(async |output| log(setting, output)).await;
    add("log.txt", "the end of this program's log", text);
    all
}

/// What a command prints, and at the end its exit code. What it fails with is told in its place, and what to do about it.
async fn kept(command: impl AsyncFnOnce(&mut Output) -> anyhow::Result<Exit>) -> Vec<u8> {
    let mut output = Output::kept();
    let exit = match command(&mut output).await {
        Ok(exit) => exit,
        Err(error) => {
            let problem = problem_of(&error);
            for line in error_lines(&problem) {
                // Memory takes every line.
                let _ = output.text(&line);
            }
            problem.exit
        }
    };
    let mut text = output.into_kept();
    text.extend(format!("(exit code {})\n", exit as u8).into_bytes());
    text
}

fn about(connector: Option<&Connector>, made_at: Timestamp, output: &mut Output) -> anyhow::Result<Exit> {
    output.text(&format!("Made at {made_at}"))?;
    output.text(&version::text())?;
    let system = rustix::system::uname();
    output.text(&format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy()))?;
    let lock = connector.and_then(Connector::root).and_then(|root| ComposerLock::read(&root));
    let Some(lock) = lock else {
        output.text("Adobe's packages: unknown; no composer.lock could be read")?;
        return Ok(Exit::Done);
    };
    let is_adobes = |name: &str| ["magento/", "adobe-commerce/"].iter().any(|vendor| name.starts_with(vendor));
    let rows = lock.packages().filter(|(name, _)| is_adobes(name));
    let rows: Vec<_> = rows.map(|(name, version)| vec![name.to_owned(), version.to_owned()]).collect();
    output.text(&table(&rows, &[]))?;
    Ok(Exit::Done)
}

/// The newest failures of every feed that holds no personal data.
fn failures(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let mut rows = vec![["FEED", "ITEM", "STATE", "CODE", "REQUEST", "ERROR"].map(str::to_owned).to_vec()];
    for feed in Feed::ALL.into_iter().filter(|feed| !feed.is_personal()) {
        for failure in connector.failures(Some(feed), FAILURES)? {
            rows.push(vec![
                feed.to_string(),
                failure.label.to_string(),
                failure.state.words().to_owned(),
                failure.code.to_string(),
                failure.request_id.map(|id| id.to_string()).unwrap_or_default(),
                masked(failure.message.as_str()),
            ]);
        }
    }
    output.text(&table(&rows, &[]))?;
    output.text(&format!("At most {FAILURES} of each feed, the newest; orders are left out."))?;
    Ok(Exit::Done)
}

fn exporter_errors(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let Some(root) = connector.root() else {
        output.text("No installation directory is configured (instance.root).")?;
        return Ok(Exit::Done);
    };
    let errors = tokio::task::block_in_place(|| exporter_log::read(&root));
    if errors.files.is_empty() {
        output.text(&format!("No error log of Adobe's exporter in {}", safe(&root.join("var/log"))))?;
    }
    for file in &errors.files {
        output.text(&format!("Read the end of {}", safe(file)))?;
    }
    for code in &errors.codes {
        output.text(&format!("\n{}: {}", code.code, counted(code.count, "line")))?;
        output.text(&format!("  meaning: {}", code.meaning()))?;
        output.text(&format!("  newest: {}", code.newest))?;
    }
    if errors.left_out > 0 {
        output.text(&format!("\n{} about orders or customers left out.", counted(errors.left_out, "line")))?;
    }
    Ok(Exit::Done)
}

fn log(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let state_dir = setting.state_dir(&setting.load()?);
    let is_personal = |line: &str| Feed::ALL.iter().any(|feed| feed.is_personal() && line.contains(feed.name()));
    let lines = logging::newest(&state_dir, LOG_LINES)?;
    let (personal, kept): (Vec<_>, Vec<_>) = lines.iter().partition(|line| is_personal(line));
    for line in kept {
        output.text(SafeText::new(&masked(line)).as_str())?;
    }
    if !personal.is_empty() {
        output.text(&format!("{} about orders left out.", counted(personal.len() as u64, "line")))?;
    }
    Ok(Exit::Done)
}
