//! Words: quotes, escapes and the parts between.
//!
//! Not here: what stands behind a dollar sign (`dollar`).

use std::rc::Rc;

use crate::guardrails::parse::cursor::{Parser, ends_word};
use crate::guardrails::parse::{Dialect, Part, Parts, Word, parse_at};

impl Parser<'_> {
    /// One word; empty when a sign stands here.
    pub(super) fn word(&mut self) -> Word {
        let start = self.at;
        let mut parts = Parts::new();
        while !self.done() && !self.failed() {
            let byte = self.peek();
            match byte {
                b'\'' => parts.push(self.single_quoted()),
                b'"' => parts.push(self.double_quoted()),
                b'\\' => self.escape(&mut parts),
                b'$' => parts.push(self.dollar(false)),
                b'`' => parts.push(self.backticks()),
                b'<' | b'>' if self.peek_at(1) == b'(' => parts.push(self.process()),
                b'?' | b'*' | b'+' | b'@' | b'!' if self.peek_at(1) == b'(' => {
                    parts.push(self.extended_glob());
                }
                b'\r' if self.peek_at(1) != b'\n' => self.literal(&mut parts),
                b'(' if self.dialect == Dialect::Fish => parts.push(self.fish_substitution()),
                b'=' if self.dialect == Dialect::Zsh
                    && parts.is_empty()
                    && self.peek_at(1) == b'(' =>
                {
                    parts.push(self.process());
                }
                b'(' if self.qualifies(&parts) => parts.push(self.extended_glob()),
                _ if ends_word(byte) => break,
                _ => self.literal(&mut parts),
            }
        }
        Word { parts, span: self.span_from(start) }
    }

    /// Whether a parenthesis here belongs to a pattern, as zsh has it.
    fn qualifies(&self, parts: &Parts) -> bool {
        self.dialect == Dialect::Zsh && !parts.is_empty() && self.peek_at(1) != b')'
    }

    fn literal(&mut self, parts: &mut Parts) {
        let rest = &self.src.as_bytes()[self.at..self.end];
        let length = rest
            .iter()
            .skip(1)
            .position(|&b| {
                ends_word(b)
                    || matches!(b, b'\'' | b'"' | b'\\' | b'$' | b'`')
                    || matches!(b, b'?' | b'*' | b'+' | b'@' | b'!')
            })
            .map_or(rest.len(), |found| found + 1);
        let text = &self.src[self.at..self.at + length];
        self.at += length;
        if let Some(Part::Lit(last)) = parts.last_mut() {
            last.push_str(text);
        } else {
            parts.push(Part::Lit(text.to_owned()));
        }
    }

    fn escape(&mut self, parts: &mut Parts) {
        self.at += 1;
        match self.rest().chars().next() {
            None => parts.push(Part::Quoted("\\".into())),
            Some('\n') => self.at += 1,
            Some(c) => {
                self.at += c.len_utf8();
                parts.push(Part::Quoted(c.into()));
            }
        }
    }

    pub(super) fn single_quoted(&mut self) -> Part {
        self.at += 1;
        let rest = self.rest();
        let length = rest.find('\'').unwrap_or_else(|| {
            self.fail("a quote is never closed");
            rest.len()
        });
        self.at += (length + 1).min(rest.len());
        Part::Quoted(rest[..length].to_owned())
    }

    fn double_quoted(&mut self) -> Part {
        self.at += 1;
        if !self.enter() {
            return Part::Quoted(String::new());
        }
        let parts = self.soft_parts(Some(b'"'));
        if !self.eat("\"") {
            self.fail("a quote is never closed");
        }
        self.leave();
        Part::Double(parts)
    }

    /// The region from here to `end`, read like the inside of double quotes.
    pub(super) fn region(&mut self, end: usize) -> Vec<Part> {
        let outer = std::mem::replace(&mut self.end, end);
        let parts = if self.enter() {
            let parts = self.soft_parts(None);
            self.leave();
            parts
        } else {
            Vec::new()
        };
        self.at = end;
        self.end = outer;
        parts
    }

    /// Parts in which only `$`, backtick and backslash are special.
    pub(super) fn soft_parts(&mut self, close: Option<u8>) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while !self.done() && !self.failed() {
            let byte = self.peek();
            if Some(byte) == close {
                break;
            }
            match byte {
                b'$' if starts_expansion(self.peek_at(1)) => {
                    flush(&mut parts, &mut text);
                    parts.push(self.dollar(true));
                }
                b'`' => {
                    flush(&mut parts, &mut text);
                    parts.push(self.backticks());
                }
                b'\\' => self.soft_escape(close, &mut text),
                _ => self.soft_literal(close, &mut text),
            }
        }
        flush(&mut parts, &mut text);
        parts
    }

    fn soft_escape(&mut self, close: Option<u8>, text: &mut String) {
        match self.peek_at(1) {
            b'\n' => {}
            b @ (b'$' | b'`' | b'\\') => text.push(char::from(b)),
            b'"' if close == Some(b'"') => text.push('"'),
            _ => {
                text.push('\\');
                self.at += 1;
                return;
            }
        }
        self.at += 2;
    }

    fn soft_literal(&mut self, close: Option<u8>, text: &mut String) {
        let rest = &self.src.as_bytes()[self.at..self.end];
        let length = rest
            .iter()
            .skip(1)
            .position(|&b| matches!(b, b'$' | b'`' | b'\\') || Some(b) == close)
            .map_or(rest.len(), |found| found + 1);
        text.push_str(&self.src[self.at..self.at + length]);
        self.at += length;
    }

    /// `` `…` ``, whose inside is unescaped once and read as a text of its own.
    pub(super) fn backticks(&mut self) -> Part {
        self.at += 1;
        let start = self.at;
        let mut inner = String::new();
        loop {
            let mut chars = self.rest().chars();
            match (chars.next(), chars.next()) {
                (None, _) => {
                    self.fail("a backtick is never closed");
                    break;
                }
                (Some('`'), _) => {
                    self.at += 1;
                    break;
                }
                (Some('\\'), Some(c @ ('`' | '\\' | '$'))) => {
                    inner.push(c);
                    self.at += 2;
                }
                (Some(c), _) => {
                    inner.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        self.commands = self.commands.saturating_sub(2);
        if self.commands == 0 {
            self.fail("the text holds too many commands");
            return Part::Quoted(String::new());
        }
        let span = self.span_from(start);
        let script = parse_at(&inner, self.depth + 1, Some(span));
        if let Some(why) = script.fault {
            self.fail(why);
        }
        Part::Command(Rc::new(script))
    }

    fn process(&mut self) -> Part {
        let reads = self.peek() != b'>';
        self.at += 2;
        let nodes = self.list();
        self.expect(")", "a process substitution is never closed");
        let script = crate::guardrails::parse::Script { nodes, fault: None };
        Part::Process(Rc::new(script), reads)
    }

    /// `!(a|b)` and the like: kept as text, a pattern to whoever expands it.
    fn extended_glob(&mut self) -> Part {
        let rest = &self.src.as_bytes()[self.at..self.end];
        let mut open = 0_u32;
        let mut length = rest.len();
        for (at, &byte) in rest.iter().enumerate().take(256) {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\n' => break,
                _ => continue,
            }
            if open == 0 {
                length = at + 1;
                break;
            }
        }
        if open != 0 || length > 256 {
            self.fail("a pattern is never closed");
            length = rest.len();
        }
        let text = self.src[self.at..self.at + length].to_owned();
        self.at += length;
        Part::Lit(text)
    }
}

fn flush(parts: &mut Vec<Part>, text: &mut String) {
    if !text.is_empty() {
        parts.push(Part::Quoted(std::mem::take(text)));
    }
}

/// Whether a dollar sign before this byte begins an expansion inside quotes.
fn starts_expansion(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'{' | b'(' | b'[' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-'
        )
}
