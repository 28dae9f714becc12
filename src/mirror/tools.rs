//! The tools by which people switch sync and decide what it could not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::board::Board;
use super::standing::{Standing, standing};
use super::{agreed, aside, export, rekey, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// What to do with sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Log changes and mirror them.
    On,
    /// Stop, and log no more.
    Off,
    /// Stop for now; changes are still logged.
    Pause,
    /// Go on.
    Resume,
    /// Encrypt with the key that is in `sync.key`.
    Encrypt,
    /// Encrypt no more.
    Decrypt,
    /// Nothing: tells whether the caller may switch it at all.
    Look,
}

/// Switch sync on or off, or pause it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SyncSwitch {
    action: Action,
    /// This device's name for the mirror, when it is switched on.
    #[serde(default)]
    device: Option<String>,
}

impl Tool for SyncSwitch {
    const NAME: &'static str = "sync_switch";
    const TITLE: &'static str = "Switch sync";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Standing;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Standing>> {
        match self.action {
            Action::On => switch_on(tx, self.device.as_deref())?,
            Action::Off => {
                export::switch_off(tx)?;
                sql::unset_state(tx, "device")?;
                // Who logs out means it, whatever variables are set.
                sql::set_state(tx, LOGGED_OUT, "true")?;
            }
            Action::Pause => sql::set_state(tx, "paused", "true")?,
            Action::Resume => sql::unset_state(tx, "paused")?,
            // The worker finds the key by itself.
            Action::Encrypt => tx.kept::<Board>().hurry(),
            Action::Decrypt => {
                rekey::leave(tx)?;
                tx.kept::<Board>().hurry();
            }
            Action::Look => return standing(tx, ctx).map(Progress::Ended),
        }
        tx.changed(Topic::Sync);
        standing(tx, ctx).map(Progress::Ended)
    }
}

/// Have the mirror try at once, whatever it waits for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SyncNow {}

impl Tool for SyncNow {
    const NAME: &'static str = "sync_now";
    const TITLE: &'static str = "Sync at once";
    // It is asked for often, by scripts too, and only makes what happens anyway happen sooner.
    const ACCESS: Access = Access::Presence;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Standing;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Standing>> {
        tx.kept::<Board>().hurry();
        tx.changed(Topic::Sync);
        standing(tx, ctx).map(Progress::Ended)
    }
}

/// The fact that somebody logged out.
const LOGGED_OUT: &str = "logged_out";

/// Whether somebody logged out, so that settings alone do not enrol this machine again.
///
/// # Errors
/// Faults only.
pub fn was_logged_out(tx: &Tx<'_>) -> Outcome<bool> {
    Ok(sql::state(tx, LOGGED_OUT)?.is_some())
}

/// Whether this device is about to take another name.
///
/// # Errors
/// Faults only.
pub fn is_forking(tx: &Tx<'_>) -> Outcome<bool> {
    Ok(sql::state(tx, "fork")?.is_some())
}

/// The name under which changes are logged now; `None`: they are not logged.
///
/// # Errors
/// Faults only.
pub fn device_in_use(tx: &Tx<'_>) -> Outcome<Option<String>> {
    if export::is_on(tx)? { sql::state(tx, "device") } else { Ok(None) }
}

/// Logs changes for this device. A device that is new to the mirror begins with an empty log.
///
/// # Errors
/// Faults only.
pub fn switch_on(tx: &Tx<'_>, device: Option<&str>) -> Outcome<()> {
    let known = sql::state(tx, "device")?;
    if let Some(device) = device.filter(|device| known.as_deref() != Some(device)) {
        export::switch_off(tx)?;
        rekey::forget_everything(tx)?;
        sql::set_state(tx, "device", device)?;
    }
    sql::unset_state(tx, "paused")?;
    sql::unset_state(tx, LOGGED_OUT)?;
    export::switch_on(tx)
}

/// Logs no more while nothing may leave, if no mirror has heard of this device's rows yet: once they
/// may, all of them are exported.
///
/// # Errors
/// Faults only.
pub fn rest(tx: &Tx<'_>) -> Outcome<()> {
    let was_heard = sql::acked(tx)? > 0 || !agreed::all(tx)?.is_empty();
    if was_heard || !export::is_on(tx)? {
        return Ok(());
    }
    export::switch_off(tx)?;
    // The export begins with the first audit row, and none may come before it.
    sql::empty_log(tx)
}

/// List the changes that the mirror did not take and that wait for a person.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListConflicts {}

/// What was set aside.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Conflicts {
    conflicts: Vec<aside::Conflict>,
}

impl Tool for ListConflicts {
    const NAME: &'static str = "list_conflicts";
    const TITLE: &'static str = "Conflicts of sync";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Conflicts;

    fn run(&self, tx: &Tx<'_>, _ctx: &Context) -> Outcome<Progress<Conflicts>> {
        Ok(Progress::Ended(Conflicts { conflicts: aside::open(tx)? }))
    }
}

/// Decide about a change that was set aside.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ResolveConflict {
    /// Which; `list_conflicts` has the numbers.
    conflict: i64,
    /// Whose version stands.
    keep: aside::Keep,
}

/// What was decided.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Resolved {
    conflict: i64,
    kept: aside::Keep,
    row: Option<Value>,
}

impl Tool for ResolveConflict {
    const NAME: &'static str = "resolve_conflict";
    const TITLE: &'static str = "Resolve a conflict";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: false, destructive: true };
    type Reply = Resolved;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Resolved>> {
        let row = aside::resolve(tx, self.conflict, self.keep, ctx.now)?;
        Ok(Progress::Ended(Resolved { conflict: self.conflict, kept: self.keep, row }))
    }
}
