//! The statements of the sessions.

use rusqlite::{Row, named_params};

use super::identity::Identity;
use super::tools::{Agent, Claim, Query, Status};
use crate::os::Process;
use crate::store::Tx;
use crate::time::{DAY, Time};

/// What is known of a session that comes (back).
pub struct Known {
    pub session_id: String,
    pub agent_id: String,
    pub agent_type: String,
    pub ended: bool,
    pub connected: bool,
}

/// The row of a session, alive or not.
pub fn find(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Option<Known>> {
    tx.one(
        "SELECT session_id, agent_id, agent_type, ended_at IS NOT NULL,
                liveness = 'connection'
           FROM agent_sessions WHERE session_id = :session",
        named_params! { ":session": session_id },
        |row| {
            Ok(Known {
                session_id: row.get(0)?,
                agent_id: row.get(1)?,
                agent_type: row.get(2)?,
                ended: row.get(3)?,
                connected: row.get(4)?,
            })
        },
    )
}

/// A session that comes (back), and the name it was given.
pub struct Arrival<'a> {
    pub identity: &'a Identity,
    pub project: &'a str,
    pub agent_id: &'a str,
    pub agent_type: &'a str,
}

/// Makes the row or takes it up again. A session that lives stays in the project
/// in which it first came; one that comes back starts anew where it is.
pub fn arrive(
    tx: &Tx<'_>,
    arrival: &Arrival<'_>,
    worktree: Option<&str>,
    now: Time,
) -> rusqlite::Result<()> {
    let client = arrival.identity.client.as_ref();
    tx.run(
        "INSERT INTO agent_sessions (session_id, project, agent_id, agent_type, client_pid,
                client_started, worktree, liveness, identity_rule, started_at, last_seen_at)
         VALUES (:session, :project, :agent_id, :agent_type, :pid, :started, :worktree,
                'silence', :rule, :now, :now)
         ON CONFLICT (session_id) DO UPDATE
            SET project = iif(ended_at IS NULL, project, excluded.project),
                agent_id = excluded.agent_id,
                agent_type = excluded.agent_type,
                client_pid = coalesce(excluded.client_pid, client_pid),
                client_started = coalesce(excluded.client_started, client_started),
                worktree = coalesce(excluded.worktree, worktree),
                identity_rule = excluded.identity_rule,
                started_at = iif(ended_at IS NULL, started_at, excluded.started_at),
                last_seen_at = excluded.last_seen_at,
                ended_at = NULL,
                end_reason = NULL",
        named_params! {
            ":session": arrival.identity.session_id,
            ":project": arrival.project,
            ":agent_id": arrival.agent_id,
            ":agent_type": arrival.agent_type,
            ":pid": client.map(|client| client.pid),
            ":started": client.map(|client| client.started.as_str()),
            ":worktree": worktree,
            ":rule": arrival.identity.rule,
            ":now": now,
        },
    )?;
    Ok(())
}

