//! Handoffs as people and the resource see them: all of a repository, in short, or one in full.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Handoff, HandoffRefusal, read, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress;
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Handoffs on one page, at most.
pub const LIST_MAX: i64 = 100;
/// Characters of a summary that a list shows.
const SUMMARY_SHOWN: usize = 200;

/// List the handoffs of this repository, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListHandoffs {
    /// Only this agent's.
    agent_id: Option<String>,
    /// How many at most.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = LIST_MAX))]
    limit: i64,
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<String>,
}

const fn twenty() -> i64 {
    20
}

/// A page of handoffs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    handoffs: Vec<Line>,
    /// There are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A handoff in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    handoff_id: String,
    agent_id: String,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// Its beginning.
    summary: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
}

impl Tool for ListHandoffs {
    const NAME: &'static str = "list_handoffs";
    const TITLE: &'static str = "List handoffs";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Listed;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        read::check_limit(self.limit, LIST_MAX)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Listed>> {
        let agent = self.agent_id.as_deref();
        let (found, next_cursor) =
            read::page(tx, ctx.project(), agent, self.limit, self.cursor.as_deref())?;
        let handoffs = found.into_iter().map(Line::from).collect();
        Ok(Progress::Ended(Listed { handoffs, next_cursor }))
    }
}

impl From<Handoff> for Line {
    fn from(handoff: Handoff) -> Self {
        Self {
            handoff_id: handoff.handoff_id,
            agent_id: handoff.agent_id,
            created_at: handoff.created_at,
            branch: handoff.branch,
            summary: shorten(&handoff.summary),
            next_steps: handoff.next_steps,
        }
    }
}

fn shorten(summary: &str) -> String {
    if summary.chars().count() <= SUMMARY_SHOWN {
        return summary.to_owned();
    }
    summary.chars().take(SUMMARY_SHOWN).chain("…".chars()).collect()
}

/// Show one handoff in full.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ShowHandoff {
    /// Which.
    handoff_id: String,
}

impl Tool for ShowHandoff {
    const NAME: &'static str = "show_handoff";
    const TITLE: &'static str = "Show a handoff";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Handoff;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Handoff>> {
        let asked = ingress::id(&self.handoff_id).unwrap_or_else(|_no_id| self.handoff_id.clone());
        let found = sql::find(tx, ctx.project(), &asked)?;
        let handoff_id = asked.chars().take(80).collect();
        Ok(Progress::Ended(found.ok_or(HandoffRefusal::NotFound { handoff_id })?))
    }
}
