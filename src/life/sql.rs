//! The statements of the reaper that belong to no domain alone.

use rusqlite::named_params;

use crate::store::Tx;
use crate::time::Time;

/// The projects in whose queues a session stands.
pub fn queues_of(tx: &Tx<'_>, session_id: &str) -> rusqlite::Result<Vec<String>> {
    tx.all(
        "SELECT DISTINCT project FROM waits WHERE session_id = :session",
        named_params! { ":session": session_id },
        |row| row.get(0),
    )
}

/// Sessions with an open connection that hold a claim whose lease ends at `until` or before.
pub fn holders_to_renew(tx: &Tx<'_>, until: Time) -> rusqlite::Result<Vec<String>> {
    tx.all(
        "SELECT DISTINCT w.claimed_by_session FROM work_queue w
           JOIN agent_sessions s ON s.session_id = w.claimed_by_session
          WHERE w.status IN ('claimed', 'running') AND w.lease_expires_at <= :until
            AND s.ended_at IS NULL AND s.liveness = 'connection'",
        named_params! { ":until": until },
        |row| row.get(0),
    )
}

/// When the first lease of a session with an open connection ends.
pub fn first_renewal(tx: &Tx<'_>) -> rusqlite::Result<Option<Time>> {
    tx.one(
        "SELECT w.lease_expires_at FROM work_queue w
           JOIN agent_sessions s ON s.session_id = w.claimed_by_session
          WHERE w.status IN ('claimed', 'running')
            AND s.ended_at IS NULL AND s.liveness = 'connection'
          ORDER BY w.lease_expires_at LIMIT 1",
        [],
        |row| row.get(0),
    )
}

/// When the first place in a queue is over.
pub fn first_wait(tx: &Tx<'_>) -> rusqlite::Result<Option<Time>> {
    tx.one("SELECT deadline_at FROM waits ORDER BY deadline_at LIMIT 1", [], |row| row.get(0))
}

/// Since when the oldest answer has been kept.
pub fn oldest_reply(tx: &Tx<'_>) -> rusqlite::Result<Option<Time>> {
    tx.one("SELECT at FROM replies ORDER BY at LIMIT 1", [], |row| row.get(0))
}

/// Forgets the answers that were given before `before`.
pub fn drop_replies(tx: &Tx<'_>, before: Time) -> rusqlite::Result<usize> {
    tx.run("DELETE FROM replies WHERE at < :before", named_params! { ":before": before })
}
