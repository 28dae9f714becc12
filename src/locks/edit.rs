//! Locks for an edit that is about to be made: taken or renewed, or the reason why not.
//!
//! - What the agent's own parent holds, a subagent may edit: the parent waits for it.
//! - A lock that is held in another worktree is another file's; it is told of, and
//!   stands in the way only if that is set. What it covers is not locked again.
//! - All or none.
//!
//! Not here: waiting, and arguments of an agent (`acquire`).

use super::grant::grant;
use super::queue::{self, serve};
use super::refusal::Blocked;
use super::rules::{Claim, Survey, holders};
use super::{Lock, Mode, Scene, shared, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::{Kind, Target};
use crate::ruling::Ruling;
use crate::store::Tx;
use crate::time::MINUTE;

/// What came of it.
#[derive(Debug)]
pub enum Taken {
    /// It may be made.
    All {
        /// Each path that is locked for it now, with its fence.
        fences: Vec<(Target, i64)>,
        /// Locks in other worktrees that overlap it.
        elsewhere: Vec<Lock>,
    },
    /// Somebody is in the way.
    Blocked(Box<Blocked>),
    /// An arbiter decides here, and has not been asked for this one.
    Undecided(Target),
}

/// Locks `targets`, each once, for an edit by the caller.
///
/// # Errors
/// Faults only.
pub fn take_for_edit(tx: &Tx<'_>, ctx: &Context, targets: &[Target], why: &str) -> Outcome<Taken> {
    let scene = Scene::of(tx, ctx);
    let (free, elsewhere) = sort(scene, ctx, targets)?;
    let claim = Claim {
        caller: ctx.caller.clone(),
        targets: free,
        mode: Mode::Exclusive,
        ttl_ms: ctx.settings.lock_ttl_minutes * MINUTE,
        reason: (!why.is_empty()).then(|| why.to_owned()),
        worktree: ctx.repo.root.to_string_lossy().into_owned(),
    };
    take(scene, ctx, &claim, elsewhere)
}

/// What an edit of `targets` would lock, each with the caller's lock on it if it has that already.
///
/// # Errors
/// Faults only.
pub fn wanted_for_edit(
    tx: &Tx<'_>,
    ctx: &Context,
    targets: &[Target],
) -> Outcome<Vec<(Target, Option<Lock>)>> {
    let scene = Scene::of(tx, ctx);
    let (free, _) = sort(scene, ctx, targets)?;
    let with_own = |target: Target| {
        let own = sql::own(tx, scene.project, &ctx.caller.session_id, &target.key)?;
        let own = own.filter(|lock| lock.is_live(scene.now) && lock.mode == Mode::Exclusive);
        Ok((target, own))
    };
    free.into_iter().map(with_own).collect()
}

/// What is to be locked, and others' locks in other worktrees that cover the rest.
fn sort(scene: Scene<'_>, ctx: &Context, targets: &[Target]) -> Outcome<(Vec<Target>, Vec<Lock>)> {
    let root = ctx.repo.root.to_string_lossy();
    let (mut free, mut elsewhere) = (Vec::new(), Vec::new());
    for target in targets {
        let mut others = holders(scene.tx, scene.project, target, scene.now)?;
        others.retain(|lock| lock.session_id != ctx.caller.session_id);
        let parents = others.len();
        others.retain(|lock| !is_parent(&lock.session_id, &ctx.caller.session_id));
        let covered = others.len() < parents;
        let (away, here): (Vec<Lock>, Vec<Lock>) = others
            .into_iter()
            .partition(|lock| is_elsewhere(lock, &root) && !ctx.settings.worktree_locks_block);
        if here.is_empty() && (covered || !away.is_empty()) {
            elsewhere.extend(away);
        } else {
            // Somebody in the way is found below, by the same rules as everywhere.
            free.push(target.clone());
        }
    }
    Ok((free, elsewhere))
}

fn take(scene: Scene<'_>, ctx: &Context, claim: &Claim, elsewhere: Vec<Lock>) -> Outcome<Taken> {
    if claim.targets.is_empty() {
        return Ok(Taken::All { fences: Vec::new(), elsewhere });
    }
    shared::make_way(scene, ctx, claim)?;
    queue::sweep(scene, claim)?;
    let line = queue::line(scene.tx, scene.project, scene.now)?;
    let survey = Survey::of(scene, claim)?;
    if let Some(blocked) = Blocked::tell(claim, &survey, &line, scene.now) {
        return Ok(Taken::Blocked(blocked));
    }
    if let Some(target) = undecided(scene, ctx, claim)? {
        return Ok(Taken::Undecided(target));
    }
    let granted = grant(scene, claim, &survey, Some(ctx))?;
    if granted.opened {
        serve(scene.tx, scene.project, scene.now)?;
    }
    let fences = claim.targets.iter().cloned().zip(granted.fences).collect();
    Ok(Taken::All { fences, elsewhere })
}

/// What would be locked here though an arbiter decides and was not asked: the caller held it when it was looked at,
/// and has lost it since.
fn undecided(scene: Scene<'_>, ctx: &Context, claim: &Claim) -> Outcome<Option<Target>> {
    if !ctx.settings.arbitrated || matches!(ctx.ruling.as_deref(), Some(Ruling::Provisional)) {
        return Ok(None);
    }
    for target in &claim.targets {
        let own = sql::own(scene.tx, scene.project, &claim.caller.session_id, &target.key)?;
        let held = own.is_some_and(|lock| lock.is_live(scene.now) && lock.mode == claim.mode);
        if !held && shared::fence_of(ctx, &target.key).is_none() {
            return Ok(Some(target.clone()));
        }
    }
    Ok(None)
}

/// Everybody else's live locks on something in this very worktree that overlaps `target`,
/// the parent's left out.
///
/// # Errors
/// Faults only.
pub fn held_here(tx: &Tx<'_>, ctx: &Context, target: &Target) -> Outcome<Vec<Lock>> {
    let root = ctx.repo.root.to_string_lossy();
    let me = &ctx.caller.session_id;
    let mut found = holders(tx, ctx.project(), target, ctx.now)?;
    found.retain(|lock| {
        lock.session_id != *me
            && !is_parent(&lock.session_id, me)
            && !is_elsewhere(lock, &root)
            && lock.target.kind != Kind::Resource
    });
    Ok(found)
}

/// A subagent's session is named after its parent's.
#[must_use]
pub fn is_parent(parent: &str, session: &str) -> bool {
    session.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

fn is_elsewhere(lock: &Lock, root: &str) -> bool {
    lock.worktree.as_deref().is_some_and(|worktree| worktree != root)
}
