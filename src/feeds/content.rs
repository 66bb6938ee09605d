//! The fields of an item in JSON, as a source gives them.

use std::borrow::Cow;

use serde::Serialize;
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
    /// The values, one after the other.
    json: Vec<u8>,
    /// In the order in which they were put.
    fields: Vec<Field>,
}

/// The name of a value, and where it is.
#[derive(Debug, Clone)]
struct Field {
    name: Cow<'static, str>,
    /// The first bytes of the name, as a number that sorts like them: names are compared two hundred times for each item.
    head: u64,
    begin: usize,
    end: usize,
}

impl Content {
    /// Empty, with room for an item as large as most are.
    #[must_use]
    pub fn roomy() -> Self {
        Self { json: Vec::with_capacity(USUAL_BYTES), fields: Vec::with_capacity(MOST_FIELDS) }
    }

    /// Puts a field; each name is put once, and one of the program's own (`'static`) needs no escapes. What JSON has no form for (a map whose keys are no text) becomes `null`.
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, value: impl Serialize) {
        let begin = self.json.len();
        if serde_json::to_writer(&mut self.json, &value).is_err() {
            self.json.truncate(begin);
            self.json.extend_from_slice(b"null");
        }
        let name = name.into();
        self.fields.push(Field { head: head(&name), name, begin, end: self.json.len() });
    }

    /// Puts a field in place of one that may be there.
    pub(super) fn replace(&mut self, name: &'static str, value: impl Serialize) {
        let head = head(name);
        self.fields.retain(|field| field.head != head || field.name != name);
        self.put(name, value);
    }

    /// Puts all fields of another.
    pub fn extend(&mut self, other: &Self) {
        let moved = self.json.len();
        self.json.extend_from_slice(&other.json);
        let fields = other.fields.iter().cloned();
        self.fields.extend(fields.map(|field| Field { begin: field.begin + moved, end: field.end + moved, ..field }));
    }

    /// Bytes of the values.
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The JSON of a field.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let head = head(name);
        self.fields.iter().find(|field| field.head == head && field.name == name).map(|field| self.value(field))
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
        self.fields.iter().map(|field| (field.name.to_string(), value(field))).collect()
    }

    /// Sorts the fields by their names.
    pub(super) fn sort(&mut self) {
        self.fields.sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| a.name.cmp(&b.name)));
    }

    /// One compact object of the fields whose names are wanted.
    pub(super) fn object(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<u8> {
        let wanted: Vec<&Field> = self.fields.iter().filter(|field| is_wanted(&field.name)).collect();
        // With quotes, colon and comma. A minimal payload is small and waits with its item, so it must not take more.
        let length = |field: &Field| field.name.len() + 4 + (field.end - field.begin);
        let mut object = Vec::with_capacity(wanted.iter().map(|field| length(field)).sum::<usize>() + 1);
        object.push(b'{');
        for field in wanted {
            if object.len() > 1 {
                object.push(b',');
            }
            self.write(field, &mut object);
        }
        object.push(b'}');
        object
    }

    /// One compact object of all fields, and the SHA-1 of that object without the fields that are left out of a hash. The object
    /// is written once: what is hashed are parts of it.
    pub(super) fn hashed_object(&self, is_hashed: impl Fn(&str) -> bool) -> (Vec<u8>, [u8; 20]) {
        let length: usize = self.fields.iter().map(|field| field.name.len() + 4).sum();
        let mut object = Vec::with_capacity(length + self.json.len() + 1);
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
            self.write(field, &mut object);
            let is_hashed = is_hashed(&field.name);
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

    /// Writes a field as a member of an object.
    fn write(&self, field: &Field, object: &mut Vec<u8>) {
        match &field.name {
            Cow::Borrowed(name) => {
                object.push(b'"');
                object.extend_from_slice(name.as_bytes());
                object.push(b'"');
            }
            // Text always serializes.
            Cow::Owned(name) => drop(serde_json::to_writer(&mut *object, name)),
        }
        object.push(b':');
        object.extend_from_slice(self.value(field));
    }

    fn value(&self, field: &Field) -> &[u8] {
        &self.json[field.begin..field.end]
    }
}

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
            content.put(name, value);
        }
        content
    }
}

/// Equal if the same names have the same JSON, in whichever order.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        let is_in_other = |field: &Field| other.get(&field.name) == Some(self.value(field));
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
        content.put("weight".to_owned(), 1.5);
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
        names.iter().rev().for_each(|name| content.put(*name, ()));
        content.sort();
        let mut expected = names.to_vec();
        expected.sort_unstable();
        assert_eq!(content.fields.iter().map(|field| field.name.as_ref()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_hashed_is_the_object_without_what_is_left_out_wherever_that_stands() {
        let names = ["a", "b\"", "c", "d_1"];
        for count in 0..=names.len() {
            let mut content = Content::default();
            names[..count].iter().for_each(|name| content.put((*name).to_owned(), [name]));
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
        content.extend(&example());
        assert_eq!(content.get("a"), Some(&b"[1,2,3]"[..]));
        assert_eq!(content.lookup("/weight"), Some(json!(1.5)));
    }

    #[test]
    fn what_json_has_no_form_for_is_null() {
        let mut content = Content::default();
        content.put("map", std::collections::BTreeMap::from([([1, 2], 3)]));
        content.put("after", 1);
        assert_eq!(content.object(|_| true), br#"{"map":null,"after":1}"#);
    }
}
