//! The tool that a hook calls before an agent's own tool writes files.
//!
//! - All files are locked for the agent, or renewed, or none is.
//! - What lies in `.git` or outside the repository needs no lock; guardrails still judge it.

use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusal::HookRefusal;
use super::{sql, told};
use crate::breaches::Hands;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::guard::{self, Caught, Judged, Scene};
use crate::guardrails::Input;
use crate::locks::{self, Taken};
use crate::operations::EDIT_FILE;
use crate::repo::refusal::Why;
use crate::repo::{Kind, Target};
use crate::ruling::Asked;
use crate::store::Tx;
use crate::tool::{Access, Hints, Progress, Tool};

/// Files of one edit, at most.
pub const FILES_MAX: usize = 1_000;
/// Bytes of a client's id of a tool call, at most.
const ID_MAX: usize = 256;

/// Lock the files that an agent's own tool is about to write, as its hook does.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EditFile {
    /// The files, absolute or relative to the repository's root.
    #[schemars(length(min = 1, max = FILES_MAX))]
    file_paths: Vec<String>,
    /// The tool's name, for whoever finds them locked.
    tool: Option<String>,
    /// The client's id of the tool call.
    tool_use_id: Option<String>,
    #[serde(skip)]
    targets: Vec<Target>,
    #[serde(skip)]
    scenes: Vec<Scene>,
    #[serde(skip)]
    caught: Mutex<Vec<Caught>>,
}

/// It may be made.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Cleared {
    /// What the agent should know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl Tool for EditFile {
    const NAME: &'static str = "edit_file";
    const TITLE: &'static str = "Edit files";
    const ACCESS: Access = Access::Write;
    const AUDIENCE: crate::tool::Audience = crate::tool::Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Cleared;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        if !(1..=FILES_MAX).contains(&self.file_paths.len()) {
            let sent = self.file_paths.len();
            let (field, most) = ("file_paths", FILES_MAX);
            return Err(HookRefusal::TooMuch { field, sent, most, unit: "entries" }.into());
        }
        for path in &self.file_paths {
            if let Some(target) = lockable(ctx, path)?
                && !self.targets.contains(&target)
            {
                self.targets.push(target);
            }
            self.scenes.push(guard::foresee(ctx, &Input::FileEdit { path, op: "edit" }).0);
        }
        Ok(())
    }

    fn arbitrated(&self) -> Option<Asked> {
        asked(&self.targets, self.why())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Cleared>> {
        note_tool_use(tx, ctx, self.tool_use_id.as_deref())?;
        let mut caught = Vec::new();
        for (path, scene) in self.file_paths.iter().zip(&self.scenes) {
            let input = Input::FileEdit { path, op: "edit" };
            let Judged { caught: found } = guard::judge(tx, ctx, scene, &input)?;
            caught.extend(found);
        }
        let blocked = caught.iter().find(|one| one.blocked && one.rule != super::FOREIGN).cloned();
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner) = caught;
        if let Some(blocked) = blocked {
            return Err(HookRefusal::Blocked(Box::new(blocked)).into());
        }
        let context = take(tx, ctx, &self.targets, &self.why())?;
        begin(tx, ctx, self.tool_use_id.as_deref(), &self.targets);
        Ok(Progress::Ended(Cleared { context }))
    }

    fn note(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner).clone();
        guard::note(tx, ctx, EDIT_FILE, &caught)
    }
}

impl EditFile {
    fn why(&self) -> String {
        let why = self.tool.as_deref().map(|tool| format!("an edit by {}", told::short(tool, 60)));
        why.unwrap_or_default()
    }
}

/// What an arbiter has to decide before these files are written.
pub fn asked(targets: &[Target], reason: String) -> Option<Asked> {
    (!targets.is_empty()).then(|| Asked::Edit { targets: targets.to_vec(), reason })
}

/// Tells those who watch the files that a tool of the caller is about to write: one that
/// was stopped never does, and nobody will tell of its end.
pub fn begin(tx: &Tx<'_>, ctx: &Context, id: Option<&str>, targets: &[Target]) {
    let paths = targets.iter().map(|target| target.shown.clone()).collect();
    tx.kept::<Hands>().begin(&ctx.caller.session_id, id, paths, ctx.now);
}

/// What is to be locked for writing a path; `None` where nothing need be.
pub fn lockable(ctx: &Context, path: &str) -> Outcome<Option<Target>> {
    match ctx.repo.resolve_file(path) {
        Ok(target) => Ok((target.kind == Kind::File).then_some(target)),
        Err(refusal) if matches!(refusal.why, Why::Outside | Why::InsideGit | Why::Empty) => {
            Ok(None)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Locks everything, and notes it as touched; what the agent should know of it.
pub fn take(tx: &Tx<'_>, ctx: &Context, targets: &[Target], why: &str) -> Outcome<Option<String>> {
    // A person's own tools go by what is shown to people; they hold no locks by them.
    if ctx.caller.person {
        return Ok(None);
    }
    sql::know(tx, &ctx.caller.session_id, ctx.now)?;
    match locks::take_for_edit(tx, ctx, targets, why)? {
        Taken::Blocked(blocked) => Err(Failure::from(HookRefusal::Held(blocked))),
        Taken::Undecided(target) => {
            Err(HookRefusal::JustLost { path: target.shown.clone() }.into())
        }
        Taken::All { fences, elsewhere } => {
            for (target, fence) in &fences {
                sql::touch(tx, ctx, target, *fence)?;
            }
            let lost = told::lost(&locks::unread(tx, &ctx.caller.session_id)?, targets);
            let said: Vec<String> = told::elsewhere(&elsewhere).into_iter().chain(lost).collect();
            Ok((!said.is_empty()).then(|| said.join(" ")))
        }
    }
}

/// Keeps whose call it is, where the client alone would not tell: for a subagent.
pub fn note_tool_use(tx: &Tx<'_>, ctx: &Context, id: Option<&str>) -> Outcome<()> {
    match id.filter(|id| (1..=ID_MAX).contains(&id.len()) && !id.contains('\0')) {
        Some(id) if ctx.caller.rule == "subagent" => {
            sql::forget_tool_uses(tx, ctx.now.plus(-super::TOOL_USE_KEPT))?;
            sql::put_tool_use(tx, ctx, id)
        }
        _ => Ok(()),
    }
}
