//! The lists, which `--output csv` prints: the records that are their lines, and the fields that are their columns.

use serde_json::Value;

use crate::cli::{
    Command, CompareCommand, ConfigCommand, ContextsCommand, DataSpacesCommand, ExportCommand, FeedsCommand,
    ImsCommand, NotifyCommand, ProjectsCommand,
};

/// A list as CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// The type of its records.
    pub kind: &'static str,
    /// A field of theirs that is a list itself: then each of its values makes a line.
    pub each: Option<&'static str>,
    /// The columns: fields of a record, or of a value of `each` (`data_spaces.id`).
    pub columns: &'static [&'static str],
}

impl List {
    /// The cells of a record, line by line.
    pub(super) fn rows(&self, record: &Value) -> Vec<Vec<String>> {
        let row = |part: &Value| self.columns.iter().map(|column| self.cell(column, record, part)).collect();
        match self.each.map(|each| &record[each]) {
            None => vec![row(record)],
            Some(parts) => parts.as_array().into_iter().flatten().map(row).collect(),
        }
    }

    fn cell(&self, column: &str, record: &Value, part: &Value) -> String {
        let of_part = self.each.and_then(|each| column.strip_prefix(each)?.strip_prefix('.'));
        match of_part.map_or_else(|| &record[column], |field| &part[field]) {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(values) => values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" "),
            other => other.to_string(),
        }
    }
}

const fn list(kind: &'static str, columns: &'static [&'static str]) -> List {
    List { kind, each: None, columns }
}

const PROJECTS: List = List {
    each: Some("data_spaces"),
    ..list("project", &["id", "name", "data_spaces.id", "data_spaces.name", "data_spaces.kind", "data_spaces.in_use"])
};
const ORGANIZATIONS: List = list("organization", &["id", "name", "kind", "country", "in_use"]);
const CONTEXTS: List = list("context", &["name", "in_use", "config", "state_directory"]);
const FEEDS: List = list(
    "feed",
    &[
        "feed",
        "in_source",
        "not_in_source_because",
        "experimental",
        "source_records",
        "batch_size",
        "route",
        "route_from",
    ],
);
const HEALTH: List =
    list("feed_health", &["feed", "indexer", "mode", "backlog", "stalled", "pending", "pending_since"]);
const SERVICES: List = list("service", &["service", "package", "in_open_source", "available", "module", "version"]);
const STATUS: List = list("step", &["step", "state", "next"]);
const CHECKS: List = list("check", &["check", "outcome", "detail"]);
const FEED_STATUS: List = list(
    "feed_status",
    &[
        "data_space",
        "feed",
        "submitted",
        "awaiting",
        "will_retry",
        "needs_attention",
        "coverage_percent",
        "last_sync",
        "last_partial",
    ],
);
const ESTIMATE: List = list("feed_estimate", &["feed", "source_records", "items", "batch_size", "requests", "bytes"]);
const RUNS: List = list(
    "run",
    &[
        "data_space",
        "started_at",
        "ended_at",
        "seconds",
        "request",
        "feeds",
        "user",
        "host",
        "pid",
        "sent",
        "failed",
        "deleted",
        "end",
        "reason",
    ],
);
const ITEMS: List =
    list("item", &["number", "feed", "item", "source_id", "state", "deleted", "at", "message", "code", "request_id"]);
const SETTINGS: List = list("setting", &["key", "value", "origin"]);
const COMMERCE_SETTINGS: List = list("commerce_setting", &["path", "scope", "value", "origin"]);
const NOTIFY_TEST: List = list("notify_test", &["channel", "to", "ok", "error", "seconds"]);

impl Command {
    /// The list that it prints, if it prints one.
    pub(super) fn list(&self) -> Option<List> {
        match self {
            Command::Projects(ProjectsCommand::List) | Command::DataSpaces(DataSpacesCommand::List) => Some(PROJECTS),
            Command::Ims(ImsCommand::Organizations) => Some(ORGANIZATIONS),
            Command::Contexts(ContextsCommand::List) => Some(CONTEXTS),
            Command::Feeds(FeedsCommand::List) => Some(FEEDS),
            Command::Feeds(FeedsCommand::Health) => Some(HEALTH),
            Command::Services => Some(SERVICES),
            Command::Status => Some(STATUS),
            Command::Doctor => Some(CHECKS),
            Command::Export(ExportCommand::Status { .. }) => Some(FEED_STATUS),
            Command::Export(ExportCommand::Estimate { .. }) => Some(ESTIMATE),
            Command::Export(ExportCommand::Runs { .. }) => Some(RUNS),
            Command::Export(ExportCommand::Items(_)) => Some(ITEMS),
            Command::Config(ConfigCommand::Show { commerce }) => {
                Some(if *commerce { COMMERCE_SETTINGS } else { SETTINGS })
            }
            Command::Notify(NotifyCommand::Test { .. }) => Some(NOTIFY_TEST),
            Command::Verify(_) => Some(list(
                "visibility",
                &["sku", "store_view", "state", "wrong", "why", "kind", "recorded_at", "expected_by"],
            )),
            Command::Lint(_) => Some(list("lint_rule", &["rule", "severity", "count"])),
            Command::Compare(CompareCommand::Exporter { adopt: false, .. }) => Some(list(
                "comparison",
                &["feed", "equal", "different", "only_theirs", "only_ours", "only_minimal", "other_shape"],
            )),
            Command::Compare(CompareCommand::DataSpaces(_)) => {
                Some(list("sku_comparison", &["sku", "store_view", "state"]))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_a_line_and_one_with_parts_is_a_line_for_each() {
        let run = json!({"request": "full", "feeds": ["products", "prices"], "sent": 3, "reason": null});
        let list = list("run", &["request", "feeds", "sent", "reason", "gone"]);
        assert_eq!(list.rows(&run), [["full", "products prices", "3", "", ""]]);
        let project = json!({"id": "p", "data_spaces": [{"id": "a", "in_use": true}, {"id": "b", "in_use": false}]});
        let list = List { columns: &["id", "data_spaces.id", "data_spaces.in_use"], ..PROJECTS };
        assert_eq!(list.rows(&project), [["p", "a", "true"], ["p", "b", "false"]]);
    }
}
