//! Reads shell text into a tree, in one pass and within caps.
//!
//! - Linear: no byte is read twice but for a bounded look ahead at `((`.
//! - Recursion is bounded by [`DEPTH`]; beyond it, reading stops with a fault.
//! - A broken tail never loses the commands before it.
//!
//! Not here: expansion and meaning (`machine`).

mod ast;
mod compound;
mod cursor;
mod dollar;
mod fish;
mod heredoc;
mod list;
mod simple;
mod word;

pub use ast::{
    Assign, Case, For, Node, Param, Part, Parts, Redir, RedirOp, Script, Simple, Span, Value, Word,
};
pub use cursor::Parser;

/// Whose grammar a text follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Bash, and what POSIX shells share with it.
    Bash,
    /// Zsh: qualifiers behind patterns, short loops.
    Zsh,
    /// Fish: blocks that end with `end`, substitutions without a dollar sign.
    Fish,
}

/// How deep commands, words and substitutions may nest.
pub const DEPTH: u32 = 48;

/// How many commands one text may hold.
pub const COMMANDS: u32 = 2_500;

/// Longest text that is read at all, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// Reads a whole text. The fault is set when it is not all understood.
#[must_use]
pub fn parse(text: &str) -> Script {
    parse_at(text, 0, None)
}

/// Reads a text that stands inside another: at `depth`, at a known place.
#[must_use]
pub fn parse_at(text: &str, depth: u32, span: Option<Span>) -> Script {
    if text.len() > LONGEST {
        return Script { nodes: Vec::new(), fault: Some("the text is longer than 64 kB") };
    }
    Parser::new(text, depth, span).script()
}

/// Reads a whole text as the shell of that name would.
#[must_use]
pub fn parse_as(text: &str, dialect: Dialect, span: Option<Span>) -> Script {
    if text.len() > LONGEST {
        return parse_at(text, 0, span);
    }
    Parser::new(text, 0, span).with(dialect).script()
}

#[cfg(test)]
mod tests;
