//! Which tables know a program: one look-up instead of a walk through all of them.
//!
//! - Made of the tables themselves when the engine is compiled; nothing is listed twice,
//!   and nothing is built when it starts.
//!
//! Not here: the tables.

use crate::guardrails::carry;
use crate::guardrails::programs::formatters::{self, Formatter};
use crate::guardrails::programs::table::Program;
use crate::guardrails::programs::{credential, database, runner, tables};
use crate::guardrails::words::{Blanks, hash};

/// Most names that all tables may have together.
const NAMES: usize = 1536;

/// Places for them; a power of two.
const SLOTS: usize = 4096;

/// What the tables know of a name; rows are counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    area: u8,
    program: u8,
    wrapper: u8,
    lines: u8,
    client: u8,
    formats: u8,
    outputs: u8,
    reads: bool,
    runs_tasks: bool,
}

impl Known {
    const NOTHING: Self = Self {
        area: 0,
        program: 0,
        wrapper: 0,
        lines: 0,
        client: 0,
        formats: 0,
        outputs: 0,
        reads: false,
        runs_tasks: false,
    };

    /// Its table of harmful forms.
    #[must_use]
    pub fn program(self) -> Option<&'static Program> {
        let area = tables::ALL.get(usize::from(self.area))?;
        area.get(usize::from(self.program).checked_sub(1)?)
    }

    /// Its first row among the wrappers of other commands.
    #[must_use]
    pub fn wrapper(self) -> Option<usize> {
        usize::from(self.wrapper).checked_sub(1)
    }

    /// Its row among the programs that take lines of shell.
    #[must_use]
    pub fn lines(self) -> Option<usize> {
        usize::from(self.lines).checked_sub(1)
    }

    /// Its row among the clients that send SQL.
    #[must_use]
    pub fn client(self) -> Option<usize> {
        usize::from(self.client).checked_sub(1)
    }

    /// The formatters from its first row on.
    #[must_use]
    pub fn formats(self) -> &'static [Formatter] {
        let from = usize::from(self.formats).checked_sub(1);
        from.and_then(|from| formatters::ALL.get(from..)).unwrap_or(&[])
    }

    /// Its options that name a file it makes.
    #[must_use]
    pub fn outputs(self) -> Option<&'static str> {
        let row = usize::from(self.outputs).checked_sub(1)?;
        formatters::OUTPUTS.get(row).map(|row| row.1)
    }

    /// It shows or sends the files it names.
    #[must_use]
    pub const fn reads(self) -> bool {
        self.reads
    }

    /// It runs tasks by name.
    #[must_use]
    pub const fn runs_tasks(self) -> bool {
        self.runs_tasks
    }
}

/// What the tables know of `name`.
#[must_use]
pub fn known(name: &str) -> Known {
    let mut at = hash(name.as_bytes()) as usize & (SLOTS - 1);
    loop {
        let Some(entry) = usize::from(INDEX.slots[at]).checked_sub(1) else {
            return Known::NOTHING;
        };
        if INDEX.names[entry] == name {
            return INDEX.known[entry];
        }
        at = (at + 1) & (SLOTS - 1);
    }
}

struct Index {
    /// Where a name stands in the other two, counted from 1.
    slots: [u16; SLOTS],
    names: [&'static str; NAMES],
    known: [Known; NAMES],
    length: usize,
}

static INDEX: Index = Index::of_all_tables();

/// Which field a row goes to.
#[derive(Clone, Copy)]
enum Field {
    Program(u8),
    Wrapper,
    Lines,
    Client,
    Formats,
    Outputs,
    Reads,
    RunsTasks,
}

impl Index {
    #[expect(clippy::large_stack_arrays, reason = "it is made by the compiler, not on a stack")]
    const fn of_all_tables() -> Self {
        let mut index = Self {
            slots: [0; SLOTS],
            names: [""; NAMES],
            known: [Known::NOTHING; NAMES],
            length: 0,
        };
        let mut area = 0;
        while area < tables::ALL.len() {
            let mut row = 0;
            while row < tables::ALL[area].len() {
                index.add(tables::ALL[area][row].names, Field::Program(small(area)), row);
                row += 1;
            }
            area += 1;
        }
        let mut row = 0;
        while row < 256 {
            index.add(carry::wrapper_names(row), Field::Wrapper, row);
            index.add(carry::line_names(row), Field::Lines, row);
            index.add(database::client_names(row), Field::Client, row);
            if row < formatters::ALL.len() {
                index.add(formatters::ALL[row].names, Field::Formats, row);
            }
            if row < formatters::OUTPUTS.len() {
                index.add(formatters::OUTPUTS[row].0, Field::Outputs, row);
            }
            row += 1;
        }
        index.add(credential::READERS, Field::Reads, 0);
        index.add(runner::RUNNERS, Field::RunsTasks, 0);
        index
    }

    /// Notes a row for each of its names; the first row of a name stays.
    const fn add(&mut self, names: &'static str, field: Field, row: usize) {
        let mut rest = Blanks::new(names);
        while let Some((start, length)) = rest.next() {
            let (_, name) = names.split_at(start);
            let (name, _) = name.split_at(length);
            let entry = self.entry(name);
            let known = &mut self.known[entry];
            match field {
                Field::Program(area) if known.program == 0 => {
                    known.area = area;
                    known.program = small(row + 1);
                }
                Field::Wrapper if known.wrapper == 0 => known.wrapper = small(row + 1),
                Field::Lines if known.lines == 0 => known.lines = small(row + 1),
                Field::Client if known.client == 0 => known.client = small(row + 1),
                Field::Formats if known.formats == 0 => known.formats = small(row + 1),
                Field::Outputs if known.outputs == 0 => known.outputs = small(row + 1),
                Field::Reads => known.reads = true,
                Field::RunsTasks => known.runs_tasks = true,
                _ => {}
            }
        }
    }

    /// Where a name stands, now if not before.
    const fn entry(&mut self, name: &'static str) -> usize {
        let mut at = hash(name.as_bytes()) as usize & (SLOTS - 1);
        while self.slots[at] != 0 {
            let entry = self.slots[at] as usize - 1;
            if same(self.names[entry].as_bytes(), name.as_bytes()) {
                return entry;
            }
            at = (at + 1) & (SLOTS - 1);
        }
        self.names[self.length] = name;
        self.length += 1;
        #[expect(clippy::cast_possible_truncation, reason = "there are fewer names than NAMES")]
        let place = self.length as u16;
        self.slots[at] = place;
        self.length - 1
    }
}

const fn small(row: usize) -> u8 {
    assert!(row < 256, "a table has too many rows");
    #[expect(clippy::cast_possible_truncation, reason = "it was looked at just now")]
    let small = row as u8;
    small
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{INDEX, Known, known, tables};
    use crate::guardrails::paths::contains_word;

    #[test]
    fn the_index_knows_what_the_tables_know() {
        for name in &INDEX.names[..INDEX.length] {
            let mut programs = tables::ALL.iter().flat_map(|area| area.iter());
            let walked = programs.find(|program| contains_word(program.names, name));
            let found = known(name).program();
            assert_eq!(found.map(|one| one.names), walked.map(|one| one.names), "{name}");
        }
        assert!(known("sudo").wrapper().is_some() && known("psql").client().is_some());
        assert!(
            known("make").runs_tasks() && known("cat").reads() && known("su").lines().is_some()
        );
        assert!(
            !known("black").formats().is_empty() && known("sort").outputs() == Some("-o --output")
        );
        assert_eq!(known("no such program"), Known::NOTHING);
        assert_eq!(known(""), Known::NOTHING);
    }
}
