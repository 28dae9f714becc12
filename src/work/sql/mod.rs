//! The queue's statements: one function, one statement.
//!
//! Not here: the claim (`claim`), what people list (`look`).

mod dependencies;
mod ends;
mod reads;

pub use dependencies::{
    count_off, depend, dependencies_of, first_after, given_up_before, park_after, set_parked,
    waiting_from,
};
pub use ends::{
    adopt_claim, cancel, complete, end_attempt, end_back_off, end_back_offs, end_elsewhere, fail,
    keep_late, make_pending, revive, uncount_claim,
};
pub use reads::{
    Claim, anything_ready, back_offs, blocked_count, capabilities_of, claimed_count,
    claims_expired, claims_of, held_by, live_twin, loss_of, next_deadline, next_key, next_seq,
    no_tasks, ready_count, task, tasks,
};

use rusqlite::named_params;

use super::Status;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;

/// The columns of a [`Task`], which the row mapper reads by name.
macro_rules! task_columns {
    () => {
        "task_id, seq, task_type, status, unmet, parked_reason, run_after, attempt, max_attempts,
         dedupe_key, claimed_by_session, claimed_by"
    };
}
use task_columns;

/// A task as the rules see it.
#[derive(Clone, Debug)]
pub struct Task {
    pub task_id: String,
    pub seq: i64,
    pub task_type: String,
    pub status: Status,
    pub unmet: i64,
    pub parked_reason: Option<String>,
    pub run_after: Time,
    pub attempt: i64,
    pub max_attempts: i64,
    pub dedupe_key: Option<String>,
    pub holder_session: Option<String>,
    pub holder: Option<String>,
}

impl Task {
    /// Something must come first, or it is parked.
    pub const fn is_blocked(&self) -> bool {
        matches!(self.status, Status::Pending) && (self.unmet > 0 || self.parked_reason.is_some())
    }

    /// It failed and is to be tried again later.
    pub const fn in_back_off(&self) -> bool {
        matches!(self.status, Status::Pending) && self.run_after.ms() > 0
    }

    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            task_id: row.get("task_id")?,
            seq: row.get("seq")?,
            task_type: row.get("task_type")?,
            status: row.get("status")?,
            unmet: row.get("unmet")?,
            parked_reason: row.get("parked_reason")?,
            run_after: row.get("run_after")?,
            attempt: row.get("attempt")?,
            max_attempts: row.get("max_attempts")?,
            dedupe_key: row.get("dedupe_key")?,
            holder_session: row.get("claimed_by_session")?,
            holder: row.get("claimed_by")?,
        })
    }
}

/// A task to be written.
pub struct NewTask<'a> {
    pub task_id: &'a str,
    pub project: &'a str,
    pub seq: i64,
    pub task_type: &'a str,
    pub description: &'a str,
    pub input_data: Option<&'a str>,
    pub priority: i64,
    pub unmet: i64,
    pub parked_reason: Option<&'a str>,
    pub max_attempts: i64,
    pub dedupe_key: Option<&'a str>,
    pub capability_key: &'a str,
    pub deadline: Option<Time>,
    pub submitted_by: &'a str,
    pub submitted_at: Time,
}

/// Writes a new task, nobody's yet.
pub fn insert(tx: &Tx<'_>, task: &NewTask<'_>) -> Outcome<()> {
    tx.run(
        "INSERT INTO work_queue (task_id, project, seq, task_type, description, input_data,
                priority, status, unmet, parked_reason, run_after, attempt, max_attempts,
                dedupe_key, capability_key, deadline, submitted_by, submitted_at, fence)
         VALUES (:task, :project, :seq, :type, :description, :input,
                :priority, 'pending', :unmet, :parked, 0, 0, :max_attempts,
                :dedupe, :capabilities, :deadline, :by, :at, 0)",
        named_params! {
            ":task": task.task_id,
            ":project": task.project,
            ":seq": task.seq,
            ":type": task.task_type,
            ":description": task.description,
            ":input": task.input_data,
            ":priority": task.priority,
            ":unmet": task.unmet,
            ":parked": task.parked_reason,
            ":max_attempts": task.max_attempts,
            ":dedupe": task.dedupe_key,
            ":capabilities": task.capability_key,
            ":deadline": task.deadline,
            ":by": task.submitted_by,
            ":at": task.submitted_at,
        },
    )?;
    Ok(())
}

/// Keeps the newest fence of a project; its row is made on first use.
pub fn keep_fence(tx: &Tx<'_>, project: &str, fence: i64, now: Time) -> Outcome<()> {
    tx.run(
        "INSERT INTO projects (project, last_fence, created_at) VALUES (:project, :fence, :now)
         ON CONFLICT (project) DO UPDATE SET last_fence = max(last_fence, excluded.last_fence)",
        named_params! { ":project": project, ":fence": fence, ":now": now },
    )?;
    Ok(())
}
