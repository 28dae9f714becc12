//! Postgres as the arbiter: locks and tasks of a project that several machines share.
//!
//! - The arbiter is asked before a call's transaction and outside of any; what it grants is then written here like a
//!   grant of our own, so that all that reads locks and tasks needs to know nothing of it.
//! - One session does one thing at a time ([`Permit`]): a release that is under way cannot overtake a new grant.
//! - Leases there are short and are renewed for as long as the session holds something here; how long they hold is
//!   counted from when the question was sent, on a clock that goes on while the machine sleeps.
//! - Who cannot be asked grants nothing, unless the project lets each machine decide for itself meanwhile.
//! - Each question has an answer or none within a bound; that nobody answers is remembered for a while.
//!
//! Not here: the arbiter's rules (`supabase/migrations/027…029`, `039…`), HTTP (the crate `sync`).

mod answer;
mod court;
mod edit;
mod elsewhere;
mod http;
mod keeper;
mod locks;
mod people;
mod queue;
mod refusal;
mod told;
mod upkeep;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex as Turn, Notify, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

pub use court::{Answering, Court, Silence};
pub use http::HttpCourt;
pub use locks::root;
pub use refusal::ArbiterRefusal;

use crate::context::Context;
use crate::failure::Outcome;
use crate::os;
use crate::ruling::{Asked, Ruling};
use crate::store::{Store, Tx};
use crate::time::{Clock, Time};

/// How long the arbiter lets a lock stand without word from its machine, in milliseconds.
pub const LEASE_MS: i64 = 90_000;
/// A lease that ended is kept free for so long, because its holder may still be writing.
const DELAY_MS: i64 = 15_000;
/// A lease is taken to end so much earlier here: two seconds and a twentieth.
const MARGIN_MS: i64 = 2_000 + LEASE_MS / 20;
/// Activity is a call within so long.
const ACTIVE_FOR_MS: i64 = 60_000;
/// Between two renewals.
const RENEW_MS: i64 = LEASE_MS / 3;

/// How long an answer is waited for; its functions take 8 s at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// A lock that the arbiter holds for a session of this machine: project, session, path's key.
type Holding = (String, String, String);

/// Writes the audit row of what was done without being asked: in which project, its name, the facts, when.
pub type Ledger = fn(&Tx<'_>, Option<&str>, &'static str, Value, Time) -> Outcome<()>;

/// Nobody answers.
struct Quiet {
    why: Silence,
    /// When that was seen last, by the uptime.
    at: i64,
}

/// This machine's side of the arbiter.
pub struct Arbiter {
    court: Arc<dyn Court>,
    store: Arc<Store>,
    clock: Clock,
    ledger: Ledger,
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    state: Mutex<State>,
    nudge: Notify,
    /// Held while tasks are handed in.
    handing_in: Arc<Turn<()>>,
    /// How long the machine slept beyond what the system knows of, in milliseconds.
    slept: AtomicI64,
}

/// What is remembered between calls; all of it can be learned anew.
#[derive(Default)]
struct State {
    /// Projects in arbiter mode, and whether this machine decides while offline.
    projects: BTreeMap<String, Known>,
    /// What the arbiter holds for us, each with the request that it was granted to last: a release is of that grant and
    /// of no later one. Empty if it is not known.
    ours: BTreeMap<Holding, String>,
    /// What names the queue as it was told last, for each project.
    marks: BTreeMap<String, String>,
    /// Up to which place in the order of submission every task was handed in, for each project.
    handed_in: BTreeMap<String, i64>,
    /// Tasks that it holds for us: whose, under which fence.
    tasks: BTreeMap<String, (String, i64)>,
    /// Sessions for which a task may have been claimed whose answer was lost.
    uncertain: BTreeSet<String>,
    /// When the question was sent that was last answered for a session, by the uptime.
    heard: HashMap<String, i64>,
    /// The same for the arbiter at all, and since when it is silent.
    polled: Option<i64>,
    renewed: Option<i64>,
    silent: Option<Quiet>,
    /// When a call came last.
    active: Option<i64>,
}

impl State {
    /// Whether somebody is at work here.
    fn is_active(&self, now: i64) -> bool {
        !self.ours.is_empty()
            || !self.tasks.is_empty()
            || self.active.is_some_and(|at| now - at < ACTIVE_FOR_MS)
    }

    /// Whether a session's leases hold by what was heard last.
    fn holds_on(&self, session: &str, now: i64) -> bool {
        self.heard.get(session).is_some_and(|heard| now < heard + LEASE_MS - MARGIN_MS)
    }
}

#[derive(Default)]
struct Known {
    decides_offline: bool,
    /// The change up to which its locks were told; None: they are to be told in full.
    epoch: Option<i64>,
    told: told::Told,
    /// When was last told until when others hold them.
    leases: Option<i64>,
}

