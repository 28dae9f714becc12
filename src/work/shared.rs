//! Tasks that an arbiter gives out between machines: copies of them here.
//!
//! - A claim that the arbiter granted is written over this machine's copy, which may know less of what was done
//!   elsewhere.
//! - What became of a task while the arbiter could not be asked is kept until it is told.
//!
//! Not here: asking the arbiter (`arbiter`).

use rusqlite::named_params;
use serde::Deserialize;
use serde_json::{Value, json};

use super::claim::Claimed;
use super::leases::{LEASE_MS, Loss};
use super::{Status, dependencies, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress;
use crate::ruling::SharedTask;
use crate::store::{Topic, Tx};
use crate::time::Time;

/// A claim of this machine on a task that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of a task")]
pub struct SharedClaim {
    pub task_id: String,
    pub project: String,
    pub session_id: String,
    pub fence: i64,
}

/// How a task ended on another machine.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of a task")]
pub struct SharedEnd {
    pub task_id: String,
    pub project: String,
    pub status: Status,
    pub agent_id: Option<String>,
    pub attempt: i64,
    pub fence: i64,
    pub error_message: Option<String>,
    pub finished_at: i64,
}

/// Writes a claim that the arbiter granted.
pub(super) fn adopt(tx: &Tx<'_>, ctx: &Context, task: &SharedTask) -> Outcome<Claimed> {
    let input =
        task.input_data.as_ref().map(ingress::json).transpose().map_err(anyhow::Error::from)?;
    let deadline = task.deadline.map(Time::from_ms);
    if sql::task(tx, ctx.project(), &task.task_id)?.is_none() {
        let new = sql::NewTask {
            task_id: &task.task_id,
            project: ctx.project(),
            seq: sql::next_seq(tx)?,
            task_type: &task.task_type,
            description: &task.description,
            input_data: input.as_deref(),
            priority: task.priority,
            unmet: 0,
            parked_reason: None,
            max_attempts: task.max_attempts,
            dedupe_key: None,
            capability_key: &Value::from(task.capabilities.clone()).to_string(),
            deadline,
            submitted_by: &task.submitted_by,
            submitted_at: Time::from_ms(task.submitted_at),
        };
        sql::insert(tx, &new)?;
        // Should the arbiter forget it, it is handed in again with them.
        sql::depend(tx, &task.task_id, &task.depends_on)?;
    }
    sql::adopt_claim(tx, ctx, task, LEASE_MS)?;
    sql::keep_fence(tx, ctx.project(), task.fence, ctx.now)?;
    know(tx, ctx.project(), &task.task_id)?;
    tx.changed(Topic::Work);
    Ok(Claimed {
        task_id: task.task_id.clone(),
        task_type: task.task_type.clone(),
        description: task.description.clone(),
        input_data: task.input_data.as_ref().and_then(Value::as_object).cloned(),
        priority: task.priority,
        deadline,
        attempt: task.attempt,
        last_error: None,
        lease_expires_at: ctx.now.plus(LEASE_MS),
        fence: task.fence,
    })
}

/// The arbiter knows of a task.
///
/// # Errors
/// Faults only.
pub fn know(tx: &Tx<'_>, project: &str, task_id: &str) -> Outcome<()> {
    tx.run(
        "INSERT INTO shared_work (task_id, project) VALUES (:task, :project)
         ON CONFLICT (task_id) DO NOTHING",
        named_params! { ":task": task_id, ":project": project },
    )?;
    Ok(())
}

/// Whether a task has a row here, and whether the arbiter knows of it.
///
/// # Errors
/// Faults only.
pub fn standing(tx: &Tx<'_>, project: &str, task_id: &str) -> Outcome<Standing> {
    if sql::task(tx, project, task_id)?.is_none() {
        return Ok(Standing::Absent);
    }
    let sql = "SELECT 1 FROM shared_work WHERE task_id = :task";
    let known = tx.one(sql, named_params! { ":task": task_id }, |_| Ok(()))?.is_some();
    Ok(if known { Standing::Shared } else { Standing::Here })
}

/// Who knows of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Other machines, if any.
    Absent,
    /// This machine alone.
    Here,
    /// The arbiter too.
    Shared,
}

/// The arbiter does not know of a task any more. One that is held here is found to be lost first.
///
/// # Errors
/// Faults only.
pub fn forget(tx: &Tx<'_>, task_id: &str) -> Outcome<()> {
    tx.run(
        "DELETE FROM shared_work WHERE task_id = :task AND report IS NULL
            AND task_id NOT IN (SELECT w.task_id FROM work_queue AS w
                                 WHERE w.task_id = :task AND w.status IN ('claimed', 'running'))",
        named_params! { ":task": task_id },
    )?;
    Ok(())
}

