//! How the tables of programs are read.
//!
//! - Rows are tried in order; the first that matches decides.
//! - A row without a rule allows what later rows would catch.
//!
//! Not here: the tables (`programs::tables`).

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::Machine;
use crate::guardrails::machine::run::Call;
use crate::guardrails::programs::{hit, index};

/// A program, its options and its harmful forms.
pub struct Program {
    /// Its names.
    pub names: &'static str,
    /// Options that take the next word.
    pub valued: &'static str,
    /// Whether long options have one dash.
    pub single: bool,
    /// Options that make any form harmless, beside the usual ones.
    pub dry: &'static str,
    /// Its harmful forms.
    pub rows: &'static [Row],
}

/// One form of a program.
pub struct Row {
    /// Operands: words in order, `a|b` alternatives, `*` any, `…` any number, `$` the end.
    pub words: &'static str,
    /// Options of which one must be given, if any are named.
    pub any: &'static str,
    /// Options of which none may be given.
    pub none: &'static str,
    /// The rule it breaks; empty when it breaks none.
    pub rule: &'static str,
}

/// A form that breaks `rule`.
#[must_use]
pub const fn row(words: &'static str, rule: &'static str) -> Row {
    Row { words, any: "", none: "", rule }
}

/// A form that breaks nothing.
#[must_use]
pub const fn fine(words: &'static str) -> Row {
    row(words, "")
}

impl Row {
    /// Only with one of these options.
    #[must_use]
    pub const fn with(mut self, any: &'static str) -> Self {
        self.any = any;
        self
    }

    /// Only without these options.
    #[must_use]
    pub const fn without(mut self, none: &'static str) -> Self {
        self.none = none;
        self
    }
}

/// The program of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Program> {
    index::known(name).program()
}

/// Whether `-h` asks this program for help.
#[must_use]
pub fn short_help(name: &str) -> bool {
    find(name).is_some_and(|program| !program.valued.split(' ').any(|flag| flag == "-h"))
}

/// Judges a call by the tables.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>) {
    let Some(program) = call.known.program() else { return };
    let opts = if program.single {
        Opts::single_dash(call.args, program.valued)
    } else {
        Opts::parse(call.args, program.valued)
    };
    if harmless(program, &opts) {
        return;
    }
    let found = program.rows.iter().find(|row| {
        matches_words(row.words, &opts)
            && (row.any.is_empty() || opts.has(row.any))
            && !opts.has(row.none)
    });
    if let Some(row) = found.filter(|row| !row.rule.is_empty()) {
        hit(machine, row.rule, call);
    }
}

fn harmless(program: &Program, opts: &Opts<'_>) -> bool {
    if opts.has(program.dry) || opts.operand(0) == "help" {
        return true;
    }
    let dry = opts.has("--dry-run --dryrun --dry_run --whatif --noop --check-only");
    let off = matches!(opts.value("--dry-run"), Some("none" | "false" | "no"));
    dry && !off
}

/// Whether the operands are of the form `words`.
fn matches_words(words: &str, opts: &Opts<'_>) -> bool {
    let operands = &opts.operands;
    let mut at = 0;
    let mut gap = false;
    for word in words.split_ascii_whitespace() {
        match word {
            "…" => gap = true,
            "$" => return at == operands.len(),
            _ => loop {
                let Some(operand) = operands.get(at) else { return false };
                at += 1;
                if matches_word(word, operand.known()) {
                    gap = false;
                    break;
                }
                if !gap {
                    return false;
                }
            },
        }
    }
    true
}

fn matches_word(pattern: &str, text: &str) -> bool {
    pattern.split('|').any(|known| {
        if known.contains('*') {
            crate::guardrails::glob::glob_matches(known, text)
        } else {
            known == text
        }
    })
}
