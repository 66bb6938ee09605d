//! The fields of an item in JSON, as a source gives them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::Value;
use sha1::{Digest, Sha1};

/// The fields of an item as a tree.
pub type Fields = Map<String, Value>;

/// As many bytes as most items have, so that they are written without growing.
const USUAL_BYTES: usize = 2_048;
/// More fields than an item has.
const MOST_FIELDS: usize = 48;

/// The fields of an item, each already the JSON that will be hashed and sent.
///
/// A value is written once and never taken apart again: a catalogue has millions of them, and a tree of maps and texts costs
/// more than reading them from a database. Within a value the names of an object must be sorted, as those of a [`Fields`] are, so
/// that a hash does not depend on the source.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The members of the object, one after the other: `"name":value`, without commas.
    json: Vec<u8>,
    /// The names that are not the program's own, one after the other: a text for each would be twenty allocations an item.
    names: String,
    /// In the order in which they were put.
    fields: Vec<Field>,
}

/// The name of a value, and where it is.
#[derive(Debug, Clone)]
struct Field {
    name: Name,
    /// The first bytes of the name, as a number that sorts like them: names are compared two hundred times for each item.
    head: u64,
    /// Where the member begins, its value begins, and both end.
    member: usize,
    begin: usize,
    end: usize,
}

/// The name of a field.
#[derive(Debug, Clone, Copy)]
enum Name {
    /// One of the program's own, which needs no escapes.
    Own(&'static str),
    /// Where it is among the names that are kept.
    Kept { begin: usize, end: usize },
}

impl Name {
    fn text(self, kept: &str) -> &str {
        match self {
            Self::Own(name) => name,
            Self::Kept { begin, end } => &kept[begin..end],
        }
    }
}

impl Field {
    fn is_named(&self, head: u64, name: &str, kept: &str) -> bool {
        self.head == head && self.name.text(kept) == name
    }

    fn cmp_name(&self, other: &Self, kept: &str) -> Ordering {
        self.head.cmp(&other.head).then_with(|| self.name.text(kept).cmp(other.name.text(kept)))
    }
}

impl Content {
    /// Empty, with room for an item as large as most are.
    #[must_use]
    pub fn roomy() -> Self {
        Self { json: Vec::with_capacity(USUAL_BYTES), fields: Vec::with_capacity(MOST_FIELDS), names: String::new() }
    }

    /// The fields of one JSON object. Of a name that it has twice, the last value counts.
    ///
    /// # Errors
    /// If it is no JSON (a syntax error), or no object (an error of its data).
    pub(super) fn parse(json: &[u8]) -> serde_json::Result<Self> {
        let mut content = Self { json: Vec::with_capacity(json.len()), ..Self::default() };
        let mut parser = serde_json::Deserializer::from_slice(json);
        parser.deserialize_map(Members(&mut content))?;
        parser.end()?;
        // The last of each name comes first, and stays.
        let Self { fields, names, .. } = &mut content;
        fields.reverse();
        fields.sort_by(|a, b| a.cmp_name(b, names));
        fields.dedup_by(|a, b| a.is_named(b.head, b.name.text(names), names));
        Ok(content)
    }

    /// Puts a field by one of the program's own names; each name is put once. What JSON has no form for (a map whose keys are no text) becomes `null`.
    pub fn put(&mut self, name: &'static str, value: impl Serialize) {
        let member = self.json.len();
        self.json.push(b'"');
        self.json.extend_from_slice(name.as_bytes());
        self.json.push(b'"');
        self.put_value(member, head(name), Name::Own(name), value);
    }

    /// Puts a field by any name.
    fn put_other(&mut self, name: &str, value: impl Serialize) {
        let kept = self.names.len();
        self.names.push_str(name);
        let member = self.json.len();
        // Text always serializes.
        drop(serde_json::to_writer(&mut self.json, name));
        self.put_value(member, head(name), Name::Kept { begin: kept, end: self.names.len() }, value);
    }

    /// Puts the value of a member whose name was written.
    fn put_value(&mut self, member: usize, head: u64, name: Name, value: impl Serialize) {
        self.json.push(b':');
        let begin = self.json.len();
        if serde_json::to_writer(&mut self.json, &value).is_err() {
            self.json.truncate(begin);
            self.json.extend_from_slice(b"null");
        }
        self.fields.push(Field { name, head, member, begin, end: self.json.len() });
    }

    /// Puts a field in place of one that may be there.
    pub(super) fn replace(&mut self, name: &'static str, value: impl Serialize) {
        let head = head(name);
        self.fields.retain(|field| !field.is_named(head, name, &self.names));
        self.put(name, value);
    }

    /// Puts all fields of another.
    pub fn extend(&mut self, other: &Self) {
        let (moved, names) = (self.json.len(), self.names.len());
        self.json.extend_from_slice(&other.json);
        self.names.push_str(&other.names);
        self.fields.extend(other.fields.iter().map(|field| {
            let name = match field.name {
                Name::Own(name) => Name::Own(name),
                Name::Kept { begin, end } => Name::Kept { begin: begin + names, end: end + names },
            };
            let [member, begin, end] = [field.member, field.begin, field.end].map(|place| place + moved);
            Field { name, head: field.head, member, begin, end }
        }));
    }