/// When a session was last heard, and whether it has ended since.
pub fn heard(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Option<(Time, bool)>> {
    tx.one(
        "SELECT last_seen_at, ended_at IS NOT NULL FROM agent_sessions WHERE session_id = :session",
        named_params! { ":session": session_id },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Notes that a session was heard.
pub fn touch(tx: &Tx<'_>, session_id: &str, now: Time) -> rusqlite::Result<()> {
    tx.run(
        "UPDATE agent_sessions SET last_seen_at = :now WHERE session_id = :session",
        named_params! { ":session": session_id, ":now": now },
    )?;
    Ok(())
}

/// Sets what a living session's death would show in; false if it showed in that already.
pub fn set_liveness(
    tx: &Tx<'_>,
    session_id: &str,
    liveness: &str,
    now: Time,
) -> rusqlite::Result<bool> {
    let changed = tx.run(
        "UPDATE agent_sessions SET liveness = :liveness, last_seen_at = :now
          WHERE session_id = :session AND ended_at IS NULL AND liveness <> :liveness",
        named_params! { ":session": session_id, ":liveness": liveness, ":now": now },
    )?;
    Ok(changed > 0)
}

/// Marks a living session as ended.
pub fn close(tx: &Tx<'_>, session_id: &str, reason: &str, now: Time) -> rusqlite::Result<()> {
    tx.run(
        "UPDATE agent_sessions
            SET ended_at = :now, end_reason = :reason, liveness = 'silence', current_task = NULL
          WHERE session_id = :session AND ended_at IS NULL",
        named_params! { ":session": session_id, ":reason": reason, ":now": now },
    )?;
    Ok(())
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of agent_sessions")]
pub struct Live {
    pub session_id: String,
    pub project: String,
    pub agent_id: String,
    pub agent_type: String,
    /// The client's process, if it is known.
    pub client: Option<Process>,
    /// Its connection was open when the row was last written.
    pub connected: bool,
}

/// Agents and worktrees of a repository's living sessions.
pub fn worktrees(tx: &Tx<'_>, project: &str) -> rusqlite::Result<Vec<(String, String)>> {
    tx.all(
        "SELECT DISTINCT agent_id, worktree FROM agent_sessions
          WHERE project = :project AND ended_at IS NULL AND worktree IS NOT NULL",
        named_params! { ":project": project },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// A session, if it lives.
pub fn live(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Option<Live>> {
    tx.one(
        "SELECT session_id, project, agent_id, agent_type, client_pid, client_started, liveness
           FROM agent_sessions WHERE session_id = :session AND ended_at IS NULL",
        named_params! { ":session": session_id },
        to_live,
    )
}

/// Living sessions of the subagents of a session, which are named after it.
pub fn subagents(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Vec<String>> {
    tx.all(
        "SELECT session_id FROM agent_sessions
          WHERE session_id >= :session || '/' AND session_id < :session || '0'
            AND identity_rule = 'subagent' AND ended_at IS NULL",
        named_params! { ":session": session_id },
        |row| row.get(0),
    )
}

/// Every session that lives.
pub fn all_live(tx: &Tx<'_>) -> rusqlite::Result<Vec<Live>> {
    tx.all(
        "SELECT session_id, project, agent_id, agent_type, client_pid, client_started, liveness
           FROM agent_sessions WHERE ended_at IS NULL ORDER BY last_seen_at",
        [],
        to_live,
    )
}

/// Living sessions without a connection that were last heard at `before` or earlier.
pub fn silent(tx: &Tx<'_>, before: Time) -> rusqlite::Result<Vec<String>> {
    tx.all(
        "SELECT session_id FROM agent_sessions
          WHERE ended_at IS NULL AND last_seen_at <= :before AND liveness = 'silence'
          ORDER BY last_seen_at",
        named_params! { ":before": before },
        |row| row.get(0),
    )
}

/// The longest silent sessions without a connection, and when each was last heard.
pub fn longest_silent(tx: &Tx<'_>, limit: usize) -> rusqlite::Result<Vec<(String, Time)>> {
    tx.all(
        "SELECT session_id, last_seen_at FROM agent_sessions
          WHERE ended_at IS NULL AND liveness = 'silence' ORDER BY last_seen_at LIMIT :limit",
        named_params! { ":limit": i64::try_from(limit).unwrap_or(i64::MAX) },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Names that start with `prefix` and are borne here, or were after `since`; with
/// the session that bears each.
pub fn names(
    tx: &Tx<'_>,
    project: &str,
    prefix: &str,
    since: Time,
) -> rusqlite::Result<Vec<(String, String)>> {
    tx.all(
        "SELECT agent_id, session_id FROM agent_sessions
          WHERE project = :project
            AND agent_id >= :prefix AND agent_id < :prefix || char(1114111)
            AND (ended_at IS NULL OR last_seen_at > :since)",
        named_params! { ":project": project, ":prefix": prefix, ":since": since },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Sets what a living session is busy with; false if it does not live.
pub fn set_task(tx: &Tx<'_>, session_id: &str, task: &str) -> rusqlite::Result<bool> {
    let changed = tx.run(
        "UPDATE agent_sessions SET current_task = nullif(:task, '')
          WHERE session_id = :session AND ended_at IS NULL",
        named_params! { ":session": session_id, ":task": task },
    )?;
    Ok(changed > 0)
}

/// Forgets what a session said it can do.
pub fn drop_capabilities(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<()> {
    tx.run(
        "DELETE FROM agent_capabilities WHERE session_id = :session",
        named_params! { ":session": session_id },
    )?;
    Ok(())
}

/// Notes one thing that a session can do.
pub fn add_capability(tx: &Tx<'_>, session_id: &str, capability: &str) -> rusqlite::Result<()> {
    tx.run(
        "INSERT OR IGNORE INTO agent_capabilities (session_id, capability)
         VALUES (:session, :capability)",
        named_params! { ":session": session_id, ":capability": capability },
    )?;
    Ok(())
}

/// The sessions of a project, and those of others that hold something in it:
/// latest first. One that ended shows for a day.
pub fn around(tx: &Tx<'_>, query: &Query<'_>) -> rusqlite::Result<Vec<Agent>> {
    tx.all(
        "WITH around AS (
             SELECT session_id, agent_id, agent_type, current_task, last_seen_at, started_at,
                    CASE WHEN ended_at IS NOT NULL THEN 'disconnected'
                         WHEN last_seen_at >= :active THEN 'active'
                         WHEN liveness = 'connection'
                              THEN iif(last_seen_at >= :active_connected, 'active', 'idle')
                         WHEN last_seen_at >= :stale THEN 'idle'
                         ELSE 'disconnected' END AS status
               FROM agent_sessions s
              WHERE (project = :project
                     OR EXISTS (SELECT 1 FROM file_locks l
                                 WHERE l.session_id = s.session_id AND l.project = :project)
                     OR EXISTS (SELECT 1 FROM work_queue w
                                 WHERE w.claimed_by_session = s.session_id
                                   AND w.status IN ('claimed', 'running')
                                   AND w.project = :project))
                AND (ended_at IS NULL OR ended_at > :forgotten)
                AND (:capability IS NULL
                     OR EXISTS (SELECT 1 FROM agent_capabilities c
                                 WHERE c.capability = :capability
                                   AND c.session_id = s.session_id))
                AND (:after_at IS NULL
                     OR (started_at, session_id) < (:after_at, :after_session)))
         SELECT session_id, agent_id, agent_type, current_task, last_seen_at, started_at, status,
                (SELECT json_group_array(capability) FROM agent_capabilities c
                  WHERE c.session_id = a.session_id),
                (SELECT count(*) FROM file_locks l
                  WHERE l.session_id = a.session_id AND l.project = :project
                    AND l.expires_at > :now),
                (SELECT count(*) FROM work_queue w
                  WHERE w.claimed_by_session = a.session_id AND w.project = :project
                    AND w.status IN ('claimed', 'running') AND w.lease_expires_at > :now)
           FROM around a
          WHERE :status IS NULL OR status = :status
          ORDER BY started_at DESC, session_id DESC LIMIT :limit",
        named_params! {
            ":project": query.project,
            ":now": query.now,
            ":active": query.now.plus(-super::ACTIVE),
            ":active_connected": query.now.plus(-super::ACTIVE_CONNECTED),
            ":stale": query.now.plus(-query.stale),
            ":forgotten": query.now.plus(-DAY),
            ":capability": query.capability,
            ":status": query.status.map(Status::name),
            ":after_at": query.after.as_ref().map(|after| after.0),
            ":after_session": query.after.as_ref().map(|after| after.1.as_str()),
            ":limit": i64::try_from(query.limit).unwrap_or(i64::MAX),
        },
        to_agent,
    )
}

/// What a session has claimed and not finished, oldest claim first.
pub fn claims(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Vec<Claim>> {
    tx.all(
        "SELECT task_id, task_type, substr(description, 1, 200), lease_expires_at FROM work_queue
          WHERE claimed_by_session = :session AND status IN ('claimed', 'running')
          ORDER BY claimed_at LIMIT 20",
        named_params! { ":session": session_id },
        |row| {
            Ok(Claim {
                task_id: row.get(0)?,
                task_type: row.get(1)?,
                description: row.get(2)?,
                lease_expires_at: row.get(3)?,
            })
        },
    )
}

/// The newest handoff of a project.
pub fn latest_handoff(tx: &Tx<'_>, project: &str) -> rusqlite::Result<Option<String>> {
    tx.one(
        "SELECT handoff_id FROM handoff_documents
          WHERE project = :project ORDER BY created_at DESC LIMIT 1",
        named_params! { ":project": project },
        |row| row.get(0),
    )
}

fn to_live(row: &Row<'_>) -> rusqlite::Result<Live> {
    let (pid, started): (Option<u32>, Option<String>) = (row.get(4)?, row.get(5)?);
    Ok(Live {
        session_id: row.get(0)?,
        project: row.get(1)?,
        agent_id: row.get(2)?,
        agent_type: row.get(3)?,
        client: pid.zip(started).map(|(pid, started)| Process { pid, started }),
        connected: row.get::<_, String>(6)? == "connection",
    })
}

fn to_agent(row: &Row<'_>) -> rusqlite::Result<Agent> {
    let capabilities: String = row.get(7)?;
    Ok(Agent {
        session_id: row.get(0)?,
        agent_id: row.get(1)?,
        agent_type: row.get(2)?,
        current_task: row.get(3)?,
        last_heartbeat: row.get(4)?,
        started_at: row.get(5)?,
        status: Status::named(&row.get::<_, String>(6)?),
        capabilities: serde_json::from_str(&capabilities).unwrap_or_default(),
        locks: row.get(8)?,
        tasks: row.get(9)?,
        me: false,
    })
}
