//! A run as plain lines: for logs, cron, screen readers and `TERM=dumb`. The same news as on the screen.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Zoned;
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::output::{Output, table, talk};
use super::progress_table::ProgressTable;
use crate::connector::estimate::Forecast;
use crate::error::{Exit, Problem};
use crate::export::Run;
use crate::export::held::Held;
use crate::export::progress::{FeedProgress, ItemFailure, Progress, RunEnd, RunEvent, RunReport};
use crate::export::reasons::Reasons;
use crate::export::report_text::{Change, Changes, end_words, event_line, limit_words};
use crate::export::requests::{Latency, Requests};
use crate::export::total_text::{reason_line, requests_line, silence_words, total_line};
use crate::format::{count, counted, duration};
use crate::untrusted::SafeText;

/// How often a long run says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(30);

/// How often a table is redrawn while nothing comes in: its waits are in whole seconds.
const REDRAW_EVERY: Duration = Duration::from_secs(1);

/// Where the lines go in text mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// They are the point: the demo.
    Stdout,
    /// They are talk: `export run`, whose data is the table at the end.
    Stderr,
    /// A table on stdout that is redrawn in place: a terminal watches the run.
    Table,
    /// Not wanted; errors still are.
    Quiet,
}

/// Follows a run to its end, then prints what it came to.
///
/// A first SIGINT or SIGTERM stops it gracefully; a second leaves at once. A hang-up, or nobody reading, never stops it. A run of
/// another process is left alone by any of them, and this ends.
pub async fn follow(run: Run, voice: Voice, output: &mut Output) -> anyhow::Result<Exit> {
    let report = follow_to_end(run, voice, output).await?;
    Ok(conclude(&report)?)
}

/// The same without a conclusion, which [`conclude`] draws.
///
/// # Errors
/// A [`Problem`] if there is no report.
pub async fn follow_to_end(mut run: Run, voice: Voice, output: &mut Output) -> anyhow::Result<RunReport> {
    let table = (voice == Voice::Table).then(ProgressTable::default);
    let mut teller = Teller { voice, output, ends_with_errors: true, table };
    let every = if voice == Voice::Table { REDRAW_EVERY } else { PROGRESS_EVERY };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Taken, so that the default action (to die) is not: the run continues without a listener.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut clock = interval_at(Instant::now() + every, every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut listening = true;
    let mut counting = true;
    let mut changes = Changes::default();
    let mut received = Instant::now();
    let report = loop {
        let stop = tokio::select! {
            biased;
            _ = interrupt.recv() => true,
            _ = terminate.recv() => true,
            _ = hangup.recv() => run.control.is_elsewhere(),
            event = run.events.recv(), if listening => {
                match event {
                    Some(event) => teller.event(&event),
                    None => listening = false,
                }
                false
            }
            report = &mut run.report, if !listening => break report,
            newer = run.progress.changed(), if counting => {
                counting = newer.is_ok();
                received = Instant::now();
                let progress = run.progress.borrow_and_update().clone();
                for change in &changes.of(&progress) {
                    teller.change(change);
                }
                teller.redraw(&progress, Duration::ZERO);
                false
            }
            _ = clock.tick() => {
                let progress = run.progress.borrow_and_update().clone();
                teller.redraw(&progress, received.elapsed());
                teller.progress(&progress, received.elapsed());
                false
            }
        };
        if stop && run.control.is_elsewhere() {
            return Err(Problem::new(Exit::Interrupted, "detached; the export is still running").into());
        }
        if stop && run.control.is_stopped() {
            return Err(Problem::new(Exit::Interrupted, "interrupted again; did not wait for the gateway").into());
        }
        if stop {
            talk("Stopping after in-flight batches. Interrupt again to quit now.");
            run.control.stop();
        }
    };
    let report = report
        .map_err(|error| Problem::new(Exit::Other, format!("the export failed: {error}")))?
        .map_err(|error| Problem::of(&error))?;
    teller.report(&report);
    Ok(report)
}

/// How a command ends whose run ended like this.
pub fn conclude(report: &RunReport) -> Result<Exit, Problem> {
    match &report.end {
        RunEnd::Failed { problems } => {
            // The last is the one that the program ends with: its exit code is that of the run.
            let last = problems.iter().position(|(_, problem)| problem.exit == report.exit());
            for (place, (feed, problem)) in problems.iter().enumerate() {
                if Some(place) != last {
                    talk(&format!("error: {feed}: {}", problem.what));
                }
            }
            match last.and_then(|last| problems.get(last)) {
                Some((feed, problem)) => Err(Problem { what: format!("{feed}: {}", problem.what), ..problem.clone() }),
                None => Ok(report.exit()),
            }
        }
        RunEnd::KeysRefused { message, remedy } => {
            let what = format!("the gateway refused the keys and a new token; export stopped: {message}");
            Err(Problem::new(Exit::Refused, what).hint(remedy.hint().and("; then run again to resume")))
        }
        RunEnd::Complete if report.exit() == Exit::Guarded => {
            let mut problems =
                report.held().map(|held| Problem::new(Exit::Guarded, held.sentence()).hint(held.remedy()));
            let first = problems.next();
            for problem in problems {
                talk(&format!("error: {}\n  fix: {}", problem.what, problem.hint.unwrap_or_default().command_line()));
            }
            first.map_or(Ok(Exit::Guarded), Err)
        }
        RunEnd::Complete | RunEnd::Stopped => Ok(report.exit()),
    }
}

/// Tells what happens, in words or in JSON.
pub struct Teller<'a> {
    voice: Voice,
    output: &'a mut Output,
    /// Whether refused keys and what is held back are reported at the end, as errors.
    ends_with_errors: bool,
    table: Option<ProgressTable>,
}

