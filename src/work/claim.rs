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

/// What the new holder is told.
macro_rules! told {
    () => {
        ")
          RETURNING task_id, task_type, description, input_data, priority, deadline, attempt,
                    error_message, lease_expires_at, fence"
    };
}

/// The claim where ready tasks have one set of required capabilities: one seek.
pub const CLAIM: &str = concat!(
    deed!(),
    "SELECT task_id FROM work_queue
      WHERE project = :project AND capability_key = :key
        AND status = 'pending' AND unmet = 0 AND parked_reason IS NULL AND run_after = 0
      ORDER BY priority, seq LIMIT 1",
    told!()
);

/// The claim among several sets of required capabilities: one seek for each.
pub const CLAIM_BY_CAPABILITY: &str = concat!(
    deed!(),
    "SELECT head.task_id
       FROM json_each(:keys) AS able
      CROSS JOIN work_queue AS head ON head.task_id = (
            SELECT first.task_id FROM work_queue AS first
             WHERE first.project = :project AND first.capability_key = able.value
               AND first.status = 'pending' AND first.unmet = 0
               AND first.parked_reason IS NULL AND first.run_after = 0
             ORDER BY first.priority, first.seq LIMIT 1)
      ORDER BY head.priority, head.seq LIMIT 1",
    told!()
);

/// The claim of certain types: one seek for each type and set of required capabilities.
pub const CLAIM_BY_TYPE: &str = concat!(
    deed!(),
    "SELECT head.task_id
       FROM json_each(:keys) AS able
      CROSS JOIN json_each(:types) AS kind
      CROSS JOIN work_queue AS head ON head.task_id = (
            SELECT first.task_id FROM work_queue AS first
             WHERE first.project = :project AND first.capability_key = able.value
               AND first.task_type = kind.value
               AND first.status = 'pending' AND first.unmet = 0
               AND first.parked_reason IS NULL AND first.run_after = 0
             ORDER BY first.priority, first.seq LIMIT 1)
      ORDER BY head.priority, head.seq LIMIT 1",
    told!()
);

/// Claims the first ready task that the claimant may take.
///
/// # Errors
/// Faults only.
pub fn claim(tx: &Tx<'_>, who: Claimant<'_>, now: Time) -> Outcome<Option<Claimed>> {
    let keys = keys(tx, who)?;
    let claimed = match (keys.as_slice(), who.task_types) {
        ([], _) => return Ok(None),
        ([key], []) => tx.one(
            CLAIM,
            named_params! {
                ":project": who.project, ":session": who.session_id, ":agent": who.agent_id,
                ":now": now, ":lease": LEASE_MS, ":key": key,
            },
            claimed,
        )?,
        (keys, []) => tx.one(
            CLAIM_BY_CAPABILITY,
            named_params! {
                ":project": who.project, ":session": who.session_id, ":agent": who.agent_id,
                ":now": now, ":lease": LEASE_MS, ":keys": list(keys)?,
            },
            claimed,
        )?,
        (keys, types) => tx.one(
            CLAIM_BY_TYPE,
            named_params! {
                ":project": who.project, ":session": who.session_id, ":agent": who.agent_id,
                ":now": now, ":lease": LEASE_MS, ":keys": list(keys)?, ":types": list(types)?,
            },
            claimed,
        )?,
    };
    if let Some(task) = &claimed {
        super::sql::keep_fence(tx, who.project, task.fence, now)?;
        tx.changed(Topic::Work);
    }
    Ok(claimed)
}

/// The sets of required capabilities among ready tasks that the claimant fulfils; each set is
/// found by one seek, and there are few.
fn keys(tx: &Tx<'_>, who: Claimant<'_>) -> Outcome<Vec<String>> {
    let mut able = Vec::new();
    let mut can: Option<Vec<String>> = None;
    let mut last = String::new();
    while let Some(key) = super::sql::next_key(tx, who.project, &last)? {
        let needed: Vec<String> = serde_json::from_str(&key).map_err(anyhow::Error::from)?;
        let fulfilled = needed.is_empty() || {
            if can.is_none() {
                can = Some(super::sql::capabilities_of(tx, who.session_id)?);
            }
            can.as_ref().is_some_and(|can| needed.iter().all(|one| can.contains(one)))
        };
        if fulfilled {
            able.push(key.clone());
        }
        last = key;
    }
    Ok(able)
}

fn list(items: &[String]) -> Outcome<String> {
    Ok(serde_json::to_string(items).map_err(anyhow::Error::from)?)
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
