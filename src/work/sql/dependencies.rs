//! What depends on what.

use rusqlite::named_params;

use super::{Task, task_columns};
use crate::failure::Outcome;
use crate::store::Tx;

/// Writes a new task's dependencies.
pub fn depend(tx: &Tx<'_>, task_id: &str, on: &[String]) -> Outcome<()> {
    if on.is_empty() {
        return Ok(());
    }
    tx.run(
        "INSERT INTO work_dependencies (task_id, depends_on)
         SELECT :task, value FROM json_each(:ids)",
        named_params! { ":task": task_id, ":ids": list(on)? },
    )?;
    Ok(())
}

/// One dependency less to wait for, for each dependent; returns them. A task that is shared between machines may have
/// been claimed before this one heard of the end.
pub fn count_off(tx: &Tx<'_>, task_id: &str) -> Outcome<Vec<Task>> {
    Ok(tx.all(
        concat!(
            "UPDATE work_queue SET unmet = max(unmet - 1, 0)
              WHERE task_id IN (SELECT task_id FROM work_dependencies WHERE depends_on = :task)
              RETURNING ",
            task_columns!()
        ),
        named_params! { ":task": task_id },
        Task::from_row,
    )?)
}

/// Parks every waiting task that depends on this one, near or far, unless it is parked already.
pub fn park_after(tx: &Tx<'_>, task_id: &str, reason: &str) -> Outcome<usize> {
    Ok(tx.run(
        "WITH RECURSIVE down(task_id) AS (
             SELECT task_id FROM work_dependencies WHERE depends_on = :task
              UNION
             SELECT next.task_id
               FROM down JOIN work_dependencies AS next ON next.depends_on = down.task_id
         )
         UPDATE work_queue SET parked_reason = :reason
          WHERE task_id IN (SELECT task_id FROM down)
            AND status = 'pending' AND parked_reason IS NULL",
        named_params! { ":task": task_id, ":reason": reason },
    )?)
}

/// Why the task is parked, or that it is not.
pub fn set_parked(tx: &Tx<'_>, task_id: &str, reason: Option<&str>) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue SET parked_reason = :reason WHERE task_id = :task",
        named_params! { ":task": task_id, ":reason": reason },
    )?;
    Ok(())
}

/// The tasks among `roots` and everything after them that wait, in order of submission.
pub fn waiting_from(tx: &Tx<'_>, roots: &[String]) -> Outcome<Vec<String>> {
    Ok(tx.all(
        "WITH RECURSIVE down(task_id) AS (
             SELECT value FROM json_each(:ids)
              UNION
             SELECT next.task_id
               FROM down JOIN work_dependencies AS next ON next.depends_on = down.task_id
         )
         SELECT task.task_id
           FROM down JOIN work_queue AS task ON task.task_id = down.task_id
          WHERE task.status = 'pending' ORDER BY task.seq",
        named_params! { ":ids": list(roots)? },
        |row| row.get(0),
    )?)
}

/// A task's own dependencies, in order of submission.
pub fn dependencies_of(tx: &Tx<'_>, task_id: &str) -> Outcome<Vec<Task>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            task_columns!(),
            " FROM work_queue
               WHERE task_id IN (SELECT depends_on FROM work_dependencies WHERE task_id = :task)
               ORDER BY seq"
        ),
        named_params! { ":task": task_id },
        Task::from_row,
    )?)
}

/// The failed and cancelled tasks among a task and all that it waits for, in order of submission.
pub fn given_up_before(tx: &Tx<'_>, task_id: &str) -> Outcome<Vec<String>> {
    Ok(tx.all(
        "WITH RECURSIVE up(task_id) AS (
             SELECT :task
              UNION
             SELECT before.depends_on
               FROM up
               JOIN work_dependencies AS before ON before.task_id = up.task_id
               JOIN work_queue AS task ON task.task_id = before.depends_on
              WHERE task.status <> 'completed'
         )
         SELECT task.task_id
           FROM up JOIN work_queue AS task ON task.task_id = up.task_id
          WHERE task.status IN ('failed', 'cancelled') ORDER BY task.seq",
        named_params! { ":task": task_id },
        |row| row.get(0),
    )?)
}

/// The first of `ids` that is the task itself or comes after it.
pub fn first_after(tx: &Tx<'_>, task_id: &str, ids: &[String]) -> Outcome<Option<String>> {
    if ids.is_empty() {
        return Ok(None);
    }
    Ok(tx.one(
        "WITH RECURSIVE down(task_id) AS (
             SELECT :task
              UNION
             SELECT next.task_id
               FROM down JOIN work_dependencies AS next ON next.depends_on = down.task_id
         )
         SELECT value FROM json_each(:ids) WHERE value IN (SELECT task_id FROM down) LIMIT 1",
        named_params! { ":task": task_id, ":ids": list(ids)? },
        |row| row.get(0),
    )?)
}

fn list(ids: &[String]) -> Outcome<String> {
    Ok(serde_json::to_string(ids).map_err(anyhow::Error::from)?)
}
