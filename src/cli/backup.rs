//! `coord backup`: a verified copy of the database, while it is in use.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Trouble;
use super::desk::Desk;
use super::render::bytes;
use crate::failure::{Outcome, Refusal};
use crate::home::Home;
use crate::store::backup;
use crate::time::Time;

/// Copy the database into a file of its own, and check the copy.
///
/// The daemon may run meanwhile. Without FILE the copy goes to the folder
/// `backups` of the state directory, where `coord restore` finds it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord backup
  coord backup /mnt/disk/coord.db")]
pub struct Backup {
    /// The file to make; it must not exist yet
    file: Option<PathBuf>,
}

/// Why no copy is made.
#[derive(Debug, thiserror::Error)]
enum BackupRefusal {
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    #[error("there is no database yet in {}", .0.display())]
    Nothing(PathBuf),
}

impl Refusal for BackupRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "file_exists",
            Self::Nothing(_) => "no_database",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Exists(_) => "name a file that does not exist, or none at all".into(),
            Self::Nothing(_) => "the daemon makes one when it first starts".into(),
        })
    }
}

impl Backup {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When the copy cannot be made or is not whole.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let home = desk.home()?;
        let to = self.file.unwrap_or_else(|| home.backups().join(name(desk.now)));
        let bar = desk.progress("copying", 0);
        make(&home, &to, |done, all| {
            bar.set_length(u64::from(all.unsigned_abs()));
            bar.set_position(u64::from(done.unsigned_abs()));
        })?;
        bar.finish_and_clear();
        let size = std::fs::metadata(&to)?.len();
        desk.done(
            &json!({ "file": to, "bytes": size }),
            &format!("Copied {} to {} and checked it.", bytes(size), to.display()),
        )
    }
}

/// Makes a checked copy of the home's database.
fn make(home: &Home, to: &Path, progress: impl FnMut(i32, i32)) -> Outcome<()> {
    if !home.database().exists() {
        return Err(BackupRefusal::Nothing(home.dir().into()).into());
    }
    if to.exists() {
        return Err(BackupRefusal::Exists(to.into()).into());
    }
    home.prepare()?;
    backup::copy_file(&home.database(), to, progress)
}

/// A name that sorts by time.
fn name(now: Time) -> String {
    format!("coord-{}.db", stamp(now))
}

/// The time as it may stand in a file's name.
#[must_use]
pub fn stamp(now: Time) -> String {
    now.to_string().replace([':', '-'], "")
}
