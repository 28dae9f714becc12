//! What a task's end means for the tasks that depend on it.
//!
//! - `unmet` counts the dependencies that are not completed, whatever the task's
//!   own state, so that a retried task finds it right.
//! - A task is parked while something it waits for, near or far, has failed or
//!   was cancelled; the reason names that root.
//! - A task is submitted after all it depends on, so the order of submission is
//!   an order in which reasons can be worked out.

use super::{Status, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// Counts a completed task off for its dependents; returns those that are ready now.
pub fn met(tx: &Tx<'_>, task_id: &str) -> Outcome<Vec<String>> {
    let mut dependents = sql::count_off(tx, task_id)?;
    dependents.sort_unstable_by_key(|task| task.seq);
    Ok(dependents
        .into_iter()
        .filter(|task| task.status == Status::Pending && !task.is_blocked())
        .map(|task| task.task_id)
        .collect())
}

/// Parks everything that waits for a task, near or far.
pub fn park_dependents(
    tx: &Tx<'_>,
    task_id: &str,
    task_type: &str,
    status: Status,
) -> Outcome<usize> {
    sql::park_after(tx, task_id, &sentence(task_id, task_type, status))
}

/// Works out anew why the waiting tasks among `roots` and their dependents are parked,
/// if they still are.
pub fn reconsider(tx: &Tx<'_>, roots: &[String]) -> Outcome<()> {
    for task_id in sql::waiting_from(tx, roots)? {
        let reason = sql::dependencies_of(tx, &task_id)?.iter().find_map(reason);
        sql::set_parked(tx, &task_id, reason.as_deref())?;
    }
    Ok(())
}

/// Why a task that depends on `one` cannot become ready by itself, if it cannot.
pub fn reason(one: &sql::Task) -> Option<String> {
    match one.status {
        Status::Failed | Status::Cancelled => {
            Some(sentence(&one.task_id, &one.task_type, one.status))
        }
        _ => one.parked_reason.clone(),
    }
}

fn sentence(task_id: &str, task_type: &str, status: Status) -> String {
    let ending = if status == Status::Cancelled { "was cancelled" } else { "failed" };
    format!("waits for {task_id} ({task_type}), which {ending}")
}
