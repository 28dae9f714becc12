//! The worker: one step after another, each at most one request.
//!
//! - Whether there is something to do is read from the journal each time, never
//!   from a flag of its own: a crash between two steps loses nothing and stalls nothing.
//! - One request at a time, and one batch at a time.
//! - It never stops trying: after any trouble the next try has a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::batch::{self, Batch, Limits};
use crate::journal::{Journal, State};
use crate::next::{self, AfterPull, AfterPush, Upgrade};
use crate::pace;
use crate::remote::Transport;
use crate::report::{Report, Stall};
use crate::trouble::{self, Trouble};
use crate::wire::{self, Cursor, Head, Pulled, Pushed, SnapshotPage};

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

    /// Asks what the mirror has of this device: a restored copy of either side shows here,
    /// also when there is nothing to send.
    async fn verify(&mut self, state: &State, now: u64) -> Result<(), Stop> {
        let head: Head = self.ask("coord_head", &json!({}), now).await?;
        let ours = self.journal.hash_at(head.acked)?;
        match next::after_head(state, &head, ours.as_deref()) {
            AfterPush::Rewind { seq } => self.rewind(seq)?,
            AfterPush::Fork(why) => self.journal.want_fork(why)?,
            AfterPush::Resend { through } => self.through = Some(through),
            _ => {}
        }
        self.verified = true;
        self.next_verify = now + pace::VERIFY;
        Ok(())
    }

    async fn push(&mut self, state: &State, now: u64) -> Result<(), Stop> {
        let limits = batch::USUAL.halved(self.halvings);
        let most = match self.through {
            Some(_) => Limits { changes: usize::MAX, bytes: usize::MAX, ..batch::HARD },
            None => Limits { changes: batch::HARD.changes, bytes: batch::HARD.bytes, ..limits },
        };
        let (changes, bytes) =
            if self.through.is_some() { (most.changes, most.bytes) } else { (limits.changes + 1, limits.bytes) };
        let mut rows = self.journal.read(state.acked, changes, bytes)?;
        let one = rows.first().map(|row| row.tx);
        if rows.iter().all(|row| Some(row.tx) == one) && self.through.is_none() && !limits.cut {
            // The first transaction is larger than usual: see where it ends.
            rows = self.journal.read(state.acked, most.changes + 1, most.bytes)?;
        }
        let Some(batch) = batch::batch(&state.acked_hash, &rows, limits, self.through) else {
            return Err(anyhow::anyhow!("the change log has a gap after {}", state.acked).into());
        };
        let request = wire::push(self.schema, &batch);
        match self.ask::<Pushed>("coord_push", &request, now).await {
            Ok(answer) => {
                self.halvings = self.halvings.saturating_sub(1);
                self.pushed(&batch, state, answer)
            }
            Err(Stop::Trouble(Trouble::TooMuch { what } | Trouble::Poison { what })) => {
                self.narrow(&batch, &what)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Sends less next time; a change that cannot be sent alone is set aside.
    fn narrow(&mut self, batch: &Batch, what: &str) -> Result<(), Stop> {
        if batch.last > batch.first {
            let size = usize::try_from(batch.last - batch.first + 1).unwrap_or(usize::MAX);
            while batch::USUAL.halved(self.halvings).changes >= size {
                self.halvings += 1;
            }
            self.through = None;
            return Ok(());
        }
        self.halvings = 0;
        if batch.changes.is_empty() {
            return Err(Trouble::Nonsense { what: what.into() }.into());
        }
        self.journal.set_aside(batch.first, "untransportable", what)?;
        Ok(())
    }

    fn pushed(&mut self, batch: &Batch, state: &State, answer: Pushed) -> Result<(), Stop> {
        match next::after_push(batch, state.newest, answer) {
            AfterPush::Acknowledge { seq, refused } => {
                self.through = None;
                self.journal.acknowledge(seq, &refused)?;
                let taken = u64::try_from(seq - state.acked).unwrap_or(0);
                self.tell(|report| report.pushed += taken);
            }
            AfterPush::Resend { through } if self.through == Some(through) => {
                let what = "it asks for the same range again and again".to_owned();
                self.through = None;
                return Err(Trouble::Nonsense { what }.into());
            }
            AfterPush::Resend { through } => self.through = Some(through),
            AfterPush::Rewind { seq } => {
                self.through = None;
                self.rewind(seq)?;
            }
            AfterPush::Fork(why) => {
                self.through = None;
                self.journal.want_fork(why)?;
            }
            AfterPush::Upgrade(who) => return Err(Stop::Upgrade(who)),
            AfterPush::Nonsense(what) => return Err(Trouble::Nonsense { what: what.into() }.into()),
        }
        Ok(())
    }

    /// The mirror was put back to an earlier state.
    fn rewind(&mut self, seq: i64) -> Result<(), Stop> {
        if self.journal.hash_at(seq)?.is_some() {
            tracing::warn!(seq, "the mirror was put back; what it lost is sent again");
            self.journal.rewind(seq)?;
            self.want_snapshot("restored")?;
            self.through = None;
        } else {
            self.journal.want_fork("the mirror was put back beyond what the log still has")?;
        }
        Ok(())
    }

    async fn pull(&mut self, state: &State, now: u64) -> Result<Step, Stop> {
        let request = wire::pull(self.schema, state, self.journal.wanted().as_deref());
        let answer = self.ask::<Pulled>("coord_pull", &request, now).await?;
        match next::after_pull(&state.cursor, answer) {
            AfterPull::Apply(page) => {
                let came = u64::try_from(page.changes.len()).unwrap_or(0);
                if came > 0 {
                    self.last_change = now;
                }
                self.journal.apply(&page)?;
                self.tell(|report| report.pulled += came);
                if !page.more {
                    self.next_pull = now + self.interval(now);
                }
                Ok(Step::Done)
            }
            AfterPull::Nothing => {
                self.next_pull = now + self.interval(now);
                Ok(Step::Done)
            }
            AfterPull::Snapshot(why) => {
                self.want_snapshot(&why)?;
                Ok(Step::Done)
            }
            AfterPull::Upgrade(who) => Err(Stop::Upgrade(who)),
            AfterPull::Nonsense(what) => Err(Trouble::Nonsense { what: what.into() }.into()),
        }
    }

    /// Begins a snapshot, whatever was fetched of another one.
    fn want_snapshot(&mut self, why: &str) -> Result<(), Stop> {
        self.fetch = None;
        self.verified = false;
        Ok(self.journal.want_snapshot(why)?)
    }

    /// One page of a snapshot.
    async fn fetch(&mut self, why: &str, now: u64) -> Result<(), Stop> {
        let mut fetch = match self.fetch.take() {
            Some(fetch) => fetch,
            None => {
                tracing::info!(why, "fetching every row of the mirror");
                let mut tables = self.journal.snapshot_tables();
                tables.reverse();
                Fetch { tables, after: None, cursor: None }
            }
        };
        let Some(table) = fetch.tables.last().cloned() else {
            self.journal.finish_snapshot(&fetch.cursor.unwrap_or_default())?;
            return Ok(());
        };
        let request = json!({ "table": table, "after": fetch.after, "limit": wire::PAGE });
        // Trouble begins the snapshot anew: a page of yesterday and one of today are no snapshot.
        let page = self.ask::<SnapshotPage>("coord_snapshot", &request, now).await?;
        self.journal.apply_snapshot(&table, &page.rows)?;
        fetch.cursor.get_or_insert(Cursor {
            position: page.head,
            device: page.cursor_dev,
            seq: page.cursor_seq,
        });
        fetch.after = page.next;
        if fetch.after.is_none() {
            fetch.tables.pop();
        }
        self.fetch = Some(fetch);
        Ok(())
    }

    /// Takes another identity.
    async fn fork(&mut self, why: &str, now: u64) -> Result<(), Stop> {
        tracing::warn!(why, "this device takes another identity for the mirror");
        let identity = self.journal.next_identity()?;
        let request = wire::enrol(self.schema, &identity, None);
        let answer: Value = self.ask("coord_enrol", &request, now).await?;
        match answer.get("status").and_then(Value::as_str) {
            Some("ok") => {
                self.fetch = None;
                self.verified = false;
                self.journal.take_identity()?;
                self.transport.identify(&identity.token);
                self.newest_seen = 0;
                self.tell(|report| report.forks += 1);
                Ok(())
            }
            Some("device_taken") => Ok(self.journal.discard_identity()?),
            _ => Err(Trouble::Denied { what: answer.to_string(), key: false }.into()),
        }
    }

    /// Compares digests, and sends again what differs.
    async fn compare(&mut self, now: u64) -> Result<(), Stop> {
        let theirs: Value = self.ask("coord_digest", &json!({}), now).await?;
        let theirs: wire::Digests = serde_json::from_value(theirs["tables"].clone())
            .map_err(|error| Trouble::Nonsense { what: error.to_string() })?;
        let ours = self.journal.digests()?;
        let (mut differing, mut shared) = (Vec::new(), false);
        for (table, buckets) in &ours {
            let none = BTreeMap::new();
            let others = theirs.get(table).unwrap_or(&none);
            let names: BTreeSet<&String> = buckets.keys().chain(others.keys()).collect();
            for bucket in names.into_iter().filter(|name| others.get(*name) != buckets.get(*name)) {
                if self.journal.resend(table, bucket)? {
                    shared = true;
                }
                differing.push(format!("{table}/{bucket}"));
            }
        }
        if !differing.is_empty() {
            tracing::warn!(?differing, "the mirror differed; the rows are sent again");
        }
        if shared {
            self.want_snapshot("the digests differ")?;
        }
        self.tell(|report| report.differing = differing);
        self.journal.prune()?;
        self.next_compare = now + pace::COMPARE;
        Ok(())
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
            report.stall = None;
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
            _ => {
                Wake::At(self.next_pull.min(self.next_compare).min(self.next_verify).max(now + 1))
            },
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
            Stop::Upgrade(Upgrade::Client) => {
                ("upgrade_client", "this coord is too old for the mirror; update it".into(), true, None)
            }
            Stop::Upgrade(Upgrade::Server) => {
                let what = "the mirror is older than this coord; run `coord sync migrate`";
                ("upgrade_server", what.into(), true, None)
            }
            Stop::Store(error) => ("store", format!("{error:#}"), false, None::<Duration>),
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
