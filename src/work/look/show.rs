//! Everything about one task.

use rusqlite::named_params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Line, lines, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};
use crate::work::{WorkRefusal, elsewhere, limits};

/// Most neighbours that are shown on each side.
const NEIGHBOURS_MAX: i64 = 100;

/// Show one task: its data, attempts and outcome, what it depends on and what depends on it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ShowWork {
    /// Which task.
    task_id: String,
}

/// One task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Shown {
    #[serde(flatten)]
    line: Line,
    #[serde(flatten)]
    details: Details,
    /// At most 100.
    depends_on: Vec<Neighbour>,
    /// At most 100.
    dependents: Vec<Neighbour>,
    /// Attempts that have ended, in order.
    attempts: Vec<Attempt>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Details {
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_data: Option<Value>,
    max_attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedupe_key: Option<String>,
    submitted_by: String,
    submitted_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fence: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    /// What a former holder reported after its claim was gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Neighbour {
    task_id: String,
    task_type: String,
    summary: String,
    status: crate::work::Status,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Attempt {
    agent_id: String,
    claimed_at: Time,
    ended_at: Time,
    ending: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    fence: i64,
}

impl Tool for ShowWork {
    const NAME: &'static str = "show_work";
    const TITLE: &'static str = "Show work";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Shown;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        limits::spell(&mut self.task_id);
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Shown>> {
        let row = sql::one(tx, ctx.project(), &self.task_id)?;
        let details = details(tx, &self.task_id)?;
        if let (None, Some(told)) = (&row, beyond(tx, ctx, &self.task_id)) {
            return Ok(Progress::Ended(told));
        }
        let (Some(row), Some(details)) = (row, details) else {
            let task_id = self.task_id.chars().take(40).collect();
            return Err(WorkRefusal::NotFound { task_id }.into());
        };
        let line = lines(tx, vec![row], ctx.now)?.remove(0);
        Ok(Progress::Ended(Shown {
            line,
            details,
            depends_on: neighbours(tx, &self.task_id, true)?,
            dependents: neighbours(tx, &self.task_id, false)?,
            attempts: attempts(tx, &self.task_id)?,
        }))
    }
}

/// What the queue that machines share was told to have of a task, where this machine has no row of it.
fn beyond(tx: &Tx<'_>, ctx: &Context, task_id: &str) -> Option<Shown> {
    let told = elsewhere::one(tx, ctx.project(), task_id).filter(|_| ctx.settings.arbitrated)?;
    let details = Details {
        description: told.summary.clone(),
        input_data: None,
        max_attempts: told.max_attempts,
        dedupe_key: None,
        submitted_by: told.submitted_by.clone(),
        submitted_at: Time::from_ms(told.submitted_at),
        claimed_at: None,
        fence: None,
        result: None,
        error_message: told.error_message.clone(),
        late_result: None,
        finished_at: None,
    };
    let line = Line::from(told);
    let (depends_on, dependents, attempts) = (Vec::new(), Vec::new(), Vec::new());
    Some(Shown { line, details, depends_on, dependents, attempts })
}

fn neighbours(tx: &Tx<'_>, task_id: &str, before: bool) -> Outcome<Vec<Neighbour>> {
    let rows = sql::neighbours(tx, task_id, before, NEIGHBOURS_MAX)?;
    let neighbour = |row: sql::Row| Neighbour {
        summary: super::summary(&row.description),
        task_id: row.task_id,
        task_type: row.task_type,
        status: row.status,
    };
    Ok(rows.into_iter().map(neighbour).collect())
}

fn details(tx: &Tx<'_>, task_id: &str) -> Outcome<Option<Details>> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(tx.one(
        "SELECT description, input_data, max_attempts, dedupe_key, submitted_by, submitted_at,
                claimed_at, nullif(fence, 0) AS fence, result, error_message, late_result,
                finished_at
           FROM work_queue WHERE task_id = :task",
        named_params! { ":task": task_id },
        |row| {
            Ok(Details {
                description: row.get("description")?,
                input_data: json(row.get("input_data")?),
                max_attempts: row.get("max_attempts")?,
                dedupe_key: row.get("dedupe_key")?,
                submitted_by: row.get("submitted_by")?,
                submitted_at: row.get("submitted_at")?,
                claimed_at: row.get("claimed_at")?,
                fence: row.get("fence")?,
                result: json(row.get("result")?),
                error_message: row.get("error_message")?,
                late_result: json(row.get("late_result")?),
                finished_at: row.get("finished_at")?,
            })
        },
    )?)
}

fn attempts(tx: &Tx<'_>, task_id: &str) -> Outcome<Vec<Attempt>> {
    Ok(tx.all(
        "SELECT agent_id, claimed_at, ended_at, ending, error_message, fence FROM work_attempts
          WHERE task_id = :task ORDER BY fence",
        named_params! { ":task": task_id },
        |row| {
            Ok(Attempt {
                agent_id: row.get(0)?,
                claimed_at: row.get(1)?,
                ended_at: row.get(2)?,
                ending: row.get(3)?,
                error_message: row.get(4)?,
                fence: row.get(5)?,
            })
        },
    )?)
}