impl<'a> Teller<'a> {
    /// Tells it in this voice.
    pub fn new(voice: Voice, output: &'a mut Output) -> Self {
        Self { voice, output, ends_with_errors: false, table: None }
    }

    /// Data: on stdout in either form. A closed pipe ends the talk, never the run.
    pub fn data(&mut self, text: &str, kind: &str, fields: Value) {
        let _ = self.output.say(text, kind, fields);
    }

    /// Talk, where the voice wants it; in JSON always data.
    pub fn say(&mut self, text: &str, kind: &str, fields: Value) {
        // A closed pipe ends the talk, never the run.
        let _ = match (self.output.is_json(), self.voice) {
            (true, _) => self.output.record(kind, fields),
            (false, Voice::Stdout) => self.output.text(text),
            (false, Voice::Stderr) => {
                talk(text);
                Ok(())
            }
            (false, Voice::Table | Voice::Quiet) => Ok(()),
        };
    }

    /// Tells a lifecycle change.
    pub fn event(&mut self, event: &RunEvent) {
        let (kind, fields) = match event {
            RunEvent::FirstSync { source_records } => {
                let known: u64 = source_records.iter().filter_map(|(_, records)| *records).sum();
                let feeds: Vec<Value> = source_records
                    .iter()
                    .map(|(feed, records)| json!({"feed": feed, "source_records": records}))
                    .collect();
                ("first_sync", json!({"source_records": known, "feeds": feeds}))
            }
            RunEvent::FeedStarted { feed, source_records } => {
                ("feed_started", json!({"feed": feed, "source_records": source_records}))
            }
            RunEvent::ItemFailed(failure) => ("item_failed", failure_record(failure)),
            RunEvent::Retrying { feed, attempt, after, reason } => (
                "retrying",
                json!({"feed": feed, "attempt": attempt, "after_seconds": after.as_secs_f64(), "reason": reason}),
            ),
            RunEvent::Note { feed, text } => ("note", json!({"feed": feed, "text": text})),
            RunEvent::Held(held) => ("held", held_record(held)),
            RunEvent::FeedFinished(feed) => ("feed_finished", feed_record(feed)),
            RunEvent::KeysRefused { message, remedy, request_id } => {
                ("keys_refused", json!({"message": message, "what_helps": remedy.hint(), "request_id": request_id}))
            }
        };
        match event {
            // A run ends with it, as an error.
            RunEvent::Held(_) | RunEvent::KeysRefused { .. } if !self.output.is_json() && self.ends_with_errors => {}
            _ => self.say(&event_line(event), kind, fields),
        }
    }

    /// Tells what changed in the counters besides the numbers themselves.
    fn change(&mut self, change: &Change) {
        let (kind, fields) = match change {
            Change::Phase(feed) => ("phase", feed_record(feed)),
            Change::Limit(limit) => ("limit", json!({"limit": limit_words(limit)})),
            Change::Paused(by) => ("paused", json!({"by": by})),
            Change::Resumed => ("resumed", json!({})),
            Change::ThreadCount(threads) => ("thread_count", json!({"thread_count": threads})),
            Change::BatchSize(feed, items) => ("batch_size", json!({"feed": feed, "batch_size": items})),
            Change::Stopping => ("stopping", json!({})),
        };
        self.say(&change.line(), kind, fields);
    }

