//! Figures for a monitoring system, in the text format of Prometheus 0.0.4, which `node_exporter`'s textfile collector reads.
//!
//! Names end with their unit; times are Unix seconds. What is not known has no line, so that an alert on absence can see it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Connector;
use crate::error::{Exit, Problem};
use crate::export::ledger::{self, FeedSummary};
use crate::private_file::safe;

/// A metric: its name, what kind it is, and what it says.
type Metric = (&'static str, &'static str);

const ITEMS: Metric = ("commerce_connector_items", "Items of a feed by state.");
const FULL: Metric =
    ("commerce_connector_last_full_sync_timestamp_seconds", "When a feed was last compared and sent in full.");
const PARTIAL: Metric =
    ("commerce_connector_last_partial_sync_timestamp_seconds", "When a partial sync of a feed last succeeded.");
const RUNS: Metric = ("commerce_connector_running_exports", "Exports that are running now.");
const LEDGER: Metric = ("commerce_connector_ledger_bytes", "Size of the ledger on disk.");
const INFO: Metric = ("commerce_connector_info", "Version, environment and data space in use; always 1.");

impl Connector {
    /// All figures of the data space in use. Makes no request.
    ///
    /// # Errors
    /// A [`Problem`] if the ledger is there and cannot be read.
    pub async fn metrics(&self) -> Result<String, Problem> {
        let runs = self.live_runs().await.len();
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || this.figures(runs)).await;
        read.map_err(|error| Problem::new(Exit::Other, format!("the metrics could not be read: {error}")))?
    }

    /// Writes them to `[metrics] file`, if that is set: whole, or not at all.
    ///
    /// # Errors
    /// A [`Problem`] that names the file.
    pub async fn write_metrics(&self) -> Result<(), Problem> {
        let store = self.store();
        let Some(file) = store.config().metrics.file.as_deref().map(|file| store.resolve(file)) else { return Ok(()) };
        let text = self.metrics().await?;
        let shown = safe(&file);
        write(file, text).await.map_err(|error| {
            Problem::new(Exit::Other, format!("the metrics file {shown} cannot be written: {error}"))
                .hint("let this user write its directory, or change metrics.file")
        })
    }

    fn figures(&self, runs: usize) -> Result<String, Problem> {
        let feeds = self.ledger_summary()?;
        let overview = self.overview();
        let space = overview.data_space.as_ref().map(|(id, ..)| id);
        let size = space.map(|space| ledger::size(&self.shared.state_dir, space));
        let mut text = String::new();
        let info = format!(
            "version=\"{}\",environment=\"{}\",data_space=\"{}\"",
            env!("CARGO_PKG_VERSION"),
            overview.environment,
            label(space.map_or("", |space| space.as_str())),
        );
        head(&mut text, INFO);
        line(&mut text, INFO, &info, 1);
        head(&mut text, RUNS);
        line(&mut text, RUNS, "", runs);
        if let Some(size) = size {
            head(&mut text, LEDGER);
            line(&mut text, LEDGER, "", size);
        }
        items(&mut text, &feeds);
        times(&mut text, FULL, feeds.iter().map(|feed| (feed, feed.last_sync)));
        times(&mut text, PARTIAL, feeds.iter().map(|feed| (feed, feed.last_partial)));
        Ok(text)
    }
}

fn items(text: &mut String, feeds: &[FeedSummary]) {
    if feeds.is_empty() {
        return;
    }
    head(text, ITEMS);
    for feed in feeds {
        let states = [
            ("sent", feed.submitted),
            ("not_sent", feed.awaiting),
            ("will_retry", feed.will_retry),
            ("needs_a_fix", feed.needs_attention),
        ];
        for (state, number) in states {
            line(text, ITEMS, &format!("feed=\"{}\",state=\"{state}\"", feed.feed.name()), number);
        }
    }
}

fn times<'a>(text: &mut String, metric: Metric, of: impl Iterator<Item = (&'a FeedSummary, Option<Timestamp>)>) {
    let known: Vec<_> = of.filter_map(|(feed, at)| Some((feed.feed, at?))).collect();
    if known.is_empty() {
        return;
    }
    head(text, metric);
    for (feed, at) in known {
        line(text, metric, &format!("feed=\"{}\"", feed.name()), at.as_second());
    }
}

fn head(text: &mut String, (name, help): Metric) {
    // A string takes everything.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn line(text: &mut String, (name, _): Metric, labels: &str, value: impl std::fmt::Display) {
    let _ = match labels {
        "" => writeln!(text, "{name} {value}"),
        labels => writeln!(text, "{name}{{{labels}}} {value}"),
    };
}

/// A text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Beside the file first, then in its place, so that nobody reads half of it. Others may read it: it holds no secret.
async fn write(file: PathBuf, text: String) -> std::io::Result<()> {
    let new = beside(&file);
    tokio::fs::write(&new, text).await?;
    let renamed = tokio::fs::rename(&new, &file).await;
    if renamed.is_err() {
        // What is left would be read as another file by some collectors.
        let _ = tokio::fs::remove_file(&new).await;
    }
    renamed
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    file.with_file_name(name)
}
