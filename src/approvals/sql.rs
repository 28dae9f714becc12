//! The statements of the approvals.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Row, named_params};
use serde::Serialize;

use crate::store::Tx;
use crate::time::Time;

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pending,
    Approved,
    Denied,
    Used,
}

impl Status {
    /// As rows have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
        }
    }
}

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "pending" => Ok(Self::Pending),
            "approved" => Ok(Self::Approved),
            "denied" => Ok(Self::Denied),
            "used" => Ok(Self::Used),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A question's row.
#[derive(Clone, Debug)]
pub struct Asked {
    pub approval_id: String,
    pub project: String,
    pub session_id: String,
    pub agent_id: String,
    pub agent_type: String,
    pub operation: String,
    pub arguments: String,
    pub digest: String,
    pub reason: String,
    pub policy: String,
    pub status: Status,
    pub asked_at: Time,
    pub expires_at: Time,
    pub decided_by: Option<String>,
    pub note: Option<String>,
}

/// Writes a new question.
pub fn insert(tx: &Tx<'_>, row: &Asked) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO approval_queue (approval_id, project, session_id, agent_id, agent_type,
                operation, arguments, digest, reason, policy, status, asked_at, expires_at)
         VALUES (:id, :project, :session, :agent, :kind, :operation, :arguments, :digest, :reason,
                :policy, :status, :asked, :expires)",
        named_params! {
            ":id": row.approval_id,
            ":project": row.project,
            ":session": row.session_id,
            ":agent": row.agent_id,
            ":kind": row.agent_type,
            ":operation": row.operation,
            ":arguments": row.arguments,
            ":digest": row.digest,
            ":reason": row.reason,
            ":policy": row.policy,
            ":status": row.status.name(),
            ":asked": row.asked_at,
            ":expires": row.expires_at,
        },
    )?;
    Ok(())
}

/// The newest question of a session about a call that is neither used up nor too old.
pub fn newest(
    tx: &Tx<'_>,
    session_id: &str,
    digest: &str,
    now: Time,
) -> rusqlite::Result<Option<Asked>> {
    tx.one(
        "SELECT approval_id, project, session_id, agent_id, agent_type, operation, arguments,
                digest, reason, policy, status, asked_at, expires_at, decided_by, note
           FROM approval_queue
          WHERE session_id = :session AND digest = :digest
            AND status IN ('pending', 'approved', 'denied') AND expires_at > :now
          ORDER BY asked_at DESC LIMIT 1",
        named_params! { ":session": session_id, ":digest": digest, ":now": now },
        asked,
    )
}

/// The questions of a project that still wait, whose id starts or ends like this.
pub fn waiting(tx: &Tx<'_>, project: &str, id: &str, now: Time) -> rusqlite::Result<Vec<Asked>> {
    tx.all(
        "SELECT approval_id, project, session_id, agent_id, agent_type, operation, arguments,
                digest, reason, policy, status, asked_at, expires_at, decided_by, note
           FROM approval_queue
          WHERE project = :project AND status = 'pending' AND expires_at > :now
            AND (substr(approval_id, 1, length(:id)) = :id
                 OR length(:id) > 0 AND substr(approval_id, -length(:id)) = :id)
          ORDER BY asked_at, approval_id",
        named_params! { ":project": project, ":id": id, ":now": now },
        asked,
    )
}

/// The newest questions of a project, decided or not.
pub fn all(tx: &Tx<'_>, project: &str, limit: i64) -> rusqlite::Result<Vec<Asked>> {
    tx.all(
        "SELECT approval_id, project, session_id, agent_id, agent_type, operation, arguments,
                digest, reason, policy, status, asked_at, expires_at, decided_by, note
           FROM approval_queue WHERE project = :project
          ORDER BY asked_at DESC, approval_id DESC LIMIT :limit",
        named_params! { ":project": project, ":limit": limit },
        asked,
    )
}

/// What a person decided.
pub struct Ruling<'a> {
    pub status: Status,
    pub by: &'a str,
    pub at: Time,
    pub expires_at: Time,
    pub note: Option<&'a str>,
}

/// Decides a question that waits.
pub fn decide(tx: &Tx<'_>, id: &str, ruling: &Ruling<'_>) -> rusqlite::Result<usize> {
    tx.run(
        "UPDATE approval_queue
            SET status = :status, decided_by = :by, decided_at = :at, expires_at = :expires,
                note = :note
          WHERE approval_id = :id AND status = 'pending'",
        named_params! {
            ":id": id,
            ":status": ruling.status.name(),
            ":by": ruling.by,
            ":at": ruling.at,
            ":expires": ruling.expires_at,
            ":note": ruling.note,
        },
    )
}

/// Uses an approval up.
pub fn consume(tx: &Tx<'_>, id: &str, now: Time) -> rusqlite::Result<usize> {
    tx.run(
        "UPDATE approval_queue SET status = 'used', used_at = :now
          WHERE approval_id = :id AND status = 'approved' AND expires_at > :now",
        named_params! { ":id": id, ":now": now },
    )
}

fn asked(row: &Row<'_>) -> rusqlite::Result<Asked> {
    Ok(Asked {
        approval_id: row.get("approval_id")?,
        project: row.get("project")?,
        session_id: row.get("session_id")?,
        agent_id: row.get("agent_id")?,
        agent_type: row.get("agent_type")?,
        operation: row.get("operation")?,
        arguments: row.get("arguments")?,
        digest: row.get("digest")?,
        reason: row.get("reason")?,
        policy: row.get("policy")?,
        status: row.get("status")?,
        asked_at: row.get("asked_at")?,
        expires_at: row.get("expires_at")?,
        decided_by: row.get("decided_by")?,
        note: row.get("note")?,
    })
}
