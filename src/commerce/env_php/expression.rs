//! Reads expressions, and computes those that are the same for everybody.

use super::lexer::Token;
use super::lexer::strings::Part;
use super::parser::Parser;
use super::scope::Step;
use super::value::{ArrayEntry, Key, Unknown, Value, name_in_words};
use super::{ParseError, functions, operators};

/// How tight operators bind, PHP 8's order.
mod bind {
    pub const ANYTHING: u8 = 0;
    pub const TERNARY: u8 = 5;
    pub const COALESCE: u8 = 6;
    pub const NOT: u8 = 18;
    pub const UNARY: u8 = 20;
}

/// Binary operators that are computed, and how tight they bind.
fn binding(token: &Token) -> Option<(&str, u8)> {
    let sign = match token {
        Token::Sign(sign) => *sign,
        Token::Word(word) => {
            return match word.to_ascii_lowercase().as_str() {
                "or" => Some(("||", 1)),
                "xor" => Some(("xor", 2)),
                "and" => Some(("&&", 3)),
                "instanceof" => Some(("instanceof", 19)),
                _ => None,
            };
        }
        _ => return None,
    };
    let strength = match sign {
        "?" => bind::TERNARY,
        "??" => bind::COALESCE,
        "||" => 7,
        "&&" => 8,
        "|" => 9,
        "^" => 10,
        "&" => 11,
        "==" | "!=" | "<>" | "===" | "!==" | "<=>" => 12,
        "<" | "<=" | ">" | ">=" => 13,
        "." => 14,
        "<<" | ">>" => 15,
        "+" | "-" => 16,
        "*" | "/" | "%" => 17,
        "**" => 21,
        _ => return None,
    };
    Some((sign, strength))
}

/// The assignments, and the operator that is in them.
fn assignment(token: Option<&Token>) -> Option<&'static str> {
    let Some(Token::Sign(sign)) = token else { return None };
    Some(match *sign {
        "=" => "=",
        ".=" => ".",
        "+=" => "+",
        "-=" => "-",
        "*=" => "*",
        "/=" => "/",
        "%=" => "%",
        "??=" => "??",
        "**=" => "**",
        "|=" => "|",
        "&=" => "&",
        "^=" => "^",
        "<<=" => "<<",
        ">>=" => ">>",
        _ => return None,
    })
}

