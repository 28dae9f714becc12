//! What is read to show the queue.

use rusqlite::{Row as SqlRow, named_params};

use super::WAITS_FOR_MAX;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;
use crate::work::Status;

/// The columns of a [`Row`], which the mapper reads by name.
macro_rules! columns {
    () => {
        "task_id, seq, task_type, description, priority, status, unmet, parked_reason, run_after,
         attempt, error_message, claimed_by, lease_expires_at, deadline, capability_key"
    };
}

/// A task as lists need it.
#[derive(Clone, Debug)]
pub struct Row {
    pub task_id: String,
    pub seq: i64,
    pub task_type: String,
    pub description: String,
    pub priority: i64,
    pub status: Status,
    pub unmet: i64,
    pub parked_reason: Option<String>,
    pub run_after: Time,
    pub attempt: i64,
    pub error_message: Option<String>,
    pub claimed_by: Option<String>,
    pub lease_expires_at: Option<Time>,
    pub deadline: Option<Time>,
    pub capability_key: String,
}

impl Row {
    fn from_row(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            task_id: row.get("task_id")?,
            seq: row.get("seq")?,
            task_type: row.get("task_type")?,
            description: row.get("description")?,
            priority: row.get("priority")?,
            status: row.get("status")?,
            unmet: row.get("unmet")?,
            parked_reason: row.get("parked_reason")?,
            run_after: row.get("run_after")?,
            attempt: row.get("attempt")?,
            error_message: row.get("error_message")?,
            claimed_by: row.get("claimed_by")?,
            lease_expires_at: row.get("lease_expires_at")?,
            deadline: row.get("deadline")?,
            capability_key: row.get("capability_key")?,
        })
    }
}

/// Unfinished tasks in order of submission, after a place in it.
pub fn open(
    tx: &Tx<'_>,
    project: &str,
    status: Option<Status>,
    after: i64,
    limit: i64,
) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE project = :project AND status IN ('pending', 'claimed', 'running')
                 AND (:status IS NULL OR status = :status) AND seq > :after
               ORDER BY seq LIMIT :limit"
        ),
        named_params! {
            ":project": project, ":status": status, ":after": after, ":limit": limit,
        },
        Row::from_row,
    )?)
}

/// Tasks of a finished state, newest first, before a place in the order of submission.
pub fn finished(
    tx: &Tx<'_>,
    project: &str,
    status: Status,
    before: i64,
    limit: i64,
) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE project = :project AND status = :status AND seq < :before
               ORDER BY seq DESC LIMIT :limit"
        ),
        named_params! {
            ":project": project, ":status": status, ":before": before, ":limit": limit,
        },
        Row::from_row,
    )?)
}

/// The next tasks that will be handed out, in that order.
pub fn ready(tx: &Tx<'_>, project: &str, limit: i64) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "WITH RECURSIVE keys(key) AS (
                 SELECT (SELECT min(capability_key) FROM work_queue
                          WHERE project = :project AND status = 'pending' AND unmet = 0
                            AND parked_reason IS NULL AND run_after = 0)
                  UNION ALL
                 SELECT (SELECT min(capability_key) FROM work_queue
                          WHERE project = :project AND status = 'pending' AND unmet = 0
                            AND parked_reason IS NULL AND run_after = 0
                            AND capability_key > keys.key)
                   FROM keys WHERE keys.key IS NOT NULL
             )
             SELECT ",
            columns!(),
            "  FROM keys
              CROSS JOIN work_queue AS task ON task.task_id IN (
                    SELECT first.task_id FROM work_queue AS first
                     WHERE first.project = :project AND first.capability_key = keys.key
                       AND first.status = 'pending' AND first.unmet = 0
                       AND first.parked_reason IS NULL AND first.run_after = 0
                     ORDER BY first.priority, first.seq LIMIT :limit)
              ORDER BY priority, seq LIMIT :limit"
        ),
        named_params! { ":project": project, ":limit": limit },
        Row::from_row,
    )?)
}

/// The first tasks that wait for others, in order of submission.
pub fn blocked(tx: &Tx<'_>, project: &str, limit: i64) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE project = :project AND status = 'pending'
                 AND (unmet > 0 OR parked_reason IS NOT NULL)
               ORDER BY seq LIMIT :limit"
        ),
        named_params! { ":project": project, ":limit": limit },
        Row::from_row,
    )?)
}