    /// Bytes of the members.
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The JSON of a field.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let head = head(name);
        self.fields.iter().find(|field| field.is_named(head, name, &self.names)).map(|field| self.value(field))
    }

    /// A field that is a text without escapes, as nearly every SKU and code is.
    pub(super) fn plain_text(&self, name: &str) -> Option<&str> {
        let text = self.get(name)?.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        std::str::from_utf8(text).ok().filter(|text| !text.contains('\\'))
    }

    /// The value at a JSON pointer.
    pub fn lookup(&self, pointer: &str) -> Option<Value> {
        let pointer = pointer.strip_prefix('/')?;
        let (name, rest) = pointer.find('/').map_or((pointer, ""), |at| pointer.split_at(at));
        let value: Value = serde_json::from_slice(self.get(name)?).ok()?;
        value.pointer(rest).cloned()
    }

    /// The fields as a tree.
    pub fn to_fields(&self) -> Fields {
        let value = |field: &Field| serde_json::from_slice(self.value(field)).unwrap_or_default();
        self.fields.iter().map(|field| (self.name(field).to_owned(), value(field))).collect()
    }

    /// Sorts the fields by their names.
    pub(super) fn sort(&mut self) {
        let Self { fields, names, .. } = self;
        fields.sort_unstable_by(|a, b| a.cmp_name(b, names));
    }

    /// One compact object of the fields whose names are wanted.
    pub(super) fn object(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<u8> {
        let wanted: Vec<&Field> = self.fields.iter().filter(|field| is_wanted(self.name(field))).collect();
        // With a comma or bracket each. A minimal payload is small and waits with its item, so it must not take more.
        let length: usize = wanted.iter().map(|field| self.member(field).len() + 1).sum();
        let mut object = Vec::with_capacity(length + 1);
        object.push(b'{');
        for field in wanted {
            if object.len() > 1 {
                object.push(b',');
            }
            object.extend_from_slice(self.member(field));
        }
        object.push(b'}');
        object
    }

    /// One compact object of all fields, and the SHA-1 of that object without the fields that are left out of a hash. The object
    /// is written once: what is hashed are parts of it.
    pub(super) fn hashed_object(&self, is_hashed: impl Fn(&str) -> bool) -> (Vec<u8>, [u8; 20]) {
        let mut object = Vec::with_capacity(self.json.len() + self.fields.len() + 2);
        let mut sha1 = Sha1::new();
        // Bytes that are written and will be hashed begin here.
        let mut pending = 0;
        let mut has_hashed = false;
        object.push(b'{');
        for (place, field) in self.fields.iter().enumerate() {
            let end = object.len();
            if place > 0 {
                object.push(b',');
            }
            let begin = object.len();
            object.extend_from_slice(self.member(field));
            let is_hashed = is_hashed(self.name(field));
            if !is_hashed || !has_hashed {
                sha1.update(&object[pending..end]);
                // Before the first that is hashed, a comma separates it from nothing.
                pending = if is_hashed { begin } else { object.len() };
            }
            has_hashed |= is_hashed;
        }
        object.push(b'}');
        sha1.update(&object[pending..]);
        (object, sha1.finalize().into())
    }

    fn member(&self, field: &Field) -> &[u8] {
        &self.json[field.member..field.end]
    }

    fn value(&self, field: &Field) -> &[u8] {
        &self.json[field.begin..field.end]
    }

    fn name(&self, field: &Field) -> &str {
        field.name.text(&self.names)
    }
}

/// Puts the members of an object that is read.
struct Members<'a>(&'a mut Content);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        // A value is read as a tree, which sorts the names in it.
        while let Some((name, value)) = members.next_entry::<Text<'_>, Value>()? {
            self.0.put_other(&name.0, value);
        }
        Ok(())
    }
}

/// A name as it stands in the bytes that are read, if it needs no change.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The first eight bytes of a name; of two names that differ in it, the lesser has the lesser number.
fn head(name: &str) -> u64 {
    let mut head = [0; 8];
    let length = name.len().min(head.len());
    head[..length].copy_from_slice(&name.as_bytes()[..length]);
    u64::from_be_bytes(head)
}

impl From<Fields> for Content {
    fn from(fields: Fields) -> Self {
        let mut content = Self::default();
        for (name, value) in fields {
            content.put_other(&name, value);
        }
        content
    }
}

