//! Retention: old rows leave the database as sealed segments, and the chain holds
//! across them.
//!
//! - A segment is a file of JSON lines: where it starts in the chain, then its
//!   rows. It is whole and on the disk before any row is removed.
//! - A seal is one transaction: its row, and the removal of the rows that the
//!   file was seen to hold.
//!
//! Not here: when it is time to seal (`life`).

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::Walk;
use super::{AuditRefusal, Row, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Characters of a file's name that a refusal repeats.
const SHOWN_MAX: usize = 400;

/// Rows in one segment at most: what one transaction removes.
pub const SEGMENT_MAX: u32 = 10_000;

/// The first line of a segment: the row that it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Its number; 0 at the beginning of the log.
    pub after: i64,
    /// Its hash.
    pub hash: String,
}

/// A segment that was read and found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What it follows.
    pub start: Start,
    /// Number of its last row.
    pub seq_to: i64,
    /// Hash of its last row.
    pub hash: String,
}

/// Writes `rows`, which follow `start`, to a new file in `folder`, flushed to the
/// disk. Whoever seals it reads it back first ([`verify_segment`]).
///
/// # Errors
/// When it cannot be written.
pub fn write_segment(folder: &Path, start: &Start, rows: &[Row]) -> Outcome<PathBuf> {
    let last = rows.last().map_or(start.after, |row| row.seq);
    let path = folder.join(format!("audit-{}-{last}.jsonl", start.after + 1));
    let partial = path.with_extension("partial");
    let write = || -> anyhow::Result<()> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        let mut out = BufWriter::new(file);
        writeln!(out, "{}", serde_json::to_string(start)?)?;
        for row in rows {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        }
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&partial, &path)?;
        // The name is on the disk only when the folder is.
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().with_context(|| format!("failed to write {}", path.display()))?;
    Ok(path)
}

/// Reads a segment and follows its chain from end to end.
///
/// # Errors
/// `segment_damaged`, with the row where the chain breaks.
pub fn verify_segment(file: &Path) -> Outcome<Segment> {
    let shown: String = file.display().to_string().chars().take(SHOWN_MAX).collect();
    let damaged = |why: String| AuditRefusal::BadSegment { file: shown.clone(), why };
    let mut lines =
        BufReader::new(File::open(file).map_err(|error| damaged(error.to_string()))?).lines();
    let first = lines.next().ok_or_else(|| damaged("it is empty".into()))?;
    let first = first.map_err(|error| damaged(error.to_string()))?;
    let start: Start = serde_json::from_str(&first)
        .map_err(|error| damaged(format!("its first line is no start: {error}")))?;
    let mut walk = Walk::after(start.after, start.hash.clone());
    for line in lines {
        let line = line.map_err(|error| damaged(error.to_string()))?;
        let row: Row = serde_json::from_str(&line).map_err(|error| {
            damaged(format!("the row after {} cannot be read: {error}", walk.stands_at().0))
        })?;
        walk.step(&row).map_err(|gap| damaged(format!("row {}: {}", gap.seq, gap.why)))?;
    }
    let (seq_to, hash) = walk.stands_at();
    if seq_to == start.after {
        return Err(damaged("it has no rows".into()).into());
    }
    let hash = hash.to_owned();
    Ok(Segment { start, seq_to, hash })
}

/// Seals a segment that was written, and removes its rows from the database.
///
/// # Errors
/// `segment_does_not_fit` when it is not the very next part of the chain.
pub fn seal(tx: &Tx<'_>, file: &str, segment: &Segment, now: Time) -> Outcome<Sealed> {
    let misfit = |why| AuditRefusal::Discontinuous { file: file.into(), why };
    let (last, hash) =
        sql::sealed_head(tx)?.unwrap_or_else(|| (0, super::chain::GENESIS.to_owned()));
    if (segment.start.after, &segment.start.hash) != (last, &hash) {
        return Err(misfit("it does not start where the last segment ended").into());
    }
    if sql::hash_of(tx, segment.seq_to)?.as_deref() != Some(&segment.hash) {
        return Err(misfit("its last row is not the one in the database").into());
    }
    sql::seal(tx, segment, file, now)?;
    let removed = sql::remove_sealed(tx, segment.seq_to)?;
    tx.changed(Topic::Audit);
    Ok(Sealed { seq_from: last + 1, seq_to: segment.seq_to, removed, file: file.into() })
}

/// The oldest rows, as far as they are older than `before` and fit one segment;
/// `None` if there are none.
///
/// # Errors
/// Faults only.
pub fn ripe(tx: &Tx<'_>, before: Time) -> Outcome<Option<(Start, Vec<Row>)>> {
    let (after, hash) =
        sql::sealed_head(tx)?.unwrap_or_else(|| (0, super::chain::GENESIS.to_owned()));
    let mut rows = sql::rows_after(tx, after, SEGMENT_MAX)?;
    // Times may step back, numbers do not: the first young row ends the segment.
    let old = rows.iter().position(|row| row.at >= before).unwrap_or(rows.len());
    rows.truncate(old);
    Ok((!rows.is_empty()).then_some((Start { after, hash }, rows)))
}

/// When the oldest row of the live log was written.
///
/// # Errors
/// Faults only.
pub fn oldest(tx: &Tx<'_>) -> Outcome<Option<Time>> {
    Ok(sql::oldest(tx)?)
}

/// Seal a segment of the audit log that was written to a file, and remove its
/// rows from the database.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SealAudit {
    /// Absolute path of the segment.
    file: String,
    /// What was found in it.
    #[serde(skip)]
    segment: Option<Segment>,
}

/// What was sealed.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Sealed {
    pub seq_from: i64,
    pub seq_to: i64,
    pub removed: usize,
    pub file: String,
}

impl Tool for SealAudit {
    const NAME: &'static str = "seal_audit";
    const TITLE: &'static str = "Seal audit segment";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    // Nothing is lost: the rows were seen to be in the file.
    const HINTS: Hints = Hints { idempotent: false, destructive: false };

    type Reply = Sealed;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        self.segment = Some(verify_segment(Path::new(&self.file))?);
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Sealed>> {
        let segment = self.segment.as_ref().context("the segment was not looked at")?;
        seal(tx, &self.file, segment, ctx.now).map(Progress::Ended)
    }
}