/// The tasks that pause after a failure, soonest first.
pub fn pausing(tx: &Tx<'_>, project: &str, limit: i64) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE project = :project AND status = 'pending' AND run_after > 0
               ORDER BY run_after, seq LIMIT :limit"
        ),
        named_params! { ":project": project, ":limit": limit },
        Row::from_row,
    )?)
}

/// The claims, the one that ends soonest first.
pub fn claimed(tx: &Tx<'_>, project: &str, limit: i64) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE project = :project AND status IN ('claimed', 'running')
                 AND lease_expires_at > 0
               ORDER BY lease_expires_at, seq LIMIT :limit"
        ),
        named_params! { ":project": project, ":limit": limit },
        Row::from_row,
    )?)
}

/// One task.
pub fn one(tx: &Tx<'_>, project: &str, task_id: &str) -> Outcome<Option<Row>> {
    Ok(tx.one(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue WHERE task_id = :task AND project = :project"
        ),
        named_params! { ":task": task_id, ":project": project },
        Row::from_row,
    )?)
}

/// The first tasks that must be completed before this one.
pub fn waits_for(tx: &Tx<'_>, task_id: &str) -> Outcome<Vec<String>> {
    Ok(tx.all(
        "SELECT task.task_id
           FROM work_dependencies AS link JOIN work_queue AS task ON task.task_id = link.depends_on
          WHERE link.task_id = :task AND task.status <> 'completed'
          ORDER BY task.seq LIMIT :limit",
        named_params! { ":task": task_id, ":limit": WAITS_FOR_MAX },
        |row| row.get(0),
    )?)
}

/// Tasks next to one in the graph: those it depends on, or those that depend on it.
pub fn neighbours(tx: &Tx<'_>, task_id: &str, before: bool, limit: i64) -> Outcome<Vec<Row>> {
    let sql = if before {
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE task_id IN (SELECT depends_on FROM work_dependencies WHERE task_id = :task)
               ORDER BY seq LIMIT :limit"
        )
    } else {
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE task_id IN (SELECT task_id FROM work_dependencies WHERE depends_on = :task)
               ORDER BY seq LIMIT :limit"
        )
    };
    Ok(tx.all(sql, named_params! { ":task": task_id, ":limit": limit }, Row::from_row)?)
}

/// A task, all it waits for and all that waits for it, in order of submission.
pub fn family(tx: &Tx<'_>, project: &str, task_id: &str, limit: i64) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "WITH RECURSIVE
             up(id) AS (
                 SELECT :task
                  UNION
                 SELECT link.depends_on
                   FROM up JOIN work_dependencies AS link ON link.task_id = up.id
             ),
             down(id) AS (
                 SELECT :task
                  UNION
                 SELECT link.task_id
                   FROM down JOIN work_dependencies AS link ON link.depends_on = down.id
             )
             SELECT ",
            columns!(),
            " FROM work_queue
               WHERE project = :project
                 AND task_id IN (SELECT id FROM up UNION SELECT id FROM down)
               ORDER BY seq LIMIT :limit"
        ),
        named_params! { ":project": project, ":task": task_id, ":limit": limit },
        Row::from_row,
    )?)
}

/// The failed and cancelled tasks that these depend on.
pub fn given_up_before(tx: &Tx<'_>, ids: &str, limit: i64) -> Outcome<Vec<Row>> {
    Ok(tx.all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM work_queue
               WHERE status IN ('failed', 'cancelled')
                 AND task_id IN (SELECT depends_on FROM work_dependencies
                                  WHERE task_id IN (SELECT value FROM json_each(:ids)))
               ORDER BY seq LIMIT :limit"
        ),
        named_params! { ":ids": ids, ":limit": limit },
        Row::from_row,
    )?)
}

/// The dependencies among these tasks, as (before, after).
pub fn edges(tx: &Tx<'_>, ids: &str) -> Outcome<Vec<(String, String)>> {
    Ok(tx.all(
        "SELECT depends_on, task_id FROM work_dependencies
          WHERE task_id IN (SELECT value FROM json_each(:ids))
            AND depends_on IN (SELECT value FROM json_each(:ids))
          ORDER BY task_id, depends_on",
        named_params! { ":ids": ids },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}
