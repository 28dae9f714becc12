//! Asking for locks, keeping them, giving them back.
//!
//! - What is held there and not here any more is given back, whatever ended it here.
//! - What is held here and not there any more is asked for again; if somebody else has it, it is lost, and its holder
//!   is told.
//!
//! Not here: when all this is done (`keeper`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Arbiter, ArbiterRefusal, DELAY_MS, LEASE_MS, MARGIN_MS, Permit, alone, by_our_clock, list,
    number, text,
};
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks::shared::{self, LostTo};
use crate::locks::{Lock, Mode};
use crate::os;
use crate::repo::{Kind, Target};
use crate::ruling::{Asked, ELSEWHERE, Ruling};
use crate::time::Time;

/// Who waits for its turn asks again after at most so long.
const AGAIN_MS: i64 = 500;

impl Arbiter {
    pub(super) async fn rule_on_locks(
        &self,
        ctx: &Context,
        asked: &Asked,
        patience: i64,
        stop: &CancellationToken,
    ) -> Outcome<Permit> {
        let until = os::uptime_ms() + patience;
        loop {
            let turn = self.turn(&ctx.caller.session_id).await;
            // What was let go here is let go there first, so that getting it again is a new grant.
            self.give_back_in_turn(&ctx.caller.session_id).await?;
            let sent = os::uptime_ms();
            let request = self.request(ctx, asked)?;
            let mut answer = self.ask("coord_lock_acquire", &request).await;
            if answer.is_err() {
                // The answer may have been lost after the grant: the same request gets the same one.
                answer = self.ask("coord_lock_acquire", &request).await;
            }
            let answer = match answer {
                Ok(answer) => answer,
                Err(silence) => {
                    let ruling = Arc::new(alone(ctx, &silence)?);
                    return Ok(Permit { ruling, _turn: turn });
                }
            };
            if text(&answer, "status") == "granted" {
                let ruling = Arc::new(self.granted(ctx, &answer, sent));
                return Ok(Permit { ruling, _turn: turn });
            }
            drop(turn);
            let left = until - os::uptime_ms();
            if left <= 0 || stop.is_cancelled() {
                return Err(self.held(ctx, asked, &answer).into());
            }
            let pause = u64::try_from(left.min(AGAIN_MS)).unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            }
        }
    }

    fn request(&self, ctx: &Context, asked: &Asked) -> Outcome<Value> {
        let Asked::Locks { targets, shared, reason } = asked else { return Ok(Value::Null) };
        let seen = tokio::task::block_in_place(|| {
            self.store.read(|tx| shared::last_fence(tx, ctx.project()))
        })?;
        let mode = if *shared { "shared" } else { "exclusive" };
        Ok(json!({
            "req": Uuid::now_v7().to_string(), "project": ctx.project(), "session": ctx.caller.session_id,
            "agent_id": ctx.caller.agent_id, "agent_type": ctx.caller.agent_type, "reason": reason,
            "ttl_ms": LEASE_MS, "delay_ms": DELAY_MS, "seen": seen,
            "locks": targets.iter().map(|target| wanted(target, mode)).collect::<Vec<_>>(),
        }))
    }

    fn granted(&self, ctx: &Context, answer: &Value, sent: i64) -> Ruling {
        let session = &ctx.caller.session_id;
        let mut fences = BTreeMap::new();
        let mut state = self.state();
        for lock in list(answer, "locks") {
            let (key, fence) = (text(&lock, "k").to_owned(), number(&lock, "fence"));
            state.ours.insert((ctx.project().into(), session.clone(), key.clone()), fence);
            fences.insert(key, fence);
        }
        // What the session held before has its lease from an earlier question.
        state.heard.entry(session.clone()).or_insert(sent);
        Ruling::Granted { fences }
    }

    fn held(&self, ctx: &Context, asked: &Asked, answer: &Value) -> ArbiterRefusal {
        let by = list(answer, "by").into_iter().max_by_key(|lock| number(lock, "retry_ms"));
        let by = by.unwrap_or_default();
        let asked = match asked {
            Asked::Locks { targets, .. } => targets.first().map(|target| target.shown.clone()),
            _ => None,
        };
        ArbiterRefusal::Held {
            path: asked.unwrap_or_default(),
            held_path: text(&by, "path").into(),
            locked_by: text(&by, "agent_id").into(),
            agent_type: text(&by, "agent_type").into(),
            locked_at: by_our_clock(answer, number(&by, "acquired_at"), ctx.now),
            expires_at: ctx.now.plus(number(&by, "lease_ms")),
            reason: by["reason"].as_str().map(str::to_owned),
            here: text(&by, "device") == self.court.device(),
        }
    }

    /// Gives back what a session does not hold here any more.
    pub(super) async fn give_back(&self, session: &str) -> Outcome<()> {
        let _turn = self.turn(session).await;
        self.give_back_in_turn(session).await
    }

    async fn give_back_in_turn(&self, session: &str) -> Outcome<()> {
        let held: Vec<(String, String)> = {
            let state = self.state();
            let of_session = state.ours.keys().filter(|(_, holder, _)| holder == session);
            of_session.map(|(project, _, key)| (project.clone(), key.clone())).collect()
        };
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (project, key) in held {
            let here = self.held_here(&project)?;
            if !here.iter().any(|lock| lock.session_id == session && lock.target.key == key) {
                extra.entry(project).or_default().push(key);
            }
        }
        for (project, keys) in extra {
            let release = json!({"project": project, "session": session, "keys": keys});
            if self.ask("coord_lock_release", &release).await.is_err() {
                continue; // tried again with the next round
            }
            let mut state = self.state();
            for key in keys {
                state.ours.remove(&(project.clone(), session.to_owned(), key));
            }
        }
        Ok(())
    }

    /// Asks for what was locked here without the arbiter: hooks lock what is about to be edited, and do not wait.
    pub(super) async fn catch_up(&self, projects: &[String]) -> Outcome<()> {
        if self.state().silent.is_some() {
            return Ok(()); // asked for when somebody answers again
        }
        for project in projects {
            for lock in self.held_here(project)? {
                let holding = (project.clone(), lock.session_id.clone(), lock.target.key.clone());
                let known = self.state().ours.contains_key(&holding);
                if !known {
                    let _turn = self.turn(&lock.session_id).await;
                    let still = self.held_here(project)?.contains(&lock);
                    if still && !self.state().ours.contains_key(&holding) {
                        self.win_back(project, &lock).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Renews what a session holds, and finds out what it has lost.
    pub(super) async fn renew(&self, session: &str, projects: &[String]) -> Outcome<()> {
        let _turn = self.turn(session).await;
        let sent = os::uptime_ms();
        let Ok(answer) = self.ask("coord_lock_renew", &json!({"sessions": [session]})).await else {
            return self.lapse(session, projects).await;
        };
        let held = list(&answer, "held");
        self.state().heard.insert(session.to_owned(), sent);
        for project in projects {
            let there = |lock: &Lock| {
                held.iter().find(|told| {
                    text(told, "project") == project && text(told, "k") == lock.target.key
                })
            };
            let here = self.held_here(project)?;
            for lock in here.into_iter().filter(|lock| lock.session_id == session) {
                match there(&lock) {
                    Some(told) => {
                        let holding =
                            (project.clone(), session.to_owned(), lock.target.key.clone());
                        self.state().ours.insert(holding, number(told, "fence"));
                    }
                    None => self.win_back(project, &lock).await?,
                }
            }
        }
        Ok(())
    }

    /// Asks for a lock that is held here and not there: granted while offline, or forgotten there.
    async fn win_back(&self, project: &str, lock: &Lock) -> Outcome<()> {
        let mode = if lock.mode == Mode::Shared { "shared" } else { "exclusive" };
        let ask = json!({
            "req": Uuid::now_v7().to_string(), "project": project, "session": lock.session_id,
            "agent_id": lock.agent_id, "agent_type": lock.agent_type, "reason": lock.reason,
            "ttl_ms": LEASE_MS, "delay_ms": DELAY_MS, "seen": lock.fence, "keep": true,
            "locks": [wanted(&lock.target, mode)],
        });
        let Ok(answer) = self.ask("coord_lock_acquire", &ask).await else { return Ok(()) };
        let (project, lock, now) = (project.to_owned(), lock.clone(), self.clock.now());
        if text(&answer, "status") == "granted" {
            let fence = list(&answer, "locks").first().map_or(0, |told| number(told, "fence"));
            let holding = (project.clone(), lock.session_id.clone(), lock.target.key.clone());
            self.state().ours.insert(holding, fence);
            return self
                .store
                .write(move |tx| shared::refence(tx, &project, &lock, fence, now))
                .await;
        }
        let by = list(&answer, "by").into_iter().next().unwrap_or_default();
        let to = text(&by, "agent_id").to_owned();
        let why = "another machine has it; its grant counts";
        tracing::warn!(path = lock.target.shown, session = lock.session_id, to, "a lock was lost");
        self.store
            .write(move |tx| {
                let to = LostTo { whom: &to, why, at: now };
                shared::lose(tx, &project, &lock, to)
            })
            .await
    }

    /// Nobody answers: what has outlived its lease is lost, unless this machine may decide for itself.
    async fn lapse(&self, session: &str, projects: &[String]) -> Outcome<()> {
        let heard = self.state().heard.get(session).copied().unwrap_or_default();
        if os::uptime_ms() < heard + LEASE_MS - MARGIN_MS {
            return Ok(());
        }
        for project in projects {
            if self.state().projects.get(project).is_some_and(|known| known.decides_offline) {
                continue;
            }
            let lost: Vec<Lock> = self
                .held_here(project)?
                .into_iter()
                .filter(|lock| lock.session_id == session)
                .collect();
            let (project, now) = (project.clone(), self.clock.now());
            let why = "its lease ended while the arbiter could not be reached";
            self.store
                .write(move |tx| {
                    lost.iter().try_for_each(|lock| {
                        let to = LostTo { whom: "nobody", why, at: now };
                        shared::lose(tx, &project, lock, to)
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// Takes over what the arbiter says of a project's locks.
    pub(super) async fn take_over(
        &self,
        answer: &Value,
        project: &str,
        told: &Value,
    ) -> Outcome<()> {
        let now = self.clock.now();
        let (mut theirs, mut ours) = (vec![], vec![]);
        for lock in list(told, "locks") {
            if text(&lock, "device") == self.court.device() {
                ours.push((
                    text(&lock, "session").to_owned(),
                    text(&lock, "k").to_owned(),
                    number(&lock, "fence"),
                ));
            } else {
                let since = by_our_clock(answer, number(&lock, "acquired_at"), now);
                theirs.push(elsewhere(&lock, since, now));
            }
        }
        {
            let mut state = self.state();
            for (session, key, fence) in ours {
                state.ours.entry((project.to_owned(), session, key)).or_insert(fence);
            }
        }
        let (project, last) = (project.to_owned(), number(told, "last_fence"));
        self.store
            .write(move |tx| {
                shared::keep_fence(tx, &project, last, now)?;
                shared::show(tx, &project, &theirs, now)
            })
            .await
    }

    pub(super) fn held_here(&self, project: &str) -> Outcome<Vec<Lock>> {
        let now = self.clock.now();
        tokio::task::block_in_place(|| self.store.read(|tx| shared::held_here(tx, project, now)))
    }
}

/// A target as the arbiter compares it: everything it may mean lies at `root` or below.
fn wanted(target: &Target, mode: &str) -> Value {
    let root = match target.kind {
        Kind::File | Kind::Resource => target.key.as_str(),
        Kind::Folder => target.key.trim_end_matches('/'),
        Kind::Glob => literal_folder(&target.key),
    };
    json!({
        "k": target.key, "path": target.shown, "kind": target.kind.as_str(), "mode": mode,
        "root": if root == "." { "" } else { root },
    })
}

/// The folder above the first name that has a wildcard in it.
fn literal_folder(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
    pattern[..wild].rfind('/').map_or("", |end| &pattern[..end])
}

/// A lock of another machine as a row here.
fn elsewhere(lock: &Value, since: Time, now: Time) -> Lock {
    let kind = Kind::parse(text(lock, "kind")).unwrap_or(Kind::Folder);
    let mut target = Target::from_stored(kind, text(lock, "k"));
    target.shown = text(lock, "path").to_owned();
    // Until it can be granted again, which is when the delay after the lease is over.
    let left = number(lock, "retry_ms").max(1);
    Lock {
        target,
        mode: if text(lock, "mode") == "shared" { Mode::Shared } else { Mode::Exclusive },
        session_id: format!("{ELSEWHERE}{}:{}", text(lock, "device"), text(lock, "session")),
        agent_id: text(lock, "agent_id").to_owned(),
        agent_type: text(lock, "agent_type").to_owned(),
        worktree: None,
        reason: lock["reason"].as_str().map(str::to_owned),
        fence: number(lock, "fence").max(1),
        ttl_ms: LEASE_MS + DELAY_MS,
        acquired_at: since,
        expires_at: now.plus(left),
    }
}

#[cfg(test)]
mod tests {
    use super::literal_folder;

    #[test]
    fn a_pattern_lies_below_its_literal_folder() {
        for (pattern, folder) in [
            ("src/**/*.rs", "src"),
            ("src/deep/a*.rs", "src/deep"),
            ("*.md", ""),
            ("**", ""),
            ("a/b[cd]/e", "a"),
            ("a/{b,c}/d", "a"),
        ] {
            assert_eq!(literal_folder(pattern), folder, "{pattern}");
        }
    }
}
