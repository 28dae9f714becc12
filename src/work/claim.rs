//! Who gets which task: the first ready one that a session may take.
//!
//! - One statement chooses and claims; its cost does not grow with the queue.
//! - A fence is handed out with each claim, from the repository's own counter.

use rusqlite::named_params;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::leases::LEASE_MS;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::Time;

/// Who claims.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the caller's names")]
pub struct Claimant<'a> {
    pub project: &'a str,
    pub session_id: &'a str,
    pub agent_id: &'a str,
    /// Only tasks of these types, unless empty.
    pub task_types: &'a [String],
}

/// A claimed task, as its holder learns of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the fields of the answer")]
pub struct Claimed {
    pub task_id: String,
    pub task_type: String,
    pub description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_data: Option<Map<String, Value>>,
    pub priority: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Time>,
    pub attempt: i64,
    /// What became of the attempt before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub lease_expires_at: Time,
    pub fence: i64,
}

/// The sets of required capabilities among ready tasks, each found by one seek.
macro_rules! keys {
    () => {
        "WITH RECURSIVE keys(key) AS (
             SELECT (SELECT capability_key FROM work_queue
                      WHERE project = :project AND status = 'pending' AND unmet = 0
                        AND parked_reason IS NULL AND run_after = 0
                      ORDER BY capability_key LIMIT 1)
              UNION ALL
             SELECT (SELECT capability_key FROM work_queue
                      WHERE project = :project AND status = 'pending' AND unmet = 0
                        AND parked_reason IS NULL AND run_after = 0
                        AND capability_key > keys.key
                      ORDER BY capability_key LIMIT 1)
               FROM keys WHERE keys.key IS NOT NULL
         )"
    };
}
pub(super) use keys;

/// The deed, up to the choice of the task.
macro_rules! deed {
    () => {
        "UPDATE work_queue
            SET status = 'claimed',
                attempt = attempt + 1,
                fence = 1 + coalesce(
                    (SELECT last_fence FROM projects WHERE project = :project), 0),
                claimed_by_session = :session,
                claimed_by = :agent,
                claimed_at = :now,
                lease_ms = :lease,
                lease_expires_at = :now + :lease
          WHERE task_id = ("
    };
}

/// Whether the session can do what a set of capabilities asks for; the best of what is left.
macro_rules! choice {
    () => {
        " WHERE keys.key = '[]' OR NOT EXISTS (
                    SELECT 1 FROM json_each(keys.key) AS wanted
                     WHERE wanted.value NOT IN (
                           SELECT capability FROM agent_capabilities
                            WHERE session_id = :session))
              ORDER BY head.priority, head.seq LIMIT 1)
          RETURNING task_id, task_type, description, input_data, priority, deadline, attempt,
                    error_message, lease_expires_at, fence"
    };
}

/// The claim without a type: one seek for each set of required capabilities.
pub const CLAIM: &str = concat!(
    keys!(),
    deed!(),
    "SELECT head.task_id
       FROM keys
      CROSS JOIN work_queue AS head ON head.task_id = (
            SELECT first.task_id FROM work_queue AS first
             WHERE first.project = :project AND first.capability_key = keys.key
               AND first.status = 'pending' AND first.unmet = 0
               AND first.parked_reason IS NULL AND first.run_after = 0
             ORDER BY first.priority, first.seq LIMIT 1)",
    choice!()
);

/// The claim of certain types: one seek for each type and set of required capabilities.
pub const CLAIM_BY_TYPE: &str = concat!(
    keys!(),
    deed!(),
    "SELECT head.task_id
       FROM keys
      CROSS JOIN json_each(:types) AS kind
      CROSS JOIN work_queue AS head ON head.task_id = (
            SELECT first.task_id FROM work_queue AS first
             WHERE first.project = :project AND first.capability_key = keys.key
               AND first.task_type = kind.value
               AND first.status = 'pending' AND first.unmet = 0
               AND first.parked_reason IS NULL AND first.run_after = 0
             ORDER BY first.priority, first.seq LIMIT 1)",
    choice!()
);

/// Claims the first ready task that the claimant may take.
///
/// # Errors
/// Faults only.
pub fn claim(tx: &Tx<'_>, who: Claimant<'_>, now: Time) -> Outcome<Option<Claimed>> {
    let claimed = if who.task_types.is_empty() {
        tx.one(
            CLAIM,
            named_params! {
                ":project": who.project, ":session": who.session_id, ":agent": who.agent_id,
                ":now": now, ":lease": LEASE_MS,
            },
            claimed,
        )?
    } else {
        let types = serde_json::to_string(who.task_types).map_err(anyhow::Error::from)?;
        tx.one(
            CLAIM_BY_TYPE,
            named_params! {
                ":project": who.project, ":session": who.session_id, ":agent": who.agent_id,
                ":now": now, ":lease": LEASE_MS, ":types": types,
            },
            claimed,
        )?
    };
    if let Some(task) = &claimed {
        super::sql::keep_fence(tx, who.project, task.fence, now)?;
        tx.changed(Topic::Work);
    }
    Ok(claimed)
}

fn claimed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Claimed> {
    let input: Option<String> = row.get("input_data")?;
    Ok(Claimed {
        task_id: row.get("task_id")?,
        task_type: row.get("task_type")?,
        description: row.get("description")?,
        input_data: input.and_then(|text| serde_json::from_str(&text).ok()),
        priority: row.get("priority")?,
        deadline: row.get("deadline")?,
        attempt: row.get("attempt")?,
        last_error: row.get("error_message")?,
        lease_expires_at: row.get("lease_expires_at")?,
        fence: row.get("fence")?,
    })
}
