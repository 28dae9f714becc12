//! What the daemon knows of life, carried out: who lost its connection, whose
//! process is gone, and whose time has come.
//!
//! - Each deed is one transaction with its audit row, and those who are served
//!   by it have theirs.
//! - After a restart of the daemon, sessions that had a connection get a grace to
//!   come back; who was heard in it lives on, connected or not.
//! - What the audit log keeps is bounded: rows beyond the retention are sealed here.
//!
//! Not here: the counting of connections and the timer (`daemon`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::agents::{self, Live, Reason};
use crate::audit::SealAudit;
use crate::audit::seal::{self, Sealed};
use crate::config::Config;
use crate::failure::Outcome;
use crate::life::{self, Ended, Reaped};
use crate::mirror;
use crate::os::Process;
use crate::service::{self, Service};
use crate::store::Tx;
use crate::store::clock::Reading;
use crate::time::{DAY, HOUR, MINUTE, SECOND, Time};
use crate::tool::Tool as _;

/// How long shims have to come back after a daemon has started.
pub const RESTART_GRACE: i64 = 10 * SECOND;
/// When a reaper that failed tries again.
const AGAIN: i64 = MINUTE;

/// Carries out what time and death do, for the daemon.
pub struct Keeper {
    service: Arc<Service>,
    stale: i64,
    retention: i64,
    awaited: Mutex<Awaited>,
}

/// The sessions that the daemon before this one was connected to.
#[derive(Clone, Debug, Default)]
struct Awaited {
    sessions: Vec<String>,
    /// Who was not heard after `since` ...
    since: Time,
    /// ... is dead at this point.
    until: Time,
}

impl Keeper {
    /// A keeper for the sessions of `service`.
    #[must_use]
    pub fn new(service: Arc<Service>, config: &Config) -> Self {
        let stale = i64::from(config.stale_agent_minutes()) * MINUTE;
        let retention = i64::from(config.audit_retention_days()) * DAY;
        Self { service, stale, retention, awaited: Mutex::default() }
    }

    /// To be called once, before the first connection: deadlines are set right if
    /// the clock was stepped meanwhile, and sessions that had a connection get
    /// [`RESTART_GRACE`] to come back.
    ///
    /// # Errors
    /// Faults only.
    pub async fn start_of_daemon(&self) -> Outcome<()> {
        self.service.rebase(Reading::take(self.service.clock())).await?;
        let (now, stale) = (self.service.clock().now(), self.stale);
        let sessions = self
            .service
            .store()
            .write(move |tx| {
                agents::set_stale(tx, stale)?;
                // Their rows stay as they are: should this daemon die too before they have
                // come back, the next one awaits them in its turn.
                let left = agents::all_live(tx)?.into_iter().filter(|live| live.connected);
                Ok(left.map(|live| live.session_id).collect::<Vec<String>>())
            })
            .await?;
        *self.awaited() = Awaited { sessions, since: now, until: now.plus(RESTART_GRACE) };
        Ok(())
    }

    /// The session has a connection (again).
    pub fn came(&self, session_id: &str) {
        self.awaited().sessions.retain(|awaited| awaited != session_id);
    }