impl Parser<'_, '_, '_> {
    pub(super) fn expression(&mut self) -> Result<ArrayEntry, ParseError> {
        self.binary(bind::ANYTHING)
    }

    pub(super) fn unknown(line: usize, reason: impl Into<String>) -> ArrayEntry {
        ArrayEntry { line, value: Value::Unknown(Unknown { line, reason: reason.into() }) }
    }

    /// An expression of operators that bind at least so tight.
    fn binary(&mut self, least: u8) -> Result<ArrayEntry, ParseError> {
        self.descend()?;
        let mut left = self.unary()?;
        while let Some((sign, strength)) = self.peek().and_then(binding).filter(|(_, strength)| *strength >= least) {
            let sign = sign.to_owned();
            self.at += 1;
            left = match sign.as_str() {
                "?" => self.ternary(left)?,
                "??" => self.coalesce(left, |parser| parser.binary(bind::COALESCE))?,
                "&&" | "||" => self.logical(&left, &sign, strength)?,
                "instanceof" => {
                    self.binary(bind::UNARY)?;
                    Self::unknown(left.line, "the result of `instanceof` is not computed")
                }
                _ => {
                    // Only powers begin on the right.
                    let right = self.binary(if sign == "**" { strength } else { strength + 1 })?;
                    self.apply(&sign, &left, &right)?
                }
            };
        }
        self.ascend();
        Ok(left)
    }

    fn apply(&mut self, sign: &str, left: &ArrayEntry, right: &ArrayEntry) -> Result<ArrayEntry, ParseError> {
        self.scope.has_fallback(&left.value);
        let value = operators::binary(sign, left, right);
        if let Value::Text(text) = &value {
            self.scope.spend(text.len(), left.line)?;
        }
        Ok(ArrayEntry { line: left.line, value })
    }

    /// Reads what happens only if a condition holds.
    fn branch(
        &mut self,
        is_taken: &Result<bool, Unknown>,
        read: impl FnOnce(&mut Self) -> Result<ArrayEntry, ParseError>,
    ) -> Result<ArrayEntry, ParseError> {
        let before = self.scope.enter(is_taken);
        let entry = read(self);
        self.scope.mode = before;
        entry
    }

    fn ternary(&mut self, condition: ArrayEntry) -> Result<ArrayEntry, ParseError> {
        self.scope.has_fallback(&condition.value);
        let truth = condition.value.truth();
        let not = truth.clone().map(|truth| !truth);
        let is_short = self.take(":");
        let then = if is_short {
            condition
        } else {
            let then = self.branch(&truth, |parser| parser.binary(bind::TERNARY))?;
            self.expect(":", "after the `?` of a condition")?;
            then
        };
        let otherwise = self.branch(&not, |parser| parser.binary(bind::COALESCE))?;
        Ok(match truth {
            Ok(true) => then,
            Ok(false) => otherwise,
            Err(unknown) => ArrayEntry { line: then.line, value: Value::Unknown(unknown) },
        })
    }

    fn coalesce(
        &mut self,
        left: ArrayEntry,
        right: impl FnOnce(&mut Self) -> Result<ArrayEntry, ParseError>,
    ) -> Result<ArrayEntry, ParseError> {
        let is_null = match &left.value {
            Value::Null => Ok(true),
            Value::Unset(unset) => Ok(unset.is_null),
            Value::Unknown(unknown) => Err(unknown.clone()),
            _ => Ok(false),
        };
        if is_null == Ok(true) {
            self.scope.has_fallback(&left.value);
        }
        let right = self.branch(&is_null, right)?;
        Ok(if is_null == Ok(true) { right } else { left })
    }

    fn logical(&mut self, left: &ArrayEntry, sign: &str, strength: u8) -> Result<ArrayEntry, ParseError> {
        self.scope.has_fallback(&left.value);
        let truth = left.value.truth();
        let decides = sign == "||";
        let goes_on = truth.clone().map(|truth| truth != decides);
        let right = self.branch(&goes_on, |parser| parser.binary(strength + 1))?;
        self.scope.has_fallback(&right.value);
        let value = match (truth, right.value.truth()) {
            (Ok(truth), _) if truth == decides => Value::Bool(decides),
            // Whatever the other side is.
            (_, Ok(truth)) if truth == decides => Value::Bool(decides),
            (Err(unknown), _) | (_, Err(unknown)) => Value::Unknown(unknown),
            _ => Value::Bool(!decides),
        };
        Ok(ArrayEntry { line: left.line, value })
    }

    fn unary(&mut self) -> Result<ArrayEntry, ParseError> {
        let line = self.line();
        let Some(Token::Sign(sign)) = self.peek() else { return self.postfix() };
        let sign = *sign;
        match sign {
            "!" => {
                self.at += 1;
                let operand = self.binary(bind::NOT)?;
                self.scope.has_fallback(&operand.value);
                let value = operand.value.truth().map_or_else(Value::Unknown, |truth| Value::Bool(!truth));
                Ok(ArrayEntry { line, value })
            }
            "-" | "+" | "~" => {
                self.at += 1;
                let operand = self.binary(bind::UNARY)?;
                Ok(ArrayEntry { line, value: operators::unary(sign, &operand) })
            }
            "@" | "&" => {
                self.at += 1;
                self.binary(bind::UNARY)
            }
            "++" | "--" => {
                self.at += 1;
                let begin = self.at;
                self.binary(bind::UNARY)?;
                let unknown = Unknown { line, reason: format!("the result of `{sign}` is not computed") };
                self.forget_within(begin, &unknown);
                Ok(ArrayEntry { line, value: Value::Unknown(unknown) })
            }
            "(" if matches!((self.peek_at(1), self.peek_at(2)), (Some(Token::Word(word)), Some(Token::Sign(")"))) if operators::is_cast(word)) =>
            {
                let cast = match self.peek_at(1) {
                    Some(Token::Word(word)) => word.to_ascii_lowercase(),
                    _ => String::new(),
                };
                self.at += 3;
                let operand = self.binary(bind::UNARY)?;
                Ok(ArrayEntry { line, value: operators::cast(&cast, operand) })
            }
            _ => self.postfix(),
        }
    }

    /// A value and what is read of it or done to it.
    fn postfix(&mut self) -> Result<ArrayEntry, ParseError> {
        let begin = self.at;
        let line = self.line();
        let mut entry = self.primary()?;
        loop {
            if self.take("[") {
                let key = self.expression()?;
                self.expect("]", "after a key")?;
                let value = match Key::of(&key.value, key.line) {
                    Ok(key) => entry.value.at(&key, line).value,
                    Err(unknown) => Value::Unknown(unknown),
                };
                self.spend_on(&value, line)?;
                entry = ArrayEntry { line, value };
            } else if self.is_next("->") || self.is_next("?->") || self.is_next("::") {
                self.at += 1;
                match self.peek() {
                    Some(Token::Word(_) | Token::Variable(_)) => self.at += 1,
                    Some(Token::Sign("{")) => self.skip_group()?,
                    _ => return Err(self.error("expected a name after this arrow")),
                }
                entry = Self::unknown(line, "objects are not supported");
            } else if self.is_next("(") {
                self.skip_group()?;
                let unknown = Unknown { line, reason: "method and closure calls are not supported".to_owned() };
                self.forget_within(begin, &unknown);
                // It may have read a file of variables into the environment.
                self.scope.hide(&unknown);
                entry = ArrayEntry { line, value: Value::Unknown(unknown) };
            } else if self.is_next("++") || self.is_next("--") {
                self.at += 1;
                let unknown = Unknown { line, reason: "the result of counting is not computed".to_owned() };
                self.forget_within(begin, &unknown);
                entry = ArrayEntry { line, value: Value::Unknown(unknown) };
            } else if self.is_next("=") && matches!(entry.value, Value::Array(_) | Value::Unknown(_)) {
                // `[$a, $b] = …`, and what is assigned to that no step leads to.
                self.at += 1;
                self.take("&");
                self.expression()?;
                let unknown = Unknown { line, reason: "the result of this assignment is not computed".to_owned() };
                self.forget_within(begin, &unknown);
                entry = ArrayEntry { line, value: Value::Unknown(unknown) };
            } else {
                return Ok(entry);
            }
        }
    }

    pub(super) fn spend_on(&mut self, value: &Value, line: usize) -> Result<(), ParseError> {
        match value {
            Value::Text(text) => self.scope.spend(text.len(), line),
            _ => self.scope.spend(1, line),
        }
    }

    fn primary(&mut self) -> Result<ArrayEntry, ParseError> {
        let line = self.line();
        let entry = |value| Ok(ArrayEntry { line, value });
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("the file ends where a value was expected"));
        };
        match token {
            Token::Variable(name) => {
                self.at += 1;
                self.variable(&name, line)
            }
            Token::Number(text) => {
                self.at += 1;
                operators::number(&text)
                    .map(|value| ArrayEntry { line, value })
                    .ok_or(ParseError { line, reason: "this is not a number".to_owned() })
            }
            Token::Text(text) => {
                self.at += 1;
                entry(text.map_or_else(|| not_text(line), Value::Text))
            }
            Token::Template(parts) => {
                self.at += 1;
                self.template(&parts, line)
            }
            Token::Shell => {
                self.at += 1;
                Ok(Self::unknown(line, "shell commands are not run"))
            }
            Token::Word(word) => {
                self.at += 1;
                self.word(&word, line)
            }
            Token::Sign("[") => {
                self.at += 1;
                self.array("]", line)
            }
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")", "after an expression in brackets")?;
                Ok(inner)
            }
            Token::Sign("$") => {
                let begin = self.at;
                while self.take("$") {}
                match self.peek() {
                    Some(Token::Sign("{")) => self.skip_group()?,
                    Some(Token::Variable(_)) => self.at += 1,
                    _ => return Err(self.error("expected a variable after `$`")),
                }
                let unknown = Unknown { line, reason: "computed variable names are not supported".to_owned() };
                if assignment(self.peek()).is_some() {
                    self.forget_within(begin, &unknown);
                }
                entry(Value::Unknown(unknown))
            }
            Token::Sign(_) => Err(self.error("expected a value")),
        }
    }

    /// A string with expressions in it.
    fn template(&mut self, parts: &[Part], line: usize) -> Result<ArrayEntry, ParseError> {
        let mut whole = String::new();
        let mut unknown = None;
        for part in parts {
            let text = match part {
                Part::Text(text) => text.clone().ok_or(Unknown { line, reason: NOT_TEXT.to_owned() }),
                Part::Code(tokens) => {
                    let mut within = Parser { tokens, at: 0, scope: &mut *self.scope };
                    let entry = within.expression()?;
                    if within.peek().is_some() {
                        return Err(within.error("expected the end of this expression in a string"));
                    }
                    entry.value.text(line)
                }
            };
            match text {
                Ok(text) => {
                    self.scope.spend(text.len(), line)?;
                    whole.push_str(&text);
                }
                Err(why) => unknown = unknown.or(Some(why)),
            }
        }
        Ok(ArrayEntry { line, value: unknown.map_or(Value::Text(whole), Value::Unknown) })
    }

    /// `$name`, what is read of it, and what is assigned to it.
    fn variable(&mut self, name: &str, line: usize) -> Result<ArrayEntry, ParseError> {
        let mut steps = Vec::new();
        let mut value = if matches!(name, "_ENV" | "_SERVER") && self.is_next("[") {
            None
        } else if matches!(name, "_ENV" | "_SERVER" | "_GET" | "_POST" | "_COOKIE" | "_REQUEST" | "GLOBALS" | "this") {
            Some(Value::Unknown(Unknown { line, reason: format!("${name} is not fully known") }))
        } else {
            Some(self.scope.variable(name, line))
        };
        while self.take("[") {
            if self.take("]") {
                steps.push(Step::Next);
                value = Some(Value::Unknown(Unknown { line, reason: "an entry is read before it is set".to_owned() }));
                continue;
            }
            let key = self.expression()?;
            self.expect("]", "after a key")?;
            let key = Key::of(&key.value, key.line);
            value = Some(match (&key, value) {
                (Ok(Key::Text(key)), None) if name == "_SERVER" => self.scope.server_variable(key, line),
                (Ok(Key::Text(key)), None) => self.scope.environment_variable(key, line, true),
                (Ok(key), value) => value.unwrap_or(Value::Null).at(key, line).value,
                (Err(unknown), _) => Value::Unknown(unknown.clone()),
            });
            steps.push(key.map_or_else(Step::Unknown, Step::Key));
        }
        let value = value.unwrap_or(Value::Null);
        self.spend_on(&value, line)?;
        let entry = ArrayEntry { line, value };
        let Some(sign) = assignment(self.peek()) else { return Ok(entry) };
        self.at += 1;
        self.scope.has_fallback(&entry.value);
        let new = match sign {
            "=" if self.is_next("&") => {
                // Two names of one variable: which is changed later cannot be known.
                self.at += 1;
                let begin = self.at;
                self.expression()?;
                let unknown = Unknown { line, reason: "references are not supported".to_owned() };
                self.forget_within(begin, &unknown);
                ArrayEntry { line, value: Value::Unknown(unknown) }
            }
            "=" => self.expression()?,
            "??" => self.coalesce(entry, Self::expression)?,
            sign => {
                let right = self.expression()?;
                self.apply(sign, &entry, &right)?
            }
        };
        if matches!(name, "_ENV" | "_SERVER") && steps.is_empty() {
            return Ok(new);
        }
        // What both names of the environment hold is the same.
        let name = if name == "_SERVER" { "_ENV" } else { name };
        self.scope.assign(name, &steps, new.clone())?;
        Ok(new)
    }

    /// A value that is known by its name.
    fn word(&mut self, word: &str, line: usize) -> Result<ArrayEntry, ParseError> {
        if self.is_next("(") && !matches!(word.to_ascii_lowercase().as_str(), "fn" | "function" | "match" | "new") {
            return functions::call(self, word, line);
        }
        if self.is_next("::") {
            return Ok(functions::of_class(self, word, line));
        }
        if let Some(entry) = functions::keyword(self, word, line)? {
            return Ok(entry);
        }
        let value = functions::constant(word, line, self.scope).unwrap_or_else(|| {
            let reason = format!("unknown constant {}", constant_in_words(word));
            Value::Unknown(Unknown { line, reason })
        });
        self.spend_on(&value, line)?;
        Ok(ArrayEntry { line, value })
    }
}

/// A constant as it may stand in a sentence: a word that is not in capitals may be text that lacks its quotes.
fn constant_in_words(word: &str) -> String {
    let is_in_capitals = word.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'\\'));
    if is_in_capitals { name_in_words(word) } else { "of that name".to_owned() }
}

const NOT_TEXT: &str = "this string is not UTF-8 text";

fn not_text(line: usize) -> Value {
    Value::Unknown(Unknown { line, reason: NOT_TEXT.to_owned() })
}
