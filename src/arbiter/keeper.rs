//! What is done for shared locks and tasks without being asked.
//!
//! - While a call came within a minute, or something is held, others' locks are looked at every second; else every
//!   half minute. Without a project in arbiter mode nothing wakes.
//!
//! Not here: what each step does (`locks`, `work`).

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::answer::text;
use super::{Arbiter, RENEW_MS};
use crate::failure::Outcome;
use crate::locks::shared::{self, Sight};
use crate::store::{Topic, Topics};

/// Between two looks while somebody is active.
const ACTIVE_MS: i64 = 1_000;
/// Between two looks otherwise.
const IDLE_MS: i64 = 30_000;
/// Between two times that it is asked until when others hold something, though nobody came or went.
const TOLD_MS: i64 = 20_000;
/// Who has not been told for so long asks for everything.
const OLD_MS: i64 = 60_000;
/// A burst of changes is dealt with at once.
const GATHER: Duration = Duration::from_millis(5);

impl Arbiter {
    /// Looks after everything until `stop`.
    pub async fn keep(&self, stop: &CancellationToken) {
        let mut news = self.store.news().follow();
        while !stop.is_cancelled() {
            self.tend().await;
            let pause = self.pause();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.nudge.notified() => {}
                () = after(pause) => {}
                open = moved(&mut news) => if !open { return },
            }
        }
    }

    /// Everything that is due, once; what fails is tried again with the next round and keeps nothing else from being
    /// done. While nobody answers, one question is asked in each round, so that a line that hangs holds up nothing.
    pub async fn tend(&self) {
        let projects: Vec<String> = self.state().projects.keys().cloned().collect();
        if projects.is_empty() {
            return;
        }
        let now = self.uptime();
        let every = self.every(now);
        let look_due = self.state().polled.is_none_or(|at| now - at >= every);
        if self.is_silent() && look_due {
            note(self.look(&projects, now).await);
        }
        // Leases first: what cannot be renewed any more must be let go of in time.
        let due = self.state().renewed.is_none_or(|at| now - at >= RENEW_MS);
        if due || self.anything_lapsed() {
            self.begin_renewal(now);
            note(self.renew_all(&projects).await);
        }
        if self.is_silent() {
            return;
        }
        note(self.give_back_all(&projects).await);
        note(self.catch_up(&projects).await);
        if look_due {
            note(self.look(&projects, now).await);
        }
        if !self.is_silent() {
            note(self.look_after_work(&projects, due).await);
        }
    }

    fn begin_renewal(&self, now: i64) {
        let mut state = self.state();
        state.renewed = Some(now);
        // A task that was worked on here alone may be open again.
        state.handed_in.clear();
    }

    /// Asks who holds what, of projects where that has changed, and until when they do, where that is old.
    async fn look(&self, projects: &[String], now: i64) -> Outcome<()> {
        let (mut ask, due) = self.question(projects, now)?;
        let ended = self.doubted(projects)?;
        ask["tasks"] = self.open_tasks(projects)?.into();
        ask["ended"] = ended.clone().into();
        self.state().polled = Some(now);
        let Ok(answer) = self.ask("coord_arbiter_state", &ask).await else { return Ok(()) };
        if text(&answer, "status") != "ok" {
            return Ok(());
        }
        self.note_ends(&answer).await?;
        self.note_retries(&answer).await?;
        self.note_work(&answer)?;
        self.hand_in_again(&answer).await?;
        if self.doubted(projects)?.iter().any(|id| !ended.contains(id)) {
            self.look_again();
        }
        self.note_locks(&answer, now).await?;
        self.note_leases(&answer, &due, now).await?;
        let sight = self.store.kept::<Sight>();
        projects.iter().for_each(|project| sight.note(project, self.clock.now()));
        Ok(())
    }

    /// At once, and not in a second.
    pub(super) fn look_again(&self) {
        self.state().polled = None;
        self.nudge.notify_one();
    }

    /// What is known of the projects, and of which of them it is asked until when others hold something.
    fn question(&self, projects: &[String], now: i64) -> Outcome<(Value, Vec<String>)> {
        let mut seen = Map::new();
        for project in projects {
            let fence = self.read(|tx| shared::last_fence(tx, project))?;
            seen.insert(project.clone(), json!(fence));
        }
        let mut state = self.state();
        let (mut known, mut since, mut due) = (Map::new(), Map::new(), Vec::new());
        for project in projects {
            let Some(of) = state.projects.get_mut(project) else { continue };
            let age = of.leases.map(|at| now - at);
            if age.is_none_or(|age| age >= OLD_MS) {
                of.epoch = None; // what ran out here may be renewed there
            } else if age.is_some_and(|age| age >= TOLD_MS) {
                due.push(project.clone());
            }
            known.insert(project.clone(), json!(of.epoch));
            since.insert(project.clone(), json!(of.epoch));
        }
        let ask = json!({
            "projects": known, "since": since, "leases": due, "seen": seen, "work": state.marks,
        });
        Ok((ask, due))
    }

    fn every(&self, now: i64) -> i64 {
        if self.state().is_active(now) { ACTIVE_MS } else { IDLE_MS }
    }

    /// How long nothing is due; None: until something happens.
    fn pause(&self) -> Option<Duration> {
        let now = self.uptime();
        if self.state().projects.is_empty() {
            return None;
        }
        let every = self.every(now);
        let state = self.state();
        let next = state.polled.map_or(0, |at| at + every - now).clamp(10, IDLE_MS);
        Some(Duration::from_millis(next.unsigned_abs()))
    }
}

fn note(done: Outcome<()>) {
    if let Err(failure) = done {
        tracing::warn!("what is shared between machines could not be looked after: {failure}");
    }
}

/// Waits until locks or tasks have changed; false when the store is closed.
async fn moved(news: &mut Receiver<Topics>) -> bool {
    loop {
        match news.recv().await {
            Ok(topics) if !(topics.has(Topic::Locks) || topics.has(Topic::Work)) => {}
            Err(RecvError::Closed) => return false,
            Ok(_) | Err(RecvError::Lagged(_)) => {
                tokio::time::sleep(GATHER).await;
                *news = news.resubscribe();
                return true;
            }
        }
    }
}

async fn after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
