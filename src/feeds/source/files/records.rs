//! Cuts a stream of bytes into records: the lines of NDJSON, or the elements of one JSON array.
//!
//! It looks at brackets, quotes and line ends only; whether a record is good JSON is for others to say.

use std::io::{BufRead, Error, ErrorKind, Result};

/// How records are laid out in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Lines,
    /// Elements of one array.
    Array,
}

impl Layout {
    /// What a record is called in this layout, for messages.
    pub fn unit(self) -> &'static str {
        match self {
            Layout::Lines => "line",
            Layout::Array => "element",
        }
    }
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Line or element, from 1.
    pub number: u64,
    /// Its bytes.
    pub body: Body,
}

impl Record {
    /// How many bytes of it are in memory.
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Bytes(bytes) => bytes.len(),
            Body::TooLong => 0,
        }
    }
}

/// The bytes of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// All of them, without white space around.
    Bytes(Vec<u8>),
    /// More than the limit; they were skipped.
    TooLong,
}

/// The bytes that some editors put before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The records of a stream.
#[derive(Debug)]
pub(super) struct Records<R> {
    bytes: R,
    layout: Layout,
    limit: usize,
    number: u64,
    state: ReaderState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReaderState {
    Begin,
    Within,
    End,
}

/// The bytes of a record while it is being read.
struct Gathered {
    bytes: Vec<u8>,
    limit: usize,
    is_too_long: bool,
}

impl Gathered {
    fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, is_too_long: false }
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.bytes.len() + bytes.len() > self.limit {
            self.is_too_long = true;
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn is_blank(&self) -> bool {
        !self.is_too_long && self.bytes.trim_ascii().is_empty()
    }

    fn body(self) -> Body {
        if self.is_too_long {
            return Body::TooLong;
        }
        Body::Bytes(self.bytes.trim_ascii().to_vec())
    }
}

impl<R: BufRead> Records<R> {
    /// Records of at most `limit` bytes each.
    pub fn new(bytes: R, layout: Layout, limit: usize) -> Self {
        Self { bytes, layout, limit, number: 0, state: ReaderState::Begin }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// If the stream cannot be read, holds nothing at all, or is an array that does not end.
    pub fn next(&mut self) -> Result<Option<Record>> {
        if self.state == ReaderState::Begin {
            self.begin()?;
            self.state = ReaderState::Within;
        }
        match (self.state, self.layout) {
            (ReaderState::End, _) => Ok(None),
            (_, Layout::Lines) => self.next_line(),
            (_, Layout::Array) => self.next_element(),
        }
    }

    fn begin(&mut self) -> Result<()> {
        // A BOM lies within the first bytes of any file, and the reader's buffer is larger than it.
        if self.bytes.fill_buf()?.starts_with(BOM) {
            self.bytes.consume(BOM.len());
        }
        if self.bytes.fill_buf()?.is_empty() {
            // A file that was just created, or whose disk is full, looks like this. Taking it for a feed without items
            // would delete all of them in the service.
            return Err(invalid("it is empty; for a feed without items, use a .json file with []"));
        }
        if self.layout == Layout::Array && self.token()? != Some(b'[') {
            return Err(invalid("it does not begin with [: expected one JSON array (or name it .ndjson)"));
        }
        Ok(())
    }

    fn next_line(&mut self) -> Result<Option<Record>> {
        loop {
            let mut gathered = Gathered::new(self.limit);
            let mut is_last = false;
            loop {
                let available = self.bytes.fill_buf()?;
                if available.is_empty() {
                    is_last = true;
                    break;
                }
                let end = available.iter().position(|&byte| byte == b'\n');
                let line = &available[..end.unwrap_or(available.len())];
                gathered.add(line);
                let used = line.len() + usize::from(end.is_some());
                self.bytes.consume(used);
                if end.is_some() {
                    break;
                }
            }
            self.number += 1;
            if is_last {
                self.state = ReaderState::End;
            }
            if !gathered.is_blank() {
                return Ok(Some(Record { number: self.number, body: gathered.body() }));
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    /// Reads up to the comma or bracket that ends the element; `depth` and strings tell which comma that is.
    fn next_element(&mut self) -> Result<Option<Record>> {
        let mut gathered = Gathered::new(self.limit);
        let mut scan = Scan::default();
        let end = loop {
            let available = self.bytes.fill_buf()?;
            if available.is_empty() {
                return Err(Error::new(
                    ErrorKind::UnexpectedEof,
                    format!("it ends in the middle of element {}: the file is cut off", self.number + 1),
                ));
            }
            let end = available.iter().position(|&byte| scan.ends_before(byte));
            let element = &available[..end.unwrap_or(available.len())];
            gathered.add(element);
            let used = element.len();
            let last = end.map(|end| available[end]);
            self.bytes.consume(used + usize::from(last.is_some()));
            if let Some(last) = last {
                break last;
            }
        };
        if end == b']' {
            self.state = ReaderState::End;
            if self.token()?.is_some() {
                return Err(invalid("unexpected text after the ] that ends its array"));
            }
            if self.number == 0 && gathered.is_blank() {
                return Ok(None);
            }
        }
        self.number += 1;
        Ok(Some(Record { number: self.number, body: gathered.body() }))
    }

    /// The next byte that is not a white space, taken off the stream.
    fn token(&mut self) -> Result<Option<u8>> {
        loop {
            let available = self.bytes.fill_buf()?;
            if available.is_empty() {
                return Ok(None);
            }
            let blank = available.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let token = available.get(blank).copied();
            self.bytes.consume(blank + usize::from(token.is_some()));
            if token.is_some() {
                return Ok(token);
            }
        }
    }
}

/// Where a scan of JSON is: within brackets, within a string, after a backslash.
#[derive(Debug, Default)]
struct Scan {
    depth: u64,
    in_string: bool,
    is_escaped: bool,
}

impl Scan {
    /// Whether the element ends before this byte.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return true,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

fn invalid(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Reads with a buffer of every small size, so that each boundary falls everywhere once.
    fn cut(text: &str, layout: Layout) -> std::result::Result<Vec<(u64, String)>, String> {
        let read = |capacity: usize| {
            let mut records = Records::new(BufReader::with_capacity(capacity, text.as_bytes()), layout, 40);
            let mut found = Vec::new();
            while let Some(record) = records.next().map_err(|error| error.to_string())? {
                let text = match record.body {
                    Body::Bytes(bytes) => String::from_utf8(bytes).expect("UTF-8"),
                    Body::TooLong => "too long".to_owned(),
                };
                found.push((record.number, text));
            }
            assert_eq!(records.next().expect("stays at its end"), None);
            Ok(found)
        };
        let whole = read(4096);
        for capacity in 3..20 {
            assert_eq!(read(capacity), whole, "with a buffer of {capacity} bytes");
        }
        whole
    }

    fn records(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        expected.iter().map(|&(number, text)| (number, text.to_owned())).collect()
    }

    #[test]
    fn lines_keep_their_numbers_over_blank_ones_and_crlf() {
        let text = "\u{feff}{\"a\":1}\r\n\n  \r\n{\"b\":2}\nrubbish";
        assert_eq!(cut(text, Layout::Lines), Ok(records(&[(1, "{\"a\":1}"), (4, "{\"b\":2}"), (5, "rubbish")])));
        assert_eq!(cut("{}\n", Layout::Lines), Ok(records(&[(1, "{}")])));
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_is_read() {
        let text = format!("{}\n{{}}\n", "x".repeat(41));
        assert_eq!(cut(&text, Layout::Lines), Ok(records(&[(1, "too long"), (2, "{}")])));
    }

    #[test]
    fn elements_end_at_their_own_comma_only() {
        let text = "\u{feff} [ {\"a\":[1,2],\"b\":\"],\\\"}\"} ,\n nope, [3] , \"x\\\\\" ]\n";
        let expected = [(1, "{\"a\":[1,2],\"b\":\"],\\\"}\"}"), (2, "nope"), (3, "[3]"), (4, "\"x\\\\\"")];
        assert_eq!(cut(text, Layout::Array), Ok(records(&expected)));
        assert_eq!(cut("[ ]", Layout::Array), Ok(records(&[])));
    }

    #[test]
    fn an_empty_element_is_a_record_so_that_it_is_told() {
        assert_eq!(cut("[{},]", Layout::Array), Ok(records(&[(1, "{}"), (2, "")])));
    }

    #[test]
    fn a_cut_off_array_is_an_error_that_says_where() {
        let error = cut("[{\"a\":1},{\"b\":", Layout::Array).expect_err("cut off");
        assert!(error.contains("element 2"), "{error}");
    }

    #[test]
    fn what_is_no_array_or_empty_is_an_error() {
        for (text, layout, word) in [
            ("{\"a\":1}", Layout::Array, "begin with ["),
            ("[{}] {}", Layout::Array, "after the ]"),
            ("", Layout::Array, "empty"),
            ("", Layout::Lines, "empty"),
            ("\u{feff}", Layout::Lines, "empty"),
        ] {
            let error = cut(text, layout).expect_err(text);
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }
}
