//! Who stands in whose way.
//!
//! - A live lock of another session stands in the way if both overlap and one
//!   is exclusive.
//! - So does an earlier waiter, unless the asker holds the thing already and
//!   either asks for no more than it has, or keeps that waiter waiting anyway.
//!
//! Not here: what overlaps (`repo`), writing a grant (`grant`).

use crate::context::Caller;
use crate::failure::Outcome;
use crate::repo::{Target, covers, overlaps};
use crate::store::Tx;
use crate::time::Time;

use super::queue::Waiter;
use super::{Lock, Mode, Scene, sql};

/// What somebody wants: all of it, or nothing.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who.
    pub caller: Caller,
    /// What; each once.
    pub targets: Vec<Target>,
    /// Alone or not.
    pub mode: Mode,
    /// For how long, in milliseconds.
    pub ttl_ms: i64,
    /// Why.
    pub reason: Option<String>,
    /// Where: the root of a worktree.
    pub worktree: String,
}

impl Claim {
    fn is_mine(&self, lock: &Lock) -> bool {
        lock.session_id == self.caller.session_id
    }

    /// Whether both cannot be granted.
    pub fn conflicts(&self, other: &Self) -> bool {
        self.targets.iter().any(|target| other.wants(target, self.mode))
            && self.caller.session_id != other.caller.session_id
    }

    /// Whether it would stand in the way of `target` in `mode`.
    pub fn wants(&self, target: &Target, mode: Mode) -> bool {
        self.mode.conflicts(mode) && self.targets.iter().any(|mine| overlaps(mine, target))
    }
}

/// What there is around a claim: for each target the rows that overlap it,
/// those whose time is up among them.
pub struct Survey<'a> {
    /// In the order of the claim's targets.
    pub around: Vec<(&'a Target, Vec<Lock>)>,
}

impl<'a> Survey<'a> {
    /// Looks around a claim.
    pub(super) fn of(scene: Scene<'_>, claim: &'a Claim) -> Outcome<Self> {
        let look = |target| Ok((target, touching(scene.tx, scene.project, target)?));
        Ok(Self { around: claim.targets.iter().map(look).collect::<Outcome<_>>()? })
    }

    /// Rows whose time is up.
    pub fn stale(&self, now: Time) -> impl Iterator<Item = &Lock> {
        self.around.iter().flat_map(|(_, locks)| locks).filter(move |lock| !lock.is_live(now))
    }

    /// Everything that stands in the claim's way, given the waiters before it.
    pub fn blocks<'b>(&'b self, claim: &Claim, ahead: &'b [Waiter], now: Time) -> Vec<Block<'b>> {
        let mut found = Vec::new();
        for (target, locks) in &self.around {
            let live = || locks.iter().filter(|lock| lock.is_live(now));
            let others = live().filter(|lock| !claim.is_mine(lock));
            let held = others.filter(|lock| lock.mode.conflicts(claim.mode));
            found.extend(held.map(|lock| Block { target, by: By::Holder(lock) }));

            let mine: Vec<&Lock> =
                live().filter(|lock| claim.is_mine(lock) && covers(&lock.target, target)).collect();
            let rivals = ahead.iter().filter(|waiter| {
                waiter.claim.caller.session_id != claim.caller.session_id
                    && waiter.claim.wants(target, claim.mode)
                    && !mine.iter().any(|lock| passes(lock, claim.mode, waiter))
            });
            found.extend(rivals.map(|waiter| Block { target, by: By::Waiter(waiter) }));
        }
        found
    }
}

/// Whether holding `lock` lets its session pass an earlier waiter for what it covers.
fn passes(lock: &Lock, asked: Mode, waiter: &Waiter) -> bool {
    lock.mode.grants(asked) || waiter.claim.wants(&lock.target, lock.mode)
}

/// Somebody in a claim's way.
pub struct Block<'a> {
    /// The part of the claim that cannot be granted.
    pub target: &'a Target,
    /// Who is in the way.
    pub by: By<'a>,
}

/// How somebody is in the way.
pub enum By<'a> {
    /// Holds it.
    Holder(&'a Lock),
    /// Asked for it first.
    Waiter(&'a Waiter),
}

impl By<'_> {
    /// The session in the way.
    pub fn session_id(&self) -> &str {
        match self {
            Self::Holder(lock) => &lock.session_id,
            Self::Waiter(waiter) => &waiter.claim.caller.session_id,
        }
    }

    /// The agent in the way.
    pub fn agent_id(&self) -> &str {
        match self {
            Self::Holder(lock) => &lock.agent_id,
            Self::Waiter(waiter) => &waiter.claim.caller.agent_id,
        }
    }
}

fn touching(tx: &Tx<'_>, project: &str, target: &Target) -> Outcome<Vec<Lock>> {
    let mut found = sql::near(tx, project, target)?;
    found.retain(|lock| overlaps(&lock.target, target));
    Ok(found)
}

/// Every lock that overlaps the target and whose time is not up, the caller's own
/// among them.
///
/// # Errors
/// Faults only.
pub fn holders(tx: &Tx<'_>, project: &str, target: &Target, now: Time) -> Outcome<Vec<Lock>> {
    let mut found = touching(tx, project, target)?;
    found.retain(|lock| lock.is_live(now));
    Ok(found)
}
