//! `coord audit verify`: walks the whole chain and says where it breaks.
//!
//! The walk is made here, not in the daemon: the proof should not rest on the
//! word of the process that keeps the record.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::style::{BAD, GOOD, paint};
use super::super::render::{clean, count, fields};
use super::rows;
use crate::audit::chain::{Break, GENESIS, Walk};

/// Prove that no row of the audit log was changed, dropped or slipped in.
///
/// Every row is read and hashed anew, those of the sealed segments too. The exit
/// code is 1 if the chain does not hold, and the first row that does not fit is
/// named.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit verify
  coord audit verify --segment old.jsonl    also where a segment was moved to")]
pub struct Verify {
    /// A sealed segment that is no longer where it was; may be repeated
    #[arg(long = "segment", value_name = "FILE")]
    segments: Vec<PathBuf>,
}

/// How far a walk has come, and where it ended.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Rows that fit.
    pub rows: usize,
    /// Sealed segments among them.
    pub segments: usize,
    /// Hash of the last row that fits.
    pub head: String,
    /// The first that does not.
    pub broken: Option<(i64, String)>,
}

impl Verify {
    /// Walks, prints, and fails if the chain does.
    ///
    /// # Errors
    /// [`Trouble::Found`] if the chain is broken.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let bar = desk.progress("verifying", 0);
        let verdict = self.walk(desk, &bar)?;
        bar.finish_and_clear();
        let facts = json!({
            "success": verdict.broken.is_none(),
            "rows": verdict.rows,
            "segments": verdict.segments,
            "head": verdict.head,
            "broken_at": verdict.broken.as_ref().map(|(seq, _)| seq),
            "why": verdict.broken.as_ref().map(|(_, why)| why),
        });
        if desk.json {
            desk.print_json(&facts)?;
        } else {
            desk.print(&show(&verdict))?;
        }
        if verdict.broken.is_some() { Err(Trouble::Found) } else { Ok(()) }
    }

    fn walk(&self, desk: &mut Desk, bar: &ProgressBar) -> Result<Verdict, Trouble> {
        let mut page = rows::page(desk, 0)?;
        bar.set_length(page.last);
        let mut verdict = Verdict { head: GENESIS.into(), ..Verdict::default() };
        let mut seq = 0;
        for seal in &page.seals {
            if !verdict.take_segment(seal, &self.segments, &mut seq) {
                return Ok(verdict);
            }
            bar.set_position(seq.unsigned_abs());
        }
        let mut walk = Walk::after(seq, verdict.head.clone());
        // What is sealed may still be in the live file too; it was just walked.
        page.rows.retain(|row| rows::seq(row) > seq);
        while !page.rows.is_empty() {
            for row in &page.rows {
                if !verdict.take(&mut walk, row) {
                    return Ok(verdict);
                }
                seq = rows::seq(row);
            }
            bar.set_position(seq.unsigned_abs());
            page = rows::page(desk, seq)?;
        }
        if let Some(missing) = i64::try_from(page.last).ok().filter(|last| *last > seq) {
            verdict.broken = Some((seq + 1, format!("the rows up to {missing} are missing")));
        }
        Ok(verdict)
    }
}

impl Verdict {
    /// Takes the next row; false if it does not fit.
    fn take(&mut self, walk: &mut Walk, row: &Value) -> bool {
        let Some(row) = rows::parse(row) else {
            self.broken = Some((rows::seq(row), "the row cannot be read".into()));
            return false;
        };
        match walk.step(&row) {
            Ok(()) => {
                self.rows += 1;
                self.head = row.hash;
                true
            }
            Err(Break { seq, why }) => {
                self.broken = Some((seq, why.into()));
                false
            }
        }
    }

    /// Takes a whole sealed segment from its file; false if it does not fit.
    fn take_segment(&mut self, seal: &Value, moved: &[PathBuf], seq: &mut i64) -> bool {
        let file = segment_file(seal, moved);
        let mut walk = Walk::after(*seq, self.head.clone());
        let lines = match std::fs::File::open(&file) {
            Ok(open) => BufReader::new(open).lines(),
            Err(error) => return self.breaks(*seq + 1, &file, &error.to_string()),
        };
        for line in lines {
            let row = line.map(|line| serde_json::from_str(&line).unwrap_or(Value::Null));
            match row {
                Ok(row) if self.take(&mut walk, &row) => *seq = rows::seq(&row),
                Ok(_) => return false,
                Err(error) => return self.breaks(*seq + 1, &file, &error.to_string()),
            }
        }
        let sealed = seal.get("seq_to").and_then(Value::as_i64).unwrap_or(0);
        if *seq != sealed || self.head != fields::text(seal, "hash") {
            return self.breaks(*seq, &file, "the segment does not end as its seal says");
        }
        self.segments += 1;
        true
    }

    fn breaks(&mut self, seq: i64, file: &Path, why: &str) -> bool {
        self.broken = Some((seq, format!("{}: {why}", file.display())));
        false
    }
}

/// Where a segment is: where it was written to, unless it was named elsewhere.
fn segment_file(seal: &Value, moved: &[PathBuf]) -> PathBuf {
    let written = PathBuf::from(fields::text(seal, "file"));
    let same = |other: &&PathBuf| other.file_name() == written.file_name();
    moved.iter().find(same).cloned().unwrap_or(written)
}

/// The verdict in words.
#[must_use]
pub fn show(verdict: &Verdict) -> String {
    let rows = count(verdict.rows, "row");
    match &verdict.broken {
        None => {
            let sealed = match verdict.segments {
                0 => String::new(),
                n => format!(", {} of them sealed", count(n, "segment")),
            };
            format!(
                "{} {rows}{sealed}; the last hash is {}\n",
                paint(GOOD, "The chain holds:"),
                verdict.head
            )
        }
        Some((seq, why)) => format!(
            "{} at row {seq}: {}\n{rows} before it fit. Keep the database as it is and compare it \
             with a copy:\n`coord restore` lists them.\n",
            paint(BAD, "The chain breaks"),
            clean(why)
        ),
    }
}
