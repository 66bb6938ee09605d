//! How a path that is being typed can go on.

use std::path::{Path, PathBuf};

use crate::untrusted::SafeText;

/// How many entries of a directory are looked at: a person does not choose among more.
const MOST_ENTRIES: usize = 10_000;
/// How many names are shown where several match.
const MOST_NAMED: usize = 8;

/// How a path can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The path as far as all that match agree; a directory ends with a slash.
    pub path: String,
    /// What else there is to say: that nothing matches, or what does.
    pub note: Option<String>,
}

/// Looks it up. It reads one directory, so it blocks. A leading `~/` is the home directory.
#[must_use]
pub fn complete(typed: &str, home: Option<&Path>) -> Completion {
    let (directory, begin) = typed.rfind('/').map_or(("", typed), |slash| typed.split_at(slash + 1));
    let place = match (directory.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ if directory.is_empty() => PathBuf::from("."),
        _ => PathBuf::from(directory),
    };
    let nothing = |note: String| Completion { path: typed.to_owned(), note: Some(note) };
    let entries = match std::fs::read_dir(&place) {
        Ok(entries) => entries,
        Err(error) => return nothing(format!("{}: {error}", crate::private_file::safe(&place))),
    };
    let mut names: Vec<String> = entries
        .take(MOST_ENTRIES)
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // What is hidden is meant only by who types the dot.
            let is_meant = name.starts_with(begin) && (begin.starts_with('.') || !name.starts_with('.'));
            // A name that a terminal would obey is left out.
            let is_plain = SafeText::new(&name).as_str() == name;
            let end = if entry.path().is_dir() { "/" } else { "" };
            (is_meant && is_plain).then(|| name + end)
        })
        .collect();
    names.sort_unstable();
    let Some(first) = names.first() else { return nothing("nothing begins like that".to_owned()) };
    let agreed = names.iter().fold(first.as_str(), |agreed, name| common(agreed, name));
    let note = (names.len() > 1).then(|| {
        let more = names.len().saturating_sub(MOST_NAMED);
        let listed = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("  ");
        if more > 0 { format!("{listed}  and {more} more") } else { listed }
    });
    Completion { path: format!("{directory}{agreed}"), note }
}

/// What both begin with.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
    one.get(..same).unwrap_or(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_on_as_far_as_all_that_match_agree() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["shop-größe", "shop-größer", "other"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        std::fs::write(directory.path().join("key.pem"), "").unwrap();
        std::fs::write(directory.path().join(".hidden"), "").unwrap();
        let at = |end: &str| format!("{}/{end}", directory.path().display());
        let completed = |end: &str| complete(&at(end), None);
        assert_eq!(completed("o"), Completion { path: at("other/"), note: None });
        assert_eq!(completed("k"), Completion { path: at("key.pem"), note: None });
        assert_eq!(completed(".h").path, at(".hidden"));
        let several = completed("s");
        assert_eq!((several.path, several.note.unwrap()), (at("shop-größe"), "shop-größe/  shop-größer/".to_owned()));
        assert_eq!(completed("").note.unwrap(), "key.pem  other/  shop-größe/  shop-größer/");
        assert_eq!(completed("x").note.unwrap(), "nothing begins like that");
        assert!(completed("none/x").note.unwrap().contains("No such file"));
        let home = complete("~/o", Some(directory.path()));
        assert_eq!(home, Completion { path: "~/other/".to_owned(), note: None });
    }
}
