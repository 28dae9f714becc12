//! One-liners of other languages: which of their calls delete, run or write.
//!
//! - A scan for a closed list of calls, with literals followed; no language is parsed.
//! - A path or command that is not literal is unknown, and judged as such.
//!
//! Not here: finding the one-liner on a command line (`carry::escape`).

mod calls;
mod decode;
mod eval;
mod lex;
mod sinks;

use crate::guardrails::machine::{Data, Env, Machine};

/// The language of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    Node,
    /// Perl.
    Perl,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Lua, R, Julia and other languages with plain calls.
    Plain,
}

/// Plays the known calls of a script; returns what it prints.
pub fn play(machine: &mut Machine<'_>, language: Language, text: &str, env: &mut Env) -> Data {
    machine.spend(1 + text.len() / 64);
    let tokens = lex::tokens(language, text);
    sinks::walk(machine, language, &tokens, env)
}
