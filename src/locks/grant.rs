//! Writes a grant: new locks, renewed ones, and those that change their mode.
//!
//! - What a session holds keeps its fence when it is renewed or shared with
//!   others; what it gets, or gets alone, has a new one.
//! - Whoever takes over removes the rows whose time is up.
//!
//! Not here: whether it may be granted (`rules`).

use super::acquire::{Acquired, Action};
use super::rules::{Claim, Survey};
use super::shared;
use super::{Lock, Scene, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::Target;
use crate::store::Topic;

/// What was granted.
pub struct Granted {
    /// For the one who asked.
    pub reply: Acquired,
    /// One for each target, in order.
    pub fences: Vec<i64>,
    /// It made room for others too: a row was out of date, or is shared now.
    pub opened: bool,
}

/// Grants a claim that nothing stands in the way of; `ctx` is there if it may have been decided elsewhere.
pub fn grant(
    scene: Scene<'_>,
    claim: &Claim,
    survey: &Survey<'_>,
    ctx: Option<&Context>,
) -> Outcome<Granted> {
    let mut writer = Writer { scene, claim, ctx, fresh: None, opened: false };
    let mut fences = Vec::new();
    for (target, around) in &survey.around {
        writer.clear(around)?;
        fences.push(writer.take(target, around)?);
    }
    scene.tx.changed(Topic::Locks);
    let action = if writer.fresh.is_some() { Action::Acquired } else { Action::Refreshed };
    let expires_at = scene.now.plus(claim.ttl_ms);
    Ok(Granted {
        opened: writer.opened,
        reply: Acquired::new(action, &claim.targets, expires_at, &fences),
        fences,
    })
}

struct Writer<'a> {
    scene: Scene<'a>,
    claim: &'a Claim,
    ctx: Option<&'a Context>,
    /// The fence of everything that is new in this grant.
    fresh: Option<i64>,
    opened: bool,
}

impl Writer<'_> {
    fn clear(&mut self, around: &[Lock]) -> Outcome<()> {
        for lock in around.iter().filter(|lock| !lock.is_live(self.scene.now)) {
            sql::remove(self.scene.tx, self.scene.project, lock)?;
            self.opened = true;
        }
        Ok(())
    }

    /// Writes one row; returns its fence.
    fn take(&mut self, target: &Target, around: &[Lock]) -> Outcome<i64> {
        let had = around.iter().find(|lock| {
            lock.is_live(self.scene.now)
                && lock.session_id == self.claim.caller.session_id
                && lock.target == *target
        });
        let (fence, since) = match had {
            Some(lock) if lock.mode.grants(self.claim.mode) && !self.is_anew(lock) => {
                self.opened |= lock.mode != self.claim.mode;
                (lock.fence, lock.acquired_at.min(self.scene.now))
            }
            _ => (self.fresh_fence(&target.key)?, self.scene.now),
        };
        let caller = &self.claim.caller;
        let kept = had.and_then(|lock| lock.reason.clone());
        let lock = Lock {
            target: target.clone(),
            mode: self.claim.mode,
            session_id: caller.session_id.clone(),
            agent_id: caller.agent_id.clone(),
            agent_type: caller.agent_type.clone(),
            worktree: Some(self.claim.worktree.clone()),
            reason: self.claim.reason.clone().or(kept),
            fence,
            ttl_ms: self.claim.ttl_ms,
            acquired_at: since,
            expires_at: self.scene.now.plus(self.claim.ttl_ms),
        };
        sql::put(self.scene.tx, self.scene.project, &lock)?;
        Ok(fence)
    }

    /// Whether an arbiter had to grant again what the session holds here: it was somebody else's meanwhile.
    fn is_anew(&self, lock: &Lock) -> bool {
        let decided = self.ctx.and_then(|ctx| shared::fence_of(ctx, &lock.target.key));
        decided.is_some_and(|fence| fence != lock.fence)
    }

    fn fresh_fence(&mut self, key: &str) -> Outcome<i64> {
        let Scene { tx, project, now } = self.scene;
        if let Some(fence) = self.ctx.and_then(|ctx| shared::fence_of(ctx, key)) {
            sql::keep_fence(tx, project, Some(&self.claim.worktree), fence, now)?;
            self.fresh = Some(fence);
            return Ok(fence);
        }
        if let Some(fence) = self.fresh {
            return Ok(fence);
        }
        let fence = sql::next_fence(tx, project, &self.claim.worktree, now)?;
        self.fresh = Some(fence);
        Ok(fence)
    }
}
