//! Which tables know a program: one look-up instead of a walk through all of them.
//!
//! - Built from the tables themselves once it pays; nothing is listed twice.
//!
//! Not here: the tables.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::guardrails::carry;
use crate::guardrails::paths::contains_word;
use crate::guardrails::programs::formatters::Formatter;
use crate::guardrails::programs::table::Program;
use crate::guardrails::programs::{credential, database, formatters, runner, tables};

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
    /// Its first row among the formatters.
    pub formats: Option<&'static [Formatter]>,
    /// Its options that name a file it makes.
    pub outputs: Option<&'static str>,
}

/// How many questions are answered by walking: a process that asks one command of the
/// guardrails is done before an index would have paid for itself.
const WALKS: u32 = 64;

static ASKED: AtomicU32 = AtomicU32::new(0);

static INDEX: OnceLock<HashMap<&'static str, Known>> = OnceLock::new();

/// What the tables know of `name`.
#[must_use]
pub fn known(name: &str) -> Known {
    if INDEX.get().is_none() && ASKED.fetch_add(1, Ordering::Relaxed) < WALKS {
        return walk(name);
    }
    INDEX.get_or_init(build).get(name).copied().unwrap_or_default()
}

/// Asks the tables themselves.
fn walk(name: &str) -> Known {
    let among = |words: &str| contains_word(words, name);
    let mut programs = tables::ALL.iter().flat_map(|area| area.iter());
    Known {
        program: programs.find(|program| among(program.names)),
        wraps: carry::wrapping().any(among),
        lines: carry::taking_lines().any(|known| known == name),
        client: database::clients().any(among),
        reads: among(credential::READERS),
        runs_tasks: among(runner::RUNNERS),
        outputs: formatters::OUTPUTS.iter().find(|one| among(one.0)).map(|one| one.1),
        formats: formatters::ALL
            .iter()
            .position(|one| among(one.names))
            .map(|at| &formatters::ALL[at..]),
    }
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
    for (at, formatter) in formatters::ALL.iter().enumerate() {
        for name in formatter.names.split_ascii_whitespace() {
            index.entry(name).or_default().formats.get_or_insert(&formatters::ALL[at..]);
        }
    }
    for (names, options) in formatters::OUTPUTS {
        for name in names.split_ascii_whitespace() {
            index.entry(name).or_default().outputs.get_or_insert(options);
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::{build, walk};

    #[test]
    fn the_index_knows_what_the_tables_know() {
        for (name, known) in build() {
            let walked = walk(name);
            let same = |a: Option<&super::Program>, b: Option<&super::Program>| {
                a.map(|program| program.names) == b.map(|program| program.names)
            };
            assert!(same(known.program, walked.program), "{name}");
            assert_eq!((known.wraps, known.lines), (walked.wraps, walked.lines), "{name}");
            assert_eq!((known.client, known.reads), (walked.client, walked.reads), "{name}");
            assert_eq!(known.runs_tasks, walked.runs_tasks, "{name}");
            let rows = |known: super::Known| known.formats.map(<[_]>::len);
            assert_eq!(rows(known), rows(walked), "{name}");
            assert_eq!(known.outputs, walked.outputs, "{name}");
        }
    }
}