    /// Their last connections are gone for good: each ends. A client that merely
    /// lost its shim is taken up again when a hook of it is heard, without its locks.
    pub async fn died(&self, sessions: Vec<String>) {
        let now = self.service.clock().now();
        let bury_all = move |tx: &Tx<'_>| {
            let settled = tx.settled_count();
            for session in &sessions {
                // Those that it started end with it.
                for subagent in agents::subagents(tx, session)? {
                    bury(tx, &subagent, Reason::Died, now)?;
                }
                bury(tx, session, Reason::Died, now)?;
            }
            service::record_settled(tx, settled, now)
        };
        if let Err(failure) = self.service.store().write(bury_all).await {
            tracing::warn!("the end of a session was put off: {failure}");
        }
    }

    /// The session said that it is done.
    ///
    /// # Errors
    /// Faults only.
    pub async fn finished(&self, session_id: &str) -> Outcome<Option<Ended>> {
        let (session, now) = (session_id.to_owned(), self.service.clock().now());
        self.service
            .store()
            .write(move |tx| {
                let settled = tx.settled_count();
                let ended = bury(tx, &session, Reason::Finished, now)?;
                service::record_settled(tx, settled, now)?;
                Ok(ended)
            })
            .await
    }

    /// Does everything whose time has come; returns when that will be next, `None`
    /// if nothing runs. Trouble goes to the log, and it is tried again later.
    pub async fn reap(&self) -> Option<Time> {
        match self.try_reap().await {
            Ok(next) => next,
            Err(failure) => {
                tracing::warn!("the reaper failed and will try again: {failure}");
                Some(self.service.clock().now().plus(AGAIN))
            }
        }
    }

    async fn try_reap(&self) -> Outcome<Option<Time>> {
        let step = self.service.mind_the_clock().await?;
        let now = self.service.clock().now();
        let awaited = self.awaited_after(step);
        let over = now >= awaited.until;
        let spared: &[String] = if over { &[] } else { &awaited.sessions };
        let store = self.service.store();
        let (next, lives) =
            store.read(|tx| Ok((life::next_deadline(tx, spared)?, agents::all_live(tx)?)))?;
        let dead: Vec<String> =
            gone(&lives).into_iter().filter(|session| !spared.contains(session)).collect();
        let due = next.is_some_and(|next| next <= now);
        if due || !dead.is_empty() || (over && !awaited.sessions.is_empty()) {
            let known = awaited.clone();
            let reaped = store.write(move |tx| reap(tx, &dead, &known, now)).await?;
            tracing::debug!(ended = reaped.ended.len(), "reaped");
        }
        if over {
            self.awaited().sessions.clear();
        }
        let sealing = self.seal_when_due(now).await?;
        let next = store.read(|tx| life::next_deadline(tx, spared))?;
        let back = (!spared.is_empty()).then_some(awaited.until);
        Ok([next, back, sealing].into_iter().flatten().min())
    }

    /// Who is awaited, after the clock was stepped by `step`.
    fn awaited_after(&self, step: i64) -> Awaited {
        let mut awaited = self.awaited();
        awaited.since = awaited.since.plus(step);
        awaited.until = awaited.until.plus(step);
        awaited.clone()
    }

    /// Seals what is older than the retention, a day's worth at a time; returns when
    /// that is due next.
    async fn seal_when_due(&self, now: Time) -> Outcome<Option<Time>> {
        let store = self.service.store();
        let due = |oldest: Option<Time>| oldest.map(|at| at.plus(self.retention + DAY));
        match due(store.read(seal::oldest)?) {
            Some(at) if at <= now => {}
            later => return Ok(later),
        }
        // Rows that the mirror has not got yet would be missing there for ever.
        if store.read(mirror::awaits_audit)? {
            return Ok(Some(now.plus(HOUR)));
        }
        while let Some(sealed) = self.seal_one(now).await? {
            tracing::info!(rows = sealed.removed, file = sealed.file, "sealed old audit rows");
        }
        Ok(due(store.read(seal::oldest)?))
    }

    /// Writes the oldest rows to a segment and seals it; `None` if none are old enough.
    async fn seal_one(&self, now: Time) -> Outcome<Option<Sealed>> {
        let store = self.service.store();
        let before = now.plus(-self.retention);
        let written = tokio::task::block_in_place(|| -> Outcome<_> {
            let Some((start, rows)) = store.read(|tx| seal::ripe(tx, before))? else {
                return Ok(None);
            };
            let file = seal::write_segment(store.backups(), &start, &rows)?;
            let segment = seal::verify_segment(&file)?;
            Ok(Some((file.display().to_string(), segment)))
        })?;
        let Some((file, segment)) = written else { return Ok(None) };
        let sealed = store
            .write(move |tx| {
                let sealed = seal::seal(tx, &file, &segment, now)?;
                service::record_own(tx, SealAudit::NAME, json!(sealed), now)?;
                Ok(sealed)
            })
            .await?;
        Ok(Some(sealed))
    }

    fn awaited(&self) -> MutexGuard<'_, Awaited> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the session's client is known to run.
fn runs(live: &Live) -> bool {
    live.client.as_ref().is_some_and(Process::is_alive)
}

/// Those without a connection whose client's process is no more.
fn gone(lives: &[Live]) -> Vec<String> {
    lives
        .iter()
        .filter(|live| !live.connected)
        .filter(|live| live.client.is_some() && !runs(live))
        .map(|live| live.session_id.clone())
        .collect()
}

fn bury(tx: &Tx<'_>, session: &str, reason: Reason, now: Time) -> Outcome<Option<Ended>> {
    let ended = life::end(tx, session, reason, now)?;
    if let Some(ended) = &ended {
        service::record_own(tx, "end_session", json!(ended), now)?;
    }
    Ok(ended)
}

fn reap(tx: &Tx<'_>, dead: &[String], awaited: &Awaited, now: Time) -> Outcome<Reaped> {
    let settled = tx.settled_count();
    let mut ended = Vec::new();
    for session in dead {
        ended.extend(life::end(tx, session, Reason::Died, now)?);
    }
    let mut spared: &[String] = &awaited.sessions;
    if now >= awaited.until {
        for session in &awaited.sessions {
            if agents::heard_since(tx, session, awaited.since)? {
                agents::disconnected(tx, session, now)?;
            } else {
                ended.extend(life::end(tx, session, Reason::Died, now)?);
            }
        }
        spared = &[];
    }
    let mut reaped = life::reap(tx, now, spared)?;
    ended.append(&mut reaped.ended);
    reaped.ended = ended;
    if !reaped.is_nothing() {
        service::record_own(tx, "reap", json!(reaped), now)?;
    }
    service::record_settled(tx, settled, now)?;
    Ok(reaped)
}
