//! The statements of profiles, assignments and counters.

use std::collections::BTreeSet;

use rusqlite::{Row as SqlRow, named_params};

use super::usage::Usage;
use super::{Limits, Profile};
use crate::store::Tx;
use crate::time::Time;

/// A profile with who wrote it.
pub struct Row {
    pub profile: Profile,
    pub updated_by: String,
    pub updated_at: Time,
}

/// An assignment.
#[derive(Clone, Debug)]
pub struct AssignmentRow {
    pub project: String,
    pub subject_kind: String,
    pub subject: String,
    pub profile: String,
}

/// Every profile that people made.
pub fn profiles(tx: &Tx<'_>) -> rusqlite::Result<Vec<Row>> {
    tx.all(
        "SELECT name, agent_type, description, trust_level, allowed_operations, blocked_operations,
                ask_operations, max_files_per_day, max_seconds_per_day, max_calls_per_hour,
                updated_by, updated_at
           FROM agent_profiles",
        [],
        profile,
    )
}

/// Writes a profile over the one of its name.
pub fn put(tx: &Tx<'_>, row: &Row) -> rusqlite::Result<()> {
    let profile = &row.profile;
    tx.run(
        "INSERT INTO agent_profiles (name, agent_type, description, trust_level,
                allowed_operations, blocked_operations, ask_operations, max_files_per_day,
                max_seconds_per_day, max_calls_per_hour, updated_by, updated_at)
         VALUES (:name, :agent_type, :description, :trust, :allowed, :blocked, :ask, :files,
                :seconds, :calls, :by, :at)
         ON CONFLICT (name) DO UPDATE
            SET agent_type = excluded.agent_type, description = excluded.description,
                trust_level = excluded.trust_level,
                allowed_operations = excluded.allowed_operations,
                blocked_operations = excluded.blocked_operations,
                ask_operations = excluded.ask_operations,
                max_files_per_day = excluded.max_files_per_day,
                max_seconds_per_day = excluded.max_seconds_per_day,
                max_calls_per_hour = excluded.max_calls_per_hour,
                updated_by = excluded.updated_by, updated_at = excluded.updated_at",
        named_params! {
            ":name": profile.name,
            ":agent_type": profile.agent_type,
            ":description": profile.description,
            ":trust": profile.trust,
            ":allowed": profile.allowed.as_ref().map(list),
            ":blocked": list(&profile.blocked),
            ":ask": list(&profile.ask),
            ":files": profile.limits.files_per_day,
            ":seconds": profile.limits.seconds_per_day,
            ":calls": profile.limits.calls_per_hour,
            ":by": row.updated_by,
            ":at": row.updated_at,
        },
    )?;
    Ok(())
}

/// Removes a profile's row; a built-in one of that name shows again.
pub fn remove(tx: &Tx<'_>, name: &str) -> rusqlite::Result<usize> {
    tx.run("DELETE FROM agent_profiles WHERE name = :name", named_params! { ":name": name })
}

/// Every assignment.
pub fn assignments(tx: &Tx<'_>) -> rusqlite::Result<Vec<AssignmentRow>> {
    tx.all(
        "SELECT project, subject_kind, subject, profile FROM agent_profile_assignments
          ORDER BY subject_kind, subject, project",
        [],
        |row| {
            Ok(AssignmentRow {
                project: row.get("project")?,
                subject_kind: row.get("subject_kind")?,
                subject: row.get("subject")?,
                profile: row.get("profile")?,
            })
        },
    )
}

/// Assigns a profile.
pub fn assign(tx: &Tx<'_>, row: &AssignmentRow, by: &str, at: Time) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO agent_profile_assignments
                (project, subject_kind, subject, profile, assigned_by, assigned_at)
         VALUES (:project, :kind, :subject, :profile, :by, :at)
         ON CONFLICT (project, subject_kind, subject) DO UPDATE
            SET profile = excluded.profile, assigned_by = excluded.assigned_by,
                assigned_at = excluded.assigned_at",
        named_params! {
            ":project": row.project,
            ":kind": row.subject_kind,
            ":subject": row.subject,
            ":profile": row.profile,
            ":by": by,
            ":at": at,
        },
    )?;
    Ok(())
}

/// Takes an assignment back.
pub fn unassign(tx: &Tx<'_>, row: &AssignmentRow) -> rusqlite::Result<usize> {
    tx.run(
        "DELETE FROM agent_profile_assignments
          WHERE project = :project AND subject_kind = :kind AND subject = :subject",
        named_params! {
            ":project": row.project,
            ":kind": row.subject_kind,
            ":subject": row.subject,
        },
    )
}

