//! What a person may do to anybody's task: call it off, or have it tried again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::leases::Loss;
use super::limits::MESSAGE_MAX;
use super::{Status, WorkRefusal, dependencies, limits, line, shared, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ruling::{Asked, Ruling};
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Call a task off; what depends on it is parked. Its holder learns of it when it reports.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CancelWork {
    /// Which task.
    task_id: String,
    /// Why, for whoever looks for it later.
    #[schemars(length(min = 1, max = MESSAGE_MAX))]
    reason: String,
}

/// The cancelled task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cancelled {
    task_id: String,
    status: Status,
    /// Whose work is for nothing now.
    #[serde(skip_serializing_if = "Option::is_none")]
    was_claimed_by: Option<String>,
    /// How many tasks were parked because of it.
    parked: usize,
}

impl Tool for CancelWork {
    const NAME: &'static str = "cancel_work";
    const TITLE: &'static str = "Cancel work";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: false, destructive: true };
    type Reply = Cancelled;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        limits::text("reason", &self.reason, MESSAGE_MAX)?;
        limits::spell(&mut self.task_id);
        Ok(())
    }

    fn arbitrated(&self) -> Option<Asked> {
        Some(Asked::Cancel { task_id: self.task_id.clone(), reason: self.reason.clone() })
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Cancelled>> {
        if let Some(Ruling::Cancelled { was_claimed_by, parked }) = ctx.ruling.as_deref() {
            // This machine may have no row of it.
            shared::follow_cancel(tx, ctx.project(), &self.task_id, &self.reason, ctx.now)?;
            return Ok(Progress::Ended(Cancelled {
                task_id: self.task_id.clone(),
                status: Status::Cancelled,
                was_claimed_by: was_claimed_by.clone(),
                parked: *parked,
            }));
        }
        let task = ours(tx, ctx, &self.task_id)?;
        if task.status.is_finished() {
            let Self { task_id, .. } = self;
            return Err(WorkRefusal::AlreadyFinished {
                task_id: task_id.clone(),
                status: task.status,
            }
            .into());
        }
        if task.status.is_held() {
            let ending = Loss::Cancelled.name();
            sql::end_attempt(tx, &task.task_id, ending, Some(&self.reason), ctx.now)?;
        }
        sql::cancel(tx, &task.task_id, &self.reason, ctx.now)?;
        let parked =
            dependencies::park_dependents(tx, &task.task_id, &task.task_type, Status::Cancelled)?;
        tx.changed(Topic::Work);
        Ok(Progress::Ended(Cancelled {
            task_id: task.task_id,
            status: Status::Cancelled,
            was_claimed_by: task.holder,
            parked,
        }))
    }
}

/// Have a failed, cancelled or parked task tried again with all its attempts, and with it
/// whatever failed or cancelled task it waits for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RetryWork {
    /// Which task.
    task_id: String,
}

/// The retried task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Retried {
    task_id: String,
    /// `pending`, or `blocked` if something must come first.
    status: &'static str,
    /// Every task that is tried again, in order of submission.
    retried: Vec<String>,
}

impl Tool for RetryWork {
    const NAME: &'static str = "retry_work";
    const TITLE: &'static str = "Retry work";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    type Reply = Retried;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        limits::spell(&mut self.task_id);
        Ok(())
    }

    fn arbitrated(&self) -> Option<Asked> {
        Some(Asked::Retry { task_id: self.task_id.clone() })
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Retried>> {
        if let Some(Ruling::Revived { retried, blocked }) = ctx.ruling.as_deref() {
            shared::follow_retry(tx, ctx.project(), retried)?;
            let (task_id, retried) = (self.task_id.clone(), retried.clone());
            return Ok(Progress::Ended(Retried { task_id, status: state(*blocked), retried }));
        }
        let task = ours(tx, ctx, &self.task_id)?;
        let retried = match task.status {
            Status::Pending if task.in_back_off() => {
                sql::end_back_off(tx, &task.task_id)?;
                vec![task.task_id.clone()]
            }
            Status::Failed | Status::Cancelled => revive_all(tx, ctx, &task.task_id)?,
            Status::Pending if task.parked_reason.is_some() => revive_all(tx, ctx, &task.task_id)?,
            status => {
                return Err(WorkRefusal::NotRetryable { task_id: task.task_id, status }.into());
            }
        };
        tx.changed(Topic::Work);
        let blocked = known(tx, ctx, &task.task_id)?.is_blocked();
        line::serve(tx, ctx.project(), ctx.now)?;
        Ok(Progress::Ended(Retried { task_id: task.task_id, status: state(blocked), retried }))
    }
}

const fn state(blocked: bool) -> &'static str {
    if blocked { "blocked" } else { "pending" }
}

/// Puts back a task and everything it waits for that was given up.
fn revive_all(tx: &Tx<'_>, ctx: &Context, task_id: &str) -> Outcome<Vec<String>> {
    let given_up = sql::given_up_before(tx, task_id)?;
    for one in &given_up {
        revive(tx, ctx, one)?;
    }
    dependencies::reconsider(tx, &given_up)?;
    Ok(given_up)
}

/// Puts a given-up task back, unless a live one took over its `dedupe_key`.
fn revive(tx: &Tx<'_>, ctx: &Context, task_id: &str) -> Outcome<()> {
    let task = known(tx, ctx, task_id)?;
    if let Some(key) = &task.dedupe_key
        && let Some(live) = sql::live_twin(tx, ctx.project(), key)?
    {
        return Err(WorkRefusal::DuplicateTask { task_id: task.task_id, live: live.task_id }.into());
    }
    sql::revive(tx, task_id)
}

/// A task that this machine decides about.
fn ours(tx: &Tx<'_>, ctx: &Context, task_id: &str) -> Outcome<sql::Task> {
    let task = known(tx, ctx, task_id)?;
    // Policies may have changed their mind since the arbiter was not asked because of them.
    if ctx.settings.arbitrated && ctx.ruling.is_none() {
        return Err(WorkRefusal::SharedTask { task_id: task.task_id }.into());
    }
    Ok(task)
}

fn known(tx: &Tx<'_>, ctx: &Context, task_id: &str) -> Outcome<sql::Task> {
    sql::task(tx, ctx.project(), task_id)?
        .ok_or_else(|| WorkRefusal::NotFound { task_id: task_id.chars().take(40).collect() }.into())
}
