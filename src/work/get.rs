//! Taking a task, or standing in line for one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claim::{Claimant, Claimed, claim};
use super::limits::{TASK_TYPE_MAX, TASK_TYPES_MAX, WAIT_MAX};
use super::{WorkRefusal, leases, limits, line, shared, sql};
use crate::context::{Context, Ticket};
use crate::failure::{Failure, Outcome};
use crate::ruling::{Asked, Ruling};
use crate::store::{Topic, Tx};
use crate::tool::{Access, Progress, Tool};
use crate::waits::{self, Kind};

/// Claim the next task that is ready, highest priority first. It is yours until `complete_work`,
/// as long as you are active.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct GetWork {
    /// Only these kinds (any if left out).
    #[serde(default)]
    #[schemars(length(max = TASK_TYPES_MAX))]
    task_types: Vec<String>,
    /// How long to wait for a task if none is ready.
    #[serde(default)]
    #[schemars(range(max = WAIT_MAX))]
    wait_seconds: u32,
}

impl GetWork {
    /// Only tasks of these types, unless empty.
    pub(super) fn task_types(&self) -> &[String] {
        &self.task_types
    }
}

impl Tool for GetWork {
    const NAME: &'static str = "get_work";
    const TITLE: &'static str = "Get work";
    const ACCESS: Access = Access::Write;
    type Reply = Claimed;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        limits::count("task_types", self.task_types.len(), TASK_TYPES_MAX)?;
        for one in &self.task_types {
            limits::text("task_types", one, TASK_TYPE_MAX)?;
        }
        limits::range("wait_seconds", self.wait_seconds.into(), 0, WAIT_MAX.into())?;
        self.task_types.sort_unstable();
        self.task_types.dedup();
        Ok(())
    }

    fn wait_seconds(&self) -> u32 {
        self.wait_seconds
    }

    fn arbitrated(&self) -> Option<Asked> {
        Some(Asked::Task { types: self.task_types.clone() })
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Claimed>> {
        if let Some(Ruling::Task(task)) = ctx.ruling.as_deref() {
            return Ok(Progress::Ended(shared::adopt(tx, ctx, task)?));
        }
        leases::expire(tx, ctx.now)?;
        let line = waits::line(tx, ctx.project(), Kind::Work)?;
        let resumed = ctx.request_key.is_some()
            && line.iter().any(|wait| wait.request_key == ctx.request_key);
        if resumed {
            // This very call stands in line since before a restart: it keeps its place,
            // and is answered there even if its turn has come.
            self.enqueue(tx, ctx)?;
            line::serve(tx, ctx.project(), ctx.now)?;
            return Ok(Progress::Waits);
        }
        line::serve_line(tx, ctx.project(), line, ctx.now)?;
        let who = Claimant {
            project: ctx.project(),
            session_id: &ctx.caller.session_id,
            agent_id: &ctx.caller.agent_id,
            task_types: &self.task_types,
        };
        if let Some(claimed) = claim(tx, who, ctx.now)? {
            return Ok(Progress::Ended(claimed));
        }
        if ctx.ticket.is_some() {
            self.enqueue(tx, ctx)?;
            return Ok(Progress::Waits);
        }
        Ok(Progress::Declined(Box::new(nothing(tx, ctx)?)))
    }

    fn give_up(&self, tx: &Tx<'_>, ctx: &Context, _: Ticket) -> Outcome<Claimed> {
        Err(nothing(tx, ctx)?.into())
    }

    fn take_back(&self, tx: &Tx<'_>, ctx: &Context, granted: &Value) -> Outcome<()> {
        let (Some(task_id), Some(fence)) = (granted["task_id"].as_str(), granted["fence"].as_i64())
        else {
            return Ok(());
        };
        if sql::uncount_claim(tx, task_id, fence)? {
            tx.changed(Topic::Work);
            line::serve(tx, ctx.project(), ctx.now)?;
        }
        Ok(())
    }
}

impl GetWork {
    fn enqueue(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let args = serde_json::to_value(self).map_err(anyhow::Error::from)?;
        waits::enqueue(tx, ctx, Kind::Work, &args)
    }
}

fn nothing(tx: &Tx<'_>, ctx: &Context) -> Result<WorkRefusal, Failure> {
    Ok(WorkRefusal::NoTasks(Box::new(sql::no_tasks(tx, ctx.project())?)))
}
