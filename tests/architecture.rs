//! Who may know whom: the rooms of `src/` and the arrows between them, as ARCHITECTURE.md shows them; and no circles, neither
//! between rooms nor between the files of one.
//!
//! What is read are the paths in the code (`crate::…`, `super::…`, in `use` and elsewhere), not comments and not tests.

#![allow(clippy::expect_used, reason = "a test fails by panicking, also where a helper notices")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A room, and the rooms that it may know besides those that hold a habit ([`HABITS`]).
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("keys", &[]),
    ("http", &[]),
    ("commerce", &["domain"]),
    ("config", &["domain"]),
    ("cluster", &["commerce", "domain"]),
    ("client", &["domain", "http", "keys"]),
    ("ims", &["http"]),
    ("feeds", &["commerce", "domain"]),
    ("settings", &["commerce", "config", "domain", "keys"]),
    ("export", &["client", "cluster", "domain", "feeds"]),
    ("attach", &["cluster", "domain", "export"]),
    ("notify", &["config", "domain", "http"]),
    ("sandbox", &["domain", "keys"]),
    ("update", &["http"]),
    (
        "connector",
        &[
            "attach", "client", "cluster", "commerce", "config", "domain", "export", "feeds", "http", "ims", "keys",
            "notify", "settings",
        ],
    ),
    ("cli", &["config", "domain", "feeds"]),
    ("tui", &["attach", "commerce", "config", "connector", "domain", "export", "feeds", "ims", "keys", "settings"]),
    (
        "commands",
        &[
            "cli",
            "commerce",
            "config",
            "connector",
            "domain",
            "export",
            "feeds",
            "ims",
            "keys",
            "notify",
            "sandbox",
            "settings",
            "tui",
            "update",
        ],
    ),
];

/// One habit each, which every room may have; a habit may know those before it.
const HABITS: &[&str] = &[
    "bounds",
    "format",
    "secret",
    "untrusted",
    "masked",
    "remedy",
    "report",
    "error",
    "waiting",
    "variables",
    "private_file",
    "state_files",
    "hardening",
    "logging",
    "version",
];

/// These tie everything together.
const PROGRAM: &[&str] = &["lib", "main", "fuzzing"];

/// Who may name a command line or a pane in a text: the front ends, and where hints get their command lines from.
const NAMES_COMMANDS: &[&str] = &["cli", "commands", "tui", "remedy"];

/// A file of `src/` as a module: its path, and the code without comments and tests.
struct Module {
    path: Vec<String>,
    code: String,
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn modules(directory: &Path, path: &[String], found: &mut Vec<Module>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry").path();
        let name = entry.file_stem().expect("a name").to_string_lossy().into_owned();
        if ["tests", "store_tests", "properties", "fixtures"].contains(&name.as_str()) {
            continue;
        }
        let inner: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        if entry.is_dir() {
            modules(&entry, &inner, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let path = if name == "mod" { path.to_vec() } else { inner };
            let code = code_of(&std::fs::read_to_string(&entry).expect("a file"));
            found.push(Module { path, code });
        }
    }
}

/// The code up to its tests, without comments.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths that a module names, each as its parts: `use a::{b, c::d};` is `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for statement in code.split("use ").skip(1).filter_map(|rest| rest.split_once(';')).map(|(tree, _)| tree) {
        expand(statement.trim(), &[], &mut found);
    }
    for start in ["crate::", "super::"] {
        // The second `super::` of a path is a part of it.
        for (at, _) in code.match_indices(start).filter(|(at, _)| !code[..*at].ends_with(':')) {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let path: String = code[at..].chars().take_while(|c| is_path(*c)).collect();
            found.push(path.split("::").map(str::to_owned).filter(|part| !part.is_empty()).collect());
        }
    }
    found
}

