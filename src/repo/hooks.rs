//! Where git looks for the scripts of a repository.
//!
//! Not here: what is in them (`setup::git_hooks`).

use std::path::{Path, PathBuf};

use super::git::Silence;
use super::{Git, Repo, Warning};

/// The folder that git runs scripts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HooksFolder {
    /// The folder; it need not exist.
    pub path: PathBuf,
    /// It was set for more than this repository.
    pub everywhere: bool,
}

/// Why it is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHooks {
    /// The folder is in no repository.
    #[error("there is no git repository here")]
    NoRepository,
    /// `git` could not be started.
    #[error("git did not start ({0})")]
    NoGit(String),
    /// `git` was killed.
    #[error("git gave no answer within {0} s")]
    TimedOut(u64),
}

impl Repo {
    /// The folder that git runs this worktree's scripts from, `core.hooksPath` considered.
    ///
    /// # Errors
    /// When there is no repository, or git cannot be asked.
    pub fn hooks_folder(&self, git: &Git) -> Result<HooksFolder, NoHooks> {
        let Some(common) = &self.common_dir else { return Err(self.no_repository()) };
        let asked = ["config", "--show-scope", "--type=path", "--get-all", "core.hooksPath"];
        let answer = git.ask(&self.root, &asked).map_err(|silence| match silence {
            Silence::NotStarted(error) => NoHooks::NoGit(error.to_string()),
            Silence::TimedOut => NoHooks::TimedOut(git.limit().as_secs()),
        })?;
        // The last one wins; `command` is the one that every question of ours is asked with.
        let mut set = answer.stdout.lines().filter_map(|line| line.split_once('\t'));
        let last = set.rfind(|(scope, value)| *scope != "command" && !value.is_empty());
        Ok(last.map_or_else(
            || HooksFolder { path: common.join("hooks"), everywhere: false },
            |(scope, value)| HooksFolder {
                path: self.root.join(value),
                everywhere: matches!(scope, "global" | "system"),
            },
        ))
    }

    /// Why no repository was found: perhaps nobody could be asked.
    fn no_repository(&self) -> NoHooks {
        let silence = self.warnings.iter().find_map(|warning| match warning {
            Warning::NoGit { error } => Some(NoHooks::NoGit(error.clone())),
            Warning::TimedOut { seconds } => Some(NoHooks::TimedOut(*seconds)),
            _ => None,
        });
        silence.unwrap_or(NoHooks::NoRepository)
    }

    /// Those of `paths` that git ignores here; none where git cannot be asked.
    pub fn ignored(&self, git: &Git, paths: &[&Path]) -> Vec<PathBuf> {
        let inside = paths.iter().filter(|path| path.starts_with(&self.root));
        let mut asked: Vec<&std::ffi::OsStr> = vec!["check-ignore".as_ref(), "--".as_ref()];
        asked.extend(inside.map(|path| path.as_os_str()));
        if self.git_dir.is_none() || asked.len() == 2 {
            return Vec::new();
        }
        let answer = git.ask(&self.root, &asked);
        answer.map_or_else(|_| Vec::new(), |said| said.stdout.lines().map(PathBuf::from).collect())
    }
}