    fn redraw(&mut self, progress: &Progress, age: Duration) {
        if let Some(table) = &mut self.table {
            table.draw(progress, age);
        }
    }

    /// Tells how far each running feed and the whole run are, `age` after these counters were made.
    fn progress(&mut self, progress: &Progress, age: Duration) {
        for feed in progress.feeds.iter().filter(|feed| feed.phase.is_active()) {
            let read = match feed.source_records {
                Some(records) => {
                    let percent = feed.source_read.min(records) * 100 / records.max(1);
                    format!("{percent}%, {} of {} source records read", count(feed.source_read), count(records))
                }
                None => format!("{} source records read", count(feed.source_read)),
            };
            let silence = silence_words(progress, age);
            let eta = progress.eta.map(|eta| eta.saturating_sub(age)).filter(|_| silence.is_none());
            let left = eta.map(|eta| format!("; about {} left", duration(eta))).unwrap_or_default();
            let text = format!(
                "{}: {read}, {} of {} items done, {:.0} items/s{left}, {}",
                feed.feed,
                count(feed.settled()),
                count(feed.to_send()),
                progress.items_per_second,
                silence.unwrap_or_else(|| limit_words(&progress.limit)),
            );
            let mut fields = feed_record(feed);
            if let Value::Object(fields) = &mut fields {
                fields.insert("items_per_second".to_owned(), progress.items_per_second.into());
                fields.insert("eta_seconds".to_owned(), eta.map(|eta| eta.as_secs()).into());
                fields.insert("limit".to_owned(), limit_words(&progress.limit).into());
            }
            self.say(&text, "progress", fields);
        }
        self.say(&total_line(progress, age, &Zoned::now()), "total", total_record(progress, age));
        if let Some(line) = requests_line(&progress.requests) {
            self.say(&line, "requests", requests_record(&progress.requests));
        }
    }

    fn report(&mut self, report: &RunReport) {
        if let Some(table) = &mut self.table {
            table.erase();
        }
        let progress = &report.progress;
        let exit = report.exit();
        let end = end_words(report);
        let mut fields = json!({
            "end": end,
            "exit": exit as u8,
            "dry_run": progress.dry_run,
            "elapsed_seconds": progress.elapsed.as_secs_f64(),
            "feeds": progress.feeds.iter().map(feed_record).collect::<Vec<_>>(),
            "requests": requests_record(&progress.requests),
            "reasons": reasons_record(&progress.reasons),
        });
        let what = if progress.dry_run { "Dry run" } else { "Export" };
        let mut text = feeds_table(&progress.feeds, progress.dry_run);
        let took = duration(progress.elapsed);
        let _ = match end.strip_prefix("finished") {
            Some(rest) => write!(text, "\n{what} finished in {took}{rest}."),
            None => write!(text, "\n{what} {end}, after {took}."),
        };
        for reason in progress.reasons.sorted() {
            let _ = write!(text, "\n{}", reason_line(reason));
        }
        if progress.reasons.others > 0 {
            let _ = write!(text, "\n{} failed for other reasons", counted(progress.reasons.others, "item"));
        }
        if progress.dry_run {
            let forecast = Forecast::of(report);
            let _ = write!(text, " Nothing was sent.\n{}", forecast.words());
            fields["forecast"] = forecast_record(&forecast);
        }
        let has_failures = progress.feeds.iter().any(|feed| feed.will_retry + feed.needs_attention > 0);
        if has_failures && report.end == RunEnd::Complete && !progress.dry_run {
            text += "\n`commerce-connector export status` lists failed items; `commerce-connector export retry` resends them.";
        }
        if !report.unknown_ids.is_empty() {
            let ids: Vec<&str> = report.unknown_ids.iter().map(SafeText::as_str).collect();
            let _ = write!(text, "\nNot found in the source or the ledger: {}", ids.join(", "));
            fields["unknown_ids"] = json!(report.unknown_ids);
        }
        // The table is the command's data: on stdout, unless it was not wanted and there is nothing to worry about.
        let _ = match self.voice {
            Voice::Quiet if exit == Exit::Done => self.output.record("export", fields),
            _ => self.output.say(&text, "export", fields),
        };
    }
}

