//! What an agent should know of its surroundings: statements over the tables of others.
//!
//! Not here: the words (`brief`).

use rusqlite::{Row, named_params};

use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;

/// Another agent.
pub struct Peer {
    pub agent_id: String,
    pub agent_type: String,
    pub current_task: Option<String>,
    pub files: Vec<String>,
}

/// The agents that are here, but for the caller; the latest heard first.
pub fn peers(tx: &Tx<'_>, ctx: &Context, limit: i64) -> Outcome<Vec<Peer>> {
    let found = tx.all(
        "SELECT agent_id, agent_type, current_task,
                (SELECT json_group_array(path) FROM
                    (SELECT path FROM file_locks l
                      WHERE l.session_id = s.session_id AND l.project = :project
                        AND l.expires_at > :now ORDER BY acquired_at DESC LIMIT 20))
           FROM agent_sessions s
          WHERE project = :project AND ended_at IS NULL AND session_id <> :me
          ORDER BY last_seen_at DESC LIMIT :limit",
        named_params! {
            ":project": ctx.project(),
            ":now": ctx.now,
            ":me": ctx.caller.session_id,
            ":limit": limit,
        },
        |row| {
            let files: String = row.get(3)?;
            Ok(Peer {
                agent_id: row.get(0)?,
                agent_type: row.get(1)?,
                current_task: row.get(2)?,
                files: serde_json::from_str(&files).unwrap_or_default(),
            })
        },
    )?;
    Ok(found)
}

/// What the caller holds itself.
pub fn own_files(tx: &Tx<'_>, ctx: &Context, limit: i64) -> Outcome<Vec<String>> {
    let found = tx.all(
        "SELECT path FROM file_locks
          WHERE session_id = :me AND project = :project AND expires_at > :now
          ORDER BY acquired_at DESC LIMIT :limit",
        named_params! {
            ":me": ctx.caller.session_id,
            ":project": ctx.project(),
            ":now": ctx.now,
            ":limit": limit,
        },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// A task that somebody has claimed and not finished.
pub struct OpenClaim {
    pub task_id: String,
    pub task_type: String,
    pub description: String,
}

/// What a session has claimed and not finished, oldest claim first.
pub fn open_claims(tx: &Tx<'_>, session_id: &str, limit: i64) -> Outcome<Vec<OpenClaim>> {
    let found = tx.all(
        "SELECT task_id, task_type, substr(description, 1, 200) FROM work_queue
          WHERE claimed_by_session = :session AND status IN ('claimed', 'running')
          ORDER BY claimed_at LIMIT :limit",
        named_params! { ":session": session_id, ":limit": limit },
        |row| {
            Ok(OpenClaim { task_id: row.get(0)?, task_type: row.get(1)?, description: row.get(2)? })
        },
    )?;
    Ok(found)
}

/// A handoff in short.
pub struct Left {
    pub agent_id: String,
    pub summary: String,
    pub next_steps: Vec<String>,
    pub files: Vec<String>,
    pub at: Time,
}

/// The handoffs of a project after `since`, newest first; those of `not_by` left out.
pub fn handoffs(
    tx: &Tx<'_>,
    project: &str,
    not_by: Option<&str>,
    since: Time,
    limit: i64,
) -> Outcome<Vec<Left>> {
    let found = tx.all(
        "SELECT agent_id, summary, next_steps, relevant_files, created_at FROM handoff_documents
          WHERE project = :project AND created_at > :since
            AND (:not_by IS NULL OR session_id <> :not_by)
          ORDER BY created_at DESC LIMIT :limit",
        named_params! {
            ":project": project,
            ":since": since,
            ":not_by": not_by,
            ":limit": limit,
        },
        |row| {
            Ok(Left {
                agent_id: row.get(0)?,
                summary: row.get(1)?,
                next_steps: list(row, 2)?,
                files: list(row, 3)?,
                at: row.get(4)?,
            })
        },
    )?;
    Ok(found)
}

/// What was learned after `since`: pinned first, then newest; agent, sort and summary.
pub fn learned(
    tx: &Tx<'_>,
    ctx: &Context,
    since: Time,
    limit: i64,
) -> Outcome<Vec<(String, String, String)>> {
    let found = tx.all(
        "SELECT agent_id, event_type, summary FROM episodic_memories
          WHERE project = :project AND forgotten_at IS NULL AND created_at > :since
            AND session_id <> :me AND event_type IN ('decision', 'error', 'discovery')
          ORDER BY pinned DESC, created_at DESC LIMIT :limit",
        named_params! {
            ":project": ctx.project(),
            ":since": since,
            ":me": ctx.caller.session_id,
            ":limit": limit,
        },
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    Ok(found)
}

/// Agents that came here after `since`, or left, and whether they left.
pub fn comings(tx: &Tx<'_>, ctx: &Context, since: Time) -> Outcome<Vec<(String, bool)>> {
    let found = tx.all(
        "SELECT agent_id, ended_at IS NOT NULL FROM agent_sessions
          WHERE project = :project AND session_id <> :me
            AND (started_at > :since OR ended_at > :since)
          ORDER BY coalesce(ended_at, started_at) DESC LIMIT 6",
        named_params! {
            ":project": ctx.project(),
            ":me": ctx.caller.session_id,
            ":since": since,
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found)
}

/// Files that others have held since a moment after `since`: agent and path.
pub fn newly_held(tx: &Tx<'_>, ctx: &Context, since: Time) -> Outcome<Vec<(String, String)>> {
    let found = tx.all(
        "SELECT agent_id, path FROM file_locks
          WHERE project = :project AND session_id <> :me AND acquired_at > :since
            AND expires_at > :now
          ORDER BY acquired_at DESC LIMIT 8",
        named_params! {
            ":project": ctx.project(),
            ":me": ctx.caller.session_id,
            ":since": since,
            ":now": ctx.now,
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found)
}

/// What people decided about the caller's calls after `since`: operation and word.
pub fn decided(tx: &Tx<'_>, ctx: &Context, since: Time) -> Outcome<Vec<(String, String)>> {
    let found = tx.all(
        "SELECT operation, status FROM approval_queue
          WHERE session_id = :me AND decided_at > :since AND status IN ('approved', 'denied')
          ORDER BY decided_at DESC LIMIT 5",
        named_params! { ":me": ctx.caller.session_id, ":since": since },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found)
}

/// How many tasks could be claimed.
pub fn ready_tasks(tx: &Tx<'_>, project: &str) -> Outcome<i64> {
    let found = tx.one(
        "SELECT count(*) FROM (SELECT 1 FROM work_queue
          WHERE project = :project AND status = 'pending' AND unmet = 0
            AND parked_reason IS NULL AND run_after = 0 LIMIT 100)",
        named_params! { ":project": project },
        |row| row.get(0),
    )?;
    Ok(found.unwrap_or_default())
}

/// What guardrails stopped here after `since`: agent, rule and text, latest first.
pub fn stopped(tx: &Tx<'_>, project: &str, since: Time) -> Outcome<Vec<(String, String, String)>> {
    let found = tx.all(
        "SELECT agent_id, rule, matched_text FROM guardrail_violations
          WHERE project = :project AND blocked AND at > :since ORDER BY at DESC LIMIT 3",
        named_params! { ":project": project, ":since": since },
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    Ok(found)
}

/// A list as it was stored; rows of another version may hold what is not understood.
fn list(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}
