//! The tool that takes locks, waits for them, and renews them.

use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arguments::{self, ArgumentRefusal, TTL_MINUTES_MAX, WAIT_MAX};
use super::grant::grant;
use super::queue::{self, Waiter, serve, serve_near};
use super::refusal::{Blocked, LockRefusal};
use super::rules::{Claim, Survey};
use super::{Lock, Mode, Scene, deadlock, shared, sql};
use crate::context::{Context, Ticket};
use crate::failure::Outcome;
use crate::repo::Target;
use crate::ruling::{Asked, Ruling};
use crate::store::{Topic, Tx};
use crate::time::{MINUTE, SECOND, Time};
use crate::tool::{Access, Hints, Progress, Tool};

/// Lock what you are about to edit, so that no other agent edits it; asking again
/// renews. If another agent holds it you learn who, or wait for your turn.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct AcquireLock {
    /// Relative to the repository's root: a file, a folder (src/), a glob
    /// (src/**/*.rs), or another resource (port:8080).
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<String>,
    /// Several instead of one: all or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = arguments::PATHS_MAX))]
    file_paths: Option<Vec<String>>,
    /// For whoever finds it locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = arguments::REASON_MAX))]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = TTL_MINUTES_MAX))]
    ttl_minutes: Option<i64>,
    #[serde(default)]
    mode: Mode,
    /// How long to wait for your turn.
    #[serde(default)]
    #[schemars(range(min = 0, max = WAIT_MAX))]
    wait_seconds: i64,
    #[serde(skip)]
    targets: Vec<Target>,
    /// Keys of what the session shared already when it began to wait.
    #[serde(skip)]
    shared: Mutex<Vec<String>>,
}

/// Whether anything is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub enum Action {
    Acquired,
    Refreshed,
}

/// What was granted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Acquired {
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_paths: Option<Vec<String>>,
    expires_at: Time,
    /// Greater than that of every earlier holder.
    fence: i64,
    /// One for each of `file_paths`, where they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    fences: Option<Vec<i64>>,
    /// No other machine knows of it yet; one that took it meanwhile keeps it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    provisional: bool,
}

impl Acquired {
    pub(super) fn new(
        action: Action,
        targets: &[Target],
        expires_at: Time,
        fences: &[i64],
    ) -> Self {
        let fence = fences.iter().copied().max().unwrap_or_default();
        let mut paths: Vec<String> = targets.iter().map(|target| target.shown.clone()).collect();
        let one = if paths.len() == 1 { paths.pop() } else { None };
        Self {
            action,
            file_paths: one.is_none().then_some(paths),
            file_path: one,
            expires_at,
            fence,
            fences: fences.iter().any(|other| *other != fence).then(|| fences.to_vec()),
            provisional: false,
        }
    }
}

impl AcquireLock {
    /// The reply, with what a ruling adds to it.
    fn told(mut reply: Acquired, ctx: &Context) -> Acquired {
        reply.provisional = matches!(ctx.ruling.as_deref(), Some(Ruling::Provisional));
        reply
    }

    /// How long it is asked for, in minutes.
    fn ttl(&self, ctx: &Context) -> i64 {
        self.ttl_minutes.unwrap_or(ctx.settings.lock_ttl_minutes)
    }

    fn claim(&self, ctx: &Context) -> Claim {
        Claim {
            caller: ctx.caller.clone(),
            targets: self.targets.clone(),
            mode: self.mode,
            ttl_ms: self.ttl(ctx) * MINUTE,
            reason: self.reason.clone(),
            worktree: ctx.repo.root.to_string_lossy().into_owned(),
        }
    }

    fn first_path(&self) -> String {
        self.targets.first().map(|target| target.shown.clone()).unwrap_or_default()
    }

    /// Notes what the session shares, so that [`Tool::take_back`] leaves it that much.
    fn remember(&self, scene: Scene<'_>, session_id: &str) -> Outcome<()> {
        let mut shared = Vec::new();
        for target in &self.targets {
            let had = sql::own(scene.tx, scene.project, session_id, &target.key)?;
            if had.is_some_and(|lock| lock.mode == Mode::Shared && lock.is_live(scene.now)) {
                shared.push(target.key.clone());
            }
        }
        *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = shared;
        Ok(())
    }

