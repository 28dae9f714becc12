//! How attempts end, and what state a task is in afterwards.

use rusqlite::named_params;

use crate::context::Context;
use crate::failure::Outcome;
use crate::ruling::{ELSEWHERE, SharedTask};
use crate::store::Tx;
use crate::time::Time;
use crate::work::shared::SharedEnd;

/// Remembers how the attempt under way ended.
pub fn end_attempt(
    tx: &Tx<'_>,
    task_id: &str,
    ending: &str,
    message: Option<&str>,
    now: Time,
) -> Outcome<()> {
    tx.run(
        "INSERT INTO work_attempts (task_id, fence, session_id, agent_id, claimed_at, ended_at,
                ending, error_message)
         SELECT task_id, fence, claimed_by_session, claimed_by, claimed_at, :now, :ending, :message
           FROM work_queue WHERE task_id = :task",
        named_params! { ":task": task_id, ":ending": ending, ":message": message, ":now": now },
    )?;
    Ok(())
}

/// The claim that an arbiter granted, over whatever is known of the task here.
pub fn adopt_claim(tx: &Tx<'_>, ctx: &Context, task: &SharedTask, lease_ms: i64) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = 'claimed', unmet = 0, parked_reason = NULL, run_after = 0, attempt = :attempt,
                max_attempts = :most, fence = :fence, claimed_by_session = :session, claimed_by = :agent,
                claimed_at = :now, lease_ms = :lease, lease_expires_at = :now + :lease, result = NULL,
                finished_at = NULL
          WHERE task_id = :task",
        named_params! {
            ":task": task.task_id, ":attempt": task.attempt, ":most": task.max_attempts, ":fence": task.fence,
            ":session": ctx.caller.session_id, ":agent": ctx.caller.agent_id, ":now": ctx.now,
            ":lease": lease_ms,
        },
    )?;
    Ok(())
}

/// The task came to its end on another machine.
pub fn end_elsewhere(tx: &Tx<'_>, end: &SharedEnd) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = :status, unmet = 0, parked_reason = NULL, run_after = 0,
                attempt = min(max(:attempt, 1), max_attempts), fence = max(fence, :fence, 1),
                claimed_by_session = :session, claimed_by = :agent, claimed_at = :at, error_message = :message,
                finished_at = :at
          WHERE task_id = :task",
        named_params! {
            ":status": end.status, ":attempt": end.attempt, ":fence": end.fence, ":session": ELSEWHERE,
            ":agent": end.agent_id.as_deref().unwrap_or("unknown"), ":message": end.error_message,
            ":at": end.finished_at, ":task": end.task_id,
        },
    )?;
    Ok(())
}

/// The task is done.
pub fn complete(
    tx: &Tx<'_>,
    task_id: &str,
    result: Option<&str>,
    message: Option<&str>,
    now: Time,
) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = 'completed', result = :result, error_message = :message,
                finished_at = :now, lease_ms = NULL, lease_expires_at = NULL
          WHERE task_id = :task",
        named_params! { ":task": task_id, ":result": result, ":message": message, ":now": now },
    )?;
    Ok(())
}

/// The task is given up.
pub fn fail(
    tx: &Tx<'_>,
    task_id: &str,
    result: Option<&str>,
    message: Option<&str>,
    now: Time,
) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = 'failed', result = :result, error_message = :message,
                finished_at = :now, lease_ms = NULL, lease_expires_at = NULL
          WHERE task_id = :task",
        named_params! { ":task": task_id, ":result": result, ":message": message, ":now": now },
    )?;
    Ok(())
}

/// The task is called off; it is nobody's any more.
pub fn cancel(tx: &Tx<'_>, task_id: &str, reason: &str, now: Time) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = 'cancelled', error_message = :reason, finished_at = :now,
                parked_reason = NULL, run_after = 0,
                claimed_by_session = NULL, claimed_by = NULL, claimed_at = NULL,
                lease_ms = NULL, lease_expires_at = NULL
          WHERE task_id = :task",
        named_params! { ":task": task_id, ":reason": reason, ":now": now },
    )?;
    Ok(())
}

/// The task is nobody's again, and ready at `run_after` (0: at once).
pub fn make_pending(
    tx: &Tx<'_>,
    task_id: &str,
    message: Option<&str>,
    run_after: Time,
) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = 'pending', run_after = :run_after, error_message = :message,
                claimed_by_session = NULL, claimed_by = NULL, claimed_at = NULL,
                lease_ms = NULL, lease_expires_at = NULL
          WHERE task_id = :task",
        named_params! { ":task": task_id, ":message": message, ":run_after": run_after },
    )?;
    Ok(())
}

/// The claim with this fence never was, except that its fence is used up; false if it is
/// not the task's claim any more.
pub fn uncount_claim(tx: &Tx<'_>, task_id: &str, fence: i64) -> Outcome<bool> {
    let returned = tx.run(
        "UPDATE work_queue
            SET status = 'pending', attempt = attempt - 1,
                claimed_by_session = NULL, claimed_by = NULL, claimed_at = NULL,
                lease_ms = NULL, lease_expires_at = NULL
          WHERE task_id = :task AND fence = :fence AND status IN ('claimed', 'running')",
        named_params! { ":task": task_id, ":fence": fence },
    )?;
    Ok(returned > 0)
}

/// A given-up task is to be tried again, with all its attempts.
pub fn revive(tx: &Tx<'_>, task_id: &str) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue
            SET status = 'pending', attempt = 0, run_after = 0, result = NULL, finished_at = NULL,
                claimed_by_session = NULL, claimed_by = NULL, claimed_at = NULL
          WHERE task_id = :task",
        named_params! { ":task": task_id },
    )?;
    Ok(())
}

/// The task need not pause any longer.
pub fn end_back_off(tx: &Tx<'_>, task_id: &str) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue SET run_after = 0 WHERE task_id = :task",
        named_params! { ":task": task_id },
    )?;
    Ok(())
}

/// Ends every pause that is over; returns the projects they were in.
pub fn end_back_offs(tx: &Tx<'_>, now: Time) -> Outcome<Vec<String>> {
    Ok(tx.all(
        "UPDATE work_queue SET run_after = 0
          WHERE status = 'pending' AND run_after > 0 AND run_after <= :now
          RETURNING project",
        named_params! { ":now": now },
        |row| row.get(0),
    )?)
}

/// Keeps what a former holder reported.
pub fn keep_late(tx: &Tx<'_>, task_id: &str, late: &str) -> Outcome<()> {
    tx.run(
        "UPDATE work_queue SET late_result = :late WHERE task_id = :task",
        named_params! { ":task": task_id, ":late": late },
    )?;
    Ok(())
}
