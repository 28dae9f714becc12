//! How it stands with sync: what is asked for most, by people and by programs.
//!
//! Not here: the looks of it (`cli`), the mirror's own word (`coord doctor` asks it).

use coord_sync::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::advice::advice;
use super::board::{Board, Halt, Running};
use super::kept::Kept;
use super::marks::{self, Form};
use super::{aside, capture, catalogue, log, peers, rekey, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::{SECOND, Time};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Show how far the mirror has come, and what keeps it from going on.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SyncStatus {}

/// How it stands with sync.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// `off`, `enrolling`, `exporting`, `on` or `paused`.
    state: &'static str,
    /// What is set for the project that was asked from: `local`, `mirror` or `arbiter`.
    mode: &'static str,
    /// The project that it is mirrored to.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Which key opens it, and where that lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'static str>,
    /// The project that the daemon's settings name.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_url: Option<String>,
    /// Whether the daemon's settings have a service key.
    has_service_key: bool,
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
    /// Triggers that should write changes down and are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_triggers: Vec<String>,
    /// Projects whose rows stay on this machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept_here: Vec<String>,
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
    /// When it is tried again; absent: not before something changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try: Option<Time>,
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

impl Tool for SyncStatus {
    const NAME: &'static str = "sync_status";
    const TITLE: &'static str = "State of sync";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Standing;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Standing>> {
        standing(tx, ctx).map(Progress::Ended)
    }
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
        unread: marks::count(tx, Form::Foreign)? + peers::unread(tx)?,
        in_clear: marks::count(tx, Form::Clear)?,
        altered: marks::count(tx, Form::Altered)?,
    })
}

/// How it stands now.
///
/// # Errors
/// Faults only.
pub fn standing(tx: &Tx<'_>, ctx: &Context) -> Outcome<Standing> {
    let capture = sql::state(tx, "capture")?;
    let at = log::state(tx, String::new())?;
    let board = tx.kept::<Board>();
    let seen = Seen::of(board.running(), ctx.now);
    let facts = board.facts();
    let oldest = log::time_after(tx, at.acked)?.unwrap_or(ctx.now);
    let lag_rows = if capture.is_some() { at.newest - at.acked } else { 0 };
    let stall = match (seen.running, board.halt()) {
        // Nothing is tried before it goes on.
        (true, _) => seen.stall().filter(|_| !at.paused),
        (false, Some(halt)) => Some(Stalled::from(halt)),
        (false, None) => (capture.is_some() && !at.paused).then(|| Stalled::unexplained(ctx.now)),
    };
    Ok(Standing {
        state: match (capture.as_deref(), at.paused) {
            (None, _) if stall.as_ref().is_some_and(|stall| stall.next_try.is_some()) => {
                "enrolling"
            }
            (None, _) => "off",
            (_, true) => "paused",
            (Some("exporting"), _) => "exporting",
            _ => "on",
        },
        mode: match (ctx.settings.local, ctx.settings.arbitrated) {
            (true, _) => "local",
            (_, true) => "arbiter",
            _ => "mirror",
        },
        url: facts.url,
        key: facts.key,
        set_url: facts.set_url,
        has_service_key: facts.has_service_key,
        device: sql::state(tx, "device")?,
        lag_rows,
        lag_seconds: if lag_rows > 0 { (ctx.now.since(oldest) / SECOND).max(0) } else { 0 },
        logged: at.newest,
        last_success: seen.report.last_success.map(|ms| seen.wall(ms)),
        stall,
        set_aside: aside::count(tx)?,
        encryption: encryption(tx)?,
        clock_ahead_seconds: seen.clock_ahead(),
        quarantined: seen.report.quarantined,
        missing_triggers: capture::missing(tx)?,
        kept_here: Kept::load(tx)?.names().map(str::to_owned).collect(),
        peers: peers(tx)?,
        running: seen.running,
        schema: catalogue::schema(),
    })
}

fn peers(tx: &Tx<'_>) -> Outcome<Vec<Peers>> {
    let peers = peers::counted(tx)?.into_iter();
    Ok(peers.map(|(table, devices, rows)| Peers { table, devices, rows }).collect())
}

/// A worker's report, and when its clock began.
struct Seen {
    running: bool,
    report: Report,
    since: Time,
}

impl Seen {
    fn of(running: Option<Running>, now: Time) -> Self {
        let Some(running) = running else {
            return Self { running: false, report: Report::default(), since: now };
        };
        let report = running.report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Self { running: true, report: report.clone(), since: running.since }
    }

    fn wall(&self, ms: u64) -> Time {
        self.since.plus(i64::try_from(ms).unwrap_or(i64::MAX))
    }

    fn stall(&self) -> Option<Stalled> {
        self.report.stall.clone().map(|stall| Stalled {
            advice: advice(&stall.code),
            since: self.wall(stall.since),
            next_try: Some(self.wall(stall.next_try)),
            code: stall.code,
            reason: stall.reason,
        })
    }

    fn clock_ahead(&self) -> Option<i64> {
        let (theirs, at) = self.report.server_time.zip(self.report.last_success)?;
        Some(Time::from_ms(theirs).since(self.wall(at)) / SECOND)
    }
}

impl From<Halt> for Stalled {
    fn from(halt: Halt) -> Self {
        Self {
            code: halt.code.to_owned(),
            reason: halt.reason,
            since: halt.since,
            next_try: halt.next_try,
            advice: advice(halt.code),
        }
    }
}

impl Stalled {
    /// Sync is on, and nobody said why nothing runs.
    fn unexplained(now: Time) -> Self {
        Self {
            code: "not_running".into(),
            reason: "no worker runs".into(),
            since: now,
            next_try: None,
            advice: advice("not_running"),
        }
    }
}
