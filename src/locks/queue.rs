//! The line of those who wait for locks, and serving it.
//!
//! - Served in order of arrival; a waiter is passed only by those who want
//!   nothing that it wants.
//! - A place whose time is up, or whose session has ended, is in nobody's way.
//!
//! Not here: the places themselves (`waits`), listening for the answer (`service`).

use serde::{Deserialize, Serialize};

use super::acquire::AcquireLock;
use super::grant::{Granted, grant};
use super::rules::{Claim, Survey};
use super::{Lock, Mode, Scene, sql};
use crate::answer::Answer;
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::repo::{Target, overlaps};
use crate::store::{Settled, Topic, Tx};
use crate::time::Time;
use crate::tool::Tool as _;
use crate::waits::{self, Kind, Wait};

/// Somebody in the line.
#[derive(Clone, Debug)]
pub struct Waiter {
    /// The place.
    pub place: Wait,
    /// What is waited for.
    pub claim: Claim,
}

/// A claim as its place in the line keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    caller: Caller,
    /// Kind, key and shown name of each target.
    targets: Vec<(String, String, String)>,
    mode: Mode,
    ttl_ms: i64,
    reason: Option<String>,
    worktree: String,
}

/// Takes a place for the context's call.
pub fn enqueue(tx: &Tx<'_>, ctx: &Context, claim: &Claim) -> Outcome<()> {
    let name = |target: &Target| {
        (target.kind.as_str().to_owned(), target.key.clone(), target.shown.clone())
    };
    let kept = Kept {
        caller: claim.caller.clone(),
        targets: claim.targets.iter().map(name).collect(),
        mode: claim.mode,
        ttl_ms: claim.ttl_ms,
        reason: claim.reason.clone(),
        worktree: claim.worktree.clone(),
    };
    waits::enqueue(tx, ctx, Kind::Lock, &serde_json::to_value(kept).map_err(anyhow::Error::from)?)?;
    tx.changed(Topic::Locks);
    Ok(())
}

/// Everybody in a project's line whose time is not up, first come first.
pub fn line(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<Vec<Waiter>> {
    let mut line = waits::line(tx, project, Kind::Lock)?;
    line.retain(|place| place.deadline_at > now);
    Ok(line.into_iter().filter_map(waiter).collect())
}

/// Whether the context's request was sent before and has kept its place.
pub fn has_place(scene: Scene<'_>, ctx: &Context) -> Outcome<bool> {
    if !ctx.resent || ctx.request_key.is_none() {
        return Ok(false);
    }
    let line = line(scene.tx, scene.project, scene.now)?;
    Ok(line.iter().any(|waiter| waiter.place.request_key == ctx.request_key))
}

/// Removes what is out of date around a claim and serves those who wait for it;
/// true if anything was.
pub fn sweep(scene: Scene<'_>, claim: &Claim) -> Outcome<bool> {
    let survey = Survey::of(scene, claim)?;
    let all = survey.around.into_iter().flat_map(|(_, locks)| locks);
    let old: Vec<Lock> = all.filter(|lock| !lock.is_live(scene.now)).collect();
    for lock in &old {
        sql::remove(scene.tx, scene.project, lock)?;
    }
    if !old.is_empty() {
        scene.tx.changed(Topic::Locks);
        let freed: Vec<Target> = old.into_iter().map(|lock| lock.target).collect();
        serve_near(scene, Some(&freed))?;
        return Ok(true);
    }
    Ok(false)
}

/// How many wait for locks of a project.
///
/// # Errors
/// Faults only.
pub fn waiting(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<usize> {
    Ok(line(tx, project, now)?.len())
}

fn waiter(mut place: Wait) -> Option<Waiter> {
    let kept = serde_json::from_value(std::mem::take(&mut place.args));
    let Kept { caller, targets, mode, ttl_ms, reason, worktree } = match kept {
        Ok(kept) => kept,
        Err(error) => {
            // It ends at its deadline like any other that is not served.
            tracing::warn!(ticket = %place.ticket, "a place in the line cannot be read: {error}");
            return None;
        }
    };
    let targets = targets.into_iter().map(|(kind, key, shown)| sql::stored(&kind, &key, shown));
    let targets = targets.collect();
    Some(Waiter { place, claim: Claim { caller, targets, mode, ttl_ms, reason, worktree } })
}

/// Grants, in order of arrival, whatever can be granted now. To be called after
/// anything of the project was freed, in the same transaction.
///
/// # Errors
/// Faults only.
pub fn serve(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<()> {
    serve_near(Scene { tx, project, now }, None)
}

/// [`serve`] for those alone who wait for something that touches `freed`
/// (`None`: for all).
pub fn serve_near(scene: Scene<'_>, freed: Option<&[Target]>) -> Outcome<()> {
    let mut line = line(scene.tx, scene.project, scene.now)?;
    if line.is_empty() {
        return Ok(());
    }
    let mut freed = freed;
    if sql::remove_dead_places(scene.tx, scene.project)? > 0 {
        line = self::line(scene.tx, scene.project, scene.now)?;
        freed = None;
    }
    while pass(scene, &mut line, freed)? {
        // What the grants themselves opened may be wanted by anybody.
        freed = None;
    }
    Ok(())
}

/// Goes through the line; true, and at once, if a grant opened something that
/// those before it may be waiting for.
fn pass(scene: Scene<'_>, line: &mut Vec<Waiter>, freed: Option<&[Target]>) -> Outcome<bool> {
    let mut at = 0;
    while let Some((ahead, waiter)) = line.get(..at).zip(line.get(at)) {
        let concerned = freed.is_none_or(|freed| touches(waiter, freed));
        let granted = if concerned { try_grant(scene, &waiter.claim, ahead)? } else { None };
        let Some(granted) = granted else {
            at += 1;
            continue;
        };
        let opened = granted.opened;
        settle(scene.tx, waiter, granted)?;
        line.remove(at);
        if opened {
            return Ok(true);
        }
    }
    Ok(false)
}

fn touches(waiter: &Waiter, freed: &[Target]) -> bool {
    waiter.claim.targets.iter().any(|want| freed.iter().any(|free| overlaps(want, free)))
}

/// Grants a claim if nothing stands in its way.
fn try_grant(scene: Scene<'_>, claim: &Claim, ahead: &[Waiter]) -> Outcome<Option<Granted>> {
    let survey = Survey::of(scene, claim)?;
    if !survey.blocks(claim, ahead, scene.now).is_empty() {
        return Ok(None);
    }
    grant(scene, claim, &survey, None).map(Some)
}

fn settle(tx: &Tx<'_>, waiter: &Waiter, granted: Granted) -> Outcome<()> {
    waits::leave(tx, waiter.place.ticket)?;
    let reply = serde_json::to_value(granted.reply).map_err(anyhow::Error::from)?;
    tx.settle(Settled {
        ticket: waiter.place.ticket,
        caller: waiter.claim.caller.clone(),
        project: waiter.place.project.clone(),
        request_key: waiter.place.request_key.clone(),
        operation: AcquireLock::NAME,
        arguments: waiter.place.asked.clone(),
        answer: Answer::Done(reply),
    });
    Ok(())
}
