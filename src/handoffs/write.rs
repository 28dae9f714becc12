//! The tool that writes a handoff.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Handoff, HandoffRefusal, sql};
use crate::audit::redact;
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::Head;
use crate::store::{Topic, Tx};
use crate::time::Time;
use crate::tool::{Access, Progress, Tool};

/// Characters of a summary, at most.
pub const SUMMARY_MAX: usize = 4_000;
/// Entries of each list, at most.
pub const ENTRIES_MAX: usize = 50;
/// Characters of one entry, at most.
pub const ENTRY_MAX: usize = 1_000;

/// Leave a handoff before you stop, for whoever goes on: what is done, what is not, what was
/// decided and what comes next. Your branch, commit, open locks and tasks are added.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["summary"]))]
pub struct WriteHandoff {
    #[serde(default)]
    #[schemars(length(min = 1, max = SUMMARY_MAX))]
    summary: String,
    #[serde(default)]
    #[schemars(length(max = ENTRIES_MAX), inner(length(max = ENTRY_MAX)))]
    completed_work: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = ENTRIES_MAX), inner(length(max = ENTRY_MAX)))]
    in_progress: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = ENTRIES_MAX), inner(length(max = ENTRY_MAX)))]
    decisions: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = ENTRIES_MAX), inner(length(max = ENTRY_MAX)))]
    next_steps: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = ENTRIES_MAX), inner(length(max = ENTRY_MAX)))]
    relevant_files: Vec<String>,
    #[serde(skip)]
    head: Head,
}

/// The handoff that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Written {
    handoff_id: String,
}

impl Tool for WriteHandoff {
    const NAME: &'static str = "write_handoff";
    const TITLE: &'static str = "Write a handoff";
    const ACCESS: Access = Access::Write;
    const GROWS: bool = true;
    type Reply = Written;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.summary = clean("summary", &self.summary, SUMMARY_MAX)?;
        if self.summary.is_empty() {
            return Err(HandoffRefusal::SummaryRequired.into());
        }
        for (field, entries) in [
            ("completed_work", &mut self.completed_work),
            ("in_progress", &mut self.in_progress),
            ("decisions", &mut self.decisions),
            ("next_steps", &mut self.next_steps),
            ("relevant_files", &mut self.relevant_files),
        ] {
            tidy(field, entries)?;
        }
        self.head = ctx.repo.head();
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Written>> {
        let session = &ctx.caller.session_id;
        let handoff = Handoff {
            from_device: None,
            handoff_id: new_id(ctx.now),
            agent_id: ctx.caller.agent_id.clone(),
            agent_type: ctx.caller.agent_type.clone(),
            created_at: ctx.now,
            summary: self.summary.clone(),
            completed_work: self.completed_work.clone(),
            in_progress: self.in_progress.clone(),
            decisions: self.decisions.clone(),
            next_steps: self.next_steps.clone(),
            relevant_files: self.relevant_files.clone(),
            branch: self.head.branch.clone(),
            commit: self.head.commit.clone(),
            open_locks: sql::open_locks(tx, ctx.project(), session, ctx.now)?,
            open_tasks: sql::open_tasks(tx, ctx.project(), session)?,
        };
        sql::insert(tx, ctx.project(), session, &handoff)?;
        tx.changed(Topic::Handoffs);
        Ok(Progress::Ended(Written { handoff_id: handoff.handoff_id }))
    }
}

/// A handoff that the coordinator writes in an agent's place.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in a handoff")]
pub struct Draft {
    pub summary: String,
    pub in_progress: Vec<String>,
    pub relevant_files: Vec<String>,
    pub head: Head,
}

/// Writes a handoff for somebody else: session, agent, kind of client and project.
///
/// # Errors
/// Faults only.
pub fn leave(
    tx: &Tx<'_>,
    (session, agent, agent_type, project): (&str, &str, &str, &str),
    draft: Draft,
    now: Time,
) -> Outcome<()> {
    let handoff = Handoff {
        from_device: None,
        handoff_id: new_id(now),
        agent_id: agent.to_owned(),
        agent_type: agent_type.to_owned(),
        created_at: now,
        summary: draft.summary,
        completed_work: Vec::new(),
        in_progress: draft.in_progress,
        decisions: Vec::new(),
        next_steps: Vec::new(),
        relevant_files: draft.relevant_files,
        branch: draft.head.branch,
        commit: draft.head.commit,
        open_locks: sql::open_locks(tx, project, session, now)?,
        open_tasks: sql::open_tasks(tx, project, session)?,
    };
    sql::insert(tx, project, session, &handoff)?;
    tx.changed(Topic::Handoffs);
    Ok(())
}

/// When a session last wrote a handoff.
///
/// # Errors
/// Faults only.
pub fn latest_at(tx: &Tx<'_>, session: &str) -> Outcome<Option<Time>> {
    sql::latest_at(tx, session)
}

/// A UUIDv7 of this moment, so that ids and times sort alike.
fn new_id(now: Time) -> String {
    let ms = u64::try_from(now.ms()).unwrap_or_default();
    let nanos = u32::try_from(ms % 1_000).unwrap_or_default() * 1_000_000;
    let at = uuid::Timestamp::from_unix(uuid::NoContext, ms / 1_000, nanos);
    uuid::Uuid::new_v7(at).to_string()
}

/// Within its limit, storable, and without secrets: others read it.
fn clean(field: &'static str, text: &str, max: usize) -> Outcome<String> {
    let sent = text.chars().count();
    if sent > max {
        return Err(HandoffRefusal::TooMuch { field, sent, max, unit: "characters" }.into());
    }
    if text.contains('\0') {
        return Err(HandoffRefusal::Nul { field }.into());
    }
    Ok(redact::redact_text(text.trim()))
}

/// Each entry as [`clean`] leaves it; those that say nothing are dropped.
fn tidy(field: &'static str, entries: &mut Vec<String>) -> Outcome<()> {
    if entries.len() > ENTRIES_MAX {
        let (sent, max) = (entries.len(), ENTRIES_MAX);
        return Err(HandoffRefusal::TooMuch { field, sent, max, unit: "entries" }.into());
    }
    for entry in entries.iter_mut() {
        *entry = clean(field, entry, ENTRY_MAX)?;
    }
    entries.retain(|entry| !entry.is_empty());
    Ok(())
}
