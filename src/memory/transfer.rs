//! Memories out of one place and into another: a file, another project, another machine.
//!
//! - What is imported twice is there once.
//! - Who learned it, when and on which commit stays; what was forgotten stays forgotten.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::{LESSON_MAX, LESSONS_MAX, SUMMARY_MAX, details, range, some_text, tags, texts};
use super::list::{cursor, cut};
use super::remember::new_id;
use super::{Memory, MemoryRefusal, sql, words};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress::{self, KEY_BYTES};
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Memories of one call, at most.
pub const IMPORT_MAX: usize = 500;

/// Give out the memories of this repository in full, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExportMemories {
    /// How many at most.
    #[serde(default = "most")]
    #[schemars(range(min = 1, max = IMPORT_MAX))]
    limit: i64,
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<String>,
}

fn most() -> i64 {
    i64::try_from(IMPORT_MAX).unwrap_or(i64::MAX)
}

/// Memories as `import_memories` takes them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Exported {
    memories: Vec<Memory>,
    /// There are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Tool for ExportMemories {
    const NAME: &'static str = "export_memories";
    const TITLE: &'static str = "Export memories";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Exported;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        Ok(range("limit", self.limit, 1, most())?)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Exported>> {
        let before = cursor(tx, ctx.project(), self.cursor.as_deref())?;
        let page = sql::Page {
            before: before.as_ref(),
            event_type: None,
            agent_id: None,
            pinned: false,
            limit: self.limit + 1,
        };
        let (memories, next_cursor) = cut(sql::page(tx, ctx.project(), &page)?, self.limit);
        Ok(Progress::Ended(Exported { memories, next_cursor }))
    }
}

/// Take memories in that were given out here or elsewhere.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ImportMemories {
    /// As `export_memories` gives them out.
    #[schemars(length(max = IMPORT_MAX))]
    memories: Vec<Memory>,
}

/// What became of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Imported {
    imported: usize,
    /// They were here already, or were forgotten here.
    skipped: usize,
}

impl Tool for ImportMemories {
    const NAME: &'static str = "import_memories";
    const TITLE: &'static str = "Import memories";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = Imported;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        if self.memories.len() > IMPORT_MAX {
            let sent = format!("has {} entries", self.memories.len());
            let accepted = format!("at most {IMPORT_MAX}; send the rest in another call");
            return Err(MemoryRefusal::invalid("memories", sent, accepted).into());
        }
        for memory in &mut self.memories {
            check(memory)?;
        }
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Imported>> {
        let mut imported = 0;
        for memory in &self.memories {
            if let Some(memory) = wanted(tx, ctx.project(), memory)? {
                sql::insert(tx, ctx.project(), &ctx.caller.session_id, &memory)?;
                imported += 1;
            }
        }
        tx.changed(Topic::Memories);
        Ok(Progress::Ended(Imported { imported, skipped: self.memories.len() - imported }))
    }
}

/// The memory as it is to be kept here; none if it is here, or was.
fn wanted(tx: &Tx<'_>, project: &str, memory: &Memory) -> Outcome<Option<Memory>> {
    let norm_key = words::norm_key(&memory.summary);
    let same =
        sql::Same { agent: &memory.agent_id, event_type: memory.event_type, norm_key: &norm_key };
    if sql::said_at(tx, project, &same, memory.created_at)? {
        return Ok(None);
    }
    Ok(match sql::whereabouts(tx, &memory.memory_id)? {
        None => Some(memory.clone()),
        Some((place, _)) if place == project => None,
        // Another project has it: this is a copy with a life of its own.
        Some(_) => Some(Memory { memory_id: new_id(memory.created_at), ..memory.clone() }),
    })
}

/// The same limits as for `remember`: a file may hold anything.
fn check(memory: &mut Memory) -> Result<(), MemoryRefusal> {
    let invalid = |field, irregular: ingress::Irregular, accepted: &str| {
        MemoryRefusal::invalid(field, irregular.to_string(), accepted)
    };
    memory.memory_id =
        ingress::id(&memory.memory_id).map_err(|why| invalid("memory_id", why, "a UUID"))?;
    memory.summary = some_text("summary", &memory.summary, SUMMARY_MAX)?.to_owned();
    memory.lessons = texts("lessons", &memory.lessons, LESSONS_MAX, LESSON_MAX)?;
    memory.tags = tags(&memory.tags)?;
    if let Some(object) = &memory.details {
        details(object)?;
    }
    let name = format!("1 to {KEY_BYTES} bytes");
    ingress::key(&memory.agent_id, KEY_BYTES).map_err(|why| invalid("agent_id", why, &name))?;
    ingress::key(&memory.agent_type, KEY_BYTES).map_err(|why| invalid("agent_type", why, &name))?;
    if let Some(branch) = &memory.branch {
        ingress::text(branch).map_err(|why| invalid("branch", why, "text"))?;
    }
    if let Some(commit) = &memory.commit {
        ingress::key(commit, KEY_BYTES).map_err(|why| invalid("commit", why, &name))?;
    }
    ingress::ms(memory.created_at.ms())
        .map_err(|why| invalid("created_at", why, "a time between 1970 and 9999"))?;
    Ok(())
}
