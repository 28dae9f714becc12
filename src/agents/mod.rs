//! Who is here: sessions, their names, and whether they live.
//!
//! - A session is one run of one client; its row outlives it.
//! - Alive = its connection is open, or it was heard within the stale threshold.
//! - Every call is a sign of life; a heartbeat is only needed by who makes none.
//! - A session that comes back after its end gets its name back, and nothing else.
//!
//! Not here: who somebody is (`identity`), and what a death frees (`life`).

mod clients;
pub mod identity;
mod refusal;
mod sql;
mod tools;

use serde::Serialize;

pub use refusal::AgentRefusal;
pub use sql::Live;
pub use tools::{
    Agent, Agents, CAPABILITIES_MAX, CAPABILITY_MAX, Claim, DiscoverAgents, Heartbeat, Heartbeaten,
    PAGE, Peer, RegisterSession, Registered, Status, TASK_MAX,
};

use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::store::{Topic, Tx, meta};
use crate::time::{DAY, MINUTE, SECOND, Time};
use identity::Identity;

/// Silence after which an agent without a connection counts as dead, unless set
/// otherwise (`STALE_AGENT_MINUTES`).
pub const STALE: i64 = 15 * MINUTE;
/// An agent heard within this time is active.
pub const ACTIVE: i64 = 2 * MINUTE;
/// The same for one whose connection is open: a model may think for long.
pub const ACTIVE_CONNECTED: i64 = 10 * MINUTE;
/// A name is free again when its last bearer has been gone for so long.
const NAME_KEPT: i64 = DAY;
/// Signs of life are written at most this often.
const HEARD_EVERY: i64 = SECOND;
/// Where the stale threshold in force is kept, so that every reader knows it.
const STALE_KEY: &str = "stale_ms";

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// It said so, or its client ended in order.
    Finished,
    /// Its connection broke or its client's process is gone.
    Died,
    /// It was not heard within the stale threshold.
    Silent,
}

impl Reason {
    /// As the row has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Died => "died",
            Self::Silent => "silent",
        }
    }
}

/// Makes the session's row, or takes it up again; names the caller.
///
/// # Errors
/// Faults only.
pub fn arrive(
    tx: &Tx<'_>,
    identity: &Identity,
    project: &str,
    worktree: Option<&str>,
    now: Time,
) -> Outcome<Caller> {
    if let Some(person) = identity.person() {
        return Ok(person);
    }
    let known = sql::find(tx, &identity.session_id)?;
    let agent_type = match &known {
        // Its first contact may have told less than this one.
        Some(row) if row.agent_type != "agent" => row.agent_type.clone(),
        _ => identity.agent_type.clone(),
    };
    let agent_id = match (&identity.agent_id, &known) {
        (Some(chosen), _) => chosen.clone(),
        (None, Some(row)) if name_is_free(tx, project, row, now)? => row.agent_id.clone(),
        (None, _) => next_name(tx, project, &agent_type, now)?,
    };
    let row = sql::Arrival { identity, project, agent_id: &agent_id, agent_type: &agent_type };
    sql::arrive(tx, &row, worktree, now)?;
    let news = known.is_none_or(|old| old.ended || old.agent_id != agent_id);
    if news {
        tx.changed(Topic::Agents);
    }
    let session_id = identity.session_id.clone();
    Ok(Caller { agent_id, agent_type, session_id, rule: identity.rule.clone(), person: false })
}

/// The caller behind an identity that is here already, under the name that it would be
/// given again; `None` if it must arrive first, which it also must to count as
/// connected (`stays`).
///
/// # Errors
/// Faults only.
pub fn standing(tx: &Tx<'_>, identity: &Identity, stays: bool) -> Outcome<Option<Caller>> {
    let known = sql::find(tx, &identity.session_id)?;
    let known = known.filter(|row| !row.ended && (row.connected || !stays));
    let same = known.filter(|row| {
        (row.agent_type != "agent" || identity.agent_type == "agent")
            && identity.agent_id.as_ref().is_none_or(|name| *name == row.agent_id)
    });
    Ok(same.map(|row| Caller {
        agent_id: row.agent_id,
        agent_type: row.agent_type,
        session_id: row.session_id,
        rule: identity.rule.clone(),
        person: false,
    }))
}

/// Notes that the caller was heard; true if that was worth writing down, so that
/// what it holds is to be renewed too.
///
/// # Errors
/// Faults only.
pub fn seen(tx: &Tx<'_>, ctx: &Context) -> Outcome<bool> {
    let caller = &ctx.caller;
    if caller.person {
        return Ok(true);
    }
    let heard = sql::heard(tx, &caller.session_id)?;
    if let Some((last, false)) = heard
        && ctx.now.since(last).abs() < HEARD_EVERY
    {
        return Ok(false);
    }
    if let Some((_, false)) = heard {
        sql::touch(tx, &caller.session_id, ctx.now)?;
        return Ok(true);
    }
    let identity = Identity::of_caller(caller);
    let worktree = ctx.repo.root.display().to_string();
    arrive(tx, &identity, ctx.project(), Some(&worktree), ctx.now)?;
    Ok(true)
}

