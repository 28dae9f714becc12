//! The queues of callers that wait for their turn: for a lock, or for work.
//!
//! - First come, first served: `seq` is the order of arrival.
//! - A place lives in the database, so a restarted daemon knows who was first;
//!   a repeated request keeps its place.
//! - A place ends by being settled, at its deadline, or with its session.
//!
//! Not here: who is served when something becomes free (`locks`, `work`), and
//! the waiting itself (`service`).

use rusqlite::named_params;
use serde_json::Value;
use uuid::Uuid;

use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A lock.
    Lock,
    /// A task.
    Work,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Work => "work",
        }
    }
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// Names the place; the waiting call listens under it.
    pub ticket: Uuid,
    /// Order of arrival.
    pub seq: i64,
    /// Where.
    pub project: String,
    /// Whose.
    pub session_id: String,
    /// Whose, as others see it.
    pub agent_id: String,
    /// The waiting request's name.
    pub request_key: Option<String>,
    /// What the domain needs to serve it.
    pub args: Value,
    /// The call's arguments as they were sent, for its audit row.
    pub asked: Value,
    /// Since when.
    pub enqueued_at: Time,
    /// Until when.
    pub deadline_at: Time,
}

/// Takes a place for the context's ticket, or the place that the same request had.
///
/// # Errors
/// Faults only; the context must carry a ticket.
pub fn enqueue(tx: &Tx<'_>, ctx: &Context, kind: Kind, args: &Value) -> Outcome<()> {
    let ticket =
        ctx.ticket.ok_or_else(|| anyhow::anyhow!("a call without a ticket cannot wait"))?;
    if ctx.resent
        && let Some(key) = &ctx.request_key
    {
        let kept = tx.run(
            "UPDATE waits SET ticket = :ticket, deadline_at = :until
              WHERE request_key = :key AND kind = :kind",
            named_params! {
                ":ticket": ticket.id.to_string(),
                ":until": ticket.until,
                ":key": key,
                ":kind": kind.name(),
            },
        )?;
        if kept > 0 {
            return Ok(());
        }
    }
    tx.run(
        "INSERT INTO waits (ticket, seq, project, kind, session_id, agent_id, request_key, args,
                            enqueued_at, deadline_at)
         SELECT :ticket, coalesce(max(seq), 0) + 1, :project, :kind, :session, :agent, :key, :args,
                :now, :until FROM waits",
        named_params! {
            ":ticket": ticket.id.to_string(),
            ":project": ctx.project(),
            ":kind": kind.name(),
            ":session": ctx.caller.session_id,
            ":agent": ctx.caller.agent_id,
            ":key": ctx.request_key,
            ":args": args.to_string(),
            ":now": ctx.now,
            ":until": ticket.until,
        },
    )?;
    Ok(())
}

/// Keeps what the waiting call was sent, so that a repeat of it is known for one.
///
/// # Errors
/// Faults only.
pub fn remember(tx: &Tx<'_>, ticket: Uuid, asked: &Value) -> Outcome<()> {
    tx.run(
        "UPDATE waits SET args = json_set(args, '$.asked', json(:asked)) WHERE ticket = :ticket",
        named_params! { ":ticket": ticket.to_string(), ":asked": asked.to_string() },
    )?;
    Ok(())
}

/// Gives a place up; false if it was gone already.
///
/// # Errors
/// Faults only.
pub fn leave(tx: &Tx<'_>, ticket: Uuid) -> Outcome<bool> {
    let gone = tx.run(
        "DELETE FROM waits WHERE ticket = :ticket",
        named_params! { ":ticket": ticket.to_string() },
    )?;
    Ok(gone > 0)
}

/// All places of a session, given up with it; returns how many.
///
/// # Errors
/// Faults only.
pub fn leave_all(tx: &Tx<'_>, session_id: &str) -> Outcome<usize> {
    Ok(tx.run(
        "DELETE FROM waits WHERE session_id = :session",
        named_params! { ":session": session_id },
    )?)
}

/// Removes the places whose time is up and that nobody came back for.
///
/// # Errors
/// Faults only.
pub fn expire(tx: &Tx<'_>, before: Time) -> Outcome<usize> {
    Ok(tx.run(
        "DELETE FROM waits WHERE deadline_at < :before",
        named_params! { ":before": before },
    )?)
}

/// A project's queue, first come first.
///
/// # Errors
/// Faults only.
pub fn line(tx: &Tx<'_>, project: &str, kind: Kind) -> Outcome<Vec<Wait>> {
    let found = tx.all(
        "SELECT ticket, seq, project, session_id, agent_id, request_key, args, enqueued_at, deadline_at
           FROM waits WHERE project = :project AND kind = :kind ORDER BY seq",
        named_params! { ":project": project, ":kind": kind.name() },
        |row| {
            let mut args: Value =
                serde_json::from_str(&row.get::<_, String>(6)?).unwrap_or_default();
            let asked = args.get_mut("asked").map(Value::take).unwrap_or_default();
            Ok(Wait {
                ticket: parse(&row.get::<_, String>(0)?),
                seq: row.get(1)?,
                project: row.get(2)?,
                session_id: row.get(3)?,
                agent_id: row.get(4)?,
                request_key: row.get(5)?,
                args,
                asked,
                enqueued_at: row.get(7)?,
                deadline_at: row.get(8)?,
            })
        },
    )?;
    Ok(found)
}

/// The waiting caller, for the audit row of what it is granted.
///
/// # Errors
/// Faults only.
pub fn caller(tx: &Tx<'_>, wait: &Wait) -> Outcome<Caller> {
    // People have no session of their own.
    if wait.session_id == Caller::person().session_id {
        return Ok(Caller::person());
    }
    let known = tx.one(
        "SELECT agent_type, identity_rule FROM agent_sessions WHERE session_id = :session",
        named_params! { ":session": wait.session_id },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (agent_type, rule) = known.unwrap_or_else(|| ("agent".to_owned(), "unknown".to_owned()));
    Ok(Caller {
        agent_id: wait.agent_id.clone(),
        person: agent_type == "person",
        agent_type,
        session_id: wait.session_id.clone(),
        rule,
    })
}

/// The table's CHECK lets only UUIDs in.
fn parse(text: &str) -> Uuid {
    Uuid::parse_str(text).unwrap_or_default()
}
