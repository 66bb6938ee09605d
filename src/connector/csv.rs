//! CSV files that a spreadsheet opens: quoted, and no cell is a formula.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use crate::error::{Exit, Problem};
use crate::private_file;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct CsvFile {
    file: BufWriter<File>,
    name: String,
}

impl CsvFile {
    /// A file that takes the place of one that is there.
    ///
    /// # Errors
    /// A [`Problem`] if it cannot be written.
    pub fn replace(path: &Path) -> Result<Self, Problem> {
        Self::of(path, File::create(path))
    }

    /// A new file, as private as the umask has it; one that is there is left as it is.
    ///
    /// # Errors
    /// A [`Problem`] if there is one, or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, Problem> {
        if path.symlink_metadata().is_ok() {
            let what = format!("{} already exists; nothing was written", private_file::safe(path));
            return Err(Problem::usage(what).hint("name another file, or remove this one first"));
        }
        Self::of(path, File::create_new(path))
    }

    fn of(path: &Path, file: std::io::Result<File>) -> Result<Self, Problem> {
        let name = private_file::safe(path).to_string();
        match file {
            Ok(file) => Ok(Self { file: BufWriter::new(file), name }),
            Err(error) => Err(unwritable(&name, &error)),
        }
    }

    /// Adds a line.
    pub fn line(&mut self, cells: &[&str]) -> Result<(), Problem> {
        self.file.write_all(line_of(cells).as_bytes()).map_err(|error| unwritable(&self.name, &error))
    }

    /// Writes what is still to be written.
    pub fn finish(mut self) -> Result<(), Problem> {
        self.file.flush().map_err(|error| unwritable(&self.name, &error))
    }
}

/// A line with its end, which in CSV is this one (RFC 4180).
pub fn line_of(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell. One that a spreadsheet would run as a formula gets an apostrophe: SKUs come from outside.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

fn unwritable(name: &str, error: &std::io::Error) -> Problem {
    Problem::new(Exit::Other, format!("cannot write {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_no_formula() {
        assert_eq!(quoted(r#"a "b", c"#), r#""a ""b"", c""#);
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }

    #[test]
    fn a_new_file_never_replaces_one_that_is_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("failed.csv");
        let mut file = CsvFile::create(&path).expect("created");
        file.line(&["SKU", "why"]).expect("written");
        file.finish().expect("written");
        let refused = CsvFile::create(&path).expect_err("there is one");
        assert!(refused.what.contains("already exists"), "{}", refused.what);
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "\"SKU\",\"why\"\r\n");
        CsvFile::replace(&path).expect("replaced").finish().expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "");
    }
}
