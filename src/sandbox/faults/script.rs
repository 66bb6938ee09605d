//! A fault script as it is written, and what is wrong with one.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::shown::{ShownEntry, ShownFaults};
use super::{Fault, Faults, Mangled, OddList, RefusedItems, RetryAfter, What, When};
use crate::domain::Feed;

/// What `Retry-After` says with a 429 if the script does not, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;
/// The longest delay that a script may ask for, in seconds; no client waits longer than this.
const MAX_DELAY_SECONDS: f64 = 3600.0;
/// The furthest that a clock may be off, in seconds: a year.
const MAX_CLOCK_SECONDS: f64 = 31_536_000.0;
/// The largest answer that a script may ask for; more is the same to a client, and this holds it in memory.
const MAX_MIB: usize = 256;
/// The code of items that the script refuses, if it does not say another.
const REFUSED_CODE: &str = "invalid_field_value";

/// Reads a script.
///
/// # Errors
/// The line, from 1, and what is wrong there.
pub(super) fn parse(text: &str) -> Result<Faults, (Option<usize>, String)> {
    let line_of = |offset: usize| text[..offset.min(text.len())].lines().count().max(1);
    let script: Script = toml::from_str(text)
        .map_err(|error| (error.span().map(|span| line_of(span.start + 1)), error.message().to_owned()))?;
    let mut faults = Vec::with_capacity(script.fault.len());
    for entry in script.fault {
        let line = line_of(entry.span().start + 1);
        faults.push(entry.into_inner().checked().map_err(|reason| (Some(line), reason))?);
    }
    let mut shown = ShownFaults::new(script.seed);
    for entry in script.shown {
        let line = line_of(entry.span().start + 1);
        entry.into_inner().add_to(&mut shown).map_err(|reason| (Some(line), reason))?;
    }
    Ok(Faults { seed: script.seed, requests: faults, shown })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    fault: Vec<Spanned<ScriptEntry>>,
    #[serde(default)]
    shown: Vec<Spanned<ShownEntry>>,
}

/// One `[[fault]]` as it is written; which keys go with which kind is checked afterwards, for clearer sentences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptEntry {
    kind: FaultKind,
    share: Option<f64>,
    on: Option<Vec<u64>>,
    holding: Option<String>,
    more_than: Option<usize>,
    feed: Option<String>,
    #[serde(default)]
    graphql: bool,
    status: Option<u16>,
    seconds: Option<f64>,
    retry_after: Option<Given>,
    location: Option<String>,
    mib: Option<usize>,
    items: Option<f64>,
    code: Option<String>,
    names: Option<Names>,
    list: Option<OddList>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FaultKind {
    Status,
    Redirect,
    Reset,
    Silent,
    LostAnswer,
    CutAnswer,
    Slow,
    Drip,
    BrokenGzip,
    Huge,
    Garbage,
    WrongType,
    RefusedItems,
    OddList,
    ExpiredKeys,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "retry_after is a whole number of seconds or a text")]
