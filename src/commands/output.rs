//! Where answers go and secrets come from: stdin may hold one, stdout is data, stderr is talk, and a closed pipe is not a reason to
//! panic.

use std::io::{self, BufRead as _, BufWriter, IsTerminal, Read as _, Stdout, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::lists::List;
use crate::connector::csv::line_of;
use crate::error::{Exit, Problem};
use crate::format::full_moment;
use crate::private_file::SIZE_LIMIT;
use crate::secret::Secret;
use crate::untrusted::inert_json;

/// The version of the JSON lines. Changes only add fields and types; anything else makes it 2.
pub const SCHEMA: &str = "commerce-connector/1";

/// A time as it is reported here: in the zone of this server.
pub fn moment(at: Timestamp) -> String {
    full_moment(at, &TimeZone::system())
}

/// Why the screen cannot be opened here; `None` if both ends of it are a terminal that can be drawn on.
pub fn no_terminal() -> Option<&'static str> {
    if !io::stdout().is_terminal() {
        Some("Standard output is not a terminal")
    } else if !io::stdin().is_terminal() {
        Some("Standard input is not a terminal")
    } else if !redraws() {
        Some("TERM is dumb or not set")
    } else {
        None
    }
}

/// Whether stdout is a terminal on which lines can be redrawn.
pub fn redraws() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdout().is_terminal() && !is_dumb
}

/// What a command does when whoever reads its output has gone, as `head` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenClosed {
    /// It ends, with [`Exit::Done`]: its output was all it was for.
    End,
    /// It finishes what it changes, and its exit code says how that went.
    Finish,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines of text.
    Text,
    /// Lines of JSON.
    Json,
    /// The records of a list as CSV, and nothing else.
    Csv(List),
}

/// stdout, in one of the forms; or memory.
#[derive(Debug)]
pub struct Output {
    form: Form,
    /// Whether the header of a list is printed.
    has_header: bool,
    when_closed: WhenClosed,
    is_closed: bool,
    out: Destination,
}

/// Where the lines go.
#[derive(Debug)]
enum Destination {
    Stdout(BufWriter<Stdout>),
    Memory(Vec<u8>),
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Destination::Stdout(out) => out.write(bytes),
            Destination::Memory(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Destination::Stdout(out) => out.flush(),
            Destination::Memory(out) => out.flush(),
        }
    }
}

impl Output {
    /// To standard output.
    #[must_use]
    pub fn new(form: Form, when_closed: WhenClosed) -> Self {
        Self::to(Destination::Stdout(BufWriter::new(io::stdout())), form, when_closed)
    }

    fn to(out: Destination, form: Form, when_closed: WhenClosed) -> Self {
        Self { form, has_header: false, when_closed, is_closed: false, out }
    }

    /// Text lines that are kept instead of printed.
    #[must_use]
    pub fn kept() -> Self {
        Self::to(Destination::Memory(Vec::new()), Form::Text, WhenClosed::Finish)
    }

    /// What was kept so far; empty if it was printed.
    #[must_use]
    pub fn into_kept(self) -> Vec<u8> {
        match self.out {
            Destination::Stdout(_) => Vec::new(),
            Destination::Memory(lines) => lines,
        }
    }

    /// Whether a person reads it on a terminal.
    pub fn is_terminal(&self) -> bool {
        matches!(self.out, Destination::Stdout(_)) && io::stdout().is_terminal()
    }

    /// Whether JSON lines are wanted.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether a script reads it.
    pub fn is_data(&self) -> bool {
        self.form != Form::Text
    }

    /// Says one thing in both ways: a line of text, or a JSON object of this type.
    pub fn say(&mut self, text: &str, kind: &str, fields: Value) -> Result<(), Problem> {
        if self.is_data() { self.record(kind, fields) } else { self.text(text) }
    }

    /// A line of text; nothing for a script.
    pub fn text(&mut self, text: &str) -> Result<(), Problem> {
        if self.is_data() {
            return Ok(());
        }
        self.line(text)
    }

    /// A JSON line with `schema` and `type`, or the lines of CSV that it makes; nothing in text mode.
    pub fn record(&mut self, kind: &str, fields: Value) -> Result<(), Problem> {
        match self.form {
            Form::Csv(list) if list.kind == kind => return self.rows(list, &fields),
            Form::Text | Form::Csv(_) => return Ok(()),
            Form::Json => {}
        }
        let mut object = Map::new();
        object.insert("schema".to_owned(), SCHEMA.into());
        object.insert("type".to_owned(), kind.into());
        match fields {
            Value::Object(more) => object.extend(more),
            other => {
                object.insert("value".to_owned(), other);
            }
        }
        self.line(&inert_json(&Value::Object(object).to_string()))
    }

