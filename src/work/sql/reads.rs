//! What the rules look up.

use rusqlite::{Row, named_params};

use super::super::leases::Held;
use super::super::refusal::{Blocker, NoTasks};
use super::{Task, task_columns};
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;

/// Counts of waiting tasks stop here, so that an empty-handed call stays cheap.
const COUNT_MAX: i64 = 10_000;
/// How many blocked tasks are looked at to say what they wait for.
const BLOCKED_SEEN: i64 = 100;
/// How many tasks that others wait for are named.
const BLOCKERS_MAX: i64 = 5;

/// One task of a project.
pub fn task(tx: &Tx<'_>, project: &str, task_id: &str) -> Outcome<Option<Task>> {
    Ok(tx.one(
        concat!(
            "SELECT ",
            task_columns!(),
            " FROM work_queue WHERE task_id = :task AND project = :project"
        ),
        named_params! { ":task": task_id, ":project": project },
        Task::from_row,
    )?)
}

/// Those of `ids` that are tasks of a project, in order of submission.
pub fn tasks(tx: &Tx<'_>, project: &str, ids: &[String]) -> Outcome<Vec<Task>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = serde_json::to_string(ids).map_err(anyhow::Error::from)?;
    Ok(tx.all(
        concat!(
            "SELECT ",
            task_columns!(),
            " FROM work_queue
               WHERE task_id IN (SELECT value FROM json_each(:ids)) AND project = :project
               ORDER BY seq"
        ),
        named_params! { ":ids": ids, ":project": project },
        Task::from_row,
    )?)
}

/// The unfinished task with this key.
pub fn live_twin(tx: &Tx<'_>, project: &str, dedupe_key: &str) -> Outcome<Option<Task>> {
    Ok(tx.one(
        concat!(
            "SELECT ",
            task_columns!(),
            " FROM work_queue
               WHERE project = :project AND dedupe_key = :key AND dedupe_key IS NOT NULL
                 AND status IN ('pending', 'claimed', 'running')"
        ),
        named_params! { ":project": project, ":key": dedupe_key },
        Task::from_row,
    )?)
}

/// The next place in the order of submission.
pub fn next_seq(tx: &Tx<'_>) -> Outcome<i64> {
    let last = tx.one("SELECT max(seq) FROM work_queue", [], |row| row.get::<_, Option<i64>>(0))?;
    Ok(last.flatten().unwrap_or_default() + 1)
}

/// Whether any task is ready, for whomever.
pub fn anything_ready(tx: &Tx<'_>, project: &str) -> Outcome<bool> {
    let one = tx.one(
        "SELECT 1 FROM work_queue
          WHERE project = :project AND status = 'pending' AND unmet = 0
            AND parked_reason IS NULL AND run_after = 0 LIMIT 1",
        named_params! { ":project": project },
        |_| Ok(()),
    )?;
    Ok(one.is_some())
}

/// The next set of required capabilities among ready tasks, in the order of their keys.
pub fn next_key(tx: &Tx<'_>, project: &str, after: &str) -> Outcome<Option<String>> {
    Ok(tx.one(
        "SELECT capability_key FROM work_queue
          WHERE project = :project AND status = 'pending' AND unmet = 0
            AND parked_reason IS NULL AND run_after = 0 AND capability_key > :after
          ORDER BY capability_key LIMIT 1",
        named_params! { ":project": project, ":after": after },
        |row| row.get(0),
    )?)
}

/// What a session said it can do.
pub fn capabilities_of(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<String>> {
    Ok(tx.all(
        "SELECT capability FROM agent_capabilities WHERE session_id = :session",
        named_params! { ":session": session_id },
        |row| row.get(0),
    )?)
}

/// A claim that is to be taken from its holder.
pub struct Claim {
    pub task_id: String,
    pub project: String,
    pub task_type: String,
    pub agent_id: String,
    pub attempt: i64,
    pub max_attempts: i64,
}

impl Claim {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            task_id: row.get("task_id")?,
            project: row.get("project")?,
            task_type: row.get("task_type")?,
            agent_id: row.get("claimed_by")?,
            attempt: row.get("attempt")?,
            max_attempts: row.get("max_attempts")?,
        })
    }
}

/// The claims whose time is up, oldest first.
pub fn claims_expired(tx: &Tx<'_>, now: Time) -> Outcome<Vec<Claim>> {
    Ok(tx.all(
        "SELECT task_id, project, task_type, claimed_by, attempt, max_attempts FROM work_queue
          WHERE status IN ('claimed', 'running') AND lease_expires_at <= :now
          ORDER BY lease_expires_at, seq",
        named_params! { ":now": now },
        Claim::from_row,
    )?)
}

