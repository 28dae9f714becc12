//! The tool that remembers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::{
    LESSON_MAX, LESSONS_MAX, SUMMARY_MAX, TAG_MAX, TAGS_MAX, details, some_text, tags, texts,
};
use super::{EventType, Memory, Outcome as Ended, sql, words};
use crate::audit::redact;
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::Head;
use crate::store::{Topic, Tx};
use crate::time::{HOUR, Time};
use crate::tool::{Access, Hints, Progress, Tool};

/// How long the same said again by the same agent is no new memory.
pub const DEDUP_WINDOW: i64 = HOUR;

/// Remember what others here should know: an error and its fix, a decision and why, a discovery.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Remember {
    event_type: EventType,
    /// One or two sentences that stand alone.
    #[schemars(length(min = 1, max = SUMMARY_MAX))]
    summary: String,
    /// At most 8 KiB.
    details: Option<Map<String, Value>>,
    outcome: Option<Ended>,
    #[serde(default)]
    #[schemars(length(max = LESSONS_MAX), inner(length(max = LESSON_MAX)))]
    lessons: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = TAGS_MAX), inner(length(max = TAG_MAX)))]
    tags: Vec<String>,
    #[serde(skip)]
    head: Head,
}

/// The memory, new or known.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Remembered {
    memory_id: String,
    /// `created`, or `deduplicated` if you said the same within the hour.
    action: &'static str,
}

impl Tool for Remember {
    const NAME: &'static str = "remember";
    const TITLE: &'static str = "Remember";
    const ACCESS: Access = Access::Write;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = Remembered;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        // Others read it, so secrets have no business in it.
        self.summary = redact::redact_text(some_text("summary", &self.summary, SUMMARY_MAX)?);
        self.lessons = texts("lessons", &self.lessons, LESSONS_MAX, LESSON_MAX)?;
        for lesson in &mut self.lessons {
            *lesson = redact::redact_text(lesson);
        }
        self.tags = tags(&self.tags)?;
        if let Some(object) = &self.details {
            details(object)?;
            self.details = without_secrets(object).filter(|kept| !kept.is_empty());
        }
        self.head = ctx.repo.head();
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Remembered>> {
        let norm_key = words::norm_key(&self.summary);
        let since = ctx.now.plus(-DEDUP_WINDOW);
        let agent = &ctx.caller.agent_id;
        let same = sql::Same { agent, event_type: self.event_type, norm_key: &norm_key };
        if let Some(memory_id) = sql::said_since(tx, ctx.project(), &same, since)? {
            return Ok(Progress::Ended(Remembered { memory_id, action: "deduplicated" }));
        }
        let memory = self.memory(ctx);
        sql::insert(tx, ctx.project(), &ctx.caller.session_id, &memory)?;
        tx.changed(Topic::Memories);
        let memory_id = memory.memory_id;
        Ok(Progress::Ended(Remembered { memory_id, action: "created" }))
    }
}

impl Remember {
    fn memory(&self, ctx: &Context) -> Memory {
        Memory {
            memory_id: new_id(ctx.now),
            event_type: self.event_type,
            summary: self.summary.clone(),
            details: self.details.clone(),
            outcome: self.outcome,
            lessons: self.lessons.clone(),
            tags: self.tags.clone(),
            agent_id: ctx.caller.agent_id.clone(),
            agent_type: ctx.caller.agent_type.clone(),
            branch: self.head.branch.clone(),
            commit: self.head.commit.clone(),
            pinned: false,
            created_at: ctx.now,
        }
    }
}

fn without_secrets(object: &Map<String, Value>) -> Option<Map<String, Value>> {
    let whole = Value::Object(object.clone());
    match serde_json::to_value(redact::Redacted::of(&whole, &std::cell::Cell::new(false))) {
        Ok(Value::Object(kept)) => Some(kept),
        _ => None,
    }
}

/// A UUIDv7 of that moment, so that ids and times sort alike.
pub(super) fn new_id(at: Time) -> String {
    let ms = u64::try_from(at.ms()).unwrap_or_default();
    let nanos = u32::try_from(ms % 1_000).unwrap_or_default() * 1_000_000;
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, ms / 1_000, nanos)).to_string()
}
