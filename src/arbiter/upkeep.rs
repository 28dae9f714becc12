//! Keeping locks, and giving them back.
//!
//! - What is held there and not here any more is given back, whatever ended it here.
//! - What is held here and not there any more is asked for again; if somebody else has it, it is lost, and its holder
//!   is told.
//! - A release names the grant that it ends: one that arrives late ends no later grant.
//!
//! Not here: when all this is done (`keeper`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::answer::{list, number, text};
use super::locks::Wish;
use super::{Arbiter, Ledger};
use crate::failure::Outcome;
use crate::locks::shared::{self, LostTo};
use crate::locks::{Lock, Mode};
use crate::store::Tx;

/// A release is tried again with what the arbiter says that it holds, so often.
const RELEASES: usize = 3;

impl Arbiter {
    /// Gives back what sessions do not hold here any more; one that is at something gives it back itself.
    pub(super) async fn give_back_all(&self, projects: &[String]) -> Outcome<()> {
        let here = self.keys_here(projects)?;
        let over: BTreeSet<String> = {
            let state = self.state();
            let over = state.ours.keys().filter(|holding| !here.contains(*holding));
            over.map(|(_, session, _)| session.clone()).collect()
        };
        for session in over {
            let Some(_turn) = self.turn_if_free(&session) else { continue };
            self.give_back_in_turn(&session).await?;
            if self.is_silent() {
                break; // tried again with the next round
            }
        }
        Ok(())
    }

    /// What is held here, as the arbiter names it.
    fn keys_here(&self, projects: &[String]) -> Outcome<BTreeSet<super::Holding>> {
        let mut keys = BTreeSet::new();
        for project in projects {
            let held = self.held_here(project)?.into_iter();
            keys.extend(held.map(|lock| (project.clone(), lock.session_id, lock.target.key)));
        }
        Ok(keys)
    }

    pub(super) async fn give_back_in_turn(&self, session: &str) -> Outcome<()> {
        for _ in 0..RELEASES {
            let over = self.over(session)?;
            if over.is_empty() {
                return Ok(());
            }
            for (project, grants) in over {
                if !self.release(session, &project, &grants).await {
                    return Ok(()); // tried again with the next round
                }
            }
        }
        Ok(())
    }

    /// What the arbiter holds for a session that it does not hold here: for each project, keys and their grants.
    fn over(&self, session: &str) -> Outcome<BTreeMap<String, Map<String, Value>>> {
        let held: Vec<(String, String, String)> = {
            let state = self.state();
            let of_session = state.ours.iter().filter(|((_, holder, _), _)| holder == session);
            of_session
                .map(|((project, _, key), req)| (project.clone(), key.clone(), req.clone()))
                .collect()
        };
        let mut here: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (project, _, _) in &held {
            if !here.contains_key(project.as_str()) {
                let locks =
                    self.read(|tx| shared::held_by(tx, project, session, self.clock.now()))?;
                here.insert(project, locks.into_iter().map(|lock| lock.target.key).collect());
            }
        }
        let mut over: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for (project, key, req) in &held {
            if !here.get(project.as_str()).is_some_and(|keys| keys.contains(key)) {
                over.entry(project.clone()).or_default().insert(key.clone(), json!(req));
            }
        }
        Ok(over)
    }

    /// Ends these grants there; false if nobody answers.
    async fn release(&self, session: &str, project: &str, grants: &Map<String, Value>) -> bool {
        let keys: Vec<&String> = grants.keys().collect();
        let release =
            json!({"project": project, "session": session, "keys": keys, "grants": grants});
        let Ok(answer) = self.ask("coord_lock_release", &release).await else { return false };
        let mut state = self.state();
        for key in grants.keys() {
            let holding = (project.to_owned(), session.to_owned(), key.clone());
            match answer["left"][key].as_str() {
                // It was granted again by a request whose answer never came.
                Some(req) => state.ours.insert(holding, req.to_owned()),
                None => state.ours.remove(&holding),
            };
        }
        true
    }

    /// Asks for what is held here without the arbiter: granted while it was silent, or by an earlier daemon.
    pub(super) async fn catch_up(&self, projects: &[String]) -> Outcome<()> {
        for project in projects {
            for lock in self.held_here(project)? {
                if self.is_silent() {
                    return Ok(()); // asked for when somebody answers again
                }
                let holding = (project.clone(), lock.session_id.clone(), lock.target.key.clone());
                if self.state().ours.contains_key(&holding) {
                    continue;
                }
                // Who is at something may be writing the grant of this very lock.
                let Some(_turn) = self.turn_if_free(&lock.session_id) else { continue };
                if self.is_here(project, &lock)? && !self.state().ours.contains_key(&holding) {
                    self.win_back(project, &lock).await?;
                }
            }
        }
        Ok(())
    }

    /// Renews what is held here, session by session.
    pub(super) async fn renew_all(&self, projects: &[String]) -> Outcome<()> {
        let mut holding: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for project in projects {
            for lock in self.held_here(project)? {
                holding.entry(lock.session_id).or_default().insert(project.clone());
            }
        }
        self.state().heard.retain(|session, _| holding.contains_key(session));
        for (session, projects) in holding {
            let projects: Vec<String> = projects.into_iter().collect();
            self.renew(&session, &projects).await?;
        }
        Ok(())
    }