/// Whether the session has a row and has not ended.
///
/// # Errors
/// Faults only.
pub fn is_live(tx: &Tx<'_>, session_id: &str) -> Outcome<bool> {
    Ok(sql::heard(tx, session_id)?.is_some_and(|(_, ended)| !ended))
}

/// Whether the session lives and was heard after `since`.
///
/// # Errors
/// Faults only.
pub fn heard_since(tx: &Tx<'_>, session_id: &str, since: Time) -> Outcome<bool> {
    Ok(sql::heard(tx, session_id)?.is_some_and(|(last, ended)| !ended && last > since))
}

/// Notes that the session has an open connection: it lives as long as that does.
/// To be said of lasting connections only (a shim's), not of a hook's or a command's.
///
/// # Errors
/// Faults only.
pub fn connected(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<()> {
    if sql::set_liveness(tx, session_id, "connection", now)? {
        tx.changed(Topic::Agents);
    }
    Ok(())
}

/// Notes that the session's last connection is gone: from now on only silence
/// tells of its death, unless the daemon finds out earlier.
///
/// # Errors
/// Faults only.
pub fn disconnected(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<()> {
    if sql::set_liveness(tx, session_id, "silence", now)? {
        tx.changed(Topic::Agents);
    }
    Ok(())
}

/// Marks a session as ended, once; who it was, or `None` if it was not alive.
/// For `life` alone, which frees what it held in the same transaction.
///
/// # Errors
/// Faults only.
pub fn close(tx: &Tx<'_>, session_id: &str, reason: Reason, now: Time) -> Outcome<Option<Live>> {
    let Some(live) = sql::live(tx, session_id)? else { return Ok(None) };
    sql::close(tx, session_id, reason.name(), now)?;
    tx.changed(Topic::Agents);
    Ok(Some(live))
}

/// The worktrees in which living sessions of a repository work, with their agents.
///
/// # Errors
/// Faults only.
pub fn worktrees(tx: &Tx<'_>, project: &str) -> Outcome<Vec<(String, String)>> {
    Ok(sql::worktrees(tx, project)?)
}

/// The session, if it has not ended.
///
/// # Errors
/// Faults only.
pub fn find_live(tx: &Tx<'_>, session_id: &str) -> Outcome<Option<Live>> {
    Ok(sql::live(tx, session_id)?)
}

/// The living sessions of a session's subagents.
///
/// # Errors
/// Faults only.
pub fn subagents(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<String>> {
    Ok(sql::subagents(tx, session_id)?)
}

/// Every session that has not ended, over all projects.
///
/// # Errors
/// Faults only.
pub fn all_live(tx: &Tx<'_>) -> Outcome<Vec<Live>> {
    Ok(sql::all_live(tx)?)
}

/// Sessions without a connection that were last heard at `before` or earlier.
///
/// # Errors
/// Faults only.
pub fn silent(tx: &Tx<'_>, before: Time) -> Outcome<Vec<String>> {
    Ok(sql::silent(tx, before)?)
}

/// When the session without a connection that was silent for longest was last
/// heard, not counting the `spared`.
///
/// # Errors
/// Faults only.
pub fn longest_silent(tx: &Tx<'_>, spared: &[String]) -> Outcome<Option<Time>> {
    let first = sql::longest_silent(tx, spared.len() + 1)?;
    Ok(first.into_iter().find(|(session, _)| !spared.contains(session)).map(|(_, at)| at))
}

/// The stale threshold in force, in milliseconds.
///
/// # Errors
/// Faults only.
pub fn stale(tx: &Tx<'_>) -> Outcome<i64> {
    Ok(meta::get(tx, STALE_KEY)?.and_then(|text| text.parse().ok()).unwrap_or(STALE))
}

/// Puts another stale threshold in force.
///
/// # Errors
/// Faults only.
pub fn set_stale(tx: &Tx<'_>, ms: i64) -> Outcome<()> {
    Ok(meta::set(tx, STALE_KEY, &ms.max(MINUTE).to_string())?)
}

/// A session keeps its name, unless it ended and somebody else bears it by now.
fn name_is_free(tx: &Tx<'_>, project: &str, row: &sql::Known, now: Time) -> Outcome<bool> {
    if !row.ended {
        return Ok(true);
    }
    let taken = sql::names(tx, project, &row.agent_id, now.plus(-NAME_KEPT))?;
    Ok(!taken.iter().any(|(name, session)| *name == row.agent_id && *session != row.session_id))
}

/// The smallest number that nobody of this kind bears here.
fn next_name(tx: &Tx<'_>, project: &str, agent_type: &str, now: Time) -> Outcome<String> {
    let prefix = format!("{agent_type}-");
    let mut taken: Vec<u32> = sql::names(tx, project, &prefix, now.plus(-NAME_KEPT))?
        .iter()
        .filter_map(|(name, _)| name.strip_prefix(&prefix)?.parse().ok())
        .collect();
    taken.sort_unstable();
    let mut free = 1;
    for number in taken {
        if number == free {
            free += 1;
        }
    }
    Ok(format!("{prefix}{free}"))
}
