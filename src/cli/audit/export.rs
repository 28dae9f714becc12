//! `coord audit export`: every live row as it is hashed, one JSON object to a line.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::count;
use super::rows;

/// Write the rows of the audit log, one JSON object to a line.
///
/// The rows are those that are hashed, so that the chain can be proved from the
/// file alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit export audit.jsonl
  coord audit export --after 1000 | jq .operation")]
pub struct Export {
    /// The file to make, which must not exist; standard output if left out
    file: Option<PathBuf>,
    /// Only rows after this number
    #[arg(long, value_name = "SEQ", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
}

impl Export {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a row cannot be had or written.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let Some(file) = self.file else {
            return pages(desk, self.after, Desk::print).map(drop);
        };
        let shown = file.display().to_string();
        let open = std::fs::OpenOptions::new().write(true).create_new(true).open(&file);
        let mut open = open.with_context(|| format!("failed to make {shown}"))?;
        let written = pages(desk, self.after, |_, text| {
            open.write_all(text.as_bytes()).with_context(|| format!("failed to write {shown}"))?;
            Ok(())
        })?;
        open.sync_all().with_context(|| format!("failed to flush {shown}"))?;
        desk.done(
            &json!({ "file": file, "rows": written }),
            &format!("Wrote {} to {shown}.", count(written, "row")),
        )
    }
}

/// Hands on page after page as lines; returns how many rows there were.
fn pages(
    desk: &mut Desk,
    after: i64,
    mut write: impl FnMut(&Desk, &str) -> Result<(), Trouble>,
) -> Result<usize, Trouble> {
    let bar = desk.progress("exporting", 0);
    let (mut seq, mut written) = (after, 0);
    loop {
        let page = rows::page(desk, seq)?;
        let Some(last) = page.rows.last() else { break };
        seq = rows::seq(last);
        written += page.rows.len();
        let lines: String = page.rows.iter().map(|row: &Value| format!("{row}\n")).collect();
        write(desk, &lines)?;
        bar.set_length(page.last);
        bar.set_position(seq.unsigned_abs());
    }
    bar.finish_and_clear();
    Ok(written)
}
