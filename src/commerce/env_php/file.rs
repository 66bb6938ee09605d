//! One file, or what stands in its place, read as a whole, and what is asked of it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::functions::of_json;
use super::lexer::{self, Token};
use super::parser::Parser;
use super::scope::Scope;
use super::value::{ArrayEntry, Key, Unknown, Value, name_in_words};
use super::{EnvPhpError, ParseError};
use crate::untrusted::SafeText;
use crate::variables::Variables;

/// No installation's file is larger, in bytes; whatever is, is the wrong file.
const SIZE_LIMIT: u64 = 8 * 1024 * 1024;

/// A file that returns an array.
#[derive(Clone)]
pub struct PhpFile {
    full_path: PathBuf,
    path: &'static str,
    content: ArrayEntry,
    missing: Vec<(String, usize)>,
    environment: Variables,
    /// Whether a line helps: not in a variable.
    has_lines: bool,
}

/// Without the values: most of them are secrets.
impl std::fmt::Debug for PhpFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhpFile({})", self.full_path.display())
    }
}

/// A value that is not an array.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// As PHP writes it into text; `None` is `null`.
    pub text: Option<String>,
    /// Its line, from 1.
    pub line: usize,
}

impl PhpFile {
    /// Reads the file at `path` (such as [`super::PATH`]) below the installation's `root`. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`] if it is absent or is not PHP that returns something, with the line.
    pub fn read(root: &Path, path: &'static str, environment: &Variables) -> Result<Self, EnvPhpError> {
        let full_path = root.join(path);
        let bytes = read_limited(&full_path).map_err(|error| fail(&full_path, None, &error.to_string()))?;
        Self::parse(full_path, path, &bytes, environment)
    }

    /// The same for a file that need not be there.
    ///
    /// # Errors
    /// [`EnvPhpError`] as [`Self::read`].
    pub fn read_if_there(
        root: &Path,
        path: &'static str,
        environment: &Variables,
    ) -> Result<Option<Self>, EnvPhpError> {
        match root.join(path).try_exists() {
            Ok(false) => Ok(None),
            _ => Self::read(root, path, environment).map(Some),
        }
    }

    /// The file with these bytes.
    pub(crate) fn parse(
        full_path: PathBuf,
        path: &'static str,
        bytes: &[u8],
        environment: &Variables,
    ) -> Result<Self, EnvPhpError> {
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(fail(&full_path, None, "it is too large to be a configuration"));
        }
        // `__DIR__` is where the file really is, whatever the path to it is relative to.
        let absolute = std::path::absolute(&full_path).unwrap_or_else(|_| full_path.clone());
        match run(bytes, &absolute, environment) {
            Ok((content, missing)) => {
                Ok(Self { full_path, path, content, missing, environment: environment.clone(), has_lines: true })
            }
            Err(error) => Err(fail(&full_path, Some(error.line), &error.reason)),
        }
    }

    /// What an environment variable has as JSON, in place of a file.
    pub(crate) fn of_json(name: &'static str, text: &str, environment: &Variables) -> Result<Self, EnvPhpError> {
        let full_path = PathBuf::from(name);
        let content = ArrayEntry { line: 1, value: of_json(text, 1) };
        if !matches!(content.value, Value::Array(_)) {
            return Err(fail(&full_path, None, "it must hold a JSON object"));
        }
        Ok(Self {
            full_path,
            path: name,
            content,
            missing: Vec::new(),
            environment: environment.clone(),
            has_lines: false,
        })
    }

    /// The same for base64 of JSON.
    pub(crate) fn of_base64_json(name: &'static str, text: &str, environment: &Variables) -> Result<Self, EnvPhpError> {
        let decoded = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded {
            Some(json) => Self::of_json(name, &json, environment),
            None => Err(fail(Path::new(name), None, "it must hold base64 of a JSON object")),
        }
    }

    /// The line of a value, where a line helps.
    pub fn line_of(&self, plain: &Plain) -> Option<usize> {
        self.has_lines.then_some(plain.line)
    }

    /// Its path below the root.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The environment variables that it asks for, that are not set and that it has nothing in place of, each with the line.
    pub fn missing_variables(&self) -> &[(String, usize)] {
        &self.missing
    }

    /// The value at the end of these keys, with `#env(…)` replaced. `None` where there is nothing, or an array.
    ///
    /// # Errors
    /// [`EnvPhpError`] if it is there and only PHP could tell its value.
    pub fn plain<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Result<Option<Plain>, EnvPhpError> {
        let unknown = |unknown: &Unknown| self.fail(Some(unknown.line), &unknown.reason);
        let Some(entry) = self.content.find(keys).map_err(unknown)? else { return Ok(None) };
        let plain = |text| Ok(Some(Plain { text, line: entry.line }));
        match entry.value.known().map_err(unknown)? {
            Value::Array(_) => Ok(None),
            Value::Null => plain(None),
            Value::Text(text) if text.starts_with(PLACEHOLDER) => match placeholder(text, &self.environment) {
                None => plain(Some(text.clone())),
                Some(Ok(value)) => plain(Some(value)),
                Some(Err(name)) => Err(self.fail(Some(entry.line), &not_set(name))),
            },
            value => plain(Some(value.text(entry.line).map_err(|why| unknown(&why))?)),
        }
    }

    /// Whether anything stands at the end of these keys.
    ///
    /// # Errors
    /// [`EnvPhpError`] if only PHP could tell.
    pub fn has<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Result<bool, EnvPhpError> {
        let unknown = |unknown: &Unknown| self.fail(Some(unknown.line), &unknown.reason);
        match self.content.find(keys).map_err(unknown)? {
            None => Ok(false),
            Some(entry) => entry.value.known().map(|value| *value != Value::Null).map_err(unknown),
        }
    }

    /// The keys below these keys, in alphabetical order; none where there is no array.
    ///
    /// # Errors
    /// [`EnvPhpError`] if only PHP could tell.
    pub fn keys<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, EnvPhpError> {
        let mut names = self.keys_in_order(keys)?;
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The same in the order in which the file has them.
    ///
    /// # Errors
    /// [`EnvPhpError`] if only PHP could tell.
    pub fn keys_in_order<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, EnvPhpError> {
        let unknown = |unknown: &Unknown| self.fail(Some(unknown.line), &unknown.reason);
        let Some(entry) = self.content.find(keys).map_err(unknown)? else { return Ok(Vec::new()) };
        let Value::Array(array) = entry.value.known().map_err(unknown)? else { return Ok(Vec::new()) };
        if let Some(why) = array.rest() {
            return Err(unknown(why));
        }
        let name = |key: &Key| match key {
            Key::Number(number) => number.to_string(),
            Key::Text(text) => text.clone(),
        };
        Ok(array.entries().iter().map(|(key, _)| name(key)).collect())
    }

    pub(crate) fn fail(&self, line: Option<usize>, reason: &str) -> EnvPhpError {
        fail(&self.full_path, line.filter(|_| self.has_lines), reason)
    }
}

