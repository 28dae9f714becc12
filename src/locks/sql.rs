//! The statements on `file_locks`, and the project's fence.

use rusqlite::{Row, named_params};

use super::Lock;
use crate::failure::Outcome;
use crate::repo::{Kind, Target};
use crate::ruling::ELSEWHERE;
use crate::store::Tx;
use crate::time::Time;

/// All rows that may overlap the target, those whose time is up among them:
/// exact keys, keys inside a folder, and every glob.
pub fn near(tx: &Tx<'_>, project: &str, target: &Target) -> Outcome<Vec<Lock>> {
    let (from, below) = target.scan().unzip();
    let globs = (target.kind != Kind::Resource).then_some("glob");
    let found = tx.all(
        "WITH near (path_key) AS (
             SELECT value FROM json_each(:keys)
             UNION
             SELECT path_key FROM file_locks
              WHERE project = :project AND path_key >= :from AND path_key < :below
             UNION
             SELECT path_key FROM file_locks WHERE project = :project AND kind = :globs
         )
         SELECT l.path_key, l.session_id, l.path, l.kind, l.mode, l.agent_id, l.agent_type,
                l.worktree, l.reason, l.fence, l.ttl_ms, l.acquired_at, l.expires_at
           FROM near CROSS JOIN file_locks AS l
             ON l.project = :project AND l.path_key = near.path_key",
        named_params! {
            ":project": project,
            ":keys": serde_json::json!(target.lookups()).to_string(),
            ":from": from,
            ":below": below,
            ":globs": globs,
        },
        lock,
    )?;
    Ok(found)
}

/// A session's rows in a project, by path.
pub fn of_session(tx: &Tx<'_>, project: &str, session_id: &str) -> Outcome<Vec<Lock>> {
    let found = tx.all(
        "SELECT path_key, session_id, path, kind, mode, agent_id, agent_type,
                worktree, reason, fence, ttl_ms, acquired_at, expires_at
           FROM file_locks WHERE session_id = :session AND project = :project
          ORDER BY path_key",
        named_params! { ":session": session_id, ":project": project },
        lock,
    )?;
    Ok(found)
}

/// A session's row for a path.
pub fn own(tx: &Tx<'_>, project: &str, session_id: &str, key: &str) -> Outcome<Option<Lock>> {
    let found = tx.one(
        "SELECT path_key, session_id, path, kind, mode, agent_id, agent_type,
                worktree, reason, fence, ttl_ms, acquired_at, expires_at
           FROM file_locks
          WHERE project = :project AND path_key = :key AND session_id = :session",
        named_params! { ":project": project, ":key": key, ":session": session_id },
        lock,
    )?;
    Ok(found)
}

/// Where a page of locks starts and what it may hold.
pub struct Page<'a> {
    /// The last row of the page before: its path's key and its session.
    pub after: (&'a str, &'a str),
    /// Only this agent's.
    pub agent_id: Option<&'a str>,
    /// Rows at most.
    pub limit: usize,
}

/// A project's locks whose time is not up, by path.
pub fn page(tx: &Tx<'_>, project: &str, page: &Page<'_>, now: Time) -> Outcome<Vec<Lock>> {
    let found = tx.all(
        "SELECT path_key, session_id, path, kind, mode, agent_id, agent_type,
                worktree, reason, fence, ttl_ms, acquired_at, expires_at
           FROM file_locks
          WHERE project = :project AND (path_key, session_id) > (:key, :session)
            AND expires_at > :now AND agent_id = coalesce(:agent, agent_id)
          ORDER BY path_key, session_id LIMIT :limit",
        named_params! {
            ":project": project,
            ":key": page.after.0,
            ":session": page.after.1,
            ":now": now,
            ":agent": page.agent_id,
            ":limit": i64::try_from(page.limit).unwrap_or(i64::MAX),
        },
        lock,
    )?;
    Ok(found)
}

