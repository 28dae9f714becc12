//! `coord memory export` and `import`: one JSON object to a line.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::fields;

/// Memories that are sent in one call: even large ones fit a message then.
const CHUNK: usize = 50;

/// Write all memories of this repository, one JSON object to a line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord memory export all.jsonl
  coord memory export | jq .summary")]
pub struct Export {
    /// The file to make, which must not exist; standard output if left out
    file: Option<PathBuf>,
}

/// Take in memories that `coord memory export` wrote, here or elsewhere.
///
/// Those that are here already, and those that were forgotten here, are skipped.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord memory import all.jsonl
  ssh elsewhere coord memory export | coord memory import -")]
pub struct Import {
    /// The file to read; - for standard input
    file: PathBuf,
}

impl Export {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a memory cannot be had or written.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let Some(file) = self.file.filter(|file| file.as_os_str() != "-") else {
            return pages(desk, Desk::print).map(drop);
        };
        let shown = file.display().to_string();
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        let mut made = made.with_context(|| format!("failed to make {shown}"))?;
        let written = pages(desk, |_, lines| {
            made.write_all(lines.as_bytes()).with_context(|| format!("failed to write {shown}"))?;
            Ok(())
        })?;
        made.sync_all().with_context(|| format!("failed to flush {shown}"))?;
        let facts = json!({ "file": file, "memories": written });
        desk.done(&facts, &format!("Wrote {} to {shown}.", memories(written)))
    }
}

/// Hands on page after page as lines; returns how many memories there were.
fn pages(
    desk: &mut Desk,
    mut write: impl FnMut(&Desk, &str) -> Result<(), Trouble>,
) -> Result<usize, Trouble> {
    let mut written = 0;
    let mut cursor = Value::Null;
    loop {
        let page = desk.ask("export_memories", json!({ "limit": CHUNK, "cursor": cursor }))?;
        let rows = fields::list(&page, "memories");
        let lines: String = rows.iter().map(|memory| format!("{memory}\n")).collect();
        write(desk, &lines)?;
        written += rows.len();
        match page.get("next_cursor") {
            Some(next) if next.is_string() => cursor = next.clone(),
            _ => return Ok(written),
        }
    }
}

impl Import {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When the file cannot be read or the daemon refuses a memory; those before
    /// it are in.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let read = lines(&self.file)?;
        let (mut imported, mut skipped) = (0, 0);
        for some in read.chunks(CHUNK) {
            let reply = desk.ask("import_memories", json!({ "memories": some }))?;
            imported += fields::number(&reply, "imported");
            skipped += fields::number(&reply, "skipped");
        }
        let facts = json!({ "imported": imported, "skipped": skipped });
        let taken = memories(usize::try_from(imported).unwrap_or(usize::MAX));
        let rest = if skipped == 0 { String::new() } else { format!(", skipped {skipped}") };
        desk.done(&facts, &format!("Imported {taken}{rest}."))
    }
}

/// The objects of a file, one to a line.
fn lines(file: &Path) -> Result<Vec<Value>, Trouble> {
    let shown = file.display();
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("failed to read standard input")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("failed to read {shown}"))?;
    }
    let told = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    told.map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| Trouble::Usage {
            message: format!("line {} of {shown} is no JSON: {error}", at + 1),
            hint: "coord memory export writes one object to a line".into(),
        })
    })
    .collect()
}

fn memories(n: usize) -> String {
    if n == 1 { "1 memory".into() } else { format!("{n} memories") }
}
