//! Postgres as the arbiter: locks and tasks of a project that several machines share.
//!
//! - The arbiter is asked before a call's transaction and outside of any; what it grants is then written here like a
//!   grant of our own, so that all that reads locks and tasks needs to know nothing of it.
//! - One session does one thing at a time ([`Permit`]): a release that is under way cannot overtake a new grant.
//! - Leases there are short and are renewed for as long as the session holds something here; how long they hold is
//!   counted from when the question was sent, on a clock that goes on while the machine sleeps.
//! - Who cannot be asked grants nothing, unless the project lets each machine decide for itself meanwhile.
//!
//! Not here: the arbiter's rules (`supabase/migrations/027…029`), HTTP (the crate `sync`).

mod court;
mod http;
mod keeper;
mod locks;
mod refusal;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{Mutex as Turn, Notify, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

pub use court::{Answering, Court, Silence};
pub use http::HttpCourt;
pub use refusal::ArbiterRefusal;

use crate::context::Context;
use crate::failure::Outcome;
use crate::os;
use crate::ruling::{Asked, Ruling};
use crate::store::Store;
use crate::time::{Clock, Time};

/// How long the arbiter lets a lock stand without word from its machine, in milliseconds.
pub const LEASE_MS: i64 = 90_000;
/// A lease that ended is kept free for so long, because its holder may still be writing.
const DELAY_MS: i64 = 15_000;
/// A lease is taken to end so much earlier here: two seconds and a twentieth.
const MARGIN_MS: i64 = 2_000 + LEASE_MS / 20;
/// Between two renewals.
const RENEW_MS: i64 = LEASE_MS / 3;

/// A lock that the arbiter holds for a session of this machine.
type Holding = (String, String, String);

/// This machine's side of the arbiter.
pub struct Arbiter {
    court: Arc<dyn Court>,
    store: Arc<Store>,
    clock: Clock,
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    state: Mutex<State>,
    nudge: Notify,
}

/// What is remembered between calls; all of it can be learned anew.
#[derive(Default)]
struct State {
    /// Projects in arbiter mode, and whether this machine decides while offline.
    projects: BTreeMap<String, Known>,
    /// What the arbiter holds for us: project, session, path's key.
    ours: BTreeMap<Holding, i64>,
    /// Tasks that it holds for us: whose, under which fence.
    tasks: BTreeMap<String, (String, i64)>,
    /// Sessions for which a task may have been claimed whose answer was lost.
    uncertain: BTreeSet<String>,
    /// When the question was sent that was last answered for a session, by the uptime.
    heard: HashMap<String, i64>,
    /// The same for the arbiter at all, and since when it is silent.
    polled: Option<i64>,
    renewed: Option<i64>,
    silent: Option<String>,
    /// When a call came last.
    active: i64,
}

#[derive(Clone, Copy, Default)]
struct Known {
    decides_offline: bool,
    epoch: Option<i64>,
    /// When its locks were last told in full.
    told: Option<i64>,
}

/// A ruling; while it lives, nothing else is done for its session.
pub struct Permit {
    /// For the call's context.
    pub ruling: Arc<Ruling>,
    _turn: OwnedMutexGuard<()>,
}

impl Arbiter {
    /// The arbiter behind `court`, for the locks and tasks of `store`.
    #[must_use]
    pub fn new(court: Arc<dyn Court>, store: Arc<Store>, clock: Clock) -> Self {
        Self {
            court,
            store,
            clock,
            turns: Mutex::default(),
            state: Mutex::default(),
            nudge: Notify::new(),
        }
    }

    /// From now on looks after this project.
    pub fn remember(&self, project: &str, decides_offline: bool) {
        let mut state = self.state();
        let known = state.projects.entry(project.to_owned()).or_default();
        known.decides_offline = decides_offline;
        state.active = os::uptime_ms();
        drop(state);
        self.nudge.notify_one();
    }

    /// Has a call decided; `patience` is how long it may wait for its turn, in milliseconds.
    ///
    /// # Errors
    /// What the arbiter refuses, or that it cannot be asked.
    pub async fn rule(
        &self,
        ctx: &Context,
        asked: &Asked,
        patience: i64,
        stop: &CancellationToken,
    ) -> Outcome<Permit> {
        match asked {
            Asked::Locks { .. } => self.rule_on_locks(ctx, asked, patience, stop).await,
            Asked::Task { types } => self.rule_on_task(ctx, types, patience, stop).await,
            Asked::End { .. } => self.rule_on_end(ctx, asked).await,
        }
    }

    /// Waits until nothing else is done for a session.
    async fn turn(&self, session: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // Whose turn nobody waits for is forgotten.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(session.to_owned()).or_default())
        };
        turn.lock_owned().await
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and remembers whether anybody answers.
    async fn ask(&self, function: &'static str, p: &Value) -> Result<Value, Silence> {
        let answer = self.court.ask(function, p).await;
        let mut state = self.state();
        match &answer {
            Ok(_) => {
                if state.silent.take().is_some() {
                    tracing::info!("the arbiter answers again");
                    // What was granted here meanwhile is asked for at once.
                    state.renewed = None;
                    self.nudge.notify_one();
                }
            }
            Err(silence) => {
                if state.silent.is_none() {
                    tracing::warn!("{silence}");
                }
                state.silent = Some(silence.to_string());
            }
        }
        answer
    }
}

/// What to do when nobody could be asked.
fn alone(ctx: &Context, silence: &Silence) -> Outcome<Ruling> {
    if ctx.settings.decides_offline && matches!(silence, Silence::Unreachable(_)) {
        return Ok(Ruling::Provisional);
    }
    Err(ArbiterRefusal::Unavailable { why: silence.to_string() }.into())
}

/// A number in an answer; 0 if it is not there.
fn number(answer: &Value, field: &str) -> i64 {
    answer[field].as_i64().unwrap_or_default()
}

/// A moment of the arbiter's clock, told in `answer`, by ours: clocks may differ by hours.
fn by_our_clock(answer: &Value, there: i64, now: Time) -> Time {
    now.plus(-(number(answer, "now") - there).max(0))
}

/// A text in an answer; empty if it is not there.
fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap_or_default()
}

fn list(answer: &Value, field: &str) -> Vec<Value> {
    answer[field].as_array().cloned().unwrap_or_default()
}
