//! The statements of the audit log.

use rusqlite::named_params;
use serde_json::Value;

use super::query::Query;
use super::seal::Segment;
use super::{Entry, Row, Seal, chain};
use crate::store::Tx;
use crate::time::Time;

/// Number and hash of the last row, live or sealed.
pub fn head(tx: &Tx<'_>) -> rusqlite::Result<(i64, String)> {
    let live = tx.one("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    match live {
        Some(head) => Ok(head),
        None => Ok(sealed_head(tx)?.unwrap_or_else(|| (0, chain::GENESIS.to_owned()))),
    }
}

/// Number and hash of the last sealed row.
pub fn sealed_head(tx: &Tx<'_>) -> rusqlite::Result<Option<(i64, String)>> {
    tx.one("SELECT seq_to, hash FROM audit_seals ORDER BY seq_to DESC LIMIT 1", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Appends one row.
pub fn insert(tx: &Tx<'_>, row: &Row) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO audit_log (seq, at, project, agent_id, agent_type, session_id, operation,
                                arguments, success, code, result, request_key, hash)
         VALUES (:seq, :at, :project, :agent_id, :agent_type, :session_id, :operation,
                 :arguments, :success, :code, :result, :request_key, :hash)",
        named_params! {
            ":seq": row.seq,
            ":at": row.at,
            ":project": row.project,
            ":agent_id": row.agent_id,
            ":agent_type": row.agent_type,
            ":session_id": row.session_id,
            ":operation": row.operation,
            ":arguments": row.arguments,
            ":success": row.success,
            ":code": row.code,
            ":result": row.result,
            ":request_key": row.request_key,
            ":hash": row.hash,
        },
    )?;
    Ok(())
}

/// Keeps the whole answer to a request whose row has it shortened.
pub fn keep_reply(tx: &Tx<'_>, key: &str, answer: &str, at: Time) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO replies (request_key, answer, at) VALUES (:key, :answer, :at)",
        named_params! { ":key": key, ":answer": answer, ":at": at },
    )?;
    Ok(())
}

/// What was once asked under a name, and answered: operation, arguments, answer
/// (the whole one where it was kept apart).
pub fn answered(tx: &Tx<'_>, key: &str) -> rusqlite::Result<Option<(String, String, String)>> {
    tx.one(
        "SELECT a.operation, a.arguments, coalesce(r.answer, a.result)
           FROM audit_log a LEFT JOIN replies r ON r.request_key = a.request_key
          WHERE a.request_key = :key",
        named_params! { ":key": key },
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// The hash of a live row.
pub fn hash_of(tx: &Tx<'_>, seq: i64) -> rusqlite::Result<Option<String>> {
    tx.one("SELECT hash FROM audit_log WHERE seq = :seq", named_params! { ":seq": seq }, |row| {
        row.get(0)
    })
}

/// Live rows after `after`, oldest first.
pub fn rows_after(tx: &Tx<'_>, after: i64, limit: u32) -> rusqlite::Result<Vec<Row>> {
    tx.all(
        "SELECT seq, at, project, agent_id, agent_type, session_id, operation, arguments, success,
                code, result, request_key, hash
           FROM audit_log WHERE seq > :after ORDER BY seq LIMIT :limit",
        named_params! { ":after": after, ":limit": limit },
        |row| {
            Ok(Row {
                seq: row.get(0)?,
                at: row.get(1)?,
                project: row.get(2)?,
                agent_id: row.get(3)?,
                agent_type: row.get(4)?,
                session_id: row.get(5)?,
                operation: row.get(6)?,
                arguments: row.get(7)?,
                success: row.get(8)?,
                code: row.get(9)?,
                result: row.get(10)?,
                request_key: row.get(11)?,
                hash: row.get(12)?,
            })
        },
    )
}

/// What [`entries`] selects and filters by; one agent's rows are found by their index,
/// everybody's by walking back from the newest.
macro_rules! entries_where {
    ($found:literal) => {
        concat!(
            "SELECT seq, at, agent_id, agent_type, operation, arguments, success, code
               FROM audit_log WHERE ",
            $found,
            " AND seq < :before AND (project = :project OR project IS NULL)
              AND (:operation IS NULL OR operation = :operation)
              AND (:since IS NULL OR at >= :since) AND (:until IS NULL OR at <= :until)
              AND (:success IS NULL OR success = :success)
            ORDER BY seq DESC LIMIT :limit"
        )
    };
}

/// Calls in a project (and the coordinator's own deeds), newest first.
pub fn entries(tx: &Tx<'_>, query: &Query<'_>) -> rusqlite::Result<Vec<Entry>> {
    let (since, until) = query.span();
    let statement = match query.agent_id() {
        Some(_) => entries_where!("agent_id = :agent"),
        None => entries_where!(":agent IS NULL"),
    };
    tx.all(
        statement,
        named_params! {
            ":before": query.before,
            ":project": query.project,
            ":agent": query.agent_id(),
            ":operation": query.operation(),
            ":since": since,
            ":until": until,
            ":success": query.success(),
            ":limit": query.limit(),
        },
        |row| {
            let arguments: String = row.get(5)?;
            Ok(Entry {
                seq: row.get(0)?,
                at: row.get(1)?,
                agent_id: row.get(2)?,
                agent_type: row.get(3)?,
                operation: row.get(4)?,
                arguments: serde_json::from_str(&arguments)
                    .ok()
                    .filter(|value: &Value| value.as_object().is_none_or(|all| !all.is_empty()))
                    .unwrap_or_default(),
                success: row.get(6)?,
                code: row.get(7)?,
            })
        },
    )
}

/// The segments that have left the database, oldest first.
pub fn seals(tx: &Tx<'_>) -> rusqlite::Result<Vec<Seal>> {
    tx.all(
        "SELECT seq_from, seq_to, hash, file, sealed_at FROM audit_seals ORDER BY seq_to",
        [],
        |row| {
            Ok(Seal {
                seq_from: row.get(0)?,
                seq_to: row.get(1)?,
                hash: row.get(2)?,
                file: row.get(3)?,
                sealed_at: row.get(4)?,
            })
        },
    )
}

/// Notes that a segment is sealed; the table checks that it fits the chain.
pub fn seal(tx: &Tx<'_>, segment: &Segment, file: &str, now: Time) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO audit_seals (seq_from, seq_to, hash, row_count, file, sealed_at)
         VALUES (:after + 1, :to, :hash, :to - :after, :file, :now)",
        named_params! {
            ":after": segment.start.after,
            ":to": segment.seq_to,
            ":hash": segment.hash,
            ":file": file,
            ":now": now,
        },
    )?;
    Ok(())
}

/// Removes rows that are sealed; returns how many.
pub fn remove_sealed(tx: &Tx<'_>, seq_to: i64) -> rusqlite::Result<usize> {
    tx.run("DELETE FROM audit_log WHERE seq <= :to", named_params! { ":to": seq_to })
}

/// When the oldest live row was written.
pub fn oldest(tx: &Tx<'_>) -> rusqlite::Result<Option<Time>> {
    tx.one("SELECT at FROM audit_log ORDER BY seq LIMIT 1", [], |row| row.get(0))
}
