//! How long a claim lasts, and what becomes of a task whose holder is gone.
//!
//! - A lease is renewed by its holder's activity, and is over the moment its
//!   time is up, whether or not anybody has looked.
//! - A task whose claim was lost is ready again at once, as its attempt may not
//!   have been its fault; a task that failed backs off.
//! - No task is tried more often than `max_attempts` says.

use rusqlite::named_params;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Status, dependencies, line, sql};
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::{MINUTE, SECOND, Time};
use crate::waits;

/// How long a claim lasts without a sign of life, in milliseconds.
pub const LEASE_MS: i64 = 15 * MINUTE;
/// The pause after a first failure; it doubles with each further one.
const BACK_OFF_MS: i64 = 10 * SECOND;
/// The longest pause.
const BACK_OFF_MAX_MS: i64 = 10 * MINUTE;

/// How a claim was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing was heard for the length of the lease.
    LeaseExpired,
    /// The holder's session was closed in good order.
    HolderFinished,
    /// The holder's process is gone.
    HolderDied,
    /// The holder was not heard for so long that it counts as dead.
    HolderSilent,
    /// A person called the task off.
    Cancelled,
}

impl Loss {
    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeaseExpired => "lease_expired",
            Self::HolderFinished => "holder_finished",
            Self::HolderDied => "holder_died",
            Self::HolderSilent => "holder_silent",
            Self::Cancelled => "cancelled",
        }
    }

    /// What the next to work on it is told.
    fn sentence(self, holder: &str) -> String {
        match self {
            Self::LeaseExpired => format!("{holder} was not heard until its lease ran out"),
            Self::HolderFinished => format!("{holder} left without completing it"),
            Self::HolderDied => format!("{holder} died while working on it"),
            Self::HolderSilent => format!("{holder} fell silent while working on it"),
            Self::Cancelled => "it was cancelled".into(),
        }
    }
}

/// A claim that was taken from its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Returned {
    /// Which task.
    pub task_id: String,
    /// Where.
    pub project: String,
    /// Whose it was, as others see it.
    pub agent_id: String,
    /// `pending` again, or `failed` when its attempts are used up.
    pub status: Status,
}

/// A claim that a session holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the fields of the answer")]
pub struct Held {
    pub task_id: String,
    pub task_type: String,
    pub description: String,
    pub lease_expires_at: Time,
    pub fence: i64,
}

/// The pause before the next try of a task that has failed `attempt` times, in milliseconds.
#[must_use]
pub fn back_off(attempt: i64) -> i64 {
    let doublings = u32::try_from(attempt.saturating_sub(1).clamp(0, 30)).unwrap_or_default();
    BACK_OFF_MS.saturating_mul(1 << doublings).min(BACK_OFF_MAX_MS)
}

/// Renews the session's leases of which less than half is left; returns how many.
/// Leases that have run out are not brought back.
///
/// # Errors
/// Faults only.
pub fn renew(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<usize> {
    let renewed = tx.run(
        "UPDATE work_queue
            SET lease_expires_at = :now + lease_ms, status = 'running'
          WHERE claimed_by_session = :session AND status IN ('claimed', 'running')
            AND lease_expires_at > :now AND 2 * (lease_expires_at - :now) < lease_ms",
        named_params! { ":session": session_id, ":now": now },
    )?;
    if renewed > 0 {
        tx.changed(Topic::Work);
    }
    Ok(renewed)
}

/// What the session holds.
///
/// # Errors
/// Faults only.
pub fn held_by(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<Held>> {
    sql::held_by(tx, session_id)
}

/// Returns everything a session holds and takes it out of the line; for whoever
/// finds that the session has ended.
///
/// # Errors
/// Faults only.
pub fn return_claims(
    tx: &Tx<'_>,
    session_id: &str,
    now: Time,
    why: Loss,
) -> Outcome<Vec<Returned>> {
    // It must not be served with what it has just lost.
    waits::leave_all(tx, session_id)?;
    let claims = sql::claims_of(tx, session_id)?;
    let returned: Vec<_> =
        claims.into_iter().map(|claim| give_back(tx, claim, now, why)).collect::<Outcome<_>>()?;
    serve_all(tx, returned.iter().map(|one| one.project.clone()), now)?;
    Ok(returned)
}

/// Returns the claims whose lease has run out, ends the back-offs that are over,
/// and serves those who wait for what became ready, in all projects.
///
/// # Errors
/// Faults only.
pub fn expire(tx: &Tx<'_>, now: Time) -> Outcome<Vec<Returned>> {
    let woken = sql::end_back_offs(tx, now)?;
    let claims = sql::claims_expired(tx, now)?;
    if woken.is_empty() && claims.is_empty() {
        return Ok(Vec::new());
    }
    tx.changed(Topic::Work);
    let returned: Vec<_> = claims
        .into_iter()
        .map(|claim| give_back(tx, claim, now, Loss::LeaseExpired))
        .collect::<Outcome<_>>()?;
    serve_all(tx, woken.into_iter().chain(returned.iter().map(|one| one.project.clone())), now)?;
    Ok(returned)
}

/// When [`expire`] has something to do next.
///
/// # Errors
/// Faults only.
pub fn next_deadline(tx: &Tx<'_>) -> Outcome<Option<Time>> {
    sql::next_deadline(tx)
}

/// Takes a claim from its holder: the task is ready again, or has used up its attempts.
fn give_back(tx: &Tx<'_>, claim: sql::Claim, now: Time, why: Loss) -> Outcome<Returned> {
    tx.changed(Topic::Work);
    let sentence = why.sentence(&claim.agent_id);
    sql::end_attempt(tx, &claim.task_id, why.name(), Some(&sentence), now)?;
    let status = if claim.attempt < claim.max_attempts {
        sql::make_pending(tx, &claim.task_id, Some(&sentence), Time::from_ms(0))?;
        Status::Pending
    } else {
        let message = format!("given up after attempt {}: {sentence}", claim.attempt);
        sql::fail(tx, &claim.task_id, None, Some(&message), now)?;
        dependencies::park_dependents(tx, &claim.task_id, &claim.task_type, Status::Failed)?;
        Status::Failed
    };
    Ok(Returned {
        task_id: claim.task_id,
        project: claim.project,
        agent_id: claim.agent_id,
        status,
    })
}

fn serve_all(tx: &Tx<'_>, projects: impl Iterator<Item = String>, now: Time) -> Outcome<()> {
    let projects: std::collections::BTreeSet<String> = projects.collect();
    projects.iter().try_for_each(|project| line::serve(tx, project, now).map(drop))
}
