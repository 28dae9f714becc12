//! Files as they are: read whole, replaced in one step, taken away again.
//!
//! - A replaced file keeps its permissions, and a symbolic link to it stays one.
//! - Whoever looks meanwhile sees the old file or the new one, never a part.
//!
//! Not here: what should be in them (`plan`).

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::problem::Problem;

/// A configuration is never larger.
const BYTES_MAX: u64 = 8 << 20;
/// Permissions of a new file before the umask.
pub const PLAIN: u32 = 0o644;
/// Permissions of a new script before the umask.
pub const SCRIPT: u32 = 0o755;

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// A file.
    #[expect(missing_docs, reason = "they are what they are called")]
    File { bytes: Vec<u8>, mode: u32 },
    /// A symbolic link, and what it says.
    Link(PathBuf),
}

impl State {
    /// The text of the file; empty where there is none.
    ///
    /// # Errors
    /// When it is no text.
    pub fn text(&self) -> Result<&str, Problem> {
        match self {
            Self::Missing => Ok(""),
            Self::File { bytes, .. } => {
                std::str::from_utf8(bytes).map_err(|_invalid| Problem::NotText)
            }
            Self::Link(_) => Err(Problem::NotAFile),
        }
    }

    /// Whether it is a file that may be run.
    #[must_use]
    pub const fn is_executable(&self) -> bool {
        matches!(self, Self::File { mode, .. } if *mode & 0o111 != 0)
    }
}

/// The file that a path leads to, links followed.
///
/// # Errors
/// When a link leads nowhere.
pub fn follow(path: &Path) -> Result<PathBuf, Problem> {
    match fs::canonicalize(path) {
        Ok(real) => Ok(real),
        Err(_) if path.is_symlink() => Err(Problem::NotAFile),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(error.into()),
    }
}

/// What lies at a path; a link is not followed.
///
/// # Errors
/// When it cannot be read, or is neither a file nor a link.
pub fn look(path: &Path) -> Result<State, Problem> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound) => return Ok(State::Missing),
        Err(error) => return Err(error.into()),
    };
    if meta.is_symlink() {
        return Ok(State::Link(fs::read_link(path)?));
    }
    if !meta.is_file() {
        return Err(Problem::NotAFile);
    }
    if meta.len() > BYTES_MAX {
        return Err(Problem::TooLarge(BYTES_MAX));
    }
    Ok(State::File { bytes: fs::read(path)?, mode: meta.mode() & 0o7777 })
}

/// Brings a path from whatever it is to `state`. Folders that are missing are made; their paths,
/// outermost first.
///
/// # Errors
/// What the file system says.
pub fn put(path: &Path, state: &State) -> Result<Vec<PathBuf>, Problem> {
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let made: Vec<PathBuf> =
        folder.ancestors().take_while(|one| !one.exists()).map(Path::to_owned).collect();
    match state {
        State::Missing => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => return Ok(Vec::new()),
        },
        State::Link(target) => {
            fs::create_dir_all(folder)?;
            let beside = beside(path);
            std::os::unix::fs::symlink(target, &beside)?;
            fs::rename(&beside, path)?;
        }
        State::File { bytes, mode } => {
            fs::create_dir_all(folder)?;
            replace(path, bytes, *mode)?;
        }
    }
    Ok(made.into_iter().rev().collect())
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let is_new = !path.exists();
    let beside = beside(path);
    let write = || {
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(bytes)?;
        if !is_new {
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_error| drop(fs::remove_file(&beside)))
}

/// A name in the same folder that nobody else uses.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.coord-{}", std::process::id()))
}

/// Removes those of `folders` that are empty, innermost first.
pub fn sweep(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        // One that is not empty, or gone, is as it should be.
        fs::remove_dir(folder).ok();
    }
}

/// Permissions of the file at a path, without reading it.
///
/// # Errors
/// When there is no file.
pub fn look_at_mode(path: &Path) -> Result<u32, Problem> {
    let meta = fs::metadata(path)?;
    if meta.is_file() { Ok(meta.mode() & 0o7777) } else { Err(Problem::NotAFile) }
}