    /// Renews what a session holds, and finds out what it has lost.
    async fn renew(&self, session: &str, projects: &[String]) -> Outcome<()> {
        let _turn = self.turn(session).await;
        if self.is_silent() {
            return self.lapse(session, projects).await;
        }
        let sent = self.uptime();
        let Ok(answer) = self.ask("coord_lock_renew", &json!({"sessions": [session]})).await else {
            return self.lapse(session, projects).await;
        };
        let there: BTreeMap<(String, String), String> = list(&answer, "held")
            .iter()
            .map(|told| {
                let name = (text(told, "project").to_owned(), text(told, "k").to_owned());
                (name, text(told, "req").to_owned())
            })
            .collect();
        self.state().heard.insert(session.to_owned(), sent);
        for project in projects {
            for lock in self.read(|tx| shared::held_by(tx, project, session, self.clock.now()))? {
                match there.get(&(project.clone(), lock.target.key.clone())) {
                    Some(req) => {
                        let holding = (project.clone(), session.to_owned(), lock.target.key);
                        self.state().ours.insert(holding, req.clone());
                    }
                    None => self.win_back(project, &lock).await?,
                }
            }
        }
        Ok(())
    }

    /// Whether a session's leases have ended by what was heard last.
    pub(super) fn anything_lapsed(&self) -> bool {
        let now = self.uptime();
        let state = self.state();
        state.heard.keys().any(|session| !state.holds_on(session, now))
    }

    /// Asks for a lock that is held here and not there: granted while offline, or forgotten there.
    async fn win_back(&self, project: &str, lock: &Lock) -> Outcome<()> {
        let wish = Wish {
            project,
            session: &lock.session_id,
            agent_id: &lock.agent_id,
            agent_type: &lock.agent_type,
            reason: lock.reason.as_deref(),
            shared: lock.mode == Mode::Shared,
            seen: self.read(|tx| shared::last_fence(tx, project))?,
            keep: Some(lock.fence),
        };
        let (question, sent) = (wish.question(&[&lock.target]), self.uptime());
        let Ok(answer) = self.ask("coord_lock_acquire", &question).await else { return Ok(()) };
        let (project, lock, now) = (project.to_owned(), lock.clone(), self.clock.now());
        if text(&answer, "status") == "granted" {
            let fence = list(&answer, "locks").first().map_or(0, |told| number(told, "fence"));
            let holding = (project.clone(), lock.session_id.clone(), lock.target.key.clone());
            {
                let mut state = self.state();
                state.ours.insert(holding, text(&question, "req").to_owned());
                state.heard.entry(lock.session_id.clone()).or_insert(sent);
            }
            return self
                .store
                .write(move |tx| shared::refence(tx, &project, &lock, fence, now))
                .await;
        }
        let by = list(&answer, "by").into_iter().next().unwrap_or_default();
        let to = text(&by, "agent_id").to_owned();
        let ledger = self.ledger;
        self.store
            .write(move |tx| {
                let why = "another machine has it; its grant counts";
                lose(tx, ledger, &project, &lock, LostTo { whom: &to, why, at: now })
            })
            .await
    }

    /// Nobody answers: what has outlived its lease is lost, unless this machine may decide for itself.
    async fn lapse(&self, session: &str, projects: &[String]) -> Outcome<()> {
        let now = self.uptime();
        if self.state().holds_on(session, now) {
            return Ok(());
        }
        for project in projects {
            if self.state().projects.get(project).is_some_and(|known| known.decides_offline) {
                continue;
            }
            let (project, session) = (project.clone(), session.to_owned());
            let (now, ledger) = (self.clock.now(), self.ledger);
            self.store
                .write(move |tx| {
                    let lost = shared::held_by(tx, &project, &session, now)?;
                    let why = "its lease ended while the arbiter could not be reached";
                    lost.iter().try_for_each(|lock| {
                        lose(tx, ledger, &project, lock, LostTo { whom: "nobody", why, at: now })
                    })
                })
                .await?;
        }
        Ok(())
    }

    pub(super) fn held_here(&self, project: &str) -> Outcome<Vec<Lock>> {
        let now = self.clock.now();
        self.read(|tx| shared::held_here(tx, project, now))
    }

    fn is_here(&self, project: &str, lock: &Lock) -> Outcome<bool> {
        let now = self.clock.now();
        let held = self.read(|tx| shared::held_by(tx, project, &lock.session_id, now))?;
        Ok(held.contains(lock))
    }
}

/// Takes a lock from its holder here; the loss is on record, and the holder is told.
fn lose(tx: &Tx<'_>, ledger: Ledger, project: &str, lock: &Lock, to: LostTo<'_>) -> Outcome<()> {
    let (path, session) = (lock.target.shown.as_str(), lock.session_id.as_str());
    tracing::warn!(path, session, to = to.whom, "a lock was lost: {}", to.why);
    shared::lose(tx, project, lock, to)?;
    let facts = json!({
        "file_path": path, "session_id": session, "agent_id": lock.agent_id, "fence": lock.fence,
        "lost_to": to.whom, "reason": to.why,
    });
    ledger(tx, Some(project), "lock_lost", facts, to.at)
}
