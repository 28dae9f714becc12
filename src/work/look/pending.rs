//! What is to be done, for the resource `work://pending`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Line, as_of, beyond, lines, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};
use crate::work::sql as work;

/// Most tasks that each part shows.
const SHOWN_MAX: i64 = 20;

/// What is being worked on, what is ready, and what is not and why.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct PendingWork {}

/// The queue at a glance; each part shows its first 20 tasks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pending {
    counts: Counts,
    /// Being worked on.
    claimed: Vec<Line>,
    /// To be handed out, in this order.
    ready: Vec<Line>,
    /// To be tried again after a pause.
    pausing: Vec<Line>,
    /// Waiting for other tasks, or parked.
    blocked: Vec<Line>,
    /// What other machines work on, and what was submitted there, where work is shared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<Line>,
    /// As of when that is shown, if it is some time ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
}

/// How many there are in all; `ready` and `blocked` are counted up to 10,000.
#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    claimed: i64,
    ready: i64,
    pausing: i64,
    blocked: i64,
    #[serde(skip_serializing_if = "super::is_zero")]
    elsewhere: i64,
}

impl Tool for PendingWork {
    const NAME: &'static str = "pending_work";
    const TITLE: &'static str = "Pending work";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Pending;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Pending>> {
        let project = ctx.project();
        let (mut others, taken) = beyond(tx, ctx)?;
        others.retain(|task| !task.status.is_finished());
        let away = i64::try_from(taken.len()).unwrap_or_default();
        let counts = Counts {
            claimed: work::claimed_count(tx, project)?,
            ready: (work::ready_count(tx, project)? - away).max(0),
            pausing: work::back_offs(tx, project)?.0,
            blocked: work::blocked_count(tx, project)?,
            elsewhere: i64::try_from(others.len()).unwrap_or_default(),
        };
        // What another machine works on is no task to be handed out, though its row here waits.
        let mut ready = lines(tx, sql::ready(tx, project, SHOWN_MAX + away)?, ctx.now)?;
        ready.retain(|line| !taken.contains(&line.task_id));
        ready.truncate(usize::try_from(SHOWN_MAX).unwrap_or_default());
        let others = others.into_iter().map(Line::from);
        Ok(Progress::Ended(Pending {
            counts,
            claimed: lines(tx, sql::claimed(tx, project, SHOWN_MAX)?, ctx.now)?,
            ready,
            pausing: lines(tx, sql::pausing(tx, project, SHOWN_MAX)?, ctx.now)?,
            blocked: lines(tx, sql::blocked(tx, project, SHOWN_MAX)?, ctx.now)?,
            elsewhere: others.take(usize::try_from(SHOWN_MAX).unwrap_or_default()).collect(),
            as_of: as_of(tx, ctx),
        }))
    }
}