/// Every lock on something of a worktree whose time is not up, and its project.
///
/// # Errors
/// Faults only.
pub fn everywhere(tx: &Tx<'_>, now: Time) -> Outcome<Vec<(String, Lock)>> {
    let found = tx.all(
        "SELECT path_key, session_id, path, kind, mode, agent_id, agent_type,
                worktree, reason, fence, ttl_ms, acquired_at, expires_at, project
           FROM file_locks
          WHERE expires_at > :now AND kind <> 'resource' AND worktree IS NOT NULL",
        named_params! { ":now": now },
        |row| Ok((row.get("project")?, lock(row)?)),
    )?;
    Ok(found)
}

/// Writes a lock, over the row that its session had for the path.
pub fn put(tx: &Tx<'_>, project: &str, lock: &Lock) -> Outcome<()> {
    tx.run(
        "INSERT INTO file_locks (project, path_key, session_id, path, kind, mode, agent_id,
                agent_type, worktree, reason, fence, ttl_ms, acquired_at, expires_at)
         VALUES (:project, :key, :session, :path, :kind, :mode, :agent,
                :agent_type, :worktree, :reason, :fence, :ttl, :acquired_at, :expires_at)
         ON CONFLICT (project, path_key, session_id) DO UPDATE
            SET path = excluded.path, mode = excluded.mode, agent_id = excluded.agent_id,
                agent_type = excluded.agent_type, worktree = excluded.worktree,
                reason = excluded.reason, fence = excluded.fence, ttl_ms = excluded.ttl_ms,
                acquired_at = excluded.acquired_at, expires_at = excluded.expires_at",
        named_params! {
            ":project": project,
            ":key": lock.target.key,
            ":session": lock.session_id,
            ":path": lock.target.shown,
            ":kind": lock.target.kind.as_str(),
            ":mode": lock.mode,
            ":agent": lock.agent_id,
            ":agent_type": lock.agent_type,
            ":worktree": lock.worktree,
            ":reason": lock.reason,
            ":fence": lock.fence,
            ":ttl": lock.ttl_ms,
            ":acquired_at": lock.acquired_at,
            ":expires_at": lock.expires_at,
        },
    )?;
    Ok(())
}

/// Removes a row.
pub fn remove(tx: &Tx<'_>, project: &str, lock: &Lock) -> Outcome<()> {
    tx.run(
        "DELETE FROM file_locks
          WHERE project = :project AND path_key = :key AND session_id = :session",
        named_params! {
            ":project": project,
            ":key": lock.target.key,
            ":session": lock.session_id,
        },
    )?;
    Ok(())
}

/// Draws out a session's rows that have less than half of their time left; how many those are.
pub fn draw_out(tx: &Tx<'_>, project: &str, session_id: &str, until: Time) -> Outcome<usize> {
    Ok(tx.run(
        "UPDATE file_locks SET expires_at = :until
          WHERE session_id = :session AND project = :project AND expires_at < :until - ttl_ms / 2",
        named_params! { ":session": session_id, ":project": project, ":until": until },
    )?)
}