/// A ruling; while it lives, nothing else is done for its session.
pub struct Permit {
    /// For the call's context.
    pub ruling: Arc<Ruling>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Permit {
    fn new(ruling: Ruling, turn: OwnedMutexGuard<()>) -> Self {
        Self { ruling: Arc::new(ruling), _turn: Some(turn) }
    }
}

impl Arbiter {
    /// The arbiter behind `court`, for the locks and tasks of `store`; what is lost goes on record by `ledger`.
    #[must_use]
    pub fn new(court: Arc<dyn Court>, store: Arc<Store>, clock: Clock, ledger: Ledger) -> Self {
        Self {
            court,
            store,
            clock,
            ledger,
            turns: Mutex::default(),
            state: Mutex::default(),
            nudge: Notify::new(),
            handing_in: Arc::default(),
            slept: AtomicI64::new(0),
        }
    }

    /// As if the machine slept for so long from now on: time that only the uptime knows of.
    pub fn sleep(&self, ms: i64) {
        self.slept.fetch_add(ms, Ordering::AcqRel);
        self.nudge.notify_one();
    }

    /// The clock that goes on while the machine sleeps, in milliseconds.
    fn uptime(&self) -> i64 {
        os::uptime_ms() + self.slept.load(Ordering::Acquire)
    }

    /// From now on looks after this project.
    pub fn remember(&self, project: &str, decides_offline: bool) {
        let now = self.uptime();
        let mut state = self.state();
        let rested = !state.is_active(now) || !state.projects.contains_key(project);
        let known = state.projects.entry(project.to_owned()).or_default();
        known.decides_offline = decides_offline;
        state.active = Some(now);
        drop(state);
        if rested {
            self.nudge.notify_one();
        }
    }

    /// Tells the cloud nothing of this project any more; what it holds there ends with its leases.
    pub fn forget(&self, project: &str) {
        self.state().projects.remove(project);
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
            Asked::Edit { targets, reason } => self.rule_on_edit(ctx, targets, reason).await,
            Asked::Task { types } => self.rule_on_task(ctx, types, patience, stop).await,
            Asked::End { .. } => self.rule_on_end(ctx, asked).await,
            Asked::Cancel { .. } | Asked::Retry { .. } => self.rule_on_person(ctx, asked).await,
        }
    }

    /// Waits until nothing else is done for a session.
    async fn turn(&self, session: &str) -> OwnedMutexGuard<()> {
        self.turn_of(session).lock_owned().await
    }

    /// The turn, unless something else is done for the session.
    fn turn_if_free(&self, session: &str) -> Option<OwnedMutexGuard<()>> {
        self.turn_of(session).try_lock_owned().ok()
    }

    fn turn_of(&self, session: &str) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Whose turn nobody waits for is forgotten.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(session.to_owned()).or_default())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_silent(&self) -> bool {
        self.state().silent.is_some()
    }

    /// Asks, and remembers whether anybody answers.
    async fn ask(&self, function: &'static str, p: &Value) -> Result<Value, Silence> {
        let answer = tokio::time::timeout(PATIENCE, self.court.ask(function, p)).await;
        let answer = answer.unwrap_or_else(|_late| Err(Silence::late(PATIENCE)));
        match &answer {
            Ok(_) => self.note_answer(),
            Err(silence) => self.note_silence(silence),
        }
        answer
    }

    /// Asks once more if there was no answer: the first may have been lost after the deed, and the same request gets
    /// the same answer.
    async fn ask_twice(&self, function: &'static str, p: &Value) -> Result<Value, Silence> {
        match self.ask(function, p).await {
            Err(Silence::Unreachable(_)) => self.ask(function, p).await,
            answer => answer,
        }
    }

    fn note_answer(&self) {
        let mut state = self.state();
        if state.silent.take().is_some() {
            tracing::info!("the arbiter answers again");
            // What was granted here meanwhile is asked for at once.
            state.renewed = None;
            self.nudge.notify_one();
        }
    }

    fn note_silence(&self, why: &Silence) {
        let at = self.uptime();
        let mut state = self.state();
        if state.silent.is_none() {
            tracing::warn!("{why}");
        }
        state.silent = Some(Quiet { why: why.clone(), at });
    }

    /// Reads what is here, without holding up the runtime.
    fn read<T: Send>(&self, look: impl Fn(&Tx<'_>) -> Outcome<T> + Send) -> Outcome<T> {
        tokio::task::block_in_place(|| self.store.read(look))
    }
}

/// What to do when nobody could be asked.
fn alone(ctx: &Context, silence: &Silence) -> Outcome<Ruling> {
    if ctx.settings.decides_offline && matches!(silence, Silence::Unreachable(_)) {
        return Ok(Ruling::Provisional);
    }
    Err(ArbiterRefusal::Unavailable { why: silence.to_string() }.into())
}
