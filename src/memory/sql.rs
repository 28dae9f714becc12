//! The statements on `episodic_memories` and its full-text index.

use rusqlite::{Row, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EventType, Memory, words};
use crate::failure::Outcome;
use crate::ingress;
use crate::store::Tx;
use crate::time::Time;

/// Who says what, of which kind.
pub struct Same<'a> {
    pub agent: &'a str,
    pub event_type: EventType,
    pub norm_key: &'a str,
}

/// The latest memory later than `since` that says the same.
pub fn said_since(
    tx: &Tx<'_>,
    project: &str,
    same: &Same<'_>,
    since: Time,
) -> Outcome<Option<String>> {
    let found = tx.one(
        "SELECT memory_id FROM episodic_memories
          WHERE project = :project AND agent_id = :agent AND norm_key = :norm
            AND created_at > :since AND event_type = :event_type AND forgotten_at IS NULL
          ORDER BY created_at DESC LIMIT 1",
        named_params! {
            ":project": project,
            ":agent": same.agent,
            ":norm": same.norm_key,
            ":since": since,
            ":event_type": same.event_type,
        },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// Whether the same was said by the same agent at that very time.
pub fn said_at(tx: &Tx<'_>, project: &str, same: &Same<'_>, at: Time) -> Outcome<bool> {
    let found = tx.one(
        "SELECT 1 FROM episodic_memories
          WHERE project = :project AND agent_id = :agent AND norm_key = :norm
            AND created_at = :at AND event_type = :event_type AND forgotten_at IS NULL",
        named_params! {
            ":project": project,
            ":agent": same.agent,
            ":norm": same.norm_key,
            ":at": at,
            ":event_type": same.event_type,
        },
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Writes a memory at the end of the index.
pub fn insert(tx: &Tx<'_>, project: &str, session: &str, memory: &Memory) -> Outcome<()> {
    let details = memory.details.as_ref().map(json).transpose()?;
    tx.run(
        "INSERT INTO episodic_memories (memory_id, seq, project, agent_id, agent_type, session_id,
                event_type, summary, details, outcome, lessons, tags, keywords, norm_key,
                branch, commit_id, pinned, created_at)
         VALUES (:id, (SELECT coalesce(max(seq), 0) + 1 FROM episodic_memories),
                :project, :agent, :agent_type, :session,
                :event_type, :summary, :details, :outcome, :lessons, :tags, :keywords, :norm,
                :branch, :commit, :pinned, :at)",
        named_params! {
            ":id": memory.memory_id,
            ":project": project,
            ":agent": memory.agent_id,
            ":agent_type": memory.agent_type,
            ":session": session,
            ":event_type": memory.event_type,
            ":summary": memory.summary,
            ":details": details,
            ":outcome": memory.outcome,
            ":lessons": json(&memory.lessons)?,
            ":tags": json(&memory.tags)?,
            ":keywords": words::hidden_parts(&memory.texts()),
            ":norm": words::norm_key(&memory.summary),
            ":branch": memory.branch,
            ":commit": memory.commit,
            ":pinned": memory.pinned,
            ":at": memory.created_at,
        },
    )?;
    Ok(())
}

/// What is known of an id: its project, and whether it was forgotten.
pub fn whereabouts(tx: &Tx<'_>, memory_id: &str) -> Outcome<Option<(String, bool)>> {
    let found = tx.one(
        "SELECT project, forgotten_at IS NOT NULL FROM episodic_memories WHERE memory_id = :id",
        named_params! { ":id": memory_id },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found)
}

/// A memory of this project that was not forgotten.
pub fn find(tx: &Tx<'_>, project: &str, memory_id: &str) -> Outcome<Option<Memory>> {
    let found = tx.one(
        "SELECT memory_id, event_type, summary, details, outcome, lessons, tags, agent_id,
                agent_type, branch, commit_id, pinned, created_at
           FROM episodic_memories
          WHERE memory_id = :id AND project = :project AND forgotten_at IS NULL",
        named_params! { ":id": memory_id, ":project": project },
        memory,
    )?;
    Ok(found)
}

/// Sets whether a memory ages.
pub fn pin(tx: &Tx<'_>, memory_id: &str, pinned: bool) -> Outcome<()> {
    tx.run(
        "UPDATE episodic_memories SET pinned = :pinned WHERE memory_id = :id",
        named_params! { ":id": memory_id, ":pinned": pinned },
    )?;
    Ok(())
}

/// Takes a memory's words away; that it was remains.
pub fn forget(tx: &Tx<'_>, memory_id: &str, now: Time) -> Outcome<()> {
    tx.run(
        "UPDATE episodic_memories
            SET forgotten_at = :now, summary = '', details = NULL, lessons = '[]', tags = '[]',
                keywords = '', norm_key = :norm, pinned = 0
          WHERE memory_id = :id AND forgotten_at IS NULL",
        named_params! { ":id": memory_id, ":now": now, ":norm": words::norm_key("") },
    )?;
    Ok(())
}

/// Where a page of memories starts, and which it shows.
pub struct Page<'a> {
    /// The last one of the page before.
    pub before: Option<&'a Memory>,
    pub event_type: Option<EventType>,
    pub agent_id: Option<&'a str>,
    pub pinned: bool,
    pub limit: i64,
}

/// A project's memories, newest first.
pub fn page(tx: &Tx<'_>, project: &str, page: &Page<'_>) -> Outcome<Vec<Memory>> {
    let found = tx.all(
        "SELECT memory_id, event_type, summary, details, outcome, lessons, tags, agent_id,
                agent_type, branch, commit_id, pinned, created_at
           FROM episodic_memories
          WHERE project = :project AND forgotten_at IS NULL AND created_at <= :at
            AND (created_at, memory_id) < (:at, :id)
            AND (:event_type IS NULL OR event_type = :event_type)
            AND (:agent IS NULL OR agent_id = :agent)
            AND (pinned OR NOT :pinned)
          ORDER BY created_at DESC, memory_id DESC LIMIT :limit",
        named_params! {
            ":project": project,
            ":at": page.before.map_or(i64::MAX, |one| one.created_at.ms()),
            ":id": page.before.map_or("", |one| one.memory_id.as_str()),
            ":event_type": page.event_type,
            ":agent": page.agent_id,
            ":pinned": page.pinned,
            ":limit": page.limit,
        },
        memory,
    )?;
    Ok(found)
}

/// A project's pinned memories, newest first.
pub fn pinned(tx: &Tx<'_>, project: &str, limit: i64) -> Outcome<Vec<Memory>> {
    let found = tx.all(
        "SELECT memory_id, event_type, summary, details, outcome, lessons, tags, agent_id,
                agent_type, branch, commit_id, pinned, created_at
           FROM episodic_memories
          WHERE project = :project AND pinned AND forgotten_at IS NULL
          ORDER BY created_at DESC LIMIT :limit",
        named_params! { ":project": project, ":limit": limit },
        memory,
    )?;
    Ok(found)
}

/// The places of the newest memories that the index finds.
pub fn matching(tx: &Tx<'_>, expression: &str, limit: usize) -> Outcome<Vec<i64>> {
    let found = tx.all(
        "SELECT rowid FROM memory_index WHERE memory_index MATCH :expression
          ORDER BY rowid DESC LIMIT :limit",
        named_params! {
            ":expression": expression,
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// The memories at these places, with their places.
pub fn at(tx: &Tx<'_>, project: &str, places: &[i64]) -> Outcome<Vec<(i64, Memory)>> {
    let found = tx.all(
        "SELECT m.memory_id, m.event_type, m.summary, m.details, m.outcome, m.lessons, m.tags,
                m.agent_id, m.agent_type, m.branch, m.commit_id, m.pinned, m.created_at, m.seq
           FROM json_each(:places) AS p CROSS JOIN episodic_memories AS m ON m.seq = p.value
          WHERE m.project = :project AND m.forgotten_at IS NULL",
        named_params! { ":places": serde_json::json!(places).to_string(), ":project": project },
        |row| Ok((row.get("seq")?, memory(row)?)),
    )?;
    Ok(found)
}

/// The place of the newest memory, which is about how many there are.
pub fn last_place(tx: &Tx<'_>) -> Outcome<i64> {
    let last = tx.one("SELECT max(seq) FROM episodic_memories", [], |row| row.get(0))?;
    Ok(last.flatten().unwrap_or(0))
}

/// Whether the index has a word of this stem.
pub fn knows(tx: &Tx<'_>, stem: &str) -> Outcome<bool> {
    let found = tx.one(
        "SELECT 1 FROM memory_words WHERE term = :stem",
        named_params! { ":stem": stem },
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// The stems in the index that begin so.
pub fn stems_from(tx: &Tx<'_>, beginning: &str) -> Outcome<Vec<String>> {
    let found = tx.all(
        "SELECT term FROM memory_words
          WHERE term >= :from AND term < :from || char(1114111)",
        named_params! { ":from": beginning },
        |row| row.get(0),
    )?;
    Ok(found)
}

fn json(value: &impl Serialize) -> Outcome<String> {
    let value = serde_json::to_value(value).map_err(anyhow::Error::from)?;
    Ok(ingress::json(&value).map_err(anyhow::Error::from)?)
}

fn memory(row: &Row<'_>) -> rusqlite::Result<Memory> {
    let details: Option<String> = row.get("details")?;
    Ok(Memory {
        memory_id: row.get("memory_id")?,
        event_type: row.get("event_type")?,
        summary: row.get("summary")?,
        details: details.and_then(|text| serde_json::from_str(&text).ok()),
        outcome: row.get("outcome")?,
        lessons: items(row, "lessons")?,
        tags: items(row, "tags")?,
        agent_id: row.get("agent_id")?,
        agent_type: row.get("agent_type")?,
        branch: row.get("branch")?,
        commit: row.get("commit_id")?,
        pinned: row.get("pinned")?,
        created_at: row.get("created_at")?,
    })
}

/// A list as it was stored; rows of another version may hold what is no longer understood.
fn items<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Vec<T>> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}
