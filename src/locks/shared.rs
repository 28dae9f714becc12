//! Locks that an arbiter decides between machines: its grants as rows here, and rows for what it granted elsewhere.
//!
//! - A lock of another machine is a row like any other, so that all that looks at locks sees it; its session's name
//!   begins with [`ELSEWHERE`], and it comes and goes by the arbiter's word.
//! - What the arbiter grants here makes way for itself: a row of another machine that would be in the way is out of
//!   date.
//!
//! Not here: asking the arbiter (`arbiter`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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
    for (target, around) in &Survey::of(scene, claim)?.around {
        if fence_of(ctx, &target.key).is_none() {
            continue;
        }
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

/// What is shown of other machines may be so old, in milliseconds, without a word about it.
const FRESH_MS: i64 = 5_000;

/// When the arbiter told last what other machines hold, for each project.
#[derive(Default)]
pub struct Sight(Mutex<HashMap<String, Time>>);

impl Sight {
    /// It has just told.
    pub fn note(&self, project: &str, at: Time) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(project.to_owned(), at);
    }

    /// As of when others' locks are shown, if that is some time ago; 1970 if nothing was ever heard.
    #[must_use]
    pub fn as_of(&self, project: &str, now: Time) -> Option<Time> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.get(project) {
            None => Some(Time::from_ms(0)),
            Some(at) => Some(*at).filter(|at| !(0..=FRESH_MS).contains(&now.since(*at))),
        }
    }
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

/// What a session holds of a project.
///
/// # Errors
/// Faults only.
pub fn held_by(tx: &Tx<'_>, project: &str, session_id: &str, now: Time) -> Outcome<Vec<Lock>> {
    let mut found = sql::of_session(tx, project, session_id)?;
    found.retain(|lock| lock.is_live(now));
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
    let name = |lock: &Lock| (lock.target.key.clone(), lock.session_id.clone());
    let known = all(tx, project, now)?.into_iter().filter(is_elsewhere);
    let mut known: HashMap<_, Lock> = known.map(|lock| (name(&lock), lock)).collect();
    let mut changed = false;
    for lock in theirs {
        if !known.remove(&name(lock)).is_some_and(|old| is_still(&old, lock)) {
            sql::put(tx, project, lock)?;
            changed = true;
        }
    }
    for lock in known.values() {
        sql::remove(tx, project, lock)?;
        changed = true;
    }
    if changed {
        tx.changed(Topic::Locks);
    }
    Ok(())
}

/// Shows what has changed of what other machines hold: what they were granted, and which path's key of which session
/// ended.
///
/// # Errors
/// Faults only.
pub fn show_changes(
    tx: &Tx<'_>,
    project: &str,
    theirs: &[Lock],
    gone: &[(String, String)],
) -> Outcome<()> {
    let mut changed = false;
    for (key, session) in gone {
        if let Some(old) = sql::own(tx, project, session, key)? {
            sql::remove(tx, project, &old)?;
            changed = true;
        }
    }
    for lock in theirs {
        let old = sql::own(tx, project, &lock.session_id, &lock.target.key)?;
        if !old.is_some_and(|old| is_still(&old, lock)) {
            sql::put(tx, project, lock)?;
            changed = true;
        }
    }
    if changed {
        tx.changed(Topic::Locks);
    }
    Ok(())
}

/// Draws out what other machines' sessions hold until these times at least; how many locks of theirs are live then.
///
/// # Errors
/// Faults only.
pub fn draw_out(
    tx: &Tx<'_>,
    project: &str,
    leases: &[(String, Time)],
    now: Time,
) -> Outcome<usize> {
    let mut drawn = 0;
    for (session, until) in leases {
        drawn += sql::draw_out(tx, project, session, *until)?;
    }
    if drawn > 0 {
        tx.changed(Topic::Locks);
    }
    sql::live_of_others(tx, project, now)
}

/// A renewed lease alone is written only when half of it has passed.
fn is_still(old: &Lock, new: &Lock) -> bool {
    (old.mode, old.fence) == (new.mode, new.fence)
        && new.expires_at.since(old.expires_at) < old.ttl_ms / 2
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
