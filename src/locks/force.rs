//! The tool by which a person takes locks away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::{self, ArgumentRefusal};
use super::queue::serve_near;
use super::refusal::LockRefusal;
use super::{Lock, Scene, holders, news, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::{Target, covers};
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Characters of a reason, at least.
pub const REASON_MIN: usize = 3;

/// Release locks that somebody else holds: all in the given paths, all of one
/// agent, or that agent's in those paths.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ForceReleaseLock {
    /// A folder stands for every lock inside it.
    file_path: Option<String>,
    /// Several instead of one: all or none.
    #[schemars(length(min = 1, max = arguments::PATHS_MAX))]
    file_paths: Option<Vec<String>>,
    agent_id: Option<String>,
    /// For the audit, and for the one who loses it.
    #[schemars(length(min = REASON_MIN, max = arguments::REASON_MAX))]
    reason: String,
    #[serde(skip)]
    targets: Option<Vec<Target>>,
}

/// What was released, and who held it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Forced {
    /// Always `released`.
    action: &'static str,
    locks: Vec<ForcedLock>,
}

/// A lock that was taken away.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ForcedLock {
    file_path: String,
    locked_by: String,
    fence: i64,
}

impl Tool for ForceReleaseLock {
    const NAME: &'static str = "force_release_lock";
    const TITLE: &'static str = "Release others' locks";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: true };
    type Reply = Forced;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        arguments::check_reason(&self.reason)?;
        if self.reason.trim().chars().count() < REASON_MIN {
            return Err(ArgumentRefusal::ShortReason { sent: self.reason.clone() }.into());
        }
        self.targets = arguments::targets(ctx, self.file_path.as_ref(), self.file_paths.as_ref())?;
        if self.targets.is_none() && self.agent_id.is_none() {
            return Err(ArgumentRefusal::Nobody.into());
        }
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Forced>> {
        let scene = Scene::of(tx, ctx);
        let doomed = self.doomed(scene)?;
        let mut freed = Vec::with_capacity(doomed.len());
        for lock in &doomed {
            sql::remove(tx, scene.project, lock)?;
            news::leave(tx, lock, &ctx.caller.agent_id, self.reason.trim(), ctx.now)?;
            freed.push(lock.target.clone());
        }
        tx.changed(Topic::Locks);
        serve_near(scene, Some(&freed))?;
        let locks = doomed.into_iter().map(|lock| ForcedLock {
            file_path: lock.target.shown,
            locked_by: lock.agent_id,
            fence: lock.fence,
        });
        Ok(Progress::Ended(Forced { action: "released", locks: locks.collect() }))
    }
}

impl ForceReleaseLock {
    fn doomed(&self, scene: Scene<'_>) -> Outcome<Vec<Lock>> {
        let Some(targets) = &self.targets else { return self.all_of_agent(scene) };
        let mut doomed: Vec<Lock> = Vec::new();
        for target in targets {
            for lock in self.within(scene, target)? {
                if !doomed.contains(&lock) {
                    doomed.push(lock);
                }
            }
        }
        Ok(doomed)
    }

    fn all_of_agent(&self, scene: Scene<'_>) -> Outcome<Vec<Lock>> {
        let agent = self.agent_id.as_deref().unwrap_or_default();
        let page = sql::Page { after: ("", ""), agent_id: Some(agent), limit: usize::MAX };
        let found = sql::page(scene.tx, scene.project, &page, scene.now)?;
        if found.is_empty() {
            return Err(LockRefusal::HoldsNothing { agent: agent.to_owned() }.into());
        }
        Ok(found)
    }

    /// The locks that lie within the target altogether; at least one.
    fn within(&self, scene: Scene<'_>, target: &Target) -> Outcome<Vec<Lock>> {
        let mut found = holders(scene.tx, scene.project, target, scene.now)?;
        found.retain(|lock| self.agent_id.as_ref().is_none_or(|agent| *agent == lock.agent_id));
        let (inside, across): (Vec<Lock>, Vec<Lock>) =
            found.into_iter().partition(|lock| covers(target, &lock.target));
        if inside.is_empty() {
            let overlapping = across.into_iter().next();
            return Err(LockRefusal::NotLocked {
                path: target.shown.clone(),
                overlapping: overlapping.map(|lock| (lock.target.shown, lock.agent_id)),
            }
            .into());
        }
        Ok(inside)
    }
}
