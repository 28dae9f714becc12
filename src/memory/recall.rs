//! The tool that recalls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::{QUERY_MAX, TAG_MAX, TAGS_MAX, range, tags, text};
use super::query::Query;
use super::search::{Found, Question, search};
use super::{EventType, Memory, MemoryRefusal};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Tx, origin};
use crate::tool::{Access, Hints, Progress, Tool};

/// Memories in one answer, at most.
pub const LIMIT_MAX: i64 = 50;

/// Ask what is known before you start or when something fails: errors and their fixes, decisions,
/// discoveries of every agent here. Best first; without a query, the newest.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Recall {
    /// In your own words.
    #[schemars(length(max = QUERY_MAX))]
    query: Option<String>,
    /// Only with one of these.
    #[serde(default)]
    #[schemars(length(max = TAGS_MAX), inner(length(max = TAG_MAX)))]
    tags: Vec<String>,
    event_type: Option<EventType>,
    agent_id: Option<String>,
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: i64,
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    min_relevance: f64,
    #[serde(skip)]
    parsed: Option<Query>,
}

const fn ten() -> i64 {
    10
}

/// What is known, best first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Recalled {
    memories: Vec<Relevant>,
}

/// A memory and what it is worth to you.
#[derive(Debug, Serialize, JsonSchema)]
struct Relevant {
    #[serde(flatten)]
    memory: Memory,
    /// 0 to 1.
    relevance: f64,
    /// The other machine that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_device: Option<String>,
}

impl Tool for Recall {
    const NAME: &'static str = "recall";
    const TITLE: &'static str = "Recall";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Recalled;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        range("limit", self.limit, 1, LIMIT_MAX)?;
        if !(0.0..=1.0).contains(&self.min_relevance) {
            let sent = format!("was {}", self.min_relevance);
            return Err(MemoryRefusal::invalid("min_relevance", sent, "0 to 1").into());
        }
        self.tags = tags(&self.tags)?;
        if let Some(query) = &self.query {
            let asked = text("query", query, QUERY_MAX)?;
            self.parsed = (!asked.is_empty()).then(|| Query::parse(asked));
        }
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Recalled>> {
        let question = Question {
            project: ctx.project(),
            query: self.parsed.clone(),
            tags: &self.tags,
            event_type: self.event_type,
            agent_id: self.agent_id.as_deref(),
        };
        let found = search(tx, &question, ctx.now)?;
        let mut memories: Vec<Relevant> = found
            .into_iter()
            .filter(|one| one.relevance >= self.min_relevance)
            .take(usize::try_from(self.limit).unwrap_or(usize::MAX))
            .map(Relevant::from)
            .collect();
        for found in &mut memories {
            let id = &found.memory.memory_id;
            found.from_device = origin::of(tx, "episodic_memories", id)?;
        }
        Ok(Progress::Ended(Recalled { memories }))
    }
}

impl From<Found> for Relevant {
    fn from(found: Found) -> Self {
        // More digits would pretend to know more than there is to know.
        let relevance = (found.relevance * 1_000.0).round() / 1_000.0;
        Self { memory: found.memory, relevance, from_device: None }
    }
}
