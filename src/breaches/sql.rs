//! The statements of the breaches.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::Breach;
use crate::store::Tx;
use crate::time::Time;

/// What was done to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It has other contents, or others under its name.
    Written,
    /// It is gone.
    Removed,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Removed => "removed",
        }
    }
}

impl ToSql for What {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for What {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "written" => Ok(Self::Written),
            "removed" => Ok(Self::Removed),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// Counts a change to the breach it follows, if that was heard of after `since`.
pub fn once_more(tx: &Tx<'_>, breach: &Breach, since: Time) -> rusqlite::Result<usize> {
    tx.run(
        "UPDATE breaches
            SET times = times + 1, what = :what, last_at = max(last_at, :at)
          WHERE project = :project AND last_at > :since AND path = :path
            AND worktree = :worktree AND holder_session = :holder
            AND suspect_session IS :suspect",
        named_params! {
            ":project": breach.project,
            ":since": since,
            ":what": breach.what,
            ":at": breach.last_at,
            ":path": breach.path,
            ":worktree": breach.worktree,
            ":holder": breach.holder_session,
            ":suspect": breach.suspect_session,
        },
    )
}

/// Writes a new breach.
pub fn insert(tx: &Tx<'_>, breach: &Breach) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO breaches (breach_id, project, path, worktree, what, holder_session, holder,
                fence, suspect_session, suspect, first_at, last_at, times)
         VALUES (:id, :project, :path, :worktree, :what, :holder_session, :holder,
                :fence, :suspect_session, :suspect, :first_at, :last_at, :times)",
        named_params! {
            ":id": breach.breach_id,
            ":project": breach.project,
            ":path": breach.path,
            ":worktree": breach.worktree,
            ":what": breach.what,
            ":holder_session": breach.holder_session,
            ":holder": breach.holder,
            ":fence": breach.fence,
            ":suspect_session": breach.suspect_session,
            ":suspect": breach.suspect,
            ":first_at": breach.first_at,
            ":last_at": breach.last_at,
            ":times": breach.times,
        },
    )?;
    Ok(())
}

/// The latest breaches of a project since a time, newest first.
pub fn latest(
    tx: &Tx<'_>,
    project: &str,
    since: Time,
    limit: usize,
) -> rusqlite::Result<Vec<Breach>> {
    tx.all(
        "SELECT breach_id, project, path, worktree, what, holder_session, holder, fence,
                suspect_session, suspect, first_at, last_at, times
           FROM breaches WHERE project = :project AND last_at > :since
          ORDER BY last_at DESC LIMIT :limit",
        named_params! {
            ":project": project,
            ":since": since,
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        to_breach,
    )
}

/// Forgets what happened before `before`.
pub fn forget(tx: &Tx<'_>, project: &str, before: Time) -> rusqlite::Result<usize> {
    tx.run(
        "DELETE FROM breaches WHERE project = :project AND last_at < :before",
        named_params! { ":project": project, ":before": before },
    )
}

fn to_breach(row: &Row<'_>) -> rusqlite::Result<Breach> {
    Ok(Breach {
        breach_id: row.get("breach_id")?,
        project: row.get("project")?,
        path: row.get("path")?,
        worktree: row.get("worktree")?,
        what: row.get("what")?,
        holder: row.get("holder")?,
        holder_session: row.get("holder_session")?,
        fence: row.get("fence")?,
        suspect: row.get("suspect")?,
        suspect_session: row.get("suspect_session")?,
        first_at: row.get("first_at")?,
        last_at: row.get("last_at")?,
        times: row.get("times")?,
    })
}
