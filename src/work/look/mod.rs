//! How people and resources see the queue: what there is, and why something is not ready.
//!
//! Not here: what an empty-handed agent is told (`refusal::NoTasks`).

mod graph;
mod list;
mod pending;
mod show;
mod sql;

pub use graph::WorkGraph;
pub use list::ListWork;
pub use pending::PendingWork;
pub use show::ShowWork;

use schemars::JsonSchema;
use serde::Serialize;

use super::Status;
use super::elsewhere::{self, Shown};
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks::shared::Sight;
use crate::store::Tx;
use crate::time::Time;

/// Longest piece of a description that a list shows, in characters.
const SUMMARY_MAX: usize = 120;
/// Most ids that a row names of those it waits for.
const WAITS_FOR_MAX: i64 = 5;

/// A task in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Line {
    task_id: String,
    task_type: String,
    /// The beginning of its description.
    summary: String,
    status: Status,
    priority: i64,
    /// Why it is not ready, or how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// The first tasks that must be completed before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waits_for: Vec<String>,
    /// When its pause after a failure is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Time>,
    #[serde(skip_serializing_if = "is_zero")]
    attempt: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_by: Option<String>,
    /// Where that one works, if on another machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    /// Where it was submitted, if on another machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Time>,
    /// Its deadline has passed and it is not finished.
    #[serde(skip_serializing_if = "is_false")]
    overdue: bool,
    /// Only agents with all of these get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required_capabilities: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The first line of a description, shortened.
fn summary(description: &str) -> String {
    let line = description.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= SUMMARY_MAX {
        return line.to_owned();
    }
    line.chars().take(SUMMARY_MAX).chain("…".chars()).collect()
}

/// Why a task is not ready, or how it ended; nothing for one that is ready, held or done.
fn why(row: &sql::Row) -> Option<String> {
    match row.status {
        Status::Pending if row.parked_reason.is_some() => row.parked_reason.clone(),
        Status::Pending if row.unmet == 1 => Some("waits for 1 task".into()),
        Status::Pending if row.unmet > 1 => Some(format!("waits for {} tasks", row.unmet)),
        Status::Pending if row.run_after.ms() > 0 => {
            let error = row.error_message.as_deref().unwrap_or("it failed");
            Some(format!("pauses after attempt {}: {}", row.attempt, summary(error)))
        }
        Status::Failed | Status::Cancelled => row.error_message.as_deref().map(summary),
        _ => None,
    }
}

impl Line {
    fn of(row: sql::Row, waits_for: Vec<String>, now: Time) -> Self {
        let why = why(&row);
        Self {
            why,
            waits_for,
            summary: summary(&row.description),
            retry_at: (row.run_after.ms() > 0).then_some(row.run_after),
            overdue: !row.status.is_finished() && row.deadline.is_some_and(|at| at < now),
            required_capabilities: serde_json::from_str(&row.capability_key).unwrap_or_default(),
            task_id: row.task_id,
            task_type: row.task_type,
            status: row.status,
            priority: row.priority,
            attempt: row.attempt,
            claimed_by: row.claimed_by,
            machine: None,
            submitted_on: None,
            lease_expires_at: row.lease_expires_at,
            deadline: row.deadline,
        }
    }
}

impl From<Shown> for Line {
    fn from(task: Shown) -> Self {
        let why = match (task.parked_reason, task.unmet) {
            _ if task.status.is_finished() => task.error_message.as_deref().map(summary),
            (None, 0) => None,
            (None, 1) => Some("waits for 1 task".to_owned()),
            (None, unmet) => Some(format!("waits for {unmet} tasks")),
            (parked, _) => parked,
        };
        Self {
            why,
            summary: summary(&task.summary),
            task_id: task.task_id,
            task_type: task.task_type,
            status: task.status,
            priority: task.priority,
            claimed_by: task.agent_id,
            machine: task.machine,
            submitted_on: task.submitted_on,
            waits_for: Vec::new(),
            retry_at: None,
            attempt: task.attempt,
            lease_expires_at: None,
            deadline: None,
            overdue: false,
            required_capabilities: Vec::new(),
        }
    }
}

/// As of when other machines' tasks are shown, if that is some time ago.
fn as_of(tx: &Tx<'_>, ctx: &Context) -> Option<Time> {
    let sight = tx.kept::<Sight>();
    ctx.settings.arbitrated.then(|| sight.as_of(ctx.project(), ctx.now)).flatten()
}

/// What other machines do or have submitted, and which of this machine's waiting tasks are among it.
fn beyond(tx: &Tx<'_>, ctx: &Context) -> Outcome<(Vec<Shown>, Vec<String>)> {
    if ctx.settings.arbitrated {
        elsewhere::others(tx, ctx.project())
    } else {
        Ok((Vec::new(), Vec::new()))
    }
}

/// Rows as lines, each with what it waits for.
fn lines(tx: &Tx<'_>, rows: Vec<sql::Row>, now: Time) -> Outcome<Vec<Line>> {
    rows.into_iter()
        .map(|row| {
            let blocked = row.status == Status::Pending && row.unmet > 0;
            let waits_for = if blocked { sql::waits_for(tx, &row.task_id)? } else { Vec::new() };
            Ok(Line::of(row, waits_for, now))
        })
        .collect()
}