/// Equal if the same names have the same JSON, in whichever order.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        let is_in_other = |field: &Field| other.get(self.name(field)) == Some(self.value(field));
        self.fields.len() == other.fields.len() && self.fields.iter().all(is_in_other)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example() -> Content {
        let mut content = Content::roomy();
        content.put("sku", "24-\"MB\"01");
        content.put("website", json!({"websiteCode": "base", "b": {"c": [1, 2]}}));
        content.put_other("weight", 1.5);
        content
    }

    #[test]
    fn what_is_put_is_found_by_name_and_by_pointer() {
        let mut content = example();
        assert_eq!(content.get("sku"), Some(&br#""24-\"MB\"01""#[..]));
        assert_eq!(content.get("nothing"), None);
        assert_eq!(content.plain_text("sku"), None, "it has escapes");
        assert_eq!(content.plain_text("weight"), None);
        content.put("name", "é \u{1f600}");
        assert_eq!(content.plain_text("name"), Some("é \u{1f600}"));
        assert_eq!(content.lookup("/sku"), Some(json!("24-\"MB\"01")));
        assert_eq!(content.lookup("/website/b/c/1"), Some(json!(2)));
        assert_eq!(content.lookup("/website/none"), None);
        assert_eq!(content.lookup("/"), None);
        assert_eq!(content.lookup("sku"), None);
    }

    #[test]
    fn an_object_is_compact_and_in_the_order_of_the_fields() {
        let mut content = example();
        assert_eq!(content.object(|name| name != "website"), br#"{"sku":"24-\"MB\"01","weight":1.5}"#);
        content.put("name", None::<&str>);
        content.sort();
        assert_eq!(content.object(|name| name < "t"), br#"{"name":null,"sku":"24-\"MB\"01"}"#);
        assert_eq!(content.object(|_| false), b"{}");
        let small = content.object(|name| name == "weight");
        assert_eq!((small.as_slice(), small.capacity()), (&br#"{"weight":1.5}"#[..], small.len()));
    }

    #[test]
    fn fields_are_sorted_by_their_whole_names() {
        let names = ["", "a", "a\0", "attribute", "attributeA", "attributeB", "attributes", "b", "é"];
        let mut content = Content::default();
        names.iter().rev().for_each(|name| content.put_other(name, ()));
        content.sort();
        let mut expected = names.to_vec();
        expected.sort_unstable();
        assert_eq!(content.fields.iter().map(|field| content.name(field)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_hashed_is_the_object_without_what_is_left_out_wherever_that_stands() {
        let names = ["a", "b\"", "c", "d_1"];
        for count in 0..=names.len() {
            let mut content = Content::default();
            names[..count].iter().for_each(|name| content.put_other(name, [name]));
            for left_out in 0_u32..1 << count {
                let is_hashed =
                    |name: &str| names.iter().position(|of| *of == name).is_none_or(|at| left_out >> at & 1 == 0);
                let (object, hash) = content.hashed_object(is_hashed);
                assert_eq!(object, content.object(|_| true));
                let expected: [u8; 20] = Sha1::digest(content.object(is_hashed)).into();
                assert_eq!(hash, expected, "{count} fields without {left_out:b}");
            }
        }
    }

    #[test]
    fn a_tree_and_back_is_the_same() {
        let content = example();
        assert_eq!(Content::from(content.to_fields()), content);
        let mut other = content.clone();
        other.replace("weight", 2);
        assert_ne!(other, content);
        assert_eq!(other.lookup("/weight"), Some(json!(2)));
    }

    #[test]
    fn what_another_has_is_taken_over() {
        let mut content = Content::default();
        content.put("a", [1, 2, 3]);
        content.put_other("b", ());
        content.extend(&example());
        assert_eq!(content.get("a"), Some(&b"[1,2,3]"[..]));
        assert_eq!(content.get("b"), Some(&b"null"[..]));
        assert_eq!(content.lookup("/weight"), Some(json!(1.5)));
    }

    #[test]
    fn an_object_is_read() {
        let json = br#" {"b":{"d":1,"c":[null, 1.0]}, "a\"\u00e9" : "x\n", "b":true,"":-0} "#;
        let content = Content::parse(json).expect("an object");
        let expected = r#"{"":-0.0,"a\"é":"x\n","b":true}"#;
        assert_eq!(content.object(|_| true), expected.as_bytes(), "of two values the last");
        let tree: Fields = serde_json::from_slice(json).expect("an object");
        assert_eq!(content, Content::from(tree));
        let many = format!("{{{}}}", (0..200_000).map(|n| format!("\"{n}\":{n}")).collect::<Vec<_>>().join(","));
        assert_eq!(Content::parse(many.as_bytes()).expect("an object").fields.len(), 200_000, "in a moment");
        let nested = Content::parse(br#"{"b":{"d":1,"c":2}}"#).expect("an object");
        assert_eq!(nested.get("b"), Some(&br#"{"c":2,"d":1}"#[..]), "sorted within");
        for (json, is_data) in [("[1]", true), ("null", true), ("{} {}", false), (r#"{"a":}"#, false), ("", false)] {
            assert_eq!(Content::parse(json.as_bytes()).expect_err("no object").is_data(), is_data, "{json}");
        }
    }

    #[test]
    fn what_json_has_no_form_for_is_null() {
        let mut content = Content::default();
        content.put("map", std::collections::BTreeMap::from([([1, 2], 3)]));
        content.put("after", 1);
        assert_eq!(content.object(|_| true), br#"{"map":null,"after":1}"#);
    }
}
