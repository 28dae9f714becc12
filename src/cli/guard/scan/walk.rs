//! The files that are scanned.

use std::path::{Path, PathBuf};

use crate::cli::Trouble;

/// Folders that hold others' files, or none that are run from here.
const SKIPPED: [&str; 6] = [".git", "node_modules", "target", "vendor", ".venv", "dist"];
/// Larger files are not written by hand, in bytes.
const BYTES_MAX: u64 = 1 << 20;
/// Files that are read, at most.
const FILES_MAX: usize = 20_000;
/// Folders within folders, at most.
const DEPTH_MAX: usize = 64;

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Walked {
    /// Files to read, in the order of their names.
    pub files: Vec<PathBuf>,
    /// Files that are too large, or too many.
    pub skipped: usize,
}

/// Every file below the paths whose name may be one of those that machines run.
///
/// # Errors
/// When a path that was named cannot be read.
pub fn files(paths: &[PathBuf]) -> Result<Walked, Trouble> {
    let mut walked = Walked::default();
    for path in paths {
        let is = std::fs::metadata(path).map_err(|error| Trouble::Usage {
            message: format!("{} cannot be read: {error}", path.display()),
            hint: "name files or folders that exist".into(),
        })?;
        if is.is_dir() { walked.folder(path, 0) } else { walked.file(path, is.len()) }
    }
    Ok(walked)
}

impl Walked {
    fn file(&mut self, path: &Path, bytes: u64) {
        if bytes > BYTES_MAX || self.files.len() == FILES_MAX {
            self.skipped += 1;
        } else {
            self.files.push(path.to_owned());
        }
    }

    /// A folder that cannot be read has nothing that could be run from here.
    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if kind.is_dir() && depth < DEPTH_MAX && !SKIPPED.contains(&&*name) {
                self.folder(&path, depth + 1);
            } else if kind.is_file() && super::extract::may_be_run(&path) {
                self.file(&path, entry.metadata().map_or(0, |is| is.len()));
            }
        }
    }
}
