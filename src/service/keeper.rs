//! Keeps track of who lives: the daemon's knowledge of connections and
//! processes, and the timer of the reaper.
//!
//! - A session is ended for a broken connection only after a grace, in which its
//!   shim may come back; a hook that is heard in that time shows that only the
//!   shim is gone.
//! - A process that is gone cannot come back, so its session has a shorter grace:
//!   just long enough for what it had started to stop writing.
//! - It sleeps until the very next deadline, and for ever if there is none.
//!
//! Not here: what an end frees (`life`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Service, waiting};
use crate::agents::{self, Live, Reason};
use crate::answer::Answer;
use crate::audit::{self, Record};
use crate::context::Caller;
use crate::failure::Outcome;
use crate::life::{self, Ended, Reaped};
use crate::store::clock::Reading;
use crate::store::{Topic, Topics, Tx};
use crate::time::{MINUTE, SECOND, Time};

/// How long a session whose process may still live has to come back.
pub const GRACE: i64 = 5 * SECOND;
/// How long one whose process is gone keeps what it held.
pub const DEAD_GRACE: i64 = SECOND;
/// How long shims have to come back after a daemon has started.
pub const RESTART_GRACE: i64 = 10 * SECOND;
/// The longest sleep while there is a deadline: the timer stands still while the
/// machine is suspended, and this is by how much it can be late afterwards.
const NAP_MAX: i64 = MINUTE;
/// News that come together are looked at together.
const COALESCE: Duration = Duration::from_millis(100);

/// The daemon's keeper of lives.
pub struct Keeper {
    service: Arc<Service>,
    present: Mutex<HashMap<String, Presence>>,
    nudge: Notify,
}

/// What is known of one session's connections.
#[derive(Clone, Copy, Debug)]
enum Presence {
    /// So many are open.
    Connected(u32),
    /// The last one broke at `since`; at `until` it is decided.
    Leaving { since: Time, until: Time },
}

/// What is found out about a leaving session outside the transaction.
#[derive(Clone, Debug)]
struct Verdict {
    session_id: String,
    /// Signs of life after this point keep it; `None` if its process is gone.
    unless_heard_since: Option<Time>,
}

