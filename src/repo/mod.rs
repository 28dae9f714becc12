//! placeholder until the repository module lands
use std::path::PathBuf;
/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repo {
    /// Its name.
    pub project: String,
    /// The worktree's root.
    pub root: PathBuf,
}
