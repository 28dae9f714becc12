//! The statements of the audit log.

use rusqlite::named_params;

use super::{Row, chain};
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