/// How many live locks of a project other machines have.
pub fn live_of_others(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<usize> {
    let found = tx.one(
        "SELECT count(*) FROM file_locks
          WHERE project = :project AND substr(session_id, 1, length(:elsewhere)) = :elsewhere
            AND expires_at > :now",
        named_params! { ":project": project, ":elsewhere": ELSEWHERE, ":now": now },
        |row| row.get::<_, i64>(0),
    )?;
    Ok(found.and_then(|n| usize::try_from(n).ok()).unwrap_or_default())
}

/// Removes every row of a session; returns project and row.
pub fn remove_session(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<(String, Lock)>> {
    let gone = tx.all(
        "DELETE FROM file_locks WHERE session_id = :session
         RETURNING path_key, session_id, path, kind, mode, agent_id, agent_type,
                   worktree, reason, fence, ttl_ms, acquired_at, expires_at, project",
        named_params! { ":session": session_id },
        |row| Ok((row.get("project")?, lock(row)?)),
    )?;
    Ok(gone)
}

/// Removes every row whose time is up; returns its project.
pub fn remove_expired(tx: &Tx<'_>, now: Time) -> Outcome<Vec<String>> {
    let gone = tx.all(
        "DELETE FROM file_locks WHERE expires_at <= :now RETURNING project",
        named_params! { ":now": now },
        |row| row.get(0),
    )?;
    Ok(gone)
}

/// Starts the time of a session's locks anew where less than half of it is left.
pub fn renew(tx: &Tx<'_>, session_id: &str, now: Time) -> Outcome<usize> {
    Ok(tx.run(
        "UPDATE file_locks SET expires_at = :now + ttl_ms
          WHERE session_id = :session AND expires_at > :now
            AND (expires_at - :now) * 2 < ttl_ms",
        named_params! { ":session": session_id, ":now": now },
    )?)
}

/// When the first lock's time is up.
pub fn first_expiry(tx: &Tx<'_>) -> Outcome<Option<Time>> {
    Ok(tx.one("SELECT min(expires_at) FROM file_locks", [], |row| row.get(0))?.flatten())
}

/// The project's next fence; its first one makes the project's row.
pub fn next_fence(tx: &Tx<'_>, project: &str, root: &str, now: Time) -> Outcome<i64> {
    let fence = tx.one(
        "INSERT INTO projects (project, root_hint, last_fence, created_at)
         VALUES (:project, :root, 1, :now)
         ON CONFLICT (project) DO UPDATE SET last_fence = last_fence + 1
         RETURNING last_fence",
        named_params! { ":project": project, ":root": root, ":now": now },
        |row| row.get(0),
    )?;
    Ok(fence.ok_or_else(|| anyhow::anyhow!("the project's fence was not returned"))?)
}

/// The newest fence of a project; 0 before its first.
pub fn last_fence(tx: &Tx<'_>, project: &str) -> Outcome<i64> {
    let fence = tx.one(
        "SELECT last_fence FROM projects WHERE project = :project",
        named_params! { ":project": project },
        |row| row.get(0),
    )?;
    Ok(fence.unwrap_or_default())
}

/// Keeps a fence that was handed out elsewhere, so that none before it is handed out here.
pub fn keep_fence(
    tx: &Tx<'_>,
    project: &str,
    root: Option<&str>,
    fence: i64,
    now: Time,
) -> Outcome<()> {
    tx.run(
        "INSERT INTO projects (project, root_hint, last_fence, created_at)
         VALUES (:project, :root, :fence, :now)
         ON CONFLICT (project) DO UPDATE SET last_fence = max(last_fence, :fence)",
        named_params! { ":project": project, ":root": root, ":fence": fence, ":now": now },
    )?;
    Ok(())
}

/// The projects in whose lines a place's time is up.
pub fn projects_with_old_places(tx: &Tx<'_>, now: Time) -> Outcome<Vec<String>> {
    let found = tx.all(
        "SELECT DISTINCT project FROM waits WHERE kind = 'lock' AND deadline_at <= :now",
        named_params! { ":now": now },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// The places of sessions that have ended.
pub fn remove_dead_places(tx: &Tx<'_>, project: &str) -> Outcome<usize> {
    Ok(tx.run(
        "DELETE FROM waits
          WHERE project = :project AND kind = 'lock' AND EXISTS
                (SELECT 1 FROM agent_sessions AS s
                  WHERE s.session_id = waits.session_id AND s.ended_at IS NOT NULL)",
        named_params! { ":project": project },
    )?)
}

fn lock(row: &Row<'_>) -> rusqlite::Result<Lock> {
    let kind: String = row.get("kind")?;
    let key: String = row.get("path_key")?;
    Ok(Lock {
        target: stored(&kind, &key, row.get("path")?),
        mode: row.get("mode")?,
        session_id: row.get("session_id")?,
        agent_id: row.get("agent_id")?,
        agent_type: row.get("agent_type")?,
        worktree: row.get("worktree")?,
        reason: row.get("reason")?,
        fence: row.get("fence")?,
        ttl_ms: row.get("ttl_ms")?,
        acquired_at: row.get("acquired_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// A target as it was kept. The table's CHECK lets no other kinds in; a folder
/// would be the safest guess, since it overlaps most.
pub fn stored(kind: &str, key: &str, shown: String) -> Target {
    let mut target = Target::from_stored(Kind::parse(kind).unwrap_or(Kind::Folder), key);
    target.shown = shown;
    target
}
