//! `coord restore`: lists the copies of the database, and puts one in its place.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::desk::Desk;
use super::render::table::{Fit, Table};
use super::render::{bytes, fields};
use super::{Trouble, backup};
use crate::daemon::lockfile;
use crate::failure::Refusal;
use crate::home::Home;
use crate::store::backup as copies;
use crate::time::{Time, relative};

/// List the copies of the database, or put one of them in its place.
///
/// The files that are replaced are kept. No daemon may run meanwhile:
/// `coord daemon stop` stops it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord restore                                 list the copies
  coord restore coord-20260131T180000Z.db       put one back
  coord restore /mnt/disk/coord.db --yes        without being asked")]
pub struct Restore {
    /// A copy: a path, or a name from the list
    file: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Restore {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a daemon runs, nobody agrees, or the copy is not whole.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let home = desk.home()?;
        let Some(file) = self.file else {
            let found = list(&home)?;
            return desk.show(&found, || show(&found, desk.now));
        };
        home.prepare()?;
        // Held until the end, so that no daemon starts in between.
        let alone = lockfile::take(&home.lock_file())?;
        let copy = find(&home, &file)?;
        let schema = copies::verify(&copy)?;
        let question = format!("Replace {} by {}?", home.database().display(), copy.display());
        desk.confirm(&question, self.yes)?;
        let aside = copies::restore(&copy, &home, &backup::stamp(desk.now))?;
        drop(alone);
        desk.done(
            &json!({ "restored": copy, "schema": schema, "replaced": aside }),
            &format!("Restored {}. What it replaced is in {}.", copy.display(), aside.display()),
        )
    }
}

/// There is no such copy.
#[derive(Debug, thiserror::Error)]
#[error("there is no copy {}", .0.display())]
struct NoCopy(PathBuf);

impl Refusal for NoCopy {
    fn code(&self) -> &'static str {
        "copy_not_found"
    }

    fn hint(&self) -> Option<String> {
        Some("`coord restore` lists the copies; any other is named by its path".into())
    }
}

/// A path as it is, or a name in the folder of copies.
fn find(home: &Home, file: &Path) -> Result<PathBuf, NoCopy> {
    let places = [file.to_owned(), home.backups().join(file)];
    places.into_iter().find(|place| place.is_file()).ok_or_else(|| NoCopy(file.to_owned()))
}

fn list(home: &Home) -> Result<Value, Trouble> {
    if !home.backups().exists() {
        return Ok(json!({ "copies": [] }));
    }
    let mut rows = Vec::new();
    for file in copies::list(home)? {
        let meta = std::fs::metadata(&file)?;
        let made = meta
            .modified()
            .ok()
            .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_millis()).ok());
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        rows.push(json!({
            "name": name, "file": file, "bytes": meta.len(), "made_at": made.map(Time::from_ms),
        }));
    }
    Ok(json!({ "copies": rows }))
}

/// The copies as a table.
#[must_use]
pub fn show(found: &Value, now: Time) -> String {
    let rows = fields::list(found, "copies");
    if rows.is_empty() {
        return "There are no copies; `coord backup` makes one.\n".into();
    }
    let mut table =
        Table::new(&[("copy", Fit::Middle), ("made", Fit::Whole), ("size", Fit::Whole)]);
    for row in rows {
        let made = fields::time(row, "made_at").map(|at| relative(at, now));
        table.row([
            fields::text(row, "name").into(),
            made.unwrap_or_default().into(),
            bytes(fields::number(row, "bytes")).into(),
        ]);
    }
    table.render() + "\n`coord restore NAME` puts one back.\n"
}
