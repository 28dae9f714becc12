//! Tells when a path belongs to another repository or worktree inside this one.
//!
//! - Submodules, inner worktrees and inner clones have roots of their own, and
//!   there the same file has another key.
//!
//! Not here: what to do about it.

use std::path::PathBuf;

use super::Repo;
use super::target::{Kind, Target, names_in};

impl Repo {
    /// The root of the innermost other repository or worktree that a file or
    /// folder lies in, or is. For a glob, its first plain names count.
    ///
    /// Costs one `lstat` for each folder on the way.
    pub fn nested(&self, target: &Target) -> Option<PathBuf> {
        let folder = target.fixed_folder();
        let names = match target.kind {
            Kind::Resource => return None,
            Kind::Glob => names_in(&folder),
            Kind::File | Kind::Folder => names_in(&target.shown),
        };
        let mut folder = self.root.clone();
        let folders = names.split('/').filter(|name| !name.is_empty()).map_while(|name| {
            folder.push(name);
            folder.symlink_metadata().is_ok_and(|meta| meta.is_dir()).then(|| folder.clone())
        });
        folders.filter(|folder| folder.join(".git").symlink_metadata().is_ok()).last()
    }
}
