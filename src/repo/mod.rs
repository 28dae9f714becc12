//! Which repository this is, and the one name each of its paths has.
//!
//! - A repository has one name, the *project*, in all its worktrees and clones.
//! - A file has one key, however it is spelled and through whichever link.
//! - No key lies outside the repository's root or inside its `.git`.
//! - Two claims that could touch the same path are never called disjoint.
//!
//! Not here: who holds what (`locks`), what a repository's files contain.

pub mod git;
pub mod head;
pub mod hooks;
pub mod identity;
pub mod overlap;
pub mod path;
pub mod refusal;
pub mod target;
pub mod url;

mod clean;
mod glob;
mod kept;
mod names;
mod nested;
mod pattern;
mod resource;
mod stamp;
mod walk;
mod wild;

use std::path::PathBuf;

pub use git::Git;
pub use head::Head;
pub use identity::Warning;
pub use overlap::{covers, overlaps};
pub use refusal::PathRefusal;
pub use stamp::Stamp;
pub use target::{Kind, Target, ancestors, below};

/// A worktree of a repository, or a plain folder that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repo {
    /// The name that all worktrees and clones share: `github.com/acme/app`,
    /// `root:<commit>`, `path:<folder>`, or `name:<name>` from `coord.toml`.
    pub project: String,
    /// Top folder of this worktree, free of symbolic links.
    pub root: PathBuf,
    /// Where this worktree keeps its `HEAD`; none outside a repository.
    pub git_dir: Option<PathBuf>,
    /// Where all worktrees keep their refs; equals `git_dir` in the first one.
    pub common_dir: Option<PathBuf>,
    /// Whether the file system under `root` takes `A` and `a` for one name.
    pub case_insensitive: bool,
    /// What kept the name from being a better one; worth showing to a person.
    pub warnings: Vec<Warning>,
}
