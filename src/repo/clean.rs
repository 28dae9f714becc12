//! What of a worktree is not committed.
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

    /// The files that differ from the last commit, untracked ones too, from the root;
    /// `None` if git could not tell in time. Starts a process.
    pub fn changed(&self, git: &Git) -> Option<Vec<String>> {
        self.git_dir.as_ref()?;
        let question = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"];
        let answer = git.ask(&self.root, &question).ok()?;
        // Two letters and a blank stand before each path.
        let paths = answer.stdout.split('\0').filter_map(|line| line.get(3..));
        answer.ok.then(|| paths.filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }
}
