//! `coord audit seal`: moves old rows into files of their own.

use serde_json::{Value, json};

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::{clean, count, fields};
use super::super::sync::follow;
use super::rows;
use crate::audit::Row;
use crate::audit::seal::{SEGMENT_MAX, Start, write_segment};
use crate::failure::Refusal;
use crate::time::{DAY, Time};

/// How long the mirror may take to catch up, in seconds.
const PATIENCE: u32 = 60;

/// Move old rows of the audit log into sealed files.
///
/// The rows leave the live database; the chain goes on from the seal, and
/// `coord audit verify` proves the sealed rows too. The daemon does this by itself
/// with rows that are older than the setting `audit_retention_days`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit seal
  coord audit seal --older-than-days 30")]
pub struct Seal {
    /// Age of the rows that go; by default the setting `audit_retention_days`
    #[arg(long, value_name = "DAYS")]
    older_than_days: Option<u32>,
    /// Seal also what the mirror has not got yet; it will be missing there for ever
    #[arg(long)]
    anyway: bool,
}

/// Rows that leave now would never reach the mirror.
#[derive(Debug, thiserror::Error)]
#[error(
    "{changes} changes are not in the mirror yet; what is sealed now would be missing there for ever"
)]
struct MirrorBehind {
    changes: u64,
}

impl Refusal for MirrorBehind {
    fn code(&self) -> &'static str {
        "mirror_behind"
    }

    fn hint(&self) -> Option<String> {
        Some("`coord sync status` says what keeps it; --anyway seals all the same".into())
    }
}

impl Seal {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a segment cannot be written, or does not fit.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let days = match self.older_than_days {
            Some(days) => days,
            None => desk.config()?.audit_retention_days(),
        };
        let before = desk.now.plus(-i64::from(days).saturating_mul(DAY));
        let folder = desk.home()?.backups();
        let mut sealed = Vec::new();
        if !self.anyway && ripe(desk, before)?.is_some() {
            wait_for_mirror(desk)?;
        }
        while let Some((start, old)) = ripe(desk, before)? {
            let file = write_segment(&folder, &start, &old)?;
            sealed.push(desk.ask("seal_audit", json!({ "file": file }))?);
        }
        let reply = json!({ "sealed": sealed });
        desk.show(&reply, || show(&reply))
    }
}

fn wait_for_mirror(desk: &mut Desk) -> Result<(), Trouble> {
    let status = desk.ask("sync_status", json!({}))?;
    if status["state"] == "off" || status["state"] == "enrolling" {
        return Ok(());
    }
    let (status, done) = follow::catch_up(desk, PATIENCE)?;
    let changes = fields::number(&status, "lag_rows");
    if done { Ok(()) } else { Err(MirrorBehind { changes }.into()) }
}

/// The oldest live rows that are older than `before`, at most one segment of them.
fn ripe(desk: &mut Desk, before: Time) -> Result<Option<(Start, Vec<Row>)>, Trouble> {
    let most = usize::try_from(SEGMENT_MAX).unwrap_or(usize::MAX);
    let mut page = rows::page(desk, None)?;
    let hash = page.hash.take().ok_or_else(|| anyhow::anyhow!("the live log has no start"))?;
    let start = Start { after: page.after, hash };
    let mut old: Vec<Row> = Vec::new();
    while let Some(newest) = page.rows.last().map(|row| row.seq) {
        // Times may step back, numbers do not: the first young row ends the segment.
        let young = page.rows.iter().position(|row| row.at >= before);
        old.extend(page.rows.drain(..young.unwrap_or(page.rows.len())));
        if young.is_some() || old.len() >= most {
            break;
        }
        page = rows::page(desk, Some(newest))?;
    }
    old.truncate(most);
    Ok((!old.is_empty()).then_some((start, old)))
}

fn show(reply: &Value) -> String {
    let sealed = fields::list(reply, "sealed");
    if sealed.is_empty() {
        return "There was nothing to seal.\n".into();
    }
    let line = |one: &Value| {
        let rows = usize::try_from(fields::number(one, "removed")).unwrap_or_default();
        format!("Sealed {} in {}.\n", count(rows, "row"), clean(&fields::text(one, "file")))
    };
    sealed.iter().map(line).collect()
}
