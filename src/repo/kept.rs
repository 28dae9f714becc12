//! Whether git keeps track of a file, or is told not to.
//!
//! Not here: what follows from it.

use std::ffi::OsStr;
use std::path::Path;

use super::{Git, Repo};

impl Repo {
    /// Whether git ignores the file by any of its rules; one that is tracked it never
    /// ignores. False outside a repository, and if git could not tell in time. Starts a
    /// process.
    pub fn is_ignored(&self, git: &Git, path: &Path) -> bool {
        self.asks_git(git, &["check-ignore", "--quiet", "--"], path)
    }

    /// Whether git tracks the file. False outside a repository, and if git could not
    /// tell in time. Starts a process.
    pub fn is_tracked(&self, git: &Git, path: &Path) -> bool {
        self.asks_git(git, &["ls-files", "--error-unmatch", "--"], path)
    }

    fn asks_git(&self, git: &Git, question: &[&str], path: &Path) -> bool {
        let question: Vec<&OsStr> =
            question.iter().map(OsStr::new).chain([path.as_os_str()]).collect();
        self.git_dir.is_some() && git.ask(&self.root, &question).is_ok_and(|answer| answer.ok)
    }
}
