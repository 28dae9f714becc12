//! The tool that a hook calls before an agent's shell runs a command.
//!
//! - The guardrails judge it, and say what it would write: each file that is named is
//!   locked like one that is edited.
//! - What it would write without naming each file (a folder, a pattern) must be nobody
//!   else's, and is not locked: the lock would outlast the command.
//! - What changes the whole tree needs it for oneself.
//!
//! Not here: what a command does (`guardrails`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edit::{Cleared, asked, begin, lockable, note_tool_use, take};
use super::refusal::{Holding, HookRefusal};
use super::told;
use crate::context::Context;
use crate::failure::Outcome;
use crate::guard::{self, Caught, Scene};
use crate::guardrails::{Effect, Input, PathRef, Reach, Verb, Whole};
use crate::locks::{self, Lock};
use crate::operations::RUN_COMMAND;
use crate::repo::{Git, Kind, Target, overlaps};
use crate::ruling::Asked;
use crate::store::Tx;
use crate::tool::{Access, Audience, Progress, Tool};

/// Bytes of a command, at most; what is longer is cut for the judgement, which then
/// calls it unknown.
pub const COMMAND_MAX: usize = 1 << 20;

/// How long git may take to say what has changed.
const GIT_WITHIN: Duration = Duration::from_millis(800);

/// Check a command that an agent's shell is about to run, as its hook does.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct RunCommand {
    #[schemars(length(max = COMMAND_MAX))]
    command: String,
    /// Where it starts, relative to the repository's root.
    folder: Option<String>,
    /// The client's id of the tool call.
    tool_use_id: Option<String>,
    #[serde(skip)]
    text: String,
    #[serde(skip)]
    scene: Scene,
    #[serde(skip)]
    plan: Plan,
    #[serde(skip)]
    caught: Mutex<Vec<Caught>>,
}

/// What a command would write.
#[derive(Debug, Default)]
struct Plan {
    /// Files by name.
    files: Vec<Target>,
    /// More than one file at once, or only git's index.
    sets: Vec<Target>,
    /// What would go into a commit with everything that changed below.
    swept: Vec<Target>,
    /// Files that have changed, if that was asked and answered.
    changed: Option<Vec<Target>>,
}

impl Plan {
    fn of(ctx: &Context, effects: &[Effect]) -> Self {
        let mut plan = Self::default();
        for effect in effects {
            plan.add(ctx, effect);
        }
        if !plan.swept.is_empty() {
            let changed = ctx.repo.changed(&Git::new("git", GIT_WITHIN));
            plan.changed = changed.map(|paths| {
                paths.iter().filter_map(|path| ctx.repo.resolve_file(path).ok()).collect()
            });
        }
        plan
    }

    /// A path that is none of the repository's, or that nobody can resolve, is nobody's.
    fn add(&mut self, ctx: &Context, effect: &Effect) {
        let (verb, all) = (effect.verb, || ctx.repo.resolve("./").ok());
        let path = match &effect.path {
            _ if verb.reach() == Reach::Worktree => "./",
            PathRef::Literal(path) | PathRef::Pattern(path) => path,
            PathRef::Unknown if verb == Verb::DeleteTree => "./",
            PathRef::Unknown => return,
        };
        let literal = matches!(effect.path, PathRef::Literal(_)) && path != "./";
        match verb {
            Verb::CreateFolder => {}
            Verb::WholeTree(Whole::Stage | Whole::StageAll | Whole::CommitAll) => {
                self.swept.extend(if literal { folder(ctx, path) } else { all() });
            }
            _ if path == "./" || path == "." => self.sets.extend(all()),
            Verb::Write | Verb::Truncate | Verb::Create | Verb::Delete | Verb::Move if literal => {
                match lockable(ctx, path) {
                    Ok(Some(target)) => push(&mut self.files, target),
                    _ => self.sets.extend(ctx.repo.resolve_file(path).ok()),
                }
            }
            _ if literal && verb.reach() == Reach::Below => self.sets.extend(folder(ctx, path)),
            _ if literal => self.sets.extend(ctx.repo.resolve_file(path).ok()),
            _ => self.sets.extend(ctx.repo.resolve(path).ok().filter(|t| t.kind != Kind::Resource)),
        }
    }

