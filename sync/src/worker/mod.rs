//! The worker: one step after another, each at most one request.
//!
//! - Whether there is something to do is read from the journal each time, never
//!   from a flag of its own: a crash between two steps loses nothing and stalls nothing.
//! - One request at a time, and one batch at a time.
//! - It never stops trying: after any trouble the next try has a time.
//!
//! `push` sends, `pull` fetches, `mend` puts right what differs.

mod mend;
mod pull;
mod push;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::journal::{Blocked, Journal, State};
use crate::next::Upgrade;
use crate::pace;
use crate::remote::Transport;
use crate::report::{Report, Stall};
use crate::trouble::{self, Trouble};
use crate::wire::Cursor;

/// When the worker wants to run again, in its own milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// At once.
    Now,
    /// Then, or when it is told that something changed.
    At(u64),
    /// When it is told that something changed.
    WhenTold,
}

/// A snapshot that is being fetched.
struct Fetch {
    tables: Vec<String>,
    after: Option<Value>,
    cursor: Option<Cursor>,
}

/// Carries changes between a journal and the mirror.
pub struct Worker<J, T> {
    journal: J,
    transport: T,
    schema: u32,
    dice: fastrand::Rng,
    report: Arc<Mutex<Report>>,
    failures: u32,
    not_before: u64,
    halvings: u32,
    /// The change that was refused alone, and how often.
    refused: (i64, u32),
    through: Option<i64>,
    next_pull: u64,
    next_compare: u64,
    last_change: u64,
    newest_seen: i64,
    fetch: Option<Fetch>,
    verified: bool,
    next_verify: u64,
}

/// How a step ended.
enum Step {
    /// Something was done; more may be to do.
    Done,
    /// Nothing is to be done.
    Idle,
}

/// What kept a step from its end.
enum Stop {
    Trouble(Trouble),
    Upgrade(Upgrade),
    Store(anyhow::Error),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Store(error)
    }
}

impl<J: Journal, T: Transport> Worker<J, T> {
    /// A worker for a journal; `schema` is the newest migration that this program knows, `seed`
    /// spreads the waits of many devices.
    pub fn new(journal: J, transport: T, schema: u32, seed: u64) -> Self {
        Self {
            journal,
            transport,
            schema,
            dice: fastrand::Rng::with_seed(seed),
            report: Arc::default(),
            failures: 0,
            not_before: 0,
            halvings: 0,
            refused: (0, 0),
            through: None,
            next_pull: 0,
            next_compare: pace::COMPARE,
            last_change: 0,
            newest_seen: 0,
            fetch: None,
            verified: false,
            next_verify: 0,
        }
    }

    /// How it stands; always the present state.
    #[must_use]
    pub fn report(&self) -> Arc<Mutex<Report>> {
        Arc::clone(&self.report)
    }

    /// The journal, for those who look after a step.
    #[must_use]
    pub const fn journal(&self) -> &J {
        &self.journal
    }

    /// The transport, for those who make it fail.
    pub const fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Tries at once, whatever the last trouble was.
    pub fn hurry(&mut self) {
        self.not_before = 0;
        self.next_pull = 0;
    }

    /// Compares with the mirror as soon as nothing else is to be done.
    pub const fn compare_soon(&mut self) {
        self.next_compare = 0;
    }

    /// Does one step at the time `now`, in milliseconds that only rise.
    pub async fn step(&mut self, now: u64) -> Wake {
        if now < self.not_before {
            return Wake::At(self.not_before);
        }
        match self.work(now).await {
            Ok(Step::Done) => Wake::Now,
            Ok(Step::Idle) => self.rest(now),
            Err(stop) => Wake::At(self.stalled(stop, now)),
        }
    }