enum Given {
    Seconds(u64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Names {
    Index,
    Field,
}

impl ScriptEntry {
    fn checked(self) -> Result<Fault, String> {
        self.no_stray_keys()?;
        let is_of_feeds = matches!(self.kind, FaultKind::RefusedItems | FaultKind::OddList | FaultKind::LostAnswer);
        if self.graphql && (is_of_feeds || self.feed.is_some() || self.more_than.is_some()) {
            return Err("graphql = true does not go with what is about feed items".to_owned());
        }
        let (when, is_graphql) = (self.when()?, self.graphql);
        let feed =
            self.feed.as_ref().map(|name| name.parse::<Feed>().map_err(|error| error.to_string())).transpose()?;
        let what = match self.kind {
            FaultKind::Status => {
                What::Status { status: self.checked_status()?, retry_after: self.checked_retry_after()? }
            }
            FaultKind::Redirect => What::Redirect(self.location.ok_or("kind = \"redirect\" needs location")?),
            FaultKind::Reset => What::Reset,
            FaultKind::Silent => What::Silent,
            FaultKind::LostAnswer => What::LostAnswer,
            FaultKind::CutAnswer => What::Mangled(Mangled::Cut),
            FaultKind::Slow => What::Slow(self.delay()?),
            FaultKind::Drip => What::Mangled(Mangled::Drip(self.delay()?)),
            FaultKind::BrokenGzip => What::Mangled(Mangled::BrokenGzip),
            FaultKind::Huge => match self.mib {
                Some(mib @ 1..=MAX_MIB) => What::Mangled(Mangled::Huge(mib)),
                _ => return Err(format!("kind = \"huge\" needs mib between 1 and {MAX_MIB}")),
            },
            FaultKind::Garbage => What::Garbage,
            FaultKind::WrongType => What::WrongType,
            FaultKind::RefusedItems => self.refused_items()?,
            FaultKind::OddList => What::OddList(self.list.ok_or("kind = \"odd-list\" needs list")?),
            FaultKind::ExpiredKeys => What::ExpiredKeys(self.clock()?),
        };
        Ok(Fault { what, when, feed, is_graphql, seen: 0 })
    }

    fn when(&self) -> Result<When, String> {
        match (self.share, &self.on, &self.holding, self.more_than) {
            (Some(share), None, None, None) if (0.0..=1.0).contains(&share) => Ok(When::Share(share)),
            (Some(share), None, None, None) => Err(format!("share = {share} is not between 0 and 1")),
            (None, Some(numbers), None, None) if !numbers.is_empty() && !numbers.contains(&0) => {
                Ok(When::On(numbers.clone()))
            }
            (None, Some(_), None, None) => Err("on lists request numbers, which start at 1".to_owned()),
            (None, None, Some(text), None) if !text.is_empty() => Ok(When::Holding(text.clone())),
            (None, None, Some(_), None) => Err("holding needs a text".to_owned()),
            (None, None, None, Some(most)) => Ok(When::MoreThan(most)),
            (None, None, None, None) => {
                Err("say when: share = 0.05, on = [3, 4], holding = \"SKU\" or more_than = 50".to_owned())
            }
            _ => Err("share, on, holding and more_than exclude each other".to_owned()),
        }
    }

    fn checked_status(&self) -> Result<u16, String> {
        match self.status {
            Some(status @ 400..=599) => Ok(status),
            Some(status) => Err(format!("status = {status} is not between 400 and 599")),
            None => Err("kind = \"status\" needs status = 400 to 599".to_owned()),
        }
    }

    fn checked_retry_after(&self) -> Result<RetryAfter, String> {
        Ok(match &self.retry_after {
            None if self.status == Some(429) => RetryAfter::Text(RETRY_AFTER_SECONDS.to_string()),
            None => RetryAfter::None,
            Some(Given::Seconds(seconds)) => RetryAfter::Text(seconds.to_string()),
            Some(Given::Text(text)) if text == "none" => RetryAfter::None,
            Some(Given::Text(text)) if text == "date" => RetryAfter::Date(self.clock()?),
            Some(Given::Text(text)) if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') => {
                RetryAfter::Text(text.clone())
            }
            Some(Given::Text(_)) => return Err("retry_after goes into a header, so it must be plain text".to_owned()),
        })
    }

    fn delay(&self) -> Result<Duration, String> {
        match self.seconds {
            Some(seconds) if (0.0..=MAX_DELAY_SECONDS).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
            Some(seconds) => Err(format!("seconds = {seconds} is not between 0 and {MAX_DELAY_SECONDS}")),
            None => Err("this kind needs seconds".to_owned()),
        }
    }

    /// A difference of clocks, in whole seconds.
    fn clock(&self) -> Result<i64, String> {
        match self.seconds.unwrap_or_default() {
            #[allow(clippy::cast_possible_truncation, reason = "within a year")]
            seconds if seconds.abs() <= MAX_CLOCK_SECONDS => Ok(seconds as i64),
            seconds => Err(format!("seconds = {seconds} is more than a year")),
        }
    }

    fn refused_items(self) -> Result<What, String> {
        let share = self.items.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("items = {share} is not between 0 and 1"));
        }
        let refuses_all = match self.status {
            None | Some(200) => false,
            Some(400) => true,
            Some(status) => return Err(format!("status = {status} does not refuse items: it is 200 or 400")),
        };
        Ok(What::RefusedItems(RefusedItems {
            share,
            code: self.code.unwrap_or_else(|| REFUSED_CODE.to_owned()),
            by_field: self.names == Some(Names::Field),
            refuses_all,
            draw: 0,
        }))
    }

    /// A key of another kind is a mistake that would otherwise pass unseen.
    fn no_stray_keys(&self) -> Result<(), String> {
        let kind = self.kind;
        let may_say_when = kind == FaultKind::Status && matches!(self.status, Some(429 | 503));
        let has_seconds = matches!(kind, FaultKind::Slow | FaultKind::Drip | FaultKind::ExpiredKeys)
            || matches!(&self.retry_after, Some(Given::Text(text)) if text == "date");
        let keys = [
            ("retry_after", self.retry_after.is_some(), may_say_when),
            ("status", self.status.is_some(), matches!(kind, FaultKind::Status | FaultKind::RefusedItems)),
            ("seconds", self.seconds.is_some(), has_seconds),
            ("location", self.location.is_some(), kind == FaultKind::Redirect),
            ("mib", self.mib.is_some(), kind == FaultKind::Huge),
            ("items", self.items.is_some(), kind == FaultKind::RefusedItems),
            ("code", self.code.is_some(), kind == FaultKind::RefusedItems),
            ("names", self.names.is_some(), kind == FaultKind::RefusedItems),
            ("list", self.list.is_some(), kind == FaultKind::OddList),
        ];
        match keys.into_iter().find(|(_, is_given, belongs)| *is_given && !belongs) {
            Some(("retry_after", ..)) => Err("retry_after goes with status = 429 and 503 only".to_owned()),
            Some((key, ..)) => Err(format!("{key} does not go with this kind")),
            None => Ok(()),
        }
    }
}
