//! In which repository a file lies, found by looking for `.git` on the way up.
//!
//! - A file is judged where it lies once links are followed, whatever the agent's folder.
//! - One look at the file system for each folder on the way; no process is started.
//!
//! Not here: what the repository is called (`repo`).

use std::path::{Component, Path, PathBuf};

/// A path without links and dots, as far as it exists, and by its text beyond that.
pub fn real(path: &Path) -> PathBuf {
    let (mut exists, mut rest) = (path.to_owned(), Vec::new());
    loop {
        if let Ok(found) = exists.canonicalize() {
            return rest.iter().rev().fold(found, |mut path, name: &std::ffi::OsString| {
                if name == ".." {
                    path.pop();
                } else {
                    path.push(name);
                }
                path
            });
        }
        match exists.components().next_back() {
            Some(Component::Normal(name)) => rest.push(name.to_owned()),
            Some(Component::ParentDir) => rest.push("..".into()),
            Some(Component::CurDir) => {}
            _ => return path.to_owned(),
        }
        exists.pop();
    }
}

/// The root of the repository or worktree around a path without links.
pub fn root(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Files by the root of their repository; those that are in none stand at `elsewhere`.
pub fn by_root(files: Vec<PathBuf>, elsewhere: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let mut groups: Vec<(PathBuf, Vec<String>)> = Vec::new();
    for file in files {
        let place = root(&file).unwrap_or(elsewhere).to_owned();
        let file = file.to_string_lossy().into_owned();
        match groups.iter_mut().find(|(root, _)| *root == place) {
            Some((_, known)) => known.push(file),
            None => groups.push((place, vec![file])),
        }
    }
    groups
}
