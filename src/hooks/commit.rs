//! The tool that git's hook calls before a commit is made.
//!
//! - A commit carries only files whose locks are the committer's own or free.
//! - A lock that was lost since the file was changed counts too, if somebody else has
//!   changed the file in the same worktree since: the fence tells.
//! - A person is told and not stopped, unless that is set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusal::{Holding, HookRefusal, Lost};
use super::sql;
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks;
use crate::repo::{Kind, Target};
use crate::store::Tx;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Files of one call, at most.
pub const STAGED_MAX: usize = 10_000;

/// See whether files may be committed by the caller, as git's hook does.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CheckCommit {
    /// Relative to the worktree's root.
    #[schemars(length(max = STAGED_MAX))]
    file_paths: Vec<String>,
    /// Tell and do not refuse, whoever it is.
    #[serde(default)]
    lenient: bool,
    #[serde(skip)]
    targets: Vec<Target>,
}

/// They may.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MayCommit {
    /// What the committer should know all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl Tool for CheckCommit {
    const NAME: &'static str = "check_commit";
    const TITLE: &'static str = "Check a commit";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = MayCommit;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        if self.file_paths.len() > STAGED_MAX {
            let (field, sent, most) = ("file_paths", self.file_paths.len(), STAGED_MAX);
            return Err(HookRefusal::TooMuch { field, sent, most, unit: "entries" }.into());
        }
        // What cannot be named cannot be locked either.
        let found = self.file_paths.iter().filter_map(|path| ctx.repo.resolve_file(path).ok());
        self.targets = found.filter(|target| target.kind != Kind::Resource).collect();
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<MayCommit>> {
        let (mut foreign, mut lost) = (Vec::new(), Vec::new());
        for target in &self.targets {
            foreign.extend(
                locks::held_here(tx, ctx, target)?
                    .iter()
                    .map(|lock| Holding { file_path: target.shown.clone(), ..Holding::from(lock) }),
            );
            lost.extend(since_lost(tx, ctx, target)?);
        }
        lost.retain(|one| !foreign.iter().any(|held| held.file_path == one.file_path));
        if foreign.is_empty() && lost.is_empty() {
            return Ok(Progress::Ended(MayCommit { warning: None }));
        }
        let refusal = HookRefusal::Commit { foreign, lost };
        let spared = ctx.caller.person && !ctx.settings.person_commits_block;
        if self.lenient || spared {
            return Ok(Progress::Ended(MayCommit { warning: Some(refusal.to_string()) }));
        }
        Err(refusal.into())
    }
}

/// The caller's lock on a file that it has changed, if it is gone and another has changed
/// the file in this worktree since.
fn since_lost(tx: &Tx<'_>, ctx: &Context, target: &Target) -> Outcome<Option<Lost>> {
    let root = ctx.repo.root.to_string_lossy();
    let touched = sql::touched(tx, ctx.project(), &target.key)?;
    let me = &ctx.caller.session_id;
    let Some(mine) = touched.iter().find(|one| one.session_id == *me && one.worktree == root)
    else {
        return Ok(None);
    };
    let later = touched.iter().find(|one| {
        one.session_id != *me
            && one.worktree == root
            && one.fence > mine.fence
            && !locks::is_parent(me, &one.session_id)
    });
    Ok(later.map(|one| Lost {
        file_path: target.shown.clone(),
        fence: mine.fence,
        changed_by: one.agent_id.clone(),
        changed_at: one.at,
        their_fence: one.fence,
    }))
}