fn expand(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, group.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let mut path = before.to_vec();
    let plain = head.split(" as ").next().unwrap_or_default();
    path.extend(plain.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    let Some(group) = group else {
        found.push(path);
        return;
    };
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[begin..at].trim();
                if !part.is_empty() {
                    expand(part, &path, found);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// The module that a path of `from` leads to; `None` if it is not one of this crate.
fn target(from: &[String], path: &[String], known: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let mut parts = path;
    let mut at = match path.first()?.as_str() {
        "crate" => {
            parts = &parts[1..];
            Vec::new()
        }
        "super" | "self" => from.to_vec(),
        first => {
            let child: Vec<String> = from.iter().cloned().chain([first.to_owned()]).collect();
            known.contains(&child).then(|| from.to_vec())?
        }
    };
    while let Some(first) = parts.first() {
        match first.as_str() {
            "super" => drop(at.pop()),
            "self" => {}
            _ => {
                at.push(first.clone());
                if !known.contains(&at) {
                    at.pop();
                    break;
                }
            }
        }
        parts = &parts[1..];
    }
    Some(at)
}

type Arrows = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// Which module names which.
fn arrows() -> Arrows {
    let mut found = Vec::new();
    modules(&src(), &[], &mut found);
    let known: BTreeSet<Vec<String>> = found.iter().map(|module| module.path.clone()).collect();
    let mut arrows = Arrows::new();
    for module in &found {
        let targets = paths(&module.code).into_iter().filter_map(|path| target(&module.path, &path, &known));
        arrows.entry(module.path.clone()).or_default().extend(targets);
    }
    arrows
}

fn may_know(room: &str, other: &str) -> bool {
    if room == other || PROGRAM.contains(&room) {
        return true;
    }
    let habit = |name| HABITS.iter().position(|habit| *habit == name);
    match (habit(room), habit(other)) {
        (Some(room), Some(other)) => other < room,
        (None, Some(_)) => true,
        (Some(_), None) => false,
        (None, None) => LAYERS.iter().any(|(name, knows)| *name == room && knows.contains(&other)),
    }
}

/// The arrows between rooms that the table does not have.
fn forbidden(arrows: &Arrows) -> Vec<String> {
    let mut forbidden = Vec::new();
    for (from, targets) in arrows {
        let Some(room) = from.first() else { continue };
        for other in targets.iter().filter_map(|target| target.first()) {
            if !may_know(room, other) {
                forbidden.push(format!("{} knows {other}", from.join("/")));
            }
        }
    }
    forbidden
}

/// The modules among the children of `parent` that lead back to themselves.
fn circles(arrows: &Arrows, parent: &[String]) -> Vec<String> {
    let child = |path: &[String]| path.strip_prefix(parent).and_then(|rest| rest.first().cloned());
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, targets) in arrows {
        let Some(from) = child(from) else { continue };
        let others = targets.iter().filter_map(|target| child(target)).filter(|target| *target != from);
        reached.entry(from.clone()).or_default().extend(others);
    }
    loop {
        let mut has_grown = false;
        for name in reached.keys().cloned().collect::<Vec<_>>() {
            let further: BTreeSet<String> =
                reached[&name].iter().filter_map(|next| reached.get(next)).flatten().cloned().collect();
            let known = reached.get_mut(&name).expect("it is there");
            let before = known.len();
            known.extend(further);
            has_grown |= known.len() > before;
        }
        if !has_grown {
            break;
        }
    }
    reached.iter().filter(|(name, reached)| reached.contains(*name)).map(|(name, _)| name.clone()).collect()
}

#[test]
fn rooms_know_only_what_the_table_allows() {
    let forbidden = forbidden(&arrows());
    assert!(forbidden.is_empty(), "\n{}", forbidden.join("\n"));
}

/// Nobody may know more than is needed: an arrow that nothing uses is taken out of the table.
#[test]
fn the_table_has_no_arrow_that_nothing_uses() {
    let arrows = arrows();
    let is_used = |room: &str, other: &str| {
        let from = arrows.iter().filter(|(from, _)| from.first().is_some_and(|name| name == room));
        from.flat_map(|(_, targets)| targets).any(|target| target.first().is_some_and(|name| name == other))
    };
    let unused: Vec<String> = LAYERS
        .iter()
        .flat_map(|(room, knows)| knows.iter().map(move |other| (*room, *other)))
        .filter(|(room, other)| !is_used(room, other))
        .map(|(room, other)| format!("{room} does not need {other}"))
        .collect();
    assert!(unused.is_empty(), "\n{}", unused.join("\n"));
}

/// The lines of code with what only a front end can say: a command line, or a pane.
fn front_end_words(code: &str) -> Vec<&str> {
    code.lines().filter(|line| ["commerce-connector ", " pane"].iter().any(|words| line.contains(words))).collect()
}

/// A hint names a `Remedy`, and each front end says in its own words how it is done.
#[test]
fn only_front_ends_name_command_lines_and_panes() {
    let mut found = Vec::new();
    modules(&src(), &[], &mut found);
    let is_below = |room: &String| !NAMES_COMMANDS.contains(&room.as_str()) && !PROGRAM.contains(&room.as_str());
    let below = found.iter().filter(|module| module.path.first().is_some_and(is_below));
    let named: Vec<String> = below
        .flat_map(|Module { path, code }| {
            front_end_words(code).into_iter().map(move |line| format!("{}: {}", path.join("/"), line.trim()))
        })
        .collect();
    assert!(named.is_empty(), "\n{}", named.join("\n"));
}

#[test]
fn every_room_is_in_the_table_once() {
    let listed: BTreeSet<&str> =
        LAYERS.iter().map(|(room, _)| *room).chain(HABITS.iter().copied()).chain(PROGRAM.iter().copied()).collect();
    assert_eq!(listed.len(), LAYERS.len() + HABITS.len() + PROGRAM.len());
    let there = arrows().into_keys().filter_map(|path| path.first().cloned()).collect::<BTreeSet<String>>();
    assert_eq!(there.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn the_table_of_the_page_is_this_one() {
    let page = std::fs::read_to_string(src().join("../ARCHITECTURE.md")).expect("the page");
    for (room, knows) in LAYERS {
        let knows = if knows.is_empty() { "nothing".to_owned() } else { knows.join(", ") };
        let row = format!("| `{room}` | {knows} |");
        assert!(page.contains(&row), "ARCHITECTURE.md lacks the row {row}");
    }
}

#[test]
fn nothing_leads_back_to_itself() {
    let arrows = arrows();
    let parents: BTreeSet<Vec<String>> =
        arrows.keys().flat_map(|path| (0..path.len()).map(|length| path[..length].to_vec())).collect();
    let found: Vec<String> = parents
        .iter()
        .map(|parent| (parent, circles(&arrows, parent)))
        .filter(|(_, circle)| !circle.is_empty())
        .map(|(parent, circle)| format!("src/{}: {}", parent.join("/"), circle.join(", ")))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_forbidden_use_and_a_circle_are_noticed() {
    let module = |path: &[&str]| path.iter().map(|part| (*part).to_owned()).collect::<Vec<String>>();
    let known: BTreeSet<Vec<String>> =
        [&["feeds"][..], &["feeds", "item"], &["feeds", "content"], &["client"], &["client", "wire"]]
            .map(module)
            .into();
    let code = "use crate::{client::wire::{Wire, Reply}, error}; use super::item; use super::super::client as c;";
    let from = module(&["feeds", "content"]);
    let targets: BTreeSet<Vec<String>> =
        paths(code).iter().filter_map(|path| target(&from, path, &known)).filter(|target| !target.is_empty()).collect();
    assert_eq!(targets, [&["client"][..], &["client", "wire"], &["feeds", "item"]].map(module).into());
    let back =
        BTreeMap::from([(from.clone(), targets), (module(&["feeds", "item"]), [module(&["feeds", "content"])].into())]);
    assert_eq!(forbidden(&back), ["feeds/content knows client", "feeds/content knows client"]);
    assert_eq!(circles(&back, &module(&["feeds"])), ["content", "item"]);
    let code = "agent(\"commerce-connector/1\");\nhint(\"run `commerce-connector doctor`\");\nhint(\"see pane 2\")";
    assert_eq!(front_end_words(code).len(), 2);
}
