//! Which tables know a program: one look-up instead of a walk through all of them.
//!
//! - Built when first needed, from the tables themselves; nothing is listed twice.
//!
//! Not here: the tables.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::guardrails::carry;
use crate::guardrails::programs::table::Program;
use crate::guardrails::programs::{credential, database, runner, tables};

/// What the tables know of a name.
#[derive(Clone, Copy, Default)]
pub struct Known {
    /// Its table of harmful forms.
    pub program: Option<&'static Program>,
    /// It wraps another command.
    pub wraps: bool,
    /// It takes lines of shell.
    pub lines: bool,
    /// It sends SQL.
    pub client: bool,
    /// It shows or sends the files it names.
    pub reads: bool,
    /// It runs tasks by name.
    pub runs_tasks: bool,
}

static INDEX: OnceLock<HashMap<&'static str, Known>> = OnceLock::new();

/// What the tables know of `name`.
#[must_use]
pub fn known(name: &str) -> Known {
    INDEX.get_or_init(build).get(name).copied().unwrap_or_default()
}

fn build() -> HashMap<&'static str, Known> {
    let mut index: HashMap<&'static str, Known> = HashMap::with_capacity(1024);
    for program in tables::ALL.iter().flat_map(|area| area.iter()) {
        for name in program.names.split_ascii_whitespace() {
            index.entry(name).or_default().program.get_or_insert(program);
        }
    }
    for name in carry::wrapping().flat_map(str::split_ascii_whitespace) {
        index.entry(name).or_default().wraps = true;
    }
    for name in carry::taking_lines() {
        index.entry(name).or_default().lines = true;
    }
    for name in database::clients().flat_map(str::split_ascii_whitespace) {
        index.entry(name).or_default().client = true;
    }
    for name in credential::READERS.split_ascii_whitespace() {
        index.entry(name).or_default().reads = true;
    }
    for name in runner::RUNNERS.split_ascii_whitespace() {
        index.entry(name).or_default().runs_tasks = true;
    }
    index
}