/// Name and type of the agent of a session.
pub fn bearer(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Option<(String, String)>> {
    tx.one(
        "SELECT agent_id, agent_type FROM agent_sessions WHERE session_id = :session",
        named_params! { ":session": session_id },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The type that an agent of this name was last seen with.
pub fn type_of(tx: &Tx<'_>, agent_id: &str) -> rusqlite::Result<Option<String>> {
    tx.one(
        "SELECT agent_type FROM agent_sessions WHERE agent_id = :agent
          ORDER BY last_seen_at DESC LIMIT 1",
        named_params! { ":agent": agent_id },
        |row| row.get(0),
    )
}

/// What an agent has used up, as last written.
pub fn usage(tx: &Tx<'_>, project: &str, agent_id: &str) -> rusqlite::Result<Option<Usage>> {
    tx.one(
        "SELECT hour_start, calls, day_start, active_ms, last_at FROM agent_usage
          WHERE project = :project AND agent_id = :agent",
        named_params! { ":project": project, ":agent": agent_id },
        |row| {
            Ok(Usage {
                hour_start: row.get("hour_start")?,
                calls: row.get("calls")?,
                day_start: row.get("day_start")?,
                active_ms: row.get("active_ms")?,
                last_at: row.get("last_at")?,
            })
        },
    )
}

/// Writes what an agent has used up.
pub fn keep_usage(
    tx: &Tx<'_>,
    project: &str,
    agent_id: &str,
    usage: &Usage,
) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO agent_usage
                (project, agent_id, hour_start, calls, day_start, active_ms, last_at)
         VALUES (:project, :agent, :hour, :calls, :day, :active, :last)
         ON CONFLICT (project, agent_id) DO UPDATE
            SET hour_start = excluded.hour_start, calls = excluded.calls,
                day_start = excluded.day_start, active_ms = excluded.active_ms,
                last_at = excluded.last_at",
        named_params! {
            ":project": project,
            ":agent": agent_id,
            ":hour": usage.hour_start,
            ":calls": usage.calls,
            ":day": usage.day_start,
            ":active": usage.active_ms,
            ":last": usage.last_at,
        },
    )?;
    Ok(())
}

/// How many files an agent has changed in the day.
pub fn files(tx: &Tx<'_>, project: &str, agent_id: &str, day: Time) -> rusqlite::Result<i64> {
    let count = tx.one(
        "SELECT count(*) FROM agent_files
          WHERE project = :project AND agent_id = :agent AND day_start = :day",
        named_params! { ":project": project, ":agent": agent_id, ":day": day },
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or_default())
}

/// Notes that an agent changes a file; false if it did so before in this day.
pub fn add_file(
    tx: &Tx<'_>,
    project: &str,
    agent_id: &str,
    key: &str,
    day: Time,
) -> rusqlite::Result<bool> {
    let changed = tx.run(
        "INSERT INTO agent_files (project, agent_id, path_key, day_start)
         VALUES (:project, :agent, :key, :day)
         ON CONFLICT (project, agent_id, path_key) DO UPDATE SET day_start = excluded.day_start
          WHERE day_start <> excluded.day_start",
        named_params! { ":project": project, ":agent": agent_id, ":key": key, ":day": day },
    )?;
    Ok(changed > 0)
}

/// Forgets the files of earlier days.
pub fn forget_files(
    tx: &Tx<'_>,
    project: &str,
    agent_id: &str,
    day: Time,
) -> rusqlite::Result<usize> {
    tx.run(
        "DELETE FROM agent_files
          WHERE project = :project AND agent_id = :agent AND day_start < :day",
        named_params! { ":project": project, ":agent": agent_id, ":day": day },
    )
}

fn profile(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let allowed: Option<String> = row.get("allowed_operations")?;
    Ok(Row {
        profile: Profile {
            name: row.get("name")?,
            agent_type: row.get("agent_type")?,
            description: row.get("description")?,
            trust: row.get("trust_level")?,
            allowed: allowed.map(|text| names(&text)),
            blocked: names(&row.get::<_, String>("blocked_operations")?),
            ask: names(&row.get::<_, String>("ask_operations")?),
            limits: Limits {
                files_per_day: row.get("max_files_per_day")?,
                seconds_per_day: row.get("max_seconds_per_day")?,
                calls_per_hour: row.get("max_calls_per_hour")?,
            },
            own: true,
        },
        updated_by: row.get("updated_by")?,
        updated_at: row.get("updated_at")?,
    })
}

fn list(names: &BTreeSet<String>) -> String {
    serde_json::json!(names).to_string()
}

/// The table's CHECK lets nothing but arrays in; what is no text in one names no operation.
fn names(text: &str) -> BTreeSet<String> {
    let values: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    values.iter().filter_map(|value| value.as_str().map(Into::into)).collect()
}
