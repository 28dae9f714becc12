//! What time and death do: the one place where a session's end is carried out,
//! and where whatever has had its time is cleared away.
//!
//! - A death is one transaction: the session's row, its places in queues, its
//!   claims and its locks, and those who were waiting for them. It happens once.
//! - A session with an open connection ends by the daemon's word alone; one
//!   without ends by silence.
//! - Nothing here decides whether a lock or a lease still counts: that is a
//!   matter of its time, whether or not it was cleared away yet.
//!
//! Not here: who still has a connection (`daemon`), what a renewal is (the domains).

mod sql;
mod tools;

use serde::Serialize;

pub use tools::{EndSession, Over};

use crate::agents::{self, Live, Reason};
use crate::failure::Outcome;
use crate::hooks;
use crate::locks;
use crate::repo::Head;
use crate::store::{Topic, Tx};
use crate::time::{DAY, HOUR, MINUTE, SECOND, Time};
use crate::waits;
use crate::work::{self, Loss};

/// Answers are kept for a repeat of their request for so long.
pub const REPLY_KEPT: i64 = DAY;
/// A place in a queue outlives its deadline by this, in case its call comes back
/// after a restart; the call itself leaves at the deadline.
const WAIT_KEPT: i64 = 10 * SECOND;
/// A claim whose holder has an open connection is renewed when this much is left.
const RENEW_AHEAD: i64 = MINUTE;
/// Answers are cleared away in batches, not one wake-up for each.
const REPLY_BATCH: i64 = HOUR;

/// A session's end, and what it set free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Whose.
    pub session_id: String,
    /// As others know it.
    pub agent_id: String,
    /// Where it lived.
    pub project: String,
    /// How.
    pub reason: Reason,
    /// Locks that are free now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Freed>,
    /// Claims that were returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<work::Returned>,
}

/// A lock that went with its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of file_locks")]
pub struct Freed {
    pub project: String,
    pub path: String,
    pub fence: i64,
}

/// Ends a session and frees what it held; `None` if it had ended already.
///
/// # Errors
/// Faults only.
pub fn end(tx: &Tx<'_>, session_id: &str, reason: Reason, now: Time) -> Outcome<Option<Ended>> {
    end_at(tx, session_id, reason, None, now)
}

/// As [`end`], with the branch that the agent was on, if that is known.
fn end_at(
    tx: &Tx<'_>,
    session_id: &str,
    reason: Reason,
    head: Option<&Head>,
    now: Time,
) -> Outcome<Option<Ended>> {
    match agents::close(tx, session_id, reason, now)? {
        Some(live) => Ok(Some(rest(tx, live, reason, head, now)?)),
        None => Ok(None),
    }
}

/// Frees what a session holds, whether or not its row is closed; its handoff comes first,
/// because it names what was open.
fn rest(tx: &Tx<'_>, live: Live, reason: Reason, head: Option<&Head>, now: Time) -> Outcome<Ended> {
    hooks::farewell(tx, &live, reason == Reason::Finished, head, now)?;
    let Live { session_id, agent_id, project, .. } = live;
    // First it leaves every queue: it must not be served with what it gives back.
    let queues = sql::queues_of(tx, &session_id)?;
    waits::leave_all(tx, &session_id)?;
    let returned = work::return_claims(tx, &session_id, now, loss(reason))?;
    let released = locks::release_session(tx, &session_id, now)?;
    for project in &queues {
        // Those who stood behind it may go ahead, though nothing was freed.
        locks::serve(tx, project, now)?;
        work::serve(tx, project, now)?;
    }
    let released = released
        .into_iter()
        .map(|lock| Freed { project: lock.project, path: lock.path, fence: lock.fence })
        .collect();
    tx.changed(Topic::Agents);
    Ok(Ended { session_id, agent_id, project, reason, released, returned })
}

/// What one look at the clock cleared away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reaped {
    /// Sessions that ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Ended>,
    /// Locks whose time was up.
    #[serde(skip_serializing_if = "is_zero")]
    pub locks_expired: usize,
    /// Claims whose lease was up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leases_expired: Vec<work::Returned>,
    /// Places in queues that nobody came back for.
    #[serde(skip_serializing_if = "is_zero")]
    pub waits_expired: usize,
    /// Answers that were kept long enough.
    #[serde(skip_serializing_if = "is_zero")]
    pub replies_dropped: usize,
}

impl Reaped {
    /// Whether there was nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Clears away all that has had its time; silence of the `spared` is overlooked.
///
/// # Errors
/// Faults only.
pub fn reap(tx: &Tx<'_>, now: Time, spared: &[String]) -> Outcome<Reaped> {
    let mut reaped = Reaped::default();
    for session in agents::silent(tx, now.plus(-agents::stale(tx)?))? {
        if spared.contains(&session) {
            continue;
        }
        reaped.ended.extend(end(tx, &session, Reason::Silent, now)?);
    }
    // An agent may think for longer than a lease lasts; its connection speaks for it.
    for session in sql::holders_to_renew(tx, now.plus(RENEW_AHEAD))? {
        work::renew(tx, &session, now)?;
    }
    reaped.locks_expired = locks::expire(tx, now)?;
    reaped.leases_expired = work::expire(tx, now)?;
    reaped.waits_expired = waits::expire(tx, now.plus(-WAIT_KEPT))?;
    reaped.replies_dropped = sql::drop_replies(tx, now.plus(-REPLY_KEPT))?;
    hooks::forget(tx, now)?;
    Ok(reaped)
}

/// When [`reap`] will next have something to do; `None` while nothing runs.
///
/// # Errors
/// Faults only.
pub fn next_deadline(tx: &Tx<'_>, spared: &[String]) -> Outcome<Option<Time>> {
    let after = |time: Option<Time>, ms: i64| time.map(|time| time.plus(ms));
    let all = [
        after(agents::longest_silent(tx, spared)?, agents::stale(tx)?),
        after(sql::first_renewal(tx)?, -RENEW_AHEAD),
        locks::next_deadline(tx)?,
        work::next_deadline(tx)?,
        after(sql::first_wait(tx)?, WAIT_KEPT + 1),
        after(sql::oldest_reply(tx)?, REPLY_KEPT + REPLY_BATCH),
    ];
    Ok(all.into_iter().flatten().min())
}

const fn loss(reason: Reason) -> Loss {
    match reason {
        Reason::Finished => Loss::HolderFinished,
        Reason::Died => Loss::HolderDied,
        Reason::Silent => Loss::HolderSilent,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}