    /// Whether a lock is on something that would be swept into a commit.
    fn sweeps(&self, lock: &Lock) -> bool {
        let changed = self.changed.as_ref();
        changed.is_none_or(|files| files.iter().any(|file| overlaps(file, &lock.target)))
    }
}

/// A path as a folder with everything in it; a file as itself.
fn folder(ctx: &Context, path: &str) -> Option<Target> {
    let target = ctx.repo.resolve_file(path).ok()?;
    if target.kind == Kind::Folder || ctx.repo.root.join(path).is_file() {
        return Some(target);
    }
    ctx.repo.resolve_file(&format!("{}/", path.trim_end_matches('/'))).ok()
}

fn push(targets: &mut Vec<Target>, target: Target) {
    if !targets.contains(&target) {
        targets.push(target);
    }
}

impl Tool for RunCommand {
    const NAME: &'static str = "run_command";
    const TITLE: &'static str = "Run a command";
    const ACCESS: Access = Access::Write;
    const AUDIENCE: Audience = Audience::Unlisted;
    type Reply = Cleared;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        if self.command.len() > COMMAND_MAX {
            let (field, sent, most) = ("command", self.command.len(), COMMAND_MAX);
            return Err(HookRefusal::TooMuch { field, sent, most, unit: "bytes" }.into());
        }
        self.text = super::started_in(&self.command, self.folder.as_deref());
        let (scene, seen) = guard::foresee(ctx, &Input::Shell(&self.text));
        self.plan = Plan::of(ctx, &seen.effects);
        self.scene = scene;
        Ok(())
    }

    fn arbitrated(&self) -> Option<Asked> {
        asked(&self.plan.files, self.why())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Cleared>> {
        note_tool_use(tx, ctx, self.tool_use_id.as_deref())?;
        let judged = guard::judge(tx, ctx, &self.scene, &Input::Shell(&self.text))?;
        let stops = |foreign: bool| {
            let by = |one: &&Caught| one.blocked && (one.rule == super::FOREIGN) == foreign;
            judged.caught.iter().find(by).cloned().map(Box::new)
        };
        let (grave, foreign) = (stops(false), stops(true));
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner) = judged.caught;
        if let Some(caught) = grave {
            return Err(HookRefusal::Blocked(caught).into());
        }
        if !ctx.caller.person {
            self.check_sets(tx, ctx)?;
        }
        let context = take(tx, ctx, &self.plan.files, &self.why())?;
        match foreign {
            Some(caught) => Err(HookRefusal::Blocked(caught).into()),
            None => {
                begin(tx, ctx, self.tool_use_id.as_deref(), &self.plan.files);
                Ok(Progress::Ended(Cleared { context }))
            }
        }
    }

    fn note(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner).clone();
        guard::note(tx, ctx, RUN_COMMAND, &caught)
    }
}

impl RunCommand {
    fn why(&self) -> String {
        format!("a command: {}", told::short(&self.command, 80))
    }

    /// Nobody else may be at work in what is written as a whole.
    fn check_sets(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let Plan { sets, swept, .. } = &self.plan;
        let all = sets.iter().map(|set| (set, false)).chain(swept.iter().map(|set| (set, true)));
        for (target, only_changed) in all {
            let mut held = locks::held_here(tx, ctx, target)?;
            held.retain(|lock| !only_changed || self.plan.sweeps(lock));
            if !held.is_empty() {
                let what = format!("`{}`", told::short(&self.command, 80));
                let held = held.iter().map(Holding::from).collect();
                let whole = target.kind == Kind::Folder;
                return Err(HookRefusal::TreeInUse { what, whole, held }.into());
            }
        }
        Ok(())
    }
}
