//! Reads a configuration file statement by statement, as far as that is possible without running it.
//!
//! What is understood: `declare`, `use`, assignments, `if`, `const`, `return`. Of every other statement only its extent is, and
//! the variables in it are unknown from there on.

use super::ParseError;
use super::lexer::{Placed, Token};
use super::scope::Scope;
use super::value::{ArrayEntry, Unknown, Value};

/// Statements and expressions in each other, at most: each costs stack.
const DEPTH_LIMIT: usize = 64;

/// Statements that are not followed, up to their end.
const NOT_FOLLOWED: [&str; 13] = [
    "foreach",
    "for",
    "while",
    "do",
    "switch",
    "try",
    "echo",
    "print",
    "unset",
    "global",
    "static",
    "goto",
    "halt_compiler",
];
/// Declarations: what is in them has variables of its own.
const DECLARATIONS: [&str; 8] = ["function", "class", "abstract", "final", "interface", "trait", "enum", "readonly"];
/// What continues after a block that a statement seems to end with.
const GO_ON: [&str; 5] = ["else", "elseif", "catch", "finally", "while"];
/// What runs code, or changes the surroundings, without being seen here.
const RUNS_CODE: [&str; 9] =
    ["include", "include_once", "require", "require_once", "eval", "extract", "parse_str", "putenv", "define"];

/// A place among the tokens of a file, and what the file has set before it.
pub(super) struct Parser<'t, 's, 'e> {
    pub tokens: &'t [Placed],
    pub at: usize,
    pub scope: &'s mut Scope<'e>,
}