    fn rows(&mut self, list: List, record: &Value) -> Result<(), Problem> {
        self.header(list)?;
        for cells in list.rows(record) {
            self.write(|out| out.write_all(line_of(&cells).as_bytes()))?;
        }
        self.flush()
    }

    fn header(&mut self, list: List) -> Result<(), Problem> {
        if std::mem::replace(&mut self.has_header, true) {
            return Ok(());
        }
        self.write(|out| out.write_all(line_of(list.columns).as_bytes()))
    }

    /// Ends what was printed: an empty list has a header as well.
    pub fn finish(&mut self) -> Result<(), Problem> {
        match self.form {
            Form::Csv(list) => self.header(list).and_then(|()| self.flush()),
            Form::Text | Form::Json => Ok(()),
        }
    }

    /// A line as it is, in both modes: data that already is a JSON line.
    pub fn line(&mut self, line: &str) -> Result<(), Problem> {
        self.write(|out| writeln!(out, "{line}").and_then(|()| out.flush()))
    }

    /// A line of JSON without flushing, for many at once; call [`Self::flush`] after them.
    pub fn buffered(&mut self, json: &[u8]) -> Result<(), Problem> {
        let line = inert_json(&String::from_utf8_lossy(json)).into_owned();
        self.write(|out| out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")))
    }

    /// Hands over what [`Self::buffered`] kept.
    pub fn flush(&mut self) -> Result<(), Problem> {
        self.write(Destination::flush)
    }

    fn write(&mut self, how: impl FnOnce(&mut Destination) -> io::Result<()>) -> Result<(), Problem> {
        if !self.is_closed {
            match how(&mut self.out) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.is_closed = true,
                Err(error) => return Err(Problem::new(Exit::Other, format!("standard output: {error}"))),
            }
        }
        match self.when_closed {
            WhenClosed::Finish => Ok(()),
            WhenClosed::End => Err(Problem::new(Exit::Done, "standard output was closed")),
        }
    }
}

/// A line of talk. That nobody can hear it is not a failure.
pub fn talk(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// An error in its final form.
pub fn problem_of(error: &anyhow::Error) -> Problem {
    match error.downcast_ref::<Problem>() {
        Some(problem) => problem.clone(),
        None => Problem::new(Exit::Other, format!("{error:#}")),
    }
}

/// A problem as a person reads it: what went wrong, then what to do about it.
pub fn error_lines(problem: &Problem) -> Vec<String> {
    let hint = problem.hint.as_ref().map(|hint| format!("  fix: {}", hint.command_line()));
    std::iter::once(format!("error: {}", problem.what)).chain(hint).collect()
}

/// Standard input, whole, up to the size of any key. Blocking.
///
/// # Errors
/// A usage [`Problem`] if it cannot be read as text.
pub fn stdin_text() -> Result<Secret, Problem> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(SIZE_LIMIT)
        .read_to_string(&mut text)
        .map_err(|error| Problem::usage(format!("standard input: {error}")))?;
    Ok(Secret::new(text))
}

/// Whether a person can be asked: both ends are a terminal, and no script reads along.
pub fn can_ask(output: &Output) -> bool {
    !output.is_data() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a person on the terminal for one line. Blocking.
///
/// # Errors
/// A [`Problem`] if nothing can be read.
pub fn ask(question: &str) -> Result<String, Problem> {
    let mut stderr = io::stderr().lock();
    // That nobody sees the question shows in the answer.
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(SIZE_LIMIT)
        .read_line(&mut line)
        .map_err(|error| Problem::usage(format!("standard input: {error}")))?;
    Ok(line)
}

/// Asks a person on the terminal for a yes; anything else is a no.
///
/// # Errors
/// A [`Problem`] if nothing can be read.
pub async fn confirmed(question: String) -> anyhow::Result<bool> {
    let answer = tokio::task::spawn_blocking(move || ask(&question)).await??;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Columns of text, each as wide as its widest cell (in terminal cells), two spaces apart. The first row is the header.
pub fn table(rows: &[Vec<String>], right_aligned: &[usize]) -> String {
    use unicode_width::UnicodeWidthStr as _;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let padding = " ".repeat(widths[column] - cell.width());
            if column > 0 {
                line.push_str("  ");
            }
            if right_aligned.contains(&column) {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_terminal_cells() {
        let rows =
            [vec!["name".into(), "n".into()], vec!["東京".into(), "1,000".into()], vec!["ab".into(), "7".into()]];
        assert_eq!(table(&rows, &[1]), "name      n\n東京  1,000\nab        7");
    }
}
