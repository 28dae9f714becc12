//! Checks that were not made: what a hook could not ask, or could not read.
//!
//! - One line of JSON for each, in a file beside the database, because a miss is mostly
//!   that the daemon was not there. A guard that fails open is never silent.
//! - Bounded: a full file is put aside, and the one put aside before it goes.
//!
//! Not here: what a hook does instead (`coord hook`).

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::home::{Home, private_dir};
use crate::time::Time;

/// A file of more bytes than this is put aside.
const FILE_BYTES: u64 = 256 << 10;
/// Characters kept of a reason.
const WHY_MAX: usize = 300;

/// A check that was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// When.
    pub at: Time,
    /// Which client's hook.
    pub client: String,
    /// At which event, in the client's word.
    pub event: String,
    /// Why.
    pub why: String,
}

/// Notes a miss. Each line goes out in one write, so that hooks of several agents do not
/// mix theirs.
///
/// # Errors
/// What the file system says.
pub fn note(home: &Home, miss: &Miss) -> io::Result<()> {
    private_dir(&home.logs())?;
    let path = file(home);
    if path.metadata().is_ok_and(|meta| meta.len() > FILE_BYTES) {
        fs::rename(&path, aside(&path))?;
    }
    let why = miss.why.chars().filter(|c| !c.is_control()).take(WHY_MAX).collect();
    let line = serde_json::to_string(&Miss { why, ..miss.clone() })?;
    File::options().create(true).append(true).open(path)?.write_all(format!("{line}\n").as_bytes())
}

/// The misses since then, oldest first. A line that cannot be read is left out.
///
/// # Errors
/// What the file system says; a file that is not there is no error.
pub fn since(home: &Home, since: Time) -> io::Result<Vec<Miss>> {
    let path = file(home);
    let mut found = Vec::new();
    for file in [aside(&path), path] {
        let lines = match File::open(file) {
            Ok(file) => BufReader::new(file).lines(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let misses =
            lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok());
        found.extend(misses.filter(|miss: &Miss| miss.at >= since));
    }
    Ok(found)
}

fn file(home: &Home) -> PathBuf {
    home.logs().join("misses.jsonl")
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("old.jsonl")
}
