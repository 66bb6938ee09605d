//! The ids of `--by-ids`: on the command line, in a file, or on standard input.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Problem;
use crate::private_file::safe;

/// The most that is read of a list, in bytes: some millions of ids. Whatever is larger is the wrong file.
const LIST_LIMIT: u64 = 64 * 1024 * 1024;

/// The ids that these words mean: `@FILE` is a file with one id a line, `-` is standard input. A SKU may have blanks around it,
/// so they are kept.
///
/// # Errors
/// A usage [`Problem`] if a list cannot be read, or there is no id at all.
pub fn read(words: &[String]) -> Result<Vec<String>, Problem> {
    let mut ids = Vec::new();
    for word in words {
        match word.strip_prefix('@') {
            Some(path) => ids.extend(list(path, File::open(path))?),
            None if word == "-" => ids.extend(list("standard input", Ok(std::io::stdin()))?),
            None => ids.extend(Some(word.clone()).filter(|id| !id.trim().is_empty())),
        }
    }
    if ids.is_empty() {
        return Err(Problem::usage("--by-ids has no ids"));
    }
    Ok(ids)
}

fn list<R: Read>(name: &str, source: std::io::Result<R>) -> Result<Vec<String>, Problem> {
    let name = safe(Path::new(name));
    let mut text = String::new();
    source
        .and_then(|source| source.take(LIST_LIMIT + 1).read_to_string(&mut text))
        .map_err(|error| Problem::usage(format!("the list of ids in {name} cannot be read: {error}")))?;
    if text.len() as u64 > LIST_LIMIT {
        let limit = LIST_LIMIT / (1024 * 1024);
        return Err(Problem::usage(format!("the list of ids in {name} is larger than {limit} MiB")));
    }
    Ok(text.lines().filter(|id| !id.trim().is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_the_command_line_and_from_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("ids.txt");
        std::fs::write(&file, "A,1\r\n\n  B 2 \n").expect("written");
        let words = ["7".to_owned(), format!("@{}", file.display()), " C ".to_owned()];
        assert_eq!(read(&words).expect("ids"), ["7", "A,1", "  B 2 ", " C "]);
        assert!(read(&[" ".to_owned()]).expect_err("none").what.contains("has no ids"));
        let missing = read(&["@/nowhere/ids.txt".to_owned()]).expect_err("missing");
        assert!(missing.what.contains("/nowhere/ids.txt") && missing.what.contains("No such file"), "{}", missing.what);
        std::fs::write(&file, [0xff, 0xfe]).expect("written");
        assert!(read(&words).is_err(), "not UTF-8");
    }
}