    async fn work(&mut self, now: u64) -> Result<Step, Stop> {
        let state = self.journal.state()?;
        self.note(&state, now);
        if state.paused {
            return Ok(Step::Idle);
        }
        if let Some(why) = &state.fork {
            self.fork(why, now).await?;
            return Ok(Step::Done);
        }
        if !self.verified || now >= self.next_verify {
            self.verify(&state, now).await?;
            return Ok(Step::Done);
        }
        if self.through.is_some() && state.newest > state.acked {
            // What became of a change must be known before the mirror's rows are judged.
            self.push(&state, now).await?;
            return Ok(Step::Done);
        }
        if let Some(why) = state.resnapshot.clone() {
            // Before anything is sent: changes of policies name the revision that they replace.
            self.fetch(&why, now).await?;
            return Ok(Step::Done);
        }
        if state.exporting {
            self.journal.export()?;
        }
        if state.newest > state.acked {
            self.push(&state, now).await?;
            return Ok(Step::Done);
        }
        if state.exporting {
            return Ok(Step::Done);
        }
        if now >= self.next_pull {
            return self.pull(&state, now).await;
        }
        if now >= self.next_compare {
            self.compare(now).await?;
            return Ok(Step::Done);
        }
        Ok(Step::Idle)
    }

    /// Sends a request and reads the answer.
    async fn ask<A: DeserializeOwned>(
        &mut self,
        function: &'static str,
        request: &Value,
        now: u64,
    ) -> Result<A, Stop> {
        let reply = self
            .transport
            .call(function, request)
            .await
            .map_err(|what| Trouble::Offline { what, page: false })?;
        let answer = trouble::read(&reply)?;
        let their_time = answer.get("now").and_then(Value::as_i64);
        let parsed = serde_json::from_value(answer)
            .map_err(|error| Trouble::Nonsense { what: format!("{function}: {error}") })?;
        self.failures = 0;
        self.tell(|report| {
            // That the mirror tells how far it has come moves nothing by itself.
            if function != "coord_head" {
                report.stall = None;
            }
            report.last_success = Some(now);
            report.server_time = their_time.or(report.server_time);
        });
        Ok(parsed)
    }

    fn note(&mut self, state: &State, now: u64) {
        if state.newest > self.newest_seen {
            self.newest_seen = state.newest;
            self.last_change = now;
            // Whoever works wants to see what others do.
            self.next_pull = self.next_pull.min(now + pace::ACTIVE);
        }
        let lag = state.newest - state.acked;
        self.tell(|report| {
            report.lag_rows = lag;
            report.behind_since = (lag > 0).then(|| report.behind_since.unwrap_or(now));
        });
    }

    fn rest(&self, now: u64) -> Wake {
        match self.journal.state() {
            Ok(state) if state.paused => Wake::WhenTold,
            _ => Wake::At(self.next_pull.min(self.next_compare).min(self.next_verify).max(now + 1)),
        }
    }

    fn interval(&self, now: u64) -> u64 {
        if now < self.last_change + pace::ACTIVE_FOR { pace::ACTIVE } else { pace::IDLE }
    }

    /// Notes why nothing moves; when it is tried again.
    fn stalled(&mut self, stop: Stop, now: u64) -> u64 {
        self.failures += 1;
        if self.fetch.take().is_some() {
            self.verified = false;
        }
        let (code, reason, rarely, asked) = match stop {
            Stop::Trouble(Trouble::Busy { what, after }) => ("busy", what, false, after),
            Stop::Trouble(trouble) => {
                (trouble.code(), trouble.what().to_owned(), trouble.needs_a_person(), None)
            }
            Stop::Upgrade(Upgrade::Client) => (
                "upgrade_client",
                "this coord is too old for the mirror; update it".into(),
                true,
                None,
            ),
            Stop::Upgrade(Upgrade::Server) => {
                let what = "the mirror is older than this coord; run `coord sync migrate`";
                ("upgrade_server", what.into(), true, None)
            }
            Stop::Store(error) => match error.downcast_ref::<Blocked>() {
                Some(blocked) => (blocked.code, blocked.reason.clone(), true, None),
                None => ("store", format!("{error:#}"), false, None::<Duration>),
            },
        };
        let wait = pace::back_off(self.failures, asked, &mut self.dice);
        let wait = if rarely { pace::RARELY.max(wait) } else { wait };
        self.not_before = now + wait;
        tracing::debug!(code, reason, wait, "sync has to wait");
        let next_try = self.not_before;
        self.tell(|report| {
            let since = report.stall.as_ref().map_or(now, |stall| stall.since);
            report.stall = Some(Stall { code: code.into(), reason, since, next_try });
        });
        next_try
    }

    fn tell(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