fn feeds_table(feeds: &[FeedProgress], dry_run: bool) -> String {
    let last = if dry_run { ["NEW", "CHANGED", "GONE"] } else { ["SENT", "WILL RETRY", "NEEDS A FIX"] };
    let header = ["FEED", "STATE", "SOURCE RECORDS", "ITEMS", "UNCHANGED"];
    let mut rows: Vec<Vec<String>> = vec![header.into_iter().chain(last).map(str::to_owned).collect()];
    for feed in feeds {
        let last = if dry_run {
            [feed.new, feed.changed, feed.gone]
        } else {
            [feed.submitted, feed.will_retry, feed.needs_attention]
        };
        let mut row = vec![feed.feed.to_string(), feed.phase.word().to_owned(), count(feed.source_read)];
        row.extend([feed.collected, feed.unchanged].into_iter().chain(last).map(count));
        rows.push(row);
    }
    table(&rows, &[2, 3, 4, 5, 6, 7])
}

/// What sending would take as JSON.
fn forecast_record(forecast: &Forecast) -> Value {
    json!({
        "requests": forecast.requests,
        "json_bytes": forecast.json_bytes,
        "requests_per_second": forecast.requests_per_second,
        "seconds": forecast.time().map(|time| time.as_secs_f64()),
        "formula": forecast.formula(),
    })
}

/// A failed item as JSON.
pub fn failure_record(failure: &ItemFailure) -> Value {
    json!({
        "feed": failure.feed,
        "item": failure.label,
        "state": failure.state.words(),
        "message": failure.message,
        "code": failure.code,
        "request_id": failure.request_id,
    })
}

/// What is held back as JSON.
fn held_record(held: &Held) -> Value {
    json!({
        "feed": held.feed,
        "what": held.what,
        "items": held.items,
        "of": held.size,
        "most": held.most,
        "examples": held.examples,
        "since": held.since.map(|since| since.to_string()),
    })
}

/// How far a run is as JSON, `age` after these counters were made.
pub fn total_record(progress: &Progress, age: Duration) -> Value {
    let total = progress.total();
    json!({
        "items": total.items,
        "items_done": total.done,
        "percent": total.percent(),
        "is_estimate": !total.is_exact,
        "elapsed_seconds": (progress.elapsed + age).as_secs_f64(),
        "eta_seconds": progress.time_left(age).map(|left| left.as_secs()),
        "silent_seconds": progress.silence(age).map(|silent| silent.as_secs()),
        "limit": limit_words(&progress.limit),
    })
}

/// The requests of a run as JSON.
pub fn requests_record(requests: &Requests) -> Value {
    let ms =
        |of: fn(&Latency) -> Duration| requests.latency.as_ref().map(|latency| of(latency).as_secs_f64() * 1_000.0);
    json!({
        "ok": requests.ok,
        "slowed_down": requests.slowed_down,
        "failed": requests.failed,
        "refused": requests.refused,
        "waiting": requests.waiting,
        "oldest_seconds": requests.oldest.map(|oldest| oldest.as_secs_f64()),
        "times_out_seconds": requests.times_out.map(|times_out| times_out.as_secs_f64()),
        "latency_ms": {"p50": ms(|of| of.p50), "p90": ms(|of| of.p90), "p99": ms(|of| of.p99)},
    })
}

/// Why items failed as JSON.
pub fn reasons_record(reasons: &Reasons) -> Value {
    let list: Vec<Value> = reasons
        .sorted()
        .into_iter()
        .map(|reason| {
            let feeds: Map<String, Value> =
                reason.feeds.iter().map(|(feed, items)| (feed.to_string(), (*items).into())).collect();
            json!({"state": reason.state.words(), "message": reason.message, "items": reason.items, "feeds": feeds})
        })
        .collect();
    json!({"list": list, "others": reasons.others})
}

/// The counters of a feed as JSON.
pub fn feed_record(feed: &FeedProgress) -> Value {
    json!({
        "feed": feed.feed,
        "phase": feed.phase.word(),
        "source_records": feed.source_records,
        "source_read": feed.source_read,
        "collected": feed.collected,
        "unchanged": feed.unchanged,
        "new": feed.new,
        "changed": feed.changed,
        "gone": feed.gone,
        "submitted": feed.submitted,
        "will_retry": feed.will_retry,
        "needs_attention": feed.needs_attention,
        "unsettled": feed.unsettled,
        "requests": feed.requests,
        "bytes": feed.bytes,
        "planned_requests": feed.planned_requests,
        "planned_bytes": feed.planned_bytes,
        "held": feed.held.iter().map(held_record).collect::<Vec<_>>(),
    })
}