impl Parser<'_, '_, '_> {
    /// The line of the next token, or of the last one at the end.
    pub(super) fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |placed| placed.line)
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> ParseError {
        ParseError { line: self.line(), reason: reason.into() }
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|placed| &placed.token)
    }

    pub(super) fn is_next(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    /// Takes a sign if it is next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let is_next = self.is_next(sign);
        if is_next {
            self.at += 1;
        }
        is_next
    }

    pub(super) fn expect(&mut self, sign: &str, after: &str) -> Result<(), ParseError> {
        if self.take(sign) {
            return Ok(());
        }
        let found = if self.peek().is_none() { "the file ends" } else { "found something else" };
        Err(self.error(format!("expected `{sign}` {after}, but {found}")))
    }

    /// The next token as a keyword: a name in lower case.
    pub(super) fn keyword(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// One level deeper; to be given back by [`Self::ascend`].
    pub(super) fn descend(&mut self) -> Result<(), ParseError> {
        if self.scope.depth == DEPTH_LIMIT {
            return Err(self.error(format!("values are nested deeper than {DEPTH_LIMIT} levels")));
        }
        self.scope.depth += 1;
        Ok(())
    }

    pub(super) fn ascend(&mut self) {
        self.scope.depth -= 1;
    }

    /// The whole file.
    pub(super) fn file(&mut self) -> Result<(), ParseError> {
        while self.peek().is_some() {
            self.statement()?;
        }
        Ok(())
    }

    fn statement(&mut self) -> Result<(), ParseError> {
        self.descend()?;
        let begin = self.at;
        if self.take("{") {
            while !self.take("}") {
                if self.peek().is_none() {
                    return Err(self.error("the file ends before this `}`"));
                }
                self.statement()?;
            }
        } else if !self.take(";") {
            match self.keyword().as_deref() {
                Some("return") => self.give_back()?,
                Some("if") => self.condition()?,
                Some("use") => self.imports()?,
                Some("const") => self.constants()?,
                Some("declare" | "namespace") => self.skip_head(),
                Some("throw" | "exit" | "die") => self.end_of_file()?,
                Some(word) if DECLARATIONS.contains(&word) && !self.is_expression(word) => {
                    self.skip_statement()?;
                }
                Some(word) if NOT_FOLLOWED.contains(&word) && !self.is_expression(word) => {
                    let unknown =
                        Unknown { line: self.line(), reason: format!("the result of `{word}` is not computed") };
                    self.skip_statement()?;
                    self.forget_within(begin, &unknown);
                }
                _ => {
                    self.expression()?;
                    self.end_of_statement()?;
                }
            }
        }
        self.ascend();
        Ok(())
    }

    /// Whether a word that begins some statements begins an expression here: `static fn`, `function (`.
    fn is_expression(&self, word: &str) -> bool {
        match word {
            "static" => !matches!(self.peek_at(1), Some(Token::Variable(_))),
            "function" => matches!(self.peek_at(1), Some(Token::Sign("("))),
            _ => false,
        }
    }

    fn end_of_statement(&mut self) -> Result<(), ParseError> {
        if self.peek().is_none() {
            return Err(self.error("expected `;` at the end of this statement, but the file ends"));
        }
        self.expect(";", "at the end of this statement")
    }

    fn give_back(&mut self) -> Result<(), ParseError> {
        let line = self.line();
        self.at += 1;
        let entry = if self.is_next(";") { ArrayEntry { line, value: Value::Null } } else { self.expression()? };
        self.end_of_statement()?;
        self.scope.give_back(entry);
        Ok(())
    }

    /// `throw …;`, `exit;`: where it happens, the file gives nothing. Where nobody can tell, it did not: the shop runs.
    fn end_of_file(&mut self) -> Result<(), ParseError> {
        let line = self.line();
        self.skip_statement()?;
        if self.scope.mode == super::scope::Mode::Live {
            let unknown = Unknown { line, reason: "the file ends here without a configuration".to_owned() };
            self.scope.give_back(ArrayEntry { line, value: Value::Unknown(unknown) });
        }
        Ok(())
    }

    /// `declare(…);`, `namespace X;`: without the block that may follow.
    fn skip_head(&mut self) {
        while let Some(token) = self.peek() {
            match token {
                Token::Sign("{") => return,
                Token::Sign(";") => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// `use A\B;`, `use A\B as C, D\E;`, `use A\{B, C as D};`
    fn imports(&mut self) -> Result<(), ParseError> {
        self.at += 1;
        if matches!(self.keyword().as_deref(), Some("function" | "const")) {
            return self.skip_statement();
        }
        let mut group = String::new();
        while !self.take(";") {
            let Some(Token::Word(name)) = self.peek() else {
                if self.peek().is_none() {
                    return Err(self.error("expected `;` after `use`, but the file ends"));
                }
                self.at += 1;
                continue;
            };
            let name = format!("{group}{}", name.trim_start_matches('\\'));
            self.at += 1;
            if self.take("{") {
                group = name;
                continue;
            }
            let mut alias = name.rsplit('\\').next().unwrap_or_default().to_owned();
            if self.keyword().as_deref() == Some("as")
                && let Some(Token::Word(word)) = self.peek_at(1)
            {
                alias.clone_from(word);
                self.at += 2;
            }
            self.scope.classes.insert(alias.to_lowercase(), name);
        }
        Ok(())
    }

    /// `const A = 1, B = 2;`
    fn constants(&mut self) -> Result<(), ParseError> {
        self.at += 1;
        loop {
            let Some(Token::Word(name)) = self.peek().cloned() else {
                return Err(self.error("expected a name after `const`"));
            };
            self.at += 1;
            self.expect("=", "after the name of a constant")?;
            let entry = self.expression()?;
            self.scope.define(&name, entry.value);
            if !self.take(",") {
                return self.end_of_statement();
            }
        }
    }

    /// `if (…) … elseif (…) … else …`; the first word is taken here, whichever it is.
    fn condition(&mut self) -> Result<(), ParseError> {
        self.descend()?;
        let begin = self.at;
        let line = self.line();
        self.at += 1;
        self.expect("(", "after `if`")?;
        let condition = self.expression()?;
        self.scope.has_fallback(&condition.value);
        self.expect(")", "after the condition")?;
        if self.is_next(":") {
            self.at = begin;
            self.skip_statement()?;
            self.forget_within(
                begin,
                &Unknown { line, reason: "the result of `if … endif` is not computed".to_owned() },
            );
            self.ascend();
            return Ok(());
        }
        let is_taken = condition.value.truth();
        let before = self.scope.enter(&is_taken);
        self.statement()?;
        self.scope.mode = before;
        let before = self.scope.enter(&is_taken.map(|is_taken| !is_taken));
        match self.keyword().as_deref() {
            Some("elseif") => self.condition()?,
            Some("else") => {
                self.at += 1;
                self.statement()?;
            }
            _ => {}
        }
        self.scope.mode = before;
        self.ascend();
        Ok(())
    }

    /// To the end of a statement that is not followed: a `;`, or a block that nothing continues after.
    fn skip_statement(&mut self) -> Result<(), ParseError> {
        let begin = self.line();
        let word = self.keyword().unwrap_or_default();
        loop {
            match self.peek() {
                None => {
                    return Err(ParseError { line: begin, reason: "this statement has no end".to_owned() });
                }
                Some(Token::Sign(";")) => {
                    self.at += 1;
                    return Ok(());
                }
                Some(Token::Sign("{")) => {
                    self.skip_group()?;
                    let goes_on = self.keyword().is_some_and(|word| GO_ON.contains(&word.as_str()));
                    let is_within = matches!(
                        self.peek(),
                        Some(Token::Sign("(" | ")" | "[" | "->" | "?->" | "," | "." | "??" | "?" | "::"))
                    );
                    if !goes_on && !is_within {
                        self.take(";");
                        return Ok(());
                    }
                }
                Some(Token::Sign("(" | "[")) => {
                    self.skip_group()?;
                    let end = format!("end{word}");
                    if self.is_next(":") && matches!(word.as_str(), "if" | "for" | "foreach" | "while" | "switch") {
                        return self.skip_to_word(&end, begin);
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// To the `;` after this word.
    fn skip_to_word(&mut self, end: &str, begin: usize) -> Result<(), ParseError> {
        while self.peek().is_some() {
            if self.keyword().as_deref() == Some(end) {
                self.at += 1;
                return self.end_of_statement();
            }
            self.at += 1;
        }
        Err(ParseError { line: begin, reason: format!("expected `{end}`, but the file ends") })
    }

    /// From an opening bracket to behind its closing one.
    pub(super) fn skip_group(&mut self) -> Result<(), ParseError> {
        let begin = self.line();
        let mut open: Vec<&str> = Vec::new();
        while let Some(token) = self.peek() {
            if let Token::Sign(sign) = token {
                match *sign {
                    "(" => open.push(")"),
                    "[" => open.push("]"),
                    "{" => open.push("}"),
                    ")" | "]" | "}" if open.pop() != Some(*sign) => {
                        return Err(self.error(format!("this `{sign}` closes nothing")));
                    }
                    _ => {}
                }
            }
            self.at += 1;
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(ParseError { line: begin, reason: "this bracket is not closed".to_owned() })
    }

    /// What was skipped since a token may have changed any variable in it.
    pub(super) fn forget_within(&mut self, begin: usize, unknown: &Unknown) {
        for placed in self.tokens.iter().take(self.at).skip(begin) {
            match &placed.token {
                Token::Variable(name) => self.scope.forget(name, unknown),
                Token::Sign("$") => self.scope.forget_all(unknown),
                Token::Word(word) => {
                    let word = word.to_ascii_lowercase();
                    if RUNS_CODE.contains(&word.as_str()) {
                        self.scope.forget_all(unknown);
                    }
                    if word == "return" {
                        let before = self.scope.enter(&Err(unknown.clone()));
                        self.scope.give_back(ArrayEntry { line: placed.line, value: Value::Null });
                        self.scope.mode = before;
                    }
                }
                _ => {}
            }
        }
    }
}
