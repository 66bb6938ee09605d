//! Reads arrays and arguments.

use std::sync::Arc;

use super::lexer::Token;
use super::parser::Parser;
use super::value::{Array, ArrayEntry, Key, Value};
use super::{ParseError, functions};

impl Parser<'_, '_, '_> {
    /// The entries up to `close`; the opening sign is taken.
    pub(super) fn array(&mut self, close: &str, line: usize) -> Result<ArrayEntry, ParseError> {
        let mut array = Array::default();
        loop {
            // `[, $b] = …` leaves places out.
            while self.take(",") {}
            if self.take(close) {
                return Ok(ArrayEntry { line, value: Value::Array(Arc::new(array)) });
            }
            if self.take("...") {
                let spread = self.expression()?;
                functions::merge(&mut array, &spread, true, self.scope)?;
            } else {
                let first = self.expression()?;
                if self.take("=>") {
                    let entry = self.expression()?;
                    match Key::of(&first.value, first.line) {
                        Ok(key) => array.insert(key, entry),
                        Err(unknown) => array.insert_unknown(unknown),
                    }
                } else {
                    array.push(first);
                }
            }
            if !self.is_next(close) {
                self.expect(",", &format!("or `{close}` in an array"))?;
            }
        }
    }

    /// What is passed to a function; the opening bracket is next. `None` if it cannot be known what goes where.
    pub(super) fn arguments(&mut self) -> Result<Option<Vec<ArrayEntry>>, ParseError> {
        self.expect("(", "before arguments")?;
        let mut arguments = Vec::new();
        let mut is_plain = true;
        while !self.take(")") {
            is_plain &= !self.take("...");
            // `name: value`
            if matches!((self.peek(), self.peek_at(1)), (Some(Token::Word(_)), Some(Token::Sign(":")))) {
                self.at += 2;
                is_plain = false;
            }
            arguments.push(self.expression()?);
            if !self.is_next(")") {
                self.expect(",", "or `)` between arguments")?;
            }
        }
        Ok(is_plain.then_some(arguments))
    }
}