    /// Waits, unless that could not end well.
    fn wait(
        &self,
        scene: Scene<'_>,
        ctx: &Context,
        line: &[Waiter],
    ) -> Outcome<Progress<Acquired>> {
        let claim = self.claim(ctx);
        if let Some(cycle) = deadlock::cycle(scene, &claim, line)? {
            let path = cycle.first().map_or_else(|| self.first_path(), |l| l.waits_for.clone());
            return Err(LockRefusal::WouldDeadlock { path, cycle }.into());
        }
        self.remember(scene, &ctx.caller.session_id)?;
        queue::enqueue(scene.tx, ctx, &claim)?;
        Ok(Progress::Waits)
    }
}

impl Tool for AcquireLock {
    const NAME: &'static str = "acquire_lock";
    const TITLE: &'static str = "Lock files";
    const ACCESS: Access = Access::Write;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = Acquired;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        let ttl = self.ttl(ctx);
        if !(1..=TTL_MINUTES_MAX).contains(&ttl) {
            return Err(LockRefusal::TtlOutOfRange { asked: ttl }.into());
        }
        if !(0..=WAIT_MAX).contains(&self.wait_seconds) {
            return Err(ArgumentRefusal::Wait { asked: self.wait_seconds }.into());
        }
        arguments::check_reason(self.reason.as_deref().unwrap_or_default())?;
        let found = arguments::targets(ctx, self.file_path.as_ref(), self.file_paths.as_ref())?;
        self.targets = found.ok_or(ArgumentRefusal::NoPath)?;
        Ok(())
    }

    fn wait_seconds(&self) -> u32 {
        u32::try_from(self.wait_seconds).unwrap_or_default()
    }

    fn arbitrated(&self) -> Option<Asked> {
        Some(Asked::Locks {
            targets: self.targets.clone(),
            shared: self.mode == Mode::Shared,
            reason: self.reason.clone(),
        })
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Acquired>> {
        let (scene, claim) = (Scene::of(tx, ctx), self.claim(ctx));
        if ctx.ticket.is_some() && queue::has_place(scene, ctx)? {
            self.remember(scene, &ctx.caller.session_id)?;
            queue::enqueue(tx, ctx, &claim)?;
            serve_near(scene, Some(&self.targets))?;
            return Ok(Progress::Waits);
        }
        shared::make_way(scene, ctx, &claim)?;
        let swept = queue::sweep(scene, &claim)?;
        let line = queue::line(tx, scene.project, scene.now)?;
        let survey = Survey::of(scene, &claim)?;
        match Blocked::tell(&claim, &survey, &line, scene.now) {
            None => {
                let granted = grant(scene, &claim, &survey, Some(ctx))?;
                if granted.opened {
                    serve(tx, scene.project, scene.now)?;
                }
                Ok(Progress::Ended(Self::told(granted.reply, ctx)))
            }
            Some(_) if ctx.ticket.is_some() => self.wait(scene, ctx, &line),
            // What was passed on to those who waited stays with them.
            Some(blocked) if swept => {
                Ok(Progress::Declined(Box::new(LockRefusal::LockedByOther(blocked))))
            }
            Some(blocked) => Err(LockRefusal::LockedByOther(blocked).into()),
        }
    }

    fn give_up(&self, tx: &Tx<'_>, ctx: &Context, ticket: Ticket) -> Outcome<Acquired> {
        let (scene, claim) = (Scene::of(tx, ctx), self.claim(ctx));
        let since = ticket.until.plus(-self.wait_seconds * SECOND);
        let mut ahead = queue::line(tx, scene.project, scene.now)?;
        ahead.retain(|waiter| (waiter.place.enqueued_at, waiter.place.ticket) < (since, ticket.id));
        let survey = Survey::of(scene, &claim)?;
        if let Some(blocked) = Blocked::tell(&claim, &survey, &ahead, scene.now) {
            return Err(LockRefusal::LockedByOther(blocked).into());
        }
        Err(LockRefusal::JustFree { path: self.first_path() }.into())
    }

    fn left(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        tx.changed(Topic::Locks);
        serve(tx, ctx.project(), ctx.now)
    }

    fn take_back(&self, tx: &Tx<'_>, ctx: &Context, granted: &Value) -> Outcome<()> {
        let scene = Scene::of(tx, ctx);
        let fence = granted.get("fence").and_then(Value::as_i64);
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        for target in &self.targets {
            let own = sql::own(tx, scene.project, &ctx.caller.session_id, &target.key)?;
            // What the session had before has an older fence.
            let Some(lock) = own.filter(|lock| Some(lock.fence) == fence) else { continue };
            if shared.contains(&target.key) {
                sql::put(tx, scene.project, &Lock { mode: Mode::Shared, ..lock })?;
            } else {
                sql::remove(tx, scene.project, &lock)?;
            }
        }
        tx.changed(Topic::Locks);
        serve_near(scene, Some(&self.targets))
    }
}
