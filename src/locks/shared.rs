//! Locks that an arbiter decides between machines: its grants as rows here, and rows for what it granted elsewhere.
//!
//! - A lock of another machine is a row like any other, so that all that looks at locks sees it; its session's name
//!   begins with [`ELSEWHERE`], and it comes and goes by the arbiter's word.
//! - What the arbiter grants here makes way for itself: a row of another machine that would be in the way is out of
//!   date.
//!
//! Not here: asking the arbiter (`arbiter`).

use super::rules::{Claim, Survey};
use super::{Lock, Scene, news, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ruling::{ELSEWHERE, Ruling};
use crate::store::{Topic, Tx};
use crate::time::Time;

/// The fence that the arbiter granted a path under, if it granted this call anything.
pub(super) fn fence_of(ctx: &Context, key: &str) -> Option<i64> {
    match ctx.ruling.as_deref() {
        Some(Ruling::Granted { fences }) => fences.get(key).copied(),
        _ => None,
    }
}

/// Removes rows of other machines that the arbiter's grant shows to be out of date.
pub(super) fn make_way(scene: Scene<'_>, ctx: &Context, claim: &Claim) -> Outcome<()> {
    if !matches!(ctx.ruling.as_deref(), Some(Ruling::Granted { .. })) {
        return Ok(());
    }
    for (_, around) in &Survey::of(scene, claim)?.around {
        let stale = |lock: &&Lock| is_elsewhere(lock) && lock.mode.conflicts(claim.mode);
        for lock in around.iter().filter(stale) {
            sql::remove(scene.tx, scene.project, lock)?;
        }
    }
    Ok(())
}

/// Whether another machine holds it.
#[must_use]
pub fn is_elsewhere(lock: &Lock) -> bool {
    lock.session_id.starts_with(ELSEWHERE)
}

/// Every lock of a project that is held on this machine.
///
/// # Errors
/// Faults only.
pub fn held_here(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<Vec<Lock>> {
    let mut found = all(tx, project, now)?;
    found.retain(|lock| !is_elsewhere(lock));
    Ok(found)
}

fn all(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<Vec<Lock>> {
    sql::page(tx, project, &sql::Page { after: ("", ""), agent_id: None, limit: usize::MAX }, now)
}

/// The newest fence that was seen in a project; 0 if none was.
///
/// # Errors
/// Faults only.
pub fn last_fence(tx: &Tx<'_>, project: &str) -> Outcome<i64> {
    sql::last_fence(tx, project)
}

/// Keeps the newest fence of all machines, so that one which is handed out here is greater.
///
/// # Errors
/// Faults only.
pub fn keep_fence(tx: &Tx<'_>, project: &str, fence: i64, now: Time) -> Outcome<()> {
    if fence > sql::last_fence(tx, project)? {
        sql::keep_fence(tx, project, None, fence, now)?;
    }
    Ok(())
}

/// Shows what other machines hold as the arbiter told it, in place of what it told before.
///
/// # Errors
/// Faults only.
pub fn show(tx: &Tx<'_>, project: &str, theirs: &[Lock], now: Time) -> Outcome<()> {
    let same = |a: &Lock, b: &Lock| {
        // A renewed lease alone is written only when half of it has passed.
        (&a.target.key, &a.session_id, a.mode, a.fence)
            == (&b.target.key, &b.session_id, b.mode, b.fence)
            && b.expires_at.since(a.expires_at) < a.ttl_ms / 2
    };
    let mut changed = false;
    let known: Vec<Lock> = all(tx, project, now)?.into_iter().filter(is_elsewhere).collect();
    for lock in &known {
        let still = |other: &Lock| {
            (&other.target.key, &other.session_id) == (&lock.target.key, &lock.session_id)
        };
        if !theirs.iter().any(still) {
            sql::remove(tx, project, lock)?;
            changed = true;
        }
    }
    for lock in theirs {
        if !known.iter().any(|old| same(old, lock)) {
            sql::put(tx, project, lock)?;
            changed = true;
        }
    }
    if changed {
        tx.changed(Topic::Locks);
    }
    Ok(())
}

/// How a lock was lost to another machine.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the words of the sentence")]
pub struct LostTo<'a> {
    pub whom: &'a str,
    pub why: &'a str,
    pub at: Time,
}

/// Takes a lock from its session here, because another machine has it now, and leaves it word.
///
/// # Errors
/// Faults only.
pub fn lose(tx: &Tx<'_>, project: &str, lock: &Lock, to: LostTo<'_>) -> Outcome<()> {
    sql::remove(tx, project, lock)?;
    news::leave(tx, lock, to.whom, to.why, to.at)?;
    tx.changed(Topic::Locks);
    Ok(())
}

/// Writes the fence under which the arbiter has a lock now.
///
/// # Errors
/// Faults only.
pub fn refence(tx: &Tx<'_>, project: &str, lock: &Lock, fence: i64, now: Time) -> Outcome<()> {
    if fence == lock.fence {
        return Ok(());
    }
    sql::keep_fence(tx, project, lock.worktree.as_deref(), fence, now)?;
    sql::put(tx, project, &Lock { fence, ..lock.clone() })
}