impl Keeper {
    /// A keeper for the sessions of `service`.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self { service, present: Mutex::default(), nudge: Notify::new() }
    }

    /// To be called once, before the first connection: sessions that had a
    /// connection to the daemon before get a grace to come back.
    ///
    /// # Errors
    /// Faults only.
    pub async fn start(&self) -> Outcome<()> {
        self.rebase(Reading::take(self.service.clock())).await?;
        let now = self.service.clock().now();
        let left = self.service.store().read(|tx| life::left_behind(tx))?;
        let mut present = self.present();
        for live in left {
            let leaving = Presence::Leaving { since: now, until: now.plus(RESTART_GRACE) };
            present.entry(live.session_id).or_insert(leaving);
        }
        Ok(())
    }

    /// A lasting connection of the session was opened (its shim's; hooks and
    /// commands come and go and say nothing).
    ///
    /// # Errors
    /// Faults only.
    pub async fn connected(&self, session_id: &str) -> Outcome<()> {
        {
            let mut present = self.present();
            let count = match present.get(session_id) {
                Some(Presence::Connected(count)) => count + 1,
                _ => 1,
            };
            present.insert(session_id.to_owned(), Presence::Connected(count));
        }
        let (session, now) = (session_id.to_owned(), self.service.clock().now());
        self.service.store().write(move |tx| agents::connected(tx, &session, now)).await
    }

    /// A lasting connection of the session was closed. After the last one the
    /// session ends, unless it comes back in time.
    pub fn disconnected(&self, session_id: &str) {
        let now = self.service.clock().now();
        let mut present = self.present();
        let next = match present.get(session_id) {
            Some(Presence::Connected(count)) if *count > 1 => Presence::Connected(count - 1),
            // The first look comes soon: by then a dead process is known to be dead.
            _ => Presence::Leaving { since: now, until: now.plus(DEAD_GRACE) },
        };
        present.insert(session_id.to_owned(), next);
        drop(present);
        self.nudge.notify_one();
    }

    /// Ends a session at once, because it said so or was said to.
    ///
    /// # Errors
    /// Faults only.
    pub async fn end(&self, session_id: &str, reason: Reason) -> Outcome<Option<Ended>> {
        let (session, now) = (session_id.to_owned(), self.service.clock().now());
        self.present().remove(session_id);
        self.service
            .store()
            .write(move |tx| {
                let settled = tx.settled_count();
                let ended = life::end(tx, &session, reason, now)?;
                if let Some(ended) = &ended {
                    record(tx, "end_session", &json!(ended), now)?;
                }
                waiting::record_settled(tx, settled, now)?;
                Ok(ended)
            })
            .await
    }

    /// Does everything whose time has come; returns when that will be next.
    ///
    /// # Errors
    /// Faults only.
    pub async fn reap(&self) -> Outcome<Option<Time>> {
        if let Some(reading) = self.service.stepped() {
            self.rebase(reading).await?;
        }
        let now = self.service.clock().now();
        let verdicts = self.verdicts(now)?;
        let decided = verdicts.clone();
        let reaped = self.service.store().write(move |tx| reap(tx, &verdicts, now)).await?;
        if !reaped.is_nothing() {
            tracing::info!(ended = reaped.ended.len(), "the reaper had something to do");
        }
        let mut present = self.present();
        for verdict in decided {
            if matches!(present.get(&verdict.session_id), Some(Presence::Leaving { .. })) {
                present.remove(&verdict.session_id);
            }
        }
        drop(present);
        self.next()
    }

    /// Reaps whenever something is due, until `stop`.
    pub async fn run(&self, stop: &CancellationToken) {
        let mut news = self.service.store().news().follow();
        while !stop.is_cancelled() {
            let mut next = self.reap().await.unwrap_or_else(|failure| {
                tracing::warn!("the reaper failed and will try again: {failure}");
                Some(self.service.clock().now().plus(NAP_MAX))
            });
            loop {
                let due = tokio::select! {
                    () = stop.cancelled() => return,
                    () = nap(next, self.service.clock().now()) => true,
                    () = self.nudge.notified() => false,
                    () = touched(&mut news) => {
                        tokio::time::sleep(COALESCE).await;
                        false
                    }
                };
                if due {
                    break;
                }
                // A look costs microseconds; only what is due costs a transaction.
                next = self.next().unwrap_or(next);
            }
        }
    }

    /// When there is something to do next.
    ///
    /// # Errors
    /// Faults only.
    pub fn next(&self) -> Outcome<Option<Time>> {
        let rows = self.service.store().read(|tx| life::next_deadline(tx))?;
        let leaving = self
            .present()
            .values()
            .filter_map(|presence| match presence {
                Presence::Leaving { until, .. } => Some(*until),
                Presence::Connected(_) => None,
            })
            .min();
        Ok(rows.into_iter().chain(leaving).min())
    }

    /// Who is to end: those whose grace is over, and those whose process is gone.
    fn verdicts(&self, now: Time) -> Outcome<Vec<Verdict>> {
        let lives = self.service.store().read(|tx| agents::all_live(tx))?;
        let mut present = self.present();
        // Who has ended in another way is nobody's to keep.
        present.retain(|session, presence| {
            matches!(presence, Presence::Connected(_))
                || lives.iter().any(|live| live.session_id == *session)
        });
        Ok(lives.iter().filter_map(|live| verdict(&mut present, live, now)).collect())
    }

    /// Moves every deadline with the wall clock if it has stepped.
    async fn rebase(&self, reading: Reading) -> Outcome<()> {
        let step = self.service.rebase(reading).await?;
        for presence in self.present().values_mut() {
            if let Presence::Leaving { since, until } = presence {
                (*since, *until) = (since.plus(step), until.plus(step));
            }
        }
        Ok(())
    }

    fn present(&self) -> MutexGuard<'_, HashMap<String, Presence>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn verdict(present: &mut HashMap<String, Presence>, live: &Live, now: Time) -> Option<Verdict> {
    let gone = || live.client.as_ref().is_some_and(|client| !client.is_alive());
    let session_id = live.session_id.clone();
    match present.get_mut(&live.session_id) {
        Some(Presence::Connected(_)) => None,
        Some(Presence::Leaving { until, .. }) if now < *until => None,
        Some(Presence::Leaving { .. }) if gone() => {
            Some(Verdict { session_id, unless_heard_since: None })
        }
        Some(Presence::Leaving { since, until }) => {
            let over = since.plus(GRACE);
            if now < over {
                *until = over;
                return None;
            }
            Some(Verdict { session_id, unless_heard_since: Some(*since) })
        }
        // It had no connection of its own; its process is all that is known of it.
        None => gone().then_some(Verdict { session_id, unless_heard_since: None }),
    }
}

fn reap(tx: &Tx<'_>, verdicts: &[Verdict], now: Time) -> Outcome<Reaped> {
    let settled = tx.settled_count();
    let mut ended = Vec::new();
    for Verdict { session_id, unless_heard_since } in verdicts {
        match unless_heard_since {
            Some(since) if agents::heard_since(tx, session_id, *since)? => {
                agents::disconnected(tx, session_id, now)?;
            }
            _ => ended.extend(life::end(tx, session_id, Reason::Died, now)?),
        }
    }
    let mut reaped = life::reap(tx, now)?;
    ended.append(&mut reaped.ended);
    reaped.ended = ended;
    if !reaped.is_nothing() {
        record(tx, "reap", &json!(reaped), now)?;
    }
    waiting::record_settled(tx, settled, now)?;
    Ok(reaped)
}

/// The audit row of what the coordinator did by itself.
pub(super) fn record(
    tx: &Tx<'_>,
    operation: &'static str,
    result: &serde_json::Value,
    now: Time,
) -> Outcome<()> {
    let record = Record {
        at: now,
        project: None,
        caller: &Caller::coordinator(),
        operation,
        arguments: &json!({}),
        answer: Some(&Answer::Done(result.clone())),
        request_key: None,
    };
    audit::append(tx, &record).map(drop)
}

async fn nap(until: Option<Time>, now: Time) {
    let Some(until) = until else { return std::future::pending().await };
    let ms = until.since(now).clamp(0, NAP_MAX);
    tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
}

/// Returns when a deadline may have changed.
async fn touched(news: &mut tokio::sync::broadcast::Receiver<Topics>) {
    loop {
        match news.recv().await {
            Ok(topics)
                if [Topic::Agents, Topic::Locks, Topic::Work]
                    .into_iter()
                    .any(|topic| topics.has(topic)) =>
            {
                return;
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}