/// Tasks after a place in the order of submission that the arbiter does not know of, as it is told of them; and the
/// newest place there is.
///
/// - What a task waits for is told, and what it waited for: here that is completed, there it may be open.
/// - A task that waits for one which was claimed or given up here alone stays here until that is done.
///
/// # Errors
/// Faults only.
pub fn unknown(tx: &Tx<'_>, project: &str, after: i64, most: usize) -> Outcome<(Vec<Value>, i64)> {
    let newest = sql::next_seq(tx)? - 1;
    if newest <= after {
        return Ok((Vec::new(), newest));
    }
    let found = tx.all(
        "SELECT w.task_id, w.project, w.task_type, w.description, w.input_data, w.priority, w.max_attempts,
                w.dedupe_key, w.capability_key, w.deadline, w.submitted_by, w.submitted_at,
                (SELECT json_group_array(d.depends_on) FROM work_dependencies AS d
                   JOIN work_queue AS b ON b.task_id = d.depends_on
                  WHERE d.task_id = w.task_id AND b.status <> 'completed') AS depends_on,
                (SELECT json_group_array(d.depends_on) FROM work_dependencies AS d
                   LEFT JOIN work_queue AS b ON b.task_id = d.depends_on
                  WHERE d.task_id = w.task_id AND coalesce(b.status, 'completed') = 'completed') AS met
           FROM work_queue AS w
          WHERE w.project = :project AND w.status IN ('pending', 'claimed', 'running') AND w.seq > :after
            AND w.status = 'pending'
            AND NOT EXISTS (SELECT 1 FROM shared_work AS s WHERE s.task_id = w.task_id)
            AND NOT EXISTS (SELECT 1 FROM work_dependencies AS d JOIN work_queue AS b ON b.task_id = d.depends_on
                             WHERE d.task_id = w.task_id AND b.status NOT IN ('pending', 'completed')
                               AND b.task_id NOT IN (SELECT s.task_id FROM shared_work AS s))
          ORDER BY w.seq LIMIT :most",
        named_params! {
            ":project": project, ":after": after, ":most": i64::try_from(most).unwrap_or(i64::MAX),
        },
        |row| {
            let parsed = |name: &str| -> rusqlite::Result<Value> {
                let text: Option<String> = row.get(name)?;
                Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
            };
            let optional = |name: &str| row.get::<_, Option<i64>>(name);
            Ok(json!({
                "task_id": row.get::<_, String>("task_id")?,
                "project": row.get::<_, String>("project")?,
                "task_type": row.get::<_, String>("task_type")?,
                "description": row.get::<_, String>("description")?,
                "input_data": parsed("input_data")?,
                "priority": optional("priority")?,
                "max_attempts": optional("max_attempts")?,
                "dedupe_key": row.get::<_, Option<String>>("dedupe_key")?,
                "capabilities": parsed("capability_key")?,
                "deadline": optional("deadline")?,
                "submitted_by": row.get::<_, String>("submitted_by")?,
                "submitted_at": optional("submitted_at")?,
                "depends_on": parsed("depends_on")?,
                "met": parsed("met")?,
            }))
        },
    )?;
    Ok((found, newest))
}

/// The running claims of this machine on tasks that are shared.
///
/// # Errors
/// Faults only.
pub fn claims(tx: &Tx<'_>, project: &str) -> Outcome<Vec<SharedClaim>> {
    let found = tx.all(
        "SELECT w.task_id, w.claimed_by_session, w.fence FROM work_queue AS w
           JOIN shared_work AS s ON s.task_id = w.task_id
          WHERE w.project = :project AND w.status IN ('claimed', 'running')",
        named_params! { ":project": project },
        |row| {
            let (task_id, session_id, fence) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(SharedClaim { task_id, project: project.to_owned(), session_id, fence })
        },
    )?;
    Ok(found)
}

/// The fence under which a session held a task before it lost it, if the task is shared.
///
/// # Errors
/// Faults only.
pub fn lost_fence(tx: &Tx<'_>, task_id: &str, session_id: &str) -> Outcome<Option<i64>> {
    let shared = tx.one(
        "SELECT 1 FROM shared_work WHERE task_id = :task",
        named_params! { ":task": task_id },
        |row| row.get::<_, i64>(0),
    )?;
    if shared.is_none() {
        return Ok(None);
    }
    Ok(sql::loss_of(tx, task_id, session_id)?.map(|lost| lost.fence))
}

