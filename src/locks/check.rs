//! The tool that shows who holds what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::{self, ArgumentRefusal};
use super::queue::{self, Waiter};
use super::shared::Sight;
use super::{Lock, Mode, Scene, holders, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::Target;
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Hints, Progress, Tool};

/// Locks on one page if nothing else is asked.
const LOCKS: i64 = 50;
/// Locks on one page, at most.
pub const LOCKS_MAX: usize = 500;

/// See who holds which locks: all, those that touch given paths, or one agent's.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CheckLocks {
    #[schemars(length(min = 1, max = arguments::PATHS_MAX))]
    file_paths: Option<Vec<String>>,
    agent_id: Option<String>,
    #[serde(default = "limit")]
    #[schemars(range(min = 1, max = LOCKS_MAX))]
    limit: i64,
    /// From the answer before.
    cursor: Option<String>,
    #[serde(skip)]
    targets: Option<Vec<Target>>,
    #[serde(skip)]
    after: (String, String),
}

const fn limit() -> i64 {
    LOCKS
}

/// Locks, by path.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Locks {
    locks: Vec<LockRow>,
    /// There are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// What other machines hold is shown as of then.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
}

/// A lock as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LockRow {
    file_path: String,
    mode: Mode,
    locked_by: String,
    agent_type: String,
    locked_at: Time,
    expires_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    fence: i64,
    /// How many wait for it, if any.
    #[serde(skip_serializing_if = "is_zero")]
    waiting: usize,
    /// Where it was taken, unless in your worktree.
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Tool for CheckLocks {
    const NAME: &'static str = "check_locks";
    const TITLE: &'static str = "See locks";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Locks;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        if self.limit().is_none() {
            return Err(ArgumentRefusal::Limit { asked: self.limit, most: LOCKS_MAX }.into());
        }
        if let Some(cursor) = &self.cursor {
            let after = serde_json::from_str(cursor);
            self.after = after.map_err(|_not_ours| ArgumentRefusal::Cursor)?;
        }
        self.targets = arguments::targets(ctx, None, self.file_paths.as_ref())?;
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Locks>> {
        let scene = Scene::of(tx, ctx);
        let limit = self.limit().unwrap_or(LOCKS_MAX);
        let mut locks = match &self.targets {
            Some(targets) => self.touching(scene, targets)?,
            None => sql::page(tx, scene.project, &self.page(limit + 1), scene.now)?,
        };
        let more = locks.len() > limit;
        locks.truncate(limit);
        let last = locks.last().filter(|_| more);
        let next_cursor =
            last.map(|lock| serde_json::json!([lock.target.key, lock.session_id]).to_string());
        let line = queue::line(tx, scene.project, scene.now)?;
        let locks = locks.into_iter().map(|lock| row(lock, &line, ctx)).collect();
        let sight = tx.kept::<Sight>();
        let as_of =
            if ctx.settings.arbitrated { sight.as_of(scene.project, ctx.now) } else { None };
        Ok(Progress::Ended(Locks { locks, next_cursor, as_of }))
    }
}

impl CheckLocks {
    fn limit(&self) -> Option<usize> {
        usize::try_from(self.limit).ok().filter(|limit| (1..=LOCKS_MAX).contains(limit))
    }

    fn page(&self, limit: usize) -> sql::Page<'_> {
        let (key, session) = &self.after;
        sql::Page { after: (key, session), agent_id: self.agent_id.as_deref(), limit }
    }

    /// All that touch one of the targets and come after the cursor, by path.
    fn touching(&self, scene: Scene<'_>, targets: &[Target]) -> Outcome<Vec<Lock>> {
        let mut found = Vec::new();
        for target in targets {
            found.extend(holders(scene.tx, scene.project, target, scene.now)?);
        }
        found.retain(|lock| {
            self.agent_id.as_ref().is_none_or(|agent| *agent == lock.agent_id)
                && (&lock.target.key, &lock.session_id) > (&self.after.0, &self.after.1)
        });
        found.sort_by(|a, b| (&a.target.key, &a.session_id).cmp(&(&b.target.key, &b.session_id)));
        found.dedup();
        Ok(found)
    }
}

fn row(lock: Lock, line: &[Waiter], ctx: &Context) -> LockRow {
    let waits = |waiter: &&Waiter| {
        waiter.claim.caller.session_id != lock.session_id
            && waiter.claim.wants(&lock.target, lock.mode)
    };
    let waiting = line.iter().filter(waits).count();
    let here = ctx.repo.root.to_string_lossy();
    LockRow {
        waiting,
        file_path: lock.target.shown,
        mode: lock.mode,
        locked_by: lock.agent_id,
        agent_type: lock.agent_type,
        locked_at: lock.acquired_at,
        expires_at: lock.expires_at,
        reason: lock.reason,
        fence: lock.fence,
        worktree: lock.worktree.filter(|root| *root != here),
    }
}
