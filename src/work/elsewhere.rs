//! A shared queue beyond this machine, as the arbiter told it last: who does which task where, and what was submitted
//! on other machines.
//!
//! - Kept in memory: it is learned anew within a second, and never decides anything.
//!
//! Not here: asking the arbiter (`arbiter`), who gets a task.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use super::{Status, shared, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// A task as the arbiter shows it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of a task")]
pub struct Shown {
    pub task_id: String,
    pub task_type: String,
    pub summary: String,
    pub status: Status,
    pub priority: i64,
    pub unmet: i64,
    pub parked_reason: Option<String>,
    pub agent_id: Option<String>,
    pub session: Option<String>,
    /// Which machine it is worked on, and what that is called.
    pub device: Option<String>,
    pub machine: Option<String>,
    /// What the machine is called that it was submitted on.
    #[serde(default)]
    pub submitted_on: Option<String>,
    #[serde(default)]
    pub submitted_by: String,
    #[serde(default)]
    pub submitted_at: i64,
    #[serde(default)]
    pub attempt: i64,
    #[serde(default)]
    pub max_attempts: i64,
    #[serde(default)]
    pub error_message: Option<String>,
}

/// What each project's queue is beyond this machine.
#[derive(Default)]
pub struct Elsewhere(Mutex<HashMap<String, Vec<Shown>>>);

impl Elsewhere {
    /// Keeps what was told, in place of what was told before.
    pub fn keep(&self, project: &str, tasks: Vec<Shown>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(project.to_owned(), tasks);
    }

    fn of(&self, project: &str) -> Vec<Shown> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(project).cloned().unwrap_or_default()
    }
}

/// Tasks that had ended without success here and that the queue was told to have open: somebody may have had them tried
/// again. How one ended that is still to be told is not among them.
///
/// # Errors
/// Faults only.
pub fn ended_here(tx: &Tx<'_>, project: &str) -> Outcome<Vec<String>> {
    let told = tx.kept::<Elsewhere>().of(project).into_iter();
    let open = told.filter(|task| !task.status.is_finished());
    let ids: Vec<String> = open.map(|task| task.task_id).collect();
    let untold: Vec<Value> = shared::reports(tx, project)?;
    let is_told = |id: &str| !untold.iter().any(|report| report["task_id"] == id);
    let ended = sql::tasks(tx, project, &ids)?.into_iter();
    let ended = ended.filter(|task| matches!(task.status, Status::Failed | Status::Cancelled));
    Ok(ended.map(|task| task.task_id).filter(|id| is_told(id)).collect())
}

/// What the queue was told to have of a task that this machine has no row of.
pub(super) fn one(tx: &Tx<'_>, project: &str, task_id: &str) -> Option<Shown> {
    let told = tx.kept::<Elsewhere>().of(project);
    told.into_iter().find(|task| task.task_id == task_id)
}

/// What others of a shared queue do, or have submitted and this machine has no row of; and which of this machine's
/// waiting tasks are among it.
pub(super) fn others(tx: &Tx<'_>, project: &str) -> Outcome<(Vec<Shown>, Vec<String>)> {
    let told = tx.kept::<Elsewhere>().of(project);
    let ids: Vec<String> = told.iter().map(|task| task.task_id.clone()).collect();
    let here = sql::tasks(tx, project, &ids)?;
    let mut taken = Vec::new();
    let beyond = told.into_iter().filter(|task| {
        match here.iter().find(|row| row.task_id == task.task_id) {
            None => true,
            // A claim of this machine stands in its row; without one, another machine has it.
            Some(row) if task.status.is_held() && row.status == Status::Pending => {
                taken.push(row.task_id.clone());
                true
            }
            Some(_) => false,
        }
    });
    let beyond = beyond.collect();
    Ok((beyond, taken))
}
