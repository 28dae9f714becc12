//! `coord audit export`: every live row as it is hashed, one JSON object to a line.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::count;
use super::rows;

/// Write the live rows of the audit log, one JSON object to a line.
///
/// The rows are those that are hashed. What was sealed before is in the segments
/// that `coord audit seal` wrote.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit export audit.jsonl
  coord audit export --after 1000 | jq .operation")]
pub struct Export {
    /// The file to make, which must not exist; standard output if left out
    file: Option<PathBuf>,
    /// Only rows after this number
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
}

impl Export {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a row cannot be had or written.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let Some(file) = self.file.filter(|file| file.as_os_str() != "-") else {
            return pages(desk, self.after, Desk::print).map(drop);
        };
        let shown = file.display().to_string();
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        let mut made = made.with_context(|| format!("failed to make {shown}"))?;
        let written = pages(desk, self.after, |_, text| {
            made.write_all(text.as_bytes()).with_context(|| format!("failed to write {shown}"))?;
            Ok(())
        })?;
        made.sync_all().with_context(|| format!("failed to flush {shown}"))?;
        desk.done(
            &json!({ "file": file, "rows": written }),
            &format!("Wrote {} to {shown}.", count(written, "row")),
        )
    }
}

/// Hands on page after page as lines; returns how many rows there were.
fn pages(
    desk: &mut Desk,
    after: Option<i64>,
    mut write: impl FnMut(&Desk, &str) -> Result<(), Trouble>,
) -> Result<usize, Trouble> {
    let bar = desk.progress("exporting", 0);
    let mut written = 0;
    let mut page = rows::page(desk, after)?;
    // What is written meanwhile, this command's own rows too, is for another export.
    let last = page.last;
    bar.set_length(rows::position(last));
    while let Some(newest) = page.rows.last().map(|row| row.seq) {
        page.rows.retain(|row| row.seq <= last);
        let mut lines = String::new();
        for row in &page.rows {
            lines += &format!("{}\n", serde_json::to_string(row)?);
        }
        write(desk, &lines)?;
        written += page.rows.len();
        bar.set_position(rows::position(newest));
        if newest >= last {
            break;
        }
        page = rows::page(desk, Some(newest))?;
    }
    bar.finish_and_clear();
    Ok(written)
}
