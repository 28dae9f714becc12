//! What stands behind a dollar sign.
//!
//! - `$((` is arithmetic only if it closes as arithmetic, as bash decides.
//!
//! Not here: what an expansion yields (`machine::expand`).

use std::rc::Rc;

use crate::guardrails::parse::cursor::Parser;
use crate::guardrails::parse::simple::name_length;
use crate::guardrails::parse::{Param, Part, Script};

impl Parser<'_> {
    /// An expansion; `soft` inside double quotes and documents.
    pub(super) fn dollar(&mut self, soft: bool) -> Part {
        match self.peek_at(1) {
            b'(' => self.dollar_parenthesis(),
            b'{' => self.braced(soft),
            b'\'' if !soft => self.ansi_quoted(),
            b'"' if !soft => {
                self.at += 1;
                let outer = self.at;
                let word = self.word_at_quote();
                debug_assert!(self.at > outer, "a quote was read");
                word
            }
            b'[' => self.old_arithmetic(),
            byte => self.plain_parameter(byte),
        }
    }

    fn word_at_quote(&mut self) -> Part {
        self.at += 1;
        if !self.enter() {
            return Part::Quoted(String::new());
        }
        let parts = self.soft_parts(Some(b'"'));
        self.expect("\"", "a quote is never closed");
        self.leave();
        Part::Double(parts)
    }

    fn plain_parameter(&mut self, byte: u8) -> Part {
        self.at += 1;
        let rest = &self.src.as_bytes()[self.at..self.end];
        let length = match name_length(rest) {
            0 if byte.is_ascii_digit() => 1,
            0 if matches!(byte, b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-') => 1,
            length => length,
        };
        if length == 0 {
            return Part::Quoted("$".into());
        }
        let name = self.src[self.at..self.at + length].to_owned();
        self.at += length;
        Part::Param(Box::new(Param { name, ..Param::default() }))
    }

    fn dollar_parenthesis(&mut self) -> Part {
        if self.peek_at(2) == b'('
            && let Some(close) = self.arithmetic_end(self.at + 3)
        {
            self.at += 3;
            let parts = self.region(close);
            self.at = close + 2;
            return Part::Arith(parts);
        }
        self.at += 2;
        let nodes = self.list();
        self.expect(")", "a substitution is never closed");
        Part::Command(Rc::new(Script { nodes, fault: None }))
    }

    fn old_arithmetic(&mut self) -> Part {
        let start = self.at + 2;
        let rest = self.src.as_bytes().get(start..self.end).unwrap_or_default();
        self.look_ahead = self.look_ahead.saturating_sub(256);
        if self.look_ahead == 0 {
            self.fail("brackets nest too often");
        }
        match rest.iter().take(256).position(|&b| b == b']') {
            Some(length) => {
                self.at = start;
                let parts = self.region(start + length);
                self.at = start + length + 1;
                Part::Arith(parts)
            }
            None => {
                self.at += 1;
                Part::Quoted("$".into())
            }
        }
    }

    /// Where `))` closes what `((` before `from` opened, if it does.
    pub(super) fn arithmetic_end(&mut self, from: usize) -> Option<usize> {
        let bytes = &self.src.as_bytes()[..self.end];
        let mut open = 0_u32;
        let mut at = from;
        while at < bytes.len() {
            if self.look_ahead == 0 {
                self.fail("parentheses nest too often");
                return None;
            }
            self.look_ahead -= 1;
            match bytes[at] {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b')' => return (bytes.get(at + 1) == Some(&b')')).then_some(at),
                b'\\' => at += 1,
                b'\'' | b'"' => {
                    let quote = bytes[at];
                    let rest = &bytes[at + 1..];
                    let skip = rest.iter().position(|&b| b == quote)?;
                    self.look_ahead = self.look_ahead.saturating_sub(skip);
                    at += skip + 1;
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// `$'…'`
    fn ansi_quoted(&mut self) -> Part {
        self.at += 2;
        let start = self.at;
        let bytes = &self.src.as_bytes()[..self.end];
        let mut at = start;
        while at < bytes.len() && bytes[at] != b'\'' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        if at >= bytes.len() {
            self.fail("a quote is never closed");
            at = bytes.len();
        }
        let text = self.src.get(start..at).unwrap_or("");
        self.at = (at + 1).min(self.end);
        Part::Quoted(crate::guardrails::encode::ansi_c(text))
    }

    /// `${…}`
    fn braced(&mut self, soft: bool) -> Part {
        self.at += 2;
        if !self.enter() {
            return Part::Quoted(String::new());
        }
        let mut param = Param::default();
        if self.peek() == b'#' && self.peek_at(1) != b'}' {
            param.length = true;
            self.at += 1;
        } else if self.peek() == b'!' && self.peek_at(1) != b'}' {
            param.indirect = true;
            self.at += 1;
        }
        self.braced_name(&mut param);
        self.braced_operator(&mut param);
        param.arg = self.braced_argument(soft);
        self.expect("}", "an expansion is never closed");
        self.leave();
        Part::Param(Box::new(param))
    }

    fn braced_name(&mut self, param: &mut Param) {
        let rest = &self.src.as_bytes()[self.at.min(self.end)..self.end];
        let length = match name_length(rest) {
            0 => rest.iter().take_while(|b| b.is_ascii_digit()).count(),
            length => length,
        };
        let special = matches!(rest.first(), Some(b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-'));
        let length = if length == 0 && special { 1 } else { length };
        self.src[self.at..self.at + length].clone_into(&mut param.name);
        self.at += length;
        if self.peek() == b'[' {
            let rest = &self.src.as_bytes()[self.at..self.end];
            if let Some(close) = rest.iter().take(256).position(|&b| b == b']') {
                let end = self.at + close;
                self.at += 1;
                param.index = Some(self.region(end));
                self.at = end + 1;
            }
        }
    }

    fn braced_operator(&mut self, param: &mut Param) {
        const OPERATORS: [&str; 20] = [
            ":-", ":=", ":+", ":?", "##", "%%", "//", "/#", "/%", "^^", ",,", "-", "=", "+", "?",
            "#", "%", "/", "^", ",",
        ];
        for operator in OPERATORS {
            if self.eat(operator) {
                operator.clone_into(&mut param.op);
                return;
            }
        }
        if self.eat(":") {
            ":".clone_into(&mut param.op);
        } else if self.eat("@") {
            "@".clone_into(&mut param.op);
        }
    }

    fn braced_argument(&mut self, soft: bool) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        while !self.done() && !self.failed() && self.peek() != b'}' {
            match self.peek() {
                b'\'' if !soft => {
                    let word = self.single_quoted();
                    parts.push(word);
                }
                b'"' => {
                    let word = self.word_at_quote();
                    parts.push(word);
                }
                b'$' => parts.push(self.dollar(soft)),
                b'`' => parts.push(self.backticks()),
                b'\\' => {
                    self.at += 1;
                    let next = self.rest().chars().next().unwrap_or('\\');
                    self.at = (self.at + next.len_utf8()).min(self.end);
                    parts.push(Part::Quoted(next.into()));
                }
                _ => parts.push(self.text_in_braces(soft)),
            }
        }
        parts
    }

    fn text_in_braces(&mut self, soft: bool) -> Part {
        let rest = self.rest();
        let length = rest
            .bytes()
            .skip(1)
            .position(|b| matches!(b, b'}' | b'"' | b'$' | b'`' | b'\\') || (b == b'\'' && !soft))
            .map_or(rest.len(), |found| found + 1);
        self.at += length;
        Part::Lit(rest[..length].to_owned())
    }
}
