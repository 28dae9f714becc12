//! Memories as people and the resource see them: by time, or one in full.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::range;
use super::{EventType, Memory, MemoryRefusal, Outcome as Ended, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress;
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Memories on one page, at most.
pub const LIST_MAX: i64 = 200;

/// List the memories of this repository, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListMemories {
    /// Only of this kind.
    event_type: Option<EventType>,
    /// Only this agent's.
    agent_id: Option<String>,
    /// Only what is pinned.
    #[serde(default)]
    pinned: bool,
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

/// A page of memories.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    memories: Vec<Line>,
    /// There are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A memory in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    memory_id: String,
    created_at: Time,
    event_type: EventType,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Ended>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lessons: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    agent_id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
}

impl From<Memory> for Line {
    fn from(memory: Memory) -> Self {
        Self {
            memory_id: memory.memory_id,
            created_at: memory.created_at,
            event_type: memory.event_type,
            summary: memory.summary,
            outcome: memory.outcome,
            lessons: memory.lessons,
            tags: memory.tags,
            agent_id: memory.agent_id,
            pinned: memory.pinned,
        }
    }
}

impl Tool for ListMemories {
    const NAME: &'static str = "list_memories";
    const TITLE: &'static str = "List memories";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Listed;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        Ok(range("limit", self.limit, 1, LIST_MAX)?)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Listed>> {
        let before = cursor(tx, ctx.project(), self.cursor.as_deref())?;
        let page = sql::Page {
            before: before.as_ref(),
            event_type: self.event_type,
            agent_id: self.agent_id.as_deref(),
            pinned: self.pinned,
            limit: self.limit + 1,
        };
        let (found, next_cursor) = cut(sql::page(tx, ctx.project(), &page)?, self.limit);
        let memories = found.into_iter().map(Line::from).collect();
        Ok(Progress::Ended(Listed { memories, next_cursor }))
    }
}

/// The memory after which a page starts.
pub fn cursor(tx: &Tx<'_>, project: &str, cursor: Option<&str>) -> Outcome<Option<Memory>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let found = sql::find(tx, project, cursor)?;
    let refusal = || {
        let accepted = "the next_cursor of the page before, or nothing to start anew";
        MemoryRefusal::invalid("cursor", "was not given out here", accepted)
    };
    Ok(Some(found.ok_or_else(refusal)?))
}

/// A page of the asked length, and where the next one starts if there is more.
pub fn cut(mut found: Vec<Memory>, limit: i64) -> (Vec<Memory>, Option<String>) {
    let room = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > room;
    found.truncate(room);
    let next = found.last().filter(|_| more).map(|last| last.memory_id.clone());
    (found, next)
}

/// Show one memory in full.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ShowMemory {
    /// Which.
    memory_id: String,
}

impl Tool for ShowMemory {
    const NAME: &'static str = "show_memory";
    const TITLE: &'static str = "Show a memory";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Memory;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Memory>> {
        Ok(Progress::Ended(known(tx, ctx.project(), &self.memory_id)?))
    }
}

/// The memory of that id in this project.
///
/// # Errors
/// Refusals: it never was here, or it was forgotten.
pub fn known(tx: &Tx<'_>, project: &str, asked: &str) -> Outcome<Memory> {
    let spelt = ingress::id(asked).unwrap_or_else(|_no_id| asked.chars().take(80).collect());
    if let Some(memory) = sql::find(tx, project, &spelt)? {
        return Ok(memory);
    }
    let forgotten = sql::whereabouts(tx, &spelt)?.is_some_and(|(place, _)| place == project);
    Err(if forgotten {
        MemoryRefusal::Forgotten { memory_id: spelt }.into()
    } else {
        MemoryRefusal::NotFound { memory_id: spelt }.into()
    })
}
