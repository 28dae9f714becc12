//! Locks over time: renewed by activity, released with their session, removed
//! when their time is up.
//!
//! Not here: who is alive, and the timer that asks for all this (`agents`, `daemon`).

use std::collections::BTreeSet;

use super::news::news;
use super::queue::serve;
use super::sql;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::Time;

/// A lock that was released with its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Where.
    pub project: String,
    /// What was held.
    pub path: String,
    /// By whom.
    pub agent_id: String,
    /// Under which fence.
    pub fence: i64,
}

/// Starts the time of a session's locks anew, as a sign of life does, where less
/// than half of it is left; returns how many. A lock whose time was up is not
/// brought back.
///
/// # Errors
/// Faults only.
pub fn renew(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<usize> {
    let renewed = sql::renew(tx, session_id, now)?;
    if renewed > 0 {
        tx.changed(Topic::Locks);
    }
    Ok(renewed)
}

/// Releases all that a session holds, in every project, and serves those who
/// wait for it. The session's own places in the line are left to `waits::leave_all`,
/// which should come first.
///
/// # Errors
/// Faults only.
pub fn release_session(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<Vec<Released>> {
    let gone = sql::remove_session(tx, session_id)?;
    // Nobody is left to read it.
    news(tx, session_id)?;
    let projects: BTreeSet<&String> = gone.iter().map(|(project, _)| project).collect();
    for project in projects {
        tx.changed(Topic::Locks);
        serve(tx, project, now)?;
    }
    let released = gone.into_iter().map(|(project, lock)| Released {
        project,
        path: lock.target.shown,
        agent_id: lock.agent_id,
        fence: lock.fence,
    });
    Ok(released.collect())
}

/// Removes every lock whose time is up, and serves those who wait for one, or
/// stand behind a place whose time is up; returns how many locks were removed.
///
/// # Errors
/// Faults only.
pub fn expire(tx: &Tx<'_>, now: Time) -> Outcome<usize> {
    let gone = sql::remove_expired(tx, now)?;
    let left = sql::projects_with_old_places(tx, now)?;
    for project in gone.iter().chain(&left).collect::<BTreeSet<_>>() {
        tx.changed(Topic::Locks);
        serve(tx, project, now)?;
    }
    Ok(gone.len())
}

/// When [`expire`] will next have something to do.
///
/// # Errors
/// Faults only.
pub fn next_deadline(tx: &Tx<'_>) -> Outcome<Option<Time>> {
    sql::first_expiry(tx)
}