/// A session's claims.
pub fn claims_of(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<Claim>> {
    Ok(tx.all(
        "SELECT task_id, project, task_type, claimed_by, attempt, max_attempts FROM work_queue
          WHERE claimed_by_session = :session AND status IN ('claimed', 'running')
          ORDER BY seq",
        named_params! { ":session": session_id },
        Claim::from_row,
    )?)
}

/// A session's claims, as the session is shown them.
pub fn held_by(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<Held>> {
    Ok(tx.all(
        "SELECT task_id, task_type, description, lease_expires_at, fence FROM work_queue
          WHERE claimed_by_session = :session AND status IN ('claimed', 'running')
          ORDER BY seq",
        named_params! { ":session": session_id },
        |row| {
            Ok(Held {
                task_id: row.get("task_id")?,
                task_type: row.get("task_type")?,
                description: row.get("description")?,
                lease_expires_at: row.get("lease_expires_at")?,
                fence: row.get("fence")?,
            })
        },
    )?)
}

/// When the first lease or back-off is over.
pub fn next_deadline(tx: &Tx<'_>) -> Outcome<Option<Time>> {
    let lease: Option<Time> = tx
        .one(
            "SELECT min(lease_expires_at) FROM work_queue WHERE status IN ('claimed', 'running')",
            [],
            |row| row.get(0),
        )?
        .flatten();
    let pause: Option<Time> = tx
        .one(
            "SELECT min(run_after) FROM work_queue WHERE status = 'pending' AND run_after > 0",
            [],
            |row| row.get(0),
        )?
        .flatten();
    Ok(lease.into_iter().chain(pause).min())
}

/// A claim that its session lost.
pub struct Lost {
    /// The number it was made under.
    pub fence: i64,
    /// How it was lost.
    pub why: String,
}

/// How the session lost its latest claim of a task, if it did not end it itself.
pub fn loss_of(tx: &Tx<'_>, task_id: &str, session_id: &str) -> Outcome<Option<Lost>> {
    let last = tx.one(
        "SELECT fence, ending, error_message FROM work_attempts
          WHERE task_id = :task AND session_id = :session ORDER BY fence DESC LIMIT 1",
        named_params! { ":task": task_id, ":session": session_id },
        |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?)),
    )?;
    Ok(last.and_then(|(fence, ending, message)| match ending.as_str() {
        "completed" | "failed" => None,
        "cancelled" => {
            let reason = message.unwrap_or_default();
            Some(Lost { fence, why: format!("the task was cancelled ({reason})") })
        }
        _ => Some(Lost { fence, why: message.unwrap_or(ending) }),
    }))
}

/// What there is, for one who gets nothing.
pub fn no_tasks(tx: &Tx<'_>, project: &str) -> Outcome<NoTasks> {
    let (pauses, retry_at) = back_offs(tx, project)?;
    Ok(NoTasks {
        pending: ready_count(tx, project)? + pauses,
        blocked: blocked_count(tx, project)?,
        blocked_by: blockers(tx, project)?,
        claimed: claimed_count(tx, project)?,
        retry_at,
    })
}

/// How many tasks are ready, for whomever.
pub fn ready_count(tx: &Tx<'_>, project: &str) -> Outcome<i64> {
    count(
        tx,
        "SELECT count(*) FROM (SELECT 1 FROM work_queue
          WHERE project = :project AND status = 'pending' AND unmet = 0
            AND parked_reason IS NULL AND run_after = 0 LIMIT :max)",
        project,
    )
}

/// How many tasks wait for others.
pub fn blocked_count(tx: &Tx<'_>, project: &str) -> Outcome<i64> {
    count(
        tx,
        "SELECT count(*) FROM (SELECT 1 FROM work_queue
          WHERE project = :project AND status = 'pending'
            AND (unmet > 0 OR parked_reason IS NOT NULL) LIMIT :max)",
        project,
    )
}

/// How many tasks are being worked on; walks the claims of all projects, which are few.
pub fn claimed_count(tx: &Tx<'_>, project: &str) -> Outcome<i64> {
    count(
        tx,
        "SELECT count(*) FROM (SELECT 1 FROM work_queue INDEXED BY work_queue_leases
          WHERE project = :project AND status IN ('claimed', 'running') LIMIT :max)",
        project,
    )
}

fn count(tx: &Tx<'_>, sql: &str, project: &str) -> Outcome<i64> {
    let found =
        tx.one(sql, named_params! { ":project": project, ":max": COUNT_MAX }, |row| row.get(0))?;
    Ok(found.unwrap_or_default())
}

/// How many tasks pause, and when the first pause is over.
pub fn back_offs(tx: &Tx<'_>, project: &str) -> Outcome<(i64, Option<Time>)> {
    let found = tx.one(
        "SELECT count(*), min(run_after) FROM work_queue INDEXED BY work_queue_back_off
          WHERE project = :project AND status = 'pending' AND run_after > 0",
        named_params! { ":project": project },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.unwrap_or_default())
}

/// What the first blocked tasks wait for in the end.
fn blockers(tx: &Tx<'_>, project: &str) -> Outcome<Vec<Blocker>> {
    Ok(tx.all(
        "SELECT DISTINCT before.task_id, before.status, before.claimed_by
           FROM (SELECT depends_on
                   FROM (SELECT task_id FROM work_queue
                          WHERE project = :project AND status = 'pending'
                            AND (unmet > 0 OR parked_reason IS NOT NULL)
                          ORDER BY seq LIMIT :seen) AS blocked
                   JOIN work_dependencies AS link ON link.task_id = blocked.task_id
                  LIMIT 10 * :seen) AS link
           JOIN work_queue AS before ON before.task_id = link.depends_on
          WHERE before.status <> 'completed'
            AND NOT (before.status = 'pending'
                     AND (before.unmet > 0 OR before.parked_reason IS NOT NULL))
          ORDER BY before.seq LIMIT :max",
        named_params! { ":project": project, ":seen": BLOCKED_SEEN, ":max": BLOCKERS_MAX },
        |row| Ok(Blocker { task_id: row.get(0)?, status: row.get(1)?, claimed_by: row.get(2)? }),
    )?)
}
