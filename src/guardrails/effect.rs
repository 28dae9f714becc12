//! What a command would do to files: the part of an answer by which edits are coordinated.
//!
//! - Every path is one that the command would write, create, move or delete; what is
//!   only read is none.
//! - A path is literal, a pattern, or unknown; it is never guessed.
//!
//! Not here: how paths are found (`machine`, `programs`), whose they are.

use serde::Serialize;

use crate::guardrails::check::play;
use crate::guardrails::input::{Input, Setting};
use crate::guardrails::machine::{Arg, Env, HOLE, Machine};
use crate::guardrails::parse::Span;
use crate::guardrails::paths;
use crate::guardrails::report::Unknown;

/// What happens to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Its content changes.
    Write,
    /// It is emptied or replaced.
    Truncate,
    /// It comes to be, or only its time changes.
    Create,
    /// It comes to be as a folder.
    CreateFolder,
    /// It goes elsewhere, with everything below.
    Move,
    /// It is gone.
    Delete,
    /// It and everything below is gone.
    DeleteTree,
    /// It, or files below that nobody names, may change or come to be.
    WriteTree,
    /// Its present content is put into git's index or into a commit, or taken out of
    /// the index; the file stays as it is.
    Stage,
    /// Git changes any number of files at once.
    WholeTree(Whole),
}

/// How git changes many files at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whole {
    /// `checkout BRANCH`, `bisect`, `sparse-checkout`.
    Checkout,
    /// `switch BRANCH`.
    Switch,
    /// `stash`, `stash push`, `stash save`: changes are put away.
    StashPush,
    /// `stash pop`, `stash apply`, `stash branch`.
    StashPop,
    /// `reset --hard`, `--keep`, `--merge`.
    Reset,
    /// `clean`: files that git does not know are deleted, below the path only.
    Clean,
    /// `restore .`, `checkout -- .`: changes are dropped, below the path only.
    Discard,
    /// `merge`.
    Merge,
    /// `rebase`.
    Rebase,
    /// `pull`.
    Pull,
    /// `cherry-pick`.
    CherryPick,
    /// `revert`.
    Revert,
    /// `am`.
    Am,
    /// `filter-branch`, `filter-repo`, `read-tree -u`, `checkout-index -a`.
    Rewrite,
    /// `add .`: everything below the path goes into the index, other agents' work too.
    Stage,
    /// `add -A`, `add -u`, `reset`: the index of the whole worktree.
    StageAll,
    /// `commit -a`: everything that changed in the worktree goes into the commit.
    CommitAll,
}

/// How far from its path an effect reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The path alone.
    Path,
    /// The path and everything below it.
    Below,
    /// Everything in the git worktree in which the path lies.
    Worktree,
}

impl Verb {
    /// How far from its path the effect reaches.
    #[must_use]
    pub const fn reach(self) -> Reach {
        match self {
            Self::Write
            | Self::Truncate
            | Self::Create
            | Self::CreateFolder
            | Self::Delete
            | Self::Stage => Reach::Path,
            Self::Move
            | Self::DeleteTree
            | Self::WriteTree
            | Self::WholeTree(Whole::Clean | Whole::Discard | Whole::Stage) => Reach::Below,
            Self::WholeTree(_) => Reach::Worktree,
        }
    }

    /// Whether files change, and not only git's index and history.
    #[must_use]
    pub const fn changes_files(self) -> bool {
        !matches!(
            self,
            Self::Stage | Self::WholeTree(Whole::Stage | Whole::StageAll | Whole::CommitAll)
        )
    }
}

/// A path, as far as it is known before running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathRef {
    /// Relative to the setting's directory when below it, absolute otherwise.
    Literal(String),
    /// A pattern, relative likewise.
    Pattern(String),
    /// Not known before it runs.
    Unknown,
}

impl PathRef {
    /// The path an argument names, as seen from the setting's directory.
    #[must_use]
    pub fn of(machine: &Machine<'_>, arg: &Arg, env: &Env) -> Self {
        let abs = env.resolve(&arg.text);
        if abs.contains(HOLE) {
            return Self::Unknown;
        }
        let path = match paths::below(&abs, &machine.repo) {
            Some("") => ".".to_owned(),
            Some(below) => below.to_owned(),
            None => abs,
        };
        if arg.glob { Self::Pattern(path) } else { Self::Literal(path) }
    }
}

/// One thing a command would do to a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What happens.
    pub verb: Verb,
    /// To which path.
    pub path: PathRef,
    /// Where the command stands, in bytes of the text asked about.
    pub span: Option<Span>,
}

/// All that an input would do to files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effects {
    /// Paths that would be touched, in the order in which it happens, each once.
    pub touched: Vec<Effect>,
    /// What could not be followed; beyond it, more may be touched.
    pub unknowns: Vec<Unknown>,
}

/// What an input would do to files, without a verdict.
///
/// Pure, like [`crate::guardrails::check()`], and as bounded. Programs that the engine
/// does not know, scripts it does not see, and commands on other machines have no
/// effects: this is what is known to happen, not all that may.
#[must_use]
pub fn effects(input: &Input<'_>, setting: &Setting<'_>) -> Effects {
    let report = play(input, setting, false);
    Effects { touched: report.effects, unknowns: report.unknowns }
}
