//! The tool that gives locks back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::queue::serve_near;
use super::refusal::LockRefusal;
use super::{Lock, Scene, arguments, holders, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::Target;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Hints, Progress, Tool};

/// Release your locks as soon as you are done; name nothing to release all of them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReleaseLock {
    /// As it was locked.
    file_path: Option<String>,
    /// Several instead of one: all or none.
    #[schemars(length(min = 1, max = arguments::PATHS_MAX))]
    file_paths: Option<Vec<String>>,
    #[serde(skip)]
    targets: Option<Vec<Target>>,
}

/// What was released.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Freed {
    /// Always `released`.
    action: &'static str,
    file_paths: Vec<String>,
}

impl Tool for ReleaseLock {
    const NAME: &'static str = "release_lock";
    const TITLE: &'static str = "Release locks";
    const ACCESS: Access = Access::Write;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Freed;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.targets = arguments::targets(ctx, self.file_path.as_ref(), self.file_paths.as_ref())?;
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Freed>> {
        let scene = Scene::of(tx, ctx);
        let mine = match &self.targets {
            Some(targets) => targets
                .iter()
                .map(|target| mine(scene, &ctx.caller.session_id, target))
                .collect::<Outcome<Vec<Lock>>>()?,
            None => sql::of_session(tx, scene.project, &ctx.caller.session_id)?,
        };
        let mut freed = Vec::with_capacity(mine.len());
        for lock in mine {
            sql::remove(tx, scene.project, &lock)?;
            freed.push(lock.target);
        }
        if !freed.is_empty() {
            tx.changed(Topic::Locks);
            serve_near(scene, Some(&freed))?;
        }
        let file_paths = freed.into_iter().map(|target| target.shown).collect();
        Ok(Progress::Ended(Freed { action: "released", file_paths }))
    }
}

/// The session's live lock on exactly this target.
fn mine(scene: Scene<'_>, session_id: &str, target: &Target) -> Outcome<Lock> {
    // A name that was not there yet was locked as a file; now it may be a folder.
    let twin = target.key.strip_suffix('/').map_or_else(|| format!("{}/", target.key), Into::into);
    for key in [&target.key, &twin] {
        let own = sql::own(scene.tx, scene.project, session_id, key)?;
        if let Some(lock) = own.filter(|lock| lock.is_live(scene.now)) {
            return Ok(lock);
        }
    }
    let holders = holders(scene.tx, scene.project, target, scene.now)?;
    let held_by = holders.into_iter().find(|lock| lock.session_id != session_id);
    Err(LockRefusal::NotYours {
        path: target.shown.clone(),
        held_by: held_by.map(|lock| lock.agent_id),
    }
    .into())
}
