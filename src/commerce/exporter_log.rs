//! What Adobe's own exporter logged of its errors, by code.
//!
//! Codes are `CDE<group>-<number>`, in its logs since May 2026; each group is a stage of the export (Adobe's "Data Export log codes
//! reference").

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::logging;
use crate::masked::masked;
use crate::untrusted::SafeText;

/// Where it logs errors, under the installation's root. The second is the older name of the first.
const FILES: [&str; 3] =
    ["var/log/commerce-data-export-errors.log", "var/log/data-export-errors.log", "var/log/saas-export-errors.log"];
/// How much of a line is kept, in characters: payloads may follow.
const LINE: usize = 300;

/// One code, and how often it is in what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCount {
    /// `CDE02-07`.
    pub code: String,
    pub count: u64,
    /// The newest line with it, masked and cut.
    pub newest: SafeText,
}

impl CodeCount {
    /// What the code's group means, and what helps.
    pub fn meaning(&self) -> &'static str {
        match self.code.as_bytes().get(3..5) {
            Some(b"01") => {
                "collecting data: the items named were sent in part or not at all, often because of another module; read the message"
            }
            Some(b"02") => {
                "sending to Adobe: a warning is tried again by Adobe's cron; after an error the items were not accepted"
            }
            Some(b"03") => {
                "scheduling after a change in the shop: Adobe's exporter may have missed the change, and asks for a resync"
            }
            Some(b"04") => "indexers or configuration: check that indexers are on schedule and that cron runs",
            _ => "a group of codes that this version does not know; read the message",
        }
    }
}

/// What the error logs say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExporterErrors {
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// By code.
    pub codes: Vec<CodeCount>,
    /// Lines that name orders or customers: not read any further.
    pub left_out: u64,
}

/// Reads the end of each error log under `root`. One that is absent or unreadable is as if it were empty. Blocking.
#[must_use]
pub fn read(root: &Path) -> ExporterErrors {
    let mut found = ExporterErrors::default();
    let mut codes: BTreeMap<String, (u64, SafeText)> = BTreeMap::new();
    for path in FILES.map(|file| root.join(file)) {
        let Ok(text) = logging::end_of(&path) else { continue };
        for line in text.lines() {
            let Some(code) = code_in(line) else { continue };
            if is_personal(line) {
                found.left_out += 1;
                continue;
            }
            let (count, newest) = codes.entry(code.to_owned()).or_default();
            *count += 1;
            *newest = SafeText::limited(&masked(line), LINE);
        }
        found.files.push(path);
    }
    found.codes = codes.into_iter().map(|(code, (count, newest))| CodeCount { code, count, newest }).collect();
    found
}

/// The first `CDE00-00` in a line.
fn code_in(line: &str) -> Option<&str> {
    let is_code = |text: &str| {
        let digits = |range| text.get(range).is_some_and(|part: &str| part.bytes().all(|byte| byte.is_ascii_digit()));
        digits(3..5) && text.as_bytes().get(5) == Some(&b'-') && digits(6..8)
    };
    line.match_indices("CDE").find_map(|(at, _)| line.get(at..at + 8).filter(|text| is_code(text)))
}

/// Whether it may be about a customer.
fn is_personal(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["order", "customer", "sales_"].iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_code_and_nothing_personal_is_kept() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(root.path().join("var/log")).expect("made");
        let log = "[2026-11-26T10:00:00] main.ERROR: CDE01-05 Unable to sync feed \"products\" for ids \"1\"\n\
                   [2026-11-26T10:00:01] main.ERROR: CDE01-05 Unable to sync feed \"products\" for ids \"2\" key c0ffee00c0ffee01c0ffee02c0ffee03\n\
                   [2026-11-26T10:00:02] main.WARNING: CDE02-07 Feed \"prices\" sync error: too many requests\n\
                   [2026-11-26T10:00:03] main.ERROR: CDE02-05 Failed to submit feed batch for feed orders {\"firstname\":\"Ann\"}\n\
                   [2026-11-26T10:00:04] main.ERROR: CDE99 is no code\n";
        std::fs::write(root.path().join(FILES[0]), log).expect("written");
        let errors = read(root.path());
        let counts: Vec<_> = errors.codes.iter().map(|code| (code.code.as_str(), code.count)).collect();
        assert_eq!(counts, [("CDE01-05", 2), ("CDE02-07", 1)]);
        assert!(errors.codes[0].newest.as_str().ends_with("ids \"2\" key [masked]"), "{}", errors.codes[0].newest);
        assert!(errors.codes[1].meaning().starts_with("sending to Adobe"));
        assert_eq!((errors.left_out, errors.files.len()), (1, 1));
        assert_eq!(read(Path::new("/nowhere")), ExporterErrors::default());
    }
}
