//! The tool that reads handoffs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Handoff, HandoffRefusal, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Tx, origin};
use crate::tool::{Access, Hints, Progress, Tool};

/// Handoffs on one page, at most.
pub const LIMIT_MAX: i64 = 20;
/// Names in `newer_from`, at most.
const NEWER_MAX: i64 = 5;

/// Read the latest handoff when you start: your own, or if you left none, anyone's in this
/// repository.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReadHandoff {
    /// Whose.
    agent_name: Option<String>,
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: i64,
    cursor: Option<String>,
}

const fn one() -> i64 {
    1
}

/// Handoffs, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Handoffs {
    handoffs: Vec<Handoff>,
    /// Others who wrote later than your latest; read theirs with `agent_name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    newer_from: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Tool for ReadHandoff {
    const NAME: &'static str = "read_handoff";
    const TITLE: &'static str = "Read handoffs";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Handoffs;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        check_limit(self.limit, LIMIT_MAX)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Handoffs>> {
        let page = |agent| page(tx, ctx.project(), agent, self.limit, self.cursor.as_deref());
        if let Some(agent) = &self.agent_name {
            let (handoffs, next_cursor) = page(Some(agent.as_str()))?;
            return Ok(Progress::Ended(Handoffs { handoffs, newer_from: Vec::new(), next_cursor }));
        }
        let me = ctx.caller.agent_id.as_str();
        let latest = sql::latest_of(tx, ctx.project(), me)?;
        let (handoffs, next_cursor) = page(latest.is_some().then_some(me))?;
        let newer_from = match latest {
            Some(latest) => sql::newer_from(tx, ctx.project(), &latest, NEWER_MAX)?,
            None => Vec::new(),
        };
        Ok(Progress::Ended(Handoffs { handoffs, newer_from, next_cursor }))
    }
}

/// Refuses a page that is too long or has no room.
pub fn check_limit(asked: i64, max: i64) -> Outcome<()> {
    if (1..=max).contains(&asked) {
        return Ok(());
    }
    Err(HandoffRefusal::Limit { asked, max }.into())
}

/// One page, newest first, and where the next one starts.
pub fn page(
    tx: &Tx<'_>,
    project: &str,
    agent: Option<&str>,
    limit: i64,
    cursor: Option<&str>,
) -> Outcome<(Vec<Handoff>, Option<String>)> {
    let before =
        match cursor {
            None => None,
            Some(cursor) => Some(sql::find(tx, project, cursor)?.ok_or_else(|| {
                HandoffRefusal::Cursor { sent: cursor.chars().take(80).collect() }
            })?),
        };
    let mut found = sql::page(tx, project, agent, before.as_ref(), limit + 1)?;
    let room = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > room;
    found.truncate(room);
    for handoff in &mut found {
        handoff.from_device = origin::of(tx, "handoff_documents", &handoff.handoff_id)?;
    }
    let next = found.last().filter(|_| more).map(|last| last.handoff_id.clone());
    Ok((found, next))
}