/// What a session can do, as it said.
///
/// # Errors
/// Faults only.
pub fn capabilities(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<String>> {
    sql::capabilities_of(tx, session_id)
}

/// Takes a task from its holder here, because the arbiter gave it to somebody else or gave it up.
///
/// # Errors
/// Faults only.
pub fn lose(tx: &Tx<'_>, claim: &SharedClaim, now: Time) -> Outcome<()> {
    sql::end_attempt(tx, &claim.task_id, "lease_expired", None, now)?;
    sql::make_pending(
        tx,
        &claim.task_id,
        Some("its claim was lost to another machine"),
        Time::from_ms(0),
    )?;
    tx.changed(Topic::Work);
    Ok(())
}

/// Open tasks of a project that are shared: what becomes of them elsewhere is news here.
///
/// # Errors
/// Faults only.
pub fn open(tx: &Tx<'_>, project: &str, most: usize) -> Outcome<Vec<String>> {
    let found = tx.all(
        "SELECT w.task_id FROM work_queue AS w JOIN shared_work AS s ON s.task_id = w.task_id
          WHERE w.project = :project AND w.status IN ('pending', 'claimed', 'running')
          ORDER BY w.status = 'pending', w.seq LIMIT :most",
        named_params! { ":project": project, ":most": i64::try_from(most).unwrap_or(i64::MAX) },
        |row| row.get(0),
    )?;
    Ok(found)
}

/// Notes that a task came to its end on another machine; gives the claim of this one that came to nothing by it.
///
/// # Errors
/// Faults only.
pub fn finish(tx: &Tx<'_>, end: &SharedEnd, now: Time) -> Outcome<Option<SharedClaim>> {
    let Some(task) = sql::task(tx, &end.project, &end.task_id)? else { return Ok(None) };
    if end.status == Status::Cancelled {
        let reason = end.error_message.as_deref().unwrap_or("on another machine");
        return follow_cancel(tx, &end.project, &end.task_id, reason, now);
    }
    // Whoever ends it here is about to write that.
    if task.status != Status::Pending {
        return Ok(None);
    }
    sql::end_elsewhere(tx, end)?;
    if end.status == Status::Completed {
        dependencies::met(tx, &task.task_id)?;
    } else {
        dependencies::park_dependents(tx, &task.task_id, &task.task_type, end.status)?;
    }
    tx.changed(Topic::Work);
    Ok(None)
}

/// Calls a task off here, as the arbiter has it; gives the claim that came to nothing by it.
pub(super) fn follow_cancel(
    tx: &Tx<'_>,
    project: &str,
    task_id: &str,
    reason: &str,
    now: Time,
) -> Outcome<Option<SharedClaim>> {
    let task = sql::task(tx, project, task_id)?.filter(|task| !task.status.is_finished());
    let Some(task) = task else { return Ok(None) };
    let claim = claims(tx, project)?.into_iter().find(|claim| claim.task_id == task_id);
    if task.status.is_held() {
        sql::end_attempt(tx, task_id, Loss::Cancelled.name(), Some(reason), now)?;
    }
    sql::cancel(tx, task_id, reason, now)?;
    dependencies::park_dependents(tx, task_id, &task.task_type, Status::Cancelled)?;
    tx.changed(Topic::Work);
    Ok(claim)
}

/// Puts those of these tasks back that have an ended row here, as the arbiter has them.
///
/// # Errors
/// Faults only.
pub fn follow_retry(tx: &Tx<'_>, project: &str, ids: &[String]) -> Outcome<()> {
    for task in sql::tasks(tx, project, ids)? {
        match task.status {
            Status::Pending if task.in_back_off() => sql::end_back_off(tx, &task.task_id)?,
            Status::Failed | Status::Cancelled if !has_twin(tx, project, &task)? => {
                sql::revive(tx, &task.task_id)?;
            }
            _ => {}
        }
    }
    dependencies::reconsider(tx, ids)?;
    tx.changed(Topic::Work);
    Ok(())
}

/// Whether a task that was submitted here meanwhile, and that the arbiter has not judged yet, has its key.
fn has_twin(tx: &Tx<'_>, project: &str, task: &sql::Task) -> Outcome<bool> {
    let Some(key) = &task.dedupe_key else { return Ok(false) };
    Ok(sql::live_twin(tx, project, key)?.is_some())
}

/// Gives up a task of this machine that the arbiter does not take.
///
/// # Errors
/// Faults only.
pub fn call_off(tx: &Tx<'_>, task_id: &str, why: &str, now: Time) -> Outcome<()> {
    sql::cancel(tx, task_id, why, now)?;
    tx.changed(Topic::Work);
    Ok(())
}

/// Keeps how a task ended, until the arbiter can be told.
///
/// # Errors
/// Faults only.
pub fn keep_report(tx: &Tx<'_>, task_id: &str, report: &Value) -> Outcome<()> {
    tx.run(
        "UPDATE shared_work SET report = :report WHERE task_id = :task",
        named_params! { ":task": task_id, ":report": report.to_string() },
    )?;
    Ok(())
}

/// What is still to be told of a project.
///
/// # Errors
/// Faults only.
pub fn reports(tx: &Tx<'_>, project: &str) -> Outcome<Vec<Value>> {
    let texts: Vec<String> = tx.all(
        "SELECT report FROM shared_work WHERE project = :project AND report IS NOT NULL",
        named_params! { ":project": project },
        |row| row.get(0),
    )?;
    Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

/// It was told.
///
/// # Errors
/// Faults only.
pub fn reported(tx: &Tx<'_>, task_id: &str) -> Outcome<()> {
    tx.run(
        "UPDATE shared_work SET report = NULL WHERE task_id = :task",
        named_params! { ":task": task_id },
    )?;
    Ok(())
}
