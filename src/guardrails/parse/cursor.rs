//! The parser's place in the text, and the small steps it takes.
//!
//! - `end` is the end of the region being read, never beyond the text.
//! - The first fault stays; all loops stop on it.
//!
//! Not here: the grammar (`list`, `compound`, `simple`, `word`, `dollar`).

use std::cell::OnceCell;
use std::rc::Rc;

use crate::guardrails::parse::{COMMANDS, DEPTH, Dialect, Script, Span, Word};

/// A here-document whose lines come after the next newline.
pub struct Pending {
    pub delimiter: String,
    pub quoted: bool,
    pub strip_tabs: bool,
    pub body: Rc<OnceCell<Word>>,
}

/// Reads one text.
pub struct Parser<'a> {
    pub(super) src: &'a str,
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) depth: u32,
    pub(super) fault: Option<&'static str>,
    pub(super) pending: Vec<Pending>,
    pub(super) look_ahead: usize,
    pub(super) commands: u32,
    pub(super) dialect: Dialect,
    span: Option<Span>,
}

impl<'a> Parser<'a> {
    /// A parser at the start of `src`.
    #[must_use]
    pub const fn new(src: &'a str, depth: u32, span: Option<Span>) -> Self {
        Self {
            src,
            at: 0,
            end: src.len(),
            depth,
            fault: None,
            pending: Vec::new(),
            look_ahead: src.len() * 8 + 1024,
            commands: COMMANDS,
            dialect: Dialect::Bash,
            span,
        }
    }

    /// The same parser for another shell's grammar.
    #[must_use]
    pub const fn with(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Reads everything.
    #[must_use]
    pub fn script(mut self) -> Script {
        let nodes = self.list();
        if self.at < self.end {
            self.fail("the text goes on after a closing sign that opens nowhere");
        }
        self.finish_heredocs();
        Script { nodes, fault: self.fault }
    }

    pub(super) fn fail(&mut self, why: &'static str) {
        self.fault.get_or_insert(why);
    }

    pub(super) const fn failed(&self) -> bool {
        self.fault.is_some()
    }

    /// Goes one level down, or fails.
    pub(super) fn enter(&mut self) -> bool {
        if self.depth >= DEPTH {
            self.fail("the text nests too deeply");
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) const fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The byte `ahead` of the cursor, or 0 at the end.
    pub(super) fn peek_at(&self, ahead: usize) -> u8 {
        let at = self.at + ahead;
        if at < self.end { self.src.as_bytes()[at] } else { 0 }
    }

    pub(super) fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    pub(super) const fn done(&self) -> bool {
        self.at >= self.end
    }

    pub(super) fn rest(&self) -> &'a str {
        self.src.get(self.at..self.end).unwrap_or("")
    }

    pub(super) fn starts(&self, with: &str) -> bool {
        self.src.as_bytes()[self.at.min(self.end)..self.end].starts_with(with.as_bytes())
    }

    pub(super) fn eat(&mut self, what: &str) -> bool {
        let found = self.starts(what);
        if found {
            self.at += what.len();
        }
        found
    }

    /// The span from `start` to here.
    pub(super) fn span_from(&self, start: usize) -> Span {
        self.span.unwrap_or((start, self.at))
    }

    pub(super) const fn fixed_span(&self) -> Option<Span> {
        self.span
    }

    /// Skips blanks, continuations and a comment, but no newline.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' => self.at += 1,
                b'\r' if self.peek_at(1) == b'\n' => self.at += 1,
                b'\\' if self.peek_at(1) == b'\n' => self.at += 2,
                b'#' => {
                    let rest = &self.src.as_bytes()[self.at..self.end];
                    self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and newlines; reads the here-documents that a newline brings.
    pub(super) fn newlines(&mut self) {
        loop {
            self.blanks();
            if self.peek() != b'\n' || self.done() {
                return;
            }
            self.at += 1;
            self.finish_heredocs();
        }
    }

    /// The reserved-word candidate under the cursor: plain bytes up to a sign.
    pub(super) fn keyword(&self) -> &'a str {
        let rest = &self.src.as_bytes()[self.at.min(self.end)..self.end];
        let length = rest
            .iter()
            .take(12)
            .position(|&b| ends_word(b))
            .unwrap_or(if rest.len() < 12 { rest.len() } else { 0 });
        self.src.get(self.at..self.at + length).unwrap_or("")
    }

    /// Steps over a name of any length.
    pub(super) fn name(&mut self) -> String {
        let rest = &self.src.as_bytes()[self.at.min(self.end)..self.end];
        let length = rest.iter().position(|&b| ends_word(b)).unwrap_or(rest.len());
        let name = self.src.get(self.at..self.at + length).unwrap_or("").to_owned();
        self.at += name.len();
        name
    }

    /// Steps over the reserved word if it is here.
    pub(super) fn eat_keyword(&mut self, word: &str) -> bool {
        let found = self.keyword() == word;
        if found {
            self.at += word.len();
        }
        found
    }
}

/// Whether a byte ends an unquoted word.
pub const fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}
