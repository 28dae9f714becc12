//! Whether a worktree has anything uncommitted that git keeps track of.
//!
//! Not here: what follows from it (`guard`).

use super::{Git, Repo};

impl Repo {
    /// Whether nothing that git tracks is changed or staged; `None` if git could not
    /// tell in time. Starts a process.
    pub fn is_clean(&self, git: &Git) -> Option<bool> {
        self.git_dir.as_ref()?;
        let question =
            ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=none"];
        let answer = git.ask(&self.root, &question).ok()?;
        answer.ok.then_some(answer.stdout.is_empty())
    }
}
