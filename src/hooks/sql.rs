//! The statements of the hooks.

use rusqlite::named_params;

use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::os::Process;
use crate::repo::Target;
use crate::store::Tx;
use crate::time::Time;

/// A file that a session was let change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub session_id: String,
    pub agent_id: String,
    pub path: String,
    pub worktree: String,
    pub fence: i64,
    pub at: Time,
}

/// Notes that the caller was let change a file.
pub fn touch(tx: &Tx<'_>, ctx: &Context, target: &Target, fence: i64) -> Outcome<()> {
    tx.run(
        "INSERT INTO touched_files (project, path_key, session_id, agent_id, path, worktree, fence, at)
         VALUES (:project, :key, :session, :agent, :path, :worktree, :fence, :now)
         ON CONFLICT (project, path_key, session_id) DO UPDATE
            SET agent_id = excluded.agent_id, path = excluded.path,
                worktree = excluded.worktree, fence = excluded.fence, at = excluded.at",
        named_params! {
            ":project": ctx.project(),
            ":key": target.key,
            ":session": ctx.caller.session_id,
            ":agent": ctx.caller.agent_id,
            ":path": target.shown,
            ":worktree": ctx.repo.root.to_string_lossy(),
            ":fence": fence,
            ":now": ctx.now,
        },
    )?;
    Ok(())
}

/// Who was let change a file, latest first.
pub fn touched(tx: &Tx<'_>, project: &str, key: &str) -> Outcome<Vec<Touched>> {
    let found = tx.all(
        "SELECT session_id, agent_id, path, worktree, fence, at FROM touched_files
          WHERE project = :project AND path_key = :key ORDER BY fence DESC",
        named_params! { ":project": project, ":key": key },
        |row| {
            Ok(Touched {
                session_id: row.get(0)?,
                agent_id: row.get(1)?,
                path: row.get(2)?,
                worktree: row.get(3)?,
                fence: row.get(4)?,
                at: row.get(5)?,
            })
        },
    )?;
    Ok(found)
}

/// What a session was let change after `since`, latest first: project and path.
pub fn touched_by(
    tx: &Tx<'_>,
    session_id: &str,
    since: Time,
    limit: i64,
) -> Outcome<Vec<(String, String)>> {
    let found = tx.all(
        "SELECT project, path FROM touched_files
          WHERE session_id = :session AND at > :since ORDER BY at DESC, path_key LIMIT :limit",
        named_params! { ":session": session_id, ":since": since, ":limit": limit },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found)
}

/// Forgets what was changed before `before`.
pub fn forget_touched(tx: &Tx<'_>, before: Time) -> Outcome<usize> {
    Ok(tx
        .run("DELETE FROM touched_files WHERE at < :before", named_params! { ":before": before })?)
}

/// Notes whose call it is that is about to be made.
pub fn put_tool_use(tx: &Tx<'_>, ctx: &Context, tool_use_id: &str) -> Outcome<()> {
    let caller = &ctx.caller;
    tx.run(
        "INSERT OR REPLACE INTO tool_uses (tool_use_id, session_id, agent_id, agent_type, at)
         VALUES (:id, :session, :agent, :agent_type, :now)",
        named_params! {
            ":id": tool_use_id,
            ":session": caller.session_id,
            ":agent": caller.agent_id,
            ":agent_type": caller.agent_type,
            ":now": ctx.now,
        },
    )?;
    Ok(())
}

/// Whose call it is, if a hook told so after `since`.
pub fn caller_of(tx: &Tx<'_>, tool_use_id: &str, since: Time) -> Outcome<Option<Caller>> {
    let found = tx.one(
        "SELECT session_id, agent_id, agent_type FROM tool_uses
          WHERE tool_use_id = :id AND at > :since",
        named_params! { ":id": tool_use_id, ":since": since },
        |row| {
            Ok(Caller {
                session_id: row.get(0)?,
                agent_id: row.get(1)?,
                agent_type: row.get(2)?,
                rule: "subagent".into(),
                person: false,
            })
        },
    )?;
    Ok(found)
}

/// Forgets the calls that were made before `before`.
pub fn forget_tool_uses(tx: &Tx<'_>, before: Time) -> Outcome<usize> {
    Ok(tx.run("DELETE FROM tool_uses WHERE at < :before", named_params! { ":before": before })?)
}

/// Up to when a session knows what happened; `None` if no hook of it was heard.
pub fn told_at(tx: &Tx<'_>, session_id: &str) -> Outcome<Option<Time>> {
    let found = tx.one(
        "SELECT told_at FROM hook_sessions WHERE session_id = :session",
        named_params! { ":session": session_id },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// Notes that hooks were heard of a session; what happened before is no news to it.
pub fn know(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<()> {
    tx.run(
        "INSERT OR IGNORE INTO hook_sessions (session_id, told_at) VALUES (:session, :now)",
        named_params! { ":session": session_id, ":now": now },
    )?;
    Ok(())
}

/// Notes that a session knows what happened until now.
pub fn put_told(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<()> {
    tx.run(
        "INSERT INTO hook_sessions (session_id, told_at) VALUES (:session, :now)
         ON CONFLICT (session_id) DO UPDATE SET told_at = excluded.told_at",
        named_params! { ":session": session_id, ":now": now },
    )?;
    Ok(())
}

/// Living sessions that hooks were heard of and whose client's process was watched.
pub fn watched(tx: &Tx<'_>) -> Outcome<Vec<(String, Process)>> {
    let found = tx.all(
        "SELECT s.session_id, s.client_pid, s.client_started
           FROM hook_sessions h JOIN agent_sessions s ON s.session_id = h.session_id
          WHERE s.ended_at IS NULL AND s.liveness = 'connection'
            AND s.client_pid IS NOT NULL AND s.client_started IS NOT NULL",
        [],
        |row| Ok((row.get(0)?, Process { pid: row.get(1)?, started: row.get(2)? })),
    )?;
    Ok(found)
}

/// Forgets a session that has ended.
pub fn forget_session(tx: &Tx<'_>, session_id: &str) -> Outcome<()> {
    tx.run(
        "DELETE FROM hook_sessions WHERE session_id = :session",
        named_params! { ":session": session_id },
    )?;
    Ok(())
}
