//! Finishing a task, well or badly.
//!
//! - Only the holder of a running lease finishes a task. What a former holder
//!   reports is kept on the task as its late result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::limits::MESSAGE_MAX;
use super::{Status, WorkRefusal, dependencies, leases, limits, line, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ruling::Asked;
use crate::store::{Topic, Tx};
use crate::time::Time;
use crate::tool::{Access, Progress, Tool};

/// Most ids of newly ready tasks that a reply lists.
const UNBLOCKED_MAX: usize = 100;

/// Report the end of a task you claimed. With `success: false` it fails, and what depends on it is
/// parked, unless `retry` puts it back for another attempt.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CompleteWork {
    /// From `get_work`.
    task_id: String,
    /// Whether it was done.
    success: bool,
    /// What came of it, at most 256 KiB.
    result: Option<Map<String, Value>>,
    /// What went wrong, for whoever tries next.
    #[schemars(length(max = MESSAGE_MAX))]
    error_message: Option<String>,
    /// Try again after a pause, if attempts are left.
    #[serde(default)]
    retry: bool,
}

/// What became of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Completion {
    status: Status,
    task_id: String,
    /// Tasks that are ready now because of this one.
    unblocked: Vec<String>,
    /// How many more there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_unblocked: Option<usize>,
    /// When it may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Time>,
    /// Why it is not tried again although that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Completion {
    const fn of(task_id: String, status: Status) -> Self {
        let unblocked = Vec::new();
        Self { status, task_id, unblocked, more_unblocked: None, retry_at: None, reason: None }
    }
}

impl Tool for CompleteWork {
    const NAME: &'static str = "complete_work";
    const TITLE: &'static str = "Complete work";
    const ACCESS: Access = Access::Write;
    type Reply = Completion;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        if let Some(result) = &self.result {
            limits::object("result", result)?;
        }
        // Nothing to say is said by leaving it out, whatever a client sends for it.
        self.error_message.take_if(|message| message.trim().is_empty());
        if let Some(message) = &self.error_message {
            limits::text("error_message", message, MESSAGE_MAX)?;
        }
        if self.success && self.retry {
            return Err(WorkRefusal::InvalidArgument {
                field: "retry",
                sent: "was true together with success".into(),
                accepted: "true only with success: false".into(),
            }
            .into());
        }
        limits::spell(&mut self.task_id);
        Ok(())
    }

    fn arbitrated(&self) -> Option<Asked> {
        Some(Asked::End {
            task_id: self.task_id.clone(),
            success: self.success,
            retry: self.retry,
            result: self.result.clone(),
            error_message: self.error_message.clone(),
        })
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Completion>> {
        leases::expire(tx, ctx.now)?;
        let Some(task) = sql::task(tx, ctx.project(), &self.task_id)? else {
            return Ok(declined(WorkRefusal::NotYours {
                task_id: self.task_id.chars().take(40).collect(),
                status: None,
                holder: None,
            }));
        };
        let mine = task.holder_session.as_deref() == Some(&ctx.caller.session_id);
        if !(mine && task.status.is_held()) {
            return self.too_late(tx, ctx, task);
        }
        tx.changed(Topic::Work);
        let ending = if self.success { "completed" } else { "failed" };
        sql::end_attempt(tx, &task.task_id, ending, self.error_message.as_deref(), ctx.now)?;
        let done = match (self.success, self.retry) {
            (true, _) => self.succeed(tx, ctx, task)?,
            (false, true) if task.attempt < task.max_attempts => self.retry(tx, ctx, task)?,
            (false, _) => self.fail(tx, ctx, task)?,
        };
        Ok(Progress::Ended(done))
    }
}

impl CompleteWork {
    fn succeed(&self, tx: &Tx<'_>, ctx: &Context, task: sql::Task) -> Outcome<Completion> {
        let (result, message) = (self.result_text()?, self.error_message.as_deref());
        sql::complete(tx, &task.task_id, result.as_deref(), message, ctx.now)?;
        let mut unblocked = dependencies::met(tx, &task.task_id)?;
        if !unblocked.is_empty() {
            line::serve(tx, ctx.project(), ctx.now)?;
        }
        let more = unblocked.len().saturating_sub(UNBLOCKED_MAX);
        unblocked.truncate(UNBLOCKED_MAX);
        let more_unblocked = (more > 0).then_some(more);
        Ok(Completion {
            unblocked,
            more_unblocked,
            ..Completion::of(task.task_id, Status::Completed)
        })
    }

    fn retry(&self, tx: &Tx<'_>, ctx: &Context, task: sql::Task) -> Outcome<Completion> {
        let retry_at = ctx.now.plus(leases::back_off(task.attempt));
        sql::make_pending(tx, &task.task_id, self.error_message.as_deref(), retry_at)?;
        let retry_at = Some(retry_at);
        Ok(Completion { retry_at, ..Completion::of(task.task_id, Status::Pending) })
    }

    fn fail(&self, tx: &Tx<'_>, ctx: &Context, task: sql::Task) -> Outcome<Completion> {
        let (result, message) = (self.result_text()?, self.error_message.as_deref());
        sql::fail(tx, &task.task_id, result.as_deref(), message, ctx.now)?;
        dependencies::park_dependents(tx, &task.task_id, &task.task_type, Status::Failed)?;
        let reason = self
            .retry
            .then(|| format!("that was attempt {} of {}", task.attempt, task.max_attempts));
        Ok(Completion { reason, ..Completion::of(task.task_id, Status::Failed) })
    }

    /// The task is not the caller's (any more).
    fn too_late(
        &self,
        tx: &Tx<'_>,
        ctx: &Context,
        task: sql::Task,
    ) -> Outcome<Progress<Completion>> {
        let Some(lost) = sql::loss_of(tx, &task.task_id, &ctx.caller.session_id)? else {
            return Ok(declined(WorkRefusal::NotYours {
                task_id: task.task_id,
                status: Some(task.status),
                holder: task.holder,
            }));
        };
        let late = json!({
            "success": self.success,
            "result": self.result,
            "error_message": self.error_message,
            "agent_id": ctx.caller.agent_id,
            "fence": lost.fence,
            "reported_at": ctx.now,
        });
        sql::keep_late(tx, &task.task_id, &late.to_string())?;
        tx.changed(Topic::Work);
        Ok(declined(WorkRefusal::LeaseLost {
            task_id: task.task_id,
            why: lost.why,
            status: task.status,
        }))
    }

    fn result_text(&self) -> Result<Option<String>, WorkRefusal> {
        self.result.as_ref().map(|result| limits::object("result", result)).transpose()
    }
}

fn declined(refusal: WorkRefusal) -> Progress<Completion> {
    Progress::Declined(Box::new(refusal))
}
