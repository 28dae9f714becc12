//! Whether a change of a held file is a breach.
//!
//! - A change before the lock, or in the moment of its grant, is none.
//! - A holder whose hooks are heard writes while a tool of it is at work, and shortly
//!   after. A change at any other time was not its doing.
//! - While a tool of the holder is at work, a change is taken for its own, unless another
//!   agent's tool named that file and the holder's did not.
//! - A holder without hooks may write at any time. A change is not its doing only if
//!   another agent was refused that file shortly before, or its tool named it.
//! - Where several hold a file together, one who may have written it is enough.
//!
//! Blind, therefore: to a person's editor while the holder's tool is at work or the
//! holder has no hooks; to what happens within [`SETTLE`](super::SETTLE) after a tool of
//! the holder. Unjust, at most, to a holder that left something running which writes.

use super::Change;
use super::hands::{Doing, Hands, TICK};
use crate::agents::{self, Live};
use crate::failure::Outcome;
use crate::locks::{self, Lock};
use crate::store::Tx;
use crate::time::Time;

/// A change that was not the holder's.
#[derive(Clone, Debug)]
pub struct Suspicion {
    /// Whose file it was.
    pub holder: Lock,
    /// Whose doing it may have been, where one stands out.
    pub suspect: Option<Live>,
}

/// What a change means; `None` if it is nobody's fault.
///
/// # Errors
/// Faults only.
pub fn judge(tx: &Tx<'_>, change: &Change, now: Time) -> Outcome<Option<Suspicion>> {
    let mut held = locks::holders(tx, &change.project, &change.target, now)?;
    held.retain(|lock| {
        lock.worktree.as_deref() == Some(&*change.worktree)
            && lock.acquired_at.plus(TICK) < change.at
    });
    let Some(holder) = held.first().cloned() else { return Ok(None) };
    let mut others = agents::all_live(tx)?;
    others.retain(|live| {
        live.project == change.project
            && !held.iter().any(|lock| is_family(&lock.session_id, &live.session_id))
    });
    let scene = Scene { hands: &tx.kept::<Hands>(), path: &change.target.shown, at: change.at };
    let rivals = scene.rivals(&others);
    let own = |lock: &Lock| scene.may_have_written(tx, lock, !rivals.is_empty());
    for lock in &held {
        if own(lock)? {
            return Ok(None);
        }
    }
    let suspect = match rivals.as_slice() {
        [] => scene.the_only_one_at_work(&others),
        [rival] => Some(rival.clone()),
        _ => None,
    };
    Ok(Some(Suspicion { holder, suspect }))
}

struct Scene<'a> {
    hands: &'a Hands,
    path: &'a str,
    at: Time,
}

impl Scene<'_> {
    /// Those who had to do with that very file.
    fn rivals(&self, others: &[Live]) -> Vec<Live> {
        let refused = self.hands.refused(self.path, self.at);
        let had = |live: &&Live| {
            refused.contains(&live.session_id)
                || self.hands.doing(&live.session_id, self.path, self.at) == Doing::This
        };
        others.iter().filter(had).cloned().collect()
    }

    fn the_only_one_at_work(&self, others: &[Live]) -> Option<Live> {
        let at_work = |live: &&Live| {
            self.hands.doing(&live.session_id, self.path, self.at) >= Doing::Something
        };
        let mut at_work = others.iter().filter(at_work);
        at_work.next().filter(|_| at_work.next().is_none()).cloned()
    }

    /// Whether the holder, or a subagent or the parent it works for, may have written.
    fn may_have_written(&self, tx: &Tx<'_>, lock: &Lock, rivals: bool) -> Outcome<bool> {
        let mut doing = self.hands.doing(&lock.session_id, self.path, self.at);
        for live in agents::all_live(tx)? {
            if is_family(&lock.session_id, &live.session_id) {
                doing = doing.max(self.hands.doing(&live.session_id, self.path, self.at));
            }
        }
        Ok(match doing {
            Doing::Unknown | Doing::Something => !rivals,
            Doing::Nothing => false,
            Doing::This => true,
        })
    }
}

/// The same session, its subagent or its parent: one is named after the other.
fn is_family(one: &str, other: &str) -> bool {
    let below = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(one, other) || below(other, one)
}
