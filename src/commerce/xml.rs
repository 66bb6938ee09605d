//! XML files of an installation's modules as small trees: data of strangers, read with limits.
//!
//! No entity is expanded but XML's own five and characters by number, so a file cannot grow while it is read.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::untrusted::SafeText;

/// No module's file is larger, in bytes.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;
/// Elements in elements: no file of Commerce nests half as deep.
const DEPTH_LIMIT: usize = 32;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    /// The line it begins in, from 1.
    pub line: usize,
    /// Its own text, without white space around it.
    pub text: String,
    pub children: Vec<Element>,
    attributes: Vec<(String, String)>,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlError {
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong, after "it".
    pub reason: SafeText,
}

impl Element {
    /// The root element of a file; `None` if there is no such file. Blocking.
    ///
    /// # Errors
    /// [`XmlError`] if it cannot be read, is too large or is not XML.
    pub fn read(path: &Path) -> Result<Option<Self>, XmlError> {
        let fail = |reason: &str| XmlError { line: None, reason: reason.into() };
        let metadata = match std::fs::metadata(path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            found => found.map_err(|error| fail(&error.to_string()))?,
        };
        // A pipe would be waited for.
        if !metadata.is_file() {
            return Err(fail("is not a file"));
        }
        if metadata.len() > SIZE_LIMIT {
            return Err(fail("is larger than 4 MiB"));
        }
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(SIZE_LIMIT).read_to_end(&mut bytes));
        read.map_err(|error| fail(&error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| fail("is not UTF-8"))?;
        Self::parse(text).map(Some)
    }

    /// The root element of a text.
    ///
    /// # Errors
    /// [`XmlError`] if it is not XML.
    pub fn parse(text: &str) -> Result<Self, XmlError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        // The first is none of the file's: it takes the root in.
        let mut open = vec![Self::default()];
        let (mut line, mut counted) = (1, 0);
        loop {
            let here = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            line += text.get(counted..here).unwrap_or_default().matches('\n').count();
            counted = here;
            let fail = |reason: &dyn std::fmt::Display| XmlError {
                line: Some(line),
                reason: SafeText::limited(&format!("is not XML: {reason}"), 200),
            };
            let event = reader.read_event().map_err(|error| fail(&error))?;
            let Some(inner) = open.last_mut() else { return Err(fail(&"an element is closed twice")) };
            match event {
                Event::Start(start) => {
                    if open.len() > DEPTH_LIMIT {
                        return Err(fail(&"its elements are nested too deeply"));
                    }
                    open.push(Self::begun(&start, line).map_err(|error| fail(&error))?);
                }
                Event::End(_) => {
                    let Some(mut done) = open.pop() else { return Err(fail(&"an element is closed twice")) };
                    done.text = done.text.trim().into();
                    match open.last_mut() {
                        Some(outer) => outer.children.push(done),
                        None => return Err(fail(&"an element is closed twice")),
                    }
                }
                Event::Text(piece) => inner.text.push_str(&piece),
                Event::CData(piece) => inner.text.push_str(&piece),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|error| fail(&error))?;
                    match character
                        .map(String::from)
                        .or_else(|| quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned))
                    {
                        Some(text) => inner.text.push_str(&text),
                        None => return Err(fail(&"an entity is unknown")),
                    }
                }
                Event::Eof => {
                    let root =
                        open.pop().filter(|_| open.is_empty()).and_then(|outside| outside.children.into_iter().next());
                    return root.ok_or_else(|| fail(&"an element is not closed, or there is none"));
                }
                _ => {}
            }
        }
    }

    fn begun(start: &BytesStart<'_>, line: usize) -> Result<Self, quick_xml::Error> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned();
            attributes.push((attribute.key.as_ref().to_owned(), value));
        }
        Ok(Self { name: start.name().as_ref().to_owned(), line, attributes, ..Self::default() })
    }

    /// An attribute's value without white space around it; empty where there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// Its children of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_their_lines_attributes_and_text() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<!-- c\n -->\n<config xmlns:xsi=\"x\">\n  <type\n     name=\" A\\B \">\n<i/> a &amp; &#50;<![CDATA[ < ]]>\n</type></config>";
        let root = Element::parse(text).expect("XML");
        assert_eq!((root.name.as_str(), root.line), ("config", 4));
        let kind = root.named("type").next().expect("one");
        assert_eq!((kind.line, kind.attribute("name"), kind.attribute("other")), (5, "A\\B", ""));
        assert_eq!((kind.text.as_str(), kind.children[0].line), ("a & 2 <", 7));
    }

    #[test]
    fn what_is_hostile_or_broken_is_an_error_with_its_line() {
        let laughs = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>\n<config>&b;</config>";
        for (text, line) in
            [(laughs, 2), ("<config>\n<default></config>", 2), ("<config>\n", 2), ("<a>\n\n&nope;</a>", 3), ("", 1)]
        {
            assert_eq!(Element::parse(text).expect_err(text).line, Some(line), "{text}");
        }
        assert!(Element::parse("<a b=\"&nope;\"/>").is_err());
        let deep = Element::parse(&"<a>".repeat(100)).expect_err("deep");
        assert!(deep.reason.as_str().contains("nested"), "{deep:?}");
    }

    #[test]
    fn a_file_is_read_only_if_it_is_one_of_a_sane_size() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("di.xml");
        assert_eq!(Element::read(&file), Ok(None));
        assert_eq!(Element::read(dir.path()).expect_err("a directory").reason.as_str(), "is not a file");
        std::fs::write(&file, b"<a>\xff</a>").expect("written");
        assert_eq!(Element::read(&file).expect_err("bytes").reason.as_str(), "is not UTF-8");
        std::fs::File::create(&file).and_then(|file| file.set_len(SIZE_LIMIT + 1)).expect("written");
        assert_eq!(Element::read(&file).expect_err("large").reason.as_str(), "is larger than 4 MiB");
        std::fs::write(&file, "<a/>").expect("written");
        assert_eq!(Element::read(&file).expect("XML").expect("a file").name, "a");
    }
}