/// What the file returns, and the environment variables that it misses.
fn run(bytes: &[u8], path: &Path, environment: &Variables) -> Result<(ArrayEntry, Vec<(String, usize)>), ParseError> {
    let tokens = lexer::tokens(bytes)?;
    let mut scope = Scope::new(environment, path, bytes.len());
    let mut parser = Parser { tokens: &tokens, at: 0, scope: &mut scope };
    parser.file()?;
    let line = parser.line();
    let content =
        scope.returned.take().ok_or(ParseError { line, reason: "expected `return` and an array".to_owned() })?;
    if !matches!(content.value, Value::Array(_) | Value::Unknown(_)) {
        return Err(ParseError { line: content.line, reason: "the returned value is not an array".to_owned() });
    }
    let placeholders = tokens.iter().filter_map(|placed| match &placed.token {
        Token::Text(Some(text)) => placeholder(text, environment)?.err().map(|name| (name.to_owned(), placed.line)),
        _ => None,
    });
    let mut missing: Vec<(String, usize)> = placeholders.chain(scope.missing).collect();
    missing.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    Ok((content, missing))
}

fn not_set(name: &str) -> String {
    format!("the environment variable {} is not set", name_in_words(name))
}

/// What Commerce replaces by an environment variable begins so.
const PLACEHOLDER: &str = "#env(";

/// `#env(NAME)` or `#env(NAME, "default")` as Commerce replaces it; `None` if it is none. Where nothing can take its place, the
/// variable's name is the error.
fn placeholder<'a>(text: &'a str, environment: &Variables) -> Option<Result<String, &'a str>> {
    let inner = text.strip_prefix(PLACEHOLDER)?.strip_suffix(')')?;
    let (name, default) = match inner.split_once(',') {
        None => (inner, None),
        Some((name, default)) => {
            let default = default.trim_start().strip_prefix('"')?.strip_suffix('"')?;
            (name, Some(default).filter(|default| !default.is_empty() && !default.contains('"')))
        }
    };
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return None;
    }
    // Like PHP's `?:`, which takes an empty text and `0` for nothing.
    let value = environment.get(name).filter(|value| !matches!(*value, "" | "0"));
    Some(value.or(default).map(str::to_owned).ok_or(name))
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn fail(path: &Path, line: Option<usize>, reason: &str) -> EnvPhpError {
    EnvPhpError { path: SafeText::new(&path.to_string_lossy()), line, reason: SafeText::new(reason) }
}
