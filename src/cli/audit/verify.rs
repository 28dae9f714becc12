//! `coord audit verify`: walks the whole chain and says where it breaks.
//!
//! The walk is made here, not in the daemon: the proof should not rest on the
//! word of the process that keeps the record.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde_json::json;

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::style::{BAD, GOOD, paint};
use super::super::render::{clean, count};
use super::rows;
use crate::audit::chain::{GENESIS, Walk};
use crate::audit::seal::verify_segment;
use crate::audit::{Row, Rows, Seal};
use crate::failure::Refusal;

/// Prove that no row of the audit log was changed, dropped or slipped in.
///
/// Every row is read and hashed anew, those of the sealed segments too. The exit
/// code is 1 if the chain does not hold, and the first row that does not fit is
/// named.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit verify
  coord audit verify --segment /mnt/disk/audit-1-9000.jsonl   one that was moved")]
pub struct Verify {
    /// A sealed segment that is no longer where it was; may be repeated
    #[arg(long = "segment", value_name = "FILE")]
    segments: Vec<PathBuf>,
}

/// How far a walk has come, and where it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Number of the last row that fits, which is also how many do.
    pub seq: i64,
    /// Hash of that row.
    pub head: String,
    /// Sealed segments among them.
    pub segments: usize,
    /// The first row that does not fit, and why.
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
        if desk.json {
            let (at, why) = verdict.broken.clone().unzip();
            desk.print_json(&json!({
                "success": verdict.broken.is_none(),
                "rows": verdict.seq,
                "segments": verdict.segments,
                "head": verdict.head,
                "broken_at": at,
                "why": why,
            }))?;
        } else {
            desk.print(&show(&verdict))?;
        }
        if verdict.broken.is_some() { Err(Trouble::Found) } else { Ok(()) }
    }

    fn walk(&self, desk: &mut Desk, bar: &ProgressBar) -> Result<Verdict, Trouble> {
        let mut page = rows::page(desk, None)?;
        for segment in &self.segments {
            let named = page.seals.iter().any(|seal| is_named(seal, segment));
            if !named {
                return Err(UnknownSegment { file: segment.display().to_string() }.into());
            }
        }
        bar.set_length(rows::position(page.last));
        let mut verdict = Verdict::default();
        for seal in &page.seals {
            verdict.take_segment(seal, &self.segments);
            bar.set_position(rows::position(verdict.seq));
        }
        verdict.take_start(&page);
        // What is written meanwhile is for another walk.
        let last = page.last;
        while verdict.broken.is_none() && verdict.seq < last {
            verdict.take_rows(&page.rows, last);
            bar.set_position(rows::position(verdict.seq));
            page = rows::page(desk, Some(verdict.seq))?;
        }
        Ok(verdict)
    }
}

impl Default for Verdict {
    fn default() -> Self {
        Self { seq: 0, head: GENESIS.into(), segments: 0, broken: None }
    }
}

impl Verdict {
    /// Takes a whole sealed segment from its file.
    pub fn take_segment(&mut self, seal: &Seal, moved: &[PathBuf]) {
        if self.broken.is_some() {
            return;
        }
        let file = place(seal, moved);
        match verify_segment(&file) {
            Err(failure) => self.breaks(self.seq + 1, failure.to_string()),
            Ok(found) if (found.start.after, &found.start.hash) != (self.seq, &self.head) => {
                self.breaks(self.seq + 1, format!("{} does not follow it", file.display()));
            }
            Ok(found) if (found.seq_to, &found.hash) != (seal.seq_to, &seal.hash) => {
                let why = format!("{} does not end as its seal says", file.display());
                self.breaks(found.seq_to, why);
            }
            Ok(found) => {
                (self.seq, self.head) = (found.seq_to, found.hash);
                self.segments += 1;
            }
        }
    }

    /// Sees that the live log goes on where the sealed part ends.
    pub fn take_start(&mut self, page: &Rows) {
        let fits = page.after == self.seq && page.hash.as_ref() == Some(&self.head);
        if self.broken.is_none() && !fits {
            let why = "the live log does not follow what comes before it";
            self.breaks(self.seq + 1, why.into());
        }
    }

    /// Takes the next rows of the live log, of which `last` is the newest.
    pub fn take_rows(&mut self, rows: &[Row], last: i64) {
        let mut walk = Walk::after(self.seq, self.head.clone());
        for row in rows {
            if let Err(gap) = walk.step(row) {
                return self.breaks(gap.seq, gap.why.into());
            }
            self.seq = row.seq;
            self.head.clone_from(&row.hash);
        }
        if rows.is_empty() && self.seq < last {
            self.breaks(self.seq + 1, format!("the rows up to {last} are missing"));
        }
    }

    fn breaks(&mut self, seq: i64, why: String) {
        self.broken = Some((seq, why));
    }
}

/// Where a segment is: where it was written to, unless it was named elsewhere.
fn place(seal: &Seal, moved: &[PathBuf]) -> PathBuf {
    let same = |other: &&PathBuf| is_named(seal, other);
    moved.iter().find(same).map_or_else(|| PathBuf::from(&seal.file), Clone::clone)
}

/// Whether the file has the name that the seal gave its segment.
fn is_named(seal: &Seal, file: &Path) -> bool {
    Path::new(&seal.file).file_name() == file.file_name()
}

/// A file was given that no seal speaks of.
#[derive(Debug, thiserror::Error)]
#[error("{file} has the name of no sealed segment")]
struct UnknownSegment {
    file: String,
}

impl Refusal for UnknownSegment {
    fn code(&self) -> &'static str {
        "unknown_segment"
    }

    fn hint(&self) -> Option<String> {
        Some("a segment keeps the name that `coord audit seal` gave it".into())
    }
}

/// The verdict in words.
#[must_use]
pub fn show(verdict: &Verdict) -> String {
    let rows = count(usize::try_from(verdict.seq).unwrap_or_default(), "row");
    match &verdict.broken {
        None => {
            let sealed = match verdict.segments {
                0 => String::new(),
                n => format!(", with {}", count(n, "sealed segment")),
            };
            format!(
                "{} {rows}{sealed}. The last hash is\n{}\n",
                paint(GOOD, "The chain holds:"),
                verdict.head
            )
        }
        Some((seq, why)) => format!(
            "{} at row {seq}: {}\n{rows} before it fit. Keep the database as it is and compare it \
             with a copy:\n`coord restore` lists the copies.\n",
            paint(BAD, "The chain breaks"),
            clean(why)
        ),
    }
}
