//! The tools by which people look at sync and switch it.

use coord_sync::Stall;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::board::Board;
use super::catalogue;
use super::marks::{self, Form};
use super::{aside, export, log, rekey, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::{SECOND, Time};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Show how far the mirror has come, and what keeps it from going on.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SyncStatus {}

/// How it stands with sync.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// `off`, `exporting`, `on` or `paused`.
    state: &'static str,
    /// This device's name for the mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// Changes that the mirror does not have yet.
    lag_rows: i64,
    /// How long the oldest of them has waited.
    lag_seconds: i64,
    /// Changes of this device so far.
    logged: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stall: Option<Stalled>,
    /// Changes that were set aside and wait for a person.
    set_aside: i64,
    /// Whether free text is encrypted.
    encryption: Encryption,
    /// Why the mirror keeps this device's rows from others, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantined: Option<String>,
    /// How far the mirror's clock is ahead of this one's, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_ahead_seconds: Option<i64>,
    /// Rows of other devices that are known here, by table.
    peers: Vec<Peers>,
    /// Whether a worker runs in this daemon.
    running: bool,
    /// The newest migration of the mirror that this coord knows.
    schema: u32,
}

/// How it stands with the encryption of what is mirrored.
#[derive(Debug, Serialize, JsonSchema)]
struct Encryption {
    /// `off`; `changing` while rows are sent again under another key; `on`.
    state: &'static str,
    /// Which key, by a name that says nothing about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Rows of the mirror whose key is not here: `coord sync key import` opens them.
    unread: i64,
    /// Rows of other machines that stand in the mirror in clear, while this one encrypts.
    in_clear: i64,
    /// Rows that were altered in the mirror, and not taken.
    altered: i64,
}

/// Why nothing moves.
#[derive(Debug, Serialize, JsonSchema)]
struct Stalled {
    code: String,
    reason: String,
    since: Time,
    next_try: Time,
    /// What to do about it.
    advice: &'static str,
}

/// How many rows of one table others have.
#[derive(Debug, Serialize, JsonSchema)]
struct Peers {
    table: String,
    devices: i64,
    rows: i64,
}

/// What to do about a stall, by its code.
#[must_use]
pub fn advice(code: &str) -> &'static str {
    match code {
        "offline" => {
            "see whether this machine is online and SUPABASE_URL is right; it is tried again by itself"
        }
        "not_supabase" => {
            "a page answered in its place: restore the project if it is paused, or log in to this network"
        }
        "busy" => "nothing need be done; it is tried again by itself",
        "wrong_key" => "the project's key is not accepted: `coord sync login` takes a new one",
        "not_enrolled" => {
            "the mirror does not know this device any more: `coord sync login` enrols it anew"
        }
        "missing_migration" => {
            "the mirror lacks its functions: `coord sync migrate --db-url …` applies them"
        }
        "upgrade_server" => "the mirror is older than this coord: `coord sync migrate --db-url …`",
        "upgrade_client" => "this coord is older than the mirror: update it",
        "key_missing" | "key_damaged" => {
            "`coord sync key import` brings the key back; `coord sync key off` goes on without encryption"
        }
        "store" => "`coord doctor` looks at the database",
        _ => "the mirror's answer makes no sense; see the daemon's log, and report it",
    }
}

impl Tool for SyncStatus {
    const NAME: &'static str = "sync_status";
    const TITLE: &'static str = "State of sync";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Standing;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Standing>> {
        standing(tx, ctx.now).map(Progress::Ended)
    }
}

fn standing(tx: &Tx<'_>, now: Time) -> Outcome<Standing> {
    let device = sql::state(tx, "device")?;
    let capture = sql::state(tx, "capture")?;
    let paused = sql::state(tx, "paused")?.is_some();
    let at = log::state(tx, String::new())?;
    let running = tx.kept::<Board>().running();
    let report = running.as_ref().map(|running| {
        running.report.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    });
    let wall = |ms: u64| {
        let since = running.as_ref().map_or(now, |running| running.since);
        since.plus(i64::try_from(ms).unwrap_or(i64::MAX))
    };
    let report = report.unwrap_or_default();
    let oldest = log::time_after(tx, at.acked)?.unwrap_or(now);
    let lag_rows = if capture.is_some() { at.newest - at.acked } else { 0 };
    Ok(Standing {
        state: match (capture.as_deref(), paused) {
            (None, _) => "off",
            (_, true) => "paused",
            (Some("exporting"), _) => "exporting",
            _ => "on",
        },
        device,
        lag_rows,
        lag_seconds: if lag_rows > 0 { (now.since(oldest) / SECOND).max(0) } else { 0 },
        logged: at.newest,
        last_success: report.last_success.map(wall),
        stall: report.stall.map(|stall: Stall| Stalled {
            advice: advice(&stall.code),
            since: wall(stall.since),
            next_try: wall(stall.next_try),
            code: stall.code,
            reason: stall.reason,
        }),
        set_aside: aside::count(tx)?,
        encryption: encryption(tx)?,
        quarantined: report.quarantined,
        clock_ahead_seconds: report
            .server_time
            .zip(report.last_success)
            .map(|(theirs, at)| Time::from_ms(theirs).since(wall(at)) / SECOND),
        peers: sql::peers(tx)?
            .into_iter()
            .map(|(table, devices, rows)| Peers { table, devices, rows })
            .collect(),
        running: running.is_some(),
        schema: catalogue::schema(),
    })
}

fn encryption(tx: &Tx<'_>) -> Outcome<Encryption> {
    let key = sql::state(tx, rekey::UNDER)?;
    Ok(Encryption {
        state: match (&key, rekey::is_under_way(tx)?) {
            (_, true) => "changing",
            (Some(_), _) => "on",
            (None, _) => "off",
        },
        key,
        unread: marks::count(tx, Form::Foreign)? + sql::peers_unread(tx)?,
        in_clear: marks::count(tx, Form::Clear)?,
        altered: marks::count(tx, Form::Altered)?,
    })
}

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
    /// Try at once.
    Now,
    /// Encrypt with the key that is in `sync.key`.
    Encrypt,
    /// Encrypt no more.
    Decrypt,
}

/// Switch sync on or off, pause it, or have it try at once.
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
            }
            Action::Pause => sql::set_state(tx, "paused", "true")?,
            Action::Resume => sql::unset_state(tx, "paused")?,
            Action::Now => tx.kept::<Board>().hurry(),
            // The worker begins anew, and finds the key.
            Action::Encrypt => {}
            Action::Decrypt => rekey::leave(tx)?,
        }
        tx.changed(Topic::Sync);
        standing(tx, ctx.now).map(Progress::Ended)
    }
}

/// A device that is new to the mirror begins with an empty log.
fn switch_on(tx: &Tx<'_>, device: Option<&str>) -> Outcome<()> {
    let known = sql::state(tx, "device")?;
    if let Some(device) = device.filter(|device| known.as_deref() != Some(device)) {
        export::switch_off(tx)?;
        rekey::forget_everything(tx)?;
        sql::set_state(tx, "device", device)?;
    }
    sql::unset_state(tx, "paused")?;
    export::switch_on(tx)
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
