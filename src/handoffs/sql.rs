//! The statements on `handoff_documents`, and what of other tables a handoff tells.

use rusqlite::{Row, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Handoff, OpenTask};
use crate::failure::Outcome;
use crate::ingress;
use crate::store::Tx;
use crate::time::Time;

/// Locks or tasks that a handoff names, at most.
const OPEN_MAX: i64 = 100;
/// Characters of a task's description that a handoff repeats.
const DESCRIPTION_MAX: i64 = 200;

/// What a session holds, by path.
pub fn open_locks(tx: &Tx<'_>, project: &str, session: &str, now: Time) -> Outcome<Vec<String>> {
    let found = tx.all(
        "SELECT path FROM file_locks
          WHERE session_id = :session AND project = :project AND expires_at > :now
          ORDER BY path_key LIMIT :limit",
        named_params! {
            ":session": session,
            ":project": project,
            ":now": now,
            ":limit": OPEN_MAX,
        },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// What a session has claimed and not finished, oldest claim first.
pub fn open_tasks(tx: &Tx<'_>, project: &str, session: &str) -> Outcome<Vec<OpenTask>> {
    let found = tx.all(
        "SELECT task_id, task_type, substr(description, 1, :length) FROM work_queue
          WHERE claimed_by_session = :session AND status IN ('claimed', 'running')
            AND project = :project
          ORDER BY claimed_at, seq LIMIT :limit",
        named_params! {
            ":session": session,
            ":project": project,
            ":length": DESCRIPTION_MAX,
            ":limit": OPEN_MAX,
        },
        |row| {
            Ok(OpenTask { task_id: row.get(0)?, task_type: row.get(1)?, description: row.get(2)? })
        },
    )?;
    Ok(found)
}

/// Writes a handoff.
pub fn insert(tx: &Tx<'_>, project: &str, session: &str, handoff: &Handoff) -> Outcome<()> {
    tx.run(
        "INSERT INTO handoff_documents (handoff_id, project, agent_id, agent_type, session_id,
                summary, completed_work, in_progress, decisions, next_steps, relevant_files,
                branch, commit_id, open_locks, open_tasks, created_at)
         VALUES (:id, :project, :agent, :agent_type, :session,
                :summary, :completed, :in_progress, :decisions, :next_steps, :files,
                :branch, :commit, :locks, :tasks, :now)",
        named_params! {
            ":id": handoff.handoff_id,
            ":project": project,
            ":agent": handoff.agent_id,
            ":agent_type": handoff.agent_type,
            ":session": session,
            ":summary": handoff.summary,
            ":completed": list(&handoff.completed_work)?,
            ":in_progress": list(&handoff.in_progress)?,
            ":decisions": list(&handoff.decisions)?,
            ":next_steps": list(&handoff.next_steps)?,
            ":files": list(&handoff.relevant_files)?,
            ":branch": handoff.branch,
            ":commit": handoff.commit,
            ":locks": list(&handoff.open_locks)?,
            ":tasks": list(&handoff.open_tasks)?,
            ":now": handoff.created_at,
        },
    )?;
    Ok(())
}

/// A handoff of this project, by its id.
pub fn find(tx: &Tx<'_>, project: &str, handoff_id: &str) -> Outcome<Option<Handoff>> {
    let found = tx.one(
        "SELECT handoff_id, agent_id, agent_type, created_at, summary, completed_work, in_progress,
                decisions, next_steps, relevant_files, branch, commit_id, open_locks, open_tasks
           FROM handoff_documents WHERE handoff_id = :id AND project = :project",
        named_params! { ":id": handoff_id, ":project": project },
        handoff,
    )?;
    Ok(found)
}

/// When a session last wrote a handoff.
pub fn latest_at(tx: &Tx<'_>, session: &str) -> Outcome<Option<Time>> {
    let found = tx.one(
        "SELECT h.created_at FROM agent_sessions s
           JOIN handoff_documents h ON h.project = s.project AND h.agent_id = s.agent_id
          WHERE s.session_id = :session AND h.session_id = :session
          ORDER BY h.created_at DESC LIMIT 1",
        named_params! { ":session": session },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// An agent's latest handoff.
pub fn latest_of(tx: &Tx<'_>, project: &str, agent: &str) -> Outcome<Option<Handoff>> {
    Ok(of_agent(tx, project, agent, None, 1)?.into_iter().next())
}

/// A project's handoffs, or one agent's, from the one after `before` on: newest first.
pub fn page(
    tx: &Tx<'_>,
    project: &str,
    agent: Option<&str>,
    before: Option<&Handoff>,
    limit: i64,
) -> Outcome<Vec<Handoff>> {
    match agent {
        Some(agent) => of_agent(tx, project, agent, before, limit),
        None => of_anyone(tx, project, before, limit),
    }
}

fn of_anyone(
    tx: &Tx<'_>,
    project: &str,
    before: Option<&Handoff>,
    limit: i64,
) -> Outcome<Vec<Handoff>> {
    let found = tx.all(
        "SELECT handoff_id, agent_id, agent_type, created_at, summary, completed_work, in_progress,
                decisions, next_steps, relevant_files, branch, commit_id, open_locks, open_tasks
           FROM handoff_documents
          WHERE project = :project AND created_at <= :at
            AND (created_at, handoff_id) < (:at, :id)
          ORDER BY created_at DESC, handoff_id DESC LIMIT :limit",
        named_params! {
            ":project": project,
            ":at": before.map_or(i64::MAX, |one| one.created_at.ms()),
            ":id": before.map_or("", |one| one.handoff_id.as_str()),
            ":limit": limit,
        },
        handoff,
    )?;
    Ok(found)
}

fn of_agent(
    tx: &Tx<'_>,
    project: &str,
    agent: &str,
    before: Option<&Handoff>,
    limit: i64,
) -> Outcome<Vec<Handoff>> {
    let found = tx.all(
        "SELECT handoff_id, agent_id, agent_type, created_at, summary, completed_work, in_progress,
                decisions, next_steps, relevant_files, branch, commit_id, open_locks, open_tasks
           FROM handoff_documents
          WHERE project = :project AND agent_id = :agent AND created_at <= :at
            AND (created_at, handoff_id) < (:at, :id)
          ORDER BY created_at DESC, handoff_id DESC LIMIT :limit",
        named_params! {
            ":project": project,
            ":agent": agent,
            ":at": before.map_or(i64::MAX, |one| one.created_at.ms()),
            ":id": before.map_or("", |one| one.handoff_id.as_str()),
            ":limit": limit,
        },
        handoff,
    )?;
    Ok(found)
}

/// Other agents with a handoff later than this one, latest first.
pub fn newer_from(tx: &Tx<'_>, project: &str, than: &Handoff, limit: i64) -> Outcome<Vec<String>> {
    let found = tx.all(
        "SELECT agent_id FROM handoff_documents
          WHERE project = :project AND created_at >= :at
            AND (created_at, handoff_id) > (:at, :id) AND agent_id <> :agent
          GROUP BY agent_id ORDER BY max(created_at) DESC, agent_id LIMIT :limit",
        named_params! {
            ":project": project,
            ":at": than.created_at,
            ":id": than.handoff_id,
            ":agent": than.agent_id,
            ":limit": limit,
        },
        |row| row.get(0),
    )?;
    Ok(found)
}

fn list(items: &impl Serialize) -> Outcome<String> {
    let value = serde_json::to_value(items).map_err(anyhow::Error::from)?;
    Ok(ingress::json(&value).map_err(anyhow::Error::from)?)
}

fn handoff(row: &Row<'_>) -> rusqlite::Result<Handoff> {
    Ok(Handoff {
        handoff_id: row.get("handoff_id")?,
        agent_id: row.get("agent_id")?,
        agent_type: row.get("agent_type")?,
        created_at: row.get("created_at")?,
        from_device: None,
        summary: row.get("summary")?,
        completed_work: items(row, "completed_work")?,
        in_progress: items(row, "in_progress")?,
        decisions: items(row, "decisions")?,
        next_steps: items(row, "next_steps")?,
        relevant_files: items(row, "relevant_files")?,
        branch: row.get("branch")?,
        commit: row.get("commit_id")?,
        open_locks: items(row, "open_locks")?,
        open_tasks: items(row, "open_tasks")?,
    })
}

/// A list as it was stored; rows of another version may hold what is no longer understood.
fn items<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Vec<T>> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}
